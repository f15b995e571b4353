//! One episode of service inside a conversation.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    ids::{ConversationId, SessionId, WorkspaceId},
    time::Timestamp,
};

/// Who must answer now.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The engine.
    Ai,
    /// A desk's reps.
    Desk,
    /// A person outside Baton: the phone app, another responder.
    Elsewhere,
    /// Nobody: an operator must look.
    Nobody,
}

impl Owner {
    /// The name in tables and in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ai => "ai",
            Self::Desk => "desk",
            Self::Elsewhere => "elsewhere",
            Self::Nobody => "nobody",
        }
    }
}

/// Why a session ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// The rep ended it at the desk.
    RepEnded,
    /// The AI found it done.
    Resolved,
    /// Nobody wrote for the workspace's time.
    Silent,
    /// Its conversation became part of another.
    Merged,
}

/// One episode of service. Its id is the public trace id.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Session {
    /// The public trace id (`sessionId`).
    pub id: SessionId,
    /// Its tenant.
    pub workspace: WorkspaceId,
    /// The thread that it is a part of.
    pub conversation: ConversationId,
    /// The short human number, unique in the workspace; 0 until the first commit gives it.
    pub number: i64,
    /// Who must answer.
    pub owner: Owner,
    /// Raised by every change of owner.
    pub epoch: i64,
    /// When the first contact was made.
    pub opened_at: Timestamp,
    /// When anybody last wrote.
    pub last_activity_at: Timestamp,
    /// When it ended; none while it is open.
    pub closed_at: Option<Timestamp>,
    /// Why it ended.
    pub close_reason: Option<CloseReason>,
    /// The AI has dealt with everything up to this position.
    pub answered_up_to: i64,
    /// The position of the customer's newest message that asks for an answer.
    pub asked_up_to: i64,
    /// When the oldest unanswered message came in.
    pub asked_at: Option<Timestamp>,
    /// How often the present turn was run again because the customer went on writing.
    pub reruns: u32,
    /// Answers in a row in which the AI did not know.
    pub misses: u32,
    /// Tokens that the engine has spent on this session.
    pub tokens_spent: u64,
    /// The customer's language (ISO 639-1), once known.
    pub language: Option<String>,
    /// Trace ids and what else the outside world may look up, by public name.
    pub metadata: Map<String, Value>,
}

impl Session {
    /// Whether the episode still runs.
    pub fn is_open(&self) -> bool {
        self.closed_at.is_none()
    }

    /// Whether the customer waits for an answer that the AI has not given.
    pub fn is_unanswered(&self) -> bool {
        self.asked_up_to > self.answered_up_to
    }
}
