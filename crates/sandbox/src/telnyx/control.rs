//! What a person or a test does on the customer's side and on Telnyx's side.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Json;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::messages::{Message, is_e164};
use super::webhooks::{self, Event, Signing, Trip};
use super::{Held, MAX_MEDIA, MAX_OPTED_OUT};
use crate::World;
use crate::control::Refusal;

/// Who writes when nobody is named.
const DEFAULT_CUSTOMER: &str = "+15550100001";
/// Keywords of a profile (Advanced opt-in/out, from memory, to be checked again).
const STOP: [&str; 7] = ["STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"];
const START: [&str; 2] = ["START", "UNSTOP"];

type Answer = Result<Json<Value>, Refusal>;

pub fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/telnyx/account", get(account))
        .route("/telnyx/hooks", post(set_hooks))
        .route("/telnyx/message", post(message))
        .route("/telnyx/raw", post(raw))
        .route("/telnyx/thread", get(thread))
        .route("/telnyx/opted_out", get(opted_out))
}

/// Key, number and base address.
async fn account(State(world): State<Arc<World>>) -> Json<Value> {
    let account = &world.telnyx.account;
    Json(json!({ "account": account, "api_url": account.api_url(&world.base_url) }))
}

/// The profile's addresses.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hooks {
    url: String,
    failover_url: Option<String>,
}

async fn set_hooks(State(world): State<Arc<World>>, Json(hooks): Json<Hooks>) -> Json<Value> {
    let mut held = world.telnyx.lock();
    held.webhook_url = Some(hooks.url);
    held.failover_url = hooks.failover_url;
    Json(json!({ "url": held.webhook_url, "failover_url": held.failover_url }))
}

/// One thing that a customer writes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    from: Option<String>,
    text: Option<String>,
    /// Content types of pictures and the like, each of a few bytes.
    #[serde(default)]
    media: Vec<String>,
    /// Made up if absent. Giving one twice repeats a message.
    id: Option<String>,
}

async fn message(State(world): State<Arc<World>>, Json(spec): Json<Spec>) -> Answer {
    let (message, trip) = arrive(&world, &spec).map_err(Refusal::bad_request)?;
    let delivered = match trip {
        Some(trip) => trip.send(&world).await.unwrap_or_default(),
        None => crate::Delivered::default(),
    };
    Ok(Json(json!({
        "id": message.id,
        "delivered_status": delivered.status,
        "fault": delivered.fault,
    })))
}

fn arrive(world: &World, spec: &Spec) -> Result<(Message, Option<Trip>), String> {
    let from = spec.from.clone().unwrap_or_else(|| DEFAULT_CUSTOMER.to_owned());
    if !is_e164(&from) {
        return Err(format!("{from} is not a number such as {DEFAULT_CUSTOMER}"));
    }
    let mut held = world.telnyx.lock();
    let media: Result<Vec<Value>, String> =
        spec.media.iter().map(|content_type| shelve(world, &mut held, content_type)).collect();
    let default = if spec.media.is_empty() { "Hello" } else { "" };
    let now_ms = world.clock.now_ms();
    let message = Message {
        id: spec.id.clone().unwrap_or_else(|| world.telnyx.ids.guid()),
        direction: "inbound",
        from: from.clone(),
        to: world.telnyx.account.number.clone(),
        text: spec.text.clone().unwrap_or_else(|| default.to_owned()),
        media: Value::Array(media?),
        status: "webhook_delivered".to_owned(),
        webhook_url: None,
        webhook_failover_url: None,
        created_ms: now_ms,
        sent_ms: Some(now_ms),
        completed_ms: None,
        seq: 0,
    };
    obey(&mut held, &from, &message.text);
    if held.message(&message.id).is_none() {
        held.keep(message.clone());
    }
    let event = Event::new(world, "message.received", message.resource(world));
    let failover = held.failover_url.clone();
    let trip = held.webhook_url.clone().map(|url| Trip {
        event,
        customer: from,
        url,
        failover,
        attempt: 1,
    });
    Ok((message, trip))
}

fn shelve(world: &World, held: &mut Held, content_type: &str) -> Result<Value, String> {
    if held.media.len() >= MAX_MEDIA {
        return Err("too many media".to_owned());
    }
    let id = world.telnyx.ids.guid();
    let bytes = format!("media {id}");
    let url = format!("{}/media/{id}", world.telnyx.account.api_url(&world.base_url));
    let media = json!({ "url": url, "content_type": content_type, "size": bytes.len() });
    held.media.insert(id, (content_type.to_owned(), bytes.into()));
    Ok(media)
}

/// The whole message, whatever its case, is a keyword or nothing.
fn obey(held: &mut Held, from: &str, text: &str) {
    let word = text.trim().to_uppercase();
    if STOP.contains(&word.as_str()) && held.opted_out.len() < MAX_OPTED_OUT {
        held.opted_out.entry(from.to_owned()).or_insert(false);
    } else if START.contains(&word.as_str()) {
        held.opted_out.remove(from);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    /// Exactly these characters.
    text: String,
    #[serde(default)]
    signature: Signing,
}

async fn raw(State(world): State<Arc<World>>, Json(raw): Json<Raw>) -> Answer {
    let url = world.telnyx.lock().webhook_url.clone();
    let url = url
        .ok_or_else(|| Refusal::bad_request("nobody listens; POST /_control/telnyx/hooks first"))?;
    let hook = webhooks::hook(&world, "raw", None, &url, raw.text, raw.signature);
    let delivered = world.webhooks.send(&world, hook).await.unwrap_or_default();
    Ok(Json(json!({ "delivered_status": delivered.status, "fault": delivered.fault })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ThreadQuery {
    customer: Option<String>,
}

/// What this customer's phone shows.
async fn thread(State(world): State<Arc<World>>, Query(query): Query<ThreadQuery>) -> Json<Value> {
    // In a query a plus sign that was not escaped is a space.
    let wanted = query.customer.unwrap_or_else(|| DEFAULT_CUSTOMER.to_owned());
    let wanted = format!("+{}", wanted.trim_start_matches(['+', ' ']));
    let held = world.telnyx.lock();
    let shown = held.messages.iter().filter(|one| one.from == wanted || one.to == wanted);
    let rows: Vec<Value> = shown
        .map(|one| {
            json!({
                "id": one.id,
                "from": if one.direction == "inbound" { "customer" } else { "business" },
                "text": one.text,
                "media": one.media,
                "status": one.status,
                "at_ms": one.created_ms,
                "seq": one.seq,
            })
        })
        .collect();
    Json(json!({ "customer": wanted, "messages": rows }))
}

async fn opted_out(State(world): State<Arc<World>>) -> Json<Value> {
    let held = world.telnyx.lock();
    let rows = held.opted_out.iter();
    let rows: Vec<Value> =
        rows.map(|(customer, told)| json!({ "customer": customer, "told": told })).collect();
    Json(json!({ "opted_out": rows }))
}
