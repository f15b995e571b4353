//! `baton check`: can a hub run with these settings? Nothing is changed and nobody is called.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use baton_core::{channel::Channel, config::ConfigFault, desk::Desk, engine::Engine, time::Clock};
use baton_relay::{Builder, system::SystemClock};
use baton_store::{Config, Store, StoreError};
use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    builder::Vendors,
    hub::{self, RunError},
    settings::Settings,
};

/// Checks settings, key, database, knowledge and every source, without starting anything.
#[derive(Args, Debug)]
pub struct Check {
    /// The settings file; see baton.default.toml for every setting.
    #[arg(long, env = "BATON_CONFIG")]
    config: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// How one thing is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Ok,
    /// Worth a look; the hub runs.
    Look,
    /// Wrong.
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub name: String,
    /// How it is.
    pub state: State,
    /// What was found, and the fix where one is needed.
    pub text: String,
}

/// Everything that was looked at.
#[derive(Debug, Default)]
pub struct Report(pub Vec<Finding>);

impl Report {
    /// Adds a finding.
    pub fn add(&mut self, name: impl Into<String>, state: State, text: impl Into<String>) {
        self.0.push(Finding { name: name.into(), state, text: text.into() });
    }

    /// Adds what came of something that either works or says why not; gives what works on.
    pub fn expect<T, E: std::fmt::Display>(
        &mut self,
        name: impl Into<String>,
        result: Result<T, E>,
        works: impl FnOnce(&T) -> String,
    ) -> Option<T> {
        match result {
            Ok(value) => {
                self.add(name, State::Ok, works(&value));
                Some(value)
            }
            Err(error) => {
                self.add(name, State::Fail, format!("failed to {error}"));
                None
            }
        }
    }

    /// Prints it.
    ///
    /// # Errors
    /// Something is wrong.
    pub fn end(&self, as_json: bool) -> Result<(), RunError> {
        let count = |state| self.0.iter().filter(|finding| finding.state == state).count();
        let failed = count(State::Fail);
        if as_json {
            println!(
                "{}",
                json!({ "checks": self.0, "failed": failed, "look": count(State::Look) })
            );
        } else {
            let width = self.0.iter().map(|finding| finding.name.len()).max().unwrap_or(0);
            for Finding { name, state, text } in &self.0 {
                let word = match state {
                    State::Ok => "ok  ",
                    State::Look => "look",
                    State::Fail => "FAIL",
                };
                println!("{word}  {name:width$}  {text}");
            }
        }
        if failed == 0 {
            return Ok(());
        }
        Err(RunError::Refused(format!("pass {failed} of {} checks", self.0.len())))
    }
}

/// What a check has opened on its way.
pub struct Opened {
    /// The settings of the process.
    pub settings: Settings,
    /// The store.
    pub store: Store,
    /// Every inbox that can be made.
    pub channels: Vec<(String, Arc<dyn Channel>)>,
    /// Every desk that can be made.
    pub desks: Vec<(String, Arc<dyn Desk>)>,
    /// The engine of every workspace that can be made.
    pub engines: Vec<(String, Arc<dyn Engine>)>,
}

/// Checks.
///
/// # Errors
/// Something is wrong.
pub async fn run(args: Check) -> Result<(), RunError> {
    let mut report = Report::default();
    if let Some(opened) = examine(&mut report, args.config.as_deref()).await {
        opened.store.close().await;
    }
    report.end(args.json)
}

/// Looks at everything that can be looked at from here; none when the store does not open.
pub async fn examine(report: &mut Report, config: Option<&Path>) -> Option<Opened> {
    let settings = report.expect("settings", Settings::load(config), |settings| {
        let development = settings.development.enabled;
        let mode = if development { "; development mode: never in production" } else { "" };
        format!("read; reached at {}{mode}", settings.server.public_url)
    })?;
    if settings.server.public_url == "https://localhost" {
        let text = "nobody reaches this hub from outside: set server.public_url";
        report.add("public address", State::Look, text);
    }
    key(report, &settings);
    let vendors = vendors(report, &settings);
    let store = store(report, &settings).await?;
    let config = report.expect("configuration", store.config_load().await, |config| {
        let (inboxes, desks) = (config.inboxes.len(), config.desks.len());
        format!("workspaces: {}, inboxes: {inboxes}, desks: {desks}", config.workspaces.len())
    });
    let (Some(vendors), Some(config)) = (vendors, config) else {
        store.close().await;
        return None;
    };
    Some(sources(report, settings, store, &config, &vendors))
}

fn key(report: &mut Report, settings: &Settings) {
    match hub::key(settings) {
        Ok(Some(_)) => report.add("key of secrets", State::Ok, "read"),
        Ok(None) => {
            let text = format!(
                "none: no vendor's secret can be stored; make one with `baton key` and put it into \
                 the environment variable {}",
                settings.secrets.key_env
            );
            report.add("key of secrets", State::Look, text);
        }
        Err(error) => report.add("key of secrets", State::Fail, format!("failed to {error}")),
    }
}

fn vendors(report: &mut Report, settings: &Settings) -> Option<Vendors> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let folder = &settings.knowledge.folder;
    let development = settings.development.enabled;
    let made = Vendors::new(&clock, development, folder, settings.vendors.clone());
    report.expect("knowledge", made, |_| {
        if folder.is_empty() {
            "no folder: the AI has nothing to answer from; set knowledge.folder".to_owned()
        } else {
            format!("read from {folder}")
        }
    })
}

/// Opens the store unless that would change it.
async fn store(report: &mut Report, settings: &Settings) -> Option<Store> {
    const NAME: &str = "database";
    let url = &settings.store.url;
    if hub::sqlite_file(url).is_some_and(|path| !path.exists()) {
        let text = "not there yet; `baton serve` makes it when it first starts";
        report.add(NAME, State::Look, text);
        return None;
    }
    match Store::look(url).await {
        Ok(look) => look.close().await,
        Err(error @ StoreError::OlderSchema { .. }) => {
            report.add(NAME, State::Look, error.to_string());
            return None;
        }
        Err(error) => {
            report.add(NAME, State::Fail, format!("failed to {error}"));
            return None;
        }
    }
    let opened = hub::open_store(settings).await;
    report.expect(NAME, opened, |_| "opens; its schema is up to date and the key fits".to_owned())
}

fn sources(
    report: &mut Report,
    settings: Settings,
    store: Store,
    config: &Config,
    vendors: &Vendors,
) -> Opened {
    let (mut channels, mut desks, mut engines) = (Vec::new(), Vec::new(), Vec::new());
    for c in &config.inboxes {
        let name = format!("inbox {:?}", c.inbox.name);
        let made = vendors.channel(&c.inbox.vendor, &merged(&c.inbox.settings, &c.secrets));
        channels.extend(built(report, name, made));
    }
    for c in &config.desks {
        let name = format!("desk {:?}", c.desk.name);
        let made = vendors.desk(c.desk.id, &c.desk.vendor, &merged(&c.desk.settings, &c.secrets));
        desks.extend(built(report, name, made));
    }
    let none = Map::new();
    for workspace in &config.workspaces {
        let secrets = config.engine_secrets.iter().find(|(id, _)| *id == workspace.id);
        let engine = &workspace.settings.engine;
        let all = merged(&engine.settings, secrets.map_or(&none, |(_, secrets)| secrets));
        let name = format!("engine of {:?}", workspace.name);
        engines.extend(built(report, name, vendors.engine(&engine.vendor, &all)));
    }
    Opened { settings, store, channels, desks, engines }
}

fn built<T>(
    report: &mut Report,
    name: String,
    made: Result<T, ConfigFault>,
) -> Option<(String, T)> {
    let made = made.map_err(|fault| format!("start it: {fault}"));
    let made = report.expect(name.as_str(), made, |_| "its settings are complete".to_owned())?;
    Some((name, made))
}

fn merged(settings: &Map<String, Value>, secrets: &Map<String, Value>) -> Map<String, Value> {
    settings.iter().chain(secrets).map(|(key, value)| (key.clone(), value.clone())).collect()
}
