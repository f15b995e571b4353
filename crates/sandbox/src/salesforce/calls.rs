//! The calls around conversations: their checks and answers.
//!
//! Source: "Enhanced Chat API" reference, version 2, and "Rate Limits for Enhanced Chat", checked 2026-11. Bodies and
//! statuses that the reference does not show are as clients of live organisations observed them.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde_json::{Map, Value, json};

use super::conversation::Conversation;
use super::error::{Refusal, respond};
use super::lifecycle::Beginning;
use super::scene::{Scene, instant};
use super::state::MAX_CONVERSATIONS;
use super::{Inner, acknowledged, inbound, listing, stream, token, upload};
use crate::{Call, World};

/// The largest request with a file, in bytes; the file's own limit is lower.
const MAX_UPLOAD_BYTES: usize = 32 * 1024 * 1024;

pub type Options = HashMap<String, String>;
type Answer = Result<Response, Refusal>;

pub fn router() -> Router<Arc<World>> {
    let base = "/iamessage/api/v2/conversation";
    Router::new()
        .route(base, post(create))
        .route(&format!("{base}/list"), get(list))
        .route(&format!("{base}/{{id}}"), get(status).delete(close))
        .route(&format!("{base}/{{id}}/message"), post(message))
        .route(&format!("{base}/{{id}}/file"), post(file))
        .route(&format!("{base}/{{id}}/entry"), post(entry))
        .route(&format!("{base}/{{id}}/acknowledge-entries"), post(acknowledge))
        .route(&format!("{base}/{{id}}/entries"), get(entries))
        .route(&format!("{base}/{{id}}/session"), axum::routing::delete(end_session))
        .route("/eventrouter/v1/sse", get(stream::open))
        .layer(DefaultBodyLimit::max(MAX_UPLOAD_BYTES))
}

async fn create(
    State(world): State<Arc<World>>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let result = token::bearer(&world, &headers).and_then(|claims| {
        let body = json_of(&body)?;
        named(&world, body["esDeveloperName"].as_str())?;
        begin(&world, &call, &claims.sub, &body)
    });
    respond(&world, &call, result)
}

/// 201 without a body.
fn begin(world: &World, call: &Call, subject: &str, body: &Value) -> Answer {
    let id = body["conversationId"].as_str().unwrap_or_default();
    if !is_uuid_v4(id) {
        return Err(Refusal::bad_request(
            "Specify the conversationId in UUID format. The UUID must be in lowercase.",
        ));
    }
    let beginning = beginning(world, &world.salesforce.inner(), body)?;
    let mut inner = world.salesforce.inner();
    if let Some(known) = inner.index(id) {
        let own = inner.conversations[known].subject == subject;
        if own && world.switches.is("salesforce.duplicate_conversation", "idempotent") {
            return Ok(StatusCode::CREATED.into_response());
        }
        return Err(Refusal::conflict("A conversation with this conversationId already exists."));
    }
    if inner.conversations.len() >= MAX_CONVERSATIONS {
        return Err(Refusal::bad_request("Too many conversations."));
    }
    let now_ms = world.clock.now_ms();
    let record_id = records(world, &mut inner, subject, id, &beginning.kept, now_ms);
    let mut conversation = Conversation::new(id, record_id, subject, now_ms);
    conversation.language = body["language"].as_str().map(str::to_owned);
    let at = inner.add(conversation);
    Scene::new(world, &mut inner, at, call.seq()).begin(beginning).map_err(Refusal::bad_request)?;
    call.note("accepted");
    Ok(StatusCode::CREATED.into_response())
}

/// The rows of a new conversation and of an end user who has none yet.
fn records(
    world: &World,
    inner: &mut Inner,
    subject: &str,
    id: &str,
    kept: &Map<String, Value>,
    now_ms: i64,
) -> String {
    let rows = &world.salesforce.records;
    let account = &world.salesforce.account;
    let end_user = inner.subject(subject);
    if end_user.end_user_id.is_none() {
        let fields = Map::from_iter([
            ("Name".to_owned(), kept.get("Name").cloned().unwrap_or_else(|| json!("Guest"))),
            ("MessagingPlatformKey".to_owned(), json!(subject)),
            ("MessageType".to_owned(), json!("EmbeddedMessaging")),
            ("MessagingChannelId".to_owned(), json!(account.channel_id)),
        ]);
        end_user.end_user_id = Some(rows.create("MessagingEndUser", fields, now_ms));
    }
    let fields = Map::from_iter([
        ("ConversationIdentifier".to_owned(), json!(id)),
        ("StartTime".to_owned(), json!(instant(now_ms))),
    ]);
    rows.create("Conversation", fields, now_ms)
}

/// Pre-chat values of a create, or of a message that begins a session.
pub fn beginning(world: &World, inner: &Inner, body: &Value) -> Result<Beginning, Refusal> {
    let sent = match &body["routingAttributes"] {
        Value::Null => Map::new(),
        Value::Object(sent) => sent.clone(),
        _ => return Err(Refusal::bad_request("routingAttributes must be an object.")),
    };
    let too_long = world.switches.get("salesforce.long_attribute");
    let kept = inner.deployment.kept(&sent, &too_long)?;
    Ok(Beginning { kept, sent, unrouted: false })
}

async fn list(
    State(world): State<Arc<World>>,
    Query(options): Query<Options>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
) -> Response {
    let result = token::bearer(&world, &headers)
        .and_then(|claims| listing::conversations(&world, &claims.sub, &options));
    respond(&world, &call, result.map(|body| Json(body).into_response()))
}

async fn entries(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    Query(options): Query<Options>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
) -> Response {
    let result = own(&world, &headers, &id).and_then(|at| listing::entries(&world, at, &options));
    respond(&world, &call, result.map(|body| Json(body).into_response()))
}

async fn status(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
) -> Response {
    let result = own(&world, &headers, &id).map(|at| listing::status(&world, at));
    respond(&world, &call, result.map(|body| Json(body).into_response()))
}

async fn message(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let result = own(&world, &headers, &id).and_then(|at| {
        let body = json_of(&body)?;
        named(&world, body["esDeveloperName"].as_str())?;
        inbound::message(&world, &call, at, &body)
    });
    respond(&world, &call, result.map(accepted))
}

async fn file(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let result =
        own(&world, &headers, &id).and_then(|at| upload::file(&world, &call, at, &headers, &body));
    respond(&world, &call, result.map(accepted))
}

async fn entry(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let result = own(&world, &headers, &id)
        .and_then(|at| acknowledged::typing(&world, &call, at, &json_of(&body)?));
    respond(&world, &call, result.map(|()| StatusCode::ACCEPTED.into_response()))
}

async fn acknowledge(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let result = own(&world, &headers, &id)
        .and_then(|at| acknowledged::acknowledge(&world, &call, at, &json_of(&body)?));
    respond(&world, &call, result.map(|()| StatusCode::ACCEPTED.into_response()))
}

async fn end_session(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    Query(options): Query<Options>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
) -> Response {
    let result = own(&world, &headers, &id).and_then(|at| {
        named(&world, options.get("esDeveloperName").map(String::as_str))?;
        let mut inner = world.salesforce.inner();
        let mut scene = Scene::new(&world, &mut inner, at, call.seq());
        if scene.conversation().live().is_none() {
            return Err(Refusal::not_found("There is no messaging session."));
        }
        scene.end("EndUser").map_err(Refusal::bad_request)
    });
    respond(&world, &call, result.map(|()| StatusCode::NO_CONTENT.into_response()))
}

async fn close(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    Query(options): Query<Options>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
) -> Response {
    let result = own(&world, &headers, &id).and_then(|at| {
        named(&world, options.get("esDeveloperName").map(String::as_str))?;
        let mut inner = world.salesforce.inner();
        let mut scene = Scene::new(&world, &mut inner, at, call.seq());
        scene.close().map_err(Refusal::bad_request)
    });
    respond(&world, &call, result.map(|()| StatusCode::NO_CONTENT.into_response()))
}

/// 202 with what became of it.
fn accepted(entries: Vec<Value>) -> Response {
    (StatusCode::ACCEPTED, Json(json!({ "conversationEntries": entries }))).into_response()
}

pub fn json_of(body: &[u8]) -> Result<Value, Refusal> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|_| Refusal::bad_request("The request body is not JSON."))?;
    if body.is_object() {
        return Ok(body);
    }
    Err(Refusal::bad_request("The request body must be an object."))
}

/// Every call names the deployment that it is for.
pub fn named(world: &World, name: Option<&str>) -> Result<(), Refusal> {
    if name == Some(world.salesforce.account.deployment.as_str()) {
        return Ok(());
    }
    Err(Refusal::bad_request("esDeveloperName is missing or does not exist."))
}

/// The number of a conversation of the caller's own that is not closed.
fn own(world: &World, headers: &HeaderMap, id: &str) -> Result<usize, Refusal> {
    let claims = token::bearer(world, headers)?;
    let inner = world.salesforce.inner();
    let at = inner.index(id).filter(|_| is_lower(id));
    let at = at.filter(|at| inner.conversations[*at].subject == claims.sub);
    at.ok_or_else(|| Refusal::not_found("The conversation does not exist."))
}

fn is_lower(id: &str) -> bool {
    !id.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// In lower case, version 4, variant 8 to b.
pub fn is_uuid_v4(text: &str) -> bool {
    let bytes = text.as_bytes();
    let fits = |(at, byte): (usize, &u8)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        14 => *byte == b'4',
        19 => matches!(byte, b'8' | b'9' | b'a' | b'b'),
        _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(byte),
    };
    bytes.len() == 36 && bytes.iter().enumerate().all(fits)
}
