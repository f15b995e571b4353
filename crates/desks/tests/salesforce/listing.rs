//! What the desk holds: gaps are closed by it, and unknown attempts settled.

use baton_core::{
    desk::DeskWhat, fault::Settled, handoff::Handoff, ids::VendorId, message::Content,
};
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn an_unknown_message_is_settled_by_its_own_id() {
    let stage = Stage::new().await;
    let handoff = stage.accepted().await;
    let sent = says(&*stage.desk, &handoff, 120, "hello");
    assert!(!stage.desk.is_repeatable(&sent));
    assert_eq!(stage.desk.send(&sent).await.name(), "accepted");
    let never = says(&*stage.desk, &handoff, 121, "hello");
    let listing = stage.desk.list(&handoff, NOW).await.unwrap();
    match stage.desk.settle(&sent, &listing, &[]) {
        Settled::Accepted(accepted) => {
            let id = sent.body["message"]["id"].as_str().unwrap();
            assert_eq!(accepted.vendor_id, Some(VendorId::from(id)));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(stage.desk.settle(&never, &listing, &[]), Settled::NotSent);
}

#[tokio::test]
async fn what_a_rep_said_is_listed_once_and_in_order_over_many_pages() {
    let stage = Stage::new().await;
    let handoff = stage.accepted().await;
    for n in 0..12 {
        stage.act("reply", json!({ "text": format!("{n}"), "times": 10 })).await;
        stage.clock.advance(1);
    }
    stage.act("reply", json!({ "text": "psst", "private": true })).await;
    let listing = stage.desk.list(&handoff, NOW).await.unwrap();
    let said: Vec<String> = listing.from_rep.iter().map(|m| m.content.as_text()).collect();
    let expected: Vec<String> =
        (0..12).flat_map(|n| std::iter::repeat_n(n.to_string(), 10)).collect();
    assert_eq!(said, expected);
    assert_eq!(listing.from_rep[0].rep.as_deref(), Some("Robin Hale"));
    assert!(!listing.ended);
    let later = stage.desk.list(&handoff, NOW.plus_ms(11)).await.unwrap();
    assert_eq!(later.from_rep.len(), 10);
}

#[tokio::test]
async fn the_end_is_listed() {
    let stage = Stage::new().await;
    let handoff = stage.accepted().await;
    stage.act("reply", json!({ "text": "bye" })).await;
    stage.act("inactive", json!({})).await;
    assert!(!stage.desk.list(&handoff, NOW).await.unwrap().ended);
    assert_eq!(stage.say(&handoff, 130, "wait").await.name(), "accepted");
    stage.act("accept", json!({})).await;
    stage.act("end", json!({})).await;
    let listing = stage.desk.list(&handoff, NOW).await.unwrap();
    assert!(listing.ended);
    assert_eq!(listing.from_rep[0].content, Content::text("bye"));
}

#[tokio::test]
async fn an_answer_that_is_lost_makes_nothing_twice() {
    let stage = Stage::new().await;
    let handoff = handoff();
    let plan = plan(&*stage.desk, &handoff, &[]);
    let what = DeskWhat::Plan(&plan[0].call);
    let create = rendered(&*stage.desk, &handoff, 1, what).unwrap();
    stage.fault("conversation.create", json!({ "fault": "timeout_after_accept" })).await;
    assert_eq!(stage.desk.send(&create).await.name(), "unknown");
    assert!(stage.desk.is_repeatable(&create));
    assert_eq!(stage.desk.send(&create).await.name(), "accepted");

    let handoff =
        Handoff { work: stage.desk.find(&handoff).await.unwrap().unwrap().work, ..handoff };
    let said = says(&*stage.desk, &handoff, 180, "hello");
    stage.fault("message.text", json!({ "fault": "timeout_after_accept" })).await;
    assert_eq!(stage.desk.send(&said).await.name(), "unknown");
    let listing = stage.desk.list(&handoff, NOW).await.unwrap();
    let settled = stage.desk.settle(&said, &listing, &[]);
    assert!(matches!(settled, Settled::Accepted(_)), "{settled:?}");
    let lost = says(&*stage.desk, &handoff, 181, "hello");
    stage.fault("message.text", json!({ "fault": "timeout_before_accept" })).await;
    assert_eq!(stage.desk.send(&lost).await.name(), "unknown");
    let listing = stage.desk.list(&handoff, NOW).await.unwrap();
    assert_eq!(stage.desk.settle(&lost, &listing, &[]), Settled::NotSent);
    assert_eq!(stage.said().await, ["hello"]);
    stage.unbroken().await;
}
