//! Letting things happen: until nothing moves any more, and then until the next moment at which
//! something is due.

use std::time::{Duration, Instant};

use baton_core::time::Timestamp;
use baton_sandbox::{Direction, Filter};

use super::{Failure, salesforce, stage::Stage};

/// Between two looks, in real time.
const LOOK: Duration = Duration::from_millis(4);
/// Nothing has moved for this long in real time and as many looks, and nothing is known to be
/// under way: quiet.
const STILL: Duration = Duration::from_millis(25);
const LOOKS: u32 = 6;
/// Before the clock jumps further than this, in milliseconds, or not at all, whoever is late to
/// say for when they want to be woken is waited for, in real time.
const FAR_MS: i64 = 1_000;
const LATE: Duration = Duration::from_millis(40);
/// Something is under way and has not moved for this long: it waits for the virtual clock.
const WAITING: Duration = Duration::from_millis(800);
/// Something goes on for ever.
const ENDLESS: Duration = Duration::from_secs(120);
/// Journal entries that may be unfinished.
const RECENT: u64 = 64;

/// What changes whenever anything happens.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Pulse {
    requests: u64,
    units: u64,
    feed: u64,
    file_bytes: u64,
}

impl Stage {
    /// Waits in real time until nothing moves.
    ///
    /// # Errors
    /// Something goes on for ever, or the store does not answer.
    pub async fn settle(&self) -> Result<(), Failure> {
        let begun = Instant::now();
        let (mut pulse, mut since, mut looks) = (self.pulse(), Instant::now(), 0);
        while begun.elapsed() < ENDLESS {
            tokio::time::sleep(LOOK).await;
            looks += 1;
            let now = self.pulse();
            if now != pulse {
                (pulse, since, looks) = (now, Instant::now(), 0);
            } else if looks >= LOOKS
                && since.elapsed() >= STILL
                && (since.elapsed() >= WAITING || !self.is_busy().await?)
                && self.pulse() == pulse
            {
                return Ok(());
            }
        }
        Err(Failure::broken("the hub never comes to rest"))
    }

    fn pulse(&self) -> Pulse {
        let (units, feed) = match self.hub() {
            Some(hub) => (hub.store().stats().units, *hub.feed_hint().borrow()),
            None => (0, 0),
        };
        let requests = self.sandbox.world.journal.extent().0;
        Pulse { requests, units, feed, file_bytes: self.coming_bytes() }
    }

    /// Whether something is under way that needs no virtual time to go on.
    async fn is_busy(&self) -> Result<bool, Failure> {
        let calls = self.calls_under_way();
        if calls.moving || salesforce::is_behind(self).await? {
            return Ok(true);
        }
        let Some(hub) = self.hub() else { return Ok(false) };
        let (store, now) = (hub.store(), Timestamp(self.clock.now_ms()));
        let sending = store.unfinished().await?.deliveries.get("sending").copied().unwrap_or(0);
        // A call that waits for the virtual clock keeps its delivery or its task until then.
        let most = usize::try_from(calls.delayed).unwrap_or(usize::MAX).saturating_add(1);
        let mut tasks = store.task_due(now, most).await?.len() as u64;
        tasks += store.fetch_due(now, most).await?.len() as u64;
        Ok(sending + tasks > calls.delayed
            || store.stats().queued > 0
            || !store.inbound_due(now, 1).await?.is_empty()
            || !store.delivery_due(now, 1).await?.is_empty())
    }

    fn calls_under_way(&self) -> Calls {
        let journal = &self.sandbox.world.journal;
        let after = journal.extent().0.saturating_sub(RECENT);
        let limit = usize::try_from(RECENT).unwrap_or(usize::MAX);
        let mut calls = Calls::default();
        for entry in journal.list(&Filter { after, limit, ..Filter::default() }) {
            let unanswered = entry.status.is_none() && entry.notes.is_empty();
            match (entry.direction, entry.fault.as_deref()) {
                (Direction::In, Some("delay")) if entry.status.is_none() => calls.delayed += 1,
                (Direction::In, None) | (Direction::Out, _) if unanswered => calls.moving = true,
                _ => {}
            }
        }
        calls
    }

    /// Moves the clock to the next moment at which something is due, if that is not too late,
    /// and lets it happen; false when nothing is due until then.
    ///
    /// # Errors
    /// As [`Stage::settle`].
    pub async fn step_towards(&self, limit_ms: i64) -> Result<bool, Failure> {
        let near_ms = self.clock.now_ms() + FAR_MS;
        if self.clock.next_deadline().is_none_or(|next_ms| next_ms > near_ms) {
            tokio::time::sleep(LATE).await;
            self.settle().await?;
        }
        let next_ms = self.clock.next_deadline().filter(|next_ms| *next_ms <= limit_ms);
        let Some(next_ms) = next_ms else { return Ok(false) };
        self.clock.advance(next_ms - self.clock.now_ms());
        self.settle().await?;
        Ok(true)
    }

    /// Lets everything happen that is due within this span, one after the other, and moves the
    /// clock to its end.
    ///
    /// # Errors
    /// As [`Stage::settle`].
    pub async fn play(&self, span_ms: i64) -> Result<(), Failure> {
        let end_ms = self.clock.now_ms().saturating_add(span_ms);
        self.settle().await?;
        while self.step_towards(end_ms).await? {}
        self.clock.advance(end_ms - self.clock.now_ms());
        self.settle().await
    }

    /// Lets time pass: the first seconds one thing after the other, the rest in one jump, as for
    /// a machine that was asleep.
    ///
    /// # Errors
    /// As [`Stage::settle`].
    pub async fn pass(&self, span_ms: i64) -> Result<(), Failure> {
        let slowly_ms = span_ms.min(SLOWLY_MS);
        self.play(slowly_ms).await?;
        self.clock.advance(span_ms - slowly_ms);
        self.settle().await
    }
}

/// What [`Stage::pass`] plays before it jumps: enough for receipts to come in.
const SLOWLY_MS: i64 = 5_000;

#[derive(Default)]
struct Calls {
    moving: bool,
    delayed: u64,
}
