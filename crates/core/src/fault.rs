//! What went wrong, for those who can act on it, and what came of one network call.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{handoff::Work, ids::VendorId};

/// The kinds of trouble that the rules tell apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultClass {
    /// Credentials are refused.
    Auth,
    /// Credentials lack a right.
    Permission,
    /// The vendor's limit for the account or the number.
    RateLimited,
    /// The vendor's limit for one recipient.
    PairLimited,
    /// Free-form messages are not allowed now.
    WindowClosed,
    /// The recipient cannot be reached at this address.
    NotReachable,
    /// The recipient does not want this kind of message.
    OptedOut,
    /// The sender is not registered for this.
    NotRegistered,
    /// The vendor refuses the content.
    ContentRejected,
    /// The template does not exist, is not approved, or its variables are wrong.
    TemplateProblem,
    /// A media file is missing, too large or of a wrong type.
    MediaProblem,
    /// The account cannot pay.
    Payment,
    /// The account is restricted, locked or banned.
    AccountRestricted,
    /// The vendor is down or unreachable.
    VendorDown,
    /// The desk's work is over: it takes no more messages.
    WorkEnded,
    /// The engine failed, timed out or ran out of budget.
    EngineFailed,
    /// The vendor says that our request was malformed.
    Bug,
    /// A code that we do not know.
    Unknown,
}

/// An error with everything that anybody needs who must act on it. Never holds a secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Fault {
    /// The kind.
    pub class: FaultClass,
    /// The vendor's own code, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What happened and what to do, for the operator; lowercase, fits after "failed to".
    pub operator: String,
    /// The same for a rep or a customer-facing screen: a sentence.
    pub rep: String,
}

impl Fault {
    /// A fault with one text for both readers.
    pub fn new(class: FaultClass, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { class, code: None, rep: text.clone(), operator: text }
    }

    /// The same fault with the vendor's code.
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// The same fault with another text for reps.
    pub fn for_rep(mut self, text: impl Into<String>) -> Self {
        self.rep = text.into();
        self
    }
}

/// What a vendor said when it took a call.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Accepted {
    /// The vendor's id of what we sent, where it gives one.
    #[serde(default)]
    pub vendor_id: Option<VendorId>,
    /// The work that the call opened, where it opened one.
    #[serde(default)]
    pub work: Option<Work>,
    /// Trace ids for the session's metadata, by their public names.
    #[serde(default)]
    pub metadata: Map<String, Value>,
    /// What a step of a plan learned for later ones, in the desk's own words.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub learned: BTreeMap<String, String>,
    /// What an operator should know although it was done, such as two contacts that may be meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
}

/// What came of one attempt.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The vendor took it.
    Accepted(Accepted),
    /// Certainly not sent; worth another try.
    Retry {
        /// The vendor's own wish for the pause.
        after_ms: Option<i64>,
        /// Why.
        fault: Fault,
    },
    /// Certainly not sent; another try would fail as well.
    Rejected {
        /// Why.
        fault: Fault,
    },
    /// It may have been sent. Settled, never guessed.
    Unknown {
        /// Why we do not know.
        fault: Fault,
    },
}

impl Outcome {
    /// The word for logs, metrics and traces.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Retry { .. } => "retry",
            Self::Rejected { .. } => "rejected",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// Why it was not accepted.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Accepted(_) => None,
            Self::Retry { fault, .. } | Self::Rejected { fault } | Self::Unknown { fault } => {
                Some(fault)
            }
        }
    }
}

/// What asking the vendor about an unknown attempt brought to light.
#[derive(Clone, PartialEq, Debug)]
pub enum Settled {
    /// The vendor holds it.
    Accepted(Accepted),
    /// The vendor certainly does not hold it: it may be tried again.
    NotSent,
    /// Nobody can say (yet).
    Unknown,
}
