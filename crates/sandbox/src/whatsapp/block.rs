//! The business's own list of blocked users (Cloud API "Block users", checked 2026-11-20).

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Json, Response};
use serde_json::{Value, json};

use super::errors::{self, GraphError};
use super::users::User;
use super::{Held, authorize, items};
use crate::World;

type Ids = Path<(String, String)>;

/// Users in one request.
const MAX_IN_REQUEST: usize = 1_000;
/// Users on the list.
const MAX_BLOCKED: usize = 64_000;
/// Users in one page of the list.
const MAX_PAGE: usize = 100;
/// Only somebody who wrote within this time can be blocked.
const RECENT_MS: i64 = 24 * 3_600_000;

/// `POST /{version}/{phone_number_id}/block_users`.
pub async fn block(
    State(world): State<Arc<World>>,
    ids: Ids,
    headers: HeaderMap,
    body: String,
) -> Response {
    respond(&world, change(&world, &ids, &headers, &body, true))
}

/// `DELETE /{version}/{phone_number_id}/block_users`.
pub async fn unblock(
    State(world): State<Arc<World>>,
    ids: Ids,
    headers: HeaderMap,
    body: String,
) -> Response {
    respond(&world, change(&world, &ids, &headers, &body, false))
}

fn respond(world: &World, done: Result<Value, GraphError>) -> Response {
    match done {
        Ok(answer) if answer.get("error").is_some() => {
            (axum::http::StatusCode::BAD_REQUEST, Json(answer)).into_response()
        }
        Ok(answer) => Json(answer).into_response(),
        Err(error) => error.respond(world),
    }
}

fn check(world: &World, ids: &Ids, headers: &HeaderMap, is_get: bool) -> Result<(), GraphError> {
    let (version, id) = &ids.0;
    authorize(world, version, headers, is_get)?;
    if *id == world.whatsapp.account.phone_number_id {
        Ok(())
    } else {
        Err(GraphError::no_such_object(id))
    }
}

fn change(
    world: &World,
    ids: &Ids,
    headers: &HeaderMap,
    body: &str,
    blocked: bool,
) -> Result<Value, GraphError> {
    check(world, ids, headers, false)?;
    let sent: Value = serde_json::from_str(body)
        .map_err(|_| GraphError::new(100, "The request body is not valid JSON"))?;
    let users = items(&sent["block_users"]);
    if !(1..=MAX_IN_REQUEST).contains(&users.len()) {
        let details = format!("Param block_users must have 1 to {MAX_IN_REQUEST} users");
        return Err(GraphError::new(100, details));
    }
    let now_ms = world.clock.now_ms();
    let mut held = world.whatsapp.lock();
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for user in users {
        let input = user["user"].as_str().or_else(|| user["user_id"].as_str()).unwrap_or_default();
        match set(&mut held, input, blocked, now_ms) {
            Ok(user) => done.push(named(input, &user)),
            Err(error) => failed.push(json!({ "input": input, "errors": [{
                "message": errors::title(error.code), "code": error.code,
                "error_data": { "details": error.details } }] })),
        }
    }
    let list = if blocked { "added_users" } else { "removed_users" };
    let mut answer = json!({ "messaging_product": "whatsapp", "block_users": { list: done } });
    if !failed.is_empty() {
        let details = "Failed to block or unblock some users, see the list in the answer";
        answer["block_users"]["failed_users"] = json!(failed);
        let error = GraphError::new(139_100, details);
        answer["error"] = errors::body(&error, &world.whatsapp.fbtrace_id())["error"].clone();
    }
    Ok(answer)
}

fn named(input: &str, user: &User) -> Value {
    let mut row = json!({ "input": input });
    match &user.phone {
        Some(phone) => row["wa_id"] = json!(phone),
        None => row["user_id"] = json!(user.bsuid),
    }
    row
}

fn set(held: &mut Held, input: &str, blocked: bool, now_ms: i64) -> Result<User, GraphError> {
    let unknown = || GraphError::new(131_026, "This is nobody on WhatsApp");
    let index = held.users.find(input).ok_or_else(unknown)?;
    if blocked && held.users.blocked().count() >= MAX_BLOCKED {
        return Err(GraphError::new(139_101, "The list of blocked users is full"));
    }
    if blocked && now_ms >= held.thread(index).last_customer_ms + RECENT_MS {
        let details = "Only users who wrote in the last 24 hours can be blocked";
        return Err(GraphError::new(131_047, details));
    }
    let user = held.users.get_mut(index).filter(|user| user.on_whatsapp).ok_or_else(unknown)?;
    user.blocked_by_business = blocked;
    Ok(user.clone())
}

/// `GET /{version}/{phone_number_id}/block_users`.
pub async fn list(
    State(world): State<Arc<World>>,
    ids: Ids,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    if let Err(error) = check(&world, &ids, &headers, true) {
        return error.respond(&world);
    }
    let number = |key: &str| query.get(key).and_then(|value| value.parse::<usize>().ok());
    let (start, limit) = (number("after").unwrap_or(0), number("limit").unwrap_or(MAX_PAGE));
    let held = world.whatsapp.lock();
    let page: Vec<Value> =
        held.users.blocked().skip(start).take(limit.clamp(1, MAX_PAGE)).map(row).collect();
    let end = start + page.len();
    let mut answer =
        json!({ "data": page, "paging": { "cursors": { "before": start.to_string() } } });
    if end < held.users.blocked().count() {
        answer["paging"]["cursors"]["after"] = json!(end.to_string());
    }
    Json(answer).into_response()
}

fn row(user: &User) -> Value {
    let mut row = json!({ "messaging_product": "whatsapp", "user_id": user.bsuid });
    if let Some(phone) = &user.phone {
        row["wa_id"] = json!(phone);
    }
    row
}
