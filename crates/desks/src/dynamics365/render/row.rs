//! The compatibility mode: a row in a configurable table instead of a conversation, for
//! organisations that route such rows themselves. No page says that Microsoft routes a row of
//! its own table that was made this way.

use baton_core::{
    brief::SUBJECT_MAX_CHARS,
    channel::Call,
    desk::{DeskWhat, Opening, PlanStep, ToDesk},
    fault::{Fault, FaultClass},
    handoff::PLAN_MAX_STEPS,
};
use serde_json::{Map, Value, json};

use super::{
    super::{config::Rows, ids::row_of, policy},
    case,
    notes::{NOTE, Note, Record},
};
use crate::transcript::{self, Limits};

/// Makes the row.
pub const ROW: &str = "row";

/// The plan: the row, and the brief with the transcript as notes where the table has any.
pub fn open(rows: &Rows, opening: &Opening<'_>) -> Vec<PlanStep> {
    let step = |step: String, call: Value| PlanStep { step, call, optional: false };
    let subject = transcript::one_line(&opening.brief.subject, SUBJECT_MAX_CHARS);
    let mut columns = Map::new();
    columns.insert(rows.subject.clone(), json!(subject));
    if let Some(column) = &rows.session {
        columns.insert(column.clone(), json!(opening.session));
    }
    if let Some(column) = &rows.channel {
        columns.insert(column.clone(), json!(opening.channel.name()));
    }
    if let Some((column, workstream)) = &rows.workstream {
        columns.insert(column.clone(), json!(workstream));
    }
    let mut plan = vec![step(ROW.to_owned(), json!({ "operation": ROW, "columns": columns }))];
    if rows.notes.is_some() {
        let limits = Limits {
            start_bytes: policy::NOTE_MAX,
            part_units: policy::NOTE_MAX,
            parts: PLAN_MAX_STEPS - 4,
        };
        let start = transcript::compose(opening, &limits);
        let texts = std::iter::once(start.text).chain(start.parts);
        plan.extend(texts.enumerate().map(|(index, text)| {
            let call = json!({ "operation": NOTE, "subject": "Handoff", "text": text });
            step(format!("note {}", index + 1), call)
        }));
    }
    plan
}

/// One thing for a row, in the vendor's words.
pub fn render(rows: &Rows, to_desk: &ToDesk<'_>) -> Result<Call, Fault> {
    match to_desk.what {
        DeskWhat::Plan(call) => plan_step(rows, to_desk, call),
        DeskWhat::Message { author, content, file_url } => {
            let record = record(rows, to_desk)?;
            let note = case::message(to_desk, record, author, content, file_url);
            case::note(&Note { only_while_open: false, ..note })
        }
        DeskWhat::Note(text) => case::note(&case::ours(to_desk, record(rows, to_desk)?, text)),
        DeskWhat::Close if rows.notes.is_none() => {
            Ok(Call { operation: case::NOTHING.to_owned(), body: Value::Null })
        }
        DeskWhat::Close => {
            case::note(&case::ours(to_desk, record(rows, to_desk)?, case::ENDED_BY_CUSTOMER))
        }
    }
}

fn plan_step(rows: &Rows, to_desk: &ToDesk<'_>, call: &Value) -> Result<Call, Fault> {
    let text = |key: &str| call.get(key).and_then(Value::as_str).unwrap_or_default();
    match text("operation") {
        ROW => {
            let body = json!({
                "set": rows.set, "id": to_desk.handoff.id, "columns": call["columns"],
            });
            Ok(Call { operation: ROW.to_owned(), body })
        }
        NOTE => case::planned_note(to_desk, record(rows, to_desk)?, call),
        _ => Err(case::no_step()),
    }
}

fn record(rows: &Rows, to_desk: &ToDesk<'_>) -> Result<Record, Fault> {
    let unknown = || Fault::new(FaultClass::Bug, "the row is not known yet");
    let id = row_of(to_desk.handoff).ok_or_else(unknown)?;
    let Some(bind) = rows.notes.clone() else {
        let text = "the table of the compatibility mode takes no notes: what is said after the \
                    handoff stays in Baton; set row_notes if the table has notes";
        return Err(Fault::new(FaultClass::ContentRejected, text));
    };
    Ok(Record { set: rows.set.clone(), id, bind })
}
