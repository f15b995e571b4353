//! `POST /v2/messages` and `GET /v2/messages/{id}`.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Json;
use serde_json::{Value, json};

use super::{Held, TelnyxError, authorize, remember, webhooks};
use crate::dates::iso;
use crate::segments;
use crate::{Call, World};

/// Media of one MMS; an assumption.
const MAX_MEDIA: usize = 10;

/// One message in either direction.
#[derive(Clone)]
pub struct Message {
    pub id: String,
    /// `inbound` or `outbound`.
    pub direction: &'static str,
    pub from: String,
    pub to: String,
    pub text: String,
    /// `[{ "url", "content_type", … }]`.
    pub media: Value,
    /// `queued`, `sending`, `sent`, `delivered`, `sending_failed`, `delivery_failed`, …
    pub status: String,
    pub webhook_url: Option<String>,
    pub webhook_failover_url: Option<String>,
    pub created_ms: i64,
    pub sent_ms: Option<i64>,
    pub completed_ms: Option<i64>,
    /// Journal number of the call that sent it; 0 if none did.
    pub seq: u64,
}

impl Message {
    pub fn has_failed(&self) -> bool {
        self.status.ends_with("_failed")
    }

    /// The resource, which is also the payload of webhooks.
    pub fn resource(&self, world: &World) -> Value {
        let with_media = self.media.as_array().is_some_and(|media| !media.is_empty());
        let failed = self.has_failed();
        let errors = failed.then(|| {
            json!({ "code": "40001", "title": "Not routable", "detail": "The message could not be delivered" })
        });
        let error_list: Vec<Value> = errors.into_iter().collect();
        json!({
            "record_type": "message",
            "direction": self.direction,
            "id": self.id,
            "type": if with_media { "MMS" } else { "SMS" },
            "messaging_profile_id": world.telnyx.account.messaging_profile_id,
            "from": { "phone_number": self.from, "carrier": "", "line_type": "" },
            "to": [{ "phone_number": self.to, "status": self.status, "carrier": "", "line_type": "" }],
            "text": self.text,
            "media": self.media,
            "webhook_url": self.webhook_url,
            "webhook_failover_url": self.webhook_failover_url,
            "encoding": if segments::is_gsm7(&self.text) { "GSM-7" } else { "UCS-2" },
            "parts": segments::count(&self.text),
            "tags": [],
            "cost": { "amount": "0.0040", "currency": "USD" },
            "tcr_campaign_id": null,
            "tcr_campaign_registered": "REGISTERED",
            "received_at": iso(self.created_ms),
            "sent_at": self.sent_ms.map(iso),
            "completed_at": self.completed_ms.map(iso),
            "valid_until": null,
            "errors": error_list,
        })
    }
}

fn invalid(code: &'static str, title: &'static str, detail: &str) -> TelnyxError {
    TelnyxError { status: 400, code, title, detail: detail.to_owned() }
}

pub async fn create(
    State(world): State<Arc<World>>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
    body: String,
) -> Result<Json<Value>, TelnyxError> {
    let done = authorize(&world, &headers).and_then(|()| {
        let body: Value = serde_json::from_str(&body)
            .map_err(|_| invalid("10015", "Bad Request", "The body is not valid JSON"))?;
        send(&world, &call, &body)
    });
    match &done {
        Ok(message) => call.note(format!("accepted {}", message.id)),
        Err(error) => call.note(format!("rejected {}", error.code)),
    }
    let message = done?;
    webhooks::progress(&world, &message).into_iter().for_each(|emission| call.emit(emission));
    Ok(Json(json!({ "data": message.resource(&world) })))
}

fn send(world: &World, call: &Call, body: &Value) -> Result<Message, TelnyxError> {
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let (to, from) = (text("to"), text("from"));
    if !is_e164(&to) {
        return Err(invalid("40310", "Invalid 'to' address", "to must be an E.164 number"));
    }
    let account = &world.telnyx.account;
    let by_profile =
        from.is_empty() && text("messaging_profile_id") == account.messaging_profile_id;
    if from != account.number && !by_profile {
        return Err(invalid(
            "40305",
            "Invalid 'from' address",
            "from is not a number of this account",
        ));
    }
    let urls: Vec<&str> =
        body["media_urls"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if text("text").is_empty() && urls.is_empty() {
        return Err(invalid(
            "10004",
            "Missing required parameter",
            "text or media_urls is required",
        ));
    }
    if urls.len() > MAX_MEDIA {
        return Err(invalid("10015", "Bad Request", "media_urls holds too many"));
    }
    let mut held = world.telnyx.lock();
    check_opt_out(&mut held, call, &to)?;
    let url = |name: &str| body[name].as_str().map(str::to_owned);
    let message = Message {
        id: world.telnyx.ids.guid(),
        direction: "outbound",
        from: account.number.clone(),
        to,
        text: text("text"),
        media: urls.iter().map(|url| json!({ "url": url, "content_type": null })).collect(),
        status: "queued".to_owned(),
        webhook_url: url("webhook_url").or_else(|| held.webhook_url.clone()),
        webhook_failover_url: url("webhook_failover_url").or_else(|| held.failover_url.clone()),
        created_ms: world.clock.now_ms(),
        sent_ms: None,
        completed_ms: None,
        seq: call.seq(),
    };
    held.keep(message.clone());
    Ok(message)
}

/// Whoever does not know of a STOP yet learns it by this refusal.
fn check_opt_out(held: &mut Held, call: &Call, to: &str) -> Result<(), TelnyxError> {
    let Some(told) = held.opted_out.get_mut(to) else { return Ok(()) };
    if std::mem::replace(told, true) {
        remember(&mut held.opted_out_sends, call.seq());
    }
    Err(invalid(
        "40300",
        "Blocked due to STOP message",
        "The recipient has opted out of this messaging profile",
    ))
}

pub fn is_e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (8..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

pub async fn fetch(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, TelnyxError> {
    authorize(&world, &headers)?;
    let found = world.telnyx.lock().message(&id).cloned();
    let missing = || TelnyxError {
        status: 404,
        code: "10005",
        title: "Resource not found",
        detail: format!("There is no message {id}"),
    };
    Ok(Json(json!({ "data": found.ok_or_else(missing)?.resource(&world) })))
}
