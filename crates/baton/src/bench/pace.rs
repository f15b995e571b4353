//! `baton bench pace`: whether a number is kept at its vendor's ceiling, and never above it.
//!
//! On a frozen clock, so that only the pace counts and not this machine: everything is to be sent
//! at one moment, and time moves from one due thing to the next.

use std::path::Path;

use baton_core::{
    contact::{Identity, Point, PointKind},
    message::{Author, AuthorKind},
    time::SECOND_MS,
};
use baton_sandbox::{Direction, Filter};
use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::{float, rounded};
use crate::{
    hub::RunError,
    rehearse::{Failure, script::Script, stage::Stage},
};

/// Nothing is sent later than this after it was to be sent, in milliseconds.
const PATIENCE_MS: i64 = 900 * SECOND_MS;
/// What the customers' own words may set off ends within this, in milliseconds.
const BEFORE_MS: i64 = 60 * SECOND_MS;

/// Measures how closely a number is kept at its vendor's ceiling.
#[derive(Args, Debug)]
pub struct Pace {
    /// Print JSON, one object a line.
    #[arg(long)]
    json: bool,
}

/// One ceiling.
pub(super) struct Case {
    /// What is limited.
    pub what: &'static str,
    /// The scenario's head: which inbox.
    pub head: &'static str,
    /// How many people are written to.
    pub people: u32,
    /// How many messages each of them gets.
    pub each: u32,
    /// So many messages …
    pub most: u32,
    /// … in any span of so many milliseconds.
    pub span_ms: i64,
    /// People must have written before they are written to.
    pub windowed: bool,
    /// The vendor refuses one message all the same.
    pub refuses_one: bool,
}

const CASES: [Case; 4] = [
    Case {
        what: "WhatsApp, one number at Meta",
        head: "inbox: whatsapp",
        people: 240,
        each: 1,
        most: 80,
        span_ms: SECOND_MS,
        windowed: true,
        refuses_one: false,
    },
    Case {
        what: "WhatsApp, one number at Meta that refuses once",
        head: "inbox: whatsapp",
        people: 240,
        each: 1,
        most: 80,
        span_ms: SECOND_MS,
        windowed: true,
        refuses_one: true,
    },
    Case {
        what: "WhatsApp, one customer",
        head: "inbox: whatsapp",
        people: 1,
        each: 60,
        most: 1,
        span_ms: 6 * SECOND_MS,
        windowed: true,
        refuses_one: false,
    },
    Case {
        what: "SMS, a long code at Twilio",
        head: "inbox: sms",
        people: 20,
        each: 1,
        most: 1,
        span_ms: SECOND_MS,
        windowed: false,
        refuses_one: false,
    },
];

/// What came of it; the names are the ones that others script against.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub what: &'static str,
    /// Messages that the vendor took.
    pub messages: u64,
    /// Calls that the vendor refused with 429.
    pub refused: u64,
    /// The ceiling, in messages a second.
    pub ceiling_per_s: f64,
    /// The pace of the last quarter, when what may go at once has gone, in messages a second of
    /// the virtual clock.
    pub kept_per_s: f64,
    pub kept_to_ceiling: f64,
    /// The most messages in any second.
    pub peak_in_a_second: u64,
    /// From the first to the last, in seconds of the virtual clock.
    pub took_s: f64,
}

/// Measures.
///
/// # Errors
/// A part does not start, or something was not sent.
pub async fn run(args: &Pace) -> Result<(), RunError> {
    for case in &CASES {
        let report = measure(case).await?;
        if args.json {
            println!("{}", serde_json::to_string(&report).unwrap_or_default());
        } else {
            report.print();
        }
    }
    Ok(())
}

/// Plays one case on a stage of its own.
///
/// # Errors
/// A part does not start, or something was not sent.
pub(super) async fn measure(case: &Case) -> Result<Report, RunError> {
    let script = Script::read("pace", &format!("# Pace\n{}\n\ncustomer: hello\n", case.head));
    let mut stage = Stage::raise(&script.map_err(RunError::Refused)?, None, Path::new("")).await?;
    let played = play(&mut stage, case).await.map_err(|failure| {
        RunError::Refused(format!("keep {} at its ceiling: {failure:?}", case.what))
    });
    stage.strike().await?;
    Ok(Report::new(case, &played?))
}

/// One call to the vendor: when, and whether it was taken.
struct Call {
    at_ms: i64,
    taken: bool,
}

async fn play(stage: &mut Stage, case: &Case) -> Result<Vec<Call>, Failure> {
    // What the vendor reports comes at once: it is not what is measured.
    let quiet = json!({
        "whatsapp.sent_after_ms": 0, "whatsapp.delivered_after_ms": 0, "whatsapp.read_receipts": "off",
    });
    stage.order("switches", &quiet).await?;
    if case.windowed {
        for number in 0..case.people {
            let order = json!({ "from": phone(number), "text": "hello" });
            stage.order("whatsapp/message", &order).await?;
        }
    }
    stage.play(BEFORE_MS).await?;
    if case.refuses_one {
        let refused = json!({
            "vendor": "whatsapp", "operation": "messages.text", "fault": "status", "status": 429,
            "code": 130_429,
        });
        stage.order("faults", &refused).await?;
    }
    let (before, begun_ms) = (stage.sandbox.world.journal.extent().0, stage.clock.now_ms());
    say(stage, case).await?;
    stage.settle().await?;
    let wanted = case.people as usize * case.each as usize;
    loop {
        let calls = calls(stage, before);
        if calls.iter().filter(|call| call.taken).count() >= wanted {
            return Ok(calls);
        }
        if !stage.step_towards(begun_ms + PATIENCE_MS).await? {
            return Err(Failure::broken(format!("{} of {wanted} calls were made", calls.len())));
        }
    }
}

/// Everything at one moment.
async fn say(stage: &Stage, case: &Case) -> Result<(), Failure> {
    let hub = stage.hub().ok_or_else(|| Failure::broken("the hub does not run"))?;
    let inbox = stage.company.inboxes.first().ok_or_else(|| Failure::broken("no inbox"))?;
    let whose = (stage.company.workspace, inbox.id);
    for number in 0..case.people {
        for each in 0..case.each {
            let points = vec![Point::new(PointKind::Phone, phone(number))];
            let to = Identity { points, name: None };
            let author = Author::named(AuthorKind::Rep, Some("Rosa".to_owned()));
            let said = hub.say(whose, to, author, format!("message {each}")).await;
            said.map_err(|e| Failure::broken(e.to_string()))?;
        }
    }
    Ok(())
}

/// The calls that bring a message, oldest first.
fn calls(stage: &Stage, after: u64) -> Vec<Call> {
    let all = Filter { after, limit: usize::MAX, ..Filter::default() };
    let mut calls = Vec::new();
    for entry in stage.sandbox.world.journal.list(&all) {
        let sends = ["messages.text", "messages.create"].contains(&entry.operation.as_str());
        if sends && entry.direction == Direction::In && entry.status.is_some() {
            let taken = entry.status.is_some_and(|status| status < 300);
            calls.push(Call { at_ms: entry.at_ms, taken });
        }
    }
    calls
}

fn phone(number: u32) -> String {
    format!("1555{:07}", 200_000 + number)
}

impl Report {
    fn new(case: &Case, calls: &[Call]) -> Self {
        let taken: Vec<i64> = calls.iter().filter(|call| call.taken).map(|c| c.at_ms).collect();
        let span_s = |ms: i64| float(ms.unsigned_abs()) / 1_000.0;
        let took_s = |calls: &[i64]| match calls {
            [first, .., last] => span_s(last - first),
            _ => 0.0,
        };
        let quarter = &taken[taken.len() * 3 / 4..];
        let within =
            |from: &i64| taken.iter().filter(|at| (*from..*from + SECOND_MS).contains(at)).count();
        let ceiling = f64::from(case.most) / span_s(case.span_ms);
        let kept = float((quarter.len() as u64).saturating_sub(1)) / took_s(quarter);
        Self {
            what: case.what,
            messages: taken.len() as u64,
            refused: (calls.len() - taken.len()) as u64,
            ceiling_per_s: rounded(ceiling),
            kept_per_s: rounded(kept),
            kept_to_ceiling: rounded(kept / ceiling),
            peak_in_a_second: taken.iter().map(within).max().unwrap_or(0) as u64,
            took_s: rounded(took_s(&taken)),
        }
    }

    fn print(&self) {
        println!("{}", self.what);
        println!(
            "  {} messages in {:.1} s, {} refused; {:.2}/s of {:.2}/s ({:.0} %), {} in a second at most",
            self.messages,
            self.took_s,
            self.refused,
            self.kept_per_s,
            self.ceiling_per_s,
            self.kept_to_ceiling * 100.0,
            self.peak_in_a_second
        );
    }
}
