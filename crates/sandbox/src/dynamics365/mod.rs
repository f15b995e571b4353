//! Microsoft's side: Entra ID, the Messaging API with its webhook, and the part of Dataverse around a conversation.
//!
//! Under the sandbox's address they are `/entra`, `/messaging` and `/dataverse`; a client appends Microsoft's own
//! paths. A variable first path segment belongs to another simulator, so these three are fixed.

mod account;
mod activity;
mod contact;
mod control;
mod conversation;
mod create;
mod dataverse;
mod entra;
mod iso;
mod listing;
mod messaging;
mod mirror;
mod odata;
mod query;
mod rows;
mod state;
mod switches;
mod tables;
#[cfg(test)]
mod tests;
mod token;
mod transcript;
mod view;
mod violations;
mod webhook;

use std::sync::Arc;

use axum::Router;
use serde_json::Value;

use crate::{Operation, Seen, Simulator, World};
pub use account::{Account, Urls};
pub use control::router as control_router;
use state::Inner;
pub use state::State;
pub use switches::SWITCHES;
pub use violations::violations;

/// How the shared machinery sees these simulators.
pub const SIMULATOR: Simulator = Simulator { classify, refuse };

/// The three services.
pub fn router() -> Router<Arc<World>> {
    entra::router().merge(messaging::router()).merge(dataverse::router())
}

fn classify(seen: &Seen) -> Operation {
    let mut segments = seen.path.trim_start_matches('/').split('/');
    match segments.next() {
        Some("entra") => {
            Operation { vendor: "entra", name: entra_operation(&seen.path).to_owned(), key: None }
        }
        Some("dataverse") => dataverse_operation(seen),
        _ => messaging::operation(seen),
    }
}

fn entra_operation(path: &str) -> &'static str {
    match path.rsplit('/').next() {
        Some("token") => "token",
        Some("openid-configuration") => "openid_configuration",
        Some("keys") => "keys",
        _ => "unknown",
    }
}

/// `whoami`, or `contacts.list`, `contacts.get`, `contacts.create`, `contacts.update`; keyed by the row's id.
fn dataverse_operation(seen: &Seen) -> Operation {
    let target = seen.path.rsplit('/').next().unwrap_or_default();
    let (set, id) = target
        .split_once('(')
        .map_or((target, None), |(set, id)| (set, Some(id.trim_end_matches(')'))));
    let name = match (set, seen.method.as_str(), id) {
        ("WhoAmI", ..) => "whoami".to_owned(),
        (_, "GET", None) => format!("{set}.list"),
        (_, "GET", Some(_)) => format!("{set}.get"),
        (_, "POST", _) => format!("{set}.create"),
        (_, "PATCH", _) => format!("{set}.update"),
        _ => "unknown".to_owned(),
    };
    Operation { vendor: "dataverse", name, key: id.filter(|id| !id.is_empty()).map(str::to_owned) }
}

fn refuse(operation: &Operation, status: u16, code: Option<&Value>) -> Value {
    match operation.vendor {
        "entra" => entra::fault_body(status, code),
        "dataverse" => dataverse::fault_body(status, code),
        _ => messaging::fault_body(status, code),
    }
}

/// Eight, four, four, four and twelve hexadecimal digits.
fn is_guid(text: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let mut groups = text.split('-');
    let fits = |length: &usize| {
        groups.next().is_some_and(|group| {
            group.len() == *length && group.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    };
    lengths.iter().all(fits) && text.len() == 36
}
