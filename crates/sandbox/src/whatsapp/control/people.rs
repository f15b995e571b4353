//! Who the customers are, and what they decide about themselves.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Json;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::super::thread::new_wamid;
use super::super::users::{User, digits, new_bsuid};
use super::super::{inbound, metadata, webhooks};
use super::{Answer, post_now, user_index};
use crate::control::Refusal;
use crate::{Hook, World};

pub async fn users(State(world): State<Arc<World>>) -> Json<Value> {
    let held = world.whatsapp.lock();
    Json(json!({ "users": held.users.list(), "default": held.users.list().first().map(User::key) }))
}

/// Absent leaves a value alone, `null` removes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeUser {
    /// Whom to change; a new user if absent.
    user: Option<String>,
    #[serde(default, deserialize_with = "given")]
    phone: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    name: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    username: Option<Option<String>>,
    bsuid: Option<String>,
    on_whatsapp: Option<bool>,
    blocked: Option<bool>,
    allowed: Option<bool>,
    /// The person moves to this number: a new user id and a system message.
    change_number: Option<String>,
}

fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

pub async fn change_user(
    State(world): State<Arc<World>>,
    Json(change): Json<ChangeUser>,
) -> Answer {
    let (user_index, hook) = apply_user(&world, change)?;
    let delivered = post_now(&world, hook).await;
    let user = world.whatsapp.lock().users.get(user_index).cloned();
    Ok(Json(
        json!({ "user": user, "key": user.map(|user| user.key()), "delivered_status": delivered.status }),
    ))
}

fn apply_user(world: &World, change: ChangeUser) -> Result<(usize, Option<Hook>), Refusal> {
    let mut held = world.whatsapp.lock();
    let index = match &change.user {
        Some(key) => held
            .users
            .find(key)
            .ok_or_else(|| Refusal::not_found(format!("nobody is called {key}")))?,
        None => {
            let user = User::new(new_bsuid(&world.whatsapp.ids));
            held.users.add(user).ok_or_else(|| Refusal::bad_request("too many users"))?
        }
    };
    let user = held.users.get_mut(index).ok_or_else(|| Refusal::not_found("the user is gone"))?;
    let set = |place: &mut Option<String>, value: Option<Option<String>>| {
        if let Some(value) = value {
            *place = value;
        }
    };
    set(&mut user.phone, change.phone.map(|phone| phone.map(|phone| digits(&phone))));
    set(&mut user.name, change.name);
    set(&mut user.username, change.username);
    user.bsuid = change.bsuid.unwrap_or_else(|| user.bsuid.clone());
    user.on_whatsapp = change.on_whatsapp.unwrap_or(user.on_whatsapp);
    user.blocked = change.blocked.unwrap_or(user.blocked);
    user.allowed = change.allowed.unwrap_or(user.allowed);
    let Some(number) = change.change_number else { return Ok((index, None)) };
    let before = user.clone();
    user.phone = Some(digits(&number));
    user.bsuid = new_bsuid(&world.whatsapp.ids);
    let after = user.clone();
    let message = changed_number(world, &before, &after);
    let change = inbound::change(world, &after, vec![message], None);
    Ok((index, webhooks::change(world, &mut held, "message", Some(after.key()), change)))
}

fn changed_number(world: &World, before: &User, after: &User) -> Value {
    let mut message = json!({
        "id": new_wamid(&world.whatsapp.ids, &before.key()),
        "timestamp": (world.clock.now_ms() / 1_000).to_string(),
        "type": "system",
        "from_user_id": before.bsuid,
        "system": {
            "body": "User changed their phone number",
            "type": "user_changed_number",
            "wa_id": after.phone,
            "user_id": after.bsuid,
        },
    });
    if let Some(phone) = before.visible_phone() {
        message["from"] = json!(phone);
    }
    message
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Marketing {
    Stop,
    Resume,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preferences {
    /// The default customer if absent.
    user: Option<String>,
    marketing: Marketing,
}

/// The customer stops or resumes this business's marketing messages.
pub async fn preferences(
    State(world): State<Arc<World>>,
    Json(wanted): Json<Preferences>,
) -> Answer {
    let hook = {
        let mut held = world.whatsapp.lock();
        let index = user_index(&held, wanted.user.as_deref())?;
        let user = held.users.get_mut(index);
        let user = user.ok_or_else(|| Refusal::not_found("the user is gone"))?;
        user.stopped_marketing = matches!(wanted.marketing, Marketing::Stop);
        let user = user.clone();
        let change = preferred(&world, &user, wanted.marketing);
        webhooks::change(&world, &mut held, "preferences", Some(user.key()), change)
    };
    let delivered = post_now(&world, hook).await;
    Ok(Json(json!({ "delivered_status": delivered.status, "fault": delivered.fault })))
}

fn preferred(world: &World, user: &User, marketing: Marketing) -> Value {
    let (value, detail) = match marketing {
        Marketing::Stop => ("stop", "User requested to stop marketing messages"),
        Marketing::Resume => ("resume", "User requested to resume marketing messages"),
    };
    let mut preference = json!({
        "user_id": user.bsuid,
        "category": "marketing_messages",
        "value": value,
        "detail": detail,
        "timestamp": world.clock.now_ms() / 1_000,
    });
    if let Some(phone) = user.visible_phone() {
        preference["wa_id"] = json!(phone);
    }
    let value = json!({
        "messaging_product": "whatsapp",
        "metadata": metadata(&world.whatsapp.account),
        "contacts": [user.contact()],
        "user_preferences": [preference],
    });
    json!({ "field": "user_preferences", "value": value })
}
