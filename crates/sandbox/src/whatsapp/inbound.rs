//! What a customer does, as Meta would report it.

use serde::Deserialize;
use serde_json::{Value, json};

use super::messages::{free_entry_until_ms, readable};
use super::thread::{Item, Progress, new_wamid};
use super::users::{User, digits, new_bsuid};
use super::window::WINDOW_MS;
use super::{Held, metadata};
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
    /// The message that this one answers.
    pub reply_to: Option<String>,
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
    let user = User {
        bsuid: new_bsuid(&world.whatsapp.ids),
        phone: Some(phone),
        username: None,
        name: Some(from.to_owned()),
        on_whatsapp: true,
        blocked: false,
        allowed: true,
    };
    held.users.add(user).ok_or_else(|| "too many users".to_owned())
}

/// Builds one message, puts it on the customer's phone and opens the window. `nth` tells repeated texts apart.
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
    let item = Item {
        wamid: wamid.clone(),
        from: "customer",
        kind: kind.to_owned(),
        text: readable(kind, &content),
        content,
        at_ms,
        progress: Progress::Delivered,
        error: None,
        reply_to: spec.reply_to.clone(),
        callback_data: None,
        pricing: Value::Null,
        by_user_id: false,
    };
    if held.item(&wamid).is_none() {
        held.keep(user_index, item);
    }
    let minor = matches!(kind, "reaction" | "edit" | "revoke" | "system");
    if !minor || world.switches.is("whatsapp.window_reset_by", "every_event") {
        let thread = held.thread(user_index);
        thread.window_until_ms = thread.window_until_ms.max(at_ms.min(now_ms) + WINDOW_MS);
        if spec.referral.is_some() {
            thread.free_until_ms = free_entry_until_ms(at_ms);
        }
    }
    Some((wamid, message))
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
    let last = |held: &mut Held, from: &str| {
        let item = held
            .thread(user)
            .items
            .iter()
            .rev()
            .find(|item| item.from == from && item.kind != "reaction");
        item.map_or_else(|| "wamid.unknown".to_owned(), |item| item.wamid.clone())
    };
    let media = |mime_type: &str| {
        let ids = &world.whatsapp.ids;
        json!({ "id": ids.digits(15), "mime_type": mime_type, "sha256": format!("{}=", ids.alphanumeric(43)) })
    };
    let captioned = |mut media: Value| {
        if let Some(text) = &spec.text {
            media["caption"] = json!(text);
        }
        media
    };
    match kind {
        "text" => json!({ "body": text }),
        "image" => captioned(media("image/jpeg")),
        "video" => captioned(media("video/mp4")),
        "document" => {
            let mut document = captioned(media("application/pdf"));
            document["filename"] = json!("document.pdf");
            document
        }
        "audio" => {
            let mut audio = media("audio/ogg; codecs=opus");
            audio["voice"] = json!(true);
            audio
        }
        "sticker" => {
            let mut sticker = media("image/webp");
            sticker["animated"] = json!(false);
            sticker
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
