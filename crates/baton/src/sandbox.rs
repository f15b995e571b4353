//! `baton sandbox`: the simulated vendors alone.

use baton_sandbox::{Clock, Config};
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
}

/// Runs the sandbox.
///
/// # Errors
/// It does not start.
pub async fn run(args: Sandbox) -> Result<(), RunError> {
    let address = format!("127.0.0.1:{}", args.port);
    let listener =
        TcpListener::bind(&address).await.map_err(|source| RunError::Listen { address, source })?;
    let sandbox = baton_sandbox::start(Config::from_seed(args.seed), Clock::running(), listener)
        .await
        .map_err(RunError::io("start the sandbox"))?;
    println!("the sandbox listens at {}", sandbox.world.base_url);
    hub::wish_to_stop().await;
    sandbox.shutdown().await;
    Ok(())
}
