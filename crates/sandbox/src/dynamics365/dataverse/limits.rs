//! Service protection: how much one user may ask of the service in five minutes.
//!
//! Source: "Service protection API limits", checked 2026-11-21. A batch is one request; Retry-After is the time until
//! the window has room again.

use std::collections::VecDeque;

use super::answer::Refusal;
use crate::Switches;

/// The window that slides, in milliseconds.
const WINDOW_MS: i64 = 300_000;
/// Journal numbers of calls that ignored a pause which are kept.
const MAX_IGNORED: usize = 10_000;

/// What the application user has asked for lately.
#[derive(Default)]
pub struct Limits {
    /// When each request came, and how long it took, in milliseconds.
    requests: VecDeque<(i64, i64)>,
    under_way: i64,
    /// Until when the latest refusal asked to wait.
    pause_until_ms: i64,
    /// Calls that came in spite of it, by journal number.
    pub ignored: Vec<u64>,
}

impl Limits {
    /// Counts a request in, or refuses it.
    pub fn enter(&mut self, switches: &Switches, now_ms: i64, seq: u64) -> Result<(), Refusal> {
        if now_ms < self.pause_until_ms && self.ignored.len() < MAX_IGNORED {
            self.ignored.push(seq);
        }
        while self.requests.front().is_some_and(|(at_ms, _)| at_ms + WINDOW_MS <= now_ms) {
            self.requests.pop_front();
        }
        let refusal = self.over(switches, now_ms);
        if let Some((code, message, free_ms)) = refusal {
            self.pause_until_ms = self.pause_until_ms.max(free_ms);
            let seconds = (free_ms - now_ms + 999) / 1_000;
            let refusal = Refusal::new(429, code, message);
            return Err(Refusal { retry_after_s: Some(seconds.max(1)), ..refusal });
        }
        self.requests.push_back((now_ms, 0));
        self.under_way += 1;
        Ok(())
    }

    /// Counts a request out, with the time it took.
    pub fn leave(&mut self, entered_ms: i64, now_ms: i64) {
        self.under_way -= 1;
        let own =
            self.requests.iter_mut().find(|(at_ms, took_ms)| *at_ms == entered_ms && *took_ms == 0);
        if let Some((_, took_ms)) = own {
            *took_ms = now_ms - entered_ms;
        }
    }

    /// What is left, for the two headers that are meant for debugging: requests and milliseconds.
    pub fn left(&self, switches: &Switches) -> (i64, i64) {
        let count = i64::try_from(self.requests.len()).unwrap_or(i64::MAX);
        (
            (switches.number("dataverse.request_limit") - count).max(0),
            (switches.number("dataverse.execution_limit_ms") - self.took_ms()).max(0),
        )
    }

    fn took_ms(&self) -> i64 {
        self.requests.iter().map(|(_, took_ms)| took_ms).sum()
    }

    /// The limit that is exceeded: code, text, and when there is room again.
    fn over(&self, switches: &Switches, now_ms: i64) -> Option<(&'static str, String, i64)> {
        let oldest_ms = self.requests.front().map_or(now_ms, |(at_ms, _)| *at_ms);
        let free_ms = oldest_ms + WINDOW_MS;
        let concurrent = switches.number("dataverse.concurrency_limit");
        if self.under_way >= concurrent {
            let message =
                format!("Number of concurrent requests exceeded the limit of {concurrent}.");
            return Some(("0x80072326", message, now_ms + 1_000));
        }
        let count = switches.number("dataverse.request_limit");
        if i64::try_from(self.requests.len()).unwrap_or(i64::MAX) >= count {
            let message = format!(
                "Number of requests exceeded the limit of {count} over time window of 300 seconds."
            );
            return Some(("0x80072322", message, free_ms));
        }
        let execution_ms = switches.number("dataverse.execution_limit_ms");
        if self.took_ms() >= execution_ms {
            let message = format!(
                "Combined execution time of incoming requests exceeded limit of {}  milliseconds over time window of \
                 300 seconds. Decrease number of concurrent requests or reduce the duration of requests and try again \
                 later.",
                super::format::grouped(execution_ms)
            );
            return Some(("0x80072321", message, free_ms));
        }
        None
    }
}
