//! What becomes of an accepted message, told in status callbacks. The first status is never told.

use std::sync::Arc;

use super::errors::title;
use super::message::{Channel, Message};
use super::webhooks;
use crate::dates::receipt;
use crate::{Emission, Hook, World};

/// The later statuses of a message, with their virtual delays.
pub fn ladder(
    world: &World,
    message: &Message,
    waits_ms: i64,
    failure: Option<i64>,
) -> Vec<Emission> {
    let after = |name: &str| waits_ms + world.switches.number(name);
    let mut steps = Vec::new();
    if message.service_sid.is_some() {
        steps.push(("queued", waits_ms));
    }
    steps.push(("sending", waits_ms));
    if let Some(code) = failure {
        steps.push((failed(world, code), after("twilio.failed_after_ms")));
    } else {
        steps.push(("sent", after("twilio.sent_after_ms")));
        if world.switches.is("twilio.delivery_receipts", "on") {
            steps.push(("delivered", after("twilio.delivered_after_ms")));
            let reads = world.switches.is("twilio.read_receipts", "on");
            if message.channel == Channel::Whatsapp && reads {
                steps.push(("read", after("twilio.read_after_ms")));
            }
        }
    }
    let mut told_ms: Vec<i64> = steps.iter().map(|(_, delay_ms)| *delay_ms).collect();
    if world.switches.is("twilio.status_order", "reversed") {
        told_ms.reverse();
    }
    let copies = world.switches.number("twilio.status_copies").max(1);
    let mut emissions = Vec::new();
    for ((status, _), delay_ms) in steps.iter().zip(told_ms) {
        for _copy in 0..copies {
            emissions.push(emission(message, status, delay_ms, failure));
        }
    }
    if world.switches.is("twilio.status_order", "reversed") {
        emissions.reverse();
    }
    // Equal delays are told in the order given here.
    emissions.sort_by_key(|emission| emission.delay_ms);
    emissions
}

/// Carriers do not deliver; what WhatsApp does not take has failed.
fn failed(world: &World, code: i64) -> &'static str {
    let channel = code >= 63_000;
    if channel && world.switches.is("twilio.channel_failure_status", "failed") {
        "failed"
    } else {
        "undelivered"
    }
}

fn emission(
    message: &Message,
    status: &'static str,
    delay_ms: i64,
    failure: Option<i64>,
) -> Emission {
    let sid = message.sid.clone();
    let error = failure.filter(|_| matches!(status, "failed" | "undelivered"));
    Emission {
        vendor: "twilio",
        kind: format!("status.{status}"),
        key: Some(message.to.clone()),
        delay_ms,
        make: Box::new(move |world: &Arc<World>| tell(world, &sid, status, error)),
    }
}

/// Moves the message on and builds the callback; `None` if nobody wants one.
pub fn tell(world: &World, sid: &str, status: &'static str, error: Option<i64>) -> Option<Hook> {
    let mut held = world.twilio.lock();
    let now_ms = world.clock.now_ms();
    let message = held.messages.get_mut(sid)?;
    if message.status == "canceled" {
        return None;
    }
    message.advance(status, error, now_ms);
    let message = message.clone();
    let own = message.status_callback.clone();
    let in_service =
        message.service_sid.as_ref().and_then(|_| held.service.status_callback.clone());
    let of_sender = match message.channel {
        Channel::Whatsapp => Some(held.sender.status_callback_url.clone()),
        Channel::Sms => None,
    };
    let url = own.or(in_service).or(of_sender).filter(|url| !url.is_empty())?;
    let params = params(world, &message, status, error, now_ms);
    let key = Some(message.to.clone());
    Some(webhooks::hook(world, &format!("status.{status}"), key, &url, &params))
}

fn params(
    world: &World,
    message: &Message,
    status: &str,
    error: Option<i64>,
    now_ms: i64,
) -> Vec<(String, String)> {
    let mut params = vec![
        ("AccountSid", world.twilio.account.account_sid.clone()),
        ("ApiVersion", "2010-04-01".to_owned()),
        ("From", message.from.clone()),
        ("MessageSid", message.sid.clone()),
        ("MessageStatus", status.to_owned()),
        ("SmsSid", message.sid.clone()),
        ("SmsStatus", status.to_owned()),
        ("To", message.to.clone()),
    ];
    if let Some(service) = &message.service_sid {
        params.push(("MessagingServiceSid", service.clone()));
    }
    if let Some(code) = error {
        params.push(("ErrorCode", code.to_string()));
        params.push(("ErrorMessage", title(code).to_owned()));
    }
    if message.channel == Channel::Whatsapp {
        params.push(("ChannelPrefix", "whatsapp".to_owned()));
        params.push(("ChannelToAddress", message.to.trim_start_matches("whatsapp:").to_owned()));
        params.push(("ChannelInstallSid", world.twilio.account.whatsapp_sender_sid.clone()));
        params.push(("StructuredMessage", "false".to_owned()));
        if matches!(status, "delivered" | "read") {
            params.push(("EventType", status.to_uppercase()));
        }
        if let Some(code) = error {
            params.push(("ChannelStatusMessage", title(code).to_owned()));
        }
    } else if status == "delivered" {
        params.push(("RawDlrDoneDate", receipt(now_ms)));
    }
    params.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
