//! Calls in a span of time. The numbers are documented, the pause after too many is not: it lasts until the oldest call
//! of the span is old enough.

use std::collections::VecDeque;

/// Calls in spite of a pause that are remembered.
const MAX_REMEMBERED: usize = 10_000;
pub const MINUTE_MS: i64 = 60_000;

/// The calls of the last span, and the pause after too many.
#[derive(Default)]
pub struct Pace {
    taken_ms: VecDeque<i64>,
    pause_until_ms: i64,
}

/// Journal numbers of calls that came before a pause was over.
#[derive(Default)]
pub struct Ignored(pub Vec<u64>);

impl Ignored {
    fn add(&mut self, seq: u64) {
        if self.0.len() < MAX_REMEMBERED {
            self.0.push(seq);
        }
    }
}

impl Pace {
    /// Takes one call; the error is how many seconds the caller has to wait. 0 calls are no limit.
    pub fn take(
        &mut self,
        limit: i64,
        now_ms: i64,
        seq: u64,
        ignored: &mut Ignored,
    ) -> Result<(), i64> {
        let Some(limit) = usize::try_from(limit).ok().filter(|limit| *limit > 0) else {
            return Ok(());
        };
        if now_ms < self.pause_until_ms {
            ignored.add(seq);
            return Err(seconds(self.pause_until_ms - now_ms));
        }
        while self.taken_ms.front().is_some_and(|at_ms| *at_ms <= now_ms - MINUTE_MS) {
            self.taken_ms.pop_front();
        }
        if self.taken_ms.len() < limit {
            self.taken_ms.push_back(now_ms);
            return Ok(());
        }
        let oldest_ms = self.taken_ms.front().copied().unwrap_or(now_ms);
        self.pause_until_ms = oldest_ms + MINUTE_MS;
        Err(seconds(self.pause_until_ms - now_ms))
    }
}

/// Whole seconds, rounded up.
fn seconds(ms: i64) -> i64 {
    (ms + 999) / 1_000
}
