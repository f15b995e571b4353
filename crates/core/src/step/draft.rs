//! The copy that a step works on, and the moves that several rules share.

use super::{Context, Effects, State};
use crate::{
    campaign,
    delivery::{Attempt, Delivery, DeliveryState, Destination, Hold, Payload},
    fault::Fault,
    feed::{FactKind, NewFact},
    handoff::Handoff,
    ids::{DeliveryId, MessageId, SessionId, VendorId},
    message::{Author, AuthorKind, Citation, Content, Message, MessageStatus},
    route::WorkKind,
    session::{CloseReason, Owner, Session},
    task::{TaskChange, TaskKind},
    time::Timestamp,
};

/// A step in progress.
pub struct Draft<'a> {
    pub(super) state: State,
    pub(super) cx: Context<'a>,
    /// Sessions closed by this step.
    closed: Vec<Session>,
    /// Handoffs that this step moved on from, or that belong to an earlier session.
    pub(super) past_handoffs: Vec<Handoff>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) tasks: Vec<TaskChange>,
    pub(super) consents: Vec<crate::consent::Consent>,
    pub(super) recipients: Vec<crate::campaign::RecipientMark>,
    facts: Vec<NewFact>,
    pub(super) ask_desk: bool,
}

/// What is said, before it has a place in the thread.
pub(super) struct Utterance {
    pub author: Author,
    pub content: Content,
    pub at: Timestamp,
    pub vendor_id: Option<VendorId>,
    pub reply_to: Option<VendorId>,
    pub status: MessageStatus,
    pub citations: Vec<Citation>,
}

impl Utterance {
    /// Something of ours for the customer.
    pub fn ours(author: Author, content: Content, at: Timestamp) -> Self {
        Self {
            author,
            content,
            at,
            vendor_id: None,
            reply_to: None,
            status: MessageStatus::Pending,
            citations: Vec::new(),
        }
    }
}

impl<'a> Draft<'a> {
    pub(super) fn new(state: &State, cx: Context<'a>) -> Self {
        Self {
            state: state.clone(),
            cx,
            closed: Vec::new(),
            past_handoffs: Vec::new(),
            attempts: Vec::new(),
            tasks: Vec::new(),
            consents: Vec::new(),
            recipients: Vec::new(),
            facts: Vec::new(),
            ask_desk: false,
        }
    }

    /// The open session; opened now when there is none.
    pub(super) fn open_session(&mut self) -> SessionId {
        if let Some(session) = &self.state.session {
            return session.id;
        }
        let id = SessionId::new(self.cx.ids);
        let owner = if self.cx.ai { Owner::Ai } else { Owner::Nobody };
        let mut metadata = serde_json::Map::new();
        metadata.insert("sessionId".to_owned(), id.to_string().into());
        let session = Session {
            id,
            workspace: self.state.conversation.workspace,
            conversation: self.state.conversation.id,
            number: 0,
            owner,
            epoch: 1,
            opened_at: self.cx.now,
            last_activity_at: self.cx.now,
            closed_at: None,
            close_reason: None,
            answered_up_to: self.state.conversation.last_position,
            asked_up_to: self.state.conversation.last_position,
            asked_at: None,
            reruns: 0,
            misses: 0,
            tokens_spent: 0,
            language: None,
            metadata,
        };
        self.fact(Some(id), FactKind::SessionOpened(session.clone()));
        self.state.session = Some(session);
        self.state.handoff = None;
        let span = self.silent_span_ms();
        self.set_task(TaskKind::Silence(id), self.cx.now.plus_ms(span));
        id
    }

    /// How long the open session may be silent.
    pub(super) fn silent_span_ms(&self) -> i64 {
        match self.state.session.as_ref().map(|s| s.owner) {
            Some(Owner::Desk) => match self.state.handoff.as_ref().map(|h| h.target.kind) {
                Some(WorkKind::Case) => self.cx.settings.silent_close_case_ms,
                _ => self.cx.settings.silent_close_desk_ms,
            },
            // An answer may take days, and it is a desk's.
            Some(_) if self.state.session.as_ref().is_some_and(campaign::waits_for_reply) => {
                self.cx.settings.silent_close_desk_ms
            }
            _ => self.cx.settings.silent_close_ms(self.cx.channel.channel),
        }
    }

    /// Ends the open session.
    pub(super) fn close_session(&mut self, reason: CloseReason) {
        let Some(mut session) = self.state.session.take() else { return };
        session.closed_at = Some(self.cx.now);
        session.close_reason = Some(reason);
        let id = session.id;
        for task in [TaskKind::Turn(id), TaskKind::Return(id), TaskKind::Silence(id)] {
            self.clear_task(task);
        }
        self.fact(Some(id), FactKind::SessionClosed(session.clone()));
        self.closed.push(session);
        if let Some(handoff) = self.state.handoff.take() {
            self.past_handoffs.push(handoff);
        }
    }

    /// Writes something into the thread.
    pub(super) fn append(&mut self, session: SessionId, said: Utterance) -> Message {
        self.state.conversation.last_position += 1;
        let mut message = Message {
            id: MessageId::new(self.cx.ids),
            workspace: self.state.conversation.workspace,
            conversation: self.state.conversation.id,
            session,
            position: self.state.conversation.last_position,
            author: said.author,
            content: said.content,
            at: said.at,
            recorded_at: self.cx.now,
            vendor_id: said.vendor_id,
            reply_to: said.reply_to,
            status: said.status,
            fault: None,
            citations: said.citations,
            cost: None,
        };
        if let Some(open) = self.state.session.as_mut().filter(|s| s.id == session) {
            open.last_activity_at = self.cx.now;
        }
        super::file::begin(self, &mut message);
        self.state.messages.push(message.clone());
        message
    }

    /// Queues a message to the customer, split where the channel's limit demands it.
    pub(super) fn queue_to_customer(&mut self, message: &Message) {
        for content in split(&message.content, self.cx.channel.max_text_chars) {
            let payload = Payload::Message {
                message: message.id,
                content,
                reply_to: message.reply_to.clone(),
            };
            let delivery = self.delivery(Destination::Customer, message, payload);
            self.state.deliveries.push(delivery);
        }
    }

    /// Queues a message to the live handoff's desk; held while the work is being made.
    pub(super) fn queue_to_desk(&mut self, message: &Message) {
        let Some(handoff) = self.state.handoff.clone().filter(|h| h.state.is_live()) else {
            return;
        };
        let limit = self.cx.desk.map_or(usize::MAX, |desk| desk.max_text_chars);
        for content in split(&message.content, limit) {
            let payload = Payload::Message {
                message: message.id,
                content,
                reply_to: message.reply_to.clone(),
            };
            let mut delivery = self.delivery(Destination::Desk, message, payload);
            delivery.address(&handoff);
            self.state.deliveries.push(delivery);
        }
    }

    /// Tells the rep something in the thread, where a live handoff exists.
    pub(super) fn note(&mut self, text: impl Into<String>) {
        let Some(handoff) = self.state.handoff.clone().filter(|h| h.state.is_live()) else {
            return;
        };
        let mut delivery = self.work_delivery(&handoff, Payload::Note { text: text.into() });
        delivery.address(&handoff);
        self.state.deliveries.push(delivery);
    }

    /// Ends the desk's work from our side.
    pub(super) fn close_work(&mut self, handoff: &Handoff) {
        let delivery = self.work_delivery(handoff, Payload::Close);
        self.state.deliveries.push(delivery);
    }

    /// Something of ours for the work of a handoff, at the end of the desk's queue.
    pub(super) fn work_delivery(&mut self, handoff: &Handoff, payload: Payload) -> Delivery {
        let author = AuthorKind::System;
        let mut delivery = self.bare_delivery(Destination::Desk, handoff.session, author, payload);
        delivery.handoff = Some(handoff.id);
        delivery.desk = Some(handoff.desk);
        delivery
    }

    fn delivery(&mut self, to: Destination, message: &Message, payload: Payload) -> Delivery {
        let mut delivery = self.bare_delivery(to, message.session, message.author.kind, payload);
        delivery.next_at = super::file::ready_at(&delivery);
        delivery
    }

    /// A waiting delivery at the end of its queue.
    pub(super) fn bare_delivery(
        &mut self,
        destination: Destination,
        session: SessionId,
        author: AuthorKind,
        payload: Payload,
    ) -> Delivery {
        self.state.conversation.last_seq += 1;
        Delivery {
            id: DeliveryId::new(self.cx.ids),
            workspace: self.state.conversation.workspace,
            conversation: self.state.conversation.id,
            session,
            destination,
            handoff: None,
            desk: None,
            seq: self.state.conversation.last_seq,
            author,
            epoch: self.state.session.as_ref().filter(|s| s.id == session).map_or(0, |s| s.epoch),
            payload,
            state: DeliveryState::Waiting,
            hold: None,
            next_at: self.cx.now,
            attempts: 0,
            created_at: self.cx.now,
            settle_until: None,
            vendor_id: None,
            fault: None,
        }
    }

    /// Says something in Baton's own voice to the customer, in their language.
    pub(super) fn system_says(&mut self, session: SessionId, text: String) {
        let author = Author::unnamed(AuthorKind::System);
        let said = Utterance::ours(author, Content::text(text), self.cx.now);
        let message = self.append(session, said);
        self.queue_to_customer(&message);
    }

    /// Makes somebody else the owner: a new epoch, in which no AI answer of the old one is sent.
    pub(super) fn set_owner(&mut self, owner: Owner) {
        let Some(session) = self.state.session.as_mut() else { return };
        if session.owner == owner {
            return;
        }
        session.owner = owner;
        session.epoch += 1;
        session.reruns = 0;
        let (id, epoch) = (session.id, session.epoch);
        self.fact(Some(id), FactKind::OwnerChanged { owner, epoch });
        self.clear_task(TaskKind::Turn(id));
        self.clear_task(TaskKind::Return(id));
        self.withdraw(|delivery| delivery.author == AuthorKind::Ai);
        self.watch_silence();
    }

    /// Whoever owns the session now may be silent for so long.
    pub(super) fn watch_silence(&mut self) {
        let span_ms = self.silent_span_ms();
        let Some(session) = self.state.session.as_ref() else { return };
        let ends_at = session.last_activity_at.plus_ms(span_ms);
        self.set_task(TaskKind::Silence(session.id), ends_at);
    }

    /// Cancels untried customer deliveries that fit, and marks their messages.
    pub(super) fn withdraw(&mut self, fits: impl Fn(&Delivery) -> bool) {
        let mut messages = Vec::new();
        for delivery in &mut self.state.deliveries {
            let untried = matches!(delivery.state, DeliveryState::Waiting | DeliveryState::Held);
            if untried && delivery.destination == Destination::Customer && fits(delivery) {
                delivery.state = DeliveryState::Cancelled;
                delivery.hold = None;
                messages.extend(delivery.payload.message());
            }
        }
        for id in messages {
            self.set_status(id, MessageStatus::Cancelled, None);
        }
    }

    /// Sets a message's status where it only says how far it has come.
    pub(super) fn set_status(
        &mut self,
        id: MessageId,
        status: MessageStatus,
        fault: Option<Fault>,
    ) {
        if let Some(message) = self.state.messages.iter_mut().find(|m| m.id == id) {
            message.status = status;
            message.fault = fault;
        }
    }

    /// Puts what was held for this back into its queue.
    pub(super) fn release(&mut self, hold: Hold) {
        let now = self.cx.now;
        let mut messages = Vec::new();
        for delivery in self.state.deliveries.iter_mut().filter(|d| d.hold == Some(hold)) {
            delivery.state = DeliveryState::Waiting;
            delivery.hold = None;
            delivery.next_at = super::file::ready_at(delivery).max(now);
            delivery.fault = None;
            if delivery.destination == Destination::Customer {
                messages.extend(delivery.payload.message());
            }
        }
        for id in messages {
            self.set_status(id, MessageStatus::Pending, None);
        }
    }

    pub(super) fn find(&mut self, id: DeliveryId) -> Option<&mut Delivery> {
        self.state.deliveries.iter_mut().find(|delivery| delivery.id == id)
    }

    pub(super) fn set_task(&mut self, task: TaskKind, due_at: Timestamp) {
        self.tasks.push(TaskChange::Set(task, due_at));
    }

    pub(super) fn clear_task(&mut self, task: TaskKind) {
        self.tasks.push(TaskChange::Clear(task));
    }

    pub(super) fn fact(&mut self, session: Option<SessionId>, kind: FactKind) {
        self.facts.push(NewFact { session, kind });
    }

    /// Tells operators something that they should look at.
    pub(super) fn notice(&mut self, code: &str, text: impl Into<String>) {
        let session = self.state.session.as_ref().map(|s| s.id);
        self.fact(session, FactKind::OperatorNotice { code: code.to_owned(), text: text.into() });
    }

    /// The first delivery that nothing keeps waiting now: the oldest of its queue, whose time has
    /// come while no other one of the queue is on its way. What goes out for a campaign comes after
    /// all others: it is begun by nobody but the outbox's worker.
    pub fn head(&self) -> Option<DeliveryId> {
        if self.ask_desk {
            return None;
        }
        let heads = [Destination::Customer, Destination::Desk].map(|to| {
            let queued = move |d: &&Delivery| d.destination == to && d.state.is_queued();
            let queue = || self.state.deliveries.iter().filter(queued);
            let free = queue().all(|delivery| delivery.state != DeliveryState::Sending);
            queue().min_by_key(|delivery| delivery.seq).filter(|_| free)
        });
        let may_go = |d: &&Delivery| {
            d.state == DeliveryState::Waiting
                && d.next_at <= self.cx.now
                && !d.payload.is_invitation()
        };
        heads.into_iter().flatten().find(may_go).map(|delivery| delivery.id)
    }

    /// Begins the attempt at a delivery in the same step, if the rules allow one now; `free_at`
    /// is the first moment at which the vendor's pace does.
    pub fn begin(&mut self, delivery: DeliveryId, free_at: Timestamp) {
        super::attempt::begin(self, delivery, free_at);
    }

    /// The state as far as the step has come.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What differs from the state before is what the transaction commits. Returns the state as
    /// the commit leaves it, too, but for the number of a new session.
    pub fn finish(mut self, before: &State) -> (Effects, State) {
        self.add_change_facts(before);
        let mut state = self.state;
        let mut sessions = self.closed;
        sessions.extend(state.session.clone().filter(|s| before.session.as_ref() != Some(s)));
        let mut handoffs = self.past_handoffs;
        handoffs.extend(state.handoff.clone());
        handoffs.retain(|h| before.handoff.as_ref() != Some(h));
        // A new conversation may come with a new person, who has no row yet.
        let new = before.conversation.version == 0;
        let effects = Effects {
            conversation: state.conversation.clone(),
            contact: Some(&state.contact).filter(|c| new || **c != before.contact).cloned(),
            sessions,
            handoffs,
            messages: changed(&state.messages, &before.messages),
            deliveries: changed(&state.deliveries, &before.deliveries),
            attempts: self.attempts,
            tasks: last_of_each(self.tasks),
            consents: self.consents,
            recipients: self.recipients,
            facts: self.facts,
            ask_desk: self.ask_desk,
        };
        state.conversation.version += 1;
        (effects, state)
    }

    fn add_change_facts(&mut self, before: &State) {
        let mut facts = Vec::new();
        for message in &self.state.messages {
            let old = before.messages.iter().find(|m| m.id == message.id);
            let kind = match old {
                None => FactKind::MessageAdded(message.clone()),
                Some(old) if old != message => FactKind::MessageChanged(message.clone()),
                Some(_) => continue,
            };
            facts.push(NewFact { session: Some(message.session), kind });
        }
        for handoff in self.past_handoffs.iter().chain(&self.state.handoff) {
            if before.handoff.as_ref() != Some(handoff) {
                facts.push(NewFact {
                    session: Some(handoff.session),
                    kind: FactKind::HandoffChanged(handoff.clone()),
                });
            }
        }
        if let (Some(new), Some(old)) = (&self.state.session, &before.session)
            && new != old
        {
            facts.push(NewFact {
                session: Some(new.id),
                kind: FactKind::SessionChanged(new.clone()),
            });
        }
        self.facts.append(&mut facts);
    }
}

impl Delivery {
    /// Addresses it to a handoff's desk; held until the work exists.
    pub(super) fn address(&mut self, handoff: &Handoff) {
        self.handoff = Some(handoff.id);
        self.desk = Some(handoff.desk);
        if !handoff.state.is_open() {
            self.state = DeliveryState::Held;
            self.hold = Some(Hold::Opening);
        }
    }
}

/// The rows that are new or differ from what they were.
fn changed<T: Clone + PartialEq>(now: &[T], before: &[T]) -> Vec<T> {
    now.iter().filter(|row| !before.contains(row)).cloned().collect()
}

/// Of several changes to one task only the last counts.
fn last_of_each(changes: Vec<TaskChange>) -> Vec<TaskChange> {
    let mut kept: Vec<TaskChange> = Vec::with_capacity(changes.len());
    for change in changes {
        kept.retain(|earlier| earlier.task() != change.task());
        kept.push(change);
    }
    kept
}

/// Splits long text at line ends or spaces, near the limit of characters.
fn split(content: &Content, max_chars: usize) -> Vec<Content> {
    let Content::Text { text } = content else { return vec![content.clone()] };
    if text.chars().count() <= max_chars {
        return vec![content.clone()];
    }
    let mut parts = Vec::new();
    let mut rest = text.as_str();
    while rest.chars().count() > max_chars {
        let hard = rest.char_indices().nth(max_chars).map_or(rest.len(), |(at, _)| at);
        let soft = rest[..hard].rfind('\n').or_else(|| rest[..hard].rfind(' '));
        let at = soft.filter(|at| *at > hard / 2).unwrap_or(hard);
        parts.push(Content::text(rest[..at].trim_end()));
        rest = rest[at..].trim_start();
    }
    if !rest.is_empty() {
        parts.push(Content::text(rest));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_split_at_spaces_and_loses_no_word() {
        let text = "one two three four five six seven".repeat(10);
        let parts = split(&Content::text(text.clone()), 40);
        assert!(parts.iter().all(|p| p.as_text().chars().count() <= 40));
        let words: Vec<String> = parts
            .iter()
            .flat_map(|p| p.as_text().split(' ').map(str::to_owned).collect::<Vec<_>>())
            .collect();
        assert_eq!(words.join(" "), text);
    }

    #[test]
    fn text_without_spaces_is_split_at_the_limit() {
        let parts = split(&Content::text("é".repeat(100)), 40);
        assert_eq!(parts.len(), 3);
    }
}
