//! What a message must look like to be taken. Limits: Cloud API "Messages" reference, checked 2026-11-20.

use serde_json::Value;

use super::errors::GraphError;

type Checked = Result<(), GraphError>;

fn missing(what: &str) -> GraphError {
    GraphError::new(131_008, format!("Parameter '{what}' is mandatory"))
}

fn invalid(details: String) -> GraphError {
    GraphError::new(131_009, details)
}

/// A string of at least one and at most `max` characters.
fn text<'a>(value: &'a Value, what: &str, max: usize) -> Result<&'a str, GraphError> {
    let text = value.as_str().ok_or_else(|| missing(what))?;
    let length = text.chars().count();
    if text.is_empty() {
        return Err(GraphError::new(100, format!("The parameter {what} is required.")));
    }
    if length > max {
        return Err(GraphError::new(
            100,
            format!("Param {what} must be at most {max} characters long, got {length}"),
        ));
    }
    Ok(text)
}

fn optional_text(value: &Value, what: &str, max: usize) -> Checked {
    if value.is_null() { Ok(()) } else { text(value, what, max).map(|_| ()) }
}

fn list<'a>(value: &'a Value, what: &str, max: usize) -> Result<&'a [Value], GraphError> {
    let items = value.as_array().ok_or_else(|| missing(what))?;
    if items.is_empty() || items.len() > max {
        return Err(invalid(format!("{what} must have 1 to {max} items, got {}", items.len())));
    }
    Ok(items)
}

/// Checks everything but a template, which needs the ones on file.
pub fn check(kind: &str, message: &Value) -> Checked {
    let content = &message[kind];
    if !content.is_object() && kind != "contacts" {
        return Err(missing(kind));
    }
    match kind {
        "text" => text(&content["body"], "text[body]", 4_096).map(|_| ()),
        "reaction" => reaction(message),
        "interactive" => interactive(content),
        "image" | "video" | "audio" | "document" | "sticker" => media(kind, content),
        "location" => location(content),
        "contacts" => list(content, "contacts", 257).map(|_| ()),
        _ => Err(GraphError::new(
            100,
            format!("Param type must be one of the supported message types - got \"{kind}\"."),
        )),
    }
}

fn reaction(message: &Value) -> Checked {
    if !message["context"].is_null() {
        return Err(invalid("a reaction cannot have a context".to_owned()));
    }
    let reaction = &message["reaction"];
    text(&reaction["message_id"], "reaction[message_id]", 512)?;
    reaction["emoji"].as_str().map(|_| ()).ok_or_else(|| missing("reaction[emoji]"))
}

fn media(kind: &str, content: &Value) -> Checked {
    if content["id"].is_string() == content["link"].is_string() {
        return Err(GraphError::new(
            100,
            format!("{kind} needs either an id or a link, and not both"),
        ));
    }
    if matches!(kind, "audio" | "sticker") && !content["caption"].is_null() {
        return Err(GraphError::new(
            100,
            format!("Unexpected key \"caption\" on param \"{kind}\"."),
        ));
    }
    optional_text(&content["caption"], "caption", 1_024)
}

fn location(content: &Value) -> Checked {
    let in_range = |key: &str, max: f64| {
        let number = content[key].as_f64().or_else(|| content[key].as_str()?.parse().ok());
        let number = number.ok_or_else(|| missing(&format!("location[{key}]")))?;
        if number.abs() <= max {
            Ok(())
        } else {
            Err(invalid(format!("location[{key}] is out of range")))
        }
    };
    in_range("latitude", 90.0)?;
    in_range("longitude", 180.0)
}

fn interactive(content: &Value) -> Checked {
    let kind = content["type"].as_str().ok_or_else(|| missing("interactive[type]"))?;
    text(&content["body"]["text"], "interactive[body][text]", 1_024)?;
    optional_text(&content["footer"]["text"], "interactive[footer][text]", 60)?;
    optional_text(&content["header"]["text"], "interactive[header][text]", 60)?;
    match kind {
        "button" => buttons(&content["action"]),
        "list" => rows(&content["action"]),
        "cta_url" => {
            let parameters = &content["action"]["parameters"];
            text(&parameters["display_text"], "action[parameters][display_text]", 20)?;
            text(&parameters["url"], "action[parameters][url]", 2_000).map(|_| ())
        }
        "location_request_message"
        | "request_contact_info"
        | "flow"
        | "product"
        | "product_list"
        | "catalog_message"
        | "carousel"
        | "voice_call"
        | "call_permission_request" => Ok(()),
        other => Err(invalid(format!("interactive[type] cannot be {other}"))),
    }
}

fn buttons(action: &Value) -> Checked {
    let mut ids = Vec::new();
    for button in list(&action["buttons"], "action[buttons]", 3)? {
        if button["type"] != "reply" {
            return Err(invalid("action[buttons][type] must be reply".to_owned()));
        }
        ids.push(text(&button["reply"]["id"], "action[buttons][reply][id]", 256)?);
        text(&button["reply"]["title"], "action[buttons][reply][title]", 20)?;
    }
    unique(ids, "action[buttons][reply][id]")
}

fn rows(action: &Value) -> Checked {
    text(&action["button"], "action[button]", 20)?;
    let sections = list(&action["sections"], "action[sections]", 10)?;
    let mut ids = Vec::new();
    for section in sections {
        if sections.len() > 1 {
            text(&section["title"], "action[sections][title]", 24)?;
        }
        for row in list(&section["rows"], "action[sections][rows]", 10)? {
            ids.push(text(&row["id"], "action[sections][rows][id]", 200)?);
            text(&row["title"], "action[sections][rows][title]", 24)?;
            optional_text(&row["description"], "action[sections][rows][description]", 72)?;
        }
    }
    if ids.len() > 10 {
        return Err(invalid(format!("a list has at most 10 rows in all, got {}", ids.len())));
    }
    unique(ids, "action[sections][rows][id]")
}

fn unique(mut ids: Vec<&str>, what: &str) -> Checked {
    ids.sort_unstable();
    let repeated = ids.windows(2).any(|pair| pair[0] == pair[1]);
    if repeated { Err(invalid(format!("{what} must be unique"))) } else { Ok(()) }
}
