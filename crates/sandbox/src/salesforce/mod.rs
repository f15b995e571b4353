//! Salesforce's side: messaging for custom clients (tokens, conversations, the stream of events, the reps behind it) and
//! the organisation's records.
//!
//! Under the sandbox's address everything is below `/salesforce`; a client appends Salesforce's own paths. Messaging and
//! records have different hosts at the vendor and different first path segments, so one prefix serves both.

mod account;
mod acknowledged;
mod answers;
mod authorization;
mod calls;
mod content;
mod control;
mod conversation;
mod crm;
mod deployment;
mod entry;
mod error;
mod files;
mod frame;
mod history;
mod identity;
mod inbound;
mod lifecycle;
mod listing;
mod orders;
mod pace;
mod record_id;
mod scene;
mod state;
mod stream;
mod subject;
mod switches;
#[cfg(test)]
mod tests;
mod token;
mod told;
mod upload;
mod view;
mod violations;

use std::sync::Arc;

use axum::Router;
use axum::http::Method;
use axum::routing::get;
use serde_json::Value;

use crate::{Operation, Seen, Simulator, World};
pub use account::{Account, Urls};
pub use control::router as control_router;
pub use crm::SWITCHES as CRM_SWITCHES;
use state::Inner;
pub use state::State;
pub use switches::SWITCHES;
pub use violations::violations;

/// How the shared machinery sees this simulator.
pub const SIMULATOR: Simulator = Simulator { classify, refuse };

/// What everything of this vendor is below.
const BASE: &str = "/salesforce";
/// The vendor in the journal and in faults: messaging, and everything around records.
pub const MESSAGING: &str = "salesforce";
pub const RECORDS: &str = "salesforce_crm";

/// Messaging and records.
pub fn router() -> Router<Arc<World>> {
    let everything = Router::new()
        .merge(authorization::router())
        .merge(calls::router())
        .merge(deployment::router())
        .merge(history::router())
        .merge(crm::router())
        .route("/sfc/dist/version/download/", get(files::serve));
    Router::new().nest(BASE, everything)
}

fn classify(seen: &Seen) -> Operation {
    let path = seen.path.strip_prefix(BASE).unwrap_or(&seen.path);
    if path.starts_with("/services/") {
        return crm::operation(seen);
    }
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (name, key) = match segments.as_slice() {
        ["iamessage", "api", "v2", "authorization", rest @ ..] => (token_name(seen, rest), None),
        ["iamessage", "api", "v2", "conversation"] => {
            let id = seen.body.get("conversationId").and_then(Value::as_str);
            ("conversation.create", id)
        }
        ["iamessage", "api", "v2", "conversation", "list"] => ("conversations.list", None),
        ["iamessage", "api", "v2", "conversation", id, rest @ ..] => {
            (conversation_name(seen, rest), Some(*id))
        }
        ["eventrouter", "v1", "sse"] => ("stream.open", None),
        ["embeddedservice", "v1", "embedded-service-config"] => ("config.get", None),
        ["embeddedservice", "v1", "businesshours"] => ("hours.get", None),
        ["api", "v1", "conversationHistory"] => {
            ("history.import", seen.body.pointer(SESSION).and_then(Value::as_str))
        }
        ["sfc", ..] => ("file.get", None),
        _ => ("unknown", None),
    };
    Operation { vendor: MESSAGING, name: name.to_owned(), key: key.map(str::to_owned) }
}

/// Where an import names its session.
const SESSION: &str = "/messagingSession/payload/sessionId";

fn token_name(seen: &Seen, rest: &[&str]) -> &'static str {
    match rest {
        ["unauthenticated", "access-token"] => "token.unauthenticated",
        ["authenticated", "access-token"] if seen.method == Method::DELETE => "token.revoke",
        ["authenticated", "access-token"] => "token.authenticated",
        ["continuation-access-token"] => "token.continue",
        _ => "unknown",
    }
}

fn conversation_name(seen: &Seen, rest: &[&str]) -> &'static str {
    match rest {
        [] if seen.method == Method::DELETE => "conversation.close",
        [] => "conversation.get",
        ["message"] => match seen.body.pointer("/message/messageType").and_then(Value::as_str) {
            Some("ChoicesResponseMessage") => "message.choice",
            Some("FormResponseMessage") => "message.form",
            _ => "message.text",
        },
        ["file"] => "message.file",
        ["entry"] => "typing",
        ["acknowledge-entries"] => "acknowledge",
        ["entries"] => "entries.list",
        ["session"] => "session.end",
        _ => "unknown",
    }
}

fn refuse(operation: &Operation, status: u16, code: Option<&Value>) -> Value {
    if operation.vendor == RECORDS {
        return crm::fault_body(operation, status, code);
    }
    error::fault_body(status, code)
}
