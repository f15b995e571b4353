//! The messaging service and its senders: `/v1/Services`.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Json;
use axum::routing::get;
use serde_json::{Value, json};

use super::account::Account;
use super::auth::Caller;
use super::errors::{Legacy, TwilioError};
use super::form::Form;
use super::numbers::{MADE_MS, Number};
use super::{Held, page, registration};
use crate::World;
use crate::dates::iso;

/// The one messaging service; the WhatsApp sender belongs to it as well.
pub struct Service {
    pub friendly_name: String,
    /// Absent: inbound messages are dropped, unless the number's own address is used.
    pub inbound_request_url: Option<String>,
    pub fallback_url: Option<String>,
    pub status_callback: Option<String>,
    pub use_inbound_webhook_on_number: bool,
}

impl Default for Service {
    fn default() -> Self {
        Self {
            friendly_name: "Customer service".to_owned(),
            inbound_request_url: None,
            fallback_url: None,
            status_callback: None,
            use_inbound_webhook_on_number: false,
        }
    }
}

pub fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/v1/Services", get(list))
        .route("/v1/Services/{service}", get(fetch).post(update))
        .route("/v1/Services/{service}/PhoneNumbers", get(numbers).post(add_number))
        .route("/v1/Services/{service}/PhoneNumbers/{number}", axum::routing::delete(remove_number))
        .route("/v1/Services/{service}/Compliance/Usa2p", get(registration::campaigns))
}

/// Where the messaging host would be.
pub fn host(world: &World) -> String {
    world.twilio.account.urls(&world.base_url).messaging_url
}

fn resource(world: &World, held: &Held) -> Value {
    let Account { account_sid, service_sid, .. } = &world.twilio.account;
    let service = &held.service;
    let url = format!("{}/v1/Services/{service_sid}", host(world));
    json!({
        "account_sid": account_sid,
        "area_code_geomatch": true,
        "date_created": iso(MADE_MS),
        "date_updated": iso(MADE_MS),
        "fallback_method": "POST",
        "fallback_to_long_code": true,
        "fallback_url": service.fallback_url,
        "friendly_name": service.friendly_name,
        "inbound_method": "POST",
        "inbound_request_url": service.inbound_request_url,
        "links": {
            "phone_numbers": format!("{url}/PhoneNumbers"),
            "us_app_to_person": format!("{url}/Compliance/Usa2p"),
        },
        "mms_converter": true,
        "scan_message_content": "inherit",
        "sid": service_sid,
        "smart_encoding": false,
        "status_callback": service.status_callback,
        "sticky_sender": true,
        "synchronous_validation": false,
        "url": url,
        "us_app_to_person_registered": held.registration.campaign_status == "VERIFIED",
        "use_inbound_webhook_on_number": service.use_inbound_webhook_on_number,
        "usecase": "notifications",
        "validity_period": 36_000,
    })
}

async fn list(caller: Caller) -> Json<Value> {
    let held = caller.world.twilio.lock();
    let url = format!("{}/v1/Services", host(&caller.world));
    Json(page(&url, "services", vec![resource(&caller.world, &held)]))
}

/// Refuses every service but the one.
pub fn expect(world: &World, service: &str) -> Result<(), TwilioError> {
    if service == world.twilio.account.service_sid {
        Ok(())
    } else {
        Err(TwilioError::not_found(&format!("/Services/{service}")))
    }
}

async fn fetch(caller: Caller, Path(service): Path<String>) -> Result<Json<Value>, Legacy> {
    expect(&caller.world, &service)?;
    let held = caller.world.twilio.lock();
    Ok(Json(resource(&caller.world, &held)))
}

async fn update(
    caller: Caller,
    Path(service): Path<String>,
    body: String,
) -> Result<Json<Value>, Legacy> {
    expect(&caller.world, &service)?;
    let form = Form::parse(&body);
    let mut held = caller.world.twilio.lock();
    let changed = &mut held.service;
    for (name, place) in [
        ("InboundRequestUrl", &mut changed.inbound_request_url),
        ("FallbackUrl", &mut changed.fallback_url),
        ("StatusCallback", &mut changed.status_callback),
    ] {
        if let Some(value) = form.given(name) {
            *place = (!value.is_empty()).then(|| value.to_owned());
        }
    }
    if let Some(value) = form.get("UseInboundWebhookOnNumber") {
        changed.use_inbound_webhook_on_number = value == "true";
    }
    Ok(Json(resource(&caller.world, &held)))
}

fn member(world: &World, number: &Number) -> Value {
    let Account { account_sid, service_sid, .. } = &world.twilio.account;
    let capabilities: Vec<&str> = [("Voice", true), ("SMS", number.sms), ("MMS", number.mms)]
        .into_iter()
        .filter_map(|(name, able)| able.then_some(name))
        .collect();
    json!({
        "account_sid": account_sid,
        "capabilities": capabilities,
        "country_code": "US",
        "date_created": iso(MADE_MS),
        "date_updated": iso(MADE_MS),
        "phone_number": number.phone_number,
        "service_sid": service_sid,
        "sid": number.sid,
        "url": format!("{}/v1/Services/{service_sid}/PhoneNumbers/{}", host(world), number.sid),
    })
}

async fn numbers(caller: Caller, Path(service): Path<String>) -> Result<Json<Value>, Legacy> {
    let world = &caller.world;
    expect(world, &service)?;
    let held = world.twilio.lock();
    let members = held.numbers.iter().filter(|number| number.in_service);
    let rows = members.map(|number| member(world, number)).collect();
    let url = format!("{}/v1/Services/{service}/PhoneNumbers", host(world));
    Ok(Json(page(&url, "phone_numbers", rows)))
}

async fn add_number(
    caller: Caller,
    Path(service): Path<String>,
    body: String,
) -> Result<(StatusCode, Json<Value>), Legacy> {
    expect(&caller.world, &service)?;
    let form = Form::parse(&body);
    let sid = form.get("PhoneNumberSid").unwrap_or_default();
    let mut held = caller.world.twilio.lock();
    let missing = || TwilioError::not_found(&format!("/PhoneNumbers/{sid}"));
    let number = held.number_mut(sid).ok_or_else(missing)?;
    number.in_service = true;
    Ok((StatusCode::CREATED, Json(member(&caller.world, number))))
}

async fn remove_number(
    caller: Caller,
    Path((service, sid)): Path<(String, String)>,
) -> Result<StatusCode, Legacy> {
    expect(&caller.world, &service)?;
    let mut held = caller.world.twilio.lock();
    let missing = || TwilioError::not_found(&format!("/PhoneNumbers/{sid}"));
    held.number_mut(&sid).ok_or_else(missing)?.in_service = false;
    Ok(StatusCode::NO_CONTENT)
}
