//! What the rep reads first.

use serde::{Deserialize, Serialize};

/// The customer's mood in seven levels, as desks know them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sentiment {
    /// Very negative.
    VeryNegative,
    /// Negative.
    Negative,
    /// Slightly negative.
    SlightlyNegative,
    /// Neutral.
    Neutral,
    /// Slightly positive.
    SlightlyPositive,
    /// Positive.
    Positive,
    /// Very positive.
    VeryPositive,
}

impl Sentiment {
    /// The words that a rep reads.
    pub fn words(self) -> &'static str {
        match self {
            Self::VeryNegative => "Very negative",
            Self::Negative => "Negative",
            Self::SlightlyNegative => "Slightly negative",
            Self::Neutral => "Neutral",
            Self::SlightlyPositive => "Slightly positive",
            Self::Positive => "Positive",
            Self::VeryPositive => "Very positive",
        }
    }
}

/// Subject, summary and classification of a session at the moment of a handoff.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Brief {
    /// One line, at most 200 characters.
    pub subject: String,
    /// What happened so far, at most 2,000 characters.
    pub summary: String,
    /// One of the workspace's classifications.
    pub classification: String,
    /// The customer's mood.
    pub sentiment: Sentiment,
    /// The customer's language (ISO 639-1).
    pub language: String,
    /// Why the session is handed over, in words for the rep.
    pub reason: String,
}

/// The most characters of a subject.
pub const SUBJECT_MAX_CHARS: usize = 200;
/// The most characters of a summary.
pub const SUMMARY_MAX_CHARS: usize = 2_000;
