//! The parts that the hub does not have: a handler that does nothing, a hook that stores
//! nothing, and one that commits each request alone.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::{Bytes, to_bytes},
    extract::{Request, State},
    http::StatusCode,
    routing::post,
};
use baton_core::{
    channel::{Call, Channel, ChannelEvent, ChannelPolicy, Outbound},
    config::ConfigFault,
    desk::Desk,
    engine::Engine,
    fault::{Fault, Outcome},
    ids::{DeskId, InboundId, InboxId, WorkspaceId},
    inbound::{ParseFault, RawEvent, RawRequest, Received, Source},
    inbox::{ChannelKind, Inbox},
    settings::Settings as Policy,
    time::BoxFuture,
};
use baton_relay::{Builder, Vendor, system::SystemIds};
use baton_store::{ConfigChange, InboxConfig, NewInbound, Store, StoreError};
use serde_json::{Map, Value, json};
use tokio::{net::TcpListener, sync::Mutex, task::JoinHandle};

use super::requests::APP_SECRET;
use crate::{builder::Vendors, hub::RunError, seed};

/// The vendor whose webhooks are sent.
const VENDOR: &str = "whatsapp_cloud";
/// The same vendor, with nothing stored of what it sends.
const VERIFIED: &str = "verified_only";
/// The largest body that the handlers here read.
const BODY_MAX_BYTES: usize = 64 * 1024;

/// What is configured for the run.
pub struct Company {
    workspace: WorkspaceId,
    /// The inbox as every company has it.
    pub durable: InboxId,
    /// The one that stores nothing.
    pub verified: InboxId,
}

/// Makes a workspace with both inboxes. The AI answers at neither: it is not what is measured.
///
/// # Errors
/// The store does not take it.
pub async fn configure(store: &Store) -> Result<Company, StoreError> {
    let ids = &SystemIds;
    let company = Company {
        workspace: WorkspaceId::new(ids),
        durable: InboxId::new(ids),
        verified: InboxId::new(ids),
    };
    let (settings, secrets) =
        seed::split(&vendor_settings(), baton_channels::fields(VENDOR).unwrap_or_default());
    let inbox = |id, name: &str, vendor: &str| InboxConfig {
        inbox: Inbox {
            id,
            workspace: company.workspace,
            name: name.to_owned(),
            channel: ChannelKind::Whatsapp,
            vendor: vendor.to_owned(),
            ai: false,
            settings: settings.clone(),
        },
        secrets: secrets.clone(),
    };
    let policy = Policy::default();
    store.workspace_create(company.workspace, "Benchmark", &policy).await?;
    let inboxes = vec![
        inbox(company.durable, "durable", VENDOR),
        inbox(company.verified, "verified", VERIFIED),
    ];
    let change = ConfigChange { inboxes, ..ConfigChange::default() };
    store.config_put(company.workspace, change).await?;
    Ok(company)
}

/// The settings of the WhatsApp inbox.
pub fn vendor_settings() -> Map<String, Value> {
    let settings = json!({
        "access_token": "benchmark-access-token",
        "app_secret": APP_SECRET,
        "verify_token": "benchmark-verify-token",
        "waba_id": "2000",
        "phone_number_id": "1000",
        // Nothing is sent; if it were, nobody would hear it.
        "base_url": "http://127.0.0.1:9",
    });
    settings.as_object().cloned().unwrap_or_default()
}

/// Makes vendors, and the one that stores nothing.
pub struct Measuring(pub Vendors);

impl Builder for Measuring {
    fn vendors(&self) -> Vec<Vendor> {
        self.0.vendors()
    }

    fn desk_vendors(&self) -> Vec<Vendor> {
        self.0.desk_vendors()
    }

    fn channel(
        &self,
        vendor: &str,
        settings: &Map<String, Value>,
    ) -> Result<Arc<dyn Channel>, ConfigFault> {
        if vendor == VERIFIED {
            return Ok(Arc::new(VerifiedOnly(self.0.channel(VENDOR, settings)?)));
        }
        self.0.channel(vendor, settings)
    }

    fn desk(
        &self,
        id: DeskId,
        vendor: &str,
        settings: &Map<String, Value>,
    ) -> Result<Arc<dyn Desk>, ConfigFault> {
        self.0.desk(id, vendor, settings)
    }

    fn engine(
        &self,
        vendor: &str,
        settings: &Map<String, Value>,
    ) -> Result<Arc<dyn Engine>, ConfigFault> {
        self.0.engine(vendor, settings)
    }
}

/// Checks and splits as the channel within does, and leaves nothing to store: the same server,
/// the same hook, without the commit.
struct VerifiedOnly(Arc<dyn Channel>);

impl Channel for VerifiedOnly {
    fn vendor(&self) -> &'static str {
        self.0.vendor()
    }

    fn policy(&self) -> &ChannelPolicy {
        self.0.policy()
    }

    fn receive(&self, request: &RawRequest) -> Received {
        match self.0.receive(request) {
            Received::Store { answer, .. } => Received::Answer(answer),
            other => other,
        }
    }

    fn parse(&self, event: &RawEvent) -> Result<Vec<ChannelEvent>, ParseFault> {
        self.0.parse(event)
    }

    fn render(&self, outbound: &Outbound<'_>) -> Result<Call, Fault> {
        self.0.render(outbound)
    }

    fn send<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Outcome> {
        self.0.send(call)
    }

    fn check(&self) -> BoxFuture<'_, Result<(), Fault>> {
        self.0.check()
    }
}

/// Reads the body and answers 200: what this machine can do at most.
pub fn null() -> Router {
    Router::new().route("/hooks/{id}", post(async |_: Bytes| StatusCode::OK))
}

/// Verifies like the hub, and then gives every request a transaction of its own.
pub struct Alone {
    store: Store,
    channel: Arc<dyn Channel>,
    workspace: WorkspaceId,
    inbox: InboxId,
    one: Mutex<()>,
}

impl Alone {
    /// The same inbox as the hub's.
    ///
    /// # Errors
    /// The vendor refuses its settings.
    pub fn new(store: Store, builder: &dyn Builder, company: &Company) -> Result<Self, RunError> {
        let channel = builder
            .channel(VENDOR, &vendor_settings())
            .map_err(|fault| RunError::Refused(format!("make the inbox: {fault}")))?;
        let Company { workspace, durable, .. } = *company;
        Ok(Self { store, channel, workspace, inbox: durable, one: Mutex::new(()) })
    }

    /// Its hook.
    pub fn router(self) -> Router {
        Router::new().route("/hooks/{id}", post(receive)).with_state(Arc::new(self))
    }

    fn rows(&self, events: Vec<RawEvent>) -> Vec<NewInbound> {
        let row = |event: RawEvent| NewInbound {
            id: InboundId::new(&SystemIds),
            workspace: self.workspace,
            source: Source::Inbox(self.inbox),
            vendor_event_id: event.vendor_event_id,
            source_key: event.source_key,
            body: event.body,
            received_at: seed::now(),
        };
        events.into_iter().map(row).collect()
    }
}

async fn receive(State(alone): State<Arc<Alone>>, request: Request) -> StatusCode {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_MAX_BYTES).await else { return StatusCode::BAD_REQUEST };
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers = parts.headers.iter();
    let raw = RawRequest {
        method: parts.method.as_str().to_owned(),
        headers: headers.map(|(n, v)| (n.as_str().to_owned(), text(v.as_bytes()))).collect(),
        body: body.into(),
        ..RawRequest::default()
    };
    let Received::Store { events, .. } = alone.channel.receive(&raw) else {
        return StatusCode::UNAUTHORIZED;
    };
    let rows = alone.rows(events);
    // One at a time: no other request's events share the transaction.
    let _one = alone.one.lock().await;
    match alone.store.inbound_put(rows).await {
        Ok(_) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// A free port on loopback.
///
/// # Errors
/// There is none.
pub async fn listen() -> Result<TcpListener, RunError> {
    let address = "127.0.0.1:0";
    TcpListener::bind(address)
        .await
        .map_err(|source| RunError::Listen { address: address.to_owned(), source })
}

/// Serves until it is aborted, like the hub is served.
///
/// # Errors
/// There is no free port.
pub async fn serve(router: Router) -> Result<(SocketAddr, JoinHandle<()>), RunError> {
    let listener = listen().await?;
    let address = listener.local_addr().map_err(RunError::io("read the address listened on"))?;
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = tokio::spawn(async move {
        // It ends when it is aborted; an accept that fails shows as a broken connection.
        let _ = axum::serve(listener, service).await;
    });
    Ok((address, serving))
}
