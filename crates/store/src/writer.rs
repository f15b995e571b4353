//! The one writer: many units of work, one transaction, one flush to disk.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use baton_core::time::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use crate::{
    Store,
    commit::{self, Numbered, Pledge},
    database::Database,
    error::{CommitError, StoreError},
    inbound::{self, Caller, Mark, Prepared},
    intake,
    transaction::Tx,
};

/// Units that may wait; more are refused.
const QUEUE: usize = 4_096;
/// Units of one transaction.
const BATCH: usize = 512;
/// A unit that has waited longer is refused, because whoever sent it has given up.
const PATIENCE: Duration = Duration::from_secs(2);
/// In a rush the vendors' answers go first, and what the workers have to commit gathers for so
/// long: many in one transaction cost little more than a few.
const GATHER: Duration = Duration::from_millis(50);
/// With so many vendors waiting in each transaction this process is at its limit …
const CROWD: usize = 64;
/// … and understanding waits longer for the answers.
const GATHER_IN_A_CROWD: Duration = Duration::from_millis(250);
/// How often a transaction is repeated that the database undid for the sake of another one.
const REPEATS: u32 = 3;

/// What the writer has done since the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct WriterStats {
    /// Transactions committed: one flush to disk each.
    pub commits: u64,
    /// Units of work in them.
    pub units: u64,
    /// Rows written.
    pub rows: u64,
    /// Units that wait now.
    pub queued: u64,
}

#[derive(Default)]
struct Counters {
    commits: AtomicU64,
    units: AtomicU64,
    rows: AtomicU64,
}

type Work =
    Box<dyn for<'a> FnOnce(&'a mut Tx) -> BoxFuture<'a, Result<(), StoreError>> + Send + 'static>;

/// Raw events of one caller.
struct Incoming {
    caller: Caller,
    events: Vec<Prepared>,
}

/// A unit of work and where its answer goes.
enum Unit {
    /// One step of one conversation.
    Commit(Arc<Pledge>, Answer<Numbered, CommitError>),
    /// Raw events; the answer is how many were new.
    Inbound(Incoming, Answer<usize, StoreError>),
    /// What became of events that changed nothing else.
    Marks(Vec<Mark>, Answer<(), StoreError>),
    /// Anything rarer, in a transaction of its own.
    Work(Work, Answer<(), StoreError>),
}

struct Queued {
    unit: Unit,
    since: Instant,
}

impl Queued {
    /// Rare work, such as renewing a lease, must not starve behind a flood of the rest.
    fn is_stale(&self) -> bool {
        !matches!(self.unit, Unit::Work(..)) && self.since.elapsed() > PATIENCE
    }
}

/// The handle to the writer.
pub(crate) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Queued>>>,
    stopped: Mutex<Option<oneshot::Receiver<()>>>,
    counters: Arc<Counters>,
}

impl Writer {
    pub fn start(database: Database, node: String) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let (done, stopped) = oneshot::channel();
        let counters = Arc::new(Counters::default());
        let worker = Worker { database, node, counters: Arc::clone(&counters) };
        tokio::spawn(async move {
            worker.run(receiver).await;
            let _ = done.send(());
        });
        Self { queue: Mutex::new(Some(sender)), stopped: Mutex::new(Some(stopped)), counters }
    }

    pub fn stats(&self) -> WriterStats {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let queued = queue.as_ref().map_or(0, |q| q.max_capacity() - q.capacity());
        WriterStats {
            commits: self.counters.commits.load(Ordering::Relaxed),
            units: self.counters.units.load(Ordering::Relaxed),
            rows: self.counters.rows.load(Ordering::Relaxed),
            queued: u64::try_from(queued).unwrap_or(u64::MAX),
        }
    }

    /// Takes no more work and waits until the rest is done.
    pub async fn stop(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(stopped) = stopped {
            let _ = stopped.await;
        }
    }

    fn send(&self, unit: Unit) -> Result<(), StoreError> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = queue.as_ref().ok_or(StoreError::Closed)?;
        sender.try_send(Queued { unit, since: Instant::now() }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
        })
    }

    pub async fn commit(&self, pledge: Arc<Pledge>) -> Result<Numbered, CommitError> {
        let (answer, answered) = oneshot::channel();
        self.send(Unit::Commit(pledge, answer))?;
        answered.await.unwrap_or(Err(CommitError::Store(StoreError::Closed)))
    }

    pub async fn inbound(
        &self,
        caller: Caller,
        events: Vec<Prepared>,
    ) -> Result<usize, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.send(Unit::Inbound(Incoming { caller, events }, answer))?;
        answered.await.unwrap_or(Err(StoreError::Closed))
    }

    pub async fn marks(&self, marks: Vec<Mark>) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        self.send(Unit::Marks(marks, answer))?;
        answered.await.unwrap_or(Err(StoreError::Closed))
    }
}

impl Store {
    /// Does something rarer in a transaction of its own, between the batches.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Tx) -> BoxFuture<'a, Result<T, StoreError>> + Send + 'static,
    {
        let slot = Arc::new(Mutex::new(None));
        let filled = Arc::clone(&slot);
        let work: Work = Box::new(move |tx| {
            Box::pin(async move {
                let value = work(tx).await?;
                *filled.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
                Ok(())
            })
        });
        let (answer, answered) = oneshot::channel();
        self.shared.writer.send(Unit::Work(work, answer))?;
        answered.await.unwrap_or(Err(StoreError::Closed))?;
        let value = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        value.ok_or(StoreError::Closed)
    }
}

/// What the workers have to commit, while requests rush in.
#[derive(Default)]
struct Gathered {
    batch: Batch,
    since: Option<Instant>,
    rushed_at: Option<Instant>,
    crowded_at: Option<Instant>,
}

impl Gathered {
    /// Waits for units, or for the end of the gathering; false when there is nothing more to do.
    async fn next(&self, queue: &mut mpsc::Receiver<Queued>, units: &mut Vec<Queued>) -> bool {
        let Some(since) = self.since else { return queue.recv_many(units, BATCH).await > 0 };
        let left = self.span().saturating_sub(since.elapsed());
        // An empty round ends the gathering, also when the queue was closed.
        let _ = tokio::time::timeout(left, queue.recv_many(units, BATCH)).await;
        true
    }

    /// Keeps the workers' part of the batch back, or adds what was kept to it.
    fn join(&mut self, mut batch: Batch) -> Batch {
        self.batch.commits.append(&mut batch.commits);
        self.batch.marks.append(&mut batch.marks);
        let kept = self.batch.len();
        let rush = self.is_rush(&batch);
        let is_early = || self.since.is_none_or(|since| since.elapsed() < self.span());
        if rush && kept > 0 && kept < BATCH && is_early() {
            self.since.get_or_insert_with(Instant::now);
            return batch;
        }
        self.since = None;
        Batch { inbound: batch.inbound, ..std::mem::take(&mut self.batch) }
    }

    /// Vendors wait for the answer to one before they send the next, so that full batches and
    /// nearly empty ones take turns in a rush.
    fn is_rush(&mut self, batch: &Batch) -> bool {
        let count = batch.requests();
        let now = Instant::now();
        self.rushed_at = if count >= intake::RUSH { Some(now) } else { self.rushed_at };
        self.crowded_at = if count >= CROWD { Some(now) } else { self.crowded_at };
        is_recent(self.rushed_at)
    }

    /// How long one gathering lasts.
    fn span(&self) -> Duration {
        if is_recent(self.crowded_at) { GATHER_IN_A_CROWD } else { GATHER }
    }
}

/// Whether this was less than one gathering ago.
fn is_recent(moment: Option<Instant>) -> bool {
    moment.is_some_and(|moment| moment.elapsed() < GATHER)
}

struct Worker {
    database: Database,
    node: String,
    counters: Arc<Counters>,
}

/// The way back to whoever sent a unit.
type Answer<T, E> = oneshot::Sender<Result<T, E>>;

/// The units of one transaction, sorted by what they write.
#[derive(Default)]
struct Batch {
    commits: Vec<(Arc<Pledge>, Answer<Numbered, CommitError>)>,
    inbound: Vec<(Incoming, Answer<usize, StoreError>)>,
    marks: Vec<(Vec<Mark>, Answer<(), StoreError>)>,
}

/// What a batch that was committed answers.
struct Answers {
    commits: Vec<Result<Numbered, CommitError>>,
    inbound: Vec<usize>,
}

impl Worker {
    async fn run(&self, mut queue: mpsc::Receiver<Queued>) {
        let mut units = Vec::with_capacity(BATCH);
        let mut gathered = Gathered::default();
        while gathered.next(&mut queue, &mut units).await {
            let mut batch = Batch::default();
            let mut work = Vec::new();
            for queued in units.drain(..) {
                if queued.is_stale() {
                    refuse(queued.unit, &StoreError::Overloaded);
                    continue;
                }
                match queued.unit {
                    Unit::Commit(pledge, answer) => batch.commits.push((pledge, answer)),
                    Unit::Inbound(incoming, answer) => batch.inbound.push((incoming, answer)),
                    Unit::Marks(marks, answer) => batch.marks.push((marks, answer)),
                    Unit::Work(rare, answer) => work.push((rare, answer)),
                }
            }
            self.batch(gathered.join(batch)).await;
            for (rare, answer) in work {
                let _ = answer.send(self.work(rare).await);
            }
        }
    }

    /// Commits a batch. When the database refuses it, each unit is tried alone, so that only
    /// the bad one fails.
    async fn batch(&self, batch: Batch) {
        let count = batch.len();
        if count == 0 {
            return;
        }
        match self.attempt(&batch).await {
            Ok(answers) => batch.answer(answers),
            Err(StoreError::Refused(_)) if count > 1 => {
                tracing::warn!(units = count, "a batch was refused; trying each unit alone");
                for single in batch.split() {
                    match self.attempt(&single).await {
                        Ok(answers) => single.answer(answers),
                        Err(error) => single.fail(&error),
                    }
                }
            }
            Err(error) => batch.fail(&error),
        }
    }

    /// Repeats what the database undid only because of another transaction.
    async fn attempt(&self, batch: &Batch) -> Result<Answers, StoreError> {
        let mut repeats = 0;
        loop {
            match self.transaction(batch).await {
                Err(error) if error.is_transient() && repeats < REPEATS => repeats += 1,
                result => return result,
            }
        }
    }

    /// Most commits find what they expect: two ways to the database are enough for all of them.
    async fn transaction(&self, batch: &Batch) -> Result<Answers, StoreError> {
        let mut looks_ahead = true;
        loop {
            if let Some(answers) = self.transact(batch, looks_ahead).await? {
                return Ok(answers);
            }
            looks_ahead = false;
        }
    }

    /// Writes a batch; none, and nothing is written, where it is not to look ahead.
    async fn transact(
        &self,
        batch: &Batch,
        looks_ahead: bool,
    ) -> Result<Option<Answers>, StoreError> {
        let events: Vec<&[Prepared]> =
            batch.inbound.iter().map(|(i, _)| i.events.as_slice()).collect();
        let marks: Vec<&Mark> = batch.marks.iter().flat_map(|(marks, _)| marks).collect();
        let pledges: Vec<&Pledge> =
            batch.commits.iter().map(|(pledge, _)| pledge.as_ref()).collect();
        // Behind a rush no event is the next one that comes with its commit.
        let looks_ahead = looks_ahead && batch.requests() < intake::RUSH;
        let mut tx = self.database.begin().await?;
        let written = async {
            let inbound = intake::take(&mut tx, &self.node, batch.requests(), &events).await?;
            let commits = commit::write(&mut tx, &self.node, &pledges, looks_ahead).await?;
            inbound::mark(&mut tx, &marks);
            Ok(commits.map(|commits| Answers { commits, inbound }))
        };
        match written.await {
            Ok(Some(answers)) => {
                self.finish(tx, batch.len()).await?;
                Ok(Some(answers))
            }
            Ok(None) => tx.rollback().await.map(|()| None),
            Err(error) => Err(undo(tx, error).await),
        }
    }

    async fn finish(&self, tx: Tx, units: usize) -> Result<(), StoreError> {
        let rows = tx.rows;
        tx.commit().await?;
        self.counters.commits.fetch_add(1, Ordering::Relaxed);
        self.counters.units.fetch_add(u64::try_from(units).unwrap_or(0), Ordering::Relaxed);
        self.counters.rows.fetch_add(rows, Ordering::Relaxed);
        Ok(())
    }

    async fn work(&self, work: Work) -> Result<(), StoreError> {
        let done = async {
            let mut tx = self.database.begin().await?;
            match work(&mut tx).await {
                Ok(()) => self.finish(tx, 1).await,
                Err(error) => Err(undo(tx, error).await),
            }
        };
        done.await.inspect_err(|error| error.log_refusal(1))
    }
}

impl Batch {
    fn len(&self) -> usize {
        self.commits.len() + self.inbound.len() + self.marks.len()
    }

    /// Vendors' requests, each of which waits for its answer.
    fn requests(&self) -> usize {
        self.inbound.iter().filter(|(incoming, _)| incoming.caller == Caller::Vendor).count()
    }

    fn split(self) -> Vec<Self> {
        let inbound =
            self.inbound.into_iter().map(|u| Self { inbound: vec![u], ..Self::default() });
        let commits =
            self.commits.into_iter().map(|u| Self { commits: vec![u], ..Self::default() });
        let marks = self.marks.into_iter().map(|u| Self { marks: vec![u], ..Self::default() });
        inbound.chain(commits).chain(marks).collect()
    }

    fn answer(self, answers: Answers) {
        for ((_, to), result) in self.commits.into_iter().zip(answers.commits) {
            let _ = to.send(result);
        }
        for ((_, to), new) in self.inbound.into_iter().zip(answers.inbound) {
            let _ = to.send(Ok(new));
        }
        for (_, to) in self.marks {
            let _ = to.send(Ok(()));
        }
    }

    fn fail(self, error: &StoreError) {
        error.log_refusal(self.len());
        for (_, to) in self.commits {
            let _ = to.send(Err(CommitError::Store(error.clone())));
        }
        for (_, to) in self.inbound {
            let _ = to.send(Err(error.clone()));
        }
        for (_, to) in self.marks {
            let _ = to.send(Err(error.clone()));
        }
    }
}

/// Undoes a transaction that failed.
async fn undo(tx: Tx, error: StoreError) -> StoreError {
    // Where that fails too, the connection is closed, which undoes it.
    let _ = tx.rollback().await;
    error
}

fn refuse(unit: Unit, error: &StoreError) {
    match unit {
        Unit::Commit(_, to) => drop(to.send(Err(CommitError::Store(error.clone())))),
        Unit::Inbound(_, to) => drop(to.send(Err(error.clone()))),
        Unit::Marks(_, to) | Unit::Work(_, to) => drop(to.send(Err(error.clone()))),
    }
}
