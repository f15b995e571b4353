//! The organisation's records: OAuth, queries, searches and rows.
//!
//! Source: the REST API Developer Guide and the Object Reference, checked 2026-11; each file names its pages.

mod answer;
mod broken;
mod cases;
mod checks;
mod collections;
mod composite;
mod control;
mod core;
mod describe;
mod duplicates;
mod effects;
mod entry;
mod files;
mod ids;
mod instant;
mod oauth;
mod objects;
mod org;
mod permissions;
mod records;
mod request;
mod resource;
mod rows;
mod schema;
mod scope;
mod soql;
mod sosl;
mod store;
mod switches;
#[cfg(test)]
mod tests;
mod tooling;

use serde_json::{Value, json};

use crate::Operation;
pub use broken::violations;
pub use control::router as control_router;
pub use core::{Core, authorised};
pub use entry::{operation, router};
pub use org::DEFAULT_REP;
pub use records::Records;
pub use switches::SWITCHES;

/// The body of a refusal that a fault asked for.
pub fn fault_body(operation: &Operation, status: u16, code: Option<&Value>) -> Value {
    if operation.name == "token" {
        let error = code.and_then(Value::as_str).unwrap_or("invalid_grant");
        return json!({ "error": error, "error_description": "the request could not be processed" });
    }
    answer::fault_body(status, code)
}
