//! Twilio's errors in both of their shapes. Codes and texts after the Error and Warning Dictionary
//! (checked 2026-11-20); the HTTP statuses of the less usual ones are assumptions.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use serde_json::{Value, json};

/// A refusal, or what kept a message from its reader.
#[derive(Clone, Debug)]
pub struct TwilioError {
    pub code: i64,
    pub message: String,
}

impl TwilioError {
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// With the usual text of its code.
    pub fn plain(code: i64) -> Self {
        Self::new(code, title(code))
    }

    pub fn not_found(path: &str) -> Self {
        Self::new(20_404, format!("The requested resource {path} was not found"))
    }

    pub fn status(&self) -> u16 {
        match self.code {
            20_003 => 401,
            20_404 => 404,
            20_429 => 429,
            20_500 => 500,
            20_503 => 503,
            _ => 400,
        }
    }
}

/// `{code, message, more_info, status}`: the 2010 API and the first versions of the others.
pub struct Legacy(pub TwilioError);

impl From<TwilioError> for Legacy {
    fn from(error: TwilioError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Legacy {
    fn into_response(self) -> Response {
        let status = self.0.status();
        answer(status, "application/json", legacy_body(&self.0, status))
    }
}

/// RFC 9457, in the APIs from version 2 on.
pub struct Problem(pub TwilioError);

impl From<TwilioError> for Problem {
    fn from(error: TwilioError) -> Self {
        Self(error)
    }
}

impl From<Legacy> for Problem {
    fn from(error: Legacy) -> Self {
        Self(error.0)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.0.status();
        answer(status, "application/problem+json", problem_body(&self.0, status))
    }
}

pub fn legacy_body(error: &TwilioError, status: u16) -> Value {
    json!({ "code": error.code, "message": error.message, "more_info": more_info(error.code), "status": status })
}

pub fn problem_body(error: &TwilioError, status: u16) -> Value {
    json!({
        "type": more_info(error.code),
        "title": title(error.code),
        "status": status,
        "code": error.code,
        "detail": error.message,
        "instance": null,
    })
}

fn answer(status: u16, content_type: &'static str, body: Value) -> Response {
    let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (code, Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if status == 401 {
        let realm = HeaderValue::from_static("Basic realm=\"Twilio API\"");
        headers.insert(header::WWW_AUTHENTICATE, realm);
    }
    response
}

fn more_info(code: i64) -> String {
    format!("https://www.twilio.com/docs/errors/{code}")
}

/// The usual text of a code; also `ErrorMessage` of a status callback.
pub fn title(code: i64) -> &'static str {
    match code {
        11_200 => "HTTP retrieval failure",
        11_205 => "HTTP connection failure",
        12_100 => "Document parse failure",
        12_200 => "Schema validation warning",
        12_300 => "Invalid Content-Type",
        20_001 => "Invalid parameter",
        20_003 => "Authenticate",
        20_404 => "Not found",
        20_429 => "Too many requests",
        20_503 => "Service unavailable",
        21_211 => "Invalid 'To' phone number",
        21_212 => "Invalid 'From' number",
        21_266 => "'To' and 'From' numbers cannot be the same",
        21_408 => "Permission to send to this region has not been enabled",
        21_602 => "Message body is required",
        21_603 => "A 'From' or 'MessagingServiceSid' parameter is required",
        21_604 => "A 'To' phone number is required",
        21_606 => "The 'From' phone number is not a message-capable number of this account",
        21_610 => "Attempt to send to unsubscribed recipient",
        21_611 => "This 'From' number has exceeded the maximum number of queued messages",
        21_612 => "The 'To' number is not reachable from this 'From' number",
        21_614 => "'To' number is not a valid mobile number",
        21_617 => "The concatenated message body exceeds the 1600 character limit",
        21_620 => "Invalid media URL(s)",
        21_623 => "Number of media files exceeds allowed limit",
        21_655 => "The ContentSid is invalid",
        21_656 => "The ContentVariables parameter is invalid",
        21_703 => "The Messaging Service does not have a phone number available to send a message",
        21_910 => "'From' and 'To' must be of the same channel",
        30_001 => "Queue overflow",
        30_002 => "Account suspended",
        30_003 => "Unreachable destination handset",
        30_004 => "Message blocked",
        30_005 => "Unknown destination handset",
        30_006 => "Landline or unreachable carrier",
        30_007 => "Message filtered",
        30_032 => "Toll-free number has not been verified",
        30_034 => "Message from an unregistered number",
        63_003 => "Channel could not find To address",
        63_005 => "Channel did not accept given content",
        63_007 => "Channel could not find the specified From address",
        63_013 => "Channel policy violation",
        63_016 => "Failed to send freeform message because it is outside the allowed window",
        63_018 => "Rate limit exceeded for channel",
        63_019 => "Media failed to download",
        63_024 => "Invalid message recipient",
        63_049 => "The channel chose not to deliver this marketing message",
        _ => "Unknown error",
    }
}
