//! What reps answer on a case, and its end.

use baton_core::{handoff::Handoff, message::Content, route::WorkKind};
use serde_json::{Value, json};

use super::stage::{NOW, Stage, accepted, contact, handoff, plan};

async fn ready(more: Value) -> (Stage, Handoff) {
    let stage = Stage::keyed(more).await;
    let mut handoff = handoff(WorkKind::Case);
    let plan = plan(&stage, &handoff, &contact(), &[], &[]);
    stage.open(&mut handoff, &plan, &contact()).await;
    accepted(stage.desk.send(&stage.says(50, &handoff, "hello?")).await);
    (stage, handoff)
}

async fn heard(stage: &Stage, handoff: &Handoff) -> Vec<String> {
    let listing = stage.list(handoff).await;
    let text = |message: &baton_core::desk::RepMessage| match &message.content {
        Content::Text { text } => text.clone(),
        other => panic!("{other:?}"),
    };
    listing.from_rep.iter().map(text).collect()
}

#[tokio::test]
async fn public_comments_and_sent_emails_are_answers_and_nothing_else_is() {
    let (stage, handoff) = ready(json!({})).await;
    stage.order("case/comment", json!({ "text": "between us", "internal": true })).await;
    stage.order("case/comment", json!({ "text": "We look into it.", "rep": "Dana" })).await;
    stage.advance(1_000).await;
    stage.order("case/email", json!({ "text": "half a thou", "draft": true })).await;
    stage.order("case/email", json!({ "text": "from the customer", "incoming": true })).await;
    let email = json!({
        "text": "It is at <depot> 4.\n& waits.\n\nOn Friday Maria wrote:\n> where is it?",
    });
    stage.order("case/email", email).await;
    stage.order("case/post", json!({ "text": "in the feed" })).await;
    let heard = heard(&stage, &handoff).await;
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert_eq!(heard[0], "We look into it.");
    assert!(heard[1].starts_with("It is at <depot> 4.\n& waits."), "{heard:?}");
    let listing = stage.list(&handoff).await;
    assert!(listing.from_rep[0].rep.as_deref().unwrap().contains("Dana"));
    assert!(listing.from_rep.iter().all(|message| message.vendor_id.is_some()));
    let ours: Vec<&str> = listing.from_us.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(ours, ["Customer (Maria da Silva): hello?"]);
}

#[tokio::test]
async fn a_pages_email_is_read_without_its_marks_and_its_thread() {
    let (stage, handoff) = ready(json!({})).await;
    let html = "<div>It is <b>here</b>.</div><blockquote>where?</blockquote>";
    stage.order("case/email", json!({ "text": "x", "html": html })).await;
    assert_eq!(heard(&stage, &handoff).await, ["It is here."]);
}

#[tokio::test]
async fn posts_are_answers_only_where_the_settings_say_and_all_may_see_them() {
    let (stage, handoff) = ready(json!({ "case_answers": "feed" })).await;
    stage.order("case/comment", json!({ "text": "a comment" })).await;
    stage.order("case/post", json!({ "text": "between us", "internal": true })).await;
    stage.order("case/post", json!({ "text": "for all" })).await;
    assert_eq!(heard(&stage, &handoff).await, ["for all"]);
}

#[tokio::test]
async fn an_answer_that_is_published_later_is_heard_then() {
    let (stage, handoff) = ready(json!({})).await;
    let made = stage.order("case/comment", json!({ "text": "soon", "internal": true })).await;
    assert!(heard(&stage, &handoff).await.is_empty());
    let comment = made["done"]["Id"].as_str().unwrap();
    let path = format!("salesforce/crm/records/CaseComment/{comment}");
    stage.patch(&path, json!({ "IsPublished": true })).await;
    assert_eq!(heard(&stage, &handoff).await, ["soon"]);
}

#[tokio::test]
async fn a_closed_a_merged_and_a_deleted_case_are_over() {
    for how in ["close", "delete", "merge"] {
        let (stage, handoff) = ready(json!({})).await;
        assert!(!stage.list(&handoff).await.ended);
        let other = stage.add("Case", json!({ "Subject": "Other" })).await;
        let case = handoff.work.as_ref().unwrap().id.as_str();
        stage.order(&format!("case/{how}"), json!({ "case": case, "into": other })).await;
        // A deed of the control that another does not read.
        assert!(stage.list(&handoff).await.ended, "{how}");
    }
}

#[tokio::test]
async fn one_listing_is_one_call_of_the_day() {
    let (stage, handoff) = ready(json!({ "case_answers": "comment,email,feed" })).await;
    stage.list(&handoff).await;
    let before = stage.calls().await;
    stage.list(&handoff).await;
    let after = stage.calls().await;
    assert_eq!(after.len(), before.len() + 1, "{after:?}");
    assert_eq!(after.last().unwrap(), "composite");
}

#[tokio::test]
async fn an_organisation_without_emails_is_listed_all_the_same_and_a_failing_one_is_not_empty() {
    let (stage, handoff) = ready(json!({})).await;
    stage.order("case/comment", json!({ "text": "We look into it." })).await;
    stage.order("permissions", json!({ "object": "EmailMessage", "read": false })).await;
    assert_eq!(heard(&stage, &handoff).await, ["We look into it."]);
    stage.order("permissions", json!({ "object": "CaseComment", "read": false })).await;
    let fault = stage.desk.list(&handoff, NOW).await.unwrap_err();
    assert!(fault.operator.contains("CaseComment"), "{}", fault.operator);
}
