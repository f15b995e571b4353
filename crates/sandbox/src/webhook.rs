//! Sends the simulators' webhooks: in order per target, on the virtual clock, with the vendor's retries.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use tokio::sync::{Notify, mpsc, oneshot};

use crate::World;
use crate::faults::Kind;
use crate::journal::{Direction, Entry};

/// Webhooks that may wait for one target.
const MAX_QUEUED: usize = 100_000;
/// Bytes of all webhooks that wait for a target. A vendor keeps what a receiver does not take for
/// days: this holds the 30,000 statuses of 10,000 messages, which is what a long campaign causes.
const MAX_QUEUED_BYTES: usize = 128 * 1024 * 1024;
/// Webhooks and retries that may wait for their time.
const MAX_SCHEDULED: usize = 100_000;
/// Different addresses that may be written to; a vendor that has one per conversation needs many.
const MAX_TARGETS: usize = 10_000;
/// Bytes of an answer that are read, where anybody reads it.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// How a vendor repeats a webhook that was not taken.
#[derive(Clone, Copy)]
pub struct RetryPolicy {
    /// How long a receiver may take, in real milliseconds.
    pub answer_timeout_ms: u64,
    /// Virtual milliseconds to wait before the second, third, … attempt.
    pub gaps_ms: &'static [i64],
    /// Which HTTP statuses count as taken.
    pub taken: fn(u16) -> bool,
}

/// One webhook, ready to be sent.
#[derive(Clone)]
pub struct Hook {
    pub vendor: &'static str,
    /// What faults call it, without the `webhook.` prefix: `message`, `status.sent`, …
    pub kind: String,
    /// Whom or what it concerns, for faults that hit only one.
    pub key: Option<String>,
    pub url: String,
    pub headers: Vec<(HeaderName, String)>,
    pub body: Bytes,
    pub retry: RetryPolicy,
}

/// Builds a webhook when its time has come, and changes the simulator's state with it.
pub type Make = Box<dyn FnOnce(&Arc<World>) -> Option<Hook> + Send>;

/// A webhook that follows from a call.
pub struct Emission {
    pub vendor: &'static str,
    pub kind: String,
    pub key: Option<String>,
    /// Virtual milliseconds after the call.
    pub delay_ms: i64,
    pub make: Make,
}

/// What came of the first attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Delivered {
    /// The receiver's HTTP status; absent if it was not reached or not asked.
    pub status: Option<u16>,
    /// The fault that kept the webhook back or changed it.
    pub fault: Option<&'static str>,
}

/// What a receiver said, for a vendor that acts on it.
#[derive(Debug, Default)]
pub struct Answer {
    /// Journal number of the attempt.
    pub seq: u64,
    pub status: Option<u16>,
    /// False if not even a connection came about.
    pub connected: bool,
    pub content_type: String,
    /// Cut at 64 KiB.
    pub body: Vec<u8>,
}

/// Acts on the answer to the first attempt, before that attempt counts as done.
pub type Then = Box<dyn FnOnce(&Arc<World>, Answer) + Send>;

/// Webhooks that are not finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Pending {
    /// Waiting for a target, being sent, or held by a `reorder` fault.
    pub queued: usize,
    /// Waiting for their time on the virtual clock, retries included.
    pub scheduled: usize,
    /// Thrown away because a bound was reached.
    pub overflowed: usize,
}

struct Job {
    hook: Hook,
    /// 1 for the first.
    attempt: usize,
    /// Faults hit a webhook once, not again when a delayed one comes back.
    faultless: bool,
    done: Option<oneshot::Sender<Delivered>>,
    then: Option<Then>,
}

enum Work {
    Make(Make),
    Send(Box<Job>),
}

/// The queues of all targets and the timetable in front of them.
#[derive(Default)]
pub struct Webhooks {
    timetable: Mutex<Timetable>,
    targets: Mutex<HashMap<String, mpsc::Sender<Job>>>,
    changed: Notify,
    queued: AtomicUsize,
    queued_bytes: AtomicUsize,
    overflowed: AtomicUsize,
}

#[derive(Default)]
struct Timetable {
    next_id: u64,
    due: BTreeMap<(i64, u64), Work>,
}

impl Webhooks {
    /// Sends a webhook behind the ones already waiting for its target; the receiver tells what came of the first attempt.
    pub fn send(&self, world: &Arc<World>, hook: Hook) -> oneshot::Receiver<Delivered> {
        self.start(world, hook, None)
    }

    /// The same for a vendor that reads the answer.
    pub fn send_then(
        &self,
        world: &Arc<World>,
        hook: Hook,
        then: Then,
    ) -> oneshot::Receiver<Delivered> {
        self.start(world, hook, Some(then))
    }

    fn start(
        &self,
        world: &Arc<World>,
        hook: Hook,
        then: Option<Then>,
    ) -> oneshot::Receiver<Delivered> {
        let (done, first_attempt) = oneshot::channel();
        self.enqueue(world, Job { hook, attempt: 1, faultless: false, done: Some(done), then });
        first_attempt
    }

    /// Builds and sends a webhook after `delay_ms` of virtual time; equal times keep their order.
    pub fn after(&self, world: &World, delay_ms: i64, make: Make) {
        self.schedule(world.clock.now_ms().saturating_add(delay_ms), Work::Make(make));
    }

    /// Sends what follows from a call: at its time, or at once and to the end if a fault says so.
    pub(crate) async fn release(&self, world: &Arc<World>, emission: Emission) {
        if !world.faults.take_before_answer(
            emission.vendor,
            &emission.kind,
            emission.key.as_deref(),
        ) {
            return self.after(world, emission.delay_ms, emission.make);
        }
        if let Some(hook) = (emission.make)(world) {
            let _unanswered = self.send(world, hook).await;
        }
    }

    /// What is not finished yet.
    pub fn pending(&self) -> Pending {
        Pending {
            queued: self.queued.load(Ordering::SeqCst),
            scheduled: self.timetable().due.len(),
            overflowed: self.overflowed.load(Ordering::SeqCst),
        }
    }

    /// Moves webhooks from the timetable to their targets as their time comes. Runs until dropped.
    pub(crate) async fn run(world: Arc<World>) {
        let webhooks = &world.webhooks;
        loop {
            let next_ms = webhooks.timetable().due.keys().next().map(|(at_ms, _)| *at_ms);
            match next_ms {
                None => webhooks.changed.notified().await,
                Some(at_ms) => tokio::select! {
                    () = webhooks.changed.notified() => {}
                    () = world.clock.sleep_until(at_ms) => {}
                },
            }
            while let Some(work) = webhooks.take_due(world.clock.now_ms()) {
                match work {
                    Work::Send(job) => webhooks.enqueue(&world, *job),
                    Work::Make(make) => {
                        if let Some(hook) = make(&world) {
                            webhooks.enqueue(
                                &world,
                                Job { hook, attempt: 1, faultless: false, done: None, then: None },
                            );
                        }
                    }
                }
            }
        }
    }

    fn take_due(&self, now_ms: i64) -> Option<Work> {
        let mut timetable = self.timetable();
        let first = timetable.due.first_entry()?;
        (first.key().0 <= now_ms).then(|| first.remove())
    }

    fn schedule(&self, at_ms: i64, work: Work) {
        {
            let mut timetable = self.timetable();
            if timetable.due.len() >= MAX_SCHEDULED {
                self.overflowed.fetch_add(1, Ordering::SeqCst);
                return;
            }
            let id = timetable.next_id;
            timetable.next_id += 1;
            timetable.due.insert((at_ms, id), work);
        }
        self.changed.notify_one();
    }

    fn enqueue(&self, world: &Arc<World>, job: Job) {
        let Some(target) = self.target(world, &job.hook.url) else {
            self.overflowed.fetch_add(1, Ordering::SeqCst);
            return;
        };
        let bytes = job.hook.body.len();
        let before = self.queued_bytes.fetch_add(bytes, Ordering::SeqCst);
        self.queued.fetch_add(1, Ordering::SeqCst);
        if before + bytes > MAX_QUEUED_BYTES || target.try_send(job).is_err() {
            self.dequeued(bytes);
            self.overflowed.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// A webhook of so many bytes waits no longer.
    fn dequeued(&self, bytes: usize) {
        self.queued_bytes.fetch_sub(bytes, Ordering::SeqCst);
        self.queued.fetch_sub(1, Ordering::SeqCst);
    }

    fn target(&self, world: &Arc<World>, url: &str) -> Option<mpsc::Sender<Job>> {
        let mut targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(target) = targets.get(url) {
            return Some(target.clone());
        }
        if targets.len() >= MAX_TARGETS {
            return None;
        }
        let (sender, receiver) = mpsc::channel(MAX_QUEUED);
        targets.insert(url.to_owned(), sender.clone());
        let sending = serve_target(world.clone(), receiver);
        let mut stopped = world.stopped();
        tokio::spawn(async move {
            tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => {}
                () = sending => {}
            }
        });
        Some(sender)
    }

    fn timetable(&self) -> MutexGuard<'_, Timetable> {
        self.timetable.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve_target(world: Arc<World>, mut jobs: mpsc::Receiver<Job>) {
    let mut held: Option<Job> = None;
    while let Some(job) = jobs.recv().await {
        let bytes = job.hook.body.len();
        let fault = match job.faultless {
            true => None,
            false => {
                world.faults.take_webhook(job.hook.vendor, &job.hook.kind, job.hook.key.as_deref())
            }
        };
        match fault.as_ref().map(|rule| rule.fault) {
            Some(Kind::Reorder) if held.is_none() => {
                held = Some(told(job, Delivered { status: None, fault: Some("reorder") }));
                continue;
            }
            Some(Kind::Drop) => skip(&world, job),
            Some(Kind::Delay) => {
                let at_ms = world.clock.now_ms().saturating_add(fault.map_or(0, |rule| rule.ms));
                let job = told(job, Delivered { status: None, fault: Some("delay") });
                world
                    .webhooks
                    .schedule(at_ms, Work::Send(Box::new(Job { faultless: true, ..job })));
            }
            Some(Kind::Duplicate) => {
                let Job { attempt: number, faultless, .. } = job;
                let hook = job.hook.clone();
                let again = Job { hook, attempt: number, faultless, done: None, then: None };
                attempt(&world, job, Some("duplicate")).await;
                attempt(&world, again, Some("duplicate")).await;
            }
            _ => attempt(&world, job, None).await,
        }
        world.webhooks.dequeued(bytes);
        if let Some(job) = held.take() {
            let bytes = job.hook.body.len();
            attempt(&world, job, Some("reorder")).await;
            world.webhooks.dequeued(bytes);
        }
    }
}

fn told(mut job: Job, delivered: Delivered) -> Job {
    if let Some(done) = job.done.take() {
        let _nobody_waits = done.send(delivered);
    }
    job
}

fn skip(world: &World, job: Job) {
    let seq = world.journal.record(entry(world, &job, Some("drop")));
    world.journal.note(seq, "never sent");
    told(job, Delivered { status: None, fault: Some("drop") });
}

async fn attempt(world: &Arc<World>, mut job: Job, fault: Option<&'static str>) {
    let seq = world.journal.record(entry(world, &job, fault));
    let mut request = world
        .http
        .post(&job.hook.url)
        .timeout(Duration::from_millis(job.hook.retry.answer_timeout_ms))
        .body(job.hook.body.clone());
    for (name, value) in &job.hook.headers {
        request = request.header(name, value);
    }
    let sent = request.send().await;
    let status = sent.as_ref().ok().map(|response| response.status().as_u16());
    world.journal.amend(seq, |entry| {
        entry.status = status;
        entry.notes.push(format!("attempt {}", job.attempt));
    });
    if let Some(then) = job.then.take() {
        then(world, read(sent, seq).await);
    }
    let job = told(job, Delivered { status, fault });
    if status.is_some_and(job.hook.retry.taken) {
        return;
    }
    let Some(gap_ms) = job.hook.retry.gaps_ms.get(job.attempt - 1).copied() else {
        return world.journal.note(seq, "given up");
    };
    world.journal.note(seq, format!("again in {gap_ms} ms"));
    let again = Job { attempt: job.attempt + 1, faultless: true, ..job };
    world
        .webhooks
        .schedule(world.clock.now_ms().saturating_add(gap_ms), Work::Send(Box::new(again)));
}

async fn read(sent: reqwest::Result<reqwest::Response>, seq: u64) -> Answer {
    let mut response = match sent {
        Ok(response) => response,
        Err(error) => {
            return Answer { seq, connected: !error.is_connect(), ..Answer::default() };
        }
    };
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let mut answer = Answer {
        seq,
        status: Some(response.status().as_u16()),
        connected: true,
        content_type: content_type.unwrap_or_default().to_owned(),
        body: Vec::new(),
    };
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = MAX_ANSWER_BYTES - answer.body.len();
        answer.body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if answer.body.len() == MAX_ANSWER_BYTES {
            break;
        }
    }
    answer
}

fn entry(world: &World, job: &Job, fault: Option<&str>) -> Entry {
    let headers: HeaderMap = job
        .hook
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), HeaderValue::from_str(value).ok()?)))
        .collect();
    let mut entry = Entry::new(
        job.hook.vendor,
        &format!("webhook.{}", job.hook.kind),
        Direction::Out,
        world.clock.now_ms(),
    )
    .with_headers(&headers)
    .with_body(&job.hook.body);
    entry.method = "POST".to_owned();
    entry.path = job.hook.url.clone();
    entry.fault = fault.map(str::to_owned);
    entry
}
