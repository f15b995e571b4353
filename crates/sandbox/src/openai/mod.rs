//! An OpenAI-compatible endpoint whose model answers from a script.

mod answer;
mod script;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde_json::{Value, json};

use crate::control::Refusal;
use crate::{Call, Ids, Operation, Seen, Simulator, Switch, World};
use script::Script;

/// The script says everything, so nothing is left to switch.
pub const SWITCHES: &[Switch] = &[];

/// How the shared machinery sees this simulator.
pub const SIMULATOR: Simulator = Simulator { classify, refuse };

/// The simulated account.
#[derive(Clone, Debug)]
pub struct Account {
    pub api_key: String,
    pub model: String,
}

impl Account {
    pub fn from_seed(seed: u64) -> Self {
        let ids = Ids::new(seed, "openai account");
        Self {
            api_key: format!("sk-sandbox-{}", ids.alphanumeric(40)),
            model: "scripted-1".to_owned(),
        }
    }
}

impl Default for Account {
    fn default() -> Self {
        Self::from_seed(1)
    }
}

/// What the endpoint holds.
pub struct State {
    pub account: Account,
    ids: Ids,
    script: Mutex<Script>,
}

impl State {
    pub fn new(seed: u64, account: &Account) -> Self {
        Self { account: account.clone(), ids: Ids::new(seed, "openai"), script: Mutex::default() }
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub fn router() -> Router<Arc<World>> {
    Router::new().route("/v1/chat/completions", post(complete)).route("/v1/models", get(models))
}

/// Mounted at `/_control`.
pub fn control_router() -> Router<Arc<World>> {
    Router::new().route("/openai/script", get(show_script).post(set_script))
}

async fn show_script(Shared(world): Shared<Arc<World>>) -> Json<Value> {
    Json(json!(*world.openai.script()))
}

async fn set_script(
    Shared(world): Shared<Arc<World>>,
    Json(script): Json<Script>,
) -> Result<Json<Value>, Refusal> {
    script.check().map_err(Refusal::bad_request)?;
    *world.openai.script() = script;
    Ok(show_script(Shared(world)).await)
}

fn authorized(world: &World, headers: &HeaderMap) -> bool {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    sent.and_then(|sent| sent.strip_prefix("Bearer "))
        == Some(world.openai.account.api_key.as_str())
}

fn error(status: StatusCode, kind: &str, code: &str, message: &str) -> Response {
    let body =
        json!({ "error": { "message": message, "type": kind, "param": null, "code": code } });
    (status, Json(body)).into_response()
}

async fn models(Shared(world): Shared<Arc<World>>, headers: HeaderMap) -> Response {
    if !authorized(&world, &headers) {
        return error(
            StatusCode::UNAUTHORIZED,
            "invalid_request_error",
            "invalid_api_key",
            "Incorrect API key provided.",
        );
    }
    let model = json!({ "id": world.openai.account.model, "object": "model", "created": 0, "owned_by": "sandbox" });
    Json(json!({ "object": "list", "data": [model] })).into_response()
}

async fn complete(
    Shared(world): Shared<Arc<World>>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
    body: String,
) -> Response {
    if !authorized(&world, &headers) {
        return error(
            StatusCode::UNAUTHORIZED,
            "invalid_request_error",
            "invalid_api_key",
            "Incorrect API key provided.",
        );
    }
    let bad = |message: &str| {
        error(StatusCode::BAD_REQUEST, "invalid_request_error", "invalid_value", message)
    };
    let Ok(request) = serde_json::from_str::<Value>(&body) else {
        return bad("We could not parse the JSON body.");
    };
    let Some(messages) = request["messages"].as_array().filter(|messages| !messages.is_empty())
    else {
        return bad("messages must be a non-empty array");
    };
    if request["stream"] == true {
        return bad("this endpoint does not stream");
    }
    if !request["model"].is_string() {
        return bad("you must provide a model parameter");
    }
    let content = answer::content(&world.openai.script(), messages, &request["response_format"]);
    call.note("answered");
    Json(answer::completion(&world, &request, messages, content)).into_response()
}

fn classify(seen: &Seen) -> Operation {
    let name = if seen.path.ends_with("/models") { "models" } else { "chat.completions" };
    Operation { vendor: "openai", name: name.to_owned(), key: None }
}

fn refuse(_operation: &Operation, status: u16, code: Option<&Value>) -> Value {
    let kind = if status == 429 { "rate_limit_exceeded" } else { "server_error" };
    json!({ "error": { "message": "refused by the simulator on request", "type": kind, "param": null, "code": code } })
}
