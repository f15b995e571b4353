//! Inboxes are made, changed, stopped, started and tried out.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::world::{SECRET, World, ask, ask_as, hears};

fn new(name: &str, settings: Value) -> Value {
    json!({"name": name, "vendor": "mirror", "ai": true, "settings": settings})
}

async fn make(world: &World, name: &str, settings: Value) -> Value {
    let reply = ask(world, Method::POST, "/api/inboxes", &new(name, settings)).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text());
    reply.json()
}

async fn change(world: &World, id: &str, change: Value) -> Value {
    let reply = ask(world, Method::PATCH, &format!("/api/inboxes/{id}"), &change).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    assert_eq!(named(&world.get("/api/inboxes").await.json(), id), reply.json());
    reply.json()
}

fn named(list: &Value, id: &str) -> Value {
    let list = list["inboxes"].as_array().unwrap();
    list.iter().find(|inbox| inbox["id"] == id).cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_vendors_form_is_told() {
    let world = World::new().await;
    let vendors = world.get("/api/vendors").await.json();
    assert_eq!(vendors["vendors"][0]["title"], "Mirror");
    let hook = &vendors["vendors"][0]["fields"][3];
    assert_eq!((&hook["key"], &hook["required"]), (&json!("webhook_url"), &json!(false)));
    let secret = &vendors["vendors"][0]["fields"][2];
    assert_eq!(
        *secret,
        json!({"key": "app_secret", "label": "Secret", "help": "any", "secret": true,
               "required": false})
    );
}

#[tokio::test]
async fn an_inbox_works_as_soon_as_it_is_made_and_shows_no_secret() {
    let world = World::new().await;
    let made = make(&world, " Shop ", json!({"number": "+15550100", "app_secret": SECRET})).await;
    assert_eq!(made["name"], "Shop");
    assert_eq!(made["state"], "active");
    assert_eq!(made["address"], "+15550100");
    assert_eq!(made["vendor_title"], "Mirror");
    assert_eq!(made["window_ms"], 3_600_000);
    // The vendor asks for the hook's address, which nobody knew before.
    let hook = made["hook_url"].clone();
    assert_eq!(made["settings"], json!({"number": "+15550100", "webhook_url": hook}));
    assert_eq!(made["secrets_set"], json!(["app_secret"]));
    assert!(hears(&world, &made).await);
    let list = world.get("/api/inboxes").await;
    assert!(!list.text().contains(SECRET));
    assert_eq!(named(&list.json(), made["id"].as_str().unwrap()), made);
    assert_eq!(list.json()["inboxes"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_wrong_is_refused_by_name() {
    let world = World::new().await;
    let unknown = json!({"name": "Shop", "vendor": "nobody", "ai": true, "settings": {}});
    for (body, field) in [
        (new("Shop", json!({"number": "wrong"})), "number"),
        (new("", json!({})), "name"),
        (new("two\nlines", json!({})), "name"),
        (new("Main number", json!({})), "name"),
        (unknown, "vendor"),
    ] {
        let reply = ask(&world, Method::POST, "/api/inboxes", &body).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", reply.text());
        assert_eq!(reply.code(), "refused");
        let error = &reply.json()["error"];
        assert_eq!(error["field"], field);
        assert!(error["message"].as_str().unwrap().starts_with(&format!("{field}: ")));
    }
    let odd = json!({"name": "Shop", "vendor": "mirror", "ai": true, "settings": {}, "id": "mine"});
    let reply = ask(&world, Method::POST, "/api/inboxes", &odd).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert_eq!(world.get("/api/inboxes").await.json()["inboxes"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_change_keeps_what_it_does_not_name() {
    let world = World::new().await;
    let id = world.inbox.to_string();
    let changed = change(&world, &id, json!({"ai": true})).await;
    assert_eq!((&changed["ai"], &changed["name"]), (&json!(true), &json!("Main number")));
    assert_eq!(changed["secrets_set"], json!(["app_secret"]));
    let settings = json!({"number": "+15550101", "kind": "sms"});
    let changed = change(&world, &id, json!({"name": "Texts", "settings": settings})).await;
    assert_eq!((&changed["name"], &changed["channel"]), (&json!("Texts"), &json!("sms")));
    assert_eq!(changed["secrets_set"], json!(["app_secret"]));
    let gone = json!({"settings": {"app_secret": null, "kind": ""}});
    let changed = change(&world, &id, gone).await;
    let hook = changed["hook_url"].clone();
    assert_eq!(changed["settings"], json!({"number": "+15550101", "webhook_url": hook}));
    assert_eq!(changed["secrets_set"], json!([]));
    let wrong = json!({"ai": false, "settings": {"number": "wrong"}});
    let reply = ask(&world, Method::PATCH, &format!("/api/inboxes/{id}"), &wrong).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(named(&world.get("/api/inboxes").await.json(), &id), changed);
}

#[tokio::test]
async fn a_stopped_inbox_is_deaf_and_can_be_started_again() {
    let world = World::new().await;
    let id = world.inbox.to_string();
    let stopped = change(&world, &id, json!({"stopped": true})).await;
    assert_eq!(stopped["state"], "stopped");
    assert!(!hears(&world, &stopped).await);
    let test = json!({"to": "+14155550132", "text": "hello"});
    for (path, body) in [("check", Value::Null), ("test", test)] {
        let path = format!("/api/inboxes/{id}/{path}");
        assert_eq!(ask(&world, Method::POST, &path, &body).await.code(), "not_running");
    }
    // Something else about it may change meanwhile.
    assert_eq!(change(&world, &id, json!({"ai": true})).await["state"], "stopped");
    let started = change(&world, &id, json!({"stopped": false})).await;
    assert_eq!((&started["state"], &started["ai"]), (&json!("active"), &json!(true)));
    assert!(hears(&world, &started).await);
}

#[tokio::test]
async fn a_test_message_is_a_message_in_a_session() {
    let world = World::new().await;
    let texts = make(&world, "Texts", json!({"kind": "sms", "number": "+14155550100"})).await;
    let path = format!("/api/inboxes/{}/test", texts["id"].as_str().unwrap());
    // The number is read as one of the inbox's own country.
    let test = json!({"to": "(415) 555-0132", "text": " only a test "});
    let sent = ask(&world, Method::POST, &path, &test).await;
    assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.text());
    let session = sent.json()["session_id"].as_str().unwrap().to_owned();
    let shown = world.get(&format!("/api/sessions/{session}")).await.json();
    assert_eq!(shown["contact"]["phone"], "14155550132");
    let messages = world.get(&format!("/api/sessions/{session}/messages")).await.json();
    let message = &messages["messages"][0];
    assert_eq!(message["id"], sent.json()["message_id"]);
    assert_eq!(
        (&message["text"], &message["author"]["kind"]),
        (&json!("only a test"), &json!("system"))
    );
    for (test, field) in [
        (json!({"to": "555-0132", "text": "x"}), "to"),
        (json!({"to": "+14155550132", "text": "  "}), "text"),
    ] {
        let reply = ask(&world, Method::POST, &path, &test).await;
        assert_eq!(reply.json()["error"]["field"], field);
    }
}

#[tokio::test]
async fn a_test_message_outside_the_window_is_refused_and_leaves_nothing() {
    let world = World::new().await;
    let path = format!("/api/inboxes/{}/test", world.inbox);
    let test = json!({"to": "+14155550132", "text": "only a test"});
    let reply = ask(&world, Method::POST, &path, &test).await;
    assert_eq!(reply.status, StatusCode::CONFLICT);
    assert_eq!(reply.code(), "window_closed");
    assert_eq!(world.get("/api/sessions").await.json()["sessions"], json!([]));
}

#[tokio::test]
async fn a_check_tells_what_the_vendor_says() {
    let world = World::new().await;
    let path = format!("/api/inboxes/{}/check", world.inbox);
    let reply = ask(&world, Method::POST, &path, &Value::Null).await;
    assert_eq!(reply.json(), json!({"works": true, "why": null}));
}

#[tokio::test]
async fn another_workspace_cannot_touch_it() {
    let world = World::new().await;
    for (method, tail) in [(Method::PATCH, ""), (Method::POST, "/check"), (Method::POST, "/test")] {
        let path = format!("/api/inboxes/{}{tail}", world.inbox);
        let body = json!({"stopped": true});
        let reply = ask_as(&world, &world.their_key, method, &path, &body).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(world.get("/api/inboxes").await.json()["inboxes"][0]["state"], "active");
}

#[tokio::test]
async fn the_parts_of_a_text_are_counted() {
    let world = World::new().await;
    let text = json!({"text": "я".repeat(71)});
    let counted = ask(&world, Method::POST, "/api/sms/segments", &text).await;
    assert_eq!(
        counted.json(),
        json!({"encoding": "ucs2", "units": 71, "segments": 2, "units_left": 63})
    );
}
