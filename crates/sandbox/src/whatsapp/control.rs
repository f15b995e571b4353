//! What a person or a test does on the customer's side and on Meta's side.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Json;
use axum::routing::{get, post};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::inbound::{self, Spec};
use super::templates::Template;
use super::thread::{Item, Progress, new_wamid};
use super::users::{User, digits, new_bsuid};
use super::webhooks::{self, Signing};
use super::{metadata, statuses};
use crate::control::Refusal;
use crate::{Delivered, Hook, World};

/// Messages that one control request may send.
const MAX_TIMES: usize = 10_000;

type Answer = Result<Json<Value>, Refusal>;

pub fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/whatsapp/subscribe", post(subscribe))
        .route("/whatsapp/message", post(message))
        .route("/whatsapp/raw", post(raw))
        .route("/whatsapp/users", get(users).post(change_user))
        .route("/whatsapp/echo", post(echo))
        .route("/whatsapp/status", post(status))
        .route("/whatsapp/templates", get(templates).post(change_template))
        .route("/whatsapp/flush", post(flush))
        .route("/whatsapp/thread", get(thread))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Subscribe {
    url: String,
    /// The account's own if absent.
    verify_token: Option<String>,
}

async fn subscribe(State(world): State<Arc<World>>, Json(body): Json<Subscribe>) -> Answer {
    let token = body.verify_token.as_deref().unwrap_or(&world.whatsapp.account.verify_token);
    match webhooks::handshake(&world, &body.url, token).await {
        Ok(()) => Ok(Json(json!({ "subscribed": true, "url": body.url }))),
        Err(reason) => Err(Refusal::bad_request(reason)),
    }
}

/// Sends a webhook and waits for the end of its first attempt.
async fn post_now(world: &Arc<World>, hook: Option<Hook>) -> Delivered {
    match hook {
        Some(hook) => world.webhooks.send(world, hook).await.unwrap_or_default(),
        None => Delivered::default(),
    }
}

async fn message(State(world): State<Arc<World>>, Json(spec): Json<Spec>) -> Answer {
    let times = spec.times.unwrap_or(1);
    if !(1..=MAX_TIMES).contains(&times) {
        return Err(Refusal::bad_request(format!("times must be 1 to {MAX_TIMES}")));
    }
    let user_index = {
        let mut held = world.whatsapp.lock();
        let user_index =
            inbound::who(&world, &mut held, spec.from.as_deref()).map_err(Refusal::bad_request)?;
        if let (Some(name), Some(user)) = (&spec.name, held.users.get_mut(user_index)) {
            user.name = Some(name.clone());
        }
        user_index
    };
    let mut wamids = Vec::new();
    let mut delivered = Delivered::default();
    let (webhooks, in_each) = if spec.batch { (1, times) } else { (times, 1) };
    for _ in 0..webhooks {
        let (ids, hook) = build_messages(&world, user_index, &spec, in_each);
        wamids.extend(ids);
        delivered = post_now(&world, hook).await;
    }
    Ok(Json(json!({
        "wamid": wamids.last(),
        "wamids": wamids,
        "delivered_status": delivered.status,
        "fault": delivered.fault,
    })))
}

fn build_messages(
    world: &World,
    user_index: usize,
    spec: &Spec,
    count: usize,
) -> (Vec<String>, Option<Hook>) {
    let mut held = world.whatsapp.lock();
    let built: Vec<(String, Value)> =
        (0..count).filter_map(|_| inbound::message(world, &mut held, user_index, spec)).collect();
    let (ids, messages) = built.into_iter().unzip();
    let Some(user) = held.users.get(user_index).cloned() else { return (ids, None) };
    let change = inbound::change(world, &user, messages, spec.value.as_ref());
    (ids, webhooks::change(world, &mut held, "message", Some(user.key()), change))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    /// JSON, escaped as Meta does.
    body: Option<Value>,
    /// Or exactly these characters.
    text: Option<String>,
    #[serde(default)]
    signature: Signing,
}

async fn raw(State(world): State<Arc<World>>, Json(raw): Json<Raw>) -> Answer {
    let body = match (raw.body, raw.text) {
        (Some(body), None) => webhooks::escape(&body.to_string(), false),
        (None, Some(text)) => text,
        _ => return Err(Refusal::bad_request("give either body (JSON) or text (a string)")),
    };
    let url = world.whatsapp.lock().hook_url.clone();
    let url = url.ok_or_else(|| {
        Refusal::bad_request("nobody is subscribed; POST /_control/whatsapp/subscribe first")
    })?;
    let delivered =
        post_now(&world, webhooks::hook(&world, url, "raw", None, body, raw.signature)).await;
    Ok(Json(json!({ "delivered_status": delivered.status, "fault": delivered.fault })))
}

async fn users(State(world): State<Arc<World>>) -> Json<Value> {
    let held = world.whatsapp.lock();
    Json(json!({ "users": held.users.list(), "default": held.users.list().first().map(User::key) }))
}

/// Absent leaves a value alone, `null` removes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeUser {
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

async fn change_user(State(world): State<Arc<World>>, Json(change): Json<ChangeUser>) -> Answer {
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
            let user = User {
                bsuid: new_bsuid(&world.whatsapp.ids),
                phone: None,
                username: None,
                name: None,
                on_whatsapp: true,
                blocked: false,
                allowed: true,
            };
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EchoSpec {
    /// The default customer if absent.
    to: Option<String>,
    text: String,
}

/// A person answers from the WhatsApp Business app on the company's phone.
async fn echo(State(world): State<Arc<World>>, Json(spec): Json<EchoSpec>) -> Answer {
    let (wamid, hook) = build_echo(&world, &spec).map_err(Refusal::bad_request)?;
    let delivered = post_now(&world, hook).await;
    Ok(Json(
        json!({ "wamid": wamid, "delivered_status": delivered.status, "fault": delivered.fault }),
    ))
}

fn build_echo(world: &World, spec: &EchoSpec) -> Result<(String, Option<Hook>), String> {
    let mut held = world.whatsapp.lock();
    let index = inbound::who(world, &mut held, spec.to.as_deref())?;
    let user = held.users.get(index).cloned().ok_or("the user is gone")?;
    let wamid = new_wamid(&world.whatsapp.ids, &user.key());
    let now_ms = world.clock.now_ms();
    let mut echo = json!({
        "from": world.whatsapp.account.display_phone_number,
        "to_user_id": user.bsuid,
        "id": wamid,
        "timestamp": (now_ms / 1_000).to_string(),
        "type": "text",
        "text": { "body": spec.text },
    });
    if let Some(phone) = user.visible_phone() {
        echo["to"] = json!(phone);
    }
    held.keep(
        index,
        Item {
            wamid: wamid.clone(),
            from: "phone_app",
            kind: "text".to_owned(),
            text: spec.text.clone(),
            content: echo["text"].clone(),
            at_ms: now_ms,
            progress: Progress::Delivered,
            error: None,
            reply_to: None,
            callback_data: None,
            pricing: Value::Null,
            by_user_id: false,
        },
    );
    let value = json!({
        "messaging_product": "whatsapp",
        "metadata": metadata(&world.whatsapp.account),
        "message_echoes": [echo],
    });
    let change = json!({ "field": "smb_message_echoes", "value": value });
    Ok((wamid, webhooks::change(world, &mut held, "echo", Some(user.key()), change)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ForcedStatus {
    wamid: String,
    /// `sent`, `delivered`, `read`, `played` or `failed`.
    status: String,
    /// For `failed`; 131047 if absent.
    code: Option<i64>,
    details: Option<String>,
    /// Unix seconds; now if absent.
    timestamp_s: Option<i64>,
}

async fn status(State(world): State<Arc<World>>, Json(forced): Json<ForcedStatus>) -> Answer {
    if Progress::parse(&forced.status).is_none() {
        return Err(Refusal::bad_request("status must be sent, delivered, read, played or failed"));
    }
    if world.whatsapp.lock().item(&forced.wamid).is_none() {
        return Err(Refusal::not_found("no message has this wamid"));
    }
    let at_ms =
        forced.timestamp_s.map_or(world.clock.now_ms(), |seconds| seconds.saturating_mul(1_000));
    let error = (forced.status == "failed").then(|| {
        let details = forced.details.unwrap_or_else(|| "Message failed to send.".to_owned());
        super::errors::GraphError::new(forced.code.unwrap_or(131_047), details).in_status()
    });
    let hook = statuses::tell(&world, &forced.wamid, &forced.status, at_ms, error);
    let delivered = post_now(&world, hook).await;
    Ok(Json(json!({ "delivered_status": delivered.status, "fault": delivered.fault })))
}

async fn templates(State(world): State<Arc<World>>) -> Json<Value> {
    Json(json!({ "templates": world.whatsapp.lock().templates }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeTemplate {
    name: String,
    #[serde(default = "english")]
    language: String,
    status: Option<String>,
    category: Option<String>,
    /// A new body text, with its variables.
    body: Option<String>,
    /// Or all components.
    components: Option<Vec<Value>>,
    /// Why, for REJECTED and the like.
    reason: Option<String>,
}

fn english() -> String {
    "en".to_owned()
}

/// Adds or changes a template; a change of status is told by webhook.
async fn change_template(
    State(world): State<Arc<World>>,
    Json(change): Json<ChangeTemplate>,
) -> Answer {
    let (template, hook) = apply_template(&world, change);
    let delivered = post_now(&world, hook).await;
    Ok(Json(json!({ "template": template, "delivered_status": delivered.status })))
}

fn apply_template(world: &World, change: ChangeTemplate) -> (Template, Option<Hook>) {
    let mut held = world.whatsapp.lock();
    let same =
        |template: &Template| template.name == change.name && template.language == change.language;
    let known = held.templates.iter().find(|template| same(template)).cloned();
    let body = change.body.as_deref();
    let fresh = |status: &str, body: &str| {
        Template::with_body(&world.whatsapp.ids, &change.name, &change.language, status, body)
    };
    let mut template = match (&known, body) {
        (Some(known), None) => known.clone(),
        (Some(known), Some(body)) => {
            Template { id: known.id.clone(), ..fresh(&known.status, body) }
        }
        (None, body) => fresh("PENDING", body.unwrap_or("Hello")),
    };
    template.components = change.components.unwrap_or(template.components);
    template.category = change.category.unwrap_or(template.category);
    template.status = change.status.unwrap_or(template.status);
    held.templates.retain(|other| !same(other));
    held.templates.push(template.clone());
    if known.is_some_and(|known| known.status == template.status) {
        return (template, None);
    }
    let value = json!({
        "event": template.status,
        "message_template_id": template.id.parse::<i64>().unwrap_or(0),
        "message_template_name": template.name,
        "message_template_language": template.language,
        "message_template_category": template.category,
        "reason": change.reason.unwrap_or_else(|| "NONE".to_owned()),
    });
    let update = json!({ "field": "message_template_status_update", "value": value });
    let hook =
        webhooks::change(world, &mut held, "template_status", Some(template.name.clone()), update);
    (template, hook)
}

async fn flush(State(world): State<Arc<World>>) -> Answer {
    let hook = {
        let mut held = world.whatsapp.lock();
        webhooks::flush(&world, &mut held)
    };
    let delivered = post_now(&world, hook).await;
    Ok(Json(json!({ "delivered_status": delivered.status, "fault": delivered.fault })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ThreadQuery {
    user: Option<String>,
}

/// What this user's phone shows.
async fn thread(State(world): State<Arc<World>>, Query(query): Query<ThreadQuery>) -> Answer {
    let mut held = world.whatsapp.lock();
    let index = match query.user.as_deref() {
        Some(key) => held
            .users
            .find(key)
            .ok_or_else(|| Refusal::not_found(format!("nobody is called {key}")))?,
        None => held.users.default_index(),
    };
    let user = held.users.get(index).cloned();
    let now_ms = world.clock.now_ms();
    let account = &world.whatsapp.account;
    let thread = held.thread(index);
    Ok(Json(json!({
        "user": user,
        "key": user.as_ref().map(User::key),
        "business": { "name": account.verified_name, "phone": account.display_phone_number },
        "now_ms": now_ms,
        "window_until_ms": thread.window_until_ms,
        "typing": thread.typing_until_ms > now_ms,
        "messages": thread.items,
    })))
}
