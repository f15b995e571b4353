//! Every address of the API, taken from its own description.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use serde_json::Value;
use uuid::Uuid;

use super::{
    feed::open_session,
    world::{SECRET, World, bearer},
};

fn addresses() -> Vec<(String, String, bool)> {
    let document: Value = serde_json::from_str(&crate::openapi()).unwrap();
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let open = operation["security"] == serde_json::json!([{}]);
            all.push((method.to_uppercase(), path.clone(), open));
        }
    }
    assert!(all.len() >= 15, "{all:?}");
    all
}

#[tokio::test]
async fn nothing_but_the_doors_opens_without_a_credential() {
    let world = World::new().await;
    let mut doors = Vec::new();
    for (method, path, open) in addresses() {
        let address = path.replace("{id}", &Uuid::nil().to_string());
        if open {
            doors.push(path);
            continue;
        }
        let request = Request::builder().method(method.as_str()).uri(&address);
        let reply = world.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{method} {path}");
        assert_eq!(reply.code(), "signed_out");
    }
    doors.sort();
    assert_eq!(doors, ["/api/login", "/api/openapi.json", "/api/setup"]);
}

#[tokio::test]
async fn what_belongs_to_another_workspace_is_not_there() {
    let world = World::new().await;
    let session = open_session(&world, world.ours, 1).await.to_string();
    for (method, path, _) in addresses().into_iter().filter(|(_, path, _)| path.contains("{id}")) {
        let mut seen = Vec::new();
        let unknown = Uuid::from_u128(99).to_string();
        for id in [session.as_str(), unknown.as_str(), "no-id", "..%2f", "%00"] {
            let request = Request::builder().method(method.as_str());
            let request = request.uri(path.replace("{id}", id));
            let request = bearer(request, &world.their_key).body(Body::empty()).unwrap();
            let reply = world.send(request).await;
            assert_eq!(reply.status, StatusCode::NOT_FOUND, "{method} {path} {id}");
            let mut body = reply.json();
            body["error"]["id"] = Value::Null;
            seen.push(body);
        }
        assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{path} {seen:?}");
    }
    let ours = world.get(&format!("/api/sessions/{session}")).await;
    assert_eq!(ours.status, StatusCode::OK, "{}", ours.text());
    assert_eq!(ours.json()["contact"]["phone"], "+491700000001");
    let list = |reply: super::world::Reply| reply.json()["sessions"].as_array().unwrap().len();
    assert_eq!(list(world.get("/api/sessions").await), 1);
    assert_eq!(list(world.get_as(&world.their_key, "/api/sessions").await), 0);
    let feed = world.get_as(&world.their_key, &format!("/api/feed/page?session={session}")).await;
    assert_eq!(feed.json()["facts"], serde_json::json!([]));
    let inboxes = world.get_as(&world.their_key, "/api/inboxes").await;
    assert_eq!(inboxes.json()["inboxes"], serde_json::json!([]));
}

#[tokio::test]
async fn bad_questions_are_refused_with_words() {
    let world = World::new().await;
    for (path, expected) in [
        ("/api/sessions?state=ajar", StatusCode::BAD_REQUEST),
        ("/api/sessions?owner=root", StatusCode::BAD_REQUEST),
        ("/api/sessions?limit=-1", StatusCode::BAD_REQUEST),
        ("/api/sessions?limit=many", StatusCode::BAD_REQUEST),
        ("/api/sessions?after=zzz", StatusCode::BAD_REQUEST),
        ("/api/sessions?q=%00", StatusCode::BAD_REQUEST),
        ("/api/feed/page?after=x", StatusCode::BAD_REQUEST),
        ("/api/feed/page?session=x", StatusCode::BAD_REQUEST),
        ("/api/sessions?limit=100000&unknown=1&q=%25_'\"\\", StatusCode::OK),
        ("/api/sessions?owner=ai&state=open&q=+", StatusCode::OK),
        ("/api/nothing", StatusCode::NOT_FOUND),
    ] {
        let path = path.replace('"', "%22").replace('\\', "%5C");
        let reply = world.get(&path).await;
        assert_eq!(reply.status, expected, "{path} {}", reply.text());
        if expected != StatusCode::OK {
            reply.code();
        }
    }
    let wrong = bearer(Request::delete("/api/me"), &world.key).body(Body::empty()).unwrap();
    let wrong = world.send(wrong).await;
    assert_eq!(wrong.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(wrong.code(), "method_not_allowed");
}

#[tokio::test]
async fn lists_go_on_where_the_page_before_ended() {
    let world = World::new().await;
    let mut made = Vec::new();
    for n in 1..=5 {
        made.push(open_session(&world, world.ours, n).await.to_string());
    }
    made.reverse();
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = world.get(&format!("/api/sessions?limit=2{after}")).await.json();
        let rows = page["sessions"].as_array().unwrap();
        seen.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(seen, made, "newest first, each once");
}

#[tokio::test]
async fn secrets_are_named_and_never_shown() {
    let world = World::new().await;
    let reply = world.get("/api/inboxes").await;
    assert!(!reply.text().contains(SECRET), "{}", reply.text());
    let inbox = &reply.json()["inboxes"][0];
    assert_eq!(inbox["secrets_set"], serde_json::json!(["app_secret"]));
    assert_eq!(inbox["hook_url"], format!("https://hub.example/hooks/{}", world.inbox));
    assert_eq!((&inbox["state"], &inbox["channel"]), (&"active".into(), &"whatsapp".into()));
    for path in ["/api/desks", "/api/routes", "/api/settings", "/api/parked", "/api/openapi.json"] {
        let reply = world.get(path).await;
        assert_eq!(reply.status, StatusCode::OK, "{path} {}", reply.text());
        assert!(!reply.text().contains(SECRET), "{path}");
    }
}
