//! Short numbers of sessions and gapless positions of facts, from the workspace's counters.

use std::collections::{BTreeMap, HashMap, HashSet};

use baton_core::{
    feed::{Fact, FactKind},
    ids::WorkspaceId,
    session::Session,
    time::Timestamp,
};

use super::{Commit, Round};
use crate::{
    database::Tx,
    dialect::Dialect,
    error::StoreError,
    state::{IDS, id_row},
    table::{Column, Kind, parse},
};

const COUNTERS: &[Column] =
    &[("id", Kind::Text), ("session_number", Kind::Int), ("feed_position", Kind::Int)];

/// What a commit got from the counters of its workspace.
#[derive(Default)]
pub(super) struct Numbered {
    pub sessions: Vec<Session>,
    pub facts: Vec<Fact>,
}

/// Gives sessions their numbers and facts their positions, without gaps.
pub(super) async fn number(tx: &mut Tx, round: &Round<'_>) -> Result<Vec<Numbered>, StoreError> {
    let counts = |c: &Commit| {
        !c.effects.facts.is_empty() || c.effects.sessions.iter().any(|s| s.number == 0)
    };
    let workspaces: HashSet<String> = round
        .alive()
        .filter(|(_, c)| counts(c))
        .map(|(_, c)| c.effects.conversation.workspace.to_string())
        .collect();
    let mut counters = counters(tx, workspaces).await?;
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
    let mut counters = counters(tx, HashSet::from([key.clone()])).await?;
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
        let mut numbers = HashMap::new();
        let mut sessions = commit.effects.sessions.clone();
        for session in sessions.iter_mut().filter(|session| session.number == 0) {
            let number = numbers.entry(session.id).or_insert_with(|| {
                self.session_number += 1;
                self.session_number
            });
            session.number = *number;
        }
        let facts = commit.effects.facts.iter().map(|fact| {
            self.feed_position += 1;
            let mut kind = fact.kind.clone();
            if let FactKind::SessionOpened(session)
            | FactKind::SessionChanged(session)
            | FactKind::SessionClosed(session) = &mut kind
            {
                session.number = numbers.get(&session.id).copied().unwrap_or(session.number);
            }
            Fact {
                position: self.feed_position,
                workspace: commit.effects.conversation.workspace,
                at: commit.now,
                session: fact.session,
                kind,
            }
        });
        let facts: Vec<Fact> = facts.collect();
        self.changed |= !facts.is_empty() || !numbers.is_empty();
        Numbered { sessions, facts }
    }
}

async fn counters(
    tx: &mut Tx,
    workspaces: HashSet<String>,
) -> Result<BTreeMap<String, Counter>, StoreError> {
    let make = |dialect: Dialect| {
        let fields: Vec<(&str, String)> =
            COUNTERS.iter().map(|(name, _)| (*name, format!("\"{name}\""))).collect();
        let object = dialect.text(&dialect.object(&fields));
        format!(
            "select {object} from \"workspace\" where \"id\" in (select r.\"id\" from {}) \
             order by \"id\"{}",
            dialect.rows(1, IDS),
            dialect.for_update()
        )
    };
    let mut counters = BTreeMap::new();
    for text in tx.rows("commit.counters", make, workspaces.iter().map(id_row).collect()).await? {
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
