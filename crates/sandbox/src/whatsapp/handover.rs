//! Numbers on which somebody else may answer too: who owns a chat, and how it changes hands.
//!
//! Source: WhatsApp "Conversation Routing" as its users describe it, checked 2026-11-20; Meta publishes little.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Json, Response};
use serde_json::{Value, json};

use super::errors::GraphError;
use super::thread::Thread;
use super::users::User;
use super::{Held, authorize, metadata, recipient, webhooks};
use crate::{Call, Emission, Hook, World};

/// Ownership lapses this long after the customer's last message.
const IDLE_AFTER_MS: i64 = 24 * 3_600_000;
/// Characters of the metadata of a change.
const MAX_METADATA_CHARS: usize = 2_000;

/// Who may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Responder {
    /// Whoever uses this API.
    Us,
    /// Somebody else's program, moved by the control API.
    Other,
}

/// Who was last said to own a chat, and when.
#[derive(Clone, Copy, Debug)]
pub struct Owner {
    who: Responder,
    since_ms: i64,
}

impl Responder {
    fn other(self) -> Self {
        match self {
            Self::Us => Self::Other,
            Self::Other => Self::Us,
        }
    }
}

/// Who answers first; `None` where nobody but us is on the number.
fn first(world: &World) -> Option<Responder> {
    match world.switches.get("whatsapp.responders").as_str() {
        "we_escalate" => Some(Responder::Other),
        "we_are_first" => Some(Responder::Us),
        _ => None,
    }
}

/// The role of a responder.
pub fn role(world: &World, responder: Responder) -> &'static str {
    if first(world) == Some(responder) { "ai_agent" } else { "escalation" }
}

/// Who owns a chat now.
pub fn owner(world: &World, thread: &Thread, now_ms: i64) -> Responder {
    let Some(first) = first(world) else { return Responder::Us };
    let lasts = |since_ms: i64| now_ms < since_ms.max(thread.last_customer_ms) + IDLE_AFTER_MS;
    thread.owner.filter(|owner| lasts(owner.since_ms)).map_or(first, |owner| owner.who)
}

/// The customer has written: what had lapsed by then does not come back.
pub fn hear(world: &World, thread: &mut Thread, now_ms: i64) {
    let who = owner(world, thread, now_ms);
    thread.owner = thread.owner.filter(|owner| owner.who == who);
    thread.last_customer_ms = now_ms;
}

/// A free-form message of ours: for the escalation partner it takes the chat, for others it needs it.
pub fn speak(world: &World, thread: &mut Thread, now_ms: i64) -> Result<(), GraphError> {
    if owner(world, thread, now_ms) == Responder::Us {
        return Ok(());
    }
    if role(world, Responder::Us) == "escalation" {
        thread.owner = Some(Owner { who: Responder::Us, since_ms: now_ms });
        return Ok(());
    }
    let code = world.switches.number("whatsapp.not_owner_code");
    Err(GraphError::new(code, "Another responder owns this conversation"))
}

/// A change of hands, by whoever makes it.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `take`, `release` or `pass`.
    pub action: String,
    pub metadata: Option<String>,
    /// For `pass`; the escalation partner if absent.
    pub target_role: Option<String>,
    /// What the new owner is told about the conversation so far.
    pub summary: Option<String>,
}

/// Changes hands; gives the webhook for those who hear of it, where `by` is not alone in it.
pub fn change(
    world: &World,
    held: &mut Held,
    user_index: usize,
    by: Responder,
    request: &Request,
) -> Result<Option<Value>, GraphError> {
    let now_ms = world.clock.now_ms();
    if first(world).is_none() {
        return Err(GraphError::new(100, "This number has only one responder"));
    }
    if request.metadata.as_ref().is_some_and(|text| text.chars().count() > MAX_METADATA_CHARS) {
        let details =
            format!("Param metadata must be at most {MAX_METADATA_CHARS} characters long");
        return Err(GraphError::new(100, details));
    }
    let user = held.users.get(user_index).cloned();
    let user = user.ok_or_else(|| GraphError::new(131_009, "the user is gone"))?;
    let thread = held.thread(user_index);
    let owner = owner(world, thread, now_ms);
    let not_owner = || GraphError::new(100, "Only the owner of the conversation can do this");
    let next = match request.action.as_str() {
        "take" if role(world, by) != "escalation" => {
            return Err(GraphError::new(2_494_191, "Only the escalation partner can take control"));
        }
        "take" => by,
        _ if owner != by => return Err(not_owner()),
        "release" => {
            thread.owner = None;
            return Ok(None);
        }
        "pass" => {
            let target = request.target_role.as_deref().unwrap_or("escalation");
            if role(world, by.other()) != target {
                return Err(GraphError::new(100, format!("Nobody else has the role {target}")));
            }
            by.other()
        }
        _ => return Err(GraphError::new(100, "Param action must be one of take, release, pass")),
    };
    thread.owner = Some(Owner { who: next, since_ms: now_ms });
    Ok(Some(told(world, &user, (owner, next), request)))
}

/// A change in the field `messaging_handovers`.
fn told(
    world: &World,
    user: &User,
    (before, after): (Responder, Responder),
    request: &Request,
) -> Value {
    let kind = if request.action == "take" { "control_taken" } else { "control_passed" };
    let mut detail = json!({
        "previous_owner_role": role(world, before),
        "new_owner_role": role(world, after),
    });
    if let Some(metadata) = &request.metadata {
        detail["metadata"] = json!(metadata);
    }
    if let Some(summary) = &request.summary {
        detail["conversation_context"] =
            json!({ "type": "summary", "summary": { "text": summary } });
    }
    let sender = user.phone.as_ref().map_or(json!({}), |phone| json!({ "phone_number": phone }));
    json!({
        "field": "messaging_handovers",
        "value": {
            "messaging_product": "whatsapp",
            "sender": sender,
            "recipient": metadata(&world.whatsapp.account),
            "type": kind,
            "timestamp": (world.clock.now_ms() / 1_000).to_string(),
            kind: detail,
        },
    })
}

/// Turns a change of `messages` into one of `standby`: seen, and not to be answered.
pub fn stand_by(mut change: Value) -> Value {
    let mut nested = json!({});
    for items in ["messages", "message_echoes", "statuses"] {
        if let Some(list) = change["value"].as_object_mut().and_then(|value| value.remove(items)) {
            nested[items] = list;
        }
    }
    change["value"]["standby"] = nested;
    change["field"] = json!("standby");
    change
}

/// `POST /{version}/{phone_number_id}/thread_control`.
pub async fn thread_control(
    State(world): State<Arc<World>>,
    Path((version, id)): Path<(String, String)>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let done = authorize(&world, &version, &headers, false).and_then(|()| {
        if id != world.whatsapp.account.phone_number_id {
            return Err(GraphError::no_such_object(&id));
        }
        let sent: Value = serde_json::from_str(&body)
            .map_err(|_| GraphError::new(100, "The request body is not valid JSON"))?;
        ours(&world, &call, &sent)
    });
    match done {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => error.respond(&world),
    }
}

fn ours(world: &World, call: &Call, sent: &Value) -> Result<Value, GraphError> {
    if sent["messaging_product"] != "whatsapp" {
        return Err(GraphError::new(100, "The parameter messaging_product is required."));
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let request = Request {
        action: text(&sent["action"]).unwrap_or_default(),
        metadata: text(&sent["metadata"]),
        target_role: text(&sent["control_pass"]["target_role"]),
        summary: None,
    };
    if request.target_role.is_some() && request.action != "pass" {
        return Err(GraphError::new(100, "Param control_pass is only for the action pass"));
    }
    let mut held = world.whatsapp.lock();
    let user = recipient::find(world, &mut held, sent)?.user;
    let told = change(world, &mut held, user, Responder::Us, &request)?;
    if let Some(told) = told.filter(|_| world.switches.is("whatsapp.handover_echo", "yes")) {
        call.emit(emission(told));
    }
    Ok(json!({ "success": true }))
}

fn emission(told: Value) -> Emission {
    Emission {
        vendor: "whatsapp",
        kind: "handover".to_owned(),
        key: None,
        delay_ms: 0,
        make: Box::new(move |world| hook(world, &mut world.whatsapp.lock(), told)),
    }
}

/// The webhook for a change of hands.
pub fn hook(world: &World, held: &mut Held, told: Value) -> Option<Hook> {
    webhooks::change(world, held, "handover", None, told)
}
