//! What sending a template goes through: does it exist, may it be sent, does everything fit.
//!
//! Source: Cloud API "Send message templates" and "Error codes", checked 2026-11-20.

use serde_json::{Value, json};

use super::errors::GraphError;
use super::interactive::Choice;
use super::items;
use super::limits::missing;
use super::templates::{Template, variables};

/// Characters of a rendered body.
const MAX_BODY_CHARS: usize = 1_024;
/// Characters of a quick reply's payload.
const MAX_PAYLOAD_CHARS: usize = 256;
/// Characters of a code to copy.
const MAX_CODE_CHARS: usize = 15;

/// A template that may be sent, as the customer will see it.
pub struct Rendered {
    pub text: String,
    pub choices: Vec<Choice>,
    /// In lowercase.
    pub category: String,
}

/// Checks a `template` object against what is on file.
pub fn check(templates: &[Template], sent: &Value) -> Result<Rendered, GraphError> {
    let name = sent["name"].as_str().ok_or_else(|| missing("template[name]"))?;
    let language =
        sent["language"]["code"].as_str().ok_or_else(|| missing("template[language][code]"))?;
    let absent =
        || GraphError::new(132_001, format!("template name ({name}) does not exist in {language}"));
    let same = |template: &&Template| template.name == name && template.language == language;
    let template = templates.iter().find(same).ok_or_else(absent)?;
    match template.status.as_str() {
        "APPROVED" | "FLAGGED" => {}
        "PAUSED" => return Err(GraphError::new(132_015, "Template is paused due to low quality")),
        "DISABLED" => return Err(GraphError::new(132_016, "Template is disabled")),
        _ => return Err(absent()),
    }
    if !sent["components"].is_null() && !sent["components"].is_array() {
        return Err(GraphError::new(131_009, "template[components] must be an array"));
    }
    header(template, sent)?;
    let body =
        template.component("BODY").and_then(|body| body["text"].as_str()).unwrap_or_default();
    let text = render(template, "body", body, parameters(sent, "BODY"))?;
    if text.chars().count() > MAX_BODY_CHARS {
        let details = format!("Translated text is longer than {MAX_BODY_CHARS} characters");
        return Err(GraphError::new(132_005, details));
    }
    let choices = buttons(template, sent)?;
    Ok(Rendered { text, choices, category: template.category.to_lowercase() })
}

fn is_type(component: &Value, kind: &str) -> bool {
    component["type"].as_str().is_some_and(|sent| sent.eq_ignore_ascii_case(kind))
}

fn parameters<'a>(sent: &'a Value, kind: &str) -> &'a [Value] {
    let component = items(&sent["components"]).iter().find(|component| is_type(component, kind));
    component.map_or(&[], |component| items(&component["parameters"]))
}

fn header(template: &Template, sent: &Value) -> Result<(), GraphError> {
    let given = parameters(sent, "HEADER");
    let component = template.component("HEADER");
    let format = component.and_then(|header| header["format"].as_str()).unwrap_or("TEXT");
    if format == "TEXT" {
        let text = component.and_then(|header| header["text"].as_str()).unwrap_or_default();
        return render(template, "header", text, given).map(|_| ());
    }
    let received = given.first().and_then(|parameter| parameter["type"].as_str());
    let received = received.unwrap_or("UNKNOWN").to_uppercase();
    let kind = received.to_lowercase();
    let object = given.first().map_or(&Value::Null, |parameter| &parameter[kind.as_str()]);
    let complete = match format {
        "LOCATION" => {
            ["latitude", "longitude", "name", "address"].iter().all(|key| !object[*key].is_null())
        }
        _ => object["id"].is_string() != object["link"].is_string(),
    };
    if received == format && complete && given.len() == 1 {
        return Ok(());
    }
    let details = format!("header: Format mismatch, expected {format}, received {received}");
    Err(GraphError::new(132_012, details))
}

fn render(
    template: &Template,
    place: &str,
    text: &str,
    sent: &[Value],
) -> Result<String, GraphError> {
    let expected = variables(text);
    if sent.len() != expected.len() {
        let details = format!(
            "{place}: number of localizable_params ({}) does not match the expected number of params ({})",
            sent.len(),
            expected.len()
        );
        return Err(GraphError::new(132_000, details));
    }
    let mut rendered = text.to_owned();
    for (position, variable) in expected.iter().enumerate() {
        let parameter = match template.parameter_format.as_str() {
            "NAMED" => {
                sent.iter().find(|parameter| parameter["parameter_name"].as_str() == Some(variable))
            }
            _ => sent.get(position).filter(|parameter| parameter["parameter_name"].is_null()),
        };
        let wrong = || {
            let details = format!("{place}: parameter {variable} does not match the template");
            GraphError::new(132_012, details)
        };
        let value = parameter_text(parameter.ok_or_else(wrong)?).ok_or_else(wrong)?;
        fits(value)?;
        rendered = rendered.replace(&format!("{{{{{variable}}}}}"), value);
    }
    Ok(rendered)
}

fn fits(value: &str) -> Result<(), GraphError> {
    if value.is_empty() || value.contains(['\n', '\t']) || value.contains("     ") {
        let details = "Param text cannot be empty or have new-line/tab characters or more than 4 consecutive spaces";
        return Err(GraphError::new(132_018, details));
    }
    Ok(())
}

fn parameter_text(parameter: &Value) -> Option<&str> {
    match parameter["type"].as_str()? {
        "text" => parameter["text"].as_str(),
        "currency" => parameter["currency"]["fallback_value"].as_str(),
        "date_time" => parameter["date_time"]["fallback_value"].as_str(),
        _ => None,
    }
}

fn buttons(template: &Template, sent: &Value) -> Result<Vec<Choice>, GraphError> {
    let on_file = template.component("BUTTONS").map_or(&[][..], |part| items(&part["buttons"]));
    let given: Vec<&Value> = items(&sent["components"])
        .iter()
        .filter(|component| is_type(component, "BUTTON"))
        .collect();
    let index = |component: &Value| match &component["index"] {
        Value::String(text) => text.parse::<usize>().ok(),
        number => number.as_u64().and_then(|number| usize::try_from(number).ok()),
    };
    if let Some(stray) = given.iter().find(|part| index(part).is_none_or(|at| at >= on_file.len()))
    {
        let details = format!("buttons: the template has no button at index {}", stray["index"]);
        return Err(GraphError::new(132_018, details));
    }
    let one = |(at, button): (usize, &Value)| {
        let component = given.iter().find(|component| index(component) == Some(at));
        choice(at, button, component.map(|component| &**component))
    };
    on_file.iter().enumerate().map(one).collect()
}

/// The button at `at` with what was sent for it.
fn choice(at: usize, button: &Value, sent: Option<&Value>) -> Result<Choice, GraphError> {
    let kind = button["type"].as_str().unwrap_or_default().to_uppercase();
    if let Some(sub_type) = sent.map(|sent| sent["sub_type"].as_str().unwrap_or_default())
        && !sub_type.eq_ignore_ascii_case(&kind)
    {
        let details = format!("buttons: Button at index {at} is of type {kind}, got {sub_type}");
        return Err(GraphError::new(132_018, details));
    }
    let parameter = sent.and_then(|sent| items(&sent["parameters"]).first());
    let needed = || {
        let details = format!("buttons: Button at index {at} of type {kind} requires a parameter");
        GraphError::new(131_008, details)
    };
    let longest = |value: &str, max: usize| {
        let length = value.chars().count();
        let details = format!(
            "buttons: parameter of the button at index {at} has {length} characters, at most {max}"
        );
        if length > max { Err(GraphError::new(132_018, details)) } else { Ok(()) }
    };
    let title = &button["text"];
    match kind.as_str() {
        "QUICK_REPLY" => {
            let payload = parameter.and_then(|parameter| parameter["payload"].as_str());
            longest(payload.unwrap_or_default(), MAX_PAYLOAD_CHARS)?;
            Ok(Choice::new(
                "button",
                &payload.map_or_else(|| title.clone(), |text| json!(text)),
                title,
            ))
        }
        "URL" => {
            let url = button["url"].as_str().unwrap_or_default();
            let Some(variable) = variables(url).first().copied() else {
                return Ok(Choice::new("url", &json!(url), title));
            };
            let value =
                parameter.and_then(|parameter| parameter["text"].as_str()).ok_or_else(needed)?;
            fits(value)?;
            longest(value, 2_000)?;
            let url = url.replace(&format!("{{{{{variable}}}}}"), value);
            Ok(Choice::new("url", &json!(url), title))
        }
        "COPY_CODE" => {
            let code = parameter.and_then(|parameter| parameter["coupon_code"].as_str());
            let code = code.ok_or_else(needed)?;
            longest(code, MAX_CODE_CHARS)?;
            Ok(Choice::new("copy_code", &json!(code), &json!("Copy code")))
        }
        "PHONE_NUMBER" => Ok(Choice::new("phone_number", &button["phone_number"], title)),
        "REQUEST_CONTACT_INFO" => {
            let title = json!("Share contact info");
            Ok(Choice::new("request_contact_info", &json!("request_contact_info"), &title))
        }
        _ => Ok(Choice::new("other", &json!(kind), title)),
    }
}
