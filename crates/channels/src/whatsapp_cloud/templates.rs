//! Templates in both directions: what Meta lists, in our words, and what is sent, in Meta's.

use baton_core::{
    fault::{Fault, FaultClass},
    ids::VendorId,
    message::MediaKind,
    template::{
        ButtonAction, ButtonValue, HeaderValue, ListedTemplate, TemplateButton, TemplateCategory,
        TemplateHeader, TemplateParts, TemplateStatus, TemplateUse,
    },
};
use serde_json::{Map, Value, json};

use super::{
    policy::{MAX_TEMPLATE_BODY_CHARS, MAX_TEMPLATE_NAME_CHARS, REFUSED_SPACES},
    wire::TemplateRow,
};

/// What is asked for of each template ("Message templates", checked 2026-11-20).
pub(super) const FIELDS: &str =
    "id,name,language,status,category,components,quality_score,rejected_reason";
/// Most buttons that are read of one template ("Template components": 10).
const MAX_BUTTONS: usize = 20;

/// A row of Meta's list in our words; none for one without id, name or language.
pub(super) fn listed(row: TemplateRow) -> Option<ListedTemplate> {
    let text = |text: Option<String>| text.filter(|text| !text.is_empty());
    Some(ListedTemplate {
        vendor_id: VendorId(text(row.id)?),
        name: text(row.name)?,
        language: text(row.language)?,
        category: category(row.category.as_deref().unwrap_or_default()),
        status: status(row.status.as_deref().unwrap_or_default()),
        quality: row
            .quality_score
            .and_then(|quality| text(quality.score))
            .filter(|q| q != "UNKNOWN"),
        reason: text(row.rejected_reason).filter(|reason| reason != "NONE"),
        parts: parts(&row.components),
    })
}

fn category(word: &str) -> TemplateCategory {
    match word.to_ascii_uppercase().as_str() {
        "MARKETING" => TemplateCategory::Marketing,
        "UTILITY" => TemplateCategory::Utility,
        "AUTHENTICATION" => TemplateCategory::Authentication,
        _ => TemplateCategory::Other,
    }
}

/// A flagged template may still be sent ("Template status", checked 2026-11-20).
fn status(word: &str) -> TemplateStatus {
    match word.to_ascii_uppercase().as_str() {
        "APPROVED" | "FLAGGED" => TemplateStatus::Approved,
        "PENDING" | "IN_APPEAL" => TemplateStatus::Pending,
        "REJECTED" => TemplateStatus::Rejected,
        "PAUSED" => TemplateStatus::Paused,
        "DISABLED" | "LIMIT_EXCEEDED" => TemplateStatus::Disabled,
        _ => TemplateStatus::Unavailable,
    }
}

fn word(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_ascii_uppercase()
}

fn words(value: &Value, key: &str) -> Option<String> {
    value[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn parts(components: &[Value]) -> TemplateParts {
    let mut parts = TemplateParts::default();
    for component in components {
        match word(component, "type").as_str() {
            "HEADER" => header(&mut parts, component),
            "BODY" => {
                parts.body = words(component, "text").unwrap_or_default();
                parts.examples = examples(&component["example"]);
            }
            "FOOTER" => parts.footer = words(component, "text"),
            "BUTTONS" => buttons(&mut parts, component),
            other => cannot(&mut parts, &format!("a part of type {other}")),
        }
    }
    parts
}

fn cannot(parts: &mut TemplateParts, what: &str) {
    parts
        .unsupported
        .get_or_insert_with(|| format!("the template has {what}, which cannot be sent from here"));
}

fn header(parts: &mut TemplateParts, component: &Value) {
    let media = |kind| TemplateHeader::Media { kind };
    parts.header = match word(component, "format").as_str() {
        "TEXT" | "" => TemplateHeader::Text { text: words(component, "text").unwrap_or_default() },
        "IMAGE" => media(MediaKind::Image),
        "VIDEO" => media(MediaKind::Video),
        "DOCUMENT" => media(MediaKind::Document),
        "LOCATION" => TemplateHeader::Location,
        other => return cannot(parts, &format!("a header of type {other}")),
    };
}

/// Examples of numbered variables come as a list of lists, those of named ones by name.
fn examples(example: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(named) = example["body_text_named_params"].as_array() {
        return named.iter().filter_map(|one| text(&one["example"])).collect();
    }
    let first = example["body_text"].as_array().and_then(|rows| rows.first());
    let row = first.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    row.iter().filter_map(text).collect()
}

fn buttons(parts: &mut TemplateParts, component: &Value) {
    let all = component["buttons"].as_array().map(Vec::as_slice).unwrap_or_default();
    for button in all.iter().take(MAX_BUTTONS) {
        let kind = word(button, "type");
        let action = match kind.as_str() {
            "QUICK_REPLY" => ButtonAction::Reply,
            "URL" => ButtonAction::Link,
            "PHONE_NUMBER" => ButtonAction::Call,
            "COPY_CODE" => ButtonAction::Code,
            "OTP" | "MPM" | "SPM" => {
                cannot(parts, &format!("a button of type {kind}"));
                ButtonAction::Other
            }
            _ => ButtonAction::Other,
        };
        let title = words(button, "text").unwrap_or_default();
        parts.buttons.push(TemplateButton { action, title, url: words(button, "url") });
    }
}

/// A template with its values, or which rule forbids it.
pub(super) fn object(template: &TemplateUse) -> Result<Value, Fault> {
    let (name, language) = (&template.name, &template.language);
    if name.is_empty() || language.is_empty() || name.chars().count() > MAX_TEMPLATE_NAME_CHARS {
        return Err(refuse("send: the template has no valid name or no language".into()));
    }
    if !template.names.is_empty() && template.names.len() != template.variables.len() {
        return Err(refuse(format!("send: template {name} has not one name for each variable")));
    }
    for (i, value) in template.variables.iter().enumerate() {
        check(name, &format!("variable {}", i + 1), value)?;
    }
    let mut components = Vec::new();
    if let Some(value) = &template.header {
        if let HeaderValue::Text { text, .. } = value {
            check(name, "the header's variable", text)?;
        }
        components.push(json!({ "type": "header", "parameters": [header_parameter(value)] }));
    }
    if !template.variables.is_empty() {
        components.push(json!({ "type": "body", "parameters": body_parameters(template) }));
    }
    for button in &template.buttons {
        check(name, &format!("the value of button {}", button.index + 1), &button.text)?;
        components.extend(button_component(button));
    }
    let mut object = json!({ "name": name, "language": { "code": language } });
    if !components.is_empty() {
        object["components"] = Value::Array(components);
    }
    Ok(object)
}

fn refuse(why: String) -> Fault {
    Fault::new(FaultClass::TemplateProblem, why)
        .for_rep("The template cannot be sent like this. An administrator can see why.")
}

fn check(template: &str, what: &str, value: &str) -> Result<(), Fault> {
    match bad_variable(value) {
        Some(why) => Err(refuse(format!("send: {what} of template {template} {why}"))),
        None => Ok(()),
    }
}

/// Why Meta would refuse a variable ("Error codes", 131008, 132005, 132018; checked 2026-11-20).
fn bad_variable(value: &str) -> Option<String> {
    if value.trim().is_empty() {
        return Some("is empty".to_owned());
    }
    if value.contains(['\n', '\r', '\t']) || value.contains(REFUSED_SPACES) {
        return Some("holds a line break, a tab or more than four spaces in a row".to_owned());
    }
    let chars = value.chars().count();
    (chars > MAX_TEMPLATE_BODY_CHARS)
        .then(|| format!("has {chars} characters; the whole body takes {MAX_TEMPLATE_BODY_CHARS}"))
}

fn text_parameter(text: &str, name: Option<&String>) -> Value {
    let mut parameter = json!({ "type": "text", "text": text });
    if let Some(name) = name {
        parameter["parameter_name"] = json!(name);
    }
    parameter
}

fn body_parameters(template: &TemplateUse) -> Vec<Value> {
    let one = |(at, text): (usize, &String)| text_parameter(text, template.names.get(at));
    template.variables.iter().enumerate().map(one).collect()
}

fn header_parameter(value: &HeaderValue) -> Value {
    match value {
        HeaderValue::Text { text, name } => text_parameter(text, name.as_ref()),
        HeaderValue::Media { kind, link } => {
            let kind = match kind {
                MediaKind::Image | MediaKind::Sticker => "image",
                MediaKind::Video | MediaKind::Audio => "video",
                MediaKind::Document => "document",
            };
            let mut file = Map::from_iter([("link".to_owned(), json!(link))]);
            if kind == "document"
                && let Some(name) = file_name(link)
            {
                file.insert("filename".to_owned(), json!(name));
            }
            json!({ "type": kind, kind: file })
        }
        HeaderValue::Location { latitude, longitude, name, address } => {
            let place = json!({ "latitude": latitude, "longitude": longitude, "name": name, "address": address });
            json!({ "type": "location", "location": place })
        }
    }
}

/// The last part of an address's path, where it looks like a file's name.
fn file_name(link: &str) -> Option<&str> {
    let path = link.split(['?', '#']).next()?;
    path.rsplit('/').next().filter(|name| name.contains('.') && name.len() <= 240)
}

fn button_component(button: &ButtonValue) -> Option<Value> {
    let text = &button.text;
    let (sub_type, parameter) = match button.action {
        ButtonAction::Reply => ("quick_reply", json!({ "type": "payload", "payload": text })),
        ButtonAction::Link => ("url", json!({ "type": "text", "text": text })),
        ButtonAction::Code => ("copy_code", json!({ "type": "coupon_code", "coupon_code": text })),
        ButtonAction::Call | ButtonAction::Other => return None,
    };
    Some(json!({
        "type": "button", "sub_type": sub_type, "index": button.index.to_string(),
        "parameters": [parameter],
    }))
}
