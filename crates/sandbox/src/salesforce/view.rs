//! What a rep sees, as JSON for pages, scenarios and tests.

use serde_json::{Map, Value, json};

use super::conversation::{Conversation, Session};
use super::entry::{Author, Entry, Kind, Shown};
use super::{Inner, history};
use crate::World;

/// Conversations in one list at most; the newest are shown.
pub const MAX_LISTED: usize = 1_000;
/// How long a sign of typing is shown, in milliseconds.
const TYPING_SHOWN_MS: i64 = 5_000;

/// One line of the list.
pub fn summary(conversation: &Conversation) -> Value {
    let spoken = |shown: &&Shown| matches!(shown.author, Author::Customer | Author::Rep);
    let shown = conversation.entries().rev().filter_map(|entry| entry.shown.as_deref());
    let last = shown.clone().find(|shown| spoken(shown));
    let session = conversation.sessions.last();
    json!({
        "id": conversation.id,
        "session_id": conversation.attribute("OpencxSessionId"),
        "messaging_session_id": session.map(|session| &session.id),
        "sessions": conversation.sessions.len(),
        "state": conversation.phase(),
        "subject": conversation.attribute("Subject").unwrap_or_default(),
        "customer_name": conversation.customer_name(),
        "verified": conversation.subject.starts_with("v2/iamessage/AUTH/"),
        "rep": session.and_then(|session| session.rep.as_ref()),
        "asked": session.and_then(|session| session.asked.as_ref()),
        "queue": session.map(|session| &session.queue.name),
        "transfers": session.map(|session| session.transfers),
        "messages": shown.filter(spoken).count(),
        "last_text": last.map(|shown| shown.text.as_str()),
        "last_author": last.map(|shown| shown.author),
        "closed": conversation.closed_ms.is_some(),
        "created_at_ms": conversation.created_ms,
        "modified_at_ms": conversation.modified_ms,
    })
}

/// Everything about one conversation.
pub fn detail(world: &World, inner: &mut Inner, at: usize, now_ms: i64) -> Value {
    let transcript = history::transcript(inner, at);
    let subject = inner.conversations[at].subject.clone();
    let end_user_id = inner.subject(&subject).end_user_id.clone();
    let rows = &world.salesforce.records;
    let end_user = end_user_id.as_ref().and_then(|id| rows.get("MessagingEndUser", id));
    let linked = |name: &str| {
        let id = end_user.as_ref()?.get(name)?.as_str()?.to_owned();
        rows.get(name.trim_end_matches("Id"), &id)
    };
    let contact = linked("ContactId");
    let conversation = &inner.conversations[at];
    let session_row = conversation.sessions.last();
    let session_row = session_row.and_then(|one| rows.get("MessagingSession", &one.id));
    let typing = conversation.customer_typing_ms.is_some_and(|at| now_ms - at < TYPING_SHOWN_MS);
    let mut shown = summary(conversation);
    shown["customer"] = json!({
        "preferredname": conversation.customer_name(),
        "phonenumber": conversation.attribute("Phone"),
        "email": conversation.attribute("Email"),
        "subject": conversation.subject,
        "messaging_end_user_id": end_user_id,
    });
    shown["contact"] = json!(contact);
    shown["messaging_end_user"] = json!(end_user);
    shown["messaging_session"] = json!(session_row);
    shown["conversation_record_id"] = json!(conversation.record_id);
    shown["language"] = json!(conversation.language);
    shown["context"] = json!(context(conversation));
    shown["dropped_attributes"] = json!(dropped(conversation));
    shown["history"] = json!(conversation.history);
    shown["start_message"] = json!({ "message": start(conversation, &transcript) });
    shown["messages"] = json!(messages(conversation));
    shown["session_list"] = conversation.sessions.iter().map(session).collect();
    shown["customer_typing"] = json!(typing);
    shown["now_ms"] = json!(now_ms);
    shown
}

/// What the rep reads first: the fields that the flow filled, and what was imported.
fn start(conversation: &Conversation, transcript: &str) -> String {
    let fields = context(conversation);
    let lines = fields.iter().map(|row| {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        format!("{}: {}", text("name"), text("value"))
    });
    let head = lines.collect::<Vec<_>>().join("\n");
    [head.as_str(), transcript].join("\n").trim().to_owned()
}

fn context(conversation: &Conversation) -> Vec<Value> {
    let newest = conversation.sessions.last().map(|session| &session.attributes);
    let rows = newest.into_iter().flatten();
    rows.map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

/// What was sent and never reached anybody.
fn dropped(conversation: &Conversation) -> Map<String, Value> {
    let newest = conversation.sessions.last();
    let sent = newest.into_iter().flat_map(|session| {
        let is_dropped = |name: &str| !session.attributes.contains_key(name);
        session.sent_attributes.iter().filter(move |(name, _)| is_dropped(name))
    });
    sent.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn messages(conversation: &Conversation) -> Vec<Value> {
    let entries = conversation.entries().filter(|entry| entry.shown.is_some());
    entries.map(message).collect()
}

fn message(entry: &Entry) -> Value {
    let mut row = json!(entry.shown);
    row["id"] = json!(entry.identifier);
    row["at_ms"] = json!(entry.server_ms);
    row["from_name"] = json!(entry.sender.name);
    row["seq"] = json!(entry.seq);
    if entry.kind == Kind::Message {
        let payload: Value = serde_json::from_str(&entry.payload).unwrap_or_default();
        row["message"] = payload["abstractMessage"].clone();
    }
    row
}

fn session(session: &Session) -> Value {
    json!({
        "id": session.id,
        "state": session.phase,
        "queue": session.queue,
        "rep": session.rep,
        "asked": session.asked,
        "supervisors": session.supervisors,
        "started_at_ms": session.started_ms,
        "accepted_at_ms": session.accepted_ms,
        "ended_at_ms": session.ended_ms,
        "ended_by": session.ended_by,
        "attributes": session.attributes,
        "sent_attributes": session.sent_attributes,
    })
}
