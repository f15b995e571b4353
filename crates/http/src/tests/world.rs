//! A hub on a fresh database with two workspaces, asked without a network.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, Method, Request, StatusCode, header, request::Builder as RequestBuilder},
};
use baton_core::{
    channel::{Call, Channel, ChannelEvent, ChannelPolicy, Outbound, WindowRule},
    config::{ConfigFault, Field},
    consent::{ConsentScope, Keywords},
    desk::Desk,
    engine::{Engine, Snapshot, Turn},
    fault::{Fault, FaultClass, Outcome},
    handoff::HandoffReason,
    ids::{DeskId, InboxId, WorkspaceId},
    inbound::{Answer, ParseFault, RawEvent, RawRequest, Received},
    inbox::{ChannelKind, Inbox},
    settings::Settings,
    time::{BoxFuture, Clock, HOUR_MS, Timestamp},
};
use baton_files::{Files, FilesConfig, Links};
use baton_relay::{
    Builder, Hub, HubConfig, Media, Vendor,
    system::{SystemClock, SystemIds},
};
use baton_store::{ConfigChange, InboxConfig, SecretKey, Store, StoreConfig};
use http_body_util::BodyExt;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::sync::watch;
use tower::ServiceExt;
use uuid::Uuid;

use super::counter::{FIELDS as COUNTER_FIELDS, counter};
use crate::{HttpConfig, Parts, SystemRandom, api_key_create, router, setup_link};

pub(super) const PASSWORD: &str = "correct horse battery";
/// What no answer may hold.
pub(super) const SECRET: &str = "never-to-be-seen";
pub(super) const EMAIL: &str = "ada@example.com";

/// A clock that the test sets.
#[derive(Default)]
pub(super) struct SetClock(AtomicI64);

impl SetClock {
    pub(super) fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp(1_763_632_800_000 + self.0.load(Ordering::SeqCst))
    }

    fn sleep_until(&self, _: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}

pub(super) struct World {
    pub app: Router,
    pub hub: Arc<Hub>,
    pub wall: Arc<SetClock>,
    pub ours: WorkspaceId,
    pub inbox: InboxId,
    pub key: String,
    pub their_key: String,
    pub setup: Option<String>,
    pub stop: watch::Sender<bool>,
    _dir: TempDir,
}

pub(super) struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

impl Reply {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| {
            panic!("not JSON ({error}): {:?}", String::from_utf8_lossy(&self.bytes))
        })
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(super) fn code(&self) -> String {
        let body = self.json();
        assert!(body["error"]["id"].as_str().is_some_and(|id| id.len() == 16), "{body}");
        body["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The session's cookie as the browser would send it back.
    pub(super) fn cookie(&self) -> String {
        let line = self.headers[header::SET_COOKIE].to_str().unwrap();
        line.split(';').next().unwrap().to_owned()
    }
}

impl World {
    pub(super) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(super) async fn with(change: impl FnOnce(&mut HttpConfig)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("hub.db").display());
        let config = StoreConfig {
            url,
            partitions: 4,
            key: Some(SecretKey::new([7; 32])),
            node: "test".to_owned(),
        };
        let store = Store::open(config).await.unwrap();
        let (ours, theirs) = (WorkspaceId(Uuid::from_u128(1)), WorkspaceId(Uuid::from_u128(2)));
        let inbox = InboxId(Uuid::from_u128(11));
        seed(&store, ours, theirs, inbox).await;
        let wall = Arc::new(SetClock::default());
        let random = SystemRandom;
        let now = wall.now();
        let key = api_key_create(&store, &random, ours, "test", now).await.unwrap();
        let their_key = api_key_create(&store, &random, theirs, "test", now).await.unwrap();
        let setup = setup_link(&store, &random, now, "https://hub.example/").await.unwrap();
        let (clock, ids) = (Arc::new(SystemClock), Arc::new(SystemIds));
        let files = FilesConfig::Folder(dir.path().join("files"));
        let media = Media {
            files: Arc::new(Files::open(files).await.unwrap()),
            links: Links::new("https://hub.example", &[5; 32]),
            desk_link_ms: HOUR_MS,
        };
        let hub = Hub::start(store, clock, ids, Arc::new(Vendors), media, HubConfig::default());
        let hub = hub.await.unwrap();
        let mut config = HttpConfig::new("https://hub.example/");
        config.feed_keep_alive_ms = 5;
        change(&mut config);
        let (stop, stopped) = watch::channel(false);
        let wall_clock: Arc<dyn Clock> = wall.clone();
        let parts = Parts { random: Arc::new(random), wall: wall_clock, stop: stopped };
        let app = router(Arc::clone(&hub), config, parts);
        Self { app, hub, wall, ours, inbox, key, their_key, setup, stop, _dir: dir }
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Reply { status: parts.status, headers: parts.headers, bytes }
    }

    /// Reads with our API key.
    pub(super) async fn get(&self, path: &str) -> Reply {
        self.get_as(&self.key, path).await
    }

    pub(super) async fn get_as(&self, key: &str, path: &str) -> Reply {
        self.send(bearer(Request::get(path), key).body(Body::empty()).unwrap()).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(json_request(path, body)).await
    }

    /// Signs the first administrator up.
    pub(super) async fn set_up(&self) -> Reply {
        let link = self.setup.as_deref().unwrap();
        let token = link.strip_prefix("https://hub.example/setup#").unwrap();
        let form = json!({"token": token, "email": EMAIL, "name": "Ada", "password": PASSWORD});
        let reply = self.post("/api/setup", &form).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
        reply
    }

    pub(super) async fn log_in(&self, password: &str) -> Reply {
        self.post("/api/login", &json!({"email": EMAIL, "password": password})).await
    }
}

/// Asks the API as our own key does.
pub(super) async fn ask(world: &World, method: Method, path: &str, body: &Value) -> Reply {
    ask_as(world, &world.key, method, path, body).await
}

/// Asks the API with a key.
pub(super) async fn ask_as(
    world: &World,
    key: &str,
    method: Method,
    path: &str,
    body: &Value,
) -> Reply {
    let request = Request::builder().method(method).uri(path);
    let request = bearer(request, key).header(header::CONTENT_TYPE, "application/json");
    world.send(request.body(Body::from(body.to_string())).unwrap()).await
}

/// Whether vendors' requests to the hook of an inbox or a desk are answered.
pub(super) async fn hears(world: &World, source: &Value) -> bool {
    let url = source["hook_url"].as_str().unwrap();
    let path = url.strip_prefix("https://hub.example").unwrap();
    let reply = world.send(Request::get(path).body(Body::empty()).unwrap()).await;
    reply.status == StatusCode::ACCEPTED
}

pub(super) fn bearer(request: RequestBuilder, key: &str) -> RequestBuilder {
    request.header(header::AUTHORIZATION, format!("Bearer {key}"))
}

pub(super) fn json_request(path: &str, body: &Value) -> Request<Body> {
    let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
    request.body(Body::from(body.to_string())).unwrap()
}

async fn seed(store: &Store, ours: WorkspaceId, theirs: WorkspaceId, inbox: InboxId) {
    store.workspace_create(ours, "Parcel House", &Settings::default()).await.unwrap();
    store.workspace_create(theirs, "Other House", &Settings::default()).await.unwrap();
    let inbox = Inbox {
        id: inbox,
        workspace: ours,
        name: "Main number".to_owned(),
        channel: ChannelKind::Whatsapp,
        vendor: "mirror".to_owned(),
        ai: false,
        settings: Map::new(),
    };
    let secrets = Map::from_iter([("app_secret".to_owned(), json!(SECRET))]);
    let change =
        ConfigChange { inboxes: vec![InboxConfig { inbox, secrets }], ..ConfigChange::default() };
    store.config_put(ours, change).await.unwrap();
}

const FIELDS: &[Field] = &[
    Field {
        key: "number",
        label: "Number",
        help: "with country code",
        secret: false,
        required: false,
    },
    Field { key: "kind", label: "Kind", help: "sms or nothing", secret: false, required: false },
    Field { key: "app_secret", label: "Secret", help: "any", secret: true, required: false },
    Field {
        key: "webhook_url",
        label: "Webhook address",
        help: "as pasted",
        secret: false,
        required: true,
    },
];

/// Vendors that tell what they were given.
struct Vendors;

impl Builder for Vendors {
    fn vendors(&self) -> Vec<Vendor> {
        vec![Vendor { name: "mirror", title: "Mirror", fields: FIELDS }]
    }

    fn channel(
        &self,
        vendor: &str,
        settings: &Map<String, Value>,
    ) -> Result<Arc<dyn Channel>, ConfigFault> {
        if vendor != "mirror" {
            return Err(ConfigFault::new("vendor", "unknown; known is mirror"));
        }
        if settings.get("number").is_some_and(|number| number == "wrong") {
            return Err(ConfigFault::new("number", "not a number; write it as +15550100"));
        }
        let is_sms = settings.get("kind").is_some_and(|kind| kind == "sms");
        let channel = if is_sms { ChannelKind::Sms } else { ChannelKind::Whatsapp };
        let window = WindowRule { open_ms: HOUR_MS, margin_ms: 0, free_entry_ms: 0 };
        let window = (!is_sms).then_some(window);
        let policy = ChannelPolicy { channel, window, ..POLICY };
        let number = settings.get("number").and_then(Value::as_str).map(str::to_owned);
        Ok(Arc::new(Mirror(policy, number)))
    }

    fn desk_vendors(&self) -> Vec<Vendor> {
        vec![Vendor { name: "counter", title: "Counter", fields: COUNTER_FIELDS }]
    }

    fn desk(
        &self,
        _: DeskId,
        _: &str,
        settings: &Map<String, Value>,
    ) -> Result<Arc<dyn Desk>, ConfigFault> {
        counter(settings)
    }

    fn engine(&self, _: &str, _: &Map<String, Value>) -> Result<Arc<dyn Engine>, ConfigFault> {
        Ok(Arc::new(Mute))
    }
}

const POLICY: ChannelPolicy = ChannelPolicy {
    channel: ChannelKind::Whatsapp,
    max_text_chars: 4_096,
    window: None,
    templates: false,
    receipts: false,
    order_wait_ms: 0,
    pair_pace: None,
    inbox_pace: None,
    stop_scope: ConsentScope::Everything,
    keywords: Keywords::Carrier,
    max_file_bytes: 0,
    choices: None,
    message_list: None,
};

/// Answers every hook with what the hook was asked.
struct Mirror(ChannelPolicy, Option<String>);

impl Channel for Mirror {
    fn vendor(&self) -> &'static str {
        "mirror"
    }

    fn policy(&self) -> &ChannelPolicy {
        &self.0
    }

    fn address(&self) -> Option<String> {
        self.1.clone()
    }

    fn receive(&self, request: &RawRequest) -> Received {
        assert!(request.path != "panic", "asked to panic");
        let repeated: Vec<&str> = request
            .headers
            .iter()
            .filter(|(name, _)| name == "x-repeated")
            .map(|(_, value)| value.as_str())
            .collect();
        let seen = json!({
            "method": request.method, "path": request.path, "query": request.query,
            "repeated": repeated, "bytes": request.body.len(),
        });
        Received::Answer(Answer::text(202, seen.to_string()))
    }

    fn parse(&self, _: &RawEvent) -> Result<Vec<ChannelEvent>, ParseFault> {
        Ok(Vec::new())
    }

    fn render(&self, _: &Outbound<'_>) -> Result<Call, Fault> {
        Err(fault())
    }

    fn send<'a>(&'a self, _: &'a Call) -> BoxFuture<'a, Outcome> {
        Box::pin(async { Outcome::Rejected { fault: fault() } })
    }

    fn check(&self) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(async { Ok(()) })
    }
}

/// An engine that never answers.
struct Mute;

impl Engine for Mute {
    fn vendor(&self) -> &'static str {
        "mute"
    }

    fn turn<'a>(&'a self, _: &'a Snapshot) -> BoxFuture<'a, Result<Turn, Fault>> {
        Box::pin(async { Err(fault()) })
    }

    fn brief<'a>(
        &'a self,
        _: &'a Snapshot,
        _: HandoffReason,
    ) -> BoxFuture<'a, Result<baton_core::brief::Brief, Fault>> {
        Box::pin(async { Err(fault()) })
    }
}

fn fault() -> Fault {
    Fault::new(FaultClass::Bug, "not part of this test")
}
