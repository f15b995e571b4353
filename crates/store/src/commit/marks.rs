//! Turns of people on campaigns' lists: each is taken once, together with its message.

use std::collections::HashSet;

use baton_core::campaign::{RecipientMark, RecipientState, RecipientTurn};
use serde_json::Value;

use super::{Commit, Round};
use crate::{
    campaign::state_name,
    dialect::Dialect,
    error::{CommitError, StoreError},
    table::{Column, Kind, Row, Rows},
    transaction::Tx,
};

const MARKS: &[Column] = &[
    ("campaign", Kind::Text),
    ("place", Kind::Int),
    ("state", Kind::Text),
    ("why", Kind::Text),
    ("session", Kind::Text),
    ("message", Kind::Text),
    ("delivery", Kind::Text),
    ("marked_at", Kind::Int),
];

/// Only whoever waits on the list of a campaign that runs has a turn, and only one.
pub(super) async fn keep_waiting(tx: &mut Tx, round: &mut Round<'_>) -> Result<(), StoreError> {
    let make = |dialect: Dialect| {
        format!(
            "select t.\"campaign\" || ' ' || cast(t.\"place\" as text) from \"recipient\" t \
             where (t.\"campaign\", t.\"place\") in (select r.\"campaign\", r.\"place\" from {}) \
             and t.\"state\" = 'waiting' and exists (select 1 from \"campaign\" c \
             where c.\"id\" = t.\"campaign\" and c.\"state\" = 'running') \
             order by t.\"campaign\", t.\"place\"{}",
            dialect.rows(1, MARKS),
            dialect.for_update()
        )
    };
    let rows: Rows = round.alive().flat_map(|(_, commit)| rows(commit)).collect();
    let mut waiting: HashSet<String> =
        tx.rows("commit.turns", make, rows).await?.into_iter().collect();
    round.keep(&CommitError::Conflict, |_, commit| {
        commit.effects.recipients.iter().all(|mark| waiting.remove(&key(mark)))
    });
    Ok(())
}

/// Writes the turns that were taken.
pub(super) fn write(tx: &mut Tx, round: &Round<'_>) {
    let make = |dialect: Dialect| {
        format!(
            "update \"recipient\" set \"state\" = r.\"state\", \"why\" = r.\"why\", \
             \"session\" = r.\"session\", \"message\" = r.\"message\", \
             \"delivery\" = r.\"delivery\", \"marked_at\" = r.\"marked_at\" from {} \
             where \"recipient\".\"campaign\" = r.\"campaign\" \
             and \"recipient\".\"place\" = r.\"place\"",
            dialect.rows(1, MARKS)
        )
    };
    let rows = round.alive().flat_map(|(_, commit)| rows(commit)).collect();
    tx.put("commit.marks", make, rows);
}

fn key(mark: &RecipientMark) -> String {
    format!("{} {}", mark.campaign, mark.place)
}

fn rows(commit: &Commit) -> Vec<Row> {
    let one = |mark: &RecipientMark| {
        let mut row = Row::new();
        let mut put = |name: &str, value: Value| row.insert(name.to_owned(), value);
        put("campaign", mark.campaign.to_string().into());
        put("place", mark.place.into());
        put("marked_at", commit.now.0.into());
        match &mark.turn {
            RecipientTurn::Queued { session, message, delivery } => {
                put("state", state_name(RecipientState::Queued).into());
                put("session", session.to_string().into());
                put("message", message.to_string().into());
                put("delivery", delivery.to_string().into());
            }
            RecipientTurn::Skipped(why) => {
                put("state", state_name(RecipientState::Skipped).into());
                put("why", why.name().into());
            }
        }
        row
    };
    commit.effects.recipients.iter().map(one).collect()
}
