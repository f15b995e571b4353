//! From a stored event to a committed change: parse, resolve, step.

use std::sync::Arc;

use baton_core::{
    channel::{ChannelEvent, Echo, Receipt},
    contact::{Identity, Point},
    delivery::DeliveryState,
    desk::{Desk, DeskEvent, DeskEventKind},
    handoff::Handoff,
    ids::{ConversationId, DeliveryId, DeskId, InboxId},
    inbound::{Inbound, RawEvent, Source},
    message::{AuthorKind, Message, MessageStatus},
    step::{Input, State},
    time::{MINUTE_MS, Timestamp},
};
use baton_store::{Also, Cause, NewInbound, StoreError};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    task::JoinSet,
};

use crate::{
    apply::{ApplyError, Whose, With},
    crash,
    hub::Hub,
    pump::{self, Queue},
    streams::Followable,
};

/// An event that speaks of something unknown waits this long for it, then it is parked.
const WAIT_FOR_REFERENCE_MS: i64 = 2 * MINUTE_MS;
/// An event that fails this often for other reasons is parked.
const MAX_TRIES: u32 = 50;

struct Inbounds;

/// The way to the worker for events that are understood in the commit that stores them.
#[derive(Debug)]
pub(crate) struct Arrivals(mpsc::Sender<Arrival>);

/// An event that is not stored yet, and where it is said whether it was understood.
#[derive(Debug)]
pub(crate) struct Arrival {
    event: NewInbound,
    handoff: Followable,
    understood: oneshot::Sender<bool>,
}

impl Arrivals {
    pub fn new() -> (Self, mpsc::Receiver<Arrival>) {
        let (arrivals, waiting) = mpsc::channel(1);
        (Self(arrivals), waiting)
    }

    /// Whether the event of this handoff was understood and stored; otherwise nothing happened.
    /// Waits for a place.
    pub async fn understand(&self, event: NewInbound, handoff: Followable) -> bool {
        let (understood, answer) = oneshot::channel();
        let sent = self.0.send(Arrival { event, handoff, understood }).await;
        sent.is_ok() && answer.await.unwrap_or(false)
    }
}

pub(crate) async fn run(hub: Arc<Hub>, arrivals: mpsc::Receiver<Arrival>) {
    tokio::join!(pump::run(Arc::clone(&hub), Arc::new(Inbounds)), take(hub, arrivals));
}

/// Understands what arrives, so much at a time, until the hub stops.
async fn take(hub: Arc<Hub>, mut arrivals: mpsc::Receiver<Arrival>) {
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            Some(Arrival { event, handoff, understood }) = arrivals.recv(),
                if running.len() < hub.config.understand_at_once =>
            {
                let hub = Arc::clone(&hub);
                running.spawn(async move {
                    let done = hub.understand_arriving(event, &handoff).await;
                    // It is stored like any other, and shows its trouble then.
                    let _ = understood.send(done.unwrap_or(false));
                });
            }
            Some(_) = running.join_next() => {}
            () = hub.stopped() => break,
        }
    }
    while running.join_next().await.is_some() {}
}

impl Queue for Inbounds {
    type Item = Inbound;
    type Key = (Source, String);

    fn name(&self) -> &'static str {
        "inbound"
    }

    fn at_once(&self, hub: &Hub) -> usize {
        hub.config.understand_at_once
    }

    fn bell<'a>(&self, hub: &'a Hub) -> &'a Notify {
        &hub.wakes.inbound
    }

    async fn due(&self, hub: &Hub, limit: usize) -> Result<Vec<Inbound>, StoreError> {
        hub.store.inbound_due(hub.clock.now(), limit).await
    }

    fn key(&self, item: &Inbound) -> Self::Key {
        (item.source, item.source_key.clone())
    }

    async fn work(&self, hub: Arc<Hub>, item: Inbound) {
        let end = match item.source {
            Source::Inbox(inbox) => hub.channel_event(inbox, &item).await,
            Source::Desk(desk) => hub.desk_event(desk, &item).await,
        };
        hub.conclude(&item, end).await;
    }
}

/// How the understanding of an event ended.
enum End {
    /// Its change is committed, and it is marked with it.
    Committed,
    /// Nothing had to change.
    Nothing,
    /// It speaks of something that is not known yet.
    Early(&'static str),
    /// It cannot be understood.
    Park { code: String, text: String },
}

type Understood = Result<End, ApplyError>;

impl Hub {
    async fn conclude(&self, item: &Inbound, end: Understood) {
        let written = match end {
            Ok(End::Committed) => Ok(()),
            // It was still in the list of what is due.
            Err(ApplyError::OutOfTurn) => Ok(()),
            Ok(End::Nothing) => self.done(item).await,
            Ok(End::Park { code, text }) => self.park(item, &code, &text).await,
            Ok(End::Early(what)) => self.wait_or_park(item, what).await,
            Err(error) if item.tries >= MAX_TRIES => {
                self.park(item, "not_applied", &error.to_string()).await
            }
            Err(error) => {
                tracing::warn!(inbound = %item.id, tries = item.tries, %error, "event deferred");
                self.defer(item).await
            }
        };
        if let Err(error) = written {
            // It stays as it was and is looked at again.
            tracing::error!(inbound = %item.id, %error, "event's state not written");
        }
    }

    async fn done(&self, item: &Inbound) -> Result<(), StoreError> {
        crash::point("before", "done");
        let written = self.store.inbound_done(vec![item.id]).await;
        crash::point("after", "done");
        written
    }

    async fn park(&self, item: &Inbound, code: &str, text: &str) -> Result<(), StoreError> {
        metrics::counter!("baton_parked_total").increment(1);
        tracing::warn!(inbound = %item.id, code, text, "event parked");
        self.store.inbound_park(item.id, code, text).await
    }

    async fn wait_or_park(&self, item: &Inbound, what: &str) -> Result<(), StoreError> {
        if self.clock.now().since_ms(item.received_at) < WAIT_FOR_REFERENCE_MS {
            return self.defer(item).await;
        }
        let text = format!("it speaks of {what} that is not ours or was never stored");
        self.park(item, "unknown_reference", &text).await
    }

    async fn defer(&self, item: &Inbound) -> Result<(), StoreError> {
        let pause = (250_i64 << item.tries.min(6)).min(10_000);
        self.store.inbound_defer(item.id, self.clock.now().plus_ms(pause)).await
    }

    async fn channel_event(&self, inbox: InboxId, item: &Inbound) -> Understood {
        let Some(channel) = self.registry().channel(inbox) else {
            return Err(ApplyError::NoInbox);
        };
        let events = match channel.parse(&raw(&item.source_key, &item.body)) {
            Ok(events) => events,
            Err(fault) => {
                return Ok(End::Park { code: fault.code.to_owned(), text: fault.text });
            }
        };
        // Of several only the last one may not be repeated; it is committed with the event.
        let last = events.len().saturating_sub(1);
        let mut end = End::Nothing;
        for (at, event) in events.into_iter().enumerate() {
            let cause = (at == last).then_some(Cause::Stored(item.id));
            let with = With { cause, ..With::begin() };
            end = self.channel_said(inbox, item, event, with).await?;
        }
        Ok(end)
    }

    async fn channel_said(
        &self,
        inbox: InboxId,
        item: &Inbound,
        event: ChannelEvent,
        with: With,
    ) -> Understood {
        let whose = |identity: Identity| Whose::Of { workspace: item.workspace, inbox, identity };
        match event {
            ChannelEvent::Message(message) => {
                let whose = whose(message.who.clone());
                let (_, effects) = self.apply(&whose, &with, &Input::Customer(message)).await?;
                self.show_window(&effects).await?;
            }
            ChannelEvent::Receipt(receipt) => return self.receipt(inbox, receipt, with).await,
            ChannelEvent::Echo(echo) => return self.echo(inbox, item, echo, with).await,
            ChannelEvent::Identity { old, new, .. } => {
                return self.identity(inbox, old, new, with).await;
            }
            ChannelEvent::Call { who, at } => {
                self.apply(&whose(who.clone()), &with, &Input::Call { who, at }).await?;
            }
            ChannelEvent::Handover { who, to_us, summary, at } => {
                let known = self.resolve(item.workspace, inbox, &who).await?;
                if known.is_none() && !to_us {
                    return Ok(End::Nothing);
                }
                let input = Input::Handover { who: who.clone(), to_us, summary, at };
                self.apply(&whose(who), &with, &input).await?;
            }
            ChannelEvent::Consent { who, scope, opted_out, at } => {
                let Some(point) = who.points.first().cloned() else { return Ok(End::Nothing) };
                let input = Input::Consent { point, scope, opted_out, at };
                self.apply(&whose(who), &with, &input).await?;
            }
            ChannelEvent::TemplatesChanged => {
                self.templates_soon(inbox);
                return Ok(End::Nothing);
            }
            ChannelEvent::Notice { code, text } => {
                tracing::warn!(%inbox, code, text, "the vendor says something about the account");
                self.notify_operator(item.workspace, &code, text).await?;
                return Ok(End::Nothing);
            }
            ChannelEvent::Ignored { why } => {
                tracing::debug!(%inbox, why, "event ignored");
                return Ok(End::Nothing);
            }
        }
        Ok(End::Committed)
    }

    async fn receipt(&self, inbox: InboxId, receipt: Receipt, with: With) -> Understood {
        let Some((conversation, delivery)) = self.delivery_of(inbox, &receipt).await? else {
            return Ok(End::Early("a message"));
        };
        self.template_reported(inbox, delivery, receipt.fault.as_ref()).await?;
        let with = With { also: Also::delivery(delivery), ..with };
        let status = receipt.status;
        let input = Input::Receipt { receipt, delivery };
        let (_, effects) = self.apply(&Whose::Known(conversation), &with, &input).await?;
        let marks = matches!(status, MessageStatus::Delivered | MessageStatus::Read);
        let rep = |m: &&Message| marks && m.status == status && m.author.kind == AuthorKind::Rep;
        if let Some(message) = effects.messages.iter().find(rep) {
            self.show_mark(message, status == MessageStatus::Read).await?;
        }
        Ok(End::Committed)
    }

    /// Our delivery that a receipt is about: by our own word, else by the vendor's id.
    async fn delivery_of(
        &self,
        inbox: InboxId,
        receipt: &Receipt,
    ) -> Result<Option<(ConversationId, DeliveryId)>, ApplyError> {
        if let Some(id) = receipt.delivery
            && let Some(delivery) = self.store.delivery_get(id).await?
        {
            return Ok(Some((delivery.conversation, id)));
        }
        Ok(self.store.delivery_by_vendor_id(inbox, &receipt.vendor_id).await?)
    }

    /// Our own message reported back, or a person's who answered elsewhere.
    async fn echo(&self, inbox: InboxId, item: &Inbound, echo: Echo, with: With) -> Understood {
        let own = self.store.delivery_by_vendor_id(inbox, &echo.vendor_id).await?;
        if own.is_some() {
            let receipt = Receipt {
                vendor_id: echo.vendor_id,
                delivery: None,
                status: MessageStatus::Sent,
                at: echo.at,
                fault: None,
                cost: None,
            };
            return self.receipt(inbox, receipt, with).await;
        }
        let conversation = self.resolve(item.workspace, inbox, &echo.to).await?;
        if self.may_be_ours(conversation).await? {
            let waited = self.clock.now().since_ms(item.received_at);
            if waited < WAIT_FOR_REFERENCE_MS / 4 {
                return Ok(End::Early("a message"));
            }
        }
        let whose = Whose::Of { workspace: item.workspace, inbox, identity: echo.to.clone() };
        self.apply(&whose, &with, &Input::Echo(echo)).await?;
        Ok(End::Committed)
    }

    /// An attempt is under way whose vendor id we do not know yet.
    async fn may_be_ours(&self, conversation: Option<ConversationId>) -> Result<bool, ApplyError> {
        let Some(id) = conversation else { return Ok(false) };
        let state = self.store.state_load(id, &Also::default()).await?;
        Ok(state.is_some_and(|state| {
            state.deliveries.iter().any(|delivery| {
                matches!(delivery.state, DeliveryState::Sending | DeliveryState::Settling)
            })
        }))
    }

    async fn identity(
        &self,
        inbox: InboxId,
        old: Vec<Point>,
        new: Identity,
        with: With,
    ) -> Understood {
        let found = self.store.conversation_find(inbox, &old).await?;
        let Some(conversation) = found.first() else { return Ok(End::Nothing) };
        let with = With { aliases: new.points.clone(), ..with };
        self.apply(&Whose::Known(*conversation), &with, &Input::Identity(new)).await?;
        Ok(End::Committed)
    }

    async fn desk_event(&self, id: DeskId, item: &Inbound) -> Understood {
        let Some(desk) = self.registry().desk(id) else { return Err(ApplyError::NoInbox) };
        let events = match desk.parse(&raw(&item.source_key, &item.body)) {
            Ok(events) => events,
            Err(fault) => {
                return Ok(End::Park { code: fault.code.to_owned(), text: fault.text });
            }
        };
        let last = events.len().saturating_sub(1);
        let mut end = End::Nothing;
        for (at, event) in events.into_iter().enumerate() {
            let cause = (at == last).then_some(Cause::Stored(item.id));
            let with = With { cause, ..With::begin() };
            end = self.desk_said(id, desk.as_ref(), event, item.received_at, with).await?;
        }
        Ok(end)
    }

    async fn desk_said(
        &self,
        id: DeskId,
        desk: &dyn Desk,
        event: DeskEvent,
        heard_at: Timestamp,
        with: With,
    ) -> Understood {
        if let DeskEventKind::Ignored { why } = &event.what {
            tracing::debug!(desk = %id, why, "event ignored");
            return Ok(End::Nothing);
        }
        let handoff = self.store.handoff_by_work(id, &event.work).await?;
        if event.what == DeskEventKind::Changed {
            return self.look_again(handoff).await;
        }
        let Some(handoff) = handoff else { return Ok(End::Early("a conversation")) };
        if event.what == DeskEventKind::Typing {
            self.show_typing(&handoff).await?;
            return Ok(End::Nothing);
        }
        match self.rep_said(&handoff, event.what, heard_at, &with).await? {
            Some(_) => Ok(End::Committed),
            None => self.settle_repeat(desk, handoff, with).await,
        }
    }

    /// Commits what follows from a desk's event, and returns the state after it; none, and nothing
    /// is committed, where the desk is to be asked first.
    async fn rep_said(
        &self,
        handoff: &Handoff,
        event: DeskEventKind,
        heard_at: Timestamp,
        with: &With,
    ) -> Result<Option<State>, ApplyError> {
        let whose = Whose::Known(handoff.conversation);
        let also = Also::rep_messages_after(handoff.transcript_up_to);
        let with = With { also, ..with.clone() };
        let templates = match &event {
            DeskEventKind::Message(said) => {
                self.templates_for(handoff, std::slice::from_ref(said)).await?
            }
            _ => Vec::new(),
        };
        let input = Input::Rep { handoff: handoff.clone(), event, heard_at, templates };
        let (after, effects) = self.apply(&whose, &with, &input).await?;
        Ok((!effects.ask_desk).then_some(after))
    }

    /// Understands an event that is not stored yet, so that one commit does both; false where it
    /// is to be stored first, like any other: one that needs more than the rules, one that is not
    /// the next of its key, one that fails.
    async fn understand_arriving(
        &self,
        event: NewInbound,
        whose: &Followable,
    ) -> Result<bool, ApplyError> {
        let Source::Desk(id) = event.source else { return Ok(false) };
        let Some(desk) = self.registry().desk(id) else { return Ok(false) };
        let mut events = desk.parse(&raw(&event.source_key, &event.body)).unwrap_or_default();
        let Some(last) = events.pop().filter(|last| needs_rules_only(&last.what)) else {
            return Ok(false);
        };
        // What was learned on the way may be said twice, and before anything else.
        let is_learned = |event: &DeskEvent| matches!(event.what, DeskEventKind::Learned(_));
        let whole = events.iter().all(is_learned) && whose.is(last.work.as_str());
        if !whole {
            return Ok(false);
        }
        let also = Also::rep_messages_after(whose.transcript_up_to);
        let mut with = With::begin();
        with.known = self.store.state_load(whose.conversation, &also).await?;
        let handoff_in = |known: &Option<State>| {
            let handoff = known.as_ref().and_then(|state| state.handoff.as_ref());
            handoff.filter(|handoff| handoff.id == whose.id).cloned()
        };
        let heard_at = event.received_at;
        for learned in events {
            let Some(handoff) = handoff_in(&with.known) else { return Ok(false) };
            with.known = self.rep_said(&handoff, learned.what, heard_at, &with).await?;
        }
        let Some(handoff) = handoff_in(&with.known) else { return Ok(false) };
        with.cause = Some(Cause::Arriving(Arc::new(event)));
        Ok(self.rep_said(&handoff, last.what, heard_at, &with).await?.is_some())
    }

    /// Work of ours is listed at once; most rows that change at a desk are nothing to us.
    async fn look_again(&self, handoff: Option<Handoff>) -> Understood {
        if let Some(handoff) = handoff {
            self.reconcile(handoff.conversation, handoff.id).await?;
        }
        Ok(End::Nothing)
    }

    /// Asks the desk what the rep really said: each listed message is brought once.
    async fn settle_repeat(&self, desk: &dyn Desk, handoff: Handoff, with: With) -> Understood {
        let Some(listed) = self.list(desk, handoff).await else {
            return Ok(End::Early("a message"));
        };
        self.compare(listed, with).await?;
        Ok(End::Committed)
    }

    /// A rep is writing: the customer's phone shows it, where it can. May be lost.
    async fn show_typing(&self, handoff: &Handoff) -> Result<(), ApplyError> {
        let state = self.store.state_load(handoff.conversation, &Also::default()).await?;
        let Some(state) = state else { return Ok(()) };
        let newest =
            self.store.messages_up_to(handoff.conversation, handoff.session, i64::MAX, 20).await?;
        self.attend(state.conversation.inbox, &newest);
        Ok(())
    }
}

/// Nobody is asked or told anything by whoever understands it.
fn needs_rules_only(what: &DeskEventKind) -> bool {
    use DeskEventKind::{Changed, Ignored, Typing};
    !matches!(what, Changed | Ignored { .. } | Typing)
}

fn raw(source_key: &str, body: &str) -> RawEvent {
    let (source_key, body) = (source_key.to_owned(), body.to_owned());
    RawEvent { vendor_event_id: None, source_key, body }
}
