//! Which commits may be: those under a lease, of an event that waits or is the next of its key, of
//! the newest version, and of addresses that nobody else has just taken.

use std::collections::{HashMap, HashSet};

use baton_core::{
    contact::Point,
    conversation::{Conversation, partition_of},
};

use super::{
    Commit, Round,
    nouns::{CONTACT_POINTS, contact_point_rows},
    number,
};
use crate::{
    conversation::point_rows,
    dialect::Dialect,
    error::{CommitError, StoreError},
    inbound, lease,
    state::{IDS, id_row},
    table::{Column, Kind, Noun, Row, Rows, parse},
    transaction::{Question, Tx},
};

const ALIASES: &[Column] = &[
    ("workspace", Kind::Text),
    ("inbox", Kind::Text),
    ("kind", Kind::Text),
    ("value", Kind::Text),
    ("conversation", Kind::Text),
];

const EVENTS: Question = ("commit.events", events_sql);
const RAISE: Question = ("commit.raise", raise_sql);

/// Asks at once what is asked if nobody loses before the versions are raised; false where that
/// gains nothing, or where others may lose before that.
pub(super) async fn look_ahead(tx: &mut Tx, round: &Round<'_>) -> Result<bool, StoreError> {
    if !tx.can_look_ahead() || round.alive().any(|(_, c)| !c.effects.recipients.is_empty()) {
        return Ok(false);
    }
    let on_rows = [
        (EVENTS, stored_events(round)),
        (inbound::DEALT_WITH, arriving_events(round)),
        (RAISE, conversations(round, is_known)),
        (number::COUNT, number::workspaces(round)),
    ];
    tx.look_ahead(lease::CURRENT, on_rows).await?;
    Ok(true)
}

/// The event is still to be dealt with, and this node holds the lease that covers the work: of
/// the event's partition, or of the conversation's where there is no event.
pub(super) async fn fence(
    tx: &mut Tx,
    node: &str,
    round: &mut Round<'_>,
) -> Result<(), StoreError> {
    let leases = lease::current(tx).await?;
    let events = waiting_events(tx, round).await?;
    round.keep(&CommitError::OutOfTurn, |_, commit| {
        commit.stored().is_none_or(|id| events.contains_key(&id.to_string()))
    });
    let partitions = tx.partitions;
    let pledges = round.pledges;
    round.keep(&CommitError::Fenced, |at, commit| {
        let partition = match (commit.stored(), &pledges[at].arriving) {
            (Some(id), _) => events.get(&id.to_string()).copied().unwrap_or(u32::MAX),
            (None, Some(event)) => event.partition,
            (None, None) => partition_of(commit.effects.conversation.id, partitions),
        };
        let term = pledges[at].terms.by_partition.get(&partition);
        leases.iter().any(|(stored, owner, stored_term)| {
            *stored == partition && owner.as_deref() == Some(node) && term == Some(stored_term)
        })
    });
    Ok(())
}

/// The partitions of the commits' events that wait, kept from being dealt with by others.
async fn waiting_events(
    tx: &mut Tx,
    round: &Round<'_>,
) -> Result<HashMap<String, u32>, StoreError> {
    let mut events = HashMap::new();
    for text in tx.rows(EVENTS.0, EVENTS.1, stored_events(round)).await? {
        let row = parse("inbound", &text)?;
        let id = row["id"].as_str().unwrap_or_default().to_owned();
        events
            .insert(id, row["partition"].as_u64().and_then(|p| u32::try_from(p).ok()).unwrap_or(0));
    }
    Ok(events)
}

fn stored_events(round: &Round<'_>) -> Rows {
    round.alive().filter_map(|(_, commit)| commit.stored().map(id_row)).collect()
}

fn events_sql(dialect: Dialect) -> String {
    let fields = [("id", "\"id\"".to_owned()), ("partition", "\"partition\"".to_owned())];
    format!(
        "select {} from \"inbound\" where \"id\" in (select r.\"id\" from {}) \
         and \"state\" = 'waiting' order by \"id\"{}",
        dialect.text(&dialect.object(&fields)),
        dialect.rows(1, IDS),
        dialect.for_update()
    )
}

/// Stores the events that come with commits, as dealt with: those that are new, and for whose key
/// nothing older waits, packed or not. Returns which were stored.
pub(super) async fn store_arriving(
    tx: &mut Tx,
    round: &mut Round<'_>,
) -> Result<HashSet<String>, StoreError> {
    let pledges = round.pledges;
    let events = arriving_events(round);
    let (name, make) = inbound::DEALT_WITH;
    let stored = tx.rows(name, make, events).await?;
    let stored: HashSet<String> = stored.into_iter().collect();
    round.keep(&CommitError::OutOfTurn, |at, _| {
        pledges[at].arriving.as_ref().is_none_or(|event| stored.contains(&event.id))
    });
    Ok(stored)
}

fn arriving_events(round: &Round<'_>) -> Rows {
    let pledges = round.pledges;
    let events = round.alive().filter_map(|(at, _)| pledges[at].arriving.as_ref());
    inbound::numbered(events)
}

/// Removes the events again whose commits lost afterwards.
pub(super) fn forget_lost(tx: &mut Tx, round: &Round<'_>, stored: &HashSet<String>) {
    let kept: HashSet<&String> = round
        .alive()
        .filter_map(|(at, _)| round.pledges[at].arriving.as_ref())
        .map(|event| &event.id)
        .collect();
    let lost = stored.iter().filter(|id| !kept.contains(id));
    let make = |dialect: Dialect| {
        format!(
            "delete from \"inbound\" where \"id\" in (select r.\"id\" from {})",
            dialect.rows(1, IDS)
        )
    };
    tx.put("commit.lost_events", make, lost.map(id_row).collect());
}

/// Writes the conversations whose version is still the one that was read.
pub(super) async fn raise_versions(tx: &mut Tx, round: &mut Round<'_>) -> Result<(), StoreError> {
    let rows = conversations(round, is_known);
    let won = tx.rows(RAISE.0, RAISE.1, rows).await?;
    let won: HashSet<String> = won.into_iter().collect();
    round.keep(&CommitError::Conflict, |_, commit| {
        !is_known(commit) || won.contains(&commit.effects.conversation.id.to_string())
    });
    Ok(())
}

fn raise_sql(dialect: Dialect) -> String {
    let table = Conversation::TABLE;
    let sets: Vec<String> =
        table.written().iter().map(|(name, _)| format!("\"{name}\" = r.\"{name}\"")).collect();
    format!(
        "update \"conversation\" set {} from {} where \"conversation\".\"id\" = r.\"id\" \
         and \"conversation\".\"version\" = r.\"version\" - 1 returning \"conversation\".\"id\"",
        sets.join(", "),
        dialect.rows(1, &table.written())
    )
}

fn is_known(commit: &Commit) -> bool {
    commit.effects.conversation.version > 0
}

fn is_new(commit: &Commit) -> bool {
    !is_known(commit)
}

fn conversations(round: &Round<'_>, wanted: impl Fn(&Commit) -> bool) -> Rows {
    let alive = round.alive().filter(|(_, commit)| wanted(commit));
    alive.map(|(at, _)| &round.pledges[at].rows.conversation).collect()
}

/// Makes the new conversations whose points nobody else took first, and notes every alias.
pub(super) async fn make_conversations(
    tx: &mut Tx,
    round: &mut Round<'_>,
) -> Result<(), StoreError> {
    refuse_known_people(tx, round).await?;
    let mut aliases = Vec::new();
    for (_, commit) in round.alive() {
        aliases.extend(alias_rows(commit));
    }
    // Sorted, so that two nodes never wait for each other's rows.
    aliases.sort_by_cached_key(|row| {
        ["inbox", "kind", "value"].map(|name| row[name].as_str().unwrap_or_default().to_owned())
    });
    let mut won: HashMap<String, usize> = HashMap::new();
    for id in tx.rows("commit.aliases", alias_sql, aliases.into_iter().collect()).await? {
        *won.entry(id).or_default() += 1;
    }
    let complete = |commit: &Commit| {
        let id = commit.effects.conversation.id.to_string();
        won.get(&id).copied().unwrap_or(0) == alias_rows(commit).len()
    };
    let lost: Rows = round
        .alive()
        .filter(|(_, c)| is_new(c) && !complete(c))
        .map(|(_, c)| id_row(c.effects.conversation.id))
        .collect();
    round.keep(&CommitError::Conflict, |_, commit| is_known(commit) || complete(commit));
    let make = |dialect: Dialect| {
        format!(
            "delete from \"alias\" where \"conversation\" in (select r.\"id\" from {})",
            dialect.rows(1, IDS)
        )
    };
    tx.rows("commit.lost_aliases", make, lost).await?;
    let rows = conversations(round, is_new);
    let make =
        |dialect: Dialect| format!("{} returning \"id\"", Conversation::TABLE.insert(dialect));
    let made: HashSet<String> = tx.rows("commit.make", make, rows).await?.into_iter().collect();
    round.keep(&CommitError::Conflict, |_, commit| {
        is_known(commit) || made.contains(&commit.effects.conversation.id.to_string())
    });
    Ok(())
}

fn alias_sql(dialect: Dialect) -> String {
    let names = "\"workspace\", \"inbox\", \"kind\", \"value\", \"conversation\"";
    format!(
        "insert into \"alias\" ({names}) select {names} from {} where true \
         on conflict do nothing returning \"conversation\"",
        dialect.rows(1, ALIASES)
    )
}

fn alias_rows(commit: &Commit) -> Vec<Row> {
    let conversation = &commit.effects.conversation;
    let mut points = commit.aliases.clone();
    points.sort();
    points.dedup();
    let mut rows = point_rows(&points);
    for row in &mut rows {
        row.insert("workspace".to_owned(), conversation.workspace.to_string().into());
        row.insert("inbox".to_owned(), conversation.inbox.to_string().into());
        row.insert("conversation".to_owned(), conversation.id.to_string().into());
    }
    rows
}

/// A new conversation brings a new person, but somebody else has just stored that person: the
/// step is repeated with the one that exists.
async fn refuse_known_people(tx: &mut Tx, round: &mut Round<'_>) -> Result<(), StoreError> {
    let make = |dialect: Dialect| {
        format!(
            "select r.\"contact\" from {} cross join \"contact_point\" p where p.\"workspace\" = \
             r.\"workspace\" and p.\"kind\" = r.\"kind\" and p.\"value\" = r.\"value\" \
             group by r.\"contact\" having max(case when p.\"contact\" = r.\"contact\" \
             then 1 else 0 end) = 0",
            dialect.rows(1, CONTACT_POINTS)
        )
    };
    let rows: Rows =
        round.alive().filter(|(_, c)| is_new(c)).flat_map(|(_, c)| contact_point_rows(c)).collect();
    let known: HashSet<String> = tx.rows("commit.people", make, rows).await?.into_iter().collect();
    let mut taken: HashMap<(String, Point), String> = HashMap::new();
    round.keep(&CommitError::Conflict, |_, commit| {
        let Some(contact) = commit.effects.contact.as_ref().filter(|_| is_new(commit)) else {
            return true;
        };
        let id = contact.id.to_string();
        let workspace = contact.workspace.to_string();
        let first = contact.points.iter().all(|point| {
            let key = (workspace.clone(), point.clone());
            *taken.entry(key).or_insert_with(|| id.clone()) == id
        });
        first && !known.contains(&id)
    });
    Ok(())
}
