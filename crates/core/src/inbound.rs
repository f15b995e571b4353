//! Verified events from vendors, stored raw before they are understood.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    ids::{DeskId, InboundId, InboxId, WorkspaceId},
    time::Timestamp,
};

/// Where an event came in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// At an inbox.
    Inbox(InboxId),
    /// At a desk.
    Desk(DeskId),
}

impl Source {
    /// The inbox's or the desk's id.
    pub fn id(self) -> Uuid {
        match self {
            Self::Inbox(id) => id.0,
            Self::Desk(id) => id.0,
        }
    }
}

/// A request as it came in, before anything in it is believed.
#[derive(Clone, Debug, Default)]
pub struct RawRequest {
    /// `GET` or `POST`.
    pub method: String,
    /// What follows the hook's own address, without the leading slash.
    pub path: String,
    /// The query string, undecoded.
    pub query: String,
    /// Header names in lower case; repeated headers stand several times.
    pub headers: Vec<(String, String)>,
    /// The body as it came, decompressed within its limit.
    pub body: Vec<u8>,
}

impl RawRequest {
    /// The header's only value; none when it is absent or stands several times.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(key, _)| key == name);
        match (values.next(), values.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }
}

/// The exact answer that the vendor expects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
    /// The body's type, where it is not plain text.
    pub content_type: Option<&'static str>,
}

impl Answer {
    /// An answer without words.
    pub fn status(status: u16) -> Self {
        Self::text(status, "")
    }

    /// An answer in plain text.
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Self { status, body: body.into(), content_type: None }
    }
}

/// One event out of a request, with just enough read to store it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RawEvent {
    /// The vendor's id of the event: equal events are stored once. Where the vendor gives
    /// none, every event is stored, and an equal body is a candidate repeat.
    pub vendor_event_id: Option<String>,
    /// Who or what it is about, as the vendor names it: events of one key keep their order.
    pub source_key: String,
    /// The event as JSON text.
    pub body: String,
}

/// What a vendor's `receive` makes of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Received {
    /// Nothing to store: a handshake or a refusal.
    Answer(Answer),
    /// Store these, then answer.
    Store {
        /// The events.
        events: Vec<RawEvent>,
        /// The answer once they are committed.
        answer: Answer,
    },
    /// The signing keys at hand do not know this key: fetch them once and ask again.
    StaleKeys,
}

/// Where a stored event stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InboundState {
    /// Not understood yet, or waiting for what it speaks of.
    Waiting,
    /// Dealt with.
    Done,
    /// Set aside where an operator sees it.
    Parked,
}

impl InboundState {
    /// The name in tables and in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Parked => "parked",
        }
    }
}

/// A stored event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Inbound {
    /// Its id.
    pub id: InboundId,
    /// Its tenant.
    pub workspace: WorkspaceId,
    /// Where it came in.
    pub source: Source,
    /// Who or what it is about.
    pub source_key: String,
    /// The event as JSON text.
    pub body: String,
    /// When it was stored.
    pub received_at: Timestamp,
    /// How often it was looked at without success.
    pub tries: u32,
}

/// Why an event cannot be understood. It is parked, never dropped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseFault {
    /// A stable code: `malformed`, `foreign`, …
    pub code: &'static str,
    /// What an operator reads; lowercase, fits after "failed to read the event:".
    pub text: String,
}
