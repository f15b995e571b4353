//! Looking in from outside, and what an administrator sets up: under `/_control/salesforce`. What reps do is in
//! [`orders`].

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Json;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::deployment::{Deployment, MAX_FIELDS};
use super::identity::{KeySet, MAX_KEYS};
use super::subject::End;
use super::{crm, orders, view};
use crate::World;
use crate::control::Refusal;

pub type Answer = Result<Json<Value>, Refusal>;
pub type Sandbox = State<Arc<World>>;

/// Mounted at `/_control`.
pub fn router() -> Router<Arc<World>> {
    let everything = Router::new()
        .route("/", get(account))
        .route("/conversations", get(conversations))
        .route("/conversations/{id}", get(conversation))
        .route("/key_set", get(key_set).post(set_key_set))
        .route("/deployment", get(deployment).post(set_deployment))
        .route("/streams", get(streams))
        .route("/disconnect", post(disconnect))
        .route("/revoke", post(revoke))
        .route("/said", post(said))
        .merge(orders::router())
        .nest("/crm", crm::control_router());
    Router::new().nest("/salesforce", everything)
}

async fn account(State(world): Sandbox) -> Json<Value> {
    let account = &world.salesforce.account;
    Json(json!({ "account": account, "urls": account.urls(&world.base_url) }))
}

async fn conversations(State(world): Sandbox) -> Json<Value> {
    let inner = world.salesforce.inner();
    let newest_first = inner.conversations.iter().rev().take(view::MAX_LISTED);
    Json(json!({ "conversations": newest_first.map(view::summary).collect::<Vec<_>>() }))
}

async fn conversation(State(world): Sandbox, Path(id): Path<String>) -> Answer {
    let mut inner = world.salesforce.inner();
    let at = inner.index_of_any(&id);
    let at = at.ok_or_else(|| Refusal::not_found(format!("no conversation {id}")))?;
    Ok(Json(view::detail(&world, &mut inner, at, world.clock.now_ms())))
}

async fn key_set(State(world): Sandbox) -> Json<Value> {
    Json(json!(world.salesforce.inner().key_set))
}

/// The whole set anew, with its keys or with the address where they are.
async fn set_key_set(State(world): Sandbox, Json(set): Json<KeySet>) -> Answer {
    if set.keys.len() > MAX_KEYS {
        return Err(Refusal::bad_request(format!("a set has at most {MAX_KEYS} keys")));
    }
    let mut inner = world.salesforce.inner();
    inner.key_set = set;
    Ok(Json(json!(inner.key_set)))
}

async fn deployment(State(world): Sandbox) -> Json<Value> {
    Json(json!(world.salesforce.inner().deployment))
}

/// Members that are absent are as in the beginning.
async fn set_deployment(State(world): Sandbox, Json(deployment): Json<Deployment>) -> Answer {
    if deployment.fields.len() + deployment.parameters.len() > MAX_FIELDS {
        return Err(Refusal::bad_request(format!("a form has at most {MAX_FIELDS} fields")));
    }
    let mut inner = world.salesforce.inner();
    inner.deployment = deployment;
    Ok(Json(json!(inner.deployment)))
}

/// Open streams, by end user.
async fn streams(State(world): Sandbox) -> Json<Value> {
    let now_ms = world.clock.now_ms();
    let mut inner = world.salesforce.inner();
    let mut open = Vec::new();
    for subject in inner.subjects_mut().filter(|subject| !subject.streams.is_empty()) {
        let streams: Vec<Value> = subject
            .streams
            .iter()
            .map(|stream| json!({ "seq": stream.seq, "opened_at_ms": stream.opened_ms }))
            .collect();
        open.push(json!({
            "subject": subject.name,
            "last_event_id": subject.due_id(now_ms),
            "streams": streams,
        }));
    }
    Json(json!({ "subjects": open }))
}

/// Whose streams, and how they end.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Disconnect {
    /// Of the end user of this conversation; everybody's if absent.
    #[serde(default)]
    conversation: Option<String>,
    /// The connection breaks instead of ending.
    #[serde(default)]
    reset: bool,
    /// … and does so after so many bytes of the next event.
    #[serde(default)]
    after_bytes: Option<usize>,
}

async fn disconnect(State(world): Sandbox, Json(order): Json<Disconnect>) -> Answer {
    let mut inner = world.salesforce.inner();
    let subject = subject_of(&inner, order.conversation.as_deref())?;
    let end = match (order.after_bytes, order.reset) {
        (Some(bytes), _) => End::CutAfter(bytes),
        (None, true) => End::Reset,
        (None, false) => End::Close,
    };
    let mut ended = 0;
    for known in inner.subjects_mut() {
        if subject.as_ref().is_some_and(|subject| *subject != known.name) {
            continue;
        }
        for stream in &mut known.streams {
            stream.end = Some(end);
            ended += 1;
        }
        known.touch();
    }
    Ok(Json(json!({ "streams": ended })))
}

/// The end user of a conversation; none if nobody is named.
fn subject_of(inner: &super::Inner, id: Option<&str>) -> Result<Option<String>, Refusal> {
    let Some(id) = id else { return Ok(None) };
    let at = inner.index_of_any(id);
    let at = at.ok_or_else(|| Refusal::not_found(format!("no conversation {id}")))?;
    Ok(Some(inner.conversations[at].subject.clone()))
}

/// Every token that there is stops being good, as after an administrator's order.
async fn revoke(State(world): Sandbox) -> Json<Value> {
    let mut inner = world.salesforce.inner();
    inner.generation += 1;
    for subject in inner.subjects_mut() {
        subject.touch();
    }
    Json(json!({ "generation": inner.generation }))
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
    let mut inner = world.salesforce.inner();
    if !inner.add_said(&said.text, said.times) {
        return Err(Refusal::bad_request("too many different texts are kept"));
    }
    Ok(Json(json!({ "text": said.text, "times": inner.said.get(&said.text) })))
}
