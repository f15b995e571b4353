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
        let sign = if self.server.contains('?') { '&' } else { '?' };
        format!("{}{sign}options=-c%20search_path%3D{}", self.server, self.schema)
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
