//! The processes around the measurement: the simulated vendors, and the hub, which is killed.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::{builder, hub::RunError, seed};

/// How long a process may take to begin.
const START: Duration = Duration::from_secs(60);
/// How often it is looked whether something has happened.
pub const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Nothing has been asked for so long: whatever was to be done is done, and given back.
const QUIET: Duration = Duration::from_secs(2);
/// How long that may take.
const QUIET_WITHIN: Duration = Duration::from_secs(600);
/// Files that a process needs beside one connection for each stream.
const OTHER_FILES: u64 = 500;

/// The simulated vendors, in a process of their own: their memory and their connections are not
/// the hub's.
pub struct Sandbox {
    /// Where they are.
    pub url: String,
    /// Calls them.
    pub http: reqwest::Client,
    _child: Child,
}

impl Sandbox {
    /// Starts them.
    ///
    /// # Errors
    /// They do not start.
    pub async fn start() -> Result<Self, RunError> {
        let failed = || RunError::Refused("start the simulated vendors".to_owned());
        let mut child = program()?
            .args(["sandbox", "--port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(RunError::io("start the simulated vendors"))?;
        let mut lines = BufReader::new(child.stdout.take().ok_or_else(failed)?).lines();
        let line = tokio::time::timeout(START, lines.next_line()).await.map_err(|_| failed())?;
        let line = line.map_err(RunError::io("read where the simulated vendors listen"))?;
        let url =
            line.as_deref().and_then(|line| line.split(' ').next_back()).ok_or_else(failed)?;
        let http = builder::http_client(true).map_err(builder::VendorsError::from)?;
        Ok(Self { url: url.to_owned(), http, _child: child })
    }

    /// Gives an order.
    ///
    /// # Errors
    /// It is refused, with the words.
    pub async fn order(&self, path: &str, body: &Value) -> Result<Value, RunError> {
        seed::control(&self.http, &self.url, path, body).await.map_err(RunError::Refused)
    }

    /// What a control path shows.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn see(&self, path: &str) -> Result<Value, RunError> {
        let failed = |e: reqwest::Error| RunError::Refused(format!("see {path}: {e}"));
        let answer = self.http.get(format!("{}/_control/{path}", self.url)).send();
        answer.await.map_err(failed)?.json().await.map_err(failed)
    }

    /// The simulators' time.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn now_ms(&self) -> Result<i64, RunError> {
        Ok(self.see("clock").await?["now_ms"].as_i64().unwrap_or_default())
    }

    /// The number of the newest call.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn calls(&self) -> Result<u64, RunError> {
        Ok(self.see("requests?limit=0").await?["last_seq"].as_u64().unwrap_or_default())
    }

    /// Tokens that were bought after this call.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn tokens_after(&self, call: u64) -> Result<u64, RunError> {
        let path = format!("requests?operation=token.authenticated&after={call}&limit=10000");
        Ok(self.see(&path).await?["requests"].as_array().map_or(0, |calls| calls.len() as u64))
    }

    /// When each of the streams was opened that were opened after this moment.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn opened_after(&self, moment_ms: i64) -> Result<Vec<i64>, RunError> {
        let seen = self.see("salesforce/streams").await?;
        let newest = |subject: &Value| {
            let streams = subject["streams"].as_array()?.iter();
            streams.filter_map(|stream| stream["opened_at_ms"].as_i64()).max()
        };
        let subjects = seen["subjects"].as_array().into_iter().flatten();
        Ok(subjects.filter_map(newest).filter(|at_ms| *at_ms > moment_ms).collect())
    }

    /// Waits until nobody asks anything any more.
    ///
    /// # Errors
    /// Somebody always does.
    pub async fn quiet(&self) -> Result<(), RunError> {
        let quiet = async {
            let mut calls = self.calls().await?;
            loop {
                tokio::time::sleep(QUIET).await;
                let now = self.calls().await?;
                if now == calls {
                    return Ok(());
                }
                calls = now;
            }
        };
        let late = |_| RunError::Refused("see the hub come to rest".to_owned());
        tokio::time::timeout(QUIET_WITHIN, quiet).await.map_err(late)?
    }
}

/// The hub, as it is served anywhere.
pub struct Hub {
    child: Child,
    log: PathBuf,
    /// When it was told to start, by the simulators' clock.
    pub started_ms: i64,
}

/// What the hub is started with.
pub struct Served<'a> {
    pub folder: &'a TempDir,
    pub store_url: &'a str,
    pub key: &'a str,
}

impl Hub {
    /// Starts it; its log stays in the folder.
    ///
    /// # Errors
    /// It does not start.
    pub async fn start(sandbox: &Sandbox, served: &Served<'_>) -> Result<Self, RunError> {
        let folder = served.folder.path();
        let log = log(folder);
        let lines = std::fs::File::options().create(true).append(true).open(&log);
        let lines = lines.map_err(RunError::io("open the log of the hub"))?;
        let started_ms = sandbox.now_ms().await?;
        let child = program()?
            .arg("serve")
            .env("BATON_STORE__URL", served.store_url)
            .env("BATON_SERVER__LISTEN", "127.0.0.1:0")
            .env("BATON_FILES__FOLDER", folder.join("files"))
            .env("BATON_KEY", served.key)
            .env("BATON_LOG__LEVEL", "warn,baton::serve=info")
            .env("BATON_DEVELOPMENT__ENABLED", "true")
            .stdout(Stdio::null())
            .stderr(lines)
            .spawn()
            .map_err(RunError::io("start the hub"))?;
        Ok(Self { child, log, started_ms })
    }

    /// Units of work that it has written since its start.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn units(&self, http: &reqwest::Client) -> Result<u64, RunError> {
        let failed = || RunError::Refused("read how much the hub has written".to_owned());
        let log = std::fs::read_to_string(&self.log).map_err(|_| failed())?;
        let address = log.lines().rev().find_map(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            line["address"].as_str().map(str::to_owned)
        });
        let url = format!("http://{}/metrics", address.ok_or_else(failed)?);
        let answer = http.get(url).send().await.map_err(|_| failed())?;
        let metrics = answer.text().await.map_err(|_| failed())?;
        let units = metrics.lines().find_map(|line| line.strip_prefix("baton_store_units "));
        units.and_then(|units| units.trim().parse().ok()).ok_or_else(failed)
    }

    /// Its anonymous memory, in MiB.
    ///
    /// # Errors
    /// It does not run any more.
    pub fn memory_mib(&self) -> Result<f64, RunError> {
        let gone = || RunError::Refused("read the memory of the hub".to_owned());
        let id = self.child.id().ok_or_else(gone)?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))
            .map_err(RunError::io("read the memory of the hub"))?;
        let kib = status.lines().find_map(|line| {
            line.strip_prefix("RssAnon:")?.trim().trim_end_matches(" kB").parse::<u32>().ok()
        });
        kib.map(|kib| f64::from(kib) / 1_024.0).ok_or_else(gone)
    }

    /// Waits until so many of its streams are open; how long that took, from a moment of the
    /// simulators' clock on, in seconds.
    ///
    /// # Errors
    /// The hub ends, or they are not opened.
    pub async fn listens(
        &mut self,
        sandbox: &Sandbox,
        count: usize,
        within: Duration,
    ) -> Result<i64, RunError> {
        let mut open = 0;
        let all_open = async {
            loop {
                let opened = sandbox.opened_after(self.started_ms).await?;
                open = opened.len();
                if open >= count {
                    return Ok(opened.into_iter().max().unwrap_or_default());
                }
                if let Ok(Some(status)) = self.child.try_wait() {
                    return Err(RunError::Refused(format!("keep the hub running: {status}")));
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        let ended = tokio::time::timeout(within, all_open).await;
        ended.unwrap_or_else(|_| {
            Err(RunError::Refused(format!("see all streams open: {open} of {count} are")))
        })
    }

    /// Kills it: nobody is told anything, and no lease is given back.
    ///
    /// # Errors
    /// It cannot be killed.
    pub async fn kill(mut self) -> Result<(), RunError> {
        self.child.kill().await.map_err(RunError::io("kill the hub"))
    }
}

/// Where the hub writes what went wrong.
pub fn log(folder: &Path) -> std::path::PathBuf {
    folder.join("hub.log")
}

/// This program once more, ended together with this process.
fn program() -> Result<Command, RunError> {
    let mut command = Command::new(std::env::current_exe().map_err(RunError::io("find itself"))?);
    command.stdin(Stdio::null()).kill_on_drop(true);
    Ok(command)
}

/// Whether a process may have so many connections.
///
/// # Errors
/// It may not, and what to do.
pub fn may_open(streams: u64) -> Result<(), RunError> {
    let limits = std::fs::read_to_string("/proc/self/limits")
        .map_err(RunError::io("read how many files a process may open"))?;
    let most = limits.lines().find_map(|line| {
        line.strip_prefix("Max open files")?.split_whitespace().next()?.parse::<u64>().ok()
    });
    match most {
        Some(most) if most < streams + OTHER_FILES => Err(RunError::Refused(format!(
            "open {streams} streams: a process may open {most} files here; raise it with ulimit -n"
        ))),
        _ => Ok(()),
    }
}

/// The simulators let everything go at full speed: what they do is not what is measured.
///
/// # Errors
/// They refuse.
pub async fn unleash(sandbox: &Sandbox) -> Result<(), RunError> {
    let switches = json!({
        "salesforce.tokens_per_minute": 0,
        // Everybody in line hears of every step of the line otherwise.
        "salesforce.queue_position": "no",
    });
    sandbox.order("switches", &switches).await.map(|_| ())
}
