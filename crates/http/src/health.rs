//! For those who run the hub: is it alive, is it ready, what does it count.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::time::timeout;

use crate::{app::App, auth::Caller, error::ApiError, peer};

const READY_WITHIN: Duration = Duration::from_secs(2);
/// Upper bounds in seconds of everything that is timed.
const BUCKETS_S: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// The health routes.
pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/livez", get(async || "ok"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
}

/// Starts counting, once per process; before this nothing is counted. Call it early.
///
/// The answer is none when another recorder already counts for this process.
pub fn metrics_start() -> Option<PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let handle = PrometheusBuilder::new()
                .set_buckets(&BUCKETS_S)
                .ok()
                .and_then(|builder| builder.install_recorder().ok())?;
            describe();
            Some(handle)
        })
        .clone()
}

/// Keeps the memory of the counts bounded; runs until it is dropped.
pub async fn metrics_upkeep(handle: PrometheusHandle) {
    let mut tick = tokio::time::interval(Duration::from_secs(5));
    loop {
        tick.tick().await;
        handle.run_upkeep();
    }
}

fn describe() {
    describe_counter!("baton_http_requests_total", "Requests by method, route and status.");
    describe_histogram!("baton_http_request_seconds", Unit::Seconds, "Time to answer by route.");
    describe_counter!("baton_hook_requests_total", "Vendors' requests by vendor and status.");
    describe_histogram!(
        "baton_ingest_ack_seconds",
        Unit::Seconds,
        "From a vendor's request to its answer, the commit included, by vendor."
    );
    describe_counter!("baton_logins_total", "Sign-ins by result.");
    describe_gauge!("baton_feed_connections", "Open feeds.");
    describe_gauge!("baton_store_commits", "Transactions of the writer since the start.");
    describe_gauge!("baton_store_units", "Units of work that those transactions carried.");
    describe_gauge!("baton_store_rows", "Rows that those transactions wrote.");
    describe_gauge!("baton_store_queue", "Units of work that wait for the writer.");
    describe_gauge!("baton_inbound_waiting", "Vendors' events that are not dealt with.");
    describe_gauge!("baton_inbound_parked", "Vendors' events that were set aside.");
    describe_gauge!("baton_deliveries_unfinished", "The outbox by state.");
    describe_gauge!(
        "baton_streams",
        "Desks' streams that are listened to, by whether they are open."
    );
    describe_gauge!("baton_tasks_open", "Things to do at a time, by kind.");
    describe_counter!("baton_inbound_total", "Vendors' events that were stored.");
    describe_counter!(
        "baton_inbound_refused_total",
        "Vendors' requests that could not be stored in time and were not acknowledged."
    );
    describe_counter!(
        "baton_listed_total",
        "Vendors' events that no webhook brought and a list of messages did, by what they are."
    );
    describe_counter!("baton_parked_total", "Vendors' events set aside since the start.");
    describe_counter!("baton_attempts_total", "Tries to deliver, by destination and outcome.");
    describe_counter!("baton_turns_total", "AI turns by engine and outcome.");
    describe_counter!(
        "baton_files_total",
        "Tries to fetch a customer's or a rep's file, by outcome."
    );
    describe_counter!(
        "baton_file_bytes_total",
        Unit::Bytes,
        "Bytes of the files that were stored."
    );
    describe_counter!("baton_notices_total", "What operators should look at, by code.");
    describe_gauge!("baton_ready", "1 when leases are held and the workers run.");
}

async fn readyz(State(app): State<Arc<App>>) -> Response {
    let store = timeout(READY_WITHIN, app.store().ping()).await;
    if app.hub.is_ready() && matches!(store, Ok(Ok(()))) {
        return "ready".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, "not ready").into_response()
}

/// Only for this machine or with a credential: counts tell about customers' business.
async fn metrics(State(app): State<Arc<App>>, request: Request) -> Result<Response, ApiError> {
    let (mut parts, _) = request.into_parts();
    if !peer::is_local(&parts) {
        Caller::read(&mut parts, &app).await?;
    }
    let handle = metrics_start().ok_or_else(ApiError::internal)?;
    sample(&app);
    count_unfinished(&app).await?;
    let format = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((format, handle.render()).into_response())
}

/// What is read when asked for rather than counted as it happens.
fn sample(app: &App) {
    let stats = app.store().stats();
    let streams = app.hub.streams();
    let open = streams.iter().filter(|stream| stream.open).count();
    gauge!("baton_streams", "state" => "open").set(approximate(open as u64));
    gauge!("baton_streams", "state" => "closed").set(approximate((streams.len() - open) as u64));
    gauge!("baton_store_commits").set(approximate(stats.commits));
    gauge!("baton_store_units").set(approximate(stats.units));
    gauge!("baton_store_rows").set(approximate(stats.rows));
    gauge!("baton_store_queue").set(approximate(stats.queued));
    gauge!("baton_ready").set(f64::from(u8::from(app.hub.is_ready())));
}

/// States and kinds that have none left are told as zero, not left at their last count.
async fn count_unfinished(app: &App) -> Result<(), ApiError> {
    let unfinished = app.store().unfinished().await?;
    gauge!("baton_inbound_waiting").set(approximate(unfinished.inbound));
    gauge!("baton_inbound_parked").set(approximate(unfinished.parked));
    for state in ["waiting", "held", "sending", "settling"] {
        let count = unfinished.deliveries.get(state).copied().unwrap_or(0);
        gauge!("baton_deliveries_unfinished", "state" => state).set(approximate(count));
    }
    for kind in
        ["turn", "brief", "return", "silence", "settle", "fetch", "reconcile", "patience", "recall"]
    {
        let count = unfinished.tasks.get(kind).copied().unwrap_or(0);
        gauge!("baton_tasks_open", "kind" => kind).set(approximate(count));
    }
    Ok(())
}

/// Counts beyond 2^53 lose their last digits, which no graph shows.
#[expect(clippy::cast_precision_loss, reason = "metrics are floating-point numbers")]
fn approximate(count: u64) -> f64 {
    count as f64
}
