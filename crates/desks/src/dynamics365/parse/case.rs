//! A case and what reps wrote on it, in our words.

use baton_core::{
    desk::{Listing, RepMessage},
    fault::Accepted,
    handoff::Work,
    ids::VendorId,
    message::Content,
    time::Timestamp,
};
use serde_json::{Map, Value};

use super::super::wire::{AnswerRow, IncidentRow};
use crate::html;

/// `statecode` of a case that is worked on (`incident` entity reference, read 2026-11-21).
pub const ACTIVE: i64 = 0;
/// `adx_portalcommentdirectioncode` of what goes to the customer (its entity reference).
pub const TO_CUSTOMER: i64 = 2;

/// What making a case, or finding an open one, says.
pub fn made(row: &IncidentRow) -> Accepted {
    let id = row.incidentid.to_ascii_lowercase();
    let mut metadata = Map::new();
    metadata.insert("dynamics365_incident_id".to_owned(), Value::String(id.clone()));
    if let Some(number) = &row.ticketnumber {
        metadata.insert("dynamics365_ticket_number".to_owned(), Value::String(number.clone()));
    }
    let work = Work { id: VendorId(id), reference: row.ticketnumber.clone() };
    Accepted { work: Some(work), metadata, ..Accepted::default() }
}

/// What a case holds for the customer since a moment; `me` is our own user. Its own notes and
/// what its creation set off (an automatic acknowledgement is sent in its name) are no answers.
pub fn listing(row: IncidentRow, me: &str, prefix: &str, since: Timestamp) -> Listing {
    let theirs = |answer: &AnswerRow| {
        !answer.created_by.as_deref().is_some_and(|by| by.eq_ignore_ascii_case(me))
            && said_at(answer).is_none_or(|at| at >= since)
    };
    let emails = row.emails.into_iter().chain(row.portal_comments).filter(theirs);
    let emails = emails.filter_map(|answer| {
        let text = html::answer(answer.description.as_deref()?);
        message(answer, text)
    });
    let notes = row.notes.into_iter().filter(theirs).filter_map(|note| {
        let text = html::answer(note.notetext.as_deref()?);
        let said = after_prefix(&text, prefix)?.trim_start_matches(':').trim().to_owned();
        message(note, said)
    });
    let mut from_rep: Vec<RepMessage> = emails.chain(notes).collect();
    from_rep.sort_by_key(|message| message.at);
    let ended = row.statecode.is_some_and(|state| state != ACTIVE);
    Listing { from_rep, ended, ..Listing::default() }
}

/// What follows the prefix, whatever its case: some keyboards begin with a capital.
fn after_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn message(answer: AnswerRow, text: String) -> Option<RepMessage> {
    let at = said_at(&answer);
    let id = answer.activityid.or(answer.annotationid)?;
    let rep = answer.created_by_name.filter(|name| !name.trim().is_empty());
    let said = !text.is_empty();
    said.then(|| RepMessage {
        vendor_id: Some(VendorId(id.to_ascii_lowercase())),
        rep,
        at,
        content: Content::text(text),
    })
}

fn said_at(answer: &AnswerRow) -> Option<Timestamp> {
    let sent = answer.senton.as_deref().or(answer.createdon.as_deref());
    sent.and_then(Timestamp::read)
}
