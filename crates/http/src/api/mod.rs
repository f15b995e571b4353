//! The API: one file per noun.

use std::sync::Arc;

use utoipa::{
    Modify, OpenApi,
    openapi::{
        PathItem,
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

pub mod access;
pub mod campaign_check;
pub mod campaigns;
pub mod connections;
pub mod contacts;
pub mod desks;
pub mod evidence;
pub mod feed;
pub mod files;
pub mod inboxes;
pub mod messages;
pub mod parked;
pub mod registration;
pub mod routes;
pub mod sessions;
pub mod settings;
pub mod sms;
mod source_form;
pub mod templates;
pub mod trace;
pub mod trials;
pub mod vendors;
pub mod words;

/// How many rows a list gives when nobody says.
const LIMIT_DEFAULT: usize = 50;
/// The most rows that a list gives.
const LIMIT_MAX: usize = 200;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Baton",
        description = "The hub's API. The workspace always comes from the credential. Times are \
                       RFC 3339 in UTC with milliseconds. An error is a document of the form \
                       {\"error\":{\"code\",\"message\",\"id\"}} with a stable code.",
    ),
    modifiers(&Credentials),
    security(("api_key" = []), ("session" = [])),
    components(schemas(crate::error::ErrorBody)),
)]
struct Document;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let schemes = &mut document.components.get_or_insert_default().security_schemes;
        schemes.insert(
            "api_key".to_owned(),
            SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)).into(),
        );
        let cookie = ApiKeyValue::with_description(
            crate::auth::COOKIE,
            "Everything but reading also needs the header x-csrf-token, as /api/me gives it.",
        );
        schemes.insert("session".to_owned(), SecurityScheme::ApiKey(ApiKey::Cookie(cookie)).into());
    }
}

/// All routes of the API but the feed's stream, with their description.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(access::router())
        .merge(sessions::router())
        .merge(messages::router())
        .merge(files::router())
        .merge(feed::router())
        .merge(desks::router())
        .merge(evidence::router())
        .merge(contacts::router())
        .merge(inboxes::router())
        .merge(trials::router())
        .merge(registration::router())
        .merge(vendors::router())
        .merge(sms::router())
        .merge(routes::router())
        .merge(settings::router())
        .merge(parked::router())
        .merge(templates::router())
        .merge(campaigns::router())
        .merge(campaign_check::router())
        .merge(trace::router())
        .routes(routes!(document))
}

/// This description.
#[utoipa::path(get, path = "/api/openapi.json", tag = "about", security(()),
    responses((status = 200, description = "the description of this API", body = Object)))]
async fn document() -> impl axum::response::IntoResponse {
    ([(axum::http::header::CONTENT_TYPE, "application/json")], openapi())
}

/// The description of the API as JSON, the same for the same program.
pub fn openapi() -> String {
    let (_, mut document) = router().split_for_parts();
    let (_, stream) = feed::stream_api();
    document.merge(stream);
    name_operations(&mut document);
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// Gives every operation an id of its own, made of its method and path, because those who make
/// clients from the description build names from it (OpenAPI 3.1, "Operation Object").
fn name_operations(document: &mut utoipa::openapi::OpenApi) {
    for (path, item) in &mut document.paths.paths {
        let words = path.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let words: Vec<&str> = words.filter(|word| !["", "api"].contains(word)).collect();
        let PathItem { get, post, put, patch, delete, .. } = item;
        let all =
            [("get", get), ("post", post), ("put", put), ("patch", patch), ("delete", delete)];
        for (method, operation) in all {
            if let Some(operation) = operation {
                operation.operation_id = Some(format!("{method}_{}", words.join("_")));
            }
        }
    }
}

/// How many rows to give: at least one, at most what a list gives.
fn rows(asked: Option<usize>, default: usize) -> usize {
    asked.unwrap_or(default).clamp(1, LIMIT_MAX)
}
