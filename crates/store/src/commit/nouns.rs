//! Everything that a commit writes beside the conversation: one statement a table.

use std::collections::BTreeMap;

use baton_core::{
    delivery::{Attempt, Delivery},
    feed::Fact,
    handoff::Handoff,
    message::Message,
    session::Session,
    task::Task,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Commit, Round, number::Numbered, rows::CommitRows};
use crate::{
    conversation::point_rows,
    dialect::Dialect,
    error::StoreError,
    inbound::{self, Mark},
    table::{Column, Kind, Noun, Row, Rows, Table, clean, encode},
    transaction::Tx,
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
    let all = |part: fn(&CommitRows) -> &Rows| round.rows().map(|(_, rows)| part(rows)).collect();
    let (sessions, facts) = numbered_rows(tx.partitions, round, numbered)?;
    tx.put_nouns::<Session>("commit.sessions", sessions);
    tx.put_nouns::<Handoff>("commit.handoffs", all(|rows| &rows.handoffs));
    tx.put_nouns::<Message>("commit.messages", all(|rows| &rows.messages));
    tx.put_nouns::<Delivery>("commit.deliveries", all(|rows| &rows.deliveries));
    tx.put_nouns::<Attempt>("commit.attempts", all(|rows| &rows.attempts));
    clear_tasks(tx, all(|rows| &rows.cleared_tasks));
    tx.put_nouns::<Task>("commit.set_tasks", all(|rows| &rows.tasks));
    write_consents(tx, round);
    write_traces(tx, all(|rows| &rows.traces));
    tx.put_nouns::<Fact>("commit.facts", facts);
    let done: Vec<Mark> = round.alive().filter_map(|(_, c)| c.stored().map(Mark::done)).collect();
    inbound::mark(tx, &done.iter().collect::<Vec<&Mark>>());
    Ok(())
}

/// Sessions and facts, with what the counters gave them.
fn numbered_rows(
    partitions: u32,
    round: &Round<'_>,
    numbered: &[Numbered],
) -> Result<(Rows, Rows), StoreError> {
    let (mut sessions, mut facts) = (Rows::default(), Rows::default());
    for ((at, rows), (_, commit)) in round.rows().zip(round.alive()) {
        let Some(numbered) = numbered.get(at) else { continue };
        sessions.append(&rows.sessions);
        for session in numbered.new_sessions(commit) {
            sessions.push(encode(&session, partitions)?);
        }
        for (fact, (position, made)) in
            commit.effects.facts.iter().zip((numbered.first_position..).zip(&rows.facts))
        {
            match made {
                Some(row) => facts.push_with("position", position, row),
                None => facts.push(encode(&numbered.fact(commit, fact, position), partitions)?),
            }
        }
    }
    Ok((sessions, facts))
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

fn clear_tasks(tx: &mut Tx, keys: Rows) {
    let make = |dialect: Dialect| {
        format!(
            "delete from \"task\" where (\"kind\", \"subject\") in \
             (select r.\"kind\", r.\"subject\" from {})",
            dialect.rows(1, TASK_KEYS)
        )
    };
    tx.put("commit.clear_tasks", make, keys);
}

/// The ledger only grows; the newest line counts.
fn write_consents(tx: &mut Tx, round: &Round<'_>) {
    let mut rows = Rows::default();
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

/// What sessions can be looked up by.
fn write_traces(tx: &mut Tx, rows: Rows) {
    let make = |dialect: Dialect| {
        format!(
            "insert into \"trace\" (\"workspace\", \"value\", \"session\") \
             select \"workspace\", \"value\", \"session\" from {} where true \
             on conflict do nothing",
            dialect.rows(1, TRACES)
        )
    };
    tx.put("commit.traces", make, rows);
}
