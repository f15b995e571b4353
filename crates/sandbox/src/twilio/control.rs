//! What a person or a test does on the customer's side and on Twilio's side.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Json;
use axum::routing::{get, post};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::inbound::{self, Spec};
use super::keywords::{self, OptOut};
use super::message::{Channel, known_status};
use super::registration::Registration;
use super::webhooks::{self, Signing};
use super::{Held, statuses};
use crate::control::Refusal;
use crate::{Delivered, World};

/// Messages that one control request may send.
const MAX_TIMES: usize = 10_000;

type Answer = Result<Json<Value>, Refusal>;

pub fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/twilio/account", get(account))
        .route("/twilio/hooks", get(hooks).post(set_hooks))
        .route("/twilio/message", post(message))
        .route("/twilio/raw", post(raw))
        .route("/twilio/thread", get(thread))
        .route("/twilio/customers", get(customers).post(change_customer))
        .route("/twilio/opted_out", get(opted_out).post(change_opt_out))
        .route("/twilio/status", post(status))
        .route("/twilio/numbers", get(numbers).post(change_number))
        .route("/twilio/registration", get(registration).post(set_registration))
        .route("/twilio/contents", get(contents).post(review))
        .route("/twilio/alerts", get(alerts))
}

/// Ids, secrets and base addresses.
async fn account(State(world): State<Arc<World>>) -> Json<Value> {
    let account = &world.twilio.account;
    Json(json!({ "account": account, "urls": account.urls(&world.base_url) }))
}

/// Where webhooks of every number, the service and the WhatsApp sender go. An empty string removes an address.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hooks {
    url: Option<String>,
    fallback_url: Option<String>,
    status_callback: Option<String>,
    /// Whether the service leaves inbound messages to the address of the number.
    use_inbound_webhook_on_number: Option<bool>,
    /// `ONLINE`, `OFFLINE`, …
    sender_status: Option<String>,
}

async fn hooks(State(world): State<Arc<World>>) -> Json<Value> {
    let held = world.twilio.lock();
    Json(json!({
        "numbers": held.numbers,
        "service": {
            "inbound_request_url": held.service.inbound_request_url,
            "fallback_url": held.service.fallback_url,
            "status_callback": held.service.status_callback,
            "use_inbound_webhook_on_number": held.service.use_inbound_webhook_on_number,
        },
        "sender": {
            "status": held.sender.status,
            "callback_url": held.sender.callback_url,
            "fallback_url": held.sender.fallback_url,
            "status_callback_url": held.sender.status_callback_url,
        },
    }))
}

async fn set_hooks(State(world): State<Arc<World>>, Json(wanted): Json<Hooks>) -> Json<Value> {
    {
        let mut held = world.twilio.lock();
        let held = &mut *held;
        let optional = |url: &str| (!url.is_empty()).then(|| url.to_owned());
        if let Some(url) = &wanted.url {
            held.numbers.iter_mut().for_each(|number| number.sms_url.clone_from(url));
            held.sender.callback_url.clone_from(url);
            held.service.inbound_request_url = optional(url);
        }
        if let Some(url) = &wanted.fallback_url {
            held.numbers.iter_mut().for_each(|number| number.sms_fallback_url.clone_from(url));
            held.sender.fallback_url.clone_from(url);
            held.service.fallback_url = optional(url);
        }
        if let Some(url) = &wanted.status_callback {
            held.sender.status_callback_url.clone_from(url);
            held.service.status_callback = optional(url);
        }
        if let Some(on_number) = wanted.use_inbound_webhook_on_number {
            held.service.use_inbound_webhook_on_number = on_number;
        }
        if let Some(status) = wanted.sender_status {
            held.sender.status = status;
        }
    }
    hooks(State(world)).await
}

async fn message(State(world): State<Arc<World>>, Json(mut spec): Json<Spec>) -> Answer {
    let times = spec.times.unwrap_or(1);
    if !(1..=MAX_TIMES).contains(&times) {
        return Err(Refusal::bad_request(format!("times must be 1 to {MAX_TIMES}")));
    }
    let index = {
        let mut held = world.twilio.lock();
        let index =
            inbound::who(&world, &mut held, spec.from.as_deref()).map_err(Refusal::bad_request)?;
        if let (Some(name), Some(customer)) = (&spec.name, held.customers.get_mut(index)) {
            customer.name = Some(name.clone());
        }
        if let Some(choice) = spec.choose.clone() {
            inbound::choose(&held, index, &choice, &mut spec).map_err(Refusal::bad_request)?;
        }
        index
    };
    let mut sids = Vec::new();
    let mut delivered = Delivered::default();
    for _ in 0..times {
        let built = inbound::message(&world, &mut world.twilio.lock(), index, &spec);
        let (sid, trip) = built.map_err(Refusal::bad_request)?;
        sids.push(sid);
        delivered = match trip {
            Some(trip) => trip.send(&world).await.unwrap_or_default(),
            None => Delivered::default(),
        };
    }
    Ok(Json(json!({
        "sid": sids.last(),
        "sids": sids,
        "delivered_status": delivered.status,
        "fault": delivered.fault,
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    /// Where to; the address for WhatsApp messages if absent.
    url: Option<String>,
    /// Names and values, in this order; a name may come twice.
    params: Vec<(String, String)>,
    #[serde(default)]
    signature: Signing,
    /// Of `I-Twilio-Idempotency-Token`; made up if absent.
    token: Option<String>,
}

/// A webhook with exactly these parameters.
async fn raw(State(world): State<Arc<World>>, Json(raw): Json<Raw>) -> Answer {
    let known = webhooks::targets(&world.twilio.lock(), Channel::Whatsapp, "").map(|(url, _)| url);
    let url = raw.url.or(known).ok_or_else(|| {
        Refusal::bad_request("nobody listens; POST /_control/twilio/hooks first, or give a url")
    })?;
    let token = raw.token.unwrap_or_else(|| world.twilio.ids.guid());
    let hook = webhooks::signed(&world, "raw", None, &url, &raw.params, &token, raw.signature);
    let delivered = world.webhooks.send(&world, hook).await.unwrap_or_default();
    Ok(Json(json!({ "delivered_status": delivered.status, "fault": delivered.fault })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ThreadQuery {
    /// The default customer if absent.
    customer: Option<String>,
    /// Both if absent.
    channel: Option<Channel>,
}

fn customer(held: &Held, key: Option<&str>) -> Result<usize, Refusal> {
    let Some(key) = key else { return Ok(held.customers.default_index()) };
    // In a query a plus sign that was not escaped is a space.
    let found = held.customers.find(key.trim());
    found.ok_or_else(|| Refusal::not_found(format!("nobody is called {key}")))
}

/// What this customer's phone shows.
async fn thread(State(world): State<Arc<World>>, Query(query): Query<ThreadQuery>) -> Answer {
    let held = world.twilio.lock();
    let index = customer(&held, query.customer.as_deref())?;
    let now_ms = world.clock.now_ms();
    let shown = held.messages.iter().filter(|message| {
        message.customer == index && query.channel.is_none_or(|channel| channel == message.channel)
    });
    let messages: Vec<Value> = shown
        .map(|message| {
            let mut item = message.item();
            item["media"] = held
                .media
                .of(&message.sid)
                .into_iter()
                .map(|media| json!({ "sid": media.sid, "mime_type": media.content_type, "size_bytes": media.bytes.len(), "sha256": media.sha256() }))
                .collect();
            item
        })
        .collect();
    Ok(Json(json!({
        "customer": held.customers.get(index),
        "now_ms": now_ms,
        "window_until_ms": held.windows.get(&index).copied().unwrap_or(0),
        "typing": held.typing.get(&index).is_some_and(|until_ms| *until_ms > now_ms),
        "messages": messages,
    })))
}

async fn customers(State(world): State<Arc<World>>) -> Json<Value> {
    Json(json!({ "customers": world.twilio.lock().customers.list() }))
}

/// Absent leaves a value alone, `null` removes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeCustomer {
    /// The default customer if absent; an unknown number becomes a new one.
    customer: Option<String>,
    #[serde(default, deserialize_with = "given")]
    phone: Option<Option<String>>,
    bsuid: Option<String>,
    #[serde(default, deserialize_with = "given")]
    name: Option<Option<String>>,
    on_whatsapp: Option<bool>,
    landline: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    fails_with: Option<Option<i64>>,
    /// Closes the WhatsApp window at once.
    #[serde(default)]
    close_window: bool,
}

fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

async fn change_customer(
    State(world): State<Arc<World>>,
    Json(change): Json<ChangeCustomer>,
) -> Answer {
    let mut held = world.twilio.lock();
    let held = &mut *held;
    let index =
        inbound::who(&world, held, change.customer.as_deref()).map_err(Refusal::bad_request)?;
    if change.close_window {
        held.windows.remove(&index);
    }
    let gone = || Refusal::not_found("the customer is gone");
    let one = held.customers.get_mut(index).ok_or_else(gone)?;
    one.phone = change.phone.unwrap_or_else(|| one.phone.clone());
    one.name = change.name.unwrap_or_else(|| one.name.clone());
    one.bsuid = change.bsuid.unwrap_or_else(|| one.bsuid.clone());
    one.on_whatsapp = change.on_whatsapp.unwrap_or(one.on_whatsapp);
    one.landline = change.landline.unwrap_or(one.landline);
    one.fails_with = change.fails_with.unwrap_or(one.fails_with);
    Ok(Json(json!({ "customer": one })))
}

async fn opted_out(State(world): State<Arc<World>>) -> Json<Value> {
    Json(json!({ "opted_out": keywords::list(&world.twilio.lock()) }))
}

/// Puts somebody on a list, or takes somebody off, without a word to the business.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeOptOut {
    customer: Option<String>,
    /// One of our numbers; the long code if absent.
    number: Option<String>,
    opted_out: bool,
}

async fn change_opt_out(
    State(world): State<Arc<World>>,
    Json(change): Json<ChangeOptOut>,
) -> Answer {
    {
        let mut held = world.twilio.lock();
        let index = customer(&held, change.customer.as_deref())?;
        let number = change.number.as_deref().unwrap_or(&world.twilio.account.number);
        let missing = || Refusal::not_found(format!("the account has no number {number}"));
        let scope = keywords::scope(&world, held.number(number).ok_or_else(missing)?);
        if change.opted_out {
            let at_ms = world.clock.now_ms();
            held.opt_outs.insert((scope, index), OptOut { at_ms, told: false });
        } else {
            held.opt_outs.remove(&(scope, index));
        }
    }
    Ok(opted_out(State(world)).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ForcedStatus {
    sid: String,
    status: String,
    error_code: Option<i64>,
}

/// Tells a status now, even one that the message is past.
async fn status(State(world): State<Arc<World>>, Json(forced): Json<ForcedStatus>) -> Answer {
    let status = known_status(&forced.status)
        .ok_or_else(|| Refusal::bad_request(format!("{} is not a status", forced.status)))?;
    if world.twilio.lock().messages.get(&forced.sid).is_none() {
        return Err(Refusal::not_found("no message has this sid"));
    }
    let delivered = match statuses::tell(&world, &forced.sid, status, forced.error_code) {
        Some(hook) => world.webhooks.send(&world, hook).await.unwrap_or_default(),
        None => Delivered::default(),
    };
    Ok(Json(json!({ "delivered_status": delivered.status, "fault": delivered.fault })))
}

async fn numbers(State(world): State<Arc<World>>) -> Json<Value> {
    Json(json!({ "numbers": world.twilio.lock().numbers }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeNumber {
    /// In E.164, or `PN…`.
    number: String,
    sms: Option<bool>,
    mms: Option<bool>,
    in_service: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    fails_with: Option<Option<i64>>,
}

async fn change_number(
    State(world): State<Arc<World>>,
    Json(change): Json<ChangeNumber>,
) -> Answer {
    let mut held = world.twilio.lock();
    let missing = || Refusal::not_found(format!("the account has no number {}", change.number));
    let number = held.number_mut(&change.number).ok_or_else(missing)?;
    number.sms = change.sms.unwrap_or(number.sms);
    number.mms = change.mms.unwrap_or(number.mms);
    number.in_service = change.in_service.unwrap_or(number.in_service);
    number.fails_with = change.fails_with.unwrap_or(number.fails_with);
    Ok(Json(json!({ "number": number })))
}

async fn registration(State(world): State<Arc<World>>) -> Json<Value> {
    Json(json!({ "registration": world.twilio.lock().registration }))
}

/// What is absent goes back to being in order.
async fn set_registration(
    State(world): State<Arc<World>>,
    Json(wanted): Json<Registration>,
) -> Json<Value> {
    world.twilio.lock().registration = wanted;
    registration(State(world)).await
}

async fn contents(State(world): State<Arc<World>>) -> Json<Value> {
    Json(json!({ "contents": world.twilio.lock().contents }))
}

/// WhatsApp's word on a template.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Review {
    /// `HX…`, or the friendly name.
    content: String,
    status: Option<String>,
    category: Option<String>,
    rejection_reason: Option<String>,
}

async fn review(State(world): State<Arc<World>>, Json(review): Json<Review>) -> Answer {
    const STATUSES: [&str; 7] =
        ["unsubmitted", "received", "pending", "approved", "rejected", "paused", "disabled"];
    if review.status.as_deref().is_some_and(|status| !STATUSES.contains(&status)) {
        return Err(Refusal::bad_request(format!("status must be one of {STATUSES:?}")));
    }
    let mut held = world.twilio.lock();
    let same = |content: &&mut super::content::Content| {
        content.sid == review.content || content.friendly_name == review.content
    };
    let missing = || Refusal::not_found(format!("no template is called {}", review.content));
    let content = held.contents.iter_mut().find(same).ok_or_else(missing)?;
    let approval = &mut content.approval;
    approval.status = review.status.unwrap_or_else(|| approval.status.clone());
    approval.category = review.category.unwrap_or_else(|| approval.category.clone());
    approval.rejection_reason = review.rejection_reason.unwrap_or_default();
    content.updated_ms = world.clock.now_ms();
    Ok(Json(json!({ "content": content })))
}

/// What Twilio's debugger would show: answers of ours that were wrong.
async fn alerts(State(world): State<Arc<World>>) -> Json<Value> {
    Json(json!({ "alerts": world.twilio.lock().alerts }))
}
