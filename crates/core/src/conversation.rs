//! The endless thread between one inbox and one vendor identity of a contact.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{ContactId, ConversationId, DeliveryId, InboxId, MessageId, WorkspaceId},
    time::Timestamp,
};

/// What opened a window.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowKind {
    /// The customer's message.
    #[default]
    Message,
    /// The customer's call, or one of ours that they took.
    Call,
}

/// The span in which free-form messages may be sent, with its provenance.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Window {
    /// What opened it.
    #[serde(default)]
    pub kind: WindowKind,
    /// The message that opened it; none for a call.
    pub opened_by: Option<MessageId>,
    /// The vendor's time of that message or call, never later than when we received it.
    pub opened_at: Timestamp,
    /// The first moment at which free-form messages are refused, safety margin taken off.
    pub expires_at: Timestamp,
    /// The vendor refused although the window looked open: it counts as closed.
    #[serde(default)]
    pub refused: bool,
    /// When the customer came by an advertisement, while our first answer can make everything
    /// free.
    #[serde(default)]
    pub referred_at: Option<Timestamp>,
    /// Until when everything is free, as far as we can tell. Opens nothing: the window binds.
    #[serde(default)]
    pub free_entry_until: Option<Timestamp>,
}

impl Window {
    /// Whether a free-form message may be sent at this moment.
    pub fn is_open(&self, now: Timestamp) -> bool {
        !self.refused && now < self.expires_at
    }
}

/// A sent message whose receipt the next one waits for, where a vendor promises no order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AwaitedReceipt {
    /// What was sent.
    pub delivery: DeliveryId,
    /// When the waiting ends all the same.
    pub until: Timestamp,
}

/// The thread. Owns the order and the window.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Its tenant.
    pub workspace: WorkspaceId,
    /// The inbox.
    pub inbox: InboxId,
    /// The person.
    pub contact: ContactId,
    /// Raised by every commit; a commit under an old version is refused. 0: not stored yet.
    pub version: i64,
    /// The position of the newest message.
    pub last_position: i64,
    /// The number of the newest delivery in the queues of this conversation.
    pub last_seq: i64,
    /// The window, once a customer's message has opened one.
    pub window: Option<Window>,
    /// A re-engagement template went out since the customer last wrote.
    pub reengaged: bool,
    /// The receipt that the next message to the customer waits for.
    pub awaited: Option<AwaitedReceipt>,
    /// When a rep ended the last session, until the customer writes again.
    pub rep_ended_at: Option<Timestamp>,
}

impl Conversation {
    /// A conversation that is not stored yet.
    pub fn new(
        id: ConversationId,
        workspace: WorkspaceId,
        inbox: InboxId,
        contact: ContactId,
    ) -> Self {
        Self {
            id,
            workspace,
            inbox,
            contact,
            version: 0,
            last_position: 0,
            last_seq: 0,
            window: None,
            reengaged: false,
            awaited: None,
            rep_ended_at: None,
        }
    }

    /// The partition that the conversation hashes to.
    pub fn partition(&self, partitions: u32) -> u32 {
        partition_of(self.id, partitions)
    }
}

/// The partition of a conversation: stable for ever, spread evenly.
pub fn partition_of(id: ConversationId, partitions: u32) -> u32 {
    let folded = id.0.as_u128() ^ (id.0.as_u128() >> 64);
    // A v7 id ends in random bits; the low ones alone spread evenly.
    let spread = (folded as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    u32::try_from(spread % u64::from(partitions.max(1))).unwrap_or(0)
}
