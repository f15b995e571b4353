//! `baton bench streams`: what live conversations take of a desk that tells by streams, and how
//! fast its reps are heard.
//!
//! The simulated vendors and the hub have a process each, so that the hub's memory and connections
//! are its own and a kill is one. The conversations are put into the store and made at the desk
//! without being played; each has its stream, its token and its window.

mod company;
mod customers;
mod processes;

use std::{sync::Arc, time::Duration};

use baton_store::{SecretKey, Store, StoreConfig};
use clap::Args;
use serde::Serialize;
use tempfile::TempDir;

use super::{float, load_average, media, rounded};
use crate::{
    hub::{self, RunError},
    settings::Settings,
};
use company::Live;
use customers::{Customers, Replies, Reps};
use processes::{Hub, Sandbox, Served};

/// Conversations in which reps write, at most.
const WRITTEN_MAX: usize = 3_000;
/// How long all streams may take to be open.
const OPEN_WITHIN: Duration = Duration::from_secs(300);
/// A vendor that promises no order gets a customer's next message only after this.
const BETWEEN: Duration = Duration::from_secs(4);

/// Measures what live conversations take whose desk tells by streams, and how fast reps are heard.
#[derive(Args, Debug)]
pub struct Streams {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Live conversations, each with a stream of its own.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(8..=20_000))]
    conversations: u64,
}

/// The result; the names are the ones that others script against.
#[derive(Serialize)]
struct Report {
    levels: Vec<Level>,
    /// The slope of the levels: what one more live conversation takes.
    kib_per_conversation: f64,
    resumed: Resumed,
    relayed: Relayed,
}

/// The memory of a hub with so many live conversations.
#[derive(Serialize)]
struct Level {
    conversations: u64,
    anonymous_mib: f64,
}

/// After a kill of the hub.
#[derive(Serialize)]
struct Resumed {
    streams: u64,
    open_again: u64,
    /// Tokens that the new hub bought.
    tokens_bought: u64,
    /// From the kill to the last stream, in seconds: the killed hub's leases must run out first.
    after_kill_s: f64,
    /// The same from the first stream of the new hub.
    opening_s: f64,
}

/// From a rep's words to the hub's call to the customers' vendor.
#[derive(Serialize)]
struct Relayed {
    /// Replies in each of the two runs, and calls that brought them.
    replies: u64,
    calls: u64,
    /// As fast as they go.
    capacity_per_s: f64,
    /// Half of it, at which the times are taken.
    load_per_s: f64,
    p50_ms: f64,
    p99_ms: f64,
    /// Units of work that the hub's writer had for each reply, its own keeping included.
    units_per_reply: f64,
}

/// Everything around the hub.
struct Stage {
    sandbox: Arc<Sandbox>,
    customers: Arc<Customers>,
    live: Live,
    folder: TempDir,
    store_url: String,
    key: String,
}

/// Measures.
///
/// # Errors
/// A part does not start, a stream is not opened, or a reply does not arrive.
pub async fn run(args: &Streams) -> Result<(), RunError> {
    processes::may_open(args.conversations)?;
    let mut stage = Stage::raise().await?;
    let measured = measure(&mut stage, args.conversations).await;
    if measured.is_err() {
        let log = std::fs::read_to_string(processes::log(stage.folder.path()));
        let lines = log.unwrap_or_default();
        lines.lines().rev().take(20).for_each(|line| eprintln!("{line}"));
    }
    let report = measured?;
    if args.json {
        println!("{}", serde_json::to_string(&report).unwrap_or_default());
    } else {
        report.print();
    }
    Ok(())
}

async fn measure(stage: &mut Stage, conversations: u64) -> Result<Report, RunError> {
    let mut levels = Vec::new();
    for count in [conversations / 4, conversations / 2, conversations] {
        eprintln!("{count} live conversations …");
        let hub = stage.with(count).await?;
        levels.push(Level { conversations: count, anonymous_mib: rounded(hub.memory_mib()?) });
        if count < conversations {
            hub.kill().await?;
            continue;
        }
        eprintln!("the hub is killed …");
        let (resumed, hub) = stage.resume(hub).await?;
        eprintln!("reps write …");
        let relayed = stage.relay(&hub).await?;
        let points = levels.iter().map(|level| (float(level.conversations), level.anonymous_mib));
        let kib_per_conversation = rounded(media::slope(points) * 1_024.0);
        return Ok(Report { levels, kib_per_conversation, resumed, relayed });
    }
    Err(RunError::Refused("measure any conversations".to_owned()))
}

impl Stage {
    async fn raise() -> Result<Self, RunError> {
        let folder = tempfile::Builder::new().prefix("baton-streams-").tempdir();
        let folder = folder.map_err(RunError::io("make a folder for the measurement"))?;
        let sandbox = Sandbox::start().await?;
        processes::unleash(&sandbox).await?;
        let customers = Customers::start().await?;
        let store_url = format!("sqlite:{}", folder.path().join("baton.db").display());
        let key = SecretKey::generate()?;
        let store = Store::open(StoreConfig {
            url: store_url.clone(),
            partitions: Settings::load(None)?.store.partitions,
            key: SecretKey::read(&key),
            node: hub::node_name(),
        });
        let to_customers = format!("http://{}", customers.address);
        let live = Live::begin(store.await?, folder.path(), &sandbox.url, &to_customers).await?;
        let (sandbox, customers) = (Arc::new(sandbox), Arc::new(customers));
        Ok(Self { sandbox, customers, live, folder, store_url, key })
    }

    async fn start_hub(&self) -> Result<Hub, RunError> {
        let served = Served { folder: &self.folder, store_url: &self.store_url, key: &self.key };
        Hub::start(&self.sandbox, &served).await
    }

    /// A fresh hub with so many live conversations, at rest.
    async fn with(&mut self, count: u64) -> Result<Hub, RunError> {
        self.live.grow(usize::try_from(count).unwrap_or(usize::MAX)).await?;
        let mut hub = self.start_hub().await?;
        hub.listens(&self.sandbox, self.live.work.len(), OPEN_WITHIN).await?;
        self.live.settled().await?;
        self.sandbox.quiet().await?;
        Ok(hub)
    }

    /// Kills the hub, and starts another one.
    async fn resume(&self, hub: Hub) -> Result<(Resumed, Hub), RunError> {
        let last_call = self.sandbox.calls().await?;
        hub.kill().await?;
        let killed_ms = self.sandbox.now_ms().await?;
        let mut hub = self.start_hub().await?;
        let last_ms = hub.listens(&self.sandbox, self.live.work.len(), OPEN_WITHIN).await?;
        let opened = self.sandbox.opened_after(killed_ms).await?;
        let first_ms = opened.iter().min().copied().unwrap_or(last_ms);
        self.sandbox.quiet().await?;
        let seconds = |from_ms: i64| rounded(float((last_ms - from_ms).unsigned_abs()) / 1_000.0);
        let resumed = Resumed {
            streams: self.live.work.len() as u64,
            open_again: opened.len() as u64,
            tokens_bought: self.sandbox.tokens_after(last_call).await?,
            after_kill_s: seconds(killed_ms),
            opening_s: seconds(first_ms),
        };
        Ok((resumed, hub))
    }

    /// Has reps write at full speed, and at half of it.
    async fn relay(&self, hub: &Hub) -> Result<Relayed, RunError> {
        let work = self.live.work.iter().take(WRITTEN_MAX).cloned().collect();
        let (sandbox, customers) = (Arc::clone(&self.sandbox), Arc::clone(&self.customers));
        let reps = Arc::new(Reps { sandbox, customers, work });
        reps.accept().await?;
        self.live.settled().await?;
        tokio::time::sleep(BETWEEN).await;
        let full = reps.at_full_speed().await?;
        self.live.settled().await?;
        tokio::time::sleep(BETWEEN).await;
        let units = hub.units(&self.sandbox.http).await?;
        let half = reps.at_pace(full.per_s() / 2.0).await?;
        self.live.settled().await?;
        let units = hub.units(&self.sandbox.http).await?.saturating_sub(units);
        Ok(Relayed::new(reps.work.len(), &full, &half, units))
    }
}

impl Relayed {
    fn new(replies: usize, full: &Replies, half: &Replies, units: u64) -> Self {
        Self {
            replies: 2 * replies as u64,
            calls: (full.count() + half.count()) as u64,
            capacity_per_s: rounded(full.per_s()),
            load_per_s: rounded(full.per_s() / 2.0),
            p50_ms: rounded(half.percentile_ms(50)),
            p99_ms: rounded(half.percentile_ms(99)),
            units_per_reply: rounded(float(units) / float(half.count() as u64)),
        }
    }
}

impl Report {
    fn print(&self) {
        println!("load {}\n", load_average());
        for Level { conversations, anonymous_mib } in &self.levels {
            println!(
                "{conversations:>6} live conversations: {anonymous_mib:.1} MiB of the hub's own"
            );
        }
        println!("one more takes {:.1} KiB", self.kib_per_conversation);
        let Resumed { streams, open_again, tokens_bought, after_kill_s, opening_s } = &self.resumed;
        println!(
            "killed: {open_again} of {streams} streams open again after {after_kill_s:.1} s \
             ({opening_s:.1} s from the first to the last), {tokens_bought} tokens bought"
        );
        let Relayed { replies, calls, capacity_per_s, load_per_s, .. } = &self.relayed;
        let Relayed { p50_ms, p99_ms, units_per_reply, .. } = &self.relayed;
        println!(
            "replies: {calls} of {replies} called through; {capacity_per_s:.0}/s at most; at \
             {load_per_s:.0}/s median {p50_ms:.1} ms, 99 of 100 within {p99_ms:.1} ms, \
             {units_per_reply:.1} units written for each"
        );
    }
}
