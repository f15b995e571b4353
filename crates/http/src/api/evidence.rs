//! What may be wrong at a desk.

use std::sync::Arc;

use axum::{Json, extract::State};
use baton_core::ids::DeskId;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, ErrorBody},
    evidence::{Evidence, evidence},
    input::Id,
};

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(get))
}

/// What administrators ask when something is wrong at a desk, answered from what was recorded
/// in the last seven days.
#[utoipa::path(get, path = "/api/desks/{id}/evidence", tag = "connections",
    params(("id" = String, Path)),
    responses((status = 200, body = Evidence), (status = "4XX", body = ErrorBody)))]
async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id,
) -> Result<Json<Evidence>, ApiError> {
    let ours = app.hub.sources(caller.workspace);
    if !ours.iter().any(|source| source.desk && source.id == id) {
        return Err(ApiError::not_found());
    }
    let now = app.hub.clock().now();
    Ok(Json(evidence(app.store(), caller.workspace, DeskId(id), now).await?))
}
