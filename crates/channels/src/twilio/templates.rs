//! Content templates as Twilio lists them, in our words.

use baton_core::{
    ids::VendorId,
    template::{
        ButtonAction, ListedTemplate, TemplateButton, TemplateCategory, TemplateHeader,
        TemplateParts, TemplateStatus,
    },
};
use serde_json::{Map, Value};

use super::{
    choices,
    wire::{Approval, ContentRow},
};

/// Most buttons that are read of one template.
const MAX_BUTTONS: usize = 20;

/// A row of Twilio's list in our words; none for one without sid, name or language, and for those
/// that we made for buttons.
pub(super) fn listed(row: ContentRow) -> Option<ListedTemplate> {
    if row.friendly_name.as_deref().is_some_and(choices::is_ours) {
        return None;
    }
    let text = |text: Option<String>| text.filter(|text| !text.is_empty());
    let approval = row.approval_requests.unwrap_or_default();
    let (status, why) = status(approval.status.as_deref().unwrap_or_default());
    Some(ListedTemplate {
        vendor_id: VendorId(text(row.sid)?),
        name: text(row.friendly_name).or_else(|| text(approval.name.clone()))?,
        language: text(row.language)?,
        category: category(&approval),
        status,
        quality: None,
        reason: text(approval.rejection_reason).or(why.map(str::to_owned)),
        parts: parts(&row.types, &row.variables),
    })
}

fn category(approval: &Approval) -> TemplateCategory {
    match approval.category.as_deref().unwrap_or_default().to_ascii_uppercase().as_str() {
        "MARKETING" => TemplateCategory::Marketing,
        "UTILITY" => TemplateCategory::Utility,
        "AUTHENTICATION" => TemplateCategory::Authentication,
        _ => TemplateCategory::Other,
    }
}

/// "Content API", Approval requests (checked 2026-11-20).
fn status(word: &str) -> (TemplateStatus, Option<&'static str>) {
    match word {
        "approved" => (TemplateStatus::Approved, None),
        "received" | "pending" => (TemplateStatus::Pending, None),
        "rejected" => (TemplateStatus::Rejected, None),
        "paused" => (TemplateStatus::Paused, None),
        "disabled" => (TemplateStatus::Disabled, None),
        "unsubmitted" | "" => {
            (TemplateStatus::Unavailable, Some("it was not submitted to WhatsApp"))
        }
        _ => (TemplateStatus::Unavailable, None),
    }
}

/// A template may be written in several types; WhatsApp takes the richest, we show the first
/// that has a body.
fn parts(types: &Map<String, Value>, variables: &Map<String, Value>) -> TemplateParts {
    let mut parts = TemplateParts::default();
    let Some((kind, content)) = types.iter().find(|(_, content)| content["body"].is_string())
    else {
        let kind = types.keys().next().map_or("unknown", String::as_str);
        parts.unsupported = Some(format!("a template of type {kind} cannot be sent from here"));
        return parts;
    };
    let words = |key: &str| content[key].as_str().filter(|t| !t.is_empty()).map(str::to_owned);
    parts.body = words("body").unwrap_or_default();
    parts.footer = words("footer");
    if let Some(text) = words("header_text") {
        parts.header = TemplateHeader::Text { text };
    }
    let actions = content["actions"].as_array().map(Vec::as_slice).unwrap_or_default();
    parts.buttons = actions.iter().take(MAX_BUTTONS).map(button).collect();
    parts.examples = names_in(&parts.body)
        .iter()
        .map(|name| variables.get(name).and_then(Value::as_str).unwrap_or_default().to_owned())
        .collect();
    parts.unsupported = unsupported(kind, content, &parts.body);
    parts
}

/// What buttons answer or open is fixed in the template; nothing is filled with a message.
fn button(action: &Value) -> TemplateButton {
    let title = action["title"].as_str().unwrap_or_default().to_owned();
    TemplateButton { action: ButtonAction::Other, title, url: None }
}

/// All variables of a template share one list, of which we fill those of the body.
fn unsupported(kind: &str, content: &Value, body: &str) -> Option<String> {
    let header = content["header_text"].as_str().unwrap_or_default();
    if !names_in(header).is_empty() {
        return Some("its header has a variable, which cannot be filled from here".into());
    }
    let in_body = names_in(body);
    let elsewhere = names_in(&content.to_string());
    if elsewhere.iter().any(|name| !in_body.contains(name)) {
        return Some("it has variables outside its body, which cannot be filled from here".into());
    }
    let numbered = in_body.iter().filter(|name| name.parse::<u32>().is_ok()).count();
    let in_a_row = (1..=numbered).all(|number| in_body.contains(&number.to_string()));
    if numbered > 0 && (numbered < in_body.len() || !in_a_row) {
        return Some("its variables are not numbered from 1 on".into());
    }
    // "Content types": these cannot begin a conversation.
    matches!(kind, "twilio/list-picker" | "twilio/location")
        .then(|| "lists and places cannot begin a conversation".into())
}

/// The names between double braces, each once.
fn names_in(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((name, tail)) = after.split_once("}}") else { break };
        if !names.iter().any(|known| known == name.trim()) {
            names.push(name.trim().to_owned());
        }
        rest = tail;
    }
    names
}
