//! Things to do at a time. One of a kind per subject.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{ConversationId, DeliveryId, HandoffId, MessageId, SessionId, TaskId, WorkspaceId},
    time::Timestamp,
};

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", content = "subject", rename_all = "snake_case")]
pub enum TaskKind {
    /// Run an engine turn for the session.
    Turn(SessionId),
    /// Write the brief of the handoff and plan its work.
    Brief(HandoffId),
    /// Give the session back to the AI after a person answered elsewhere.
    Return(SessionId),
    /// Close the session when nobody has written.
    Silence(SessionId),
    /// Ask the vendor what became of the delivery.
    Settle(DeliveryId),
    /// Fetch the bytes of the message's media.
    Fetch(MessageId),
    /// Compare the handoff's thread with what the desk holds.
    Reconcile(HandoffId),
    /// Give up making the work and take the route's next choice.
    Patience(HandoffId),
    /// Find out whether a desk that was given up made the work after all, and end it.
    Recall(HandoffId),
}

impl TaskKind {
    /// The name in tables, logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Turn(_) => "turn",
            Self::Brief(_) => "brief",
            Self::Return(_) => "return",
            Self::Silence(_) => "silence",
            Self::Settle(_) => "settle",
            Self::Fetch(_) => "fetch",
            Self::Reconcile(_) => "reconcile",
            Self::Patience(_) => "patience",
            Self::Recall(_) => "recall",
        }
    }

    /// The id of what it is about, as text.
    pub fn subject(self) -> String {
        match self {
            Self::Turn(id) | Self::Return(id) | Self::Silence(id) => id.to_string(),
            Self::Brief(id) | Self::Reconcile(id) | Self::Patience(id) | Self::Recall(id) => {
                id.to_string()
            }
            Self::Settle(id) => id.to_string(),
            Self::Fetch(id) => id.to_string(),
        }
    }
}

/// Something to do at a time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// Its tenant.
    pub workspace: WorkspaceId,
    /// The thread that it belongs to.
    pub conversation: ConversationId,
    /// What is to be done, and about what.
    pub what: TaskKind,
    /// When.
    pub due_at: Timestamp,
}

/// A change to the tasks of a conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TaskChange {
    /// Do it at this time; moves the one of this kind and subject that may exist.
    Set(TaskKind, Timestamp),
    /// It is done or no longer wanted.
    Clear(TaskKind),
}

impl TaskChange {
    /// The task that it is about.
    pub fn task(&self) -> TaskKind {
        match self {
            Self::Set(task, _) | Self::Clear(task) => *task,
        }
    }
}
