//! A PostgreSQL schema of its own, for work that must leave nothing behind.

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::error::StoreError;

/// A schema in somebody's database. A process that is killed leaves it there; its name says
/// what it was for.
#[derive(Debug)]
pub struct Scratch {
    server: String,
    schema: String,
}

impl Scratch {
    /// Makes the schema. The name may have lower-case letters, digits and `_`.
    ///
    /// # Errors
    /// The address or the name is not understood, or the server refuses.
    pub async fn create(server: &str, schema: &str) -> Result<Self, StoreError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !server.starts_with("postgres") || !schema.chars().all(plain) {
            return Err(StoreError::Address);
        }
        let scratch = Self { server: server.to_owned(), schema: schema.to_owned() };
        scratch.run(format!("create schema \"{schema}\"")).await?;
        Ok(scratch)
    }

    /// The address under which a store uses this schema only.
    pub fn url(&self) -> String {
        let (server, schema) = (&self.server, &self.schema);
        let sign = if server.contains('?') { '&' } else { '?' };
        format!("{server}{sign}application_name={schema}&options=-c%20search_path%3D{schema}")
    }

    /// Whether a process that uses this schema keeps the leases locked in a transaction that it
    /// does not go on with.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn has_stalled_transaction(&self) -> Result<bool, StoreError> {
        let sql = "select exists (select from pg_stat_activity as a \
                   join pg_locks as l on l.pid = a.pid and l.mode = 'RowShareLock' \
                   join pg_class as c on c.oid = l.relation and c.relname = 'lease' \
                   where a.application_name = $1 and a.state = 'idle in transaction')";
        let mut connection = PgConnection::connect(&self.server).await?;
        let found = sqlx::query_scalar(sql).bind(&self.schema).fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(found)
    }

    /// Drops the schema with everything in it.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn remove(self) -> Result<(), StoreError> {
        self.run(format!("drop schema \"{}\" cascade", self.schema)).await
    }

    async fn run(&self, sql: String) -> Result<(), StoreError> {
        let mut connection = PgConnection::connect(&self.server).await?;
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
        Ok(connection.close().await?)
    }
}
