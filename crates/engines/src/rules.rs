//! What holds for every engine, and before it: the customer's way to a person does not depend
//! on what a model makes of it.

use std::borrow::Cow;

use baton_core::{
    engine::{Decision, Snapshot},
    handoff::HandoffReason,
    message::AuthorKind,
};

use crate::{detect, replies};

/// The most unanswered lines that a turn reads, and the most characters of one.
const LINES_MAX: usize = 20;
const LINE_MAX_CHARS: usize = 4_000;

/// What the customer wrote since the last answer.
pub struct Heard {
    /// The lines, one below the other.
    pub text: String,
    /// The language to answer in (ISO 639-1).
    pub language: String,
}

/// The newest unanswered lines together; none when there is nothing to answer.
pub fn heard(snapshot: &Snapshot) -> Option<Heard> {
    let start = snapshot.lines.len().saturating_sub(snapshot.unanswered.min(LINES_MAX));
    let lines: Vec<Cow<'_, str>> = snapshot.lines[start..]
        .iter()
        .filter(|line| line.author == AuthorKind::Customer)
        .map(|line| detect::ends(line.text.trim(), LINE_MAX_CHARS))
        .filter(|text| !text.is_empty())
        .collect();
    let text = lines.join("\n");
    let language = language(snapshot, &text);
    (!lines.is_empty()).then_some(Heard { text, language })
}

/// The language of the new words where there are enough of them, else what is known.
fn language(snapshot: &Snapshot, text: &str) -> String {
    let found = detect::language(text);
    let long_enough = text.chars().count() >= 12;
    match (&snapshot.language, found) {
        (Some(known), Some(found)) if long_enough && found != known => found.to_owned(),
        (Some(known), _) => known.clone(),
        (None, Some(found)) => found.to_owned(),
        (None, None) => snapshot.default_language.clone(),
    }
}

/// What is decided before any engine is asked.
pub fn first(snapshot: &Snapshot, heard: &Heard) -> Option<Decision> {
    let rules = &snapshot.rules;
    let handoff = |reason| Some(Decision::Handoff { reason });
    if detect::forbidden_topic(&heard.text, &rules.forbidden_topics).is_some() {
        return handoff(HandoffReason::ForbiddenTopic);
    }
    if asks_for_person(snapshot, heard) {
        return if rules.on_request {
            handoff(HandoffReason::CustomerAsked)
        } else {
            Some(Decision::Reply {
                text: replies::of(&heard.language).no_person.to_owned(),
                choices: Vec::new(),
                citations: Vec::new(),
                knew: true,
            })
        };
    }
    if rules.on_frustration && detect::is_frustrated(&heard.text) {
        return handoff(HandoffReason::Frustration);
    }
    None
}

/// In so many words, in words spread over two messages, or with a yes to our own offer.
fn asks_for_person(snapshot: &Snapshot, heard: &Heard) -> bool {
    detect::asks_for_person(&heard.text)
        || (heard.text.contains('\n') && detect::asks_for_person(&heard.text.replace('\n', " ")))
        || (was_offered(snapshot) && detect::is_yes(&heard.text))
}

/// Whether the last answer offered a person.
pub fn was_offered(snapshot: &Snapshot) -> bool {
    last_answer(snapshot).is_some_and(replies::offers_person)
}

/// What the AI said last, if it was the last to speak before the customer.
pub fn last_answer(snapshot: &Snapshot) -> Option<&str> {
    let answered = snapshot.lines.len().saturating_sub(snapshot.unanswered);
    let last = snapshot.lines[..answered].last()?;
    (last.author == AuthorKind::Ai).then_some(last.text.as_str())
}

/// What becomes of an answer that does not know: the last one allowed in a row is a handoff.
/// Where it offers a person in our words, yes and no can be tapped.
pub fn miss(snapshot: &Snapshot, text: String, choices: Vec<String>) -> Decision {
    let allowed = snapshot.rules.after_misses;
    if allowed > 0 && snapshot.misses.saturating_add(1) >= allowed {
        return Decision::Handoff { reason: HandoffReason::RepeatedMisses };
    }
    let choices = if choices.is_empty() { replies::choices(&text) } else { choices };
    Decision::Reply { text, choices, citations: Vec::new(), knew: false }
}

/// "I don't know" in the customer's language, with the offer of a person where there is one.
pub fn dont_know(snapshot: &Snapshot, language: &str) -> String {
    let words = replies::of(language);
    if snapshot.rules.on_request {
        format!("{} {}", words.dont_know, words.offer)
    } else {
        words.dont_know.to_owned()
    }
}
