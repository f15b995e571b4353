//! `baton bench media`: how much memory a file takes on each of its ways through the hub.
//!
//! Each way is measured in a process of its own, because an allocator keeps what another way
//! needed. The peaks of 1, 4, 8 and 16 files at the same time lie on a line, whose slope is what
//! one more file takes; what is needed only once does not count.

mod ends;

use std::{fs, net::SocketAddr, process::Stdio, sync::Arc, time::Instant};

use axum::{Router, body::Body, extract::State, http::StatusCode, routing::get};
use baton_core::{
    channel::Channel,
    fault::Fault,
    file::MediaSource,
    ids::{FileId, Ids as _, VendorId, WorkspaceId},
    secret::Secret,
    time::Clock,
};
use baton_files::{BucketConfig, Client, Files, FilesConfig, NewFile};
use baton_relay::{
    Builder,
    system::{SystemClock, SystemIds},
};
use clap::{Args, ValueEnum};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use tokio::{process::Command, sync::watch};

use super::{float, parts, rounded};
use crate::{builder, builder::Vendors, hub::RunError, settings::Settings};

/// Files at the same time.
const LEVELS: [u64; 4] = [1, 4, 8, 16];
/// Whose the files are.
const WORKSPACE: WorkspaceId = WorkspaceId(uuid::Uuid::from_u128(1));

/// Measures the memory that files take on their way.
#[derive(Args, Debug)]
pub struct Media {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// The size of each file, in MiB.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=100))]
    mib: u64,
    /// Only this way.
    #[arg(long)]
    way: Option<Way>,
}

/// The ways of a file's bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Way {
    /// From the vendor into the folder.
    VendorToFolder,
    /// From the vendor into a bucket.
    VendorToBucket,
    /// From the folder to whoever has a link.
    FolderToLink,
    /// From a bucket to whoever has a link.
    BucketToLink,
}

/// What one way takes; the names are the ones that others script against.
#[derive(Debug, Serialize, Deserialize)]
struct Report {
    way: Way,
    mib: u64,
    levels: Vec<Level>,
    /// The slope of the peaks.
    peak_growth_mib_per_transfer: f64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Level {
    transfers: u64,
    /// By how much the peak of the resident memory lies above that of a hub at rest.
    peak_growth_mib: f64,
    /// All of them together.
    mib_per_s: f64,
}

/// Measures.
///
/// # Errors
/// A part does not start, or a file does not arrive.
pub async fn run(args: &Media) -> Result<(), RunError> {
    let mut reports = Vec::new();
    match args.way {
        Some(way) => reports.push(measure(way, args.mib).await?),
        None => {
            for way in Way::value_variants() {
                reports.push(apart(*way, args.mib).await?);
            }
        }
    }
    for report in &reports {
        if args.json {
            println!("{}", serde_json::to_string(report).unwrap_or_default());
        } else {
            report.print();
        }
    }
    Ok(())
}

/// Measures one way in a process of its own.
async fn apart(way: Way, mib: u64) -> Result<Report, RunError> {
    let failed = || RunError::Refused(format!("measure {way:?} in a process of its own"));
    let name = way.to_possible_value().map(|name| name.get_name().to_owned()).unwrap_or_default();
    let measured = Command::new(std::env::current_exe().map_err(RunError::io("find itself"))?)
        .args(["bench", "media", "--json", "--way", &name, "--mib", &mib.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(RunError::io("start a process to measure its memory"))?;
    serde_json::from_slice(&measured.stdout).map_err(|_| failed())
}

async fn measure(way: Way, mib: u64) -> Result<Report, RunError> {
    let stage = Stage::start(way, mib).await?;
    // The first one brings everything into being that is made only once.
    stage.transfer(way).await?;
    let at_rest = memory_kib("VmRSS")?;
    let mut levels = Vec::new();
    for transfers in LEVELS {
        fs::write("/proc/self/clear_refs", "5")
            .map_err(RunError::io("count the peak of memory anew"))?;
        let begun = Instant::now();
        try_join_all((0..transfers).map(|_| stage.transfer(way))).await?;
        let took_s = begun.elapsed().as_secs_f64();
        let grown = memory_kib("VmHWM")?.saturating_sub(at_rest);
        levels.push(Level {
            transfers,
            peak_growth_mib: rounded(float(grown) / 1_024.0),
            mib_per_s: rounded(float(mib * transfers) / took_s),
        });
    }
    let slope = slope(levels.iter().map(|level| (float(level.transfers), level.peak_growth_mib)));
    Ok(Report { way, mib, levels, peak_growth_mib_per_transfer: rounded(slope) })
}

/// The slope of the line that fits the points best (least squares).
pub(super) fn slope(points: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let count = points.clone().fold(0.0, |count, _| count + 1.0);
    let mean_x = points.clone().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = points.clone().map(|(_, y)| y).sum::<f64>() / count;
    let together: f64 = points.clone().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    together / points.map(|(x, _)| (x - mean_x).powi(2)).sum::<f64>()
}

impl Report {
    fn print(&self) {
        println!("{:?}, files of {} MiB", self.way, self.mib);
        for Level { transfers, peak_growth_mib, mib_per_s } in &self.levels {
            println!(
                "  {transfers:>2} at the same time: peak {peak_growth_mib:>5.1} MiB, {mib_per_s:.0} MiB/s together"
            );
        }
        println!("  one more takes {:.2} MiB", self.peak_growth_mib_per_transfer);
    }
}

/// Everything of one way.
struct Stage {
    files: Arc<Files>,
    channel: Arc<dyn Channel>,
    /// Where links are served.
    links: SocketAddr,
    _folder: TempDir,
    _serving: watch::Sender<bool>,
}

impl Stage {
    async fn start(way: Way, mib: u64) -> Result<Self, RunError> {
        let folder = tempfile::tempdir().map_err(RunError::io("make a folder for the files"))?;
        let outside = ends::outside(mib * 16).await?;
        let path = folder.path().to_path_buf();
        let config = match way {
            Way::VendorToFolder | Way::FolderToLink => FilesConfig::Folder(path),
            Way::VendorToBucket | Way::BucketToLink => {
                FilesConfig::Bucket(path, Box::new(bucket(outside)?))
            }
        };
        let files = Files::open(config).await.map_err(|e| RunError::Refused(e.to_string()))?;
        let files = Arc::new(files);
        let channel = channel(&format!("http://{outside}"))?;
        let listener = parts::listen().await?;
        let links = listener.local_addr().map_err(RunError::io("read the address listened on"))?;
        let app = Router::new().route("/file", get(given)).with_state(Arc::clone(&files));
        let (stop, stopped) = watch::channel(false);
        let limits = baton_http::Limits::default();
        tokio::spawn(baton_http::serve(listener, app, limits, stopped));
        let stage = Self { files, channel, links, _folder: folder, _serving: stop };
        stage.take_in(FileId(uuid::Uuid::nil())).await?;
        Ok(stage)
    }

    async fn transfer(&self, way: Way) -> Result<(), RunError> {
        match way {
            Way::VendorToFolder | Way::VendorToBucket => {
                self.take_in(FileId(SystemIds.uuid())).await
            }
            Way::FolderToLink | Way::BucketToLink => {
                ends::fetch(self.links).await.map_err(RunError::io("fetch a file by its link"))
            }
        }
    }

    async fn take_in(&self, id: FileId) -> Result<(), RunError> {
        let failed = |fault: Fault| RunError::Refused(fault.operator);
        let most = 100 * 1_024 * 1_024;
        let source = MediaSource { vendor_id: VendorId::from(ends::MEDIA_ID), max_bytes: most };
        let stream = self.channel.fetch(&source).await.map_err(failed)?;
        let new = NewFile {
            id,
            workspace: WORKSPACE,
            sent_name: Some("invoice.pdf"),
            word: "document",
            claimed_type: Some("application/pdf"),
            sha256: None,
            max_bytes: most,
        };
        self.files.put(&new, stream).await.map_err(failed)?;
        Ok(())
    }
}

/// Gives the file as the hub's links do.
async fn given(State(files): State<Arc<Files>>) -> Result<Body, StatusCode> {
    let body = files.get(WORKSPACE, FileId(uuid::Uuid::nil())).await;
    body.map(|body| Body::from_stream(body.pieces)).map_err(|_| StatusCode::NOT_FOUND)
}

fn channel(base_url: &str) -> Result<Arc<dyn Channel>, RunError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let vendors = Vendors::new(&clock, true, "", Settings::load(None)?.vendors)?;
    let mut settings = parts::vendor_settings();
    settings.insert("base_url".to_owned(), base_url.into());
    settings.insert("media_hosts".to_owned(), "127.0.0.1".into());
    let refused = |fault| RunError::Refused(format!("make the inbox: {fault}"));
    vendors.channel("whatsapp_cloud", &settings).map_err(refused)
}

fn bucket(address: SocketAddr) -> Result<BucketConfig, RunError> {
    Ok(BucketConfig {
        endpoint: format!("http://{address}"),
        name: "media".to_owned(),
        region: "eu-central-1".to_owned(),
        key_id: "benchmark".to_owned(),
        secret: Secret::new("benchmark-secret"),
        client: Client::new(true).map_err(builder::VendorsError::from)?,
    })
}

fn memory_kib(name: &str) -> Result<u64, RunError> {
    let status =
        fs::read_to_string("/proc/self/status").map_err(RunError::io("read its memory"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number = line.and_then(|rest| rest.trim().trim_end_matches(" kB").trim().parse().ok());
    number.ok_or_else(|| RunError::Refused(format!("read {name} of its own process")))
}
