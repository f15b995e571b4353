//! Our duty to bring one thing to one vendor, and the tries at it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    fault::{Fault, Outcome},
    ids::{
        AttemptId, CampaignId, ConversationId, DeliveryId, DeskId, HandoffId, MessageId, SessionId,
        VendorId, WorkspaceId,
    },
    message::{AuthorKind, Content},
    template::TemplateUse,
    time::Timestamp,
};

/// Which way a delivery goes. Each conversation has one queue per destination.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    /// To the customer, through the conversation's inbox.
    Customer,
    /// To the reps, through the handoff's desk.
    Desk,
}

impl Destination {
    /// The name in tables and in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Desk => "desk",
        }
    }
}

/// Where a delivery stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// In the queue.
    Waiting,
    /// Out of the queue until something happens.
    Held,
    /// An attempt is under way.
    Sending,
    /// An attempt's outcome is unknown and being settled.
    Settling,
    /// The vendor took it.
    Done,
    /// It will not be sent.
    Failed,
    /// It was withdrawn before it was tried.
    Cancelled,
}

impl DeliveryState {
    /// The name in tables and in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Held => "held",
            Self::Sending => "sending",
            Self::Settling => "settling",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Part of its queue. What is held is out of it.
    pub fn is_queued(self) -> bool {
        self.is_unfinished() && self != Self::Held
    }

    /// Part of the outbox.
    pub fn is_unfinished(self) -> bool {
        !matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// What a held delivery waits for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// The customer's next message, which opens the window.
    Window,
    /// The desk's work, which is being made.
    Opening,
    /// The bytes of its media, which take long to come.
    File,
}

/// What is to be brought.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Payload {
    /// A message, or one part of a long one.
    Message {
        /// The message.
        message: MessageId,
        /// What is said.
        content: Content,
        /// The message it answers, by the vendor's id.
        #[serde(default)]
        reply_to: Option<VendorId>,
    },
    /// A template, to the customer.
    Template {
        /// The message that stands for it in the thread.
        message: MessageId,
        /// The template with its variables.
        template: TemplateUse,
        /// The campaign that it goes out for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        campaign: Option<CampaignId>,
    },
    /// One step of the plan that makes the desk's work, in the desk's own words.
    Plan {
        /// The step's name, for people.
        step: String,
        /// The desk's own description of it.
        call: Value,
        /// It is tried once, and the plan goes on whatever comes of it.
        #[serde(default)]
        optional: bool,
    },
    /// A line from Baton itself to the rep.
    Note {
        /// The words.
        text: String,
    },
    /// The end of the desk's work, from our side.
    Close,
}

impl Payload {
    /// The message that it carries.
    pub fn message(&self) -> Option<MessageId> {
        match self {
            Self::Message { message, .. } | Self::Template { message, .. } => Some(*message),
            Self::Plan { .. } | Self::Note { .. } | Self::Close => None,
        }
    }

    /// Whether it goes out for a campaign, which counts and lists what became of it.
    pub fn is_invitation(&self) -> bool {
        matches!(self, Self::Template { campaign: Some(_), .. })
    }

    /// Whether it is tried once, and what follows goes on whatever comes of it.
    pub fn is_optional(&self) -> bool {
        matches!(self, Self::Plan { optional: true, .. })
    }

    /// The word for logs, metrics and traces.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Message { .. } => "message",
            Self::Template { .. } => "template",
            Self::Plan { .. } => "plan",
            Self::Note { .. } => "note",
            Self::Close => "close",
        }
    }
}

/// Our duty to bring one thing to one vendor.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Delivery {
    /// Its id; also what a vendor echoes as our opaque word, where it does.
    pub id: DeliveryId,
    /// Its tenant.
    pub workspace: WorkspaceId,
    /// Its thread.
    pub conversation: ConversationId,
    /// The episode that it belongs to.
    pub session: SessionId,
    /// Which way it goes.
    pub destination: Destination,
    /// The handoff whose work it goes to.
    pub handoff: Option<HandoffId>,
    /// The desk that it goes to.
    pub desk: Option<DeskId>,
    /// Its number in the queues of the conversation.
    pub seq: i64,
    /// Who speaks through it.
    pub author: AuthorKind,
    /// The session's epoch when it was made.
    pub epoch: i64,
    /// What is to be brought.
    pub payload: Payload,
    /// Where it stands.
    pub state: DeliveryState,
    /// What it waits for while it is held.
    pub hold: Option<Hold>,
    /// Not to be tried before.
    pub next_at: Timestamp,
    /// Tries so far.
    pub attempts: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When settling ends without an answer.
    pub settle_until: Option<Timestamp>,
    /// The vendor's id of what was sent.
    pub vendor_id: Option<VendorId>,
    /// Why it waits again, failed or was withdrawn.
    pub fault: Option<Fault>,
}

impl Delivery {
    /// The AI's file beside its words: they answer by themselves, so that nobody need take over
    /// where the file does not arrive.
    pub fn is_beside_words(&self) -> bool {
        let is_file =
            matches!(&self.payload, Payload::Message { content: Content::Media { .. }, .. });
        self.author == AuthorKind::Ai && is_file
    }
}

/// One try: one network call.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Attempt {
    /// Its id.
    pub id: AttemptId,
    /// Its tenant.
    pub workspace: WorkspaceId,
    /// Its thread.
    pub conversation: ConversationId,
    /// What is tried.
    pub delivery: DeliveryId,
    /// Which try it is, from 1.
    pub number: u32,
    /// When it was committed, just before the call.
    pub started_at: Timestamp,
    /// When its outcome was known.
    pub ended_at: Option<Timestamp>,
    /// What came of it.
    pub outcome: Option<Outcome>,
}
