//! Clocks: the machine's, and the sandbox's virtual one.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use baton_core::time::{BoxFuture, Clock, Timestamp};
use baton_relay::system::SystemClock;
use baton_sandbox::Clock as SandboxClock;
use tokio::sync::Notify;

/// The sandbox's clock in the same process.
pub struct Virtual(pub SandboxClock);

impl Clock for Virtual {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.now_ms())
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(self.0.sleep_until(at.0))
    }
}

/// How often a followed clock is read, in real time.
const FOLLOW_EVERY: Duration = Duration::from_millis(20);

/// A sandbox's clock in another process: the machine's clock plus an offset that is read again
/// and again.
pub struct Followed {
    machine: SystemClock,
    offset_ms: AtomicI64,
    moved: Notify,
}

impl Followed {
    /// Follows the clock at this sandbox address. Read once before anything depends on it.
    pub async fn start(http: reqwest::Client, url: &str) -> Arc<Self> {
        let clock = Arc::new(Self {
            machine: SystemClock,
            offset_ms: AtomicI64::new(0),
            moved: Notify::new(),
        });
        let follower = Arc::downgrade(&clock);
        let url = format!("{}/_control/clock", url.trim_end_matches('/'));
        clock.read(&http, &url).await;
        tokio::spawn(async move {
            while let Some(clock) = follower.upgrade() {
                clock.read(&http, &url).await;
                drop(clock);
                tokio::time::sleep(FOLLOW_EVERY).await;
            }
        });
        clock
    }

    async fn read(&self, http: &reqwest::Client, url: &str) {
        let Ok(answer) = http.get(url).send().await else { return };
        let Ok(body) = answer.json::<serde_json::Value>().await else { return };
        let Some(now_ms) = body["now_ms"].as_i64() else { return };
        let offset_ms = now_ms - self.machine.now().0;
        let before_ms = self.offset_ms.swap(offset_ms, Ordering::SeqCst);
        if offset_ms - before_ms > 100 {
            self.moved.notify_waiters();
        }
    }
}

impl Clock for Followed {
    fn now(&self) -> Timestamp {
        self.machine.now().plus_ms(self.offset_ms.load(Ordering::SeqCst))
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            loop {
                let moved = self.moved.notified();
                let left_ms = at.since_ms(self.now());
                if left_ms <= 0 {
                    return;
                }
                let timer = tokio::time::sleep(Duration::from_millis(left_ms.unsigned_abs()));
                tokio::select! {
                    () = timer => {}
                    () = moved => {}
                }
            }
        })
    }
}
