//! The plan that makes a case, and what is noted on it afterwards.

use baton_core::{
    brief::{SUBJECT_MAX_CHARS, SUMMARY_MAX_CHARS},
    channel::Call,
    desk::{DeskWhat, Opening, PlanStep, ToDesk},
    fault::{Fault, FaultClass},
    file::SharedFile,
    handoff::{Handoff, PLAN_MAX_STEPS},
    message::{Author, AuthorKind, Content},
};
use serde_json::{Map, Value, json};

use super::{
    super::{
        config::Config,
        ids::{read_guid, row_of},
        policy,
    },
    contact,
    notes::{Attachment, NOTE, Note, Record},
    speaker,
};
use crate::{
    description::head,
    transcript::{self, one_line},
};

/// Makes the case, or goes on with an open one.
pub const INCIDENT: &str = "incident";
/// Puts it into its queue.
pub const QUEUE: &str = "queue";
/// Resolves it.
pub const RESOLVE: &str = "resolve";
/// What a step becomes that is not needed after all.
pub const NOTHING: &str = "nothing";

/// What a description ends with that is too long.
const REST: &str = "\n\nThe transcript is in the notes.";
/// What a rep reads when the session closed on our side.
pub const ENDED_BY_CUSTOMER: &str = "The conversation ended: nobody wrote any more.";
/// Under which a handoff keeps its contact; made by the first step.
pub const CONTACT: &str = "contact";
/// Under which it keeps the account that stands in for a contact.
pub const ACCOUNT: &str = "account";
/// Under which it keeps since when it goes on with a case that was open before: Dataverse's time.
pub const APPENDED: &str = "appended";

/// The plan: the contact, the case, its queue, the transcript where it is too long for the
/// description, and the files.
pub fn open(config: &Config, opening: &Opening<'_>) -> Vec<PlanStep> {
    let entries = transcript::entries(opening.transcript);
    let max = config.cases.description_max;
    let full = head(opening, &opening.brief.summary);
    let whole = with_transcript(&full, &entries);
    let description = fitting(&short_head(opening, max), &whole, max);
    let mut plan = vec![contact::step(opening), incident(opening, &description, &full, &whole)];
    plan.extend(queue(config, opening));
    // A line about contacts may be added when the case is made, and then there may be no room.
    let length = transcript::units(&whole);
    if length + policy::AMBIGUITY_BYTES > max {
        plan.extend(transcript_files(config, opening, &full, &entries, length <= max));
    }
    let room = PLAN_MAX_STEPS.saturating_sub(plan.len() + 1);
    plan.extend(files(opening.files, room));
    plan
}

fn step(name: impl Into<String>, call: Value) -> PlanStep {
    PlanStep { step: name.into(), call, optional: false }
}

fn incident(opening: &Opening<'_>, description: &str, head: &str, whole: &str) -> PlanStep {
    // What the settings add is read when the case is made, so that a corrected setting helps a
    // case that still waits for it.
    let call = json!({
        "operation": INCIDENT,
        "title": one_line(&opening.brief.subject, SUBJECT_MAX_CHARS),
        "description": description,
        "again": fitting(head, whole, policy::NOTE_MAX),
        "channel": opening.channel.name(),
    });
    step(INCIDENT, call)
}

/// The queue of the route, else of the settings. A case without its queue is better than none.
fn queue(config: &Config, opening: &Opening<'_>) -> Option<PlanStep> {
    let of_settings = config.cases.queue_id.as_ref().or(config.default_queue_id.as_ref());
    let queue = opening.choice.queue.as_ref().or(of_settings)?;
    let call = json!({ "operation": QUEUE, "queue": queue });
    Some(PlanStep { optional: true, ..step(QUEUE, call) })
}

/// The same with as much of the summary as leaves room for everything else: the customer's
/// details are never cut off.
fn short_head(opening: &Opening<'_>, max: usize) -> String {
    const STEP: usize = 100;
    let summary: Vec<char> = opening.brief.summary.chars().take(SUMMARY_MAX_CHARS).collect();
    let mut kept = summary.len();
    loop {
        let mut words: String = summary[..kept].iter().collect();
        if kept < summary.len() {
            words.push('…');
        }
        let head = head(opening, &words);
        if kept == 0 || transcript::units(&head) + REST.len() <= max {
            return head;
        }
        kept = kept.saturating_sub(STEP);
    }
}

fn with_transcript(head: &str, entries: &[String]) -> String {
    if entries.is_empty() {
        return head.to_owned();
    }
    format!(
        "{head}\n\nTranscript, oldest first; lines with > are what was said.\n{}",
        entries.join("\n")
    )
}

/// The whole, or the head with a word about where the rest is, cut to what fits. Counted in
/// UTF-16 units, as Dataverse does.
fn fitting(head: &str, whole: &str, max: usize) -> String {
    if transcript::units(whole) <= max {
        return whole.to_owned();
    }
    let mut room = max.saturating_sub(REST.len());
    let fits = |c: &char| {
        let rest = room.checked_sub(c.len_utf16());
        room = rest.unwrap_or(room);
        rest.is_some()
    };
    let kept: String = head.chars().take_while(fits).collect();
    format!("{kept}{REST}")
}

/// Brief and transcript as text files, each within the organisation's limit. Of more than a few the
/// oldest are left out.
fn transcript_files(
    config: &Config,
    opening: &Opening<'_>,
    head: &str,
    entries: &[String],
    only_if_ambiguous: bool,
) -> Vec<PlanStep> {
    let limit = usize::try_from(config.attachment_bytes).unwrap_or(usize::MAX);
    let mut parts = vec![format!("{head}\n\n")];
    let whole_bytes = head.len() + entries.iter().map(String::len).sum::<usize>();
    for entry in entries {
        let full = parts.last().is_some_and(|part| part.len() + entry.len() > limit);
        if full {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut() {
            part.push_str(entry);
            part.push('\n');
        }
    }
    let left_out = parts.len().saturating_sub(policy::TRANSCRIPT_PARTS_MAX);
    let parts = parts.split_off(left_out);
    let count = parts.len();
    let of = |(index, text): (usize, String)| {
        let name = match count {
            1 => "transcript.txt".to_owned(),
            _ => format!("transcript-{}-of-{count}.txt", index + 1),
        };
        let words = if left_out > 0 && index == 0 {
            format!("What is older is in Baton, session {}.", opening.session)
        } else {
            format!("Session {}, oldest first.", opening.session)
        };
        let call = json!({
            "operation": NOTE, "subject": "Transcript", "text": words,
            "file": Attachment::Text { name, text },
            // A case that is gone on with has it in its note, where it fits.
            "unless_appended": whole_bytes <= policy::NOTE_MAX,
            "only_if_ambiguous": only_if_ambiguous,
        });
        step(format!("transcript {}", index + 1), call)
    };
    parts.into_iter().enumerate().map(of).collect()
}

/// The first files as notes of their own, the rest as links in one.
fn files(files: &[SharedFile], room: usize) -> Vec<PlanStep> {
    let (first, rest) = files.split_at(files.len().min(room));
    let mut steps: Vec<PlanStep> = first.iter().map(file).collect();
    if !rest.is_empty() {
        let mut lines = vec![format!("{} more files, to be opened by their links:", rest.len())];
        let line = |shared: &SharedFile| {
            let (file, link) = (&shared.file, &shared.link);
            format!("{} ({} KB): {link}", file.name, file.size_bytes.div_ceil(1_024))
        };
        lines.extend(rest.iter().map(line));
        let call = json!({ "operation": NOTE, "subject": "Files", "text": lines.join("\n") });
        steps.push(step("more files", call));
    }
    steps
}

fn file(shared: &SharedFile) -> PlanStep {
    let author = transcript::author_word(shared.author);
    let text = format!("{author}, {}", transcript::minute(shared.at));
    let call = json!({
        "operation": NOTE, "subject": format!("File: {}", shared.file.name), "text": text,
        "kept": shared.file, "link": shared.link,
    });
    step(format!("file {}", shared.file.name), call)
}

/// One thing for a case, in the vendor's words.
pub fn render(config: &Config, to_desk: &ToDesk<'_>) -> Result<Call, Fault> {
    match to_desk.what {
        DeskWhat::Plan(call) => plan_step(config, to_desk, call),
        DeskWhat::Message { author, content, file_url } => {
            let record = Record::incident(work(to_desk.handoff)?);
            note(&message(to_desk, record, author, content, file_url))
        }
        DeskWhat::Note(text) => {
            note(&ours(to_desk, Record::incident(work(to_desk.handoff)?), text))
        }
        DeskWhat::Close => close(config, to_desk),
    }
}

fn work(handoff: &Handoff) -> Result<String, Fault> {
    let unknown = || Fault::new(FaultClass::Bug, "the case in Dynamics 365 is not known yet");
    row_of(handoff).ok_or_else(unknown)
}

/// A note as a call.
pub fn note(note: &Note) -> Result<Call, Fault> {
    let body = serde_json::to_value(note);
    let body = body.map_err(|_| Fault::new(FaultClass::Bug, "the note cannot be written down"))?;
    Ok(Call { operation: NOTE.to_owned(), body })
}

/// What somebody said after the handoff. A customer's words to a closed case are another matter.
pub fn message(
    to_desk: &ToDesk<'_>,
    record: Record,
    author: &Author,
    content: &Content,
    link: Option<&str>,
) -> Note {
    let stored = match content {
        Content::Media { file: Some(file), .. } => file.stored(),
        _ => None,
    };
    let file = stored.map(|file| Attachment::Kept {
        workspace: to_desk.handoff.workspace,
        file: file.clone(),
        link: link.map(str::to_owned),
    });
    let named = Author::named(
        author.kind,
        author.name.clone().or_else(|| {
            let name = to_desk.contact.name.clone();
            name.filter(|_| author.kind == AuthorKind::Customer)
        }),
    );
    Note {
        id: to_desk.delivery,
        record,
        only_while_open: author.kind == AuthorKind::Customer,
        subject: speaker(&named),
        text: content.as_text(),
        file,
    }
}

/// A line of Baton's own.
pub fn ours(to_desk: &ToDesk<'_>, record: Record, text: &str) -> Note {
    Note {
        id: to_desk.delivery,
        record,
        only_while_open: false,
        subject: super::SENDER.to_owned(),
        text: text.to_owned(),
        file: None,
    }
}

fn close(config: &Config, to_desk: &ToDesk<'_>) -> Result<Call, Fault> {
    let case = work(to_desk.handoff)?;
    if config.cases.resolves {
        return Ok(Call { operation: RESOLVE.to_owned(), body: json!({ "case": case }) });
    }
    note(&ours(to_desk, Record::incident(case), ENDED_BY_CUSTOMER))
}

fn plan_step(config: &Config, to_desk: &ToDesk<'_>, call: &Value) -> Result<Call, Fault> {
    let text = |key: &str| call.get(key).and_then(Value::as_str);
    let appended = to_desk.handoff.learned.contains_key(APPENDED);
    let nothing = Call { operation: NOTHING.to_owned(), body: Value::Null };
    match text("operation") {
        Some(CONTACT) => contact::render(config, to_desk, call),
        Some(INCIDENT) => make(config, to_desk, call),
        // A case that somebody works on stays where it is.
        Some(QUEUE) if appended => Ok(nothing),
        Some(QUEUE) => {
            let queue = text("queue").unwrap_or_default();
            let Some(queue) = read_guid(queue.trim()) else {
                let text = format!(
                    "the queue {:?} is not a GUID; correct the route's queue or case_queue_id",
                    one_line(queue, 80)
                );
                return Err(Fault::new(FaultClass::ContentRejected, text));
            };
            let body = json!({ "queue": queue, "case": work(to_desk.handoff)? });
            Ok(Call { operation: QUEUE.to_owned(), body })
        }
        Some(NOTE) if appended && call["unless_appended"] == json!(true) => Ok(nothing),
        Some(NOTE)
            if call["only_if_ambiguous"] == json!(true)
                && contact::ambiguity(config, to_desk).is_none() =>
        {
            Ok(nothing)
        }
        Some(NOTE) => planned_note(to_desk, Record::incident(work(to_desk.handoff)?), call),
        _ => Err(no_step()),
    }
}

/// What no plan of this desk holds.
pub fn no_step() -> Fault {
    Fault::new(FaultClass::Bug, "the step of the plan is not one of this desk's")
}

/// A note of the plan.
pub fn planned_note(to_desk: &ToDesk<'_>, record: Record, call: &Value) -> Result<Call, Fault> {
    let text = |key: &str| call.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let file = match (call.get("file"), call.get("kept")) {
        (Some(file), _) => Some(serde_json::from_value(file.clone()).map_err(|_| no_step())?),
        (None, Some(kept)) => Some(Attachment::Kept {
            workspace: to_desk.handoff.workspace,
            file: serde_json::from_value(kept.clone()).map_err(|_| no_step())?,
            link: call.get("link").and_then(Value::as_str).map(str::to_owned),
        }),
        (None, None) => None,
    };
    note(&Note {
        id: to_desk.delivery,
        record,
        only_while_open: false,
        subject: text("subject"),
        text: text("text"),
        file,
    })
}

/// The case, whose id is the handoff's. Only a contact who is known for sure has a case to go on
/// with: an account may stand for many people.
fn make(config: &Config, to_desk: &ToDesk<'_>, call: &Value) -> Result<Call, Fault> {
    let learned = |key: &str| to_desk.handoff.learned.get(key).and_then(|id| read_guid(id));
    let text = |key: &str| call.get(key).and_then(Value::as_str).unwrap_or_default();
    let mut columns = columns(config, to_desk.handoff, text("channel"));
    columns.insert("title".to_owned(), json!(text("title")));
    let description = match contact::ambiguity(config, to_desk) {
        Some(line) => with_line(text("description"), &line),
        None => text("description").to_owned(),
    };
    let description = fitting(&description, &description, config.cases.description_max);
    columns.insert("description".to_owned(), json!(description));
    let (contact, account) = (learned(CONTACT), learned(ACCOUNT));
    let (bind, row) = match (&contact, &account) {
        (Some(contact), _) => ("customerid_contact@odata.bind", format!("/contacts({contact})")),
        (None, Some(account)) => ("customerid_account@odata.bind", format!("/accounts({account})")),
        (None, None) => {
            return Err(Fault::new(
                FaultClass::ContentRejected,
                "the case has no customer, which Dynamics 365 demands; set fallback_account_id",
            ));
        }
    };
    columns.insert(bind.to_owned(), json!(row));
    let again = contact.filter(|_| config.cases.appends).map(|contact| {
        json!({
            "contact": contact, "note": to_desk.delivery, "subject": text("title"),
            "text": text("again"),
        })
    });
    let body = json!({ "case": to_desk.handoff.id, "columns": columns, "again": again });
    Ok(Call { operation: INCIDENT.to_owned(), body })
}

/// Adds a line below the three that a description begins with.
fn with_line(description: &str, line: &str) -> String {
    let (head, rest) = description.split_once("\n\n").unwrap_or((description, ""));
    format!("{head}\n{line}\n\n{rest}")
}

/// What the settings say of every case.
fn columns(config: &Config, handoff: &Handoff, channel: &str) -> Map<String, Value> {
    let cases = &config.cases;
    let mut columns = cases.properties.clone();
    if let Some(origin) = cases.origin.get(channel) {
        columns.insert("caseorigincode".to_owned(), origin.clone());
    }
    // The sentiment decides before the classification.
    let words = handoff.brief.iter().flat_map(|brief| {
        [brief.sentiment.words().to_lowercase(), brief.classification.to_lowercase()]
    });
    if let Some(priority) = words.into_iter().find_map(|word| cases.priority.get(&word)) {
        columns.insert("prioritycode".to_owned(), priority.clone());
    }
    if let Some(owner) = &cases.owner {
        columns.insert("ownerid@odata.bind".to_owned(), json!(owner));
    }
    columns
}
