//! One company on the simulated accounts: what demo, rehearsal and benchmark begin with.

use baton_core::{
    ids::{DeskId, Ids, InboxId, WorkspaceId},
    inbox::{ChannelKind, DeskRow, Inbox},
    route::{Choice, Route},
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

/// A customers' side that can be seeded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Front {
    /// A WhatsApp number at Meta.
    WhatsappCloud,
    /// A US long code at Twilio.
    TwilioSms,
    /// A WhatsApp sender at Twilio.
    TwilioWhatsapp,
}

impl Front {
    /// The front by the name that scenarios use.
    pub fn read(name: &str) -> Option<Self> {
        match name {
            "whatsapp" => Some(Self::WhatsappCloud),
            "sms" => Some(Self::TwilioSms),
            "whatsapp by twilio" => Some(Self::TwilioWhatsapp),
            _ => None,
        }
    }

    /// The vendor's folder name.
    pub fn vendor(self) -> &'static str {
        match self {
            Self::WhatsappCloud => "whatsapp_cloud",
            Self::TwilioSms | Self::TwilioWhatsapp => "twilio",
        }
    }

    /// What the customer experiences.
    pub fn channel(self) -> ChannelKind {
        match self {
            Self::WhatsappCloud | Self::TwilioWhatsapp => ChannelKind::Whatsapp,
            Self::TwilioSms => ChannelKind::Sms,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::WhatsappCloud => "WhatsApp support",
            Self::TwilioSms => "SMS support",
            Self::TwilioWhatsapp => "WhatsApp by Twilio",
        }
    }

    fn settings(self, world: &World, hook_url: &str) -> Map<String, Value> {
        match self {
            Self::WhatsappCloud => whatsapp_settings(world),
            Self::TwilioSms => twilio_settings(world, &world.twilio.account.number, hook_url),
            Self::TwilioWhatsapp => {
                let sender = format!("whatsapp:{}", world.twilio.account.whatsapp_number);
                twilio_settings(world, &sender, hook_url)
            }
        }
    }

    /// The sandbox's order that tells the vendor where the hub listens.
    fn subscription(self, hook_url: &str) -> (&'static str, Value) {
        match self {
            Self::WhatsappCloud => ("whatsapp/subscribe", json!({ "url": hook_url })),
            Self::TwilioSms | Self::TwilioWhatsapp => ("twilio/hooks", json!({ "url": hook_url })),
        }
    }
}

/// A reps' side that can be seeded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Back {
    /// A Dynamics 365 organisation.
    Dynamics365,
    /// A Salesforce organisation.
    Salesforce,
}

impl Back {
    /// The reps' side by the vendor's folder name.
    pub fn read(name: &str) -> Option<Self> {
        [Self::Dynamics365, Self::Salesforce].into_iter().find(|back| back.vendor() == name)
    }

    /// The vendor's folder name; also of its simulator's orders.
    pub fn vendor(self) -> &'static str {
        match self {
            Self::Dynamics365 => "dynamics365",
            Self::Salesforce => "salesforce",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Dynamics365 => "Dynamics 365",
            Self::Salesforce => "Salesforce",
        }
    }

    fn settings(self, world: &World) -> Map<String, Value> {
        match self {
            Self::Dynamics365 => dynamics_settings(world),
            Self::Salesforce => salesforce_settings(world),
        }
    }
}

/// An inbox of the company.
#[derive(Clone, Debug)]
pub struct SeededInbox {
    pub id: InboxId,
    pub front: Front,
    /// Every setting, secrets included.
    pub settings: Map<String, Value>,
}

/// A desk of the company.
#[derive(Clone, Debug)]
pub struct SeededDesk {
    pub id: DeskId,
    pub back: Back,
    /// Every setting, secrets included.
    pub settings: Map<String, Value>,
}

/// The seeded company. The first desk is the one to which everything goes.
#[derive(Clone, Debug)]
pub struct Company {
    pub workspace: WorkspaceId,
    pub inboxes: Vec<SeededInbox>,
    pub desks: Vec<SeededDesk>,
}

impl Company {
    /// The id of a desk.
    pub fn desk(&self, back: Back) -> Option<DeskId> {
        self.desks.iter().find(|desk| desk.back == back).map(|desk| desk.id)
    }
}

/// Makes or renews the company in the store, on the accounts of this sandbox; the hub will listen
/// at the address.
///
/// # Errors
/// The store does not answer.
pub async fn plant(
    store: &Store,
    world: &World,
    (fronts, backs): (&[Front], &[Back]),
    hub_url: &str,
    adapt: impl FnOnce(&mut Settings),
) -> Result<Company, StoreError> {
    let config = store.config_load().await?;
    let ids = SystemIds;
    let workspace = match config.workspaces.first() {
        Some(workspace) => workspace.id,
        None => WorkspaceId::new(&ids),
    };
    let inbox = |front: &Front| {
        let id = inbox_id(&config, *front, &ids);
        let settings = front.settings(world, &hook_url(hub_url, id));
        SeededInbox { id, front: *front, settings }
    };
    let desk = |back: &Back| {
        let id = desk_id(&config, *back, &ids);
        SeededDesk { id, back: *back, settings: back.settings(world) }
    };
    let company = Company {
        workspace,
        inboxes: fronts.iter().map(inbox).collect(),
        desks: backs.iter().map(desk).collect(),
    };
    let mut settings = settings();
    adapt(&mut settings);
    if config.workspaces.is_empty() {
        store.workspace_create(workspace, WORKSPACE, &settings).await?;
    }
    store.config_put(workspace, change(&company, settings)).await?;
    Ok(company)
}

/// Where a vendor delivers.
pub fn hook_url(hub_url: &str, source: impl std::fmt::Display) -> String {
    format!("{hub_url}/hooks/{source}")
}

fn inbox_id(config: &Config, front: Front, ids: &dyn Ids) -> InboxId {
    let known = config.inboxes.iter().find(|i| i.inbox.name == front.name());
    known.map_or_else(|| InboxId::new(ids), |i| i.inbox.id)
}

fn desk_id(config: &Config, back: Back, ids: &dyn Ids) -> DeskId {
    let known = config.desks.iter().find(|d| d.desk.name == back.name());
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
    let choices = company.desks.first().map(|desk| Choice::of(desk.id)).into_iter().collect();
    ConfigChange {
        settings: Some(settings),
        inboxes: company.inboxes.iter().map(|seeded| inbox(company, seeded)).collect(),
        desks: company.desks.iter().map(|seeded| desk(company, seeded)).collect(),
        routes: Some(vec![Route { inbox: None, topic: None, choices }]),
        ..ConfigChange::default()
    }
}

/// An inbox of the company as it is stored.
pub fn inbox(company: &Company, seeded: &SeededInbox) -> InboxConfig {
    let front = seeded.front;
    let fields = baton_channels::fields(front.vendor()).unwrap_or_default();
    let (plain, secrets) = split(&seeded.settings, fields);
    let inbox = Inbox {
        id: seeded.id,
        workspace: company.workspace,
        name: front.name().to_owned(),
        channel: front.channel(),
        vendor: front.vendor().to_owned(),
        ai: true,
        settings: plain,
    };
    InboxConfig { inbox, secrets }
}

/// A desk of the company as it is stored.
pub fn desk(company: &Company, seeded: &SeededDesk) -> DeskConfig {
    let back = seeded.back;
    let fields = baton_desks::fields(back.vendor()).unwrap_or_default();
    let (plain, secrets) = split(&seeded.settings, fields);
    let desk = DeskRow {
        id: seeded.id,
        workspace: company.workspace,
        name: back.name().to_owned(),
        vendor: back.vendor().to_owned(),
        settings: plain,
    };
    DeskConfig { desk, secrets }
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

fn twilio_settings(world: &World, sender: &str, hook_url: &str) -> Map<String, Value> {
    let account = &world.twilio.account;
    let urls = account.urls(&world.base_url);
    object(json!({
        "account_sid": account.account_sid,
        "auth_token": account.auth_token,
        "sender": sender,
        "webhook_url": hook_url,
        "api_url": urls.api_url,
        "messaging_url": urls.messaging_url,
        "content_url": urls.content_url,
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

fn salesforce_settings(world: &World) -> Map<String, Value> {
    let account = &world.salesforce.account;
    let urls = account.urls(&world.base_url);
    object(json!({
        "instance_url": urls.instance_url,
        "scrt_url": urls.messaging_url,
        "organization_id": account.org_id_18,
        "deployment": account.deployment,
        "auth_key_id": account.key_id,
        "private_key": account.identity_private_key_pem,
        "issuer": account.key_set_issuer,
        "crm_consumer_key": account.consumer_key,
        "crm_username": account.username,
        "crm_login_url": urls.login_url,
        "crm_private_key": account.core_private_key_pem,
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
    for inbox in &company.inboxes {
        let (path, order) = inbox.front.subscription(&hook_url(hub_url, inbox.id));
        control(http, sandbox_url, path, &order).await?;
    }
    if let Some(desk) = company.desk(Back::Dynamics365) {
        let dynamics = json!({ "url": hook_url(hub_url, desk) });
        control(http, sandbox_url, "dynamics365/webhook", &dynamics).await?;
    }
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
