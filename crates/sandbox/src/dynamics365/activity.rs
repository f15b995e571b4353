//! What a client sends into a conversation: messages, typing, read marks, custom events, the end.
//!
//! Limits and numbers: "Use /conversation/{id} endpoint" of the Messaging API and "Error handling", checked 2026-11-21.

use serde_json::{Map, Value, json};

use super::conversation::{Author, Conversation, MAX_MESSAGES, Message, Phase, Rep, Signal};
use super::create::characters;
use super::messaging::Refusal;
use super::{Inner, files, routing, webhook};
use crate::{Call, World};

/// Characters of a message's text.
const MAX_TEXT: usize = 6_000;
/// Bytes of an activity, attached content apart.
const MAX_ACTIVITY_BYTES: usize = 28 * 1024;
/// Characters of names and ids.
const MAX_NAME: usize = 256;
/// Custom events kept of one conversation.
const MAX_CUSTOM_EVENTS: usize = 1_000;

/// Takes one activity and answers with the id that the message got.
pub fn accept(world: &World, call: &Call, id: &str, body: &[u8]) -> Result<Value, Refusal> {
    let Ok(Value::Object(activity)) = serde_json::from_slice(body) else {
        return Err(Refusal::malformed("The request body is missing or is not a JSON object."));
    };
    demand_open(world, id)?;
    check_addresses(world, id, &activity)?;
    match text(&activity, "type") {
        "message" => message(world, call, id, activity),
        "typing" => change(world, id, |conversation, now_ms| {
            conversation.customer_typing_at_ms = Some(now_ms)
        })
        .map(|()| json!({ "messageId": "" })),
        "endOfConversation" => {
            change(world, id, |conversation, now_ms| {
                conversation.end_by_customer(now_ms);
            })?;
            report_end(world, call, id);
            Ok(json!({ "messageId": "" }))
        }
        "event" => event(world, id, &activity),
        other => {
            Err(Refusal::new(400, 30003, format!("Activity type '{other}' is not supported.")))
        }
    }
}

/// Whether an activity is flagged as not coming from the customer.
pub fn is_automated(activity: &Value) -> bool {
    activity.pointer("/channelData/messagingapi-oc/type").and_then(Value::as_str)
        == Some("AutomatedMessage")
}

/// Unknown and closed conversations take nothing; what waiting and wrap-up take is switched.
fn demand_open(world: &World, id: &str) -> Result<(), Refusal> {
    let takes = |phase: Phase| match phase {
        Phase::Open | Phase::Active => true,
        Phase::Waiting => world.switches.is("dynamics365.message_after_waiting", "reopens"),
        Phase::WrapUp => world.switches.is("dynamics365.message_in_wrap_up", "accepted"),
        Phase::Closed => false,
    };
    let phase = world.dynamics365.inner().find(id).map(|conversation| conversation.phase);
    if phase.is_some_and(takes) { Ok(()) } else { Err(Refusal::no_conversation()) }
}

fn message(
    world: &World,
    call: &Call,
    id: &str,
    activity: Map<String, Value>,
) -> Result<Value, Refusal> {
    check_message(world, &activity)?;
    let now_ms = world.clock.now_ms();
    let attachments: Vec<Value> =
        activity.get("attachments").and_then(Value::as_array).cloned().unwrap_or_default();
    let files = files::take(world, &attachments);
    let mut inner = world.dynamics365.inner();
    let at_ms = inner.next_message_ms(now_ms);
    let activity = Value::Object(activity);
    let automated = is_automated(&activity);
    let member = |pointer: &str| {
        activity.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let (from_id, from_name, text) = (member("/from/id"), member("/from/name"), member("/text"));
    let message = Message {
        id: at_ms.to_string(),
        at_ms,
        author: if automated { Author::Automated } else { Author::Customer },
        from_id: from_id.clone(),
        from_name: from_name.clone(),
        text: text.clone(),
        attachments,
        files,
        read_at_ms: None,
        activity,
        seq: call.seq(),
    };
    fetch_files(call, id, &message);
    let kept = keep(world, &mut inner, id, message, now_ms);
    drop(inner);
    let Some(signals) = kept else {
        return Err(Refusal::unnumbered(503, "The service is busy."));
    };
    call.note(format!("accepted {at_ms}"));
    for signal in signals {
        call.emit(webhook::emission(world, id, signal));
    }
    if automated && world.switches.is("dynamics365.automated_echo_webhook", "yes") {
        let from = Rep { id: from_id, name: from_name };
        call.emit(webhook::emission(
            world,
            id,
            Signal::Message { from, text, attachments: Vec::new() },
        ));
    }
    Ok(json!({ "messageId": at_ms.to_string() }))
}

/// Adds it to the conversation; a customer who writes to one that waits puts it back into the queue. `None` if it is full.
fn keep(
    world: &World,
    inner: &mut Inner,
    id: &str,
    message: Message,
    now_ms: i64,
) -> Option<Vec<Signal>> {
    let conversation = inner.find(id).filter(|found| found.messages.len() < MAX_MESSAGES)?;
    let mut reopened = false;
    if message.author == Author::Customer {
        reopened = conversation.reopen(now_ms);
        conversation.customer_typing_at_ms = None;
    }
    conversation.messages.push(message);
    conversation.modified_ms = now_ms;
    let signals = if reopened { routing::offer(inner, id, now_ms) } else { Vec::new() };
    inner.change(&world.dynamics365.account, id, now_ms, |_| signals)
}

/// What the attachments point to is fetched behind the answer.
fn fetch_files(call: &Call, id: &str, message: &Message) {
    for (index, file) in message.files.iter().enumerate() {
        let url = message.attachments.get(index).and_then(|one| one.get("contentUrl"));
        if let (files::Fate::Pending, Some(url)) = (&file.fate, url.and_then(Value::as_str)) {
            call.emit(files::fetch_later(id, &message.id, index, url));
        }
    }
}

/// What an activity says of its channel and conversation has to be true; only a message has to name its channel.
fn check_addresses(world: &World, id: &str, activity: &Map<String, Value>) -> Result<(), Refusal> {
    let channel = text(activity, "channelId");
    if !channel.is_empty() && !channel.eq_ignore_ascii_case(&world.dynamics365.account.channel_id) {
        return Err(Refusal::new(400, 30002, "channelId differs from the channel id header."));
    }
    let named = activity.get("conversation").and_then(|one| one.get("id")).and_then(Value::as_str);
    if named.is_some_and(|named| !named.eq_ignore_ascii_case(id)) {
        let text = "conversation.id differs from the conversation in the address.";
        return Err(Refusal::new(400, 30005, text));
    }
    Ok(())
}

fn check_message(world: &World, activity: &Map<String, Value>) -> Result<(), Refusal> {
    if text(activity, "channelId").is_empty() {
        return Err(Refusal::new(400, 30002, "channelId is missing."));
    }
    let from = activity.get("from").and_then(Value::as_object);
    let too_long = |name: &str| from.is_some_and(|from| characters(text(from, name)) > MAX_NAME);
    if let Some(name) = ["id", "name"].into_iter().find(|name| too_long(name)) {
        return Err(Refusal::malformed(format!("from.{name} exceeds {MAX_NAME} characters.")));
    }
    if characters(text(activity, "text")) > MAX_TEXT {
        return Err(Refusal::new(400, 30011, "The text exceeds 6000 characters."));
    }
    let attachments = match activity.get("attachments") {
        None | Some(Value::Null) => &[],
        Some(Value::Array(attachments)) => attachments.as_slice(),
        Some(_) => return Err(Refusal::malformed("attachments is not an array.")),
    };
    if text(activity, "text").is_empty() && attachments.is_empty() {
        return Err(Refusal::new(400, 30016, "Neither text nor attachments."));
    }
    let attached_bytes = files::check(world, attachments)?;
    if Value::Object(activity.clone()).to_string().len() - attached_bytes > MAX_ACTIVITY_BYTES {
        return Err(Refusal::malformed("The activity exceeds 28 KB."));
    }
    Ok(())
}

fn event(world: &World, id: &str, activity: &Map<String, Value>) -> Result<Value, Refusal> {
    let channel_data = activity.get("channelData").cloned().unwrap_or_default();
    if channel_data.get("customEvent") == Some(&Value::Bool(true)) {
        return custom_event(world, id, channel_data);
    }
    match text(activity, "name") {
        "MessageRead" => {
            let message_id = activity
                .get("value")
                .and_then(|value| value.get("messageId"))
                .and_then(Value::as_str);
            let Some(message_id) = message_id.filter(|id| !id.is_empty()) else {
                return Err(Refusal::malformed("value.messageId is missing."));
            };
            change(world, id, |conversation, now_ms| conversation.mark_read(message_id, now_ms))?;
            Ok(json!({ "messageId": "", "message": null }))
        }
        other => Err(Refusal::new(400, 30003, format!("Event '{other}' is not supported."))),
    }
}

fn custom_event(world: &World, id: &str, channel_data: Value) -> Result<Value, Refusal> {
    let member = |name: &str| channel_data.get(name).and_then(Value::as_str).unwrap_or_default();
    if member("customEventName").is_empty() {
        return Err(Refusal::malformed("channelData.customEventName is missing."));
    }
    if serde_json::from_str::<Value>(member("customEventValue")).is_err() {
        return Err(Refusal::malformed("channelData.customEventValue is not a string of JSON."));
    }
    change(world, id, |conversation, _| {
        if conversation.custom_events.len() < MAX_CUSTOM_EVENTS {
            conversation.custom_events.push(channel_data);
        }
    })?;
    let at_ms = world.dynamics365.inner().next_message_ms(world.clock.now_ms());
    Ok(json!({ "messageId": at_ms.to_string() }))
}

fn report_end(world: &World, call: &Call, id: &str) {
    if world.switches.is("dynamics365.close_event_on_customer_end", "yes") {
        let from = Rep { id: world.dynamics365.account.client_id.clone(), name: String::new() };
        call.emit(webhook::emission(world, id, Signal::Event { from, name: "ConversationClose" }));
    }
}

fn change(
    world: &World,
    id: &str,
    deed: impl FnOnce(&mut Conversation, i64),
) -> Result<(), Refusal> {
    let now_ms = world.clock.now_ms();
    let mut inner = world.dynamics365.inner();
    inner
        .change(&world.dynamics365.account, id, now_ms, |conversation| deed(conversation, now_ms))
        .ok_or_else(Refusal::no_conversation)
}

fn text<'a>(activity: &'a Map<String, Value>, name: &str) -> &'a str {
    activity.get(name).and_then(Value::as_str).unwrap_or_default()
}
