//! Starting and stopping a hub: store, vendors, workers and the HTTP side together.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use baton_core::{
    secret::Secret,
    time::{Clock, HOUR_MS},
};
use baton_files::{BucketConfig, Files, FilesConfig, FilesError, Links};
use baton_http::{HttpConfig, Parts, Random as _, SystemRandom};
use baton_relay::{
    Builder, Hub, Media,
    system::{SystemClock, SystemIds},
};
use baton_store::{SecretKey, Store, StoreConfig};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{
    builder::{Vendors, VendorsError},
    settings::Settings,
};

/// How long open requests may take when the hub stops.
const DRAIN: Duration = Duration::from_secs(10);

/// Why a hub does not run. Each text fits after "failed to".
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The settings are wrong.
    #[error(transparent)]
    Settings(#[from] crate::settings::SettingsError),
    /// The key of secrets is missing or wrong.
    #[error("read the key of secrets: {0}")]
    Key(String),
    /// The store does not open.
    #[error(transparent)]
    Store(#[from] baton_store::StoreError),
    /// The place of files does not open.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// Vendors cannot be made.
    #[error(transparent)]
    Vendors(#[from] crate::builder::VendorsError),
    /// The hub does not start.
    #[error("start the hub: {0}")]
    Start(#[from] baton_relay::StartError),
    /// An address cannot be listened on.
    #[error("listen on {address}: {source}")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        source: std::io::Error,
    },
    /// Something else about files and sockets.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
    /// Something that only a person can put right.
    #[error("{0}")]
    Refused(String),
}

impl RunError {
    /// Wraps an I/O error with what was tried.
    pub fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

/// A running hub.
pub struct Running {
    /// The hub.
    pub hub: Arc<Hub>,
    /// Where it listens.
    pub address: SocketAddr,
    stopping: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

/// Reads the key of secrets from the file or the environment.
///
/// # Errors
/// The file cannot be read, or the text is no key.
pub fn key(settings: &Settings) -> Result<Option<SecretKey>, RunError> {
    let secrets = &settings.secrets;
    let text = if secrets.key_file.is_empty() {
        match std::env::var(&secrets.key_env) {
            Ok(text) => text,
            Err(_) => return Ok(None),
        }
    } else {
        std::fs::read_to_string(&secrets.key_file)
            .map_err(|e| RunError::Key(format!("{}: {e}", secrets.key_file)))?
    };
    let refused = || {
        RunError::Key(
            "it is not 32 bytes in base64; make one with `baton key` and keep it safe".to_owned(),
        )
    };
    SecretKey::read(&text).map(Some).ok_or_else(refused)
}

/// Opens the store that the settings name.
///
/// # Errors
/// The key is wrong or the database does not answer.
pub async fn open_store(settings: &Settings) -> Result<Store, RunError> {
    make_folder(&settings.store.url)?;
    let config = StoreConfig {
        url: settings.store.url.clone(),
        partitions: settings.store.partitions,
        key: key(settings)?,
        node: node_name(),
    };
    Ok(Store::open(config).await?)
}

/// A SQLite file's folder is made when it is missing.
///
/// # Errors
/// It cannot be made.
pub fn make_folder(url: &str) -> Result<(), RunError> {
    match sqlite_file(url).and_then(Path::parent) {
        Some(folder) if !folder.as_os_str().is_empty() => std::fs::create_dir_all(folder)
            .map_err(RunError::io(format!("make the folder {}", folder.display()))),
        _ => Ok(()),
    }
}

/// The file that an address of SQLite names; none for other databases.
pub fn sqlite_file(url: &str) -> Option<&Path> {
    let path = url.strip_prefix("sqlite:")?.split('?').next()?;
    Some(Path::new(path.trim_start_matches("//")))
}

/// What the hub does with the bytes of media.
///
/// # Errors
/// The place of files cannot be opened, or the system gives no random bytes.
pub async fn media(
    settings: &Settings,
    store: &Store,
    public_url: &str,
) -> Result<Media, RunError> {
    let files = Files::open(files_config(settings)?).await?;
    // Without a key of secrets links last as long as this process.
    let mut random = [0; 32];
    if !SystemRandom.fill(&mut random) {
        return Err(RunError::Refused("get random bytes from the system".to_owned()));
    }
    let key = store.derived_key("links of files").unwrap_or(random);
    Ok(Media {
        files: Arc::new(files),
        links: Links::new(public_url, &key),
        desk_link_ms: i64::from(settings.files.desk_link_hours) * HOUR_MS,
    })
}

/// A bucket where one is named, else a folder.
fn files_config(settings: &Settings) -> Result<FilesConfig, RunError> {
    let (folder, files) = (files_folder(settings), &settings.files);
    if files.s3_bucket.is_empty() {
        return Ok(FilesConfig::Folder(folder));
    }
    let read = |name: &str| {
        std::env::var(name).map_err(|_| RunError::Key(format!("the bucket's {name} is not set")))
    };
    let bucket = BucketConfig {
        endpoint: files.s3_endpoint.clone(),
        name: files.s3_bucket.clone(),
        region: files.s3_region.clone(),
        key_id: read(&files.s3_key_id_env)?,
        secret: Secret::new(read(&files.s3_secret_env)?),
        client: baton_files::Client::new(settings.development.enabled)
            .map_err(VendorsError::from)?,
    };
    Ok(FilesConfig::Bucket(folder, Box::new(bucket)))
}

fn files_folder(settings: &Settings) -> PathBuf {
    if !settings.files.folder.is_empty() {
        return PathBuf::from(&settings.files.folder);
    }
    let data = sqlite_file(&settings.store.url).and_then(Path::parent);
    data.map_or_else(|| PathBuf::from("data"), Path::to_path_buf).join("files")
}

/// A name that is unique among running processes, and new at every start: an earlier process of this machine
/// must lose its leases too.
pub fn node_name() -> String {
    use baton_core::ids::Ids as _;
    format!("{}-{}", std::process::id(), SystemIds.uuid())
}

/// Starts everything on a listener.
///
/// # Errors
/// A part does not start; what had started is stopped again.
pub async fn start(
    settings: &Settings,
    store: Store,
    clock: Arc<dyn Clock>,
    listener: TcpListener,
    public_url: &str,
) -> Result<Running, RunError> {
    let vendors = Vendors::new(
        &clock,
        settings.development.enabled,
        &settings.knowledge.folder,
        settings.vendors.clone(),
    )?;
    let media = media(settings, &store, public_url).await?;
    let vendors = vendors.with_store(Arc::clone(&media.files), store.clone());
    start_with(settings, store, clock, Arc::new(vendors), media, listener, public_url).await
}

/// The same with vendors from elsewhere.
///
/// # Errors
/// A part does not start; what had started is stopped again.
pub async fn start_with(
    settings: &Settings,
    store: Store,
    clock: Arc<dyn Clock>,
    vendors: Arc<dyn Builder>,
    media: Media,
    listener: TcpListener,
    public_url: &str,
) -> Result<Running, RunError> {
    let address = listener.local_addr().map_err(RunError::io("read the address listened on"))?;
    let ids = Arc::new(SystemIds);
    let hub = Hub::start(store, clock, ids, vendors, media, settings.hub()).await?;
    let stopping = watch::Sender::new(false);
    let mut config = HttpConfig::new(public_url);
    config.hook_body_max_bytes = settings.server.hook_body_max_mib as usize * 1024 * 1024;
    config.max_concurrent_hooks = settings.server.max_concurrent_hooks as usize;
    config.trusted_proxies = settings.trusted_proxies()?;
    let parts = Parts {
        random: Arc::new(SystemRandom),
        wall: Arc::new(SystemClock),
        stop: stopping.subscribe(),
    };
    let app = baton_http::router(Arc::clone(&hub), config, parts);
    let limits = baton_http::Limits::default();
    let serving = tokio::spawn(baton_http::serve(listener, app, limits, stopping.subscribe()));
    Ok(Running { hub, address, stopping, serving })
}

impl Running {
    /// Stops: no new requests, what is under way ends, leases given back. Loses nothing.
    pub async fn stop(mut self) {
        self.stopping.send_replace(true);
        if tokio::time::timeout(DRAIN, &mut self.serving).await.is_err() {
            tracing::warn!("open requests were cut");
            self.serving.abort();
        }
        self.hub.stop().await;
    }
}

/// Resolves on the first wish to stop: Ctrl-C or a termination signal.
pub async fn wish_to_stop() {
    let mut terminate =
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(terminate) => terminate,
            Err(error) => {
                tracing::error!(%error, "termination signals are not heard");
                return;
            }
        };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
