//! The business number itself, and which app hears of it.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::callbacks::Level;
use super::errors::GraphError;
use super::{authorize_waba, inbound, usage, webhooks};
use crate::World;

type Ids = Path<(String, String)>;

/// `GET /{version}/{phone_number_id}?fields=`, and the same for the account.
pub fn info(world: &World, id: &str, query: &HashMap<String, String>) -> Result<Value, GraphError> {
    let account = &world.whatsapp.account;
    let known = if id == account.phone_number_id {
        number(world)
    } else if id == account.waba_id {
        json!({ "id": account.waba_id, "name": account.verified_name, "account_review_status": "APPROVED" })
    } else {
        return Err(GraphError::no_such_object(id));
    };
    let default = "id,verified_name,display_phone_number,quality_rating,name";
    let fields = query.get("fields").map_or(default, String::as_str);
    let mut answer = Map::new();
    answer.insert("id".to_owned(), json!(id));
    for field in fields.split(',').map(str::trim) {
        if let Some(value) = known.get(field) {
            answer.insert(field.to_owned(), value.clone());
        }
    }
    Ok(Value::Object(answer))
}

/// `GET /{version}/{waba}/phone_numbers`.
pub async fn list(
    State(world): State<Arc<World>>,
    Path((version, waba)): Ids,
    headers: HeaderMap,
) -> Response {
    let done = authorize_waba(&world, &version, &waba, &headers, true);
    usage::respond(&world, done.map(|()| json!({ "data": [number(&world)] })))
}

fn number(world: &World) -> Value {
    let account = &world.whatsapp.account;
    let held = world.whatsapp.lock();
    let mut number = json!({
        "id": account.phone_number_id,
        "verified_name": account.verified_name,
        "display_phone_number": account.display_phone_number,
        "quality_rating": "GREEN",
        "throughput": { "level": "STANDARD" },
        "name_status": "APPROVED",
        "status": "CONNECTED",
        "platform_type": "CLOUD_API",
        "code_verification_status": "VERIFIED",
        "webhook_configuration": held.callbacks.shown(),
        "whatsapp_business_manager_messaging_limit": "TIER_2K",
    });
    inbound::merge(&mut number, &held.number);
    number
}

/// `GET /{version}/{waba}/subscribed_apps`.
pub async fn subscriptions(
    State(world): State<Arc<World>>,
    Path((version, waba)): Ids,
    headers: HeaderMap,
) -> Response {
    let done = authorize_waba(&world, &version, &waba, &headers, true);
    usage::respond(&world, done.map(|()| json!({ "data": world.whatsapp.lock().callbacks.apps() })))
}

/// `POST /{version}/{waba}/subscribed_apps`, with or without a callback of its own.
pub async fn subscribe(
    State(world): State<Arc<World>>,
    Path((version, waba)): Ids,
    headers: HeaderMap,
    body: String,
) -> Response {
    let body: Value = serde_json::from_str(&body).unwrap_or_default();
    let done = match authorize_waba(&world, &version, &waba, &headers, false) {
        Ok(()) => override_callback(&world, Level::Account, &body).await,
        Err(error) => Err(error),
    };
    if done.is_ok() {
        world.whatsapp.lock().callbacks.unsubscribed = false;
    }
    usage::respond(&world, done)
}

/// Sets a callback for the account or the number; without an address the more general one holds again.
async fn override_callback(
    world: &Arc<World>,
    level: Level,
    body: &Value,
) -> Result<Value, GraphError> {
    match body["override_callback_uri"].as_str().filter(|url| !url.is_empty()) {
        None => world.whatsapp.lock().callbacks.set(level, None),
        Some(url) => {
            let token = body["verify_token"].as_str().unwrap_or_default();
            let failed =
                |reason| GraphError::new(2_200, format!("Callback verification failed: {reason}"));
            webhooks::handshake(world, level, url, token).await.map_err(failed)?;
        }
    }
    Ok(json!({ "success": true }))
}

/// `POST /{version}/{phone_number_id}` with `webhook_configuration`.
pub async fn configure(world: &Arc<World>, body: &str) -> Result<Value, GraphError> {
    let body: Value = serde_json::from_str(body)
        .map_err(|_| GraphError::new(100, "The request body is not valid JSON"))?;
    let configuration = &body["webhook_configuration"];
    if !configuration.is_object() {
        return Err(GraphError::new(100, "The parameter webhook_configuration is required."));
    }
    override_callback(world, Level::Number, configuration).await
}

/// `DELETE /{version}/{waba}/subscribed_apps`.
pub async fn unsubscribe(
    State(world): State<Arc<World>>,
    Path((version, waba)): Ids,
    headers: HeaderMap,
) -> Response {
    let done = authorize_waba(&world, &version, &waba, &headers, false).map(|()| {
        world.whatsapp.lock().callbacks.unsubscribed = true;
        json!({ "success": true })
    });
    usage::respond(&world, done)
}
