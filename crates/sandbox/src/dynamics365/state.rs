//! Everything that Microsoft holds for the company.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::conversation::{Conversation, Phase, Rep};
use super::tables::{self, Tables};
use super::{Account, mirror};
use crate::Ids;

/// Conversations kept.
const MAX_CONVERSATIONS: usize = 50_000;
/// Different rep names.
const MAX_REPS: usize = 1_000;
/// Different texts whose number is known from the customer.
const MAX_SAID: usize = 10_000;

/// The organisation and what happened in it.
pub struct State {
    pub account: Account,
    /// Trace ids, which need no lock.
    traces: Ids,
    inner: Mutex<Inner>,
}

impl State {
    pub fn new(account: &Account) -> Self {
        let inner = Mutex::new(Inner::new(account));
        Self { account: account.clone(), traces: Ids::new(0, &account.tenant_id), inner }
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
    /// Oldest first.
    pub conversations: Vec<Conversation>,
    /// How often a text was really said by the customer, as the one who knows has told.
    pub said: BTreeMap<String, usize>,
    /// Calls that opened a second live conversation for one session.
    pub two_live: Vec<u64>,
    reps: Vec<Rep>,
    last_message_ms: i64,
    last_ticket: u64,
}

impl Inner {
    fn new(account: &Account) -> Self {
        let mut inner = Self {
            ids: Ids::new(1, &account.organization_id),
            tables: Tables::default(),
            conversations: Vec::new(),
            said: BTreeMap::new(),
            two_live: Vec::new(),
            reps: Vec::new(),
            last_message_ms: 0,
            last_ticket: 1_000,
        };
        for (set, id, columns) in furniture(account) {
            inner.set_columns(set, &id, columns, "2026-01-01T00:00:00Z");
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
        if let Some(rep) = self.reps.iter().find(|rep| rep.name == name) {
            return Some(rep.clone());
        }
        if self.reps.len() >= MAX_REPS {
            return None;
        }
        let rep = Rep { id: self.ids.guid(), name: name.to_owned() };
        self.set_columns(
            "systemusers",
            &rep.id,
            json!({ "fullname": rep.name, "isdisabled": false }),
            at,
        );
        self.reps.push(rep.clone());
        Some(rep)
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

    /// Changes a conversation and brings its rows up to date.
    pub fn change<T>(
        &mut self,
        account: &Account,
        id: &str,
        now_ms: i64,
        change: impl FnOnce(&mut Conversation) -> T,
    ) -> Option<T> {
        let result = change(self.find(id)?);
        mirror::update(self, account, id, now_ms);
        Some(result)
    }
}

/// Rows that every such environment has.
fn furniture(account: &Account) -> Vec<(&'static str, String, Value)> {
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
