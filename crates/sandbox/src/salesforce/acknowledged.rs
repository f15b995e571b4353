//! Signs of typing and acknowledgements from the customer's side.
//!
//! The enumeration of acknowledgements is not published for this API; a client of a live organisation sends `Delivery`
//! and `Read`.

use serde_json::{Value, json};

use super::entry::{Author, Kind, Sender};
use super::error::Refusal;
use super::scene::Scene;
use crate::{Call, World};

pub fn typing(world: &World, call: &Call, at: usize, body: &Value) -> Result<(), Refusal> {
    let kind = match body["entryType"].as_str() {
        Some("TypingStartedIndicator") => Kind::TypingStarted,
        Some("TypingStoppedIndicator") => Kind::TypingStopped,
        _ => return Err(Refusal::bad_request("entryType is not supported.")),
    };
    let id = super::inbound::message_id(body)?;
    let mut inner = world.salesforce.inner();
    let mut scene = Scene::new(world, &mut inner, at, call.seq());
    if scene.conversation().live().is_none() {
        return Err(Refusal::not_found("There is no messaging session."));
    }
    let now_ms = scene.now_ms;
    let subject = scene.conversation().subject.clone();
    scene.conversation().customer_typing_ms = (kind == Kind::TypingStarted).then_some(now_ms);
    let payload = json!({ "id": id, "timestamp": now_ms });
    scene.tell(kind, Sender::end_user(&subject, "Guest"), payload);
    Ok(())
}

pub fn acknowledge(world: &World, call: &Call, at: usize, body: &Value) -> Result<(), Refusal> {
    let acks = body["acks"].as_array().filter(|acks| !acks.is_empty());
    let acks = acks.ok_or_else(|| Refusal::bad_request("acks must not be empty."))?;
    let names = world.switches.get("salesforce.ack_names");
    let mut known = Vec::new();
    for ack in acks {
        super::inbound::message_id(ack)?;
        let name = ack["entryType"].as_str().unwrap_or_default();
        let kind = kind(&names, name);
        known.push((kind.ok_or_else(|| Refusal::bad_request("acks.entryType is unknown."))?, ack));
    }
    let mut inner = world.salesforce.inner();
    let mut scene = Scene::new(world, &mut inner, at, call.seq());
    let now_ms = scene.now_ms;
    for (kind, ack) in known {
        let id = ack["conversationEntryId"].as_str().unwrap_or_default();
        let shown = scene.conversation().find_entry(id).and_then(|entry| entry.shown.as_mut());
        match shown.filter(|shown| shown.author != Author::Customer) {
            Some(shown) => {
                shown.delivered_at_ms.get_or_insert(now_ms);
                if kind == Kind::Read {
                    shown.read_at_ms.get_or_insert(now_ms);
                }
            }
            None => call.note(format!("no entry {id} to acknowledge")),
        }
    }
    Ok(())
}

fn kind(names: &str, name: &str) -> Option<Kind> {
    match (names, name) {
        ("short" | "either", "Delivery") => Some(Kind::Delivery),
        ("long" | "either", "DeliveryAcknowledgement") => Some(Kind::Delivery),
        ("short" | "either", "Read") => Some(Kind::Read),
        ("long" | "either", "ReadAcknowledgement") => Some(Kind::Read),
        _ => None,
    }
}
