//! What happens to a conversation, and what the webhook is told of it.
//!
//! States and triggers follow "Understand conversation states" for asynchronous channels, which is how custom
//! messaging channels behave; names of events "Use webhook to receive messages and events". Read 2026-11-21.

use super::conversation::{
    Asked, Author, Closure, Consultant, Conversation, MAX_SESSIONS, Message, Phase, Reason, Rep,
    Ring, Session, Signal,
};
use super::staff::{Queue, Workstream};

const MINUTE_MS: i64 = 60_000;
const ANY_LIVE: [Phase; 4] = [Phase::Open, Phase::Active, Phase::Waiting, Phase::WrapUp];

/// What the webhook is told, or what a step is refused for.
pub type Stepped = Result<Vec<Signal>, String>;

impl Conversation {
    /// A rep is asked to take it: by the system, or because a supervisor wants it.
    pub fn assign(&mut self, rep: Rep, reason: Reason, until_ms: i64, now_ms: i64) -> Stepped {
        self.demand(&[Phase::Open], "assigned")?;
        self.move_to(Phase::Active, reason, now_ms);
        let session = self.session(now_ms);
        session.rep = Some(rep.clone());
        session.assigned_ms = Some(now_ms);
        self.ring = Some(Ring { rep: rep.clone(), asked: Asked::Assignment, until_ms });
        Ok(vec![event(rep, "AgentAssigned")])
    }

    /// A rep takes it: from the queue, when asked, from another rep, or again after having set it aside.
    pub fn accept(&mut self, rep: Rep, now_ms: i64) -> Stepped {
        let Some(ring) = self.ring.take() else {
            self.demand(&[Phase::Open, Phase::Waiting], "accepted")?;
            return Ok(self.take(rep, now_ms));
        };
        if ring.rep.id != rep.id {
            let asked = ring.rep.name.clone();
            self.ring = Some(ring);
            return Err(format!("conversation {} is offered to {asked}", self.id));
        }
        match ring.asked {
            Asked::Assignment => Ok(self.take(rep, now_ms)),
            Asked::Transfer => Ok(vec![self.hand_on(rep, now_ms)]),
            Asked::Consult => {
                self.add_consultant(rep.clone(), false)?;
                Ok(vec![event(rep, "ConsultAgentAcceptSession")])
            }
        }
    }

    /// The rep who is asked says no, or says nothing in time.
    pub fn decline(&mut self, timed_out: bool, now_ms: i64) -> Stepped {
        let ring = self.ring.take();
        let ring = ring.ok_or_else(|| format!("nobody is asked about conversation {}", self.id))?;
        self.modified_ms = now_ms;
        let name = match (ring.asked, timed_out) {
            (Asked::Assignment, _) => {
                let closure = if timed_out { Closure::AgentTimeout } else { Closure::AgentReject };
                self.close_own_session(closure, now_ms);
                self.passed.push(ring.rep.id);
                self.queue_again(now_ms);
                return Ok(Vec::new());
            }
            (Asked::Transfer, false) => "TransferAgentRejectSession",
            (Asked::Transfer, true) => "TransferAgentTimedOutSession",
            (Asked::Consult, false) => "ConsultAgentRejectSession",
            (Asked::Consult, true) => "ConsultAgentSessionTimedOut",
        };
        Ok(vec![event(ring.rep, name)])
    }

    /// The rep who has it, when there is one.
    pub fn active_rep(&self) -> Result<Rep, String> {
        self.demand(&[Phase::Active], "written to by a rep")?;
        self.rep.clone().ok_or_else(|| format!("conversation {} has no rep", self.id))
    }

    /// Who writes, and whether the customer reads it. A consultant is unseen until added to the chat.
    pub fn writer(&self, name: Option<&str>) -> Result<(Rep, bool), String> {
        let primary = self.active_rep()?;
        let consultant = self.consultants.iter().find(|one| Some(one.rep.name.as_str()) == name);
        Ok(consultant.map_or((primary, true), |one| (one.rep.clone(), one.public)))
    }

    /// To another rep, who accepts, rejects, lets it ring out, or has not answered yet; the first stays until then.
    pub fn transfer_to_rep(
        &mut self,
        to: Rep,
        outcome: &str,
        until_ms: i64,
        now_ms: i64,
    ) -> Stepped {
        let names = ("TransferToAgentInitiated", "TransferToAgentFailed");
        self.ask(Ring { rep: to, asked: Asked::Transfer, until_ms }, names, outcome, now_ms)
    }

    /// Another rep is asked for advice.
    pub fn consult(&mut self, to: Rep, outcome: &str, until_ms: i64, now_ms: i64) -> Stepped {
        let names = ("ConsultAgentInitiated", "ConsultAgentFailed");
        self.ask(Ring { rep: to, asked: Asked::Consult, until_ms }, names, outcome, now_ms)
    }

    /// The consultant is shown to the customer, and what he writes as well.
    pub fn add_to_chat(&mut self, name: &str) -> Stepped {
        let consultant = self.consultants.iter_mut().find(|one| one.rep.name == name);
        let consultant = consultant.ok_or_else(|| format!("{name} is not consulted"))?;
        consultant.public = true;
        Ok(vec![event(consultant.rep.clone(), "AgentJoinedCustomerConversation")])
    }

    /// A consultant goes, or is sent away by the rep.
    pub fn leave(&mut self, name: &str, removed: bool) -> Stepped {
        let index = self.consultants.iter().position(|one| one.rep.name == name);
        let index = index.ok_or_else(|| format!("{name} is not consulted"))?;
        let Consultant { rep, public } = self.consultants.remove(index);
        let name = match (removed, public) {
            (true, _) => "ConsultAgentRemoved",
            (false, true) => "ConsultAgentLeftPublicConversation",
            (false, false) => "ConsultAgentEndSession",
        };
        Ok(vec![event(rep, name)])
    }

    /// The rep ends all advice.
    pub fn end_consult(&mut self) -> Stepped {
        let from = self.active_rep()?;
        if self.consultants.is_empty() {
            return Err(format!("nobody is consulted in conversation {}", self.id));
        }
        self.consultants.clear();
        Ok(vec![event(from, "AgentEndedConsult")])
    }

    /// A supervisor joins; both sides are told.
    pub fn join(&mut self, supervisor: Rep) -> Stepped {
        self.active_rep()?;
        self.add_consultant(supervisor.clone(), true)?;
        Ok(vec![event(supervisor, "AgentJoinedCustomerConversation")])
    }

    /// Into a queue, where nobody has it. A queue in which nobody works ends it.
    pub fn transfer_to_queue(&mut self, queue: &Queue, outcome: &str, now_ms: i64) -> Stepped {
        let from = self.active_rep()?;
        match outcome {
            "accepted" => {}
            "failed" => return Ok(vec![event(from, "TransferToQueueFailed")]),
            other => {
                return Err(format!(
                    "outcome {other} of a transfer to a queue is not accepted or failed"
                ));
            }
        }
        self.transfers += 1;
        self.close_own_session(Closure::AgentTransferToQueue, now_ms);
        self.enter(queue, now_ms);
        let mut signals = vec![event(from.clone(), "TransferToQueueInitiated")];
        if queue.members.is_empty() {
            self.close(Reason::ClosedDueToFailure, Closure::AgentTransferToQueue, now_ms);
            signals.push(event(from, "ConversationClose"));
        }
        Ok(signals)
    }

    /// The rep gives it back to its queue.
    pub fn release(&mut self, now_ms: i64) -> Stepped {
        self.active_rep()?;
        self.close_own_session(Closure::AgentReRouted, now_ms);
        self.queue_again(now_ms);
        Ok(Vec::new())
    }

    /// The rep's connection is lost for longer than is waited.
    pub fn disconnect(&mut self, now_ms: i64) -> Stepped {
        let from = self.active_rep()?;
        self.close_own_session(Closure::AgentDisconnected, now_ms);
        self.queue_again(now_ms);
        Ok(vec![event(from, "AgentDisconnected")])
    }

    /// The rep presses End.
    pub fn end(&mut self, now_ms: i64) -> Stepped {
        let from = self.active_rep()?;
        self.move_to(Phase::WrapUp, Reason::ConversationEndedByAgent, now_ms);
        Ok(vec![event(from, "PrimaryAgentEndConversation")])
    }

    /// The rep closes the session with X: after End it is over, without End it waits for the customer.
    pub fn close_session(&mut self, now_ms: i64) -> Stepped {
        let rep = self.rep.clone();
        let from = rep.ok_or_else(|| format!("conversation {} has no rep", self.id))?;
        match self.phase {
            Phase::Active => {
                self.close_own_session(Closure::AgentMovedConversationToWaiting, now_ms);
                self.move_to(Phase::Waiting, Reason::AwaitingCustomerResponse, now_ms);
                Ok(vec![event(from, "AgentEndSession")])
            }
            Phase::WrapUp => {
                let closure = match self.reason {
                    Reason::CustomerMovedToWrapUp => Closure::CustomerEndConversation,
                    _ => Closure::AgentEndConversation,
                };
                self.close(self.reason, closure, now_ms);
                Ok(vec![event(from, "ConversationClose")])
            }
            other => {
                Err(format!("conversation {} is {other:?} and has no session to close", self.id))
            }
        }
    }

    /// A supervisor ends it, whatever its state.
    pub fn force_close(&mut self, supervisor: Rep, now_ms: i64) -> Stepped {
        self.demand(&ANY_LIVE, "closed by a supervisor")?;
        self.close(Reason::ForceClosedBySupervisor, Closure::ForceClose, now_ms);
        Ok(vec![event(supervisor, "SupervisorForceClosedConversation")])
    }

    /// Nobody came back in time.
    pub fn time_out(&mut self, system: Rep, now_ms: i64) -> Stepped {
        self.demand(&[Phase::Waiting, Phase::WrapUp], "closed for inactivity")?;
        let reason = match self.phase {
            Phase::Waiting => Reason::AutoClosedFromWaitingState,
            _ => Reason::AutoClosedBySystem,
        };
        self.close(reason, Closure::AutoClose, now_ms);
        Ok(vec![event(system, "ConversationClose")])
    }

    /// The platform finds that nobody works at this hour; overflow handling may end the conversation with it.
    pub fn out_of_hours(&mut self, system: Rep, holiday: bool, ends: bool, now_ms: i64) -> Stepped {
        self.demand(&[Phase::Open], "found out of hours")?;
        let name = match holiday {
            true => "OutOfOperatingHoursDueToHoliday",
            false => "OutOfOperatingHoursDueToNonWorkingHours",
        };
        let mut signals = vec![event(system.clone(), name)];
        if ends {
            signals.extend(self.end_by_overflow(system, now_ms)?);
        }
        Ok(signals)
    }

    /// There is more work than the queue takes, and its setting is to end it.
    pub fn end_by_overflow(&mut self, system: Rep, now_ms: i64) -> Stepped {
        self.demand(&[Phase::Open], "ended by overflow")?;
        self.close(Reason::ClosedDueToOverflow, Closure::OverflowEndConversation, now_ms);
        Ok(vec![event(system, "ConversationClose")])
    }

    /// … or to let another queue have it.
    pub fn overflow_to(&mut self, queue: &Queue, now_ms: i64) -> Stepped {
        self.demand(&[Phase::Open], "moved by overflow")?;
        self.overflow_transfers += 1;
        self.close_own_session(Closure::OverflowQueueTransfer, now_ms);
        self.enter(queue, now_ms);
        Ok(Vec::new())
    }

    /// A supervisor gives it to another queue.
    pub fn move_queue(&mut self, queue: &Queue, now_ms: i64) -> Stepped {
        self.demand(&[Phase::Open], "assigned")?;
        self.close_own_session(Closure::SupervisorAssignToQueue, now_ms);
        self.enter(queue, now_ms);
        Ok(Vec::new())
    }

    /// The customer ends it.
    pub fn end_by_customer(&mut self, now_ms: i64) {
        let closure = Closure::CustomerEndConversation;
        match self.phase {
            Phase::Active if self.rep.is_none() => {
                self.close(Reason::CustomerLeftActiveConversation, closure, now_ms);
            }
            Phase::Active => self.move_to(Phase::WrapUp, Reason::CustomerMovedToWrapUp, now_ms),
            Phase::Open | Phase::Waiting => {
                self.close(Reason::CustomerLeftOpenConversation, closure, now_ms);
            }
            Phase::WrapUp | Phase::Closed => {}
        }
    }

    /// The customer writes: what was set aside goes back into the queue. True if it was.
    pub fn reopen(&mut self, now_ms: i64) -> bool {
        let waited = self.phase == Phase::Waiting;
        if waited {
            self.queue_again(now_ms);
        }
        waited
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
        let variable = self.context.iter().find(|variable| variable.name == name);
        variable.map(|variable| variable.value.as_str())
    }

    /// When something happens by itself, if nothing else does before.
    pub fn deadline_ms(&self, workstream: &Workstream, queue: Option<&Queue>) -> Option<i64> {
        if let Some(ring) = &self.ring {
            return Some(ring.until_ms);
        }
        let after = |since_ms: i64, minutes: Option<i64>| {
            minutes.map(|minutes| since_ms.saturating_add(minutes.saturating_mul(MINUTE_MS)))
        };
        match self.phase {
            Phase::Open => after(self.queued_ms, queue?.overflow.waiting_minutes),
            Phase::Waiting => after(self.modified_ms, workstream.auto_close_minutes),
            Phase::WrapUp => after(self.moved_ms, workstream.wrap_up_minutes),
            Phase::Active | Phase::Closed => None,
        }
    }

    /// The rep who has it asks another one; the events are those of an asking begun and of one that failed.
    fn ask(
        &mut self,
        ring: Ring,
        (begun, failed): (&'static str, &'static str),
        outcome: &str,
        now_ms: i64,
    ) -> Stepped {
        let from = self.active_rep()?;
        if outcome == "failed" {
            return Ok(vec![event(from, failed)]);
        }
        if let Some(ring) = &self.ring {
            return Err(format!("{} is being asked already", ring.rep.name));
        }
        self.ring = Some(ring);
        let mut signals = vec![event(from, begun)];
        signals.extend(self.answered(outcome, now_ms)?);
        Ok(signals)
    }

    /// The answer to what was just asked, where it is known already.
    fn answered(&mut self, outcome: &str, now_ms: i64) -> Stepped {
        match (outcome, self.ring.as_ref().map(|ring| ring.rep.clone())) {
            ("accepted", Some(rep)) => self.accept(rep, now_ms),
            ("rejected", _) => self.decline(false, now_ms),
            ("timed_out", _) => self.decline(true, now_ms),
            ("rings", _) => Ok(Vec::new()),
            (other, _) => {
                self.ring = None;
                Err(format!(
                    "outcome {other} is not accepted, rejected, timed_out, failed or rings"
                ))
            }
        }
    }

    fn take(&mut self, rep: Rep, now_ms: i64) -> Vec<Signal> {
        self.move_to(Phase::Active, Reason::InConversation, now_ms);
        self.rep = Some(rep.clone());
        self.last_rep = Some(rep.clone());
        self.passed.clear();
        let session = self.session(now_ms);
        session.rep = Some(rep.clone());
        session.assigned_ms.get_or_insert(now_ms);
        session.accepted_ms = Some(now_ms);
        vec![event(rep, "AgentAccepted")]
    }

    fn hand_on(&mut self, to: Rep, now_ms: i64) -> Signal {
        self.transfers += 1;
        self.close_own_session(Closure::AgentTransferred, now_ms);
        self.take(to.clone(), now_ms);
        event(to, "TransferAgentAcceptSession")
    }

    fn add_consultant(&mut self, rep: Rep, public: bool) -> Result<(), String> {
        if self.consultants.len() >= MAX_SESSIONS {
            return Err(format!("too many are consulted in conversation {}", self.id));
        }
        self.consultants.retain(|one| one.rep.id != rep.id);
        self.consultants.push(Consultant { rep, public });
        Ok(())
    }

    /// Into this queue, behind the others.
    pub fn enter(&mut self, queue: &Queue, now_ms: i64) {
        self.queue.clone_from(&queue.name);
        self.queue_id.clone_from(&queue.id);
        self.passed.clear();
        self.queue_again(now_ms);
    }

    fn queue_again(&mut self, now_ms: i64) {
        self.rep = None;
        self.queued_ms = now_ms;
        self.move_to(Phase::Open, Reason::AwaitingAgentAssignment, now_ms);
        self.session(now_ms);
    }

    /// The session that is under way, or a new one.
    fn session(&mut self, now_ms: i64) -> &mut Session {
        let under_way = self.sessions.last().is_some_and(|session| session.closed_ms.is_none());
        if !under_way {
            if self.sessions.len() >= MAX_SESSIONS {
                self.sessions.remove(0);
            }
            let queue_id = self.queue_id.clone();
            self.sessions.push(Session { queue_id, created_ms: now_ms, ..Session::default() });
        }
        let last = self.sessions.len() - 1;
        &mut self.sessions[last]
    }

    fn close_own_session(&mut self, closure: Closure, now_ms: i64) {
        if let Some(session) = self.sessions.last_mut().filter(|one| one.closed_ms.is_none()) {
            session.closed_ms = Some(now_ms);
            session.closure = Some(closure);
        }
    }

    fn demand(&self, phases: &[Phase], deed: &str) -> Result<(), String> {
        if phases.contains(&self.phase) {
            return Ok(());
        }
        Err(format!("conversation {} is {:?} and cannot be {deed}", self.id, self.phase))
    }

    fn close(&mut self, reason: Reason, closure: Closure, now_ms: i64) {
        self.close_own_session(closure, now_ms);
        self.move_to(Phase::Closed, reason, now_ms);
        self.closed_ms = Some(now_ms);
    }

    fn move_to(&mut self, phase: Phase, reason: Reason, now_ms: i64) {
        self.phase = phase;
        self.reason = reason;
        self.modified_ms = now_ms;
        self.moved_ms = now_ms;
        if phase != Phase::Active {
            self.ring = None;
            self.consultants.clear();
        }
    }
}

fn event(from: Rep, name: &'static str) -> Signal {
    Signal::Event { from, name }
}
