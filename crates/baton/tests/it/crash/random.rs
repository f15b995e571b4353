//! Kills and stops at random moments, under load and trouble.

use std::time::Duration;

use baton_core::delivery::Attempt;
use serde_json::json;

use super::{
    checker,
    dice::Dice,
    evidence::Evidence,
    large,
    people::People,
    world::{Database, World},
};

/// How many kills: the ones asked for, or else the size's own.
fn kills(small: u32, full: u32) -> u32 {
    let asked = std::env::var("BATON_TEST_KILLS").ok().and_then(|text| text.parse().ok());
    asked.unwrap_or(if large() { full } else { small })
}

/// Lets everybody finish, and the world come to rest.
async fn at_rest(world: &mut World, people: People) -> Evidence {
    world.ready().await;
    let typed = people.stop().await;
    world.rest().await;
    let evidence = Evidence::gather(world, typed).await;
    world.keep(&evidence.journal);
    evidence
}

async fn random_kills(database: Database, kills: u32, seed: u64) {
    let mut dice = Dice::new(seed);
    let mut world = World::new(database, |_, _| {}).await;
    world.open(None).await;
    let people = People::begin(&world.outside, &mut dice);
    for _ in 0..kills {
        // Some die while they start, most of them at work.
        if dice.percent(75) {
            world.ready().await;
        }
        let alive_ms = dice.between(0, 1_800);
        tokio::time::sleep(Duration::from_millis(alive_ms)).await;
        assert!(!world.hub.has_ended(), "the hub ended by itself\n{}", world.hub.log_tail());
        world.hub.kill();
        world.hub.start(None);
    }
    let evidence = at_rest(&mut world, people).await;
    checker::prove(&evidence, &format!("{kills} kills on {database:?}, seed {seed}"));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_kills_lose_and_double_nothing_on_sqlite() {
    random_kills(Database::Sqlite, kills(25, 200), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_kills_lose_and_double_nothing_on_postgres() {
    random_kills(Database::Postgres, kills(10, 100), 2).await;
}

/// An attempt of which the hub that began it never learned what became.
fn is_cut_short(attempt: &Attempt) -> bool {
    json!(attempt).to_string().contains("the process ended during the call")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_orderly_stop_leaves_no_attempt_without_its_outcome() {
    let stops = kills(8, 60);
    let mut dice = Dice::new(3);
    let mut world = World::new(Database::Sqlite, |_, _| {}).await;
    world.open(None).await;
    let people = People::without_trouble(&world.outside, &mut dice);
    for _ in 0..stops {
        world.ready().await;
        tokio::time::sleep(Duration::from_millis(dice.between(50, 1_200))).await;
        world.hub.stop().await;
        world.hub.start(None);
    }
    let evidence = at_rest(&mut world, people).await;
    let cut_short: Vec<&Attempt> = evidence.attempts.iter().filter(|a| is_cut_short(a)).collect();
    assert!(cut_short.is_empty(), "{cut_short:#?}");
    assert!(evidence.attempts.len() > stops as usize, "nothing was going on");
    checker::prove(&evidence, &format!("{stops} orderly stops"));
    world.close().await;
}
