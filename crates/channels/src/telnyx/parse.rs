//! From one stored event to our words.

use baton_core::{
    channel::{ChannelEvent, CustomerMessage, Receipt},
    contact::Identity,
    cost::Cost,
    fault::Fault,
    ids::{DeliveryId, VendorId},
    inbound::{ParseFault, RawEvent},
    message::{Content, MessageStatus},
    time::Timestamp,
};

use super::{
    config::Config,
    policy,
    wire::{Address, Event, Hook, Message, Stored},
};
use crate::{
    key::storable,
    sms::{self, phone_point},
    webhook::delivery_in,
};

/// Says a stored event in our words.
pub(super) fn parse(config: &Config, event: &RawEvent) -> Result<Vec<ChannelEvent>, ParseFault> {
    let stored: Stored<'_> = serde_json::from_str(&event.body)
        .map_err(|_| malformed("the stored event is not in its form"))?;
    let hook: Hook = serde_json::from_str(stored.hook.get()).map_err(|error| {
        // Where, never what: the text is the customer's.
        malformed(format!("it is not as documented (column {})", error.column()))
    })?;
    let event = hook.data;
    match event.event_type.as_str() {
        "message.received" => {
            ours(config, event.payload.to.iter())?;
            message(&event, stored.part)
        }
        "message.sent" | "message.finalized" => {
            ours(config, event.payload.from.iter())?;
            report(&event)
        }
        _ => {
            let text = "the event type is not known".to_owned();
            Err(ParseFault { code: "unknown_event", text })
        }
    }
}

fn malformed(text: impl Into<String>) -> ParseFault {
    ParseFault { code: "malformed", text: text.into() }
}

/// Refuses what belongs to another number.
fn ours<'a>(
    config: &Config,
    mut addresses: impl Iterator<Item = &'a Address>,
) -> Result<(), ParseFault> {
    if addresses.any(|address| address.phone_number.as_deref() == Some(&*config.sender)) {
        return Ok(());
    }
    let text = "it belongs to another number than this inbox; give that number an inbox and a messaging profile of its own";
    Err(ParseFault { code: "foreign", text: text.to_owned() })
}

fn id(message: &Message) -> Result<&str, ParseFault> {
    message.id.as_deref().ok_or_else(|| malformed("the id is missing"))
}

fn at(texts: [&Option<String>; 2]) -> Result<Timestamp, ParseFault> {
    let time = texts.into_iter().flatten().find_map(|text| Timestamp::read(text));
    time.ok_or_else(|| malformed("the time is missing"))
}

fn message(event: &Event, part: usize) -> Result<Vec<ChannelEvent>, ParseFault> {
    let said = &event.payload;
    let from = said.from.as_ref().and_then(|from| from.phone_number.as_deref());
    let Some(point) = from.and_then(phone_point) else {
        let text = "it comes from a sender without a number, which cannot be answered".to_owned();
        return Err(ParseFault { code: "unanswerable", text });
    };
    let who = Identity { points: vec![point], name: None };
    let at = at([&said.received_at, &event.occurred_at])?;
    let vendor_id = match part {
        0 => VendorId::from(id(said)?),
        part => VendorId(format!("{}:{part}", id(said)?)),
    };
    let answered = said.autoresponse_type.as_deref().filter(|_| part == 0);
    let consent = answered.and_then(|word| match word {
        "STOP" => Some(true),
        "START" => Some(false),
        _ => None,
    });
    let consent = consent.map(|opted_out| consent_event(who.clone(), opted_out, at));
    let message = ChannelEvent::Message(CustomerMessage {
        vendor_id,
        who,
        at,
        content: content(said, part),
        reply_to: None,
        referral: None,
        answered_by_vendor: said.autoresponse_type.is_some(),
    });
    Ok(consent.into_iter().chain([message]).collect())
}

fn consent_event(who: Identity, opted_out: bool, at: Timestamp) -> ChannelEvent {
    ChannelEvent::Consent { who, scope: policy::STOP_SCOPE, opted_out, at }
}

/// What a message says, or the part of it that one event stands for.
fn content(said: &Message, part: usize) -> Content {
    let text = said.text.as_deref().map(storable).filter(|text| !text.is_empty());
    let file = said.media.as_ref().and_then(|files| files.get(part));
    match (file, text) {
        (Some(file), text) => Content::Media {
            kind: sms::media_kind(file.content_type.as_deref()),
            caption: text.filter(|_| part == 0),
            file_name: None,
            mime_type: file.content_type.clone(),
            vendor_id: Some(VendorId::from(file.url.as_str())),
            sha256: None,
            voice: false,
            file: None,
        },
        (None, Some(text)) => Content::Text { text },
        (None, None) => Content::Unsupported { kind: "empty message".to_owned(), note: None },
    }
}

/// Sent or final; the recipient's own status says how it ended.
fn report(event: &Event) -> Result<Vec<ChannelEvent>, ParseFault> {
    let message = &event.payload;
    let at = at([&event.occurred_at, &message.received_at])?;
    let recipient = message.to.first();
    let (status, fault) = match recipient.and_then(|to| to.status.as_deref()) {
        // An unconfirmed one left Telnyx, and nobody will say more.
        Some("sent" | "delivery_unconfirmed") => (MessageStatus::Sent, None),
        Some("delivered") => (MessageStatus::Delivered, None),
        Some("sending_failed" | "delivery_failed") => (MessageStatus::Failed, Some(fault(message))),
        Some("queued" | "sending") => {
            return Ok(vec![ChannelEvent::Ignored { why: "the message is still on its way" }]);
        }
        _ => return Ok(vec![ChannelEvent::Ignored { why: "the status is not one that is known" }]),
    };
    let mut errors = message.errors.iter().flatten();
    let opted_out = fault.is_some() && errors.any(policy::is_for_stop);
    let point = recipient.and_then(|to| to.phone_number.as_deref()).and_then(phone_point);
    let consent = point
        .filter(|_| opted_out)
        .map(|point| consent_event(Identity { points: vec![point], name: None }, true, at));
    let receipt = ChannelEvent::Receipt(Receipt {
        vendor_id: VendorId::from(id(message)?),
        delivery: message.webhook_url.as_deref().and_then(delivery_in).and_then(DeliveryId::read),
        status,
        at,
        fault,
        cost: cost(message),
    });
    Ok(consent.into_iter().chain([receipt]).collect())
}

fn fault(message: &Message) -> Fault {
    let error = message.errors.as_ref().and_then(|errors| errors.first());
    policy::fault(error.and_then(|error| error.code()), error.map_or("", |error| error.details()))
}

fn cost(message: &Message) -> Option<Cost> {
    let cost = message.cost.as_ref()?;
    let price = sms::price(cost.amount.as_deref()?, cost.currency.as_deref()?)?;
    let category = match message.kind.as_deref() {
        Some("MMS") => "mms",
        _ => "sms",
    };
    Some(Cost {
        category: category.to_owned(),
        billable: price.micros > 0,
        kind: None,
        segments: message.parts,
        price: Some(price),
    })
}
