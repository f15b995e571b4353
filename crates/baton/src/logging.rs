//! What operators see of the running process: logs and metrics.

use tracing_subscriber::EnvFilter;

use crate::settings::Log;

/// Starts logging to standard error.
///
/// # Errors
/// The level is not understood.
pub fn start(log: &Log) -> Result<(), String> {
    let filter = EnvFilter::try_new(&log.level).map_err(|e| format!("log.level: {e}"))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if log.format == "json" {
        builder.json().flatten_event(true).try_init()
    } else {
        builder.try_init()
    };
    started.map_err(|e| format!("log: {e}"))
}

/// Starts counting. Before the hub starts, so that nothing is missed.
pub fn count() {
    if let Some(handle) = baton_http::metrics_start() {
        tokio::spawn(baton_http::metrics_upkeep(handle));
    }
}
