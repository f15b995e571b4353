//! Graph API errors: the body that Meta documents, and the HTTP status that comes with it.
//!
//! Source: Cloud API "Error codes", checked 2026-11-20. Meta tells callers to decide on `code` and `details`.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use serde_json::{Value, json};

use crate::World;

/// A refusal with Meta's code.
#[derive(Clone, Debug)]
pub struct GraphError {
    pub code: i64,
    pub subcode: Option<i64>,
    /// Goes into `error_data.details`; absent for errors that are not about messaging.
    pub details: Option<String>,
}

impl GraphError {
    pub fn new(code: i64, details: impl Into<String>) -> Self {
        Self { code, subcode: None, details: Some(details.into()) }
    }

    /// An object that does not exist or may not be seen.
    pub fn no_such_object(id: &str) -> Self {
        let details = format!(
            "Object with ID '{id}' does not exist, or cannot be loaded due to missing permissions"
        );
        Self { code: 100, subcode: Some(33), details: Some(details) }
    }

    pub fn respond(&self, world: &World) -> Response {
        let status = if world.switches.is("whatsapp.http_status", "all_400") {
            400
        } else {
            usual_status(self.code)
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        (status, Json(body(self, &world.whatsapp.fbtrace_id()))).into_response()
    }

    /// As it appears in a `failed` status.
    pub fn in_status(&self) -> Value {
        json!({
            "code": self.code,
            "title": title(self.code),
            "message": title(self.code),
            "error_data": { "details": self.details },
            "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
        })
    }
}

/// The error body.
pub fn body(error: &GraphError, fbtrace_id: &str) -> Value {
    let code = error.code;
    let mut inner = json!({
        "message": format!("(#{code}) {}", title(code)),
        "type": "OAuthException",
        "code": code,
        "fbtrace_id": fbtrace_id,
    });
    if let Some(details) = &error.details {
        inner["error_data"] = json!({ "messaging_product": "whatsapp", "details": details });
    }
    if let Some(subcode) = error.subcode {
        inner["error_subcode"] = json!(subcode);
    }
    if matches!(code, 1 | 2 | 131_000 | 131_016) {
        inner["is_transient"] = json!(true);
    }
    json!({ "error": inner })
}

/// Meta no longer lists these for most codes; see the switch `whatsapp.http_status`.
fn usual_status(code: i64) -> u16 {
    match code {
        0 | 190 => 401,
        3 | 10 | 200..=299 | 131_005 | 131_031 => 403,
        4 | 80_007 | 130_429 | 131_048 | 131_056 => 429,
        132_001 => 404,
        1 | 2 | 131_000 => 500,
        131_016 => 503,
        _ => 400,
    }
}

/// What Meta calls a code.
pub fn title(code: i64) -> &'static str {
    match code {
        0 | 190 => "Invalid OAuth access token - Cannot parse access token",
        2 => "Service temporarily unavailable",
        4 => "Application request limit reached",
        100 => "Invalid parameter",
        200 => "Provide valid app ID",
        80_007 => "WhatsApp Business account rate limit reached",
        130_429 => "Rate limit hit",
        131_000 => "Something went wrong",
        131_008 => "Required parameter is missing",
        131_009 => "Parameter value is not valid",
        131_016 => "Service unavailable",
        131_021 => "Recipient cannot be sender",
        131_026 => "Message undeliverable",
        131_030 => "Recipient phone number not in allowed list",
        131_042 => "Business eligibility payment issue",
        131_047 => "Re-engagement message",
        131_051 => "Unsupported message type",
        130_403 => "User is blocked by the business",
        131_050 => "User stopped marketing messages",
        131_053 => "Media upload error",
        131_056 => "(Business Account, Consumer Account) pair rate limit hit",
        131_062 => "Business-scoped user ID recipients are not supported for this message",
        132_000 => "Number of parameters does not match the expected number of params",
        132_001 => "Template name does not exist in the translation",
        132_005 => "Translated text too long",
        132_012 => "Parameter format does not match format in the created template",
        132_015 => "Template is paused",
        132_016 => "Template is disabled",
        132_018 => "Issue with the parameters in your template",
        139_100 => "Failed to block or unblock users",
        139_101 => "Blocklist limit reached",
        2_494_191 => "Thread control cannot be taken",
        _ => "Request failed",
    }
}
