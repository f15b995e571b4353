//! The simulated vendors in this process, the hub in its own, and their database.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use baton_core::settings::Settings;
use baton_sandbox::{Clock, Config, Sandbox};
use baton_store::{Scratch, SecretKey, Store, StoreConfig};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};

use super::hub::Hub;
use crate::seed::{self, Back, Company, Front};

/// Virtual time runs ahead of real time by this much …
const STEP_MS: i64 = 500;
/// … every so often.
const STEP_EVERY: Duration = Duration::from_millis(100);
/// An answer that takes longer is none.
const CALL_PATIENCE: Duration = Duration::from_secs(20);
/// A world that does not come to rest in this real time is stuck.
const REST_PATIENCE: Duration = Duration::from_secs(180);

/// Which database the hub uses.
#[derive(Clone, Copy, Debug)]
pub enum Database {
    Sqlite,
    Postgres,
}

/// Everything of one test.
pub struct World {
    pub hub: Hub,
    pub outside: Outside,
    pub store: Store,
    pub company: Company,
    /// How often the hub had to be started again.
    pub restarts: u32,
    sandbox: Sandbox,
    ticking: JoinHandle<()>,
    scratch: Option<Scratch>,
    folder: TempDir,
}

/// The vendors' side, as the people out there reach it.
#[derive(Clone)]
pub struct Outside {
    pub world: Arc<baton_sandbox::World>,
    http: reqwest::Client,
}

impl Outside {
    /// One order to the simulators.
    pub async fn order(&self, path: &str, body: Value) -> Result<Value, String> {
        seed::control(&self.http, &self.world.base_url, path, &body).await
    }

    /// What the simulators show.
    pub async fn see(&self, path: &str) -> Value {
        let url = format!("{}/_control/{path}", self.world.base_url);
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// The customer writes; true when the hub took it at once.
    pub async fn write(&self, phone: &str, text: &str) -> bool {
        let body = json!({ "from": phone, "name": format!("Customer {phone}"), "text": text });
        let answer = self.order("whatsapp/message", body).await.unwrap();
        answer["delivered_status"] == 200
    }

    /// Every conversation at the desk.
    pub async fn works(&self) -> Vec<Value> {
        let seen = self.see("dynamics365/conversations").await;
        seen["conversations"].as_array().cloned().unwrap()
    }

    /// One conversation at the desk with all that was said.
    pub async fn work(&self, id: &str) -> Value {
        self.see(&format!("dynamics365/conversations/{id}")).await
    }
}

impl World {
    /// Simulators, an empty database with one company in it, and a hub that does not run yet.
    pub async fn new(
        database: Database,
        adapt: impl FnOnce(&baton_sandbox::World, &mut Settings),
    ) -> Self {
        install_crypto();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let clock = Clock::running();
        let sandbox = baton_sandbox::start(Config::default(), clock, listener).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let scratch = match database {
            Database::Sqlite => None,
            Database::Postgres => Some(scratch().await),
        };
        let url = match &scratch {
            Some(scratch) => scratch.url(),
            None => format!("sqlite:{}", folder.path().join("baton.db").display()),
        };
        let key = SecretKey::generate().unwrap();
        let store = Store::open(StoreConfig {
            url: url.clone(),
            partitions: 16,
            key: SecretKey::read(&key),
            node: "the test".to_owned(),
        });
        let store = store.await.unwrap();
        let adapt = |settings: &mut Settings| adapt(&sandbox.world, settings);
        let company = seed::plant(
            &store,
            &sandbox.world,
            (&[Front::WhatsappCloud], &[Back::Dynamics365]),
            "",
            adapt,
        )
        .await
        .unwrap();
        let hub = Hub::new(folder.path(), &url, &key, &sandbox.world.base_url);
        let http = client();
        let outside = Outside { world: Arc::clone(&sandbox.world), http };
        let ticking = tokio::spawn(tick(sandbox.world.clock.clone()));
        Self { hub, outside, store, company, restarts: 0, sandbox, ticking, scratch, folder }
    }

    /// Starts the hub for the first time and tells the vendors its address.
    pub async fn open(&mut self, more: Option<(&str, &str)>) {
        self.hub.start(more);
        assert!(self.ready().await, "the hub ended at its start\n{}", self.hub.log_tail());
        let Outside { world, http } = &self.outside;
        seed::subscribe(http, &world.base_url, &self.hub.url, &self.company).await.unwrap();
    }

    pub async fn ready(&mut self) -> bool {
        let http = self.outside.http.clone();
        self.hub.ready(&http).await
    }

    /// Starts the hub again where it has ended.
    pub fn tend(&mut self) {
        if self.hub.has_ended() {
            self.hub.kill();
            self.restarts += 1;
            self.hub.start(None);
        }
    }

    /// Waits for something, bounded, and starts a hub that ended meanwhile; false in vain.
    pub async fn until<F>(&mut self, patience: Duration, happened: impl Fn(Outside) -> F) -> bool
    where
        F: Future<Output = bool>,
    {
        let end = Instant::now() + patience;
        while Instant::now() < end {
            if happened(self.outside.clone()).await {
                return true;
            }
            self.tend();
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        false
    }

    /// Waits until the hub has nothing to do now, bounded.
    pub async fn until_quiet(&mut self, patience: Duration) {
        let end = Instant::now() + patience;
        while Instant::now() < end && !self.unfinished().await.is_empty() {
            self.tend();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Ends all faults and lets time pass until nothing is left to do, and once more after the
    /// hub has compared its open handoffs with the desk.
    pub async fn rest(&mut self) {
        self.outside.world.faults.clear();
        // A webhook that a fault held back goes out behind the next one.
        self.outside.write("15550299999", "good morning").await;
        self.come_to_rest().await;
        let two_comparisons_ms = 5 * 60_000;
        self.outside.world.clock.advance(two_comparisons_ms);
        self.come_to_rest().await;
    }

    async fn come_to_rest(&mut self) {
        let end = Instant::now() + REST_PATIENCE;
        let mut calm = 0;
        while calm < 5 {
            tokio::time::sleep(Duration::from_millis(60)).await;
            self.tend();
            let (webhooks, inside) = (self.webhooks(), self.unfinished().await);
            calm = if webhooks == 0 && inside.is_empty() { calm + 1 } else { 0 };
            // Only repeats of webhooks are left: they are minutes and hours apart.
            let step_ms = if inside.is_empty() { 30_000 } else { 1_000 };
            if calm == 0 {
                self.outside.world.clock.advance(step_ms);
            }
            assert!(
                Instant::now() < end,
                "I14: {webhooks} webhooks and {inside:?} are left\n{}",
                self.hub.log_tail()
            );
        }
    }

    fn webhooks(&self) -> usize {
        let pending = self.outside.world.webhooks.pending();
        assert_eq!(pending.overflowed, 0, "the simulators threw webhooks away");
        pending.queued + pending.scheduled
    }

    /// What the hub has still to do now: neither what is held nor what is for later.
    pub async fn unfinished(&self) -> Vec<(String, u64)> {
        let left = self.store.unfinished().await.unwrap();
        let mut all = vec![("inbound".to_owned(), left.inbound)];
        all.extend(left.deliveries.into_iter().filter(|(state, _)| state != "held"));
        let soon = ["turn", "brief", "settle"];
        all.extend(left.tasks.into_iter().filter(|(kind, _)| soon.contains(&kind.as_str())));
        all.retain(|(_, count)| *count > 0);
        all
    }

    /// Whether the hub, on PostgreSQL, stands still in a transaction that locks the leases.
    pub async fn has_stalled_transaction(&self) -> bool {
        self.scratch.as_ref().unwrap().has_stalled_transaction().await.unwrap()
    }

    /// Leaves database, log and journal behind for a look, where `BATON_TEST_KEEP` asks for it.
    pub fn keep(&mut self, journal: &[baton_sandbox::Entry]) {
        if std::env::var_os("BATON_TEST_KEEP").is_some() {
            let lines: Vec<String> = journal.iter().map(|entry| json!(entry).to_string()).collect();
            std::fs::write(self.folder.path().join("journal.jsonl"), lines.join("\n")).unwrap();
            self.folder.disable_cleanup(true);
            println!("kept in {}", self.folder.path().display());
        }
    }

    /// Ends everything and leaves nothing behind.
    pub async fn close(mut self) {
        self.hub.kill();
        self.ticking.abort();
        self.store.close().await;
        self.sandbox.shutdown().await;
        if let Some(scratch) = self.scratch {
            scratch.remove().await.unwrap();
        }
    }
}

/// A client that gives up, so that a test can say what it waited for.
pub fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(CALL_PATIENCE).build().unwrap()
}

async fn tick(clock: Clock) {
    loop {
        tokio::time::sleep(STEP_EVERY).await;
        clock.advance(STEP_MS);
    }
}

async fn scratch() -> Scratch {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let server = std::env::var("BATON_TEST_POSTGRES").ok().filter(|url| !url.is_empty());
    let server = server.unwrap_or("postgres://postgres@127.0.0.1:5432/test".to_owned());
    let (now_s, count) = (seed::now().0 / 1_000, COUNT.fetch_add(1, Ordering::SeqCst));
    let schema = format!("crash_{now_s}_{}_{count}", std::process::id());
    Scratch::create(&server, &schema).await.unwrap()
}

/// The same providers that the program installs.
fn install_crypto() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
}
