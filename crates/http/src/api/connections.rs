//! What is connected: inboxes towards customers, desks towards reps.

use std::sync::Arc;

use axum::{Json, extract::State};
use baton_relay::{SourceState, SourceStatus};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::words::Channel;
use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, ErrorBody},
};

/// A connected vendor.
#[derive(Serialize, ToSchema)]
pub struct Connection {
    id: String,
    name: String,
    /// What the customer experiences; absent for a desk.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<Channel>,
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

/// The workspace's inboxes.
#[derive(Serialize, ToSchema)]
pub struct Inboxes {
    inboxes: Vec<Connection>,
}

/// The workspace's desks.
#[derive(Serialize, ToSchema)]
pub struct Desks {
    desks: Vec<Connection>,
}

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(inboxes)).routes(routes!(desks))
}

/// The addresses at which customers reach the workspace.
#[utoipa::path(get, path = "/api/inboxes", tag = "connections",
    responses((status = 200, body = Inboxes), (status = "4XX", body = ErrorBody)))]
async fn inboxes(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Inboxes>, ApiError> {
    Ok(Json(Inboxes { inboxes: connections(&app, &caller, false) }))
}

/// The places where the workspace's reps work.
#[utoipa::path(get, path = "/api/desks", tag = "connections",
    responses((status = 200, body = Desks), (status = "4XX", body = ErrorBody)))]
async fn desks(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Desks>, ApiError> {
    Ok(Json(Desks { desks: connections(&app, &caller, true) }))
}

fn connections(app: &App, caller: &Caller, desks: bool) -> Vec<Connection> {
    let sources = app.hub.sources(caller.workspace);
    sources.into_iter().filter(|s| s.desk == desks).map(|s| connection(app, s)).collect()
}

fn connection(app: &App, source: SourceStatus) -> Connection {
    Connection {
        id: source.id.to_string(),
        hook_url: format!("{}/hooks/{}", app.config.public_url, source.id),
        name: source.name,
        channel: source.channel.map(Into::into),
        vendor: source.vendor,
        state: match source.state {
            SourceState::Active => ConnectionState::Active,
            SourceState::Failing => ConnectionState::Failing,
            SourceState::Refused => ConnectionState::Refused,
        },
        why: source.why,
        settings: source.settings,
        secrets_set: source.secrets_set,
    }
}
