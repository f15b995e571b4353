//! What the REST API answers, and how it refuses.
//!
//! Source: "Status Codes and Error Responses", REST API Developer Guide, checked 2026-11: an error's body is a list of
//! `{message, errorCode, fields}`. Texts that the guide leaves out follow public reports.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Map, Value, json};

/// A refusal: HTTP status and one error.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub status: u16,
    pub code: String,
    pub message: String,
    pub fields: Vec<String>,
    /// Members of the error beside these three.
    pub more: Map<String, Value>,
}

impl Refusal {
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.into(),
            fields: Vec::new(),
            more: Map::new(),
        }
    }

    /// The same, about fields.
    pub fn about(mut self, fields: &[&str]) -> Self {
        self.fields = fields.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// There is nothing at this address.
    pub fn no_resource() -> Self {
        Self::new(404, "NOT_FOUND", "The requested resource does not exist")
    }

    /// There was something once.
    pub fn deleted() -> Self {
        Self::new(404, "ENTITY_IS_DELETED", "entity is deleted")
    }

    /// The verb does not go with the address.
    pub fn method(method: &str, allowed: &str) -> Self {
        let message = format!("HTTP Method '{method}' not allowed. Allowed are {allowed}");
        Self::new(405, "METHOD_NOT_ALLOWED", message)
    }

    /// A body that does not read.
    pub fn body(message: impl Into<String>) -> Self {
        Self::new(400, "JSON_PARSER_ERROR", message)
    }

    /// An object's or a row's permission is missing.
    pub fn no_access() -> Self {
        let message = "insufficient access rights on object id";
        Self::new(403, "INSUFFICIENT_ACCESS_OR_READONLY", message)
    }

    /// A bound of the simulator: it holds no more.
    pub fn full() -> Self {
        Self::new(400, "STORAGE_LIMIT_EXCEEDED", "storage limit exceeded")
    }

    /// The body that goes with it.
    pub fn body_value(&self) -> Value {
        let mut error = self.more.clone();
        error.insert("message".to_owned(), json!(self.message));
        error.insert("errorCode".to_owned(), json!(self.code));
        if !self.fields.is_empty() {
            error.insert("fields".to_owned(), json!(self.fields));
        }
        json!([error])
    }

    /// As one of the errors of a row in a collection.
    pub fn in_collection(&self) -> Value {
        let mut error = self.more.clone();
        error.insert("statusCode".to_owned(), json!(self.code));
        error.insert("message".to_owned(), json!(self.message));
        error.insert("fields".to_owned(), json!(self.fields));
        Value::Object(error)
    }
}

/// What an answer carries.
#[derive(Clone, Debug)]
pub enum Content {
    Nothing,
    Json(Value),
    File { media_type: &'static str, bytes: Bytes },
}

/// An answer before it is put on the wire, so that composite requests can carry it as well.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub content: Content,
}

/// An answer or a refusal.
pub type Answered = Result<Answer, Refusal>;

impl Answer {
    pub fn json(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), content: Content::Json(body) }
    }

    pub fn nothing() -> Self {
        Self { status: 204, headers: Vec::new(), content: Content::Nothing }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The JSON in it; null where it has none.
    pub fn body_value(&self) -> Value {
        match &self.content {
            Content::Json(body) => body.clone(),
            Content::Nothing | Content::File { .. } => Value::Null,
        }
    }

    pub fn of(answered: Answered) -> Self {
        answered.unwrap_or_else(|refusal| Self::json(refusal.status, refusal.body_value()))
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = match self.content {
            Content::Nothing => status.into_response(),
            Content::Json(body) => {
                let media_type = [(header::CONTENT_TYPE, "application/json;charset=UTF-8")];
                (status, media_type, body.to_string()).into_response()
            }
            Content::File { media_type, bytes } => {
                (status, [(header::CONTENT_TYPE, media_type)], bytes).into_response()
            }
        };
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().append(HeaderName::from_static(name), value);
            }
        }
        response
    }
}

/// The body of a refusal that a fault asked for.
pub fn fault_body(status: u16, code: Option<&Value>) -> Value {
    let code = code.and_then(Value::as_str).unwrap_or(match status {
        401 => "INVALID_SESSION_ID",
        403 => "REQUEST_LIMIT_EXCEEDED",
        404 => "NOT_FOUND",
        503 => "SERVER_UNAVAILABLE",
        400 => "UNABLE_TO_LOCK_ROW",
        _ => "UNKNOWN_EXCEPTION",
    });
    let message = match code {
        "INVALID_SESSION_ID" => "Session expired or invalid",
        "REQUEST_LIMIT_EXCEEDED" => "TotalRequests Limit exceeded.",
        "UNABLE_TO_LOCK_ROW" => "unable to obtain exclusive access to this record",
        "SERVER_UNAVAILABLE" => "Server too busy",
        _ => {
            "An unexpected error occurred. Please include this ErrorId if you contact support: 000000000-0"
        }
    };
    Refusal::new(status, code, message).body_value()
}
