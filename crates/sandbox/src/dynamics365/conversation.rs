//! A conversation as the contact centre keeps it: its states, its people and what was said.
//!
//! Status numbers follow the `msdyn_ocliveworkitem` table reference, closure reasons "Session closure reasons"; read
//! 2026-11-21.

use serde::Serialize;
use serde_json::Value;

use super::files::File;

/// Messages that one conversation may hold.
pub const MAX_MESSAGES: usize = 10_000;
/// Sessions and consultants that one conversation may have.
pub const MAX_SESSIONS: usize = 1_000;

/// Where a conversation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Open,
    Active,
    Waiting,
    WrapUp,
    Closed,
}

impl Phase {
    /// `statecode` and `statuscode` of the row.
    pub fn codes(self) -> (u8, u8) {
        match self {
            Self::Open => (0, 1),
            Self::Active => (0, 2),
            Self::Waiting => (0, 3),
            Self::WrapUp => (0, 5),
            Self::Closed => (1, 4),
        }
    }

    /// Whether the Messaging API still lists it.
    pub fn is_listed(self) -> bool {
        !matches!(self, Self::WrapUp | Self::Closed)
    }
}

/// `msdyn_statuschangereason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    AwaitingAgentAssignment = 192_350_001,
    AwaitingAgentAcceptance = 192_350_002,
    InConversation = 192_350_003,
    AwaitingCustomerResponse = 192_350_004,
    CustomerLeftActiveConversation = 192_350_006,
    CustomerMovedToWrapUp = 192_350_007,
    ConversationEndedByAgent = 192_350_008,
    AutoClosedFromWaitingState = 192_350_009,
    AutoClosedBySystem = 192_350_010,
    ClosedDueToOverflow = 192_350_011,
    CustomerLeftOpenConversation = 192_350_012,
    ClosedDueToFailure = 192_350_014,
    ForceClosedBySupervisor = 192_350_015,
    AssignedBySupervisor = 192_350_017,
}

/// `msdyn_closurereason` of a session ("Session closure reasons").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closure {
    AgentReject = 192_350_001,
    AgentTimeout = 192_350_002,
    AgentTransferred = 192_350_006,
    AgentDisconnected = 192_350_007,
    AgentReRouted = 192_350_008,
    AgentTransferToQueue = 192_350_010,
    SupervisorAssignToQueue = 192_350_011,
    ForceClose = 192_350_014,
    OverflowQueueTransfer = 192_350_015,
    OverflowEndConversation = 192_350_016,
    AutoClose = 192_350_018,
    AgentEndConversation = 192_350_021,
    CustomerEndConversation = 192_350_022,
    AgentMovedConversationToWaiting = 192_350_063,
}

/// One stretch of a conversation in a queue or with a rep.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// Primary key of its row, once it has one.
    pub id: Option<String>,
    pub queue_id: String,
    pub rep: Option<Rep>,
    pub created_ms: i64,
    pub assigned_ms: Option<i64>,
    pub accepted_ms: Option<i64>,
    pub closed_ms: Option<i64>,
    pub closure: Option<Closure>,
}

/// What a rep is being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// To take a conversation that nobody has.
    Assignment,
    /// To take it from another rep, who keeps it until then.
    Transfer,
    /// To advise, unseen by the customer.
    Consult,
}

/// A notification that a rep has not answered yet.
#[derive(Clone, Debug, Serialize)]
pub struct Ring {
    pub rep: Rep,
    pub asked: Asked,
    pub until_ms: i64,
}

/// A rep beside the one whose conversation it is.
#[derive(Clone, Debug, Serialize)]
pub struct Consultant {
    pub rep: Rep,
    /// Added to the chat: the customer reads what this rep writes.
    pub public: bool,
}

/// A person of the contact centre.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rep {
    pub id: String,
    pub name: String,
}

/// What the creator said about the customer; each at most 200 characters.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Customer {
    pub customerid: Option<String>,
    pub firstname: Option<String>,
    pub lastname: Option<String>,
    pub preferredname: Option<String>,
    pub email: Option<String>,
    pub phonenumber: Option<String>,
}

impl Customer {
    /// What the rep sees as the customer's name.
    pub fn display_name(&self) -> String {
        let parts = [self.firstname.as_deref(), self.lastname.as_deref()];
        let full_name = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let preferred = self.preferredname.clone().filter(|name| !name.is_empty());
        preferred.unwrap_or(if full_name.is_empty() { "Customer".to_owned() } else { full_name })
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct ContextVariable {
    pub name: String,
    pub value: String,
    pub is_displayable: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct StartMessage {
    pub message: String,
    pub displayname: Option<String>,
}

/// Who wrote a message, as the rep's screen and the transcript tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    Customer,
    /// Sent through the API with the AutomatedMessage flag.
    Automated,
    /// The start message; only reps see it.
    Start,
    Rep,
    /// Between reps, never for the customer.
    Private,
    /// The platform's own line.
    System,
}

#[derive(Clone, Debug, Serialize)]
pub struct Message {
    /// Thirteen-digit epoch milliseconds, unique within the organisation.
    pub id: String,
    /// Unix milliseconds at which it was accepted.
    pub at_ms: i64,
    pub author: Author,
    pub from_id: String,
    pub from_name: String,
    pub text: String,
    pub attachments: Vec<Value>,
    /// What came of the attachments, as far as the contact centre has looked at them.
    pub files: Vec<File>,
    /// Present when the customer has read a rep's message, in Unix milliseconds.
    pub read_at_ms: Option<i64>,
    /// The activity as it was sent to the API; null for what reps write.
    pub activity: Value,
    /// The journal number of the call that brought it; 0 for what reps write.
    pub seq: u64,
}

/// Something the webhook is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Signal {
    Message {
        from: Rep,
        text: String,
        attachments: Vec<Value>,
    },
    Typing {
        from: Rep,
    },
    Event {
        from: Rep,
        name: &'static str,
    },
    /// An event outside the state machine, as a person at the controls spells it.
    OtherEvent {
        from: Rep,
        name: String,
        text: String,
    },
}

pub struct Conversation {
    pub id: String,
    /// Primary key of the row.
    pub activity_id: String,
    pub created_ms: i64,
    pub modified_ms: i64,
    /// When its status last changed.
    pub moved_ms: i64,
    pub closed_ms: Option<i64>,
    pub phase: Phase,
    pub reason: Reason,
    pub subject: String,
    pub customer: Customer,
    pub contact_id: Option<String>,
    pub context: Vec<ContextVariable>,
    pub start_message: Option<StartMessage>,
    pub request_id: Option<String>,
    pub skip_deflection_bot: bool,
    /// Names in the create call that the documentation does not know.
    pub unknown_fields: Vec<String>,
    /// The one whose conversation it is; while a ring for an assignment is unanswered, nobody.
    pub rep: Option<Rep>,
    /// Who had it last, for affinity.
    pub last_rep: Option<Rep>,
    pub ring: Option<Ring>,
    /// Reps who let this one pass since it came into the queue.
    pub passed: Vec<String>,
    pub consultants: Vec<Consultant>,
    /// At most [`MAX_SESSIONS`]; the last is the current one.
    pub sessions: Vec<Session>,
    pub queue: String,
    pub queue_id: String,
    /// When it came into the queue.
    pub queued_ms: i64,
    pub transfers: u32,
    pub overflow_transfers: u32,
    /// Made of a row that somebody created, not by the API: nobody is told of it.
    pub row_only: bool,
    /// When it is looked at again by itself.
    pub due_ms: Option<i64>,
    pub messages: Vec<Message>,
    pub custom_events: Vec<Value>,
    pub customer_typing_at_ms: Option<i64>,
    pub messages_read_up_to: Option<String>,
}

impl Conversation {
    /// A new one, in no queue yet.
    pub fn new(id: &str, activity_id: &str, now_ms: i64) -> Self {
        Self {
            id: id.to_owned(),
            activity_id: activity_id.to_owned(),
            created_ms: now_ms,
            modified_ms: now_ms,
            moved_ms: now_ms,
            closed_ms: None,
            phase: Phase::Open,
            reason: Reason::AwaitingAgentAssignment,
            subject: String::new(),
            customer: Customer::default(),
            contact_id: None,
            context: Vec::new(),
            start_message: None,
            request_id: None,
            skip_deflection_bot: false,
            unknown_fields: Vec::new(),
            rep: None,
            last_rep: None,
            ring: None,
            passed: Vec::new(),
            consultants: Vec::new(),
            sessions: Vec::new(),
            queue: String::new(),
            queue_id: String::new(),
            queued_ms: now_ms,
            transfers: 0,
            overflow_transfers: 0,
            row_only: false,
            due_ms: None,
            messages: Vec::new(),
            custom_events: Vec::new(),
            customer_typing_at_ms: None,
            messages_read_up_to: None,
        }
    }
}
