//! The Messaging API: its calls, its headers and its errors.
//!
//! Source: "Overview of messaging APIs", its pages per call, and "Error handling in messaging APIs", checked 2026-11-21.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde_json::{Map, Value, json};

use super::{activity, create, entra, files, is_guid, listing};
use crate::{Call, Operation, Seen, World};

/// Query parameters of the listings.
pub type Options = HashMap<String, String>;

/// A refusal: HTTP status, the number 30001 to 30016 where one is documented, and text.
#[derive(Debug)]
pub struct Refusal {
    status: u16,
    number: Option<u32>,
    detail: String,
    /// Of a 429.
    retry_after_s: Option<i64>,
}

impl Refusal {
    pub fn new(status: u16, number: u32, detail: impl Into<String>) -> Self {
        Self { status, number: Some(number), detail: detail.into(), retry_after_s: None }
    }

    pub fn unnumbered(status: u16, detail: impl Into<String>) -> Self {
        Self { status, number: None, detail: detail.into(), retry_after_s: None }
    }

    fn too_many(retry_after_s: i64) -> Self {
        let refusal = Self::unnumbered(429, "The request rate limit has been exceeded.");
        Self { retry_after_s: Some(retry_after_s), ..refusal }
    }

    /// 30012: no body, or one that does not read as documented.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(400, 30012, detail)
    }

    /// 30013: the conversation is unknown, or it is over.
    pub fn no_conversation() -> Self {
        Self::new(404, 30013, "The conversation does not exist or has been closed.")
    }
}

pub fn router() -> Router<Arc<World>> {
    let base = "/messaging/api/v1.0/consumer";
    Router::new()
        .route(&format!("{base}/conversation/create"), post(create_call))
        .route(&format!("{base}/conversation/{{id}}"), post(activity_call))
        .route(&format!("{base}/conversations"), get(conversations_call))
        .route(&format!("{base}/conversation/{{id}}/messages"), get(messages_call))
        .route(&format!("{base}/conversation/{{id}}/context"), get(context_call))
        .route("/messaging/files/{id}/{name}", get(files::serve))
}

async fn create_call(
    State(world): State<Arc<World>>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let result =
        admitted(&world, &call, &headers).and_then(|()| create::create(&world, &call, &body));
    respond(&world, &call, result)
}

async fn activity_call(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let result = match admitted_to(&world, &call, &headers, &id) {
        Ok(()) => files::fetch_first(&world, &body).await,
        refused => refused,
    };
    let result = result.and_then(|()| activity::accept(&world, &call, &id, &body));
    respond(&world, &call, result)
}

async fn conversations_call(
    State(world): State<Arc<World>>,
    Query(options): Query<Options>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
) -> Response {
    let result =
        admitted(&world, &call, &headers).and_then(|()| listing::conversations(&world, &options));
    respond(&world, &call, result)
}

async fn messages_call(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    Query(options): Query<Options>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
) -> Response {
    let result = admitted_to(&world, &call, &headers, &id)
        .and_then(|()| listing::messages(&world, &id, &options));
    respond(&world, &call, result)
}

async fn context_call(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
) -> Response {
    let result =
        admitted_to(&world, &call, &headers, &id).and_then(|()| listing::context(&world, &id));
    respond(&world, &call, result)
}

fn admitted_to(world: &World, call: &Call, headers: &HeaderMap, id: &str) -> Result<(), Refusal> {
    admitted(world, call, headers)?;
    if is_guid(id) {
        Ok(())
    } else {
        Err(Refusal::new(400, 30005, "The conversation id is not a valid GUID."))
    }
}

/// Pace, token, organisation and channel, in this order.
fn admitted(world: &World, call: &Call, headers: &HeaderMap) -> Result<(), Refusal> {
    let per_minute = world.switches.number("dynamics365.calls_per_minute");
    let now_ms = world.clock.now_ms();
    world
        .dynamics365
        .inner()
        .pace
        .take(per_minute, now_ms, call.seq())
        .map_err(Refusal::too_many)?;
    entra::authorize(world, headers, &entra::messaging_audiences(world))
        .map_err(|reason| Refusal::unnumbered(401, format!("Unauthorized: {reason}.")))?;
    let organization = id_sent(world, headers, "organization", 30001)?;
    let channel = id_sent(world, headers, "channel", 30002)?;
    if !organization.eq_ignore_ascii_case(&expected_organization(world)) {
        return Err(Refusal::unnumbered(
            401,
            "The channel is not authorized for the organization.",
        ));
    }
    let inner = world.dynamics365.inner();
    if inner.tables.get("msdyn_occustommessagingchannels", channel).is_none() {
        return Err(Refusal::new(404, 30004, "The configuration of the channel was not found."));
    }
    Ok(())
}

/// Nothing says that it is the id that WhoAmI tells.
fn expected_organization(world: &World) -> String {
    let account = &world.dynamics365.account;
    match world.switches.get("dynamics365.organization_id").as_str() {
        "other" => account.other_organization_id.clone(),
        _ => account.organization_id.clone(),
    }
}

/// The id of an organisation or a channel in its header, or the refusal of that number.
fn id_sent<'a>(
    world: &World,
    headers: &'a HeaderMap,
    of: &str,
    number: u32,
) -> Result<&'a str, Refusal> {
    let id = sent(world, headers, &format!("{of}-id")).filter(|id| is_guid(id));
    id.ok_or_else(|| {
        let detail = format!("The {of} id header is missing or is not a valid GUID.");
        Refusal::new(400, number, detail)
    })
}

/// A header under the names that the switch allows.
fn sent<'a>(world: &World, headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let older = format!("x-ms-{name}");
    let names: &[&str] = match world.switches.get("dynamics365.headers").as_str() {
        "x_ms" => &[&older],
        "either" => &[name, &older],
        _ => &[name],
    };
    names.iter().find_map(|name| headers.get(*name)).and_then(|value| value.to_str().ok())
}

fn respond(world: &World, call: &Call, result: Result<Value, Refusal>) -> Response {
    let refusal = match result {
        Ok(body) => return Json(cased(world, body)).into_response(),
        Err(refusal) => refusal,
    };
    let number = refusal.number.map(|number| number.to_string());
    call.note(format!(
        "rejected {} {}",
        number.as_deref().unwrap_or("without number"),
        refusal.detail
    ));
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    let field = world.switches.get("dynamics365.error_code_field");
    let mut response = (status, Json(error_body(&field, &refusal))).into_response();
    if let Ok(value) = HeaderValue::from_str(&world.dynamics365.guid()) {
        response.headers_mut().insert(HeaderName::from_static("x-ms-correlation-id"), value);
    }
    if let Some(seconds) = refusal.retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// Problem details (RFC 7807), with the number wherever the switch puts it.
fn error_body(field: &str, refusal: &Refusal) -> Value {
    let Refusal { status, number, detail, .. } = refusal;
    let title = StatusCode::from_u16(*status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Error");
    let mut body = json!({
        "type": "https://tools.ietf.org/html/rfc9110#section-15",
        "title": title,
        "status": status,
        "detail": detail,
    });
    let Some(number) = number else { return body };
    match field {
        "nested" => return json!({ "error": { "code": number.to_string(), "message": detail } }),
        "detail" => body["detail"] = json!(format!("Error {number}: {detail}")),
        "none" => {}
        name => body[name] = json!(number),
    }
    body
}

/// The spelling of answer fields; what callers put into channelData and attachments stays as it was.
fn cased(world: &World, body: Value) -> Value {
    match world.switches.get("dynamics365.field_case").as_str() {
        "lower" => respelled(body, &|name| name.to_lowercase()),
        "camel" => respelled(body, &|name| match name {
            "conversationid" => "conversationId".to_owned(),
            "continuationtoken" => "continuationToken".to_owned(),
            other => other.to_owned(),
        }),
        _ => body,
    }
}

fn respelled(value: Value, spell: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::Object(fields) => {
            let respell = |(name, value): (String, Value)| {
                let opaque = name == "channelData" || name == "attachments";
                (spell(&name), if opaque { value } else { respelled(value, spell) })
            };
            Value::Object(fields.into_iter().map(respell).collect::<Map<_, _>>())
        }
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| respelled(item, spell)).collect())
        }
        other => other,
    }
}

/// The call's name for faults and the journal, keyed by conversation, or by `customerid` for a create.
pub fn operation(seen: &Seen) -> Operation {
    if let Some(file) = seen.path.strip_prefix("/messaging/files/") {
        let id = file.split('/').next().map(str::to_owned);
        return Operation { vendor: "dynamics365", name: "file.get".to_owned(), key: id };
    }
    let path = seen.path.strip_prefix("/messaging/api/v1.0/consumer/").unwrap_or_default();
    let segments: Vec<&str> = path.split('/').collect();
    let (name, key) = match segments.as_slice() {
        ["conversation", "create"] => {
            let customer = seen.body.pointer("/customercontext/customerid").and_then(Value::as_str);
            ("conversation.create", customer)
        }
        ["conversations"] => ("conversations.list", None),
        ["conversation", id] => (activity_name(&seen.body), Some(*id)),
        ["conversation", id, "messages"] => ("messages.list", Some(*id)),
        ["conversation", id, "context"] => ("context.get", Some(*id)),
        _ => ("unknown", None),
    };
    Operation { vendor: "dynamics365", name: name.to_owned(), key: key.map(str::to_owned) }
}

fn activity_name(body: &Value) -> &'static str {
    match body.get("type").and_then(Value::as_str) {
        Some("message") if activity::is_automated(body) => "activity.automated",
        Some("message") => "activity.message",
        Some("typing") => "activity.typing",
        Some("endOfConversation") => "activity.end",
        _ => "activity.event",
    }
}

/// The body of a refusal that a fault asked for.
pub fn fault_body(status: u16, code: Option<&Value>) -> Value {
    let number = code.and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
    let refusal = Refusal::unnumbered(status, "The request could not be processed.");
    error_body("errorCode", &Refusal { number, ..refusal })
}
