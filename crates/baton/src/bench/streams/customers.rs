//! The customers' side: an end that takes what the hub sends and notes when, and reps who write.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    extract::State,
    routing::{get, post},
};
use baton_core::ids::Ids as _;
use baton_relay::system::SystemIds;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    task::{JoinHandle, JoinSet},
};

use super::processes::Sandbox;
use crate::{bench::parts, hub::RunError};

/// Replies on their way at the same time when it is measured how many go in a second.
const AT_ONCE: usize = 64;
/// How long one reply may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who waits for which words.
type Awaited = Arc<Mutex<HashMap<String, oneshot::Sender<Instant>>>>;

/// Where the hub believes the customers' vendor to be.
pub struct Customers {
    /// Where it listens.
    pub address: SocketAddr,
    awaited: Awaited,
    serving: JoinHandle<()>,
}

impl Customers {
    /// Begins to listen.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn start() -> Result<Self, RunError> {
        let awaited = Awaited::default();
        let router = Router::new()
            .route("/{version}/{number}/messages", post(taken))
            .fallback(get(async || Json(json!({ "data": [] }))))
            .with_state(Arc::clone(&awaited));
        let (address, serving) = parts::serve(router).await?;
        Ok(Self { address, awaited, serving })
    }

    /// When the hub posts these words.
    fn expect(&self, words: &str) -> oneshot::Receiver<Instant> {
        let (told, posted) = oneshot::channel();
        lock(&self.awaited).insert(words.to_owned(), told);
        posted
    }
}

impl Drop for Customers {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn taken(State(awaited): State<Awaited>, Json(body): Json<Value>) -> Json<Value> {
    let posted = Instant::now();
    let words = body["text"]["body"].as_str().unwrap_or_default();
    if let Some(told) = lock(&awaited).remove(words) {
        // Whoever waited may have given up.
        let _ = told.send(posted);
    }
    Json(json!({
        "messaging_product": "whatsapp",
        "contacts": [{ "input": body["to"], "wa_id": body["to"] }],
        "messages": [{ "id": format!("wamid.{}", SystemIds.uuid().simple()) }],
    }))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reps who write, each in one conversation.
pub struct Reps {
    pub sandbox: Arc<Sandbox>,
    pub customers: Arc<Customers>,
    /// The conversations, by the desk's ids.
    pub work: Vec<String>,
}

/// What came of one reply in each conversation.
pub struct Replies {
    /// From the order to write until the hub's call, in milliseconds, sorted.
    took_ms: Vec<f64>,
    /// From the first order to the last call.
    span: Duration,
}

impl Replies {
    /// How many there were.
    pub fn count(&self) -> usize {
        self.took_ms.len()
    }

    /// How many went in a second.
    pub fn per_s(&self) -> f64 {
        super::super::float(self.took_ms.len() as u64) / self.span.as_secs_f64()
    }

    /// So many of a hundred took no longer.
    pub fn percentile_ms(&self, of_100: usize) -> f64 {
        let last = self.took_ms.len().saturating_sub(1);
        let at = (self.took_ms.len() * of_100 / 100).min(last);
        self.took_ms.get(at).copied().unwrap_or_default()
    }
}

impl Reps {
    /// Every conversation gets its rep.
    ///
    /// # Errors
    /// The simulator refuses.
    pub async fn accept(&self) -> Result<(), RunError> {
        let accepted = stream::iter(&self.work).map(|work| async move {
            let order = json!({ "conversation": work });
            self.sandbox.order("salesforce/accept", &order).await
        });
        accepted.buffer_unordered(AT_ONCE).try_for_each(async |_| Ok(())).await
    }

    /// One reply in each conversation, as fast as they go.
    ///
    /// # Errors
    /// A reply does not arrive.
    pub async fn at_full_speed(self: &Arc<Self>) -> Result<Replies, RunError> {
        self.write("at full speed", None).await
    }

    /// One reply in each conversation, so many a second.
    ///
    /// # Errors
    /// A reply does not arrive.
    pub async fn at_pace(self: &Arc<Self>, per_s: f64) -> Result<Replies, RunError> {
        self.write("at half the speed", Some(per_s)).await
    }

    async fn write(
        self: &Arc<Self>,
        how: &'static str,
        per_s: Option<f64>,
    ) -> Result<Replies, RunError> {
        let room = Arc::new(Semaphore::new(AT_ONCE));
        let begun = Instant::now();
        let mut writing = JoinSet::new();
        for number in 0..self.work.len() {
            let turn = match per_s {
                Some(per_s) => {
                    let due = Duration::from_secs_f64(number as f64 / per_s);
                    tokio::time::sleep_until((begun + due).into()).await;
                    None
                }
                None => Arc::clone(&room).acquire_owned().await.ok(),
            };
            writing.spawn(Arc::clone(self).reply(number, how, turn));
        }
        let mut took_ms = Vec::with_capacity(self.work.len());
        for replied in writing.join_all().await {
            took_ms.push(replied?.as_secs_f64() * 1_000.0);
        }
        let span = begun.elapsed();
        took_ms.sort_by(f64::total_cmp);
        Ok(Replies { took_ms, span })
    }

    /// Has a rep write; how long it takes until the hub calls.
    async fn reply(
        self: Arc<Self>,
        number: usize,
        how: &'static str,
        _turn: Option<OwnedSemaphorePermit>,
    ) -> Result<Duration, RunError> {
        let words = format!("answer {number} {how}");
        let posted = self.customers.expect(&words);
        let order = json!({ "conversation": self.work.get(number), "text": words });
        let ordered = Instant::now();
        self.sandbox.order("salesforce/reply", &order).await?;
        match tokio::time::timeout(PATIENCE, posted).await {
            Ok(Ok(posted)) => Ok(posted.saturating_duration_since(ordered)),
            _ => Err(RunError::Refused(format!("bring {words:?} to the customer"))),
        }
    }
}
