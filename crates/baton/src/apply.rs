//! `baton apply`: one workspace as a file says.

mod diff;
mod file;
mod plan;
mod secret;
mod section;

use std::{
    io::{BufRead as _, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use baton_core::{config::ConfigFault, time::Clock};
use baton_relay::system::{SystemClock, SystemIds};
use baton_store::{Config, Store};
use clap::Args;

use crate::{
    builder::Vendors,
    hub::{self, RunError},
    settings::Settings,
};
use file::Wanted;
use plan::{Plan, Planner};
use secret::References;

/// The largest file, in bytes.
const FILE_MAX_BYTES: u64 = 1024 * 1024;

/// Brings a workspace's inboxes, desks, routes and engine to what a file says.
#[derive(Args, Debug)]
pub struct Apply {
    /// The file; docs/examples/northwind.toml is one.
    file: PathBuf,
    /// The settings file of the process.
    #[arg(long, env = "BATON_CONFIG")]
    config: Option<PathBuf>,
    /// The stored workspace to change, where it does not have the file's name yet.
    #[arg(long)]
    workspace: Option<String>,
    /// Show what would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Stop inboxes and desks that the file does not name. Their conversations stay.
    #[arg(long)]
    remove: bool,
}

/// Applies the file.
///
/// # Errors
/// The file is refused, nobody agrees, or the store does not take it; nothing changed.
pub async fn run(args: Apply) -> Result<(), RunError> {
    let settings = Settings::load(args.config.as_deref())?;
    let refused =
        |fault: ConfigFault| RunError::Refused(format!("apply {}: {fault}", args.file.display()));
    let wanted = read(&args.file, &|name| std::env::var(name).ok())?.map_err(refused)?;
    if hub::key(&settings)?.is_none() && has_secrets(&wanted) {
        let text = "no key is set, and the file has secrets; make one with `baton key`, keep it \
                    safe, and name it in [secrets] of the settings file";
        return Err(RunError::Key(text.to_owned()));
    }
    let is_missing = hub::sqlite_file(&settings.store.url).is_some_and(|file| !file.exists());
    if args.dry_run && is_missing {
        // Looking must not make a database.
        show(&plan(&args, &settings, &Config::default(), wanted)?.map_err(refused)?);
        return Ok(());
    }
    let store = hub::open_store(&settings).await?;
    let done = with_store(&args, &settings, wanted, &store).await;
    store.close().await;
    done?.map_err(refused)
}

async fn with_store(
    args: &Apply,
    settings: &Settings,
    wanted: Wanted,
    store: &Store,
) -> Result<Result<(), ConfigFault>, RunError> {
    let plan = match plan(args, settings, &store.config_load().await?, wanted)? {
        Ok(plan) => plan,
        Err(fault) => return Ok(Err(fault)),
    };
    show(&plan);
    if args.dry_run {
        return Ok(Ok(()));
    }
    if !plan.diff.is_empty() {
        if !args.yes {
            agree()?;
        }
        write(store, &plan).await?;
        println!("applied");
    }
    let public_url = settings.server.public_url.trim_end_matches('/');
    println!("\nhook addresses, to be entered at the vendors:");
    for (title, id) in &plan.hooks {
        println!("  {title}\n    {public_url}/hooks/{id}");
    }
    Ok(Ok(()))
}

/// Reads the file and what it points at.
fn read(
    path: &Path,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Result<Wanted, ConfigFault>, RunError> {
    let failed = || RunError::io(format!("read {}", path.display()));
    if std::fs::metadata(path).map_err(failed())?.len() > FILE_MAX_BYTES {
        let text = format!("read {}: larger than {FILE_MAX_BYTES} bytes", path.display());
        return Err(RunError::Refused(text));
    }
    let text = std::fs::read_to_string(path).map_err(failed())?;
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    Ok(file::read(&text, &References { folder, environment }))
}

fn has_secrets(wanted: &Wanted) -> bool {
    let sources = wanted.inboxes.iter().chain(&wanted.desks);
    !wanted.engine.secrets.is_empty() || sources.into_iter().any(|s| !s.settings.secrets.is_empty())
}

/// Checks everything and finds what changes.
fn plan(
    args: &Apply,
    settings: &Settings,
    stored: &Config,
    wanted: Wanted,
) -> Result<Result<Plan, ConfigFault>, RunError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let vendors = Vendors::new(
        &clock,
        settings.development.enabled,
        &settings.knowledge.folder,
        settings.vendors.clone(),
    )?;
    let planner = Planner {
        stored,
        builder: &vendors,
        ids: &SystemIds,
        public_url: settings.server.public_url.trim_end_matches('/'),
        workspace: args.workspace.as_deref(),
        remove: args.remove,
    };
    Ok(planner.plan(wanted))
}

fn show(plan: &Plan) {
    for line in &plan.diff {
        println!("{line}");
    }
    for title in &plan.stays {
        println!("! {title} is not in the file and stays; --remove stops it");
    }
    if plan.diff.is_empty() {
        println!("workspace {:?} is as the file says; nothing changes", plan.name);
    }
}

/// Asks the person at the terminal.
fn agree() -> Result<(), RunError> {
    let refused = |text: &str| Err(RunError::Refused(format!("apply the file: {text}")));
    if !std::io::stdin().is_terminal() {
        return refused("nobody can be asked here; look with --dry-run, then apply with --yes");
    }
    print!("\napply these changes? [y/N] ");
    std::io::stdout().flush().map_err(RunError::io("ask"))?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(RunError::io("read the answer"))?;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => refused("you did not agree; nothing changed"),
    }
}

async fn write(store: &Store, plan: &Plan) -> Result<(), RunError> {
    let failed = |e: baton_store::StoreError| RunError::Refused(e.to_string());
    if plan.is_new {
        let settings = plan.change.settings.clone().unwrap_or_default();
        store.workspace_create(plan.workspace, &plan.name, &settings).await.map_err(failed)?;
    }
    store.config_put(plan.workspace, plan.change.clone()).await.map_err(failed)
}

#[cfg(test)]
mod tests;
