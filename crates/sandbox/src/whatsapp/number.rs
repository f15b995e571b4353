//! The business number itself, and which app hears of it.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Json, Response};
use serde_json::{Map, Value, json};

use super::errors::GraphError;
use super::{authorize, authorize_waba, webhooks};
use crate::World;

type Ids = Path<(String, String)>;

/// `GET /{version}/{phone_number_id}?fields=`.
pub async fn info(
    State(world): State<Arc<World>>,
    Path((version, id)): Ids,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    if let Err(error) = authorize(&world, &version, &headers, true) {
        return error.respond(&world);
    }
    let account = &world.whatsapp.account;
    let known = if id == account.phone_number_id {
        number(&world)
    } else if id == account.waba_id {
        json!({ "id": account.waba_id, "name": account.verified_name, "account_review_status": "APPROVED" })
    } else {
        return GraphError::no_such_object(&id).respond(&world);
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
    Json(Value::Object(answer)).into_response()
}

/// `GET /{version}/{waba}/phone_numbers`.
pub async fn list(
    State(world): State<Arc<World>>,
    Path((version, waba)): Ids,
    headers: HeaderMap,
) -> Response {
    match authorize_waba(&world, &version, &waba, &headers, true) {
        Ok(()) => Json(json!({ "data": [number(&world)] })).into_response(),
        Err(error) => error.respond(&world),
    }
}

fn number(world: &World) -> Value {
    let account = &world.whatsapp.account;
    let hook_url = world.whatsapp.lock().hook_url.clone();
    json!({
        "id": account.phone_number_id,
        "verified_name": account.verified_name,
        "display_phone_number": account.display_phone_number,
        "quality_rating": "GREEN",
        "throughput": { "level": "STANDARD" },
        "name_status": "APPROVED",
        "status": "CONNECTED",
        "platform_type": "CLOUD_API",
        "code_verification_status": "VERIFIED",
        "webhook_configuration": { "application": hook_url },
        "whatsapp_business_manager_messaging_limit": "TIER_2K",
    })
}

/// `GET /{version}/{waba}/subscribed_apps`.
pub async fn subscriptions(
    State(world): State<Arc<World>>,
    Path((version, waba)): Ids,
    headers: HeaderMap,
) -> Response {
    if let Err(error) = authorize_waba(&world, &version, &waba, &headers, true) {
        return error.respond(&world);
    }
    let hook_url = world.whatsapp.lock().hook_url.clone();
    let apps: Vec<Value> = hook_url
        .map(|url| json!({ "whatsapp_business_api_data": { "name": "Sandbox app" }, "override_callback_uri": url }))
        .into_iter()
        .collect();
    Json(json!({ "data": apps })).into_response()
}

/// `POST /{version}/{waba}/subscribed_apps`, with or without a callback of its own.
pub async fn subscribe(
    State(world): State<Arc<World>>,
    Path((version, waba)): Ids,
    headers: HeaderMap,
    body: String,
) -> Response {
    if let Err(error) = authorize_waba(&world, &version, &waba, &headers, false) {
        return error.respond(&world);
    }
    let body: Value = serde_json::from_str(&body).unwrap_or_default();
    let Some(url) = body["override_callback_uri"].as_str() else {
        return Json(json!({ "success": true })).into_response();
    };
    let token = body["verify_token"].as_str().unwrap_or_default();
    match webhooks::handshake(&world, url, token).await {
        Ok(()) => Json(json!({ "success": true })).into_response(),
        Err(reason) => GraphError::new(2_200, format!("Callback verification failed: {reason}"))
            .respond(&world),
    }
}

/// `DELETE /{version}/{waba}/subscribed_apps`.
pub async fn unsubscribe(
    State(world): State<Arc<World>>,
    Path((version, waba)): Ids,
    headers: HeaderMap,
) -> Response {
    if let Err(error) = authorize_waba(&world, &version, &waba, &headers, false) {
        return error.respond(&world);
    }
    world.whatsapp.lock().hook_url = None;
    Json(json!({ "success": true })).into_response()
}
