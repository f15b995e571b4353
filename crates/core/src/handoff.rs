//! Giving one session to one desk.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    brief::Brief,
    desk::Availability,
    fault::Fault,
    ids::{ConversationId, DeskId, HandoffId, SessionId, VendorId, WorkspaceId},
    route::Choice,
    time::Timestamp,
};

/// Why a session is handed over.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandoffReason {
    /// The customer asked for a person.
    CustomerAsked,
    /// The customer is frustrated.
    Frustration,
    /// The workspace forbids the AI this topic.
    ForbiddenTopic,
    /// The AI did not know the answer several times.
    RepeatedMisses,
    /// The engine decided that a person is needed.
    EngineDecided,
    /// The engine failed, timed out or ran out of budget.
    EngineFailed,
    /// An AI answer may or may not have been sent, and nobody can say.
    UnknownDelivery,
    /// An AI answer could not be delivered.
    FailedDelivery,
    /// The customer wrote after the rep had ended the work, and the workspace wants a person.
    WroteAfterEnd,
    /// The customer answered a campaign whose answers go to people.
    CampaignReply,
}

impl HandoffReason {
    /// The name in tables and in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::CustomerAsked => "customer_asked",
            Self::Frustration => "frustration",
            Self::ForbiddenTopic => "forbidden_topic",
            Self::RepeatedMisses => "repeated_misses",
            Self::EngineDecided => "engine_decided",
            Self::EngineFailed => "engine_failed",
            Self::UnknownDelivery => "unknown_delivery",
            Self::FailedDelivery => "failed_delivery",
            Self::WroteAfterEnd => "wrote_after_end",
            Self::CampaignReply => "campaign_reply",
        }
    }

    /// The words that a rep reads.
    pub fn words(self) -> &'static str {
        match self {
            Self::CustomerAsked => "The customer asked for a person.",
            Self::Frustration => "The customer is frustrated.",
            Self::ForbiddenTopic => "The topic is reserved for people.",
            Self::RepeatedMisses => "The AI did not know the answer several times.",
            Self::EngineDecided => "The AI decided that a person is needed.",
            Self::EngineFailed => "The AI could not answer.",
            Self::UnknownDelivery => "An AI answer may not have reached the customer.",
            Self::FailedDelivery => "An AI answer could not be delivered.",
            Self::WroteAfterEnd => "The customer wrote again after the conversation was ended.",
            Self::CampaignReply => "The customer answered a campaign.",
        }
    }
}

/// Where a handoff stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandoffState {
    /// The desk owns the session; the brief is being written.
    Requested,
    /// The work is being made at the desk.
    Opening,
    /// The work exists; no rep has accepted it.
    Waiting,
    /// A rep has accepted it.
    Active,
    /// It ended.
    Closed,
    /// The work could not be made.
    Failed,
}

impl HandoffState {
    /// The name in tables and in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Opening => "opening",
            Self::Waiting => "waiting",
            Self::Active => "active",
            Self::Closed => "closed",
            Self::Failed => "failed",
        }
    }

    /// Neither closed nor failed: a session has at most one such handoff.
    pub fn is_live(self) -> bool {
        !matches!(self, Self::Closed | Self::Failed)
    }

    /// The work exists and takes messages.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Active)
    }
}

/// What the handoff created at the desk.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Work {
    /// The desk's id of it.
    pub id: VendorId,
    /// The human reference, where the desk gives one.
    #[serde(default)]
    pub reference: Option<String>,
}

/// The place that a handoff goes to, once its brief is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// Which of the route's choices it is, from 0.
    pub index: u32,
    /// That choice.
    pub choice: Choice,
    /// Who is there, where the desk could say.
    pub availability: Option<Availability>,
}

impl Place {
    /// Nobody is there to take it now.
    pub fn is_deserted(&self) -> bool {
        self.availability.is_some_and(|there| !there.free)
    }
}

/// One giving of a session to a desk.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Handoff {
    /// Its id; also the repeatable key under which the desk's work is made.
    pub id: HandoffId,
    /// Its tenant.
    pub workspace: WorkspaceId,
    /// The thread.
    pub conversation: ConversationId,
    /// The episode handed over.
    pub session: SessionId,
    /// The desk.
    pub desk: DeskId,
    /// Which of the route's choices this is, from 0.
    pub choice: u32,
    /// That choice, as it was when it was made.
    pub target: Choice,
    /// Where it stands.
    pub state: HandoffState,
    /// Why it was requested.
    pub reason: HandoffReason,
    /// The epoch that the request began.
    pub epoch: i64,
    /// The transcript given to the desk ends at this position.
    pub transcript_up_to: i64,
    /// The queue numbers before which the plan's deliveries stand.
    pub plan_seq: i64,
    /// What the rep reads first.
    pub brief: Option<Brief>,
    /// What was made at the desk.
    pub work: Option<Work>,
    /// What the steps of the plan brought to light, in the desk's own words, for later steps.
    pub learned: BTreeMap<String, String>,
    /// The rep who accepted last.
    pub rep_name: Option<String>,
    /// When the customer was last told of the wait.
    pub wait_told_at: Option<Timestamp>,
    /// When it was requested.
    pub requested_at: Timestamp,
    /// When the work existed.
    pub opened_at: Option<Timestamp>,
    /// When it ended.
    pub closed_at: Option<Timestamp>,
    /// Why it failed.
    pub fault: Option<Fault>,
}

/// The most deliveries that a plan may have.
pub const PLAN_MAX_STEPS: usize = 64;
