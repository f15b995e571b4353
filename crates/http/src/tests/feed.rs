use std::time::Duration;

use axum::{
    body::{Body, BodyDataStream},
    http::{Request, StatusCode},
};
use baton_core::{
    contact::{Contact, Point, PointKind},
    conversation::Conversation,
    feed::{FactKind, NewFact},
    ids::{ContactId, ConversationId, MessageId, SessionId, WorkspaceId},
    message::{Author, AuthorKind, Content, Message, MessageStatus},
    session::{Owner, Session},
    step::Effects,
    time::Timestamp,
};
use baton_store::Commit;
use futures::StreamExt;
use serde_json::{Map, Value};
use tower::ServiceExt;
use uuid::Uuid;

use super::world::{World, bearer};

/// A session in which the customer said one thing: two facts.
pub(super) async fn open_session(world: &World, workspace: WorkspaceId, n: u32) -> SessionId {
    let number = u128::from(n);
    let id = SessionId(Uuid::from_u128(1_000 + number));
    let phone = Point::new(PointKind::Phone, format!("+4917000000{n:02}"));
    let mut conversation = Conversation::new(
        ConversationId(Uuid::from_u128(2_000 + number)),
        workspace,
        world.inbox,
        ContactId(Uuid::from_u128(3_000 + number)),
    );
    conversation.last_position = 1;
    let at = Timestamp(1_763_632_800_000 + i64::from(n));
    let session = session(id, &conversation, at);
    let message = message(id, &conversation, 4_000 + number, at);
    let facts = vec![
        NewFact { session: Some(id), kind: FactKind::SessionOpened(session.clone()) },
        NewFact { session: Some(id), kind: FactKind::MessageAdded(message.clone()) },
    ];
    let contact = Contact {
        id: conversation.contact,
        workspace,
        name: Some("Carla".to_owned()),
        points: vec![phone.clone()],
    };
    let effects = Effects {
        contact: Some(contact),
        conversation,
        sessions: vec![session],
        handoffs: Vec::new(),
        messages: vec![message],
        deliveries: Vec::new(),
        attempts: Vec::new(),
        tasks: Vec::new(),
        consents: Vec::new(),
        recipients: Vec::new(),
        facts,
        ask_desk: false,
    };
    let commit = Commit { effects, aliases: vec![phone], cause: None, now: at };
    world.hub.store().commit(commit).await.unwrap();
    id
}

fn session(id: SessionId, conversation: &Conversation, at: Timestamp) -> Session {
    Session {
        id,
        workspace: conversation.workspace,
        conversation: conversation.id,
        number: 0,
        owner: Owner::Ai,
        epoch: 1,
        opened_at: at,
        last_activity_at: at,
        closed_at: None,
        close_reason: None,
        answered_up_to: 0,
        asked_up_to: 1,
        asked_at: Some(at),
        reruns: 0,
        misses: 0,
        tokens_spent: 0,
        language: None,
        metadata: Map::new(),
    }
}

fn message(session: SessionId, conversation: &Conversation, id: u128, at: Timestamp) -> Message {
    Message {
        id: MessageId(Uuid::from_u128(id)),
        workspace: conversation.workspace,
        conversation: conversation.id,
        session,
        position: 1,
        author: Author::unnamed(AuthorKind::Customer),
        content: Content::text("hello"),
        at,
        recorded_at: at,
        vendor_id: Some(format!("wamid.{id}").as_str().into()),
        reply_to: None,
        status: MessageStatus::Received,
        fault: None,
        citations: Vec::new(),
        cost: None,
    }
}

struct Events {
    body: BodyDataStream,
    text: String,
}

impl Events {
    async fn open(world: &World, path: &str, last_event_id: Option<&str>) -> Self {
        let mut request = bearer(Request::get(path), &world.key);
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = world.app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// The next event that is no comment: id, name, data. None when the stream ended.
    async fn next(&mut self) -> Option<(String, String, Value)> {
        let next = tokio::time::timeout(Duration::from_secs(30), self.read());
        next.await.expect("the stream neither tells anything nor ends")
    }

    async fn read(&mut self) -> Option<(String, String, Value)> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let start = format!("{name}: ");
                    let line = block.lines().find_map(|line| line.strip_prefix(&start));
                    line.unwrap_or_default().to_owned()
                };
                let (id, name, data) = (field("id"), field("event"), field("data"));
                self.text = rest.to_owned();
                if !name.is_empty() {
                    return Some((id, name, serde_json::from_str(&data).unwrap()));
                }
            }
            let piece = self.body.next().await?.unwrap();
            self.text.push_str(std::str::from_utf8(&piece).unwrap());
        }
    }
}

#[tokio::test]
async fn a_stream_resumes_at_every_position() {
    let world = World::new().await;
    for n in 1..=3 {
        open_session(&world, world.ours, n).await;
    }
    for from in 0..=6_i64 {
        let text = from.to_string();
        let by_query = format!("/api/feed?after={from}");
        let by_header = "/api/feed?after=0";
        for (path, header) in [(by_query.as_str(), None), (by_header, Some(text.as_str()))] {
            let mut events = Events::open(&world, path, header).await;
            for expected in from + 1..=6 {
                let (id, name, fact) = events.next().await.unwrap();
                assert_eq!((id, name.as_str()), (expected.to_string(), "fact"));
                assert_eq!(fact["position"], expected);
                let kind = if expected % 2 == 1 { "session_opened" } else { "message_added" };
                assert_eq!(fact["kind"], kind);
            }
        }
    }
}

#[tokio::test]
async fn a_stream_goes_on_with_what_is_committed_later() {
    let world = World::new().await;
    open_session(&world, world.ours, 1).await;
    let mut events = Events::open(&world, "/api/feed", None).await;
    let second = open_session(&world, world.ours, 2).await;
    let (id, _, fact) = events.next().await.unwrap();
    assert_eq!(id, "3", "a stream without a position begins now");
    assert_eq!(fact["session_id"], second.to_string());
    assert_eq!(fact["data"]["contact"]["name"], "Carla");
    assert_eq!(fact["data"]["number"], 2);
    let (_, _, fact) = events.next().await.unwrap();
    assert_eq!(
        (&fact["data"]["text"], &fact["data"]["status"]),
        (&"hello".into(), &"received".into())
    );
}

#[tokio::test]
async fn a_stream_of_one_session_tells_of_that_one_only() {
    let world = World::new().await;
    for n in 1..=3 {
        open_session(&world, world.ours, n).await;
    }
    let session = SessionId(Uuid::from_u128(1_002));
    let path = format!("/api/feed?after=0&session={session}");
    let mut events = Events::open(&world, &path, None).await;
    for expected in ["3", "4"] {
        assert_eq!(events.next().await.unwrap().0, expected);
    }
}

#[tokio::test]
async fn a_reader_ahead_of_the_database_is_told_of_the_gap() {
    let world = World::new().await;
    open_session(&world, world.ours, 1).await;
    let mut events = Events::open(&world, "/api/feed?after=900", None).await;
    let (id, name, data) = events.next().await.unwrap();
    assert_eq!((id.as_str(), name.as_str()), ("2", "gap"));
    assert_eq!((&data["from"], &data["to"]), (&3.into(), &900.into()));
    open_session(&world, world.ours, 2).await;
    assert_eq!(events.next().await.unwrap().0, "3");
}

#[tokio::test]
async fn an_open_stream_ends_with_its_sign_in_and_with_the_hub() {
    let world = World::new().await;
    let signed_in = world.set_up().await;
    let follow = || {
        let request = Request::get("/api/feed").header("cookie", signed_in.cookie());
        world.app.clone().oneshot(request.body(Body::empty()).unwrap())
    };
    let body = follow().await.unwrap().into_body().into_data_stream();
    let mut cut = Events { body, text: String::new() };
    let csrf = signed_in.json()["csrf"].as_str().unwrap().to_owned();
    let out = Request::post("/api/logout").header("cookie", signed_in.cookie());
    let out = out.header("x-csrf-token", csrf).body(Body::empty()).unwrap();
    assert_eq!(world.send(out).await.status, StatusCode::NO_CONTENT);
    assert_eq!(cut.next().await, None);

    let mut open = Events::open(&world, "/api/feed", None).await;
    world.stop.send_replace(true);
    assert_eq!(open.next().await, None);
}

#[tokio::test]
async fn too_many_streams_are_turned_away() {
    let world = World::with(|config| config.max_feeds = 1).await;
    let first = Events::open(&world, "/api/feed", None).await;
    let second = world.get("/api/feed").await;
    assert_eq!(
        (second.status, second.code().as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "overloaded")
    );
    drop(first);
    Events::open(&world, "/api/feed", None).await;
}

#[tokio::test]
async fn pages_give_the_same_facts() {
    let world = World::new().await;
    for n in 1..=2 {
        open_session(&world, world.ours, n).await;
    }
    let page = world.get("/api/feed/page?after=1&limit=2").await.json();
    assert_eq!(page["last_position"], 3);
    let positions: Vec<&Value> =
        page["facts"].as_array().unwrap().iter().map(|fact| &fact["position"]).collect();
    assert_eq!(positions, [2, 3]);
    let end = world.get("/api/feed/page?after=4").await.json();
    assert_eq!((&end["facts"], &end["last_position"]), (&serde_json::json!([]), &4.into()));
}

#[tokio::test]
async fn a_story_is_found_by_any_id() {
    let world = World::new().await;
    let session = open_session(&world, world.ours, 1).await;
    for id in [session.to_string(), "1".to_owned(), "wamid.4001".to_owned()] {
        let trace = world.get(&format!("/api/trace/{id}")).await;
        assert_eq!(trace.status, StatusCode::OK, "{id} {}", trace.text());
        let trace = trace.json();
        assert_eq!(trace["session"], session.to_string());
        let kinds: Vec<&Value> =
            trace["entries"].as_array().unwrap().iter().map(|entry| &entry["kind"]).collect();
        assert_eq!(kinds, ["session", "message"]);
        let said = &trace["entries"][1];
        assert_eq!((&said["direction"], &said["vendor"]), (&"in".into(), &"mirror".into()));
        assert_eq!(said["ids"]["vendor_id"], "wamid.4001");
    }
}

#[tokio::test]
async fn messages_are_read_in_order() {
    let world = World::new().await;
    let session = open_session(&world, world.ours, 1).await;
    let page = world.get(&format!("/api/sessions/{session}/messages")).await.json();
    assert_eq!(page["last_position"], 1);
    let message = &page["messages"][0];
    assert_eq!(message["content"], serde_json::json!({"type": "text", "text": "hello"}));
    assert_eq!(message["at"], "2025-11-20T10:00:00.001Z");
    let rest = world.get(&format!("/api/sessions/{session}/messages?after=1")).await.json();
    assert_eq!(rest["messages"], serde_json::json!([]));
}
