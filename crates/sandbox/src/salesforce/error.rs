//! Refusals of messaging and their bodies.
//!
//! The shape of an error body is not documented for version 2: the vendor's sample reads `message`, a client's types say
//! `{message, errorCode}`. What the gateway refuses (tokens) is plain text in Envoy's words.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use serde_json::{Value, json};

use crate::{Call, World};

/// Why a call is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    /// Absent where the gateway itself answers, in plain text.
    code: Option<&'static str>,
    message: String,
    retry_after_s: Option<i64>,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code: Some(code), message: message.into(), retry_after_s: None }
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }

    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "CONFLICT", message)
    }

    /// 417: there is no session, and one must be asked for.
    pub fn no_session() -> Self {
        let message = "No active messaging session; start a new one with pre-chat values.";
        Self::new(StatusCode::EXPECTATION_FAILED, "EXPECTATION_FAILED", message)
    }

    /// 429, with `Retry-After` only where the switch says so.
    pub fn too_many(world: &World, wait_s: i64) -> Self {
        let refusal = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "TOO_MANY_REQUESTS",
            "The rate limit has been exceeded.",
        );
        let told = world.switches.is("salesforce.retry_after", "yes");
        Self { retry_after_s: told.then_some(wait_s), ..refusal }
    }

    /// 401 in the gateway's words.
    pub fn unauthorised(text: &str) -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            code: None,
            message: text.to_owned(),
            retry_after_s: None,
        }
    }

    /// 412 of the public endpoints.
    pub fn unpublished() -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "", super::deployment::UNPUBLISHED)
    }
}

/// The answer to a call, and a word in the journal where it was refused.
pub fn respond(world: &World, call: &Call, result: Result<Response, Refusal>) -> Response {
    let refusal = match result {
        Ok(response) => return response,
        Err(refusal) => refusal,
    };
    call.note(format!("rejected {} {}", refusal.status.as_u16(), refusal.message));
    let shape = world.switches.get("salesforce.error_body");
    let body = match (refusal.code, shape.as_str()) {
        (None, _) | (_, "text") => refusal.message.into_response(),
        // The public endpoints have a shape of their own.
        (Some(""), _) => Json(json!({ "text": refusal.message })).into_response(),
        (Some(code), shape) => Json(body(shape, code, &refusal.message)).into_response(),
    };
    let mut response = (refusal.status, body).into_response();
    if let Some(seconds) = refusal.retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn body(shape: &str, code: &str, message: &str) -> Value {
    match shape {
        "code" => json!({ "code": code, "message": message }),
        "message" => json!({ "message": message }),
        _ => json!({ "message": message, "errorCode": code }),
    }
}

/// The body of a refusal that a fault asked for.
pub fn fault_body(status: u16, code: Option<&Value>) -> Value {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    json!({ "message": reason.unwrap_or("Error"), "errorCode": code })
}
