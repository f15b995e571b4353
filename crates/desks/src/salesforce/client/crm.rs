//! Calls about the organisation's records: what is called stands in the folder, by subject.

mod case;
mod check;
mod contact;
mod history;
mod link;
mod notes;
mod oauth;
mod records;
mod window;

use baton_core::{
    channel::Call,
    fault::{Accepted, FaultClass},
};

use super::Client;
use crate::salesforce::{
    policy::Failure,
    render::crm::{CASE, CASE_CLOSE, CASE_FILE, CASE_NOTE, CONTACT, HISTORY, LINK},
};

/// What the records' half keeps.
pub use records::Records as State;

impl Client {
    /// Makes one call of the records.
    pub(super) async fn send_record(&self, call: &Call) -> Result<Accepted, Failure> {
        match call.operation.as_str() {
            CONTACT => self.contact(call).await,
            LINK => self.link(call).await,
            HISTORY => self.import(call).await,
            CASE => self.make_case(call).await,
            CASE_NOTE => self.note(call).await,
            CASE_FILE => self.put_file(call).await,
            CASE_CLOSE => self.close_case(call).await,
            other => Err(Failure::refused(
                FaultClass::Bug,
                format!("this desk knows no operation {other:?}"),
            )),
        }
    }

    fn shared(&self) -> &State {
        &self.crm
    }
}
