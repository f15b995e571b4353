//! The account's phone numbers: `IncomingPhoneNumbers`.

use axum::extract::{Path, RawQuery};
use axum::response::Json;
use serde::Serialize;
use serde_json::{Value, json};

use super::Held;
use super::account::Account;
use super::auth::Caller;
use super::errors::{Legacy, TwilioError};
use super::form::Form;
use crate::dates::rfc2822;

/// When everything in the account was made: 2026-01-01T00:00:00Z.
pub const MADE_MS: i64 = 1_767_225_600_000;

/// What a number is registered as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Needs an approved brand and campaign to reach US phones.
    LongCode,
    /// Needs a toll-free verification.
    TollFree,
}

/// One number of the account.
#[derive(Clone, Debug, Serialize)]
pub struct Number {
    pub sid: String,
    pub phone_number: String,
    pub kind: Kind,
    pub sms: bool,
    pub mms: bool,
    /// Where inbound messages go unless the messaging service says otherwise.
    pub sms_url: String,
    pub sms_fallback_url: String,
    /// Whether it is a sender of the messaging service.
    pub in_service: bool,
    /// Every message from this number fails later with this code, such as 30007.
    pub fails_with: Option<i64>,
}

/// A long code in the messaging service and a toll-free number outside it.
pub fn defaults(account: &Account) -> Vec<Number> {
    let number = |sid: &str, phone_number: &str, kind: Kind| Number {
        sid: sid.to_owned(),
        phone_number: phone_number.to_owned(),
        kind,
        sms: true,
        mms: true,
        sms_url: String::new(),
        sms_fallback_url: String::new(),
        in_service: kind == Kind::LongCode,
        fails_with: None,
    };
    vec![
        number(&account.number_sid, &account.number, Kind::LongCode),
        number(&account.toll_free_number_sid, &account.toll_free_number, Kind::TollFree),
    ]
}

impl Held {
    /// By number or `PN…`.
    pub fn number(&self, key: &str) -> Option<&Number> {
        self.numbers.iter().find(|number| number.phone_number == key || number.sid == key)
    }

    pub fn number_mut(&mut self, key: &str) -> Option<&mut Number> {
        self.numbers.iter_mut().find(|number| number.phone_number == key || number.sid == key)
    }
}

impl Number {
    fn resource(&self, account_sid: &str) -> Value {
        json!({
            "account_sid": account_sid,
            "address_requirements": "none",
            "address_sid": null,
            "api_version": "2010-04-01",
            "beta": false,
            "bundle_sid": null,
            "capabilities": { "voice": true, "sms": self.sms, "mms": self.mms, "fax": false },
            "date_created": rfc2822(MADE_MS),
            "date_updated": rfc2822(MADE_MS),
            "emergency_status": "Inactive",
            "friendly_name": self.phone_number,
            "identity_sid": null,
            "origin": "twilio",
            "phone_number": self.phone_number,
            "sid": self.sid,
            "sms_application_sid": "",
            "sms_fallback_method": "POST",
            "sms_fallback_url": self.sms_fallback_url,
            "sms_method": "POST",
            "sms_url": self.sms_url,
            "status": "in-use",
            "status_callback": "",
            "status_callback_method": "POST",
            "trunk_sid": null,
            "uri": format!("/2010-04-01/Accounts/{account_sid}/IncomingPhoneNumbers/{}.json", self.sid),
            "voice_url": null,
        })
    }
}

/// Filtered by `PhoneNumber`, of which a part is enough.
pub async fn list(caller: Caller, RawQuery(query): RawQuery) -> Json<Value> {
    let query = Form::parse(query.as_deref().unwrap_or_default());
    let wanted = query.get("PhoneNumber").unwrap_or_default();
    let account_sid = &caller.world.twilio.account.account_sid;
    let held = caller.world.twilio.lock();
    let numbers = held.numbers.iter().filter(|number| number.phone_number.contains(wanted));
    let rows: Vec<Value> = numbers.map(|number| number.resource(account_sid)).collect();
    let uri = format!("/2010-04-01/Accounts/{account_sid}/IncomingPhoneNumbers.json");
    Json(json!({
        "end": rows.len().saturating_sub(1),
        "first_page_uri": format!("{uri}?PageSize=50&Page=0"),
        "incoming_phone_numbers": rows,
        "next_page_uri": null,
        "page": 0,
        "page_size": 50,
        "previous_page_uri": null,
        "start": 0,
        "uri": format!("{uri}?PageSize=50&Page=0"),
    }))
}

fn known<'a>(held: &'a mut Held, file: &str) -> Result<&'a mut Number, TwilioError> {
    let sid = file.trim_end_matches(".json");
    let missing = || TwilioError::not_found(&format!("/IncomingPhoneNumbers/{file}"));
    held.numbers.iter_mut().find(|number| number.sid == sid).ok_or_else(missing)
}

pub async fn fetch(
    caller: Caller,
    Path((_, file)): Path<(String, String)>,
) -> Result<Json<Value>, Legacy> {
    let mut held = caller.world.twilio.lock();
    let number = known(&mut held, &file)?;
    Ok(Json(number.resource(&caller.world.twilio.account.account_sid)))
}

/// Sets `SmsUrl` and `SmsFallbackUrl`.
pub async fn update(
    caller: Caller,
    Path((_, file)): Path<(String, String)>,
    body: String,
) -> Result<Json<Value>, Legacy> {
    let form = Form::parse(&body);
    if form.get("SmsMethod").is_some_and(|method| method != "POST") {
        return Err(TwilioError::new(20_001, "the simulator sends webhooks by POST only").into());
    }
    let mut held = caller.world.twilio.lock();
    let number = known(&mut held, &file)?;
    for (name, place) in
        [("SmsUrl", &mut number.sms_url), ("SmsFallbackUrl", &mut number.sms_fallback_url)]
    {
        if let Some(value) = form.given(name) {
            *place = value.to_owned();
        }
    }
    Ok(Json(number.resource(&caller.world.twilio.account.account_sid)))
}
