//! What the simulators saw and sent, in order, for people and tests to ask about.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::HeaderMap;
use serde::Serialize;
use serde_json::Value;

/// Entries kept; the oldest go first and are counted.
const MAX_ENTRIES: usize = 200_000;
/// Bytes of one body that are kept.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// Bytes of all kept bodies together.
const MAX_TOTAL_BYTES: usize = 256 * 1024 * 1024;

/// Which way a request went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// A request to a simulator.
    In,
    /// A webhook sent by a simulator.
    Out,
}

/// One request to a simulator, or one attempt to send a webhook.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Gapless, from 1.
    pub seq: u64,
    /// Unix milliseconds of the virtual clock.
    pub at_ms: i64,
    /// `whatsapp`, `entra`, `dynamics365`, `dataverse`, `openai`, `salesforce`, `salesforce_crm`,
    /// `telnyx`, `twilio`.
    pub vendor: &'static str,
    /// The vendor's word for what was asked, the same that faults are addressed by.
    pub operation: String,
    pub direction: Direction,
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: BTreeMap<String, String>,
    /// JSON where it was JSON, otherwise text; cut at 64 KiB.
    pub body: Value,
    /// Absent while unanswered, and for ever when the connection was dropped.
    pub status: Option<u16>,
    pub fault: Option<String>,
    /// What came of it, such as "accepted" or "rejected 131047".
    pub notes: Vec<String>,
    #[serde(skip)]
    body_bytes: usize,
}

impl Entry {
    /// An entry that [`Journal::record`] will number.
    pub fn new(vendor: &'static str, operation: &str, direction: Direction, at_ms: i64) -> Self {
        Self {
            seq: 0,
            at_ms,
            vendor,
            operation: operation.to_owned(),
            direction,
            method: String::new(),
            path: String::new(),
            query: String::new(),
            headers: BTreeMap::new(),
            body: Value::Null,
            status: None,
            fault: None,
            notes: Vec::new(),
            body_bytes: 0,
        }
    }

    /// Keeps the body: as JSON if it is JSON and small enough, else as text.
    pub fn with_body(mut self, bytes: &[u8]) -> Self {
        let kept = &bytes[..bytes.len().min(MAX_BODY_BYTES)];
        self.body_bytes = kept.len();
        self.body = match serde_json::from_slice(kept) {
            Ok(json) => json,
            Err(_) if bytes.is_empty() => Value::Null,
            Err(_) => Value::String(String::from_utf8_lossy(kept).into_owned()),
        };
        self
    }

    /// Keeps the headers, with a short hash in place of a credential.
    pub fn with_headers(mut self, headers: &HeaderMap) -> Self {
        self.headers = headers
            .iter()
            .map(|(name, value)| {
                let text = String::from_utf8_lossy(value.as_bytes());
                let secret = name == "authorization" || name == "cookie";
                (
                    name.as_str().to_owned(),
                    if secret { short_hash(&text) } else { text.into_owned() },
                )
            })
            .collect();
        self
    }
}

fn short_hash(text: &str) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    let hex: String = hash.as_ref().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// Which entries to list.
#[derive(Debug, Default)]
pub struct Filter {
    pub vendor: Option<String>,
    pub direction: Option<String>,
    pub operation: Option<String>,
    pub after: u64,
    pub limit: usize,
}

/// The bounded list of entries.
#[derive(Default)]
pub struct Journal {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    last_seq: u64,
    dropped: u64,
    bytes: usize,
    entries: VecDeque<Entry>,
}

impl Journal {
    /// Numbers and keeps an entry.
    pub fn record(&self, mut entry: Entry) -> u64 {
        let mut kept = self.kept();
        kept.last_seq += 1;
        entry.seq = kept.last_seq;
        kept.bytes += entry.body_bytes;
        kept.entries.push_back(entry);
        while kept.entries.len() > MAX_ENTRIES || kept.bytes > MAX_TOTAL_BYTES {
            let Some(oldest) = kept.entries.pop_front() else { break };
            kept.bytes -= oldest.body_bytes;
            kept.dropped += 1;
        }
        kept.last_seq
    }

    /// Changes a kept entry; nothing happens if it has been dropped meanwhile.
    pub fn amend(&self, seq: u64, change: impl FnOnce(&mut Entry)) {
        let mut kept = self.kept();
        let Some(first_seq) = kept.entries.front().map(|entry| entry.seq) else { return };
        let Some(index) = seq.checked_sub(first_seq).and_then(|index| usize::try_from(index).ok())
        else {
            return;
        };
        if let Some(entry) = kept.entries.get_mut(index) {
            change(entry);
        }
    }

    /// Adds a word on what came of an entry.
    pub fn note(&self, seq: u64, note: impl Into<String>) {
        self.amend(seq, |entry| entry.notes.push(note.into()));
    }

    /// Entries after `filter.after`, oldest first.
    pub fn list(&self, filter: &Filter) -> Vec<Entry> {
        let kept = self.kept();
        let wanted = |entry: &&Entry| {
            entry.seq > filter.after
                && filter.vendor.as_deref().is_none_or(|vendor| vendor == entry.vendor)
                && filter.operation.as_deref().is_none_or(|operation| operation == entry.operation)
                && filter.direction.as_deref().is_none_or(|direction| match entry.direction {
                    Direction::In => direction == "in",
                    Direction::Out => direction == "out",
                })
        };
        kept.entries.iter().filter(wanted).take(filter.limit).cloned().collect()
    }

    /// The newest number, and how many entries were dropped to stay within bounds.
    pub fn extent(&self) -> (u64, u64) {
        let kept = self.kept();
        (kept.last_seq, kept.dropped)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
