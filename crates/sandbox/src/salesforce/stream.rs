//! The stream of server-sent events of one end user.
//!
//! Source: "Server-Sent Events" of the Enhanced Chat API, and what observers of live organisations report, checked
//! 2026-11: `X-Org-Id` must be the id of 15 characters; events after `Last-Event-Id` are replayed; `ping` keeps the
//! connection alive; custom clients reconnect by themselves.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::watch;

use super::error::{Refusal, respond};
use super::frame::Style;
use super::subject::{End, Logged};
use super::{token, told};
use crate::{Call, World};

/// Events that are written in one go.
const BATCH: usize = 32;

pub async fn open(
    State(world): State<Arc<World>>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
) -> Response {
    let result = follow(&world, &call, &headers);
    respond(&world, &call, result)
}

fn follow(world: &Arc<World>, call: &Call, headers: &HeaderMap) -> Result<Response, Refusal> {
    let claims = token::bearer(world, headers)?;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match text("x-org-id") {
        None => return Err(Refusal::bad_request("X-Org-Id header is required")),
        Some(org) if org == claims.org_id => {}
        Some(_) => return Err(Refusal::bad_request("OrgId in the header and token must match")),
    }
    let last = match text("last-event-id").map(str::parse::<u64>) {
        Some(Ok(last)) => Some(last),
        Some(Err(_)) => return Err(Refusal::bad_request("Last-Event-Id must be a number")),
        None if world.switches.is("salesforce.last_event_id", "required") => {
            return Err(Refusal::bad_request("Last-Event-Id header is required"));
        }
        None => None,
    };
    let stream = Stream::new(world, call, claims, last);
    call.note("stream opened");
    let body = Body::from_stream(futures::stream::unfold(stream, Stream::next));
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream;charset=UTF-8"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    Ok((headers, body).into_response())
}

/// One connection.
struct Stream {
    world: Arc<World>,
    subject: String,
    id: u64,
    /// Of the token.
    expires_ms: i64,
    jti: String,
    generation: u64,
    /// The newest event that was written.
    cursor: u64,
    ping_ms: i64,
    changed: watch::Receiver<()>,
    stopped: watch::Receiver<bool>,
    pending: VecDeque<Bytes>,
    end: Option<End>,
}

impl Stream {
    fn new(world: &Arc<World>, call: &Call, claims: token::Claims, last: Option<u64>) -> Self {
        let now_ms = world.clock.now_ms();
        let replayed = usize::try_from(world.switches.number("salesforce.replay_events"));
        let mut inner = world.salesforce.inner();
        let id = inner.next_stream_id();
        let subject = inner.subject(&claims.sub);
        subject.open(id, call.seq(), now_ms);
        let newest = subject.last_id();
        let cursor = last.map_or(newest, |last| subject.resume(last, replayed.unwrap_or(0)));
        Self {
            world: world.clone(),
            id,
            expires_ms: claims.exp.saturating_mul(1_000),
            jti: claims.jti,
            generation: claims.generation,
            cursor,
            ping_ms: next_ping(world, now_ms),
            changed: subject.watch(),
            stopped: world.stopped(),
            pending: VecDeque::new(),
            end: None,
            subject: claims.sub,
        }
    }

    async fn next(mut self) -> Option<(io::Result<Bytes>, Self)> {
        loop {
            if let Some(bytes) = self.pending.pop_front() {
                return Some((Ok(bytes), self));
            }
            match self.end {
                None => {}
                Some(End::Reset) => {
                    // What was written before goes out first; an error at once would take it back.
                    tokio::task::yield_now().await;
                    self.end = Some(End::Close);
                    return Some((Err(io::ErrorKind::ConnectionReset.into()), self));
                }
                Some(_) => return None,
            }
            if *self.stopped.borrow() {
                return None;
            }
            self.changed.borrow_and_update();
            if self.is_rivalled() {
                // Whoever has hung up is noticed first, and gets nothing more.
                tokio::task::yield_now().await;
            }
            let wake_ms = self.collect();
            if self.pending.is_empty() && self.end.is_none() {
                self.wait(wake_ms).await;
            }
        }
    }

    async fn wait(&mut self, wake_ms: i64) {
        let clock = self.world.clock.clone();
        let timer = async {
            match wake_ms {
                i64::MAX => std::future::pending().await,
                at_ms => clock.sleep_until(at_ms).await,
            }
        };
        tokio::select! {
            _ = self.changed.changed() => {}
            _ = self.stopped.wait_for(|stopped| *stopped) => {}
            () = timer => {}
        }
    }

    fn is_rivalled(&self) -> bool {
        self.world.salesforce.inner().subject(&self.subject).has_rival(self.id)
    }

    /// Takes what is there to be written; when to look again if nothing comes.
    fn collect(&mut self) -> i64 {
        let world = self.world.clone();
        let now_ms = world.clock.now_ms();
        let style = Style::of(&world);
        let mut inner = world.salesforce.inner();
        let cut = world.switches.is("salesforce.stream_at_token_end", "cut");
        if cut && (now_ms >= self.expires_ms || inner.is_revoked(&self.jti, self.generation)) {
            self.end = Some(End::Close);
            return now_ms;
        }
        let order = inner.subject(&self.subject).stream(self.id).and_then(|open| open.end);
        if matches!(order, Some(End::Close | End::Reset)) {
            self.end = order;
            return now_ms;
        }
        let found: Vec<Logged> =
            inner.subject(&self.subject).after(self.cursor, BATCH).cloned().collect();
        let mut wake_ms = self.ping_ms;
        for logged in found {
            if logged.not_before_ms > now_ms {
                wake_ms = wake_ms.min(logged.not_before_ms);
                break;
            }
            self.cursor = logged.id;
            let Some(frame) = told::frame(&world, &mut inner, &style, &logged, now_ms) else {
                continue;
            };
            if let Some(seq) = inner.subject(&self.subject).take_rival(self.id) {
                inner.second_streams.push(seq);
            }
            if self.write(frame.into(), order, style.chunk_bytes) {
                return now_ms;
            }
        }
        if now_ms >= self.ping_ms {
            self.pending.push_back(style.ping().into());
            self.ping_ms = next_ping(&world, now_ms);
        }
        let expires_ms = if cut { self.expires_ms } else { i64::MAX };
        wake_ms.min(expires_ms)
    }

    /// Queues an event, or as much of it as an order to cut leaves; true if that was the end.
    fn write(&mut self, mut frame: Bytes, order: Option<End>, chunk_bytes: usize) -> bool {
        if let Some(End::CutAfter(bytes)) = order {
            frame.truncate(bytes);
            self.end = Some(End::Reset);
        }
        let chunk_bytes = if chunk_bytes == 0 { usize::MAX } else { chunk_bytes };
        while !frame.is_empty() {
            let piece = frame.split_to(chunk_bytes.min(frame.len()));
            self.pending.push_back(piece);
        }
        self.end.is_some()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let now_ms = self.world.clock.now_ms();
        let mut inner = self.world.salesforce.inner();
        if let Some(seq) = inner.subject(&self.subject).close(self.id, now_ms) {
            inner.second_streams.push(seq);
        }
    }
}

fn next_ping(world: &World, now_ms: i64) -> i64 {
    match world.switches.number("salesforce.ping_s") {
        0 => i64::MAX,
        seconds => now_ms.saturating_add(seconds.saturating_mul(1_000)),
    }
}
