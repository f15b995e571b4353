//! The stage of one scenario: a sandbox on a frozen clock, a store, and a hub that can be killed.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use baton_core::{
    route::{Choice, Route, WorkKind},
    settings::Settings as Workspace,
};
use baton_relay::Hub;
use baton_sandbox::{Clock as SandboxClock, Config as SandboxConfig, Sandbox, World};
use baton_store::{ConfigChange, Scratch, SecretKey, Store, StoreConfig, StoreError};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, runtime::Runtime};
use uuid::Uuid;

use super::script::{self, Script};
use crate::{
    builder,
    clock::Virtual,
    hub::{self, RunError, Running},
    seed::{self, Back, Company, Front, SeededDesk},
    settings::Settings,
};

/// Every scenario begins at 2026-11-20 10:00 UTC, in Unix milliseconds.
const BEGIN_MS: i64 = 1_795_168_800_000;
/// A restarted hub is the same node: it takes over at once what its earlier process held.
const NODE: &str = "rehearsal";
/// How long a killed hub's threads and its socket may take to go, in real time.
const GONE: Duration = Duration::from_secs(5);
/// Threads of a hub.
const THREADS: usize = 2;

/// Where the store is. Gone when it is dropped or removed.
enum Place {
    Folder(TempDir),
    Schema(Scratch, TempDir),
}

impl Place {
    fn folder(&self) -> &Path {
        match self {
            Self::Folder(folder) | Self::Schema(_, folder) => folder.path(),
        }
    }
}

/// A running hub in a runtime of its own, so that it can end like a killed process: everywhere
/// at once, with nothing said to anybody.
struct Live {
    runtime: Option<Runtime>,
    running: Running,
}

impl Drop for Live {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Everything around one scenario.
pub struct Stage {
    /// Where the vendors are.
    pub sandbox: Sandbox,
    /// The time of everybody.
    pub clock: SandboxClock,
    /// Whose hub it is.
    pub company: Company,
    /// What a handoff makes at the desk.
    pub kind: WorkKind,
    http: reqwest::Client,
    settings: Settings,
    store: StoreConfig,
    address: SocketAddr,
    live: Option<Live>,
    place: Place,
}

impl Stage {
    /// Starts everything that the scenario needs.
    ///
    /// # Errors
    /// A part does not start, or a setting of the scenario is wrong.
    pub async fn raise(
        script: &Script,
        database: Option<&str>,
        knowledge: &Path,
    ) -> Result<Self, RunError> {
        let mut settings = Settings::load(None)?;
        settings.development.enabled = true;
        settings.knowledge.folder = knowledge.display().to_string();
        let place = place(database).await?;
        let store = store_config(&place, &settings)?;
        settings.files.folder = place.folder().join("files").display().to_string();
        let clock = SandboxClock::frozen(BEGIN_MS);
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let sandbox = baton_sandbox::start(SandboxConfig::default(), clock.clone(), listener)
            .await
            .map_err(RunError::io("start the sandbox"))?;
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let address = listener.local_addr().map_err(RunError::io("read the hub's address"))?;
        drop(listener);
        let company = plant(&store, &sandbox.world, script, &format!("http://{address}")).await?;
        let http = builder::http_client(true).map_err(builder::VendorsError::from)?;
        let mut stage = Self {
            sandbox,
            clock,
            company,
            kind: script.places.last().map_or(WorkKind::Live, |place| place.kind),
            http,
            settings,
            store,
            address,
            live: None,
            place,
        };
        stage.start_hub().await?;
        let urls = (&stage.sandbox.world.base_url, format!("http://{address}"));
        seed::subscribe(&stage.http, urls.0, &urls.1, &stage.company)
            .await
            .map_err(RunError::Refused)?;
        Ok(stage)
    }

    /// Starts the hub's process.
    ///
    /// # Errors
    /// It does not start.
    pub async fn start_hub(&mut self) -> Result<(), RunError> {
        if self.live.is_some() {
            return Err(RunError::Refused("start the hub: it runs already".to_owned()));
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .enable_all()
            .build()
            .map_err(RunError::io("start the hub's runtime"))?;
        let (settings, config) = (self.settings.clone(), self.store.clone());
        let clock = Arc::new(Virtual(self.clock.clone()));
        let address = self.address;
        let started = runtime.spawn(async move {
            let listener = listen(address).await?;
            let store = Store::open(config).await?;
            hub::start(&settings, store, clock, listener, &format!("http://{address}")).await
        });
        let running = match started.await {
            Ok(running) => running,
            Err(error) => Err(RunError::Refused(format!("start the hub: {error}"))),
        };
        match running {
            Ok(running) => {
                self.live = Some(Live { runtime: Some(runtime), running });
                Ok(())
            }
            Err(error) => {
                runtime.shutdown_background();
                Err(error)
            }
        }
    }

    /// Ends the hub's process: no request is answered, no connection closed politely, no lease
    /// given back.
    ///
    /// # Errors
    /// It does not run.
    pub async fn kill_hub(&mut self) -> Result<(), RunError> {
        let Some(mut live) = self.live.take() else {
            return Err(RunError::Refused("kill the hub: it does not run".to_owned()));
        };
        if let Some(runtime) = live.runtime.take() {
            let gone = tokio::task::spawn_blocking(move || runtime.shutdown_timeout(GONE));
            gone.await.map_err(|e| RunError::Refused(format!("kill the hub: {e}")))?;
        }
        Ok(())
    }

    /// The hub, while it runs.
    pub fn hub(&self) -> Option<&Arc<Hub>> {
        self.live.as_ref().map(|live| &live.running.hub)
    }

    /// The hub's store.
    ///
    /// # Errors
    /// The hub does not run.
    pub fn store(&self) -> Result<&Store, String> {
        Ok(self.hub().ok_or("the hub does not run")?.store())
    }

    /// Gives the sandbox an order.
    ///
    /// # Errors
    /// It refuses, with its words.
    pub async fn order(&self, path: &str, body: &Value) -> Result<Value, String> {
        seed::control(&self.http, &self.sandbox.world.base_url, path, body).await
    }

    /// The customers' side, where one is seeded.
    pub fn front(&self) -> Front {
        self.company.inboxes.first().map_or(Front::WhatsappCloud, |inbox| inbox.front)
    }

    /// The desk to which everything goes, where one is seeded.
    pub fn desk(&self) -> Option<&SeededDesk> {
        self.company.desks.first()
    }

    /// The bytes of files that are still coming.
    pub fn coming_bytes(&self) -> u64 {
        let incoming = self.place.folder().join("files/incoming");
        let files = std::fs::read_dir(incoming).into_iter().flatten().flatten();
        files.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum()
    }

    /// The hash of what an address gives.
    ///
    /// # Errors
    /// It does not answer, or refuses.
    pub async fn hash(&self, url: &str) -> Result<String, String> {
        let answer = self.http.get(url).send().await.map_err(|e| e.to_string())?;
        let answer = answer.error_for_status().map_err(|e| e.to_string())?;
        let bytes = answer.bytes().await.map_err(|e| e.to_string())?;
        let hash = digest(&SHA256, &bytes);
        Ok(hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Asks the hub's API something, or posts a document to it; the status and the answer.
    ///
    /// # Errors
    /// The hub does not answer.
    pub async fn api(&self, path: &str, body: Option<&Value>) -> Result<(u16, Value), String> {
        let (name, now) = (random().to_string(), seed::now());
        let (store, random) = (self.store()?, baton_http::SystemRandom);
        let key = baton_http::api_key_create(store, &random, self.company.workspace, &name, now);
        let key = key.await.map_err(|e| e.to_string())?;
        let url = format!("http://{}/api/{path}", self.address);
        let request = match body {
            Some(body) => self.http.post(&url).json(body),
            None => self.http.get(&url),
        };
        let answer = request.bearer_auth(key).send().await.map_err(|e| e.to_string())?;
        let status = answer.status().as_u16();
        answer.json().await.map(|answer| (status, answer)).map_err(|e| format!("{path}: {e}"))
    }

    /// Posts a document to the desk's hook.
    ///
    /// # Errors
    /// The hub does not take it.
    pub async fn tell_desk(&self, query: &str, body: &Value) -> Result<(), String> {
        let desk = self.desk().map(|desk| desk.id).ok_or("there is no desk")?;
        let url = format!("http://{}/hooks/{desk}?{query}", self.address);
        let answer = self.http.post(&url).json(body).send().await.map_err(|e| e.to_string())?;
        answer.error_for_status().map(|_| ()).map_err(|e| e.to_string())
    }

    /// Asks the sandbox something.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn ask(&self, path: &str) -> Result<Value, String> {
        let url = format!("{}/_control/{path}", self.sandbox.world.base_url);
        let answer = self.http.get(&url).send().await.map_err(|e| e.to_string())?;
        answer.json().await.map_err(|e| format!("{path}: {e}"))
    }

    /// Ends everything and leaves nothing behind.
    ///
    /// # Errors
    /// The database refuses to forget.
    pub async fn strike(mut self) -> Result<(), RunError> {
        if self.live.is_some() {
            self.kill_hub().await?;
        }
        let Self { sandbox, place, .. } = self;
        drop(sandbox);
        match place {
            Place::Schema(schema, _) => Ok(schema.remove().await?),
            Place::Folder(folder) => {
                folder.close().map_err(RunError::io("remove the rehearsal's folder"))
            }
        }
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, RunError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| RunError::Listen { address: address.to_string(), source })
}

async fn place(database: Option<&str>) -> Result<Place, RunError> {
    let folder = tempfile::Builder::new().prefix("baton-rehearsal-").tempdir();
    let folder = folder.map_err(RunError::io("make a folder for the rehearsal"))?;
    match database {
        None => Ok(Place::Folder(folder)),
        Some(url) => {
            let schema = format!("baton_rehearsal_{}", random().simple());
            Ok(Place::Schema(Scratch::create(url, &schema).await?, folder))
        }
    }
}

fn random() -> Uuid {
    use baton_core::ids::Ids as _;
    baton_relay::system::SystemIds.uuid()
}

fn store_config(place: &Place, settings: &Settings) -> Result<StoreConfig, RunError> {
    let url = match place {
        Place::Folder(folder) => format!("sqlite:{}", folder.path().join("baton.db").display()),
        Place::Schema(schema, _) => schema.url(),
    };
    Ok(StoreConfig {
        url,
        partitions: settings.store.partitions,
        key: SecretKey::read(&SecretKey::generate()?),
        node: NODE.to_owned(),
    })
}

/// The seeded company, with what the scenario wants otherwise.
async fn plant(
    config: &StoreConfig,
    world: &World,
    script: &Script,
    hub_url: &str,
) -> Result<Company, RunError> {
    let store = Store::open(config.clone()).await?;
    let mut adapted = Ok(());
    let workspace = workspace(script, world);
    let adapt = |settings: &mut Workspace| adapted = workspace(settings);
    let sides = (&[script.front][..], &script.backs()[..]);
    let company = seed::plant(&store, world, sides, hub_url, adapt).await?;
    adapted.map_err(RunError::Refused)?;
    let mut changed = company.clone();
    if let Some(desk) = changed.desks.first_mut() {
        desk.settings.extend(script.desk_settings.iter().cloned());
        for value in desk.settings.values_mut().filter(|value| **value == "{queue}") {
            *value = json!(queue(world, desk.back));
        }
    }
    for inbox in &mut changed.inboxes {
        inbox.settings.extend(script.inbox_settings.iter().cloned());
    }
    let change = ConfigChange {
        inboxes: changed.inboxes.iter().map(|inbox| seed::inbox(&changed, inbox)).collect(),
        desks: changed.desks.iter().map(|desk| seed::desk(&changed, desk)).collect(),
        routes: Some(routes(&company, script)),
        ..ConfigChange::default()
    };
    store.config_put(company.workspace, change).await?;
    if script.engine.is_some() {
        let key = json!(world.openai.account.api_key);
        let change = ConfigChange {
            engine_secrets: Some(Map::from_iter([("api_key".to_owned(), key)])),
            ..ConfigChange::default()
        };
        store.config_put(company.workspace, change).await?;
    }
    store.close().await;
    Ok(company)
}

/// The queue that the seeded organisation's conversations come to.
pub fn queue(world: &World, back: Back) -> &str {
    match back {
        Back::Dynamics365 => &world.dynamics365.account.queue_id,
        Back::Salesforce => &world.salesforce.account.queue_id,
    }
}

fn routes(company: &Company, script: &Script) -> Vec<Route> {
    let choice = |place: &script::Place| {
        let desk = company.desk(place.back.unwrap_or(script.back))?;
        let (kind, unavailable) = (place.kind, place.unavailable);
        Some(Choice { kind, unavailable, ..Choice::of(desk) })
    };
    let route = |topic: Option<&str>, places: &[script::Place]| Route {
        inbox: None,
        topic: topic.map(str::to_owned),
        choices: places.iter().filter_map(choice).collect(),
    };
    let by_topic = script.by_topic.iter().map(|(topic, places)| route(Some(topic), places));
    by_topic.chain([route(None, &script.places)]).collect()
}

/// What the scenario changes about the workspace.
fn workspace(
    script: &Script,
    world: &World,
) -> impl FnOnce(&mut Workspace) -> Result<(), String> + use<> {
    let (name, changes) = (script.name.clone(), script.settings.clone());
    let engine = script.engine.clone().map(|vendor| {
        json!({
            "vendor": vendor,
            "settings": {
                "base_url": format!("{}/v1", world.base_url),
                "model": world.openai.account.model,
            },
        })
    });
    move |settings: &mut Workspace| {
        let mut document = json!(settings);
        if let Some(Value::Object(engine)) = engine {
            for (key, value) in engine {
                document["engine"][key] = value;
            }
        }
        for (path, value) in changes {
            let pointer = format!("/{}", path.replace('.', "/"));
            let place = document.pointer_mut(&pointer);
            *place.ok_or_else(|| format!("{name}: there is no setting {path}"))? = value;
        }
        let changed = serde_json::from_value(document);
        *settings = changed.map_err(|e| format!("{name}: a setting is wrong: {e}"))?;
        Ok(())
    }
}

impl From<StoreError> for super::Failure {
    fn from(error: StoreError) -> Self {
        Self::broken(error.to_string())
    }
}
