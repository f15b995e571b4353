//! Whether given values fit their fields.
//!
//! Source: "Status Codes" of the SOAP API Developer Guide (the REST API answers with the same codes) and "Field Types",
//! checked 2026-11; texts follow public reports.

use serde_json::{Value, json};

use super::answer::Refusal;
use super::schema::{Field, Kind, Object};
use super::scope::Scope;
use super::store::Fields;
use super::{ids, instant};

/// A client's JSON members as values of an object's fields.
pub fn fields(
    scope: &Scope<'_>,
    object: &Object,
    given: &Fields,
    is_create: bool,
) -> Result<Fields, Refusal> {
    let mut checked = Fields::new();
    let mut locked = Vec::new();
    for (name, value) in given.iter().filter(|(name, _)| *name != "attributes") {
        if let (Some(reference), Value::Object(by)) = (object.reference(name), value) {
            let id = by_external_id(scope, reference, by)?;
            checked.insert(reference.name.clone(), json!(id));
            continue;
        }
        let Some(field) = scope.field(object, name) else {
            return Err(no_such_column(object, name));
        };
        if field.kind == Kind::Id {
            let message = "The Id field should not be specified in the sobject data.";
            return Err(Refusal::new(400, "INVALID_FIELD", message));
        }
        let is_open = if is_create { field.createable } else { field.updateable };
        if !(is_open && scope.can_edit(object, field)) {
            locked.push(field.name.clone());
            continue;
        }
        checked.insert(field.name.clone(), self::value(scope, field, value)?);
    }
    if locked.is_empty() { Ok(checked) } else { Err(locked_fields(&locked)) }
}

fn no_such_column(object: &Object, name: &str) -> Refusal {
    let message = format!("No such column '{name}' on sobject of type {}", object.name);
    Refusal::new(400, "INVALID_FIELD", message)
}

fn locked_fields(names: &[String]) -> Refusal {
    let message = format!(
        "Unable to create/update fields: {}. Please check the security settings of this field and verify that it is \
         read/write for your profile or permission set.",
        names.join(", ")
    );
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Refusal::new(400, "INVALID_FIELD_FOR_INSERT_UPDATE", message).about(&names)
}

/// Refuses a row that lacks what it must have.
pub fn required(object: &Object, row: &Fields) -> Result<(), Refusal> {
    let missing =
        |field: &&Field| field.required && row.get(&field.name).is_none_or(|value| value.is_null());
    let names: Vec<&str> =
        object.fields.iter().filter(missing).map(|field| field.name.as_str()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let message = format!("Required fields are missing: [{}]", names.join(", "));
    Err(Refusal::new(400, "REQUIRED_FIELD_MISSING", message).about(&names))
}

/// One value, in the form in which it is kept.
fn value(scope: &Scope<'_>, field: &Field, given: &Value) -> Result<Value, Refusal> {
    match (field.kind, given) {
        (Kind::Flag, Value::Null) => Err(of_other_type(field, "")),
        (_, Value::Null) => Ok(Value::Null),
        (Kind::Flag, Value::Bool(_)) | (Kind::Number, Value::Number(_)) => Ok(given.clone()),
        (Kind::Flag, Value::String(text)) if ["true", "false"].contains(&text.as_str()) => {
            Ok(json!(text == "true"))
        }
        (Kind::Instant, Value::String(text)) => {
            let at_ms = instant::read(text).ok_or_else(|| of_other_type(field, text))?;
            Ok(json!(instant::write(at_ms)))
        }
        (Kind::Reference, Value::String(text)) => reference(scope, field, text),
        // Its bytes are taken out before.
        (Kind::Blob, Value::String(_)) => Ok(Value::Null),
        (kind, Value::String(text)) if kind.is_text() => self::text(field, text),
        (_, other) => Err(not_deserialised(field, other)),
    }
}

fn of_other_type(field: &Field, text: &str) -> Refusal {
    let message = format!("{}: value not of required type: {text}", field.label);
    Refusal::new(400, "INVALID_TYPE_ON_FIELD_IN_RECORD", message).about(&[&field.name])
}

fn not_deserialised(field: &Field, given: &Value) -> Refusal {
    let token = match given {
        Value::Bool(true) => "VALUE_TRUE",
        Value::Bool(false) => "VALUE_FALSE",
        Value::Number(_) => "VALUE_NUMBER_INT",
        Value::Array(_) => "START_ARRAY",
        Value::Object(_) => "START_OBJECT",
        Value::String(_) | Value::Null => "VALUE_STRING",
    };
    Refusal::body(format!(
        "Cannot deserialize instance of {} from {token} value {given} or request may be missing a required field",
        field.kind.name()
    ))
}

/// A text without white space around it; an empty one is no value.
fn text(field: &Field, given: &str) -> Result<Value, Refusal> {
    let text = given.trim();
    if text.is_empty() {
        return Ok(Value::Null);
    }
    if text.chars().count() > field.length {
        let message =
            format!("{}: data value too large: {text} (max length={})", field.label, field.length);
        return Err(Refusal::new(400, "STRING_TOO_LONG", message).about(&[&field.name]));
    }
    if field.kind == Kind::Email && !is_email(text) {
        let message = format!("{}: invalid email address: {text}", field.label);
        return Err(Refusal::new(400, "INVALID_EMAIL_ADDRESS", message).about(&[&field.name]));
    }
    if field.restricted && !field.choices.iter().any(|choice| choice == text) {
        let message = format!("{}: bad value for restricted picklist field: {text}", field.label);
        let refusal = Refusal::new(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message);
        return Err(refusal.about(&[&field.name]));
    }
    Ok(json!(text))
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let labels = domain.split('.').all(|label| !label.is_empty());
    !local.is_empty()
        && labels
        && domain.contains('.')
        && !text.contains(|letter: char| letter.is_whitespace() || ",;<>()".contains(letter))
        && !domain.contains('@')
}

/// An id that leads to a row of a fitting object.
fn reference(scope: &Scope<'_>, field: &Field, given: &str) -> Result<Value, Refusal> {
    if given.is_empty() {
        return Ok(Value::Null);
    }
    let object = ids::long(given).and_then(|id| Some((scope.org.schema.of_id(&id)?, id)));
    let Some((object, id)) = object.filter(|(object, _)| field.targets.contains(&object.name))
    else {
        let message = format!("{}: id value of incorrect type: {given}", field.label);
        return Err(Refusal::new(400, "MALFORMED_ID", message).about(&[&field.name]));
    };
    match scope.org.tables.get(&object.name, &id) {
        Some(record) if record.is_deleted() => {
            Err(Refusal { status: 400, ..Refusal::deleted() }.about(&[&field.name]))
        }
        Some(_) => Ok(json!(id)),
        None => {
            let refusal =
                Refusal::new(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id");
            Err(refusal.about(&[&field.name]))
        }
    }
}

/// `"Contact": {"Ext__c": "x"}`: the row with that external id.
fn by_external_id(scope: &Scope<'_>, field: &Field, by: &Fields) -> Result<String, Refusal> {
    let mut pairs = by.iter().filter(|(name, _)| *name != "attributes");
    let (Some((key, value)), None) = (pairs.next(), pairs.next()) else {
        let message = "A relationship takes exactly one external id field";
        return Err(Refusal::new(400, "INVALID_FIELD", message));
    };
    for target in &field.targets {
        let Some(object) = scope.object(target) else { continue };
        let external = scope.field(&object, key).filter(|field| field.external_id);
        let Some(external) = external else { continue };
        let rows = scope.org.tables.list(&object.name);
        let found = rows.iter().find(|row| row.fields.get(&external.name) == Some(value));
        if let Some(id) = found.and_then(|row| row.text("Id")) {
            return Ok(id.to_owned());
        }
    }
    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let message = format!(
        "Foreign key external ID: {} not found for field {key} in entity {}",
        value.to_lowercase(),
        field.targets.join(" or ")
    );
    Err(Refusal::new(400, "INVALID_FIELD", message))
}
