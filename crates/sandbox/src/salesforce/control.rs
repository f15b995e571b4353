//! Looking in from outside, and what an administrator sets up: under `/_control/salesforce`.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Json;
use axum::routing::get;
use serde_json::{Value, json};

use super::crm;
use crate::World;
use crate::control::Refusal;

pub type Answer = Result<Json<Value>, Refusal>;
pub type Sandbox = State<Arc<World>>;

/// Mounted at `/_control`.
pub fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/salesforce", get(account))
        .route("/salesforce/", get(account))
        .nest("/salesforce/crm", crm::control_router())
}

async fn account(State(world): Sandbox) -> Json<Value> {
    let account = &world.salesforce.account;
    Json(json!({ "account": account, "urls": account.urls(&world.base_url) }))
}
