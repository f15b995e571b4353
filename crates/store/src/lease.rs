//! Which process works on which partition. Leases run in real time, never on the business clock.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use baton_core::time::Timestamp;
use serde_json::Value;

use crate::{
    Store,
    dialect::Dialect,
    error::StoreError,
    table::{Column, Kind::Int, Kind::Text, Row, Rows, parse},
    transaction::{Question, Tx},
};

/// The leases that a process holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Terms {
    /// The term of each partition held; raised whenever a partition changes hands.
    pub by_partition: BTreeMap<u32, i64>,
}

const COLUMNS: &[Column] =
    &[("partition", Int), ("node", Text), ("term", Int), ("expires_at", Int)];

/// A process that holds partitions, as the database knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holder {
    /// Its name.
    pub node: String,
    /// How many partitions it holds.
    pub partitions: usize,
    /// How long the first of its leases still lasts, in real milliseconds; negative when it is
    /// over.
    pub left_ms: i64,
}

struct Lease {
    partition: u32,
    node: Option<String>,
    term: i64,
    expires_at: i64,
}

/// Real time, because a lease is a promise between machines.
#[allow(clippy::disallowed_methods, reason = "leases run in real time, not on the business clock")]
fn real_now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

impl Store {
    /// Takes every partition that is free, expired, or left behind by an earlier process of this
    /// name, and renews those held. Returns all that are held now.
    ///
    /// # Errors
    /// The database failed; nothing changed.
    pub async fn lease_take(&self, ttl_ms: i64) -> Result<Terms, StoreError> {
        let node = self.shared.node.clone();
        let held = self.terms();
        let partitions = self.shared.partitions;
        let terms = self
            .write(move |tx| {
                Box::pin(async move {
                    let now = real_now();
                    let stored = leases(tx).await?;
                    let terms = decide(&stored, partitions, &node, &held, now);
                    let until = now.plus_ms(ttl_ms).0;
                    let rows = terms.by_partition.iter();
                    let rows = rows.map(|(p, term)| row(*p, Some(&node), *term, until)).collect();
                    save(tx, rows).await?;
                    Ok(terms)
                })
            })
            .await?;
        self.remember(terms.clone());
        Ok(terms)
    }

    /// Gives everything back, so that others need not wait for the expiry.
    ///
    /// # Errors
    /// The database failed; the leases expire by themselves.
    pub async fn lease_release(&self) -> Result<(), StoreError> {
        let node = self.shared.node.clone();
        let held = self.terms();
        self.remember(Terms::default());
        self.write(move |tx| {
            Box::pin(async move {
                let leases = leases(tx).await?;
                let mine = leases.iter().filter(|lease| lease.is_held(&node, &held));
                let rows = mine.map(|lease| row(lease.partition, None, lease.term, 0)).collect();
                save(tx, rows).await
            })
        })
        .await
    }

    /// Who holds partitions now.
    ///
    /// # Errors
    /// The database failed.
    pub async fn lease_holders(&self) -> Result<Vec<Holder>, StoreError> {
        let texts = self.database().read("lease.holders", |d| all_sql(d, ""), &[]).await?;
        let now = real_now();
        let mut holders: BTreeMap<String, (usize, i64)> = BTreeMap::new();
        for text in &texts {
            let lease = lease(&parse("lease", text)?);
            let Some(node) = lease.node else { continue };
            let holder = holders.entry(node).or_insert((0, i64::MAX));
            *holder = (holder.0 + 1, holder.1.min(lease.expires_at - now.0));
        }
        let holder = |(node, (partitions, left_ms))| Holder { node, partitions, left_ms };
        Ok(holders.into_iter().map(holder).collect())
    }

    fn remember(&self, terms: Terms) {
        *self.shared.terms.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(terms);
    }
}

impl Lease {
    fn is_held(&self, node: &str, held: &Terms) -> bool {
        self.node.as_deref() == Some(node)
            && held.by_partition.get(&self.partition) == Some(&self.term)
    }
}

fn decide(stored: &[Lease], partitions: u32, node: &str, held: &Terms, now: Timestamp) -> Terms {
    let mut terms = Terms::default();
    for partition in 0..partitions {
        let lease = stored.iter().find(|lease| lease.partition == partition);
        let term = match lease {
            Some(lease) if lease.is_held(node, held) => Some(lease.term),
            Some(lease) => {
                let free = lease.node.is_none()
                    || lease.node.as_deref() == Some(node)
                    || lease.expires_at <= now.0;
                free.then_some(lease.term + 1)
            }
            None => Some(1),
        };
        terms.by_partition.extend(term.map(|term| (partition, term)));
    }
    terms
}

fn row(partition: u32, node: Option<&str>, term: i64, expires_at: i64) -> Row {
    let mut row = Row::new();
    row.insert("partition".to_owned(), partition.into());
    row.insert("node".to_owned(), node.into());
    row.insert("term".to_owned(), term.into());
    row.insert("expires_at".to_owned(), expires_at.into());
    row
}

async fn save(tx: &mut Tx, rows: Rows) -> Result<(), StoreError> {
    let make = |dialect: Dialect| {
        format!(
            "insert into \"lease\" (\"partition\", \"node\", \"term\", \"expires_at\") \
             select \"partition\", \"node\", \"term\", \"expires_at\" from {} where true \
             on conflict (\"partition\") do update set \"node\" = excluded.\"node\", \
             \"term\" = excluded.\"term\", \"expires_at\" = excluded.\"expires_at\"",
            dialect.rows(1, COLUMNS)
        )
    };
    tx.rows("lease.save", make, rows).await.map(|_| ())
}

async fn leases(tx: &mut Tx) -> Result<Vec<Lease>, StoreError> {
    read(tx, "lease.all", |dialect| all_sql(dialect, dialect.for_update())).await
}

/// What [`current`] asks, and its name.
pub(crate) const CURRENT: Question =
    ("lease.current", |dialect| all_sql(dialect, dialect.for_share()));

/// The stored terms with their owners, kept from changing until the transaction ends.
pub(crate) async fn current(tx: &mut Tx) -> Result<Vec<(u32, Option<String>, i64)>, StoreError> {
    let (name, make) = CURRENT;
    let leases = read(tx, name, make).await?;
    Ok(leases.into_iter().map(|l| (l.partition, l.node, l.term)).collect())
}

async fn read(
    tx: &mut Tx,
    name: &'static str,
    make: fn(Dialect) -> String,
) -> Result<Vec<Lease>, StoreError> {
    let texts = tx.run(name, make, &[]).await?;
    texts.iter().map(|text| Ok(lease(&parse("lease", text)?))).collect()
}

fn all_sql(dialect: Dialect, lock: &str) -> String {
    let fields: Vec<(&str, String)> =
        COLUMNS.iter().map(|(column, _)| (*column, format!("\"{column}\""))).collect();
    let object = dialect.text(&dialect.object(&fields));
    format!("select {object} from \"lease\" order by \"partition\"{lock}")
}

fn lease(row: &Row) -> Lease {
    let null = Value::Null;
    let field = |name: &str| row.get(name).unwrap_or(&null);
    Lease {
        partition: field("partition").as_u64().and_then(|p| u32::try_from(p).ok()).unwrap_or(0),
        node: field("node").as_str().map(str::to_owned),
        term: field("term").as_i64().unwrap_or(0),
        expires_at: field("expires_at").as_i64().unwrap_or(0),
    }
}
