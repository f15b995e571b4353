//! SQLite and PostgreSQL behind one concrete [`Store`].
//!
//! Reads use a small pool; every write goes through one writer, which commits many units of
//! work at once. A noun has one file; `dialect` is the only one that knows the database.

mod campaign;
mod commit;
mod conversation;
mod database;
mod delivery;
mod dialect;
mod error;
mod evidence;
mod feed;
mod handoff;
mod inbound;
mod intake;
mod kept;
mod lease;
mod lent;
#[cfg(test)]
mod lookups;
mod merge;
mod message;
mod message_list;
mod noun;
mod schema;
mod scratch;
mod secret;
mod session;
mod state;
mod stream;
mod table;
mod task;
mod template;
mod transaction;
mod user;
mod workspace;
mod writer;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

pub use campaign::{Progress, RecipientView};
pub use commit::{Cause, Commit};
pub use conversation::{ContactView, ConversationView};
pub use delivery::Due;
pub use error::{CommitError, StoreError};
pub use evidence::DeskRecord;
pub use inbound::{NewInbound, Parked};
pub use lease::{Holder, Terms};
pub use merge::{Merge, Unmerged};
pub use scratch::Scratch;
pub use secret::SecretKey;
pub use session::{SessionFilter, SessionView};
pub use state::Also;
pub use stream::StreamPlace;
pub use task::Unfinished;
pub use user::{ApiKey, Login, User};
pub use workspace::{
    Config, ConfigChange, DeskConfig, InboxConfig, KnownDesk, KnownInbox, Workspace,
};
pub use writer::WriterStats;

use database::Database;
use secret::Vault;
use writer::Writer;

/// Where the store keeps things, and as whom.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// `sqlite:PATH` or `postgres://USER@HOST/NAME`.
    pub url: String,
    /// How many partitions the conversations hash to; fixed when the database is first used.
    pub partitions: u32,
    /// The key that encrypts secrets; without one none can be stored.
    pub key: Option<SecretKey>,
    /// The name under which this process holds leases; unique among running processes.
    pub node: String,
}

/// The database with its writer. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    database: Database,
    writer: Writer,
    vault: Vault,
    node: String,
    partitions: u32,
    terms: Mutex<Arc<Terms>>,
}

impl Store {
    /// Connects, brings the schema up to date and checks the key.
    ///
    /// # Errors
    /// The database does not answer, is newer than this program, was made with another number
    /// of partitions, or holds secrets under another key.
    pub async fn open(config: StoreConfig) -> Result<Self, StoreError> {
        let database = Database::connect(&config.url, config.partitions.max(1)).await?;
        let vault = Vault::new(config.key);
        if let Err(error) = schema::prepare(&database, &vault).await {
            database.close().await;
            return Err(error);
        }
        Ok(Self::over(database, vault, config.node))
    }

    /// Opens a database to look at it: nothing is migrated, and no key is needed, because no
    /// secret is opened.
    ///
    /// # Errors
    /// The database does not answer, or its schema is not the one that this program knows.
    pub async fn look(url: &str) -> Result<Self, StoreError> {
        let database = Database::connect(url, 1).await?;
        match schema::versions(&database).await {
            Ok((found, known)) if found == known => {
                Ok(Self::over(database, Vault::new(None), String::new()))
            }
            Ok((found, known)) => {
                database.close().await;
                Err(if found > known {
                    StoreError::NewerSchema { found, known }
                } else {
                    StoreError::OlderSchema { found, known }
                })
            }
            Err(error) => {
                database.close().await;
                Err(error)
            }
        }
    }

    fn over(database: Database, vault: Vault, node: String) -> Self {
        let writer = Writer::start(database.clone(), node.clone());
        let partitions = database.partitions;
        let terms = Mutex::default();
        Self { shared: Arc::new(Shared { database, writer, vault, node, partitions, terms }) }
    }

    /// What the writer has done since the start.
    pub fn stats(&self) -> WriterStats {
        self.shared.writer.stats()
    }

    /// Whether the database takes writes: one goes through the writer's queue.
    ///
    /// # Errors
    /// It does not, or not in time.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                let sql = "update \"meta\" set \"value\" = \"value\" where \"name\" = 'partitions' \
                           returning \"value\"";
                tx.run("ping", |_| sql.to_owned(), &[]).await.map(|_| ())
            })
        })
        .await
    }

    /// Finishes the queued writes and closes all connections.
    pub async fn close(&self) {
        self.shared.writer.stop().await;
        self.shared.database.close().await;
    }

    /// The name under which this process holds leases.
    pub fn node(&self) -> &str {
        &self.shared.node
    }

    fn database(&self) -> &Database {
        &self.shared.database
    }

    /// The terms that this process holds now.
    fn terms(&self) -> Arc<Terms> {
        Arc::clone(&self.shared.terms.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The partitions that this process holds, as a list for `in`; no number is in an empty one.
    fn held_partitions(&self) -> String {
        let terms = self.terms();
        let list: Vec<String> = terms.by_partition.keys().map(u32::to_string).collect();
        if list.is_empty() { "-1".to_owned() } else { list.join(", ") }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("node", &self.shared.node).finish_non_exhaustive()
    }
}
