//! Salesforce's limits: kept from our side, and its pauses obeyed.

use baton_core::{
    fault::{FaultClass, Outcome},
    ids::{ConversationId, HandoffId},
};

use crate::support::*;

#[tokio::test]
async fn a_conversation_takes_no_more_a_minute_than_it_may() {
    let stage = Stage::new().await;
    let handoff = stage.accepted().await;
    let mut waits = 0;
    for n in 0..50 {
        let delivery = 200 + n;
        let text = format!("message {n}");
        loop {
            match stage.say(&handoff, delivery, &text).await {
                Outcome::Accepted(_) => break,
                Outcome::Retry { after_ms: Some(ms), fault } => {
                    assert_eq!(fault.class, FaultClass::RateLimited);
                    waits += 1;
                    stage.clock.advance(ms);
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!((stage.said().await.len(), waits), (50, 2));
    // Nothing was ever refused by Salesforce: every call was taken.
    assert_eq!(stage.calls("/message").await.len(), 50);
    stage.unbroken().await;
}

#[tokio::test]
async fn an_organisation_is_asked_for_no_more_tokens_a_minute_than_it_gives() {
    let stage = Stage::new().await;
    let (mut made, mut told) = (0, None);
    for n in 0..200 {
        let handoff = baton_core::handoff::Handoff {
            id: HandoffId(id(5_000 + n)),
            conversation: ConversationId(id(6_000 + n)),
            ..handoff()
        };
        let found = stage.desk.find(&handoff).await;
        match found {
            Ok(None) => made += 1,
            Ok(Some(_)) => panic!("nothing was made"),
            Err(fault) => told = Some(fault),
        }
    }
    let fault = told.unwrap();
    assert_eq!((made, fault.class), (180, FaultClass::RateLimited));
    assert!(fault.operator.contains("it goes on in 60 s"), "{}", fault.operator);
    stage.clock.advance(60_000);
    assert_eq!(stage.desk.find(&handoff()).await, Ok(None));
    stage.unbroken().await;
}

#[tokio::test]
async fn a_pause_that_salesforce_asks_for_is_kept_by_the_conversation() {
    let stage = Stage::new().await;
    stage.switch("messages_per_minute", "1").await;
    stage.switch("retry_after", "yes").await;
    let handoff = stage.accepted().await;
    assert_eq!(stage.say(&handoff, 70, "one").await.name(), "accepted");
    let wait = |outcome: Outcome| match outcome {
        Outcome::Retry { after_ms: Some(ms), .. } => ms,
        other => panic!("{other:?}"),
    };
    let first = wait(stage.say(&handoff, 71, "two").await);
    assert_eq!(stage.calls("/message").await.len(), 2);
    // The second try is not made at all.
    assert_eq!(wait(stage.say(&handoff, 71, "two").await), first);
    assert_eq!(stage.calls("/message").await.len(), 2);
    stage.clock.advance(first);
    assert_eq!(stage.say(&handoff, 71, "two").await.name(), "accepted");
    stage.unbroken().await;
}
