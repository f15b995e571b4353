//! People: their threads, and merges that can be taken back.

use axum::http::{Request, StatusCode, header};
use baton_core::{
    cost::{Cost, Price},
    ids::{ConversationId, SessionId},
    time::Timestamp,
};
use baton_store::{Also, Commit};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    feed::open_session,
    world::{Reply, World, bearer},
};

fn contact(n: u128) -> String {
    Uuid::from_u128(3_000 + n).to_string()
}

fn conversation(n: u128) -> ConversationId {
    ConversationId(Uuid::from_u128(2_000 + n))
}

/// Two people write, who then turn out to be one.
async fn merged() -> World {
    let world = World::new().await;
    for n in [1, 2] {
        open_session(&world, world.ours, n).await;
    }
    let store = world.hub.store();
    let at = Timestamp(1_763_632_900_000);
    store.conversation_merge(world.ours, conversation(1), conversation(2), at).await.unwrap();
    world
}

async fn unmerge(world: &World, key: &str, contact: &str, body: Value) -> Reply {
    let request = Request::post(format!("/api/contacts/{contact}/unmerge"))
        .header(header::CONTENT_TYPE, "application/json");
    world.send(bearer(request, key).body(body.to_string().into()).unwrap()).await
}

#[tokio::test]
async fn a_person_is_shown_with_points_and_threads() {
    let world = World::new().await;
    let session = open_session(&world, world.ours, 1).await;
    let shown = world.get(&format!("/api/contacts/{}", contact(1))).await.json();
    assert_eq!((&shown["id"], &shown["name"]), (&json!(contact(1)), &json!("Carla")));
    assert_eq!(shown["points"][0]["kind"], "phone");
    let thread = &shown["conversations"][0];
    assert_eq!(thread["id"], conversation(1).to_string());
    assert_eq!(thread["inbox"]["id"], world.inbox.to_string());
    assert_eq!(thread["session"]["id"], session.to_string());
    assert_eq!(thread["session"]["state"], "open");
}

#[tokio::test]
async fn a_merge_is_listed_and_taken_back_once() {
    let world = merged().await;
    let merges = format!("/api/contacts/{}/merges", contact(1));
    let log = world.get(&merges).await.json();
    let merge = &log["merges"][0];
    assert_eq!(merge["conversation"], conversation(2).to_string());
    assert_eq!(merge["into"], conversation(1).to_string());
    assert_eq!(
        (&merge["contact"], &merge["into_contact"]),
        (&json!(contact(2)), &json!(contact(1)))
    );
    assert_eq!(merge["addresses"][0]["value"], "+491700000002");
    assert_eq!(merge["undone_at"], Value::Null);

    let body = json!({ "conversation": conversation(2).to_string() });
    let foreign = unmerge(&world, &world.their_key, &contact(1), body.clone()).await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    let wrong = unmerge(&world, &world.key, &contact(1), json!({ "conversation": "2" })).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let done = unmerge(&world, &world.key, &contact(1), body.clone()).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.text());
    let again = unmerge(&world, &world.key, &contact(1), body).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);

    let log = world.get(&merges).await.json();
    assert!(log["merges"][0]["undone_at"].is_string());
    let other = world.get(&format!("/api/contacts/{}", contact(2))).await.json();
    assert_eq!(other["points"][0]["value"], "+491700000002");
    assert_eq!(other["conversations"][0]["id"], conversation(2).to_string());
    let facts = world.get("/api/feed/page?limit=200").await.json();
    let told = facts["facts"].as_array().unwrap().last().unwrap();
    assert_eq!(told["data"]["code"], "contacts_separated");
    assert!(told["data"]["text"].as_str().unwrap().starts_with("an API key separated"));
}

#[tokio::test]
async fn the_newer_merge_must_be_taken_back_first() {
    let world = merged().await;
    open_session(&world, world.ours, 3).await;
    let (store, at) = (world.hub.store(), Timestamp(1_763_632_900_001));
    store.conversation_merge(world.ours, conversation(3), conversation(1), at).await.unwrap();
    let body = json!({ "conversation": conversation(2).to_string() });
    let reply = unmerge(&world, &world.key, &contact(3), body).await;
    assert_eq!((reply.status, reply.code().as_str()), (StatusCode::CONFLICT, "merged_again"));
}

#[tokio::test]
async fn a_session_sums_what_its_messages_cost() {
    let world = World::new().await;
    let id = open_session(&world, world.ours, 1).await;
    let costs = [(true, Some(7_500)), (true, Some(2_500)), (false, None)];
    for (n, (billable, micros)) in costs.into_iter().enumerate() {
        say(&world, id, n, billable, micros).await;
    }
    let session = world.get(&format!("/api/sessions/{id}")).await.json();
    let expected = json!([{
        "category": "service",
        "billable": 2,
        "free": 1,
        "prices": [{ "micros": 10_000, "currency": "USD" }],
    }]);
    assert_eq!(session["costs"], expected);
    let said = world.get(&format!("/api/sessions/{id}/messages")).await.json();
    assert_eq!(said["messages"][0]["cost"], Value::Null);
    assert_eq!(said["messages"][1]["cost"]["price"]["micros"], 7_500);
}

async fn say(world: &World, id: SessionId, n: usize, billable: bool, micros: Option<i64>) {
    let store = world.hub.store();
    let state = store.state_load(conversation(1), &Also::default()).await.unwrap().unwrap();
    let mut message = store.messages_of_session(world.ours, id, 0, 1).await.unwrap().remove(0);
    message.id = baton_core::ids::MessageId(Uuid::from_u128(9_000 + n as u128));
    message.position = state.conversation.last_position + 1;
    message.vendor_id = None;
    message.cost = Some(Cost {
        category: "service".to_owned(),
        billable,
        kind: None,
        segments: None,
        price: micros.map(|micros| Price { micros, currency: "USD".to_owned() }),
    });
    let mut effects = baton_core::step::Effects::nothing(&state);
    effects.conversation.last_position += 1;
    effects.messages = vec![message];
    let commit = Commit { effects, aliases: Vec::new(), cause: None, now: Timestamp(1) };
    store.commit(commit).await.unwrap();
}
