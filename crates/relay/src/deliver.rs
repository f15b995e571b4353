//! The outbox: one attempt at a time, committed before the call, its outcome after it.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use baton_core::{
    channel::{Call, Channel, Outbound, Pace, What},
    delivery::{Attempt, Delivery, Destination, Payload},
    desk::{Desk, DeskWhat, ToDesk},
    fault::{Fault, FaultClass, Outcome},
    handoff::Handoff,
    ids::{ConversationId, DeliveryId, MessageId},
    message::Content,
    step::{Effects, Input, State},
    time::{SECOND_MS, Timestamp},
};
use baton_store::{Also, Due, StoreError};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc},
    task::JoinSet,
};
use uuid::Uuid;

use crate::{
    apply::{ApplyError, Postponed, Whose, With},
    broken, campaign, crash,
    hub::Hub,
    pace::Lane,
    pump::{self, Queue},
};

/// An attempt that was not posted this soon after its commit is abandoned unsent: its process
/// was paused, and somebody else may own the conversation by now.
const POST_WITHIN: Duration = Duration::from_secs(5);
/// No vendor call takes longer; each vendor's own client is stricter.
const CALL_PATIENCE: Duration = Duration::from_secs(60);
/// The pause when a vendor limits us and does not say for how long.
const LIMITED_PAUSE_MS: i64 = 4 * SECOND_MS;
/// The pause between two tries to write an outcome while the store is away, in real time.
const WRITE_AGAIN: Duration = Duration::from_millis(500);

struct Outbox;

/// The places for calls, and the way for attempts that a step began by itself.
pub(crate) struct Attempts {
    slots: Arc<Semaphore>,
    begun: mpsc::Sender<Begun>,
}

/// An attempt that is committed, with its place.
pub(crate) struct Begun {
    ready: Ready,
    slot: OwnedSemaphorePermit,
}

impl Attempts {
    pub fn new(at_once: usize) -> (Self, mpsc::Receiver<Begun>) {
        // Whatever waits holds a place, so that there is always room.
        let (begun, calls) = mpsc::channel(at_once.max(1));
        (Self { slots: Arc::new(Semaphore::new(at_once)), begun }, calls)
    }

    /// The call of the attempt that a commit began is made by the worker.
    pub fn hand_on(&self, go: Go, effects: &Effects, after: &State) {
        let Some(ready) = Ready::of(effects, after, go.began_at) else { return };
        let delivery = ready.delivery.id;
        if self.begun.try_send(Begun { ready, slot: go.slot }).is_err() {
            tracing::error!(%delivery, "attempt not made; it is settled at the next start");
        }
    }
}

pub(crate) async fn run(hub: Arc<Hub>, begun: mpsc::Receiver<Begun>) {
    tokio::join!(pump::run(Arc::clone(&hub), Arc::new(Outbox)), call(hub, begun));
}

/// Makes the calls of attempts that steps began by themselves, until nobody can begin one.
async fn call(hub: Arc<Hub>, mut begun: mpsc::Receiver<Begun>) {
    let all = u32::try_from(hub.config.deliver_at_once).unwrap_or(u32::MAX);
    let slots = Arc::clone(&hub.attempts.slots);
    let mut running = JoinSet::new();
    let last = async {
        hub.stopped().await;
        // Whoever holds a place may still hand an attempt on.
        let _all = slots.acquire_many(all).await;
        slots.close();
    };
    tokio::pin!(last);
    loop {
        tokio::select! {
            Some(Begun { ready, slot }) = begun.recv() => {
                let hub = Arc::clone(&hub);
                running.spawn(async move {
                    let delivery = ready.delivery.id;
                    if let Err(error) = hub.carry_out(ready).await {
                        tracing::warn!(%delivery, %error, "attempt not concluded");
                    }
                    drop(slot);
                });
            }
            () = &mut last => break,
        }
        while running.try_join_next().is_some() {}
    }
}

impl Queue for Outbox {
    type Item = Due;
    type Key = (ConversationId, Destination);

    fn name(&self) -> &'static str {
        "outbox"
    }

    fn at_once(&self, hub: &Hub) -> usize {
        hub.config.deliver_at_once
    }

    fn slots(&self, hub: &Hub) -> Arc<Semaphore> {
        Arc::clone(&hub.attempts.slots)
    }

    fn bell<'a>(&self, hub: &'a Hub) -> &'a Notify {
        &hub.wakes.deliveries
    }

    async fn due(&self, hub: &Hub, limit: usize) -> Result<Vec<Due>, StoreError> {
        hub.store.delivery_due(hub.clock.now(), limit).await
    }

    fn key(&self, item: &Due) -> Self::Key {
        (item.conversation, item.destination)
    }

    /// A customer's answer goes before a campaign that has filled the list.
    fn is_urgent(&self) -> bool {
        true
    }

    async fn work(&self, hub: Arc<Hub>, item: Due) {
        let mut done = hub.deliver(&item).await;
        if matches!(done, Err(ApplyError::NoInbox)) {
            done = hub.postpone(item.conversation, Postponed::Delivery(item.delivery)).await;
        }
        if let Err(error) = done {
            tracing::warn!(delivery = %item.delivery, %error, "delivery not tried");
            tokio::time::sleep(WRITE_AGAIN).await;
        }
    }
}

/// Where one attempt goes.
pub(crate) enum Vendor {
    Channel(Arc<dyn Channel>),
    Desk(Arc<dyn Desk>),
}

/// When an attempt may be made, and what was taken of the vendor's pace for it.
struct Claim {
    free_at: Timestamp,
    taken: Option<(Lane, Pace)>,
}

/// A place for a call, and when the vendor's pace allows it.
pub(crate) struct Go {
    slot: OwnedSemaphorePermit,
    claim: Claim,
    began_at: Instant,
}

impl Go {
    /// The first moment at which the vendor's pace allows the call.
    pub fn free_at(&self) -> Timestamp {
        self.claim.free_at
    }
}

/// One attempt, ready to be posted.
pub(crate) struct Ready {
    attempt: Attempt,
    /// As the attempt's commit left it.
    state: State,
    delivery: Delivery,
    began_at: Instant,
}

impl Ready {
    /// The attempt that a commit began, with what it leaves of the conversation.
    fn of(effects: &Effects, after: &State, began_at: Instant) -> Option<Self> {
        let attempt = effects.begun()?.clone();
        let delivery = effects.deliveries.iter().find(|d| d.id == attempt.delivery)?.clone();
        Some(Self { attempt, state: after.clone(), delivery, began_at })
    }
}

impl Hub {
    /// A place for the call that a step wants to begin, and a claim on the vendor's pace; none
    /// when all are taken, or nothing new is to begin.
    pub(crate) fn go(&self, state: &State, id: DeliveryId) -> Option<Go> {
        if !self.is_ready() {
            return None;
        }
        let slot = Arc::clone(&self.attempts.slots).try_acquire_owned().ok()?;
        Some(Go { slot, claim: self.claim(state, id), began_at: Instant::now() })
    }

    /// The call is not made.
    pub(crate) fn give_up(&self, go: &Go) {
        self.give_back(&go.claim);
    }

    fn give_back(&self, claim: &Claim) {
        if let Some((lane, pace)) = claim.taken {
            self.paces.give_back(lane, pace);
        }
    }

    async fn deliver(&self, due: &Due) -> Result<(), ApplyError> {
        match self.begin_attempt(due).await? {
            Some(ready) => self.carry_out(ready).await,
            None => Ok(()),
        }
    }

    /// Makes the call of a committed attempt, and writes down what came of it.
    async fn carry_out(&self, ready: Ready) -> Result<(), ApplyError> {
        let outcome = self.post(&ready).await;
        self.learn(&ready, &outcome);
        if let Some(fault) = campaign::refused(&outcome) {
            let inbox = ready.state.conversation.inbox;
            self.template_learns(inbox, &ready.delivery.payload, fault).await;
        }
        self.end_attempt(ready.attempt, Some(ready.state), outcome).await
    }

    /// Commits the attempt, if the rules allow one now.
    async fn begin_attempt(&self, due: &Due) -> Result<Option<Ready>, ApplyError> {
        let began_at = Instant::now();
        let whose = Whose::Known(due.conversation);
        // A commit that lost is made again, and takes no second place.
        let claim = OnceLock::new();
        let input = |state: &State| Input::Attempt {
            delivery: due.delivery,
            free_at: claim.get_or_init(|| self.claim(state, due.delivery)).free_at,
        };
        let applied = self.apply_with(&whose, &With::default(), input).await;
        let begun = applied.as_ref().ok().and_then(|(after, e)| Ready::of(e, after, began_at));
        if begun.is_none() {
            claim.get().into_iter().for_each(|claim| self.give_back(claim));
        }
        applied.map(|_| begun)
    }

    /// Renders and makes the one call.
    async fn post(&self, ready: &Ready) -> Outcome {
        let (vendor, call) = match self.render(&ready.state, &ready.delivery).await {
            Ok(rendered) => rendered,
            Err(fault) => return Outcome::Rejected { fault },
        };
        if ready.began_at.elapsed() > POST_WITHIN {
            let fault = Fault::new(FaultClass::VendorDown, "post in time; nothing was sent");
            return Outcome::Retry { after_ms: Some(0), fault };
        }
        self.take_pace(ready, &vendor);
        let sending = async {
            match &vendor {
                Vendor::Channel(channel) => channel.send(&call).await,
                Vendor::Desk(desk) => desk.send(&call).await,
            }
        };
        crash::point("before", "post");
        let sent = tokio::time::timeout(CALL_PATIENCE, sending).await;
        crash::point("after", "post");
        let outcome = sent.unwrap_or_else(|_| Outcome::Unknown {
            fault: Fault::new(FaultClass::VendorDown, "hear from the vendor in time"),
        });
        repeatable(&vendor, &call, outcome)
    }

    pub(crate) async fn render(
        &self,
        state: &State,
        delivery: &Delivery,
    ) -> Result<(Vendor, Call), Fault> {
        let gone = |what: &str| {
            Fault::new(
                FaultClass::NotRegistered,
                format!("use the {what}: it is stopped or was removed"),
            )
        };
        let registry = self.registry();
        match delivery.destination {
            Destination::Customer => {
                let channel =
                    registry.channel(state.conversation.inbox).ok_or_else(|| gone("inbox"))?;
                let link = content_of(delivery).and_then(|(id, c)| self.vendor_link(id, c));
                let call = channel.render(&outbound(state, delivery, link.as_deref())?)?;
                Ok((Vendor::Channel(channel), call))
            }
            Destination::Desk => {
                let desk =
                    delivery.desk.and_then(|id| registry.desk(id)).ok_or_else(|| gone("desk"))?;
                let handoff = self.handoff_of(state, delivery).await?;
                let link = content_of(delivery).and_then(|(id, c)| self.desk_link(id, c));
                let call = desk.render(&to_desk(state, delivery, &handoff, link.as_deref())?)?;
                Ok((Vendor::Desk(desk), call))
            }
        }
    }

    /// The handoff that a delivery goes to: the session's newest, or one that ended with it.
    pub(crate) async fn handoff_of(
        &self,
        state: &State,
        delivery: &Delivery,
    ) -> Result<Handoff, Fault> {
        let gone = || Fault::new(FaultClass::WorkEnded, "the desk's work is over");
        let id = delivery.handoff.ok_or_else(gone)?;
        if let Some(handoff) = state.handoff.as_ref().filter(|handoff| handoff.id == id) {
            return Ok(handoff.clone());
        }
        let read = self.store.handoff_get(id).await;
        let unread = |e: StoreError| Fault::new(FaultClass::VendorDown, e.to_string());
        read.map_err(unread)?.ok_or_else(gone)
    }

    /// Writes the outcome, however long the store is away: it must not be lost. `known` is the
    /// state as the attempt's beginning left it.
    pub(crate) async fn end_attempt(
        &self,
        attempt: Attempt,
        known: Option<State>,
        outcome: Outcome,
    ) -> Result<(), ApplyError> {
        let whose = Whose::Known(attempt.conversation);
        let also = Also::delivery(attempt.delivery);
        let with = With { also, known, ..With::begin() };
        let input = Input::Outcome { attempt, outcome };
        loop {
            match self.apply(&whose, &with, &input).await {
                Ok(_) => return Ok(()),
                Err(ApplyError::Store(error)) if !self.is_stopping() => {
                    tracing::error!(%error, "outcome not written yet");
                    tokio::time::sleep(WRITE_AGAIN).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// When the vendor's pace allows this one; if that is now, its place is taken.
    fn claim(&self, state: &State, id: DeliveryId) -> Claim {
        let now = self.clock.now();
        let untaken = |free_at| Claim { free_at, taken: None };
        let Some(delivery) = state.deliveries.iter().find(|d| d.id == id) else {
            return untaken(now);
        };
        if let Some(desk) = delivery.desk {
            return untaken(self.paces.free_at(Lane::Source(desk.0), None, now));
        }
        let inbox = state.conversation.inbox;
        let Some(channel) = self.registry().channel(inbox) else { return untaken(now) };
        let policy = channel.policy();
        let pair = self.paces.free_at(Lane::Pair(state.conversation.id), policy.pair_pace, now);
        if pair > now {
            return untaken(pair);
        }
        let lane = Lane::Source(inbox.0);
        let who = (id, !delivery.payload.is_invitation());
        let free_at = self.paces.claim(lane, policy.inbox_pace, who, now);
        let taken = policy.inbox_pace.filter(|_| free_at <= now).map(|pace| (lane, pace));
        Claim { free_at, taken }
    }

    /// One goes to this customer.
    fn take_pace(&self, ready: &Ready, vendor: &Vendor) {
        let Vendor::Channel(channel) = vendor else { return };
        let lane = Lane::Pair(ready.delivery.conversation);
        self.paces.take(lane, channel.policy().pair_pace, self.clock.now());
    }

    /// Remembers what the outcome says about the vendor's limits and about our account.
    fn learn(&self, ready: &Ready, outcome: &Outcome) {
        let source = match ready.delivery.destination {
            Destination::Customer => ready.state.conversation.inbox.0,
            Destination::Desk => ready.delivery.desk.map_or(Uuid::nil(), |desk| desk.0),
        };
        self.health.learn(source, outcome);
        metrics::counter!(
            "baton_attempts_total",
            "destination" => ready.delivery.destination.name(),
            "outcome" => outcome.name()
        )
        .increment(1);
        if let Outcome::Retry { after_ms, fault } = outcome {
            let until = self.clock.now().plus_ms(after_ms.unwrap_or(LIMITED_PAUSE_MS));
            match fault.class {
                FaultClass::RateLimited => {
                    let channel = self.registry().channel(ready.state.conversation.inbox);
                    let pace = channel.and_then(|channel| channel.policy().inbox_pace);
                    let pace = pace.filter(|_| ready.delivery.desk.is_none());
                    self.paces.pause(Lane::Source(source), pace, until);
                }
                FaultClass::PairLimited => {
                    self.paces.pause(Lane::Pair(ready.delivery.conversation), None, until);
                }
                _ => {}
            }
        }
    }
}

/// An unknown that may safely be repeated is simply tried again.
pub(crate) fn repeatable(vendor: &Vendor, call: &Call, outcome: Outcome) -> Outcome {
    match (vendor, outcome) {
        (Vendor::Desk(desk), Outcome::Unknown { fault }) if desk.is_repeatable(call) => {
            Outcome::Retry { after_ms: None, fault }
        }
        (Vendor::Channel(_), Outcome::Unknown { fault }) if broken::resends_blindly() => {
            Outcome::Retry { after_ms: None, fault }
        }
        (_, outcome) => outcome,
    }
}

/// What a delivery says, and of which message.
fn content_of(delivery: &Delivery) -> Option<(MessageId, &Content)> {
    match &delivery.payload {
        Payload::Message { message, content, .. } => Some((*message, content)),
        _ => None,
    }
}

fn outbound<'a>(
    state: &'a State,
    delivery: &'a Delivery,
    file_url: Option<&'a str>,
) -> Result<Outbound<'a>, Fault> {
    let (what, reply_to) = match &delivery.payload {
        Payload::Message { content, reply_to, .. } => (What::Content(content), reply_to.as_ref()),
        Payload::Template { template, .. } => (What::Template(template), None),
        Payload::Plan { .. } | Payload::Note { .. } | Payload::Close => {
            return Err(Fault::new(FaultClass::Bug, "send a desk's delivery to a customer"));
        }
    };
    Ok(Outbound { delivery: delivery.id, to: &state.contact, what, reply_to, file_url })
}

fn to_desk<'a>(
    state: &'a State,
    delivery: &'a Delivery,
    handoff: &'a Handoff,
    file_url: Option<&'a str>,
) -> Result<ToDesk<'a>, Fault> {
    let what = match &delivery.payload {
        Payload::Plan { call, .. } => DeskWhat::Plan(call),
        Payload::Note { text } => DeskWhat::Note(text),
        Payload::Close => DeskWhat::Close,
        Payload::Message { message, content, .. } => {
            let author = state
                .messages
                .iter()
                .find(|m| m.id == *message)
                .map(|m| &m.author)
                .ok_or_else(|| Fault::new(FaultClass::Bug, "find the message of a delivery"))?;
            DeskWhat::Message { author, content, file_url }
        }
        Payload::Template { .. } => {
            return Err(Fault::new(FaultClass::Bug, "send a template to a desk"));
        }
    };
    Ok(ToDesk { delivery: delivery.id, handoff, contact: &state.contact, what })
}
