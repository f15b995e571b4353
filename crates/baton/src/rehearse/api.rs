//! What somebody does through the hub's own API, and what it answers.
//!
//! `api sessions/{session}/messages: {document}` posts, `api desks:` asks; `{session}` is the
//! customer's newest one, `{inbox}` and `{desk}` are the seeded ones. Then `api status: 202` and
//! `api answer /desks/0/state: active` look at the answer.

use serde_json::Value;

use super::{
    Failure,
    check::{self, Verdict},
    pattern::Pattern,
    seen::Sight,
    stage::Stage,
};

/// A call of the API: it posts a document, or asks where there is none.
#[derive(Clone, PartialEq, Debug)]
pub struct Call {
    path: String,
    body: Option<Value>,
}

/// Something about the last answer.
#[derive(Clone, PartialEq, Debug)]
pub enum Answer {
    /// Its HTTP status.
    Status(String),
    /// What stands at a JSON pointer.
    At { pointer: String, value: Pattern },
}

/// Reads a call; none where the line is about something else.
///
/// # Errors
/// The document is no JSON.
pub fn call(head: &str, tail: &str) -> Result<Option<Call>, String> {
    let Some(path) = head.strip_prefix("api ").filter(|_| answer(head, tail).is_none()) else {
        return Ok(None);
    };
    let body = match tail {
        "" => None,
        _ => Some(serde_json::from_str(tail).map_err(|error| format!("no JSON: {error}"))?),
    };
    Ok(Some(Call { path: path.to_owned(), body }))
}

/// Reads an expectation; none where the line is about something else.
pub fn answer(head: &str, tail: &str) -> Option<Answer> {
    match head.strip_prefix("api ")?.split_once(' ') {
        None if head == "api status" => Some(Answer::Status(tail.to_owned())),
        Some(("answer", pointer)) => {
            Some(Answer::At { pointer: pointer.to_owned(), value: Pattern::new(tail) })
        }
        _ => None,
    }
}

/// Makes the call and keeps the answer.
///
/// # Errors
/// The hub does not answer, or there is no session yet.
pub async fn act(stage: &Stage, sight: &mut Sight, call: &Call) -> Result<(), Failure> {
    let mut path = call.path.clone();
    if path.contains("{session}") {
        let sessions = check::sessions(stage, sight).await?;
        let newest = sessions.last().ok_or_else(|| Failure::broken("there is no session"))?;
        path = path.replace("{session}", &newest.session.id.to_string());
    }
    if let Some(desk) = stage.desk() {
        path = path.replace("{desk}", &desk.id.to_string());
    }
    if let Some(inbox) = stage.company.inboxes.first() {
        path = path.replace("{inbox}", &inbox.id.to_string());
    }
    sight.answer = stage.api(&path, call.body.as_ref()).await?;
    Ok(())
}

/// Looks at the last answer.
pub fn look(sight: &Sight, answer: &Answer) -> Verdict {
    let (status, body) = &sight.answer;
    let (met, is) = match answer {
        Answer::Status(wanted) => (status.to_string() == *wanted, format!("{status} {body}")),
        Answer::At { pointer, value } => {
            let found = body.pointer(pointer).cloned().unwrap_or_default();
            let text = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
            (value.fits(&text), text)
        }
    };
    if met { Verdict::Met } else { Verdict::Wrong(format!("it is {is}")) }
}
