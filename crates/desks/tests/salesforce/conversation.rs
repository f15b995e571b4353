//! What goes to the rep, as the rep sees it.

use baton_core::{
    desk::{DeskEventKind, DeskWhat},
    fault::{FaultClass, Outcome},
    handoff::{Handoff, HandoffState},
    interactive::Offer,
    message::{AuthorKind, Content},
};
use serde_json::{Value, json};

use crate::support::*;

#[tokio::test]
async fn a_conversation_is_made_once_under_our_own_id() {
    let stage = Stage::new().await;
    let (accepted, call) = stage.create(&handoff()).await;
    let id = accepted.work.unwrap().id;
    assert_eq!(accepted.metadata["salesforce_conversation_id"], id.as_str());
    let seen = stage.seen().await;
    assert_eq!(seen["id"], id.as_str());
    assert_eq!(seen["verified"], true);
    assert_eq!(seen["session_id"], handoff().session.to_string());
    assert_eq!(seen["language"], "en");
    assert_eq!(seen["customer_name"], "Maria da Silva");
    assert_eq!(seen["customer"]["phonenumber"], "+491701234567");
    let fields = seen["context"].as_array().unwrap();
    let field = |name: &str| {
        let row = fields.iter().find(|row| row["name"] == name);
        row.map_or("", |row| row["value"].as_str().unwrap()).to_owned()
    };
    assert_eq!(field("Channel"), "whatsapp");
    assert_eq!(field("Priority"), "High");
    assert_eq!(field("WindowEndsAt"), "2025-11-20T11:00:00Z");
    // The answer may have been lost: the same call makes nothing new, however that is answered.
    for duplicate in ["409", "idempotent"] {
        stage.switch("duplicate_conversation", duplicate).await;
        assert!(stage.desk.is_repeatable(&call));
        match stage.desk.send(&call).await {
            Outcome::Accepted(again) => assert_eq!(again.work.unwrap().id, id),
            other => panic!("{other:?}"),
        }
    }
    let all = stage.look("salesforce/conversations").await;
    assert_eq!(all["conversations"].as_array().unwrap().len(), 1);
    stage.unbroken().await;
}

#[tokio::test]
async fn the_work_is_found_whose_making_was_not_answered() {
    let stage = Stage::new().await;
    assert_eq!(stage.desk.find(&handoff()).await, Ok(None));
    let (accepted, _) = stage.create(&handoff()).await;
    assert_eq!(stage.desk.find(&handoff()).await, Ok(Some(accepted)));
}

#[tokio::test]
async fn the_plan_gives_the_rep_the_brief_and_then_what_was_said() {
    let stage = Stage::new().await;
    let (plain, long) = ("where is my parcel", "x".repeat(3_000));
    let transcript = [
        message(1, AuthorKind::Customer, Content::text(plain)),
        message(2, AuthorKind::Ai, Content::text(long)),
    ];
    let mut handoff = handoff();
    for (at, step) in plan(&*stage.desk, &handoff, &transcript).iter().enumerate() {
        let delivery = 100 + u128::try_from(at).unwrap();
        let call = rendered(&*stage.desk, &handoff, delivery, DeskWhat::Plan(&step.call)).unwrap();
        match stage.desk.send(&call).await {
            Outcome::Accepted(accepted) => handoff.work = accepted.work.or(handoff.work),
            other => panic!("{}: {other:?}", step.step),
        }
    }
    let said = stage.said().await;
    assert!(said[0].starts_with("[Baton] Handoff\nSubject: Parcel lost"), "{said:?}");
    assert!(said[0].contains("> She wants a refund."));
    assert!(said[1].starts_with("[Baton] Transcript, 1 of 2"), "{said:?}");
    assert!(said[1].contains("Customer\n> where is my parcel"));
    assert!(said[2].contains("(continued)"));
    assert!(said.iter().all(|text| text.chars().count() <= 2_000));
    assert_eq!(said.iter().map(|text| text.matches('x').count()).sum::<usize>(), 3_000);
    stage.unbroken().await;
}

#[tokio::test]
async fn a_text_that_begins_or_ends_with_a_link_stays_one_message() {
    let stage = Stage::new().await;
    let handoff = stage.accepted().await;
    let mut stream = stage.listen(Some("0")).await;
    for (at, text) in ["https://a.example/1 look", "look https://a.example/2"].iter().enumerate() {
        let delivery = 20 + u128::try_from(at).unwrap();
        assert_eq!(stage.say(&handoff, delivery, text).await.name(), "accepted");
    }
    assert_eq!(
        stage.said().await,
        ["[link] https://a.example/1 look", "look https://a.example/2 [end of link]"]
    );
    // Not one of our own words comes back.
    stage.act("reply", json!({ "text": "thanks" })).await;
    let kinds = until(&stage, &mut stream, |k| matches!(k, DeskEventKind::Message(_))).await;
    assert_eq!(texts(&kinds), ["thanks"]);
}

#[tokio::test]
async fn a_choice_is_answered_as_one_and_free_text_stays_text() {
    let stage = Stage::new().await;
    let handoff = stage.accepted().await;
    let mut stream = stage.listen(None).await;
    let asked = json!({ "text": "Which day?", "choices": { "options": ["Monday", "Friday"] } });
    stage.act("reply", asked).await;
    let kinds = until(&stage, &mut stream, |k| matches!(k, DeskEventKind::Message(_))).await;
    let Some(DeskEventKind::Message(offered)) = kinds.last() else { panic!("{kinds:?}") };
    let Content::Interactive { offer: Offer::Buttons { buttons }, text, .. } = &offered.content
    else {
        panic!("{offered:?}");
    };
    assert_eq!(text, "Which day?");
    let (id, title) = (buttons[1].id.clone(), buttons[1].title.clone());
    let call = shows(&*stage.desk, &handoff, 30, &Content::Choice { id, title });
    assert_eq!(stage.desk.send(&call).await.name(), "accepted");
    assert_eq!(stage.say(&handoff, 31, "Friday then").await.name(), "accepted");
    let seen = stage.seen().await;
    let messages = seen["messages"].as_array().unwrap();
    let customers: Vec<_> = messages.iter().filter(|m| m["author"] == "customer").collect();
    let entry = offered.vendor_id.as_ref().unwrap().as_str();
    assert_eq!(customers[0]["message"]["messageType"], "ChoicesResponseMessage");
    assert_eq!(customers[0]["message"]["inReplyToMessageId"], entry);
    assert_eq!(customers[1]["message"]["messageType"], "StaticContentMessage");
    assert_eq!(customers[1]["text"], "Friday then");
}

#[tokio::test]
async fn somebody_elses_words_and_our_own_are_marked() {
    let stage = Stage::new().await;
    let handoff = stage.accepted().await;
    let note = rendered(&*stage.desk, &handoff, 40, DeskWhat::Note("the window is closed"));
    assert_eq!(stage.desk.send(&note.unwrap()).await.name(), "accepted");
    assert_eq!(stage.said().await, ["[Baton] the window is closed"]);
    let empty = rendered(&*stage.desk, &handoff, 41, DeskWhat::Note(" "));
    assert!(empty.is_ok());
    let author = baton_core::message::Author::unnamed(AuthorKind::Customer);
    let content = Content::text("  ");
    let what = DeskWhat::Message { author: &author, content: &content, file_url: None };
    let fault = rendered(&*stage.desk, &handoff, 42, what).unwrap_err();
    assert_eq!(fault.class, FaultClass::ContentRejected);
    assert!(fault.operator.starts_with("write to the rep: "), "{}", fault.operator);
}

#[tokio::test]
async fn the_end_ends_the_session_once_and_leaves_the_conversation() {
    let stage = Stage::new().await;
    let handoff = stage.accepted().await;
    let close = rendered(&*stage.desk, &handoff, 50, DeskWhat::Close).unwrap();
    for _ in 0..2 {
        assert_eq!(stage.desk.send(&close).await.name(), "accepted");
    }
    let seen = stage.seen().await;
    assert_eq!(seen["closed"], false);
    assert_eq!(seen["session_list"][0]["ended_by"], "EndUser");
}

#[tokio::test]
async fn a_session_that_a_rep_ended_takes_no_more_and_one_that_is_not_begun_is_begun() {
    let stage = Stage::new().await;
    stage.switch("prechat", "per_session").await;
    let active = stage.accepted().await;
    stage.act("end", json!({})).await;
    match stage.say(&active, 60, "are you there?").await {
        Outcome::Rejected { fault } => assert_eq!(fault.class, FaultClass::WorkEnded),
        other => panic!("{other:?}"),
    }
    // Nobody had it yet, as far as we know: two attempts, one call each.
    let waiting = Handoff { state: HandoffState::Waiting, rep_name: None, ..active };
    match stage.say(&waiting, 61, "hello").await {
        Outcome::Retry { after_ms, fault } => {
            assert_eq!((after_ms, fault.class), (Some(0), FaultClass::VendorDown));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(stage.say(&waiting, 61, "hello").await.name(), "accepted");
    let seen = stage.seen().await;
    assert_eq!(seen["session_list"].as_array().unwrap().len(), 2);
    assert_eq!(seen["session_id"], handoff().session.to_string());
    assert_eq!(stage.said().await, ["hello"]);
    stage.unbroken().await;
}

#[tokio::test]
async fn the_rep_sees_typing_and_what_arrived_and_was_read() {
    let stage = Stage::new().await;
    let handoff = stage.accepted().await;
    let mut stream = stage.listen(None).await;
    stage.desk.typing(&handoff).await;
    assert_eq!(stage.seen().await["customer_typing"], true);
    stage.act("reply", json!({ "text": "hello" })).await;
    let kinds = until(&stage, &mut stream, |k| matches!(k, DeskEventKind::Message(_))).await;
    let Some(DeskEventKind::Message(said)) = kinds.last() else { panic!("{kinds:?}") };
    let mut read = message(1, AuthorKind::Rep, said.content.clone());
    read.vendor_id.clone_from(&said.vendor_id);
    let marks = async || {
        let seen = stage.seen().await;
        let all = seen["messages"].as_array().unwrap();
        let rep = all.iter().find(|m| m["author"] == "rep").unwrap();
        (rep["delivered_at_ms"].clone(), rep["read_at_ms"].clone())
    };
    stage.desk.delivered(&handoff, &read).await;
    assert_eq!(marks().await, (json!(NOW.0), Value::Null));
    stage.desk.read(&handoff, &read).await;
    assert_eq!(marks().await, (json!(NOW.0), json!(NOW.0)));
}
