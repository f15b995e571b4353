//! Access tokens: bought once, kept over restarts, bought again when they end or are refused.

use baton_core::fault::{FaultClass, Outcome};

use crate::support::*;

const MINTS: &str = "/authenticated/access-token";

#[tokio::test]
async fn a_token_is_bought_once_and_survives_a_restart() {
    let mut stage = Stage::new().await;
    let handoff = stage.accepted().await;
    for n in 0..5 {
        assert_eq!(stage.say(&handoff, 80 + n, "hello").await.name(), "accepted");
    }
    assert_eq!(stage.calls(MINTS).await.len(), 1);
    stage.restart();
    assert_eq!(stage.say(&handoff, 90, "again").await.name(), "accepted");
    let _stream = stage.listen(None).await;
    assert_eq!(stage.calls(MINTS).await.len(), 1);
    let drawer = stage.drawer.0.lock().unwrap();
    let (_, until) = &drawer[&format!("token/{}", handoff.conversation)];
    // The simulator's tokens live for six hours.
    assert_eq!(until.since_ms(NOW), 6 * 3_600_000);
}

#[tokio::test]
async fn many_who_need_a_token_buy_one() {
    let stage = Stage::new().await;
    let handoff = handoff();
    let mut set = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (desk, handoff) = (std::sync::Arc::clone(&stage.desk), handoff.clone());
        set.spawn(async move { desk.find(&handoff).await });
    }
    for found in set.join_all().await {
        assert_eq!(found, Ok(None));
    }
    assert_eq!(stage.calls(MINTS).await.len(), 1);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    let stage = Stage::new().await;
    let handoff = stage.accepted().await;
    stage.clock.advance(6 * 3_600_000 - 121_000);
    assert_eq!(stage.say(&handoff, 100, "hello").await.name(), "accepted");
    assert_eq!(stage.calls(MINTS).await.len(), 1);
    stage.clock.advance(2_000);
    assert_eq!(stage.say(&handoff, 101, "hello").await.name(), "accepted");
    assert_eq!(stage.calls(MINTS).await.len(), 2);
    stage.unbroken().await;
}

#[tokio::test]
async fn a_refused_token_is_bought_anew_and_one_attempt_is_one_call() {
    let stage = Stage::new().await;
    let handoff = stage.accepted().await;
    stage.act("revoke", serde_json::json!({})).await;
    match stage.say(&handoff, 110, "hello").await {
        Outcome::Retry { after_ms, fault } => {
            assert_eq!((after_ms, fault.class), (Some(0), FaultClass::Auth));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(stage.say(&handoff, 110, "hello").await.name(), "accepted");
    assert_eq!(stage.calls(MINTS).await.len(), 2);
    assert_eq!(stage.said().await, ["hello"]);
    // The new one was taken: its end is not the second refusal of a new one.
    stage.act("revoke", serde_json::json!({})).await;
    assert_eq!(stage.say(&handoff, 111, "again").await.name(), "retry");
    assert_eq!(stage.say(&handoff, 111, "again").await.name(), "accepted");
}

#[tokio::test]
async fn two_new_tokens_that_are_refused_are_final() {
    let stage = Stage::new().await;
    let handoff = stage.accepted().await;
    stage
        .fault("message.*", serde_json::json!({ "fault": "status", "status": 401, "count": 3 }))
        .await;
    assert_eq!(stage.say(&handoff, 112, "hello").await.name(), "retry");
    match stage.say(&handoff, 112, "hello").await {
        Outcome::Rejected { fault } => assert_eq!(fault.class, FaultClass::Auth),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_anonymous_subject_is_never_used() {
    for (setting, value) in [("issuer", "somebody"), ("auth_key_id", "another")] {
        let stage = Stage::with(serde_json::json!({ setting: value })).await;
        let fault = stage.desk.find(&handoff()).await.unwrap_err();
        assert_eq!(fault.class, FaultClass::Auth, "{setting}");
        assert_eq!(fault.code.as_deref(), Some("unauthenticated_subject"));
        for word in ["issuer", "kid", "x5c", "User Verification", "publish"] {
            assert!(fault.operator.contains(word), "{word}: {}", fault.operator);
        }
        assert!(stage.drawer.0.lock().unwrap().is_empty());
        assert!(stage.desk.listen("x", None).await.is_err());
    }
}
