//! The AI side: what every engine must be able to do. It touches neither store nor channels.

use crate::{
    brief::Brief,
    fault::{Fault, FaultClass},
    file::{FileStream, MediaSource},
    handoff::HandoffReason,
    ids::SessionId,
    inbox::ChannelKind,
    interactive::ChoiceLimits,
    message::{AuthorKind, Citation},
    settings::HandoffRules,
    time::{BoxFuture, Timestamp},
};

/// One utterance as an engine sees it. The author is ours to say: nothing that a customer
/// writes can change it.
#[derive(Clone, PartialEq, Debug)]
pub struct Line {
    /// Who speaks.
    pub author: AuthorKind,
    /// The words.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// Everything that an engine may know of a session.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The session.
    pub session: SessionId,
    /// The customer's channel.
    pub channel: ChannelKind,
    /// What the channel can show to tap; none where it shows words alone.
    pub choices: Option<ChoiceLimits>,
    /// The customer's name, where known.
    pub contact_name: Option<String>,
    /// The session so far, oldest first, bounded.
    pub lines: Vec<Line>,
    /// How many of the newest lines are the customer's and unanswered.
    pub unanswered: usize,
    /// When the AI hands over.
    pub rules: HandoffRules,
    /// The classifications that a brief may use.
    pub classifications: Vec<String>,
    /// The customer's language, where known (ISO 639-1).
    pub language: Option<String>,
    /// The language to use while it is not known.
    pub default_language: String,
    /// Answers in a row in which the AI did not know.
    pub misses: u32,
    /// Tokens spent on the session so far.
    pub tokens_spent: u64,
    /// Tokens that the session may spend; 0 for no bound.
    pub token_budget: u64,
}

/// What an engine decided.
#[derive(Clone, PartialEq, Debug)]
pub enum Decision {
    /// Say this to the customer.
    Reply {
        /// The words, plain text.
        text: String,
        /// Answers to tap below them, shown where the channel can; the words do without them.
        choices: Vec<String>,
        /// The articles that they rest on.
        citations: Vec<Citation>,
        /// False for an honest "I don't know".
        knew: bool,
    },
    /// Hand over to a person.
    Handoff {
        /// Why.
        reason: HandoffReason,
    },
    /// Say nothing: there is nothing to answer.
    Wait,
    /// The customer is done.
    Close,
}

/// The result of one turn.
#[derive(Clone, PartialEq, Debug)]
pub struct Turn {
    /// What to do.
    pub decision: Decision,
    /// The customer's language as the engine heard it.
    pub language: Option<String>,
    /// Tokens spent by this turn.
    pub tokens: u64,
}

/// What produces AI turns and briefs.
pub trait Engine: Send + Sync {
    /// The engine's folder name.
    fn vendor(&self) -> &'static str;

    /// One run over a snapshot. The caller bounds its time; an error is itself a handoff.
    fn turn<'a>(&'a self, snapshot: &'a Snapshot) -> BoxFuture<'a, Result<Turn, Fault>>;

    /// Begins to read a file that one of its answers goes with. A fault is final.
    fn fetch<'a>(&'a self, media: &'a MediaSource) -> BoxFuture<'a, Result<FileStream, Fault>> {
        let _ = media;
        let fault = Fault::new(FaultClass::MediaProblem, "read the file: this engine has none");
        Box::pin(std::future::ready(Err(fault)))
    }

    /// What the rep reads first. An error makes the caller fall back to the built-in engine.
    fn brief<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        reason: HandoffReason,
    ) -> BoxFuture<'a, Result<Brief, Fault>>;
}
