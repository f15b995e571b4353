//! The context variables of a conversation: for reps to read and for routing rules to use.

use baton_core::{contact::PointKind, desk::Opening};
use serde_json::{Value, json};

use super::super::{config::Config, place, policy};
use crate::{mapped::filled, transcript};

/// The context variable that holds the handoff's id.
pub const HANDOFF: &str = "batonHandoffId";
/// Those that every conversation has.
pub const OWN: &[&str] = &[
    "sessionId",
    "channel",
    "classification",
    "sentiment",
    "language",
    "handoffReason",
    "queue",
    HANDOFF,
];
/// What a mapped value may take from the handoff.
pub const WORDS: &[&str] = &["name", "phone", "email", "subject", "summary", "reason"];

/// All of them, displayable and short.
pub fn variables(config: &Config, opening: &Opening<'_>) -> Value {
    let (brief, queue) = (opening.brief, &opening.choice.queue);
    let own = [
        ("sessionId", Some(opening.session.to_string())),
        ("channel", Some(opening.channel.name().to_owned())),
        ("classification", Some(brief.classification.clone())),
        ("sentiment", Some(brief.sentiment.words().to_owned())),
        ("language", Some(brief.language.clone())),
        ("handoffReason", Some(opening.handoff.reason.name().to_owned())),
        // A channel or a workstream decides by itself; any other word is for routing rules.
        ("queue", queue.clone().filter(|_| place::named(queue.as_deref()).is_none())),
    ];
    let mapped = config.context_variables.iter();
    let mapped = mapped
        .map(|(name, value)| (name.as_str(), Some(filled(value, |word| known(word, opening)))));
    let entries = own.into_iter().chain(mapped).filter_map(|(name, value)| {
        let value = transcript::one_line(&value?, policy::CONTEXT_MAX);
        let entry = json!({ "isDisplayable": true, "value": value });
        (!value.is_empty()).then(|| (name.to_owned(), entry))
    });
    // Not for people: by it the conversation is found when the answer to its making was lost.
    let id = json!({ "isDisplayable": false, "value": opening.handoff.id.to_string() });
    Value::Object(entries.chain([(HANDOFF.to_owned(), id)]).collect())
}

fn known(word: &str, opening: &Opening<'_>) -> Option<String> {
    let (contact, brief) = (opening.contact, opening.brief);
    match word {
        "name" => contact.name.clone(),
        "phone" => contact.point(PointKind::Phone).map(str::to_owned),
        "email" => contact.point(PointKind::Email).map(str::to_owned),
        "subject" => Some(brief.subject.clone()),
        "summary" => Some(brief.summary.clone()),
        "reason" => Some(brief.reason.clone()),
        _ => None,
    }
}
