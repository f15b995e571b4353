//! Reading requests: what does not read is refused with what to change.

use std::sync::Arc;

use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Path, Query as AxumQuery, Request},
    http::{StatusCode, request::Parts},
};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::{app::App, error::ApiError};

/// A JSON body within the limit.
pub(crate) struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        // Also what keeps another site's form from signing people in: forms cannot send JSON.
        match Json::<T>::from_request(request, app).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "too_large",
                    format!("the body may have at most {} bytes", app.config.api_body_max_bytes),
                ),
                StatusCode::UNSUPPORTED_MEDIA_TYPE => ApiError::new(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "not_json",
                    "send the body as application/json",
                ),
                _ => ApiError::bad_request(explain(&rejection.body_text())),
            }),
        }
    }
}

/// Query parameters; unknown ones are ignored.
pub(crate) struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Arc<App>> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, ApiError> {
        match AxumQuery::<T>::try_from_uri(&parts.uri) {
            Ok(AxumQuery(query)) => Ok(Self(query)),
            Err(rejection) => Err(ApiError::bad_request(explain(&rejection.body_text()))),
        }
    }
}

/// The id in the path. What is no id names nothing, like an id that is not ours.
pub(crate) struct Id(pub Uuid);

impl FromRequestParts<Arc<App>> for Id {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let Path(text) = Path::<String>::from_request_parts(parts, app)
            .await
            .map_err(|_| ApiError::not_found())?;
        Uuid::try_parse(&text).map(Self).map_err(|_| ApiError::not_found())
    }
}

/// The reader's words in our form: lowercase, bounded, without its own preamble.
fn explain(text: &str) -> String {
    const MAX_CHARS: usize = 200;
    let words = text.rsplit_once("the target type: ").map_or(text, |(_, why)| why);
    let words = words.strip_prefix("Failed to deserialize query string: ").unwrap_or(words);
    let mut chars = words.chars().take(MAX_CHARS);
    chars.next().map(char::to_lowercase).into_iter().flatten().chain(chars).collect()
}
