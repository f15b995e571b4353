//! A desk that asks for a password and lets itself be looked at; nothing else.

use std::sync::Arc;

use baton_core::{
    channel::Call,
    config::{ConfigFault, Field},
    desk::{Check, Checked, Desk, DeskEvent, DeskPolicy, Listing, Opening, PlanStep, ToDesk},
    fault::{Fault, FaultClass, Outcome, Settled},
    handoff::Handoff,
    ids::VendorId,
    inbound::{Answer, ParseFault, RawEvent, RawRequest, Received},
    time::{BoxFuture, Timestamp},
};
use serde_json::{Map, Value, json};

/// The only password with which everything works.
pub(super) const PASSWORD: &str = "open-the-counter";

pub(super) const FIELDS: &[Field] = &[
    Field { key: "city", label: "City", help: "where it is", secret: false, required: true },
    Field { key: "floor", label: "Floor", help: "found out", secret: false, required: false },
    Field { key: "password", label: "Password", help: "any", secret: true, required: true },
];

/// Makes one; a city with digits is none.
pub(super) fn counter(settings: &Map<String, Value>) -> Result<Arc<dyn Desk>, ConfigFault> {
    let text = |key: &str| settings.get(key).and_then(Value::as_str).unwrap_or_default();
    if text("city").contains(|c: char| c.is_ascii_digit()) {
        return Err(ConfigFault::new("city", "not a city; write its name"));
    }
    Ok(Arc::new(Counter { opens: text("password") == PASSWORD }))
}

struct Counter {
    opens: bool,
}

const POLICY: DeskPolicy = DeskPolicy {
    max_text_chars: 1_000,
    repeat_span_ms: 0,
    reconcile_every_ms: 60_000,
    case_every_ms: 60_000,
    listing_lag_ms: 0,
    max_file_bytes: 0,
};

fn fault() -> Fault {
    Fault::new(FaultClass::Bug, "not part of this test")
}

impl Desk for Counter {
    fn vendor(&self) -> &'static str {
        "counter"
    }

    fn policy(&self) -> &DeskPolicy {
        &POLICY
    }

    fn receive(&self, _: &RawRequest, _: Timestamp) -> Received {
        Received::Answer(Answer::text(202, "heard".to_owned()))
    }

    fn parse(&self, _: &RawEvent) -> Result<Vec<DeskEvent>, ParseFault> {
        Ok(Vec::new())
    }

    fn open(&self, _: &Opening<'_>) -> Result<Vec<PlanStep>, Fault> {
        Err(fault())
    }

    fn render(&self, _: &ToDesk<'_>) -> Result<Call, Fault> {
        Err(fault())
    }

    fn send<'a>(&'a self, _: &'a Call) -> BoxFuture<'a, Outcome> {
        Box::pin(async { Outcome::Rejected { fault: fault() } })
    }

    fn is_repeatable(&self, _: &Call) -> bool {
        false
    }

    fn list<'a>(&'a self, _: &'a Handoff, _: Timestamp) -> BoxFuture<'a, Result<Listing, Fault>> {
        Box::pin(async { Err(fault()) })
    }

    fn settle(&self, _: &Call, _: &Listing, _: &[VendorId]) -> Settled {
        Settled::Unknown
    }

    fn check(&self) -> BoxFuture<'_, Checked> {
        let why = "the password is refused; enter the one on the door";
        let fault = (!self.opens).then(|| Fault::new(FaultClass::Auth, why));
        let check = |name: &str, what: &str, fault| Check {
            name: name.to_owned(),
            what: what.to_owned(),
            fault,
        };
        let checked = Checked {
            checks: vec![check("door", "find the door", None), check("sign_in", "sign in", fault)],
            derived: Map::from_iter([("floor".to_owned(), json!("2"))]),
            warnings: vec!["the password ends in a week".to_owned()],
        };
        Box::pin(std::future::ready(checked))
    }
}
