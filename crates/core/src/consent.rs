//! What a person has allowed us to send.

use serde::{Deserialize, Serialize};

use crate::{contact::Point, ids::InboxId, time::Timestamp};

/// What an opt-out covers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentScope {
    /// Everything that we would begin: templates of every category.
    BusinessInitiated,
    /// Marketing templates only.
    Marketing,
    /// Every message, as carriers demand after STOP.
    Everything,
}

impl ConsentScope {
    /// The name in tables and in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::BusinessInitiated => "business_initiated",
            Self::Marketing => "marketing",
            Self::Everything => "everything",
        }
    }
}

/// One line of the consent ledger: the newest for its point, inbox and scope counts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Consent {
    /// The address that it is about.
    pub point: Point,
    /// Our address that it is about.
    pub inbox: InboxId,
    /// What it covers.
    pub scope: ConsentScope,
    /// Whether the person opted out (true) or in again (false).
    pub opted_out: bool,
    /// Since when.
    pub at: Timestamp,
    /// How we know: the customer's own word, or a vendor's report.
    pub source: String,
}

/// Whole messages by which a customer opts out of what we begin, in lower case. The English
/// ones are Twilio's default keywords (Advanced Opt-Out, read 2026-11-20).
const STOP_WORDS: &[&str] = &[
    "stop",
    "stopall",
    "stop all",
    "unsubscribe",
    "quit",
    "revoke",
    "optout",
    "opt out",
    "baja",
    "alto",
    "parar",
    "pare",
    "sair",
    "arret",
    "arrêt",
    "arrêter",
    "stopp",
    "abmelden",
    "disiscrivimi",
    "afmelden",
    "wypisz",
    "dur",
    "iptal",
    "توقف",
    "إلغاء",
    "रोकें",
    "बंद करो",
    "停止",
    "配信停止",
];

/// Whole messages by which a customer opts in again.
const START_WORDS: &[&str] = &["start", "unstop", "subscribe", "alta", "iniciar", "reprendre"];

/// Reads an opt-out (`Some(true)`) or an opt-in (`Some(false)`) that fills a whole message.
pub fn keyword(text: &str) -> Option<bool> {
    let word = text
        .trim_matches(|c: char| c.is_whitespace() || c.is_ascii_punctuation() || c == '\u{200b}')
        .to_lowercase();
    if STOP_WORDS.contains(&word.as_str()) {
        Some(true)
    } else if START_WORDS.contains(&word.as_str()) {
        Some(false)
    } else {
        None
    }
}

/// Whether the ledger forbids something of this scope.
pub fn forbids(ledger: &[Consent], scope: ConsentScope) -> bool {
    ledger.iter().any(|line| line.opted_out && (line.scope == scope || covers(line.scope, scope)))
}

fn covers(wide: ConsentScope, narrow: ConsentScope) -> bool {
    match wide {
        ConsentScope::Everything => true,
        ConsentScope::BusinessInitiated => narrow == ConsentScope::Marketing,
        ConsentScope::Marketing => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_message_is_a_keyword() {
        assert_eq!(keyword(" STOP. "), Some(true));
        assert_eq!(keyword("Stop\u{200b}"), Some(true));
        assert_eq!(keyword("please stop sending the wrong size"), None);
        assert_eq!(keyword("start"), Some(false));
    }
}
