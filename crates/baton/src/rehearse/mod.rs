//! `baton rehearse`: stories that read like a chat, played against a whole hub and the simulated
//! vendors on a frozen clock.

mod act;
mod api;
mod campaign;
mod case;
mod check;
mod library;
mod line;
mod pattern;
mod quiet;
mod salesforce;
pub mod script;
mod seen;
pub mod stage;
mod story;

use std::{io::Write as _, path::Path};

use clap::Args;
use serde::Serialize;
use serde_json::json;

use crate::{
    hub::RunError,
    logging,
    settings::{Log, Settings},
};
use script::Script;

/// Plays scenarios against the simulated vendors.
#[derive(Args, Debug)]
pub struct Rehearse {
    /// Which: names, or paths of files; all that come with the program where none is given.
    scenarios: Vec<String>,
    /// A PostgreSQL database instead of SQLite files; each scenario makes and drops a schema.
    #[arg(long)]
    database: Option<String>,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
    /// Prints the names, each with the statements that it shows, and plays nothing.
    #[arg(long)]
    list: bool,
}

/// Why a scenario does not go on.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// Something that has nothing to do with what the scenario expects.
    pub fn broken(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl From<String> for Failure {
    fn from(why: String) -> Self {
        Self(why)
    }
}

/// How a scenario ended.
#[derive(Debug, Serialize)]
pub struct Ending {
    name: String,
    passed: bool,
    /// Lines that were played to their end.
    steps: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Plays the scenarios.
///
/// # Errors
/// A scenario failed, is not known or not understood.
pub async fn run(args: Rehearse) -> Result<(), RunError> {
    let scripts = library::scripts(&args.scenarios).map_err(RunError::Refused)?;
    if args.list {
        return list(&scripts).or_else(unless_closed).map_err(RunError::io("print the list"));
    }
    if std::env::var_os("BATON_LOG__LEVEL").is_some() {
        let Settings { log, .. } = Settings::load(None)?;
        logging::start(&Log { format: "text".to_owned(), ..log }).map_err(RunError::Refused)?;
    }
    let endings = play(&scripts, &args).await?;
    let failed = endings.iter().filter(|ending| !ending.passed).count();
    let passed = endings.len() - failed;
    if args.json {
        let report = json!({ "scenarios": endings, "passed": passed, "failed": failed });
        print(&report.to_string())?;
    } else {
        print(&format!("{passed} passed, {failed} failed"))?;
    }
    if failed > 0 {
        return Err(RunError::Refused(format!("pass {failed} of {} scenarios", endings.len())));
    }
    Ok(())
}

async fn play(scripts: &[Script], args: &Rehearse) -> Result<Vec<Ending>, RunError> {
    let knowledge = tempfile::tempdir().map_err(RunError::io("make a folder for articles"))?;
    library::put_articles(knowledge.path()).map_err(RunError::io("write the articles"))?;
    let mut endings = Vec::new();
    for script in scripts {
        let ending = one(script, args.database.as_deref(), knowledge.path()).await;
        if !args.json {
            tell(&ending)?;
        }
        endings.push(ending);
    }
    Ok(endings)
}

async fn one(script: &Script, database: Option<&str>, knowledge: &Path) -> Ending {
    let (steps, error) = story::play(script, database, knowledge).await;
    Ending { name: script.name.clone(), passed: error.is_none(), steps, error }
}

fn tell(ending: &Ending) -> Result<(), RunError> {
    match &ending.error {
        None => print(&format!("passed  {} ({} lines)", ending.name, ending.steps)),
        Some(error) => print(&format!("FAILED  {}\n{error}\n", ending.name)),
    }
}

fn print(line: &str) -> Result<(), RunError> {
    let written = writeln!(std::io::stdout(), "{line}").or_else(unless_closed);
    written.map_err(RunError::io("print the result"))
}

/// Whoever reads what is printed may have seen enough, as `head` has.
fn unless_closed(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }
}

fn list(scripts: &[Script]) -> std::io::Result<()> {
    let widest = scripts.iter().map(|script| script.name.len()).max().unwrap_or(0);
    let mut out = std::io::stdout().lock();
    for script in scripts {
        let shows = script.shows.join(" ");
        writeln!(out, "{:widest$}  {shows:20}  {}", script.name, script.title)?;
    }
    Ok(())
}
