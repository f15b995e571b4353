//! Conversations, their sessions and what reps see of them.

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::{Map, Value};

use super::entry::Entry;
use super::pace::Pace;

/// Entries of one conversation; the oldest go first.
pub const MAX_ENTRIES: usize = 5_000;
/// Sessions of one conversation.
pub const MAX_SESSIONS: usize = 200;

/// A person at the desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rep {
    /// The `User`.
    pub id: String,
    pub name: String,
}

/// Where work waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Queue {
    pub id: String,
    pub name: String,
}

/// The state of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    New,
    Waiting,
    Active,
    Inactive,
    Ended,
    Error,
}

impl Phase {
    /// As in `Status` of the record and in events.
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "New",
            Self::Waiting => "Waiting",
            Self::Active => "Active",
            Self::Inactive => "Inactive",
            Self::Ended => "Ended",
            Self::Error => "Error",
        }
    }
}

/// One piece of work that is routed to a rep.
#[derive(Clone, Debug)]
pub struct Session {
    /// The `MessagingSession`.
    pub id: String,
    pub phase: Phase,
    pub queue: Queue,
    pub rep: Option<Rep>,
    /// Assigned and has neither accepted nor declined.
    pub asked: Option<Rep>,
    pub supervisors: Vec<Rep>,
    /// Ids of the routing request and of the piece of work that a rep has.
    pub routing_id: String,
    pub work_id: String,
    pub started_ms: i64,
    pub queued_ms: i64,
    pub accepted_ms: Option<i64>,
    pub ended_ms: Option<i64>,
    pub ended_by: Option<&'static str>,
    /// When a stream first told that it has ended.
    pub end_told_ms: Option<i64>,
    pub transfers: u32,
    /// In the queue, as last told; 0 before.
    pub position: usize,
    /// Where it stands in the line of a queue.
    pub place: Option<(String, i64, usize)>,
    pub greeted: bool,
    /// What reached the flow, and what was sent.
    pub attributes: Map<String, Value>,
    pub sent_attributes: Map<String, Value>,
}

impl Session {
    pub fn is_live(&self) -> bool {
        !matches!(self.phase, Phase::Ended | Phase::Error)
    }
}

/// A message that was imported.
#[derive(Clone, Debug, Serialize)]
pub struct Imported {
    pub id: String,
    pub at_ms: i64,
    pub author: super::entry::Author,
    pub from_name: String,
    pub text: String,
}

/// One thread between an end user and the company.
pub struct Conversation {
    /// The client's UUID.
    pub id: String,
    /// The `Conversation`.
    pub record_id: String,
    pub subject: String,
    pub language: Option<String>,
    pub created_ms: i64,
    pub modified_ms: i64,
    pub closed_ms: Option<i64>,
    /// Oldest first.
    pub sessions: Vec<Session>,
    pub history: Vec<Imported>,
    pub customer_typing_ms: Option<i64>,
    /// The customer's messages.
    pub pace: Pace,
    entries: VecDeque<Entry>,
    dropped: u64,
}

impl Conversation {
    pub fn new(id: &str, record_id: String, subject: &str, now_ms: i64) -> Self {
        Self {
            id: id.to_owned(),
            record_id,
            subject: subject.to_owned(),
            language: None,
            created_ms: now_ms,
            modified_ms: now_ms,
            closed_ms: None,
            sessions: Vec::new(),
            history: Vec::new(),
            customer_typing_ms: None,
            pace: Pace::default(),
            entries: VecDeque::new(),
            dropped: 0,
        }
    }

    /// Adds an entry; its position.
    pub fn push(&mut self, entry: Entry) -> u64 {
        self.modified_ms = entry.server_ms;
        self.entries.push_back(entry);
        if self.entries.len() > MAX_ENTRIES {
            self.entries.pop_front();
            self.dropped += 1;
        }
        self.dropped + self.entries.len() as u64 - 1
    }

    pub fn entry(&self, position: u64) -> Option<&Entry> {
        let index = usize::try_from(position.checked_sub(self.dropped)?).ok()?;
        self.entries.get(index)
    }

    /// Oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> + Clone {
        self.entries.iter()
    }

    pub fn entries_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.entries.iter_mut()
    }

    pub fn find_entry(&mut self, identifier: &str) -> Option<&mut Entry> {
        self.entries.iter_mut().rev().find(|entry| entry.identifier == identifier)
    }

    /// The session that is not over.
    pub fn live(&self) -> Option<&Session> {
        self.sessions.last().filter(|session| session.is_live())
    }

    /// The newest session, over or not.
    pub fn last(&mut self) -> Option<&mut Session> {
        self.sessions.last_mut()
    }

    pub fn phase(&self) -> Phase {
        self.sessions.last().map_or(Phase::New, |session| session.phase)
    }

    /// A routing attribute of the newest session, as the flow got it.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let newest_first = self.sessions.iter().rev();
        newest_first.filter_map(|session| session.attributes.get(name)).next()?.as_str()
    }

    /// What reps call the customer.
    pub fn customer_name(&self) -> &str {
        self.attribute("Name").unwrap_or("Guest")
    }
}
