//! What a person or a test does on the customer's side and on Meta's side.

mod message;
mod number;
mod people;
mod responder;
mod template;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::response::Json;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::callbacks::Level;
use super::thread::Progress;
use super::users::User;
use super::webhooks::{self, Signing};
use super::{Held, statuses, upload};
use crate::control::Refusal;
use crate::{Delivered, Hook, World};

/// Bytes of one control request; a file in base64 needs a third more than its size.
const MAX_BODY_BYTES: usize = 180 * 1024 * 1024;

type Answer = Result<Json<Value>, Refusal>;

pub fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/whatsapp/subscribe", post(subscribe))
        .route("/whatsapp/message", post(message::message))
        .route("/whatsapp/call", post(message::call))
        .route("/whatsapp/raw", post(raw))
        .route("/whatsapp/users", get(people::users).post(people::change_user))
        .route("/whatsapp/preferences", post(people::preferences))
        .route("/whatsapp/echo", post(responder::echo))
        .route("/whatsapp/responder", post(responder::act))
        .route("/whatsapp/number", post(number::change))
        .route("/whatsapp/status", post(status))
        .route("/whatsapp/templates", get(template::templates).post(template::change_template))
        .route("/whatsapp/flush", post(flush))
        .route("/whatsapp/thread", get(thread))
        .route("/whatsapp/media/{id}", get(upload::bytes))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}

/// Whom a control request names; the default customer if nobody.
fn user_index(held: &Held, key: Option<&str>) -> Result<usize, Refusal> {
    let Some(key) = key else { return Ok(held.users.default_index()) };
    held.users.find(key).ok_or_else(|| Refusal::not_found(format!("nobody is called {key}")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Subscribe {
    url: String,
    /// The account's own if absent.
    verify_token: Option<String>,
}

async fn subscribe(State(world): State<Arc<World>>, Json(body): Json<Subscribe>) -> Answer {
    let token = body.verify_token.as_deref().unwrap_or(&world.whatsapp.account.verify_token);
    match webhooks::handshake(&world, Level::App, &body.url, token).await {
        Ok(()) => Ok(Json(json!({ "subscribed": true, "url": body.url }))),
        Err(reason) => Err(Refusal::bad_request(reason)),
    }
}

/// Sends a webhook and waits for the end of its first attempt.
async fn post_now(world: &Arc<World>, hook: Option<Hook>) -> Delivered {
    match hook {
        Some(hook) => world.webhooks.send(world, hook).await.unwrap_or_default(),
        None => Delivered::default(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    /// JSON, escaped as Meta does.
    body: Option<Value>,
    /// Or exactly these characters.
    text: Option<String>,
    #[serde(default)]
    signature: Signing,
}

async fn raw(State(world): State<Arc<World>>, Json(raw): Json<Raw>) -> Answer {
    let body = match (raw.body, raw.text) {
        (Some(body), None) => webhooks::escape(&body.to_string(), false),
        (None, Some(text)) => text,
        _ => return Err(Refusal::bad_request("give either body (JSON) or text (a string)")),
    };
    let url = world.whatsapp.lock().callbacks.target();
    let url = url.ok_or_else(|| {
        Refusal::bad_request("nobody is subscribed; POST /_control/whatsapp/subscribe first")
    })?;
    let delivered =
        post_now(&world, webhooks::hook(&world, url, "raw", None, body, raw.signature)).await;
    Ok(Json(json!({ "delivered_status": delivered.status, "fault": delivered.fault })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ForcedStatus {
    wamid: String,
    /// `sent`, `delivered`, `read`, `played` or `failed`.
    status: String,
    /// For `failed`; 131047 if absent.
    code: Option<i64>,
    details: Option<String>,
    /// Unix seconds; now if absent.
    timestamp_s: Option<i64>,
}

async fn status(State(world): State<Arc<World>>, Json(forced): Json<ForcedStatus>) -> Answer {
    if Progress::parse(&forced.status).is_none() {
        return Err(Refusal::bad_request("status must be sent, delivered, read, played or failed"));
    }
    if world.whatsapp.lock().item(&forced.wamid).is_none() {
        return Err(Refusal::not_found("no message has this wamid"));
    }
    let at_ms =
        forced.timestamp_s.map_or(world.clock.now_ms(), |seconds| seconds.saturating_mul(1_000));
    let error = (forced.status == "failed").then(|| {
        let details = forced.details.unwrap_or_else(|| "Message failed to send.".to_owned());
        super::errors::GraphError::new(forced.code.unwrap_or(131_047), details).in_status()
    });
    let hook = statuses::tell(&world, &forced.wamid, &forced.status, at_ms, error);
    let delivered = post_now(&world, hook).await;
    Ok(Json(json!({ "delivered_status": delivered.status, "fault": delivered.fault })))
}

async fn flush(State(world): State<Arc<World>>) -> Answer {
    let hook = {
        let mut held = world.whatsapp.lock();
        webhooks::flush(&world, &mut held)
    };
    let delivered = post_now(&world, hook).await;
    Ok(Json(json!({ "delivered_status": delivered.status, "fault": delivered.fault })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ThreadQuery {
    user: Option<String>,
}

/// What this user's phone shows.
async fn thread(State(world): State<Arc<World>>, Query(query): Query<ThreadQuery>) -> Answer {
    let mut held = world.whatsapp.lock();
    let index = user_index(&held, query.user.as_deref())?;
    let user = held.users.get(index).cloned();
    let now_ms = world.clock.now_ms();
    let account = &world.whatsapp.account;
    let thread = held.thread(index);
    Ok(Json(json!({
        "user": user,
        "key": user.as_ref().map(User::key),
        "business": { "name": account.verified_name, "phone": account.display_phone_number },
        "now_ms": now_ms,
        "window_until_ms": thread.window_until_ms,
        "free_until_ms": thread.free_until_ms,
        "typing": thread.typing_until_ms > now_ms,
        "messages": thread.items,
    })))
}
