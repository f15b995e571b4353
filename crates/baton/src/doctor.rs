//! `baton doctor`: does the hub run, do the vendors answer, is anything stuck?

use std::{future::Future, path::PathBuf, sync::Arc, time::Duration};

use baton_core::{
    desk::{Check, Desk},
    engine::{Line, Snapshot},
    ids::{Ids as _, SessionId},
    inbox::ChannelKind,
    message::AuthorKind,
    settings::Settings as Policy,
    time::{Clock as _, MINUTE_MS},
};
use baton_http::evidence::{Evidence, Question, evidence};
use baton_relay::system::{SystemClock, SystemIds};
use baton_store::{DeskConfig, Holder, Store, StoreError, Unfinished};
use clap::Args;
use tokio::task::JoinSet;

use crate::{
    builder,
    check::{self, Finding, Opened, Report, State},
    hub::RunError,
    settings::Settings,
};

/// How long anybody asked may take; a desk is asked a dozen things.
const PATIENCE: Duration = Duration::from_secs(25);
/// Work that is unfinished for longer is worth a look.
const OLD_MS: i64 = 10 * MINUTE_MS;

/// Checks everything that `check` does, and asks the hub and the vendors as well.
#[derive(Args, Debug)]
pub struct Doctor {
    /// The settings file; see baton.default.toml for every setting.
    #[arg(long, env = "BATON_CONFIG")]
    config: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Looks at everything.
///
/// # Errors
/// Something is wrong.
pub async fn run(args: Doctor) -> Result<(), RunError> {
    let mut report = Report::default();
    if let Some(opened) = check::examine(&mut report, args.config.as_deref()).await {
        calls(&mut report, &opened).await;
        work(&mut report, &opened).await;
        desks(&mut report, &opened.store).await;
        opened.store.close().await;
    }
    report.end(args.json)
}

/// Asks everybody at the same time, each within its patience.
async fn calls(report: &mut Report, opened: &Opened) {
    let mut asked = JoinSet::new();
    asked.spawn(within("public address".to_owned(), reach(opened.settings.clone())));
    for (name, channel) in &opened.channels {
        let channel = Arc::clone(channel);
        let check = async move { channel.check().await.map_err(|fault| fault.operator) };
        asked.spawn(within(format!("{name}, live"), check));
    }
    for (name, desk) in &opened.desks {
        asked.spawn(tried(format!("{name}, live"), Arc::clone(desk)));
    }
    for (name, engine) in &opened.engines {
        let engine = Arc::clone(engine);
        let check = async move {
            engine.turn(&snapshot()).await.map(|_| ()).map_err(|fault| fault.operator)
        };
        asked.spawn(within(format!("{name}, live"), check));
    }
    let mut findings = asked.join_all().await;
    findings.sort_by(|a, b| a.name.cmp(&b.name));
    report.0.extend(findings);
}

/// Everything that a handoff to the desk needs, and what will not stay right.
async fn tried(name: String, desk: Arc<dyn Desk>) -> Finding {
    let Ok(checked) = tokio::time::timeout(PATIENCE, desk.check()).await else {
        return silent(name);
    };
    let wrong = |check: &Check| {
        check.fault.as_ref().map(|fault| format!("{}: {}", check.what, fault.operator))
    };
    let wrong: Vec<String> = checked.checks.iter().filter_map(wrong).collect();
    let (state, text) = match (wrong.is_empty(), checked.warnings.is_empty()) {
        (false, _) => (State::Fail, wrong.join("; ")),
        (true, false) => (State::Look, checked.warnings.join("; ")),
        (true, true) => (State::Ok, "answers, and every right is there".to_owned()),
    };
    Finding { name, state, text }
}

fn silent(name: String) -> Finding {
    let text = format!("no answer within {} s", PATIENCE.as_secs());
    Finding { name, state: State::Fail, text }
}

async fn within(name: String, check: impl Future<Output = Result<(), String>>) -> Finding {
    let (state, text) = match tokio::time::timeout(PATIENCE, check).await {
        Ok(Ok(())) => (State::Ok, "answers".to_owned()),
        Ok(Err(why)) => (State::Fail, format!("failed to {why}")),
        Err(_) => return silent(name),
    };
    Finding { name, state, text }
}

/// Whether the hub answers where vendors and browsers reach it.
async fn reach(settings: Settings) -> Result<(), String> {
    let http = builder::http_client(settings.development.enabled).map_err(|e| e.to_string())?;
    let url = format!("{}/livez", settings.server.public_url.trim_end_matches('/'));
    let fix = "start the hub, or correct server.public_url and what stands in front of the hub";
    match http.get(&url).send().await {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(format!("reach the hub at {url}: {}; {fix}", answer.status())),
        Err(_) => Err(format!("reach the hub at {url}; {fix}")),
    }
}

/// The smallest question to an engine.
fn snapshot() -> Snapshot {
    let policy = Policy::default();
    let text = "Hello".to_owned();
    Snapshot {
        session: SessionId(SystemIds.uuid()),
        channel: ChannelKind::Web,
        choices: None,
        contact_name: None,
        lines: vec![Line { author: AuthorKind::Customer, text, at: SystemClock.now() }],
        unanswered: 1,
        rules: policy.handoff,
        classifications: policy.classifications,
        language: None,
        default_language: policy.default_language,
        misses: 0,
        tokens_spent: 0,
        token_budget: 0,
    }
}

/// Who works, and what is left.
async fn work(report: &mut Report, opened: &Opened) {
    let store = &opened.store;
    match store.lease_holders().await {
        Ok(holders) => leases(report, &holders),
        Err(error) => unread(report, "leases", &error),
    }
    match store.unfinished_since().await {
        Ok(Some(since)) => {
            let age_ms = SystemClock.now().since_ms(since).max(0);
            let state = if age_ms > OLD_MS { State::Look } else { State::Ok };
            report.add("oldest work", state, format!("waits for {} s", age_ms / 1_000));
        }
        Ok(None) => report.add("oldest work", State::Ok, "nothing waits"),
        Err(error) => unread(report, "oldest work", &error),
    }
    match store.unfinished().await {
        Ok(left) => unfinished(report, &left),
        Err(error) => unread(report, "outbox", &error),
    }
}

/// What was recorded at each desk in the last days.
async fn desks(report: &mut Report, store: &Store) {
    let config = match store.config_load().await {
        Ok(config) => config,
        Err(error) => return unread(report, "desks", &error),
    };
    for DeskConfig { desk, .. } in config.desks {
        let found = evidence(store, desk.workspace, desk.id, SystemClock.now()).await;
        let name = format!("desk {}", desk.name);
        match found {
            Ok(evidence) => questions(report, &name, evidence),
            Err(error) => unread(report, &name, &error),
        }
    }
}

fn questions(report: &mut Report, name: &str, evidence: Evidence) {
    let troubled: Vec<Question> =
        evidence.questions.into_iter().filter(|question| !question.found.is_empty()).collect();
    if troubled.is_empty() {
        report.add(format!("{name}, lately"), State::Ok, "nothing was refused");
    }
    for Question { name: question, asks, cure, found } in troubled {
        let Some(newest) = found.first() else { continue };
        let code = newest.code.iter().map(|code| format!(" ({code})")).collect::<String>();
        let session = newest.session_id.iter().map(|id| format!(", session {id}"));
        let session: String = session.collect();
        let (count, at, text) = (found.len(), &newest.at, &newest.text);
        let text = format!("{asks} {count} found; newest {at}{session}: {text}{code}. {cure}");
        report.add(format!("{name}, {question}"), State::Look, text);
    }
}

fn unread(report: &mut Report, name: &str, error: &StoreError) {
    report.add(name, State::Fail, format!("failed to {error}"));
}

fn leases(report: &mut Report, holders: &[Holder]) {
    let live: Vec<&Holder> = holders.iter().filter(|holder| holder.left_ms > 0).collect();
    if live.is_empty() {
        report.add("leases", State::Fail, "no hub works on this database; start `baton serve`");
    }
    for Holder { node, partitions, left_ms } in live {
        let text = format!("{node} holds {partitions} partitions, for {left_ms} ms more");
        report.add("leases", State::Ok, text);
    }
}

fn unfinished(report: &mut Report, left: &Unfinished) {
    let list: Vec<String> =
        left.deliveries.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let outbox = if list.is_empty() { "empty".to_owned() } else { list.join(", ") };
    report.add("outbox", State::Ok, format!("{outbox}; {} events to understand", left.inbound));
    if left.parked == 0 {
        report.add("set aside", State::Ok, "nothing");
    } else {
        let text = format!("{} events; look at them in the console and retry them", left.parked);
        report.add("set aside", State::Look, text);
    }
}
