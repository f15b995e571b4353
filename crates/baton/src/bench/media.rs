//! `baton bench media`: how much memory files take that come in at the same time.

use std::{fs, io, net::SocketAddr, sync::Arc, time::Instant};

use baton_core::{
    channel::Channel,
    file::MediaSource,
    ids::{FileId, Ids as _, VendorId, WorkspaceId},
    time::Clock,
};
use baton_files::{Files, FilesConfig, NewFile};
use baton_relay::{
    Builder,
    system::{SystemClock, SystemIds},
};
use clap::Args;
use futures::future::try_join_all;
use serde::Serialize;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinHandle,
};

use super::{float, parts, rounded};
use crate::{builder::Vendors, hub::RunError, settings::Settings};

/// One piece of the file that the vendor sends: the beginning of a PDF, and then nothing of note.
static PIECE: [u8; 64 * 1024] = {
    let mut piece = [b' '; 64 * 1024];
    let head = *b"%PDF-1.7\n";
    let mut at = 0;
    while at < head.len() {
        piece[at] = head[at];
        at += 1;
    }
    piece
};

/// Measures the memory that files take while they come in.
#[derive(Args, Debug)]
pub struct Media {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// The size of each file, in MiB.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=100))]
    mib: u64,
    /// Files that come in at the same time.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=64))]
    transfers: u64,
}

/// The result; the names are the ones that others script against.
#[derive(Serialize)]
struct Report {
    mib: u64,
    transfers: u64,
    /// By how much the peak of the resident memory grew, divided by the transfers.
    peak_growth_mib_per_transfer: f64,
    /// All of them together.
    mib_per_s: f64,
}

/// Measures.
///
/// # Errors
/// A part does not start, or a file does not arrive.
pub async fn run(args: &Media) -> Result<(), RunError> {
    let folder = tempfile::tempdir().map_err(RunError::io("make a folder for the files"))?;
    let files = Files::open(FilesConfig::Folder(folder.path().to_path_buf())).await;
    let files = files.map_err(|e| RunError::Refused(e.to_string()))?;
    let (address, serving) = vendor(args.mib * 16).await?;
    let channel = channel(&format!("http://{address}"))?;
    // The first one brings everything into being that is made only once.
    transfer(channel.as_ref(), &files).await?;
    forget_peak()?;
    let before = memory_kib("VmRSS")?;
    let begun = Instant::now();
    try_join_all((0..args.transfers).map(|_| transfer(channel.as_ref(), &files))).await?;
    let took_s = begun.elapsed().as_secs_f64();
    let grown = memory_kib("VmHWM")?.saturating_sub(before);
    serving.abort();
    let report = Report {
        mib: args.mib,
        transfers: args.transfers,
        peak_growth_mib_per_transfer: rounded(float(grown) / 1_024.0 / float(args.transfers)),
        mib_per_s: rounded(float(args.mib * args.transfers) / took_s),
    };
    if args.json {
        println!("{}", serde_json::to_string(&report).unwrap_or_default());
    } else {
        let Report { mib, transfers, peak_growth_mib_per_transfer, mib_per_s } = report;
        println!("{transfers} files of {mib} MiB at the same time, {mib_per_s:.0} MiB/s together");
        println!("peak of the memory grew by {peak_growth_mib_per_transfer:.2} MiB for each");
    }
    Ok(())
}

async fn transfer(channel: &dyn Channel, files: &Files) -> Result<(), RunError> {
    let failed = |fault: baton_core::fault::Fault| RunError::Refused(fault.operator);
    let most = 100 * 1_024 * 1_024;
    let source = MediaSource { vendor_id: VendorId::from("1234567890"), max_bytes: most };
    let stream = channel.fetch(&source).await.map_err(failed)?;
    let new = NewFile {
        id: FileId(SystemIds.uuid()),
        workspace: WorkspaceId(SystemIds.uuid()),
        sent_name: Some("invoice.pdf"),
        word: "document",
        claimed_type: Some("application/pdf"),
        sha256: None,
        max_bytes: most,
    };
    files.put(&new, stream).await.map_err(failed)?;
    Ok(())
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

/// A vendor that takes no memory itself: it sends the same piece again and again, unbuffered.
async fn vendor(pieces: u64) -> Result<(SocketAddr, JoinHandle<()>), RunError> {
    let listener = parts::listen().await?;
    let address = listener.local_addr().map_err(RunError::io("read the address listened on"))?;
    let size = pieces * PIECE.len() as u64;
    let info = json!({
        "url": format!("http://{address}/file"), "mime_type": "application/pdf",
        "file_size": size, "id": "1234567890", "messaging_product": "whatsapp",
    });
    let info: Arc<str> = info.to_string().into();
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Whoever asks notices when an answer breaks off.
            tokio::spawn(answer(stream, Arc::clone(&info), pieces));
        }
    });
    Ok((address, serving))
}

/// Answers one request and closes the connection.
async fn answer(mut stream: TcpStream, info: Arc<str>, pieces: u64) -> io::Result<()> {
    let mut request = [0; 4_096];
    let count = stream.read(&mut request).await?;
    let is_file = request[..count].starts_with(b"GET /file ");
    let (kind, length) = match is_file {
        true => ("application/pdf", pieces * PIECE.len() as u64),
        false => ("application/json", info.len() as u64),
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    if !is_file {
        return stream.write_all(info.as_bytes()).await;
    }
    for _ in 0..pieces {
        stream.write_all(&PIECE).await?;
    }
    stream.shutdown().await
}

/// From here on the peak is counted anew.
fn forget_peak() -> Result<(), RunError> {
    fs::write("/proc/self/clear_refs", "5").map_err(RunError::io("count the peak of memory anew"))
}

fn memory_kib(name: &str) -> Result<u64, RunError> {
    let status =
        fs::read_to_string("/proc/self/status").map_err(RunError::io("read its memory"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number = line.and_then(|rest| rest.trim().trim_end_matches(" kB").trim().parse().ok());
    number.ok_or_else(|| RunError::Refused(format!("read {name} of its own process")))
}
