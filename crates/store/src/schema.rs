//! Brings a database up to the schema of this program, forward only.

use crate::{database::Database, error::StoreError, secret::Vault, transaction::Tx};

/// The migrations in order; the version is the place in this list, from 1.
const MIGRATIONS: &[&str] = &[
    include_str!("../../../migrations/0001_start.sql"),
    include_str!("../../../migrations/0002_templates.sql"),
    include_str!("../../../migrations/0003_costs.sql"),
    include_str!("../../../migrations/0004_places.sql"),
    include_str!("../../../migrations/0005_after_a_desk.sql"),
    include_str!("../../../migrations/0006_evidence.sql"),
    include_str!("../../../migrations/0007_message_list.sql"),
    include_str!("../../../migrations/0008_streams.sql"),
    include_str!("../../../migrations/0009_lookups.sql"),
];

const VERSION: &str = "select cast(coalesce(max(\"version\"), 0) as text) from \"schema_version\"";

/// Migrates, and checks that partitions and key are those of the database.
pub(crate) async fn prepare(database: &Database, vault: &Vault) -> Result<(), StoreError> {
    let mut tx = database.begin().await?;
    tx.run("schema.lock", |dialect| dialect.lock_schema().to_owned(), &[]).await?;
    migrate(&mut tx).await?;
    check_partitions(&mut tx).await?;
    check_key(&mut tx, vault).await?;
    tx.commit().await
}

/// The version of the database's schema, 0 for an empty database, and the newest that this
/// program knows. Changes nothing.
pub(crate) async fn versions(database: &Database) -> Result<(i64, i64), StoreError> {
    let describe = database.dialect.describe("schema_version");
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if database.read_text(describe, &[]).await?.is_empty() {
        return Ok((0, known));
    }
    Ok((number(database.read_text(VERSION.to_owned(), &[]).await?), known))
}

async fn migrate(tx: &mut Tx) -> Result<(), StoreError> {
    tx.script("create table if not exists \"schema_version\" (\"version\" bigint not null)")
        .await?;
    let found = number(tx.run("schema.version", |_| VERSION.to_owned(), &[]).await?);
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    for (version, sql) in (1_i64..).zip(MIGRATIONS) {
        if version > found {
            tx.script(sql).await?;
            let sql = "insert into \"schema_version\" (\"version\") values ($1) \
                       returning cast(\"version\" as text)";
            tx.run("schema.raise", |_| sql.to_owned(), &[version.into()]).await?;
        }
    }
    Ok(())
}

fn number(rows: Vec<String>) -> i64 {
    rows.first().and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// A stored value that is set on first use.
async fn meta(tx: &mut Tx, name: &str, first: String) -> Result<String, StoreError> {
    let sql = "insert into \"meta\" (\"name\", \"value\") values ($1, $2) \
               on conflict (\"name\") do update set \"value\" = \"meta\".\"value\" \
               returning \"value\"";
    let rows =
        tx.run("schema.meta", |_| sql.to_owned(), &[name.into(), first.clone().into()]).await?;
    Ok(rows.into_iter().next().unwrap_or(first))
}

async fn check_partitions(tx: &mut Tx) -> Result<(), StoreError> {
    let found = meta(tx, "partitions", tx.partitions.to_string()).await?;
    if found == tx.partitions.to_string() {
        return Ok(());
    }
    Err(StoreError::Partitions { found: found.parse().unwrap_or(0) })
}

async fn check_key(tx: &mut Tx, vault: &Vault) -> Result<(), StoreError> {
    let sql = "select \"value\" from \"meta\" where \"name\" = 'key_check'";
    let stored = tx.run("schema.key", |_| sql.to_owned(), &[]).await?;
    match stored.first() {
        Some(sealed) => vault.check(sealed),
        None => match vault.check_value()? {
            Some(sealed) => meta(tx, "key_check", sealed).await.map(|_| ()),
            None => Ok(()),
        },
    }
}
