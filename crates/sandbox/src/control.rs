//! The control API, under `/_control`: look at what happened, move the clock, make trouble.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    FaultRule, Filter, Violation, World, dynamics365, openai, salesforce, telnyx, twilio, whatsapp,
};

/// Entries in one answer unless asked otherwise, and at most.
const DEFAULT_LIMIT: usize = 1_000;
const MAX_LIMIT: usize = 10_000;

/// A control request that cannot be done, with the reason as `{"error"}`.
pub struct Refusal(pub StatusCode, pub String);

impl Refusal {
    pub fn bad_request(reason: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, reason.into())
    }

    pub fn not_found(reason: impl Into<String>) -> Self {
        Self(StatusCode::NOT_FOUND, reason.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

pub fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/requests", get(requests))
        .route("/clock", get(clock).post(advance))
        .route("/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/switches", get(switches).post(change_switches))
        .route("/violations", get(violations))
        .merge(whatsapp::control_router())
        .merge(openai::control_router())
        .merge(dynamics365::control_router())
        .merge(salesforce::control_router())
        .merge(telnyx::control_router())
        .merge(twilio::control_router())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestsQuery {
    vendor: Option<String>,
    direction: Option<String>,
    operation: Option<String>,
    after: Option<u64>,
    limit: Option<usize>,
}

async fn requests(
    State(world): State<Arc<World>>,
    Query(query): Query<RequestsQuery>,
) -> Json<Value> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT);
    let RequestsQuery { vendor, direction, operation, after, .. } = query;
    let filter = Filter { vendor, direction, operation, after: after.unwrap_or(0), limit };
    let (last_seq, dropped) = world.journal.extent();
    Json(
        json!({ "requests": world.journal.list(&filter), "last_seq": last_seq, "dropped": dropped }),
    )
}

async fn clock(State(world): State<Arc<World>>) -> Json<Value> {
    Json(json!({
        "now_ms": world.clock.now_ms(),
        "mode": if world.clock.is_frozen() { "frozen" } else { "running" },
        "next_deadline": world.clock.next_deadline(),
        "webhooks": world.webhooks.pending(),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_ms: i64,
}

async fn advance(
    State(world): State<Arc<World>>,
    Json(body): Json<Advance>,
) -> Result<Json<Value>, Refusal> {
    if body.advance_ms < 0 {
        return Err(Refusal::bad_request(
            "the clock moves only forward; advance_ms must not be negative",
        ));
    }
    world.clock.advance(body.advance_ms);
    Ok(clock(State(world)).await)
}

async fn faults(State(world): State<Arc<World>>) -> Json<Value> {
    Json(json!({ "faults": world.faults.list() }))
}

async fn add_fault(
    State(world): State<Arc<World>>,
    Json(rule): Json<FaultRule>,
) -> Result<Json<Value>, Refusal> {
    world.faults.add(rule).map_err(Refusal::bad_request)?;
    Ok(faults(State(world)).await)
}

async fn clear_faults(State(world): State<Arc<World>>) -> Json<Value> {
    world.faults.clear();
    faults(State(world)).await
}

async fn switches(State(world): State<Arc<World>>) -> Json<Value> {
    Json(json!({ "switches": world.switches.list() }))
}

async fn change_switches(
    State(world): State<Arc<World>>,
    Json(changes): Json<Map<String, Value>>,
) -> Result<Json<Value>, Refusal> {
    for (name, value) in &changes {
        world.switches.change(name, value).map_err(Refusal::bad_request)?;
    }
    Ok(switches(State(world)).await)
}

async fn violations(State(world): State<Arc<World>>) -> Json<Value> {
    let mut found: Vec<Violation> = Vec::new();
    let all = [
        whatsapp::violations,
        dynamics365::violations,
        salesforce::violations,
        telnyx::violations,
        twilio::violations,
    ];
    for one in all.iter().flat_map(|of| of(&world)) {
        match found.iter_mut().find(|same| same.name == one.name) {
            Some(same) => same.join(one),
            None => found.push(one),
        }
    }
    Json(json!({ "violations": found }))
}
