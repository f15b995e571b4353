//! Routing attributes: what routing rules use, and what the rep's page shows of the customer.
//!
//! Names are those of fields or parameters of the channel, in their exact spelling; what the
//! channel does not know Salesforce drops without a word, which the check tells beforehand.

use baton_core::{brief::Sentiment, contact::PointKind, desk::Opening, handoff::Handoff};
use serde_json::{Map, Value, json};

use super::super::{config::Config, policy};
use crate::{mapped::filled, transcript};

/// Those that every conversation has.
pub const OWN: &[&str] = &[
    SESSION,
    "Channel",
    "Language",
    "Priority",
    "WindowEndsAt",
    "Name",
    "Phone",
    "Email",
    "Subject",
    "Summary",
    "Queue",
];
/// The public trace id.
const SESSION: &str = "OpencxSessionId";
/// What a mapped value may take from the handoff.
pub const WORDS: &[&str] =
    &["name", "phone", "email", "subject", "summary", "reason", "classification", "sentiment"];

/// All of them, on one line each and as long as their fields are.
pub fn of_opening(config: &Config, opening: &Opening<'_>) -> Value {
    let brief = opening.brief;
    let claimed = PointKind::Email.is_claimed_on(opening.channel);
    let own = [
        (SESSION, Some(opening.session.to_string())),
        ("Channel", Some(opening.channel.name().to_owned())),
        ("Language", Some(brief.language.clone())),
        ("Priority", Some(priority(brief.sentiment).to_owned())),
        ("WindowEndsAt", opening.window_until.map(|at| seconds(&at.rfc3339()))),
        ("Name", known("name", opening)),
        ("Phone", known("phone", opening)),
        // Routing rules may link by it, so that one that is only claimed stays here.
        ("Email", known("email", opening).filter(|_| !claimed)),
        ("Subject", Some(brief.subject.clone())),
        ("Summary", Some(brief.summary.clone())),
        ("Queue", opening.choice.queue.clone()),
    ];
    let mapped = config.routing_attributes.iter();
    let mapped = mapped
        .map(|(name, value)| (name.as_str(), Some(filled(value, |word| known(word, opening)))));
    let entries = own.into_iter().chain(mapped).filter_map(|(name, value)| {
        let most = config.declared.get(name).copied().flatten().unwrap_or(policy::ATTRIBUTE_MAX);
        let value = transcript::one_line(&value?, most);
        (!value.is_empty()).then(|| (name.to_owned(), json!(value)))
    });
    Value::Object(entries.collect())
}

/// Those of a session that is begun anew in a conversation: what the handoff itself knows.
pub fn of_handoff(handoff: &Handoff) -> Value {
    let mut all = Map::new();
    all.insert(SESSION.to_owned(), json!(handoff.session.to_string()));
    if let Some(brief) = &handoff.brief {
        let subject = transcript::one_line(&brief.subject, policy::ATTRIBUTE_MAX);
        all.insert("Language".to_owned(), json!(brief.language));
        all.insert("Priority".to_owned(), json!(priority(brief.sentiment)));
        all.insert("Subject".to_owned(), json!(subject));
    }
    Value::Object(all)
}

/// Two of the words that cases have for it by default ("Case Fields", Salesforce Help).
fn priority(sentiment: Sentiment) -> &'static str {
    if sentiment <= Sentiment::Negative { "High" } else { "Medium" }
}

/// 2026-11-20T10:00:00.000Z → 2026-11-20T10:00:00Z: what a flow reads as a date and time.
fn seconds(rfc3339: &str) -> String {
    match rfc3339.split_once('.') {
        Some((second, _)) => format!("{second}Z"),
        None => rfc3339.to_owned(),
    }
}

fn known(word: &str, opening: &Opening<'_>) -> Option<String> {
    let (contact, brief) = (opening.contact, opening.brief);
    match word {
        "name" => contact.name.clone(),
        "phone" => contact
            .point(PointKind::Phone)
            .map(|phone| format!("+{}", phone.trim_start_matches('+'))),
        "email" => contact.point(PointKind::Email).map(str::to_owned),
        "subject" => Some(brief.subject.clone()),
        "summary" => Some(brief.summary.clone()),
        "reason" => Some(brief.reason.clone()),
        "classification" => Some(brief.classification.clone()),
        "sentiment" => Some(brief.sentiment.words().to_owned()),
        _ => None,
    }
}
