//! Events that could not be understood: set aside, shown, tried again when somebody says so.

use std::{collections::HashMap, sync::Arc};

use axum::{Json, extract::State, http::StatusCode};
use baton_core::ids::InboundId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{LIMIT_DEFAULT, rows};
use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, ErrorBody},
    input::{Id, Query},
};

const EXCERPT_CHARS: usize = 400;

/// An event that was set aside.
#[derive(Serialize, ToSchema)]
pub struct Parked {
    id: String,
    /// When it came.
    at: String,
    /// The name of the inbox or desk at which it came in; its id when that is gone.
    source: String,
    /// Why it was set aside, and what to do.
    reason: String,
    /// How it begins.
    excerpt: String,
}

/// A page of events that were set aside.
#[derive(Serialize, ToSchema)]
pub struct ParkedPage {
    parked: Vec<Parked>,
    /// What to give as `after` for the next page; none at the end.
    #[schema(required)]
    next: Option<i64>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PageQuery {
    /// `next` of the page before.
    after: Option<i64>,
    /// How many, at most 200.
    limit: Option<usize>,
}

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(retry))
}

/// Events that were set aside.
#[utoipa::path(get, path = "/api/parked", tag = "parked", params(PageQuery),
    responses((status = 200, body = ParkedPage), (status = "4XX", body = ErrorBody)))]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> Result<Json<ParkedPage>, ApiError> {
    let limit = rows(query.limit, LIMIT_DEFAULT);
    let mut found = app.store().parked(caller.workspace, query.after, limit + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|event| event.position);
    let sources = app.hub.sources(caller.workspace);
    let names: HashMap<Uuid, String> = sources.into_iter().map(|s| (s.id, s.name)).collect();
    let parked = found.into_iter().map(|event| Parked::new(event, &names)).collect();
    Ok(Json(ParkedPage { parked, next }))
}

/// Has an event looked at again.
#[utoipa::path(post, path = "/api/parked/{id}/retry", tag = "parked",
    params(("id" = String, Path)),
    responses((status = 202), (status = "4XX", body = ErrorBody)))]
async fn retry(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id,
) -> Result<StatusCode, ApiError> {
    let known = app.store().parked_retry(caller.workspace, InboundId(id)).await?;
    if known { Ok(StatusCode::ACCEPTED) } else { Err(ApiError::not_found()) }
}

impl Parked {
    fn new(event: baton_store::Parked, names: &HashMap<Uuid, String>) -> Self {
        let source = event.source.id();
        Self {
            id: event.id.to_string(),
            at: event.received_at.rfc3339(),
            source: names.get(&source).cloned().unwrap_or_else(|| source.to_string()),
            reason: format!("{}: {}", event.code, event.reason),
            excerpt: event.body.chars().take(EXCERPT_CHARS).collect(),
        }
    }
}
