//! Twilio's side: Programmable Messaging for SMS, MMS and WhatsApp, with content templates, registration and Lookup.
//!
//! Twilio's hosts are paths here, see [`Account::urls`]: `/twilio/api` (api.twilio.com), `/twilio/messaging`
//! (messaging.twilio.com), `/twilio/content` (content.twilio.com) and `/twilio/lookups` (lookups.twilio.com).
//! `/twilio/storage` stands for the place where media really lie, which is not Twilio's and must not see
//! credentials. Scheduled messages, short codes, link shortening and GET webhooks have no simulator yet.

mod account;
mod auth;
mod content;
mod control;
mod customers;
mod errors;
mod form;
mod inbound;
mod keywords;
mod listing;
mod media;
mod message;
mod messages;
mod numbers;
mod outbound_media;
mod registration;
mod senders;
mod sending;
mod services;
mod signature;
mod statuses;
mod switches;
mod twiml;
mod webhooks;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::http::Method;
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::{Ids, Operation, Seen, Simulator, Violation, World};
pub use account::{Account, Urls};
pub use control::router as control_router;
use errors::TwilioError;
pub use switches::SWITCHES;

/// How the shared machinery sees this simulator.
pub const SIMULATOR: Simulator = Simulator { classify, refuse };

/// Accepted sends that are remembered for [`violations`], and broken promises of each kind.
const MAX_REMEMBERED: usize = 200_000;
/// Complaints about the receiver's answers that are kept.
const MAX_ALERTS: usize = 1_000;

/// What Twilio holds.
pub struct State {
    pub account: Account,
    ids: Ids,
    held: Mutex<Held>,
}

struct Held {
    numbers: Vec<numbers::Number>,
    service: services::Service,
    sender: senders::Sender,
    registration: registration::Registration,
    customers: customers::Customers,
    messages: message::Messages,
    /// Until when a WhatsApp customer may be written to freely, by the customer's index.
    windows: HashMap<usize, i64>,
    /// Until when the customer sees somebody typing.
    typing: HashMap<usize, i64>,
    opt_outs: BTreeMap<keywords::Pair, keywords::OptOut>,
    contents: Vec<content::Content>,
    media: media::Shelf,
    pace: sending::Pace,
    /// What Twilio's debugger would show.
    alerts: VecDeque<Value>,
    sends: VecDeque<Send>,
    opted_out_sends: VecDeque<u64>,
    leaked: VecDeque<u64>,
    over_rate: VecDeque<u64>,
}

/// One accepted send.
struct Send {
    seq: u64,
    sid: String,
    /// Everything that the caller asked for.
    request: String,
}

impl State {
    pub fn new(seed: u64, account: &Account) -> Self {
        let ids = Ids::new(seed, "twilio");
        let held = Held {
            numbers: numbers::defaults(account),
            service: services::Service::default(),
            sender: senders::Sender::default(),
            registration: registration::Registration::default(),
            customers: customers::Customers::new(&ids),
            messages: message::Messages::default(),
            windows: HashMap::new(),
            typing: HashMap::new(),
            opt_outs: BTreeMap::new(),
            contents: content::defaults(&ids),
            media: media::Shelf::default(),
            pace: sending::Pace::default(),
            alerts: VecDeque::new(),
            sends: VecDeque::new(),
            opted_out_sends: VecDeque::new(),
            leaked: VecDeque::new(),
            over_rate: VecDeque::new(),
        };
        Self { account: account.clone(), ids, held: Mutex::new(held) }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sid(&self, prefix: &str) -> String {
        format!("{prefix}{}", self.ids.hex(32))
    }
}

impl Held {
    fn alert(&mut self, alert: Value) {
        remember(&mut self.alerts, MAX_ALERTS, alert);
    }
}

fn remember<T>(list: &mut VecDeque<T>, most: usize, item: T) {
    if list.len() >= most {
        list.pop_front();
    }
    list.push_back(item);
}

pub fn router() -> Router<Arc<World>> {
    let account = Router::new()
        .route("/Messages.json", get(listing::list).post(messages::create))
        .route("/Messages/{sid}", get(listing::fetch).post(listing::update).delete(listing::delete))
        .route("/Messages/{sid}/Media.json", get(media::list))
        .route("/Messages/{sid}/Media/{media}", get(media::fetch).delete(media::delete))
        .route("/IncomingPhoneNumbers.json", get(numbers::list))
        .route("/IncomingPhoneNumbers/{sid}", get(numbers::fetch).post(numbers::update));
    let messaging = Router::new()
        .merge(services::router())
        .merge(registration::router())
        .merge(senders::router());
    Router::new()
        .nest("/twilio/api/2010-04-01/Accounts/{account}", account)
        .nest("/twilio/messaging", messaging)
        .nest("/twilio/content", content::router())
        .route("/twilio/lookups/v2/PhoneNumbers/{number}", get(senders::lookup))
        .route("/twilio/storage/{media}", get(media::storage))
        .route("/twilio/{*rest}", post(nothing).get(nothing).delete(nothing))
}

async fn nothing(uri: axum::http::Uri) -> errors::Legacy {
    TwilioError::not_found(uri.path()).into()
}

/// Broken promises to customers, as seen from Twilio's side.
pub fn violations(world: &World) -> Vec<Violation> {
    let held = world.twilio.lock();
    vec![
        Violation::new("i2_duplicate_to_customer", duplicates(world, &held)),
        Violation::new("i9_opted_out", held.opted_out_sends.iter().copied().collect()),
        Violation::new("i13_rate", held.over_rate.iter().copied().collect()),
        Violation::new("credentials_elsewhere", held.leaked.iter().copied().collect()),
    ]
}

/// A send has no reference of the sender's, so two equal ones count only where the answer to the first never
/// arrived: then the sender had to ask what became of it.
fn duplicates(world: &World, held: &Held) -> Vec<u64> {
    let mut earlier: HashMap<&str, Vec<u64>> = HashMap::new();
    let mut repeated = Vec::new();
    let failed = |sid: &str| held.messages.get(sid).is_some_and(message::Message::has_failed);
    for send in held.sends.iter().filter(|send| !failed(&send.sid)) {
        let same = earlier.entry(&send.request).or_default();
        if same.iter().any(|seq| answer_was_lost(world, *seq)) {
            repeated.push(send.seq);
        }
        same.push(send.seq);
    }
    repeated
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
    let parts: Vec<&str> = seen.path.split('/').filter(|part| !part.is_empty()).collect();
    let action = |below: usize| match (&seen.method, below) {
        (&Method::DELETE, _) => "delete",
        (&Method::POST, 0) => "create",
        (&Method::POST, _) => "update",
        (_, 0) => "list",
        _ => "fetch",
    };
    let tail = |from: usize| parts.get(from..).unwrap_or_default();
    let name = match parts.get(1).copied().unwrap_or_default() {
        "storage" => "media.storage".to_owned(),
        "lookups" => "lookups.fetch".to_owned(),
        "api" => match tail(5) {
            ["Messages.json"] => format!("messages.{}", action(0)),
            ["Messages", _] => format!("messages.{}", action(1)),
            ["Messages", _, "Media.json"] => "media.list".to_owned(),
            ["Messages", ..] => format!("media.{}", action(1)),
            ["IncomingPhoneNumbers.json"] => "numbers.list".to_owned(),
            _ => format!("numbers.{}", action(1)),
        },
        "messaging" => messaging_operation(tail(3), &action),
        _ => match tail(3) {
            ["Content"] => format!("content.{}", action(0)),
            ["Content", _] => format!("content.{}", action(1)),
            ["Content", ..] => {
                format!("approvals.{}", action(usize::from(seen.method == Method::GET)))
            }
            _ => "content.list".to_owned(),
        },
    };
    let to = match &seen.body {
        Value::String(body) if name == "messages.create" => {
            form::Form::parse(body).get("To").map(str::to_owned)
        }
        _ => None,
    };
    Operation { vendor: "twilio", name, key: to }
}

fn messaging_operation(tail: &[&str], action: &dyn Fn(usize) -> &'static str) -> String {
    match tail {
        ["Services"] => format!("services.{}", action(0)),
        ["Services", _] => format!("services.{}", action(1)),
        ["Services", _, "PhoneNumbers"] => format!("service_numbers.{}", action(0)),
        ["Services", _, "PhoneNumbers", _] => format!("service_numbers.{}", action(1)),
        ["Services", _, "Compliance", ..] => "campaigns.list".to_owned(),
        ["a2p", _] => "brands.list".to_owned(),
        ["a2p", ..] => "brands.fetch".to_owned(),
        ["Tollfree", _] => "tollfree.list".to_owned(),
        ["Tollfree", ..] => "tollfree.fetch".to_owned(),
        ["Indicators", ..] => "typing".to_owned(),
        ["Channels", _] => format!("senders.{}", action(0)),
        _ => format!("senders.{}", action(1)),
    }
}

fn refuse(operation: &Operation, status: u16, code: Option<&Value>) -> Value {
    let usual = match status {
        401 => 20_003,
        404 => 20_404,
        429 => 20_429,
        503 => 20_503,
        500.. => 20_500,
        _ => 20_001,
    };
    let code = code.and_then(Value::as_i64).unwrap_or(usual);
    let error = TwilioError::new(code, "refused by the simulator on request");
    let newer = ["senders", "typing", "lookups"];
    if newer.iter().any(|name| operation.name.starts_with(name)) {
        errors::problem_body(&error, status)
    } else {
        errors::legacy_body(&error, status)
    }
}

/// One page of a list as the hosts other than the first write it.
fn page(url: &str, key: &str, items: Vec<Value>) -> Value {
    json!({
        key: items,
        "meta": {
            "page": 0,
            "page_size": 50,
            "first_page_url": format!("{url}?PageSize=50&Page=0"),
            "previous_page_url": null,
            "next_page_url": null,
            "url": format!("{url}?PageSize=50&Page=0"),
            "key": key,
        },
    })
}
