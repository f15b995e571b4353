//! The pages on which a person acts as the customer and as the rep.

use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::Html;
use axum::routing::get;

use crate::World;

const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// `/`, `/phone`, `/rep`, `/rep/cases` and `/rep/salesforce`.
pub fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/", get(async || Html(include_str!("index.html"))))
        .route("/phone", get(async || Html(include_str!("phone.html"))))
        .route("/rep", get(async || Html(include_str!("rep.html"))))
        .route("/rep/cases", get(async || Html(include_str!("cases.html"))))
        .route("/rep/salesforce", get(async || Html(include_str!("salesforce.html"))))
        .route("/rep.css", get(async || ([(CONTENT_TYPE, STYLE)], include_str!("rep.css"))))
        .route("/rep.js", get(async || ([(CONTENT_TYPE, SCRIPT)], include_str!("rep.js"))))
}
