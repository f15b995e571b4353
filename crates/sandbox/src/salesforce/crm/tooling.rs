//! The part of the Tooling API with which a setup adds a field to an object.
//!
//! Source: "CustomField", Tooling API, checked 2026-11. The new field belongs to no permission set, so that not even its
//! maker sees it before a `FieldPermissions` row says so (observed; a switch).

use serde_json::{Value, json};

use super::answer::{Answer, Answered, Refusal};
use super::permissions::FieldAccess;
use super::request::Request;
use super::schema::{Field, Kind};
use super::scope::Scope;
use crate::salesforce::record_id;

/// The longest text that a field of type Text holds.
const MAX_TEXT: u64 = 255;

pub fn serve(scope: &mut Scope<'_>, request: &Request, path: &[&str]) -> Answered {
    match (request.method.as_str(), path) {
        ("POST", ["sobjects", name]) if name.eq_ignore_ascii_case("CustomField") => {
            let body = Value::Object(request.object()?);
            create(scope, &body)
        }
        (method, ["sobjects", _]) => Err(Refusal::method(method, "POST")),
        _ => Err(Refusal::no_resource()),
    }
}

fn create(scope: &mut Scope<'_>, body: &Value) -> Answered {
    let full_name = body["FullName"].as_str().unwrap_or_default();
    let (object, name) = full_name.split_once('.').ok_or_else(|| {
        Refusal::new(400, "INVALID_FIELD", "FullName must be of the form Object.Field__c")
    })?;
    let object = scope.object(object).ok_or_else(|| {
        Refusal::new(400, "INVALID_TYPE", format!("Entity {object} does not exist"))
    })?;
    let field = custom(name, &body["Metadata"])?;
    let message = format!("There is already a field named {name} on {}.", object.label);
    if !scope.org.schema.add(&object.name, field) {
        return Err(
            Refusal::new(400, "DUPLICATE_DEVELOPER_NAME", message).about(&["DeveloperName"])
        );
    }
    if scope.switches.is("salesforce_crm.new_field_visible", "no") {
        let hidden = FieldAccess { read: false, edit: false };
        scope.org.permissions.set_field(&object.name, name, hidden);
    }
    let id = record_id::new(&scope.org.ids, "00N");
    let body = json!({ "id": id, "success": true, "errors": [], "warnings": [], "infos": [] });
    Ok(Answer::json(201, body))
}

/// The field that some metadata describe.
pub fn custom(name: &str, metadata: &Value) -> Result<Field, Refusal> {
    let refuse = |message: String| Err(Refusal::new(400, "FIELD_INTEGRITY_EXCEPTION", message));
    let letters = name.strip_suffix("__c").unwrap_or_default();
    let is_name = letters.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && letters.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        && !letters.contains("__")
        && letters.len() <= 40;
    if !is_name {
        return refuse(format!("The Custom Field Name {name} is not valid"));
    }
    let label = metadata["label"].as_str().unwrap_or(letters);
    let length = metadata["length"].as_u64();
    let kind = match metadata["type"].as_str() {
        Some("Text") if length.is_some_and(|length| (1..=MAX_TEXT).contains(&length)) => Kind::Text,
        Some("Text") => {
            return refuse(format!("length for {name} must be between 1 and {MAX_TEXT}"));
        }
        Some("LongTextArea" | "TextArea") => Kind::Area,
        Some("Phone") => Kind::Phone,
        Some("Email") => Kind::Email,
        Some("Url") => Kind::Url,
        Some("Checkbox") => Kind::Flag,
        Some("Number") => Kind::Number,
        Some("DateTime") => Kind::Instant,
        other => return refuse(format!("field type {} is not valid", other.unwrap_or("null"))),
    };
    let fixed = match kind {
        Kind::Phone => 40,
        Kind::Email => 80,
        _ => 255,
    };
    let is = |what: &str| metadata[what].as_bool().unwrap_or(false);
    let length = length.and_then(|length| usize::try_from(length).ok()).unwrap_or(fixed);
    Ok(Field {
        external_id: is("externalId"),
        unique: is("unique"),
        required: is("required"),
        default: (kind == Kind::Flag).then_some(Value::Bool(false)),
        ..Field::new(kind, name, label, length)
    })
}
