//! Desks are tried and only then kept, changed, stopped, started; routes name them.

use axum::http::{Method, StatusCode};
use baton_store::ConfigChange;
use serde_json::{Value, json};

use super::{
    counter::PASSWORD,
    world::{World, ask, ask_as, hears},
};

fn new(name: &str, password: &str) -> Value {
    let settings = json!({"city": "Oslo", "password": password});
    json!({"name": name, "vendor": "counter", "settings": settings})
}

pub(super) async fn make(world: &World, name: &str) -> Value {
    let reply = ask(world, Method::POST, "/api/desks", &new(name, PASSWORD)).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text());
    assert!(!reply.text().contains(PASSWORD), "a secret is told");
    reply.json()["desk"].clone()
}

async fn desks(world: &World) -> Value {
    let reply = world.get("/api/desks").await;
    assert!(!reply.text().contains(PASSWORD), "a secret is told");
    reply.json()["desks"].clone()
}

fn path(desk: &Value) -> String {
    format!("/api/desks/{}", desk["id"].as_str().unwrap())
}

#[test]
fn the_addresses_that_may_take_longer_are_there() {
    let document: Value = serde_json::from_str(&crate::openapi()).unwrap();
    for path in crate::api::desks::TRIALS {
        assert!(document["paths"].get(path).is_some(), "{path}");
    }
}

#[tokio::test]
async fn the_form_of_a_desk_is_told() {
    let world = World::new().await;
    let vendors = world.get("/api/vendors").await.json();
    let keys: Vec<&str> = vendors["desks"][0]["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["key"].as_str().unwrap())
        .collect();
    assert_eq!(
        (&vendors["desks"][0]["title"], keys),
        (&json!("Counter"), vec!["city", "floor", "password"])
    );
}

#[tokio::test]
async fn a_desk_is_made_once_everything_works() {
    let world = World::new().await;
    let reply = ask(&world, Method::POST, "/api/desks", &new("Front", "wrong")).await;
    assert_eq!(reply.status, StatusCode::OK);
    let tried = reply.json();
    assert_eq!((&tried["saved"], &tried["desk"]), (&json!(false), &Value::Null));
    let why = "the password is refused; enter the one on the door";
    assert_eq!(
        tried["checks"],
        json!([
            {"name": "door", "what": "find the door", "works": true, "why": null},
            {"name": "sign_in", "what": "sign in", "works": false, "why": why},
        ])
    );
    assert_eq!(desks(&world).await, json!([]), "nothing is kept of what does not work");
    let made = make(&world, " Front ").await;
    assert_eq!((&made["name"], &made["state"]), (&json!("Front"), &json!("active")));
    // What the trial found out is kept with the rest.
    assert_eq!(made["settings"], json!({"city": "Oslo", "floor": "2"}));
    assert_eq!(made["secrets_set"], json!(["password"]));
    assert_eq!(desks(&world).await, json!([made]));
    assert!(hears(&world, &made).await);
}

#[tokio::test]
async fn a_desks_address_is_known_before_it_is_made() {
    let world = World::new().await;
    let address = ask(&world, Method::POST, "/api/desks/address", &Value::Null).await.json();
    let mut body = new("Front", PASSWORD);
    body["id"] = address["id"].clone();
    let made = ask(&world, Method::POST, "/api/desks", &body).await.json()["desk"].clone();
    assert_eq!((&made["id"], &made["hook_url"]), (&address["id"], &address["hook_url"]));
    // What somebody has already, nobody else gets: not even another workspace's inbox.
    for taken in [address["id"].clone(), json!(world.inbox.to_string()), json!("x")] {
        let mut body = new("Back", PASSWORD);
        body["id"] = taken;
        let reply = ask_as(&world, &world.their_key, Method::POST, "/api/desks", &body).await;
        assert_eq!(reply.json()["error"]["field"], "id", "{}", reply.text());
    }
}

#[tokio::test]
async fn what_cannot_be_tried_is_refused_by_name() {
    let world = World::new().await;
    make(&world, "Front").await;
    let mut nowhere = new("Back", PASSWORD);
    nowhere["settings"]["city"] = json!("12");
    let mut unknown = new("Back", PASSWORD);
    unknown["vendor"] = json!("nobody");
    for (body, field) in [
        (nowhere, "city"),
        (unknown, "vendor"),
        (new("Front", PASSWORD), "name"),
        (new("", PASSWORD), "name"),
    ] {
        let reply = ask(&world, Method::POST, "/api/desks", &body).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", reply.text());
        assert_eq!(reply.json()["error"]["field"], field);
    }
}

#[tokio::test]
async fn a_change_that_does_not_work_changes_nothing() {
    let world = World::new().await;
    let made = make(&world, "Front").await;
    let wrong = json!({"name": "Other", "settings": {"password": "wrong", "city": "Rome"}});
    let tried = ask(&world, Method::PATCH, &path(&made), &wrong).await.json();
    assert_eq!((&tried["saved"], &tried["desk"]), (&json!(false), &made));
    assert_eq!(desks(&world).await, json!([made]));
    let right = json!({"name": "Other", "settings": {"city": "Rome"}});
    let tried = ask(&world, Method::PATCH, &path(&made), &right).await.json();
    assert_eq!(tried["saved"], true, "the password that is kept is tried with the rest");
    assert_eq!(
        (&tried["desk"]["name"], &tried["desk"]["settings"]["city"]),
        (&json!("Other"), &json!("Rome"))
    );
}

#[tokio::test]
async fn a_check_counts_for_the_state_and_a_stopped_desk_is_deaf() {
    let world = World::new().await;
    let made = make(&world, "Front").await;
    let check = format!("{}/check", path(&made));
    let checked = ask(&world, Method::POST, &check, &Value::Null).await.json();
    assert_eq!(
        (&checked["works"], &checked["warnings"][0]),
        (&json!(true), &json!("the password ends in a week"))
    );
    let stopped = ask(&world, Method::PATCH, &path(&made), &json!({"stopped": true})).await.json();
    assert_eq!(stopped["desk"]["state"], "stopped");
    assert_eq!(stopped["checks"], json!([]), "nothing was to be tried");
    assert!(!hears(&world, &made).await);
    assert_eq!(ask(&world, Method::POST, &check, &Value::Null).await.code(), "not_running");
    let started = ask(&world, Method::PATCH, &path(&made), &json!({"stopped": false})).await.json();
    assert_eq!(started["desk"], made);
    assert!(hears(&world, &made).await);
}

#[tokio::test]
async fn a_desk_that_refuses_us_says_why_until_it_is_put_right() {
    let world = World::new().await;
    let made = make(&world, "Front").await;
    // Somebody changed the password at the desk.
    let mut kept = world.hub.store().desks(world.ours).await.unwrap().remove(0).config;
    kept.secrets.insert("password".to_owned(), json!("the old one"));
    let change = ConfigChange { desks: vec![kept], ..ConfigChange::default() };
    world.hub.store().config_put(world.ours, change).await.unwrap();
    world.hub.reload().await.unwrap();
    let check = format!("{}/check", path(&made));
    let checked = ask(&world, Method::POST, &check, &Value::Null).await.json();
    assert_eq!(checked["works"], false);
    let failing = desks(&world).await[0].clone();
    let why = "sign in: the password is refused; enter the one on the door";
    assert_eq!((&failing["state"], &failing["why"]), (&json!("failing"), &json!(why)));
    let right = json!({"settings": {"password": PASSWORD}});
    let tried = ask(&world, Method::PATCH, &path(&made), &right).await.json();
    assert_eq!((&tried["saved"], &tried["desk"]["state"]), (&json!(true), &json!("active")));
}

#[tokio::test]
async fn routes_are_replaced_as_a_whole() {
    let world = World::new().await;
    let desk = make(&world, "Front").await["id"].clone();
    let inbox = world.inbox.to_string();
    let first = json!({"inbox_id": inbox, "topic": "return", "choices": [
        {"desk_id": desk, "kind": "case", "queue": " q-1 ", "unavailable": "next"},
        {"desk_id": desk},
    ]});
    let last = json!({"inbox_id": null, "topic": null, "choices": [{"desk_id": desk}]});
    let both = json!({"routes": [first, last]});
    let kept = ask(&world, Method::PUT, "/api/routes", &both).await;
    assert_eq!(kept.status, StatusCode::OK, "{}", kept.text());
    let kept = kept.json();
    assert_eq!(world.get("/api/routes").await.json(), kept);
    let choices = &kept["routes"][0]["choices"];
    assert_eq!(
        choices[0],
        json!({"desk_id": desk, "kind": "case", "queue": "q-1", "unavailable": "next"})
    );
    assert_eq!(
        (&choices[1]["kind"], &choices[1]["unavailable"]),
        (&json!("live"), &json!("queue"))
    );
    assert_eq!(kept["routes"][1]["position"], 2);
    let choice = json!([{"desk_id": desk}]);
    for (route, field) in [
        (json!({"inbox_id": desk, "choices": choice}), "routes.1.inbox_id"),
        (json!({"topic": "weather", "choices": choice}), "routes.1.topic"),
        (json!({"choices": []}), "routes.1.choices"),
        (json!({"choices": [{"desk_id": inbox}]}), "routes.1.desk_id"),
    ] {
        let reply = ask(&world, Method::PUT, "/api/routes", &json!({"routes": [route]})).await;
        assert_eq!(reply.json()["error"]["field"], field, "{}", reply.text());
    }
    assert_eq!(world.get("/api/routes").await.json(), kept);
    // Another workspace's desk cannot be named, and its routes are not touched.
    let theirs = json!({"routes": [{"choices": choice}]});
    let reply = ask_as(&world, &world.their_key, Method::PUT, "/api/routes", &theirs).await;
    assert_eq!(reply.json()["error"]["field"], "routes.1.desk_id");
}

#[tokio::test]
async fn another_workspace_cannot_touch_a_desk() {
    let world = World::new().await;
    let made = make(&world, "Front").await;
    for (method, tail) in [(Method::PATCH, ""), (Method::POST, "/check")] {
        let path = format!("{}{tail}", path(&made));
        let body = json!({"stopped": true});
        let reply = ask_as(&world, &world.their_key, method, &path, &body).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(desks(&world).await, json!([made]));
}
