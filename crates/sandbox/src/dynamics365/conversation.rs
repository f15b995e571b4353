//! A conversation as the contact centre keeps it: its states, its people and what was said.
//!
//! States and triggers follow "Understand conversation states" for asynchronous channels, which is how custom
//! messaging channels behave; status numbers follow the `msdyn_ocliveworkitem` table reference. Checked 2026-11-20.

use serde::Serialize;
use serde_json::Value;

/// Messages that one conversation may hold.
pub const MAX_MESSAGES: usize = 10_000;

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
    InConversation = 192_350_003,
    AwaitingCustomerResponse = 192_350_004,
    CustomerMovedToWrapUp = 192_350_007,
    ConversationEndedByAgent = 192_350_008,
    AutoClosedFromWaitingState = 192_350_009,
    AutoClosedBySystem = 192_350_010,
    ClosedDueToOverflow = 192_350_011,
    CustomerLeftOpenConversation = 192_350_012,
    ForceClosedBySupervisor = 192_350_015,
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
    pub rep: Option<Rep>,
    pub queue: String,
    pub transfers: u32,
    pub messages: Vec<Message>,
    pub custom_events: Vec<Value>,
    pub customer_typing_at_ms: Option<i64>,
    pub messages_read_up_to: Option<String>,
}

/// What a rep's step may be refused for.
pub type Stepped = Result<Vec<Signal>, String>;

impl Conversation {
    /// A rep takes it: from the queue, or again after having set it aside.
    pub fn accept(&mut self, rep: Rep, now_ms: i64) -> Stepped {
        self.demand(&[Phase::Open, Phase::Waiting], "accepted")?;
        self.move_to(Phase::Active, Reason::InConversation, now_ms);
        self.rep = Some(rep.clone());
        Ok(vec![Signal::Event { from: rep, name: "AgentAccepted" }])
    }

    /// The rep who has it, when there is one.
    pub fn active_rep(&self) -> Result<Rep, String> {
        self.demand(&[Phase::Active], "written to by a rep")?;
        self.rep.clone().ok_or_else(|| format!("conversation {} has no rep", self.id))
    }

    /// To another rep, who accepts, rejects or lets it ring; the first stays until then.
    pub fn transfer_to_rep(&mut self, to: Rep, outcome: &str, now_ms: i64) -> Stepped {
        let from = self.active_rep()?;
        let event = |from: &Rep, name| Signal::Event { from: from.clone(), name };
        let initiated = event(&from, "TransferToAgentInitiated");
        match outcome {
            "accepted" => {
                self.rep = Some(to.clone());
                self.transfers += 1;
                self.modified_ms = now_ms;
                Ok(vec![initiated, event(&to, "TransferAgentAcceptSession")])
            }
            "rejected" => Ok(vec![initiated, event(&to, "TransferAgentRejectSession")]),
            "timed_out" => Ok(vec![initiated, event(&to, "TransferAgentTimedOutSession")]),
            "failed" => Ok(vec![event(&from, "TransferToAgentFailed")]),
            other => Err(format!("outcome {other} is not accepted, rejected, timed_out or failed")),
        }
    }

    /// Back into a queue, where nobody has it.
    pub fn transfer_to_queue(&mut self, queue: String, outcome: &str, now_ms: i64) -> Stepped {
        let from = self.active_rep()?;
        match outcome {
            "accepted" => {
                self.queue = queue;
                self.rep = None;
                self.transfers += 1;
                self.move_to(Phase::Open, Reason::AwaitingAgentAssignment, now_ms);
                Ok(vec![Signal::Event { from, name: "TransferToQueueInitiated" }])
            }
            "failed" => Ok(vec![Signal::Event { from, name: "TransferToQueueFailed" }]),
            other => {
                Err(format!("outcome {other} of a transfer to a queue is not accepted or failed"))
            }
        }
    }

    /// The rep presses End.
    pub fn end(&mut self, now_ms: i64) -> Stepped {
        let from = self.active_rep()?;
        self.move_to(Phase::WrapUp, Reason::ConversationEndedByAgent, now_ms);
        Ok(vec![Signal::Event { from, name: "PrimaryAgentEndConversation" }])
    }

    /// The rep closes the session with X: after End it is over, without End it waits for the customer.
    pub fn close_session(&mut self, now_ms: i64) -> Stepped {
        let from =
            self.rep.clone().ok_or_else(|| format!("conversation {} has no rep", self.id))?;
        match self.phase {
            Phase::Active => {
                self.move_to(Phase::Waiting, Reason::AwaitingCustomerResponse, now_ms);
                Ok(vec![Signal::Event { from, name: "AgentEndSession" }])
            }
            Phase::WrapUp => {
                self.close(self.reason, now_ms);
                Ok(vec![Signal::Event { from, name: "ConversationClose" }])
            }
            other => {
                Err(format!("conversation {} is {other:?} and has no session to close", self.id))
            }
        }
    }

    /// A supervisor ends it, whatever its state.
    pub fn force_close(&mut self, supervisor: Rep, now_ms: i64) -> Stepped {
        self.demand(
            &[Phase::Open, Phase::Active, Phase::Waiting, Phase::WrapUp],
            "closed by a supervisor",
        )?;
        self.close(Reason::ForceClosedBySupervisor, now_ms);
        Ok(vec![Signal::Event { from: supervisor, name: "SupervisorForceClosedConversation" }])
    }

    /// Nobody came back in time.
    pub fn time_out(&mut self, system: Rep, now_ms: i64) -> Stepped {
        self.demand(&[Phase::Waiting, Phase::WrapUp], "closed for inactivity")?;
        let reason = match self.phase {
            Phase::Waiting => Reason::AutoClosedFromWaitingState,
            _ => Reason::AutoClosedBySystem,
        };
        self.close(reason, now_ms);
        Ok(vec![Signal::Event { from: system, name: "ConversationClose" }])
    }

    /// The platform finds that nobody works at this hour; overflow handling may end the conversation with it.
    pub fn out_of_hours(&mut self, system: Rep, holiday: bool, ends: bool, now_ms: i64) -> Stepped {
        self.demand(&[Phase::Open], "found out of hours")?;
        let name = match holiday {
            true => "OutOfOperatingHoursDueToHoliday",
            false => "OutOfOperatingHoursDueToNonWorkingHours",
        };
        let mut signals = vec![Signal::Event { from: system.clone(), name }];
        if ends {
            self.close(Reason::ClosedDueToOverflow, now_ms);
            signals.push(Signal::Event { from: system, name: "ConversationClose" });
        }
        Ok(signals)
    }

    /// The customer ends it.
    pub fn end_by_customer(&mut self, now_ms: i64) {
        match self.phase {
            Phase::Active => self.move_to(Phase::WrapUp, Reason::CustomerMovedToWrapUp, now_ms),
            Phase::Open | Phase::Waiting => {
                self.close(Reason::CustomerLeftOpenConversation, now_ms)
            }
            Phase::WrapUp | Phase::Closed => {}
        }
    }

    /// The customer writes: what was set aside goes back into the queue.
    pub fn reopen(&mut self, now_ms: i64) {
        if self.phase == Phase::Waiting {
            self.rep = None;
            self.move_to(Phase::Open, Reason::AwaitingAgentAssignment, now_ms);
        }
    }

    /// The customer has read everything up to this message of a rep.
    pub fn mark_read(&mut self, message_id: &str, now_ms: i64) {
        let written_by_rep = |message: &&mut Message| message.author == Author::Rep;
        for message in self.messages.iter_mut().filter(written_by_rep) {
            if message.id.as_str() <= message_id {
                message.read_at_ms.get_or_insert(now_ms);
            }
        }
        self.messages_read_up_to = Some(message_id.to_owned());
    }

    /// The value of a context variable.
    pub fn context_value(&self, name: &str) -> Option<&str> {
        self.context
            .iter()
            .find(|variable| variable.name == name)
            .map(|variable| variable.value.as_str())
    }

    fn demand(&self, phases: &[Phase], deed: &str) -> Result<(), String> {
        match phases.contains(&self.phase) {
            true => Ok(()),
            false => {
                Err(format!("conversation {} is {:?} and cannot be {deed}", self.id, self.phase))
            }
        }
    }

    fn close(&mut self, reason: Reason, now_ms: i64) {
        self.move_to(Phase::Closed, reason, now_ms);
        self.closed_ms = Some(now_ms);
    }

    fn move_to(&mut self, phase: Phase, reason: Reason, now_ms: i64) {
        self.phase = phase;
        self.reason = reason;
        self.modified_ms = now_ms;
    }
}
