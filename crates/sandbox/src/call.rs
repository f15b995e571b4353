//! One call to a simulator: it is written down, gets its fault, and sets off its webhooks.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Json, Response};
use serde_json::Value;

use crate::World;
use crate::connection::Cut;
use crate::faults::{Kind, Rule};
use crate::journal::{Direction, Entry};
use crate::webhook::Emission;

/// The largest request body a simulator takes, in bytes.
const MAX_BODY_BYTES: usize = 101 * 1024 * 1024;

/// What a simulator is asked to name before it handles a call.
pub struct Seen {
    pub method: Method,
    /// Without the query, percent-encoding kept.
    pub path: String,
    /// JSON where it was JSON, otherwise text.
    pub body: Value,
}

/// What was asked for, in the vendor's words; faults are addressed by it.
pub struct Operation {
    pub vendor: &'static str,
    pub name: String,
    /// Whom or what it concerns, for faults that hit only one.
    pub key: Option<String>,
}

/// What the shared machinery needs to know about a simulator.
#[derive(Clone, Copy)]
pub struct Simulator {
    pub classify: fn(&Seen) -> Operation,
    /// The vendor's error body for a refusal with this status and, if the fault named one, this code.
    pub refuse: fn(&Operation, u16, Option<&Value>) -> Value,
}

/// Handlers get this as an extension, to say what came of the call and what follows from it.
#[derive(Clone)]
pub struct Call {
    world: Arc<World>,
    seq: u64,
    emissions: Arc<Mutex<Vec<Emission>>>,
}

impl Call {
    /// The journal number of this call.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Writes an outcome into the journal.
    pub fn note(&self, note: impl Into<String>) {
        self.world.journal.note(self.seq, note);
    }

    /// A webhook to be sent once the call has been carried out.
    pub fn emit(&self, emission: Emission) {
        self.emissions.lock().unwrap_or_else(PoisonError::into_inner).push(emission);
    }

    async fn release_emissions(&self) {
        let emissions =
            std::mem::take(&mut *self.emissions.lock().unwrap_or_else(PoisonError::into_inner));
        for emission in emissions {
            self.world.webhooks.release(&self.world, emission).await;
        }
    }
}

enum Reply {
    Answer(Response),
    Cut,
}

/// The layer around every simulator.
pub async fn observe(
    State((world, simulator)): State<(Arc<World>, Simulator)>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, MAX_BODY_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let seen = see(&parts, &bytes);
    let operation = (simulator.classify)(&seen);
    let seq = world.journal.record(entry(&world, &parts, &bytes, &operation));
    let fault = world.faults.take_call(operation.vendor, &operation.name, operation.key.as_deref());
    if let Some(rule) = &fault {
        world.journal.amend(seq, |entry| entry.fault = Some(rule.fault.name().to_owned()));
    }
    let call = Call { world: world.clone(), seq, emissions: Arc::default() };
    let cut = parts.extensions.get::<ConnectInfo<Cut>>().map(|info| info.0.clone());
    parts.extensions.insert(call.clone());
    let request = Request::from_parts(parts, Body::from(bytes));

    // Spawned, because a real vendor also finishes what a caller no longer waits for.
    let carried_out =
        tokio::spawn(carry_out(call, simulator, operation, fault, request, next)).await;
    match (carried_out, cut) {
        (Ok(Reply::Answer(response)), _) => response,
        (Ok(Reply::Cut), Some(cut)) => match cut.cut().await {},
        (Ok(Reply::Cut), None) => StatusCode::GATEWAY_TIMEOUT.into_response(),
        (Err(_), _) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn carry_out(
    call: Call,
    simulator: Simulator,
    operation: Operation,
    fault: Option<Rule>,
    request: Request,
    next: Next,
) -> Reply {
    let kind = fault.as_ref().map(|rule| rule.fault);
    if kind == Some(Kind::TimeoutBeforeAccept) {
        call.note("dropped, nothing done");
        return Reply::Cut;
    }
    let mut response = match &fault {
        Some(rule) if rule.fault == Kind::Status => refused(simulator, &operation, rule),
        _ => next.run(request).await,
    };
    call.release_emissions().await;
    match (kind, &fault) {
        (Some(Kind::TimeoutAfterAccept), _) => {
            call.note(format!("carried out ({}), answer dropped", response.status().as_u16()));
            return Reply::Cut;
        }
        (Some(Kind::Garbage), _) => {
            response = "<html><body>Bad Gateway</body></html>".into_response()
        }
        (Some(Kind::StatusAfterAccept), Some(rule)) => {
            call.note(format!("carried out ({})", response.status().as_u16()));
            response = refused(simulator, &operation, rule);
        }
        (Some(Kind::Delay), Some(rule)) => call.world.clock.sleep(rule.ms).await,
        _ => {}
    }
    call.world.journal.amend(call.seq, |entry| entry.status = Some(response.status().as_u16()));
    Reply::Answer(response)
}

fn refused(simulator: Simulator, operation: &Operation, rule: &Rule) -> Response {
    let status = rule.status.and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = (simulator.refuse)(operation, status.as_u16(), rule.code.as_ref());
    let mut response = (status, Json(body)).into_response();
    if let Some(seconds) = rule.retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

fn see(parts: &Parts, bytes: &Bytes) -> Seen {
    let body = serde_json::from_slice(bytes)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned()));
    Seen { method: parts.method.clone(), path: parts.uri.path().to_owned(), body }
}

fn entry(world: &World, parts: &Parts, bytes: &Bytes, operation: &Operation) -> Entry {
    let mut entry =
        Entry::new(operation.vendor, &operation.name, Direction::In, world.clock.now_ms())
            .with_headers(&parts.headers)
            .with_body(bytes);
    entry.method = parts.method.to_string();
    entry.path = parts.uri.path().to_owned();
    entry.query = parts.uri.query().unwrap_or_default().to_owned();
    entry
}
