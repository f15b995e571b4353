//! The built program as a child process that can be killed and started again.

use std::{
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A start takes this long at most; an earlier holder's lease must run out first.
const START_PATIENCE: Duration = Duration::from_secs(60);

/// A hub at one address, over its starts and ends.
pub struct Hub {
    pub url: String,
    settings: Vec<(String, String)>,
    log: PathBuf,
    child: Option<Child>,
}

impl Hub {
    /// A hub that does not run yet.
    pub fn new(folder: &Path, store_url: &str, key: &str, sandbox_url: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("http://127.0.0.1:{port}");
        let knowledge = concat!(env!("CARGO_MANIFEST_DIR"), "/../../demo/knowledge");
        let settings = [
            ("BATON_SERVER__LISTEN", format!("127.0.0.1:{port}")),
            ("BATON_SERVER__PUBLIC_URL", url.clone()),
            ("BATON_STORE__URL", store_url.to_owned()),
            ("BATON_FILES__FOLDER", folder.join("files").display().to_string()),
            ("BATON_KEY", key.to_owned()),
            ("BATON_WORKERS__LEASE_MS", "1000".to_owned()),
            ("BATON_KNOWLEDGE__FOLDER", knowledge.to_owned()),
            ("BATON_LOG__FORMAT", "text".to_owned()),
            ("BATON_LOG__LEVEL", "info".to_owned()),
            ("BATON_DEVELOPMENT__ENABLED", "true".to_owned()),
            ("BATON_DEVELOPMENT__FOLLOW_CLOCK_URL", sandbox_url.to_owned()),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value)).to_vec();
        Self { url, settings, log: folder.join("hub.log"), child: None }
    }

    /// Another hub on the same database, at an address and with a log of its own.
    pub fn twin(&self) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("http://127.0.0.1:{port}");
        let mut settings = self.settings.clone();
        settings.push(("BATON_SERVER__LISTEN".to_owned(), format!("127.0.0.1:{port}")));
        settings.push(("BATON_SERVER__PUBLIC_URL".to_owned(), url.clone()));
        Self { url, settings, log: self.log.with_extension("twin.log"), child: None }
    }

    /// Stops the process where it stands (SIGSTOP), or lets it go on (SIGCONT).
    pub fn pause(&self, paused: bool) {
        let signal = if paused { "-STOP" } else { "-CONT" };
        let pid = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Whether its log says this by now.
    pub fn has_logged(&self, words: &str) -> bool {
        std::fs::read_to_string(&self.log).unwrap_or_default().contains(words)
    }

    /// Starts the process, with one more variable where given.
    pub fn start(&mut self, more: Option<(&str, &str)>) {
        let log = File::options().create(true).append(true).open(&self.log).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_baton"));
        command.arg("serve").env_clear().envs(self.settings.iter().cloned()).envs(more);
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        self.child = Some(command.spawn().unwrap());
    }

    /// Waits until it holds its leases; false when it ended meanwhile.
    pub async fn ready(&mut self, http: &reqwest::Client) -> bool {
        let until = Instant::now() + START_PATIENCE;
        while Instant::now() < until {
            if self.has_ended() {
                return false;
            }
            let answer = http.get(format!("{}/readyz", self.url)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the hub did not become ready\n{}", self.log_tail());
    }

    /// SIGKILL, to this child alone.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself, at a crash point.
            let _ = child.kill();
            child.wait().unwrap();
        }
    }

    /// SIGTERM: asks it to stop, and waits until it has.
    pub async fn stop(&mut self) {
        let pid = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let until = Instant::now() + START_PATIENCE;
        while !self.has_ended() {
            assert!(Instant::now() < until, "the hub did not stop\n{}", self.log_tail());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.kill();
    }

    /// Whether the process is gone.
    pub fn has_ended(&mut self) -> bool {
        self.child.as_mut().is_none_or(|child| child.try_wait().unwrap().is_some())
    }

    /// The newest lines of its log.
    pub fn log_tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.kill();
    }
}
