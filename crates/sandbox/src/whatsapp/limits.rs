//! What a message must look like to be taken. Limits: Cloud API "Messages" reference, checked 2026-11-20.

use serde_json::Value;

use super::errors::GraphError;
use super::interactive;
use crate::World;

pub type Checked = Result<(), GraphError>;

pub fn missing(what: &str) -> GraphError {
    GraphError::new(131_008, format!("Parameter '{what}' is mandatory"))
}

pub fn invalid(details: String) -> GraphError {
    GraphError::new(131_009, details)
}

/// A string of at least one and at most `max` characters.
pub fn text<'a>(value: &'a Value, what: &str, max: usize) -> Result<&'a str, GraphError> {
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

pub fn optional_text(value: &Value, what: &str, max: usize) -> Checked {
    if value.is_null() { Ok(()) } else { text(value, what, max).map(|_| ()) }
}

pub fn list<'a>(value: &'a Value, what: &str, max: usize) -> Result<&'a [Value], GraphError> {
    let items = value.as_array().ok_or_else(|| missing(what))?;
    if items.is_empty() || items.len() > max {
        return Err(invalid(format!("{what} must have 1 to {max} items, got {}", items.len())));
    }
    Ok(items)
}

/// Checks everything but a template, which needs the ones on file.
pub fn check(world: &World, kind: &str, message: &Value) -> Checked {
    let content = &message[kind];
    if !content.is_object() && kind != "contacts" {
        return Err(missing(kind));
    }
    match kind {
        "text" => text(&content["body"], "text[body]", 4_096).map(|_| ()),
        "reaction" => reaction(message),
        "interactive" => interactive::check(world, content),
        "image" | "video" | "audio" | "document" | "sticker" => media(kind, content),
        "location" => location(content),
        "contacts" => contacts(content),
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

pub fn media(kind: &str, content: &Value) -> Checked {
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

fn contacts(content: &Value) -> Checked {
    for card in list(content, "contacts", 257)? {
        text(&card["name"]["formatted_name"], "contacts[name][formatted_name]", 1_024)?;
    }
    Ok(())
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
