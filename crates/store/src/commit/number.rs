//! Short numbers of sessions and gapless positions of facts, from the workspace's counters.

use std::collections::{BTreeMap, BTreeSet};

use baton_core::{
    feed::{Fact, FactKind, NewFact},
    ids::{SessionId, WorkspaceId},
    session::Session,
    time::Timestamp,
};

use super::{
    Commit, Round,
    rows::{positioned, unnumbered},
};
use crate::{
    dialect::Dialect,
    error::StoreError,
    state::{IDS, id_row},
    table::{Column, Kind, Rows, parse},
    transaction::{Question, Tx},
};

const COUNTERS: &[Column] =
    &[("id", Kind::Text), ("session_number", Kind::Int), ("feed_position", Kind::Int)];

/// What a commit got from the counters of its workspace.
#[derive(Debug, Default)]
pub(crate) struct Numbered {
    /// The numbers of its new sessions.
    numbers: Vec<(SessionId, i64)>,
    /// The position of its first fact.
    pub first_position: i64,
}

impl Numbered {
    /// The sessions that got a number.
    pub fn new_sessions(&self, commit: &Commit) -> Vec<Session> {
        unnumbered(commit).map(|session| self.session(session)).collect()
    }

    fn session(&self, session: &Session) -> Session {
        let given = self.numbers.iter().find(|(id, _)| *id == session.id);
        Session { number: given.map_or(session.number, |(_, number)| *number), ..session.clone() }
    }

    /// A fact at its position, with the number of the session that it tells of.
    pub fn fact(&self, commit: &Commit, fact: &NewFact, position: i64) -> Fact {
        let mut fact = positioned(commit, fact, position);
        if let FactKind::SessionOpened(session)
        | FactKind::SessionChanged(session)
        | FactKind::SessionClosed(session) = &mut fact.kind
        {
            *session = self.session(session);
        }
        fact
    }

    /// All facts of the commit.
    pub fn facts(&self, commit: &Commit) -> Vec<Fact> {
        let positions = self.first_position..;
        let facts = commit.effects.facts.iter().zip(positions);
        facts.map(|(fact, position)| self.fact(commit, fact, position)).collect()
    }
}

/// The workspaces that count anything in this round.
pub(super) fn workspaces(round: &Round<'_>) -> Rows {
    let counts = |c: &Commit| !c.effects.facts.is_empty() || unnumbered(c).next().is_some();
    let counting = round.alive().filter(|(_, commit)| counts(commit));
    let ids: BTreeSet<WorkspaceId> =
        counting.map(|(_, commit)| commit.effects.conversation.workspace).collect();
    ids.into_iter().map(id_row).collect()
}

/// Gives sessions their numbers and facts their positions, without gaps.
pub(super) async fn number(tx: &mut Tx, round: &Round<'_>) -> Result<Vec<Numbered>, StoreError> {
    let mut counters = counters(tx, workspaces(round)).await?;
    let mut numbered: Vec<Numbered> = round.pledges.iter().map(|_| Numbered::default()).collect();
    for (at, commit) in round.alive() {
        let workspace = commit.effects.conversation.workspace.to_string();
        let counter = counters.entry(workspace).or_default();
        numbered[at] = counter.count(commit);
    }
    save_counters(tx, counters);
    Ok(numbered)
}

/// Adds one fact that belongs to no conversation.
pub(crate) async fn add_fact(
    tx: &mut Tx,
    workspace: WorkspaceId,
    kind: FactKind,
    at: Timestamp,
) -> Result<Fact, StoreError> {
    let key = workspace.to_string();
    let mut counters = counters(tx, Rows::from_iter([id_row(&key)])).await?;
    let counter = counters.entry(key).or_default();
    counter.feed_position += 1;
    counter.changed = true;
    let fact = Fact { position: counter.feed_position, workspace, at, session: None, kind };
    tx.upsert("feed.add", std::slice::from_ref(&fact))?;
    save_counters(tx, counters);
    Ok(fact)
}

/// The newest numbers of a workspace.
#[derive(Clone, Copy, Default)]
struct Counter {
    session_number: i64,
    feed_position: i64,
    changed: bool,
}

impl Counter {
    fn count(&mut self, commit: &Commit) -> Numbered {
        let ids = unnumbered(commit).map(|session| session.id);
        let numbers: Vec<(SessionId, i64)> = ids.zip(self.session_number + 1..).collect();
        self.session_number += i64::try_from(numbers.len()).unwrap_or(0);
        let first_position = self.feed_position + 1;
        let facts = &commit.effects.facts;
        self.feed_position += i64::try_from(facts.len()).unwrap_or(0);
        self.changed |= !facts.is_empty() || !numbers.is_empty();
        Numbered { numbers, first_position }
    }
}

/// The counters of workspaces.
pub(super) const COUNT: Question = ("commit.counters", counters_sql);

fn counters_sql(dialect: Dialect) -> String {
    let fields: Vec<(&str, String)> =
        COUNTERS.iter().map(|(name, _)| (*name, format!("\"{name}\""))).collect();
    format!(
        "select {} from \"workspace\" where \"id\" in (select r.\"id\" from {}) \
         order by \"id\"{}",
        dialect.text(&dialect.object(&fields)),
        dialect.rows(1, IDS),
        dialect.for_update()
    )
}

async fn counters(tx: &mut Tx, workspaces: Rows) -> Result<BTreeMap<String, Counter>, StoreError> {
    let mut counters = BTreeMap::new();
    for text in tx.rows(COUNT.0, COUNT.1, workspaces).await? {
        let row = parse("workspace", &text)?;
        let counter = Counter {
            session_number: row["session_number"].as_i64().unwrap_or(0),
            feed_position: row["feed_position"].as_i64().unwrap_or(0),
            changed: false,
        };
        counters.insert(row["id"].as_str().unwrap_or_default().to_owned(), counter);
    }
    Ok(counters)
}

fn save_counters(tx: &mut Tx, counters: BTreeMap<String, Counter>) {
    let make = |dialect: Dialect| {
        format!(
            "update \"workspace\" set \"session_number\" = r.\"session_number\", \
             \"feed_position\" = r.\"feed_position\" from {} where \"workspace\".\"id\" = r.\"id\"",
            dialect.rows(1, COUNTERS)
        )
    };
    let rows = counters.into_iter().filter(|(_, counter)| counter.changed).map(|(id, counter)| {
        let mut row = id_row(id);
        row.insert("session_number".to_owned(), counter.session_number.into());
        row.insert("feed_position".to_owned(), counter.feed_position.into());
        row
    });
    tx.put("commit.count", make, rows.collect());
}
