//! The pages on which a person acts as the customer and as the rep.

use std::sync::Arc;

use axum::Router;
use axum::response::Html;
use axum::routing::get;

use crate::World;

/// `/`, `/phone` and `/rep`.
pub fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/", get(async || Html(include_str!("index.html"))))
        .route("/phone", get(async || Html(include_str!("phone.html"))))
        .route("/rep", get(async || Html(include_str!("rep.html"))))
}
