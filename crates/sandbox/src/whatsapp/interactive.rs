//! Messages with something to tap: what they must look like, and what a customer can choose from.
//!
//! Limits: Cloud API "Interactive messages", checked 2026-11-20.

use serde::Serialize;
use serde_json::Value;

use super::items;
use super::limits::{Checked, invalid, list, media, missing, optional_text, text};
use crate::World;

/// Something that the customer can tap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// `button_reply`, `list_reply`, `button` (of a template), or what only the phone acts on: `url`,
    /// `phone_number`, `copy_code`, `send_location`, `request_contact_info`.
    pub kind: &'static str,
    pub id: String,
    pub title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl Choice {
    pub fn new(kind: &'static str, id: &Value, title: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Self { kind, id: text(id), title: text(title), description: None }
    }
}

/// What can be tapped in an interactive message.
pub fn choices(content: &Value) -> Vec<Choice> {
    let action = &content["action"];
    let button = |button: &Value| {
        Choice::new("button_reply", &button["reply"]["id"], &button["reply"]["title"])
    };
    let row = |row: &Value| Choice {
        description: row["description"].as_str().map(str::to_owned),
        ..Choice::new("list_reply", &row["id"], &row["title"])
    };
    let parameters = &action["parameters"];
    match content["type"].as_str() {
        Some("cta_url") => {
            vec![Choice::new("url", &parameters["url"], &parameters["display_text"])]
        }
        Some("location_request_message") => {
            vec![Choice::new("send_location", &action["name"], &"Send location".into())]
        }
        Some("request_contact_info") => {
            vec![Choice::new("request_contact_info", &action["name"], &"Share contact info".into())]
        }
        _ => {
            let rows =
                items(&action["sections"]).iter().flat_map(|section| items(&section["rows"]));
            items(&action["buttons"]).iter().map(button).chain(rows.map(row)).collect()
        }
    }
}

/// Checks an `interactive` object.
pub fn check(world: &World, content: &Value) -> Checked {
    let kind = content["type"].as_str().ok_or_else(|| missing("interactive[type]"))?;
    let body = &content["body"]["text"];
    let longest = match kind {
        "list" => usize::try_from(world.switches.number("whatsapp.list_body")).unwrap_or(1_024),
        _ => 1_024,
    };
    if matches!(kind, "product" | "flow") {
        optional_text(body, "interactive[body][text]", longest)?;
    } else {
        text(body, "interactive[body][text]", longest)?;
    }
    optional_text(&content["footer"]["text"], "interactive[footer][text]", 60)?;
    header(kind, &content["header"])?;
    let action = &content["action"];
    if !action.is_object() {
        return Err(missing("interactive[action]"));
    }
    match kind {
        "button" => buttons(action),
        "list" => rows(action),
        "cta_url" => link(action),
        "location_request_message" => named(action, "send_location"),
        "request_contact_info" => named(action, "request_contact_info"),
        "carousel" => cards(action),
        "flow"
        | "product"
        | "product_list"
        | "catalog_message"
        | "voice_call"
        | "call_permission_request" => Ok(()),
        other => Err(invalid(format!("interactive[type] cannot be {other}"))),
    }
}

fn header(kind: &str, header: &Value) -> Checked {
    if header.is_null() {
        return Ok(());
    }
    let of = header["type"].as_str().ok_or_else(|| missing("interactive[header][type]"))?;
    match (kind, of) {
        ("location_request_message" | "request_contact_info" | "carousel", _) => {
            Err(invalid(format!("interactive[header] is not allowed for {kind}")))
        }
        (_, "text") => text(&header["text"], "interactive[header][text]", 60).map(|_| ()),
        ("list", _) => {
            Err(invalid(format!("interactive[header][type] of a list must be text, got {of}")))
        }
        (_, "image" | "video" | "document") => media(of, &header[of]),
        _ => Err(invalid(format!("interactive[header][type] cannot be {of}"))),
    }
}

fn buttons(action: &Value) -> Checked {
    let (mut ids, mut titles) = (Vec::new(), Vec::new());
    for button in list(&action["buttons"], "action[buttons]", 3)? {
        if button["type"] != "reply" {
            return Err(invalid("action[buttons][type] must be reply".to_owned()));
        }
        ids.push(text(&button["reply"]["id"], "action[buttons][reply][id]", 256)?);
        titles.push(text(&button["reply"]["title"], "action[buttons][reply][title]", 20)?);
    }
    unique(ids, "action[buttons][reply][id]")?;
    unique(titles, "action[buttons][reply][title]")
}

fn rows(action: &Value) -> Checked {
    text(&action["button"], "action[button]", 20)?;
    let sections = list(&action["sections"], "action[sections]", 10)?;
    let mut ids = Vec::new();
    for section in sections {
        if sections.len() > 1 {
            text(&section["title"], "action[sections][title]", 24)?;
        } else {
            optional_text(&section["title"], "action[sections][title]", 24)?;
        }
        for row in list(&section["rows"], "action[sections][rows]", 10)? {
            ids.push(text(&row["id"], "action[sections][rows][id]", 200)?);
            text(&row["title"], "action[sections][rows][title]", 24)?;
            optional_text(&row["description"], "action[sections][rows][description]", 72)?;
        }
    }
    if ids.len() > 10 {
        return Err(invalid(format!(
            "action[sections][rows]: a list has at most 10 rows in all, got {}",
            ids.len()
        )));
    }
    unique(ids, "action[sections][rows][id]")
}

fn link(action: &Value) -> Checked {
    named(action, "cta_url")?;
    let parameters = &action["parameters"];
    text(&parameters["display_text"], "action[parameters][display_text]", 20)?;
    let url = text(&parameters["url"], "action[parameters][url]", 2_000)?;
    if url.starts_with("https://") || url.starts_with("http://") {
        Ok(())
    } else {
        Err(invalid("action[parameters][url] must be a web address".to_owned()))
    }
}

fn named(action: &Value, name: &str) -> Checked {
    if action["name"] == name {
        Ok(())
    } else {
        Err(invalid(format!("action[name] must be {name}")))
    }
}

fn cards(action: &Value) -> Checked {
    let cards = list(&action["cards"], "action[cards]", 10)?;
    if cards.len() < 2 {
        return Err(invalid("action[cards] must have 2 to 10 items".to_owned()));
    }
    cards
        .iter()
        .try_for_each(|card| optional_text(&card["body"]["text"], "action[cards][body][text]", 160))
}

fn unique(mut values: Vec<&str>, what: &str) -> Checked {
    values.sort_unstable();
    let repeated = values.windows(2).any(|pair| pair[0] == pair[1]);
    if repeated { Err(invalid(format!("{what} must be unique"))) } else { Ok(()) }
}
