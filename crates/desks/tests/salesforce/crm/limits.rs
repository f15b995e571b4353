//! Tokens and the day's calls.

use baton_core::{
    fault::{FaultClass, Outcome},
    route::WorkKind,
};
use serde_json::json;

use super::stage::{NOW, Stage, accepted, contact, handoff, opened, plan};

async fn case(stage: &Stage) -> baton_core::handoff::Handoff {
    let mut handoff = handoff(WorkKind::Case);
    let plan = plan(stage, &handoff, &contact(), &[], &[]);
    stage.open(&mut handoff, &plan, &contact()).await;
    handoff
}

#[tokio::test]
async fn one_token_serves_until_it_is_refused_and_then_another_one() {
    let stage = Stage::keyed(json!({})).await;
    let handoff = case(&stage).await;
    let tokens = |calls: &[String]| calls.iter().filter(|name| *name == "token").count();
    assert_eq!(tokens(&stage.calls().await), 1);
    let sessions = stage.delete("salesforce/crm/sessions").await;
    assert_eq!(sessions["ended"], 1);
    stage.list(&handoff).await;
    assert_eq!(tokens(&stage.calls().await), 2);
}

#[tokio::test]
async fn an_organisation_that_refuses_fresh_tokens_is_told_and_not_asked_forever() {
    let stage = Stage::keyed(json!({})).await;
    let handoff = opened(WorkKind::Case, "500000000000001");
    let refused = json!({
        "vendor": "salesforce_crm", "operation": "userinfo", "fault": "status", "status": 401,
        "code": "INVALID_SESSION_ID", "count": 10,
    });
    stage.control("faults", refused).await;
    let fault = stage.desk.list(&handoff, NOW).await.unwrap_err();
    assert_eq!(fault.class, FaultClass::Auth);
    assert!(fault.operator.contains("scope api"), "{}", fault.operator);
    assert!(stage.calls().await.len() <= 4, "{:?}", stage.calls().await);
}

#[tokio::test]
async fn why_no_token_is_given_is_told_with_its_cure() {
    for (switch, cure) in [
        ("unapproved", "permission set"),
        ("not_admin_approved", "permission set"),
        ("blocked", "crm_consumer_key"),
        ("user_inactive", "activate"),
        ("user_locked", "unlock"),
    ] {
        let stage = Stage::keyed(json!({})).await;
        stage.switch("salesforce_crm.app", switch).await;
        let checked = stage.desk.check().await;
        let check = checked.checks.iter().find(|check| check.name == "crm_token").unwrap();
        let fault = check.fault.as_ref().unwrap();
        assert_eq!(fault.class, FaultClass::Auth);
        assert!(fault.operator.contains(cure), "{switch}: {}", fault.operator);
    }
}

#[tokio::test]
async fn polls_stop_before_the_day_is_spent_and_handoffs_go_on() {
    let stage = Stage::keyed(json!({})).await;
    let handoff = case(&stage).await;
    stage.switch("salesforce_crm.daily_calls", "20").await;
    // Each call tells how many are left.
    let mut fault = None;
    for n in 0..20 {
        let listed = stage.desk.list(&handoff, NOW).await;
        if let Err(stopped) = listed {
            fault = Some((n, stopped));
            break;
        }
    }
    let (_, fault) = fault.unwrap();
    assert_eq!(fault.class, FaultClass::RateLimited);
    assert!(fault.operator.contains("nearly spent"), "{}", fault.operator);
    accepted(stage.desk.send(&stage.says(50, &handoff, "still here")).await);
    assert!(stage.violations().await.is_empty());
}

#[tokio::test]
async fn a_spent_day_is_waited_for() {
    let stage = Stage::keyed(json!({})).await;
    let handoff = case(&stage).await;
    stage.switch("salesforce_crm.daily_calls", "0").await;
    let call = stage.says(50, &handoff, "still here");
    for _ in 0..3 {
        match stage.desk.send(&call).await {
            Outcome::Retry { after_ms, fault } => {
                assert!(after_ms.unwrap() > 60_000);
                assert_eq!(fault.class, FaultClass::RateLimited);
            }
            other => panic!("{other:?}"),
        }
    }
    let refused = stage.calls().await.len();
    stage.desk.send(&call).await;
    assert_eq!(stage.calls().await.len(), refused, "nothing is asked meanwhile");
    stage.switch("salesforce_crm.daily_calls", "100000").await;
    stage.advance(3_600_000).await;
    accepted(stage.desk.send(&call).await);
}
