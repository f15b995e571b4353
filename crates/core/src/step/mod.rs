//! The rules: state and input in, effects out. Pure: no clock, no randomness, no I/O but what
//! the context injects.
//!
//! `step` works on a copy of the state. What differs from the original at the end, and every
//! fact, task and ledger line noted on the way, is what one transaction commits.

mod attempt;
mod command;
mod consents;
mod customer;
mod draft;
mod elsewhere;
mod file;
mod handoff;
mod outcome;
mod place;
mod recall;
mod receipt;
mod rep;
mod say;
mod template;
mod timer;
mod turn;
mod window;

#[cfg(test)]
mod tests;

pub use command::words as command;
pub use draft::Draft;
pub use file::{Keeper, keeper, waits};
pub use handoff::topic;
pub use say::refusal;
pub use template::template_refusal;
pub use window::WINDOW_CLOSED;

use crate::{
    brief::Brief,
    campaign::{Invite, RecipientMark},
    channel::{ChannelPolicy, CustomerMessage, Echo, Receipt},
    consent::{Consent, ConsentScope},
    contact::{Contact, Identity, Point},
    conversation::Conversation,
    delivery::{Attempt, Delivery},
    desk::{DeskEventKind, DeskPolicy, Listing, PlanStep},
    engine::Turn,
    fault::{Accepted, Fault, Outcome, Settled},
    feed::NewFact,
    file::StoredFile,
    handoff::{Handoff, Place},
    ids::{DeliveryId, HandoffId, Ids, MessageId},
    message::{Author, Content, Message},
    route::Route,
    session::{CloseReason, Session},
    settings::Settings,
    task::{TaskChange, TaskKind},
    template::{Template, TemplateUse},
    time::Timestamp,
};

/// Everything about one conversation that the rules look at.
#[derive(Clone, PartialEq, Debug)]
pub struct State {
    /// The thread.
    pub conversation: Conversation,
    /// The person.
    pub contact: Contact,
    /// The open session.
    pub session: Option<Session>,
    /// The newest handoff of the open session.
    pub handoff: Option<Handoff>,
    /// The outbox of the conversation, and any other delivery that the input speaks of.
    pub deliveries: Vec<Delivery>,
    /// The messages that those deliveries carry, and any other that the input speaks of.
    pub messages: Vec<Message>,
    /// The consent ledger of the contact at this inbox.
    pub consents: Vec<Consent>,
}

/// What surrounds the rules.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The present moment.
    pub now: Timestamp,
    /// Where new ids come from.
    pub ids: &'a dyn Ids,
    /// What the workspace decided.
    pub settings: &'a Settings,
    /// What the inbox's channel can do.
    pub channel: &'a ChannelPolicy,
    /// The inbox's name.
    pub name: &'a str,
    /// Whether the AI answers at this inbox.
    pub ai: bool,
    /// The workspace's routes.
    pub routes: &'a [Route],
    /// What the desk can do that spoke, or else the live handoff's.
    pub desk: Option<&'a DeskPolicy>,
}

/// What happened.
#[derive(Clone, PartialEq, Debug)]
pub enum Input {
    /// The customer spoke.
    Customer(CustomerMessage),
    /// A vendor reported what became of a delivery of ours.
    Receipt {
        /// The report.
        receipt: Receipt,
        /// The delivery that it is about.
        delivery: DeliveryId,
    },
    /// A person answered outside Baton.
    Echo(Echo),
    /// Somebody of ours says something from the console.
    Say {
        /// To whom.
        to: Identity,
        /// Who.
        author: Author,
        /// What.
        content: Content,
    },
    /// Somebody of ours sends a template.
    Template {
        /// Who.
        author: Author,
        /// What.
        template: TemplateUse,
    },
    /// Somebody on a campaign's list has their turn.
    Invite(Invite),
    /// The customer called, or took our call.
    Call {
        /// Who.
        who: Identity,
        /// When.
        at: Timestamp,
    },
    /// The conversation changed hands among those who may answer at this address.
    Handover {
        /// Whose.
        who: Identity,
        /// To us (true), or away from us (false).
        to_us: bool,
        /// What was said so far.
        summary: Option<String>,
        /// When.
        at: Timestamp,
    },
    /// A vendor told more about who the customer is.
    Identity(Identity),
    /// The customer changed what we may send.
    Consent {
        /// The address that it is about.
        point: Point,
        /// What it covers.
        scope: ConsentScope,
        /// Opted out (true) or in again (false).
        opted_out: bool,
        /// Since when.
        at: Timestamp,
    },
    /// An engine turn ended.
    TurnEnded {
        /// It had read up to this position.
        up_to: i64,
        /// The session's epoch when it began.
        epoch: i64,
        /// What came of it.
        result: Result<Turn, Fault>,
    },
    /// The brief is written and the desk's work is planned.
    Briefed {
        /// The handoff.
        handoff: HandoffId,
        /// What the rep reads first.
        brief: Brief,
        /// Where the work is made.
        place: Place,
        /// The steps that make the work.
        plan: Result<Vec<PlanStep>, Fault>,
    },
    /// Something happened at the desk. The state holds the reps' messages since the handoff.
    Rep {
        /// The handoff whose work it is about.
        handoff: Handoff,
        /// What.
        event: DeskEventKind,
        /// When we were told; it may have waited since.
        heard_at: Timestamp,
        /// The inbox's templates, where the rep typed a command.
        templates: Vec<Template>,
    },
    /// What the desk holds of a handoff's work.
    Listed {
        /// The handoff.
        handoff: Handoff,
        /// What the desk holds. The state holds the reps' messages since the handoff.
        listing: Listing,
        /// The inbox's templates, where a rep typed a command.
        templates: Vec<Template>,
    },
    /// A desk that was given up was asked whether it made the work after all.
    Recalled {
        /// The handoff that failed.
        handoff: Handoff,
        /// What it made; a fault where it cannot say yet.
        found: Result<Option<Accepted>, Fault>,
    },
    /// A delivery wants to be tried now.
    Attempt {
        /// The delivery.
        delivery: DeliveryId,
        /// The first moment at which the vendor's pace allows it.
        free_at: Timestamp,
    },
    /// An attempt ended.
    Outcome {
        /// The attempt as it was begun.
        attempt: Attempt,
        /// What came of it.
        outcome: Outcome,
    },
    /// A vendor was asked about an unknown attempt.
    Settled {
        /// The delivery.
        delivery: DeliveryId,
        /// What it said.
        settled: Settled,
    },
    /// A try to fetch the bytes of a message's media ended. The state holds the message.
    Fetched {
        /// The message.
        message: MessageId,
        /// What is stored now; a fault of class `MediaProblem` is final.
        result: Result<StoredFile, Fault>,
    },
    /// The conversation is about to become part of another one of the same person.
    Merged,
    /// A task's time has come.
    Due(TaskKind),
}

/// What one transaction commits.
#[derive(Clone, PartialEq, Debug)]
pub struct Effects {
    /// The thread; the commit compares its version and raises it.
    pub conversation: Conversation,
    /// The person, when anything about them changed.
    pub contact: Option<Contact>,
    /// Sessions that are new or changed.
    pub sessions: Vec<Session>,
    /// Handoffs that are new or changed.
    pub handoffs: Vec<Handoff>,
    /// Messages that are new or changed.
    pub messages: Vec<Message>,
    /// Deliveries that are new or changed.
    pub deliveries: Vec<Delivery>,
    /// Attempts that are new or changed.
    pub attempts: Vec<Attempt>,
    /// Tasks to set or clear.
    pub tasks: Vec<TaskChange>,
    /// Lines for the consent ledger.
    pub consents: Vec<Consent>,
    /// Turns that people on campaigns' lists had.
    pub recipients: Vec<RecipientMark>,
    /// What everybody who follows the feed will learn.
    pub facts: Vec<NewFact>,
    /// The rules cannot tell whether a rep's message is a repeat: nothing is to be committed,
    /// and the desk is to be asked what it holds.
    pub ask_desk: bool,
}

impl Effects {
    /// No change at all.
    pub fn nothing(state: &State) -> Self {
        Self {
            conversation: state.conversation.clone(),
            contact: None,
            sessions: Vec::new(),
            handoffs: Vec::new(),
            messages: Vec::new(),
            deliveries: Vec::new(),
            attempts: Vec::new(),
            tasks: Vec::new(),
            consents: Vec::new(),
            recipients: Vec::new(),
            facts: Vec::new(),
            ask_desk: false,
        }
    }

    /// Whether the state stays as it is.
    pub fn is_nothing(&self, state: &State) -> bool {
        *self == Self::nothing(state)
    }

    /// The attempt that this step began: the one network call that may now be made.
    pub fn begun(&self) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.outcome.is_none())
    }
}

/// Applies one input to a conversation. Before the draft is finished, the attempt at what the
/// input lets go may be made part of it.
pub fn step<'a>(state: &State, input: Input, cx: &Context<'a>) -> Draft<'a> {
    let mut draft = Draft::new(state, *cx);
    match input {
        Input::Customer(message) => customer::spoke(&mut draft, message),
        Input::Receipt { receipt, delivery } => receipt::came(&mut draft, &receipt, delivery),
        Input::Echo(echo) => elsewhere::answered(&mut draft, echo),
        Input::Call { who, at } => customer::called(&mut draft, &who, at),
        Input::Handover { who, to_us, summary, at } => {
            elsewhere::handed(&mut draft, &who, to_us, summary, at);
        }
        Input::Say { to, author, content } => say::said(&mut draft, &to, author, content),
        Input::Template { author, template } => template::sent(&mut draft, author, template),
        Input::Invite(invite) => template::invited(&mut draft, invite),
        Input::Identity(identity) => {
            draft.state.contact.learn(&identity);
        }
        Input::Consent { point, scope, opted_out, at } => {
            let who = Identity { points: vec![point.clone()], name: None };
            draft.state.contact.learn(&who);
            consents::told(&mut draft, point, scope, opted_out, at);
        }
        Input::TurnEnded { up_to, epoch, result } => turn::ended(&mut draft, up_to, epoch, result),
        Input::Briefed { handoff, brief, place, plan } => {
            handoff::briefed(&mut draft, handoff, brief, place, plan);
        }
        Input::Rep { handoff, event, heard_at, templates } => {
            rep::did(&mut draft, handoff, event, heard_at, &templates);
        }
        Input::Listed { handoff, listing, templates } => {
            rep::listed(&mut draft, handoff, listing, &templates);
        }
        Input::Recalled { handoff, found } => recall::answered(&mut draft, handoff, found),
        Input::Attempt { delivery, free_at } => attempt::begin(&mut draft, delivery, free_at),
        Input::Outcome { attempt, outcome } => outcome::known(&mut draft, attempt, outcome),
        Input::Settled { delivery, settled } => outcome::settled(&mut draft, delivery, settled),
        Input::Fetched { message, result } => file::fetched(&mut draft, message, result),
        Input::Merged => timer::close(&mut draft, CloseReason::Merged),
        Input::Due(task) => timer::due(&mut draft, task),
    }
    draft
}
