//! Where vendors deliver: the raw request to the relay, the relay's exact answer back.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::any,
};
use baton_core::inbound::{Answer, RawRequest};
use metrics::{counter, histogram};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::app::App;

/// What one of `max_concurrent_hooks` places holds.
const PLACE_BYTES: usize = 16 * 1024;

/// The hooks of all inboxes and desks.
pub(crate) fn router() -> Router<Arc<App>> {
    Router::new().route("/hooks/{id}", any(receive)).route("/hooks/{id}/{*rest}", any(receive))
}

/// Takes one request of a vendor's.
async fn receive(
    State(app): State<Arc<App>>,
    Path(path): Path<Vec<(String, String)>>,
    request: Request,
) -> Response {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let mut path = path.into_iter().map(|(_, part)| part);
    let id = path.next().and_then(|text| Uuid::try_parse(&text).ok());
    let Some((id, vendor)) = id.and_then(|id| Some((id, app.hub.vendor(id)?))) else {
        return answer(&Answer::status(404), "unknown");
    };
    // Whoever is turned away here was not read, and a vendor tries again.
    let places = places(announced(&parts.headers), app.config.hook_body_max_bytes);
    let Ok(_places) = app.hooks.try_acquire_many(places) else {
        return answer(&Answer::status(503), &vendor);
    };
    let most = Duration::from_millis(app.config.request_timeout_ms);
    let given = match timeout(most, read(&app, &parts, body)).await {
        Err(_) => Answer::status(408),
        Ok(Err(refused)) => Answer::status(refused.as_u16()),
        Ok(Ok(body)) => {
            let raw = raw(&parts, path.next().unwrap_or_default(), body);
            let received = timeout(most, app.hub.receive(id, raw)).await;
            received.unwrap_or_else(|_| Answer::status(503))
        }
    };
    if (200..300).contains(&given.status) {
        let took = started.elapsed().as_secs_f64();
        histogram!("baton_ingest_ack_seconds", "vendor" => vendor.clone()).record(took);
    }
    answer(&given, &vendor)
}

/// The body within its limit; an announced excess is refused before anything is read.
///
/// Compressed bodies are refused: no vendor of ours sends them, signatures cover the bytes as
/// sent, and a small body must not become a large one.
async fn read(app: &App, parts: &Parts, body: Body) -> Result<Vec<u8>, StatusCode> {
    let limit = app.config.hook_body_max_bytes;
    let is_plain = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"identity");
    if !parts.headers.get_all(header::CONTENT_ENCODING).iter().all(is_plain) {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    if announced(&parts.headers).is_some_and(|length| length > limit) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    match to_bytes(body, limit).await {
        Ok(bytes) => Ok(bytes.into()),
        Err(error) if is_over_limit(&error) => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Err(_) => Err(StatusCode::BAD_REQUEST),
    }
}

/// How many places a body takes: one per 16 KiB, the whole limit where it is not announced. So
/// the memory of all bodies together is bounded, and small requests are not held up by that.
fn places(announced: Option<usize>, limit: usize) -> u32 {
    let bytes = announced.unwrap_or(limit).min(limit);
    u32::try_from(bytes / PLACE_BYTES).unwrap_or(u32::MAX).saturating_add(1)
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn is_over_limit(error: &axum::Error) -> bool {
    std::error::Error::source(error)
        .is_some_and(|source| source.is::<http_body_util::LengthLimitError>())
}

fn raw(parts: &Parts, path: String, body: Vec<u8>) -> RawRequest {
    // A value that is not text cannot be compared as text; it stands there as one that no
    // signature equals, so that repeated headers stay visible.
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    RawRequest {
        method: parts.method.as_str().to_owned(),
        path,
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers.iter().map(|(n, v)| (n.as_str().to_owned(), text(v))).collect(),
        body,
    }
}

fn answer(given: &Answer, vendor: &str) -> Response {
    let status = StatusCode::from_u16(given.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    counter!("baton_hook_requests_total", "vendor" => vendor.to_owned(), "status" => status.as_u16().to_string())
        .increment(1);
    let mut response = (status, given.body.clone()).into_response();
    if let Some(kind) = given.content_type {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    if status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
