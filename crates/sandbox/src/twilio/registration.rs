//! Whether US carriers let the numbers through: brand, campaign and toll-free verification.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::response::Json;
use axum::routing::get;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::auth::Caller;
use super::errors::{Legacy, TwilioError};
use super::form::Form;
use super::numbers::MADE_MS;
use super::services::{expect, host};
use super::{numbers, page};
use crate::World;
use crate::dates::iso;

/// The state of every registration; a customer of Twilio's can only wait for them to change.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Registration {
    /// `PENDING`, `APPROVED`, `FAILED`, `IN_REVIEW`, `SUSPENDED`, …
    pub brand_status: String,
    /// Whether the brand exists at all.
    pub has_brand: bool,
    /// `PENDING`, `IN_PROGRESS`, `VERIFIED` or `FAILED`.
    pub campaign_status: String,
    pub has_campaign: bool,
    /// `PENDING_REVIEW`, `IN_REVIEW`, `TWILIO_APPROVED` or `TWILIO_REJECTED`.
    pub toll_free_status: String,
    pub has_toll_free: bool,
    /// Why, for whichever failed.
    pub reason: Option<String>,
}

impl Default for Registration {
    fn default() -> Self {
        Self {
            brand_status: "APPROVED".to_owned(),
            has_brand: true,
            campaign_status: "VERIFIED".to_owned(),
            has_campaign: true,
            toll_free_status: "TWILIO_APPROVED".to_owned(),
            has_toll_free: true,
            reason: None,
        }
    }
}

impl Registration {
    /// The code with which carriers turn away what such a number sends to a US phone.
    pub fn refusal(&self, kind: numbers::Kind, in_service: bool) -> Option<i64> {
        let good = match kind {
            numbers::Kind::LongCode => {
                let brand = self.has_brand && self.brand_status == "APPROVED";
                brand && self.has_campaign && self.campaign_status == "VERIFIED" && in_service
            }
            numbers::Kind::TollFree => {
                self.has_toll_free && self.toll_free_status == "TWILIO_APPROVED"
            }
        };
        match kind {
            _ if good => None,
            numbers::Kind::LongCode => Some(30_034),
            numbers::Kind::TollFree => Some(30_032),
        }
    }
}

pub fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/v1/a2p/BrandRegistrations", get(brands))
        .route("/v1/a2p/BrandRegistrations/{sid}", get(brand))
        .route("/v1/Tollfree/Verifications", get(verifications))
        .route("/v1/Tollfree/Verifications/{sid}", get(verification))
}

pub async fn campaigns(caller: Caller, Path(service): Path<String>) -> Result<Json<Value>, Legacy> {
    let world = &caller.world;
    expect(world, &service)?;
    let registration = world.twilio.lock().registration.clone();
    let account = &world.twilio.account;
    let url = format!("{}/v1/Services/{service}/Compliance/Usa2p", host(world));
    let failed = registration.campaign_status == "FAILED";
    let errors: Vec<Value> = registration
        .reason
        .iter()
        .filter(|_| failed)
        .map(|reason| json!({ "error_code": 30_909, "fields": [], "description": reason }))
        .collect();
    let campaign = json!({
        "account_sid": account.account_sid,
        "brand_registration_sid": account.brand_sid,
        "campaign_id": (registration.campaign_status == "VERIFIED").then_some("CSANDBX"),
        "campaign_status": registration.campaign_status,
        "date_created": iso(MADE_MS),
        "date_updated": iso(MADE_MS),
        "description": "Answers to customers who wrote first",
        "errors": errors,
        "has_embedded_links": true,
        "has_embedded_phone": false,
        "is_externally_registered": false,
        "message_samples": ["Your parcel is on its way."],
        "messaging_service_sid": service,
        "mock": false,
        "rate_limits": { "att": { "mps": 240, "msg_class": "C" }, "tmobile": { "brand_tier": "LOW" } },
        "sid": account.campaign_sid,
        "url": format!("{url}/{}", account.campaign_sid),
        "us_app_to_person_usecase": "CUSTOMER_CARE",
    });
    let rows = if registration.has_campaign { vec![campaign] } else { Vec::new() };
    Ok(Json(page(&url, "compliance", rows)))
}

fn brand_resource(world: &World, registration: &Registration) -> Value {
    let account = &world.twilio.account;
    let reason = registration.reason.as_ref().filter(|_| registration.brand_status == "FAILED");
    json!({
        "account_sid": account.account_sid,
        "a2p_profile_bundle_sid": null,
        "brand_feedback": [],
        "brand_score": 75,
        "brand_type": "STANDARD",
        "customer_profile_bundle_sid": null,
        "date_created": iso(MADE_MS),
        "date_updated": iso(MADE_MS),
        "errors": reason.map(|reason| json!([{ "code": 30_895, "description": reason }])).unwrap_or_else(|| json!([])),
        "failure_reason": reason,
        "identity_status": if registration.brand_status == "APPROVED" { "VERIFIED" } else { "UNVERIFIED" },
        "mock": false,
        "sid": account.brand_sid,
        "skip_automatic_sec_vet": false,
        "status": registration.brand_status,
        "tcr_id": "BSANDBX",
        "url": format!("{}/v1/a2p/BrandRegistrations/{}", host(world), account.brand_sid),
    })
}

async fn brands(caller: Caller) -> Json<Value> {
    let registration = caller.world.twilio.lock().registration.clone();
    let brand = registration.has_brand.then(|| brand_resource(&caller.world, &registration));
    let url = format!("{}/v1/a2p/BrandRegistrations", host(&caller.world));
    Json(page(&url, "data", brand.into_iter().collect()))
}

async fn brand(caller: Caller, Path(sid): Path<String>) -> Result<Json<Value>, Legacy> {
    let registration = caller.world.twilio.lock().registration.clone();
    if !registration.has_brand || sid != caller.world.twilio.account.brand_sid {
        return Err(TwilioError::not_found(&format!("/a2p/BrandRegistrations/{sid}")).into());
    }
    Ok(Json(brand_resource(&caller.world, &registration)))
}

fn verification_resource(world: &World, registration: &Registration) -> Value {
    let account = &world.twilio.account;
    let rejected = registration.toll_free_status == "TWILIO_REJECTED";
    let reason = registration.reason.as_ref().filter(|_| rejected);
    let reasons = reason.map(|reason| json!([{ "code": 30_445, "reason": reason }]));
    json!({
        "account_sid": account.account_sid,
        "business_name": "Sandbox Company",
        "date_created": iso(MADE_MS),
        "date_updated": iso(MADE_MS),
        "edit_allowed": rejected,
        "edit_expiration": rejected.then(|| iso(world.clock.now_ms() + 7 * 86_400_000)),
        "error_code": rejected.then_some(30_445),
        "message_volume": "1,000",
        "rejection_reason": reason,
        "rejection_reasons": reasons,
        "sid": account.toll_free_verification_sid,
        "status": registration.toll_free_status,
        "tollfree_phone_number_sid": account.toll_free_number_sid,
        "url": format!("{}/v1/Tollfree/Verifications/{}", host(world), account.toll_free_verification_sid),
    })
}

/// Filtered by `TollfreePhoneNumberSid` and `Status`.
async fn verifications(caller: Caller, RawQuery(query): RawQuery) -> Json<Value> {
    let world = &caller.world;
    let query = Form::parse(query.as_deref().unwrap_or_default());
    let registration = world.twilio.lock().registration.clone();
    let sid = &world.twilio.account.toll_free_number_sid;
    let wanted = registration.has_toll_free
        && query.get("TollfreePhoneNumberSid").is_none_or(|wanted| wanted == sid)
        && query.get("Status").is_none_or(|status| status == registration.toll_free_status);
    let found = wanted.then(|| verification_resource(world, &registration));
    let url = format!("{}/v1/Tollfree/Verifications", host(world));
    Json(page(&url, "verifications", found.into_iter().collect()))
}

async fn verification(caller: Caller, Path(sid): Path<String>) -> Result<Json<Value>, Legacy> {
    let registration = caller.world.twilio.lock().registration.clone();
    let known = sid == caller.world.twilio.account.toll_free_verification_sid;
    if !registration.has_toll_free || !known {
        return Err(TwilioError::not_found(&format!("/Tollfree/Verifications/{sid}")).into());
    }
    Ok(Json(verification_resource(&caller.world, &registration)))
}
