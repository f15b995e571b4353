//! A campaign whose hub dies again and again: nobody is written to twice, nobody is forgotten, and
//! of whom nobody can say is listed.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use baton_sandbox::{Direction, Filter};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{
    large,
    world::{Database, World, client},
};
use crate::seed;

const PEOPLE: usize = 300;
const PEOPLE_LARGE: usize = 10_000;
/// Where the hub dies, one after the other.
const PLACES: &[&str] = &[
    "before:invite:40",
    "after:invite:40",
    "before:attempt:30",
    "after:attempt:30",
    "before:post:20",
    "after:post:20",
    "before:outcome:20",
    "after:outcome:20",
];
const PATIENCE: Duration = Duration::from_secs(60);
const PATIENCE_LARGE: Duration = Duration::from_secs(900);
/// Somebody who does not want to be written to, and somebody who is not on the channel.
const OPTED_OUT: &str = "15557000001";
const NOT_THERE: &str = "15557000002";

struct Api<'a> {
    world: &'a World,
    http: reqwest::Client,
    key: String,
}

impl Api<'_> {
    async fn new(world: &World) -> Api<'_> {
        let (random, workspace) = (baton_http::SystemRandom, world.company.workspace);
        let key = baton_http::api_key_create(&world.store, &random, workspace, "it", seed::now());
        Api { world, http: client(), key: key.await.unwrap() }
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> Option<Value> {
        request.bearer_auth(&self.key).send().await.ok()?.json().await.ok()
    }

    /// What the hub shows; none while it is away.
    async fn see(&self, path: &str) -> Option<Value> {
        self.ask(self.http.get(format!("{}{path}", self.world.hub.url))).await
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.world.hub.url)).json(body);
        self.ask(request).await.unwrap()
    }
}

/// A long list goes slower: three statuses follow each message, and few cores take all of it.
fn pace() -> u32 {
    if large() { 300 } else { 4_800 }
}

fn number(n: usize) -> String {
    format!("1555{:07}", 7_000_000 + n)
}

/// Makes the people known to the simulator.
async fn populate(world: &World, people: usize) {
    let mut running = JoinSet::new();
    for n in 1..=people {
        if running.len() >= 16 {
            running.join_next().await.unwrap().unwrap();
        }
        let outside = world.outside.clone();
        running.spawn(async move {
            let phone = number(n);
            let here = phone != NOT_THERE;
            let user =
                json!({ "phone": phone, "name": format!("Person {n}"), "on_whatsapp": here });
            outside.order("whatsapp/users", user).await.unwrap();
        });
    }
    while running.join_next().await.is_some() {}
    assert!(world.outside.write(OPTED_OUT, "STOP").await);
}

/// Starts the campaign; its id.
async fn begin(world: &World, people: usize) -> String {
    let api = Api::new(world).await;
    let end = Instant::now() + PATIENCE;
    loop {
        let list = api.see("/api/templates").await.unwrap();
        let found = list["templates"].as_array().unwrap();
        if found.iter().any(|template| template["name"] == "reopen_conversation") {
            break;
        }
        assert!(Instant::now() < end, "no templates: {list}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let list: Vec<Value> = (1..=people)
        .map(|n| json!({ "to": format!("+{}", number(n)), "values": { "1": format!("P{n}") } }))
        .collect();
    let campaign = json!({
        "name": "Everybody", "inbox_id": world.company.inboxes[0].id.to_string(), "start": true,
        "template": "reopen_conversation", "language": "en", "pace_per_minute": pace(),
        "recipients": list,
    });
    let made = api.post("/api/campaigns", &campaign).await;
    let id = made["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    // A long list is read behind the answer.
    let end = Instant::now() + PATIENCE_LARGE;
    while api.see(&format!("/api/campaigns/{id}")).await.is_none_or(|v| v["state"] == "loading") {
        assert!(Instant::now() < end, "the list is not read");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    id
}

fn count(view: &Value, status: &str) -> u64 {
    view["counts"][status].as_u64().unwrap_or(0)
}

/// Kills the hub at one place after the other, and lets it end.
async fn through_every_death(world: &mut World, id: &str) -> Value {
    let api_key = Api::new(world).await.key;
    let http = client();
    let url = format!("{}/api/campaigns/{id}", world.hub.url);
    let mut places = PLACES.iter();
    let end = Instant::now() + if large() { PATIENCE_LARGE } else { PATIENCE * 3 };
    loop {
        assert!(Instant::now() < end, "the campaign does not end\n{}", world.hub.log_tail());
        if world.hub.has_ended() {
            world.restarts += 1;
            let place = places.next().map(|place| ("BATON_CRASH_AT", *place));
            world.hub.start(place);
            world.ready().await;
        }
        let answer = http.get(&url).bearer_auth(&api_key).send().await;
        if let Ok(answer) = answer
            && let Ok(view) = answer.json::<Value>().await
            && view["state"] == "done"
            && count(&view, "queued") == 0
        {
            return view;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until the simulators have told the hub what became of everything.
async fn until_told(world: &mut World) {
    let end = Instant::now() + if large() { PATIENCE_LARGE } else { PATIENCE };
    loop {
        let pending = world.outside.world.webhooks.pending();
        if pending.queued + pending.scheduled == 0 {
            return;
        }
        assert!(Instant::now() < end, "{} webhooks are left", pending.queued);
        world.tend();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// How often the vendor took the campaign's message for each number.
fn taken(world: &World) -> BTreeMap<String, u64> {
    let all = Filter { limit: usize::MAX, ..Filter::default() };
    assert_eq!(world.outside.world.journal.extent().1, 0, "the journal is not whole");
    let mut taken = BTreeMap::new();
    for entry in world.outside.world.journal.list(&all) {
        let accepted = entry.notes.iter().any(|note| note == "accepted");
        if accepted && entry.direction == Direction::In && entry.operation == "messages.template" {
            *taken.entry(entry.body["to"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    taken
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_campaign_whose_hub_dies_writes_to_everybody_once() {
    let people = if large() { PEOPLE_LARGE } else { PEOPLE };
    let mut world = World::new(Database::Sqlite, |_, _| {}).await;
    world.open(None).await;
    populate(&world, people).await;
    let id = begin(&world, people).await;
    world.hub.kill();
    let view = through_every_death(&mut world, &id).await;
    assert!(world.restarts as usize > PLACES.len(), "it died at every place: {}", world.restarts);
    until_told(&mut world).await;
    let twice: Vec<_> = taken(&world).into_iter().filter(|(_, count)| *count > 1).collect();
    assert!(twice.is_empty(), "written to twice: {twice:?}");
    world.rest().await;
    let taken = taken(&world);
    assert!(taken.values().all(|count| *count == 1), "written to twice afterwards");
    let api = Api::new(&world).await;
    let mut after = 0;
    let mut told = BTreeMap::new();
    loop {
        let path = format!("/api/campaigns/{id}/recipients?limit=200&after={after}");
        let page = api.see(&path).await.unwrap();
        for one in page["recipients"].as_array().unwrap() {
            let phone = one["to"].as_str().unwrap().trim_start_matches('+').to_owned();
            let status = one["status"].as_str().unwrap().to_owned();
            let reached = taken.get(&phone).copied().unwrap_or(0);
            match status.as_str() {
                "sent" | "delivered" | "read" => assert_eq!(reached, 1, "{one}"),
                "skipped" => assert_eq!((phone.as_str(), reached), (OPTED_OUT, 0), "{one}"),
                "failed" => assert_eq!(phone, NOT_THERE, "{one}"),
                // Whom a death hit between the call and its answer; that may be anybody.
                "unknown" => {}
                _ => panic!("not at rest: {one}"),
            }
            *told.entry(status).or_insert(0_u64) += 1;
        }
        let Some(next) = page["next"].as_i64() else { break };
        after = next;
    }
    assert_eq!(told.values().sum::<u64>(), people as u64, "{told:?}");
    assert_eq!(told.get("skipped"), Some(&1), "{told:?}");
    let not_there = told.get("failed").copied().unwrap_or_default();
    assert!(not_there == 1 || told.contains_key("unknown"), "{told:?}");
    println!(
        "{people} people, {} deaths: {told:?}; the API said {}",
        world.restarts, view["counts"]
    );
    world.close().await;
}
