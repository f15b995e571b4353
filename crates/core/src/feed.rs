//! Committed facts with a gapless position, which browsers and other systems follow.

use serde::{Deserialize, Serialize};

use crate::{
    handoff::Handoff,
    ids::{SessionId, WorkspaceId},
    message::Message,
    session::{Owner, Session},
    time::Timestamp,
};

/// What became a fact.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data", rename_all = "snake_case")]
pub enum FactKind {
    /// A session began.
    SessionOpened(Session),
    /// Something about a session changed.
    SessionChanged(Session),
    /// A session ended.
    SessionClosed(Session),
    /// Somebody spoke.
    MessageAdded(Message),
    /// A message's status changed.
    MessageChanged(Message),
    /// A handoff began or moved on.
    HandoffChanged(Handoff),
    /// Somebody else must answer now.
    OwnerChanged {
        /// Who.
        owner: Owner,
        /// The epoch that began.
        epoch: i64,
    },
    /// An operator should look.
    OperatorNotice {
        /// A stable code.
        code: String,
        /// What happened and what to do.
        text: String,
    },
}

impl FactKind {
    /// The name in tables and in the API.
    pub fn name(&self) -> &'static str {
        match self {
            Self::SessionOpened(_) => "session_opened",
            Self::SessionChanged(_) => "session_changed",
            Self::SessionClosed(_) => "session_closed",
            Self::MessageAdded(_) => "message_added",
            Self::MessageChanged(_) => "message_changed",
            Self::HandoffChanged(_) => "handoff_changed",
            Self::OwnerChanged { .. } => "owner_changed",
            Self::OperatorNotice { .. } => "operator_notice",
        }
    }
}

/// A fact before its commit gave it a position.
#[derive(Clone, PartialEq, Debug)]
pub struct NewFact {
    /// The session that it is about.
    pub session: Option<SessionId>,
    /// What became a fact.
    pub kind: FactKind,
}

/// A committed fact.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Fact {
    /// Its place in the workspace's feed, from 1, without gaps.
    pub position: i64,
    /// Its tenant.
    pub workspace: WorkspaceId,
    /// When it was committed.
    pub at: Timestamp,
    /// The session that it is about.
    pub session: Option<SessionId>,
    /// What became a fact.
    #[serde(flatten)]
    pub kind: FactKind,
}
