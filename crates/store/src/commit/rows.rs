//! The rows of a commit, made by whoever commits. The writer works for everybody, one transaction
//! after the other: what it need not do others do, on all processors.

use std::collections::BTreeMap;

use baton_core::{
    feed::{Fact, FactKind, NewFact},
    session::Session,
    task::{Task, TaskChange},
};
use serde_json::Value;

use super::Commit;
use crate::{
    error::StoreError,
    table::{Row, Rows, clean, encode},
    task::task_id,
};

/// A longer metadata value cannot be looked up: an index has limits.
const TRACE_MAX_BYTES: usize = 512;

/// What can be written as it is.
pub(super) struct CommitRows {
    /// With the version that the commit makes.
    pub conversation: Rows,
    /// Those that have their number.
    pub sessions: Rows,
    pub handoffs: Rows,
    pub messages: Rows,
    pub deliveries: Rows,
    pub attempts: Rows,
    pub tasks: Rows,
    /// The keys of those that are done with.
    pub cleared_tasks: Rows,
    /// What sessions can be looked up by.
    pub traces: Rows,
    /// All but the position of each; none of a fact about a session that has no number yet.
    pub facts: Vec<Option<Rows>>,
}

impl CommitRows {
    pub fn make(commit: &Commit, partitions: u32) -> Result<Self, StoreError> {
        let effects = &commit.effects;
        let mut conversation = effects.conversation.clone();
        conversation.version += 1;
        let sessions = newest(&effects.sessions, |session| session.id);
        let (tasks, cleared_tasks) = tasks(commit);
        Ok(Self {
            conversation: Rows::of([&conversation], partitions)?,
            traces: traces(&sessions),
            sessions: Rows::of(sessions.into_iter().filter(|s| is_numbered(s)), partitions)?,
            handoffs: Rows::of(newest(&effects.handoffs, |h| h.id), partitions)?,
            messages: Rows::of(newest(&effects.messages, |m| m.id), partitions)?,
            deliveries: Rows::of(newest(&effects.deliveries, |d| d.id), partitions)?,
            attempts: Rows::of(newest(&effects.attempts, |a| a.id), partitions)?,
            tasks: Rows::of(&tasks, partitions)?,
            cleared_tasks,
            facts: facts(commit, partitions)?,
        })
    }
}

/// A session gets its number when it is first written.
fn is_numbered(session: &Session) -> bool {
    session.number != 0
}

/// The sessions that are to get one.
pub(super) fn unnumbered(commit: &Commit) -> impl Iterator<Item = &Session> {
    let sessions = newest(&commit.effects.sessions, |session| session.id);
    sessions.into_iter().filter(|session| !is_numbered(session))
}

/// Each noun once, as it was said last: a statement cannot write a row twice.
fn newest<T, K: PartialEq>(nouns: &[T], key: impl Fn(&T) -> K) -> Vec<&T> {
    let mut kept: Vec<&T> = Vec::with_capacity(nouns.len());
    for noun in nouns {
        match kept.iter_mut().find(|old| key(old) == key(noun)) {
            Some(old) => *old = noun,
            None => kept.push(noun),
        }
    }
    kept
}

/// The tasks that are to be, and the keys of those that are not.
fn tasks(commit: &Commit) -> (Vec<Task>, Rows) {
    let mut last = BTreeMap::new();
    for change in &commit.effects.tasks {
        let (TaskChange::Set(what, _) | TaskChange::Clear(what)) = change;
        last.insert((what.name(), what.subject()), change);
    }
    let (mut set, mut cleared) = (Vec::new(), Rows::default());
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
    (set, cleared)
}

/// What a session can be looked up by, beside its own id.
fn traces(sessions: &[&Session]) -> Rows {
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
    rows.into_values().collect()
}

fn facts(commit: &Commit, partitions: u32) -> Result<Vec<Option<Rows>>, StoreError> {
    let speaks_of_unnumbered = |fact: &NewFact| match &fact.kind {
        FactKind::SessionOpened(session)
        | FactKind::SessionChanged(session)
        | FactKind::SessionClosed(session) => !is_numbered(session),
        _ => false,
    };
    let row = |fact: &NewFact| {
        if speaks_of_unnumbered(fact) {
            return Ok(None);
        }
        let mut row = encode(&positioned(commit, fact, 0), partitions)?;
        row.remove("position");
        Ok(Some(Rows::from_iter([row])))
    };
    commit.effects.facts.iter().map(row).collect()
}

/// A fact at its place in the feed.
pub(super) fn positioned(commit: &Commit, fact: &NewFact, position: i64) -> Fact {
    Fact {
        position,
        workspace: commit.effects.conversation.workspace,
        at: commit.now,
        session: fact.session,
        kind: fact.kind.clone(),
    }
}
