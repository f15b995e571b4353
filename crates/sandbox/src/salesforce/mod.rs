//! Salesforce's side: messaging for custom clients (tokens, conversations, the stream of events, the reps behind it) and
//! the organisation's records.
//!
//! Under the sandbox's address everything is below `/salesforce`; a client appends Salesforce's own paths. Messaging and
//! records have different hosts at the vendor and different first path segments, so one prefix serves both.

mod account;
mod control;
mod crm;
mod record_id;
mod state;
mod switches;

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};

use crate::{Operation, Seen, Simulator, Violation, World};
pub use account::{Account, Urls};
pub use control::router as control_router;
pub use crm::SWITCHES as CRM_SWITCHES;
pub use state::State;
pub use switches::SWITCHES;

/// How the shared machinery sees this simulator.
pub const SIMULATOR: Simulator = Simulator { classify, refuse };

/// What everything of this vendor is below.
const BASE: &str = "/salesforce";
/// The vendor in the journal and in faults: messaging, and everything around records.
pub const MESSAGING: &str = "salesforce";
pub const RECORDS: &str = "salesforce_crm";

/// Messaging and records.
pub fn router() -> Router<Arc<World>> {
    Router::new().nest(BASE, crm::router())
}

fn classify(seen: &Seen) -> Operation {
    let path = seen.path.strip_prefix(BASE).unwrap_or(&seen.path);
    if path.starts_with("/services/") {
        return crm::operation(seen);
    }
    Operation { vendor: MESSAGING, name: "unknown".to_owned(), key: None }
}

fn refuse(operation: &Operation, status: u16, code: Option<&Value>) -> Value {
    if operation.vendor == RECORDS {
        return crm::fault_body(operation, status, code);
    }
    json!({ "message": "The request could not be processed.", "errorCode": code })
}

/// Promises to reps that were broken, as seen from Salesforce's side.
pub fn violations(world: &World) -> Vec<Violation> {
    crm::violations(world)
}
