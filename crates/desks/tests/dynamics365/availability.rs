//! Who is there before a handoff.

use baton_core::{
    desk::{Availability, Desk},
    fault::Fault,
    ids::DeskId,
    route::{Choice, WorkKind},
    time::Timestamp,
};
use serde_json::{Value, json};

use crate::support::*;

const STREAM: &str = "dddddddd-0000-4000-8000-000000000002";
const OTHER: &str = "dddddddd-0000-4000-8000-000000000003";
/// The sample of "CCaaS_GetRepresentativeAvailabilityBeforeConversation": open, somebody is there.
const OPEN: &str = r#"{"NextTransitionTime":"2025-11-20T18:00:00Z","NumberOfExpertsAvailableInQueue":3,
    "AverageWaitTimeInSeconds":45,"PositionInQueue":2,"AverageWaitTime":null,
    "StartTimeOfNextOperatingHour":"0001-01-01T00:00:00Z",
    "EndTimeOfNextOperatingHour":"0001-01-01T00:00:00Z","QueueId":"q","IsAgentAvailable":true,
    "IsQueueAvailable":true}"#;
const CLOSED: &str = r#"{"AverageWaitTimeInSeconds":null,"PositionInQueue":1,
    "StartTimeOfNextOperatingHour":"2025-11-21T08:00:00Z","IsAgentAvailable":true,
    "IsQueueAvailable":false}"#;

fn place(queue: Option<&str>) -> Choice {
    Choice { queue: queue.map(str::to_owned), ..Choice::of(DeskId(id(4))) }
}

async fn ask(desk: &dyn Desk, queue: Option<&str>) -> Result<Availability, Fault> {
    desk.availability(&place(queue)).unwrap().await
}

async fn ready(change: Value) -> (Vendor, std::sync::Arc<StillClock>, std::sync::Arc<dyn Desk>) {
    let vendor = Vendor::start().await;
    let mut settings = settings(&vendor.base);
    settings.insert("workstream_id".to_owned(), json!(STREAM));
    settings.extend(change.as_object().unwrap().clone());
    let clock = clock();
    let desk = desk_with(&settings, &clock, None);
    (vendor, clock, desk)
}

#[tokio::test]
async fn the_answer_is_said_in_our_words() {
    let (vendor, clock, desk) = ready(json!({})).await;
    vendor.on(AVAILABILITY, &[(200, OPEN), (200, CLOSED)]);
    let there = Availability {
        free: true,
        open: true,
        position: Some(2),
        wait_ms: Some(45_000),
        opens_at: None,
    };
    assert_eq!(ask(&*desk, None).await.unwrap(), there);
    let body = vendor.seen(AVAILABILITY)[0].json();
    assert_eq!(
        body,
        json!({ "ApiVersion": "1.0", "LiveWorkStreamId": STREAM, "CustomContextItems": "{}" })
    );
    clock.advance_ms(5_000);
    let closed = Availability {
        free: false,
        open: false,
        position: Some(1),
        wait_ms: None,
        opens_at: Timestamp::read("2025-11-21T08:00:00Z"),
    };
    assert_eq!(ask(&*desk, None).await.unwrap(), closed, "a rep outside the hours takes nothing");
}

#[tokio::test]
async fn each_place_is_asked_for_once_in_a_few_seconds() {
    let (vendor, clock, desk) = ready(json!({})).await;
    vendor.on(AVAILABILITY, &[(200, OPEN)]);
    let channel = json!({
        "msdyn_occustommessagingchannelid": CHANNEL, "msdyn_occustomchannelid": 192_350_005,
        "_msdyn_liveworkstreamid_value": OTHER,
    });
    vendor.on(CHANNELS, &[(200, &json!({ "value": [channel] }).to_string())]);
    for queue in [None, None, Some("vip"), Some(CHANNEL), Some(CHANNEL)] {
        ask(&*desk, queue).await.unwrap();
    }
    let asked: Vec<Value> = vendor.seen(AVAILABILITY).iter().map(Seen::json).collect();
    assert_eq!(asked.len(), 3);
    assert_eq!(asked[1]["LiveWorkStreamId"], STREAM);
    let items: Value =
        serde_json::from_str(asked[1]["CustomContextItems"].as_str().unwrap()).unwrap();
    assert_eq!(items["queue"]["value"], "vip");
    assert_eq!(asked[2]["LiveWorkStreamId"], OTHER, "the workstream of that channel");
    clock.advance_ms(4_999);
    ask(&*desk, None).await.unwrap();
    assert_eq!(vendor.seen(AVAILABILITY).len(), 3);
    clock.advance_ms(1);
    ask(&*desk, None).await.unwrap();
    assert_eq!(vendor.seen(AVAILABILITY).len(), 4);
}

#[tokio::test]
async fn a_refusal_names_the_role_and_the_setting() {
    let (vendor, _, desk) = ready(json!({})).await;
    vendor.on(AVAILABILITY, &[(403, "")]);
    let fault = ask(&*desk, None).await.unwrap_err();
    for words in ["Omnichannel administrator", "availability = no"] {
        assert!(fault.operator.contains(words), "{}", fault.operator);
    }
}

#[tokio::test]
async fn it_is_not_asked_where_nobody_wants_to_know() {
    let (_, _, desk) = ready(json!({ "availability": "no" })).await;
    assert!(desk.availability(&place(None)).is_none());
    let (_, _, desk) = ready(json!({})).await;
    let case = Choice { kind: WorkKind::Case, ..place(None) };
    assert!(desk.availability(&case).is_none());
}
