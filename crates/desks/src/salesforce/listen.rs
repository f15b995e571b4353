//! One end user's stream of events ("Server-Sent Events", Enhanced Chat API, checked 2026-11).

use std::{collections::VecDeque, future::poll_fn, pin::Pin, sync::Arc, time::Duration};

use baton_core::{
    desk::{EventStream, Heard},
    fault::{Fault, FaultClass},
    inbound::RawEvent,
    time::BoxFuture,
};
use bytes::Bytes;
use futures_core::Stream as Pieces;
use reqwest::{Response, header};

use super::{
    client::{self, Client, Token},
    parse, policy,
    policy::{Certainty, Failure, Reply},
    sse::{Event, Parser},
    wire::{self, Envelope},
};

/// An open stream. It holds what has not come to its end, and nothing else.
struct Stream {
    client: Arc<Client>,
    subject: Box<str>,
    token: Arc<Token>,
    body: Body,
    parser: Parser,
    /// What came with the last piece and was not asked for yet.
    heard: VecDeque<Heard>,
}

/// What still comes. Without the answer's head, which would keep the buffer that it came in.
type Body = Pin<Box<dyn Pieces<Item = reqwest::Result<Bytes>> + Send>>;

/// Opens an end user's stream, after the place at which we last heard of it, else from where its
/// token begins.
pub async fn open(
    client: &Arc<Client>,
    subject: &str,
    after: Option<&str>,
) -> Result<Box<dyn EventStream>, Failure> {
    let (token, response) = match connect(client, subject, after).await? {
        Connected::Open(token, response) => (token, response),
        // A token that ended meanwhile: one new one, at once.
        Connected::Refused(failure) if failure.fault.class == FaultClass::Auth => {
            match connect(client, subject, after).await? {
                Connected::Open(token, response) => (token, response),
                Connected::Refused(failure) => return Err(failure),
            }
        }
        Connected::Refused(failure) => return Err(failure),
    };
    Ok(Box::new(Stream {
        client: Arc::clone(client),
        subject: subject.into(),
        token,
        body: Box::pin(response.bytes_stream()),
        parser: Parser::new(policy::EVENT_MAX_BYTES),
        heard: VecDeque::new(),
    }))
}

enum Connected {
    Open(Arc<Token>, Response),
    /// The token was refused.
    Refused(Failure),
}

async fn connect(
    client: &Arc<Client>,
    subject: &str,
    after: Option<&str>,
) -> Result<Connected, Failure> {
    client.streams().pass("Salesforce wants no more streams for now", client.now())?;
    let token = client.token(subject).await?;
    let config = client.config();
    let last = after.or(token.last_event_id.as_deref()).unwrap_or("0");
    let request = client
        .http()
        .get(format!("{}/eventrouter/v1/sse", config.scrt_url))
        .query(&[("_ts", client.now().0.to_string())])
        .header(header::ACCEPT, "text/event-stream")
        .header("X-Org-Id", &config.organization_id)
        .header("Last-Event-Id", last)
        .bearer_auth(token.text.reveal());
    let patience = Duration::from_millis(policy::CALL_TIMEOUT_MS);
    let response = match tokio::time::timeout(patience, request.send()).await {
        Ok(sent) => sent.map_err(|error| client::not_answered(&error))?,
        Err(_) => return Err(Failure::unknown("Salesforce did not answer in time")),
    };
    match response.status().as_u16() {
        200..300 => {
            token.proven();
            Ok(Connected::Open(token, response))
        }
        401 => Ok(Connected::Refused(client.refused(subject, &token).await)),
        _ => {
            let read = client::read_reply(response, policy::ANSWER_MAX_BYTES);
            let reply = tokio::time::timeout(patience, read).await;
            let reply =
                reply.unwrap_or_else(|_| Err(Failure::unknown("Salesforce's answer broke off")))?;
            let failure = not_opened(&reply);
            if let (429, Certainty::NotDone { after_ms }) = (reply.status, failure.certainty) {
                client.streams().ask(after_ms, client.now());
            }
            Err(failure)
        }
    }
}

/// Why a stream does not open.
fn not_opened(reply: &Reply) -> Failure {
    let failure = policy::messaging_failure(reply);
    if reply.status == 400 {
        let text = format!(
            "Salesforce refuses the stream; correct organization_id or scrt_url: {}",
            reply.words()
        );
        let fault = Fault { operator: text, ..failure.fault };
        return Failure { fault: Fault { class: FaultClass::Permission, ..fault }, ..failure };
    }
    failure
}

impl EventStream for Stream {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Heard>, Fault>> {
        Box::pin(async move {
            loop {
                if let Some(heard) = self.heard.pop_front() {
                    return Ok(Some(heard));
                }
                if !self.more().await.map_err(|failure| failure.doing("listen for reps").fault)? {
                    return Ok(None);
                }
            }
        })
    }
}

impl Stream {
    /// Reads a piece; false where Salesforce ended the stream. A piece that brings no event is a
    /// sign of life all the same.
    async fn more(&mut self) -> Result<bool, Failure> {
        let silence = Duration::from_millis(policy::SILENCE_MS);
        let next = poll_fn(|cx| self.body.as_mut().poll_next(cx));
        let piece = match tokio::time::timeout(silence, next).await {
            Ok(Some(Ok(piece))) => piece,
            Ok(None) => return Ok(false),
            Ok(Some(Err(_))) => return Err(Failure::unknown("the stream broke")),
            Err(_) => return Err(Failure::unknown("the stream was silent for too long")),
        };
        let events = self.parser.push(&piece).map_err(|_| {
            Failure::unknown("the stream brought an event that is longer than any may be")
        })?;
        if events.iter().any(is_refusal) {
            self.client.refused(&self.subject, &self.token).await;
            return Err(Failure::unknown("the stream's token has ended; a new one is bought"));
        }
        let heard = events.into_iter().map(|event| heard(&self.client, &self.subject, event));
        self.heard.extend(heard);
        Ok(true)
    }
}

/// A gateway may say within the stream that the token has ended.
fn is_refusal(event: &Event) -> bool {
    event.kind == "error" && event.data.contains("Jwt is expired")
}

/// An event as it is stored; only its place where it concerns nobody.
fn heard(client: &Client, subject: &str, event: Event) -> Heard {
    let stored = stored(client, subject, &event);
    Heard { event: stored, cursor: event.id.filter(|id| !id.is_empty()) }
}

fn stored(client: &Client, subject: &str, event: &Event) -> Option<RawEvent> {
    if event.kind == "ping" {
        return None;
    }
    let envelope: Envelope = wire::read_object(event.data.as_bytes()).ok()?;
    let entry = envelope.conversation_entry?;
    if envelope.conversation_id.is_empty() || !parse::concerns_us(client.config(), &entry) {
        return None;
    }
    let own = Some(&entry.identifier).filter(|id| !id.is_empty());
    let id = own.map(|id| format!("{id}/{}", entry.entry_type));
    let id = id.or_else(|| Some(format!("{subject}/{}", event.id.as_ref()?)));
    Some(RawEvent {
        vendor_event_id: id,
        source_key: envelope.conversation_id,
        body: event.data.clone(),
    })
}
