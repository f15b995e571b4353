//! What came of posting one message, where vendors' answers are read alike.

use baton_core::fault::{Fault, FaultClass, Outcome};
use reqwest::StatusCode;

use crate::call::{Answer, NoAnswer};

/// Whether a call that failed with a code may be made again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Replay {
    /// It would fail again.
    Never,
    /// Certainly not sent; after so many milliseconds.
    After(i64),
    /// It may have been sent.
    Unsure,
}

/// How one vendor is spoken of where it gives no reason itself.
pub(crate) struct Wording {
    /// The vendor, for operators.
    pub vendor: &'static str,
    /// What of it is called.
    pub api: &'static str,
    /// The setting that holds its address.
    pub address: &'static str,
    /// Who takes messages, for reps.
    pub shown: &'static str,
    /// The pause after a 429 that says nothing else, in milliseconds.
    pub pause_ms: i64,
}

impl Wording {
    /// A refusal. The vendor's code decides before the HTTP status does; `replay` is none where
    /// the code is not known.
    pub(crate) fn refused(&self, answer: &Answer, replay: Option<Replay>, fault: Fault) -> Outcome {
        match (replay, answer.status) {
            (Some(Replay::Never), _) => Outcome::Rejected { fault },
            (Some(Replay::After(ms)), _) => {
                Outcome::Retry { after_ms: Some(ms.max(answer.retry_after_ms.unwrap_or(0))), fault }
            }
            (None, StatusCode::TOO_MANY_REQUESTS) => self.uncoded(answer),
            (None, status) if status.is_client_error() => Outcome::Rejected { fault },
            (Some(Replay::Unsure) | None, _) => {
                Outcome::Unknown { fault: fault.for_rep(self.no_clear_answer()) }
            }
        }
    }

    /// An answer without a code: from the network in between, or cut.
    pub(crate) fn uncoded(&self, answer: &Answer) -> Outcome {
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            let text =
                format!("send: the way to {} limits our calls; it passes by itself", self.vendor);
            return Outcome::Retry {
                after_ms: Some(answer.retry_after_ms.unwrap_or(self.pause_ms)),
                fault: Fault::new(FaultClass::RateLimited, text)
                    .for_rep(format!("{} is limiting our messages at the moment.", self.shown)),
            };
        }
        let status = answer.status.as_u16();
        self.unsure(&format!("the answer with HTTP status {status} says nothing"))
    }

    /// No answer at all.
    pub(crate) fn unanswered(&self, why: &NoAnswer) -> Outcome {
        match why {
            NoAnswer::NotConnected => Outcome::Retry { after_ms: None, fault: self.unreachable() },
            NoAnswer::Lost => self.unsure("the answer was lost"),
        }
    }

    fn unsure(&self, why: &str) -> Outcome {
        let text = format!("learn whether it was sent: {why}");
        let fault = Fault::new(FaultClass::VendorDown, text);
        Outcome::Unknown { fault: fault.for_rep(self.no_clear_answer()) }
    }

    fn no_clear_answer(&self) -> String {
        format!(
            "{} gave no clear answer. The message may or may not have reached the customer.",
            self.shown
        )
    }

    /// A question that nothing came back for.
    pub(crate) fn unreachable(&self) -> Fault {
        let Self { api, address, .. } = self;
        let text =
            format!("reach {api}: no connection; check the network, the proxy and the {address}");
        Fault::new(FaultClass::VendorDown, text)
            .for_rep(format!("{} cannot be reached at the moment.", self.shown))
    }

    /// An answer to a question that is none.
    pub(crate) fn garbled(&self, status: StatusCode) -> Fault {
        let (Self { api, address, .. }, status) = (self, status.as_u16());
        let text = format!(
            "understand {api}: HTTP status {status} without a readable answer; check the {address} \
             and any proxy"
        );
        Fault::new(FaultClass::VendorDown, text)
    }
}
