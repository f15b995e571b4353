//! How an inbox or a desk is doing, for the console and for operators.

use baton_core::{
    channel::ChannelPolicy,
    fault::{FaultClass, Outcome},
    inbox::ChannelKind,
    time::Timestamp,
};
use serde_json::{Map, Value};
use std::{collections::HashMap, sync::Mutex};
use uuid::Uuid;

/// Whether an inbox or a desk works.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SourceState {
    /// It works.
    Active,
    /// It runs, and the vendor refuses us.
    Failing,
    /// Its settings are refused: it does not run.
    Refused,
}

impl SourceState {
    /// The name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Failing => "failing",
            Self::Refused => "refused",
        }
    }
}

/// An inbox or a desk as it runs now.
#[derive(Clone, Debug)]
pub struct SourceStatus {
    /// Its id; also the last part of its hook's address.
    pub id: Uuid,
    /// A desk (true) or an inbox (false).
    pub desk: bool,
    /// Its name on screen.
    pub name: String,
    /// What the customer experiences; none for a desk.
    pub channel: Option<ChannelKind>,
    /// The vendor's folder name.
    pub vendor: String,
    /// Whether it works.
    pub state: SourceState,
    /// Why it does not.
    pub why: Option<String>,
    /// Whether the AI answers here; false for a desk.
    pub ai: bool,
    /// The address as customers see it; none for a desk, or where the settings do not say.
    pub address: Option<String>,
    /// What its channel can do; none for a desk, or where the settings are refused.
    pub policy: Option<ChannelPolicy>,
    /// Its vendor keeps templates that can be read.
    pub templates: bool,
    /// When an event of its vendor was last stored; none where that was long before this hub began.
    pub last_event_at: Option<Timestamp>,
    /// The settings that are no secrets.
    pub settings: Map<String, Value>,
    /// The names of the secrets that are set.
    pub secrets_set: Vec<String>,
}

/// The last word of each vendor about our account.
#[derive(Debug, Default)]
pub(crate) struct Health {
    failing: Mutex<HashMap<Uuid, String>>,
    heard: Mutex<HashMap<Uuid, Timestamp>>,
}

impl Health {
    /// Learns from an attempt: an account that is refused is failing until something is taken.
    pub(crate) fn learn(&self, source: Uuid, outcome: &Outcome) {
        let Ok(mut failing) = self.failing.lock() else { return };
        match outcome {
            Outcome::Accepted(_) => {
                failing.remove(&source);
            }
            Outcome::Rejected { fault } | Outcome::Retry { fault, .. }
                if matches!(
                    fault.class,
                    FaultClass::Auth
                        | FaultClass::Permission
                        | FaultClass::Payment
                        | FaultClass::AccountRestricted
                        | FaultClass::NotRegistered
                        | FaultClass::VendorDown
                ) =>
            {
                failing.insert(source, fault.operator.clone());
            }
            Outcome::Rejected { .. } | Outcome::Retry { .. } | Outcome::Unknown { .. } => {}
        }
    }

    /// Notes that the vendor sent something that was taken.
    pub(crate) fn heard(&self, source: Uuid, at: Timestamp) {
        if let Ok(mut heard) = self.heard.lock() {
            heard.insert(source, at);
        }
    }

    pub(crate) fn last_event_at(&self, source: Uuid) -> Option<Timestamp> {
        self.heard.lock().ok()?.get(&source).copied()
    }

    pub(crate) fn why(&self, source: Uuid) -> Option<String> {
        self.failing.lock().ok()?.get(&source).cloned()
    }
}
