//! SQLite's connections, which are lent and come back as they are. A pool would ask each one that
//! comes back whether it still lives, which takes as long as a query: a file does not hang up.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a connection is waited for.
pub(crate) const ACQUIRE: Duration = Duration::from_secs(5);

/// Some connections to one file.
pub(crate) struct Connections {
    options: SqliteConnectOptions,
    free: Mutex<Vec<SqliteConnection>>,
    places: Arc<Semaphore>,
    count: u32,
}

impl Connections {
    /// The first is opened at once, so that a file that cannot be used shows; more when they are
    /// needed.
    pub async fn open(options: SqliteConnectOptions, count: u32) -> Result<Arc<Self>, sqlx::Error> {
        let first = SqliteConnection::connect_with(&options).await?;
        let places = Arc::new(Semaphore::new(count as usize));
        Ok(Arc::new(Self { options, free: Mutex::new(vec![first]), places, count }))
    }

    /// Lends one; opens it where none is free.
    pub async fn lend(self: &Arc<Self>) -> Result<Lent, sqlx::Error> {
        let place = Arc::clone(&self.places).acquire_owned();
        let place = tokio::time::timeout(ACQUIRE, place).await;
        let place = place.map_err(|_| sqlx::Error::PoolTimedOut)?;
        let place = place.map_err(|_| sqlx::Error::PoolClosed)?;
        let free = self.free().pop();
        let connection = match free {
            Some(connection) => connection,
            None => SqliteConnection::connect_with(&self.options).await?,
        };
        let of = Arc::clone(self);
        Ok(Lent { connection: Some(connection), left: Left::Idle, of, _place: place })
    }

    fn free(&self) -> MutexGuard<'_, Vec<SqliteConnection>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lends no more, and closes them all once they are back.
    pub async fn close(&self) {
        // Whoever reads while the store is closed lets go soon.
        let all = tokio::time::timeout(ACQUIRE, self.places.acquire_many(self.count)).await;
        self.places.close();
        drop(all);
        let free = std::mem::take(&mut *self.free());
        for connection in free {
            if let Err(error) = connection.close().await {
                tracing::warn!(%error, "a connection was not closed in order");
            }
        }
    }
}

/// How a connection is left by whoever had it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Left {
    /// It is free.
    Idle,
    /// Its thread may still be at a query that nobody waits for: others are lent before it.
    Busy,
    /// In the middle of a transaction, which closing it undoes, or unfit for anything.
    Cut,
}

/// A connection for a while.
pub(crate) struct Lent {
    connection: Option<SqliteConnection>,
    left: Left,
    of: Arc<Connections>,
    _place: OwnedSemaphorePermit,
}

impl Lent {
    /// The connection itself.
    pub fn connection(&mut self) -> Result<&mut SqliteConnection, sqlx::Error> {
        self.connection.as_mut().ok_or(sqlx::Error::WorkerCrashed)
    }

    /// How it is left if it is let go now.
    pub fn set_left(&mut self, left: Left) {
        self.left = left;
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let mut free = self.of.free();
        match self.left {
            _ if self.of.places.is_closed() => {}
            Left::Idle => free.push(connection),
            Left::Busy => free.insert(0, connection),
            Left::Cut => {}
        }
    }
}
