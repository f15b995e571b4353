//! `baton bench`: how fast vendors' webhooks are taken, measured against the machine itself.
//!
//! Everything is a ratio of rates from one run: the same requests, over the same kind of
//! connections, first to a handler that does nothing, then to the hub.

mod idle;
mod load;
mod media;
mod messages;
mod pace;
mod parts;
mod requests;
mod streams;
mod world;

use std::{sync::Arc, time::Duration};

use baton_core::ids::Ids as _;
use baton_relay::system::SystemIds;
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::hub::RunError;
use load::Measured;
use requests::Requests;
use world::World;

/// Requests signed beforehand for each second of the durable phase, at most.
const DURABLE_PER_S: usize = 40_000;
/// The same for the phase that commits each request alone.
const COMMIT_EACH_PER_S: usize = 10_000;

/// Measures.
#[derive(Args, Debug)]
pub struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    Ingest(Ingest),
    Messages(messages::Messages),
    Media(media::Media),
    Pace(pace::Pace),
    Streams(streams::Streams),
}

/// Measures how fast signed webhooks are verified, committed and answered while the workers run.
#[derive(Args, Debug)]
struct Ingest {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// How long each phase lasts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// How often all phases are run; the results are medians.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=99))]
    pairs: u64,
    /// Connections that send at the same time.
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..=1024))]
    connections: u64,
    /// sqlite:FILE, made for the run and removed, or postgres://…, used in a schema of its own.
    #[arg(long, default_value = "sqlite:data/bench.db")]
    database: String,
}

/// The result; the names are the ones that others script against.
#[derive(Serialize)]
struct Report {
    /// How often all phases were run.
    pairs: u64,
    /// Requests per second to a handler that reads the body and answers 200.
    null_per_s: f64,
    /// To the hub's own hook, signature checked and split, nothing stored.
    verified_per_s: f64,
    /// With one transaction per request.
    commit_each_per_s: f64,
    /// To the hub's own hook as it is.
    durable_per_s: f64,
    ratio_durable_to_null: f64,
    ratio_durable_to_verified: f64,
    gain_over_commit_each: f64,
    /// Transactions during the durable phase, those of the workers included, per message. On
    /// SQLite with a write-ahead log and `synchronous=FULL` a transaction is one fsync.
    fsyncs_per_message: f64,
    /// Messages that the workers understood and committed meanwhile.
    processed_per_s: f64,
    /// Messages that were left for the workers when the durable phase ended.
    backlog_end: f64,
    /// From sending a request to its answer in the durable phase.
    p50_ms: f64,
    p99_ms: f64,
    /// Resident memory of a hub that has just started and does nothing.
    rss_idle_mib: f64,
}

/// The figures of one pair.
struct Pair {
    null: Measured,
    verified: Measured,
    commit_each: Measured,
    durable: Measured,
    commits: u64,
    backlog: u64,
}

/// Measures.
///
/// # Errors
/// Something does not start, or a request was not taken.
pub async fn run(args: Bench) -> Result<(), RunError> {
    let args = match args.what {
        What::Ingest(args) => args,
        What::Messages(args) => return messages::run(&args),
        What::Media(args) => return media::run(&args).await,
        What::Pace(args) => return pace::run(&args).await,
        What::Streams(args) => return streams::run(&args).await,
    };
    // A hub counts what it does; so does what is measured.
    let counting = baton_http::metrics_start().map(baton_http::metrics_upkeep).map(tokio::spawn);
    let rss_idle_mib = idle::rss_mib(&args.database).await?;
    let mut pairs = Vec::new();
    for at in 1..=args.pairs {
        eprintln!("pair {at} of {} …", args.pairs);
        pairs.push(pair(&args, at).await?);
    }
    counting.iter().for_each(tokio::task::JoinHandle::abort);
    let report = Report::new(&pairs, rss_idle_mib);
    if args.json {
        println!("{}", serde_json::to_string(&report).unwrap_or_default());
    } else {
        report.print(&args);
    }
    Ok(())
}

/// One run of all phases, on a database of its own.
async fn pair(args: &Ingest, at: u64) -> Result<Pair, RunError> {
    let run = SystemIds.uuid().simple().to_string();
    let seconds = usize::try_from(args.seconds).unwrap_or(1);
    let many = Arc::new(Requests::sign(&run, "durable", seconds * DURABLE_PER_S));
    let few = Arc::new(Requests::sign(&run, "each", seconds * COMMIT_EACH_PER_S));
    let world = World::start(&args.database, at).await?;
    let measured = phases(args, &world, &many, &few).await;
    world.stop().await?;
    measured
}

async fn phases(
    args: &Ingest,
    world: &World,
    many: &Arc<Requests>,
    few: &Arc<Requests>,
) -> Result<Pair, RunError> {
    let load =
        load::Load { connections: args.connections, span: Duration::from_secs(args.seconds) };
    let null = load.run(&world.null, many.over_and_over()).await?;
    let verified = load.run(&world.verified, many.over_and_over()).await?;
    let commit_each = load.run(&world.commit_each, few.once()).await?;
    world.drain().await?;
    let before = world.store().stats().commits;
    let durable = load.run(&world.durable, many.once()).await?;
    let commits = world.store().stats().commits - before;
    let backlog = world.backlog().await?;
    Ok(Pair { null, verified, commit_each, durable, commits, backlog })
}

impl Report {
    fn new(pairs: &[Pair], rss_idle_mib: f64) -> Self {
        let over = |of: &dyn Fn(&Pair) -> f64| rounded(median(pairs.iter().map(of).collect()));
        Self {
            pairs: u64::try_from(pairs.len()).unwrap_or(u64::MAX),
            null_per_s: over(&|p| p.null.per_s()),
            verified_per_s: over(&|p| p.verified.per_s()),
            commit_each_per_s: over(&|p| p.commit_each.per_s()),
            durable_per_s: over(&|p| p.durable.per_s()),
            ratio_durable_to_null: over(&|p| p.durable.per_s() / p.null.per_s()),
            ratio_durable_to_verified: over(&|p| p.durable.per_s() / p.verified.per_s()),
            gain_over_commit_each: over(&|p| p.durable.per_s() / p.commit_each.per_s()),
            fsyncs_per_message: over(&|p| float(p.commits) / float(p.durable.answered())),
            processed_per_s: over(&|p| {
                float(p.durable.answered().saturating_sub(p.backlog)) / p.durable.took.as_secs_f64()
            }),
            backlog_end: over(&|p| float(p.backlog)),
            p50_ms: over(&|p| p.durable.percentile_ms(50)),
            p99_ms: over(&|p| p.durable.percentile_ms(99)),
            rss_idle_mib: rounded(rss_idle_mib),
        }
    }

    /// The null handler's rate stands beside every figure: without it none means anything.
    fn print(&self, args: &Ingest) {
        let null = format!("(null handler {:.0}/s)", self.null_per_s);
        let line = |name: &str, value: String| println!("{name:<28} {value:>14}  {null}");
        println!(
            "{} pairs of {} s, {} connections, {}; load {}\n",
            self.pairs,
            args.seconds,
            args.connections,
            args.database.split(':').next().unwrap_or_default(),
            load_average()
        );
        line("null", format!("{:.0}/s", self.null_per_s));
        line("verified, not stored", format!("{:.0}/s", self.verified_per_s));
        line("a commit for each", format!("{:.0}/s", self.commit_each_per_s));
        line("durable", format!("{:.0}/s", self.durable_per_s));
        line("durable to null", format!("{:.3}", self.ratio_durable_to_null));
        line("durable to verified", format!("{:.3}", self.ratio_durable_to_verified));
        line("gain over a commit for each", format!("{:.1}", self.gain_over_commit_each));
        line("fsyncs per message", format!("{:.4}", self.fsyncs_per_message));
        line("understood by the workers", format!("{:.0}/s", self.processed_per_s));
        line("left for the workers", format!("{:.0}", self.backlog_end));
        line("answered within, median", format!("{:.1} ms", self.p50_ms));
        line("answered within, 99 of 100", format!("{:.1} ms", self.p99_ms));
        line("idle memory", format!("{:.1} MiB", self.rss_idle_mib));
        println!("\nan fsync is a transaction: the workers' own are counted with the rest");
    }
}

fn load_average() -> String {
    std::fs::read_to_string("/proc/loadavg")
        .map(|text| text.split(' ').take(3).collect::<Vec<_>>().join(" "))
        .unwrap_or_else(|_| "unknown".to_owned())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

/// Four digits after the point are more than such a measurement knows.
fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

#[expect(clippy::cast_precision_loss, reason = "rates need no more digits")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
