//! What goes to the organisation's records: contacts, links, history and cases.

pub mod case;
pub mod contact;
pub mod history;
pub mod note;

use baton_core::{
    channel::Call,
    desk::{DeskWhat, Opening, PlanStep, ToDesk},
    fault::{Fault, FaultClass},
    handoff::Handoff,
};
use serde_json::Value;

use super::NOTHING;
use crate::salesforce::config::{Config, crm::Crm};

/// Finds or makes the customer's contact.
pub const CONTACT: &str = "contact";
/// Links the messaging user to it.
pub const LINK: &str = "link";
/// Imports what was said before the handoff.
pub const HISTORY: &str = "history";
/// Opens a case.
pub const CASE: &str = "case";
/// Writes on it.
pub const CASE_NOTE: &str = "case_note";
/// Puts a file on it.
pub const CASE_FILE: &str = "case_file";
/// Closes it.
pub const CASE_CLOSE: &str = "case_close";

/// The operations of the records.
pub const OPERATIONS: &[&str] = &[CONTACT, LINK, HISTORY, CASE, CASE_NOTE, CASE_FILE, CASE_CLOSE];

/// Steps before a live conversation is made.
pub fn before(config: &Config, opening: &Opening<'_>) -> Vec<PlanStep> {
    config.crm.iter().map(|_| contact::step(opening)).collect()
}

/// Steps between the conversation and the readable transcript: the import needs the session, which
/// is what the link finds.
pub fn history(config: &Config, opening: &Opening<'_>) -> Vec<PlanStep> {
    let Some(crm) = &config.crm else { return Vec::new() };
    let steps = history::steps(crm, opening);
    match steps.is_empty() {
        true => steps,
        false => std::iter::once(contact::link_step(opening)).chain(steps).collect(),
    }
}

/// Whether the history was taken, so that the readable transcript is not needed.
pub fn is_history_there(handoff: &Handoff) -> bool {
    history::is_there(handoff)
}

/// Steps after everything else.
pub fn after(config: &Config, opening: &Opening<'_>) -> Vec<PlanStep> {
    let Some(crm) = &config.crm else { return Vec::new() };
    let linked_before = !history::steps(crm, opening).is_empty();
    if linked_before { Vec::new() } else { vec![contact::link_step(opening)] }
}

/// The plan of a case.
pub fn case(config: &Config, opening: &Opening<'_>) -> Result<Vec<PlanStep>, Fault> {
    let crm = connected(config)?;
    Ok(case::open(crm, opening))
}

/// One step of a plan, in the vendor's words.
pub fn plan_step(config: &Config, to_desk: &ToDesk<'_>, call: &Value) -> Result<Call, Fault> {
    let crm = connected(config)?;
    match call["operation"].as_str() {
        Some(CONTACT) => contact::render(crm, to_desk, call),
        Some(LINK) => Ok(contact::render_link(to_desk, call)),
        Some(HISTORY) => Ok(history::render(crm, to_desk, call)),
        Some(CASE) => case::render(config, crm, to_desk, call),
        Some(CASE_NOTE | CASE_FILE) => note::planned(crm, to_desk, call),
        _ => Err(no_step()),
    }
}

/// One thing to be sent to a case.
pub fn to_case(config: &Config, to_desk: &ToDesk<'_>) -> Result<Call, Fault> {
    let crm = connected(config)?;
    match to_desk.what {
        DeskWhat::Message { author, content, file_url } => {
            note::message(crm, to_desk, author, content, file_url)
        }
        DeskWhat::Note(text) => note::ours(crm, to_desk, text),
        DeskWhat::Close => case::close(crm, to_desk),
        DeskWhat::Plan(_) => Err(no_step()),
    }
}

/// What a call does, as it stands after "failed to".
pub fn doing(operation: &str) -> &'static str {
    match operation {
        CONTACT => "find or make the customer's contact",
        LINK => "link the messaging user to its contact",
        HISTORY => "import what was said before",
        CASE => "open the case",
        CASE_NOTE => "write on the case",
        CASE_FILE => "put the file on the case",
        CASE_CLOSE => "close the case",
        _ => "take the step",
    }
}

/// Whether repeating a call is harmless: contacts and cases where a field of the organisation keeps
/// our key for them; a file by the mark that it carries; words never.
pub fn is_repeatable(call: &Call) -> bool {
    match call.operation.as_str() {
        CONTACT | CASE => call.body["keeps_key"] == true,
        CASE_NOTE => false,
        CASE_FILE => call.body["note"].is_null(),
        _ => true,
    }
}

/// What a step becomes that is not needed after all.
fn nothing() -> Call {
    Call { operation: NOTHING.to_owned(), body: Value::Null }
}

fn no_step() -> Fault {
    Fault::new(FaultClass::Bug, "the step of the plan is not one of this desk's")
}

fn connected(config: &Config) -> Result<&Crm, Fault> {
    config.crm.as_ref().ok_or_else(|| {
        Fault::new(
            FaultClass::NotRegistered,
            "the organisation's records are not connected; set crm_consumer_key and crm_username",
        )
    })
}
