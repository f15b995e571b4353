//! Telnyx's side: Messaging as far as SMS and MMS need it, under `/telnyx` in place of api.telnyx.com.
//!
//! Media of customers lie under `/telnyx/media`, which stands for somebody else's storage and must not see
//! credentials. Number pools, alphanumeric senders, scheduling and 10DLC calls have no simulator yet.

mod account;
mod control;
mod messages;
mod switches;
mod webhooks;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use axum::{Extension, Router, extract};
use serde_json::{Value, json};

use crate::{Call, Ids, Operation, Seen, Simulator, Violation, World};
pub use account::Account;
pub use control::router as control_router;
use messages::Message;
pub use switches::SWITCHES;

/// How the shared machinery sees this simulator.
pub const SIMULATOR: Simulator = Simulator { classify, refuse };

/// Messages and media kept; the oldest messages go first, more media are not taken.
const MAX_MESSAGES: usize = 100_000;
const MAX_MEDIA: usize = 1_000;
/// Customers who may be opted out at once.
const MAX_OPTED_OUT: usize = 100_000;

/// What Telnyx holds.
pub struct State {
    pub account: Account,
    ids: Ids,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// The profile's addresses; nothing is sent without one.
    webhook_url: Option<String>,
    failover_url: Option<String>,
    messages: VecDeque<Message>,
    /// Who wrote STOP to the profile, and whether the business has been told.
    opted_out: BTreeMap<String, bool>,
    /// Content type and bytes, by the id in the address.
    media: HashMap<String, (String, Bytes)>,
    opted_out_sends: VecDeque<u64>,
    leaked: VecDeque<u64>,
}

impl State {
    pub fn new(seed: u64, account: &Account) -> Self {
        let ids = Ids::new(seed, "telnyx");
        Self { account: account.clone(), ids, held: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn keep(&mut self, message: Message) {
        self.messages.push_back(message);
        if self.messages.len() > MAX_MESSAGES {
            self.messages.pop_front();
        }
    }

    fn message(&mut self, id: &str) -> Option<&mut Message> {
        self.messages.iter_mut().rev().find(|message| message.id == id)
    }
}

fn remember(list: &mut VecDeque<u64>, seq: u64) {
    if list.len() >= MAX_MESSAGES {
        list.pop_front();
    }
    list.push_back(seq);
}

/// A refusal in Telnyx's shape. Codes after the Messaging error codes page (from memory, to be checked again).
struct TelnyxError {
    status: u16,
    code: &'static str,
    title: &'static str,
    detail: String,
}

impl IntoResponse for TelnyxError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status);
        let body = body(self.code, self.title, &self.detail);
        (status.unwrap_or(StatusCode::BAD_REQUEST), Json(body)).into_response()
    }
}

fn body(code: &str, title: &str, detail: &str) -> Value {
    json!({ "errors": [{ "code": code, "title": title, "detail": detail }] })
}

fn authorize(world: &World, headers: &HeaderMap) -> Result<(), TelnyxError> {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = sent.and_then(|sent| sent.strip_prefix("Bearer "));
    if token == Some(world.telnyx.account.api_key.as_str()) {
        return Ok(());
    }
    let detail = "The API key is not one of this account".to_owned();
    Err(TelnyxError { status: 401, code: "10009", title: "Authentication failed", detail })
}

pub fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/telnyx/v2/messages", post(messages::create))
        .route("/telnyx/v2/messages/{id}", get(messages::fetch))
        .route("/telnyx/media/{id}", get(media))
}

/// Somebody else's storage: whoever shows it credentials has given them away.
async fn media(
    extract::State(world): extract::State<Arc<World>>,
    Extension(call): Extension<Call>,
    extract::Path(id): extract::Path<String>,
    headers: HeaderMap,
) -> Response {
    let mut held = world.telnyx.lock();
    if headers.contains_key(header::AUTHORIZATION) {
        call.note("credentials arrived at the storage");
        remember(&mut held.leaked, call.seq());
        return StatusCode::BAD_REQUEST.into_response();
    }
    match held.media.get(&id).cloned() {
        Some((content_type, bytes)) => {
            ([(header::CONTENT_TYPE, content_type)], bytes).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Broken promises to customers, as seen from Telnyx's side. Two equal sends count as one too many only where the
/// answer to the first never arrived.
pub fn violations(world: &World) -> Vec<Violation> {
    let held = world.telnyx.lock();
    let mut earlier: HashMap<(&str, &str, &Value), Vec<u64>> = HashMap::new();
    let mut repeated = Vec::new();
    for sent in held.messages.iter().filter(|message| message.seq > 0 && !message.has_failed()) {
        let same = earlier.entry((&sent.to, &sent.text, &sent.media)).or_default();
        if same.iter().any(|seq| answer_was_lost(world, *seq)) {
            repeated.push(sent.seq);
        }
        same.push(sent.seq);
    }
    vec![
        Violation::new("i2_duplicate_to_customer", repeated),
        Violation::new("i9_opted_out", held.opted_out_sends.iter().copied().collect()),
        Violation::new("credentials_elsewhere", held.leaked.iter().copied().collect()),
    ]
}

fn answer_was_lost(world: &World, seq: u64) -> bool {
    let mut lost = false;
    world.journal.amend(seq, |entry| {
        let lost_by = ["timeout_after_accept", "status_after_accept", "garbage"];
        lost = entry.fault.as_deref().is_some_and(|fault| lost_by.contains(&fault));
    });
    lost
}

fn classify(seen: &Seen) -> Operation {
    let name = match (&seen.method, seen.path.starts_with("/telnyx/media/")) {
        (_, true) => "media.fetch",
        (&Method::POST, _) => "messages.create",
        _ => "messages.fetch",
    };
    let key = seen.body["to"].as_str().map(str::to_owned);
    Operation { vendor: "telnyx", name: name.to_owned(), key }
}

fn refuse(_operation: &Operation, status: u16, code: Option<&Value>) -> Value {
    let usual = match status {
        401 => "10009",
        404 => "10005",
        429 => "10011",
        500.. => "10016",
        _ => "10015",
    };
    let code = code.map(|code| code.as_str().map_or_else(|| code.to_string(), str::to_owned));
    let code = code.unwrap_or_else(|| usual.to_owned());
    body(&code, "Refused", "refused by the simulator on request")
}
