//! What every handler can reach.

use std::sync::Arc;

use baton_core::time::{Clock, MINUTE_MS, Timestamp};
use baton_relay::Hub;
use baton_store::Store;
use tokio::sync::{Mutex, Semaphore, watch};

use crate::{HttpConfig, Parts, auth::password::Passwords, limit::Tries, random::Random};

/// Failed sign-ins of one account from one address within the span; after these even the right
/// password waits.
const PAIR_TRIES: u32 = 10;
/// The same from all addresses together: far more, or a stranger could lock anybody out.
const ACCOUNT_TRIES: u32 = 100;
/// Failed sign-ins from one address within the span. Many people may share an address.
const SOURCE_TRIES: u32 = 30;
const TRIES_SPAN_MS: i64 = 15 * MINUTE_MS;
const TRIES_MAX_KEYS: usize = 10_000;
/// Lists of people that are read at the same time.
const LISTS_AT_ONCE: usize = 2;

/// Shared by all requests.
pub(crate) struct App {
    pub hub: Arc<Hub>,
    pub config: HttpConfig,
    pub random: Arc<dyn Random>,
    /// Real time: sign-ins do not expire because a demo's clock leaps.
    wall: Arc<dyn Clock>,
    pub passwords: Passwords,
    pub pair_tries: Tries,
    pub account_tries: Tries,
    pub source_tries: Tries,
    /// Changes of the configuration go one after another, each over what the one before stored.
    pub edits: Mutex<()>,
    /// Long lists of people are read a few at a time.
    pub lists: Semaphore,
    pub hooks: Semaphore,
    pub feeds: Arc<Semaphore>,
    pub stop: watch::Receiver<bool>,
}

impl App {
    pub(crate) fn new(hub: Arc<Hub>, config: HttpConfig, parts: Parts) -> Self {
        Self {
            edits: Mutex::new(()),
            lists: Semaphore::new(LISTS_AT_ONCE),
            hooks: Semaphore::new(config.max_concurrent_hooks),
            feeds: Arc::new(Semaphore::new(config.max_feeds)),
            passwords: Passwords::new(Arc::clone(&parts.random)),
            pair_tries: Tries::new(PAIR_TRIES, TRIES_SPAN_MS, TRIES_MAX_KEYS),
            account_tries: Tries::new(ACCOUNT_TRIES, TRIES_SPAN_MS, TRIES_MAX_KEYS),
            source_tries: Tries::new(SOURCE_TRIES, TRIES_SPAN_MS, TRIES_MAX_KEYS),
            hub,
            config,
            random: parts.random,
            wall: parts.wall,
            stop: parts.stop,
        }
    }

    pub(crate) fn store(&self) -> &Store {
        self.hub.store()
    }

    /// The real present moment.
    pub(crate) fn wall_now(&self) -> Timestamp {
        self.wall.now()
    }
}
