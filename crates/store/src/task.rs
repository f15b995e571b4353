//! Things to do at a time.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use baton_core::{
    ids::TaskId,
    task::{Task, TaskKind},
    time::Timestamp,
};

use crate::{
    Store, database::limit, delivery, dialect::Dialect, error::StoreError, inbound, table::Noun,
    table::decode, table::parse,
};

/// What is left to do, in the whole database.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Unfinished {
    /// Events that are not dealt with.
    pub inbound: u64,
    /// Events that were set aside.
    pub parked: u64,
    /// The outbox, by the state's name.
    pub deliveries: BTreeMap<String, u64>,
    /// Tasks, by the kind's name.
    pub tasks: BTreeMap<String, u64>,
}

impl Store {
    /// The tasks whose time has come, within the partitions that this process holds; the
    /// fetching of files aside, which has its own workers.
    ///
    /// # Errors
    /// The database failed.
    pub async fn task_due(&self, now: Timestamp, max: usize) -> Result<Vec<Task>, StoreError> {
        self.due("<> 'fetch'", now, max).await
    }

    /// The files whose fetching is due, within the partitions that this process holds.
    ///
    /// # Errors
    /// The database failed.
    pub async fn fetch_due(&self, now: Timestamp, max: usize) -> Result<Vec<Task>, StoreError> {
        self.due("= 'fetch'", now, max).await
    }

    async fn due(&self, kind: &str, now: Timestamp, max: usize) -> Result<Vec<Task>, StoreError> {
        let rest = format!(
            "where t.\"due_at\" <= $1 and t.\"kind\" {kind} and t.\"partition\" in ({}) \
             order by t.\"due_at\", t.\"id\" limit $2",
            self.held_partitions()
        );
        let sql = Task::TABLE.select(self.database().dialect, &rest);
        let texts = self.database().read_text(sql, &[now.0.into(), limit(max)]).await?;
        texts.iter().map(|text| decode(parse("task", text)?)).collect()
    }

    /// The earliest moment after this one at which anything is to be done that is not blocked by
    /// something before it, within the partitions that this process holds.
    ///
    /// # Errors
    /// The database failed.
    pub async fn next_due_at(&self, after: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let sql = next_due_sql(&self.held_partitions());
        let texts = self.database().read_text(sql, &[after.0.into()]).await?;
        Ok(texts.first().and_then(|text| text.parse().ok()).map(Timestamp))
    }

    /// Since when the oldest event or delivery of the whole database waits that is neither
    /// set aside nor held; none when nothing waits.
    ///
    /// # Errors
    /// The database failed.
    pub async fn unfinished_since(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "select cast(u.\"at\" as text) from (\
                   select min(\"received_at\") as \"at\" from \"inbound\" where \"state\" = 'waiting' \
                   union all select min(\"received_at\") from \"intake\" \
                   union all select min(\"created_at\") from \"delivery\" \
                   where \"unfinished\" = 1 and \"state\" <> 'held') u \
                   where u.\"at\" is not null order by u.\"at\" limit 1";
        let texts = self.database().read("task.unfinished_since", |_| sql.to_owned(), &[]).await?;
        Ok(texts.first().and_then(|text| text.parse().ok()).map(Timestamp))
    }

    /// What is left to do.
    ///
    /// # Errors
    /// The database failed.
    pub async fn unfinished(&self) -> Result<Unfinished, StoreError> {
        let make = |dialect: Dialect| {
            let sum = |noun: &str, name: &str, count: &str| {
                dialect.text(&dialect.object(&[
                    ("noun", format!("'{noun}'")),
                    ("name", name.to_owned()),
                    ("count", count.to_owned()),
                ]))
            };
            let count = |noun: &str, name: &str| sum(noun, name, "count(*)");
            format!(
                "select {} from \"intake\" \
                 union all select {} from \"inbound\" where \"state\" = 'waiting' group by \"state\" \
                 union all select {} from \"inbound\" where \"state\" = 'parked' group by \"state\" \
                 union all select {} from \"delivery\" where \"unfinished\" = 1 group by \"state\" \
                 union all select {} from \"task\" group by \"kind\"",
                sum("inbound", "'packed'", "cast(coalesce(sum(\"count\"), 0) as bigint)"),
                count("inbound", "\"state\""),
                count("parked", "\"state\""),
                count("delivery", "\"state\""),
                count("task", "\"kind\"")
            )
        };
        let mut left = Unfinished::default();
        for text in self.database().read("task.unfinished", make, &[]).await? {
            let row = parse("unfinished", &text)?;
            let count = row["count"].as_u64().unwrap_or(0);
            let name = row["name"].as_str().unwrap_or_default().to_owned();
            match row["noun"].as_str() {
                Some("inbound") => left.inbound += count,
                Some("parked") => left.parked = count,
                Some("delivery") => drop(left.deliveries.insert(name, count)),
                _ => drop(left.tasks.insert(name, count)),
            }
        }
        Ok(left)
    }
}

/// One of a kind per subject: the id follows from both.
pub(crate) fn task_id(what: TaskKind) -> TaskId {
    let name = format!("{}:{}", what.name(), what.subject());
    let mut bytes = [0; 16];
    let digest = digest(&SHA256, name.as_bytes());
    bytes.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    TaskId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// The first of each kind, by its index. A minimum would be as right, but SQLite reads everything
/// that is still to come for it.
pub(crate) fn next_due_sql(held: &str) -> String {
    let first = |table: &str, at: &str, rest: &str| {
        format!(
            "select h.\"at\" from (select t.\"{at}\" as \"at\" from \"{table}\" t \
             where t.\"partition\" in ({held}) and t.\"{at}\" > $1 {rest} \
             order by t.\"{at}\" limit 1) h"
        )
    };
    let waiting = |head: &str| format!("and t.\"state\" = 'waiting' and {head}");
    let firsts = [
        first("task", "due_at", ""),
        first("delivery", "next_at", &waiting(delivery::HEAD)),
        first("inbound", "next_at", &waiting(inbound::HEAD)),
    ];
    format!(
        "select cast(u.\"at\" as text) from ({}) u order by u.\"at\" limit 1",
        firsts.join(" union all ")
    )
}
