//! Calls about the organisation's records.

use baton_core::{
    channel::Call,
    desk::{Check, Listing},
    fault::{Accepted, FaultClass},
    handoff::Handoff,
    time::Timestamp,
};

use super::{super::policy::Failure, Client};

/// What the records' half keeps.
#[derive(Default)]
pub struct State {}

impl Client {
    /// Makes one call of the records.
    pub(super) async fn send_record(&self, call: &Call) -> Result<Accepted, Failure> {
        let text = format!("this desk knows no operation {:?}", call.operation);
        Err(Failure::refused(FaultClass::Bug, text))
    }

    /// What the desk holds of a case since a moment.
    pub(super) async fn list_case(
        &self,
        handoff: &Handoff,
        since: Timestamp,
    ) -> Result<Listing, Failure> {
        let _ = (handoff, since);
        Err(Failure::refused(FaultClass::NotRegistered, "the records are not connected"))
    }

    /// The case that was made under a handoff.
    pub(super) async fn find_case(&self, handoff: &Handoff) -> Result<Option<Accepted>, Failure> {
        let _ = handoff;
        Ok(None)
    }

    /// What contacts, cases and history will need, tried.
    pub(super) async fn crm_checks(&self) -> Vec<Check> {
        Vec::new()
    }
}
