//! Everything that Microsoft holds for the company.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::sync::Notify;

use super::conversation::{Conversation, Phase, Rep};
use super::credentials::Credentials;
use super::files::Shelf;
use super::pace::Pace;
use super::staff::{MAX_STAFF, Presence, Queue, Staff};
use super::tables::{self, Tables};
use super::{Account, dataverse, mirror};
use crate::Ids;

/// Conversations kept.
const MAX_CONVERSATIONS: usize = 50_000;
/// Who works in the one queue that there is at the start.
pub const DEFAULT_REP: &str = "Robin Hale";
/// Different texts whose number is known from the customer.
const MAX_SAID: usize = 10_000;

/// The organisation and what happened in it.
pub struct State {
    pub account: Account,
    /// Trace ids, which need no lock.
    traces: Ids,
    inner: Mutex<Inner>,
    /// Something became due at another time.
    pub(super) due_changed: Arc<Notify>,
}

impl State {
    pub fn new(account: &Account) -> Self {
        let inner = Inner::new(account);
        let (due_changed, inner) = (inner.due_changed.clone(), Mutex::new(inner));
        Self {
            account: account.clone(),
            traces: Ids::new(0, &account.tenant_id),
            inner,
            due_changed,
        }
    }

    /// A fresh id for traces and correlation.
    pub(super) fn guid(&self) -> String {
        self.traces.guid()
    }

    /// Where the channel's webhook points; `None` while it points nowhere.
    pub(super) fn webhook_url(&self) -> Option<String> {
        self.inner().webhook_url(&self.account)
    }

    /// Never held while waiting for anything.
    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub struct Inner {
    pub ids: Ids,
    pub tables: Tables,
    pub org: dataverse::Org,
    pub credentials: Credentials,
    /// Oldest first.
    pub conversations: Vec<Conversation>,
    /// How often a text was really said by the customer, as the one who knows has told.
    pub said: BTreeMap<String, usize>,
    /// Calls that opened a second live conversation for one session.
    pub two_live: Vec<u64>,
    pub staff: Staff,
    pub files: Shelf,
    pub pace: Pace,
    /// Conversations to which something happens by itself, by time.
    pub due: BTreeSet<(i64, String)>,
    due_changed: Arc<Notify>,
    last_message_ms: i64,
    last_ticket: u64,
}

impl Inner {
    fn new(account: &Account) -> Self {
        let mut inner = Self {
            ids: Ids::new(1, &account.organization_id),
            tables: Tables::default(),
            org: dataverse::Org::default(),
            credentials: Credentials::new(account),
            conversations: Vec::new(),
            said: BTreeMap::new(),
            two_live: Vec::new(),
            staff: Staff::new(account),
            files: Shelf::default(),
            pace: Pace::default(),
            due: BTreeSet::new(),
            due_changed: Arc::default(),
            last_message_ms: 0,
            last_ticket: 1_000,
        };
        for (set, id, columns) in furniture(account) {
            inner.set_columns(set, &id, columns, BEFORE);
        }
        dataverse::furnish(&mut inner, account, BEFORE);
        if let Some(rep) = inner.rep(DEFAULT_REP, BEFORE) {
            inner.staff.queues[0].members.push(rep.id);
        }
        inner
    }

    /// Writes columns of a row without any of the checks that callers of Dataverse meet.
    pub fn set_columns(&mut self, set: &str, id: &str, columns: Value, at: &str) {
        if let (Some(table), Value::Object(columns)) = (tables::find(set), columns) {
            self.tables.put(table, id, columns, at);
        }
    }

    pub fn webhook_url(&self, account: &Account) -> Option<String> {
        let channel = self.tables.get("msdyn_occustommessagingchannels", &account.channel_id)?;
        let url = channel.row.get("msdyn_webhookurl")?.as_str()?;
        Some(url.to_owned()).filter(|url| !url.is_empty())
    }

    pub fn is_full(&self) -> bool {
        self.conversations.len() >= MAX_CONVERSATIONS
    }

    pub fn find(&mut self, id: &str) -> Option<&mut Conversation> {
        self.conversations.iter_mut().find(|conversation| conversation.id.eq_ignore_ascii_case(id))
    }

    /// The newest conversation in one of these states; failing that, the newest that is not closed.
    pub fn newest(&self, preferred: &[Phase]) -> Option<&Conversation> {
        let newest_first = || self.conversations.iter().rev();
        newest_first()
            .find(|conversation| preferred.contains(&conversation.phase))
            .or_else(|| newest_first().find(|conversation| conversation.phase != Phase::Closed))
    }

    /// The rep of that name, who gets an id and a user row when first heard of.
    pub fn rep(&mut self, name: &str, at: &str) -> Option<Rep> {
        if let Some(known) = self.staff.people.iter().find(|person| person.rep.name == name) {
            return Some(known.rep.clone());
        }
        let rep = Rep { id: self.ids.guid(), name: name.to_owned() };
        if !self.staff.add_person(rep.clone()) {
            return None;
        }
        let user = json!({ "fullname": rep.name, "isdisabled": false });
        self.set_columns("systemusers", &rep.id, user, at);
        Some(rep)
    }

    /// A new queue, always open.
    pub fn add_queue(
        &mut self,
        name: &str,
        members: Vec<String>,
        at: &str,
    ) -> Result<Queue, String> {
        if self.staff.queues.len() >= MAX_STAFF {
            return Err("too many queues".to_owned());
        }
        let (id, name) = (self.ids.guid(), name.to_owned());
        let row = json!({ "name": name, "queueviewtype": 0, "statecode": 0, "statuscode": 1 });
        self.set_columns("queues", &id, row, at);
        let queue = Queue { id, name, members, ..Queue::default() };
        self.staff.queues.push(queue.clone());
        Ok(queue)
    }

    /// Epoch milliseconds of a new message, never used before in the organisation.
    pub fn next_message_ms(&mut self, now_ms: i64) -> i64 {
        self.last_message_ms = now_ms.max(self.last_message_ms + 1);
        self.last_message_ms
    }

    pub fn next_ticket_number(&mut self) -> String {
        self.last_ticket += 1;
        format!("CAS-{:05}-{}", self.last_ticket, self.ids.hex(6).to_uppercase())
    }

    /// Adds to what the customer has really said; false if too many different texts are kept.
    pub fn add_said(&mut self, text: &str, times: usize) -> bool {
        if self.said.len() >= MAX_SAID && !self.said.contains_key(text) {
            return false;
        }
        *self.said.entry(text.to_owned()).or_default() += times;
        true
    }

    /// Does something to rows, whole or not at all.
    pub fn whole<T, E>(&mut self, deed: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        let mark = self.tables.begin();
        let done = deed(self);
        if done.is_err() {
            self.tables.roll_back(mark);
            return done;
        }
        for (set, id) in self.tables.commit(mark) {
            if let Some(table) = tables::find(set) {
                self.row_changed(table, &id);
            }
        }
        done
    }

    /// A client wrote to a row: what conversations take from their rows follows.
    pub fn row_changed(&mut self, table: &tables::Table, id: &str) {
        if table.set != "msdyn_ocliveworkitems" {
            return;
        }
        let row =
            self.tables.get(table.set, id).map(|stored| stored.row.clone()).unwrap_or_default();
        let by_row =
            |conversation: &&mut Conversation| conversation.activity_id.eq_ignore_ascii_case(id);
        if let Some(conversation) = self.conversations.iter_mut().find(by_row) {
            let text = |column: &str| row.get(column).and_then(Value::as_str).map(str::to_owned);
            conversation.contact_id = text("_msdyn_customer_value");
            conversation.subject = text("subject").unwrap_or_default();
        }
    }

    /// Changes a conversation, brings its rows up to date, and notes when it is looked at again.
    pub fn change<T>(
        &mut self,
        account: &Account,
        id: &str,
        now_ms: i64,
        change: impl FnOnce(&mut Conversation) -> T,
    ) -> Option<T> {
        let result = change(self.find(id)?);
        self.note_due(id);
        mirror::update(self, account, id, now_ms);
        Some(result)
    }

    /// Notes when something happens to a conversation by itself.
    pub fn note_due(&mut self, id: &str) {
        let is_it = |known: &&mut Conversation| known.id.eq_ignore_ascii_case(id);
        let Some(conversation) = self.conversations.iter_mut().find(is_it) else { return };
        let queue = self.staff.queue(&conversation.queue_id);
        let due_ms = conversation.deadline_ms(&self.staff.workstream, queue);
        if due_ms == conversation.due_ms {
            return;
        }
        if let Some(earlier_ms) = std::mem::replace(&mut conversation.due_ms, due_ms) {
            self.due.remove(&(earlier_ms, conversation.id.clone()));
        }
        if let Some(due_ms) = due_ms {
            self.due.insert((due_ms, conversation.id.clone()));
        }
        self.due_changed.notify_one();
    }
}

/// When the furniture was put there.
const BEFORE: &str = "2026-01-01T00:00:00Z";

/// Rows that every such environment has.
fn furniture(account: &Account) -> Vec<(&'static str, String, Value)> {
    let presence = |one: Presence| {
        let columns = json!({
            "msdyn_name": one.label(),
            "msdyn_basepresencestatus": one.base(),
            "statecode": 0,
            "statuscode": 1,
        });
        ("msdyn_presences", one.id().to_owned(), columns)
    };
    let mut rows: Vec<_> = Presence::ALL.into_iter().map(presence).collect();
    rows.extend(account_rows(account));
    rows
}

fn account_rows(account: &Account) -> Vec<(&'static str, String, Value)> {
    vec![
        ("systemusers", account.application_user_id.clone(), application_user(account)),
        (
            "queues",
            account.queue_id.clone(),
            json!({ "name": "Messaging", "queueviewtype": 0, "statecode": 0, "statuscode": 1 }),
        ),
        (
            "msdyn_liveworkstreams",
            account.workstream_id.clone(),
            json!({
                "msdyn_name": "Customer messages",
                "msdyn_streamsource": 192_350_002,
                "msdyn_workdistributionmode": 192_350_001,
                "_msdyn_defaultqueue_value": account.queue_id,
                "statecode": 0,
                "statuscode": 1,
            }),
        ),
        (
            "msdyn_occustommessagingchannels",
            account.channel_id.clone(),
            json!({
                "msdyn_name": "Messaging hub",
                "msdyn_occustomchannelid": 192_350_005,
                "msdyn_appid": account.webhook_app_id,
                "msdyn_tenantid": account.tenant_id,
                "msdyn_webhookurl": "",
                "msdyn_enablefileattachmentsforagents": true,
                "msdyn_enablefileattachmentsforcustomers": true,
                "_msdyn_liveworkstreamid_value": account.workstream_id,
                "statecode": 0,
                "statuscode": 1,
            }),
        ),
    ]
}

fn application_user(account: &Account) -> Value {
    json!({ "fullname": "# Messaging hub", "applicationid": account.client_id, "isdisabled": false })
}
