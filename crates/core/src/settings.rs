//! What a workspace decides for itself. Stored as one document, applied from a file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    inbox::ChannelKind,
    template::TemplateUse,
    texts::Texts,
    time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS},
};

/// What happens to a session when the rep ends the work.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterDesk {
    /// It closes; the next message opens a new one.
    #[default]
    Close,
    /// It goes on with the AI as owner.
    ReturnToAi,
}

/// Who gets what a customer writes after the end of a desk's work.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LateMessage {
    /// The AI.
    #[default]
    Ai,
    /// A desk again, by a new handoff.
    Desk,
}

/// What happens when nobody can say whether an AI answer was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownReply {
    /// A person takes over.
    #[default]
    Handoff,
    /// It is shown and counted, nothing more.
    Show,
}

/// When the AI hands over.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HandoffRules {
    /// When the customer asks for a person.
    pub on_request: bool,
    /// When the customer is frustrated.
    pub on_frustration: bool,
    /// After so many answers in a row in which the AI did not know; 0 turns it off.
    pub after_misses: u32,
    /// Topics that the AI must not handle: words or phrases, any language.
    pub forbidden_topics: Vec<String>,
    /// How long the making of the work is tried before the route's next choice is taken.
    pub open_patience_ms: i64,
    /// What happens when the rep ends the work.
    pub after_desk: AfterDesk,
    /// Who gets a message that meets work which has just ended, and the first one after a rep
    /// ended the session.
    pub late_message: LateMessage,
    /// For how long after a rep ended the session that holds.
    pub late_span_ms: i64,
    /// What happens when an AI answer may or may not have been sent.
    pub unknown_reply: UnknownReply,
    /// Begins a command that a rep types in the desk's thread, such as `!templates`; empty turns
    /// commands off. No slash: desks use it for their own.
    pub command_prefix: String,
}

impl Default for HandoffRules {
    fn default() -> Self {
        Self {
            on_request: true,
            on_frustration: true,
            after_misses: 2,
            forbidden_topics: Vec::new(),
            open_patience_ms: 10 * MINUTE_MS,
            after_desk: AfterDesk::default(),
            late_message: LateMessage::default(),
            late_span_ms: DAY_MS,
            unknown_reply: UnknownReply::default(),
            command_prefix: "!".to_owned(),
        }
    }
}

/// Which engine answers, and within which bounds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EngineSettings {
    /// The engine's folder name: `builtin` or `openai`.
    pub vendor: String,
    /// The engine's own settings, without secrets.
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// How long one turn may take before it counts as failed.
    pub deadline_ms: i64,
    /// Tokens that one session may spend; 0 for no bound.
    pub session_token_budget: u64,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            vendor: "builtin".to_owned(),
            settings: serde_json::Map::new(),
            deadline_ms: 20 * SECOND_MS,
            session_token_budget: 50_000,
        }
    }
}

/// Everything that a workspace decides for itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How long the AI waits after a message for the customer to go on.
    pub quiet_ms: i64,
    /// The longest wait when the customer keeps writing.
    pub quiet_max_ms: i64,
    /// How often a turn is run again because the customer went on writing meanwhile.
    pub max_reruns: u32,
    /// When the AI hands over, and what happens around it.
    pub handoff: HandoffRules,
    /// The engine.
    pub engine: EngineSettings,
    /// The classifications that a brief may use; the last one is for everything else.
    pub classifications: Vec<String>,
    /// How long a session that the AI owns may be silent before it closes, per channel.
    pub silent_close_ms: BTreeMap<ChannelKind, i64>,
    /// The same for a session that a person owns.
    pub silent_close_desk_ms: i64,
    /// The same for a session for which a case is open at a desk.
    pub silent_close_case_ms: i64,
    /// How long after a person answered elsewhere the AI takes over again.
    pub elsewhere_return_ms: i64,
    /// The template that asks the customer to write when a reply is held; none sends nothing.
    pub reengagement: Option<TemplateUse>,
    /// The same for single inboxes, by name: vendors call one template by different names.
    pub reengagement_by_inbox: BTreeMap<String, TemplateUse>,
    /// How long an unknown attempt waits to be settled before it counts as may-have-been-sent.
    pub settle_ms: i64,
    /// Words that Baton itself says to customers, by language; these replace the built-in ones.
    pub texts: BTreeMap<String, Texts>,
    /// The language of those words while the customer's is unknown (ISO 639-1).
    pub default_language: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            quiet_ms: 1_500,
            quiet_max_ms: 8 * SECOND_MS,
            max_reruns: 2,
            handoff: HandoffRules::default(),
            engine: EngineSettings::default(),
            classifications: [
                "order",
                "delivery",
                "return",
                "payment",
                "product",
                "account",
                "complaint",
                "other",
            ]
            .map(str::to_owned)
            .to_vec(),
            silent_close_ms: BTreeMap::from([
                (ChannelKind::Whatsapp, DAY_MS),
                (ChannelKind::Sms, 3 * HOUR_MS),
                (ChannelKind::Web, HOUR_MS),
                (ChannelKind::Email, 7 * DAY_MS),
                (ChannelKind::Phone, HOUR_MS),
            ]),
            silent_close_desk_ms: 7 * DAY_MS,
            silent_close_case_ms: 30 * DAY_MS,
            elsewhere_return_ms: 30 * MINUTE_MS,
            reengagement: None,
            reengagement_by_inbox: BTreeMap::new(),
            settle_ms: MINUTE_MS,
            texts: BTreeMap::new(),
            default_language: "en".to_owned(),
        }
    }
}

impl Settings {
    /// How long a session of the AI's may be silent on the channel.
    pub fn silent_close_ms(&self, channel: ChannelKind) -> i64 {
        self.silent_close_ms.get(&channel).copied().unwrap_or(DAY_MS)
    }

    /// The template that asks the customer of this inbox to write.
    pub fn reengagement(&self, inbox: &str) -> Option<&TemplateUse> {
        self.reengagement_by_inbox.get(inbox).or(self.reengagement.as_ref())
    }

    /// What answers a customer's HELP, in their language where we have it; `name` says who we are.
    pub fn help(&self, language: Option<&str>, name: &str) -> String {
        self.own_or_built_in(language, |texts| texts.help.as_ref()).replace("{name}", name)
    }

    /// What opens a list of answers to tap, in the customer's language where we have it.
    pub fn choose(&self, language: Option<&str>) -> String {
        self.own_or_built_in(language, |texts| texts.choose.as_ref())
    }

    fn own_or_built_in(
        &self,
        language: Option<&str>,
        which: fn(&Texts) -> Option<&String>,
    ) -> String {
        let languages = [language.unwrap_or(&self.default_language), &self.default_language];
        let ours = |language: &&str| {
            let own = self.texts.get(*language).and_then(|texts| which(texts).cloned());
            own.or_else(|| Texts::built_in(language).and_then(|texts| which(&texts).cloned()))
        };
        let text = languages.iter().find_map(ours);
        text.or_else(|| which(&Texts::english()).cloned()).unwrap_or_default()
    }

    /// The words that Baton itself says, in the customer's language where we have it.
    pub fn texts(&self, language: Option<&str>) -> Texts {
        let language = language.unwrap_or(&self.default_language);
        self.texts
            .get(language)
            .cloned()
            .or_else(|| Texts::built_in(language))
            .or_else(|| Texts::built_in(&self.default_language))
            .unwrap_or_else(Texts::english)
    }
}
