//! What is written on a case after it was made: words as comments or posts, and files.

use baton_core::{
    channel::Call,
    desk::ToDesk,
    fault::{Fault, FaultClass},
    file::{StoredFile, is_active},
    ids::{DeliveryId, WorkspaceId},
    message::{Author, AuthorKind, Content},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    CASE_FILE, CASE_NOTE,
    case::{self, APPENDED},
    no_step, nothing,
};
use crate::{
    salesforce::{
        config::crm::{Crm, Transcript},
        policy::crm as policy,
    },
    transcript::{MARK, author_word, one_line, shown_name},
};

/// Words for a case, as the client is told of them.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Note {
    pub case: String,
    /// Each within what one comment or post takes; together one utterance.
    pub texts: Vec<String>,
    /// Posts instead of comments.
    pub feed: bool,
    /// Refused once the case is closed.
    pub only_while_open: bool,
}

/// A file for a case.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct File {
    pub case: String,
    /// By which it is known again: its delivery.
    pub mark: DeliveryId,
    pub title: String,
    pub file: Attachment,
    /// What is written beside it, where somebody said something with it.
    pub note: Option<Note>,
    /// What is written where the file itself cannot be given.
    pub instead: Note,
}

/// Where the bytes are.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Attachment {
    /// Words in a file of their own.
    Text { name: String, text: String },
    /// A file that the hub keeps.
    Kept { workspace: WorkspaceId, file: StoredFile },
}

/// The most bytes of one comment or post, with room for a heading.
pub fn most(crm: &Crm) -> usize {
    const HEADING: usize = 100;
    limit(crm) - HEADING
}

fn limit(crm: &Crm) -> usize {
    match crm.cases.transcript {
        Transcript::Comments => policy::COMMENT_MAX_BYTES,
        Transcript::Feed => policy::POST_MAX_BYTES,
    }
}

/// Packs texts into parts of so many bytes; one that is longer goes on in the next part.
pub fn packed(texts: &[String], max_bytes: usize) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for piece in texts.iter().flat_map(|text| pieces(text, max_bytes)) {
        match parts.last_mut() {
            Some(part) if part.len() + piece.len() < max_bytes => {
                part.push('\n');
                part.push_str(piece);
            }
            _ => parts.push(piece.to_owned()),
        }
    }
    parts
}

/// A text in pieces of at most so many bytes, cut at the ends of lines or words where there are any.
fn pieces(text: &str, max_bytes: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while rest.len() > max_bytes {
        let end = rest.floor_char_boundary(max_bytes);
        let last = |sign: char| rest[..end].rfind(sign).filter(|at| *at > max_bytes / 2);
        let (piece, after) = rest.split_at(last('\n').or_else(|| last(' ')).unwrap_or(end));
        pieces.push(piece);
        rest = after.trim_start_matches(['\n', ' ']);
    }
    pieces.push(rest);
    pieces
}

fn note(crm: &Crm, case: &str, text: &str, only_while_open: bool) -> Note {
    let mut texts: Vec<String> = pieces(text, limit(crm)).into_iter().map(str::to_owned).collect();
    texts.truncate(policy::PARTS_MAX);
    let feed = crm.cases.transcript == Transcript::Feed;
    Note { case: case.to_owned(), texts, feed, only_while_open }
}

fn call(operation: &str, body: &impl Serialize) -> Result<Call, Fault> {
    let body = serde_json::to_value(body);
    let body = body.map_err(|_| Fault::new(FaultClass::Bug, "the words cannot be written down"))?;
    Ok(Call { operation: operation.to_owned(), body })
}

/// A line of Baton's own.
pub fn ours(crm: &Crm, to_desk: &ToDesk<'_>, text: &str) -> Result<Call, Fault> {
    let case = case::of(to_desk.handoff)?;
    call(CASE_NOTE, &note(crm, case, &format!("{MARK} {text}"), false))
}

/// What somebody said after the handoff. A customer's words to a closed case are another matter.
pub fn message(
    crm: &Crm,
    to_desk: &ToDesk<'_>,
    author: &Author,
    content: &Content,
    link: Option<&str>,
) -> Result<Call, Fault> {
    let case = case::of(to_desk.handoff)?;
    let customers = author.kind == AuthorKind::Customer;
    let name = author.name.as_ref().or(to_desk.contact.name.as_ref().filter(|_| customers));
    let by = match name {
        Some(name) => format!("{} ({})", author_word(author.kind), shown_name(name)),
        None => author_word(author.kind).to_owned(),
    };
    let words = format!("{by}: {}", content.as_text());
    let said = note(crm, case, &words, customers);
    let stored = match content {
        Content::Media { file: Some(file), .. } => file.stored(),
        _ => None,
    };
    let Some(stored) = stored else { return call(CASE_NOTE, &said) };
    let instead = note(crm, case, &format!("{words}\n{}", link_line(stored, link)), customers);
    if !goes_as_file(stored) {
        return call(CASE_NOTE, &instead);
    }
    let workspace = to_desk.handoff.workspace;
    let file = File {
        case: case.to_owned(),
        mark: to_desk.delivery,
        title: one_line(&format!("{} ({by})", stored.name), policy::TITLE_MAX),
        file: Attachment::Kept { workspace, file: stored.clone() },
        note: Some(said),
        instead,
    };
    call(CASE_FILE, &file)
}

/// Whether Salesforce takes it, and no browser would run it there.
fn goes_as_file(file: &StoredFile) -> bool {
    (1..=policy::FILE_MAX_BYTES).contains(&file.size_bytes) && !is_active(&file.mime_type)
}

/// Where a file can be had.
pub fn link_line(file: &StoredFile, link: Option<&str>) -> String {
    let kib = file.size_bytes.div_ceil(1_024);
    format!("{} ({kib} KB): {}", file.name, link.unwrap_or("open it in Baton"))
}

/// Words or a file of the plan.
pub fn planned(crm: &Crm, to_desk: &ToDesk<'_>, step: &Value) -> Result<Call, Fault> {
    let text = |key: &str| step.get(key).and_then(Value::as_str).unwrap_or_default();
    let appended = to_desk.handoff.learned.contains_key(APPENDED);
    if step["only_if_appended"] == json!(true) && !appended {
        return Ok(nothing());
    }
    let case = case::of(to_desk.handoff)?;
    if text("operation") == CASE_NOTE {
        return call(CASE_NOTE, &note(crm, case, text("text"), false));
    }
    let title = one_line(text("title"), policy::TITLE_MAX);
    let link = step.get("link").and_then(Value::as_str);
    let (file, line) = match (step.get("file"), step.get("kept")) {
        (Some(file), _) => {
            let file: Attachment = serde_json::from_value(file.clone()).map_err(|_| no_step())?;
            (file, format!("{title}: it is in Baton"))
        }
        (None, Some(kept)) => {
            let kept: StoredFile = serde_json::from_value(kept.clone()).map_err(|_| no_step())?;
            let line = format!("{title}\n{}", link_line(&kept, link));
            if !goes_as_file(&kept) {
                return call(CASE_NOTE, &note(crm, case, &line, false));
            }
            (Attachment::Kept { workspace: to_desk.handoff.workspace, file: kept }, line)
        }
        (None, None) => return Err(no_step()),
    };
    let instead = note(crm, case, &line, false);
    let (case, mark) = (case.to_owned(), to_desk.delivery);
    call(CASE_FILE, &File { case, mark, title, file, note: None, instead })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_within_their_bytes_and_nothing_is_lost() {
        let texts: Vec<String> = (0..40).map(|n| format!("{n}\n> {}", "é".repeat(n * 7))).collect();
        let parts = packed(&texts, 300);
        assert!(parts.iter().all(|part| part.len() <= 300), "{parts:?}");
        let signs: usize = parts.iter().map(|part| part.matches('é').count()).sum();
        assert_eq!(signs, (0..40).map(|n| n * 7).sum::<usize>());
        assert_eq!(packed(&["a".to_owned(), "b".to_owned()], 300), ["a\nb"]);
    }
}
