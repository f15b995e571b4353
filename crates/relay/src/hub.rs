//! The running hub: what is shared by every part of the straight line, and its start and stop.

use std::{
    sync::{
        Arc, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use baton_core::{
    config::ConfigFault,
    delivery::{Delivery, DeliveryState},
    ids::{DeskId, Ids, InboxId, WorkspaceId},
    inbound::{Answer, RawRequest},
    step::{Effects, State},
    task::{TaskChange, TaskKind},
    time::Clock,
};
use baton_store::{Store, StoreError};
use tokio::{
    sync::{Mutex, Notify, watch},
    task::JoinSet,
};
use uuid::Uuid;

use crate::{
    campaign,
    deliver::{self, Attempts},
    intake, lease,
    media::{self, Media},
    message_list::{Lists, MessageLists},
    pace::Paces,
    registry::{Builder, Registry},
    rounds,
    source::{Health, SourceStatus},
    streams::{self, Streams},
    task,
    templates::{TemplateSyncs, Templates},
    understand::{self, Arrivals},
};

/// How often a changed configuration is looked for, in real time.
const CONFIG_EVERY: Duration = Duration::from_secs(1);
/// How long a stop waits for what is under way, in real time.
const STOP_PATIENCE: Duration = Duration::from_secs(10);
/// Conversations share this many locks.
const LOCKS: usize = 1_024;

/// The bounds of the workers.
#[derive(Clone, Copy, Debug)]
pub struct HubConfig {
    /// Events understood at the same time.
    pub understand_at_once: usize,
    /// Deliveries tried at the same time.
    pub deliver_at_once: usize,
    /// Engine turns and other tasks at the same time.
    pub tasks_at_once: usize,
    /// How long a lease on the partitions lasts, in real milliseconds.
    pub lease_ms: i64,
}

impl Default for HubConfig {
    fn default() -> Self {
        Self { understand_at_once: 32, deliver_at_once: 32, tasks_at_once: 16, lease_ms: 10_000 }
    }
}

/// Wakes the workers. A hint: each of them also looks by itself.
#[derive(Debug, Default)]
pub(crate) struct Wakes {
    pub inbound: Notify,
    pub deliveries: Notify,
    pub tasks: Notify,
    pub campaigns: Notify,
    pub fetches: Notify,
}

/// The running hub.
pub struct Hub {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) builder: Arc<dyn Builder>,
    pub(crate) media: Media,
    pub(crate) config: HubConfig,
    pub(crate) registry: RwLock<Arc<Registry>>,
    pub(crate) wakes: Wakes,
    pub(crate) paces: Paces,
    pub(crate) arrivals: Arrivals,
    pub(crate) attempts: Attempts,
    pub(crate) health: Health,
    pub(crate) templates: TemplateSyncs,
    pub(crate) message_lists: MessageLists,
    pub(crate) streams: Streams,
    pub(crate) locks: Vec<Mutex<()>>,
    pub(crate) leased: AtomicBool,
    stopping: watch::Sender<bool>,
    feed: watch::Sender<u64>,
    feed_count: AtomicU64,
    workers: Mutex<JoinSet<()>>,
}

/// Why the hub does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The built-in engine cannot be made.
    #[error("make the built-in engine: {0}")]
    Engine(#[from] ConfigFault),
}

impl Hub {
    /// Loads the configuration and starts the workers. They begin once the leases are held.
    ///
    /// # Errors
    /// The store does not answer, or the built-in engine cannot be made.
    pub async fn start(
        store: Store,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        builder: Arc<dyn Builder>,
        media: Media,
        config: HubConfig,
    ) -> Result<Arc<Self>, StartError> {
        let registry = Registry::build(store.config_load().await?, builder.as_ref())?;
        let (arrivals, arriving) = Arrivals::new();
        let (attempts, begun) = Attempts::new(config.deliver_at_once);
        let hub = Arc::new(Self {
            store,
            clock,
            ids,
            builder,
            media,
            config,
            registry: RwLock::new(Arc::new(registry)),
            wakes: Wakes::default(),
            paces: Paces::default(),
            arrivals,
            attempts,
            health: Health::default(),
            templates: TemplateSyncs::default(),
            message_lists: MessageLists::default(),
            streams: Streams::default(),
            locks: (0..LOCKS).map(|_| Mutex::new(())).collect(),
            leased: AtomicBool::new(false),
            stopping: watch::Sender::new(false),
            feed: watch::Sender::new(0),
            feed_count: AtomicU64::new(0),
            workers: Mutex::new(JoinSet::new()),
        });
        for (source, at) in hub.store.inbound_last().await? {
            hub.health.heard(source.id(), at);
        }
        lease::hold(&hub).await;
        let mut workers = hub.workers.lock().await;
        workers.spawn(lease::keep(Arc::clone(&hub)));
        workers.spawn(follow_config(Arc::clone(&hub)));
        workers.spawn(understand::run(Arc::clone(&hub), arriving));
        workers.spawn(deliver::run(Arc::clone(&hub), begun));
        workers.spawn(task::run(Arc::clone(&hub)));
        workers.spawn(media::run(Arc::clone(&hub)));
        workers.spawn(rounds::run::<Templates>(Arc::clone(&hub)));
        workers.spawn(rounds::run::<Lists>(Arc::clone(&hub)));
        workers.spawn(campaign::run(Arc::clone(&hub)));
        workers.spawn(streams::run(Arc::clone(&hub)));
        drop(workers);
        Ok(hub)
    }

    /// Stops the workers, lets what is under way end, gives the leases back and closes the
    /// store. What is not finished stays in the outbox.
    pub async fn stop(&self) {
        self.stopping.send_replace(true);
        let mut workers = self.workers.lock().await;
        let ended = async { while workers.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_PATIENCE, ended).await.is_err() {
            tracing::warn!("some work was cut short by the stop; it is settled at the next start");
            workers.abort_all();
        }
        if let Err(error) = self.store.lease_release().await {
            tracing::warn!(%error, "leases not given back; they run out by themselves");
        }
        self.store.close().await;
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The clock of the business rules.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Hands a raw webhook request to the inbox or desk of this id: verified, stored, and only
    /// then answered.
    pub async fn receive(&self, hook: Uuid, request: RawRequest) -> Answer {
        intake::receive(self, hook, &request).await
    }

    /// Changes whenever facts were committed here. A hint, never the truth.
    pub fn feed_hint(&self) -> watch::Receiver<u64> {
        self.feed.subscribe()
    }

    /// The workspace's inboxes and desks as they run now.
    pub fn sources(&self, workspace: WorkspaceId) -> Vec<SourceStatus> {
        self.registry().statuses(workspace, &self.health)
    }

    /// The vendor's folder name behind a hook; none when there is no such hook.
    pub fn vendor(&self, hook: Uuid) -> Option<String> {
        let registry = self.registry();
        let inbox = registry.inboxes.get(&InboxId(hook)).map(|inbox| &inbox.row.vendor);
        inbox.or_else(|| registry.desks.get(&DeskId(hook)).map(|desk| &desk.row.vendor)).cloned()
    }

    /// Takes over the stored configuration at once, where it has changed.
    ///
    /// # Errors
    /// The store does not answer; the configuration at hand stays in use.
    pub async fn reload(&self) -> Result<(), StartError> {
        if self.store.config_version().await? == self.registry().version {
            return Ok(());
        }
        let registry = Registry::build(self.store.config_load().await?, self.builder.as_ref())?;
        tracing::info!(version = registry.version, "configuration reloaded");
        let mut current = self.registry.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Two reloads may overlap; the older one must not win.
        if registry.version > current.version {
            *current = Arc::new(registry);
        }
        drop(current);
        self.wakes.inbound.notify_one();
        Ok(())
    }

    /// The leases are held and nobody asked for a stop.
    pub fn is_ready(&self) -> bool {
        self.leased.load(Ordering::Acquire) && !self.is_stopping()
    }

    pub(crate) fn registry(&self) -> Arc<Registry> {
        let guard = self.registry.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        Arc::clone(&guard)
    }

    pub(crate) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Resolves when somebody asked for a stop.
    pub(crate) async fn stopped(&self) {
        let mut stopping = self.stopping.subscribe();
        // The sender lives as long as the hub, so waiting can only end with the wish.
        let _ = stopping.wait_for(|stop| *stop).await;
    }

    /// Tells the followers of the feed and those workers for whom there may be work that
    /// something was committed.
    pub(crate) fn committed(&self, effects: &Effects, after: &State, facts: usize) {
        if facts > 0 {
            self.fed();
        }
        self.listen_to(&effects.handoffs);
        let waits = |delivery: &Delivery| delivery.state == DeliveryState::Waiting;
        if !effects.deliveries.is_empty() && after.deliveries.iter().any(waits) {
            self.wakes.deliveries.notify_one();
        }
        let sets = |fetch: bool| {
            let is_set = |change: &TaskChange| match change {
                TaskChange::Set(task, _) => matches!(task, TaskKind::Fetch(_)) == fetch,
                TaskChange::Clear(_) => false,
            };
            effects.tasks.iter().any(is_set)
        };
        if sets(false) {
            self.wakes.tasks.notify_one();
        }
        if sets(true) {
            self.wakes.fetches.notify_one();
        }
    }

    /// Tells the followers of the feed.
    pub(crate) fn fed(&self) {
        let count = self.feed_count.fetch_add(1, Ordering::Relaxed);
        self.feed.send_replace(count);
    }

    /// Wakes all workers.
    pub(crate) fn wake_all(&self) {
        self.wakes.inbound.notify_one();
        self.wakes.deliveries.notify_one();
        self.wakes.tasks.notify_one();
        self.wakes.fetches.notify_one();
    }
}

/// Rebuilds the registry when the configuration in the store has changed.
async fn follow_config(hub: Arc<Hub>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(CONFIG_EVERY) => {}
            () = hub.stopped() => return,
        }
        if let Err(error) = hub.reload().await {
            tracing::warn!(%error, "configuration not reloaded; the one at hand stays in use");
        }
    }
}
