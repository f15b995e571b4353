//! How often an account may be managed in an hour, and the header that tells how much of it is used.
//!
//! Source: WhatsApp Business Management API "Rate limits", checked 2026-11-20.

use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Json, Response};
use serde_json::{Value, json};

use super::errors::GraphError;
use crate::World;

const HEADER: HeaderName = HeaderName::from_static("x-business-use-case-usage");
const HOUR_MS: i64 = 3_600_000;

/// Calls of one hour of the virtual clock.
#[derive(Clone, Copy, Default)]
pub struct Usage {
    hour: i64,
    calls: i64,
}

/// Counts a call about the account; too many in an hour are refused.
pub fn count(world: &World) -> Result<(), GraphError> {
    let hour = world.clock.now_ms() / HOUR_MS;
    let mut held = world.whatsapp.lock();
    if held.usage.hour != hour {
        held.usage = Usage { hour, calls: 0 };
    }
    held.usage.calls += 1;
    if held.usage.calls > allowance(world) {
        return Err(GraphError::new(80_007, "There have been too many calls to this account"));
    }
    Ok(())
}

fn allowance(world: &World) -> i64 {
    world.switches.number("whatsapp.management_calls_per_hour").max(1)
}

/// The answer to a call about the account.
pub fn respond(world: &World, done: Result<Value, GraphError>) -> Response {
    let mut response = match done {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => error.respond(world),
    };
    let percent = world.whatsapp.lock().usage.calls * 100 / allowance(world);
    let minutes_left = 60 - world.clock.now_ms() % HOUR_MS / 60_000;
    let usage = json!({ &world.whatsapp.account.waba_id: [{
        "type": "whatsapp",
        "call_count": percent.min(100),
        "total_cputime": 0,
        "total_time": 0,
        "estimated_time_to_regain_access": if percent > 100 { minutes_left } else { 0 },
    }] });
    if let Ok(value) = HeaderValue::from_str(&usage.to_string()) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}
