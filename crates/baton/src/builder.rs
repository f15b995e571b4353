//! Makes channels, desks and engines: the one place that knows every registry.

use std::{path::Path, sync::Arc, time::Duration};

use baton_core::{
    channel::Channel,
    config::ConfigFault,
    desk::Desk,
    engine::Engine,
    ids::DeskId,
    keep::Keep,
    secret::Secret,
    time::{BoxFuture, Clock, Timestamp},
};
use baton_engines::knowledge::Index;
use baton_files::Files;
use baton_relay::{Builder, Vendor};
use baton_store::Store;
use serde_json::{Map, Value};

/// An unreachable vendor is known not to have got anything after this long.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What vendors are made with.
pub struct Vendors {
    channels: baton_channels::Deps,
    desks: baton_desks::Deps,
    engines: baton_engines::Deps,
    store: Option<Store>,
    /// Settings that every source of a vendor gets unless it has its own.
    defaults: toml::Table,
}

/// Why vendors cannot be made at all.
#[derive(Debug, thiserror::Error)]
pub enum VendorsError {
    /// The HTTP client cannot be made.
    #[error("make the HTTP client: {0}")]
    Http(#[from] reqwest::Error),
    /// The client of files cannot be made.
    #[error(transparent)]
    Files(#[from] baton_files::ClientError),
    /// The knowledge folder cannot be read.
    #[error("read the knowledge folder: {0}")]
    Knowledge(String),
}

/// The HTTP client that everything uses: no redirects, so that one attempt is one call.
///
/// # Errors
/// The TLS configuration of the machine is broken.
pub fn http_client(development: bool) -> Result<reqwest::Client, reqwest::Error> {
    let builder = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("baton/", env!("CARGO_PKG_VERSION")));
    // Simulators live on loopback, where a proxy of the machine has no business.
    if development { builder.no_proxy() } else { builder }.build()
}

impl Vendors {
    /// Reads the knowledge folder and makes the HTTP client.
    ///
    /// # Errors
    /// The folder cannot be read, or the client cannot be made.
    pub fn new(
        clock: &Arc<dyn Clock>,
        development: bool,
        knowledge: &str,
        defaults: toml::Table,
    ) -> Result<Self, VendorsError> {
        let http = http_client(development)?;
        let downloads = baton_files::Client::new(development)?;
        let index = if knowledge.is_empty() {
            Index::empty()
        } else {
            Index::load(Path::new(knowledge)).map_err(|e| VendorsError::Knowledge(e.to_string()))?
        };
        let clock = || Arc::clone(clock);
        Ok(Self {
            channels: baton_channels::Deps {
                http: http.clone(),
                downloads: downloads.clone(),
                clock: clock(),
                development,
            },
            desks: baton_desks::Deps {
                http: http.clone(),
                downloads,
                clock: clock(),
                keep: None,
                files: None,
                development,
            },
            engines: baton_engines::Deps {
                http,
                clock: clock(),
                development,
                knowledge: Arc::new(index),
            },
            store: None,
            defaults,
        })
    }

    /// The same with the files that desks may be given, and where they keep what they keep.
    #[must_use]
    pub fn with_store(mut self, files: Arc<Files>, store: Store) -> Self {
        self.desks.files = Some(files);
        self.store = Some(store);
        self
    }

    fn with_defaults(&self, vendor: &str, settings: &Map<String, Value>) -> Map<String, Value> {
        let mut merged = settings.clone();
        let defaults = self.defaults.get(vendor).and_then(toml::Value::as_table);
        for (key, value) in defaults.into_iter().flatten() {
            if let Some(text) = value.as_str() {
                merged.entry(key.clone()).or_insert_with(|| text.into());
            }
        }
        merged
    }
}

impl Builder for Vendors {
    fn vendors(&self) -> Vec<Vendor> {
        let vendors = baton_channels::vendors().iter().map(|&name| Vendor {
            name,
            title: baton_channels::title(name).unwrap_or(name),
            fields: baton_channels::fields(name).unwrap_or_default(),
        });
        vendors.collect()
    }

    fn desk_vendors(&self) -> Vec<Vendor> {
        let vendors = baton_desks::vendors().map(|name| Vendor {
            name,
            title: baton_desks::title(name).unwrap_or(name),
            fields: baton_desks::fields(name).unwrap_or_default(),
        });
        vendors.collect()
    }

    fn channel(
        &self,
        vendor: &str,
        settings: &Map<String, Value>,
    ) -> Result<Arc<dyn Channel>, ConfigFault> {
        baton_channels::build(vendor, &self.with_defaults(vendor, settings), &self.channels)
    }

    fn desk(
        &self,
        id: DeskId,
        vendor: &str,
        settings: &Map<String, Value>,
    ) -> Result<Arc<dyn Desk>, ConfigFault> {
        let keep = self.store.as_ref().map(|store| Drawer::of(id, store, &self.desks.clock));
        let deps = baton_desks::Deps { keep, ..self.desks.clone() };
        baton_desks::build(vendor, &self.with_defaults(vendor, settings), &deps)
    }

    fn engine(
        &self,
        vendor: &str,
        settings: &Map<String, Value>,
    ) -> Result<Arc<dyn Engine>, ConfigFault> {
        baton_engines::build(vendor, &self.with_defaults(vendor, settings), &self.engines)
    }
}

/// What one desk keeps in the store. Trouble there costs a credential, which is got again.
struct Drawer {
    desk: DeskId,
    store: Store,
    clock: Arc<dyn Clock>,
}

impl Drawer {
    fn of(desk: DeskId, store: &Store, clock: &Arc<dyn Clock>) -> Arc<dyn Keep> {
        Arc::new(Self { desk, store: store.clone(), clock: Arc::clone(clock) })
    }
}

impl Keep for Drawer {
    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Option<Secret>> {
        Box::pin(async move {
            match self.store.kept_get(self.desk, name, self.clock.now()).await {
                Ok(kept) => kept,
                Err(error) => {
                    tracing::warn!(desk = %self.desk, %error, "what a desk keeps was not read");
                    None
                }
            }
        })
    }

    fn put<'a>(&'a self, name: &'a str, value: &'a Secret, until: Timestamp) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let span = (self.clock.now(), until);
            if let Err(error) = self.store.kept_put(self.desk, name, value, span).await {
                tracing::warn!(desk = %self.desk, %error, "what a desk keeps was not written");
            }
        })
    }
}
