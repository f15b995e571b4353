//! What is planned, without a network.

use baton_core::{
    desk::DeskWhat,
    message::{AuthorKind, Content},
    route::{Choice, WorkKind},
};
use serde_json::json;

use crate::support::*;

#[test]
fn a_plan_opens_the_conversation_before_it_says_anything() {
    let desk = desk_with(json!({}));
    let transcript = [message(1, AuthorKind::Customer, Content::text("hi"))];
    let plan = plan(&*desk, &handoff(), &transcript);
    let steps: Vec<&str> = plan.iter().map(|step| step.step.as_str()).collect();
    assert_eq!(steps, ["conversation", "brief 1", "transcript 1"]);
}

#[test]
fn a_long_transcript_leaves_out_its_oldest_and_says_so() {
    let desk = desk_with(json!({}));
    let line = |n: i64| {
        message(n, AuthorKind::Customer, Content::text(format!("{n} {}", "x".repeat(900))))
    };
    let transcript: Vec<_> = (1..=60).map(line).collect();
    let plan = plan(&*desk, &handoff(), &transcript);
    assert_eq!(plan.len(), 2 + 8);
    let first = plan[2].call["text"].as_str().unwrap();
    assert!(first.contains("what came before is in Baton, session"), "{first}");
    let last = plan.last().unwrap().call["text"].as_str().unwrap();
    assert!(last.contains("> 60 xxx") && !first.contains("> 1 xxx"));
}

#[test]
fn attributes_are_mapped_on_one_line_and_as_long_as_their_fields() {
    let desk = desk_with(json!({
        "routing_attributes": { "Topic": "{classification}: {subject}" },
        "declared_attributes": "Summary:10, Name",
    }));
    let plan = plan(&*desk, &handoff(), &[]);
    let attributes = &plan[0].call["attributes"];
    assert_eq!(attributes["Topic"], "Delivery: Parcel lost");
    assert_eq!(attributes["Summary"], "The parcel");
    assert_eq!(attributes["Name"], "Maria da Silva");
    assert_eq!(attributes["Email"], "maria@example.com");
    assert_eq!(attributes["OpencxSessionId"], handoff().session.to_string());
}

#[test]
fn a_desk_without_records_makes_no_case_and_streams_live_work_only() {
    let desk = desk_with(json!({}));
    let case = baton_core::handoff::Handoff {
        target: Choice { kind: WorkKind::Case, ..handoff().target },
        ..handoff()
    };
    assert_eq!(desk.subject(&case), None);
    assert_eq!(desk.subject(&handoff()), Some(handoff().conversation.to_string()));
    let fault = desk.open(&opening(&case, &contact(), &[])).unwrap_err();
    assert!(fault.operator.contains("not connected"), "{}", fault.operator);
}

#[test]
fn a_step_under_the_same_delivery_is_the_same_call() {
    let desk = desk_with(json!({}));
    let plan = plan(&*desk, &handoff(), &[]);
    let render = |n| rendered(&*desk, &handoff(), n, DeskWhat::Plan(&plan[0].call)).unwrap();
    assert_eq!(render(1), render(2));
    let mut known = handoff();
    known.work = Some(baton_core::handoff::Work {
        id: "0b1d7a1e-4c1f-4a5e-9d2a-000000000001".into(),
        reference: None,
    });
    let (one, again) = (says(&*desk, &known, 1, "hi"), says(&*desk, &known, 1, "hi"));
    assert_eq!(one, again);
    assert_ne!(one.body["message"]["id"], says(&*desk, &known, 2, "hi").body["message"]["id"]);
}
