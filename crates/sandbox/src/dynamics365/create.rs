//! Creating a conversation.
//!
//! Limits: "Create conversation" of the Messaging API and "Considerations for context variables", checked 2026-11-20.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::conversation::{
    Author, ContextVariable, Conversation, Customer, Message, Phase, StartMessage,
};
use super::messaging::Refusal;
use super::state::DEFAULT_REP;
use super::{Inner, contact, iso, mirror, routing, webhook};
use crate::{Call, Emission, World};

/// Characters of one field about the customer.
const MAX_CUSTOMER_FIELD: usize = 200;
/// Context variables of one conversation.
const MAX_CONTEXT: usize = 100;
/// Characters of a context variable's name.
const MAX_CONTEXT_NAME: usize = 100;
/// Characters of a context variable's value.
const MAX_CONTEXT_VALUE: usize = 4_000;
/// Bytes of the start message.
const MAX_START_MESSAGE_BYTES: usize = 27 * 1024;

/// Top-level names that the documentation knows.
const KNOWN_FIELDS: &[&str] = &[
    "customercontext",
    "conversationcontext",
    "conversationrequestid",
    "startmessage",
    "skipdeflectionbot",
];

/// What a create call asks for.
struct Wanted {
    customer: Customer,
    context: Vec<ContextVariable>,
    start_message: Option<StartMessage>,
    request_id: Option<String>,
    skip_deflection_bot: bool,
    unknown_fields: Vec<String>,
}

/// Opens a conversation, or finds the active one with the same `customerid`.
pub fn create(world: &Arc<World>, call: &Call, body: &[u8]) -> Result<Value, Refusal> {
    let wanted = parse(body, &world.switches.get("dynamics365.start_message_form"))?;
    if world.switches.is("dynamics365.channel_linked", "no") {
        return Err(Refusal::new(400, 30014, "The channel is not linked to a workstream."));
    }
    let now_ms = world.clock.now_ms();
    let mut inner = world.dynamics365.inner();
    if let Some(active) = find_active(world, &inner, &wanted) {
        call.note(format!("accepted {active}, not new"));
        return Ok(found(world, &mut inner, call, &active, wanted.start_message, now_ms));
    }
    if inner.is_full() {
        return Err(Refusal::unnumbered(503, "The service is busy."));
    }
    let id = inner.ids.guid();
    note_second_live(&mut inner, &wanted, call.seq());
    let conversation = build(world, &mut inner, &id, wanted, now_ms);
    let start_message = conversation.start_message.clone();
    inner.conversations.push(conversation);
    let signals = routing::arrive(&mut inner, &id, now_ms);
    inner.note_due(&id);
    mirror::insert(&mut inner, &world.dynamics365.account, &id, now_ms);
    let message_id = start_message
        .and_then(|start| add_start_message(world, &mut inner, call, &id, start, now_ms));
    drop(inner);
    call.note(format!("accepted {id}"));
    for signal in signals {
        call.emit(webhook::emission(world, &id, signal));
    }
    if world.switches.is("dynamics365.auto_accept", "yes") {
        call.emit(auto_accept(&id));
    }
    Ok(answer(&id, true, message_id))
}

fn answer(id: &str, is_new: bool, message_id: Option<String>) -> Value {
    let mut body = json!({ "conversationId": id, "isNew": is_new });
    if let Some(message_id) = message_id {
        body["messageId"] = json!(message_id);
    }
    body
}

/// By `customerid`; by `conversationrequestid` as well, where the switch says that it is a key.
fn find_active(world: &World, inner: &Inner, wanted: &Wanted) -> Option<String> {
    let with_waiting = world.switches.is("dynamics365.create_meets_waiting", "found");
    let by_request = world.switches.is("dynamics365.request_id", "idempotent");
    let same = |known: &&Conversation| {
        let active = known.phase.is_listed() && (with_waiting || known.phase != Phase::Waiting);
        active && is_same(&known.customer.customerid, &wanted.customer.customerid)
            || by_request && is_same(&known.request_id, &wanted.request_id)
    };
    inner.conversations.iter().rev().find(same).map(|known| known.id.clone())
}

fn is_same(known: &Option<String>, wanted: &Option<String>) -> bool {
    wanted.as_ref().is_some_and(|wanted| !wanted.is_empty() && known.as_ref() == Some(wanted))
}

fn found(
    world: &World,
    inner: &mut Inner,
    call: &Call,
    id: &str,
    start_message: Option<StartMessage>,
    now_ms: i64,
) -> Value {
    let adds = world.switches.is("dynamics365.repeat_create_adds_start_message", "yes");
    let message_id = start_message
        .filter(|_| adds)
        .and_then(|start| add_start_message(world, inner, call, id, start, now_ms));
    answer(id, false, message_id)
}

/// Two conversations that reps work on at once for one session of ours.
fn note_second_live(inner: &mut Inner, wanted: &Wanted, seq: u64) {
    let session = wanted.context.iter().find(|variable| variable.name == "sessionId");
    let Some(session) = session.map(|variable| variable.value.as_str()) else { return };
    let live = |conversation: &Conversation| {
        conversation.phase.is_listed() && conversation.context_value("sessionId") == Some(session)
    };
    if inner.conversations.iter().any(live) {
        inner.two_live.push(seq);
    }
}

fn build(world: &World, inner: &mut Inner, id: &str, wanted: Wanted, now_ms: i64) -> Conversation {
    let same_id = world.switches.is("dynamics365.conversation_id_equals_activity_id", "yes");
    let how = world.switches.get("dynamics365.record_identification");
    let contact_id = contact::identify(inner, &wanted.customer, &how);
    let stored_name = contact_id.as_ref().and_then(|id| {
        let name = inner.tables.get("contacts", id)?.row.get("fullname")?.as_str()?;
        Some(name.to_owned()).filter(|name| !name.is_empty())
    });
    // Where a record matches, its values win over what the caller said.
    let name = stored_name.unwrap_or_else(|| wanted.customer.display_name());
    let activity_id = if same_id { id.to_owned() } else { inner.ids.guid() };
    Conversation {
        subject: name,
        customer: wanted.customer,
        contact_id,
        context: wanted.context,
        start_message: wanted.start_message,
        request_id: wanted.request_id,
        skip_deflection_bot: wanted.skip_deflection_bot,
        unknown_fields: wanted.unknown_fields,
        ..Conversation::new(id, &activity_id, now_ms)
    }
}

fn add_start_message(
    world: &World,
    inner: &mut Inner,
    call: &Call,
    id: &str,
    start: StartMessage,
    now_ms: i64,
) -> Option<String> {
    let at_ms = inner.next_message_ms(now_ms);
    let message = Message {
        id: at_ms.to_string(),
        at_ms,
        author: Author::Start,
        from_id: world.dynamics365.account.client_id.clone(),
        from_name: start.displayname.unwrap_or_default(),
        text: start.message,
        attachments: Vec::new(),
        files: Vec::new(),
        read_at_ms: None,
        activity: Value::Null,
        seq: call.seq(),
    };
    let conversation = inner.find(id)?;
    conversation.messages.push(message);
    conversation.modified_ms = now_ms;
    Some(at_ms.to_string())
}

/// A rep who is free takes the conversation the moment it exists.
fn auto_accept(id: &str) -> Emission {
    let id = id.to_owned();
    let key = Some(id.clone());
    let make = Box::new(move |world: &Arc<World>| {
        let now_ms = world.clock.now_ms();
        let signals = {
            let mut inner = world.dynamics365.inner();
            let asked = inner.find(&id)?.ring.as_ref().map(|ring| ring.rep.clone());
            let usual = inner.rep(DEFAULT_REP, &iso::seconds(now_ms))?;
            let rep = asked.unwrap_or(usual);
            inner
                .change(&world.dynamics365.account, &id, now_ms, |conversation| {
                    conversation.accept(rep, now_ms)
                })?
                .ok()?
        };
        webhook::hook(world, &id, signals.first()?)
    });
    Emission {
        vendor: "dynamics365",
        kind: "event.AgentAccepted".to_owned(),
        key,
        delay_ms: 0,
        make,
    }
}

fn parse(body: &[u8], start_message_form: &str) -> Result<Wanted, Refusal> {
    let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
        return Err(Refusal::malformed("The request body is missing or is not a JSON object."));
    };
    Ok(Wanted {
        customer: customer(fields.get("customercontext"))?,
        context: context(fields.get("conversationcontext"))?,
        start_message: start_message(fields.get("startmessage"), start_message_form)?,
        request_id: text(&fields, "conversationrequestid", usize::MAX)?,
        skip_deflection_bot: fields
            .get("skipdeflectionbot")
            .and_then(Value::as_bool)
            .unwrap_or(false),
        unknown_fields: fields
            .keys()
            .filter(|name| !KNOWN_FIELDS.contains(&name.as_str()))
            .cloned()
            .collect(),
    })
}

fn customer(value: Option<&Value>) -> Result<Customer, Refusal> {
    let fields = match value {
        None | Some(Value::Null) => return Ok(Customer::default()),
        Some(Value::Object(fields)) => fields,
        Some(_) => return Err(Refusal::malformed("customercontext is not an object.")),
    };
    let field = |name| text(fields, name, MAX_CUSTOMER_FIELD);
    Ok(Customer {
        customerid: field("customerid")?,
        firstname: field("firstname")?,
        lastname: field("lastname")?,
        preferredname: field("preferredname")?,
        email: field("email")?,
        phonenumber: field("phonenumber")?,
    })
}

fn context(value: Option<&Value>) -> Result<Vec<ContextVariable>, Refusal> {
    let fields = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(fields)) => fields,
        Some(_) => return Err(Refusal::malformed("conversationcontext is not an object.")),
    };
    if fields.len() > MAX_CONTEXT {
        return Err(Refusal::new(
            400,
            30010,
            format!("More than {MAX_CONTEXT} context variables."),
        ));
    }
    fields.iter().map(|(name, value)| context_variable(name, value)).collect()
}

fn context_variable(name: &str, value: &Value) -> Result<ContextVariable, Refusal> {
    let Some(text) = value.get("value").and_then(Value::as_str) else {
        return Err(Refusal::malformed(format!(
            "Context variable {name} has no value that is a string."
        )));
    };
    if characters(name) > MAX_CONTEXT_NAME {
        return Err(Refusal::malformed("The name of a context variable exceeds 100 characters."));
    }
    if characters(text) > MAX_CONTEXT_VALUE {
        return Err(Refusal::malformed(format!(
            "The value of context variable {name} exceeds 4000 characters."
        )));
    }
    let is_displayable = value.get("isDisplayable").and_then(Value::as_bool).unwrap_or(false);
    Ok(ContextVariable { name: name.to_owned(), value: text.to_owned(), is_displayable })
}

/// The sample shows an object, the field table a string.
fn start_message(value: Option<&Value>, form: &str) -> Result<Option<StartMessage>, Refusal> {
    let start = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(message)) if form != "object" => {
            StartMessage { message: message.clone(), displayname: None }
        }
        Some(Value::Object(fields)) if form != "string" => StartMessage {
            message: text(fields, "message", usize::MAX)?.unwrap_or_default(),
            displayname: text(fields, "displayname", MAX_CUSTOMER_FIELD)?,
        },
        Some(_) => return Err(Refusal::malformed("startmessage has the wrong type.")),
    };
    if start.message.len() > MAX_START_MESSAGE_BYTES {
        return Err(Refusal::malformed("startmessage exceeds 27 KB."));
    }
    Ok(Some(start))
}

fn text(fields: &Map<String, Value>, name: &str, max: usize) -> Result<Option<String>, Refusal> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if characters(text) <= max => Ok(Some(text.clone())),
        Some(Value::String(_)) => {
            Err(Refusal::malformed(format!("{name} exceeds {max} characters.")))
        }
        Some(_) => Err(Refusal::malformed(format!("{name} is not a string."))),
    }
}

/// Length as .NET counts it, in UTF-16 units: the strictest reading of "characters".
pub fn characters(text: &str) -> usize {
    text.encode_utf16().count()
}
