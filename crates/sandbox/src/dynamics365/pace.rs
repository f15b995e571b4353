//! How many calls a minute the Messaging API takes. Microsoft documents the 429 and its pause, not the number.

use std::collections::VecDeque;

const MINUTE_MS: i64 = 60_000;
/// Calls in spite of a pause that are remembered.
const MAX_REMEMBERED: usize = 10_000;

/// The calls of the last minute, and the pause after too many.
#[derive(Default)]
pub struct Pace {
    taken_ms: VecDeque<i64>,
    pause_until_ms: i64,
    /// Journal numbers of calls that came before the pause was over.
    pub ignored: Vec<u64>,
}

impl Pace {
    /// Takes one call; the error is how many seconds the caller has to wait. 0 calls a minute are no limit.
    pub fn take(&mut self, per_minute: i64, now_ms: i64, seq: u64) -> Result<(), i64> {
        let Some(limit) = usize::try_from(per_minute).ok().filter(|limit| *limit > 0) else {
            return Ok(());
        };
        if now_ms < self.pause_until_ms {
            if self.ignored.len() < MAX_REMEMBERED {
                self.ignored.push(seq);
            }
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
        let retry_after_s = seconds(oldest_ms + MINUTE_MS - now_ms);
        self.pause_until_ms = now_ms + retry_after_s * 1_000;
        Err(retry_after_s)
    }
}

/// Whole seconds, rounded up.
fn seconds(ms: i64) -> i64 {
    (ms + 999) / 1_000
}
