//! Simulators of the vendors that Baton talks to, written from the vendors' documentation.
//!
//! A [`Sandbox`] listens on one address: every vendor's API, a control API under `/_control/`, and two pages
//! on which a person acts as the customer (`/phone`) and as the rep (`/rep`).

mod call;
mod clock;
mod connection;
mod control;
mod dates;
pub mod dynamics365;
mod faults;
mod ids;
mod journal;
mod multipart;
pub mod openai;
mod pages;
pub mod salesforce;
mod segments;
mod switches;
pub mod telnyx;
#[cfg(test)]
mod tests;
mod tls;
pub mod twilio;
mod violations;
mod webhook;
pub mod whatsapp;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use call::{Call, Operation, Seen, Simulator};
pub use clock::Clock;
pub use faults::{Faults, Rule as FaultRule};
pub use ids::Ids;
pub use journal::{Direction, Entry, Filter, Journal};
pub use switches::{Switch, Switches, Values};
pub use tls::Tls;
pub use violations::Violation;
pub use webhook::{Answer, Delivered, Emission, Hook, Pending, RetryPolicy, Then, Webhooks};

/// The accounts that the simulated vendors keep for one company. Every id and secret is fake but well-formed.
#[derive(Clone, Debug)]
pub struct Config {
    /// Vendor ids are made from it: the same seed and the same requests give the same ids.
    pub seed: u64,
    pub whatsapp: whatsapp::Account,
    pub dynamics365: dynamics365::Account,
    pub openai: openai::Account,
    pub salesforce: salesforce::Account,
    pub telnyx: telnyx::Account,
    pub twilio: twilio::Account,
}

impl Config {
    /// Accounts made from `seed`.
    pub fn from_seed(seed: u64) -> Self {
        Self {
            seed,
            whatsapp: whatsapp::Account::from_seed(seed),
            dynamics365: dynamics365::Account::from_seed(seed),
            openai: openai::Account::from_seed(seed),
            salesforce: salesforce::Account::from_seed(seed),
            telnyx: telnyx::Account::from_seed(seed),
            twilio: twilio::Account::from_seed(seed),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::from_seed(1)
    }
}

/// Everything the simulators share.
pub struct World {
    pub clock: Clock,
    pub journal: Journal,
    pub faults: Faults,
    pub switches: Switches,
    pub webhooks: Webhooks,
    pub http: reqwest::Client,
    pub whatsapp: whatsapp::State,
    pub dynamics365: dynamics365::State,
    pub openai: openai::State,
    pub salesforce: salesforce::State,
    pub telnyx: telnyx::State,
    pub twilio: twilio::State,
    /// Where the sandbox itself listens, without a trailing slash.
    pub base_url: String,
    stop: watch::Sender<bool>,
}

impl World {
    /// A world without a listener. Webhooks move only while [`start`] runs it.
    pub fn new(config: &Config, clock: Clock, base_url: String) -> io::Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(io::Error::other)?;
        Ok(Self {
            clock,
            journal: Journal::default(),
            faults: Faults::default(),
            switches: Switches::new(&[
                whatsapp::SWITCHES,
                dynamics365::SWITCHES,
                openai::SWITCHES,
                salesforce::SWITCHES,
                salesforce::CRM_SWITCHES,
                telnyx::SWITCHES,
                twilio::SWITCHES,
            ]),
            webhooks: Webhooks::default(),
            http,
            whatsapp: whatsapp::State::new(config.seed, &config.whatsapp),
            dynamics365: dynamics365::State::new(&config.dynamics365),
            openai: openai::State::new(config.seed, &config.openai),
            salesforce: salesforce::State::new(config.seed, &config.salesforce),
            telnyx: telnyx::State::new(config.seed, &config.telnyx),
            twilio: twilio::State::new(config.seed, &config.twilio),
            base_url,
            stop: watch::Sender::new(false),
        })
    }

    /// Turns true when the sandbox stops.
    pub fn stopped(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }
}

/// A running sandbox. Dropping it stops it too.
pub struct Sandbox {
    pub addr: SocketAddr,
    pub world: Arc<World>,
    serving: JoinHandle<io::Result<()>>,
}

impl Sandbox {
    /// Stops listening, closes connections and stops sending webhooks.
    pub async fn shutdown(mut self) {
        self.world.stop.send_replace(true);
        // A receiver that hangs must not keep the caller.
        let _late = tokio::time::timeout(Duration::from_secs(2), &mut self.serving).await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.world.stop.send_replace(true);
    }
}

/// Starts every simulator on `listener`, over HTTP.
pub async fn start(config: Config, clock: Clock, listener: TcpListener) -> io::Result<Sandbox> {
    serve(config, clock, listener, None).await
}

/// The same over HTTPS; clients have to trust [`Tls::authority_pem`].
pub async fn start_tls(
    config: Config,
    clock: Clock,
    listener: TcpListener,
    tls: &Tls,
) -> io::Result<Sandbox> {
    serve(config, clock, listener, Some(tls)).await
}

async fn serve(
    config: Config,
    clock: Clock,
    listener: TcpListener,
    tls: Option<&Tls>,
) -> io::Result<Sandbox> {
    let addr = listener.local_addr()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let listener = connection::Listener::new(listener, tls)?;
    let world = Arc::new(World::new(&config, clock, format!("{scheme}://{addr}"))?);
    let app = router(world.clone()).into_make_service_with_connect_info::<connection::Cut>();
    let mut stopped = world.stopped();
    let mut moving_stopped = world.stopped();
    let (sending, routing) = (Webhooks::run(world.clone()), dynamics365::run(world.clone()));
    tokio::spawn(async move {
        tokio::select! {
            _ = moving_stopped.wait_for(|stopped| *stopped) => {}
            () = sending => {}
            () = routing => {}
        }
    });
    let serving = axum::serve(listener, app).with_graceful_shutdown(async move {
        let _stopped = stopped.wait_for(|stopped| *stopped).await;
    });
    Ok(Sandbox { addr, world, serving: tokio::spawn(serving.into_future()) })
}

/// Every simulator, the control API and the pages.
pub fn router(world: Arc<World>) -> Router {
    let observed = |router: Router<Arc<World>>, simulator: Simulator| {
        router.layer(from_fn_with_state((world.clone(), simulator), call::observe))
    };
    Router::new()
        .merge(observed(whatsapp::router(), whatsapp::SIMULATOR))
        .merge(observed(dynamics365::router(), dynamics365::SIMULATOR))
        .merge(observed(openai::router(), openai::SIMULATOR))
        .merge(observed(salesforce::router(), salesforce::SIMULATOR))
        .merge(observed(telnyx::router(), telnyx::SIMULATOR))
        .merge(observed(twilio::router(), twilio::SIMULATOR))
        .merge(pages::router())
        .nest("/_control", control::router())
        .with_state(world)
}
