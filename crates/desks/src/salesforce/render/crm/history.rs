//! What was said before the handoff, as the history import takes it.

use baton_core::{
    channel::Call,
    desk::{Opening, PlanStep, ToDesk},
    handoff::Handoff,
    message::{AuthorKind, Message, MessageStatus},
    time::{SECOND_MS, Timestamp},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{HISTORY, contact, nothing};
use crate::{
    salesforce::{config::crm::Crm, ids::derived, policy::crm as policy},
    transcript::{minute, one_line, shown_name},
};

/// Under which a handoff keeps what came of the import, and the words for it.
const OUTCOME: &str = "history";
const TAKEN: &str = "taken";
const REFUSED: &str = "refused";
/// The name of whoever answered for the company before the handoff.
const BOT: &str = "Assistant";

/// One message to be imported.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Entry {
    pub id: String,
    pub at: Timestamp,
    pub by_customer: bool,
    pub text: String,
}

/// The steps: one batch each, the newest first ("Invoke the Conversation History API", checked
/// 2026-11). Each is one call.
pub fn steps(crm: &Crm, opening: &Opening<'_>) -> Vec<PlanStep> {
    if crm.history_app.is_none() {
        return Vec::new();
    }
    let entries: Vec<Entry> = opening.transcript.iter().filter_map(entry).collect();
    let batches: Vec<&[Entry]> = entries.rchunks(policy::HISTORY_BATCH).collect();
    let step = |(at, batch): (usize, &&[Entry])| PlanStep {
        step: format!("history {}", at + 1),
        call: json!({ "operation": HISTORY, "entries": batch }),
        optional: false,
    };
    batches.iter().take(policy::HISTORY_BATCHES_MAX).enumerate().map(step).collect()
}

/// Everything that somebody said and that may have reached the other.
fn entry(message: &Message) -> Option<Entry> {
    if matches!(message.status, MessageStatus::Cancelled) {
        return None;
    }
    let said = message.content.as_text();
    let mut text: String = said.chars().take(policy::HISTORY_TEXT_MAX).collect();
    if text.trim().is_empty() {
        return None;
    }
    let by_customer = message.author.kind == AuthorKind::Customer;
    // The bot speaks with one name: whoever else answered is named in the words.
    if let AuthorKind::Rep = message.author.kind {
        let name = message.author.name.as_deref().map(shown_name).unwrap_or_default();
        text = format!("Rep {name}: {text}");
    }
    let missing = matches!(message.status, MessageStatus::Failed);
    if missing {
        text = format!("(not delivered) {text}");
    }
    Some(Entry { id: derived(message.id.0), at: message.at, by_customer, text })
}

/// Whether all of it was taken, so that no transcript is needed.
pub fn is_there(handoff: &Handoff) -> bool {
    handoff.learned.get(OUTCOME).is_some_and(|outcome| outcome == TAKEN)
}

/// What a batch leaves for the next ones.
pub fn outcome(taken: bool) -> (String, String) {
    (OUTCOME.to_owned(), if taken { TAKEN } else { REFUSED }.to_owned())
}

/// A batch as a call; nothing once one was refused: the transcript tells all of it then.
pub fn render(crm: &Crm, to_desk: &ToDesk<'_>, call: &Value) -> Call {
    let learned = &to_desk.handoff.learned;
    let refused = learned.get(OUTCOME).is_some_and(|outcome| outcome == REFUSED);
    if refused {
        return nothing();
    }
    let name = to_desk.contact.name.as_deref().unwrap_or("Customer");
    let body = json!({
        "app": crm.history_app,
        "session": learned.get(contact::SESSION),
        "end_user": learned.get(contact::END_USER),
        "customer": one_line(name, policy::USER_NAME_MAX),
        "request": derived(to_desk.delivery.0),
        "opened_at": to_desk.handoff.opened_at,
        "entries": call["entries"],
    });
    Call { operation: HISTORY.to_owned(), body }
}

/// The import's body: one customer, who is still there, and one bot, who has left ("Conversation
/// History", errors 10042 to 10044, 10065 to 10067 and 10074). What is older than the import takes
/// stands at its oldest moment and tells its own time.
pub fn body(call: &Value, entries: &[Entry], now: Timestamp) -> Value {
    let oldest = now.plus_ms(-policy::HISTORY_AGE_MS);
    let at = |entry: &Entry| entry.at.max(oldest).min(now.plus_ms(-SECOND_MS));
    let first = entries.iter().map(at).min().unwrap_or(now);
    let joined = first.plus_ms(-SECOND_MS).0;
    let customer =
        json!({ "subject": call["end_user"], "role": "EndUser", "appType": "iamessage" });
    let bot = json!({ "subject": "baton", "role": "Chatbot", "appType": "chatbot" });
    let told = entries.iter().map(|entry| {
        let text = match entry.at < oldest {
            true => format!("({}) {}", minute(entry.at), entry.text),
            false => entry.text.clone(),
        };
        let content = json!({ "formatType": "Text", "text": text });
        json!({
            "clientTimestamp": at(entry).0,
            "sender": if entry.by_customer { &customer } else { &bot },
            "entryPayload": {
                "entryType": "Message",
                "id": entry.id,
                "abstractMessage": {
                    "messageType": "StaticContentMessage",
                    "id": entry.id,
                    "staticContent": content,
                },
            },
        })
    });
    let entries: Vec<Value> = told.collect();
    json!({
        "channelAddressIdentifier": call["channel"],
        "conversationParticipants": [
            { "displayName": call["customer"], "participant": customer, "joinedTime": joined },
            { "displayName": BOT, "participant": bot, "joinedTime": joined, "leftTime": now.0 },
        ],
        "conversationEntries": entries,
        "messagingSession": {
            "messagingSessionRequestType": "AttachMessagingSession",
            "payload": { "sessionId": call["session"] },
        },
    })
}
