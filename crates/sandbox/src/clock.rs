//! The virtual clock that every simulator, and the hub in demo and rehearsal, lives by.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::oneshot;

/// Time that can be moved forward, never back. Clones share the same time.
#[derive(Clone)]
pub struct Clock {
    shared: Arc<Shared>,
}

struct Shared {
    /// `None` when frozen: time then moves only by [`Clock::advance`].
    started: Option<Instant>,
    /// Unix milliseconds at the start, plus everything advanced since.
    base_ms: AtomicI64,
    sleepers: Mutex<Sleepers>,
}

#[derive(Default)]
struct Sleepers {
    next_id: u64,
    /// Ordered by deadline, so the due ones are a prefix.
    waiting: BTreeMap<(i64, u64), oneshot::Sender<()>>,
}

impl Clock {
    /// Real time plus whatever has been advanced. Monotone: it ignores later steps of the system clock.
    pub fn running() -> Self {
        Self::new(Some(Instant::now()), system_now_ms())
    }

    /// Stands at `at_ms` (Unix milliseconds) and moves only by [`Clock::advance`].
    pub fn frozen(at_ms: i64) -> Self {
        Self::new(None, at_ms)
    }

    fn new(started: Option<Instant>, base_ms: i64) -> Self {
        let shared =
            Shared { started, base_ms: AtomicI64::new(base_ms), sleepers: Mutex::default() };
        Self { shared: Arc::new(shared) }
    }

    /// Unix milliseconds.
    pub fn now_ms(&self) -> i64 {
        let base_ms = self.shared.base_ms.load(Ordering::SeqCst);
        let elapsed_ms = self.shared.started.map_or(0, |started| started.elapsed().as_millis());
        base_ms.saturating_add(i64::try_from(elapsed_ms).unwrap_or(i64::MAX))
    }

    /// True when time stands still between calls of [`Clock::advance`].
    pub fn is_frozen(&self) -> bool {
        self.shared.started.is_none()
    }

    /// Moves time forward and wakes every sleeper that is then due. Negative values do nothing.
    pub fn advance(&self, ms: i64) {
        let woken = {
            let mut sleepers = self.sleepers();
            let base_ms = self.shared.base_ms.load(Ordering::SeqCst);
            self.shared.base_ms.store(base_ms.saturating_add(ms.max(0)), Ordering::SeqCst);
            if self.is_frozen() {
                let later = sleepers.waiting.split_off(&(self.now_ms().saturating_add(1), 0));
                std::mem::replace(&mut sleepers.waiting, later)
            } else {
                // The ones not yet due have armed a real timer that is now too long: they arm it anew.
                std::mem::take(&mut sleepers.waiting)
            }
        };
        for waker in woken.into_values() {
            let _gone = waker.send(());
        }
    }

    /// Returns once `now_ms() >= at_ms`. Dropping the future forgets the deadline.
    pub async fn sleep_until(&self, at_ms: i64) {
        while let Some((sleep, woken)) = self.register(at_ms) {
            match self.shared.started {
                None => {
                    let _closed = woken.await;
                }
                Some(_) => {
                    let left_ms = u64::try_from(at_ms.saturating_sub(self.now_ms())).unwrap_or(0);
                    let _either = tokio::time::timeout(Duration::from_millis(left_ms), woken).await;
                }
            }
            drop(sleep);
        }
    }

    /// Sleeps for `ms` of this clock's time.
    pub async fn sleep(&self, ms: i64) {
        self.sleep_until(self.now_ms().saturating_add(ms)).await;
    }

    /// When the earliest sleeper is due, in Unix milliseconds; a runner can jump there.
    pub fn next_deadline(&self) -> Option<i64> {
        self.sleepers().waiting.keys().next().map(|(at_ms, _)| *at_ms)
    }

    /// `None` when the deadline has already passed. Decided under the lock that `advance` takes, so no wake-up is lost.
    fn register(&self, at_ms: i64) -> Option<(Registration<'_>, oneshot::Receiver<()>)> {
        let mut sleepers = self.sleepers();
        if self.now_ms() >= at_ms {
            return None;
        }
        let (waker, woken) = oneshot::channel();
        let key = (at_ms, sleepers.next_id);
        sleepers.next_id += 1;
        sleepers.waiting.insert(key, waker);
        Some((Registration { clock: self, key }, woken))
    }

    fn sleepers(&self) -> MutexGuard<'_, Sleepers> {
        self.shared.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the sleeper out of the list when its future ends or is dropped.
struct Registration<'a> {
    clock: &'a Clock,
    key: (i64, u64),
}

impl Drop for Registration<'_> {
    fn drop(&mut self) {
        self.clock.sleepers().waiting.remove(&self.key);
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the clock that the others are given")]
fn system_now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{FutureExt, poll};
    use std::pin::pin;

    const HOUR_MS: i64 = 3_600_000;

    #[tokio::test]
    async fn frozen_time_moves_only_by_advance() {
        let clock = Clock::frozen(1_000);
        assert_eq!(clock.now_ms(), 1_000);
        clock.advance(500);
        clock.advance(-2_000);
        assert_eq!(clock.now_ms(), 1_500);
    }

    #[tokio::test]
    async fn a_sleeper_wakes_at_its_deadline_and_not_before() {
        let clock = Clock::frozen(0);
        let mut sleep = pin!(clock.sleep(100));
        assert!(poll!(&mut sleep).is_pending());
        assert_eq!(clock.next_deadline(), Some(100));
        clock.advance(99);
        assert!(poll!(&mut sleep).is_pending());
        clock.advance(1);
        assert!(poll!(&mut sleep).is_ready());
        assert_eq!(clock.next_deadline(), None);
    }

    #[tokio::test]
    async fn only_due_sleepers_wake_and_the_next_deadline_moves_on() {
        let clock = Clock::frozen(0);
        let mut early = pin!(clock.sleep_until(10));
        let mut late = pin!(clock.sleep_until(20));
        assert!(poll!(&mut late).is_pending() && poll!(&mut early).is_pending());
        assert_eq!(clock.next_deadline(), Some(10));
        clock.advance(10);
        assert!(poll!(&mut early).is_ready());
        assert!(poll!(&mut late).is_pending());
        assert_eq!(clock.next_deadline(), Some(20));
    }

    #[tokio::test]
    async fn a_dropped_sleeper_leaves_no_deadline() {
        let clock = Clock::frozen(0);
        {
            let mut sleep = pin!(clock.sleep(100));
            assert!(poll!(&mut sleep).is_pending());
        }
        assert_eq!(clock.next_deadline(), None);
    }

    #[tokio::test]
    async fn a_past_deadline_is_ready_at_once() {
        let clock = Clock::frozen(1_000);
        assert!(clock.sleep_until(1_000).now_or_never().is_some());
        assert!(clock.sleep(-5).now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_running_clock_wakes_sleepers_on_advance_at_once() {
        let clock = Clock::running();
        let before_ms = clock.now_ms();
        let sleeping = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(HOUR_MS).await }
        });
        while clock.next_deadline().is_none() {
            tokio::task::yield_now().await;
        }
        // Half the way wakes nobody for good; the rest does, without an hour of real time.
        clock.advance(HOUR_MS / 2);
        while clock.next_deadline().is_none() {
            tokio::task::yield_now().await;
        }
        assert!(!sleeping.is_finished());
        clock.advance(HOUR_MS);
        sleeping.await.unwrap();
        assert!(clock.now_ms() >= before_ms + HOUR_MS + HOUR_MS / 2);
    }

    #[tokio::test]
    async fn clones_share_one_time() {
        let clock = Clock::frozen(0);
        let other = clock.clone();
        other.advance(7);
        assert_eq!(clock.now_ms(), 7);
    }
}
