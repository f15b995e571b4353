//! `baton demo`: a hub, the simulated vendors and a seeded company on loopback.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use baton_http::SystemRandom;
use baton_sandbox::{Clock as SandboxClock, Config as SandboxConfig, Sandbox};
use baton_store::{SecretKey, Store, StoreConfig};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::net::TcpListener;

use crate::{
    builder,
    clock::Virtual,
    hub::{self, RunError, Running},
    logging,
    seed::{self, Back, Front},
    settings::Settings,
};

/// The demo's administrator.
const EMAIL: &str = "demo@northwind.example";

/// Runs the hub with simulated vendors and a seeded company, all on this machine.
#[derive(Args, Debug, Clone)]
pub struct Demo {
    /// Where the hub listens on loopback; the sandbox listens one above. 0 takes free ports.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The folder for the database and the demo's own key and password.
    #[arg(long, default_value = "data/demo")]
    data: PathBuf,
    /// The database; a SQLite file in the data folder by default.
    #[arg(long)]
    database: Option<String>,
    /// Writes addresses, ids and secrets to this file as JSON once everything listens.
    #[arg(long)]
    ready_file: Option<PathBuf>,
    /// The folder of Markdown articles that the AI answers from.
    #[arg(long, default_value = "demo/knowledge")]
    knowledge: PathBuf,
}

/// What a restarted demo must remember.
#[derive(Serialize, Deserialize)]
struct Kept {
    key: String,
    password: String,
}

/// Runs the demo until it is told to stop.
///
/// # Errors
/// It does not start.
pub async fn run(args: Demo) -> Result<(), RunError> {
    let mut settings = Settings::load(None)?;
    settings.development.enabled = true;
    settings.log.format = "text".to_owned();
    if std::env::var_os("BATON_LOG__LEVEL").is_none() {
        settings.log.level = "warn".to_owned();
    }
    logging::start(&settings.log).map_err(RunError::Refused)?;
    logging::count();
    let demo = start(&args, settings).await?;
    demo.tell();
    hub::wish_to_stop().await;
    eprintln!("stopping …");
    demo.running.stop().await;
    demo.sandbox.shutdown().await;
    Ok(())
}

struct Started {
    running: Running,
    sandbox: Sandbox,
    hub_url: String,
    sandbox_url: String,
    password: String,
}

async fn start(args: &Demo, mut settings: Settings) -> Result<Started, RunError> {
    let kept = kept(&args.data)?;
    if args.knowledge.is_dir() {
        settings.knowledge.folder = args.knowledge.display().to_string();
    } else {
        eprintln!("no knowledge folder at {}: the AI will not know much", args.knowledge.display());
    }
    settings.files.folder = args.data.join("files").display().to_string();
    let hub_listener = listen(args.port).await?;
    let sandbox_port = if args.port == 0 { 0 } else { args.port.saturating_add(1) };
    let sandbox_listener = listen(sandbox_port).await?;
    let clock = SandboxClock::running();
    let sandbox = baton_sandbox::start(SandboxConfig::default(), clock.clone(), sandbox_listener)
        .await
        .map_err(RunError::io("start the sandbox"))?;
    let store = open_store(args, &settings, &kept).await?;
    let hub_url = format!(
        "http://{}",
        hub_listener.local_addr().map_err(RunError::io("read the address listened on"))?
    );
    let company = seed::plant(&store, &sandbox.world, (FRONTS, BACKS), &hub_url, |_| {}).await?;
    let sandbox_url = sandbox.world.base_url.clone();
    let clock = Arc::new(Virtual(clock));
    let running = hub::start(&settings, store, clock, hub_listener, &hub_url).await?;
    let http = builder::http_client(true).map_err(builder::VendorsError::from)?;
    seed::subscribe(&http, &sandbox_url, &hub_url, &company)
        .await
        .map_err(|e| RunError::Refused(format!("subscribe the hub at the sandbox: {e}")))?;
    furnish(&http, &sandbox_url)
        .await
        .map_err(|e| RunError::Refused(format!("furnish the sandbox: {e}")))?;
    let api_key = admit(&running, &company, &kept.password).await?;
    let started = Started { running, sandbox, hub_url, sandbox_url, password: kept.password };
    if let Some(path) = &args.ready_file {
        started.write_ready(path, &company, &api_key)?;
    }
    Ok(started)
}

/// Templates with more to look at than the simulator's own, as if made at the vendor.
async fn furnish(http: &reqwest::Client, sandbox_url: &str) -> Result<(), String> {
    let parcel = json!({
        "name": "parcel_on_its_way",
        "status": "APPROVED",
        "quality": "GREEN",
        "components": [
            { "type": "HEADER", "format": "TEXT", "text": "Parcel {{1}}" },
            {
                "type": "BODY",
                "text": "Hello {{1}}, your parcel comes {{2}}. Tell us if that does not suit you.",
                "example": { "body_text": [["Zoë", "tomorrow morning"]] },
            },
            { "type": "FOOTER", "text": "Northwind Outfitters" },
            { "type": "BUTTONS", "buttons": [
                {
                    "type": "URL",
                    "text": "Follow it",
                    "url": "https://northwind.example/parcels/{{1}}",
                },
                { "type": "QUICK_REPLY", "text": "Another day" },
            ] },
        ],
    });
    let refused = json!({ "name": "refused_notice", "reason": "INVALID_FORMAT" });
    // The second one is told to the hub, which then reads both.
    for template in [refused, parcel] {
        seed::control(http, sandbox_url, "whatsapp/templates", &template).await?;
    }
    Ok(())
}

async fn listen(port: u16) -> Result<TcpListener, RunError> {
    TcpListener::bind(("127.0.0.1", port)).await.map_err(|source| RunError::Listen {
        address: format!("127.0.0.1:{port} (choose another with --port)"),
        source,
    })
}

async fn open_store(args: &Demo, settings: &Settings, kept: &Kept) -> Result<Store, RunError> {
    let url = args
        .database
        .clone()
        .unwrap_or_else(|| format!("sqlite:{}", args.data.join("baton.db").display()));
    let key =
        SecretKey::read(&kept.key).ok_or_else(|| RunError::Key(format!("{} is damaged", KEPT)))?;
    let config = StoreConfig {
        url,
        partitions: settings.store.partitions,
        key: Some(key),
        node: hub::node_name(),
    };
    Ok(Store::open(config).await?)
}

/// The demo's inboxes.
const FRONTS: &[Front] = &[Front::WhatsappCloud, Front::TwilioSms];
const BACKS: &[Back] = &[Back::Dynamics365, Back::Salesforce];

/// The file in the data folder that a restarted demo reads.
const KEPT: &str = "demo.json";

fn kept(folder: &Path) -> Result<Kept, RunError> {
    let path = folder.join(KEPT);
    if let Ok(text) = fs::read_to_string(&path) {
        return serde_json::from_str(&text).map_err(|e| {
            RunError::Refused(format!(
                "read {}: {e}; remove the folder to begin anew",
                path.display()
            ))
        });
    }
    let kept =
        Kept { key: SecretKey::generate()?, password: SecretKey::generate()?[..16].to_owned() };
    fs::create_dir_all(folder).map_err(RunError::io(format!("make {}", folder.display())))?;
    write_private(&path, &json!(kept).to_string())?;
    Ok(kept)
}

/// Writes a file that only its owner may read.
fn write_private(path: &Path, text: &str) -> Result<(), RunError> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let failed = || RunError::io(format!("write {}", path.display()));
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .map_err(failed())?;
    file.write_all(text.as_bytes()).map_err(failed())
}

/// The administrator, on the first start, and an API key, on every start.
async fn admit(
    running: &Running,
    company: &seed::Company,
    password: &str,
) -> Result<String, RunError> {
    let store = running.hub.store();
    let refused =
        |e: baton_http::error::ApiError| RunError::Refused(format!("admit the demo's user: {e}"));
    if !store.user_exists().await? {
        let random = Arc::new(SystemRandom);
        baton_http::user_create(
            store,
            random,
            company.workspace,
            EMAIL,
            "Demo",
            password,
            seed::now(),
        )
        .await
        .map_err(refused)?;
    }
    baton_http::api_key_create(store, &SystemRandom, company.workspace, "demo", seed::now())
        .await
        .map_err(refused)
}

impl Started {
    fn tell(&self) {
        println!(
            "\nBaton is running with simulated vendors.\n\n  \
             the customer's phone   {sandbox}/phone\n  \
             the rep in Dynamics    {sandbox}/rep\n  \
             the console            {hub}\n  \
             sign in as             {EMAIL}  {password}\n\n\
             Write as the customer, ask a question, then ask for a person. Ctrl-C ends it.\n",
            sandbox = self.sandbox_url,
            hub = self.hub_url,
            password = self.password,
        );
    }

    fn write_ready(
        &self,
        path: &Path,
        company: &seed::Company,
        api_key: &str,
    ) -> Result<(), RunError> {
        let ready = json!({
            "hub_url": self.hub_url,
            "sandbox_url": self.sandbox_url,
            "api_key": api_key,
            "admin": { "email": EMAIL, "password": self.password },
            "workspace": { "id": company.workspace },
            "inboxes": company.inboxes.iter().map(|inbox| json!({
                "id": inbox.id,
                "channel": inbox.front.channel(),
                "vendor": inbox.front.vendor(),
                "hook_url": seed::hook_url(&self.hub_url, inbox.id),
                "settings": inbox.settings,
            })).collect::<Vec<_>>(),
            "desks": company.desks.iter().map(|desk| json!({
                "id": desk.id,
                "vendor": desk.back.vendor(),
                "hook_url": seed::hook_url(&self.hub_url, desk.id),
                "settings": desk.settings,
            })).collect::<Vec<_>>(),
        });
        // Whoever waits for the file must never see half of it.
        let part = path.with_extension("part");
        write_private(&part, &ready.to_string())?;
        fs::rename(&part, path).map_err(RunError::io(format!("write {}", path.display())))
    }
}
