//! `baton sandbox`: the simulated vendors alone.

use std::path::PathBuf;

use baton_sandbox::{Clock, Config, Tls};
use clap::Args;
use tokio::net::TcpListener;

use crate::hub::{self, RunError};

/// Runs the simulated vendors until it is told to stop.
#[derive(Args, Debug)]
pub struct Sandbox {
    /// Where it listens on loopback; 0 takes a free port.
    #[arg(long, default_value_t = 8081)]
    port: u16,
    /// Vendor accounts and ids are made from this number.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Speaks HTTPS, and writes the certificate of the authority that clients have to trust here.
    /// The authority is made anew for each run.
    #[arg(long, value_name = "FILE")]
    tls_authority: Option<PathBuf>,
}

/// Runs the sandbox.
///
/// # Errors
/// It does not start.
pub async fn run(args: Sandbox) -> Result<(), RunError> {
    let address = format!("127.0.0.1:{}", args.port);
    let listener =
        TcpListener::bind(&address).await.map_err(|source| RunError::Listen { address, source })?;
    let (config, clock) = (Config::from_seed(args.seed), Clock::running());
    let started = match &args.tls_authority {
        Some(file) => {
            let tls = Tls::generate().map_err(RunError::io("make a certificate"))?;
            std::fs::write(file, &tls.authority_pem)
                .map_err(RunError::io("write the authority's certificate"))?;
            baton_sandbox::start_tls(config, clock, listener, &tls).await
        }
        None => baton_sandbox::start(config, clock, listener).await,
    };
    let sandbox = started.map_err(RunError::io("start the sandbox"))?;
    println!("the sandbox listens at {}", sandbox.world.base_url);
    hub::wish_to_stop().await;
    sandbox.shutdown().await;
    Ok(())
}
