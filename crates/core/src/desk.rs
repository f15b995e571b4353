//! The rep side: what every vendor of a desk must be able to do.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    brief::Brief,
    channel::Call,
    contact::Contact,
    fault::{Accepted, Fault, FaultClass, Outcome, Settled},
    file::{FileStream, MediaSource, SharedFile},
    handoff::Handoff,
    ids::{DeliveryId, SessionId, VendorId},
    inbound::{ParseFault, RawEvent, RawRequest, Received},
    inbox::ChannelKind,
    message::{Author, Content, Message},
    route::{Choice, WorkKind},
    time::{BoxFuture, Timestamp},
};

/// What a desk can do and must not do: data, each number with its source at the vendor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeskPolicy {
    /// The most characters of one message; longer ones are split.
    pub max_text_chars: usize,
    /// The webhook carries no message ids: an equal body within this span is a candidate
    /// repeat, settled by listing. 0 where ids exist.
    pub repeat_span_ms: i64,
    /// How often our open handoffs are compared with what the desk holds.
    pub reconcile_every_ms: i64,
    /// The same for cases, where the comparison is the only way in which reps' answers come.
    pub case_every_ms: i64,
    /// How long after an unknown attempt the listing is believed when it does not show it.
    pub listing_lag_ms: i64,
    /// The most bytes of a file that a rep sends; 0 where files are not fetched.
    pub max_file_bytes: u64,
}

impl DeskPolicy {
    /// How often work of this kind is compared with what the desk holds.
    pub fn compare_every_ms(&self, kind: WorkKind) -> i64 {
        match kind {
            WorkKind::Live => self.reconcile_every_ms,
            WorkKind::Case => self.case_every_ms,
        }
    }
}

/// What a desk event says, and about which work.
#[derive(Clone, PartialEq, Debug)]
pub struct DeskEvent {
    /// The work, by the desk's id.
    pub work: VendorId,
    /// What happened.
    pub what: DeskEventKind,
}

/// What happened at the desk.
#[derive(Clone, PartialEq, Debug)]
pub enum DeskEventKind {
    /// A rep took the work.
    Accepted {
        /// The rep's name.
        rep: Option<String>,
    },
    /// A rep is writing. May be lost.
    Typing,
    /// A rep spoke to the customer.
    Message(RepMessage),
    /// The work moved between reps or queues, or somebody joined or left it.
    Moved {
        /// What happened, for people.
        what: String,
    },
    /// The work is over.
    Ended {
        /// Who or what ended it, for people.
        by: String,
    },
    /// The desk cannot bring the work to anybody.
    Failed {
        /// Why; lowercase, fits after "failed to".
        why: String,
    },
    /// Something about the work changed; what, is to be listed.
    Changed,
    /// The work waits in line, and the desk says where or how long.
    Waiting {
        /// How many are served before this customer, and this one: 1 is the next.
        position: Option<u32>,
        /// The wait that the desk expects, in milliseconds.
        wait_ms: Option<i64>,
    },
    /// Ids of the work came to light, for later steps and for those who look for it.
    Learned(Accepted),
    /// Nobody works at the desk now.
    OutOfHours,
    /// Nothing that concerns us.
    Ignored {
        /// Why.
        why: String,
    },
}

/// A rep's message.
#[derive(Clone, PartialEq, Debug)]
pub struct RepMessage {
    /// The desk's id of it, where it gives one.
    pub vendor_id: Option<VendorId>,
    /// The rep's name.
    pub rep: Option<String>,
    /// When, where the desk says.
    pub at: Option<Timestamp>,
    /// What is said.
    pub content: Content,
}

/// What a desk holds of one work: the truth against which we compare ourselves.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Listing {
    /// The rep's messages to the customer, oldest first, with the desk's ids.
    pub from_rep: Vec<RepMessage>,
    /// What came from us, oldest first: the desk's id and the text.
    pub from_us: Vec<(VendorId, String)>,
    /// The work is over.
    pub ended: bool,
}

/// What a vendor's stream brings at once.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Heard {
    /// What is to be stored, in its order; nothing for a sign of life.
    pub events: Vec<RawEvent>,
    /// From here on the stream continues after a break; none where it says no place.
    pub cursor: Option<String>,
}

/// A vendor's open stream of events.
pub trait EventStream: Send {
    /// What comes next; none when the vendor ended the stream in good order. A stream
    /// that failed is not asked again.
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Heard>, Fault>>;
}

/// Who could take a live conversation now, as far as the desk says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Availability {
    /// A rep is there who could take it.
    pub free: bool,
    /// The desk is within its hours.
    pub open: bool,
    /// How many would be served before this customer, and this one: 1 is the next.
    pub position: Option<u32>,
    /// The average wait in milliseconds.
    pub wait_ms: Option<i64>,
    /// When the desk opens again.
    pub opens_at: Option<Timestamp>,
}

/// One thing that a handoff will need, tried.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Check {
    /// A stable name, such as `token` or `privilege_create_contact`.
    pub name: String,
    /// What was tried, for people; fits after "failed to": "sign in at Entra".
    pub what: String,
    /// Why it failed and what to do; fits behind `what` and a colon. None: it works.
    pub fault: Option<Fault>,
}

/// A desk's settings, tried.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Checked {
    /// Each thing that was tried, in order; what comes after a failure may be missing.
    pub checks: Vec<Check>,
    /// Settings that the desk could derive while trying, to be saved with the others.
    pub derived: Map<String, Value>,
    /// What is right today and will not stay so, such as a secret that ends soon.
    pub warnings: Vec<String>,
}

impl Checked {
    /// The first thing that failed.
    ///
    /// # Errors
    /// Its fault, with what was tried.
    pub fn verdict(&self) -> Result<(), Fault> {
        let failed = |check: &Check| {
            let fault = check.fault.clone()?;
            let operator = format!("{}: {}", check.what, fault.operator);
            Some(Fault { operator, ..fault })
        };
        self.checks.iter().find_map(failed).map_or(Ok(()), Err)
    }
}

/// Everything that the making of the work may use.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    /// The handoff; its id is the repeatable key.
    pub handoff: &'a Handoff,
    /// The public trace id.
    pub session: SessionId,
    /// The customer's channel.
    pub channel: ChannelKind,
    /// The person.
    pub contact: &'a Contact,
    /// What the rep reads first.
    pub brief: &'a Brief,
    /// What was said, oldest first, up to the handoff's position; nothing withdrawn.
    pub transcript: &'a [Message],
    /// The files in it that we hold, oldest first.
    pub files: &'a [SharedFile],
    /// What the route chose.
    pub choice: &'a Choice,
    /// Until when the customer can be written to freely; none where the channel has no such end.
    pub window_until: Option<Timestamp>,
}

/// One step of a plan.
#[derive(Clone, PartialEq, Debug)]
pub struct PlanStep {
    /// Its name, for people.
    pub step: String,
    /// The desk's own description of it.
    pub call: Value,
    /// It is tried once, and the plan goes on whatever comes of it.
    pub optional: bool,
}

/// What is to be sent to a desk.
#[derive(Clone, Copy, Debug)]
pub struct ToDesk<'a> {
    /// Our opaque word for it.
    pub delivery: DeliveryId,
    /// The handoff.
    pub handoff: &'a Handoff,
    /// The person.
    pub contact: &'a Contact,
    /// What.
    pub what: DeskWhat<'a>,
}

/// The kinds of things that a desk is told.
#[derive(Clone, Copy, Debug)]
pub enum DeskWhat<'a> {
    /// One step of the plan that makes the work.
    Plan(&'a Value),
    /// A message in the thread.
    Message {
        /// Who speaks.
        author: &'a Author,
        /// What is said.
        content: &'a Content,
        /// An address from which the file of a media message can be had for a while.
        file_url: Option<&'a str>,
    },
    /// A line from Baton itself, never to be relayed back.
    Note(&'a str),
    /// The end, from our side.
    Close,
}

/// A rep-side vendor, configured for one desk.
pub trait Desk: Send + Sync {
    /// The vendor's folder name.
    fn vendor(&self) -> &'static str;

    /// What it can do and must not do.
    fn policy(&self) -> &DeskPolicy;

    /// Verifies a raw request and splits it into events. Pure, on the keys at hand.
    fn receive(&self, request: &RawRequest, now: Timestamp) -> Received;

    /// Fetches the keys that `receive` needs, where it needs any.
    fn refresh_keys(&self) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Says an event in our words. Pure.
    ///
    /// # Errors
    /// The event cannot be understood; it is parked.
    fn parse(&self, event: &RawEvent) -> Result<Vec<DeskEvent>, ParseFault>;

    /// The plan of small repeatable steps that makes the work. Pure. The step whose outcome
    /// carries `Accepted::work` opens it.
    ///
    /// # Errors
    /// The work cannot be made from this; the fault says why.
    fn open(&self, opening: &Opening<'_>) -> Result<Vec<PlanStep>, Fault>;

    /// Says what is to be sent in the vendor's words. Pure.
    ///
    /// # Errors
    /// The vendor would refuse it; the fault names the rule.
    fn render(&self, to_desk: &ToDesk<'_>) -> Result<Call, Fault>;

    /// Makes one network call.
    fn send<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Outcome>;

    /// Whether repeating this call is harmless, so that an unknown outcome needs no settling.
    fn is_repeatable(&self, call: &Call) -> bool;

    /// Lists what the desk holds of the handoff's work since a moment.
    fn list<'a>(
        &'a self,
        handoff: &'a Handoff,
        since: Timestamp,
    ) -> BoxFuture<'a, Result<Listing, Fault>>;

    /// Whether an unknown attempt at this call shows in the listing. `known` are the desk ids
    /// of our earlier deliveries, which cannot be it.
    fn settle(&self, call: &Call, listing: &Listing, known: &[VendorId]) -> Settled;

    /// The work that the desk made under this handoff, whether we were told or not. Asked about
    /// handoffs that were given up, whose answers may have been lost.
    /// The answer is what making it would have answered.
    fn find<'a>(&'a self, handoff: &'a Handoff) -> BoxFuture<'a, Result<Option<Accepted>, Fault>> {
        let _ = handoff;
        Box::pin(std::future::ready(Ok(None)))
    }

    /// Tells the rep that the customer is writing. May be lost.
    fn typing<'a>(&'a self, handoff: &'a Handoff) -> BoxFuture<'a, ()> {
        let _ = handoff;
        Box::pin(std::future::ready(()))
    }

    /// Tells the rep until when the customer can be written to freely now. May be lost.
    fn window<'a>(&'a self, handoff: &'a Handoff, until: Timestamp) -> BoxFuture<'a, ()> {
        let _ = (handoff, until);
        Box::pin(std::future::ready(()))
    }

    /// Tells the rep that the customer has read a message of theirs. May be lost.
    fn read<'a>(&'a self, handoff: &'a Handoff, message: &'a Message) -> BoxFuture<'a, ()> {
        let _ = (handoff, message);
        Box::pin(std::future::ready(()))
    }

    /// Whose stream tells what happens to this work: the vendor's word for it, one for several
    /// works where the vendor has it so. None where requests come to our hook.
    fn subject(&self, handoff: &Handoff) -> Option<String> {
        let _ = handoff;
        None
    }

    /// Begins to listen to a subject's stream, after the place at which we last heard of it. A
    /// fault of class `Auth` or `Permission` needs a person.
    fn listen<'a>(
        &'a self,
        subject: &'a str,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Box<dyn EventStream>, Fault>> {
        let _ = (subject, after);
        let fault = Fault::new(FaultClass::Bug, "listen: this desk has no streams");
        Box::pin(std::future::ready(Err(fault)))
    }

    /// Tells the rep that a message of theirs is on the customer's device. May be lost.
    fn delivered<'a>(&'a self, handoff: &'a Handoff, message: &'a Message) -> BoxFuture<'a, ()> {
        let _ = (handoff, message);
        Box::pin(std::future::ready(()))
    }

    /// Begins to fetch a file that a rep sent. A fault of class `MediaProblem` is final.
    fn fetch<'a>(
        &'a self,
        handoff: &'a Handoff,
        media: &'a MediaSource,
    ) -> BoxFuture<'a, Result<FileStream, Fault>> {
        let _ = (handoff, media);
        let fault = Fault::new(FaultClass::MediaProblem, "fetch the file: files are not kept here");
        Box::pin(std::future::ready(Err(fault)))
    }

    /// Who could take a live conversation at this place now; none where the desk cannot say.
    fn availability<'a>(
        &'a self,
        target: &'a Choice,
    ) -> Option<BoxFuture<'a, Result<Availability, Fault>>> {
        let _ = target;
        None
    }

    /// Tries everything that a handoff will need, changing nothing.
    fn check(&self) -> BoxFuture<'_, Checked>;
}
