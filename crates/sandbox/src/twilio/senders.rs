//! WhatsApp senders, the typing indicator, and Lookup.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::response::Json;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::auth::Caller;
use super::customers::is_e164;
use super::errors::{Problem, TwilioError};
use super::form::Form;
use super::message::{Author, Channel};
use super::{Held, page, services};
use crate::World;

/// A typing indicator disappears by itself (WhatsApp typing indicators, checked 2026-11-20).
const TYPING_MS: i64 = 25_000;

/// The WhatsApp sender.
pub struct Sender {
    /// `ONLINE`, `OFFLINE`, `PENDING_VERIFICATION`, …
    pub status: String,
    pub callback_url: String,
    pub fallback_url: String,
    pub status_callback_url: String,
}

impl Default for Sender {
    fn default() -> Self {
        Self {
            status: "ONLINE".to_owned(),
            callback_url: String::new(),
            fallback_url: String::new(),
            status_callback_url: String::new(),
        }
    }
}

pub fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/v2/Channels/Senders", get(list))
        .route("/v2/Channels/Senders/{sid}", get(fetch).post(update))
        .route("/v2/Indicators/Typing.json", post(typing))
        .route("/v2/Indicators/Typing", post(typing))
        .route("/v3/Indicators/Typing.json", post(typing))
}

fn resource(world: &World, held: &Held) -> Value {
    let account = &world.twilio.account;
    let sender = &held.sender;
    let offline = (sender.status == "OFFLINE")
        .then(|| json!([{ "code": "63020", "message": "the account is restricted" }]));
    json!({
        "sid": account.whatsapp_sender_sid,
        "sender_id": Channel::Whatsapp.address(&account.whatsapp_number),
        "status": sender.status,
        "configuration": { "waba_id": "100000000000001", "verification_method": null, "voice_application_sid": null },
        "offline_reasons": offline,
        "profile": { "name": "Sandbox Company" },
        "properties": { "quality_rating": "HIGH", "messaging_limit": "10K Customers/24hr" },
        "url": format!("{}/v2/Channels/Senders/{}", services::host(world), account.whatsapp_sender_sid),
        "webhook": {
            "callback_url": sender.callback_url,
            "callback_method": "POST",
            "fallback_url": sender.fallback_url,
            "fallback_method": "POST",
            "status_callback_url": sender.status_callback_url,
            "status_callback_method": "POST",
        },
    })
}

async fn list(caller: Caller) -> Json<Value> {
    let held = caller.world.twilio.lock();
    let url = format!("{}/v2/Channels/Senders", services::host(&caller.world));
    Json(page(&url, "senders", vec![resource(&caller.world, &held)]))
}

fn expect(world: &World, sid: &str) -> Result<(), TwilioError> {
    if sid == world.twilio.account.whatsapp_sender_sid {
        Ok(())
    } else {
        Err(TwilioError::not_found(&format!("/v2/Channels/Senders/{sid}")))
    }
}

async fn fetch(caller: Caller, Path(sid): Path<String>) -> Result<Json<Value>, Problem> {
    expect(&caller.world, &sid)?;
    let held = caller.world.twilio.lock();
    Ok(Json(resource(&caller.world, &held)))
}

/// Sets the addresses in `webhook`.
async fn update(
    caller: Caller,
    Path(sid): Path<String>,
    body: String,
) -> Result<Json<Value>, Problem> {
    expect(&caller.world, &sid)?;
    let body: Value = serde_json::from_str(&body)
        .map_err(|_| TwilioError::new(20_001, "The request body is not valid JSON"))?;
    let mut held = caller.world.twilio.lock();
    let sender = &mut held.sender;
    for (name, place) in [
        ("callback_url", &mut sender.callback_url),
        ("fallback_url", &mut sender.fallback_url),
        ("status_callback_url", &mut sender.status_callback_url),
    ] {
        if let Some(url) = body["webhook"][name].as_str() {
            *place = url.to_owned();
        }
    }
    Ok(Json(resource(&caller.world, &held)))
}

/// Shows the customer that somebody types, and marks the message read. A form in version 2, JSON in version 3.
async fn typing(caller: Caller, body: String) -> Result<Json<Value>, Problem> {
    let world = &caller.world;
    let form = Form::parse(&body);
    let json: Value = serde_json::from_str(&body).unwrap_or_default();
    let sid = json["messageId"].as_str().or_else(|| form.get("messageId")).unwrap_or_default();
    let channel = json["channel"].as_str().or_else(|| form.get("channel")).unwrap_or_default();
    if !channel.eq_ignore_ascii_case("whatsapp") {
        return Err(TwilioError::new(20_001, "channel must be whatsapp").into());
    }
    let mut held = world.twilio.lock();
    let customer = held
        .messages
        .get(sid)
        .filter(|message| {
            message.author == Author::Customer && message.channel == Channel::Whatsapp
        })
        .map(|message| message.customer)
        .ok_or_else(|| TwilioError::new(20_001, "messageId is not a message that was received"))?;
    held.typing.insert(customer, world.clock.now_ms() + TYPING_MS);
    Ok(Json(json!({ "success": true })))
}

/// `Fields=line_type_intelligence` tells landlines from mobiles.
pub async fn lookup(
    caller: Caller,
    Path(number): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Problem> {
    let world = &caller.world;
    let query = Form::parse(query.as_deref().unwrap_or_default());
    let valid = is_e164(&number);
    let held = world.twilio.lock();
    let customer = held.customers.find(&number).and_then(|index| held.customers.get(index));
    let kind = match customer {
        Some(customer) if customer.landline => "landline",
        _ => "mobile",
    };
    let wanted =
        query.get("Fields").is_some_and(|fields| fields.contains("line_type_intelligence"));
    let line_type = (wanted && valid).then(|| {
        json!({ "carrier_name": "Sandbox Wireless", "error_code": null,
            "mobile_country_code": "310", "mobile_network_code": "410", "type": kind })
    });
    let url = world.twilio.account.urls(&world.base_url).lookups_url;
    Ok(Json(json!({
        "calling_country_code": number.starts_with("+1").then_some("1"),
        "country_code": number.starts_with("+1").then_some("US"),
        "line_type_intelligence": line_type,
        "national_format": null,
        "phone_number": number,
        "url": format!("{url}/v2/PhoneNumbers/{number}"),
        "valid": valid,
        "validation_errors": if valid { json!([]) } else { json!(["NOT_A_NUMBER"]) },
    })))
}
