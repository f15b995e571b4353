//! Looking in from outside, and what an administrator sets up: under `/_control/dynamics365`, and under
//! `/_control/dynamics` for short. What reps do is in [`orders`], who works and when in [`staffing`].

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Json;
use axum::routing::{get, post};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::token::Signer;
use super::{adopt, dataverse, iso, orders, registration, staffing, tables, view, webhook};
use crate::World;
use crate::control::Refusal;

pub type Answer = Result<Json<Value>, Refusal>;
pub type Sandbox = State<Arc<World>>;

/// Mounted at `/_control`.
pub fn router() -> Router<Arc<World>> {
    Router::new().nest("/dynamics365", everything()).nest("/dynamics", everything())
}

fn everything() -> Router<Arc<World>> {
    Router::new()
        .route("/", get(account))
        .route("/conversations", get(conversations))
        .route("/conversations/{id}", get(conversation))
        .route("/rows/{set}", get(table_rows))
        .route("/webhook", post(set_webhook))
        .route("/webhook_token", post(webhook_token))
        .route("/said", post(said))
        .merge(orders::router())
        .merge(staffing::router())
        .merge(dataverse::control_router())
        .merge(registration::router())
}

async fn account(State(world): Sandbox) -> Json<Value> {
    let account = &world.dynamics365.account;
    Json(json!({
        "account": account,
        "urls": account.urls(&world.base_url),
        "webhook_url": world.dynamics365.webhook_url(),
    }))
}

async fn conversations(State(world): Sandbox) -> Json<Value> {
    let mut inner = world.dynamics365.inner();
    adopt::rows(&world, &mut inner, world.clock.now_ms());
    let newest_first = inner.conversations.iter().rev().take(view::MAX_LISTED);
    Json(json!({ "conversations": newest_first.map(view::summary).collect::<Vec<_>>() }))
}

async fn conversation(State(world): Sandbox, Path(id): Path<String>) -> Answer {
    let mut inner = world.dynamics365.inner();
    let Some(index) =
        inner.conversations.iter().position(|known| known.id.eq_ignore_ascii_case(&id))
    else {
        return Err(Refusal::not_found(format!("no conversation {id}")));
    };
    Ok(Json(view::detail(&mut inner, index, world.clock.now_ms())))
}

async fn table_rows(State(world): Sandbox, Path(set): Path<String>) -> Answer {
    let inner = world.dynamics365.inner();
    let table = tables::find(&set).ok_or_else(|| Refusal::not_found(format!("no table {set}")))?;
    let found: Vec<_> =
        inner.tables.list(table.set).iter().map(|stored| stored.row.clone()).collect();
    Ok(Json(json!({ "rows": found })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookUrl {
    url: String,
}

async fn set_webhook(State(world): Sandbox, Json(body): Json<WebhookUrl>) -> Json<Value> {
    let channel_id = &world.dynamics365.account.channel_id;
    let columns = json!({ "msdyn_webhookurl": body.url });
    let at = iso::seconds(world.clock.now_ms());
    world.dynamics365.inner().set_columns(
        "msdyn_occustommessagingchannels",
        channel_id,
        columns,
        &at,
    );
    Json(json!({ "webhook_url": world.dynamics365.webhook_url() }))
}

/// A token to present to the webhook by hand.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenOrder {
    aud: Option<String>,
    tid: Option<String>,
    appid: Option<String>,
    iss: Option<String>,
    /// Seconds; negative for a token that has expired.
    expires_in: Option<i64>,
    #[serde(default)]
    foreign_key: bool,
}

async fn webhook_token(State(world): Sandbox, Json(order): Json<TokenOrder>) -> Answer {
    let signer = if order.foreign_key { Signer::Foreign } else { Signer::Entra };
    let TokenOrder { aud, tid, appid, iss, expires_in, .. } = order;
    let claims =
        webhook::Claims { audience: aud, tenant: tid, app: appid, issuer: iss, life_s: expires_in };
    match webhook::mint(&world, signer, claims) {
        Some(token) => Ok(Json(json!({ "token": token }))),
        None => Err(Refusal(StatusCode::INTERNAL_SERVER_ERROR, "no key to sign with".to_owned())),
    }
}

/// The members of an order; without a body all are absent.
pub fn order<T: Default + DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    if body.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(body)
        .map_err(|error| Refusal::bad_request(format!("the order does not read: {error}")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    text: String,
    #[serde(default = "once")]
    times: usize,
}

fn once() -> usize {
    1
}

/// Tells how often the customer really said something, which decides what is a duplicate.
async fn said(State(world): Sandbox, Json(said): Json<Said>) -> Answer {
    let mut inner = world.dynamics365.inner();
    if !inner.add_said(&said.text, said.times) {
        return Err(Refusal::bad_request("too many different texts are kept"));
    }
    Ok(Json(json!({ "text": said.text, "times": inner.said.get(&said.text) })))
}
