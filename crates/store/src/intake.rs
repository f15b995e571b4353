//! Events that come in a rush: packed many to a row, because that costs next to nothing, and
//! sorted into their own rows when a worker has time for them. Until then they are as safe as any.

use crate::{
    Store,
    database::{Arg, Database},
    error::StoreError,
    inbound::{self, Prepared},
    transaction::Tx,
};

/// From so many vendors' requests in one transaction on it is a rush.
pub(crate) const RUSH: usize = 16;
/// A pack that has reached this size is closed.
const PACK_BYTES: usize = 1024 * 1024;
/// Packs are sorted in one transaction until it has so many events: whoever wants an answer waits
/// behind it.
const SORT_EVENTS: u64 = 256;

const ANY: &str = "select '' from \"intake\" limit 1";

/// Stores the events of many callers, so many of them vendors' requests; returns how many were new
/// of each. In a rush, and while packs of an earlier one are left, which must be understood first,
/// that shows only later, and all count as new.
pub(crate) async fn take(
    tx: &mut Tx,
    node: &str,
    requests: usize,
    lists: &[&[Prepared]],
) -> Result<Vec<usize>, StoreError> {
    if lists.is_empty() {
        return Ok(Vec::new());
    }
    if requests < RUSH && tx.run("intake.any", |_| ANY.to_owned(), &[]).await?.is_empty() {
        return inbound::insert(tx, lists).await;
    }
    let mut events: Vec<&Prepared> = lists.iter().copied().flatten().collect();
    while !events.is_empty() {
        let mut bytes = 0;
        let fits = events.iter().take_while(|event| {
            let begins = bytes < PACK_BYTES;
            bytes += event.size();
            begins
        });
        let rest = events.split_off(fits.count());
        pack(tx, node, &events).await?;
        events = rest;
    }
    Ok(lists.iter().map(|list| list.len()).collect())
}

async fn pack(tx: &mut Tx, node: &str, events: &[&Prepared]) -> Result<(), StoreError> {
    let sql = "insert into \"intake\" (\"seq\", \"node\", \"count\", \"received_at\", \"events\") \
               select coalesce(max(\"seq\"), 0) + 1, $1, $2, $3, $4 from \"intake\"";
    let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
    let since = events.first().map_or(0, |event| event.received_at.0);
    let args = [
        node.into(),
        count.into(),
        since.into(),
        Arg::Text(inbound::numbered(events.iter().copied()).array()),
    ];
    tx.rows += tx.write("intake.pack", |_| sql.to_owned(), &args).await?;
    Ok(())
}

/// Sorts the oldest packs.
async fn sort(tx: &mut Tx) -> Result<(), StoreError> {
    let oldest = "delete from \"intake\" where (\"seq\", \"node\") = \
                  (select \"seq\", \"node\" from \"intake\" order by \"seq\", \"node\" limit 1) \
                  returning \"events\"";
    let mut sorted = 0;
    while sorted < SORT_EVENTS {
        let Some(rows) = tx.run("intake.oldest", |_| oldest.to_owned(), &[]).await?.pop() else {
            break;
        };
        sorted += inbound::sort(tx, rows).await?.max(1);
    }
    Ok(())
}

impl Store {
    /// Sorts some of what came in a rush; false when nothing is left of it.
    pub(crate) async fn intake_sort(&self) -> Result<bool, StoreError> {
        if !any(self.database()).await? {
            return Ok(false);
        }
        self.write(|tx| Box::pin(sort(tx))).await?;
        Ok(true)
    }
}

async fn any(database: &Database) -> Result<bool, StoreError> {
    Ok(!database.read("intake.any", |_| ANY.to_owned(), &[]).await?.is_empty())
}
