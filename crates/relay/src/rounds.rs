//! Going round the inboxes: what a vendor keeps of each is read at the start and now and then.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use baton_core::{
    channel::Channel,
    fault::{Fault, FaultClass},
    ids::{InboxId, WorkspaceId},
    time::Timestamp,
};
use tokio::sync::Notify;

use crate::hub::Hub;

/// New inboxes are looked for this often, in real time.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// When each inbox is read next, and how it went the last time.
#[derive(Debug)]
pub(crate) struct Rounds<L> {
    inboxes: Mutex<HashMap<InboxId, Round<L>>>,
    bell: Notify,
}

/// How one inbox was read.
#[derive(Clone, Debug)]
pub(crate) struct Round<L> {
    /// When it is read again.
    pub next_at: Timestamp,
    /// What was wrong.
    pub problem: Option<String>,
    /// What else the reader keeps of it.
    pub last: L,
}

/// Something that is read of every inbox whose channel has it.
pub(crate) trait Reader: 'static {
    /// What is kept of each reading.
    type Last: Clone + Send;

    /// The rounds of this reader.
    fn rounds(hub: &Hub) -> &Rounds<Self::Last>;

    /// Whether the channel has it.
    fn has(channel: &dyn Channel) -> bool;

    /// Reads it, and notes with [`Rounds::done`] when it is read again.
    fn read(hub: &Hub, workspace: WorkspaceId, inbox: InboxId) -> impl Future<Output = ()> + Send;
}

impl<L> Default for Rounds<L> {
    fn default() -> Self {
        Self { inboxes: Mutex::default(), bell: Notify::new() }
    }
}

impl<L: Clone> Rounds<L> {
    fn lock(&self) -> MutexGuard<'_, HashMap<InboxId, Round<L>>> {
        self.inboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How an inbox was read the last time.
    pub(crate) fn last(&self, inbox: InboxId) -> Option<Round<L>> {
        self.lock().get(&inbox).cloned()
    }

    /// Notes how it went; true when the trouble is new.
    pub(crate) fn done(&self, inbox: InboxId, round: Round<L>) -> bool {
        let is_bad = round.problem.is_some();
        let before = self.lock().insert(inbox, round);
        is_bad && before.is_none_or(|before| before.problem.is_none())
    }

    /// Reads this inbox earlier than it would be.
    pub(crate) fn sooner(&self, inbox: InboxId, when: impl FnOnce(&Round<L>) -> Timestamp) {
        if let Some(round) = self.lock().get_mut(&inbox) {
            round.next_at = round.next_at.min(when(round));
        }
        self.bell.notify_one();
    }

    /// Those whose time has come; what does not run any more is forgotten.
    pub(crate) fn due(
        &self,
        running: &[(InboxId, WorkspaceId)],
        now: Timestamp,
    ) -> Vec<(InboxId, WorkspaceId)> {
        let mut inboxes = self.lock();
        inboxes.retain(|id, _| running.iter().any(|(known, _)| known == id));
        let is_due = |id: &InboxId| inboxes.get(id).is_none_or(|round| round.next_at <= now);
        running.iter().filter(|(id, _)| is_due(id)).copied().collect()
    }

    /// The first moment at which any is read.
    fn next_at(&self) -> Option<Timestamp> {
        self.lock().values().map(|round| round.next_at).min()
    }
}

/// Reads what is due, until the hub stops.
pub(crate) async fn run<R: Reader>(hub: Arc<Hub>) {
    while !hub.is_stopping() {
        if hub.is_ready() {
            read_due::<R>(&hub).await;
        }
        let timer = async {
            match R::rounds(&hub).next_at() {
                Some(at) if at > hub.clock.now() => hub.clock.sleep_until(at).await,
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            () = timer => {}
            () = R::rounds(&hub).bell.notified() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = hub.stopped() => {}
        }
    }
}

async fn read_due<R: Reader>(hub: &Hub) {
    let registry = hub.registry();
    let running: Vec<(InboxId, WorkspaceId)> = registry
        .inboxes
        .iter()
        .filter(|(_, inbox)| inbox.channel.as_ref().is_ok_and(|c| R::has(c.as_ref())))
        .map(|(id, inbox)| (*id, inbox.row.workspace))
        .collect();
    for (inbox, workspace) in R::rounds(hub).due(&running, hub.clock.now()) {
        if hub.is_stopping() {
            return;
        }
        R::read(hub, workspace, inbox).await;
    }
}

/// A vendor that is waited for no longer.
pub(crate) fn late() -> Fault {
    Fault::new(FaultClass::VendorDown, "hear from the vendor in time")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const INBOX: InboxId = InboxId(Uuid::from_u128(1));
    const WORKSPACE: WorkspaceId = WorkspaceId(Uuid::from_u128(2));

    #[test]
    fn an_inbox_is_due_at_first_and_when_its_time_comes_and_forgotten_once_it_is_gone() {
        let rounds = Rounds::default();
        let due = |running: &[(InboxId, WorkspaceId)], now| rounds.due(running, Timestamp(now));
        let ours = [(INBOX, WORKSPACE)];
        assert_eq!(due(&ours, 0), ours);
        rounds.done(INBOX, Round { next_at: Timestamp(10), problem: None, last: () });
        assert!(due(&ours, 9).is_empty());
        assert_eq!((due(&ours, 10), rounds.next_at()), (ours.to_vec(), Some(Timestamp(10))));
        rounds.sooner(INBOX, |_| Timestamp(5));
        rounds.sooner(INBOX, |_| Timestamp(7));
        assert_eq!(due(&ours, 5), ours, "never later than it was");
        assert!(due(&[], 5).is_empty() && rounds.last(INBOX).is_none());
    }
}
