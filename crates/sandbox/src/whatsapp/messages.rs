//! `POST /{phone_number_id}/messages`: sending, read marks and typing.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Json, Response};
use serde_json::{Value, json};

use super::errors::GraphError;
use super::thread::{Item, Progress, new_wamid};
use super::users::{User, digits, new_bsuid};
use super::window::{Bucket, FREE_ENTRY_MS, Verdict};
use super::{Held, Send, authorize, limits, remember, statuses, templates};
use crate::{Call, World};

/// A typing indicator disappears by itself (Cloud API "Typing indicators", checked 2026-11-20).
const TYPING_MS: i64 = 25_000;
/// 2026-10-01T00:00:00Z, when service messages began to cost money (Cloud API "Pricing", checked 2026-11-20).
const PAID_SERVICE_FROM_MS: i64 = 1_790_812_800_000;

pub async fn send(
    State(world): State<Arc<World>>,
    Path((version, id)): Path<(String, String)>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let done = authorize(&world, &version, &headers, false).and_then(|()| {
        if id != world.whatsapp.account.phone_number_id {
            return Err(GraphError::no_such_object(&id));
        }
        let message: Value = serde_json::from_str(&body)
            .map_err(|_| GraphError::new(100, "The request body is not valid JSON"))?;
        if message["messaging_product"] != "whatsapp" {
            return Err(GraphError::new(100, "The parameter messaging_product is required."));
        }
        if message["status"].is_null() {
            accept(&world, &call, &message)
        } else {
            mark_read(&world, &message)
        }
    });
    match done {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => {
            call.note(format!("rejected {}", error.code));
            error.respond(&world)
        }
    }
}

fn mark_read(world: &World, message: &Value) -> Result<Value, GraphError> {
    let wamid = message["message_id"].as_str().filter(|_| message["status"] == "read");
    let wamid =
        wamid.ok_or_else(|| GraphError::new(131_009, "status must be read, with a message_id"))?;
    let typing = &message["typing_indicator"];
    if !typing.is_null() && typing["type"] != "text" {
        return Err(GraphError::new(131_009, "typing_indicator[type] must be text"));
    }
    let mut held = world.whatsapp.lock();
    let unknown =
        || GraphError::new(131_009, "message_id is not a message that this number received");
    let (user, item) = held.item(wamid).ok_or_else(unknown)?;
    if item.from != "customer" {
        return Err(unknown());
    }
    let read_up_to_ms = item.at_ms;
    let thread = held.thread(user);
    for item in thread
        .items
        .iter_mut()
        .filter(|item| item.from == "customer" && item.at_ms <= read_up_to_ms)
    {
        item.progress = Progress::Read;
    }
    if !typing.is_null() {
        thread.typing_until_ms = world.clock.now_ms() + TYPING_MS;
    }
    Ok(json!({ "success": true }))
}

/// Whom a send is for.
struct Recipient {
    input: String,
    user: usize,
    by_user_id: bool,
}

fn accept(world: &World, call: &Call, message: &Value) -> Result<Value, GraphError> {
    let kind = message["type"].as_str().unwrap_or("text");
    let callback_data = callback_data(message)?;
    let now_ms = world.clock.now_ms();
    let mut held = world.whatsapp.lock();
    let held = &mut *held;
    let recipient = recipient(world, held, message)?;
    let (text, category) = match kind {
        "template" => {
            let (text, template) = templates::check(&held.templates, &message["template"])?;
            (text, template.category.to_lowercase())
        }
        _ => {
            limits::check(kind, message)?;
            (readable(kind, &message[kind]), "service".to_owned())
        }
    };
    check_account(world, held, recipient.user)?;
    check_rates(world, held, call, recipient.user, now_ms)?;
    let user = held
        .users
        .get(recipient.user)
        .cloned()
        .ok_or_else(|| GraphError::new(131_000, "user is gone"))?;
    let failure = undeliverable(world, held, call, &user, recipient.user, kind, now_ms)?;

    let wamid = new_wamid(&world.whatsapp.ids, &user.key());
    let pricing = pricing(world, held, recipient.user, &category, now_ms);
    held.thread(recipient.user).typing_until_ms = 0;
    let send = Send {
        seq: call.seq(),
        wamid: wamid.clone(),
        callback_data: callback_data.clone(),
        failed: failure.is_some(),
    };
    held.remember_send(send);
    let item = Item {
        wamid: wamid.clone(),
        from: "business",
        kind: kind.to_owned(),
        text,
        content: message[kind].clone(),
        at_ms: now_ms,
        progress: Progress::Accepted,
        error: None,
        reply_to: message["context"]["message_id"].as_str().map(str::to_owned),
        callback_data,
        pricing,
        by_user_id: recipient.by_user_id,
    };
    held.keep(recipient.user, item);
    let emissions = match &failure {
        Some(error) => statuses::failure(world, &wamid, &user.key(), error),
        None => statuses::progress(world, &wamid, &user.key(), user.blocked),
    };
    emissions.into_iter().for_each(|emission| call.emit(emission));
    call.note(
        failure.map_or("accepted".to_owned(), |error| {
            format!("accepted, will fail with {}", error.code)
        }),
    );
    Ok(answer(world, &recipient, &user, &wamid, kind))
}

fn answer(world: &World, recipient: &Recipient, user: &User, wamid: &str, kind: &str) -> Value {
    let mut contact = json!({ "input": recipient.input });
    match user.phone.as_deref().filter(|_| !recipient.by_user_id) {
        Some(phone) => contact["wa_id"] = json!(phone),
        None => contact["user_id"] = json!(user.bsuid),
    }
    let mut message = json!({ "id": wamid });
    if kind == "template" {
        message["message_status"] = json!(world.switches.get("whatsapp.message_status"));
    }
    json!({ "messaging_product": "whatsapp", "contacts": [contact], "messages": [message] })
}

fn callback_data(message: &Value) -> Result<Option<String>, GraphError> {
    match &message["biz_opaque_callback_data"] {
        Value::Null => Ok(None),
        Value::String(data) if data.chars().count() <= 512 => Ok(Some(data.clone())),
        _ => Err(GraphError::new(
            100,
            "biz_opaque_callback_data must be a string of at most 512 characters",
        )),
    }
}

fn recipient(world: &World, held: &mut Held, message: &Value) -> Result<Recipient, GraphError> {
    let prefer_user_id = world.switches.is("whatsapp.to_and_recipient", "recipient");
    let by_id = message["recipient"].as_str();
    let by_phone = message["to"].as_str().filter(|_| by_id.is_none() || !prefer_user_id);
    if let Some(input) = by_phone {
        let phone = digits(input);
        if !(5..=15).contains(&phone.len()) {
            return Err(GraphError::new(100, "The parameter to is not a phone number"));
        }
        if phone == world.whatsapp.account.display_phone_number {
            return Err(GraphError::new(131_021, "Recipient phone number cannot be the sender's"));
        }
        let user = held.users.find(&phone).or_else(|| held.users.add(stranger(world, &phone)));
        let user = user.ok_or_else(|| GraphError::new(131_026, "Message Undeliverable."))?;
        return Ok(Recipient { input: input.to_owned(), user, by_user_id: false });
    }
    let input = by_id.ok_or_else(|| GraphError::new(100, "The parameter to is required."))?;
    let user = held
        .users
        .find(input)
        .filter(|user| held.users.get(*user).is_some_and(|user| user.bsuid == input));
    let user = user.ok_or_else(|| {
        GraphError::new(131_009, "recipient is not a user id known to this business")
    })?;
    Ok(Recipient { input: input.to_owned(), user, by_user_id: true })
}

/// A number that nobody has created is not on WhatsApp.
fn stranger(world: &World, phone: &str) -> User {
    User {
        bsuid: new_bsuid(&world.whatsapp.ids),
        phone: Some(phone.to_owned()),
        username: None,
        name: None,
        on_whatsapp: false,
        blocked: false,
        allowed: false,
    }
}

fn check_account(world: &World, held: &Held, user: usize) -> Result<(), GraphError> {
    if world.switches.is("whatsapp.payment_missing", "yes") {
        return Err(GraphError::new(
            131_042,
            "Message failed to send because of a payment method issue",
        ));
    }
    let allowed = held.users.get(user).is_some_and(|user| user.allowed);
    if world.switches.is("whatsapp.allow_list", "yes") && !allowed {
        return Err(GraphError::new(131_030, "Recipient phone number not in allowed list"));
    }
    Ok(())
}

fn check_rates(
    world: &World,
    held: &mut Held,
    call: &Call,
    user: usize,
    now_ms: i64,
) -> Result<(), GraphError> {
    let per_s = world.switches.number("whatsapp.mps");
    if held.throughput.capacity() != per_s {
        held.throughput = Bucket::throughput(per_s);
    }
    let mut verdict =
        (held.throughput.take(now_ms), 130_429, "Cloud API message throughput has been reached.");
    if verdict.0 == Verdict::Go {
        let details = "Message failed to send because there were too many messages sent to the same recipient in a short time.";
        verdict = (held.thread(user).pair.take(now_ms), 131_056, details);
    }
    if verdict.0 == Verdict::RefusedAgain {
        remember(&mut held.over_rate, call.seq());
    }
    if verdict.0 == Verdict::Go { Ok(()) } else { Err(GraphError::new(verdict.1, verdict.2)) }
}

/// `Err` refuses at once, `Ok(Some)` accepts and fails later.
fn undeliverable(
    world: &World,
    held: &mut Held,
    call: &Call,
    user: &User,
    index: usize,
    kind: &str,
    now_ms: i64,
) -> Result<Option<GraphError>, GraphError> {
    let closed = held.thread(index).window_until_ms <= now_ms;
    if kind != "template" && closed {
        remember(&mut held.outside_window, call.seq());
    }
    let refused_open = world.switches.is("whatsapp.refuse_open_window", "yes");
    let (switch, error) = if !user.on_whatsapp {
        ("whatsapp.not_on_whatsapp", GraphError::new(131_026, "Message Undeliverable."))
    } else if kind != "template" && (closed || refused_open) {
        let details = "Message failed to send because more than 24 hours have passed since the customer last replied to this number.";
        ("whatsapp.window_closed", GraphError::new(131_047, details))
    } else {
        return Ok(None);
    };
    if world.switches.is(switch, "sync") { Err(error) } else { Ok(Some(error)) }
}

fn pricing(world: &World, held: &mut Held, user: usize, category: &str, now_ms: i64) -> Value {
    let thread = held.thread(user);
    let paid_service = match world.switches.get("whatsapp.pricing").as_str() {
        "before_2026_10" => false,
        "after_2026_10" => true,
        _ => now_ms >= PAID_SERVICE_FROM_MS,
    };
    let (billable, kind, category) = if now_ms < thread.free_until_ms {
        (false, "free_entry_point", "referral_conversion")
    } else if !paid_service
        && matches!(category, "service" | "utility")
        && now_ms < thread.window_until_ms
    {
        (false, "free_customer_service", category)
    } else {
        (true, "regular", category)
    };
    json!({ "billable": billable, "pricing_model": "PMP", "type": kind, "category": category })
}

/// How long messages stay free after an advertisement brought the customer.
pub fn free_entry_until_ms(now_ms: i64) -> i64 {
    now_ms + FREE_ENTRY_MS
}

/// What the customer reads, for any type.
pub fn readable(kind: &str, content: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match kind {
        "text" => text(&content["body"]),
        "reaction" => text(&content["emoji"]),
        "interactive" => [
            &content["body"]["text"],
            &content["button_reply"]["title"],
            &content["list_reply"]["title"],
        ]
        .into_iter()
        .find_map(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default(),
        "button" => text(&content["text"]),
        "system" => text(&content["body"]),
        "edit" => text(&content["message"]["text"]["body"]),
        "location" => format!("{} {}", content["latitude"], content["longitude"]),
        _ => text(&content["caption"]),
    }
}
