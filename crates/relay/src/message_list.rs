//! Reads the vendors' own lists of messages, at the start and every few minutes. Messages whose
//! webhooks were lost are found there, late reports and prices; they go the way of every event.
//! Sends whose answer was lost are looked up there too.

use std::time::Duration;

use baton_core::{
    channel::{Call, Channel},
    delivery::Delivery,
    fault::{Fault, Settled},
    ids::{InboxId, VendorId, WorkspaceId},
    inbound::{RawEvent, Source},
    message_list::{Listed, MessageList},
    time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp},
};
use baton_store::StoreError;

use crate::{
    apply::ApplyError,
    crash,
    handoff::LISTING_MARGIN_MS,
    hub::Hub,
    intake,
    rounds::{Reader, Round, Rounds, late},
};

/// How far back a list is read at the start and every hour: prices may come a day late.
const SPAN_MS: i64 = DAY_MS;
/// How often it is read so far back.
const WHOLE_EVERY_MS: i64 = HOUR_MS;
/// In between, each reading begins this long before the one before it.
const OVERLAP_MS: i64 = 30 * MINUTE_MS;
/// The pause after a list was not read.
const AFTER_FAULT_MS: i64 = MINUTE_MS;
/// The pause while the vendor brings the messages to somebody else.
const ELSEWHERE_MS: i64 = MINUTE_MS;
/// A reading that takes longer has failed, in real time.
const PATIENCE: Duration = Duration::from_secs(120);
/// How each inbox's list was read the last time.
pub(crate) type MessageLists = Rounds<Reading>;

/// How far a list has been read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reading {
    /// When it was last read to its end.
    read_at: Option<Timestamp>,
    /// When it was last read as far back as it ever is.
    whole_at: Option<Timestamp>,
}

/// Why a list was not read.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    /// The vendor did not list the messages.
    #[error("{}", .0.operator)]
    Vendor(Fault),
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How a reading ended.
enum Read {
    /// Everything was read.
    Whole,
    /// There is more than is read at once.
    Cut,
    /// The vendor brings the messages to somebody else.
    Elsewhere,
}

impl MessageLists {
    fn reading(&self, inbox: InboxId) -> Reading {
        self.last(inbox).map(|round| round.last).unwrap_or_default()
    }

    /// From when on a list is read now, and whether that is as far back as it ever is.
    fn since(&self, inbox: InboxId, now: Timestamp) -> (Timestamp, bool) {
        let span = now.plus_ms(-SPAN_MS);
        let Reading { read_at, whole_at } = self.reading(inbox);
        match read_at.zip(whole_at) {
            Some((read, whole)) if now.since_ms(whole) < WHOLE_EVERY_MS => {
                (read.plus_ms(-OVERLAP_MS).max(span), false)
            }
            _ => (span, true),
        }
    }

    /// Notes that a list was read; true when the trouble with it is new.
    fn read(
        &self,
        inbox: InboxId,
        (began, whole): (Timestamp, bool),
        next_at: Timestamp,
        problem: Option<String>,
    ) -> bool {
        let whole_at = if whole { Some(began) } else { self.reading(inbox).whole_at };
        let last = Reading { read_at: Some(began), whole_at };
        self.done(inbox, Round { next_at, problem, last })
    }

    /// Notes that a list was not read: the next reading goes as far back as this one.
    fn failed(&self, inbox: InboxId, next_at: Timestamp, problem: Option<String>) -> bool {
        self.done(inbox, Round { next_at, problem, last: self.reading(inbox) })
    }
}

/// Reads the lists of the inboxes whose channels have them.
pub(crate) struct Lists;

impl Reader for Lists {
    type Last = Reading;

    fn rounds(hub: &Hub) -> &MessageLists {
        &hub.message_lists
    }

    fn has(channel: &dyn Channel) -> bool {
        channel.message_list().is_some()
    }

    async fn read(hub: &Hub, workspace: WorkspaceId, inbox: InboxId) {
        let Some(channel) = hub.registry().channel(inbox) else { return };
        if let Err(error) = hub.read_list((workspace, inbox), channel.as_ref()).await {
            tracing::warn!(%inbox, %error, "trouble with a list of messages not told");
        }
    }
}

impl Hub {
    async fn read_list(
        &self,
        inbox: (WorkspaceId, InboxId),
        channel: &dyn Channel,
    ) -> Result<(), StoreError> {
        let (Some(power), Some(rule)) = (channel.message_list(), channel.policy().message_list)
        else {
            return Ok(());
        };
        let now = self.clock.now();
        let (since, whole) = self.message_lists.since(inbox.1, now);
        let lists = &self.message_lists;
        let next_at = now.plus_ms(rule.every_ms);
        let (is_news, problem) = match self.bring_missing(inbox, power, since).await {
            Ok(Read::Whole) => (lists.read(inbox.1, (now, whole), next_at, None), None),
            Ok(Read::Cut) => {
                let why = "read all messages that the vendor lists: they are too many; the \
                           oldest of the last day were not compared with ours";
                let why = Some(why.to_owned());
                (lists.read(inbox.1, (now, whole), next_at, why.clone()), why)
            }
            Ok(Read::Elsewhere) => (lists.failed(inbox.1, now.plus_ms(ELSEWHERE_MS), None), None),
            Err(error) => {
                let why = Some(error.to_string());
                (lists.failed(inbox.1, now.plus_ms(AFTER_FAULT_MS), why.clone()), why)
            }
        };
        let Some(problem) = problem else { return Ok(()) };
        tracing::warn!(inbox = %inbox.1, problem, "list of messages not read");
        if is_news {
            let text = format!("an inbox's messages could not be compared: failed to {problem}");
            self.notify_operator(inbox.0, "messages_not_listed", text).await?;
        }
        Ok(())
    }

    /// Reads the list and stores what is missing here. What the address was before it became
    /// ours is none of our business: the first reading only begins.
    async fn bring_missing(
        &self,
        (workspace, inbox): (WorkspaceId, InboxId),
        power: &dyn MessageList,
        since: Timestamp,
    ) -> Result<Read, ReadError> {
        let (now, subject) = (self.clock.now(), power.subject());
        let begun = self.store.message_list_begun(inbox, &subject).await?;
        let since = begun.map_or(now, |begun| begun.max(since));
        crash::point("before", "messages");
        let listed = tokio::time::timeout(PATIENCE, power.list(since)).await;
        crash::point("after", "messages");
        let listed = listed.unwrap_or_else(|_| Err(late())).map_err(ReadError::Vendor)?;
        let Some(listed) = listed else {
            if begun.is_some() {
                self.store.message_list_end(inbox).await?;
            }
            return Ok(Read::Elsewhere);
        };
        if begun.is_none() {
            self.store.message_list_begin((workspace, inbox), &subject, now).await?;
        }
        let end = if listed.complete { Read::Whole } else { Read::Cut };
        self.take_listed((workspace, inbox), power, listed).await?;
        Ok(end)
    }

    async fn take_listed(
        &self,
        (workspace, inbox): (WorkspaceId, InboxId),
        power: &dyn MessageList,
        listed: Listed,
    ) -> Result<(), ReadError> {
        let source = Source::Inbox(inbox);
        let messages = self.unknown(source, listed.from_customers).await?;
        let (mut whole, mut trouble) = (Vec::new(), None);
        for message in messages {
            // One that cannot be read is tried again and holds up no other.
            match power.complete(message).await {
                Ok(events) => whole.extend(events),
                Err(fault) => trouble = Some(fault),
            }
        }
        self.found(source, workspace, "message", whole).await?;
        let reports = self.ours(inbox, listed.reports).await?;
        let reports = self.unknown(source, reports).await?;
        self.found(source, workspace, "report", reports).await?;
        trouble.map_or(Ok(()), |fault| Err(ReadError::Vendor(fault)))
    }

    /// The events that are not stored yet.
    async fn unknown(
        &self,
        source: Source,
        mut events: Vec<RawEvent>,
    ) -> Result<Vec<RawEvent>, StoreError> {
        let ids: Vec<&str> = events.iter().filter_map(|e| e.vendor_event_id.as_deref()).collect();
        if ids.is_empty() {
            return Ok(events);
        }
        let known = self.store.inbound_known(source, &ids).await?;
        events.retain(|e| e.vendor_event_id.as_ref().is_none_or(|id| !known.contains(id)));
        Ok(events)
    }

    /// The reports about what we sent: others may send from the same address.
    async fn ours(
        &self,
        inbox: InboxId,
        reports: Vec<(VendorId, RawEvent)>,
    ) -> Result<Vec<RawEvent>, StoreError> {
        if reports.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<VendorId> = reports.iter().map(|(id, _)| id.clone()).collect();
        let known = self.store.deliveries_known(inbox, &ids).await?;
        let ours = reports.into_iter().filter(|(id, _)| known.contains(id));
        Ok(ours.map(|(_, event)| event).collect())
    }

    async fn found(
        &self,
        source: Source,
        workspace: WorkspaceId,
        what: &'static str,
        events: Vec<RawEvent>,
    ) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        let new = intake::heard(self, intake::rows(self, source, workspace, events)).await?;
        self.health.heard(source.id(), self.clock.now());
        metrics::counter!("baton_listed_total", "what" => what).increment(new as u64);
        tracing::info!(?source, what, new, "brought by the list, not by a webhook");
        Ok(())
    }

    /// Whether an unknown attempt to a customer is in the vendor's list. That it is not is
    /// believed only after a while.
    pub(crate) async fn look_up(
        &self,
        channel: &dyn Channel,
        call: &Call,
        delivery: &Delivery,
    ) -> Result<Settled, ApplyError> {
        let list = channel.message_list().zip(channel.policy().message_list);
        let attempt = self.store.attempt_last(delivery.id).await?;
        let Some(((power, rule), attempt)) = list.zip(attempt) else {
            return Ok(Settled::Unknown);
        };
        let known = self.store.customer_vendor_ids(delivery.conversation).await?;
        let since = attempt.started_at.plus_ms(-LISTING_MARGIN_MS);
        crash::point("before", "look_up");
        let settled = tokio::time::timeout(PATIENCE, power.settle(call, since, &known)).await;
        crash::point("after", "look_up");
        let settled = match settled.unwrap_or_else(|_| Err(late())) {
            Ok(settled) => settled,
            Err(fault) => {
                tracing::warn!(delivery = %delivery.id, fault = %fault.operator, "not looked up");
                Settled::Unknown
            }
        };
        let is_early = self.clock.now().since_ms(attempt.started_at) < rule.lag_ms;
        Ok(if settled == Settled::NotSent && is_early { Settled::Unknown } else { settled })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);
    const INBOX: InboxId = InboxId(Uuid::from_u128(1));

    #[test]
    fn a_list_is_read_a_day_back_at_the_start_and_every_hour() {
        let lists = MessageLists::default();
        let day = |now: Timestamp| (now.plus_ms(-SPAN_MS), true);
        assert_eq!(lists.since(INBOX, NOW), day(NOW));
        lists.read(INBOX, (NOW, true), NOW, None);
        let later = NOW.plus_ms(2 * MINUTE_MS);
        assert_eq!(lists.since(INBOX, later), (NOW.plus_ms(-OVERLAP_MS), false));
        lists.read(INBOX, (later, false), later, None);
        assert_eq!(lists.since(INBOX, NOW.plus_ms(HOUR_MS)), day(NOW.plus_ms(HOUR_MS)));
    }

    #[test]
    fn after_trouble_nothing_is_left_out_and_never_more_than_a_day_is_read() {
        let lists = MessageLists::default();
        lists.read(INBOX, (NOW, true), NOW, None);
        let trouble = || Some("reach the vendor".to_owned());
        assert!(lists.failed(INBOX, NOW, trouble()) && !lists.failed(INBOX, NOW, trouble()));
        let since = lists.since(INBOX, NOW.plus_ms(20 * MINUTE_MS));
        assert_eq!(since, (NOW.plus_ms(-OVERLAP_MS), false));
        let late = NOW.plus_ms(3 * DAY_MS);
        assert_eq!(lists.since(INBOX, late), (late.plus_ms(-SPAN_MS), true));
    }
}
