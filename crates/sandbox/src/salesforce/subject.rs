//! End users and the events of each: a bounded log with rising numbers, which streams follow and resume.
//!
//! An event is a reference to an entry of a conversation; it is written out only when a stream takes it, so that many
//! thousand end users cost little.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::watch;

/// Events of one end user that can be replayed.
pub const MAX_LOG: usize = 1_000;
/// Two streams of one end user may overlap for so long while one takes over from the other.
const OVERLAP_MS: i64 = 1_000;

/// What a stream is given.
#[derive(Clone, Debug)]
pub enum What {
    /// An entry, by the number of its conversation and its position there.
    Entry { conversation: usize, position: u64 },
    /// Anything else, by name and data.
    Other { event: Arc<str>, data: Arc<str> },
}

/// One event of the log.
#[derive(Clone, Debug)]
pub struct Logged {
    pub id: u64,
    /// Held back until then.
    pub not_before_ms: i64,
    pub what: What,
}

/// How a stream is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Properly, with everything sent.
    Close,
    /// The connection breaks.
    Reset,
    /// The connection breaks after so many bytes of the next event.
    CutAfter(usize),
}

/// A stream that somebody follows.
pub struct Open {
    pub id: u64,
    /// Journal number of the call that opened it.
    pub seq: u64,
    pub opened_ms: i64,
    pub end: Option<End>,
    /// When another one was opened beside it, and by which call.
    rival: Option<(i64, u64)>,
}

/// One end user.
pub struct Subject {
    /// As in tokens, such as `v2/iamessage/AUTH/Keys/uid:customer-1`.
    pub name: String,
    /// The `MessagingEndUser`, once there is a conversation.
    pub end_user_id: Option<String>,
    log: VecDeque<Logged>,
    last_id: u64,
    /// Comes after the next event, by a fault.
    held: Option<What>,
    changed: watch::Sender<()>,
    pub streams: Vec<Open>,
}

impl Subject {
    /// Event numbers go on from `first_id`.
    pub fn new(name: &str, first_id: u64) -> Self {
        Self {
            name: name.to_owned(),
            end_user_id: None,
            log: VecDeque::new(),
            last_id: first_id,
            held: None,
            changed: watch::Sender::new(()),
            streams: Vec::new(),
        }
    }

    /// The number of the newest event.
    pub fn last_id(&self) -> u64 {
        self.last_id
    }

    /// The number of the newest event that streams may have brought by now.
    pub fn due_id(&self, now_ms: i64) -> u64 {
        let held = self.log.iter().position(|logged| logged.not_before_ms > now_ms);
        match held {
            // What is held back keeps back everything behind it.
            Some(0) => self.log[0].id - 1,
            Some(at) => self.log[at - 1].id,
            None => self.last_id,
        }
    }

    /// Appends an event; numbers rise by `step`. What a fault has held comes right behind it.
    pub fn append(&mut self, what: What, step: u64, not_before_ms: i64) -> u64 {
        self.last_id += step.max(1);
        let id = self.last_id;
        self.log.push_back(Logged { id, not_before_ms, what });
        if let Some(held) = self.held.take() {
            self.last_id += 1;
            let id = self.last_id;
            self.log.push_back(Logged { id, not_before_ms, what: held });
        }
        while self.log.len() > MAX_LOG {
            self.log.pop_front();
        }
        self.touch();
        id
    }

    /// Keeps an event back until the next one is there.
    pub fn hold(&mut self, what: What, step: u64) {
        if let Some(earlier) = self.held.replace(what) {
            self.append(earlier, step, 0);
        }
    }

    /// Wakes every stream.
    pub fn touch(&self) {
        self.changed.send_replace(());
    }

    pub fn watch(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Events after `id`, at most `limit` of them.
    pub fn after(&self, id: u64, limit: usize) -> impl Iterator<Item = &Logged> {
        let from = self.log.partition_point(|logged| logged.id <= id);
        self.log.range(from..).take(limit)
    }

    /// Where a stream begins that has seen `last` and gets at most `replayed` old events.
    pub fn resume(&self, last: u64, replayed: usize) -> u64 {
        match self.log.len().checked_sub(replayed + 1) {
            Some(at) => self.log.get(at).map_or(last, |logged| logged.id.max(last)),
            None => last,
        }
    }

    pub fn open(&mut self, id: u64, seq: u64, now_ms: i64) {
        for other in &mut self.streams {
            other.rival.get_or_insert((now_ms, seq));
        }
        self.streams.push(Open { id, seq, opened_ms: now_ms, end: None, rival: None });
    }

    /// A stream has ended; the call that opened a second one meanwhile, if both were there for too long.
    pub fn close(&mut self, id: u64, now_ms: i64) -> Option<u64> {
        let at = self.streams.iter().position(|stream| stream.id == id)?;
        let (since_ms, seq) = self.streams.remove(at).rival?;
        (now_ms - since_ms >= OVERLAP_MS).then_some(seq)
    }

    pub fn stream(&mut self, id: u64) -> Option<&mut Open> {
        self.streams.iter_mut().find(|stream| stream.id == id)
    }

    /// Whether another stream was opened beside this one.
    pub fn has_rival(&self, id: u64) -> bool {
        self.streams.iter().any(|stream| stream.id == id && stream.rival.is_some())
    }

    /// The calls that opened second streams while the first are still there, told once.
    pub fn take_rivals(&mut self) -> Vec<u64> {
        let rivals = self.streams.iter_mut().filter_map(|stream| stream.rival.take());
        rivals.map(|(_, seq)| seq).collect()
    }

    /// The call that opened a second stream beside this one, told once.
    pub fn take_rival(&mut self, id: u64) -> Option<u64> {
        let (_, seq) = self.stream(id)?.rival.take()?;
        Some(seq)
    }
}
