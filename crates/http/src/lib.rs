//! The hub's HTTP side: vendors' hooks, the API, the console's files, health.
//!
//! One file per noun under `api`: its types, handlers and routes together.

use std::{net::IpAddr, sync::Arc};

use axum::{Router, extract::DefaultBodyLimit, middleware};
use baton_core::time::Clock;
use baton_relay::Hub;
use tokio::sync::watch;

pub mod api;
mod app;
mod assets;
pub mod auth;
mod csv;
pub mod error;
pub mod evidence;
mod health;
mod hooks;
mod input;
mod limit;
mod observe;
mod peer;
mod people;
mod random;
mod serve;
pub mod trace;

pub use api::openapi;
pub use auth::account::{api_key_create, setup_link, user_create};
pub use health::{metrics_start, metrics_upkeep};
pub use random::{Random, SystemRandom};
pub use serve::{Limits, serve};

use app::App;

/// The bounds and addresses of the HTTP side.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// Where browsers and vendors reach this hub: scheme, host and port, no path.
    pub public_url: String,
    /// The largest body that a vendor may send. Meta's limit is 3 MB a payload.
    pub hook_body_max_bytes: usize,
    /// The largest body of any other request.
    pub api_body_max_bytes: usize,
    /// Vendors' requests at the same time, a body counting once per 16 KiB; above that 503.
    pub max_concurrent_hooks: usize,
    /// Open feeds at the same time; above that 503.
    pub max_feeds: usize,
    /// How long any request but a feed may take.
    pub request_timeout_ms: u64,
    /// How often an idle feed says that it lives, and looks whether its reader may still read.
    pub feed_keep_alive_ms: u64,
    /// Cookies over HTTPS only, and browsers told to stay there. Off for loopback only.
    pub secure_cookies: bool,
    /// Proxies whose word about the caller's address is believed.
    pub trusted_proxies: Vec<IpAddr>,
}

impl HttpConfig {
    /// The defaults for a hub at this address.
    pub fn new(public_url: impl Into<String>) -> Self {
        let public_url = public_url.into().trim_end_matches('/').to_owned();
        Self {
            secure_cookies: public_url.starts_with("https://"),
            public_url,
            hook_body_max_bytes: 4 * 1024 * 1024,
            api_body_max_bytes: 64 * 1024,
            max_concurrent_hooks: 4_096,
            max_feeds: 1_024,
            request_timeout_ms: 10_000,
            feed_keep_alive_ms: 15_000,
            trusted_proxies: Vec::new(),
        }
    }
}

/// What the HTTP side gets from outside.
pub struct Parts {
    /// Where tokens come from.
    pub random: Arc<dyn Random>,
    /// The real clock, for sign-ins; never a demo's virtual one.
    pub wall: Arc<dyn Clock>,
    /// Turns true when the hub stops: open feeds end, so that the server can.
    pub stop: watch::Receiver<bool>,
}

/// Everything that the hub serves. Serve it with
/// `into_make_service_with_connect_info::<SocketAddr>()`: without the peer's address nobody is
/// local, and all sign-ins count as from one place.
pub fn router(hub: Arc<Hub>, config: HttpConfig, parts: Parts) -> Router {
    let app = Arc::new(App::new(hub, config, parts));
    let body_limit = DefaultBodyLimit::max(app.config.api_body_max_bytes);
    let in_time = middleware::from_fn_with_state(Arc::clone(&app), observe::in_time);
    let (api, _) = api::router().split_for_parts();
    Router::new()
        .merge(api)
        .merge(health::router())
        .merge(api::files::links())
        .layer(in_time)
        .merge(api::feed::stream_router())
        .layer(body_limit)
        .merge(hooks::router())
        .fallback(assets::serve)
        .method_not_allowed_fallback(assets::method_not_allowed)
        .layer(middleware::from_fn_with_state(Arc::clone(&app), observe::observe))
        .with_state(app)
}

#[cfg(test)]
mod tests;
