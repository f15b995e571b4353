//! The checks can fail: each of these small worlds is clean with a whole hub, and with a hub
//! that breaks one invariant on purpose the checks say which.

use std::time::Duration;

use baton_core::{settings::Settings, time::HOUR_MS};
use serde_json::json;

use super::{
    checker::{self, Finding},
    evidence::Evidence,
    people::Typed,
    story::{self, PHONE},
    world::{Database, Outside, World},
};

const PATIENCE: Duration = Duration::from_secs(20);

async fn small_world(
    broken: Option<&str>,
    adapt: impl FnOnce(&baton_sandbox::World, &mut Settings),
) -> World {
    let mut world = World::new(Database::Sqlite, adapt).await;
    world.open(broken.map(|invariant| ("BATON_BREAK", invariant))).await;
    world
}

async fn findings(mut world: World, typed: Vec<Typed>) -> Vec<Finding> {
    world.rest().await;
    let evidence = Evidence::gather(&world, typed).await;
    world.keep(&evidence.journal);
    let findings = checker::check(&evidence);
    world.close().await;
    findings
}

/// The whole hub passes; the broken one is caught for this invariant and no other.
fn caught(invariant: &str, whole: &[Finding], broken: &[Finding]) {
    assert!(whole.is_empty(), "the whole hub: {whole:?}");
    assert!(!broken.is_empty(), "a broken {invariant} was not caught");
    let others: Vec<_> = broken.iter().filter(|found| found.invariant != invariant).collect();
    assert!(others.is_empty(), "a broken {invariant} was caught as {others:?}");
    println!("{invariant} broken on purpose is caught: {}", broken[0]);
}

/// Acknowledged, and killed at once.
async fn killed_after_the_answer(broken: Option<&str>) -> Vec<Finding> {
    let mut world = small_world(broken, |_, _| {}).await;
    assert!(world.outside.write(PHONE, "How long does delivery take? (1)").await);
    world.hub.kill();
    world.tend();
    findings(world, Vec::new()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_before_the_commit_is_caught() {
    let whole = killed_after_the_answer(None).await;
    let broken = killed_after_the_answer(Some("i1")).await;
    caught("I1", &whole, &broken);
}

/// The vendor takes an answer and its own answer is lost; receipts come late.
async fn answer_lost(broken: Option<&str>) -> Vec<Finding> {
    let mut world = small_world(broken, |_, _| {}).await;
    let late = json!({
        "whatsapp.sent_after_ms": 10_000,
        "whatsapp.delivered_after_ms": 11_000,
        "whatsapp.read_after_ms": 12_000,
    });
    world.outside.order("switches", late).await.unwrap();
    let lost = json!({
        "vendor": "whatsapp", "operation": "messages.text", "fault": "timeout_after_accept"
    });
    world.outside.order("faults", lost).await.unwrap();
    story::question(&mut world).await;
    findings(world, Vec::new()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blind_resend_is_caught() {
    let whole = answer_lost(None).await;
    let broken = answer_lost(Some("i2")).await;
    caught("I2", &whole, &broken);
}

/// While the model thinks about a second question, the first answer fails and a desk takes over.
async fn overtaken_answer(broken: Option<&str>) -> Vec<Finding> {
    let with_a_model = |world: &baton_sandbox::World, settings: &mut Settings| {
        let account = &world.openai.account;
        settings.engine.vendor = "openai".to_owned();
        let engine = json!({
            "base_url": format!("{}/v1", world.base_url),
            "model": account.model,
            "api_key": account.api_key,
        });
        settings.engine.settings = engine.as_object().cloned().unwrap();
    };
    let mut world = small_world(broken, with_a_model).await;
    let answer = json!({
        "action": "reply", "text": "Certainly.", "citations": [], "knew": true, "reason": "",
        "language": "en",
    });
    let script = json!({ "rules": [{ "schema": "decision", "answer": answer }] });
    world.outside.order("openai/script", script).await.unwrap();
    // A message that was delivered cannot fail any more.
    let late = json!({ "whatsapp.delivered_after_ms": 90_000, "whatsapp.read_after_ms": 91_000 });
    world.outside.order("switches", late).await.unwrap();
    story::question(&mut world).await;
    let thinks_long = json!({
        "vendor": "openai", "operation": "chat.completions", "fault": "delay", "ms": 20_000
    });
    world.outside.order("faults", thinks_long).await.unwrap();
    world.outside.write(PHONE, "Which payment methods do you take? (2)").await;
    let asked = |outside: Outside| async move { outside.world.faults.list().is_empty() };
    assert!(world.until(PATIENCE, asked).await, "the model was not asked");
    let thread = world.outside.see(&format!("whatsapp/thread?user={PHONE}")).await;
    let messages = thread["messages"].as_array().unwrap();
    let answer = messages.iter().find(|m| m["from"] == "business").unwrap();
    let failed = json!({ "wamid": answer["wamid"], "status": "failed", "code": 131_026 });
    world.outside.order("whatsapp/status", failed).await.unwrap();
    let opened = |outside: Outside| async move { story::work(&outside).await.is_some() };
    assert!(world.until(PATIENCE, opened).await, "no work was opened");
    findings(world, Vec::new()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_over_a_person_is_caught() {
    let whole = overtaken_answer(None).await;
    let broken = overtaken_answer(Some("i5")).await;
    caught("I5", &whole, &broken);
}

/// The rep answers a day and an hour after the customer wrote.
async fn late_reply(broken: Option<&str>) -> Vec<Finding> {
    let mut world = small_world(broken, |_, _| {}).await;
    story::question(&mut world).await;
    let work = story::handoff(&mut world).await;
    world.outside.world.clock.advance(25 * HOUR_MS);
    let typed = story::reply(&mut world, &work, "sorry for the wait").await;
    findings(world, vec![typed]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_in_a_closed_window_is_caught() {
    let whole = late_reply(None).await;
    let broken = late_reply(Some("i7")).await;
    caught("I7", &whole, &broken);
}
