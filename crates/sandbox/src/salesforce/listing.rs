//! Reading conversations back.

use serde_json::{Value, json};

use super::calls::Options;
use super::conversation::{Conversation, Phase};
use super::error::Refusal;
use crate::World;

/// Rows of one answer unless asked otherwise, and at most.
const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 50;

/// The caller's conversations, newest first.
pub fn conversations(world: &World, subject: &str, options: &Options) -> Result<Value, Refusal> {
    let limit = limit(options)?;
    let with_closed = options.get("inclClosedConvs").is_some_and(|value| value == "true");
    let inner = world.salesforce.inner();
    let own: Vec<&Conversation> =
        inner.conversations.iter().rev().filter(|one| one.subject == subject).collect();
    let open = own.iter().filter(|one| one.closed_ms.is_none()).count();
    let closed = own.len() - open;
    let wanted = own.iter().filter(|one| with_closed || one.closed_ms.is_none());
    let rows: Vec<Value> = wanted.take(limit).map(|one| row(one)).collect();
    let mut answer = json!({ "openConversationsFound": open, "conversations": rows });
    if with_closed {
        answer["closedConversationsFound"] = json!(closed);
    }
    Ok(answer)
}

fn row(conversation: &Conversation) -> Value {
    json!({
        "conversationId": conversation.id,
        "startTimestamp": conversation.created_ms,
        "endTimestamp": conversation.closed_ms,
        "startedBy": conversation.subject,
        "status": if conversation.closed_ms.is_some() { "CLOSED" } else { "OPEN" },
    })
}

pub fn status(world: &World, at: usize) -> Value {
    let inner = world.salesforce.inner();
    let conversation = &inner.conversations[at];
    let status = match conversation.phase() {
        Phase::Active => "ESTABLISHED",
        Phase::Waiting if conversation.sessions.last().is_some_and(|one| one.transfers > 0) => {
            "TRANSFER"
        }
        Phase::Waiting => "INITIAL",
        _ => "NEEDS_ROUTING",
    };
    json!({ "conversationId": conversation.id, "routingStatus": status })
}

/// Entries with their payload as objects, newest first.
pub fn entries(world: &World, at: usize, options: &Options) -> Result<Value, Refusal> {
    let limit = limit(options)?;
    let time = |name: &str| match options.get(name).map(|value| value.parse::<i64>()) {
        None => Ok(None),
        Some(Ok(ms)) => Ok(Some(ms)),
        Some(Err(_)) => Err(Refusal::bad_request(format!("{name} must be epoch milliseconds."))),
    };
    let (from_ms, until_ms) = (time("startTimestamp")?, time("endTimestamp")?);
    let from_start = match options.get("direction").map(String::as_str) {
        Some("FromStart") => true,
        None | Some("FromEnd") => false,
        Some(_) => {
            return Err(Refusal::bad_request("direction must be FromStart or FromEnd."));
        }
    };
    let filter = options.get("entryTypeFilter").map(String::as_str).unwrap_or_default();
    let inner = world.salesforce.inner();
    let found = inner.conversations[at].entries().filter(|entry| {
        let typed = filter.split(',').any(|name| name.trim() == entry.kind.entry_type());
        entry.kind.is_listed()
            && (filter.is_empty() || typed)
            && from_ms.is_none_or(|from_ms| entry.server_ms >= from_ms)
            && until_ms.is_none_or(|until_ms| entry.server_ms <= until_ms)
    });
    let mut rows: Vec<Value> = match from_start {
        true => found.take(limit).map(|entry| entry.json(false)).collect(),
        false => found.rev().take(limit).map(|entry| entry.json(false)).collect(),
    };
    if from_start {
        rows.reverse();
    }
    Ok(json!({ "conversationEntries": rows }))
}

fn limit(options: &Options) -> Result<usize, Refusal> {
    let Some(limit) = options.get("limit") else { return Ok(DEFAULT_LIMIT) };
    match limit.parse::<usize>() {
        Ok(limit @ 1..=MAX_LIMIT) => Ok(limit),
        _ => Err(Refusal::bad_request(format!("limit must be from 1 to {MAX_LIMIT}."))),
    }
}
