//! Everything that a commit writes beside the conversation: one statement a table.

use std::collections::BTreeMap;

use baton_core::{
    delivery::{Attempt, Delivery},
    feed::Fact,
    handoff::Handoff,
    message::Message,
    session::Session,
    task::{Task, TaskChange},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Commit, Round, number::Numbered};
use crate::{
    conversation::point_rows,
    database::Tx,
    dialect::Dialect,
    error::StoreError,
    inbound::{self, Mark},
    table::{Column, Kind, Noun, Row, Table, clean},
    task::task_id,
};

/// The contact without its points, which have a table of their own.
#[derive(Serialize, Deserialize)]
struct ContactRow {
    id: String,
    workspace: String,
    name: Option<String>,
}

impl Noun for ContactRow {
    const TABLE: Table = Table {
        name: "contact",
        key: &["id"],
        columns: &[("id", Kind::Text), ("workspace", Kind::Text), ("name", Kind::Text)],
        derived: &[],
    };
}

pub(super) const CONTACT_POINTS: &[Column] = &[
    ("workspace", Kind::Text),
    ("kind", Kind::Text),
    ("value", Kind::Text),
    ("contact", Kind::Text),
    ("place", Kind::Int),
];
const CONSENTS: &[Column] = &[
    ("workspace", Kind::Text),
    ("inbox", Kind::Text),
    ("kind", Kind::Text),
    ("value", Kind::Text),
    ("scope", Kind::Text),
    ("seq", Kind::Int),
    ("opted_out", Kind::Int),
    ("at", Kind::Int),
    ("source", Kind::Text),
];
const TRACES: &[Column] =
    &[("workspace", Kind::Text), ("value", Kind::Text), ("session", Kind::Text)];
const TASK_KEYS: &[Column] = &[("kind", Kind::Text), ("subject", Kind::Text)];
/// A longer metadata value cannot be looked up: an index has limits.
const TRACE_MAX_BYTES: usize = 512;

pub(super) fn contact_point_rows(commit: &Commit) -> Vec<Row> {
    let Some(contact) = &commit.effects.contact else { return Vec::new() };
    let mut rows = point_rows(&contact.points);
    for row in &mut rows {
        row.insert("workspace".to_owned(), contact.workspace.to_string().into());
        row.insert("contact".to_owned(), contact.id.to_string().into());
    }
    rows
}

/// Writes everything else: one statement a table.
pub(super) fn write(
    tx: &mut Tx,
    round: &Round<'_>,
    numbered: &[Numbered],
) -> Result<(), StoreError> {
    write_people(tx, round)?;
    let of = |at: usize| numbered.get(at);
    let sessions: Vec<Session> = round
        .alive()
        .filter_map(|(at, _)| of(at))
        .flat_map(|n| newest(&n.sessions, |s| s.id))
        .collect();
    let handoffs: Vec<Handoff> =
        round.alive().flat_map(|(_, c)| newest(&c.effects.handoffs, |h| h.id)).collect();
    let messages: Vec<Message> =
        round.alive().flat_map(|(_, c)| newest(&c.effects.messages, |m| m.id)).collect();
    let deliveries: Vec<Delivery> =
        round.alive().flat_map(|(_, c)| newest(&c.effects.deliveries, |d| d.id)).collect();
    let attempts: Vec<Attempt> =
        round.alive().flat_map(|(_, c)| newest(&c.effects.attempts, |a| a.id)).collect();
    let facts: Vec<Fact> =
        round.alive().filter_map(|(at, _)| of(at)).flat_map(|n| n.facts.clone()).collect();
    tx.upsert("commit.sessions", &sessions)?;
    tx.upsert("commit.handoffs", &handoffs)?;
    tx.upsert("commit.messages", &messages)?;
    tx.upsert("commit.deliveries", &deliveries)?;
    tx.upsert("commit.attempts", &attempts)?;
    write_tasks(tx, round)?;
    write_consents(tx, round);
    write_traces(tx, &sessions);
    tx.upsert("commit.facts", &facts)?;
    let done: Vec<Mark> = round.alive().filter_map(|(_, c)| c.stored().map(Mark::done)).collect();
    inbound::mark(tx, &done.iter().collect::<Vec<&Mark>>());
    Ok(())
}

/// Each noun once, as it was said last: a statement cannot write a row twice.
fn newest<T: Clone, K: PartialEq>(nouns: &[T], key: impl Fn(&T) -> K) -> Vec<T> {
    let mut kept: Vec<T> = Vec::with_capacity(nouns.len());
    for noun in nouns {
        match kept.iter_mut().find(|old| key(old) == key(noun)) {
            Some(old) => old.clone_from(noun),
            None => kept.push(noun.clone()),
        }
    }
    kept
}

fn write_people(tx: &mut Tx, round: &Round<'_>) -> Result<(), StoreError> {
    // Sorted, so that two nodes never wait for each other's rows.
    let mut people = BTreeMap::new();
    let mut points = BTreeMap::new();
    for (_, commit) in round.alive() {
        if let Some(contact) = &commit.effects.contact {
            let row = ContactRow {
                id: contact.id.to_string(),
                workspace: contact.workspace.to_string(),
                name: contact.name.clone(),
            };
            people.insert(contact.id, row);
            for (point, row) in contact.points.iter().zip(contact_point_rows(commit)) {
                points.entry((contact.workspace, point.clone())).or_insert(row);
            }
        }
    }
    let people: Vec<ContactRow> = people.into_values().collect();
    tx.upsert("commit.people_rows", &people)?;
    let make = |dialect: Dialect| {
        let names = "\"workspace\", \"kind\", \"value\", \"contact\", \"place\"";
        format!(
            "insert into \"contact_point\" ({names}) select {names} from {} where true \
             on conflict do nothing",
            dialect.rows(1, CONTACT_POINTS)
        )
    };
    tx.put("commit.points", make, points.into_values().collect());
    Ok(())
}

fn write_tasks(tx: &mut Tx, round: &Round<'_>) -> Result<(), StoreError> {
    let mut set = Vec::new();
    let mut cleared = Vec::new();
    for (_, commit) in round.alive() {
        let mut last = BTreeMap::new();
        for change in &commit.effects.tasks {
            let (TaskChange::Set(what, _) | TaskChange::Clear(what)) = change;
            last.insert((what.name(), what.subject()), change);
        }
        for ((kind, subject), change) in last {
            match change {
                TaskChange::Set(what, due_at) => set.push(Task {
                    id: task_id(*what),
                    workspace: commit.effects.conversation.workspace,
                    conversation: commit.effects.conversation.id,
                    what: *what,
                    due_at: *due_at,
                }),
                TaskChange::Clear(_) => {
                    let mut row = Row::new();
                    row.insert("kind".to_owned(), kind.into());
                    row.insert("subject".to_owned(), subject.into());
                    cleared.push(row);
                }
            }
        }
    }
    let make = |dialect: Dialect| {
        format!(
            "delete from \"task\" where (\"kind\", \"subject\") in \
             (select r.\"kind\", r.\"subject\" from {})",
            dialect.rows(1, TASK_KEYS)
        )
    };
    tx.put("commit.clear_tasks", make, cleared);
    tx.upsert("commit.set_tasks", &set)
}

/// The ledger only grows; the newest line counts.
fn write_consents(tx: &mut Tx, round: &Round<'_>) {
    let mut rows = Vec::new();
    for (_, commit) in round.alive() {
        for (place, line) in (1_i64..).zip(&commit.effects.consents) {
            let mut row = Row::new();
            let mut put = |name: &str, value: Value| row.insert(name.to_owned(), value);
            put("workspace", commit.effects.conversation.workspace.to_string().into());
            put("inbox", line.inbox.to_string().into());
            put("kind", line.point.kind.name().into());
            put("value", clean(line.point.value.clone()).into());
            put("scope", line.scope.name().into());
            put("seq", place.into());
            put("opted_out", i64::from(line.opted_out).into());
            put("at", line.at.0.into());
            put("source", clean(line.source.clone()).into());
            rows.push(row);
        }
    }
    let make = |dialect: Dialect| {
        let names: Vec<String> = CONSENTS.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        format!(
            "insert into \"consent\" ({}) select r.\"workspace\", r.\"inbox\", r.\"kind\", \
             r.\"value\", r.\"scope\", r.\"seq\" + (select coalesce(max(o.\"seq\"), 0) \
             from \"consent\" o where o.\"inbox\" = r.\"inbox\" and o.\"kind\" = r.\"kind\" \
             and o.\"value\" = r.\"value\" and o.\"scope\" = r.\"scope\"), r.\"opted_out\", \
             r.\"at\", r.\"source\" from {} where true",
            names.join(", "),
            dialect.rows(1, CONSENTS)
        )
    };
    tx.put("commit.consents", make, rows);
}

/// What a session can be looked up by, beside its own id.
fn write_traces(tx: &mut Tx, sessions: &[Session]) {
    let mut rows = BTreeMap::new();
    for session in sessions {
        let id = session.id.to_string();
        let values = session.metadata.values().filter_map(Value::as_str);
        for value in values.filter(|v| !v.is_empty() && *v != id && v.len() <= TRACE_MAX_BYTES) {
            let value = clean(value.to_owned());
            let mut row = Row::new();
            row.insert("workspace".to_owned(), session.workspace.to_string().into());
            row.insert("value".to_owned(), value.clone().into());
            row.insert("session".to_owned(), id.clone().into());
            rows.insert((id.clone(), value), row);
        }
    }
    let make = |dialect: Dialect| {
        format!(
            "insert into \"trace\" (\"workspace\", \"value\", \"session\") \
             select \"workspace\", \"value\", \"session\" from {} where true \
             on conflict do nothing",
            dialect.rows(1, TRACES)
        )
    };
    tx.put("commit.traces", make, rows.into_values().collect());
}
