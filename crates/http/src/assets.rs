//! The console, embedded in the binary.

use axum::{
    body::Body,
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use rust_embed::RustEmbed;

use crate::error::ApiError;

/// The built console. The folder may be absent, so that the hub builds without it.
#[derive(RustEmbed)]
#[folder = "../../web/desk/dist"]
#[allow_missing = true]
struct Console;

/// Nothing inline, nothing from elsewhere, in nobody's frame.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; object-src 'none'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'";
/// The bundler puts a hash of the content into the names below this folder.
const HASHED: &str = "assets/";
const SHELL: &str = "index.html";

/// Whatever no route takes: a file of the console, or its shell for the addresses that it
/// reads itself, or an honest 404.
pub(crate) async fn serve(method: Method, uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    let reads = method == Method::GET || method == Method::HEAD;
    if !reads || ["api", "hooks"].contains(&path.split('/').next().unwrap_or_default()) {
        return ApiError::not_found().into_response();
    }
    match Console::get(path) {
        Some(_) => file(path),
        None if path.starts_with(HASHED) => ApiError::not_found().into_response(),
        None => file(SHELL),
    }
}

fn file(path: &str) -> Response {
    let Some(file) = Console::get(path) else {
        let text = "this hub was built without its console; build web/desk first, then the hub";
        return (StatusCode::NOT_FOUND, text).into_response();
    };
    let hashed = path.starts_with(HASHED);
    let cache = if hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = Response::new(Body::from(file.data));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    let policy = HeaderValue::from_static(CONTENT_SECURITY_POLICY);
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// The kinds of file that the bundler writes.
fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, kind)| kind) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("json" | "webmanifest") => "application/json",
        _ => "application/octet-stream",
    }
}

/// The address exists, the method does not.
pub(crate) async fn method_not_allowed() -> ApiError {
    let text = "this address does not take this method";
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", text)
}
