//! The outermost layer: request ids, the log line, metrics, error documents, and panics that
//! stay inside their request.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use metrics::{counter, histogram};
use tokio::time::Instant;

use crate::{api::desks, app::App, error::ApiError, random};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Wraps every request. Logs hold the route's pattern, never the address: that may name people.
pub(crate) async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    let id = request_id(&app);
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response = answered.unwrap_or_else(|_| {
        tracing::error!(request = id, route, "a request panicked");
        ApiError::internal().into_response()
    });
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        response = with_document(response, &error, &id);
    }
    secure(&mut response, &app, &id);
    note(&method, route, &response, &id, started.elapsed());
    response
}

/// How long it may take to ask a vendor many things, one after the other.
const TRIAL_PATIENCE: Duration = Duration::from_secs(30);

/// Refuses what takes longer than a request may. The feed is not among these routes.
pub(crate) async fn in_time(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let usual = Duration::from_millis(app.config.request_timeout_ms);
    let most = if desks::TRIALS.contains(&route) { usual.max(TRIAL_PATIENCE) } else { usual };
    match tokio::time::timeout(most, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::overloaded().into_response(),
    }
}

fn request_id(app: &App) -> String {
    let bytes = random::bytes::<8>(&*app.random).unwrap_or_default();
    format!("{:016x}", u64::from_be_bytes(bytes))
}

fn with_document(bare: Response, error: &ApiError, id: &str) -> Response {
    let (parts, _) = bare.into_parts();
    let mut response = (parts.status, Json(error.body(id))).into_response();
    for (name, value) in &parts.headers {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            response.headers_mut().append(name, value.clone());
        }
    }
    response
}

fn secure(response: &mut Response, app: &App, id: &str) {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if app.config.secure_cookies {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
}

fn note(method: &Method, route: &str, response: &Response, id: &str, took: Duration) {
    let status = response.status().as_u16();
    let method = method_name(method);
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    if status >= 500 {
        tracing::warn!(request = id, method, route, status, ms, "request failed");
    } else {
        tracing::debug!(request = id, method, route, status, ms, "request");
    }
    let route = route.to_owned();
    counter!("baton_http_requests_total", "method" => method, "route" => route.clone(), "status" => status.to_string())
        .increment(1);
    histogram!("baton_http_request_seconds", "route" => route).record(took.as_secs_f64());
}

/// A bounded set of labels, whatever callers invent.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
