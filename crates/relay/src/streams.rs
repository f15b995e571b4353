//! Listening to desks that tell what happens by streams: one for each subject with a live handoff.
//!
//! What a stream brings is stored like a webhook, and only then the place at which it goes on: after
//! a break the vendor tells again what is not certain to be stored, and it is stored once.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use baton_core::{
    desk::{Desk, EventStream, Heard},
    fault::{Accepted, Fault, FaultClass, Outcome},
    handoff::Handoff,
    ids::{ConversationId, DeskId, HandoffId, VendorId, WorkspaceId},
    inbound::Source,
    time::DAY_MS,
};
use baton_store::{NewInbound, StoreError, StreamPlace};
use tokio::{
    sync::{Notify, Semaphore, watch},
    task::JoinSet,
};

use crate::{hub::Hub, intake};

/// Streams that are being opened at the same time.
const OPEN_AT_ONCE: usize = 64;
/// Desks that are asked at the same time what a break may have swallowed.
const CATCH_UP_AT_ONCE: usize = 8;
/// Places at which streams go on are written this often, in real time.
const PLACES_EVERY: Duration = Duration::from_secs(1);
/// Live handoffs are looked through after so many rounds, for streams that nobody opened.
const LOOK_EVERY: u32 = 120;
/// Live handoffs are read in pieces of this many.
const PIECE: usize = 500;
/// A stream that nobody listened to for so long begins anew.
const FORGET_AFTER_MS: i64 = 30 * DAY_MS;
/// A vendor that does not want us is asked again after this, in real time.
const REFUSED_PAUSE: Duration = Duration::from_secs(30);

/// A stream that broke off is opened again after this, then more and more slowly.
const FIRST_PAUSE_MS: u64 = 100;
const LONGEST_PAUSE_MS: u64 = 30_000;

/// A desk's word for whose stream it is.
type Key = (DeskId, String);

/// The open streams.
#[derive(Debug)]
pub(crate) struct Streams {
    followed: Mutex<HashMap<Key, Followed>>,
    places: Mutex<HashMap<Key, String>>,
    opening: Semaphore,
    catching_up: Semaphore,
    bell: Notify,
}

/// One stream that is to be open.
#[derive(Debug)]
struct Followed {
    workspace: WorkspaceId,
    handoffs: HashMap<HandoffId, Followable>,
    /// Somebody listens; none until then.
    end: Option<watch::Sender<bool>>,
    open: bool,
    /// It is written that it cannot be heard.
    troubled: bool,
    cursor: Option<String>,
}

/// A live handoff, as far as it must be known to find it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Followable {
    pub id: HandoffId,
    pub conversation: ConversationId,
    pub transcript_up_to: i64,
    work: Option<VendorId>,
}

impl Followable {
    /// Whether this is the desk's word for its work.
    pub fn is(&self, work: &str) -> bool {
        self.work.as_ref().is_some_and(|own| own.as_str() == work)
    }
}

/// How a stream stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StreamStatus {
    /// The desk.
    pub desk: DeskId,
    /// The vendor's word for whose stream it is.
    pub subject: String,
    /// The vendor sends what happens.
    pub open: bool,
    /// What came up to here is stored.
    pub cursor: Option<String>,
}

impl Default for Streams {
    fn default() -> Self {
        Self {
            followed: Mutex::default(),
            places: Mutex::default(),
            opening: Semaphore::new(OPEN_AT_ONCE),
            catching_up: Semaphore::new(CATCH_UP_AT_ONCE),
            bell: Notify::new(),
        }
    }
}

impl Streams {
    fn followed(&self) -> MutexGuard<'_, HashMap<Key, Followed>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn places(&self) -> MutexGuard<'_, HashMap<Key, String>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A live handoff wants its subject's stream; one that is over wants it no more.
    fn note(&self, key: Key, handoff: &Handoff) {
        let mut followed = self.followed();
        if handoff.state.is_live() {
            let stream = followed.entry(key).or_insert_with(|| Followed {
                workspace: handoff.workspace,
                handoffs: HashMap::new(),
                end: None,
                open: false,
                troubled: false,
                cursor: None,
            });
            let followable = Followable {
                id: handoff.id,
                conversation: handoff.conversation,
                transcript_up_to: handoff.transcript_up_to,
                work: handoff.work.as_ref().map(|work| work.id.clone()),
            };
            stream.handoffs.insert(handoff.id, followable);
            if stream.end.is_none() {
                self.bell.notify_one();
            }
        } else if let Some(stream) = followed.get_mut(&key) {
            stream.handoffs.remove(&handoff.id);
            if stream.handoffs.is_empty() {
                // Whoever listens hears that the sender is gone.
                followed.remove(&key);
            }
        }
    }

    /// Streams that nobody listens to yet, each with what ends the listening.
    fn unheard(&self) -> Vec<(Key, watch::Receiver<bool>)> {
        let mut followed = self.followed();
        let unheard = followed.iter_mut().filter(|(_, stream)| stream.end.is_none());
        let begin = |(key, stream): (&Key, &mut Followed)| {
            let (end, ended) = watch::channel(false);
            stream.end = Some(end);
            (key.clone(), ended)
        };
        unheard.map(begin).collect()
    }

    fn with<T>(&self, key: &Key, change: impl FnOnce(&mut Followed) -> T) -> Option<T> {
        self.followed().get_mut(key).map(change)
    }

    /// Desks that do not run are not listened to.
    fn leave(&self, runs: impl Fn(DeskId) -> bool) {
        self.followed().retain(|(desk, _), _| runs(*desk));
    }

    /// Nobody listens any more.
    fn clear(&self) {
        self.followed().clear();
    }
}

impl Hub {
    /// The streams of desks that are listened to.
    pub fn streams(&self) -> Vec<StreamStatus> {
        let followed = self.streams.followed();
        let status = |((desk, subject), stream): (&Key, &Followed)| StreamStatus {
            desk: *desk,
            subject: subject.clone(),
            open: stream.open,
            cursor: stream.cursor.clone(),
        };
        followed.iter().map(status).collect()
    }

    /// Looks at handoffs that a commit changed.
    pub(crate) fn listen_to(&self, handoffs: &[Handoff]) {
        if handoffs.is_empty() {
            return;
        }
        let registry = self.registry();
        for handoff in handoffs {
            let subject = registry.desk(handoff.desk).and_then(|desk| desk.subject(handoff));
            if let Some(subject) = subject {
                self.streams.note((handoff.desk, subject), handoff);
            }
        }
    }
}

/// Keeps a stream open for every live handoff of a desk that has them, while the leases are held.
pub(crate) async fn run(hub: Arc<Hub>) {
    let mut following = JoinSet::new();
    let (mut held, mut rounds) = (false, 0);
    while !hub.is_stopping() {
        if hub.is_ready() {
            if !held || rounds >= LOOK_EVERY {
                look(&hub).await;
                rounds = 0;
            }
            rounds += 1;
            for (key, ended) in hub.streams.unheard() {
                following.spawn(follow(Arc::clone(&hub), key, ended));
            }
        } else if held {
            // Somebody else listens from now on.
            hub.streams.clear();
            following.shutdown().await;
        }
        held = hub.is_ready();
        keep_places(&hub).await;
        while following.try_join_next().is_some() {}
        tokio::select! {
            () = hub.streams.bell.notified() => {}
            () = tokio::time::sleep(PLACES_EVERY) => {}
            () = hub.stopped() => {}
        }
    }
    following.shutdown().await;
    keep_places(&hub).await;
}

/// Reads which handoffs are live.
async fn look(hub: &Hub) {
    if let Err(error) = look_through(hub).await {
        tracing::warn!(%error, "live handoffs not read; they are soon");
    }
}

async fn look_through(hub: &Hub) -> Result<(), StoreError> {
    let registry = hub.registry();
    hub.streams.leave(|desk| registry.desk(desk).is_some());
    let mut after = None;
    loop {
        let piece = hub.store.handoffs_live(after, PIECE).await?;
        hub.listen_to(&piece);
        after = piece.last().map(|handoff| handoff.id);
        if piece.len() < PIECE {
            break;
        }
    }
    hub.store.streams_forget(hub.clock.now().plus_ms(-FORGET_AFTER_MS)).await
}

/// Writes the places at which streams go on, many at once.
async fn keep_places(hub: &Hub) {
    let places = mem::take(&mut *hub.streams.places());
    let row = |((desk, subject), cursor)| StreamPlace { desk, subject, cursor };
    let rows = places.into_iter().map(row).collect();
    if let Err(error) = hub.store.streams_put(rows, hub.clock.now()).await {
        // What was stored since comes again and is stored once.
        tracing::warn!(%error, "places of streams not written");
    }
}

/// Listens to one stream until nobody wants it any more.
async fn follow(hub: Arc<Hub>, key: Key, ended: watch::Receiver<bool>) {
    let mut tries = 0;
    // The sender is gone when the last handoff is over.
    while ended.has_changed().is_ok() {
        let rest = Box::pin(listen(&hub, &key, &ended, &mut tries)).await;
        hub.streams.with(&key, |stream| stream.open = false);
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            () = over(&ended) => {}
        }
    }
}

/// Resolves when nobody wants the stream any more.
async fn over(ended: &watch::Receiver<bool>) {
    // Nothing is ever sent.
    let _ = ended.clone().changed().await;
}

/// Opens the stream and takes in what it brings. Returns how long to wait before the next try.
/// What is done only now and then is boxed: a stream waits for hours, and thousands do.
async fn listen(hub: &Hub, key: &Key, ended: &watch::Receiver<bool>, tries: &mut u32) -> Duration {
    let Some(desk) = hub.registry().desk(key.0) else { return REFUSED_PAUSE };
    let opened = tokio::select! {
        opened = Box::pin(open(hub, desk.as_ref(), key)) => opened,
        () = over(ended) => return Duration::ZERO,
    };
    let mut stream = match opened {
        Ok(stream) => stream,
        Err(fault) => return Box::pin(refused(hub, key, &fault, tries)).await,
    };
    if hub.streams.with(key, |stream| mem::replace(&mut stream.troubled, false)) == Some(true) {
        Box::pin(tell_trouble(hub, key, None)).await;
    }
    hub.streams.with(key, |stream| stream.open = true);
    hub.health.learn(key.0.0, &Outcome::Accepted(Accepted::default()));
    *tries += 1;
    let caught_up = Box::pin(async {
        tokio::select! {
            () = catch_up(hub, key) => {}
            () = over(ended) => {}
        }
    });
    let (heard, ()) = tokio::join!(hear(hub, key, ended, stream.as_mut()), caught_up);
    if heard {
        *tries = 0;
    }
    pause(*tries)
}

/// Takes in what the stream brings until it ends; whether it brought anything. What was heard is
/// stored, also when nobody wants the stream any more: it will not be asked again.
async fn hear(
    hub: &Hub,
    key: &Key,
    ended: &watch::Receiver<bool>,
    stream: &mut dyn EventStream,
) -> bool {
    let mut heard = false;
    loop {
        let next = tokio::select! {
            next = stream.next() => next,
            () = over(ended) => return heard,
        };
        match next {
            Ok(Some(next)) => {
                if !Box::pin(take(hub, key, next)).await {
                    return heard;
                }
                heard = true;
            }
            Ok(None) => return heard,
            Err(fault) => {
                tracing::debug!(desk = %key.0, fault = %fault.operator, "stream broken off");
                return heard;
            }
        }
    }
}

fn pause(tries: u32) -> Duration {
    let longer = FIRST_PAUSE_MS << tries.min(10);
    Duration::from_millis(longer.min(LONGEST_PAUSE_MS))
}

async fn open(hub: &Hub, desk: &dyn Desk, key: &Key) -> Result<Box<dyn EventStream>, Fault> {
    let known = hub.streams.with(key, |stream| stream.cursor.clone()).flatten();
    let cursor = match known {
        Some(cursor) => Some(cursor),
        None => hub.store.stream_cursor(key.0, &key.1).await.map_err(|error| {
            Fault::new(FaultClass::Unknown, format!("read how far the stream was heard: {error}"))
        })?,
    };
    // Many streams at once are opened a few at a time.
    let _turn = hub.streams.opening.acquire().await;
    desk.listen(&key.1, cursor.as_deref()).await
}

async fn refused(hub: &Hub, key: &Key, fault: &Fault, tries: &mut u32) -> Duration {
    *tries += 1;
    if hub.streams.with(key, |stream| mem::replace(&mut stream.troubled, true)) == Some(false) {
        tracing::warn!(desk = %key.0, fault = %fault.operator, "stream not opened");
        tell_trouble(hub, key, Some(&fault.operator)).await;
    }
    hub.health.learn(key.0.0, &Outcome::Rejected { fault: fault.clone() });
    match fault.class {
        FaultClass::Auth | FaultClass::Permission | FaultClass::NotRegistered => REFUSED_PAUSE,
        _ => pause(*tries),
    }
}

/// Keeps for administrators why a stream cannot be heard.
async fn tell_trouble(hub: &Hub, (desk, subject): &Key, trouble: Option<&str>) {
    let told = hub.store.stream_trouble(*desk, subject, trouble, hub.clock.now()).await;
    if let Err(error) = told {
        tracing::warn!(%error, "a stream's trouble was not written");
    }
}

/// What the break may have swallowed is asked for.
async fn catch_up(hub: &Hub, key: &Key) {
    let _turn = hub.streams.catching_up.acquire().await;
    let handoffs = hub.streams.with(key, |stream| stream.handoffs.clone()).unwrap_or_default();
    for Followable { id, conversation, .. } in handoffs.into_values() {
        if let Err(error) = hub.reconcile(conversation, id).await {
            tracing::warn!(handoff = %id, %error, "handoff not compared; the timer will");
        }
    }
}

/// Stores what was heard, then notes the place; false where it could not be stored.
async fn take(hub: &Hub, key: &Key, heard: Heard) -> bool {
    let Some(workspace) = hub.streams.with(key, |stream| stream.workspace) else { return false };
    if !heard.events.is_empty() {
        let rows = intake::rows(hub, Source::Desk(key.0), workspace, heard.events);
        if let Err(error) = understood_or_stored(hub, key, rows).await {
            tracing::warn!(%error, "events of a stream not stored; the stream is asked again");
            return false;
        }
        hub.health.heard(key.0.0, hub.clock.now());
    }
    if let Some(cursor) = heard.cursor {
        hub.streams.with(key, |stream| stream.cursor = Some(cursor.clone()));
        hub.streams.places().insert(key.clone(), cursor);
    }
    true
}

/// A single event of work that is ours is stored by the commit of what follows from it, where that
/// can be. A rep's words are on their way one commit earlier then.
async fn understood_or_stored(
    hub: &Hub,
    key: &Key,
    rows: Vec<NewInbound>,
) -> Result<(), StoreError> {
    if let [event] = rows.as_slice() {
        let of = |handoff: &&Followable| handoff.is(&event.source_key);
        let find = |stream: &mut Followed| stream.handoffs.values().find(of).cloned();
        if let Some(handoff) = hub.streams.with(key, find).flatten()
            && hub.arrivals.understand(event.clone(), handoff).await
        {
            intake::count(1);
            return Ok(());
        }
    }
    intake::heard(hub, rows).await.map(drop)
}
