//! The bytes of media: by a signed link for vendors and reps, by a credential for the console.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use baton_core::{
    file::StoredFile,
    ids::{MessageId, SessionId, WorkspaceId},
    message::{Content, Message},
    time::Timestamp,
};
use baton_files::{FilesError, served};
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, ErrorBody},
};

/// No page may run in it, load anything or frame it.
const SANDBOX: &str = "sandbox; default-src 'none'; frame-ancestors 'none'";

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(of_message))
}

/// The signed links; outside the API's description, because nobody makes them but the hub.
pub(crate) fn links() -> Router<Arc<App>> {
    Router::new().route("/files/{message}/{until}/{signature}/{name}", get(by_link))
}

#[derive(Deserialize)]
struct Link {
    message: Uuid,
    until: i64,
    signature: String,
}

/// A file by its signed link: no credential, and no other file than this one.
async fn by_link(
    State(app): State<Arc<App>>,
    method: Method,
    link: Result<Path<Link>, PathRejection>,
) -> Result<Response, ApiError> {
    let Path(link) = link.map_err(|_| ApiError::not_found())?;
    let (message, until) = (MessageId(link.message), Timestamp(link.until));
    let now = app.hub.clock().now();
    if !app.hub.media().links.check(message, until, &link.signature, now) {
        return Err(ApiError::not_found());
    }
    let message = app.store().message_get(message).await?.ok_or_else(ApiError::not_found)?;
    give(&app, &message, &method).await
}

/// The file of a message.
#[utoipa::path(get, path = "/api/sessions/{id}/messages/{message}/file", tag = "sessions",
    params(("id" = String, Path), ("message" = String, Path)),
    responses((status = 200, description = "the bytes", content_type = "application/octet-stream", body = [u8]),
        (status = "4XX", body = ErrorBody)))]
async fn of_message(
    State(app): State<Arc<App>>,
    caller: Caller,
    method: Method,
    ids: Result<Path<(Uuid, Uuid)>, PathRejection>,
) -> Result<Response, ApiError> {
    let Path((session, message)) = ids.map_err(|_| ApiError::not_found())?;
    let message = app.store().message_get(MessageId(message)).await?;
    let of_it = |m: &Message| m.workspace == caller.workspace && m.session == SessionId(session);
    let message = message.filter(of_it).ok_or_else(ApiError::not_found)?;
    give(&app, &message, &method).await
}

async fn give(app: &App, message: &Message, method: &Method) -> Result<Response, ApiError> {
    let Content::Media { file: Some(file), .. } = &message.content else {
        return Err(ApiError::not_found());
    };
    let file = file.stored().ok_or_else(ApiError::not_found)?;
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        bytes(app, message.workspace, file).await?
    };
    let mut response = (StatusCode::OK, body).into_response();
    for (name, value) in headers(file) {
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

async fn bytes(app: &App, workspace: WorkspaceId, file: &StoredFile) -> Result<Body, ApiError> {
    match app.hub.media().files.get(workspace, file.id).await {
        Ok(body) => Ok(Body::from_stream(body.pieces)),
        Err(FilesError::Missing) => Err(ApiError::not_found()),
        Err(error) => {
            tracing::error!(%error, "a file cannot be given");
            Err(ApiError::internal())
        }
    }
}

fn headers(file: &StoredFile) -> Vec<(HeaderName, HeaderValue)> {
    let (mime_type, shown) = served(&file.mime_type);
    let text = |text: &str| {
        HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("application/octet-stream"))
    };
    vec![
        (header::CONTENT_TYPE, text(mime_type)),
        (header::CONTENT_LENGTH, HeaderValue::from(file.size_bytes)),
        (header::CONTENT_DISPOSITION, text(&disposition(&file.name, shown))),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SANDBOX)),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600")),
    ]
}

/// RFC 6266: a plain name for old clients, and the real one percent-encoded (RFC 8187).
fn disposition(name: &str, shown: bool) -> String {
    let kind = if shown { "inline" } else { "attachment" };
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ');
    let plain: String = name.chars().map(|c| if word(c) { c } else { '_' }).collect();
    let encoded: String = name
        .bytes()
        .map(|byte| match byte {
            b'.' | b'-' | b'_' => char::from(byte).to_string(),
            _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}
