//! What was recorded about a desk, under the questions that administrators ask.

use std::collections::BTreeMap;

use baton_core::{
    delivery::{Attempt, Delivery, DeliveryState, Destination, Hold, Payload},
    fault::{Accepted, Fault, FaultClass, Outcome},
    handoff::{Handoff, HandoffReason, HandoffState},
    ids::{AttemptId, DeliveryId, DeskId, HandoffId},
    message::AuthorKind,
    route::Choice,
    step::{Effects, State},
    time::{DAY_MS, MINUTE_MS, Timestamp},
};
use baton_store::{Also, Commit};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{desks::make, feed::open_session, world::World};

fn failed(state: &State, desk: DeskId, at: Timestamp) -> Handoff {
    let session = state.session.as_ref().unwrap();
    Handoff {
        id: HandoffId(Uuid::from_u128(70)),
        workspace: session.workspace,
        conversation: session.conversation,
        session: session.id,
        desk,
        choice: 0,
        target: Choice::of(desk),
        state: HandoffState::Failed,
        reason: HandoffReason::CustomerAsked,
        epoch: 2,
        transcript_up_to: 1,
        plan_seq: 1,
        brief: None,
        work: None,
        learned: BTreeMap::new(),
        wait_told_at: None,
        rep_name: None,
        requested_at: at,
        opened_at: None,
        closed_at: Some(at),
        fault: Some(Fault::new(FaultClass::VendorDown, "reach the desk in time")),
    }
}

fn step(handoff: &Handoff, n: u128, name: &str, optional: bool) -> Delivery {
    Delivery {
        id: DeliveryId(Uuid::from_u128(n)),
        workspace: handoff.workspace,
        conversation: handoff.conversation,
        session: handoff.session,
        destination: Destination::Desk,
        handoff: Some(handoff.id),
        desk: Some(handoff.desk),
        seq: i64::try_from(n).unwrap(),
        author: AuthorKind::System,
        epoch: 2,
        payload: Payload::Plan { step: name.to_owned(), call: json!({}), optional },
        state: DeliveryState::Failed,
        hold: None,
        next_at: handoff.requested_at,
        attempts: 1,
        created_at: handoff.requested_at,
        settle_until: None,
        vendor_id: None,
        fault: None,
    }
}

fn tried(delivery: &Delivery, outcome: Outcome) -> Attempt {
    Attempt {
        id: AttemptId(Uuid::from_u128(delivery.id.0.as_u128() + 500)),
        workspace: delivery.workspace,
        conversation: delivery.conversation,
        delivery: delivery.id,
        number: 1,
        started_at: delivery.created_at,
        ended_at: Some(delivery.created_at),
        outcome: Some(outcome),
    }
}

fn refused(class: FaultClass, code: &str) -> Outcome {
    Outcome::Rejected { fault: Fault::new(class, format!("reason {code}")).with_code(code) }
}

async fn record(world: &World, desk: DeskId, at: Timestamp) {
    open_session(world, world.ours, 1).await;
    let store = world.hub.store();
    let page = world.get("/api/sessions").await.json();
    let id = Uuid::try_parse(page["sessions"][0]["id"].as_str().unwrap()).unwrap();
    let session = baton_core::ids::SessionId(id);
    let view = store.session_get(world.ours, session).await.unwrap().unwrap();
    let state = store.state_load(view.conversation.id, &Also::default()).await.unwrap().unwrap();
    let handoff = failed(&state, desk, at);
    let rights = step(&handoff, 1, "incident", false);
    let place = step(&handoff, 2, "create", false);
    let contact = step(&handoff, 3, "contact", true);
    let link = step(&handoff, 4, "link", true);
    let fine = step(&handoff, 5, "note", false);
    let mut held = step(&handoff, 6, "reply", false);
    held.destination = Destination::Customer;
    held.desk = None;
    held.handoff = None;
    held.state = DeliveryState::Held;
    held.hold = Some(Hold::Window);
    held.fault = Some(Fault::new(FaultClass::WindowClosed, "the window is closed"));
    let two = Accepted { notice: Some("two contacts fit".to_owned()), ..Accepted::default() };
    let attempts = vec![
        tried(&rights, refused(FaultClass::Permission, "0x80040220")),
        tried(&place, refused(FaultClass::NotRegistered, "30014")),
        tried(&contact, Outcome::Accepted(two)),
        tried(&link, refused(FaultClass::VendorDown, "503")),
        tried(&fine, Outcome::Accepted(Accepted::default())),
    ];
    let deliveries = vec![rights, place, contact, link, fine, held];
    let effects =
        Effects { handoffs: vec![handoff], deliveries, attempts, ..Effects::nothing(&state) };
    let commit = Commit { effects, aliases: Vec::new(), cause: None, now: at };
    store.commit(commit).await.unwrap();
}

/// What was found under each question, as its codes or texts.
async fn found(world: &World, desk: &str) -> Vec<(String, Vec<String>)> {
    let evidence = world.get(&format!("/api/desks/{desk}/evidence")).await.json();
    let word = |found: &Value| {
        let known = |key: &str| found[key].as_str().map(str::to_owned);
        known("code").or_else(|| known("text")).unwrap()
    };
    let question = |question: &Value| {
        let found = question["found"].as_array().unwrap().iter().map(word).collect();
        (question["name"].as_str().unwrap().to_owned(), found)
    };
    evidence["questions"].as_array().unwrap().iter().map(question).collect()
}

#[tokio::test]
async fn each_question_finds_its_own_trouble_and_nothing_of_last_week() {
    let world = World::new().await;
    let desk = make(&world, "Front").await["id"].as_str().unwrap().to_owned();
    let id = DeskId(Uuid::try_parse(&desk).unwrap());
    let nothing = found(&world, &desk).await;
    assert!(nothing.iter().all(|(_, found)| found.is_empty()), "{nothing:?}");
    let now = world.hub.clock().now();
    record(&world, id, now.plus_ms(-MINUTE_MS)).await;
    world.hub.store().stream_trouble(id, "c1", Some("the key is refused"), now).await.unwrap();
    let found_now = found(&world, &desk).await;
    let of = |name: &str| {
        let (_, mut words) = found_now.iter().find(|(known, _)| known == name).unwrap().clone();
        words.sort();
        words
    };
    assert_eq!(of("credentials"), ["0x80040220"]);
    assert_eq!(of("place"), ["30014"]);
    assert_eq!(of("work"), ["reach the desk in time"]);
    assert_eq!(of("contact"), ["503", "two contacts fit"]);
    assert_eq!(of("window"), ["the window is closed"]);
    assert_eq!(of("streams"), ["the key is refused"]);
    assert!(of("webhooks").is_empty());
    let other = make(&world, "Back").await["id"].as_str().unwrap().to_owned();
    assert!(found(&world, &other).await.iter().all(|(_, found)| found.is_empty()));
}

#[tokio::test]
async fn what_is_older_than_a_week_is_no_evidence() {
    let world = World::new().await;
    let desk = make(&world, "Front").await["id"].as_str().unwrap().to_owned();
    let id = DeskId(Uuid::try_parse(&desk).unwrap());
    record(&world, id, world.hub.clock().now().plus_ms(-8 * DAY_MS)).await;
    let found = found(&world, &desk).await;
    assert!(found.iter().all(|(_, found)| found.is_empty()), "{found:?}");
}
