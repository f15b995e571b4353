//! Connections: one for writing, a few for reading. Every statement returns one text column.

use std::{
    collections::HashMap,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sqlx::{
    AssertSqlSafe, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use crate::{
    dialect::Dialect,
    error::StoreError,
    lent::{ACQUIRE, Connections, Left},
    table::{Noun, clean, decode, parse},
};

/// Connections that only read.
const READERS: u32 = 4;
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

/// The query with its arguments.
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
pub(crate) use bound;

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
    Sqlite { writer: Arc<Connections>, readers: Arc<Connections> },
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
                let mut reader = readers.lend().await?;
                reader.set_left(Left::Busy);
                let query = bound!(sqlx::query_scalar::<_, String>(sql), args);
                let read = query.fetch_all(reader.connection()?).await;
                let crashed = matches!(read, Err(sqlx::Error::WorkerCrashed));
                reader.set_left(if crashed { Left::Cut } else { Left::Idle });
                read?
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
    let writing = options
        .clone()
        .pragma("cache_size", WRITER_CACHE)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES);
    let writer = Connections::open(writing, 1).await?;
    let readers = Connections::open(options.pragma("query_only", "1"), READERS).await?;
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
