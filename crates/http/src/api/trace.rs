//! The whole story of a session, found by any id that either side knows.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, ErrorBody},
    trace::{Trace, trace},
};

/// Vendors' ids are shorter.
const ID_MAX_BYTES: usize = 512;

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(get))
}

/// The story of the session that the id belongs to: ours, or any vendor's.
#[utoipa::path(get, path = "/api/trace/{id}", tag = "sessions",
    params(("id" = String, Path, description = "any id known on either side")),
    responses((status = 200, body = Trace), (status = "4XX", body = ErrorBody)))]
async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    path: Result<Path<String>, axum::extract::rejection::PathRejection>,
) -> Result<Json<Trace>, ApiError> {
    let Path(id) = path.map_err(|_| ApiError::not_found())?;
    if id.len() > ID_MAX_BYTES || id.contains('\0') {
        return Err(ApiError::not_found());
    }
    let found = trace(app.store(), caller.workspace, &id).await?;
    found.map(Json).ok_or_else(ApiError::not_found)
}
