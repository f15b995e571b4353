//! What the workspace decided for itself.

use std::sync::Arc;

use axum::{Json, extract::State};
use baton_core::settings::Settings;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, ErrorBody},
};

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(get))
}

/// The workspace's settings, without secrets.
#[utoipa::path(get, path = "/api/settings", tag = "settings",
    responses((status = 200, description = "the settings document", body = Object),
        (status = "4XX", body = ErrorBody)))]
async fn get(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Settings>, ApiError> {
    let workspaces = app.store().workspaces().await?;
    let ours = workspaces.into_iter().find(|workspace| workspace.id == caller.workspace);
    ours.map(|workspace| Json(workspace.settings)).ok_or_else(ApiError::not_found)
}
