//! A clock that stands still, keys that nobody uses, and a tiny vendor on loopback.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicI64, Ordering},
    },
};

use aws_lc_rs::{
    encoding::Pkcs8V1Der,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use baton_core::{
    brief::{Brief, Sentiment},
    channel::Call,
    config::ConfigFault,
    contact::{Contact, Point, PointKind},
    desk::{Desk, DeskWhat, ToDesk},
    fault::Fault,
    handoff::{Handoff, HandoffReason, HandoffState, Work},
    ids::{
        ContactId, ConversationId, DeliveryId, DeskId, HandoffId, SessionId, VendorId, WorkspaceId,
    },
    message::{Author, AuthorKind, Content},
    route::Choice,
    time::{BoxFuture, Clock, Timestamp},
};
use baton_desks::Deps;
use baton_files::Files;
use serde_json::{Map, Value, json};
use uuid::Uuid;

pub const TENANT: &str = "aaaaaaaa-0000-4000-8000-000000000001";
pub const CLIENT: &str = "aaaaaaaa-0000-4000-8000-000000000002";
pub const ORG: &str = "aaaaaaaa-0000-4000-8000-000000000003";
pub const CHANNEL: &str = "aaaaaaaa-0000-4000-8000-000000000004";
pub const CHAT: &str = "cccccccc-0000-4000-8000-000000000001";
/// 2025-11-20T10:00:00Z.
pub const NOW: Timestamp = Timestamp(1_763_632_800_000);

pub fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub struct StillClock(AtomicI64);

impl StillClock {
    pub fn advance_ms(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    fn sleep_until(&self, _: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

pub fn clock() -> Arc<StillClock> {
    Arc::new(StillClock(AtomicI64::new(NOW.0)))
}

pub fn settings(base: &str) -> Map<String, Value> {
    let settings = json!({
        "tenant_id": TENANT, "client_id": CLIENT, "client_secret": "fake~for~tests",
        "environment_url": format!("{base}/dataverse"), "organization_id": ORG,
        "channel_id": CHANNEL, "messaging_url": format!("{base}/messaging"),
        "login_url": format!("{base}/login"),
    });
    settings.as_object().unwrap().clone()
}

pub fn desk_at(base: &str, clock: &Arc<StillClock>) -> Arc<dyn Desk> {
    desk_with(&settings(base), clock, None)
}

/// A desk with its own settings, and the files that it may be given.
pub fn desk_with(
    settings: &Map<String, Value>,
    clock: &Arc<StillClock>,
    files: Option<Arc<Files>>,
) -> Arc<dyn Desk> {
    build(settings, clock, files).unwrap()
}

/// The same, or why its settings are refused.
pub fn build(
    settings: &Map<String, Value>,
    clock: &Arc<StillClock>,
    files: Option<Arc<Files>>,
) -> Result<Arc<dyn Desk>, ConfigFault> {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let deps = Deps {
        http: http.build().unwrap(),
        downloads: baton_files::Client::new(true).unwrap(),
        clock: Arc::clone(clock) as _,
        keep: None,
        files,
        development: true,
    };
    baton_desks::build("dynamics365", settings, &deps)
}

/// A desk for what needs no network.
pub fn desk() -> Arc<dyn Desk> {
    desk_at("http://127.0.0.1:1", &clock())
}

// ---- keys and tokens -------------------------------------------------------------------

/// A key made in this test run; it opens nothing.
pub struct TestKey {
    pub kid: &'static str,
    pair: KeyPair,
}

impl TestKey {
    fn new(kid: &'static str) -> Self {
        Self { kid, pair: KeyPair::generate(KeySize::Rsa2048).unwrap() }
    }

    /// The public half, as a certificate holds it.
    pub fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    pub fn jwk(&self) -> Value {
        let public = self.pair.public_key();
        json!({
            "kty": "RSA", "use": "sig", "kid": self.kid,
            "n": URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero()),
            "e": URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero()),
        })
    }

    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let text = unsigned(header, claims);
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = aws_lc_rs::rand::SystemRandom::new();
        self.pair.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature).unwrap();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    pub fn token(&self, claims: &Value) -> String {
        self.sign(&json!({ "alg": "RS256", "typ": "JWT", "kid": self.kid }), claims)
    }
}

/// The part of a token that is signed.
pub fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

/// The key that the tiny vendor publishes.
pub fn published_key() -> &'static TestKey {
    static KEY: OnceLock<TestKey> = OnceLock::new();
    KEY.get_or_init(|| TestKey::new("published"))
}

/// Another key that calls itself the same.
pub fn foreign_key() -> &'static TestKey {
    static KEY: OnceLock<TestKey> = OnceLock::new();
    KEY.get_or_init(|| TestKey::new("published"))
}

/// The private half, for those who would misuse it as a shared secret.
pub fn as_secret(key: &TestKey) -> Vec<u8> {
    let der: Pkcs8V1Der<'_> = aws_lc_rs::encoding::AsDer::as_der(&key.pair).unwrap();
    der.as_ref().to_vec()
}

pub fn claims() -> Value {
    let seconds = NOW.0 / 1_000;
    json!({
        "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"), "aud": CLIENT,
        "tid": TENANT, "azp": CLIENT, "nbf": seconds - 60, "exp": seconds + 3_600,
    })
}

// ---- the tiny vendor -------------------------------------------------------------------

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    pub route: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Seen {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

type Answer = (u16, Vec<(&'static str, &'static str)>, String);

#[derive(Default)]
struct Script {
    seen: Vec<Seen>,
    answers: HashMap<String, Vec<Answer>>,
}

/// Answers by script and remembers what it was asked.
#[derive(Clone)]
pub struct Vendor {
    pub base: String,
    script: Arc<Mutex<Script>>,
}

impl Vendor {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let vendor = Self { base, script: Arc::default() };
        let app = Router::new()
            .fallback(serve)
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(vendor.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        vendor
            .on(TOKEN, &[(200, r#"{"token_type":"Bearer","expires_in":3599,"access_token":"t"}"#)]);
        vendor.on(
            "GET /login/aaaaaaaa-0000-4000-8000-000000000001/v2.0/.well-known/openid-configuration",
            &[(200, &json!({ "jwks_uri": format!("{}/login/keys", vendor.base) }).to_string())],
        );
        let keys = json!({ "keys": [published_key().jwk()] });
        vendor.on("GET /login/keys", &[(200, &keys.to_string())]);
        vendor
    }

    /// The answers to a route, in order; the last one stays.
    pub fn on(&self, route: &str, answers: &[(u16, &str)]) {
        let answers = answers.iter().map(|(status, body)| (*status, vec![], (*body).to_owned()));
        self.script.lock().unwrap().answers.insert(route.to_owned(), answers.rev().collect());
    }

    /// One answer with a header.
    pub fn with_header(&self, route: &str, status: u16, header: (&'static str, &'static str)) {
        self.with_header_and_body(route, status, header, "");
    }

    pub fn with_header_and_body(
        &self,
        route: &str,
        status: u16,
        header: (&'static str, &'static str),
        body: &str,
    ) {
        let answer = (status, vec![header], body.to_owned());
        self.script.lock().unwrap().answers.insert(route.to_owned(), vec![answer]);
    }

    /// Everything that was asked.
    pub fn all(&self) -> Vec<Seen> {
        self.script.lock().unwrap().seen.clone()
    }

    pub fn seen(&self, route: &str) -> Vec<Seen> {
        let script = self.script.lock().unwrap();
        script.seen.iter().filter(|seen| seen.route == route).cloned().collect()
    }
}

pub const TOKEN: &str = "POST /login/aaaaaaaa-0000-4000-8000-000000000001/oauth2/v2.0/token";
pub const CREATE: &str = "POST /messaging/api/v1.0/consumer/conversation/create";
pub const POST: &str =
    "POST /messaging/api/v1.0/consumer/conversation/cccccccc-0000-4000-8000-000000000001";
pub const MESSAGES: &str =
    "GET /messaging/api/v1.0/consumer/conversation/cccccccc-0000-4000-8000-000000000001/messages";
pub const CONVERSATIONS: &str = "GET /messaging/api/v1.0/consumer/conversations";
pub const ROW: &str =
    "GET /dataverse/api/data/v9.2/msdyn_ocliveworkitems(cccccccc-0000-4000-8000-000000000001)";
pub const ROWS: &str = "GET /dataverse/api/data/v9.2/msdyn_ocliveworkitems";
pub const TRANSCRIPTS: &str = "GET /dataverse/api/data/v9.2/msdyn_transcripts";
pub const NOTES: &str = "GET /dataverse/api/data/v9.2/annotations";
pub const AVAILABILITY: &str =
    "POST /dataverse/api/data/v9.2/CCaaS_GetRepresentativeAvailabilityBeforeConversation";
pub const CHANNELS: &str = "GET /dataverse/api/data/v9.2/msdyn_occustommessagingchannels";
pub const WHO: &str = "GET /dataverse/api/data/v9.2/WhoAmI";

async fn serve(
    State(vendor): State<Vendor>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let route = format!("{method} {}", uri.path());
    let mut script = vendor.script.lock().unwrap();
    let answer = match script.answers.get_mut(&route) {
        Some(answers) if answers.len() > 1 => answers.pop(),
        Some(answers) => answers.last().cloned(),
        None => None,
    };
    script.seen.push(Seen {
        route,
        query: uri.query().unwrap_or_default().to_owned(),
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    });
    let (status, added, body) = answer.unwrap_or((404, vec![], String::new()));
    let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
    for (name, value) in added {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

// ---- words -----------------------------------------------------------------------------

pub fn work() -> Work {
    Work { id: VendorId::from(CHAT), reference: None }
}

pub fn handoff() -> Handoff {
    Handoff {
        id: HandoffId(id(7)),
        workspace: WorkspaceId(id(1)),
        conversation: ConversationId(id(2)),
        session: SessionId(id(3)),
        desk: DeskId(id(4)),
        choice: 0,
        target: Choice::of(DeskId(id(4))),
        state: HandoffState::Active,
        reason: HandoffReason::CustomerAsked,
        epoch: 2,
        transcript_up_to: 10,
        plan_seq: 1,
        brief: None,
        work: Some(work()),
        learned: BTreeMap::new(),
        wait_told_at: None,
        rep_name: None,
        requested_at: NOW,
        opened_at: None,
        closed_at: None,
        fault: None,
    }
}

pub fn contact() -> Contact {
    Contact {
        id: ContactId(id(5)),
        workspace: WorkspaceId(id(1)),
        name: Some("Maria da Silva".to_owned()),
        points: vec![
            Point::new(PointKind::Phone, "491701234567"),
            Point::new(PointKind::Email, "maria@example.com"),
        ],
    }
}

pub fn brief() -> Brief {
    Brief {
        subject: "Parcel lost".to_owned(),
        summary: "The parcel did not come.\nShe wants a refund.".to_owned(),
        classification: "Delivery".to_owned(),
        sentiment: Sentiment::Negative,
        language: "en".to_owned(),
        reason: "The customer asked for a person.".to_owned(),
    }
}

/// One thing for the desk in the vendor's words, or why there are none.
pub fn rendered(
    desk: &dyn Desk,
    handoff: &Handoff,
    contact: &Contact,
    what: DeskWhat<'_>,
) -> Result<Call, Fault> {
    desk.render(&ToDesk { delivery: DeliveryId(id(9)), handoff, contact, what })
}

pub fn render(desk: &dyn Desk, what: DeskWhat<'_>) -> Call {
    rendered(desk, &handoff(), &contact(), what).unwrap()
}

/// The customer says something.
pub fn says(desk: &dyn Desk, text: &str) -> Call {
    let author = Author::unnamed(AuthorKind::Customer);
    render(
        desk,
        DeskWhat::Message { author: &author, content: &Content::text(text), file_url: None },
    )
}

/// A create, as an opening makes it.
pub fn create(desk: &dyn Desk) -> Call {
    render(desk, DeskWhat::Plan(&json!({ "operation": "create", "body": { "k": "v" } })))
}
