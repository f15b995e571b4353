//! The loop that every worker shares: take what is due, bounded, one of a key at a time.

use std::{
    collections::HashSet,
    future::Future,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use baton_core::time::Timestamp;
use baton_store::StoreError;
use tokio::{
    sync::{Notify, Semaphore},
    task::JoinSet,
};

use crate::hub::Hub;

/// Without any hint, work is looked for this often, in real time.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// The pause after the store failed, in real time.
const AFTER_ERROR: Duration = Duration::from_millis(250);

/// What is being worked on now.
type Busy<K> = Arc<Mutex<HashSet<K>>>;

/// A queue of work.
pub(crate) trait Queue: Send + Sync + 'static {
    /// One piece of work.
    type Item: Send + 'static;
    /// Items of one key are worked on one at a time.
    type Key: Eq + Hash + Clone + Send + Sync + 'static;

    /// Its name in logs.
    fn name(&self) -> &'static str;
    /// How much is worked on at the same time.
    fn at_once(&self, hub: &Hub) -> usize;
    /// The places for them.
    fn slots(&self, hub: &Hub) -> Arc<Semaphore> {
        Arc::new(Semaphore::new(self.at_once(hub)))
    }
    /// Rings when there may be new work.
    fn bell<'a>(&self, hub: &'a Hub) -> &'a Notify;
    /// What is due now, at most so many.
    fn due(
        &self,
        hub: &Hub,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Self::Item>, StoreError>> + Send;
    /// The key of an item.
    fn key(&self, item: &Self::Item) -> Self::Key;
    /// Whether something more urgent may come due while a list is worked on. Then no more is
    /// begun of it than there is room for at once.
    fn is_urgent(&self) -> bool {
        false
    }
    /// Works on one item. Errors are the item's own affair: it must change or defer it.
    fn work(&self, hub: Arc<Hub>, item: Self::Item) -> impl Future<Output = ()> + Send;
}

/// Runs a queue until the hub stops; then lets what is under way end.
pub(crate) async fn run<Q: Queue>(hub: Arc<Hub>, queue: Arc<Q>) {
    let busy: Busy<Q::Key> = Busy::default();
    let slots = queue.slots(&hub);
    let mut running = JoinSet::new();
    while !hub.is_stopping() {
        while running.try_join_next().is_some() {}
        let looked_at = hub.clock.now();
        let more = hub.is_ready() && start_due(&hub, &queue, &busy, &slots, &mut running).await;
        if !more {
            rest(&hub, queue.as_ref(), looked_at).await;
        }
    }
    while running.join_next().await.is_some() {}
}

/// Starts what is due; whether there may be more of it, for which no bell rings any more. Whoever
/// finds no place is looked for again as soon as there is one, whoever gives it back.
async fn start_due<Q: Queue>(
    hub: &Arc<Hub>,
    queue: &Arc<Q>,
    busy: &Busy<Q::Key>,
    slots: &Arc<Semaphore>,
    running: &mut JoinSet<()>,
) -> bool {
    // While everybody is busy nothing can be started, and in a rush the bell never rests.
    drop(slots.acquire().await);
    // What is under way may stand in the list too.
    let limit = queue.at_once(hub) * if queue.is_urgent() { 2 } else { 4 };
    let due = match queue.due(hub, limit).await {
        Ok(due) => due,
        Err(error) => {
            tracing::error!(queue = queue.name(), %error, "due work not read");
            tokio::time::sleep(AFTER_ERROR).await;
            return false;
        }
    };
    let full = due.len() >= limit;
    let mut started = false;
    for item in due {
        if queue.is_urgent() && slots.available_permits() == 0 {
            return true;
        }
        let key = queue.key(&item);
        if !lock(busy).insert(key.clone()) {
            continue;
        }
        let Ok(slot) = Arc::clone(slots).acquire_owned().await else { break };
        let (hub, queue, busy) = (Arc::clone(hub), Arc::clone(queue), Arc::clone(busy));
        started = true;
        running.spawn(async move {
            let work = queue.work(Arc::clone(&hub), item);
            work.await;
            lock(&busy).remove(&key);
            queue.bell(&hub).notify_one();
            drop(slot);
        });
    }
    started && full
}

fn lock<K>(busy: &Busy<K>) -> std::sync::MutexGuard<'_, HashSet<K>> {
    busy.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for the bell, for the next moment at which something becomes due, or for a while. What
/// was due at the last look is under way and must not hide what becomes due meanwhile.
async fn rest<Q: Queue>(hub: &Hub, queue: &Q, looked_at: Timestamp) {
    let timer = async {
        match hub.store.next_due_at(looked_at).await.unwrap_or_default() {
            Some(at) => hub.clock.sleep_until(at).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = queue.bell(hub).notified() => {}
        () = timer => {}
        () = tokio::time::sleep(LOOK_EVERY) => {}
        () = hub.stopped() => {}
    }
}
