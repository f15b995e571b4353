//! Everything that Salesforce holds for the company.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};

use super::conversation::{Conversation, Phase, Queue, Rep};
use super::deployment::Deployment;
use super::files::Shelf;
use super::identity::KeySet;
use super::pace::{Ignored, Pace};
use super::subject::Subject;
use super::{Account, crm};
use crate::{Ids, World};

/// Conversations and end users kept.
pub const MAX_CONVERSATIONS: usize = 50_000;
const MAX_SUBJECTS: usize = 100_000;
/// Reps, and queues.
const MAX_STAFF: usize = 1_000;
/// Different texts whose number is known from the customer.
const MAX_SAID: usize = 10_000;
/// Event numbers begin there, with ten digits as observed.
const FIRST_EVENT: u64 = 2_147_000_000;

/// The organisation and what happened in it.
pub struct State {
    pub account: Account,
    /// Rows of every object.
    pub records: crm::Records,
    /// What else the half around records keeps: tokens, limits, custom fields.
    pub(super) core: crm::Core,
    inner: Mutex<Inner>,
}

impl State {
    pub fn new(seed: u64, account: &Account) -> Self {
        Self {
            account: account.clone(),
            records: crm::Records::new(seed, account),
            core: crm::Core::new(account),
            inner: Mutex::new(Inner::new(seed, account)),
        }
    }

    /// Never held while waiting for anything. Records may be locked while it is held, never the other way round.
    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the messaging half keeps.
pub struct Inner {
    pub ids: Ids,
    pub key_set: KeySet,
    pub deployment: Deployment,
    /// Ids of tokens that were given back.
    pub revoked: BTreeSet<String>,
    /// Tokens of an earlier one are no good any more.
    pub generation: u64,
    pub mints: Pace,
    pub renewals: Pace,
    pub ignored: Ignored,
    /// Oldest first.
    pub conversations: Vec<Conversation>,
    by_id: HashMap<String, usize>,
    subjects: HashMap<String, Subject>,
    pub files: Shelf,
    /// Sessions that wait, by queue and since when, with the number of their conversation.
    pub waiting: BTreeSet<(String, i64, usize)>,
    /// Sessions that are not over, by the hub's own id of each.
    pub live_traces: HashMap<String, usize>,
    pub reps: Vec<Rep>,
    pub queues: Vec<Queue>,
    /// How often a text was really said by the customer, as the one who knows has told.
    pub said: BTreeMap<String, usize>,
    /// Calls that opened a second stream of one end user.
    pub second_streams: Vec<u64>,
    /// Calls that began a second live session for one trace id.
    pub two_live: Vec<u64>,
    /// Messages to a session whose end had been told.
    pub late: Vec<u64>,
    last_stream_id: u64,
}

impl Inner {
    fn new(seed: u64, account: &Account) -> Self {
        Self {
            ids: Ids::new(seed, "salesforce messaging"),
            key_set: KeySet::of(account),
            deployment: Deployment::default(),
            revoked: BTreeSet::new(),
            generation: 0,
            mints: Pace::default(),
            renewals: Pace::default(),
            ignored: Ignored::default(),
            conversations: Vec::new(),
            by_id: HashMap::new(),
            subjects: HashMap::new(),
            files: Shelf::default(),
            waiting: BTreeSet::new(),
            live_traces: HashMap::new(),
            reps: Vec::new(),
            queues: vec![Queue { id: account.queue_id.clone(), name: account.queue_name.clone() }],
            said: BTreeMap::new(),
            second_streams: Vec::new(),
            two_live: Vec::new(),
            late: Vec::new(),
            last_stream_id: 0,
        }
    }

    /// Whether a token was given back, or all of its time were.
    pub fn is_revoked(&self, jti: &str, generation: u64) -> bool {
        generation != self.generation || self.revoked.contains(jti)
    }

    /// The end user of that name, who is known from the first token on.
    pub fn subject(&mut self, name: &str) -> &mut Subject {
        let first_id = FIRST_EVENT + self.ids.next_u64() % 1_000_000;
        self.subjects.entry(name.to_owned()).or_insert_with(|| Subject::new(name, first_id))
    }

    pub fn subjects_mut(&mut self) -> impl Iterator<Item = &mut Subject> {
        self.subjects.values_mut()
    }

    /// Whether there is no room for one more end user.
    pub fn is_crowded(&self, name: &str) -> bool {
        self.subjects.len() >= MAX_SUBJECTS && !self.subjects.contains_key(name)
    }

    pub fn next_stream_id(&mut self) -> u64 {
        self.last_stream_id += 1;
        self.last_stream_id
    }

    /// The number of a conversation.
    pub fn index(&self, id: &str) -> Option<usize> {
        self.by_id.get(&id.to_ascii_lowercase()).copied()
    }

    /// By the client's UUID, or by the id of one of its sessions in either length.
    pub fn index_of_any(&self, id: &str) -> Option<usize> {
        let is_session = |session: &str| session == id || session.starts_with(id) && id.len() == 15;
        self.index(id).or_else(|| {
            self.conversations.iter().rposition(|conversation| {
                conversation.sessions.iter().any(|session| is_session(&session.id))
            })
        })
    }

    /// Keeps a new conversation; its number.
    pub fn add(&mut self, conversation: Conversation) -> usize {
        self.by_id.insert(conversation.id.clone(), self.conversations.len());
        self.conversations.push(conversation);
        self.conversations.len() - 1
    }

    /// The newest conversation in one of these states; failing that, the newest that is not over.
    pub fn newest(&self, preferred: &[Phase]) -> Option<usize> {
        let find =
            |wanted: &dyn Fn(&Conversation) -> bool| self.conversations.iter().rposition(wanted);
        find(&|one| preferred.contains(&one.phase())).or_else(|| find(&|one| one.live().is_some()))
    }

    /// The rep of that name, who gets a user when first heard of.
    pub fn rep(&mut self, world: &World, name: &str) -> Result<Rep, String> {
        if let Some(known) = self.reps.iter().find(|rep| rep.name == name) {
            return Ok(known.clone());
        }
        if self.reps.len() >= MAX_STAFF {
            return Err("too many different reps".to_owned());
        }
        let id = world.salesforce.records.rep(name, world.clock.now_ms());
        let id = id.ok_or_else(|| "too many users".to_owned())?;
        let rep = Rep { id, name: name.to_owned() };
        self.reps.push(rep.clone());
        Ok(rep)
    }

    /// The queue of that name or id; one that nobody has heard of is made.
    pub fn queue(&mut self, world: &World, name: &str) -> Result<Queue, String> {
        let known = self.queues.iter().find(|queue| queue.name == name || queue.id == name);
        if let Some(known) = known {
            return Ok(known.clone());
        }
        if self.queues.len() >= MAX_STAFF {
            return Err("too many queues".to_owned());
        }
        let rows = &world.salesforce.records;
        let is_it = |row: &Map<String, Value>| {
            row.get("Type").is_some_and(|kind| kind == "Queue")
                && row.get("Name").is_some_and(|own| own == name)
        };
        let known = rows.list("Group").into_iter().find(is_it);
        let known = known.and_then(|row| row.get("Id")?.as_str().map(str::to_owned));
        let id = known.unwrap_or_else(|| {
            let fields = [("Name", json!(name)), ("Type", json!("Queue"))];
            let fields = fields.map(|(name, value)| (name.to_owned(), value));
            rows.create("Group", Map::from_iter(fields), world.clock.now_ms())
        });
        let queue = Queue { id, name: name.to_owned() };
        self.queues.push(queue.clone());
        Ok(queue)
    }

    /// Adds to what the customer has really said; false if too many different texts are kept.
    pub fn add_said(&mut self, text: &str, times: usize) -> bool {
        if self.said.len() >= MAX_SAID && !self.said.contains_key(text) {
            return false;
        }
        *self.said.entry(text.to_owned()).or_default() += times;
        true
    }
}
