//! Inboxes: the addresses at which customers reach the workspace. Listed, made, changed, stopped
//! and started.

use std::sync::Arc;

use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::{StatusCode, request::Parts},
};
use baton_core::{
    config::HOOK_URL,
    ids::{InboxId, WorkspaceId},
    inbox,
    time::Timestamp,
};
use baton_relay::SourceStatus;
use baton_store::{ConfigChange, InboxConfig, KnownInbox};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    connections::ConnectionState,
    source_form::{self, hook_url},
    words::Channel,
};
use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, ErrorBody},
    input::{Body, Id},
};

/// The most inboxes of a workspace.
const INBOXES_MAX: usize = 500;
/// What an inbox that somebody stopped says about itself.
const STOPPED: &str = "somebody stopped it; start it to take and send messages again";

/// An address at which customers reach the workspace.
#[derive(Serialize, ToSchema)]
pub struct Inbox {
    id: String,
    name: String,
    /// What the customer experiences.
    channel: Channel,
    vendor: String,
    /// The vendor's name for people.
    vendor_title: String,
    /// The address as customers see it, where the settings say it.
    #[schema(required)]
    address: Option<String>,
    /// Where the vendor delivers to.
    hook_url: String,
    state: ConnectionState,
    /// Why it does not work, and what to do.
    #[schema(required)]
    why: Option<String>,
    /// Whether the AI answers first.
    ai: bool,
    /// When an event of its vendor was last stored; none where that was long ago.
    #[schema(required)]
    last_event_at: Option<String>,
    /// How long after a customer's message free-form messages may be sent, in milliseconds; none
    /// where there is no such rule, or where it does not run.
    #[schema(required)]
    window_ms: Option<i64>,
    /// Whether its vendor keeps templates.
    templates: bool,
    /// The settings that are no secrets.
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
    /// The names of the secrets that are set.
    secrets_set: Vec<String>,
}

/// The workspace's inboxes by name.
#[derive(Serialize, ToSchema)]
pub struct Inboxes {
    inboxes: Vec<Inbox>,
}

/// An inbox to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInbox {
    /// Unique in the workspace.
    name: String,
    /// One of those that `/api/vendors` names.
    vendor: String,
    /// Whether the AI answers first.
    ai: bool,
    /// The vendor's settings, secrets included.
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
}

/// A change of an inbox. What is not named stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InboxChange {
    /// Unique in the workspace.
    name: Option<String>,
    /// Whether the AI answers first.
    ai: Option<bool>,
    /// True stops it: nothing is taken or sent. False starts it again.
    stopped: Option<bool>,
    /// Settings and secrets to replace; null takes one away.
    #[schema(value_type = Option<Object>)]
    settings: Option<Map<String, Value>>,
}

/// The inbox in the path, found to be the caller's own before the body is read.
pub(super) struct Own {
    pub caller: Caller,
    pub id: InboxId,
}

impl FromRequestParts<Arc<App>> for Own {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let caller = Caller::read(parts, app).await?;
        let Id(id) = Id::from_request_parts(parts, app).await?;
        let id = InboxId(id);
        known(app, caller.workspace, id).await?;
        Ok(Self { caller, id })
    }
}

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(change))
}

/// The addresses at which customers reach the workspace.
#[utoipa::path(get, path = "/api/inboxes", tag = "inboxes",
    responses((status = 200, body = Inboxes), (status = "4XX", body = ErrorBody)))]
async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Inboxes>, ApiError> {
    Ok(Json(Inboxes { inboxes: all(&app, caller.workspace).await? }))
}

/// Makes an inbox. Its settings are checked by the vendor's own rules; the account is not asked.
#[utoipa::path(post, path = "/api/inboxes", tag = "inboxes", request_body = NewInbox,
    responses((status = 201, body = Inbox), (status = "4XX", body = ErrorBody)))]
async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(new): Body<NewInbox>,
) -> Result<(StatusCode, Json<Inbox>), ApiError> {
    let _one_at_a_time = app.edits.lock().await;
    let others = app.store().inboxes(caller.workspace).await?;
    if others.len() >= INBOXES_MAX {
        let text = format!("a workspace has at most {INBOXES_MAX} inboxes");
        return Err(ApiError::new(StatusCode::CONFLICT, "too_many", text));
    }
    let id = InboxId(app.hub.new_id());
    let mut config = InboxConfig {
        inbox: inbox::Inbox {
            id,
            workspace: caller.workspace,
            name: free_name(&new.name, id, &others)?,
            // What it really is follows from the settings, below.
            channel: inbox::ChannelKind::Web,
            vendor: new.vendor,
            ai: new.ai,
            settings: Map::new(),
        },
        secrets: Map::new(),
    };
    enter(&app, &mut config, new.settings)?;
    let change = ConfigChange { inboxes: vec![config], ..ConfigChange::default() };
    let made = put(&app, caller.workspace, id, change).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Changes an inbox, stops it or starts it again.
#[utoipa::path(patch, path = "/api/inboxes/{id}", tag = "inboxes", params(("id" = String, Path)),
    request_body = InboxChange,
    responses((status = 200, body = Inbox), (status = "4XX", body = ErrorBody)))]
async fn change(
    State(app): State<Arc<App>>,
    Own { caller, id }: Own,
    Body(asked): Body<InboxChange>,
) -> Result<Json<Inbox>, ApiError> {
    let _one_at_a_time = app.edits.lock().await;
    let KnownInbox { mut config, stopped } = known(&app, caller.workspace, id).await?;
    if let Some(name) = &asked.name {
        let others = app.store().inboxes(caller.workspace).await?;
        config.inbox.name = free_name(name, id, &others)?;
    }
    config.inbox.ai = asked.ai.unwrap_or(config.inbox.ai);
    // Without new settings the old ones are not judged: one that is refused can be stopped too.
    if let Some(settings) = asked.settings {
        enter(&app, &mut config, settings)?;
    }
    let stop = asked.stopped.unwrap_or(stopped);
    let change = ConfigChange {
        inboxes: vec![config],
        remove_inboxes: Vec::from_iter(stop.then_some(id)),
        ..ConfigChange::default()
    };
    Ok(Json(put(&app, caller.workspace, id, change).await?))
}

/// Stores a change and has the hub take it over before anybody is answered.
async fn put(
    app: &App,
    workspace: WorkspaceId,
    id: InboxId,
    change: ConfigChange,
) -> Result<Inbox, ApiError> {
    app.store().config_put(workspace, change).await?;
    if let Err(error) = app.hub.reload().await {
        tracing::warn!(%error, "a stored change is not in use yet; the hub looks again by itself");
    }
    one(app, workspace, id).await
}

/// One inbox as the API shows it.
pub(super) async fn one(app: &App, workspace: WorkspaceId, id: InboxId) -> Result<Inbox, ApiError> {
    let id = id.to_string();
    let found = all(app, workspace).await?.into_iter().find(|inbox| inbox.id == id);
    found.ok_or_else(ApiError::not_found)
}

/// The inbox as the hub runs it; none when it is stopped.
pub(super) fn running(app: &App, workspace: WorkspaceId, id: InboxId) -> Option<SourceStatus> {
    app.hub.sources(workspace).into_iter().find(|source| source.id == id.0)
}

async fn known(app: &App, workspace: WorkspaceId, id: InboxId) -> Result<KnownInbox, ApiError> {
    let known = app.store().inboxes(workspace).await?;
    known.into_iter().find(|known| known.config.inbox.id == id).ok_or_else(ApiError::not_found)
}

/// Those that run and those that somebody stopped, by name.
async fn all(app: &App, workspace: WorkspaceId) -> Result<Vec<Inbox>, ApiError> {
    let known = app.store().inboxes(workspace).await?;
    let mut running = app.hub.sources(workspace);
    let inboxes = known.into_iter().filter_map(|KnownInbox { config, stopped }| {
        let at = running.iter().position(|source| source.id == config.inbox.id.0);
        match (stopped, at) {
            (false, at) => at.map(|at| Inbox::running(app, running.swap_remove(at))),
            (true, _) => Some(Inbox::stopped(app, config)),
        }
    });
    Ok(inboxes.collect())
}

/// Takes settings over, and checks all of them by the vendor's own rules.
fn enter(
    app: &App,
    config: &mut InboxConfig,
    settings: Map<String, Value>,
) -> Result<(), ApiError> {
    let inbox = &mut config.inbox;
    let vendors = app.hub.vendors();
    let Some(vendor) = vendors.iter().find(|vendor| vendor.name == inbox.vendor) else {
        let names: Vec<&str> = vendors.iter().map(|vendor| vendor.name).collect();
        return Err(ApiError::refused("vendor", &format!("choose one of {}", names.join(", "))));
    };
    let kept = (&mut inbox.settings, &mut config.secrets);
    source_form::enter(vendor.fields, kept, &settings);
    let asks_for_hook = vendor.fields.iter().any(|field| field.key == HOOK_URL);
    if asks_for_hook && !inbox.settings.contains_key(HOOK_URL) {
        inbox.settings.insert(HOOK_URL.to_owned(), hook_url(app, inbox.id).into());
    }
    let merged = source_form::merged(&inbox.settings, &config.secrets);
    inbox.channel = app
        .hub
        .try_channel(&inbox.vendor, &merged)
        .map_err(|fault| ApiError::refused(&fault.key, &fault.text))?;
    Ok(())
}

/// A name that no other inbox has, stopped ones included.
fn free_name(asked: &str, id: InboxId, others: &[KnownInbox]) -> Result<String, ApiError> {
    let others = others.iter().map(|other| &other.config.inbox).filter(|other| other.id != id);
    source_form::free_name(asked, "inbox", others.map(|other| other.name.as_str()))
}

fn title(app: &App, vendor: &str) -> String {
    let vendors = app.hub.vendors();
    let title = vendors.iter().find(|known| known.name == vendor).map(|known| known.title);
    title.unwrap_or(vendor).to_owned()
}

impl Inbox {
    fn running(app: &App, source: SourceStatus) -> Self {
        let policy = source.policy;
        Self {
            id: source.id.to_string(),
            name: source.name,
            channel: source.channel.unwrap_or(inbox::ChannelKind::Web).into(),
            vendor_title: title(app, &source.vendor),
            vendor: source.vendor,
            address: source.address,
            hook_url: hook_url(app, source.id),
            state: source.state.into(),
            why: source.why,
            ai: source.ai,
            last_event_at: source.last_event_at.map(Timestamp::rfc3339),
            window_ms: policy.and_then(|policy| policy.window).map(|window| window.open_ms),
            templates: source.templates,
            settings: source.settings,
            secrets_set: source.secrets_set,
        }
    }

    fn stopped(app: &App, config: InboxConfig) -> Self {
        let InboxConfig { inbox, secrets } = config;
        Self {
            id: inbox.id.to_string(),
            name: inbox.name,
            channel: inbox.channel.into(),
            vendor_title: title(app, &inbox.vendor),
            vendor: inbox.vendor,
            address: None,
            hook_url: hook_url(app, inbox.id),
            state: ConnectionState::Stopped,
            why: Some(STOPPED.to_owned()),
            ai: inbox.ai,
            last_event_at: None,
            window_ms: None,
            templates: false,
            settings: inbox.settings,
            secrets_set: secrets.keys().cloned().collect(),
        }
    }
}
