//! The feed: committed facts in order, as pages and as a stream that can be resumed anywhere.

use std::{collections::HashMap, convert::Infallible, sync::Arc, time::Duration};

use async_stream::stream;
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, HeaderName},
    response::{
        IntoResponse,
        sse::{Event, Sse},
    },
};
use baton_core::{
    feed::{self, FactKind},
    ids::{SessionId, WorkspaceId},
};
use futures::Stream;
use metrics::gauge;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::{Instant, Interval, MissedTickBehavior, interval, sleep_until},
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    LIMIT_MAX,
    messages::Message,
    rows,
    sessions::{Handoff, Session},
    words::Owner,
};
use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, ErrorBody},
    input::Query,
};

/// Keeps proxies of the nginx family from holding events back.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// How many facts are read at once for one stream: the most that it holds in memory.
const PAGE: usize = 100;
/// A stream reads again no sooner than this, however often something is committed.
const PACE: Duration = Duration::from_millis(50);

/// A committed fact.
#[derive(Serialize, ToSchema)]
pub struct Fact {
    /// Its place in the workspace's feed, from 1, without gaps.
    position: i64,
    at: String,
    /// The session that it is about.
    #[schema(required)]
    session_id: Option<String>,
    #[serde(flatten)]
    what: FactData,
}

/// What became a fact.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", content = "data", rename_all = "snake_case")]
pub enum FactData {
    /// A session began.
    SessionOpened(Option<Box<Session>>),
    /// Something about a session changed.
    SessionChanged(Option<Box<Session>>),
    /// A session ended.
    SessionClosed(Option<Box<Session>>),
    /// Somebody spoke.
    MessageAdded(Message),
    /// A message's status changed.
    MessageChanged(Message),
    /// A handoff began or moved on.
    HandoffChanged(Handoff),
    /// Somebody else must answer now.
    OwnerChanged(OwnerChange),
    /// An operator should look.
    OperatorNotice(Notice),
}

/// Somebody else must answer now.
#[derive(Serialize, ToSchema)]
pub struct OwnerChange {
    owner: Owner,
    epoch: i64,
}

/// An operator should look.
#[derive(Serialize, ToSchema)]
pub struct Notice {
    code: String,
    text: String,
}

/// A page of facts.
#[derive(Serialize, ToSchema)]
pub struct FactPage {
    facts: Vec<Fact>,
    /// What to give as `after` for what comes next.
    last_position: i64,
}

/// Positions that the hub does not hold: what they told must be loaded anew.
#[derive(Serialize, ToSchema)]
struct Gap {
    from: i64,
    to: i64,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct FeedQuery {
    /// Only what comes after this position. A stream without it begins now.
    after: Option<i64>,
    /// Only what is about this session.
    #[param(value_type = Option<String>)]
    session: Option<Uuid>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PageQuery {
    /// Only what comes after this position.
    after: Option<i64>,
    /// Only what is about this session.
    #[param(value_type = Option<String>)]
    session: Option<Uuid>,
    /// How many, at most 200.
    limit: Option<usize>,
}

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(page))
}

/// The stream apart: it may last as long as it likes.
pub(crate) fn stream_router() -> Router<Arc<App>> {
    stream_api().0
}

pub(crate) fn stream_api() -> (Router<Arc<App>>, utoipa::openapi::OpenApi) {
    OpenApiRouter::new().routes(routes!(follow)).split_for_parts()
}

/// A page of the feed.
#[utoipa::path(get, path = "/api/feed/page", tag = "feed", params(PageQuery),
    responses((status = 200, body = FactPage), (status = "4XX", body = ErrorBody)))]
async fn page(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> Result<Json<FactPage>, ApiError> {
    let after = query.after.unwrap_or(0);
    let session = query.session.map(SessionId);
    let limit = rows(query.limit, LIMIT_MAX);
    let found = app.store().feed_after(caller.workspace, after, session, limit).await?;
    let last_position = found.last().map_or(after, |fact| fact.position);
    let facts = facts(&app, found).await?;
    Ok(Json(FactPage { facts, last_position }))
}

/// The feed as server-sent events: `fact` with its position as id, `gap` for positions that the
/// hub does not hold. Resumes after Last-Event-ID, otherwise after `after`.
#[utoipa::path(get, path = "/api/feed", tag = "feed", params(FeedQuery),
    responses((status = 200, content_type = "text/event-stream", body = String),
        (status = "4XX", body = ErrorBody)))]
async fn follow(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Query(query): Query<FeedQuery>,
) -> Result<impl IntoResponse, ApiError> {
    let place = Arc::clone(&app.feeds).try_acquire_owned().map_err(|_| ApiError::overloaded())?;
    // The hint is taken before anything is read, so that nothing falls between the two.
    let hint = app.hub.feed_hint();
    let (after, gap) = start(&app, &caller, resume_after(&headers)?.or(query.after)).await?;
    let session = query.session.map(SessionId);
    let follower = Follower::new(app, caller, session, after, hint, place);
    Ok(([(UNBUFFERED, "no")], Sse::new(events(follower, gap))))
}

fn resume_after(headers: &HeaderMap) -> Result<Option<i64>, ApiError> {
    let Some(value) = headers.get(LAST_EVENT_ID).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let position = value.to_str().ok().and_then(|text| text.parse().ok());
    position.map(Some).ok_or_else(|| ApiError::bad_request("last-event-id is no position"))
}

/// Where to begin, and what lies between there and the place asked for that is not held.
async fn start(
    app: &App,
    caller: &Caller,
    asked: Option<i64>,
) -> Result<(i64, Option<Gap>), ApiError> {
    let last = app.store().feed_last(caller.workspace).await?;
    let Some(asked) = asked.map(|position| position.max(0)) else { return Ok((last, None)) };
    if asked > last {
        // The reader knows more than the database, which was set back: nothing it knows counts.
        return Ok((last, Some(Gap { from: last + 1, to: asked })));
    }
    let oldest = app.store().feed_after(caller.workspace, asked, None, 1).await?;
    let next = oldest.first().map_or(last + 1, |fact| fact.position);
    let gap = (next > asked + 1).then(|| Gap { from: asked + 1, to: next - 1 });
    Ok((next - 1, gap))
}

/// One open stream.
struct Follower {
    app: Arc<App>,
    caller: Caller,
    session: Option<SessionId>,
    after: i64,
    hint: watch::Receiver<u64>,
    stop: watch::Receiver<bool>,
    tick: Interval,
    read_at: Instant,
    _place: OwnedSemaphorePermit,
}

/// Why a stream goes on.
enum Woken {
    /// Something was committed.
    Committed,
    /// Nothing was, for a while.
    Idle,
    /// It does not.
    Over,
}

impl Follower {
    fn new(
        app: Arc<App>,
        caller: Caller,
        session: Option<SessionId>,
        after: i64,
        hint: watch::Receiver<u64>,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let mut tick = interval(Duration::from_millis(app.config.feed_keep_alive_ms.max(1)));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stop = app.stop.clone();
        gauge!("baton_feed_connections").increment(1);
        let read_at = Instant::now();
        Self { app, caller, session, after, hint, stop, tick, read_at, _place: place }
    }

    /// The next facts, at most a page.
    async fn read(&mut self) -> Result<Vec<Fact>, ApiError> {
        self.read_at = Instant::now();
        self.hint.borrow_and_update();
        let workspace = self.caller.workspace;
        let found = self.app.store().feed_after(workspace, self.after, self.session, PAGE).await?;
        if let Some(last) = found.last() {
            self.after = last.position;
        }
        facts(&self.app, found).await
    }

    async fn wait(&mut self) -> Woken {
        tokio::select! {
            () = stopped(&mut self.stop) => Woken::Over,
            changed = self.hint.changed() => {
                if changed.is_err() {
                    return Woken::Over;
                }
                sleep_until(self.read_at + PACE).await;
                Woken::Committed
            }
            _ = self.tick.tick() => {
                if self.caller.still_counts(&self.app).await { Woken::Idle } else { Woken::Over }
            }
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        gauge!("baton_feed_connections").decrement(1);
    }
}

/// Resolves when the hub stops, or nobody is left who could stop it.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Pulled by the connection: a reader that is slow holds nothing but its page.
fn events(
    mut follower: Follower,
    gap: Option<Gap>,
) -> impl Stream<Item = Result<Event, Infallible>> {
    stream! {
        // Tells proxies and readers at once that the stream stands.
        yield Ok(Event::default().comment("feed"));
        if let Some(gap) = gap {
            yield Ok(event(follower.after, "gap", &gap));
        }
        loop {
            // A reader that missed something here resumes where it was.
            let Ok(facts) = follower.read().await else { return };
            let full = facts.len() == PAGE;
            for fact in facts {
                yield Ok(event(fact.position, "fact", &fact));
            }
            if full {
                continue;
            }
            match follower.wait().await {
                Woken::Committed => {}
                // Then it reads as well: another node's commits give no hint here.
                Woken::Idle => yield Ok(Event::default().comment("")),
                Woken::Over => return,
            }
        }
    }
}

fn event(position: i64, name: &'static str, data: &impl Serialize) -> Event {
    let event = Event::default().id(position.to_string()).event(name);
    event.json_data(data).unwrap_or_default()
}

/// Facts as the API shows them. A session is shown as it is now, which later facts confirm.
async fn facts(app: &App, found: Vec<feed::Fact>) -> Result<Vec<Fact>, ApiError> {
    let mut sessions: HashMap<SessionId, Option<Box<Session>>> = HashMap::new();
    let mut facts = Vec::with_capacity(found.len());
    for fact in found {
        let about = match &fact.kind {
            FactKind::SessionOpened(s)
            | FactKind::SessionChanged(s)
            | FactKind::SessionClosed(s) => Some(s.id),
            _ => None,
        };
        let shown = match about {
            Some(id) => shown(app, &mut sessions, fact.workspace, id).await?,
            None => None,
        };
        facts.push(Fact {
            position: fact.position,
            at: fact.at.rfc3339(),
            session_id: fact.session.map(|id| id.to_string()),
            what: data(app, fact.workspace, fact.kind, shown),
        });
    }
    Ok(facts)
}

/// The session as it is now, read once a page.
async fn shown(
    app: &App,
    sessions: &mut HashMap<SessionId, Option<Box<Session>>>,
    workspace: WorkspaceId,
    id: SessionId,
) -> Result<Option<Box<Session>>, ApiError> {
    if let Some(known) = sessions.get(&id) {
        return Ok(known.clone());
    }
    let view = app.store().session_get(workspace, id).await?;
    let now = app.hub.clock().now();
    let session = view.map(|view| Box::new(Session::new(view, now)));
    sessions.insert(id, session.clone());
    Ok(session)
}

fn data(
    app: &App,
    workspace: WorkspaceId,
    kind: FactKind,
    session: Option<Box<Session>>,
) -> FactData {
    match kind {
        FactKind::SessionOpened(_) => FactData::SessionOpened(session),
        FactKind::SessionChanged(_) => FactData::SessionChanged(session),
        FactKind::SessionClosed(_) => FactData::SessionClosed(session),
        FactKind::MessageAdded(message) => FactData::MessageAdded(message.into()),
        FactKind::MessageChanged(message) => FactData::MessageChanged(message.into()),
        FactKind::HandoffChanged(handoff) => {
            let sources = app.hub.sources(workspace);
            let desk = sources.into_iter().find(|source| source.id == handoff.desk.0);
            let desk = desk.map(|desk| (handoff.desk, desk.name, desk.vendor));
            FactData::HandoffChanged(Handoff::new(handoff, desk))
        }
        FactKind::OwnerChanged { owner, epoch } => {
            FactData::OwnerChanged(OwnerChange { owner: owner.into(), epoch })
        }
        FactKind::OperatorNotice { code, text } => FactData::OperatorNotice(Notice { code, text }),
    }
}
