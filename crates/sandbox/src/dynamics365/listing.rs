//! Reading back: conversations of the channel, messages and context of one conversation.
//!
//! Source: the pages "List conversations", "Get messages" and "Get context" of the Messaging API, checked 2026-11-20.

use serde_json::{Value, json};

use super::conversation::{Author, Conversation, Message, Phase};
use super::messaging::{Options, Refusal};
use super::{is_guid, iso};
use crate::World;

/// Entries of one page unless the caller asks for another number.
const DEFAULT_PAGE: usize = 50;
/// Greatest page of conversations.
const MAX_CONVERSATIONS_PAGE: usize = 250;
/// Greatest page of messages.
const MAX_MESSAGES_PAGE: usize = 100;

/// Conversations of this channel that are neither in wrap-up nor closed, oldest first.
pub fn conversations(world: &World, options: &Options) -> Result<Value, Refusal> {
    let start_ms = start(options)?;
    let size = page_size(options, MAX_CONVERSATIONS_PAGE, 30007)?;
    let inner = world.dynamics365.inner();
    let token = option(options, "ContinuationToken");
    let after = match token {
        None => 0,
        Some(token) => {
            let position = inner
                .conversations
                .iter()
                .position(|conversation| conversation.id.eq_ignore_ascii_case(token));
            let position = position.filter(|_| is_guid(token));
            1 + position
                .ok_or_else(|| Refusal::new(400, 30009, "The continuation token is not valid."))?
        }
    };
    let wanted = |conversation: &&Conversation| {
        conversation.phase.is_listed() && conversation.created_ms >= start_ms
    };
    let mut found: Vec<&Conversation> =
        inner.conversations.iter().skip(after).filter(wanted).take(size + 1).collect();
    let more = found.len() > size;
    found.truncate(size);
    let next = found.last().filter(|_| more).map(|conversation| conversation.id.as_str());
    let rows: Vec<Value> = found
        .iter()
        .map(|found| json!({ "conversationid": found.id, "timestamp": iso::millis(found.created_ms) }))
        .collect();
    Ok(json!({ "conversations": rows, "continuationtoken": next }))
}

/// Messages of a conversation that is not closed. Ended ones are only in transcript notes.
pub fn messages(world: &World, id: &str, options: &Options) -> Result<Value, Refusal> {
    let start_ms = start(options)?;
    let size = page_size(options, MAX_MESSAGES_PAGE, 30008)?;
    let token_ms = match option(options, "ContinuationToken") {
        None => None,
        Some(token) => {
            let invalid = || Refusal::new(400, 30009, "The continuation token is not valid.");
            Some(iso::parse(token).ok_or_else(invalid)?)
        }
    };
    let newest_first = world.switches.is("dynamics365.listing_order", "newest_first");
    let with_start = world.switches.is("dynamics365.start_message_listed", "yes");
    let all_data = world.switches.is("dynamics365.listing_channel_data", "all");
    let mut inner = world.dynamics365.inner();
    let conversation = open(inner.find(id))?;
    let wanted = |message: &&Message| {
        let shown = match message.author {
            Author::Customer | Author::Automated | Author::Rep => true,
            Author::Start => with_start,
            Author::Private | Author::System => false,
        };
        let beyond = token_ms.is_none_or(|at_ms| {
            if newest_first { message.at_ms < at_ms } else { message.at_ms > at_ms }
        });
        shown && beyond && message.at_ms >= start_ms
    };
    let mut found: Vec<&Message> = conversation.messages.iter().filter(wanted).collect();
    if newest_first {
        found.reverse();
    }
    let more = found.len() > size;
    found.truncate(size);
    let next = found.last().filter(|_| more).map(|message| iso::millis(message.at_ms));
    let rows: Vec<Value> = found.iter().map(|message| row(message, all_data)).collect();
    Ok(json!({ "messages": rows, "continuationToken": next }))
}

/// The context variables.
pub fn context(world: &World, id: &str) -> Result<Value, Refusal> {
    let mut inner = world.dynamics365.inner();
    let conversation = open(inner.find(id))?;
    let variables = conversation.context.iter();
    let rows: Vec<Value> = variables
        .map(|variable| json!({ "name": variable.name, "value": variable.value }))
        .collect();
    Ok(json!({ "context": rows }))
}

fn open(found: Option<&mut Conversation>) -> Result<&mut Conversation, Refusal> {
    found
        .filter(|conversation| conversation.phase != Phase::Closed)
        .ok_or_else(Refusal::no_conversation)
}

fn row(message: &Message, all_data: bool) -> Value {
    let mut channel_data = message.activity.get("channelData").cloned().unwrap_or(Value::Null);
    if !all_data {
        channel_data = match channel_data.get("messagingapi-oc") {
            Some(own) => json!({ "messagingapi-oc": own }),
            None => Value::Null,
        };
    }
    json!({
        "type": "message",
        "attachments": message.attachments,
        "text": message.text,
        "messageId": message.id,
        "timestamp": iso::millis(message.at_ms),
        "from": { "id": message.from_id, "name": message.from_name },
        "channelData": channel_data,
    })
}

fn start(options: &Options) -> Result<i64, Refusal> {
    let Some(text) = option(options, "StartTimeStamp") else { return Ok(i64::MIN) };
    iso::parse(text)
        .ok_or_else(|| Refusal::new(400, 30006, "StartTimeStamp is not a valid ISO 8601 time."))
}

fn page_size(options: &Options, max: usize, number: u32) -> Result<usize, Refusal> {
    let Some(text) = option(options, "PageSize") else { return Ok(DEFAULT_PAGE) };
    let size = text.parse().ok().filter(|size| (1..=max).contains(size));
    size.ok_or_else(|| Refusal::new(400, number, format!("PageSize must be between 1 and {max}.")))
}

/// Query names are matched without regard to case, as the platform does.
fn option<'a>(options: &'a Options, name: &str) -> Option<&'a str> {
    let (_, value) = options.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    Some(value.as_str()).filter(|value| !value.is_empty())
}
