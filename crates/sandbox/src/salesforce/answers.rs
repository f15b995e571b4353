//! The customer's answers to choices and forms, as a rep reads them.

use serde_json::Value;

use super::error::Refusal;
use super::scene::Scene;

/// Titles of what was chosen.
pub fn choices(scene: &mut Scene, message: &Value) -> Result<String, Refusal> {
    let response = &message["choicesResponse"];
    let selected = response["selectedOptions"].as_array().filter(|options| !options.is_empty());
    if response["formatType"] != "Selections" {
        return Err(Refusal::bad_request("choicesResponse.formatType must be Selections."));
    }
    let Some(selected) = selected else {
        return Err(Refusal::bad_request("choicesResponse.selectedOptions must not be empty."));
    };
    let offered = asked(scene, message)?;
    let mut titles = Vec::new();
    for option in selected {
        let id = option["optionIdentifier"].as_str().unwrap_or_default();
        let title = find_title(&offered["choices"], id);
        let title = title.ok_or_else(|| Refusal::bad_request("An option was not offered."))?;
        titles.push(title.to_owned());
    }
    Ok(titles.join(", "))
}

/// Values of a form, each with its label.
pub fn form(scene: &mut Scene, message: &Value) -> Result<String, Refusal> {
    let response = &message["formResponse"];
    let inputs = response["inputValues"].as_array().filter(|inputs| !inputs.is_empty());
    if response["formatType"] != "Inputs" {
        return Err(Refusal::bad_request("formResponse.formatType must be Inputs."));
    }
    let Some(inputs) = inputs else {
        return Err(Refusal::bad_request("formResponse.inputValues must not be empty."));
    };
    let offered = asked(scene, message)?;
    let mut lines = Vec::new();
    for input in inputs {
        let id = input["inputId"].as_str().unwrap_or_default();
        let label = find_label(&offered["form"], id);
        let label = label.ok_or_else(|| Refusal::bad_request("An input was not asked for."))?;
        if input["inputValueType"] != "SingleInputValue" {
            return Err(Refusal::bad_request("inputValueType must be SingleInputValue."));
        }
        let value =
            value(&input["value"]).ok_or_else(|| Refusal::bad_request("An input has no value."))?;
        lines.push(format!("{label}: {value}"));
    }
    Ok(lines.join("\n"))
}

/// Such as `{"valueType": "TextValue", "textValue": "Ana"}`.
fn value(value: &Value) -> Option<String> {
    let kind = value["valueType"].as_str()?;
    let mut name = kind.to_owned();
    name.get_mut(..1)?.make_ascii_lowercase();
    match &value[name.as_str()] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// The message of a rep that is answered.
fn asked(scene: &mut Scene, message: &Value) -> Result<Value, Refusal> {
    let id = message["inReplyToMessageId"].as_str().unwrap_or_default();
    let entry = scene.conversation().find_entry(id);
    let payload = entry.and_then(|entry| serde_json::from_str::<Value>(&entry.payload).ok());
    let missing = || Refusal::bad_request("inReplyToMessageId is not a message with a question.");
    payload.map(|payload| payload["abstractMessage"].clone()).ok_or_else(missing)
}

/// Every list of options is looked through, whatever its format calls it.
fn find_title<'a>(choices: &'a Value, id: &str) -> Option<&'a str> {
    match choices {
        Value::Object(fields) if fields.get("optionIdentifier").is_some_and(|own| own == id) => {
            let title = choices["titleItem"]["title"].as_str();
            title.or_else(|| choices["title"].as_str())
        }
        Value::Object(fields) => fields.values().find_map(|value| find_title(value, id)),
        Value::Array(items) => items.iter().find_map(|item| find_title(item, id)),
        _ => None,
    }
}

fn find_label<'a>(form: &'a Value, id: &str) -> Option<&'a str> {
    match form {
        Value::Object(fields) if fields.get("id").is_some_and(|own| own == id) => {
            fields.get("label")?["title"].as_str()
        }
        Value::Object(fields) => fields.values().find_map(|value| find_label(value, id)),
        Value::Array(items) => items.iter().find_map(|item| find_label(item, id)),
        _ => None,
    }
}
