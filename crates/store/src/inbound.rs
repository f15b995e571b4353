//! Verified events from vendors: stored before anything is answered, taken in order of arrival.

use std::collections::HashSet;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use baton_core::{
    conversation::partition_of,
    ids::{ConversationId, InboundId, WorkspaceId},
    inbound::{Inbound, Source},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Store,
    database::{Arg, limit},
    dialect::Dialect,
    error::StoreError,
    state::{IDS, id_row},
    table::{Column, Kind, Noun, Row, Rows, array, parse},
    transaction::{Question, Tx},
};

/// A vendor's event id that is longer than this is kept as its digest: an index has limits.
const EVENT_ID_MAX_BYTES: usize = 512;

/// Among so many of the newest events it is looked for when a source was last heard.
const NEWEST: usize = 10_000;

/// An event to be stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewInbound {
    /// Its id.
    pub id: InboundId,
    /// Its tenant.
    pub workspace: WorkspaceId,
    /// Where it came in.
    pub source: Source,
    /// The vendor's id of it: equal events of a source are stored once.
    pub vendor_event_id: Option<String>,
    /// Who or what it is about: events of one key keep their order.
    pub source_key: String,
    /// The event as JSON text.
    pub body: String,
    /// When it came.
    pub received_at: Timestamp,
}

/// An event that was set aside.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Parked {
    /// Its id.
    pub id: InboundId,
    /// Its tenant.
    pub workspace: WorkspaceId,
    /// Its place in the list: the cursor of the next page.
    pub position: i64,
    /// Where it came in.
    pub source: Source,
    /// Who or what it is about.
    pub source_key: String,
    /// The event as JSON text.
    pub body: String,
    /// When it came.
    pub received_at: Timestamp,
    /// How often it was looked at.
    pub tries: u32,
    /// A stable code of why.
    pub code: String,
    /// Why, for operators.
    pub reason: String,
}

/// Who waits until events are stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Caller {
    /// A vendor, for the answer to its request.
    Vendor,
    /// This process, which asked for them.
    Own,
}

/// What became of an event.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    id: InboundId,
    state: &'static str,
    next_at: Option<Timestamp>,
    why: Option<(String, String)>,
}

/// An event's states.
const WAITING: &str = "waiting";
const DONE: &str = "done";
const PARKED: &str = "parked";

const WRITTEN: &[Column] = &[
    ("vendor_event_id", Kind::Text),
    ("seq", Kind::Int),
    ("partition", Kind::Int),
    ("state", Kind::Text),
    ("next_at", Kind::Int),
];

const MARKED: &[Column] = &[
    ("id", Kind::Text),
    ("state", Kind::Text),
    ("tries", Kind::Int),
    ("next_at", Kind::Int),
    ("code", Kind::Text),
    ("reason", Kind::Text),
];

impl Store {
    /// Stores events, many callers in one transaction. Returns how many were new: what the
    /// vendor sent before is ignored, in a rush only later.
    ///
    /// # Errors
    /// Nothing was stored; the vendor must not be told otherwise.
    pub async fn inbound_put(&self, events: Vec<NewInbound>) -> Result<usize, StoreError> {
        self.inbound_from(Caller::Vendor, events).await
    }

    /// The same for what this process heard or read by itself: no vendor waits for the answer, so
    /// that however many come, they are no rush, and reps are not kept waiting.
    ///
    /// # Errors
    /// Nothing was stored.
    pub async fn inbound_heard(&self, events: Vec<NewInbound>) -> Result<usize, StoreError> {
        self.inbound_from(Caller::Own, events).await
    }

    async fn inbound_from(
        &self,
        caller: Caller,
        events: Vec<NewInbound>,
    ) -> Result<usize, StoreError> {
        if events.is_empty() {
            return Ok(0);
        }
        let partitions = self.shared.partitions;
        let events = events.into_iter().map(|event| Prepared::new(event, WAITING, partitions));
        self.shared.writer.inbound(caller, events.collect::<Result<_, _>>()?).await
    }

    /// The oldest waiting event of each source key, where its time has come, within the
    /// partitions that this process holds.
    ///
    /// # Errors
    /// The database failed.
    pub async fn inbound_due(
        &self,
        now: Timestamp,
        max: usize,
    ) -> Result<Vec<Inbound>, StoreError> {
        let due = self.inbound_sorted(now, max).await?;
        if due.len() < max && self.intake_sort().await? {
            return self.inbound_sorted(now, max).await;
        }
        Ok(due)
    }

    async fn inbound_sorted(&self, now: Timestamp, max: usize) -> Result<Vec<Inbound>, StoreError> {
        let rest = format!(
            "where t.\"state\" = 'waiting' and t.\"next_at\" <= $1 and t.\"partition\" in ({}) \
             and {HEAD} order by t.\"next_at\", t.\"seq\" limit $2",
            self.held_partitions()
        );
        let sql = Inbound::TABLE.select(self.database().dialect, &rest);
        let texts = self.database().read_text(sql, &[now.0.into(), limit(max)]).await?;
        texts.iter().map(|text| crate::table::decode(parse("inbound", text)?)).collect()
    }

    /// When each source was last heard, as far as its last event is among the newest.
    ///
    /// # Errors
    /// The database failed.
    pub async fn inbound_last(&self) -> Result<Vec<(Source, Timestamp)>, StoreError> {
        let make = |dialect: Dialect| {
            let fields = [
                ("source", "n.\"source\"".to_owned()),
                ("at", "max(n.\"received_at\")".to_owned()),
            ];
            let object = dialect.text(&dialect.object(&fields));
            format!(
                "select {object} from (select \"source\", \"received_at\" from \"inbound\" \
                 order by \"seq\" desc limit $1) n group by n.\"source\""
            )
        };
        let texts = self.database().read("inbound.last", make, &[limit(NEWEST)]).await?;
        texts.iter().map(|text| last(&parse("inbound", text)?)).collect()
    }

    /// Looks at it again later.
    ///
    /// # Errors
    /// The database failed.
    pub async fn inbound_defer(&self, id: InboundId, next_at: Timestamp) -> Result<(), StoreError> {
        let mark = Mark { id, state: WAITING, next_at: Some(next_at), why: None };
        self.shared.writer.marks(vec![mark]).await
    }

    /// Sets it aside where an operator sees it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn inbound_park(
        &self,
        id: InboundId,
        code: &str,
        reason: &str,
    ) -> Result<(), StoreError> {
        let why = Some((code.to_owned(), reason.to_owned()));
        self.shared.writer.marks(vec![Mark { id, state: PARKED, next_at: None, why }]).await
    }

    /// Marks events that changed nothing as dealt with.
    ///
    /// # Errors
    /// The database failed.
    pub async fn inbound_done(&self, ids: Vec<InboundId>) -> Result<(), StoreError> {
        let marks: Vec<Mark> = ids.into_iter().map(Mark::done).collect();
        if marks.is_empty() {
            return Ok(());
        }
        self.shared.writer.marks(marks).await
    }

    /// Events that were set aside, oldest first, after a position.
    ///
    /// # Errors
    /// The database failed.
    pub async fn parked(
        &self,
        workspace: WorkspaceId,
        after: Option<i64>,
        max: usize,
    ) -> Result<Vec<Parked>, StoreError> {
        let make = |dialect: Dialect| {
            let fields = [
                ("id", "id"),
                ("workspace", "workspace"),
                ("position", "seq"),
                ("source", "source"),
                ("source_key", "source_key"),
                ("body", "body"),
                ("received_at", "received_at"),
                ("tries", "tries"),
                ("code", "park_code"),
                ("reason", "park_reason"),
            ]
            .map(|(name, column)| (name, format!("\"{column}\"")));
            let object = dialect.text(&dialect.object(&fields));
            format!(
                "select {object} from \"inbound\" where \"workspace\" = $1 \
                 and \"state\" = 'parked' and \"seq\" > $2 order by \"seq\" limit $3"
            )
        };
        let args = [workspace.to_string().into(), after.unwrap_or(0).into(), limit(max)];
        let texts = self.database().read("inbound.parked", make, &args).await?;
        texts.iter().map(|text| parked(parse("inbound", text)?)).collect()
    }

    /// Lets an event that was set aside be looked at again; false when there is none.
    ///
    /// # Errors
    /// The database failed.
    pub async fn parked_retry(
        &self,
        workspace: WorkspaceId,
        id: InboundId,
    ) -> Result<bool, StoreError> {
        let sql = "update \"inbound\" set \"state\" = 'waiting', \"next_at\" = 0, \"tries\" = 0, \
                   \"park_code\" = null, \"park_reason\" = null \
                   where \"workspace\" = $1 and \"id\" = $2 and \"state\" = 'parked' \
                   returning \"id\"";
        let args = [workspace.to_string().into(), id.to_string().into()];
        self.write(move |tx| {
            Box::pin(async move {
                Ok(!tx.run("inbound.retry", |_| sql.to_owned(), &args).await?.is_empty())
            })
        })
        .await
    }
}

/// No older event of the same key waits. Two nodes may give one number to two events.
pub(crate) const HEAD: &str = "not exists (select 1 from \"inbound\" o \
    where o.\"source\" = t.\"source\" and o.\"source_key\" = t.\"source_key\" \
    and o.\"state\" = 'waiting' and (o.\"seq\", o.\"id\") < (t.\"seq\", t.\"id\"))";

fn last(row: &Row) -> Result<(Source, Timestamp), StoreError> {
    let unreadable = |error| StoreError::unreadable("inbound", error);
    let source = row["source"].as_str().unwrap_or_default();
    let source = serde_json::from_str(source).map_err(unreadable)?;
    let at = serde_json::from_value(row["at"].clone()).map_err(unreadable)?;
    Ok((source, at))
}

fn parked(mut row: Row) -> Result<Parked, StoreError> {
    let unreadable = |e| StoreError::unreadable("inbound", e);
    if let Some(Value::String(text)) = row.get("source") {
        let source: Value = serde_json::from_str(text).map_err(unreadable)?;
        row.insert("source".to_owned(), source);
    }
    serde_json::from_value(Value::Object(row)).map_err(unreadable)
}

impl Mark {
    pub(crate) fn done(id: InboundId) -> Self {
        Self { id, state: DONE, next_at: None, why: None }
    }

    fn row(&self) -> Row {
        let (code, reason) = self.why.clone().unzip();
        let mut row = Row::new();
        row.insert("id".to_owned(), self.id.to_string().into());
        row.insert("state".to_owned(), self.state.into());
        row.insert("tries".to_owned(), i64::from(self.next_at.is_some()).into());
        row.insert("next_at".to_owned(), self.next_at.map(|at| at.0).into());
        row.insert("code".to_owned(), code.map(crate::table::clean).into());
        row.insert("reason".to_owned(), reason.map(crate::table::clean).into());
        row
    }
}

/// Writes what became of waiting events.
pub(crate) fn mark(tx: &mut Tx, marks: &[&Mark]) {
    let make = |dialect: Dialect| {
        format!(
            "update \"inbound\" set \"state\" = r.\"state\", \
             \"tries\" = \"inbound\".\"tries\" + r.\"tries\", \
             \"next_at\" = coalesce(r.\"next_at\", \"inbound\".\"next_at\"), \
             \"park_code\" = r.\"code\", \"park_reason\" = r.\"reason\" \
             from {} where \"inbound\".\"id\" = r.\"id\" and \"inbound\".\"state\" = 'waiting'",
            dialect.rows(1, MARKED)
        )
    };
    tx.put("inbound.mark", make, marks.iter().map(|mark| mark.row()).collect());
}

/// Stores the events of many callers; returns how many were new of each.
pub(crate) async fn insert(tx: &mut Tx, lists: &[&[Prepared]]) -> Result<Vec<usize>, StoreError> {
    let events: Vec<&Prepared> = lists.iter().copied().flatten().collect();
    let new = sort(tx, numbered(events.iter().copied()).array()).await?;
    if new == 0 {
        return Ok(vec![0; lists.len()]);
    }
    if usize::try_from(new) == Ok(events.len()) {
        return Ok(lists.iter().map(|list| list.len()).collect());
    }
    let ids = Arg::Text(array(events.iter().map(|event| id_row(&event.id))));
    let new: HashSet<String> = tx.run("inbound.new", new_sql, &[ids]).await?.into_iter().collect();
    let count = |list: &&[Prepared]| list.iter().filter(|event| new.contains(&event.id)).count();
    Ok(lists.iter().map(count).collect())
}

/// The events' rows with their numbers, which the transaction counts on.
pub(crate) fn numbered<'a>(events: impl IntoIterator<Item = &'a Prepared>) -> Rows {
    let mut rows = Rows::default();
    for (number, event) in (1..).zip(events) {
        rows.push_with("seq", number, &event.row);
    }
    rows
}

/// Gives events their numbers and rows; returns how many were new.
pub(crate) async fn sort(tx: &mut Tx, rows: String) -> Result<u64, StoreError> {
    let new = tx.write("inbound.insert", insert_sql, &[Arg::Text(rows)]).await?;
    tx.rows += new;
    Ok(new)
}

/// Those that were stored, among some that were not, because the vendor sent them before.
fn new_sql(dialect: Dialect) -> String {
    let rows = dialect.rows(1, IDS);
    format!("select \"id\" from \"inbound\" where \"id\" in (select r.\"id\" from {rows})")
}

/// Stores events as dealt with, where nothing waits that is to be dealt with before; returns the
/// ids of those that were.
pub(crate) const DEALT_WITH: Question = ("inbound.dealt_with", dealt_with_sql);

fn dealt_with_sql(dialect: Dialect) -> String {
    let next = "not exists (select 1 from \"intake\") and not exists (select 1 \
        from \"inbound\" o where o.\"source\" = r.\"source\" \
        and o.\"source_key\" = r.\"source_key\" and o.\"state\" = 'waiting')";
    format!("{} returning \"id\"", insert_where(dialect, next))
}

fn insert_sql(dialect: Dialect) -> String {
    insert_where(dialect, "true")
}

fn insert_where(dialect: Dialect, condition: &str) -> String {
    let columns = [Inbound::TABLE.columns, WRITTEN].concat();
    let names: Vec<String> = columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let values: Vec<String> = columns
        .iter()
        .map(|(name, _)| match *name {
            "seq" => "(select coalesce(max(\"seq\"), 0) from \"inbound\") + r.\"seq\"".to_owned(),
            name => format!("r.\"{name}\""),
        })
        .collect();
    format!(
        "insert into \"inbound\" ({}) select {} from {} where {condition} on conflict do nothing",
        names.join(", "),
        values.join(", "),
        dialect.rows(1, &columns)
    )
}

/// A new event as the JSON object of its row, but for its number, which the transaction gives.
/// Whoever brings the event makes it, so that the writer has less to do.
pub(crate) struct Prepared {
    pub id: String,
    row: Rows,
    pub partition: u32,
    pub received_at: Timestamp,
}

#[derive(Serialize)]
struct Written<'a> {
    id: &'a str,
    workspace: WorkspaceId,
    source: String,
    source_key: String,
    body: String,
    received_at: Timestamp,
    tries: u32,
    vendor_event_id: Option<String>,
    partition: u32,
    state: &'static str,
    next_at: Timestamp,
}

impl Prepared {
    fn new(event: NewInbound, state: &'static str, partitions: u32) -> Result<Self, StoreError> {
        let unreadable = |e| StoreError::unreadable("inbound", e);
        let id = event.id.to_string();
        let partition = partition(&event.source_key, partitions);
        let written = Written {
            id: &id,
            workspace: event.workspace,
            source: serde_json::to_string(&event.source).map_err(unreadable)?,
            partition,
            source_key: crate::table::clean(event.source_key),
            body: crate::table::clean(event.body),
            received_at: event.received_at,
            tries: 0,
            vendor_event_id: event.vendor_event_id.as_deref().map(event_id),
            state,
            next_at: event.received_at,
        };
        let json = serde_json::to_string(&written).map_err(unreadable)?;
        Ok(Self { id, row: Rows::one(json), partition, received_at: event.received_at })
    }

    /// An event that is dealt with in the transaction that stores it.
    pub fn dealt_with(event: NewInbound, partitions: u32) -> Result<Self, StoreError> {
        Self::new(event, DONE, partitions)
    }

    /// The bytes that it takes in a list, its number included.
    pub fn size(&self) -> usize {
        self.row.size() + 16
    }
}

pub(crate) fn event_id(id: &str) -> String {
    if id.len() > EVENT_ID_MAX_BYTES {
        format!("sha256:{}", sha256(id))
    } else {
        crate::table::clean(id.to_owned())
    }
}

fn sha256(text: &str) -> String {
    STANDARD.encode(digest(&SHA256, text.as_bytes()))
}

/// The partition of a source key: whoever holds it works on the key's events.
fn partition(source_key: &str, partitions: u32) -> u32 {
    let mut bytes = [0; 16];
    let digest = digest(&SHA256, source_key.as_bytes());
    bytes.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    partition_of(ConversationId(Uuid::from_bytes(bytes)), partitions)
}
