//! One end user's stream of events ("Server-Sent Events", Enhanced Chat API, checked 2026-11).

use std::{sync::Arc, time::Duration};

use baton_core::{
    desk::{EventStream, Heard},
    fault::{Fault, FaultClass},
    inbound::RawEvent,
    time::BoxFuture,
};
use baton_files::{Answer, Listening};

use super::{
    client::{Client, Token},
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
    body: Listening,
    parser: Parser,
}

/// Opens an end user's stream, after the place at which we last heard of it, else from where its
/// token begins.
pub async fn open(
    client: &Arc<Client>,
    subject: &str,
    after: Option<&str>,
) -> Result<Box<dyn EventStream>, Failure> {
    let (token, answer) = match connect(client, subject, after).await? {
        Connected::Open(token, answer) => (token, answer),
        // A token that ended meanwhile: one new one, at once.
        Connected::Refused(failure) if failure.fault.class == FaultClass::Auth => {
            match connect(client, subject, after).await? {
                Connected::Open(token, answer) => (token, answer),
                Connected::Refused(failure) => return Err(failure),
            }
        }
        Connected::Refused(failure) => return Err(failure),
    };
    Ok(Box::new(Stream {
        client: Arc::clone(client),
        subject: subject.into(),
        token,
        body: answer.body,
        parser: Parser::new(policy::EVENT_MAX_BYTES),
    }))
}

enum Connected {
    Open(Arc<Token>, Answer),
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
    let url = format!("{}/eventrouter/v1/sse?_ts={}", config.scrt_url, client.now().0);
    let authorization = format!("Bearer {}", token.text.reveal());
    let headers = [
        ("accept", "text/event-stream"),
        ("x-org-id", &config.organization_id),
        ("last-event-id", last),
        ("authorization", &authorization),
    ];
    let patience = Duration::from_millis(policy::CALL_TIMEOUT_MS);
    let asked = tokio::time::timeout(patience, client.downloads().listen(&url, &headers)).await;
    let answer = match asked {
        Ok(asked) => asked.map_err(|_| not_reached())?,
        Err(_) => return Err(Failure::unknown("Salesforce did not answer in time")),
    };
    match answer.status.as_u16() {
        200..300 => {
            token.proven();
            Ok(Connected::Open(token, answer))
        }
        401 => Ok(Connected::Refused(client.refused(subject, &token).await)),
        _ => {
            let reply = tokio::time::timeout(patience, read_reply(answer)).await;
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

fn not_reached() -> Failure {
    Failure::not_done(None, FaultClass::VendorDown, "Salesforce cannot be reached")
}

/// An answer that is no stream, read within its bound.
async fn read_reply(mut answer: Answer) -> Result<Reply, Failure> {
    let header = |name: &str| {
        answer.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let (retry_after, limit_info) = (header("retry-after"), header("sforce-limit-info"));
    let mut body = Vec::new();
    let broken = |_| Failure::unknown("Salesforce's answer broke off");
    while let Some(piece) = answer.body.next().await.map_err(broken)? {
        if body.len() + piece.len() > policy::ANSWER_MAX_BYTES {
            return Err(Failure::unknown("Salesforce's answer is too long"));
        }
        body.extend_from_slice(&piece);
    }
    Ok(Reply { status: answer.status.as_u16(), retry_after, limit_info, body })
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
                let events = self.more().await;
                let events = events.map_err(|failure| failure.doing("listen for reps").fault)?;
                match events {
                    Some(events) if events.is_empty() => {}
                    Some(events) => return Ok(Some(self.heard(events))),
                    None => return Ok(None),
                }
            }
        })
    }
}

impl Stream {
    /// The events that a piece brought to their end; none where Salesforce ended the stream. A
    /// piece that brings no event is a sign of life all the same.
    async fn more(&mut self) -> Result<Option<Vec<Event>>, Failure> {
        let silence = Duration::from_millis(policy::SILENCE_MS);
        let piece = match tokio::time::timeout(silence, self.body.next()).await {
            Ok(Ok(Some(piece))) => piece,
            Ok(Ok(None)) => return Ok(None),
            Ok(Err(_)) => return Err(Failure::unknown("the stream broke")),
            Err(_) => return Err(Failure::unknown("the stream was silent for too long")),
        };
        let events = self.parser.push(&piece).map_err(|_| {
            Failure::unknown("the stream brought an event that is longer than any may be")
        })?;
        if events.iter().any(is_refusal) {
            self.client.refused(&self.subject, &self.token).await;
            return Err(Failure::unknown("the stream's token has ended; a new one is bought"));
        }
        Ok(Some(events))
    }

    /// Events as they are stored, without those that concern nobody, and the place behind them.
    fn heard(&self, events: Vec<Event>) -> Heard {
        let mut heard = Heard::default();
        for event in events {
            heard.events.extend(stored(&self.client, &self.subject, &event));
            heard.cursor = event.id.filter(|id| !id.is_empty()).or(heard.cursor);
        }
        heard
    }
}

/// A gateway may say within the stream that the token has ended.
fn is_refusal(event: &Event) -> bool {
    event.kind == "error" && event.data.contains("Jwt is expired")
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
