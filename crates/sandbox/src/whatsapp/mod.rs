//! Meta's side: the Graph API as far as the WhatsApp Cloud API needs it.
//!
//! Any `/v<major>.<minor>/` prefix is taken. Ids tell what they are by their length: 15 digits for the account
//! and the number, 16 for a template, 17 for media.

mod account;
mod attachment;
mod block;
mod callbacks;
mod control;
mod errors;
mod formats;
mod gates;
mod handover;
mod inbound;
mod inbound_media;
mod interactive;
mod limits;
mod lookaside;
mod media;
mod messages;
mod number;
mod object;
mod pricing;
mod recipient;
mod review;
mod samples;
mod statuses;
mod switches;
mod template_edit;
mod template_send;
mod templates;
mod thread;
mod upload;
mod usage;
mod users;
mod webhooks;
mod window;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, Method, header};
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::{Ids, Operation, Seen, Simulator, Violation, World};
pub use account::Account;
use callbacks::Callbacks;
pub use control::router as control_router;
use errors::GraphError;
#[cfg(test)]
pub(crate) use inbound::merge;
use media::Shelf;
pub use switches::SWITCHES;
use templates::Template;
use thread::Thread;
use usage::Usage;
use users::Users;
#[cfg(test)]
pub(crate) use webhooks::sign;
use window::Bucket;

/// How the shared machinery sees this simulator.
pub const SIMULATOR: Simulator = Simulator { classify, refuse };

/// Accepted sends that are remembered for [`violations`].
const MAX_SENDS: usize = 200_000;

/// What Meta holds.
pub struct State {
    pub account: Account,
    ids: Ids,
    held: Mutex<Held>,
}

struct Held {
    callbacks: Callbacks,
    users: Users,
    templates: Vec<Template>,
    /// Until when a name and language cannot be used again.
    deleted_templates: HashMap<(String, String), i64>,
    media: Shelf,
    /// What the control API says of the number, in place of the usual.
    number: Value,
    usage: Usage,
    /// By the user's index.
    threads: HashMap<usize, Thread>,
    /// Whose thread a message belongs to, by its id.
    owners: HashMap<String, usize>,
    throughput: Bucket,
    /// Updates collected for one webhook, by the switch `whatsapp.batch_size`.
    batch: Vec<Value>,
    sends: VecDeque<Send>,
    outside_window: VecDeque<u64>,
    over_rate: VecDeque<u64>,
    /// Our bearer at a host that is not Meta's.
    leaked: VecDeque<u64>,
}

/// One accepted send.
struct Send {
    seq: u64,
    wamid: String,
    callback_data: Option<String>,
    failed: bool,
}

impl State {
    pub fn new(seed: u64, account: &Account) -> Self {
        let ids = Ids::new(seed, "whatsapp");
        let held = Held {
            callbacks: Callbacks::new(account.hook_url.clone()),
            users: Users::new(&ids),
            templates: templates::defaults(&ids),
            deleted_templates: HashMap::new(),
            media: Shelf::default(),
            number: json!({}),
            usage: Usage::default(),
            threads: HashMap::new(),
            owners: HashMap::new(),
            throughput: Bucket::throughput(80),
            batch: Vec::new(),
            sends: VecDeque::new(),
            outside_window: VecDeque::new(),
            over_rate: VecDeque::new(),
            leaked: VecDeque::new(),
        };
        Self { account: account.clone(), ids, held: Mutex::new(held) }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fbtrace_id(&self) -> String {
        format!("A{}", self.ids.alphanumeric(22))
    }
}

impl Held {
    fn remember_send(&mut self, send: Send) {
        if self.sends.len() >= MAX_SENDS {
            self.sends.pop_front();
        }
        self.sends.push_back(send);
    }

    fn forget_failed(&mut self, wamid: &str) {
        if let Some(send) = self.sends.iter_mut().rev().find(|send| send.wamid == wamid) {
            send.failed = true;
        }
    }
}

fn remember(list: &mut VecDeque<u64>, seq: u64) {
    if list.len() >= MAX_SENDS {
        list.pop_front();
    }
    list.push_back(seq);
}

/// Bodies are limited where every simulator's are.
pub fn router() -> Router<Arc<World>> {
    let templates = get(templates::list).post(template_edit::create).delete(template_edit::delete);
    Router::new()
        .route("/{version}/{id}", get(object::get).post(object::post).delete(object::delete))
        .route("/{version}/{id}/messages", post(messages::send))
        .route("/{version}/{id}/media", post(upload::upload))
        .route("/{version}/{id}/thread_control", post(handover::thread_control))
        .route(
            "/{version}/{id}/block_users",
            get(block::list).post(block::block).delete(block::unblock),
        )
        .route("/{version}/{id}/phone_numbers", get(number::list))
        .route("/{version}/{id}/message_templates", templates)
        .route(
            "/{version}/{id}/subscribed_apps",
            get(number::subscriptions).post(number::subscribe).delete(number::unsubscribe),
        )
        .route("/lookaside/whatsapp_business/attachments/", get(lookaside::download))
        .route("/elsewhere/{name}", get(lookaside::foreign))
        .layer(DefaultBodyLimit::disable())
}

/// Broken promises to customers, as seen from Meta's side.
pub fn violations(world: &World) -> Vec<Violation> {
    let held = world.whatsapp.lock();
    let mut first_of: HashMap<&str, u64> = HashMap::new();
    let mut repeated = Vec::new();
    for send in held.sends.iter().filter(|send| !send.failed) {
        let Some(data) = send.callback_data.as_deref() else { continue };
        if first_of.insert(data, send.seq).is_some() {
            repeated.push(send.seq);
        }
    }
    vec![
        Violation::new("i2_duplicate_to_customer", repeated),
        Violation::new("i7_window", held.outside_window.iter().copied().collect()),
        Violation::new("credentials_leaked", held.leaked.iter().copied().collect()),
        Violation::new("i13_rate", held.over_rate.iter().copied().collect()),
    ]
}

/// Version and bearer check of every Graph call.
fn authorize(
    world: &World,
    version: &str,
    headers: &HeaderMap,
    is_get: bool,
) -> Result<(), GraphError> {
    let numbers = version.strip_prefix('v').and_then(|version| version.split_once('.'));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !numbers.is_some_and(|(major, minor)| is_number(major) && is_number(minor)) {
        return Err(GraphError::new(2_500, format!("Unknown path components: /{version}")));
    }
    match headers.get(header::AUTHORIZATION) {
        None if is_get => Err(GraphError { code: 200, subcode: None, details: None }),
        Some(_) if has_bearer(world, headers) => Ok(()),
        _ => Err(GraphError { code: 190, subcode: None, details: None }),
    }
}

/// Whether a call carries the right bearer.
fn has_bearer(world: &World, headers: &HeaderMap) -> bool {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = sent.and_then(|sent| sent.strip_prefix("Bearer "));
    token == Some(world.whatsapp.account.access_token.as_str())
}

/// The items of a list; none if it is not one.
fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The same for a call about the business account `waba`, of which only so many are allowed in an hour.
fn authorize_waba(
    world: &World,
    version: &str,
    waba: &str,
    headers: &HeaderMap,
    is_get: bool,
) -> Result<(), GraphError> {
    authorize(world, version, headers, is_get)?;
    usage::count(world)?;
    if waba == world.whatsapp.account.waba_id {
        Ok(())
    } else {
        Err(GraphError::no_such_object(waba))
    }
}

fn classify(seen: &Seen) -> Operation {
    let last = seen.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let key = seen.body["to"]
        .as_str()
        .map(users::digits)
        .or_else(|| seen.body["recipient"].as_str().map(str::to_owned))
        .or_else(|| is_object(seen).then(|| last.to_owned()));
    Operation { vendor: "whatsapp", name: operation(seen, last), key }
}

/// Whether a call is about `/{version}/{id}` and nothing below.
fn is_object(seen: &Seen) -> bool {
    seen.path.matches('/').count() == 2
}

fn operation(seen: &Seen, last: &str) -> String {
    let method = &seen.method;
    let is_object = is_object(seen);
    let name = match (method, last) {
        (_, "messages") => return send_operation(&seen.body),
        (_, "media") => "media.upload",
        (_, "attachments") => "media.download",
        _ if seen.path.starts_with("/elsewhere/") => "media.elsewhere",
        (&Method::GET, "message_templates") => "templates.list",
        (&Method::DELETE, "message_templates") => "templates.delete",
        (_, "message_templates") => "templates.create",
        (&Method::GET, _) if is_object => object::kind(last).get,
        (&Method::DELETE, _) if is_object => object::kind(last).delete,
        (_, _) if is_object => object::kind(last).post,
        (_, other) => other,
    };
    name.to_owned()
}

fn send_operation(body: &Value) -> String {
    if body["status"] != "read" {
        return format!("messages.{}", body["type"].as_str().unwrap_or("text"));
    }
    let typing = !body["typing_indicator"].is_null();
    if typing { "messages.typing" } else { "messages.read" }.to_owned()
}

fn refuse(_operation: &Operation, status: u16, code: Option<&Value>) -> Value {
    let usual = match status {
        401 => 190,
        429 => 130_429,
        503 => 131_016,
        _ => 131_000,
    };
    let code = code.and_then(Value::as_i64).unwrap_or(usual);
    errors::body(&GraphError::new(code, "refused by the simulator on request"), "AFault")
}

/// The `metadata` of every webhook about the number.
fn metadata(account: &Account) -> Value {
    json!({ "display_phone_number": account.display_phone_number, "phone_number_id": account.phone_number_id })
}
