//! From one stored event to our words.

use baton_core::{
    channel::{ChannelEvent, CustomerMessage, Receipt, Referral},
    contact::{Identity, Point, PointKind},
    cost::Cost,
    fault::{Fault, FaultClass},
    ids::{DeliveryId, VendorId},
    inbound::{ParseFault, RawEvent},
    inbox::ChannelKind,
    message::{Content, MediaKind, MessageStatus},
    time::Timestamp,
};

use super::{
    config::{Config, WHATSAPP},
    policy,
    wire::{Event, Fields},
};
use crate::sms::{self, phone_point};

/// Longest name that is kept, in characters.
const MAX_NAME_CHARS: usize = 256;

/// Says a stored event in our words.
pub(super) fn parse(config: &Config, event: &RawEvent) -> Result<Vec<ChannelEvent>, ParseFault> {
    let event =
        Event::read(&event.body).map_err(|_| malformed("the stored event is not in its form"))?;
    if let Some(why) = event.why {
        return Err(malformed(why));
    }
    ours(config, &event.fields)?;
    match event.fields.status() {
        Some(status) => {
            let opted_out = refused_for_stop(config, &event);
            let report = report(config, &event, status)?;
            Ok(opted_out.into_iter().chain([report]).collect())
        }
        None => message(config, &event),
    }
}

fn malformed(text: impl Into<String>) -> ParseFault {
    ParseFault { code: "malformed", text: text.into() }
}

/// Refuses what belongs to another account or another sender.
pub(super) fn ours(config: &Config, fields: &Fields) -> Result<(), ParseFault> {
    let foreign = |what: &str| ParseFault {
        code: "foreign",
        text: format!(
            "it belongs to another {what} than this inbox; correct the webhook address at Twilio or the inbox's settings"
        ),
    };
    if fields.get("AccountSid").is_some_and(|account| account != config.account_sid) {
        return Err(foreign("account"));
    }
    let sends = if fields.status().is_some() { "From" } else { "To" };
    let address = fields.get(sends).ok_or_else(|| malformed(format!("{sends} is missing")))?;
    let bare = config.bare(address).ok_or_else(|| foreign("channel"))?;
    match (&config.sender, &config.service, fields.get("MessagingServiceSid")) {
        (Some(sender), _, _) if sender == bare => Ok(()),
        (_, Some(service), Some(theirs)) if service == theirs => Ok(()),
        // A number of the service whose own webhook is used.
        (None, Some(_), None) => Ok(()),
        _ => Err(foreign("sender")),
    }
}

fn id(fields: &Fields) -> Result<&str, ParseFault> {
    fields.sid().ok_or_else(|| malformed("MessageSid is missing"))
}

fn message(config: &Config, event: &Event) -> Result<Vec<ChannelEvent>, ParseFault> {
    let (fields, at) = (&event.fields, Timestamp(event.at));
    let (who, sid) = (who(config, fields)?, id(fields)?);
    let vendor_id = match event.part {
        0 => VendorId(sid.to_owned()),
        part => VendorId(format!("{sid}:{part}")),
    };
    let mut events = Vec::new();
    if event.part == 0 {
        events.extend(consent(config, fields, &who, at));
    }
    let reply_to = fields.get("OriginalRepliedMessageSid").map(VendorId::from);
    events.push(ChannelEvent::Message(CustomerMessage {
        vendor_id,
        who,
        at,
        content: content(fields, event.part),
        reply_to,
        referral: referral(fields),
        answered_by_vendor: fields.get("OptOutType").is_some()
            || (config.default_opt_out
                && fields.get("Body").is_some_and(policy::is_default_keyword)),
    }));
    Ok(events)
}

/// What Twilio's own opt-out service understood. Words that only we understand are the rules'.
fn consent(
    config: &Config,
    fields: &Fields,
    who: &Identity,
    at: Timestamp,
) -> Option<ChannelEvent> {
    let opted_out = match fields.get("OptOutType")? {
        "STOP" => true,
        "START" => false,
        _ => return None,
    };
    let scope = policy::of(config).stop_scope;
    Some(ChannelEvent::Consent { who: who.clone(), scope, opted_out, at })
}

/// The advertisement that brought a customer. `ReferralNumMedia` comes with every message.
fn referral(fields: &Fields) -> Option<Referral> {
    let own = |name: &str| fields.get(name).map(str::to_owned);
    let (source_id, source_url) = (own("ReferralSourceId"), own("ReferralSourceUrl"));
    if source_id.is_none() && source_url.is_none() {
        return None;
    }
    Some(Referral {
        source_type: own("ReferralSourceType").unwrap_or_else(|| "ad".to_owned()),
        source_id,
        source_url,
        headline: own("ReferralHeadline"),
        body: own("ReferralBody"),
        click_id: own("ReferralCtwaClid"),
    })
}

/// Everything that the webhook says about a person, the user id first.
fn who(config: &Config, fields: &Fields) -> Result<Identity, ParseFault> {
    let from = fields.get("From").ok_or_else(|| malformed("From is missing"))?;
    let from = config.bare(from).ok_or_else(|| malformed("From is on another channel than To"))?;
    let mut points = Vec::new();
    if config.channel == ChannelKind::Whatsapp {
        let user = fields.get("ExternalUserId").map(|id| id.strip_prefix(WHATSAPP).unwrap_or(id));
        points.extend(user.or_else(|| is_user_id(from).then_some(from)).map(user_point));
    }
    points.extend([Some(from), fields.get("WaId")].into_iter().flatten().find_map(phone_point));
    if points.is_empty() {
        let text = "it comes from a sender without a number, which cannot be answered".to_owned();
        return Err(ParseFault { code: "unanswerable", text });
    }
    let name = fields.get("ProfileName").map(|name| name.chars().take(MAX_NAME_CHARS).collect());
    Ok(Identity { points, name })
}

/// `US.1349…`: a country, a dot, letters and digits (Meta, business-scoped user ids).
fn is_user_id(text: &str) -> bool {
    text.len() <= 256
        && text.split_once('.').is_some_and(|(country, rest)| {
            country.len() == 2
                && country.bytes().all(|byte| byte.is_ascii_uppercase())
                && !rest.is_empty()
        })
}

fn user_point(id: &str) -> Point {
    Point::new(PointKind::WhatsappUser, id)
}

/// What a message says, or the part of it that one event stands for.
fn content(fields: &Fields, part: usize) -> Content {
    let body = fields.get("Body").map(str::to_owned);
    if let Some((url, kind)) = fields.media().nth(part) {
        return media(fields, url, kind, body.filter(|_| part == 0));
    }
    if let Some(choice) = choice(fields, body.as_deref()) {
        return choice;
    }
    if let Some(place) = location(fields) {
        return place;
    }
    match (body, fields.get("MessageType")) {
        (Some(text), _) => Content::Text { text },
        (None, Some(kind)) if kind != "text" => {
            Content::Unsupported { kind: kind.to_owned(), note: None }
        }
        (None, _) => Content::Unsupported { kind: "empty message".to_owned(), note: None },
    }
}

fn media(fields: &Fields, url: &str, mime_type: Option<&str>, caption: Option<String>) -> Content {
    let kind = match fields.get("MessageType") {
        Some("sticker") => MediaKind::Sticker,
        _ => sms::media_kind(mime_type),
    };
    Content::Media {
        kind,
        caption,
        file_name: None,
        mime_type: mime_type.map(str::to_owned),
        vendor_id: Some(VendorId::from(url)),
        sha256: None,
        voice: false,
        file: None,
    }
}

/// A tapped button, a chosen row or a filled form.
fn choice(fields: &Fields, body: Option<&str>) -> Option<Content> {
    let (id, title) = if let Some(title) = fields.get("ButtonText").or(fields.get("ButtonPayload"))
    {
        (fields.get("ButtonPayload").unwrap_or(title), title)
    } else if let Some(id) = fields.get("ListId") {
        (id, fields.get("ListTitle").or(body).unwrap_or(id))
    } else {
        let data = fields.get("InteractiveData").or_else(|| fields.get("FlowData"))?;
        (data, body.unwrap_or("form"))
    };
    Some(Content::Choice { id: id.to_owned(), title: title.to_owned() })
}

fn location(fields: &Fields) -> Option<Content> {
    let degrees = |name: &str, most: f64| {
        let value: f64 = fields.get(name)?.parse().ok()?;
        (value.abs() <= most).then_some(value)
    };
    let words: Vec<&str> =
        [fields.get("Label"), fields.get("Address")].into_iter().flatten().collect();
    Some(Content::Location {
        latitude: degrees("Latitude", 90.0)?,
        longitude: degrees("Longitude", 180.0)?,
        label: (!words.is_empty()).then(|| words.join(", ")),
    })
}

/// "Outbound message status": what is not final may come in any order.
fn report(config: &Config, event: &Event, status: &str) -> Result<ChannelEvent, ParseFault> {
    let fields = &event.fields;
    let (status, fault) = match status {
        "sent" => (MessageStatus::Sent, None),
        "delivered" | "partially_delivered" => (MessageStatus::Delivered, None),
        "read" => (MessageStatus::Read, None),
        "failed" | "undelivered" => (MessageStatus::Failed, Some(fault(fields))),
        "canceled" => (MessageStatus::Failed, Some(cancelled())),
        "queued" | "accepted" | "scheduled" | "sending" => {
            return Ok(ChannelEvent::Ignored { why: "the message is still on its way" });
        }
        _ => return Ok(ChannelEvent::Ignored { why: "the status is not one that is known" }),
    };
    Ok(ChannelEvent::Receipt(Receipt {
        vendor_id: VendorId::from(id(fields)?),
        delivery: event.delivery.as_deref().and_then(DeliveryId::read),
        status,
        at: Timestamp(event.at),
        fault,
        cost: cost(config, fields),
    }))
}

/// Twilio keeps its own list of those who wrote STOP, which we then have to follow ("Error
/// 21610"; checked 2026-11-20).
fn refused_for_stop(config: &Config, event: &Event) -> Option<ChannelEvent> {
    let fields = &event.fields;
    fields.get("ErrorCode").filter(|code| *code == "21610")?;
    let to = fields.get("To").and_then(|to| config.bare(to)).and_then(phone_point)?;
    let who = Identity { points: vec![to], name: None };
    let scope = policy::of(config).stop_scope;
    Some(ChannelEvent::Consent { who, scope, opted_out: true, at: Timestamp(event.at) })
}

fn fault(fields: &Fields) -> Fault {
    let code = fields.get("ErrorCode").and_then(|code| code.parse().ok()).filter(|code| *code != 0);
    let words = fields.get("ErrorMessage").or_else(|| fields.get("ChannelStatusMessage"));
    policy::fault(code, words.unwrap_or_default())
}

fn cancelled() -> Fault {
    Fault::new(
        FaultClass::Unknown,
        "deliver: the message was cancelled at Twilio before it was sent",
    )
    .for_rep("The message was cancelled before it was sent.")
}

/// Parts and price, where the report names them.
fn cost(config: &Config, fields: &Fields) -> Option<Cost> {
    let count = |name: &str| fields.get(name).and_then(|text| text.parse::<u32>().ok());
    let segments = count("NumSegments").filter(|segments| *segments > 0);
    // Twilio writes what is charged with a minus sign.
    let price = fields.get("Price").zip(fields.get("PriceUnit"));
    let price = price.and_then(|(amount, currency)| sms::price(amount, currency));
    if segments.is_none() && price.is_none() {
        return None;
    }
    let category = match config.channel {
        ChannelKind::Whatsapp => "whatsapp",
        _ if count("NumMedia").is_some_and(|media| media > 0) => "mms",
        _ => "sms",
    };
    let billable = price.as_ref().is_none_or(|price| price.micros > 0);
    Some(Cost { category: category.to_owned(), billable, kind: None, segments, price })
}
