//! The writing transaction. A way to the connection and back takes longer than most statements, so
//! that what need not be answered goes along with what must.

use std::{collections::HashMap, mem, sync::Arc};

use futures::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Either, Executor as _, Postgres, Row as _, Transaction};

use crate::{
    database::{Arg, Database, Pools, Texts, bound},
    dialect::Dialect,
    error::StoreError,
    lent::{Left, Lent},
    table::{Noun, Rows},
};

/// With the write lock, because a reading transaction of SQLite that begins to write fails at once
/// when another one wrote.
const BEGIN: &str = "begin immediate";
const COMMIT: &str = "commit";
const ROLLBACK: &str = "rollback";

/// A writing transaction; dropped without a commit it is undone.
pub(crate) struct Tx {
    inner: Inner,
    texts: Arc<Texts>,
    pub dialect: Dialect,
    pub partitions: u32,
    /// Rows written so far.
    pub rows: u64,
    /// Statements that nobody has waited for yet.
    put_off: Vec<Statement>,
    /// Answers to what was asked ahead, by the statements' names.
    foreseen: HashMap<&'static str, Vec<String>>,
}

enum Inner {
    Sqlite(Lent),
    Postgres(Transaction<'static, Postgres>),
}

struct Statement {
    sql: Arc<str>,
    args: Vec<Arg>,
}

/// A statement's name and text, where both are needed twice: to look ahead, and to ask.
pub(crate) type Question = (&'static str, fn(Dialect) -> String);

/// What came of a statement.
#[derive(Default)]
struct Answer {
    rows: Vec<String>,
    written: u64,
}

/// One answer for each statement of a query.
macro_rules! answers {
    ($connection:expr, $query:expr) => {{
        let mut stream = $connection.fetch_many($query);
        let (mut answers, mut answer) = (Vec::new(), Answer::default());
        while let Some(next) = stream.try_next().await? {
            match next {
                Either::Right(row) => answer.rows.push(row.try_get(0)?),
                Either::Left(done) => {
                    answer.written = done.rows_affected();
                    answers.push(mem::take(&mut answer));
                }
            }
        }
        answers
    }};
}

impl Database {
    /// Begins a transaction on the writing connection.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        let (inner, put_off) = match &*self.pools {
            Pools::Sqlite { writer, .. } => {
                let mut lent = writer.lend().await?;
                lent.set_left(Left::Cut);
                (Inner::Sqlite(lent), vec![Statement::plain(BEGIN)])
            }
            Pools::Postgres { writer, .. } => (Inner::Postgres(writer.begin().await?), Vec::new()),
        };
        Ok(Tx {
            inner,
            texts: Arc::clone(&self.texts),
            dialect: self.dialect,
            partitions: self.partitions,
            rows: 0,
            put_off,
            foreseen: HashMap::new(),
        })
    }
}

impl Tx {
    /// Runs a statement; its text is made once under the name.
    pub async fn run(
        &mut self,
        name: &'static str,
        make: impl FnOnce(Dialect) -> String,
        args: &[Arg],
    ) -> Result<Vec<String>, StoreError> {
        if let Some(rows) = self.foreseen.remove(name) {
            return Ok(rows);
        }
        self.put_off(name, make, args.to_vec());
        Ok(self.catch_up().await?.pop().unwrap_or_default().rows)
    }

    /// Runs a writing statement that returns nothing; says how many rows it wrote.
    pub async fn write(
        &mut self,
        name: &'static str,
        make: impl FnOnce(Dialect) -> String,
        args: &[Arg],
    ) -> Result<u64, StoreError> {
        self.put_off(name, make, args.to_vec());
        Ok(self.catch_up().await?.pop().unwrap_or_default().written)
    }

    /// Runs several statements without arguments: a migration.
    pub async fn script(&mut self, sql: &'static str) -> Result<(), StoreError> {
        self.catch_up().await?;
        match &mut self.inner {
            Inner::Sqlite(lent) => {
                sqlx::raw_sql(sql).execute(lent.connection()?).await.map(|_| ())?;
            }
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
    /// something is asked, or the end.
    pub fn put(&mut self, name: &'static str, make: impl FnOnce(Dialect) -> String, rows: Rows) {
        if !rows.is_empty() {
            self.rows += rows.count();
            self.put_off(name, make, vec![Arg::Text(rows.array())]);
        }
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

    /// Whether several answers come at once.
    pub fn can_look_ahead(&self) -> bool {
        matches!(self.inner, Inner::Sqlite(_))
    }

    /// Asks at once what will be asked one by one, in the same words: the answers are at hand then.
    pub async fn look_ahead(
        &mut self,
        alone: Question,
        on_rows: impl IntoIterator<Item = (Question, Rows)>,
    ) -> Result<(), StoreError> {
        let first = self.put_off.len();
        let mut names = vec![alone.0];
        self.put_off(alone.0, alone.1, Vec::new());
        for ((name, make), rows) in on_rows.into_iter().filter(|(_, rows)| !rows.is_empty()) {
            names.push(name);
            self.put_off(name, make, vec![Arg::Text(rows.array())]);
        }
        let answers = self.catch_up().await?.into_iter().skip(first);
        self.foreseen = names.into_iter().zip(answers.map(|answer| answer.rows)).collect();
        Ok(())
    }

    fn put_off(
        &mut self,
        name: &'static str,
        make: impl FnOnce(Dialect) -> String,
        args: Vec<Arg>,
    ) {
        let sql = self.texts.get(name, || make(self.dialect));
        self.put_off.push(Statement { sql, args });
    }

    /// Runs what was put off, in its order; on SQLite at once.
    async fn catch_up(&mut self) -> Result<Vec<Answer>, StoreError> {
        let put_off = mem::take(&mut self.put_off);
        if put_off.is_empty() {
            return Ok(Vec::new());
        }
        match &mut self.inner {
            Inner::Sqlite(lent) => {
                let (sql, args) = joined(&put_off);
                let query = bound!(sqlx::query(AssertSqlSafe(sql)), args);
                Ok(answers!(lent.connection()?, query))
            }
            Inner::Postgres(tx) => {
                let mut all = Vec::with_capacity(put_off.len());
                for Statement { sql, args } in put_off {
                    let query = bound!(sqlx::query(AssertSqlSafe(sql)), &args);
                    all.append(&mut answers!(tx, query));
                }
                Ok(all)
            }
        }
    }

    /// Makes everything lasting.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        if matches!(self.inner, Inner::Sqlite(_)) {
            self.put_off.push(Statement::plain(COMMIT));
        }
        if let Err(error) = self.catch_up().await {
            // Where that fails too, the connection is closed, which undoes it.
            let _ = self.rollback().await;
            return Err(error);
        }
        match self.inner {
            Inner::Sqlite(mut lent) => lent.set_left(Left::Idle),
            Inner::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }

    /// Undoes everything, and keeps the connection.
    pub async fn rollback(self) -> Result<(), StoreError> {
        let began = self.put_off.first().is_none_or(|first| *first.sql != *BEGIN);
        match self.inner {
            Inner::Sqlite(mut lent) => {
                if began {
                    sqlx::raw_sql(ROLLBACK).execute(lent.connection()?).await?;
                }
                lent.set_left(Left::Idle);
            }
            Inner::Postgres(tx) => tx.rollback().await?,
        }
        Ok(())
    }
}

impl Statement {
    fn plain(sql: &'static str) -> Self {
        Self { sql: sql.into(), args: Vec::new() }
    }
}

/// Several statements as one: each place of an argument takes the next one.
fn joined(statements: &[Statement]) -> (String, Vec<&Arg>) {
    let (mut sql, mut args) = (String::new(), Vec::new());
    for statement in statements {
        sql.push_str(if sql.is_empty() { "" } else { ";\n" });
        let mut pieces = statement.sql.split('$');
        sql.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let digits = piece.len() - piece.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let place = piece[..digits].parse::<usize>().ok().and_then(|n| n.checked_sub(1));
            sql.push(if place.is_some() { '?' } else { '$' });
            args.extend(place.and_then(|place| statement.args.get(place)));
            sql.push_str(&piece[digits..]);
        }
    }
    (sql, args)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(sql: &str, args: &[i64]) -> Statement {
        Statement { sql: sql.into(), args: args.iter().copied().map(Arg::Int).collect() }
    }

    #[tokio::test]
    async fn what_is_dropped_in_the_middle_is_undone() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("baton.db").display());
        let database = Database::connect(&url, 4).await.unwrap();
        let mut tx = database.begin().await.unwrap();
        tx.script("create table \"a\" (\"b\" text)").await.unwrap();
        tx.commit().await.unwrap();
        let write = async |text: &str| {
            let mut tx = database.begin().await.unwrap();
            let insert = "insert into \"a\" values ($1)".to_owned();
            assert_eq!(tx.write("insert", |_| insert, &[text.into()]).await.unwrap(), 1);
            tx
        };
        drop(write("dropped").await);
        write("rolled back").await.rollback().await.unwrap();
        write("kept").await.commit().await.unwrap();
        let kept = database.read_text("select \"b\" from \"a\"", &[]).await.unwrap();
        assert_eq!(kept, ["kept"]);
        database.close().await;
    }

    #[test]
    fn statements_share_their_arguments_in_the_order_of_their_places() {
        let statements = [
            statement("begin", &[]),
            statement("select $2, $1, $1 from \"a$\"", &[1, 2]),
            statement("delete $1", &[3]),
        ];
        let (sql, args) = joined(&statements);
        assert_eq!(sql, "begin;\nselect ?, ?, ? from \"a$\";\ndelete ?");
        let number = |arg: &&Arg| match arg {
            Arg::Int(number) => *number,
            Arg::Text(_) => 0,
        };
        assert_eq!(args.iter().map(number).collect::<Vec<_>>(), [2, 1, 1, 3]);
    }
}
