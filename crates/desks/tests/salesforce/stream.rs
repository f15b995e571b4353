//! The stream: what it tells, where it goes on, and how it breaks.

use std::collections::BTreeMap;

use baton_core::{desk::DeskEventKind, fault::FaultClass, inbound::RawEvent};
use serde_json::json;

use crate::support::*;

fn is_message(kind: &DeskEventKind) -> bool {
    matches!(kind, DeskEventKind::Message(_))
}

/// What of a list is worth telling people, without what only names ids.
fn told(kinds: &[DeskEventKind]) -> Vec<String> {
    let word = |kind: &DeskEventKind| match kind {
        DeskEventKind::Accepted { rep } => Some(format!("accepted {}", rep.as_deref()?)),
        DeskEventKind::Waiting { position, wait_ms } => Some(format!("{position:?} {wait_ms:?}")),
        DeskEventKind::Moved { what } => Some(what.clone()),
        DeskEventKind::Ended { by } => Some(format!("ended by {by}")),
        DeskEventKind::Message(message) => Some(format!("says {}", message.content.as_text())),
        DeskEventKind::Typing => Some("typing".to_owned()),
        _ => None,
    };
    kinds.iter().filter_map(word).collect()
}

#[tokio::test]
async fn a_handoff_is_told_from_its_routing_to_its_end() {
    let stage = Stage::new().await;
    let mut stream = stage.listen(None).await;
    let handoff = stage.opened().await;
    stage.act("assign", json!({})).await;
    stage.act("decline", json!({ "to": "Kim Vega" })).await;
    stage.act("accept", json!({})).await;
    assert_eq!(stage.say(&handoff, 140, "hi").await.name(), "accepted");
    stage.act("typing", json!({})).await;
    stage.act("reply", json!({ "text": "Hello Maria" })).await;
    stage.act("transfer", json!({ "to": "Lee Ortiz" })).await;
    stage.act("inactive", json!({})).await;
    assert_eq!(stage.say(&handoff, 141, "still here").await.name(), "accepted");
    stage.act("accept", json!({})).await;
    stage.act("end", json!({})).await;
    let kinds = until(&stage, &mut stream, |k| matches!(k, DeskEventKind::Ended { .. })).await;
    let told = told(&kinds);
    let at = |text: &str| {
        told.iter().position(|word| word == text).unwrap_or_else(|| panic!("{text}: {told:#?}"))
    };
    let order = [
        "None Some(120000)",
        "a rep declined it or did not answer; it is offered to another",
        "accepted Kim Vega",
        "typing",
        "says Hello Maria",
        "being transferred",
        "accepted Lee Ortiz",
        "inactive: it goes on when the customer writes",
        "the customer wrote again; it waits for a rep",
        "ended by the rep",
    ];
    assert!(order.windows(2).all(|two| at(two[0]) < at(two[1])), "{told:#?}");
    assert!(told.iter().any(|word| word.starts_with("Some(1)")), "{told:#?}");
    // Our own words never come back, and nobody's leaving was the end.
    assert_eq!(told.iter().filter(|word| word.starts_with("says ")).count(), 1);
    assert_eq!(told.iter().filter(|word| word.starts_with("ended")).count(), 1);
    let learned = kinds.iter().find_map(|kind| match kind {
        DeskEventKind::Learned(accepted) => Some(accepted.metadata.clone()),
        _ => None,
    });
    let session = learned.unwrap()["salesforce_messaging_session_id"].as_str().unwrap().to_owned();
    assert_eq!(stage.seen().await["messaging_session_id"], session);
    stage.unbroken().await;
}

#[tokio::test]
async fn a_stream_goes_on_where_it_broke_at_any_byte() {
    let stage = Stage::new().await;
    let _handoff = stage.accepted().await;
    let mut stream = stage.listen(Some("0")).await;
    let (mut cursor, mut stored) = (None, BTreeMap::new());
    let mut said = Vec::new();
    for cut in (0..700).step_by(37) {
        let text = format!("cut at {cut}");
        stage.act("disconnect", json!({ "after_bytes": cut })).await;
        stage.act("reply", json!({ "text": text })).await;
        while said.last() != Some(&text) {
            match stream.next().await {
                Ok(Some(heard)) => {
                    // As the hub does: stored once by its id, and only then goes on from there.
                    for event in heard.events {
                        if stored.insert(event.vendor_event_id.clone(), ()).is_none() {
                            let kinds = understood(&*stage.desk, &event).into_iter();
                            said.extend(texts(&kinds.map(|e| e.what).collect::<Vec<_>>()));
                        }
                    }
                    cursor = heard.cursor.or(cursor);
                }
                Ok(None) => panic!("the stream ended in good order"),
                Err(broken) => {
                    assert_eq!(broken.class, FaultClass::VendorDown);
                    assert_eq!(broken.operator, "listen for reps: the stream broke");
                    stream = stage.listen(cursor.as_deref()).await;
                }
            }
        }
    }
    let expected: Vec<String> = (0..700).step_by(37).map(|cut| format!("cut at {cut}")).collect();
    assert_eq!(said, expected);
    stage.unbroken().await;
}

#[tokio::test]
async fn every_liberty_of_the_format_is_read() {
    for (switch, value) in [
        ("line_end", "crlf"),
        ("line_end", "cr"),
        ("data_lines", "many"),
        ("chunk_bytes", "3"),
        ("field_space", "yes"),
    ] {
        let stage = Stage::new().await;
        stage.switch(switch, value).await;
        let _handoff = stage.accepted().await;
        let mut stream = stage.listen(Some("0")).await;
        stage.act("reply", json!({ "text": "çà\nund 🎉" })).await;
        let kinds = until(&stage, &mut stream, is_message).await;
        assert_eq!(texts(&kinds), ["çà\nund 🎉"], "{switch} {value}");
    }
}

#[tokio::test]
async fn what_concerns_nobody_only_moves_the_cursor() {
    let stage = Stage::new().await;
    let handoff = stage.accepted().await;
    let mut stream = stage.listen(None).await;
    assert_eq!(stage.say(&handoff, 150, "hi").await.name(), "accepted");
    stage.act("event", json!({ "name": "CONVERSATION_SOMETHING_NEW" })).await;
    stage.act("event", json!({ "name": "PLAIN", "data": "not an object" })).await;
    stage.act("automatic", json!({ "text": "Welcome!" })).await;
    stage.act("reply", json!({ "text": "hello" })).await;
    let mut cursors: Vec<u64> = Vec::new();
    let event = loop {
        let heard = stream.next().await.unwrap().unwrap();
        cursors.extend(heard.cursor.as_deref().map(|cursor| cursor.parse::<u64>().unwrap()));
        let hello = |event: &RawEvent| event.body.contains("hello");
        let found = heard.events.iter().find(|event| hello(event)).cloned();
        for event in heard.events.iter().filter(|event| !hello(event)) {
            assert!(!event.body.contains("\"Message\""), "{}", event.body);
        }
        if let Some(event) = found {
            break event;
        }
    };
    assert_eq!(event.source_key, handoff.work.unwrap().id.as_str());
    assert!(event.vendor_event_id.as_deref().unwrap().ends_with("/Message"));
    assert!(cursors.len() >= 4 && cursors.is_sorted(), "{cursors:?}");
}

#[tokio::test]
async fn greetings_and_bots_go_to_the_customer_by_setting() {
    for (setting, heard) in [("no", vec!["hello"]), ("yes", vec!["Welcome!", "hello"])] {
        let stage = Stage::with(json!({ "relay_greetings": setting })).await;
        let mut stream = stage.listen(None).await;
        let _handoff = stage.accepted().await;
        stage.act("automatic", json!({ "text": "Welcome!" })).await;
        stage.act("reply", json!({ "text": "hello" })).await;
        let said = |kind: &DeskEventKind| texts(std::slice::from_ref(kind)) == ["hello"];
        let kinds = until(&stage, &mut stream, said).await;
        assert_eq!(texts(&kinds), heard, "{setting}");
    }
}

#[tokio::test]
async fn a_token_that_ended_is_bought_anew_when_a_stream_opens() {
    let stage = Stage::new().await;
    let _handoff = stage.accepted().await;
    stage.act("revoke", json!({})).await;
    let mut stream = stage.listen(Some("0")).await;
    stage.act("reply", json!({ "text": "hello" })).await;
    assert_eq!(texts(&until(&stage, &mut stream, is_message).await), ["hello"]);
    assert_eq!(stage.calls("/authenticated/access-token").await.len(), 2);
    assert_eq!(stage.calls("/sse").await.len(), 2);
}

#[tokio::test]
async fn a_first_stream_begins_where_the_token_was_bought() {
    let stage = Stage::new().await;
    // The token is bought with the first call, before anything happens.
    assert_eq!(stage.desk.find(&handoff()).await, Ok(None));
    let _handoff = stage.accepted().await;
    stage.act("reply", json!({ "text": "before the stream" })).await;
    let mut stream = stage.listen(None).await;
    let kinds = until(&stage, &mut stream, is_message).await;
    assert_eq!(texts(&kinds), ["before the stream"]);
    assert!(kinds.iter().any(|kind| matches!(kind, DeskEventKind::Accepted { rep: Some(_) })));
}

#[tokio::test]
async fn a_conversation_that_cannot_be_routed_fails_with_the_reason() {
    let stage = Stage::new().await;
    stage.switch("routing", "RoutingError").await;
    let mut stream = stage.listen(None).await;
    let handoff = handoff();
    stage.create(&handoff).await;
    let kinds = until(&stage, &mut stream, |k| matches!(k, DeskEventKind::Failed { .. })).await;
    let Some(DeskEventKind::Failed { why }) = kinds.last() else { panic!("{kinds:?}") };
    assert!(why.contains("could not route it: RoutingError"), "{why}");
}

#[tokio::test]
async fn a_wrong_organisation_is_named_when_the_stream_opens() {
    let other = json!({ "organization_id": "00D00000000000X" });
    let stage = Stage::with(other).await;
    let fault = stage.desk.listen("subject", None).await.err().unwrap();
    assert!(fault.operator.contains("organization_id"), "{}", fault.operator);
}

#[tokio::test]
async fn a_pause_that_salesforce_asks_for_is_kept_by_all_streams() {
    let stage = Stage::new().await;
    stage
        .fault("stream.open", json!({ "fault": "status", "status": 429, "retry_after_s": 20 }))
        .await;
    let refused = async |subject: &str| stage.desk.listen(subject, None).await.err().unwrap();
    assert_eq!(refused("one").await.class, FaultClass::RateLimited);
    let calls = stage.calls("/sse").await.len();
    assert_eq!(refused("another").await.class, FaultClass::RateLimited);
    assert_eq!(stage.calls("/sse").await.len(), calls);
    stage.clock.advance(20_000);
    stage.listen(None).await;
}
