//! Salesforce's words into ours: entries of the stream and of the list.

pub mod crm;
mod event;
mod offer;
mod said;

use std::borrow::Cow;

use baton_core::{
    channel::Call,
    desk::{DeskEvent, DeskEventKind, Listing},
    fault::{Accepted, Settled},
    handoff::Work,
    ids::VendorId,
    inbound::{ParseFault, RawEvent},
    time::Timestamp,
};
use serde_json::{Map, Value};

use super::{
    config::Config,
    ids,
    render::{self, FILE, MESSAGE},
    wire::{self, Conversation, Entry, Envelope},
};

pub use event::concerns_us;
pub use said::at as said_at;

/// Says a stored event of the stream in our words.
pub fn event(config: &Config, event: &RawEvent) -> Result<Vec<DeskEvent>, ParseFault> {
    let malformed = |text: String| ParseFault { code: "malformed", text };
    let envelope: Envelope = wire::read_object(event.body.as_bytes())
        .map_err(|why| malformed(format!("the body is no event of a conversation: {why}")))?;
    if envelope.conversation_id != event.source_key {
        let text = "the event is of another conversation than it was stored for".to_owned();
        return Err(ParseFault { code: "foreign", text });
    }
    let entry = envelope
        .conversation_entry
        .ok_or_else(|| malformed("the event holds no entry".to_owned()))?;
    let work = VendorId(envelope.conversation_id);
    let kinds = event::kinds(config, &entry).map_err(malformed)?;
    Ok(kinds.into_iter().map(|what| DeskEvent { work: work.clone(), what }).collect())
}

/// What an entry is about: JSON text on the stream, an object in the list.
fn payload(entry: &Entry) -> Result<Cow<'_, Value>, String> {
    match &entry.entry_payload {
        Value::String(text) if text.trim().is_empty() => Ok(Cow::Owned(Value::Null)),
        Value::String(text) => serde_json::from_str(text)
            .map(Cow::Owned)
            .map_err(|why| format!("the entry's payload is no JSON: {why}")),
        other => Ok(Cow::Borrowed(other)),
    }
}

/// A number, or one written as text.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// Milliseconds since 1970, or RFC 3339.
fn moment(value: Option<&Value>) -> Option<Timestamp> {
    let value = value?;
    let ms = number(value).map(|ms| Timestamp(ms as i64)).filter(|at| at.0 > 0);
    ms.or_else(|| Timestamp::read(value.as_str()?))
}

/// Somebody's words for people: on one line, and not too many.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect::<String>().trim().to_owned()
}

/// The name of whoever an entry comes from.
fn name(entry: &Entry) -> Option<String> {
    entry.sender_display_name.as_deref().map(shown).filter(|name| !name.is_empty())
}

/// Sorts the entries of a conversation, which come the newest first; two of one moment keep their
/// order.
pub fn listing(config: &Config, mut entries: Vec<Entry>) -> Listing {
    entries.reverse();
    entries.sort_by_key(said::at);
    let mut listing = Listing::default();
    let mut seen: Vec<String> = Vec::new();
    for entry in &entries {
        if event::is_session_status(entry) {
            listing.ended = event::status(entry).is_some_and(|status| status == "Ended");
            continue;
        }
        if !event::is_message(entry) || seen.contains(&entry.identifier) {
            continue;
        }
        seen.push(entry.identifier.clone());
        if event::is_ours(entry) {
            let text = said::text(entry).unwrap_or_default();
            listing.from_us.push((VendorId(entry.identifier.clone()), text));
        } else if event::is_relayed(config, entry) {
            listing.from_rep.extend(said::complete(entry).unwrap_or_default());
        }
    }
    listing
}

/// The entry that a message of a rep's stands in.
pub fn entry_of(id: &VendorId) -> Option<String> {
    ids::read_uuid(id.as_str().split(said::PART).next()?)
}

/// Whether a conversation takes no more, as far as it says. The words of `routingStatus` stand on
/// no page: those that surely mean an end are taken for it.
pub fn is_ended(conversation: &Conversation) -> bool {
    let status = conversation.routing_status.as_ref().and_then(Value::as_str).unwrap_or_default();
    ["ended", "closed"].iter().any(|end| status.eq_ignore_ascii_case(end))
}

/// A conversation exists.
pub fn opened(id: &str) -> Accepted {
    let mut metadata = Map::new();
    metadata.insert("salesforce_conversation_id".to_owned(), Value::String(id.to_owned()));
    let work = Some(Work { id: VendorId::from(id), reference: None });
    Accepted { work, metadata, ..Accepted::default() }
}

/// The messaging session of a conversation came to light.
fn session(id: &str) -> DeskEventKind {
    let mut learned = Accepted::default();
    learned
        .metadata
        .insert("salesforce_messaging_session_id".to_owned(), Value::String(id.to_owned()));
    learned.learned.insert(SESSION.to_owned(), id.to_owned());
    DeskEventKind::Learned(learned)
}

/// Under which word later steps know the messaging session.
pub const SESSION: &str = "messaging_session";

/// Whether an unknown attempt shows in the listing: a message stands there under its own id.
pub fn settle(call: &Call, listing: &Listing, known: &[VendorId]) -> Settled {
    if !matches!(call.operation.as_str(), MESSAGE | FILE) {
        return if render::crm::OPERATIONS.contains(&call.operation.as_str()) {
            crm::settle(call, listing, known)
        } else {
            Settled::NotSent
        };
    }
    let ours = call.body["message"]["id"].as_str().unwrap_or_default();
    match listing.from_us.iter().find(|(id, _)| id.as_str() == ours) {
        Some((id, _)) => {
            Settled::Accepted(Accepted { vendor_id: Some(id.clone()), ..Accepted::default() })
        }
        None => Settled::NotSent,
    }
}
