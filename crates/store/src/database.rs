//! Connections: one for writing, a few for reading. Every statement returns one text column.

use std::{
    collections::HashMap,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sqlx::{
    AssertSqlSafe, PgConnection, PgPool, Postgres, Sqlite, SqlitePool, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{
    dialect::Dialect,
    error::StoreError,
    table::{Noun, Rows, clean, decode, parse},
};

/// Connections that only read.
const READERS: u32 = 4;
/// How long a connection is waited for.
const ACQUIRE: Duration = Duration::from_secs(5);
/// How long SQLite waits for another process's lock.
const BUSY: Duration = Duration::from_secs(10);
/// Rows that an SQLite connection may be ahead of their reader: as many as one batch returns, so
/// that neither side waits for the other in the middle of a statement.
const ROWS_AHEAD: usize = 4_096;
/// Pages of an SQLite database that the writing connection keeps, as KiB below zero. The default
/// of 2 MiB reads the pages of its indexes again and again.
const WRITER_CACHE: &str = "-16384";
/// Pages of SQLite's log after which they are moved into the database. A page that many
/// transactions change is moved once: four times as seldom as by default.
const CHECKPOINT_PAGES: &str = "4000";
/// Statements kept prepared on each connection.
const PREPARED: usize = 256;

/// A statement's argument.
#[derive(Clone, Debug)]
pub(crate) enum Arg {
    Text(String),
    Int(i64),
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(clean(text.to_owned()))
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Text(clean(text))
    }
}

impl From<i64> for Arg {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

/// A bound on the rows of a list.
pub(crate) fn limit(limit: usize) -> Arg {
    Arg::Int(i64::try_from(limit).unwrap_or(i64::MAX))
}

macro_rules! bound {
    ($query:expr, $args:expr) => {{
        let mut query = $query;
        for arg in $args {
            query = match arg {
                Arg::Text(text) => query.bind(text.as_str()),
                Arg::Int(number) => query.bind(*number),
            };
        }
        query
    }};
}

/// Statement texts, made once.
#[derive(Default)]
pub(crate) struct Texts(Mutex<HashMap<&'static str, Arc<str>>>);

impl Texts {
    pub fn get(&self, name: &'static str, make: impl FnOnce() -> String) -> Arc<str> {
        let mut texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        texts.entry(name).or_insert_with(|| make().into()).clone()
    }
}

pub(crate) enum Pools {
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    Postgres { writer: PgPool, readers: PgPool },
}

/// The database.
#[derive(Clone)]
pub(crate) struct Database {
    pub pools: Arc<Pools>,
    pub texts: Arc<Texts>,
    pub dialect: Dialect,
    pub partitions: u32,
}

impl Database {
    /// Connects. An SQLite file is made when it does not exist.
    pub async fn connect(url: &str, partitions: u32) -> Result<Self, StoreError> {
        let (pools, dialect) = if url.starts_with("sqlite:") {
            (connect_sqlite(url).await?, Dialect::Sqlite)
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            (connect_postgres(url).await?, Dialect::Postgres)
        } else {
            return Err(StoreError::Address);
        };
        Ok(Self { pools: Arc::new(pools), texts: Arc::default(), dialect, partitions })
    }

    /// Begins a transaction on the writing connection; on SQLite with the write lock, because
    /// a reading transaction that begins to write fails at once when another one wrote.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        let inner = match &*self.pools {
            Pools::Sqlite { writer, .. } => {
                Inner::Sqlite(writer.begin_with("begin immediate").await?)
            }
            Pools::Postgres { writer, .. } => Inner::Postgres(writer.begin().await?),
        };
        Ok(Tx {
            inner,
            texts: Arc::clone(&self.texts),
            dialect: self.dialect,
            partitions: self.partitions,
            rows: 0,
            put_off: Vec::new(),
        })
    }

    /// Runs a reading statement; its text is made once under the name.
    pub async fn read(
        &self,
        name: &'static str,
        make: impl FnOnce(Dialect) -> String,
        args: &[Arg],
    ) -> Result<Vec<String>, StoreError> {
        let sql = self.texts.get(name, || make(self.dialect));
        self.read_text(sql, args).await
    }

    /// Runs a reading statement whose text varies.
    pub async fn read_text(
        &self,
        sql: impl Into<Arc<str>>,
        args: &[Arg],
    ) -> Result<Vec<String>, StoreError> {
        let sql = AssertSqlSafe(sql.into());
        Ok(match &*self.pools {
            Pools::Sqlite { readers, .. } => {
                bound!(sqlx::query_scalar::<_, String>(sql), args).fetch_all(readers).await?
            }
            Pools::Postgres { readers, .. } => {
                bound!(sqlx::query_scalar::<_, String>(sql), args).fetch_all(readers).await?
            }
        })
    }

    /// Reads whole nouns; `rest` is what follows `select … from … as t`.
    pub async fn select<T: Noun>(
        &self,
        name: &'static str,
        rest: &str,
        args: &[Arg],
    ) -> Result<Vec<T>, StoreError> {
        let texts = self.read(name, |dialect| T::TABLE.select(dialect, rest), args).await?;
        texts.iter().map(|text| decode(parse(T::TABLE.name, text)?)).collect()
    }

    /// Reads at most one noun.
    pub async fn select_one<T: Noun>(
        &self,
        name: &'static str,
        rest: &str,
        args: &[Arg],
    ) -> Result<Option<T>, StoreError> {
        Ok(self.select(name, rest, args).await?.into_iter().next())
    }

    /// Closes all connections.
    pub async fn close(&self) {
        match &*self.pools {
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
        }
    }
}

async fn connect_sqlite(url: &str) -> Result<Pools, StoreError> {
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|_| StoreError::Address)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        // Otherwise a file is made and removed in every transaction that may have to undo a
        // statement of many rows.
        .pragma("temp_store", "memory")
        .row_buffer_size(ROWS_AHEAD)
        .statement_cache_capacity(PREPARED);
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(
            options
                .clone()
                .pragma("cache_size", WRITER_CACHE)
                .pragma("wal_autocheckpoint", CHECKPOINT_PAGES),
        )
        .await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(ACQUIRE)
        .test_before_acquire(false)
        .connect_with(options.pragma("query_only", "1"))
        .await?;
    Ok(Pools::Sqlite { writer, readers })
}

async fn connect_postgres(url: &str) -> Result<Pools, StoreError> {
    let mut options = PgConnectOptions::from_str(url)
        .map_err(|_| StoreError::Address)?
        .statement_cache_capacity(PREPARED);
    if options.get_application_name().is_none() {
        options = options.application_name("baton");
    }
    let pool = || PgPoolOptions::new().after_connect(|connection, _| Box::pin(tune(connection)));
    let writer = pool()
        .max_connections(1)
        .acquire_timeout(ACQUIRE)
        .test_before_acquire(false)
        .connect_with(options.clone())
        .await?;
    let readers =
        pool().max_connections(READERS).acquire_timeout(ACQUIRE).connect_with(options).await?;
    Ok(Pools::Postgres { writer, readers })
}

/// Every statement here looks a few rows up by an index or walks one in order. A planner that
/// has no statistics of a young database must not read whole tables instead. And a process that
/// was paused in the middle of a transaction must not keep the leases locked: the server ends its
/// session, so that another process can take over.
async fn tune(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let sql = "set enable_seqscan = off; set enable_bitmapscan = off; set enable_hashjoin = off; \
               set enable_mergejoin = off; set jit = off; \
               set idle_in_transaction_session_timeout = '5s'";
    sqlx::raw_sql(sql).execute(connection).await.map(|_| ())
}

enum Inner {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// A writing transaction; dropped without a commit it is undone.
pub(crate) struct Tx {
    inner: Inner,
    texts: Arc<Texts>,
    pub dialect: Dialect,
    pub partitions: u32,
    /// Rows written so far.
    pub rows: u64,
    /// Writing statements that nobody waits for, with their rows.
    put_off: Vec<(Arc<str>, String)>,
}

impl Tx {
    /// Runs a statement; its text is made once under the name.
    pub async fn run(
        &mut self,
        name: &'static str,
        make: impl FnOnce(Dialect) -> String,
        args: &[Arg],
    ) -> Result<Vec<String>, StoreError> {
        let sql = self.texts.get(name, || make(self.dialect));
        self.run_text(sql, args).await
    }

    async fn run_text(&mut self, sql: Arc<str>, args: &[Arg]) -> Result<Vec<String>, StoreError> {
        self.catch_up().await?;
        let sql = AssertSqlSafe(sql);
        Ok(match &mut self.inner {
            Inner::Sqlite(tx) => {
                bound!(sqlx::query_scalar::<_, String>(sql), args).fetch_all(&mut **tx).await?
            }
            Inner::Postgres(tx) => {
                bound!(sqlx::query_scalar::<_, String>(sql), args).fetch_all(&mut **tx).await?
            }
        })
    }

    /// Runs a writing statement that returns nothing; says how many rows it wrote.
    pub async fn write(
        &mut self,
        name: &'static str,
        make: impl FnOnce(Dialect) -> String,
        args: &[Arg],
    ) -> Result<u64, StoreError> {
        self.catch_up().await?;
        let sql = AssertSqlSafe(self.texts.get(name, || make(self.dialect)));
        Ok(match &mut self.inner {
            Inner::Sqlite(tx) => {
                bound!(sqlx::query(sql), args).execute(&mut **tx).await?.rows_affected()
            }
            Inner::Postgres(tx) => {
                bound!(sqlx::query(sql), args).execute(&mut **tx).await?.rows_affected()
            }
        })
    }

    /// Runs several statements without arguments: a migration.
    pub async fn script(&mut self, sql: &'static str) -> Result<(), StoreError> {
        self.catch_up().await?;
        match &mut self.inner {
            Inner::Sqlite(tx) => sqlx::raw_sql(sql).execute(&mut **tx).await.map(|_| ())?,
            Inner::Postgres(tx) => sqlx::raw_sql(sql).execute(&mut **tx).await.map(|_| ())?,
        }
        Ok(())
    }

    /// Runs a set-based statement on rows; none run nothing.
    pub async fn rows(
        &mut self,
        name: &'static str,
        make: impl FnOnce(Dialect) -> String,
        rows: Rows,
    ) -> Result<Vec<String>, StoreError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        self.rows += rows.count();
        self.run(name, make, &[Arg::Text(rows.array())]).await
    }

    /// A set-based statement on rows that returns nothing; none run nothing. It is put off until
    /// something is asked, or the end, and then runs together with others: each way to the
    /// connection and back takes about as long as a statement.
    pub fn put(&mut self, name: &'static str, make: impl FnOnce(Dialect) -> String, rows: Rows) {
        if rows.is_empty() {
            return;
        }
        self.rows += rows.count();
        let sql = self.texts.get(name, || match self.dialect {
            // Each of several statements in one text takes the next argument.
            Dialect::Sqlite => make(self.dialect).replace("$1", "?"),
            Dialect::Postgres => make(self.dialect),
        });
        self.put_off.push((sql, rows.array()));
    }

    /// Inserts or replaces the nouns, like [`Tx::put`].
    pub fn upsert<T: Noun>(&mut self, name: &'static str, nouns: &[T]) -> Result<(), StoreError> {
        let rows = Rows::of(nouns, self.partitions)?;
        self.put_nouns::<T>(name, rows);
        Ok(())
    }

    /// The same with rows that somebody made before.
    pub fn put_nouns<T: Noun>(&mut self, name: &'static str, rows: Rows) {
        self.put(name, |dialect| T::TABLE.upsert(dialect), rows);
    }

    /// Runs what was put off, in its order.
    async fn catch_up(&mut self) -> Result<(), StoreError> {
        let put_off = std::mem::take(&mut self.put_off);
        if put_off.is_empty() {
            return Ok(());
        }
        match &mut self.inner {
            Inner::Sqlite(tx) => {
                let texts: Vec<&str> = put_off.iter().map(|(sql, _)| sql.as_ref()).collect();
                let mut all = sqlx::query(AssertSqlSafe(texts.join(";\n")));
                for (_, rows) in &put_off {
                    all = all.bind(rows.as_str());
                }
                all.execute(&mut **tx).await?;
            }
            Inner::Postgres(tx) => {
                for (sql, rows) in put_off {
                    sqlx::query(AssertSqlSafe(sql)).bind(rows).execute(&mut **tx).await?;
                }
            }
        }
        Ok(())
    }

    /// Makes everything lasting.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        self.catch_up().await?;
        match self.inner {
            Inner::Sqlite(tx) => tx.commit().await?,
            Inner::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}
