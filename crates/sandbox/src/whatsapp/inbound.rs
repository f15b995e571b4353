//! What a customer does, as Meta would report it.

use serde::Deserialize;
use serde_json::{Value, json};

use super::inbound_media::{self, File};
use super::interactive::Choice;
use super::media::Media;
use super::thread::{Item, Progress, new_wamid};
use super::users::{User, digits, new_bsuid};
use super::window::WINDOW_MS;
use super::{Held, handover, metadata};
use crate::World;

/// One thing that a customer does; everything but the text may be left out.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Spec {
    /// Phone, user id or username; the default customer if absent. An unknown phone becomes a new customer.
    pub from: Option<String>,
    /// Renames the customer.
    pub name: Option<String>,
    /// Any type of the `messages` field; `text` if absent. Unknown ones are sent as they are.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub text: Option<String>,
    /// The vendor's object for the type, in place of the default one.
    pub content: Option<Value>,
    /// The file of an image, video, audio, document or sticker; a small sample if absent.
    pub media: Option<File>,
    /// Taps this button or row, by its id or title: of `reply_to`, or of the last message that offers it.
    pub choose: Option<String>,
    /// The message that this one answers.
    pub reply_to: Option<String>,
    /// The advertisement that brought the customer.
    pub referral: Option<Value>,
    /// Meta's id of the message; made up if absent. Giving one twice repeats a message.
    pub id: Option<String>,
    /// Unix seconds; now if absent.
    pub timestamp_s: Option<i64>,
    /// Merged into the message at the end; `null` removes a key.
    pub message: Option<Value>,
    /// Merged into the `value` of the change at the end; `null` removes a key.
    pub value: Option<Value>,
    /// How many such messages; 1 if absent.
    pub times: Option<usize>,
    /// All of them in one webhook.
    pub batch: bool,
}

/// The user whom `from` names.
pub fn who(world: &World, held: &mut Held, from: Option<&str>) -> Result<usize, String> {
    let Some(from) = from else { return Ok(held.users.default_index()) };
    if let Some(user) = held.users.find(from) {
        return Ok(user);
    }
    let phone = digits(from);
    if phone.is_empty() {
        return Err(format!(
            "nobody is called {from}; create the user first or give a phone number"
        ));
    }
    let user = User::new(new_bsuid(&world.whatsapp.ids));
    let user = User { phone: Some(phone), name: Some(from.to_owned()), ..user };
    held.users.add(user).ok_or_else(|| "too many users".to_owned())
}

/// Builds one message, puts it on the customer's phone and opens the window.
pub fn message(
    world: &World,
    held: &mut Held,
    user_index: usize,
    spec: &Spec,
) -> Option<(String, Value)> {
    let user = held.users.get(user_index)?.clone();
    let now_ms = world.clock.now_ms();
    let at_ms = spec.timestamp_s.map_or(now_ms, |seconds| seconds.saturating_mul(1_000));
    let wamid = spec.id.clone().unwrap_or_else(|| new_wamid(&world.whatsapp.ids, &user.key()));
    let kind = spec.kind.as_deref().unwrap_or("text");
    let content = spec
        .content
        .clone()
        .unwrap_or_else(|| default_content(world, held, user_index, kind, spec));
    let mut message =
        json!({ "id": wamid, "timestamp": (at_ms / 1_000).to_string(), "type": kind });
    if !content.is_null() {
        message[kind] = content.clone();
    }
    identify(&mut message, &user);
    if let Some(reply_to) = &spec.reply_to {
        let account = &world.whatsapp.account;
        let by_id = world.switches.is("whatsapp.context_from", "phone_number_id");
        let from = if by_id { &account.phone_number_id } else { &account.display_phone_number };
        message["context"] = json!({ "from": from, "id": reply_to });
    }
    if matches!(kind, "unsupported" | "unknown") {
        message["errors"] = json!([{ "code": 131_051, "title": "Message type unknown", "message": "Message type unknown",
            "error_data": { "details": "Message type is currently not supported." } }]);
    }
    if let Some(referral) = &spec.referral {
        message["referral"] = referral.clone();
    }
    if let Some(overrides) = &spec.message {
        merge(&mut message, overrides);
    }
    let file = content["id"].as_str().and_then(|id| held.media.get(id, now_ms));
    let item = Item {
        media: file.map(Media::shown),
        progress: if user.blocked_by_business { Progress::Sent } else { Progress::Delivered },
        reply_to: spec.reply_to.clone(),
        ..Item::new(&wamid, "customer", kind, content, at_ms)
    };
    if held.item(&wamid).is_none() {
        held.keep(user_index, item);
    }
    let minor = matches!(kind, "reaction" | "edit" | "revoke" | "system");
    if user.blocked_by_business {
        return Some((wamid, message));
    }
    if !minor || world.switches.is("whatsapp.window_reset_by", "every_event") {
        let thread = held.thread(user_index);
        thread.window_until_ms = thread.window_until_ms.max(at_ms.min(now_ms) + WINDOW_MS);
        thread.referred_at_ms = spec.referral.as_ref().map(|_| at_ms).or(thread.referred_at_ms);
        handover::hear(world, thread, now_ms);
    }
    Some((wamid, message))
}

/// Fills in what tapping `choice` sends: of the message named, or of the last one that offers it.
pub fn choose(
    held: &mut Held,
    user_index: usize,
    choice: &str,
    spec: &mut Spec,
) -> Result<(), String> {
    let named = spec.reply_to.clone();
    let wanted = |item: &&Item| named.as_ref().is_none_or(|wamid| *wamid == item.wamid);
    let thread = held.thread(user_index);
    let found = thread.items.iter().rev().filter(wanted).find_map(|item| {
        let is_it = |offered: &&Choice| offered.id == choice || offered.title == choice;
        Some((item.wamid.clone(), item.choices.iter().find(is_it)?.clone()))
    });
    let (wamid, chosen) = found.ok_or_else(|| format!("no message offers {choice}"))?;
    let (kind, content) = match chosen.kind {
        kind @ ("button_reply" | "list_reply") => {
            let mut reply = json!({ "id": chosen.id, "title": chosen.title });
            if let Some(description) = &chosen.description {
                reply["description"] = json!(description);
            }
            ("interactive", Some(json!({ "type": kind, kind: reply })))
        }
        "button" => ("button", Some(json!({ "payload": chosen.id, "text": chosen.title }))),
        "send_location" => ("location", None),
        "request_contact_info" => ("contacts", held.users.get(user_index).and_then(User::own_card)),
        other => return Err(format!("tapping {choice} ({other}) sends nothing")),
    };
    spec.kind = Some(kind.to_owned());
    spec.content = spec.content.take().or(content);
    spec.reply_to = Some(wamid);
    Ok(())
}

/// The change that carries these messages of one user.
pub fn change(
    world: &World,
    user: &User,
    messages: Vec<Value>,
    overrides: Option<&Value>,
) -> Value {
    let mut value = json!({
        "messaging_product": "whatsapp",
        "metadata": metadata(&world.whatsapp.account),
        "messages": messages,
    });
    let is_system = messages.iter().all(|message| message["type"] == "system");
    if !is_system {
        value["contacts"] = json!([user.contact()]);
    }
    if let Some(overrides) = overrides {
        merge(&mut value, overrides);
    }
    json!({ "field": "messages", "value": value })
}

fn identify(message: &mut Value, user: &User) {
    message["from_user_id"] = json!(user.bsuid);
    if let Some(phone) = user.visible_phone() {
        message["from"] = json!(phone);
    }
}

/// JSON merge patch.
pub fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (key, value) in patch {
        match (value, target.as_object_mut()) {
            (Value::Null, Some(target)) => {
                target.remove(key);
            }
            _ => merge(&mut target[key.as_str()], value),
        }
    }
}

fn default_content(world: &World, held: &mut Held, user: usize, kind: &str, spec: &Spec) -> Value {
    let text = spec.text.as_deref().unwrap_or("Hello");
    // Meta names the message as it was first sent, not what was later done to it.
    let original = |item: &&Item| !matches!(item.kind.as_str(), "reaction" | "edit" | "revoke");
    let last = |held: &mut Held, from: &str| {
        let mut items = held.thread(user).items.iter().rev().filter(original);
        let item = items.find(|item| item.from == from);
        item.map_or_else(|| "wamid.unknown".to_owned(), |item| item.wamid.clone())
    };
    match kind {
        "text" => json!({ "body": text }),
        "image" | "video" | "document" | "audio" | "sticker" => {
            let file = spec.media.clone().unwrap_or_default();
            inbound_media::content(world, held, kind, &file, spec.text.as_deref())
        }
        "location" => {
            json!({ "latitude": 52.370_216, "longitude": 4.895_168, "name": "Dam", "address": "Amsterdam" })
        }
        "contacts" => json!([{ "name": { "formatted_name": text, "first_name": text },
            "phones": [{ "phone": "+1 555-010-0003", "wa_id": "15550100003", "type": "CELL" }] }]),
        "reaction" => {
            let message_id = spec.reply_to.clone().unwrap_or_else(|| last(held, "business"));
            match spec.text.as_deref() {
                Some("") if world.switches.is("whatsapp.removed_reaction", "absent") => {
                    json!({ "message_id": message_id })
                }
                emoji => json!({ "message_id": message_id, "emoji": emoji.unwrap_or("👍") }),
            }
        }
        "interactive" => {
            json!({ "type": "button_reply", "button_reply": { "id": text, "title": text } })
        }
        "button" => json!({ "payload": text, "text": text }),
        "order" => json!({ "catalog_id": "1000", "text": text,
            "product_items": [{ "product_retailer_id": "sku-1", "quantity": 1, "item_price": 9.5, "currency": "EUR" }] }),
        "system" => json!({ "body": text, "type": "user_changed_number" }),
        "unsupported" => json!({ "type": "poll" }),
        "edit" => {
            json!({ "original_message_id": last(held, "customer"), "message": { "type": "text", "text": { "body": text } } })
        }
        "revoke" => json!({ "original_message_id": last(held, "customer") }),
        _ => Value::Null,
    }
}
