//! `POST /{phone_number_id}/messages`: sending, read marks and typing.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Json, Response};
use serde_json::{Value, json};

use super::attachment::{self, Attachment};
use super::errors::GraphError;
use super::gates::{self, Attempt};
use super::media::Media;
use super::recipient::{self, Recipient};
use super::template_send::{self, Rendered};
use super::thread::{Item, Progress, new_wamid, readable};
use super::users::User;
use super::{Held, Send, authorize, handover, interactive, limits, pricing, statuses};
use crate::{Call, World};

/// A typing indicator disappears by itself (Cloud API "Typing indicators", checked 2026-11-20).
const TYPING_MS: i64 = 25_000;

pub async fn send(
    State(world): State<Arc<World>>,
    Path((version, id)): Path<(String, String)>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let done = match read(&world, &version, &id, &headers, &body) {
        Ok(message) if message["status"].is_null() => {
            let attachments = attachment::gather(&world, &message).await;
            accept(&world, &call, &message, attachments)
        }
        Ok(message) => mark_read(&world, &message),
        Err(error) => Err(error),
    };
    match done {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => {
            call.note(format!("rejected {}", error.code));
            error.respond(&world)
        }
    }
}

fn read(
    world: &World,
    version: &str,
    id: &str,
    headers: &HeaderMap,
    body: &str,
) -> Result<Value, GraphError> {
    authorize(world, version, headers, false)?;
    if id != world.whatsapp.account.phone_number_id {
        return Err(GraphError::no_such_object(id));
    }
    let message: Value = serde_json::from_str(body)
        .map_err(|_| GraphError::new(100, "The request body is not valid JSON"))?;
    if message["messaging_product"] != "whatsapp" {
        return Err(GraphError::new(100, "The parameter messaging_product is required."));
    }
    Ok(message)
}

fn mark_read(world: &World, message: &Value) -> Result<Value, GraphError> {
    let wamid = message["message_id"].as_str().filter(|_| message["status"] == "read");
    let wamid =
        wamid.ok_or_else(|| GraphError::new(131_009, "status must be read, with a message_id"))?;
    let typing = &message["typing_indicator"];
    if !typing.is_null() && typing["type"] != "text" {
        return Err(GraphError::new(131_009, "typing_indicator[type] must be text"));
    }
    let mut held = world.whatsapp.lock();
    let unknown =
        || GraphError::new(131_009, "message_id is not a message that this number received");
    let (user, item) = held.item(wamid).ok_or_else(unknown)?;
    if item.from != "customer" {
        return Err(unknown());
    }
    let read_up_to_ms = item.at_ms;
    let thread = held.thread(user);
    for item in thread
        .items
        .iter_mut()
        .filter(|item| item.from == "customer" && item.at_ms <= read_up_to_ms)
    {
        item.progress = Progress::Read;
    }
    if !typing.is_null() {
        thread.typing_until_ms = world.clock.now_ms() + TYPING_MS;
    }
    Ok(json!({ "success": true }))
}

/// What a message amounts to, once its form is right.
fn draft(world: &World, held: &Held, kind: &str, message: &Value) -> Result<Rendered, GraphError> {
    let content = &message[kind];
    if kind == "template" {
        return template_send::check(&held.templates, content);
    }
    limits::check(world, kind, message)?;
    let choices = if kind == "interactive" { interactive::choices(content) } else { Vec::new() };
    Ok(Rendered { text: readable(kind, content), choices, category: "service".to_owned() })
}

fn accept(
    world: &World,
    call: &Call,
    message: &Value,
    attachments: Vec<Attachment>,
) -> Result<Value, GraphError> {
    let kind = message["type"].as_str().unwrap_or("text");
    let callback_data = callback_data(message)?;
    let now_ms = world.clock.now_ms();
    let mut held = world.whatsapp.lock();
    let held = &mut *held;
    let recipient = recipient::find(world, held, message)?;
    let draft = draft(world, held, kind, message)?;
    let settled = attachment::settle(world, held, attachments)?;
    gates::check_account(world, held, recipient.user)?;
    gates::check_rates(world, held, call, recipient.user, now_ms)?;
    let is_template = kind == "template";
    if !is_template {
        handover::speak(world, held.thread(recipient.user), now_ms)?;
    }
    let user = held.users.get(recipient.user).cloned();
    let user = user.ok_or_else(|| GraphError::new(131_000, "user is gone"))?;
    let category = draft.category.as_str();
    let attempt =
        Attempt { call, user: &user, recipient: &recipient, is_template, category, now_ms };
    let failure = gates::undeliverable(world, held, &attempt)?.or(settled.failure);

    let wamid = new_wamid(&world.whatsapp.ids, &user.key());
    let thread = held.thread(recipient.user);
    thread.typing_until_ms = 0;
    let pricing = pricing::price(world, thread, category, now_ms);
    held.remember_send(Send {
        seq: call.seq(),
        wamid: wamid.clone(),
        callback_data: callback_data.clone(),
        failed: failure.is_some(),
    });
    let item = Item {
        text: draft.text,
        reply_to: message["context"]["message_id"].as_str().map(str::to_owned),
        media: settled.media.as_ref().map(Media::shown),
        choices: draft.choices,
        callback_data,
        pricing,
        by_user_id: recipient.by_user_id,
        ..Item::new(&wamid, "business", kind, message[kind].clone(), now_ms)
    };
    held.keep(recipient.user, item);
    let emissions = match &failure {
        Some(error) => statuses::failure(world, &wamid, &user.key(), error),
        None => statuses::progress(world, &wamid, &user.key(), user.blocked),
    };
    emissions.into_iter().for_each(|emission| call.emit(emission));
    let note = failure.map(|error| format!("accepted, will fail with {}", error.code));
    call.note(note.unwrap_or_else(|| "accepted".to_owned()));
    Ok(answer(world, &recipient, &user, &wamid, kind))
}

fn answer(world: &World, recipient: &Recipient, user: &User, wamid: &str, kind: &str) -> Value {
    let mut contact = json!({ "input": recipient.input });
    match user.phone.as_deref().filter(|_| !recipient.by_user_id) {
        Some(phone) => contact["wa_id"] = json!(phone),
        None => contact["user_id"] = json!(user.bsuid),
    }
    let mut message = json!({ "id": wamid });
    if kind == "template" {
        message["message_status"] = json!(world.switches.get("whatsapp.message_status"));
    }
    json!({ "messaging_product": "whatsapp", "contacts": [contact], "messages": [message] })
}

fn callback_data(message: &Value) -> Result<Option<String>, GraphError> {
    match &message["biz_opaque_callback_data"] {
        Value::Null => Ok(None),
        Value::String(data) if data.chars().count() <= 512 => Ok(Some(data.clone())),
        _ => Err(GraphError::new(
            100,
            "biz_opaque_callback_data must be a string of at most 512 characters",
        )),
    }
}
