//! What is measured: a handler that does nothing, the hub, and the hub's parts apart.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use baton_core::{ids::InboxId, time::Clock};
use baton_relay::{Builder, system::SystemClock};
use baton_store::{Scratch, SecretKey, Store, StoreConfig, StoreError};
use tokio::task::JoinHandle;

use super::{
    load::Target,
    parts::{self, Alone, Measuring},
};
use crate::{
    builder::Vendors,
    hub::{self, RunError, Running},
    settings::Settings,
};

/// How long the workers get to deal with what a phase left.
const DRAIN: Duration = Duration::from_secs(60);

/// Everything that is measured, running.
pub struct World {
    /// Reads the body and answers 200.
    pub null: Target,
    /// The hub's hook without the commit.
    pub verified: Target,
    /// Verifies and commits, one request at a time.
    pub commit_each: Target,
    /// The hub's hook.
    pub durable: Target,
    running: Running,
    plain: [JoinHandle<()>; 2],
    database: Database,
}

/// A database for one run.
enum Database {
    File(PathBuf),
    Schema(Scratch),
}

impl Database {
    async fn make(url: &str, at: u64) -> Result<(Self, String), RunError> {
        if let Some(file) = hub::sqlite_file(url) {
            let mut name = file.as_os_str().to_owned();
            name.push(format!(".{}-{at}", std::process::id()));
            let file = PathBuf::from(name);
            let url = format!("sqlite:{}", file.display());
            hub::make_folder(&url)?;
            return Ok((Self::File(file), url));
        }
        let schema = format!("baton_bench_{}_{at}", std::process::id());
        let scratch = Scratch::create(url, &schema).await?;
        let url = scratch.url();
        Ok((Self::Schema(scratch), url))
    }

    async fn remove(self) -> Result<(), RunError> {
        match self {
            Self::Schema(scratch) => Ok(scratch.remove().await?),
            Self::File(file) => {
                remove_files(&file);
                Ok(())
            }
        }
    }
}

/// Removes a database of SQLite.
pub fn remove_files(file: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        // The last two are gone already when the database was closed well.
        let _ = std::fs::remove_file(name);
    }
}

impl World {
    /// Starts everything on a database of its own.
    ///
    /// # Errors
    /// A part does not start.
    pub async fn start(url: &str, at: u64) -> Result<Self, RunError> {
        let (database, url) = Database::make(url, at).await?;
        let mut settings = Settings::load(None)?;
        settings.development.enabled = true;
        let files = std::env::temp_dir().join(format!("baton-bench-{}", std::process::id()));
        settings.files.folder = files.display().to_string();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let builder: Arc<dyn Builder> =
            Arc::new(Measuring(Vendors::new(&clock, true, "", settings.vendors.clone())?));
        let store = Store::open(StoreConfig {
            url,
            partitions: settings.store.partitions,
            key: SecretKey::read(&SecretKey::generate()?),
            node: hub::node_name(),
        })
        .await?;
        let company = parts::configure(&store).await?;
        let (null_at, null) = parts::serve(parts::null()).await?;
        let alone = Alone::new(store.clone(), builder.as_ref(), &company)?;
        let (each_at, each) = parts::serve(alone.router()).await?;
        let listener = parts::listen().await?;
        let url = "http://127.0.0.1";
        let media = hub::media(&settings, &store, url).await?;
        let running =
            hub::start_with(&settings, store, clock, builder, media, listener, url).await?;
        let target = |name, address, hook: InboxId| Target { name, address, hook: hook.0 };
        Ok(Self {
            null: target("the null handler", null_at, company.durable),
            verified: target("verification", running.address, company.verified),
            commit_each: target("a commit for each request", each_at, company.durable),
            durable: target("durable intake", running.address, company.durable),
            running,
            plain: [null, each],
            database,
        })
    }

    /// The store of the hub.
    pub fn store(&self) -> &Store {
        self.running.hub.store()
    }

    /// Events that wait for the workers.
    pub async fn backlog(&self) -> Result<u64, StoreError> {
        Ok(self.store().unfinished().await?.inbound)
    }

    /// Waits until the workers have dealt with everything.
    ///
    /// # Errors
    /// They do not get there.
    pub async fn drain(&self) -> Result<(), RunError> {
        let emptied = async {
            while self.backlog().await? > 0 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Ok(())
        };
        let late = || RunError::Refused("see the workers deal with what a phase left".to_owned());
        tokio::time::timeout(DRAIN, emptied).await.map_err(|_| late())?
    }

    /// Stops everything and removes the database.
    ///
    /// # Errors
    /// The database cannot be removed.
    pub async fn stop(self) -> Result<(), RunError> {
        self.plain.iter().for_each(JoinHandle::abort);
        self.running.stop().await;
        self.database.remove().await
    }
}
