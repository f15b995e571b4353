//! `baton serve`: the hub.

use std::{path::PathBuf, sync::Arc};

use baton_core::time::Clock;
use baton_http::SystemRandom;
use baton_relay::system::SystemClock;
use clap::Args;
use tokio::net::TcpListener;

use crate::{
    builder,
    clock::Followed,
    hub::{self, RunError},
    logging, seed,
    settings::Settings,
};

/// Runs the hub until it is told to stop.
#[derive(Args, Debug)]
pub struct Serve {
    /// The settings file; see baton.default.toml for every setting.
    #[arg(long, env = "BATON_CONFIG")]
    config: Option<PathBuf>,
}

/// Runs the hub.
///
/// # Errors
/// It does not start.
pub async fn run(args: Serve) -> Result<(), RunError> {
    let settings = Settings::load(args.config.as_deref())?;
    logging::start(&settings.log).map_err(RunError::Refused)?;
    logging::count();
    let store = hub::open_store(&settings).await?;
    let clock = clock(&settings).await?;
    let listen = &settings.server.listen;
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|source| RunError::Listen { address: listen.clone(), source })?;
    let public_url = settings.server.public_url.clone();
    let running = hub::start(&settings, store, clock, listener, &public_url).await?;
    tracing::info!(address = %running.address, public_url, "the hub listens");
    show_setup_link(&running, &public_url).await;
    hub::wish_to_stop().await;
    tracing::info!("stopping");
    running.stop().await;
    Ok(())
}

async fn clock(settings: &Settings) -> Result<Arc<dyn Clock>, RunError> {
    let url = &settings.development.follow_clock_url;
    if url.is_empty() {
        return Ok(Arc::new(SystemClock));
    }
    let http = builder::http_client(true).map_err(builder::VendorsError::from)?;
    Ok(Followed::start(http, url).await)
}

/// Printed once, to the terminal and never to the log: whoever holds it becomes administrator.
async fn show_setup_link(running: &hub::Running, public_url: &str) {
    let store = running.hub.store();
    match baton_http::setup_link(store, &SystemRandom, seed::now(), public_url).await {
        Ok(Some(link)) => eprintln!("\nFirst start: make the first administrator at\n  {link}\n"),
        Ok(None) => {}
        Err(error) => tracing::error!(%error, "the link for the first administrator was not made"),
    }
}
