//! How often Salesforce may be asked: kept from our side, so that it never has to refuse, and its
//! pauses obeyed by all calls when it does.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use baton_core::{
    fault::FaultClass,
    time::{SECOND_MS, Timestamp},
};

use super::super::policy::{Failure, MESSAGES_A_MINUTE, PACED_MAX, RATE_PAUSE_MS, RATE_SPAN_MS};

/// So many in any span.
pub struct Window {
    most: usize,
    span_ms: i64,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    asked: VecDeque<Timestamp>,
    paused_until: Option<Timestamp>,
}

impl Counts {
    /// Counts one, or says how long to wait.
    fn enter(&mut self, most: usize, span_ms: i64, now: Timestamp) -> Result<(), i64> {
        // A moment that lies ahead of a clock set back counts as now.
        while self.asked.front().is_some_and(|at| now.since_ms(*at) >= span_ms) {
            self.asked.pop_front();
        }
        if let Some(until) = self.paused_until.filter(|until| now < *until) {
            return Err(until.since_ms(now));
        }
        match self.asked.front() {
            Some(oldest) if self.asked.len() >= most => {
                Err(oldest.plus_ms(span_ms).since_ms(now).clamp(1, span_ms))
            }
            _ => {
                self.asked.push_back(now);
                Ok(())
            }
        }
    }

    fn pause(&mut self, after_ms: Option<i64>, now: Timestamp) {
        let until = now.plus_ms(after_ms.unwrap_or(RATE_PAUSE_MS));
        self.paused_until = self.paused_until.max(Some(until));
    }

    fn is_idle(&self, span_ms: i64, now: Timestamp) -> bool {
        let past = |at: &Timestamp| now.since_ms(*at) >= span_ms;
        self.asked.back().is_none_or(past) && self.paused_until.is_none_or(|until| until <= now)
    }
}

impl Window {
    pub fn new(most: usize, span_ms: i64) -> Self {
        Self { most, span_ms, counts: Mutex::default() }
    }

    /// Counts one.
    ///
    /// # Errors
    /// The span is full, or there is a pause; nothing was sent.
    pub fn enter(&self, what: &str, now: Timestamp) -> Result<(), Failure> {
        lock(&self.counts).enter(self.most, self.span_ms, now).map_err(|ms| full(what, ms))
    }

    /// Salesforce asked for a pause.
    pub fn pause(&self, after_ms: Option<i64>, now: Timestamp) {
        lock(&self.counts).pause(after_ms, now);
    }
}

/// The pause that Salesforce asked for where we count nothing ourselves.
#[derive(Default)]
pub struct Pause(Mutex<Option<Timestamp>>);

impl Pause {
    /// # Errors
    /// There is a pause; nothing was sent.
    pub fn pass(&self, what: &str, now: Timestamp) -> Result<(), Failure> {
        match lock(&self.0).filter(|until| now < *until) {
            Some(until) => Err(full(what, until.since_ms(now))),
            None => Ok(()),
        }
    }

    /// Salesforce asked for it.
    pub fn ask(&self, after_ms: Option<i64>, now: Timestamp) {
        let mut until = lock(&self.0);
        *until = (*until).max(Some(now.plus_ms(after_ms.unwrap_or(RATE_PAUSE_MS))));
    }
}

/// The pace of each conversation.
#[derive(Default)]
pub struct Paces(Mutex<HashMap<String, Counts>>);

impl Paces {
    /// Counts a message.
    ///
    /// # Errors
    /// The conversation's minute is full, or there is a pause; nothing was sent.
    pub fn enter(&self, conversation: &str, now: Timestamp) -> Result<(), Failure> {
        let mut all = lock(&self.0);
        if all.len() >= PACED_MAX && !all.contains_key(conversation) {
            all.retain(|_, counts| !counts.is_idle(RATE_SPAN_MS, now));
        }
        let counts = all.entry(conversation.to_owned()).or_default();
        let entered = counts.enter(MESSAGES_A_MINUTE, RATE_SPAN_MS, now);
        entered.map_err(|ms| full("the conversation took as many messages as it may", ms))
    }

    /// Salesforce asked for a pause in this conversation.
    pub fn pause(&self, conversation: &str, after_ms: Option<i64>, now: Timestamp) {
        lock(&self.0).entry(conversation.to_owned()).or_default().pause(after_ms, now);
    }

    /// The conversation is over.
    pub fn forget(&self, conversation: &str) {
        lock(&self.0).remove(conversation);
    }
}

fn full(what: &str, after_ms: i64) -> Failure {
    let seconds = after_ms.saturating_add(SECOND_MS - 1) / SECOND_MS;
    let text = format!("{what}; it goes on in {seconds} s");
    Failure::not_done(Some(after_ms.max(1)), FaultClass::RateLimited, text)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::salesforce::policy::Certainty;

    const AT: Timestamp = Timestamp(1_000_000);

    fn wait(result: Result<(), Failure>) -> Option<i64> {
        match result.err()?.certainty {
            Certainty::NotDone { after_ms } => after_ms,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn no_minute_holds_more_than_it_may() {
        let paces = Paces::default();
        for n in 0..20 {
            assert_eq!(wait(paces.enter("a", AT.plus_ms(n * 1_000))), None);
        }
        assert_eq!(wait(paces.enter("a", AT.plus_ms(20_000))), Some(40_000));
        assert_eq!(wait(paces.enter("b", AT.plus_ms(20_000))), None);
        assert_eq!(wait(paces.enter("a", AT.plus_ms(60_000))), None);
        assert_eq!(wait(paces.enter("a", AT.plus_ms(60_000))), Some(1_000));
    }

    #[test]
    fn a_pause_holds_everybody() {
        let window = Window::new(5, 60_000);
        window.pause(Some(7_000), AT);
        assert_eq!(wait(window.enter("x", AT.plus_ms(1_000))), Some(6_000));
        assert_eq!(wait(window.enter("x", AT.plus_ms(7_000))), None);
        window.pause(None, AT.plus_ms(8_000));
        assert_eq!(wait(window.enter("x", AT.plus_ms(8_000))), Some(RATE_PAUSE_MS));
    }

    #[test]
    fn a_clock_that_is_set_back_holds_nobody_for_long() {
        let window = Window::new(1, 60_000);
        assert_eq!(wait(window.enter("x", AT)), None);
        assert_eq!(wait(window.enter("x", AT.plus_ms(-900_000))), Some(60_000));
    }
}
