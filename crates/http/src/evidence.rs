//! What may be wrong at a desk, told from what was recorded.

use baton_core::{
    delivery::{Attempt, Delivery, Payload},
    fault::{Fault, FaultClass, Outcome},
    handoff::{Handoff, HandoffState},
    ids::{DeskId, SessionId, WorkspaceId},
    inbound::Source,
    time::{DAY_MS, MINUTE_MS, Timestamp},
};
use baton_store::{DeskRecord, Parked, Store, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

/// How far back anybody looks.
const SPAN_MS: i64 = 7 * DAY_MS;
/// The most rows of each kind that are looked at.
const MAX_ROWS: usize = 500;
/// The most findings under one question.
const MAX_FOUND: usize = 20;
/// A handoff that is not open after this long is worth a look.
const OPENING_MS: i64 = MINUTE_MS;

/// What may be wrong at a desk.
#[derive(Serialize, ToSchema)]
pub struct Evidence {
    /// What administrators ask, in the order in which to look.
    pub questions: Vec<Question>,
}

/// One question and what was found.
#[derive(Serialize, ToSchema)]
pub struct Question {
    /// Its stable name.
    pub name: &'static str,
    /// The question.
    pub asks: &'static str,
    /// What to do where something was found.
    pub cure: &'static str,
    /// What was found, newest first; empty where nothing is wrong.
    pub found: Vec<Found>,
}

/// One thing that was found.
#[derive(Serialize, ToSchema)]
pub struct Found {
    /// When.
    pub at: String,
    /// The session that it happened to, where it happened to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// The desk's id of the work, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work: Option<String>,
    /// What was tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// The vendor's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What happened and what to do.
    pub text: String,
}

/// Looks at what was recorded about a desk in the last seven days.
///
/// # Errors
/// The store does not answer.
pub async fn evidence(
    store: &Store,
    workspace: WorkspaceId,
    desk: DeskId,
    now: Timestamp,
) -> Result<Evidence, StoreError> {
    let record = store.desk_record(workspace, desk, now.plus_ms(-SPAN_MS), MAX_ROWS).await?;
    let parked = store.parked(workspace, None, MAX_ROWS).await?;
    let parked: Vec<Parked> =
        parked.into_iter().filter(|event| event.source == Source::Desk(desk)).collect();
    Ok(Evidence { questions: questions(&record, &parked, now) })
}

fn questions(record: &DeskRecord, parked: &[Parked], now: Timestamp) -> Vec<Question> {
    use FaultClass::{AccountRestricted, Auth, NotRegistered, Payment, Permission};
    let credentials = [Auth, Permission, Payment, AccountRestricted];
    vec![
        Question {
            name: "credentials",
            asks: "Does the desk take our credentials and rights?",
            cure: "Test the desk's settings: each right is tried by itself, and the one that is \
                   missing is named.",
            found: faults(record, |fault, _| credentials.contains(&fault.class)),
        },
        Question {
            name: "place",
            asks: "Do the queue and the channel of every route exist?",
            cure: "Compare the route's queue and the desk's settings with what the desk has.",
            found: faults(record, |fault, _| fault.class == NotRegistered),
        },
        Question {
            name: "work",
            asks: "Did every handoff make its work?",
            cure: "Read why below. While the desk is down, handoffs wait and are made later.",
            found: bounded(record.handoffs.iter().filter_map(|handoff| unmade(handoff, now))),
        },
        Question {
            name: "contact",
            asks: "Is the customer's record linked, and was everything else done that is optional?",
            cure: "Link the record by hand where several fit, and merge duplicates; the work \
                   itself is not affected.",
            found: extras(record),
        },
        Question {
            name: "window",
            asks: "Do replies wait because the customer's window is closed?",
            cure: "Send a template from the session, or by a command in the desk's thread. The \
                   replies go out when the customer writes.",
            found: bounded(record.held.iter().map(held)),
        },
        Question {
            name: "streams",
            asks: "Do we hear what reps write?",
            cure: "Test the desk's settings. Once the stream opens again, what reps wrote \
                   meanwhile is fetched.",
            found: bounded(record.unheard.iter().map(unheard)),
        },
        Question {
            name: "webhooks",
            asks: "Was everything understood that the desk told us?",
            cure: "Read the event under Set aside and try it again.",
            found: bounded(parked.iter().rev().map(set_aside)),
        },
    ]
}

fn bounded(found: impl Iterator<Item = Found>) -> Vec<Found> {
    found.take(MAX_FOUND).collect()
}

/// Tries that failed in a certain way.
fn faults(record: &DeskRecord, wanted: impl Fn(&Fault, &Delivery) -> bool) -> Vec<Found> {
    bounded(record.tries.iter().filter_map(|(delivery, attempt)| {
        let fault = attempt.outcome.as_ref()?.fault()?;
        wanted(fault, delivery).then(|| tried(record, delivery, attempt, fault))
    }))
}

/// What did not stop the work: optional steps that failed, and what a step wants people to know.
fn extras(record: &DeskRecord) -> Vec<Found> {
    bounded(record.tries.iter().filter_map(|(delivery, attempt)| match attempt.outcome.as_ref()? {
        Outcome::Accepted(accepted) => {
            let text = accepted.notice.clone()?;
            let found = about(record, delivery, attempt.started_at);
            Some(Found { text, ..found })
        }
        other => {
            let fault = other.fault().filter(|_| delivery.payload.is_optional())?;
            Some(tried(record, delivery, attempt, fault))
        }
    }))
}

fn tried(record: &DeskRecord, delivery: &Delivery, attempt: &Attempt, fault: &Fault) -> Found {
    let found = about(record, delivery, attempt.started_at);
    Found { code: fault.code.clone(), text: fault.operator.clone(), ..found }
}

fn about(record: &DeskRecord, delivery: &Delivery, at: Timestamp) -> Found {
    let handoff = record.handoffs.iter().find(|handoff| Some(handoff.id) == delivery.handoff);
    let what = match &delivery.payload {
        Payload::Plan { step, .. } => step.clone(),
        other => other.name().to_owned(),
    };
    Found { what: Some(what), ..of_session(at, delivery.session, handoff) }
}

fn of_session(at: Timestamp, session: SessionId, handoff: Option<&Handoff>) -> Found {
    let work = handoff.and_then(|handoff| handoff.work.as_ref());
    Found {
        at: at.rfc3339(),
        session_id: Some(session.to_string()),
        work: work.map(|work| work.reference.clone().unwrap_or_else(|| work.id.to_string())),
        what: None,
        code: None,
        text: String::new(),
    }
}

fn unmade(handoff: &Handoff, now: Timestamp) -> Option<Found> {
    let found = of_session(handoff.requested_at, handoff.session, Some(handoff));
    match (&handoff.fault, handoff.state) {
        (Some(fault), HandoffState::Failed) => {
            Some(Found { code: fault.code.clone(), text: fault.operator.clone(), ..found })
        }
        (_, HandoffState::Requested | HandoffState::Opening)
            if now.since_ms(handoff.requested_at) > OPENING_MS =>
        {
            let text = "still being made; the tries are listed under the session's trace";
            Some(Found { text: text.to_owned(), ..found })
        }
        _ => None,
    }
}

fn held(delivery: &Delivery) -> Found {
    let text = delivery.fault.as_ref().map(|fault| fault.rep.clone()).unwrap_or_default();
    Found { text, ..of_session(delivery.created_at, delivery.session, None) }
}

fn unheard((subject, at, trouble): &(String, Timestamp, String)) -> Found {
    Found {
        at: at.rfc3339(),
        session_id: None,
        work: Some(subject.clone()),
        what: Some("listen".to_owned()),
        code: None,
        text: trouble.clone(),
    }
}

fn set_aside(event: &Parked) -> Found {
    Found {
        at: event.received_at.rfc3339(),
        session_id: None,
        work: Some(event.source_key.clone()).filter(|key| !key.is_empty()),
        what: None,
        code: Some(event.code.clone()),
        text: event.reason.clone(),
    }
}
