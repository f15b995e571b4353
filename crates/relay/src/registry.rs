//! The inboxes, desks and engines as configured, built and ready to use.

use std::{collections::HashMap, sync::Arc};

use baton_core::{
    channel::Channel,
    config::{ConfigFault, Field},
    desk::Desk,
    engine::Engine,
    ids::{DeskId, InboxId, WorkspaceId},
    inbox::{DeskRow, Inbox},
    route::Route,
    settings::Settings,
};
use baton_store::{Config, DeskConfig, InboxConfig};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::source::{Health, SourceState, SourceStatus};

/// A vendor of channels or of desks, for those who choose one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Vendor {
    /// The folder name.
    pub name: &'static str,
    /// Its name for people; a channel's also says what customers experience.
    pub title: &'static str,
    /// Its settings.
    pub fields: &'static [Field],
}

/// Makes vendors' implementations from settings. The binary gives it; the relay knows no vendor.
pub trait Builder: Send + Sync {
    /// The vendors of channels that can be made.
    fn vendors(&self) -> Vec<Vendor>;

    /// The vendors of desks that can be made.
    fn desk_vendors(&self) -> Vec<Vendor>;

    /// A channel from its settings, secrets included.
    ///
    /// # Errors
    /// Names the setting that is refused and the fix.
    fn channel(
        &self,
        vendor: &str,
        settings: &Map<String, Value>,
    ) -> Result<Arc<dyn Channel>, ConfigFault>;

    /// The desk of this id from its settings, secrets included.
    ///
    /// # Errors
    /// Names the setting that is refused and the fix.
    fn desk(
        &self,
        id: DeskId,
        vendor: &str,
        settings: &Map<String, Value>,
    ) -> Result<Arc<dyn Desk>, ConfigFault>;

    /// An engine from its settings, secrets included.
    ///
    /// # Errors
    /// Names the setting that is refused and the fix.
    fn engine(
        &self,
        vendor: &str,
        settings: &Map<String, Value>,
    ) -> Result<Arc<dyn Engine>, ConfigFault>;
}

/// One tenant, ready to use.
pub(crate) struct Tenant {
    pub settings: Arc<Settings>,
    pub routes: Arc<[Route]>,
    pub engine: Arc<dyn Engine>,
    /// Writes briefs when the chosen engine cannot.
    pub fallback: Arc<dyn Engine>,
}

/// One inbox, ready to use.
pub(crate) struct LiveInbox {
    pub row: Inbox,
    pub channel: Result<Arc<dyn Channel>, ConfigFault>,
    secrets_set: Vec<String>,
}

/// One desk, ready to use.
pub(crate) struct LiveDesk {
    pub row: DeskRow,
    pub desk: Result<Arc<dyn Desk>, ConfigFault>,
    secrets_set: Vec<String>,
}

/// Everything configured, at one version. Replaced whole when the configuration changes.
pub struct Registry {
    pub(crate) version: i64,
    pub(crate) tenants: HashMap<WorkspaceId, Tenant>,
    pub(crate) inboxes: HashMap<InboxId, LiveInbox>,
    pub(crate) desks: HashMap<DeskId, LiveDesk>,
}

impl Registry {
    /// Builds everything. A source whose settings are refused stands there stopped, with why.
    ///
    /// # Errors
    /// The built-in engine, which everything falls back to, cannot be made.
    pub(crate) fn build(config: Config, builder: &dyn Builder) -> Result<Self, ConfigFault> {
        let fallback = builder.engine("builtin", &Map::new())?;
        let mut routes: HashMap<WorkspaceId, Vec<Route>> = config.routes.into_iter().collect();
        let secrets: HashMap<_, _> = config.engine_secrets.into_iter().collect();
        let tenants = config
            .workspaces
            .into_iter()
            .map(|workspace| {
                let chosen = &workspace.settings.engine;
                let none = Map::new();
                let merged =
                    merge(&chosen.settings, secrets.get(&workspace.id).unwrap_or(&none));
                let engine = builder.engine(&chosen.vendor, &merged).unwrap_or_else(|fault| {
                    tracing::error!(workspace = %workspace.id, %fault, "engine refused, built-in one answers");
                    Arc::clone(&fallback)
                });
                let tenant = Tenant {
                    routes: routes.remove(&workspace.id).unwrap_or_default().into(),
                    settings: Arc::new(workspace.settings),
                    engine,
                    fallback: Arc::clone(&fallback),
                };
                (workspace.id, tenant)
            })
            .collect();
        Ok(Self {
            version: config.version,
            tenants,
            inboxes: config.inboxes.into_iter().map(|c| (c.inbox.id, inbox(c, builder))).collect(),
            desks: config.desks.into_iter().map(|c| (c.desk.id, desk(c, builder))).collect(),
        })
    }

    pub(crate) fn channel(&self, id: InboxId) -> Option<Arc<dyn Channel>> {
        self.inboxes.get(&id)?.channel.as_ref().ok().cloned()
    }

    pub(crate) fn desk(&self, id: DeskId) -> Option<Arc<dyn Desk>> {
        self.desks.get(&id)?.desk.as_ref().ok().cloned()
    }

    pub(crate) fn statuses(&self, workspace: WorkspaceId, health: &Health) -> Vec<SourceStatus> {
        let inboxes = self.inboxes.values().filter(|i| i.row.workspace == workspace).map(|i| {
            let (state, why) = state(i.row.id.0, i.channel.as_ref().err(), health);
            let channel = i.channel.as_ref().ok();
            SourceStatus {
                id: i.row.id.0,
                desk: false,
                ai: i.row.ai,
                address: channel.and_then(|channel| channel.address()),
                policy: channel.map(|channel| channel.policy().clone()),
                templates: channel.is_some_and(|channel| channel.templates().is_some()),
                last_event_at: health.last_event_at(i.row.id.0),
                name: i.row.name.clone(),
                channel: Some(i.row.channel),
                vendor: i.row.vendor.clone(),
                state,
                why,
                settings: i.row.settings.clone(),
                secrets_set: i.secrets_set.clone(),
            }
        });
        let desks = self.desks.values().filter(|d| d.row.workspace == workspace).map(|d| {
            let (state, why) = state(d.row.id.0, d.desk.as_ref().err(), health);
            SourceStatus {
                id: d.row.id.0,
                desk: true,
                ai: false,
                address: None,
                policy: None,
                templates: false,
                last_event_at: health.last_event_at(d.row.id.0),
                name: d.row.name.clone(),
                channel: None,
                vendor: d.row.vendor.clone(),
                state,
                why,
                settings: d.row.settings.clone(),
                secrets_set: d.secrets_set.clone(),
            }
        });
        let mut all: Vec<SourceStatus> = inboxes.chain(desks).collect();
        all.sort_by(|a, b| (a.desk, &a.name).cmp(&(b.desk, &b.name)));
        all
    }
}

fn state(
    id: Uuid,
    refused: Option<&ConfigFault>,
    health: &Health,
) -> (SourceState, Option<String>) {
    if let Some(fault) = refused {
        return (SourceState::Refused, Some(fault.to_string()));
    }
    match health.why(id) {
        Some(why) => (SourceState::Failing, Some(why)),
        None => (SourceState::Active, None),
    }
}

fn inbox(config: InboxConfig, builder: &dyn Builder) -> LiveInbox {
    let InboxConfig { inbox: row, secrets } = config;
    let channel = builder.channel(&row.vendor, &merge(&row.settings, &secrets));
    if let Err(fault) = &channel {
        tracing::error!(inbox = %row.id, name = %row.name, %fault, "inbox does not start");
    }
    LiveInbox { row, channel, secrets_set: secrets.keys().cloned().collect() }
}

fn desk(config: DeskConfig, builder: &dyn Builder) -> LiveDesk {
    let DeskConfig { desk: row, secrets } = config;
    let desk = builder.desk(row.id, &row.vendor, &merge(&row.settings, &secrets));
    if let Err(fault) = &desk {
        tracing::error!(desk = %row.id, name = %row.name, %fault, "desk does not start");
    }
    LiveDesk { row, desk, secrets_set: secrets.keys().cloned().collect() }
}

fn merge(settings: &Map<String, Value>, secrets: &Map<String, Value>) -> Map<String, Value> {
    settings.iter().chain(secrets).map(|(key, value)| (key.clone(), value.clone())).collect()
}
