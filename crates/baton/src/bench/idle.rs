//! The memory of a hub that does nothing: a fresh `baton serve`, asked until it is ready.

use std::{path::PathBuf, process::Stdio, time::Duration};

use baton_store::SecretKey;
use tokio::process::{Child, Command};

use super::{parts, world::remove_files};
use crate::{
    builder,
    hub::{self, RunError},
};

/// How long the child may take to be ready.
const START: Duration = Duration::from_secs(30);
/// Once it is ready, what the start needed only for itself is given back in this time.
const SETTLE: Duration = Duration::from_secs(2);

/// Resident memory in MiB. For PostgreSQL too the child has a SQLite file: the memory of another
/// process is not ours.
///
/// # Errors
/// The child does not start.
pub async fn rss_mib(database: &str) -> Result<f64, RunError> {
    let beside =
        hub::sqlite_file(database).map_or_else(|| PathBuf::from("data/bench.db"), PathBuf::from);
    let mut file = beside.into_os_string();
    file.push(format!(".{}-idle", std::process::id()));
    let file = PathBuf::from(file);
    let listener = parts::listen().await?;
    let address = listener.local_addr().map_err(RunError::io("read the address listened on"))?;
    drop(listener);
    let mut child = Command::new(std::env::current_exe().map_err(RunError::io("find itself"))?)
        .arg("serve")
        .env("BATON_STORE__URL", format!("sqlite:{}", file.display()))
        .env("BATON_SERVER__LISTEN", address.to_string())
        .env("BATON_KEY", SecretKey::generate()?)
        .env("BATON_LOG__LEVEL", "error")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(RunError::io("start a hub to measure its memory"))?;
    let measured = settled(&mut child, &format!("http://{address}/readyz")).await;
    let _ = child.kill().await;
    remove_files(&file);
    measured
}

async fn settled(child: &mut Child, ready_url: &str) -> Result<f64, RunError> {
    let failed =
        || RunError::Refused("measure the memory of an idle hub: it does not start".to_owned());
    let http = builder::http_client(true).map_err(builder::VendorsError::from)?;
    let ready = async {
        while !http.get(ready_url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        () = ready => {}
        () = tokio::time::sleep(START) => return Err(failed()),
        _ = child.wait() => return Err(failed()),
    }
    tokio::time::sleep(SETTLE).await;
    let id = child.id().ok_or_else(failed)?;
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))
        .map_err(RunError::io("read the memory of an idle hub"))?;
    let kib = status.lines().find_map(|line| {
        line.strip_prefix("VmRSS:")?.trim().trim_end_matches(" kB").parse::<u32>().ok()
    });
    kib.map(|kib| f64::from(kib) / 1_024.0).ok_or_else(failed)
}
