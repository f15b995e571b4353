//! One company on the simulated accounts: what demo, rehearsal and benchmark begin with.

use baton_core::{
    ids::{DeskId, Ids, InboxId, WorkspaceId},
    inbox::{ChannelKind, DeskRow, Inbox},
    route::{Choice, Route, WorkKind},
    settings::Settings,
    template::TemplateUse,
    time::Timestamp,
};
use baton_relay::system::SystemIds;
use baton_sandbox::World;
use baton_store::{Config, ConfigChange, DeskConfig, InboxConfig, Store, StoreError};
use serde_json::{Map, Value, json};

/// The names under which a restarted demo finds its own again.
const WORKSPACE: &str = "Northwind Outfitters";
const INBOX: &str = "WhatsApp support";
const DESK: &str = "Dynamics 365";

/// The seeded company.
#[derive(Clone, Debug)]
pub struct Company {
    pub workspace: WorkspaceId,
    pub inbox: InboxId,
    pub desk: DeskId,
    /// Every setting of the inbox, secrets included.
    pub inbox_settings: Map<String, Value>,
    /// Every setting of the desk, secrets included.
    pub desk_settings: Map<String, Value>,
}

/// Makes or renews the company in the store, on the accounts of this sandbox.
///
/// # Errors
/// The store does not answer.
pub async fn plant(
    store: &Store,
    world: &World,
    adapt: impl FnOnce(&mut Settings),
) -> Result<Company, StoreError> {
    let config = store.config_load().await?;
    let ids = SystemIds;
    let workspace = match config.workspaces.first() {
        Some(workspace) => workspace.id,
        None => WorkspaceId::new(&ids),
    };
    let company = Company {
        workspace,
        inbox: inbox_id(&config, &ids),
        desk: desk_id(&config, &ids),
        inbox_settings: whatsapp_settings(world),
        desk_settings: dynamics_settings(world),
    };
    let mut settings = settings();
    adapt(&mut settings);
    if config.workspaces.is_empty() {
        store.workspace_create(workspace, WORKSPACE, &settings).await?;
    }
    store.config_put(workspace, change(&company, settings)).await?;
    Ok(company)
}

fn inbox_id(config: &Config, ids: &dyn Ids) -> InboxId {
    let known = config.inboxes.iter().find(|i| i.inbox.name == INBOX);
    known.map_or_else(|| InboxId::new(ids), |i| i.inbox.id)
}

fn desk_id(config: &Config, ids: &dyn Ids) -> DeskId {
    let known = config.desks.iter().find(|d| d.desk.name == DESK);
    known.map_or_else(|| DeskId::new(ids), |d| d.desk.id)
}

fn settings() -> Settings {
    Settings {
        reengagement: Some(TemplateUse {
            name: "reminder".to_owned(),
            language: "en".to_owned(),
            variables: Vec::new(),
            text: "Your request is still open. Reply to this message to go on.".to_owned(),
            ..TemplateUse::default()
        }),
        ..Settings::default()
    }
}

fn change(company: &Company, settings: Settings) -> ConfigChange {
    let (plain, secret) = split(
        &company.inbox_settings,
        baton_channels::fields("whatsapp_cloud").unwrap_or_default(),
    );
    let inbox = InboxConfig {
        inbox: Inbox {
            id: company.inbox,
            workspace: company.workspace,
            name: INBOX.to_owned(),
            channel: ChannelKind::Whatsapp,
            vendor: "whatsapp_cloud".to_owned(),
            ai: true,
            settings: plain,
        },
        secrets: secret,
    };
    let (plain, secret) =
        split(&company.desk_settings, baton_desks::fields("dynamics365").unwrap_or_default());
    let desk = DeskConfig {
        desk: DeskRow {
            id: company.desk,
            workspace: company.workspace,
            name: DESK.to_owned(),
            vendor: "dynamics365".to_owned(),
            settings: plain,
        },
        secrets: secret,
    };
    let choice = Choice { desk: company.desk, kind: WorkKind::Live, queue: None };
    ConfigChange {
        settings: Some(settings),
        inboxes: vec![inbox],
        desks: vec![desk],
        routes: Some(vec![Route { inbox: None, topic: None, choices: vec![choice] }]),
        ..ConfigChange::default()
    }
}

/// Parts the settings that must stay secret from the others.
pub fn split(
    settings: &Map<String, Value>,
    fields: &[baton_core::config::Field],
) -> (Map<String, Value>, Map<String, Value>) {
    let secret = |key: &str| fields.iter().any(|field| field.key == key && field.secret);
    let (secrets, plain): (Map<_, _>, Map<_, _>) =
        settings.clone().into_iter().partition(|(key, _)| secret(key));
    (plain, secrets)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn whatsapp_settings(world: &World) -> Map<String, Value> {
    let account = &world.whatsapp.account;
    object(json!({
        "access_token": account.access_token,
        "app_secret": account.app_secret,
        "verify_token": account.verify_token,
        "waba_id": account.waba_id,
        "phone_number_id": account.phone_number_id,
        "display_phone_number": account.display_phone_number,
        "base_url": world.base_url,
    }))
}

fn dynamics_settings(world: &World) -> Map<String, Value> {
    let account = &world.dynamics365.account;
    let urls = account.urls(&world.base_url);
    object(json!({
        "tenant_id": account.tenant_id,
        "client_id": account.client_id,
        "client_secret": account.client_secret,
        "environment_url": urls.environment_url,
        "organization_id": account.organization_id,
        "channel_id": account.channel_id,
        "workstream_id": account.workstream_id,
        "messaging_url": urls.messaging_url,
        "messaging_scope": urls.messaging_scope,
        "login_url": urls.login_url,
    }))
}

/// Tells the simulated vendors where the hub listens, as an administrator would at the real ones.
///
/// # Errors
/// A simulator refuses, with its words.
pub async fn subscribe(
    http: &reqwest::Client,
    sandbox_url: &str,
    hub_url: &str,
    company: &Company,
) -> Result<(), String> {
    let whatsapp = json!({ "url": format!("{hub_url}/hooks/{}", company.inbox) });
    control(http, sandbox_url, "whatsapp/subscribe", &whatsapp).await?;
    let dynamics = json!({ "url": format!("{hub_url}/hooks/{}", company.desk) });
    control(http, sandbox_url, "dynamics365/webhook", &dynamics).await?;
    Ok(())
}

/// One call of the sandbox's control API.
///
/// # Errors
/// It does not answer, or refuses with its words.
pub async fn control(
    http: &reqwest::Client,
    sandbox_url: &str,
    path: &str,
    body: &Value,
) -> Result<Value, String> {
    let url = format!("{sandbox_url}/_control/{path}");
    let answer = http.post(&url).json(body).send().await.map_err(|e| e.to_string())?;
    let status = answer.status();
    let text = answer.text().await.map_err(|e| e.to_string())?;
    if !status.is_success() {
        return Err(format!("{path}: {status} {text}"));
    }
    Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// The moment for rows that only people look at.
pub fn now() -> Timestamp {
    use baton_core::time::Clock as _;
    baton_relay::system::SystemClock.now()
}
