//! The `baton` program: everything is wired here.

mod apply;
mod bench;
mod builder;
mod check;
mod clock;
mod demo;
mod doctor;
mod hub;
mod logging;
mod rehearse;
mod salesforce;
mod sandbox;
mod seed;
mod serve;
mod settings;
mod trace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mimalloc::MiMalloc;

/// The standard library's own allocator spends a tenth of a loaded hub's time; see
/// docs/decisions/0010-allocator.md.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// A self-hosted hub: AI answers customers first, people take over at their own desks.
#[derive(Parser, Debug)]
#[command(name = "baton", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Serve(serve::Serve),
    Demo(demo::Demo),
    Sandbox(sandbox::Sandbox),
    Rehearse(rehearse::Rehearse),
    Apply(apply::Apply),
    Check(check::Check),
    Doctor(doctor::Doctor),
    Trace(trace::TraceArgs),
    Bench(bench::Bench),
    Salesforce(salesforce::Salesforce),
    /// Print a new key for the encryption of secrets.
    Key,
}

fn main() -> ExitCode {
    install_crypto();
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("baton: failed to start its runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(cli.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("baton: failed to {error}");
            ExitCode::FAILURE
        }
    }
}

/// One provider for TLS and for tokens; two would fail at the first signature.
fn install_crypto() {
    // Both answer with an error only when a provider is installed already, which is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
}

async fn run(command: Command) -> Result<(), hub::RunError> {
    match command {
        Command::Serve(args) => serve::run(args).await,
        Command::Demo(args) => demo::run(args).await,
        Command::Sandbox(args) => sandbox::run(args).await,
        Command::Rehearse(args) => rehearse::run(args).await,
        Command::Apply(args) => apply::run(args).await,
        Command::Check(args) => check::run(args).await,
        Command::Doctor(args) => doctor::run(args).await,
        Command::Trace(args) => trace::run(args).await,
        Command::Bench(args) => bench::run(args).await,
        Command::Salesforce(args) => salesforce::run(args),
        Command::Key => {
            println!("{}", baton_store::SecretKey::generate()?);
            Ok(())
        }
    }
}
