//! What a rep sees, as JSON for pages, scenarios and tests.

use serde_json::{Value, json};

use super::Inner;
use super::conversation::{Author, Conversation};

/// Conversations in one list at most; the newest are shown.
pub const MAX_LISTED: usize = 1_000;
/// How long a sign of typing is shown, in milliseconds.
const TYPING_SHOWN_MS: i64 = 10_000;

/// One line of the list.
pub fn summary(conversation: &Conversation) -> Value {
    let spoken = |author: Author| matches!(author, Author::Customer | Author::Rep);
    let last = conversation.messages.iter().rev().find(|message| spoken(message.author));
    json!({
        "id": conversation.id,
        "activity_id": conversation.activity_id,
        "state": conversation.phase,
        "reason": conversation.reason as u32,
        "subject": conversation.subject,
        "customer_name": conversation.customer.display_name(),
        "customerid": conversation.customer.customerid,
        "session_id": conversation.context_value("sessionId"),
        "contact_linked": conversation.contact_id.is_some(),
        "rep": conversation.rep,
        "ring": conversation.ring,
        "consultants": conversation.consultants,
        "queue": conversation.queue,
        "transfers": conversation.transfers,
        "messages": conversation.messages.len(),
        "last_text": last.map(|message| message.text.as_str()),
        "last_author": last.map(|message| message.author),
        "created_at_ms": conversation.created_ms,
        "modified_at_ms": conversation.modified_ms,
        "closed_at_ms": conversation.closed_ms,
    })
}

/// Everything about one conversation.
pub fn detail(inner: &mut Inner, index: usize, now_ms: i64) -> Value {
    let conversation = &inner.conversations[index];
    let contact = conversation.contact_id.as_ref().and_then(|id| inner.tables.get("contacts", id));
    let typing =
        conversation.customer_typing_at_ms.is_some_and(|at_ms| now_ms - at_ms < TYPING_SHOWN_MS);
    let mut shown = summary(conversation);
    shown["customer"] = json!(conversation.customer);
    shown["contact"] = json!(contact.map(|stored| &stored.row));
    shown["context"] = json!(conversation.context);
    shown["start_message"] = json!(conversation.start_message);
    shown["request_id"] = json!(conversation.request_id);
    shown["skip_deflection_bot"] = json!(conversation.skip_deflection_bot);
    shown["unknown_fields"] = json!(conversation.unknown_fields);
    shown["messages"] = json!(conversation.messages);
    shown["custom_events"] = json!(conversation.custom_events);
    shown["customer_typing"] = json!(typing);
    shown["messages_read_up_to"] = json!(conversation.messages_read_up_to);
    shown["now_ms"] = json!(now_ms);
    shown
}
