//! Desks: the places where the workspace's reps work. Listed, tried and then kept, stopped and
//! started.

use std::sync::Arc;

use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::{StatusCode, request::Parts},
};
use baton_core::{
    desk::{Check, Checked},
    ids::{DeskId, WorkspaceId},
    inbox::DeskRow,
    time::Timestamp,
};
use baton_relay::SourceStatus;
use baton_store::{ConfigChange, DeskConfig, KnownDesk};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    connections::ConnectionState,
    source_form::{self, hook_url},
};
use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, ErrorBody},
    input::{Body, Id},
};

/// The most desks of a workspace.
const DESKS_MAX: usize = 100;
/// What a desk that somebody stopped says about itself.
const STOPPED: &str = "somebody stopped it; start it to hand over to it again";

/// A place where reps work.
#[derive(Serialize, ToSchema)]
pub struct Desk {
    id: String,
    name: String,
    vendor: String,
    /// The vendor's name for people.
    vendor_title: String,
    /// Where the vendor delivers to.
    hook_url: String,
    state: ConnectionState,
    /// Why it does not work, and what to do.
    #[schema(required)]
    why: Option<String>,
    /// When an event of its vendor was last stored; none where that was long ago.
    #[schema(required)]
    last_event_at: Option<String>,
    /// The settings that are no secrets.
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
    /// The names of the secrets that are set.
    secrets_set: Vec<String>,
}

/// The workspace's desks by name.
#[derive(Serialize, ToSchema)]
pub struct Desks {
    desks: Vec<Desk>,
}

/// A desk to try and then to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDesk {
    /// What `/api/desks/address` gave, where the vendor knows the hook's address already.
    id: Option<String>,
    /// Unique in the workspace.
    name: String,
    /// One of the desks' vendors that `/api/vendors` names.
    vendor: String,
    /// The vendor's settings, secrets included.
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
}

/// Where a desk that is yet to be made will be delivered to.
#[derive(Serialize, ToSchema)]
pub struct DeskAddress {
    /// Give it when the desk is made.
    id: String,
    hook_url: String,
}

/// A change of a desk. What is not named stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeskChange {
    /// Unique in the workspace.
    name: Option<String>,
    /// True stops it: nothing is handed over to it. False starts it again.
    stopped: Option<bool>,
    /// Settings and secrets to replace; null takes one away. All of them are tried first.
    #[schema(value_type = Option<Object>)]
    settings: Option<Map<String, Value>>,
}

/// One thing that a handoff will need, tried.
#[derive(Serialize, ToSchema)]
pub struct DeskCheck {
    /// Stable: programs may act on it.
    name: String,
    /// What was tried.
    what: String,
    works: bool,
    /// Why it does not work, and what to do.
    #[schema(required)]
    why: Option<String>,
}

/// What became of a trial.
#[derive(Serialize, ToSchema)]
pub struct DeskTried {
    /// The desk as it is now; none where a new one was not made.
    #[schema(required)]
    desk: Option<Desk>,
    /// Everything works, and what was asked for is kept.
    saved: bool,
    /// Each thing that was tried, in order; empty where no settings were to be tried.
    checks: Vec<DeskCheck>,
    /// What is right today and will not stay so.
    warnings: Vec<String>,
}

/// What a check found.
#[derive(Serialize, ToSchema)]
pub struct DeskChecked {
    works: bool,
    /// Each thing that was tried, in order.
    checks: Vec<DeskCheck>,
    /// What is right today and will not stay so.
    warnings: Vec<String>,
}

/// The desk in the path, found to be the caller's own before the body is read.
struct Own {
    caller: Caller,
    known: KnownDesk,
}

impl FromRequestParts<Arc<App>> for Own {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let caller = Caller::read(parts, app).await?;
        let Id(id) = Id::from_request_parts(parts, app).await?;
        let known = known(app, caller.workspace, DeskId(id)).await?;
        Ok(Self { caller, known })
    }
}

/// The addresses at which a desk's vendor is asked many things: they may take longer.
pub(crate) const TRIALS: &[&str] = &["/api/desks", "/api/desks/{id}", "/api/desks/{id}/check"];

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(address))
        .routes(routes!(change))
        .routes(routes!(check))
}

/// The places where the workspace's reps work.
#[utoipa::path(get, path = "/api/desks", tag = "desks",
    responses((status = 200, body = Desks), (status = "4XX", body = ErrorBody)))]
async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Desks>, ApiError> {
    Ok(Json(Desks { desks: all(&app, caller.workspace).await? }))
}

/// Tries a new desk's settings with the vendor, and makes the desk where everything works.
#[utoipa::path(post, path = "/api/desks", tag = "desks", request_body = NewDesk,
    responses((status = 200, description = "something does not work: nothing was made",
        body = DeskTried), (status = 201, body = DeskTried), (status = "4XX", body = ErrorBody)))]
async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(new): Body<NewDesk>,
) -> Result<(StatusCode, Json<DeskTried>), ApiError> {
    let id = new_id(&app, new.id.as_deref()).await?;
    let desk = DeskRow {
        id,
        workspace: caller.workspace,
        name: new_name(&app, caller.workspace, id, &new.name).await?,
        vendor: new.vendor,
        settings: Map::new(),
    };
    let mut config = DeskConfig { desk, secrets: Map::new() };
    enter(&app, &mut config, &new.settings)?;
    let checked = attempt(&app, &config).await?;
    if checked.verdict().is_err() {
        return Ok((StatusCode::OK, Json(DeskTried::new(checked, None))));
    }
    derive(&mut config, &checked);
    let _one_at_a_time = app.edits.lock().await;
    let others = app.store().desks(caller.workspace).await?;
    if others.len() >= DESKS_MAX {
        let text = format!("a workspace has at most {DESKS_MAX} desks");
        return Err(ApiError::new(StatusCode::CONFLICT, "too_many", text));
    }
    // Somebody else may have taken the name or the id during the trial.
    new_id(&app, Some(&id.to_string())).await?;
    config.desk.name = free_name(&config.desk.name, id, &others)?;
    let made = put(&app, config, false).await?;
    Ok((StatusCode::CREATED, Json(DeskTried::new(checked, Some(made)))))
}

/// A hook's address for a desk that is yet to be made: vendors want to know it beforehand.
#[utoipa::path(post, path = "/api/desks/address", tag = "desks",
    responses((status = 200, body = DeskAddress), (status = "4XX", body = ErrorBody)))]
async fn address(State(app): State<Arc<App>>, _: Caller) -> Json<DeskAddress> {
    let id = app.hub.new_id();
    Json(DeskAddress { id: id.to_string(), hook_url: hook_url(&app, id) })
}

/// Changes a desk, stops it or starts it again. New settings are tried with the vendor, and
/// nothing changes unless everything works.
#[utoipa::path(patch, path = "/api/desks/{id}", tag = "desks", params(("id" = String, Path)),
    request_body = DeskChange,
    responses((status = 200, body = DeskTried), (status = "4XX", body = ErrorBody)))]
async fn change(
    State(app): State<Arc<App>>,
    Own { caller, known: before }: Own,
    Body(asked): Body<DeskChange>,
) -> Result<Json<DeskTried>, ApiError> {
    let (workspace, id) = (caller.workspace, before.config.desk.id);
    if let Some(name) = &asked.name {
        new_name(&app, workspace, id, name).await?;
    }
    let mut checked = Checked::default();
    if let Some(settings) = &asked.settings {
        let mut config = before.config;
        enter(&app, &mut config, settings)?;
        checked = attempt(&app, &config).await?;
        if checked.verdict().is_err() {
            let as_it_was = one(&app, workspace, id).await?;
            return Ok(Json(DeskTried::new(checked, Some(as_it_was))));
        }
    }
    let _one_at_a_time = app.edits.lock().await;
    // Over what is kept now: somebody else may have changed the rest during the trial.
    let KnownDesk { mut config, stopped } = self::known(&app, workspace, id).await?;
    if let Some(name) = &asked.name {
        config.desk.name = free_name(name, id, &app.store().desks(workspace).await?)?;
    }
    if let Some(settings) = &asked.settings {
        enter(&app, &mut config, settings)?;
        derive(&mut config, &checked);
    }
    let changed = put(&app, config, asked.stopped.unwrap_or(stopped)).await?;
    Ok(Json(DeskTried::new(checked, Some(changed))))
}

/// Tries everything that a handoff to the desk will need; changes nothing.
#[utoipa::path(post, path = "/api/desks/{id}/check", tag = "desks",
    params(("id" = String, Path)),
    responses((status = 200, body = DeskChecked), (status = "4XX", body = ErrorBody)))]
async fn check(State(app): State<Arc<App>>, own: Own) -> Result<Json<DeskChecked>, ApiError> {
    let checked = app.hub.desk_check(own.known.config.desk.id).await.ok_or_else(|| {
        let text = "the desk does not run; start it, or put its settings right first";
        ApiError::new(StatusCode::CONFLICT, "not_running", text)
    })?;
    Ok(Json(DeskChecked {
        works: checked.verdict().is_ok(),
        checks: checked.checks.into_iter().map(DeskCheck::from).collect(),
        warnings: checked.warnings,
    }))
}

/// The id that was asked for, which nobody may have yet, or a fresh one.
async fn new_id(app: &App, asked: Option<&str>) -> Result<DeskId, ApiError> {
    let Some(asked) = asked else { return Ok(DeskId(app.hub.new_id())) };
    let id = Uuid::try_parse(asked).map_err(|_| ApiError::refused("id", "not an id"))?;
    if app.store().source_exists(id).await? {
        return Err(ApiError::refused("id", "it is taken; ask for another address"));
    }
    Ok(DeskId(id))
}

/// Takes settings over.
fn enter(
    app: &App,
    config: &mut DeskConfig,
    settings: &Map<String, Value>,
) -> Result<(), ApiError> {
    let vendors = app.hub.desk_vendors();
    let Some(vendor) = vendors.iter().find(|vendor| vendor.name == config.desk.vendor) else {
        let names: Vec<&str> = vendors.iter().map(|vendor| vendor.name).collect();
        return Err(ApiError::refused("vendor", &format!("choose one of {}", names.join(", "))));
    };
    let kept = (&mut config.desk.settings, &mut config.secrets);
    source_form::enter(vendor.fields, kept, settings);
    Ok(())
}

/// Asks the vendor about all settings, once its own rules have let them pass.
async fn attempt(app: &App, config: &DeskConfig) -> Result<Checked, ApiError> {
    let DeskRow { id, vendor, settings, .. } = &config.desk;
    let all = source_form::merged(settings, &config.secrets);
    let tried = app.hub.desk_try(*id, vendor, &all).await;
    tried.map_err(|fault| ApiError::refused(&fault.key, &fault.text))
}

/// Keeps what the vendor brought to light; what somebody entered goes before it.
fn derive(config: &mut DeskConfig, checked: &Checked) {
    for (key, value) in &checked.derived {
        config.desk.settings.entry(key.clone()).or_insert_with(|| value.clone());
    }
}

async fn new_name(
    app: &App,
    workspace: WorkspaceId,
    id: DeskId,
    asked: &str,
) -> Result<String, ApiError> {
    free_name(asked, id, &app.store().desks(workspace).await?)
}

/// A name that no other desk has, stopped ones included.
fn free_name(asked: &str, id: DeskId, others: &[KnownDesk]) -> Result<String, ApiError> {
    let others = others.iter().map(|other| &other.config.desk).filter(|other| other.id != id);
    source_form::free_name(asked, "desk", others.map(|other| other.name.as_str()))
}

/// Stores a desk and has the hub take it over before anybody is answered.
async fn put(app: &App, config: DeskConfig, stop: bool) -> Result<Desk, ApiError> {
    let (workspace, id) = (config.desk.workspace, config.desk.id);
    let change = ConfigChange {
        desks: vec![config],
        remove_desks: Vec::from_iter(stop.then_some(id)),
        ..ConfigChange::default()
    };
    app.store().config_put(workspace, change).await?;
    if let Err(error) = app.hub.reload().await {
        tracing::warn!(%error, "a stored change is not in use yet; the hub looks again by itself");
    }
    one(app, workspace, id).await
}

async fn one(app: &App, workspace: WorkspaceId, id: DeskId) -> Result<Desk, ApiError> {
    let id = id.to_string();
    let found = all(app, workspace).await?.into_iter().find(|desk| desk.id == id);
    found.ok_or_else(ApiError::not_found)
}

async fn known(app: &App, workspace: WorkspaceId, id: DeskId) -> Result<KnownDesk, ApiError> {
    let known = app.store().desks(workspace).await?;
    known.into_iter().find(|known| known.config.desk.id == id).ok_or_else(ApiError::not_found)
}

/// Those that run and those that somebody stopped, by name.
async fn all(app: &App, workspace: WorkspaceId) -> Result<Vec<Desk>, ApiError> {
    let known = app.store().desks(workspace).await?;
    let mut running = app.hub.sources(workspace);
    let desks = known.into_iter().filter_map(|KnownDesk { config, stopped }| {
        let at = running.iter().position(|source| source.id == config.desk.id.0);
        match (stopped, at) {
            (false, at) => at.map(|at| Desk::running(app, running.swap_remove(at))),
            (true, _) => Some(Desk::stopped(app, config)),
        }
    });
    Ok(desks.collect())
}

fn title(app: &App, vendor: &str) -> String {
    let vendors = app.hub.desk_vendors();
    let title = vendors.iter().find(|known| known.name == vendor).map(|known| known.title);
    title.unwrap_or(vendor).to_owned()
}

impl Desk {
    fn running(app: &App, source: SourceStatus) -> Self {
        Self {
            id: source.id.to_string(),
            name: source.name,
            vendor_title: title(app, &source.vendor),
            vendor: source.vendor,
            hook_url: hook_url(app, source.id),
            state: source.state.into(),
            why: source.why,
            last_event_at: source.last_event_at.map(Timestamp::rfc3339),
            settings: source.settings,
            secrets_set: source.secrets_set,
        }
    }

    fn stopped(app: &App, config: DeskConfig) -> Self {
        let DeskConfig { desk, secrets } = config;
        Self {
            id: desk.id.to_string(),
            name: desk.name,
            vendor_title: title(app, &desk.vendor),
            vendor: desk.vendor,
            hook_url: hook_url(app, desk.id),
            state: ConnectionState::Stopped,
            why: Some(STOPPED.to_owned()),
            last_event_at: None,
            settings: desk.settings,
            secrets_set: secrets.keys().cloned().collect(),
        }
    }
}

impl DeskTried {
    fn new(checked: Checked, desk: Option<Desk>) -> Self {
        Self {
            desk,
            saved: checked.verdict().is_ok(),
            checks: checked.checks.into_iter().map(DeskCheck::from).collect(),
            warnings: checked.warnings,
        }
    }
}

impl From<Check> for DeskCheck {
    fn from(check: Check) -> Self {
        let why = check.fault.map(|fault| fault.operator);
        Self { name: check.name, what: check.what, works: why.is_none(), why }
    }
}
