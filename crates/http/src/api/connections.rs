//! What is connected towards reps: the workspace's desks.

use std::sync::Arc;

use axum::{Json, extract::State};
use baton_relay::{SourceState, SourceStatus};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, ErrorBody},
};

/// A place where reps work.
#[derive(Serialize, ToSchema)]
pub struct Desk {
    id: String,
    name: String,
    vendor: String,
    /// Where the vendor delivers to.
    hook_url: String,
    state: ConnectionState,
    /// Why it does not work, and what to do.
    #[schema(required)]
    why: Option<String>,
    /// The settings that are no secrets.
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
    /// The names of the secrets that are set.
    secrets_set: Vec<String>,
}

/// Whether a connection works.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// It works.
    Active,
    /// It runs, and the vendor refuses us.
    Failing,
    /// Its settings are refused: it does not run.
    Refused,
    /// Somebody stopped it.
    Stopped,
}

/// The workspace's desks.
#[derive(Serialize, ToSchema)]
pub struct Desks {
    desks: Vec<Desk>,
}

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(desks))
}

/// The places where the workspace's reps work.
#[utoipa::path(get, path = "/api/desks", tag = "connections",
    responses((status = 200, body = Desks), (status = "4XX", body = ErrorBody)))]
async fn desks(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Desks>, ApiError> {
    let sources = app.hub.sources(caller.workspace).into_iter();
    Ok(Json(Desks { desks: sources.filter(|s| s.desk).map(|s| Desk::new(&app, s)).collect() }))
}

impl Desk {
    fn new(app: &App, source: SourceStatus) -> Self {
        Self {
            id: source.id.to_string(),
            hook_url: format!("{}/hooks/{}", app.config.public_url, source.id),
            name: source.name,
            vendor: source.vendor,
            state: source.state.into(),
            why: source.why,
            settings: source.settings,
            secrets_set: source.secrets_set,
        }
    }
}

impl From<SourceState> for ConnectionState {
    fn from(state: SourceState) -> Self {
        match state {
            SourceState::Active => Self::Active,
            SourceState::Failing => Self::Failing,
            SourceState::Refused => Self::Refused,
        }
    }
}
