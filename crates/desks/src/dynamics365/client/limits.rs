//! What a service may be asked: kept from our side, so that it never has to refuse, and its
//! pauses obeyed by all calls when it does.
//!
//! "Service protection API limits" (Dataverse, checked 2026-11-20): each application user has, at
//! each web server and in any 300 s, 6,000 requests and 1,200 s of execution, and 52 requests at
//! once. We count as if there were one server.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use baton_core::{
    fault::FaultClass,
    time::{SECOND_MS, Timestamp},
};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::super::policy::{Certainty, Failure, Limit, RATE_PAUSE_MS};

/// Who asks: polling leaves room for handoffs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody waits for it.
    Handoff,
    /// It comes again.
    Poll,
}

/// The way to one service.
pub struct Gate {
    service: &'static str,
    limit: Limit,
    at_once: Semaphore,
    /// Polls hold one of these as well, so that they never have all the others.
    polls: Semaphore,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    /// When each request of the window began.
    asked: VecDeque<Timestamp>,
    /// When each request of the window ended, and what it took.
    spent: VecDeque<(Timestamp, i64)>,
    spent_ms: i64,
    paused_until: Option<Timestamp>,
}

/// The right to make one call; given back when it is dropped.
pub struct Pass<'a> {
    gate: &'a Gate,
    began: Timestamp,
    _held: (SemaphorePermit<'a>, Option<SemaphorePermit<'a>>),
}

impl Gate {
    pub fn new(service: &'static str, limit: Limit) -> Self {
        Self {
            service,
            at_once: Semaphore::new(limit.at_once),
            polls: Semaphore::new(share(limit.at_once)),
            limit,
            counts: Mutex::default(),
        }
    }

    /// Waits for a place among the calls at once, then counts. The place comes soon, because every
    /// call ends in time; a full window takes minutes, and is told instead of waited for.
    ///
    /// # Errors
    /// The window is full, or the service asked for a pause; nothing was sent.
    pub async fn enter(
        &self,
        urgency: Urgency,
        now: impl Fn() -> Timestamp,
    ) -> Result<Pass<'_>, Failure> {
        let poll = match urgency {
            Urgency::Handoff => None,
            Urgency::Poll => Some(self.polls.acquire().await.map_err(|_| closed())?),
        };
        let held = (self.at_once.acquire().await.map_err(|_| closed())?, poll);
        let began = now();
        self.count(urgency, began)?;
        Ok(Pass { gate: self, began, _held: held })
    }

    fn count(&self, urgency: Urgency, now: Timestamp) -> Result<(), Failure> {
        let mut counts = self.counts();
        counts.forget(now, self.limit.window_ms);
        let wait = |until: Timestamp, why: &str| {
            let after_ms = until.since_ms(now).max(1);
            let text = format!("{} {why}; it goes on in {} s", self.service, seconds(after_ms));
            Err(Failure::not_done(Some(after_ms), FaultClass::RateLimited, text))
        };
        if let Some(until) = counts.paused_until.filter(|until| now < *until) {
            return wait(until, "asked for a pause");
        }
        let most = |all: usize| if urgency == Urgency::Poll { share(all) } else { all };
        if counts.asked.len() >= most(self.limit.requests) {
            let oldest = counts.asked.front().copied().unwrap_or(now);
            return wait(oldest.plus_ms(self.limit.window_ms), "was asked as often as it may be");
        }
        let spent_s = usize::try_from(counts.spent_ms / SECOND_MS).unwrap_or_default();
        if spent_s >= most(self.limit.execution_s) {
            let oldest = counts.spent.front().map_or(now, |(at, _)| *at);
            return wait(oldest.plus_ms(self.limit.window_ms), "worked as long as it may");
        }
        counts.asked.push_back(now);
        Ok(())
    }

    /// Nobody calls before the pause is over that the service asked for.
    pub fn heed(&self, failure: &Failure, now: Timestamp) {
        let Certainty::NotDone { after_ms } = failure.certainty else { return };
        if failure.fault.class != FaultClass::RateLimited {
            return;
        }
        let until = now.plus_ms(after_ms.unwrap_or(RATE_PAUSE_MS));
        let mut counts = self.counts();
        counts.paused_until = counts.paused_until.max(Some(until));
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    /// The call is over. Its whole time counts, which is never less than what Microsoft counts.
    pub fn done(self, now: Timestamp) {
        let took_ms = now.since_ms(self.began).max(0);
        let mut counts = self.gate.counts();
        counts.spent.push_back((now, took_ms));
        counts.spent_ms += took_ms;
    }
}

impl Counts {
    fn forget(&mut self, now: Timestamp, window_ms: i64) {
        let old = |at: Timestamp| now.since_ms(at) >= window_ms;
        while self.asked.front().is_some_and(|at| old(*at)) {
            self.asked.pop_front();
        }
        while let Some((_, ms)) = self.spent.front().copied().filter(|(at, _)| old(*at)) {
            self.spent_ms -= ms;
            self.spent.pop_front();
        }
    }
}

/// What polling may take of a limit: three quarters.
fn share(limit: usize) -> usize {
    limit - limit / 4
}

fn seconds(ms: i64) -> i64 {
    ms.saturating_add(SECOND_MS - 1) / SECOND_MS
}

fn closed() -> Failure {
    Failure::not_done(None, FaultClass::VendorDown, "the desk is being stopped")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics365::policy;

    const AT: Timestamp = Timestamp(1_000_000);

    fn small() -> Gate {
        Gate::new(
            "Dataverse",
            Limit { at_once: 4, requests: 8, execution_s: 4, window_ms: 300_000 },
        )
    }

    async fn ask(gate: &Gate, urgency: Urgency, at: Timestamp, took_ms: i64) -> Option<i64> {
        match gate.enter(urgency, || at).await {
            Ok(pass) => {
                pass.done(at.plus_ms(took_ms));
                None
            }
            Err(Failure { certainty: Certainty::NotDone { after_ms }, .. }) => after_ms,
            Err(failure) => panic!("{failure:?}"),
        }
    }

    #[tokio::test]
    async fn the_window_slides_and_polls_leave_room() {
        let gate = small();
        for n in 0..6 {
            assert_eq!(ask(&gate, Urgency::Poll, AT.plus_ms(n * 1_000), 0).await, None);
        }
        let now = AT.plus_ms(10_000);
        assert_eq!(ask(&gate, Urgency::Poll, now, 0).await, Some(290_000));
        for _ in 0..2 {
            assert_eq!(ask(&gate, Urgency::Handoff, now, 0).await, None);
        }
        assert_eq!(ask(&gate, Urgency::Handoff, now, 0).await, Some(290_000));
        assert_eq!(ask(&gate, Urgency::Handoff, AT.plus_ms(300_000), 0).await, None);
        assert_eq!(ask(&gate, Urgency::Handoff, AT.plus_ms(300_000), 0).await, Some(1_000));
    }

    #[tokio::test]
    async fn time_that_is_spent_counts_as_well() {
        let gate = small();
        assert_eq!(ask(&gate, Urgency::Handoff, AT, 3_000).await, None);
        assert_eq!(ask(&gate, Urgency::Poll, AT.plus_ms(3_000), 0).await, Some(300_000));
        assert_eq!(ask(&gate, Urgency::Handoff, AT.plus_ms(3_000), 1_000).await, None);
        assert_eq!(ask(&gate, Urgency::Handoff, AT.plus_ms(4_000), 0).await, Some(299_000));
        assert_eq!(ask(&gate, Urgency::Handoff, AT.plus_ms(303_000), 0).await, None);
    }

    #[tokio::test]
    async fn polls_never_hold_every_place() {
        let gate = small();
        let mut held = Vec::new();
        for _ in 0..3 {
            held.push(gate.enter(Urgency::Poll, || AT).await.unwrap());
        }
        let poll = gate.enter(Urgency::Poll, || AT);
        tokio::select! { biased;
            _ = poll => panic!("a fourth poll"),
            () = std::future::ready(()) => {}
        }
        let handoff = gate.enter(Urgency::Handoff, || AT).await.unwrap();
        let second = gate.enter(Urgency::Handoff, || AT);
        tokio::select! { biased;
            _ = second => panic!("a fifth call at once"),
            () = std::future::ready(()) => {}
        }
        drop(handoff);
        assert!(gate.enter(Urgency::Handoff, || AT).await.is_ok());
    }

    #[test]
    fn the_limits_are_microsofts() {
        let Limit { at_once, requests, execution_s, window_ms } = policy::DATAVERSE_LIMIT;
        assert_eq!((at_once, requests, execution_s, window_ms), (52, 6_000, 1_200, 300_000));
    }
}
