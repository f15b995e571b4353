//! A vendor's call that did not succeed: whether it was done, and why. What a vendor's errors mean
//! stands in its own policy.
//!
//! The texts say why; [`Failure::doing`] puts what was tried in front where they leave the desk.

use baton_core::{
    fault::{Fault, FaultClass, Outcome},
    time::SECOND_MS,
};

/// A call that did not succeed.
#[derive(Clone, Debug)]
pub struct Failure {
    pub certainty: Certainty,
    pub fault: Fault,
}

/// What a failure says about the thing that was to be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Certainty {
    /// Not done; worth another try after the vendor's pause.
    NotDone { after_ms: Option<i64> },
    /// Refused.
    Refused,
    /// Nobody knows.
    Unknown,
}

impl Failure {
    /// Refused, and why.
    pub fn refused(class: FaultClass, text: impl Into<String>) -> Self {
        Self { certainty: Certainty::Refused, fault: Fault::new(class, text) }
    }

    /// Not done, and why.
    pub fn not_done(after_ms: Option<i64>, class: FaultClass, text: impl Into<String>) -> Self {
        Self { certainty: Certainty::NotDone { after_ms }, fault: Fault::new(class, text) }
    }

    /// Perhaps done, and why nobody knows.
    pub fn unknown(text: impl Into<String>) -> Self {
        Self { certainty: Certainty::Unknown, fault: Fault::new(FaultClass::VendorDown, text) }
    }

    /// The same failure with what was tried in front, so that it fits after "failed to". What a
    /// rep reads stays as it is.
    pub fn doing(self, what: &str) -> Self {
        Self { fault: doing(what, self.fault), ..self }
    }

    /// The same failure of a step before the call itself: the call was certainly not made.
    pub fn before_the_call(self) -> Self {
        match self.certainty {
            Certainty::Unknown => Self { certainty: Certainty::NotDone { after_ms: None }, ..self },
            _ => self,
        }
    }
}

/// A fault with what was tried in front, as [`Failure::doing`].
pub fn doing(what: &str, mut fault: Fault) -> Fault {
    fault.operator = format!("{what}: {}", fault.operator);
    fault
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        let fault = failure.fault;
        match failure.certainty {
            Certainty::NotDone { after_ms } => Self::Retry { after_ms, fault },
            Certainty::Refused => Self::Rejected { fault },
            Certainty::Unknown => Self::Unknown { fault },
        }
    }
}

/// The pause of a `Retry-After` in seconds, within a bound.
pub fn retry_after_ms(header: Option<&str>, most_ms: i64) -> Option<i64> {
    let seconds: i64 = header?.trim().parse().ok()?;
    Some(seconds.saturating_mul(SECOND_MS).clamp(0, most_ms))
}
