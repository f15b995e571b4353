//! What administrators do with a desk: try settings, check the connection.

use std::{sync::Arc, time::Duration};

use baton_core::{
    config::ConfigFault,
    desk::{Check, Checked, Desk},
    fault::{Accepted, Fault, FaultClass, Outcome},
    ids::DeskId,
};
use serde_json::{Map, Value};

use crate::{hub::Hub, registry::Vendor};

/// Checks that take longer have failed, in real time: a desk is asked a dozen things. Shorter than
/// such an API request may take.
const CHECK_PATIENCE: Duration = Duration::from_secs(25);

impl Hub {
    /// The vendors of desks that can be set up.
    pub fn desk_vendors(&self) -> Vec<Vendor> {
        self.builder.desk_vendors()
    }

    /// Tries settings, secrets included, before they are this desk's. Where everything works, the
    /// desk counts as active.
    ///
    /// # Errors
    /// Names the setting that is refused without asking anybody, and the fix.
    pub async fn desk_try(
        &self,
        id: DeskId,
        vendor: &str,
        settings: &Map<String, Value>,
    ) -> Result<Checked, ConfigFault> {
        let desk = self.builder.desk(id, vendor, settings)?;
        let checked = in_time(desk).await;
        if checked.verdict().is_ok() {
            self.health.learn(id.0, &Outcome::Accepted(Accepted::default()));
        }
        Ok(checked)
    }

    /// Tries everything that a handoff to this desk will need; none when it does not run. The
    /// answer counts for the desk's state.
    pub async fn desk_check(&self, id: DeskId) -> Option<Checked> {
        let desk = self.registry().desk(id)?;
        let checked = in_time(desk).await;
        let outcome = match checked.verdict() {
            Ok(()) => Outcome::Accepted(Accepted::default()),
            Err(fault) => Outcome::Rejected { fault },
        };
        self.health.learn(id.0, &outcome);
        Some(checked)
    }
}

async fn in_time(desk: Arc<dyn Desk>) -> Checked {
    let checked = tokio::time::timeout(CHECK_PATIENCE, desk.check()).await;
    checked.unwrap_or_else(|_| {
        let seconds = CHECK_PATIENCE.as_secs();
        let text = format!("no answer within {seconds} s; check the addresses");
        let check = Check {
            name: "answer".to_owned(),
            what: "hear from the vendor".to_owned(),
            fault: Some(Fault::new(FaultClass::VendorDown, text)),
        };
        Checked { checks: vec![check], ..Checked::default() }
    })
}
