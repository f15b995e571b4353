//! The plan that makes a case, and its end.

use baton_core::{
    brief::{SUBJECT_MAX_CHARS, SUMMARY_MAX_CHARS},
    channel::Call,
    contact::{Contact, PointKind},
    desk::{Opening, PlanStep, ToDesk},
    fault::{Fault, FaultClass},
    file::SharedFile,
    handoff::{Handoff, PLAN_MAX_STEPS},
};
use serde_json::{Map, Value, json};

use super::{
    CASE, CASE_CLOSE, CASE_FILE, CASE_NOTE, contact,
    note::{self, Attachment},
};
use crate::{
    description::head,
    salesforce::{
        config::{Config, crm::Crm},
        policy::crm as policy,
    },
    transcript::{self, author_word, minute, one_line},
};

/// Under which a handoff keeps since when it goes on with a case that was open before.
pub const APPENDED: &str = "appended";
/// What a rep reads when the session closed on our side.
const ENDED: &str = "The conversation ended: nobody wrote any more.";

/// The plan: the contact, the case, the brief where the case was open before, the transcript, the
/// files.
pub fn open(crm: &Crm, opening: &Opening<'_>) -> Vec<PlanStep> {
    let summary: String = opening.brief.summary.chars().take(SUMMARY_MAX_CHARS).collect();
    let head = head(opening, &summary);
    let mut plan = vec![contact::step(opening), made(opening, &head)];
    plan.push(step(
        "brief",
        json!({ "operation": CASE_NOTE, "text": head, "only_if_appended": true }),
    ));
    plan.extend(words(crm, opening));
    let room = PLAN_MAX_STEPS.saturating_sub(plan.len() + 1);
    plan.extend(files(opening.files, room));
    plan
}

fn step(name: impl Into<String>, call: Value) -> PlanStep {
    PlanStep { step: name.into(), call, optional: false }
}

/// What the settings add is read when the case is made, so that a corrected setting helps a case
/// that still waits for it.
fn made(opening: &Opening<'_>, head: &str) -> PlanStep {
    step(
        "case",
        json!({
            "operation": CASE,
            "subject": one_line(&opening.brief.subject, SUBJECT_MAX_CHARS),
            "description": head,
            "channel": opening.channel.name(),
        }),
    )
}

/// The newest of the transcript as words; all of it as a text file where that is not all.
fn words(crm: &Crm, opening: &Opening<'_>) -> Vec<PlanStep> {
    let entries = transcript::entries(opening.transcript);
    if entries.is_empty() {
        return Vec::new();
    }
    let parts = note::packed(&entries, note::most(crm));
    let left_out = parts.len().saturating_sub(policy::TRANSCRIPT_PARTS_MAX);
    let count = parts.len() - left_out;
    let told = parts.into_iter().skip(left_out).enumerate().map(|(at, text)| {
        let heading = format!("Transcript, part {} of {count}, oldest first:", at + 1);
        let call = json!({ "operation": CASE_NOTE, "text": format!("{heading}\n{text}") });
        step(format!("transcript {}", at + 1), call)
    });
    let whole = (left_out > 0).then(|| whole(&entries));
    whole.into_iter().chain(told).collect()
}

/// The newest end of a transcript that is longer than its file may be.
fn whole(entries: &[String]) -> PlanStep {
    let mut size = 0;
    let fits = |entry: &&String| {
        size += entry.len() + 1;
        size <= policy::TRANSCRIPT_FILE_BYTES
    };
    let kept = entries.iter().rev().take_while(fits).count();
    let text = entries[entries.len() - kept..].join("\n");
    let file = Attachment::Text { name: "transcript.txt".to_owned(), text };
    step("transcript", json!({ "operation": CASE_FILE, "title": "Transcript", "file": file }))
}

/// The first files, the rest as links in one note.
fn files(files: &[SharedFile], room: usize) -> Vec<PlanStep> {
    let (first, rest) = files.split_at(files.len().min(room));
    let mut steps: Vec<PlanStep> = first.iter().map(file).collect();
    if !rest.is_empty() {
        let mut lines = vec![format!("{} more files, to be opened by their links:", rest.len())];
        lines.extend(rest.iter().map(|shared| note::link_line(&shared.file, Some(&shared.link))));
        let call = json!({ "operation": CASE_NOTE, "text": lines.join("\n") });
        steps.push(step("more files", call));
    }
    steps
}

fn file(shared: &SharedFile) -> PlanStep {
    let title =
        format!("{} ({}, {})", shared.file.name, author_word(shared.author), minute(shared.at));
    let call = json!({
        "operation": CASE_FILE, "title": title, "kept": shared.file, "link": shared.link,
    });
    step(format!("file {}", shared.file.name), call)
}

/// The case as a call. Only a contact who is known for sure has a case to go on with.
pub fn render(
    config: &Config,
    crm: &Crm,
    to_desk: &ToDesk<'_>,
    call: &Value,
) -> Result<Call, Fault> {
    let text = |key: &str| call.get(key).and_then(Value::as_str).unwrap_or_default();
    let handoff = to_desk.handoff;
    let known = handoff.learned.get(contact::KNOWN);
    let mut fields = fields(crm, handoff, text("channel"));
    let mut put = |key: &str, value: &str, max: usize| {
        let cut: String = value.chars().take(max).collect();
        if !cut.is_empty() {
            fields.insert(key.to_owned(), json!(cut));
        }
    };
    put("Subject", text("subject"), policy::SUBJECT_MAX);
    let description = match contact::ambiguity(config, to_desk) {
        Some(line) => with_line(text("description"), &line),
        None => text("description").to_owned(),
    };
    put("Description", &description, policy::DESCRIPTION_MAX);
    supplied(to_desk.contact, &mut put);
    if let Some(contact) = known {
        put("ContactId", contact, policy::FULL_NAME_MAX);
    }
    let owner = handoff.target.queue.as_deref().map(str::trim).filter(|queue| !queue.is_empty());
    let body = json!({
        "key": handoff.id,
        "keeps_key": crm.cases.external_id.is_some(),
        "fields": fields,
        "owner": owner.or(crm.cases.owner.as_deref()),
        "record_type": crm.cases.record_type,
        "contact": known.filter(|_| crm.cases.appends),
    });
    Ok(Call { operation: CASE.to_owned(), body })
}

/// Who the customer is, as they said: an address stands in its own field, whoever it belongs to.
fn supplied(contact: &Contact, put: &mut impl FnMut(&str, &str, usize)) {
    let name = contact.name.as_deref().unwrap_or_default();
    put("SuppliedName", &one_line(name, policy::SUPPLIED_NAME_MAX), policy::SUPPLIED_NAME_MAX);
    // What is too long is left out: a cut would name somebody else.
    let email = contact.point(PointKind::Email).unwrap_or_default();
    if email.chars().count() <= policy::EMAIL_MAX {
        put("SuppliedEmail", email, policy::EMAIL_MAX);
    }
    if let Some(phone) = contact.point(PointKind::Phone) {
        let phone = format!("+{}", phone.trim_start_matches('+'));
        put("SuppliedPhone", &phone, policy::PHONE_MAX);
    }
}

/// Adds a line below the three that a description begins with.
fn with_line(description: &str, line: &str) -> String {
    let (head, rest) = description.split_once("\n\n").unwrap_or((description, ""));
    format!("{head}\n{line}\n\n{rest}")
}

/// What the settings say of every case.
fn fields(crm: &Crm, handoff: &Handoff, channel: &str) -> Map<String, Value> {
    let cases = &crm.cases;
    let mut fields = cases.properties.clone();
    if let Some(origin) = cases.origin.get(channel) {
        fields.insert("Origin".to_owned(), origin.clone());
    }
    // The sentiment decides before the classification.
    let words = handoff.brief.iter().flat_map(|brief| {
        [brief.sentiment.words().to_lowercase(), brief.classification.to_lowercase()]
    });
    if let Some(priority) = words.into_iter().find_map(|word| cases.priority.get(&word)) {
        fields.insert("Priority".to_owned(), priority.clone());
    }
    fields
}

/// The session closed on our side.
pub fn close(crm: &Crm, to_desk: &ToDesk<'_>) -> Result<Call, Fault> {
    let Some(status) = &crm.cases.closed_status else { return note::ours(crm, to_desk, ENDED) };
    let case = of(to_desk.handoff)?;
    Ok(Call { operation: CASE_CLOSE.to_owned(), body: json!({ "case": case, "status": status }) })
}

/// The case that a handoff has made.
pub fn of(handoff: &Handoff) -> Result<&str, Fault> {
    let id = handoff.work.as_ref().map(|work| work.id.as_str());
    id.ok_or_else(|| Fault::new(FaultClass::Bug, "the case in Salesforce is not known yet"))
}
