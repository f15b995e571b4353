//! A second hub on the same database takes over from one that is paused, and what the paused one
//! still wants to commit is refused.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;

use super::{
    hub::Hub,
    world::{Database, Outside, World, client},
};
use crate::seed;

const PHONE: &str = "15550100001";
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for something of a hub's own, bounded.
async fn until(what: &str, happened: impl AsyncFn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !happened().await {
        assert!(Instant::now() < end, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn is_ready(http: &reqwest::Client, hub: &Hub) -> bool {
    let answer = http.get(format!("{}/readyz", hub.url)).send().await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

/// Pauses the hub in the middle of the call that sends the AI's answer. The first status comes late:
/// it would end the attempt before its call does.
async fn pause_while_sending(world: &World) {
    let slow = json!({ "whatsapp.sent_after_ms": "30000", "whatsapp.delivered_after_ms": "30100",
        "whatsapp.read_after_ms": "30200" });
    world.outside.order("switches", slow).await.unwrap();
    let late = json!({
        "vendor": "whatsapp", "operation": "messages.text", "fault": "delay", "ms": 15_000,
    });
    world.outside.order("faults", late).await.unwrap();
    assert!(world.outside.write(PHONE, "How long does delivery take?").await);
    until("an attempt", async || {
        world.unfinished().await.iter().any(|(state, _)| state == "sending")
    })
    .await;
    world.hub.pause(true);
}

async fn answers(world: &World) -> usize {
    let thread = world.outside.see(&format!("whatsapp/thread?user={PHONE}")).await;
    let messages = thread["messages"].as_array().cloned().unwrap_or_default();
    messages.iter().filter(|message| message["from"] == "business").count()
}

/// Starts a second hub on the same database, to which the vendors go from now on.
async fn take_over(world: &World, http: &reqwest::Client) -> Hub {
    let mut second = world.hub.twin();
    second.start(None);
    assert!(second.ready(http).await, "{}", second.log_tail());
    let simulators = &world.outside.world.base_url;
    seed::subscribe(http, simulators, &second.url, &world.company).await.unwrap();
    second
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_hub_commits_nothing_after_another_took_its_lease() {
    let mut world = World::new(Database::Postgres, |_, _| {}).await;
    world.open(None).await;
    pause_while_sending(&world).await;

    let http = client();
    let mut second = take_over(&world, &http).await;

    world.hub.pause(false);
    until("the refusal", async || world.hub.has_logged("another node holds the lease")).await;
    until("the loss noticed", async || !is_ready(&http, &world.hub).await).await;
    assert!(is_ready(&http, &second).await, "{}", second.log_tail());

    until("the answer, settled by its status", async || {
        answers(&world).await == 1 && world.unfinished().await.is_empty()
    })
    .await;
    assert!(world.outside.write(PHONE, "Thank you. And how do I return a tent?").await);
    until("the second hub's answer", async || answers(&world).await == 2).await;
    assert_eq!(answers(&world).await, 2, "each answer once");

    second.kill();
    world.close().await;
}

/// Customers who go on writing until they are stopped.
fn crowd(world: &World) -> JoinSet<()> {
    let write = |outside: Outside, phone: u64| async move {
        let body = json!({ "from": phone.to_string(), "text": "Good morning" });
        loop {
            // While the hub is paused there is no answer.
            let _ = outside.order("whatsapp/message", body.clone()).await;
        }
    };
    (0..8).map(|n| write(world.outside.clone(), 15_550_100_100 + n)).collect()
}

/// Pauses the hub again and again, until it happens to stand in the middle of a transaction.
async fn pause_in_a_transaction(world: &World) {
    let _crowd = crowd(world);
    until("a pause in a transaction", async || {
        world.hub.pause(true);
        let stands = world.has_stalled_transaction().await;
        if !stands {
            world.hub.pause(false);
        }
        stands
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_paused_in_a_transaction_does_not_keep_its_lease() {
    let mut world = World::new(Database::Postgres, |_, _| {}).await;
    world.open(None).await;
    pause_in_a_transaction(&world).await;

    let http = client();
    let mut second = take_over(&world, &http).await;
    world.hub.pause(false);
    assert!(world.outside.write(PHONE, "How long does delivery take?").await);
    until("the second hub's answer", async || answers(&world).await == 1).await;
    until("nothing left", async || world.unfinished().await.is_empty()).await;

    second.kill();
    until("the first one back", async || is_ready(&http, &world.hub).await).await;
    world.close().await;
}
