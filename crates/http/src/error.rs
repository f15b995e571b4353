//! What a caller of the API learns when something goes wrong: a stable code, words for people
//! and the request's id. Never what is inside.

use std::{error::Error, fmt};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use baton_store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

/// A refusal or a failure, as the caller may know it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    field: Option<String>,
    fields: Vec<FieldError>,
    retry_after_s: Option<u64>,
}

/// The error document.
#[derive(Serialize, ToSchema)]
pub struct ErrorBody {
    error: ErrorDetail,
}

/// What went wrong.
#[derive(Serialize, ToSchema)]
pub struct ErrorDetail {
    /// Stable: programs may act on it.
    code: String,
    /// For people; lowercase, fits after "failed to …:".
    message: String,
    /// The setting or field of the request that is refused, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// Every field that cannot be taken, where somebody filled in a form.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    fields: Vec<FieldError>,
    /// The request's id, also in the hub's log.
    id: String,
}

/// A field of a form that cannot be taken as it is filled.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct FieldError {
    /// The field's key.
    pub field: String,
    /// `missing`, `unknown`, `empty`, `line_break`, `too_long` or `wrong_kind`.
    pub problem: String,
    /// The same for people, after the field's name.
    pub text: String,
}

impl ApiError {
    /// An error with its status, stable code and words.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            field: None,
            fields: Vec::new(),
            retry_after_s: None,
        }
    }

    /// The request cannot be understood; the message says what to change.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// One field or setting is refused; the message names it and says what to change.
    pub fn refused(field: &str, why: &str) -> Self {
        let text = format!("{field}: {why}");
        let error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "refused", text);
        Self { field: Some(field.to_owned()), ..error }
    }

    /// Fields of a form are refused; the message names the first.
    pub fn unfilled(fields: Vec<FieldError>) -> Self {
        let first = fields.first().map(|first| (first.field.clone(), first.text.clone()));
        let (field, text) = first.unwrap_or_default();
        Self { fields, ..Self::refused(&field, &text) }
    }

    /// There is no such thing, or it belongs to another workspace: the two look the same.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "nothing here has this address")
    }

    /// No valid credential came with the request.
    pub fn signed_out() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "signed_out",
            "sign in, or send a valid API key as a bearer token",
        )
    }

    /// The hub has more to do than it takes on; the same request may succeed later.
    pub fn overloaded() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "overloaded",
            "the hub has too much to do at the moment; try again shortly",
        )
        .retry_after(1)
    }

    /// Something failed inside; the log has it under the request's id.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "something went wrong inside the hub; an operator finds it in the log under this id",
        )
    }

    /// Tells the caller after how many seconds another try makes sense.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The document that the caller reads.
    pub(crate) fn body(&self, request_id: &str) -> ErrorBody {
        ErrorBody {
            error: ErrorDetail {
                code: self.code.to_owned(),
                message: self.message.clone(),
                field: self.field.clone(),
                fields: self.fields.clone(),
                id: request_id.to_owned(),
            },
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for ApiError {}

/// The body is written by the outermost layer, which knows the request's id.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::Overloaded) {
            return Self::overloaded();
        }
        if let StoreError::Taken(what) = error {
            let text = format!("the {what} is taken; choose another");
            return Self::new(StatusCode::CONFLICT, "taken", text);
        }
        if matches!(error, StoreError::NoKey) {
            let text = "no key is set that would keep secrets safe; an operator makes one with \
                        `baton key` and names it in [secrets] of the settings file";
            return Self::new(StatusCode::CONFLICT, error.code(), text);
        }
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        tracing::error!(%error, cause, "the store failed a request");
        if matches!(error, StoreError::Unavailable(_) | StoreError::Closed) {
            let text = "the hub's database does not answer; an operator should look at it";
            return Self::new(StatusCode::SERVICE_UNAVAILABLE, error.code(), text).retry_after(5);
        }
        Self::internal()
    }
}
