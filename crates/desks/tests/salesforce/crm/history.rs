//! What was said before the handoff, imported; and written where it is refused.

use baton_core::{
    desk::{DeskWhat, PlanStep},
    handoff::Handoff,
    message::{AuthorKind, Message},
    route::WorkKind,
    time::{HOUR_MS, MINUTE_MS},
};
use serde_json::{Value, json};

use super::stage::{NOW, Stage, accepted, contact, handoff, message, plan};

async fn ready() -> Stage {
    Stage::new(json!({ "history_connected_app": "Baton" }), None).await
}

fn said(count: u128) -> Vec<Message> {
    let of = |n: u128| {
        let kind = if n % 2 == 1 { AuthorKind::Customer } else { AuthorKind::Ai };
        let ago = i64::try_from(count - n + 1).unwrap() * MINUTE_MS;
        message(n, kind, NOW.plus_ms(-ago), &format!("line {n}"))
    };
    (1..=count).map(of).collect()
}

/// Takes the plan as the hub does; which steps were needless.
async fn open(stage: &Stage, handoff: &mut Handoff, plan: &[PlanStep]) -> Vec<String> {
    let mut needless = Vec::new();
    for (at, step) in (100..).zip(plan) {
        let what = DeskWhat::Plan(&step.call);
        let call = stage.as_delivery(at, handoff, &contact(), what).unwrap();
        if call.operation == "nothing" {
            needless.push(step.step.clone());
        }
        let told = accepted(stage.desk.send(&call).await);
        handoff.learned.extend(told.learned);
        if let Some(work) = told.work {
            (handoff.work, handoff.opened_at) = (Some(work), Some(NOW));
        }
    }
    needless
}

/// What the rep sees of before.
async fn imported(stage: &Stage, handoff: &Handoff) -> Vec<(String, String)> {
    let work = handoff.work.as_ref().unwrap().id.as_str();
    let detail = stage.look(&format!("salesforce/conversations/{work}")).await;
    let lines = detail["history"].as_array().unwrap_or_else(|| panic!("{detail}"));
    let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
    lines.iter().map(|line| (text(line, "author"), text(line, "text"))).collect()
}

#[tokio::test]
async fn what_was_said_is_imported_in_small_batches_and_no_transcript_is_written() {
    let stage = ready().await;
    let mut handoff = handoff(WorkKind::Live);
    let plan = plan(&stage, &handoff, &contact(), &said(12), &[]);
    let batches: Vec<&PlanStep> = plan.iter().filter(|s| s.step.starts_with("history")).collect();
    let lines = |step: &PlanStep| step.call["entries"].as_array().unwrap().len();
    assert_eq!(batches.iter().map(|step| lines(step)).collect::<Vec<_>>(), [5, 5, 2]);
    assert_eq!(batches[0].call["entries"][4]["text"], "line 12", "the newest come first");
    let needless = open(&stage, &mut handoff, &plan).await;
    assert!(needless.iter().all(|step| step.starts_with("transcript")), "{needless:?}");
    assert!(!needless.is_empty());
    let lines = imported(&stage, &handoff).await;
    assert_eq!(lines.len(), 12, "{lines:?}");
    assert!(lines.contains(&("customer".to_owned(), "line 1".to_owned())), "{lines:?}");
    assert!(lines.contains(&("automated".to_owned(), "line 12".to_owned())), "{lines:?}");
}

#[tokio::test]
async fn what_is_older_than_a_day_tells_its_time() {
    let stage = ready().await;
    let mut handoff = handoff(WorkKind::Live);
    let old = message(1, AuthorKind::Customer, NOW.plus_ms(-30 * HOUR_MS), "yesterday");
    let new = message(2, AuthorKind::Ai, NOW.plus_ms(-MINUTE_MS), "today");
    let plan = plan(&stage, &handoff, &contact(), &[old, new], &[]);
    open(&stage, &mut handoff, &plan).await;
    let lines: Vec<String> =
        imported(&stage, &handoff).await.into_iter().map(|(_, text)| text).collect();
    assert_eq!(lines, ["(2025-11-19 04:00 UTC) yesterday", "today"]);
}

#[tokio::test]
async fn where_the_organisation_refuses_a_rep_reads_a_transcript() {
    for (switch, value) in [
        ("salesforce.history", "not_permitted"),
        ("salesforce.history", "absent"),
        ("salesforce_crm.scopes", "api"),
    ] {
        let stage = ready().await;
        stage.switch(switch, value).await;
        let mut handoff = handoff(WorkKind::Live);
        let plan = plan(&stage, &handoff, &contact(), &said(7), &[]);
        let needless = open(&stage, &mut handoff, &plan).await;
        assert!(!needless.iter().any(|step| step.starts_with("transcript")), "{needless:?}");
        assert_eq!(needless, ["history 2"], "asked once: {value}");
    }
}
