//! Templates and campaigns over the API.

use axum::http::{Method, StatusCode};
use baton_core::{
    campaign::{Campaign, CampaignState},
    ids::{CampaignId, TemplateId, VendorId},
    template::{Template, TemplateCategory, TemplateHeader, TemplateParts, TemplateStatus},
    time::{HOUR_MS, Timestamp},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::world::{self, Reply, World};

async fn ask(world: &World, path: &str, body: &Value) -> Reply {
    ask_as(world, &world.key, path, body).await
}

async fn ask_as(world: &World, key: &str, path: &str, body: &Value) -> Reply {
    world::ask_as(world, key, Method::POST, path, body).await
}

fn template(world: &World, name: &str, status: TemplateStatus) -> Template {
    Template {
        id: TemplateId(Uuid::from_u128(500 + name.len() as u128)),
        workspace: world.ours,
        inbox: world.inbox,
        vendor_id: VendorId(format!("v-{name}")),
        name: name.to_owned(),
        language: "en".to_owned(),
        category: TemplateCategory::Marketing,
        status,
        quality: None,
        reason: None,
        parts: TemplateParts {
            header: TemplateHeader::Text { text: "For {{1}}".to_owned() },
            body: "Hello {{1}}, {{2}}".to_owned(),
            ..TemplateParts::default()
        },
        synced_at: Timestamp(0),
    }
}

async fn with_templates() -> World {
    let world = World::new().await;
    let all = vec![
        template(&world, "offer", TemplateStatus::Approved),
        template(&world, "old_offer", TemplateStatus::Paused),
    ];
    world.hub.store().template_put_all(world.inbox, all, true).await.unwrap();
    world
}

fn new(world: &World, more: Value) -> Value {
    let mut new = json!({
        "name": "Spring", "inbox_id": world.inbox.to_string(), "template": "offer",
        "language": "en", "region": "US",
        "values": {"header.1": "you", "2": "how are you?"},
    });
    for (key, value) in more.as_object().unwrap() {
        new[key] = value.clone();
    }
    new
}

#[tokio::test]
async fn a_template_is_shown_with_its_form() {
    let world = with_templates().await;
    let list = world.get(&format!("/api/templates?inbox={}", world.inbox)).await.json();
    let offer = &list["templates"][0];
    assert_eq!(
        (offer["name"].as_str(), offer["status"].as_str()),
        (Some("offer"), Some("approved"))
    );
    let keys: Vec<&str> =
        offer["form"].as_array().unwrap().iter().map(|f| f["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["header.1", "1", "2"]);
    assert_eq!(offer["refusal"], Value::Null);
    assert_eq!(list["templates"][1]["refusal"], "the template is paused");
    assert_eq!(list["problem"], Value::Null);
    let path = format!("/api/templates/{}", offer["id"].as_str().unwrap());
    assert_eq!(world.get(&path).await.json(), *offer);
    assert_eq!(world.get_as(&world.their_key, &path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.get("/api/templates?inbox=x").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_inbox_without_templates_cannot_be_synced() {
    let world = with_templates().await;
    let path = format!("/api/inboxes/{}/templates/sync", world.inbox);
    let reply = ask(&world, &path, &json!({})).await;
    assert_eq!((reply.status, reply.code()), (StatusCode::CONFLICT, "no_templates".to_owned()));
}

#[tokio::test]
async fn a_list_is_looked_at_before_anything_is_sent() {
    let world = with_templates().await;
    let people = json!([
        {"to": "(415) 555-0132", "name": "Ada", "values": {"1": "Ada"}},
        {"to": "+1 415 555 0132", "values": {"1": "Ada again"}},
        {"to": "hello", "values": {"1": "Bo"}},
        {"to": "+14155550133", "values": {}},
        {"to": "+14155550134", "values": {"1": "a\nb"}},
        {"to": "+14155550135", "values": {"1": "Cy", "3": "x"}},
        {"to": "+14155550136", "values": {"1": "Di"}},
    ]);
    let reply = ask(&world, "/api/campaigns", &new(&world, json!({"recipients": people}))).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text());
    let made = reply.json();
    assert_eq!(made["state"], "paused", "it waits for resume");
    assert_eq!(made["counts"], json!({"skipped": 5, "waiting": 2}));
    assert_eq!((made["total"].as_u64(), made["pace_per_minute"].as_u64()), (Some(7), Some(600)));
    let path = format!("/api/campaigns/{}", made["id"].as_str().unwrap());
    let skipped = world.get(&format!("{path}/recipients?status=skipped")).await.json();
    let told: Vec<(i64, &str)> = skipped["recipients"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["place"].as_i64().unwrap(), r["why"].as_str().unwrap()))
        .collect();
    assert_eq!(told[0], (2, "duplicate"));
    assert_eq!(told[1], (3, "invalid_number"));
    assert_eq!(told[2], (4, "invalid_values: 1 must be filled"));
    assert!(told[3].1.starts_with("invalid_values: 1 holds a line break"), "{told:?}");
    assert_eq!(told[4], (6, "invalid_values: 3 the template has no such field"));
    let page = world.get(&format!("{path}/recipients?limit=2")).await.json();
    assert_eq!(page["next"], 2);
    let reply = world.get(&format!("{path}/recipients?status=happy")).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert_eq!(world.get("/api/campaigns").await.json()["campaigns"][0]["id"], made["id"]);
}

#[tokio::test]
async fn a_list_is_checked_without_making_a_campaign() {
    let world = with_templates().await;
    let people = json!([
        {"to": "hello", "values": {"1": "Bo"}},
        {"to": "+14155550132", "values": {"1": "Ada"}},
        {"to": "(415) 555-0132", "name": "Ada", "values": {"1": "Ada again"}},
        {"to": "+14155550133", "values": {}},
    ]);
    let body = new(&world, json!({"recipients": people}));
    let checked = ask(&world, "/api/campaigns/check", &body).await.json();
    assert_eq!((&checked["accepted"], &checked["refused"]), (&json!(1), &json!(3)), "{checked}");
    assert_eq!(checked["first_text"], "For you\nHello Ada, how are you?");
    let told: Vec<(i64, &str)> = checked["people"]
        .as_array()
        .unwrap()
        .iter()
        .map(|person| (person["place"].as_i64().unwrap(), person["why"].as_str().unwrap()))
        .collect();
    let unfit = "invalid_values: 1 must be filled";
    assert_eq!(told, [(1, "invalid_number"), (3, "duplicate"), (4, unfit)]);
    let nobody = new(&world, json!({"recipients": [{"to": "x"}]}));
    let checked = ask(&world, "/api/campaigns/check", &nobody).await.json();
    assert_eq!((&checked["accepted"], &checked["first_text"]), (&json!(0), &Value::Null));
    assert_eq!(world.get("/api/campaigns").await.json()["campaigns"], json!([]));
    let theirs = ask_as(&world, &world.their_key, "/api/campaigns/check", &body).await;
    assert_eq!(theirs.json()["error"]["field"], "inbox_id");
}

#[tokio::test]
async fn a_table_is_a_list_too() {
    let world = with_templates().await;
    let table = "to;name;1\n+14155550132;Ada;Ada\n\"+14155550133\";;\"Bo; the second\"\n";
    let reply = ask(&world, "/api/campaigns", &new(&world, json!({"csv": table}))).await;
    assert_eq!(reply.json()["counts"], json!({"waiting": 2}), "{}", reply.text());
    for (table, word) in [
        ("name,1\nAda,Ada", "no column named to"),
        ("to,1\n\"+14155550132", "does not end"),
        ("to,1\n", "0 people"),
    ] {
        let reply = ask(&world, "/api/campaigns", &new(&world, json!({"csv": table}))).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(reply.text().contains(word), "{}", reply.text());
    }
}

#[tokio::test]
async fn a_campaign_that_cannot_be_sent_is_refused_with_the_field() {
    let world = with_templates().await;
    let one = json!([{"to": "+14155550132", "values": {"1": "Ada"}}]);
    for (change, field) in [
        (json!({"name": " "}), "name"),
        (json!({"inbox_id": "x"}), "inbox_id"),
        (json!({"template": "none"}), "template"),
        (json!({"template": "old_offer"}), "template"),
        (json!({"pace_per_minute": 0}), "pace_per_minute"),
        (json!({"replies": {"to": "nobody"}}), "replies"),
        (json!({"recipients": []}), "recipients"),
        (json!({"recipients": [{"to": "x", "values": {"1": "a"}}]}), "recipients"),
        (json!({"csv": "to\n1"}), "csv"),
    ] {
        let mut body = new(&world, json!({"recipients": one}));
        for (key, value) in change.as_object().unwrap() {
            body[key] = value.clone();
        }
        let reply = ask(&world, "/api/campaigns", &body).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", reply.text());
        assert_eq!(reply.json()["error"]["field"], field, "{}", reply.text());
    }
    let body = new(&world, json!({"recipients": one, "values": {"2": ""}}));
    let error = ask(&world, "/api/campaigns", &body).await.json()["error"].clone();
    let fields: Vec<(&str, &str)> = error["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| (f["field"].as_str().unwrap(), f["problem"].as_str().unwrap()))
        .collect();
    assert_eq!(fields, [("header.1", "missing"), ("2", "empty")]);
}

#[tokio::test]
async fn a_campaign_that_is_sent_twice_is_made_once() {
    let world = with_templates().await;
    let id = Uuid::from_u128(77).to_string();
    let one = json!({"id": id, "recipients": [{"to": "+14155550132", "values": {"1": "Ada"}}]});
    let body = new(&world, one);
    let first = ask(&world, "/api/campaigns", &body).await;
    assert_eq!((first.status, &first.json()["id"]), (StatusCode::CREATED, &json!(id)));
    let again = ask(&world, "/api/campaigns", &body).await;
    assert_eq!((again.status, again.json()), (StatusCode::OK, first.json()));
    let list = world.get("/api/campaigns").await.json();
    assert_eq!(list["campaigns"].as_array().unwrap().len(), 1);
    let reply = ask(&world, "/api/campaigns", &new(&world, json!({"id": "mine"}))).await;
    assert_eq!(reply.json()["error"]["field"], "id");
}

#[tokio::test]
async fn a_campaign_whose_list_was_cut_short_says_so() {
    let world = with_templates().await;
    let one = json!([{"to": "+14155550132", "values": {"1": "Ada"}}]);
    let made = ask(&world, "/api/campaigns", &new(&world, json!({"recipients": one}))).await.json();
    let store = world.hub.store();
    let id = CampaignId::read(made["id"].as_str().unwrap()).unwrap();
    let made = store.campaign_get(world.ours, id).await.unwrap().unwrap();
    // As a process leaves it that ends while it reads a long list.
    let cut = Campaign {
        id: CampaignId(Uuid::from_u128(78)),
        state: CampaignState::Loading,
        created_at: made.created_at.plus_ms(-HOUR_MS),
        ..made
    };
    let mut told = world.hub.feed_hint();
    store.campaign_put(cut.clone()).await.unwrap();
    world.hub.campaigns_look();
    let patience = std::time::Duration::from_secs(20);
    tokio::time::timeout(patience, told.changed()).await.unwrap().unwrap();
    let shown = world.get(&format!("/api/campaigns/{}", cut.id)).await.json();
    assert_eq!(shown["state"], "cancelled");
    assert!(shown["why"].as_str().unwrap().contains("make the campaign again"), "{shown}");
}

#[tokio::test]
async fn a_campaign_is_paused_resumed_and_ended() {
    let world = with_templates().await;
    let one = json!([{"to": "+14155550132", "values": {"1": "Ada"}}]);
    let made = ask(&world, "/api/campaigns", &new(&world, json!({"recipients": one}))).await.json();
    let path = format!("/api/campaigns/{}", made["id"].as_str().unwrap());
    let act = async |what: &str| ask(&world, &format!("{path}/{what}"), &json!({})).await;
    assert_eq!(act("pause").await.json()["state"], "paused");
    let ended = act("cancel").await.json();
    assert_eq!((&ended["state"], &ended["counts"]), (&json!("cancelled"), &json!({"skipped": 1})));
    let reply = act("resume").await;
    assert_eq!((reply.status, reply.code()), (StatusCode::CONFLICT, "wrong_state".to_owned()));
    for what in ["pause", "resume", "cancel"] {
        let reply = ask_as(&world, &world.their_key, &format!("{path}/{what}"), &json!({})).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND);
    }
    for path in [path.clone(), format!("{path}/recipients")] {
        assert_eq!(world.get_as(&world.their_key, &path).await.status, StatusCode::NOT_FOUND);
    }
    let theirs = world.get_as(&world.their_key, "/api/campaigns").await.json();
    assert_eq!(theirs["campaigns"], json!([]));
    assert_eq!(
        world.get_as(&world.their_key, "/api/templates").await.json()["templates"],
        json!([])
    );
    let new = new(&world, json!({"recipients": [{"to": "+14155550132"}]}));
    let reply = ask_as(&world, &world.their_key, "/api/campaigns", &new).await;
    assert_eq!(reply.json()["error"]["field"], "inbox_id");
}

#[tokio::test]
async fn a_long_list_fits_and_one_that_is_too_long_does_not() {
    let world = with_templates().await;
    let mut table = "to,1\n".to_owned();
    for n in 0..5_000 {
        table.push_str(&format!("+1415555{n:04},Ada with a long enough name to need some room\n"));
    }
    let reply = ask(&world, "/api/campaigns", &new(&world, json!({"csv": table}))).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text());
    let mut made = reply.json();
    // A slow machine answers before the whole list is written.
    while made["state"] == "loading" {
        let path = format!("/api/campaigns/{}", made["id"].as_str().unwrap());
        made = world.get(&path).await.json();
    }
    assert_eq!(made["total"], 5_000);
    let reply = ask(&world, "/api/campaigns", &json!({"name": "x".repeat(25 * 1024 * 1024)})).await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
}
