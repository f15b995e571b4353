//! The messaging channel of each route, kept for all that follows.

use std::sync::Arc;

use baton_core::{
    channel::Call,
    desk::{Desk, DeskWhat, ToDesk},
    fault::{FaultClass, Outcome},
    handoff::Handoff,
    ids::DeliveryId,
    inbound::{RawRequest, Received},
};
use serde_json::json;

use crate::support::*;

const OTHER: &str = "dddddddd-0000-4000-8000-000000000001";
const STREAM: &str = "dddddddd-0000-4000-8000-000000000002";
const CREATED: &str = r#"{"conversationId":"CCCCCCCC-0000-4000-8000-000000000001","isNew":true}"#;

async fn ready() -> (Vendor, Arc<dyn Desk>) {
    let vendor = Vendor::start().await;
    let row = |id: &str, stream: &str| {
        json!({
            "msdyn_occustommessagingchannelid": id, "msdyn_name": "n",
            "msdyn_occustomchannelid": 192_350_005, "msdyn_appid": CLIENT,
            "_msdyn_liveworkstreamid_value": stream,
        })
    };
    let rows = json!({ "value": [row(CHANNEL, CHANNEL), row(OTHER, STREAM)] });
    vendor.on(CHANNELS, &[(200, &rows.to_string())]);
    vendor.on(CREATE, &[(200, CREATED)]);
    vendor.on(POST, &[(200, r#"{"messageId":"1"}"#)]);
    let desk = desk_at(&vendor.base, &clock());
    (vendor, desk)
}

fn handoff_at(queue: &str) -> Handoff {
    let mut handoff = handoff();
    handoff.target.queue = Some(queue.to_owned());
    handoff
}

fn render(desk: &dyn Desk, handoff: &Handoff, what: DeskWhat<'_>) -> Call {
    let (delivery, contact) = (DeliveryId(id(9)), contact());
    desk.render(&ToDesk { delivery, handoff, contact: &contact, what }).unwrap()
}

async fn create(desk: &dyn Desk, handoff: &Handoff) -> Outcome {
    let step = json!({ "operation": "create", "body": { "k": "v" } });
    desk.send(&render(desk, handoff, DeskWhat::Plan(&step))).await
}

#[tokio::test]
async fn a_channel_or_a_workstream_decides_and_all_that_follows_keeps_to_it() {
    let (vendor, desk) = ready().await;
    for queue in [OTHER.to_uppercase(), STREAM.to_owned()] {
        let mut handoff = handoff_at(&queue);
        let Outcome::Accepted(accepted) = create(&*desk, &handoff).await else { panic!() };
        assert_eq!(accepted.learned["channel"], OTHER);
        handoff.learned = accepted.learned;
        let say = render(&*desk, &handoff, DeskWhat::Note("hi"));
        assert_eq!(say.body["channelId"], OTHER);
        desk.send(&say).await;
        desk.typing(&handoff).await;
        vendor.on(MESSAGES, &[(200, r#"{"messages":[]}"#)]);
        desk.list(&handoff, NOW).await.unwrap();
        for route in [CREATE, POST, MESSAGES] {
            let seen = vendor.seen(route).pop().unwrap();
            assert_eq!(seen.headers["channel-id"], OTHER, "{route}");
        }
        assert_eq!(vendor.seen(POST).last().unwrap().json()["channelId"], OTHER);
    }
    assert_eq!(vendor.seen(CHANNELS).len(), 1, "asked once");
}

#[tokio::test]
async fn a_word_is_for_routing_rules_and_the_desks_own_channel_is_used() {
    let (vendor, desk) = ready().await;
    for queue in ["vip", CHANNEL] {
        let Outcome::Accepted(accepted) = create(&*desk, &handoff_at(queue)).await else {
            panic!()
        };
        assert_eq!(accepted.learned["channel"], CHANNEL);
    }
    assert!(vendor.seen(CHANNELS).is_empty(), "nothing had to be looked up");
}

#[tokio::test]
async fn a_place_that_is_not_there_is_refused_with_the_list_and_nothing_is_made() {
    let (vendor, desk) = ready().await;
    let outcome = create(&*desk, &handoff_at(TENANT)).await;
    let fault = outcome.fault().unwrap();
    assert_eq!((outcome.name(), fault.class), ("rejected", FaultClass::NotRegistered));
    assert!(fault.operator.contains(TENANT) && fault.operator.contains(OTHER));
    vendor.on(CHANNELS, &[(503, "")]);
    assert_eq!(create(&*desk, &handoff_at(TENANT)).await.name(), "retry");
    assert!(vendor.seen(CREATE).is_empty());
}

#[tokio::test]
async fn webhooks_of_any_channel_of_the_organisation_are_taken() {
    let (_, desk) = ready().await;
    desk.refresh_keys().await.unwrap();
    for channel in [CHANNEL, OTHER, "MessagingApi"] {
        let body = json!({
            "type": "message", "channelId": channel, "conversation": { "id": CHAT }, "text": "hi",
            "from": { "id": "r", "name": "Robin" },
        });
        let request = RawRequest {
            method: "POST".to_owned(),
            path: format!("v3/conversations/{CHAT}/activities"),
            query: String::new(),
            headers: vec![(
                "authorization".to_owned(),
                format!("Bearer {}", published_key().token(&claims())),
            )],
            body: body.to_string().into_bytes(),
        };
        let received = desk.receive(&request, NOW);
        assert!(matches!(received, Received::Store { .. }), "{channel}");
    }
}
