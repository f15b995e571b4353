//! What goes to the organisation's records: contacts, links, history and cases.

use baton_core::{
    channel::Call,
    desk::{Opening, PlanStep, ToDesk},
    fault::{Fault, FaultClass},
    handoff::Handoff,
};
use serde_json::Value;

use super::super::config::Config;

/// The operations of the records.
pub const OPERATIONS: &[&str] = &[];

/// Steps before a live conversation is made.
pub fn before(config: &Config, opening: &Opening<'_>) -> Vec<PlanStep> {
    let _ = (config, opening);
    Vec::new()
}

/// Steps between the conversation and the readable transcript.
pub fn history(config: &Config, opening: &Opening<'_>) -> Vec<PlanStep> {
    let _ = (config, opening);
    Vec::new()
}

/// Whether the history was taken, so that the readable transcript is not needed.
pub fn is_history_there(handoff: &Handoff) -> bool {
    let _ = handoff;
    false
}

/// Steps after everything else.
pub fn after(config: &Config, opening: &Opening<'_>) -> Vec<PlanStep> {
    let _ = (config, opening);
    Vec::new()
}

/// The plan of a case.
pub fn case(config: &Config, opening: &Opening<'_>) -> Result<Vec<PlanStep>, Fault> {
    let _ = (config, opening);
    Err(not_connected())
}

/// One step of a plan, in the vendor's words.
pub fn plan_step(config: &Config, to_desk: &ToDesk<'_>, call: &Value) -> Result<Call, Fault> {
    let _ = (config, to_desk, call);
    Err(not_connected())
}

/// One thing to be sent to a case.
pub fn to_case(config: &Config, to_desk: &ToDesk<'_>) -> Result<Call, Fault> {
    let _ = (config, to_desk);
    Err(not_connected())
}

/// What a call does, as it stands after "failed to".
pub fn doing(operation: &str) -> &'static str {
    let _ = operation;
    "take the step"
}

/// Whether repeating a call is harmless.
pub fn is_repeatable(call: &Call) -> bool {
    let _ = call;
    true
}

fn not_connected() -> Fault {
    Fault::new(
        FaultClass::NotRegistered,
        "the organisation's records are not connected; fill in the CRM settings of the desk",
    )
}
