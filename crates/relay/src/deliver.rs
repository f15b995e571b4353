//! The outbox: one attempt at a time, committed before the call, its outcome after it.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use baton_core::{
    channel::{Call, Channel, Outbound, Pace, What},
    delivery::{Attempt, Delivery, Destination, Payload},
    desk::{Desk, DeskWhat, ToDesk},
    fault::{Fault, FaultClass, Outcome, Settled},
    handoff::Handoff,
    ids::{ConversationId, DeliveryId, MessageId},
    message::Content,
    step::{Input, State},
    time::{SECOND_MS, Timestamp},
};
use baton_store::{Also, Due, StoreError};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::{
    apply::{ApplyError, Postponed, Whose, With},
    broken, campaign, crash,
    handoff::LISTING_MARGIN_MS,
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

pub(crate) async fn run(hub: Arc<Hub>) {
    pump::run(hub, Arc::new(Outbox)).await;
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
enum Vendor {
    Channel(Arc<dyn Channel>),
    Desk(Arc<dyn Desk>),
}

/// When an attempt may be made, and what was taken of the vendor's pace for it.
struct Claim {
    free_at: Timestamp,
    taken: Option<(Lane, Pace)>,
}

/// One attempt, ready to be posted.
struct Ready {
    attempt: Attempt,
    state: State,
    delivery: Delivery,
    committed: Instant,
}

impl Hub {
    async fn deliver(&self, due: &Due) -> Result<(), ApplyError> {
        let Some(ready) = self.begin_attempt(due).await? else { return Ok(()) };
        let outcome = self.post(&ready).await;
        self.learn(&ready, &outcome);
        if let Some(fault) = campaign::refused(&outcome) {
            let inbox = ready.state.conversation.inbox;
            self.template_learns(inbox, &ready.delivery.payload, fault).await;
        }
        self.end_attempt(ready.attempt, outcome).await
    }

    /// Commits the attempt, if the rules allow one now.
    async fn begin_attempt(&self, due: &Due) -> Result<Option<Ready>, ApplyError> {
        let committed = Instant::now();
        let whose = Whose::Known(due.conversation);
        // A commit that lost is made again, and takes no second place.
        let claim = OnceLock::new();
        let input = |state: &State| Input::Attempt {
            delivery: due.delivery,
            free_at: claim.get_or_init(|| self.claim(state, due.delivery)).free_at,
        };
        let applied = self.apply_with(&whose, &With::default(), input).await;
        let begun = applied.as_ref().ok().and_then(|(_, effects)| effects.begun().cloned());
        if let (None, Some(Claim { taken: Some((lane, pace)), .. })) = (&begun, claim.into_inner())
        {
            self.paces.give_back(lane, pace);
        }
        let (state, effects) = applied?;
        let Some(attempt) = begun else { return Ok(None) };
        let delivery = effects.deliveries.iter().find(|d| d.id == due.delivery).cloned();
        Ok(delivery.map(|delivery| Ready { attempt, state, delivery, committed }))
    }

    /// Renders and makes the one call.
    async fn post(&self, ready: &Ready) -> Outcome {
        let (vendor, call) = match self.render(&ready.state, &ready.delivery).await {
            Ok(rendered) => rendered,
            Err(fault) => return Outcome::Rejected { fault },
        };
        if ready.committed.elapsed() > POST_WITHIN {
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

    async fn render(&self, state: &State, delivery: &Delivery) -> Result<(Vendor, Call), Fault> {
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
    async fn handoff_of(&self, state: &State, delivery: &Delivery) -> Result<Handoff, Fault> {
        let gone = || Fault::new(FaultClass::WorkEnded, "the desk's work is over");
        let id = delivery.handoff.ok_or_else(gone)?;
        if let Some(handoff) = state.handoff.as_ref().filter(|handoff| handoff.id == id) {
            return Ok(handoff.clone());
        }
        let read = self.store.handoff_get(id).await;
        let unread = |e: StoreError| Fault::new(FaultClass::VendorDown, e.to_string());
        read.map_err(unread)?.ok_or_else(gone)
    }

    /// Writes the outcome, however long the store is away: it must not be lost.
    async fn end_attempt(&self, attempt: Attempt, outcome: Outcome) -> Result<(), ApplyError> {
        let whose = Whose::Known(attempt.conversation);
        let with = With { deliveries: vec![attempt.delivery], ..With::default() };
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

    /// Asks what became of an unknown attempt.
    pub(crate) async fn settle(
        &self,
        conversation: ConversationId,
        id: DeliveryId,
    ) -> Result<(), ApplyError> {
        let also = Also { deliveries: vec![id], ..Also::default() };
        let state = self.store.state_load(conversation, &also).await?;
        let delivery =
            state.as_ref().and_then(|s| s.deliveries.iter().find(|d| d.id == id)).cloned();
        let settled = match (&state, &delivery) {
            (Some(state), Some(delivery)) => self.ask(state, delivery).await?,
            _ => Settled::Unknown,
        };
        let input = Input::Settled { delivery: id, settled };
        let with = With { deliveries: vec![id], ..With::default() };
        self.apply(&Whose::Known(conversation), &with, &input).await?;
        Ok(())
    }

    async fn ask(&self, state: &State, delivery: &Delivery) -> Result<Settled, ApplyError> {
        let (desk, call) = match self.render(state, delivery).await {
            Ok((Vendor::Desk(desk), call)) => (desk, call),
            Ok((Vendor::Channel(channel), call)) => {
                return self.look_up(channel.as_ref(), &call, delivery).await;
            }
            Err(_) => return Ok(Settled::Unknown),
        };
        if desk.is_repeatable(&call) {
            return Ok(Settled::NotSent);
        }
        let Ok(handoff) = self.handoff_of(state, delivery).await else {
            return Ok(Settled::Unknown);
        };
        if handoff.work.is_none() {
            return Ok(Settled::Unknown);
        }
        let since = handoff.requested_at.plus_ms(-LISTING_MARGIN_MS);
        crash::point("before", "ask");
        let listing = desk.list(&handoff, since).await;
        crash::point("after", "ask");
        let Ok(listing) = listing else { return Ok(Settled::Unknown) };
        let known = self.store.desk_vendor_ids(handoff.id).await?;
        Ok(desk.settle(&call, &listing, &known))
    }
}

/// An unknown that may safely be repeated is simply tried again.
fn repeatable(vendor: &Vendor, call: &Call, outcome: Outcome) -> Outcome {
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

/// What was under way when its process ended is unknown now.
pub(crate) async fn settle_interrupted(hub: &Arc<Hub>) {
    let cut_short = match hub.store.delivery_sending().await {
        Ok(cut_short) => cut_short,
        Err(error) => return tracing::error!(%error, "attempts cut short not read"),
    };
    for (conversation, delivery) in cut_short {
        if let Err(error) = hub.interrupted(conversation, delivery).await {
            tracing::error!(%delivery, %error, "attempt cut short not settled");
        }
    }
}

impl Hub {
    async fn interrupted(
        &self,
        conversation: ConversationId,
        id: DeliveryId,
    ) -> Result<(), ApplyError> {
        let Some(attempt) = self.store.attempt_last(id).await? else { return Ok(()) };
        let fault = Fault::new(
            FaultClass::VendorDown,
            "hear from the vendor: the process ended during the call",
        );
        let also = Also { deliveries: vec![id], ..Also::default() };
        let state = self.store.state_load(conversation, &also).await?;
        let delivery =
            state.as_ref().and_then(|state| state.deliveries.iter().find(|d| d.id == id));
        let rendered = match (&state, delivery) {
            (Some(state), Some(delivery)) => self.render(state, delivery).await.ok(),
            _ => None,
        };
        let unknown = Outcome::Unknown { fault };
        let outcome = match rendered {
            Some((vendor, call)) => repeatable(&vendor, &call, unknown),
            None => unknown,
        };
        self.end_attempt(attempt, outcome).await
    }
}
