//! The hub dies before and after every commit and every call, each time once in a whole story.

use std::sync::Arc;

use serde_json::json;
use tokio::{sync::Semaphore, task::JoinSet};

use super::{
    checker,
    evidence::Evidence,
    large, story,
    world::{Database, World},
};

/// Worlds that live at the same time.
const AT_ONCE: usize = 6;

/// What the hub does in the story, and at how many passes of it the hub dies: in a small run,
/// and in a full one. Commits first, then calls.
const STEPS: &[(&str, u32, u32)] = &[
    ("inbound", 1, 12),
    ("done", 1, 2),
    ("customer", 1, 3),
    ("receipt", 1, 8),
    ("rep", 1, 4),
    ("listed", 1, 2),
    ("turn", 1, 2),
    ("brief", 1, 1),
    ("attempt", 3, 8),
    ("outcome", 3, 8),
    ("settled", 1, 1),
    ("post", 3, 8),
    ("think", 1, 2),
    ("write", 1, 1),
    ("ask", 1, 1),
    ("list", 1, 2),
];

fn places() -> Vec<String> {
    let mut places = Vec::new();
    for (what, small, full) in STEPS {
        for pass in 1..=if large() { *full } else { *small } {
            places.extend(["before", "after"].map(|when| format!("{when}:{what}:{pass}")));
        }
    }
    places
}

/// Plays the story once; true when the hub died at the place.
async fn dies_at(place: &str) -> bool {
    let mut world = World::new(Database::Sqlite, |_, _| {}).await;
    world.open(Some(("BATON_CRASH_AT", place))).await;
    // What is lost here the hub must find out by itself.
    let twice = json!({
        "vendor": "dynamics365", "operation": "webhook.message", "fault": "duplicate"
    });
    world.outside.order("faults", twice).await.unwrap();
    let typed = story::play(&mut world).await;
    world.rest().await;
    let evidence = Evidence::gather(&world, typed).await;
    world.keep(&evidence.journal);
    checker::prove(&evidence, place);
    let died = world.restarts > 0;
    world.close().await;
    died
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_at_every_step_loses_and_doubles_nothing() {
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for place in places() {
        let slot = Arc::clone(&slots).acquire_owned().await.unwrap();
        running.spawn(async move {
            let died = dies_at(&place).await;
            drop(slot);
            (place, died)
        });
    }
    let mut alive = Vec::new();
    let mut count = 0;
    while let Some(ended) = running.join_next().await {
        let (place, died) = ended.unwrap();
        count += usize::from(died);
        if !died {
            alive.push(place);
        }
    }
    println!("the hub died at {count} places; the story does not come to {alive:?}");
    let missed: Vec<_> = alive.iter().filter(|place| place.ends_with(":1")).collect();
    assert!(missed.is_empty(), "the story never comes to {missed:?}");
}
