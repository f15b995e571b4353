//! What the Web API answers, and how it refuses.
//!
//! Source: "Compose HTTP requests and handle errors" of the Dataverse developer guide, checked 2026-11-21. Codes
//! and most texts: "Web service error codes", checked 2026-11-21; texts that it leaves out follow public reports.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::request::wants_annotation;
use super::tables::{Row, Table};

/// A refusal: HTTP status, code and text.
#[derive(Debug)]
pub struct Refusal {
    pub status: u16,
    pub code: &'static str,
    pub message: String,
    /// Seconds, of a `Retry-After` header.
    pub retry_after_s: Option<i64>,
}

impl Refusal {
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after_s: None }
    }

    /// 0x80040217 ObjectDoesNotExist, with the table's logical name.
    pub fn missing(name: &str, id: &str) -> Self {
        Self::new(404, "0x80040217", format!("{name} With Id = {id} Does Not Exist"))
    }

    /// 0x80048d19: the payload does not fit the table.
    pub fn payload(set: &str, inner: impl std::fmt::Display) -> Self {
        let message = format!(
            "Error identified in Payload provided by the user for Entity :'{set}', For more information on this error \
             please follow this help link https://go.microsoft.com/fwlink/?linkid=2195293  ---->  InnerException : \
             Microsoft.OData.ODataException: {inner}"
        );
        Self::new(400, "0x80048d19", message)
    }

    /// A name in a payload that the table does not have.
    pub fn undeclared(table: &Table, name: &str) -> Self {
        let inner = format!(
            "The property '{name}' does not exist on type 'Microsoft.Dynamics.CRM.{}'. Make sure to only use property \
             names that are defined by the type.",
            table.name
        );
        Self::payload(table.set, inner)
    }

    /// 0x80060888, for addresses and queries that do not parse.
    pub fn query(message: impl Into<String>) -> Self {
        Self::new(400, "0x80060888", message)
    }

    /// A name in a query that the table does not have.
    pub fn no_property(table: &Table, name: &str) -> Self {
        let table = table.name;
        Self::query(format!(
            "Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.{table}'."
        ))
    }

    /// 0x8006088a: a segment of the address leads nowhere.
    pub fn no_resource(segment: &str) -> Self {
        let message = format!("Resource not found for the segment '{segment}'.");
        Self::new(404, "0x8006088a", message)
    }

    /// 0x80040203 InvalidArgument.
    pub fn argument(message: impl Into<String>) -> Self {
        Self::new(400, "0x80040203", message)
    }

    /// A bound of the simulator: it holds no more.
    pub fn full() -> Self {
        Self::new(500, "0x80040216", "The environment is full.")
    }

    /// The verb does not go with the address.
    pub fn method(method: &str) -> Self {
        let message = format!("The requested resource does not support http method '{method}'.");
        Self::new(405, "0x80060888", message)
    }

    pub fn body(&self) -> Value {
        error_body(self.code, &self.message)
    }
}

fn error_body(code: &str, message: &str) -> Value {
    json!({ "error": { "code": code, "message": message } })
}

/// What an answer carries.
#[derive(Clone, Debug)]
pub enum Content {
    Nothing,
    Json(Value),
    /// Content type and text.
    Text(String, String),
}

/// An answer before its common headers.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub content: Content,
    /// Set id and key of the row that the answer is about, for references within a change set.
    pub row: Option<String>,
}

pub type Answered = Result<Answer, Refusal>;

impl Answer {
    pub fn json(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), content: Content::Json(body), row: None }
    }

    pub fn nothing(status: u16) -> Self {
        Self { status, headers: Vec::new(), content: Content::Nothing, row: None }
    }

    pub fn text(text: String) -> Self {
        Self::typed("text/plain".to_owned(), text)
    }

    pub fn typed(kind: String, text: String) -> Self {
        Self { status: 200, headers: Vec::new(), content: Content::Text(kind, text), row: None }
    }

    /// The answer of a function or action: its members under the context of its response type.
    pub fn response_of(base: &str, name: &str, members: Row) -> Self {
        let context = format!("{base}$metadata#Microsoft.Dynamics.CRM.{name}Response");
        let mut body = Row::new();
        body.insert("@odata.context".to_owned(), Value::from(context));
        body.extend(members);
        Self::json(200, Value::Object(body))
    }

    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Status line apart, what goes over the wire: headers and body.
    pub fn wire(&self) -> (Vec<(&'static str, String)>, String) {
        let mut headers = self.headers.clone();
        let body = match &self.content {
            Content::Nothing => String::new(),
            Content::Json(body) => {
                headers
                    .push(("content-type", "application/json; odata.metadata=minimal".to_owned()));
                body.to_string()
            }
            Content::Text(kind, text) => {
                headers.push(("content-type", kind.clone()));
                text.clone()
            }
        };
        headers.push(("odata-version", "4.0".to_owned()));
        (headers, body)
    }
}

impl Answer {
    /// A refusal, with the annotations that these headers ask for.
    pub fn refusal(refusal: &Refusal, headers: &HeaderMap) -> Self {
        let link = format!(
            "http://go.microsoft.com/fwlink/?LinkID=398563&error=Microsoft.Crm.CrmException%3a{}&client=platform",
            refusal.code.trim_start_matches("0x")
        );
        let mut body = refusal.body();
        for (annotation, value) in [
            ("Microsoft.PowerApps.CDS.ErrorDetails.OperationStatus", "0"),
            ("Microsoft.PowerApps.CDS.HelpLink", link.as_str()),
            ("Microsoft.PowerApps.CDS.InnerError.Message", refusal.message.as_str()),
        ] {
            if wants_annotation(headers, annotation) {
                body["error"][format!("@{annotation}")] = json!(value);
            }
        }
        let answer = Self::json(refusal.status, body);
        match refusal.retry_after_s {
            Some(seconds) => answer.with("retry-after", seconds.to_string()),
            None => answer,
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (headers, body) = self.wire();
        let mut response = match self.content {
            Content::Nothing => status.into_response(),
            _ => (status, body).into_response(),
        };
        response.headers_mut().remove(header::CONTENT_TYPE);
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        response
    }
}

/// The body of a refusal that a fault asked for; service protection when no code is named.
pub fn fault_body(status: u16, code: Option<&Value>) -> Value {
    let named = code.map(|code| code.as_str().map_or_else(|| code.to_string(), str::to_owned));
    let (default_code, message) = match status {
        429 => (
            "0x80072322",
            "Number of requests exceeded the limit of 6000 over time window of 300 seconds.",
        ),
        403 => ("0x80040220", "Principal user is missing the privilege."),
        _ => ("0x80040216", "An unexpected error occurred."),
    };
    error_body(named.as_deref().unwrap_or(default_code), message)
}
