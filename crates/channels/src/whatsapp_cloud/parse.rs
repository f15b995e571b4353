//! From one stored item to our words.

use baton_core::{
    channel::{ChannelEvent, CustomerMessage, Echo, Receipt, Referral},
    consent::ConsentScope,
    contact::{Identity, Point, PointKind},
    cost::Cost,
    fault::Fault,
    ids::{DeliveryId, VendorId},
    inbound::{ParseFault, RawEvent},
    message::{Content, MediaKind, MessageStatus},
    time::{SECOND_MS, Timestamp},
};
use serde_json::value::RawValue;

use super::{
    config::Config,
    policy,
    wire::{self, Fields, Item, Kind, mend, read, unlike},
};

/// Longest name that is kept, in characters. WhatsApp's own have 25.
const MAX_NAME_CHARS: usize = 256;
/// Longest text that is kept of an advertisement or of another responder's summary, in characters.
const MAX_NOTE_CHARS: usize = 4_096;
/// Most cards or order lines that are kept of one message (Send contacts: 257 cards).
const MAX_LINES: usize = 257;

/// Says a stored item in our words.
pub(super) fn parse(config: &Config, event: &RawEvent) -> Result<Vec<ChannelEvent>, ParseFault> {
    let body = mend(&event.body);
    let item: Item<'_> =
        serde_json::from_str(&body).map_err(|error| malformed(unlike("the item", &error)))?;
    if item.kind == Kind::Unreadable {
        return Err(malformed(item.why.as_deref().unwrap_or("the item is not as documented")));
    }
    ours(config, &item)?;
    let fields = Fields::read(item.item).map_err(|e| malformed(unlike("the item", &e)))?;
    let contact = Fields::lenient(item.contact);
    let event = match item.kind {
        Kind::Message => message(&fields, &contact)?,
        Kind::Status if item.field == "calls" => call_status(&fields, &contact)?,
        Kind::Status => ChannelEvent::Receipt(receipt(&fields)?),
        Kind::Echo | Kind::StandbyEcho => echo(&item, &fields, &contact)?,
        Kind::Error => vendor_error(&fields)?,
        Kind::Preference => preference(&fields, &contact)?,
        Kind::Identity => identity_update(&fields, &contact)?,
        Kind::StandbyMessage => {
            ChannelEvent::Ignored { why: "another responder of this number has the conversation" }
        }
        Kind::StandbyStatus => standby_receipt(&fields)?,
        Kind::Call => call(&fields, &contact)?,
        Kind::Handover => handover(&fields)?,
        Kind::Change => change(&item.field, &fields)?,
        Kind::Unreadable => return Err(malformed("the item is not as documented")),
    };
    if item.kind == Kind::Change && is_about_templates(&item.field) {
        return Ok(vec![ChannelEvent::TemplatesChanged, event]);
    }
    Ok(vec![event])
}

fn is_about_templates(field: &str) -> bool {
    field.starts_with("message_template_") || field == "template_category_update"
}

fn malformed(text: impl Into<String>) -> ParseFault {
    ParseFault { code: "malformed", text: text.into() }
}

fn notice(code: &str, text: impl Into<String>) -> ChannelEvent {
    ChannelEvent::Notice { code: code.to_owned(), text: text.into() }
}

/// Refuses what belongs to another account or another number. What concerns people must name
/// our number; what concerns the account names the account only.
fn ours(config: &Config, item: &Item<'_>) -> Result<(), ParseFault> {
    let foreign = |what: &str| ParseFault {
        code: "foreign",
        text: format!(
            "it belongs to another {what} than this inbox; correct the callback address or the inbox's IDs at Meta"
        ),
    };
    if item.waba.as_deref() != Some(config.waba_id.as_str()) {
        return Err(foreign("WhatsApp Business Account"));
    }
    let number = || match item.kind {
        Kind::Handover => Fields::lenient(Fields::lenient(Some(item.item)).raw("recipient")),
        _ => Fields::lenient(item.metadata),
    };
    match number().text("phone_number_id") {
        Some(number) if number == config.phone_number_id => Ok(()),
        Some(_) => Err(foreign("phone number")),
        None if speaks_of_no_number(item.kind) => Ok(()),
        None => Err(malformed("metadata.phone_number_id is missing")),
    }
}

fn speaks_of_no_number(kind: Kind) -> bool {
    matches!(kind, Kind::Change | Kind::Preference | Kind::Identity | Kind::Handover)
}

fn id(fields: &Fields<'_>) -> Result<VendorId, ParseFault> {
    fields.text("id").map(VendorId).ok_or_else(|| malformed("the id is missing"))
}

/// Whole seconds since 1970, as text or as a number.
fn at(fields: &Fields<'_>) -> Result<Timestamp, ParseFault> {
    let seconds = fields.text("timestamp").and_then(|text| text.parse::<i64>().ok());
    let seconds = seconds.filter(|seconds| (0..=99_999_999_999).contains(seconds));
    let seconds = seconds.ok_or_else(|| malformed("the timestamp is no number of seconds"))?;
    Ok(Timestamp(seconds.saturating_mul(SECOND_MS)))
}

fn user_point(text: Option<String>) -> Option<Point> {
    let text = text.filter(|text| text.len() <= 256)?;
    Some(Point::new(PointKind::WhatsappUser, text))
}

fn phone_point(text: Option<String>) -> Option<Point> {
    let text = text?;
    let digits = text.strip_prefix('+').unwrap_or(&text);
    let valid = (5..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    valid.then(|| Point::new(PointKind::Phone, digits))
}

/// Everything that the item and its contact say about a person, the user id first.
fn who(
    user: Option<String>,
    phone: Option<String>,
    contact: &Fields<'_>,
) -> Result<Identity, ParseFault> {
    let user = user_point(user).or_else(|| user_point(contact.text("user_id")));
    let phone = phone_point(phone).or_else(|| phone_point(contact.text("wa_id")));
    let points: Vec<Point> = user.into_iter().chain(phone).collect();
    if points.is_empty() {
        return Err(malformed("it names neither a user id nor a phone number"));
    }
    Ok(Identity { points, name: name(contact) })
}

fn name(contact: &Fields<'_>) -> Option<String> {
    let name = Fields::lenient(contact.raw("profile")).text("name")?;
    let line: String =
        name.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_NAME_CHARS).collect();
    Some(line.trim().to_owned()).filter(|name| !name.is_empty())
}

fn message(fields: &Fields<'_>, contact: &Fields<'_>) -> Result<ChannelEvent, ParseFault> {
    if fields.raw("group_id").is_some() {
        let text = "it was written in a group; groups are not served".to_owned();
        return Err(ParseFault { code: "group", text });
    }
    if fields.text("type").as_deref() == Some("system") {
        return system(fields, contact);
    }
    Ok(ChannelEvent::Message(CustomerMessage {
        vendor_id: id(fields)?,
        who: who(fields.text("from_user_id"), fields.text("from"), contact)?,
        at: at(fields)?,
        content: content(fields)?,
        reply_to: Fields::lenient(fields.raw("context")).text("id").map(VendorId),
        referral: referral(fields),
        answered_by_vendor: false,
    }))
}

/// The advertisement or post from which the customer wrote.
fn referral(fields: &Fields<'_>) -> Option<Referral> {
    let referral = Fields::lenient(Some(fields.raw("referral")?));
    let text = |key: &str| referral.text(key).map(bounded);
    Some(Referral {
        source_type: text("source_type").unwrap_or_else(|| "unknown".to_owned()),
        source_id: text("source_id"),
        source_url: text("source_url"),
        headline: text("headline"),
        body: text("body"),
        click_id: text("ctwa_clid"),
    })
}

fn bounded(text: String) -> String {
    text.chars().take(MAX_NOTE_CHARS).collect()
}

/// A customer's call opens the window, even one that nobody takes ("Send messages", Customer
/// service windows; checked 2026-11-20).
fn call(fields: &Fields<'_>, contact: &Fields<'_>) -> Result<ChannelEvent, ParseFault> {
    let incoming = fields.text("direction").as_deref() == Some("USER_INITIATED");
    if !incoming || fields.text("event").as_deref() != Some("connect") {
        return Ok(ChannelEvent::Ignored { why: "calls are not served on this channel" });
    }
    let who = who(fields.text("from_user_id"), fields.text("from"), contact)?;
    Ok(ChannelEvent::Call { who, at: at(fields)? })
}

/// So does a call of ours that the customer takes.
fn call_status(fields: &Fields<'_>, contact: &Fields<'_>) -> Result<ChannelEvent, ParseFault> {
    if fields.text("status").as_deref() != Some("ACCEPTED") {
        return Ok(ChannelEvent::Ignored { why: "calls are not served on this channel" });
    }
    let who = who(fields.text("recipient_user_id"), fields.text("recipient_id"), contact)?;
    Ok(ChannelEvent::Call { who, at: at(fields)? })
}

/// Who hears of a pass was given the conversation, who hears of a taking has lost it. The roles
/// are not looked at: the number does not know its own.
fn handover(fields: &Fields<'_>) -> Result<ChannelEvent, ParseFault> {
    let kind = fields.text("type").unwrap_or_default();
    let to_us = match kind.as_str() {
        "control_passed" => true,
        "control_taken" => false,
        _ => return Err(malformed("the type of the handover is not one that is known")),
    };
    let sender = Fields::lenient(fields.raw("sender"));
    let change = Fields::lenient(fields.raw(&kind));
    let context = Fields::lenient(change.raw("conversation_context"));
    let summary = Fields::lenient(context.raw("summary")).text("text").map(bounded);
    let who = who(None, sender.text("phone_number"), &Fields::lenient(None))?;
    Ok(ChannelEvent::Handover { who, to_us, summary, at: at(fields)? })
}

/// Word from WhatsApp itself about the customer.
fn system(fields: &Fields<'_>, contact: &Fields<'_>) -> Result<ChannelEvent, ParseFault> {
    let system = Fields::lenient(fields.raw("system"));
    match system.text("type").as_deref() {
        Some("user_changed_number" | "user_changed_user_id") => {}
        Some("customer_identity_changed") => {
            return Ok(ChannelEvent::Ignored { why: "the customer has a new device or new keys" });
        }
        _ => return Ok(notice("system_message", system.text("body").unwrap_or_default())),
    }
    let old_user = fields.text("from_user_id").or_else(|| system.text("previous_user_id"));
    let old: Vec<Point> =
        user_point(old_user).into_iter().chain(phone_point(fields.text("from"))).collect();
    if old.is_empty() {
        return Ok(ChannelEvent::Ignored { why: "the old address comes with user_id_update" });
    }
    let new_phone = system.text("wa_id").or_else(|| system.text("new_wa_id"));
    let new = who(system.text("user_id"), new_phone, &Fields::lenient(None))?;
    let new = Identity { name: name(contact), ..new };
    Ok(ChannelEvent::Identity { old, new, at: at(fields)? })
}

fn identity_update(fields: &Fields<'_>, contact: &Fields<'_>) -> Result<ChannelEvent, ParseFault> {
    let user = Fields::lenient(fields.raw("user_id"));
    let previous = user_point(user.text("previous"))
        .ok_or_else(|| malformed("user_id.previous is missing"))?;
    let current = user.text("current");
    if current.is_none() {
        return Err(malformed("user_id.current is missing"));
    }
    let new = who(current, fields.text("wa_id"), contact)?;
    Ok(ChannelEvent::Identity { old: vec![previous], new, at: at(fields)? })
}

fn receipt(fields: &Fields<'_>) -> Result<Receipt, ParseFault> {
    let status = match fields.text("status").as_deref() {
        Some("sent") => MessageStatus::Sent,
        Some("delivered") => MessageStatus::Delivered,
        // `played` is what `read` is for a voice note.
        Some("read" | "played") => MessageStatus::Read,
        Some("failed") => MessageStatus::Failed,
        _ => return Err(malformed("the status is not one that is known")),
    };
    let fault = match fields.list("errors") {
        Some(Ok(errors)) => errors.first().map(|raw| error(&Fields::lenient(Some(raw)))),
        Some(Err(error)) => return Err(malformed(unlike("errors", &error))),
        None => None,
    };
    Ok(Receipt {
        vendor_id: id(fields)?,
        delivery: fields.text("biz_opaque_callback_data").and_then(|t| DeliveryId::read(&t)),
        status,
        at: at(fields)?,
        fault: fault.transpose()?,
        cost: cost(fields),
    })
}

/// What the message costs ("Pricing", Webhooks; checked 2026-11-20). The type says why, and is
/// there since v24.0; some senders of webhooks spell it `pricing_type`.
fn cost(fields: &Fields<'_>) -> Option<Cost> {
    let pricing = Fields::lenient(Some(fields.raw("pricing")?));
    let kind = pricing.text("type").or_else(|| pricing.text("pricing_type"));
    let billable = match pricing.raw("billable").map(RawValue::get) {
        Some(told) => told == "true",
        None => kind.as_deref().is_none_or(|kind| kind == "regular"),
    };
    Some(Cost { category: pricing.text("category")?, billable, kind, segments: None, price: None })
}

/// While another responder has the conversation, a status may still speak of a message of ours.
fn standby_receipt(fields: &Fields<'_>) -> Result<ChannelEvent, ParseFault> {
    let receipt = receipt(fields)?;
    Ok(if receipt.delivery.is_some() {
        ChannelEvent::Receipt(receipt)
    } else {
        ChannelEvent::Ignored { why: "a status of another responder's message" }
    })
}

fn error(fields: &Fields<'_>) -> Result<Fault, ParseFault> {
    let (code, details) = code_and_details(fields)?;
    Ok(policy::fault(Some(code), &details))
}

/// An error that belongs to no message of ours.
fn vendor_error(fields: &Fields<'_>) -> Result<ChannelEvent, ParseFault> {
    let (code, details) = code_and_details(fields)?;
    Ok(notice("vendor_error", format!("WhatsApp reports error {code}: {details}")))
}

fn code_and_details(fields: &Fields<'_>) -> Result<(i64, String), ParseFault> {
    let code = fields.text("code").and_then(|text| text.parse().ok());
    let code = code.ok_or_else(|| malformed("an error has no code"))?;
    let details = Fields::lenient(fields.raw("error_data")).text("details");
    let details = details.or_else(|| fields.text("message")).or_else(|| fields.text("title"));
    Ok((code, details.unwrap_or_default()))
}

fn echo(
    item: &Item<'_>,
    fields: &Fields<'_>,
    contact: &Fields<'_>,
) -> Result<ChannelEvent, ParseFault> {
    let from = match (item.kind, &*item.field) {
        (Kind::StandbyEcho, _) => "another responder of this number",
        (_, "smb_message_echoes") => "WhatsApp Business app",
        _ => "another application",
    };
    Ok(ChannelEvent::Echo(Echo {
        vendor_id: id(fields)?,
        to: who(fields.text("to_user_id"), fields.text("to"), contact)?,
        at: at(fields)?,
        content: content(fields)?,
        from: from.to_owned(),
    }))
}

/// The marketing switch in the customer's chat.
fn preference(fields: &Fields<'_>, contact: &Fields<'_>) -> Result<ChannelEvent, ParseFault> {
    if fields.text("category").as_deref() != Some("marketing_messages") {
        return Err(malformed("the category of the preference is not one that is known"));
    }
    let opted_out = match fields.text("value").as_deref() {
        Some("stop") => true,
        Some("resume" | "signup") => false,
        _ => return Err(malformed("the value of the preference is not one that is known")),
    };
    let who = who(fields.text("user_id"), fields.text("wa_id"), contact)?;
    Ok(ChannelEvent::Consent { who, scope: ConsentScope::Marketing, opted_out, at: at(fields)? })
}

/// What a message says. A known type without its object, and every unknown type, stay visible.
fn content(fields: &Fields<'_>) -> Result<Content, ParseFault> {
    let kind = fields.text("type").ok_or_else(|| malformed("the type is missing"))?;
    let Some(raw) = fields.raw(&kind) else { return Ok(unsupported(kind, fields)) };
    let content = match kind.as_str() {
        "text" => read(&kind, raw).map(|text: wire::Text| Content::text(text.body)),
        "image" => media(MediaKind::Image, &kind, raw),
        "video" => media(MediaKind::Video, &kind, raw),
        "audio" => media(MediaKind::Audio, &kind, raw),
        "document" => media(MediaKind::Document, &kind, raw),
        "sticker" => media(MediaKind::Sticker, &kind, raw),
        "location" => read(&kind, raw).map(location),
        "contacts" => read(&kind, raw).map(cards),
        "reaction" => read(&kind, raw).map(|reaction: wire::Reaction| Content::Reaction {
            to: VendorId(reaction.message_id),
            emoji: reaction.emoji.filter(|emoji| !emoji.is_empty()),
        }),
        "button" => read(&kind, raw).map(|button: wire::Button| Content::Choice {
            id: button.payload.unwrap_or_else(|| button.text.clone()),
            title: button.text,
        }),
        "interactive" => read(&kind, raw).map(|reply| interactive(reply, fields)),
        "order" => read(&kind, raw).map(order),
        "edit" => return edit(&Fields::lenient(Some(raw))),
        "revoke" => {
            return Ok(Content::Deleted { original: original(&Fields::lenient(Some(raw)))? });
        }
        _ => Ok(unsupported(kind, fields)),
    };
    content.map_err(malformed)
}

fn unsupported(kind: String, fields: &Fields<'_>) -> Content {
    let first = fields.list("errors").and_then(Result::ok);
    let first = Fields::lenient(first.and_then(|errors| errors.first().copied()));
    let details = Fields::lenient(first.raw("error_data")).text("details");
    let real = Fields::lenient(fields.raw("unsupported")).text("type");
    Content::Unsupported {
        kind: real.unwrap_or(kind),
        note: details.or_else(|| first.text("message")).or_else(|| first.text("title")),
    }
}

fn media(kind: MediaKind, name: &str, raw: &RawValue) -> Result<Content, String> {
    let media: wire::Media = read(name, raw)?;
    Ok(Content::Media {
        kind,
        caption: media.caption,
        file_name: media.filename,
        mime_type: media.mime_type,
        vendor_id: media.id.map(VendorId),
        sha256: media.sha256,
        voice: media.voice.unwrap_or(false),
        file: None,
    })
}

fn location(place: wire::Location) -> Content {
    let words: Vec<String> = place.name.into_iter().chain(place.address).collect();
    Content::Location {
        latitude: place.latitude,
        longitude: place.longitude,
        label: (!words.is_empty()).then(|| words.join(", ")),
    }
}

fn cards(cards: Vec<wire::Card>) -> Content {
    let line = |card: wire::Card| {
        let name = card.name.and_then(|name| {
            let parts: Vec<String> = name.first_name.into_iter().chain(name.last_name).collect();
            name.formatted_name.or_else(|| (!parts.is_empty()).then(|| parts.join(" ")))
        });
        let phones = card.phones.into_iter().filter_map(|phone| phone.phone.or(phone.wa_id));
        let mails = card.emails.into_iter().filter_map(|mail| mail.email);
        let ways: Vec<String> = phones.chain(mails).collect();
        format!("{}: {}", name.unwrap_or_else(|| "?".to_owned()), ways.join(", "))
    };
    Content::Contacts { cards: cards.into_iter().take(MAX_LINES).map(line).collect() }
}

fn interactive(reply: wire::Interactive, fields: &Fields<'_>) -> Content {
    if let Some(pressed) = reply.button_reply.or(reply.list_reply) {
        return Content::Choice { id: pressed.id, title: pressed.title };
    }
    if let Some(form) = reply.nfm_reply {
        let name = form.name.unwrap_or_else(|| "form".to_owned());
        return Content::Choice {
            id: form.response_json.unwrap_or_else(|| name.clone()),
            title: form.body.unwrap_or(name),
        };
    }
    if let Some(call) = reply.call_permission_reply {
        return Content::Choice {
            id: format!("call_permission:{}", call.response),
            title: format!("call permission: {}", call.response),
        };
    }
    unsupported(reply.kind.unwrap_or_else(|| "interactive".to_owned()), fields)
}

fn order(order: wire::Order) -> Content {
    let line = |item: wire::OrderLine| {
        let price = match (item.item_price, item.currency) {
            (Some(price), Some(currency)) => format!(" at {price} {currency}"),
            (Some(price), None) => format!(" at {price}"),
            _ => String::new(),
        };
        format!("{} x {}{price}", item.quantity, item.product_retailer_id)
    };
    Content::Order {
        lines: order.product_items.into_iter().take(MAX_LINES).map(line).collect(),
        note: order.text.filter(|text| !text.is_empty()),
    }
}

fn original(fields: &Fields<'_>) -> Result<VendorId, ParseFault> {
    let id = fields.text("original_message_id").map(VendorId);
    id.ok_or_else(|| malformed("original_message_id is missing"))
}

fn edit(edit: &Fields<'_>) -> Result<Content, ParseFault> {
    let message = Fields::lenient(edit.raw("message"));
    // An edit of an edit is not documented; it must not lead into the depth.
    let text = match message.text("type").as_deref() {
        Some("edit") | None => return Err(malformed("the edited message has no known type")),
        Some(_) => match content(&message)? {
            Content::Media { caption, .. } => caption.unwrap_or_default(),
            other => other.as_text(),
        },
    };
    Ok(Content::Edited { original: original(edit)?, text })
}

/// A change that concerns the account rather than a person.
fn change(field: &str, value: &Fields<'_>) -> Result<ChannelEvent, ParseFault> {
    let text = |key: &str| value.text(key).unwrap_or_else(|| "?".to_owned());
    let template = || {
        let (name, language) = (text("message_template_name"), text("message_template_language"));
        format!("template {name} ({language})")
    };
    Ok(match field {
        "message_template_status_update" => template_status(value, &template()),
        "message_template_quality_update" => notice(
            "template_quality",
            format!("{} is now of quality {}", template(), text("new_quality_score")),
        ),
        "template_category_update" => notice(
            "template_category",
            format!("{} changes its category to {}", template(), text("new_category")),
        ),
        "message_template_components_update" => {
            notice("template_changed", format!("{} was edited at Meta", template()))
        }
        "phone_number_quality_update" => notice(
            "number_quality",
            format!("the number {} reports {}", text("display_phone_number"), text("event")),
        ),
        "phone_number_name_update" => notice(
            "number_name",
            format!("the display name {} is {}", text("requested_verified_name"), text("decision")),
        ),
        "business_capability_update" => notice("capability", "Meta changed the account's limits"),
        "account_update" => {
            notice("account_update", format!("the account reports {}", text("event")))
        }
        "account_alerts" => {
            notice("account_alert", format!("the account has the alert {}", text("alert_type")))
        }
        "account_review_update" => {
            notice("account_review", format!("the review of the account says {}", text("decision")))
        }
        "security" => notice("security", format!("the number reports {}", text("event"))),
        "history" | "smb_app_state_sync" => {
            ChannelEvent::Ignored { why: "what the Business app held before is not imported" }
        }
        "messages" | "message_echoes" | "smb_message_echoes" | "standby" | "calls" => {
            return Err(malformed("it has none of the lists that are known"));
        }
        "business_username_updates"
        | "flows"
        | "payment_configuration_update"
        | "partner_solutions"
        | "account_settings_update"
        | "consumer_profile" => ChannelEvent::Ignored { why: "nothing follows from it" },
        _ => {
            let text = "the webhook field is not known; unsubscribe from it at Meta".to_owned();
            return Err(ParseFault { code: "unknown_field", text });
        }
    })
}

fn template_status(value: &Fields<'_>, template: &str) -> ChannelEvent {
    let event = value.text("event").unwrap_or_default();
    let code = match event.as_str() {
        "APPROVED" => "template_approved",
        "REJECTED" => "template_rejected",
        "PAUSED" => "template_paused",
        "DISABLED" => "template_disabled",
        "DELETED" | "PENDING_DELETION" => "template_deleted",
        _ => "template_status",
    };
    let reason = value.text("reason").filter(|reason| reason != "NONE");
    let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    notice(code, format!("{template} is now {event}{reason}"))
}
