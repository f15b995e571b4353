//! Microsoft's side: Entra ID, the Messaging API with its webhook, the contact centre behind it (queues, reps, what they
//! do), and the part of Dataverse around conversations and cases.
//!
//! Under the sandbox's address they are `/entra`, `/messaging` and `/dataverse`; a client appends Microsoft's own
//! paths. A variable first path segment belongs to another simulator, so these three are fixed.

mod account;
mod activity;
mod adopt;
mod certificate;
mod contact;
mod control;
mod conversation;
mod create;
mod credentials;
mod dataverse;
mod entra;
mod files;
mod hours;
mod iso;
mod lifecycle;
mod listing;
mod messaging;
mod mirror;
mod omnichannel;
mod orders;
mod pace;
mod registration;
mod routing;
mod said;
mod staff;
mod staffing;
mod state;
mod switches;
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
use dataverse::tables;
pub use routing::run;
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
        Some("dataverse") => dataverse::operation(seen),
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
