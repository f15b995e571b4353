//! Cases: made once, with the lines that reps search for; gone on with; written on; closed.

use baton_core::{
    contact::PointKind,
    desk::DeskWhat,
    fault::{FaultClass, Outcome, Settled},
    handoff::Handoff,
    ids::{HandoffId, SessionId},
    message::AuthorKind,
    route::WorkKind,
};
use serde_json::{Value, json};

use super::stage::{NOW, Stage, accepted, contact, handoff, id, message, named, of, opened, plan};

/// A case with everything that its plan makes.
async fn opened_case(stage: &Stage) -> Handoff {
    let mut handoff = handoff(WorkKind::Case);
    let plan = plan(stage, &handoff, &contact(), &[], &[]);
    stage.open(&mut handoff, &plan, &contact()).await;
    handoff
}

async fn make(stage: &Stage, handoff: &Handoff) -> Outcome {
    let plan = plan(stage, handoff, &contact(), &[], &[]);
    stage.step(handoff, named(&plan, "case")).await
}

#[tokio::test]
async fn a_case_holds_the_brief_the_customer_and_what_the_settings_say() {
    let stage = Stage::keyed(json!({
        "case_origin": { "whatsapp": "Messaging" }, "case_priority": { "negative": "High" },
        "case_properties": { "Type": "Problem" },
    }))
    .await;
    let handoff = opened_case(&stage).await;
    let row = &stage.rows("Case").await[0];
    let work = handoff.work.as_ref().unwrap();
    assert_eq!(row["Id"], work.id.as_str());
    assert_eq!(row["CaseNumber"], work.reference.as_deref().unwrap());
    for (field, value) in [
        ("Subject", "Parcel lost"),
        ("Origin", "Messaging"),
        ("Priority", "High"),
        ("Type", "Problem"),
        ("SuppliedName", "Maria da Silva"),
        ("SuppliedEmail", "maria@example.com"),
        ("SuppliedPhone", "+491701234567"),
        ("ContactId", &handoff.learned["contact"]),
        ("Baton_Handoff__c", &HandoffId(id(7)).to_string()),
    ] {
        assert_eq!(row[field], value, "{field}: {row}");
    }
    assert_eq!(
        row["Description"].as_str().unwrap(),
        format!(
            "Channel: whatsapp\nClassification: Delivery\nSentiment: Negative\n\nSummary:\n\
             > The parcel did not come.\n> She wants a refund.\n\n\
             Reason: The customer asked for a person.\nCustomer: Maria da Silva\n\
             Phone: +491701234567\nEmail: maria@example.com\nLanguage: en\nSession: {}",
            SessionId(id(3))
        )
    );
}

#[tokio::test]
async fn the_sessions_metadata_names_the_case() {
    let stage = Stage::keyed(json!({})).await;
    let told = accepted(make(&stage, &handoff(WorkKind::Case)).await);
    let row = &stage.rows("Case").await[0];
    assert_eq!(told.metadata["salesforce_case_id"], row["Id"]);
    assert_eq!(told.metadata["salesforce_case_number"], row["CaseNumber"]);
}

#[tokio::test]
async fn retries_make_one_case_and_change_nothing_that_a_rep_did() {
    let stage = Stage::keyed(json!({ "case_owner": "Messaging" })).await;
    stage.fault("Case.upsert", "timeout_after_accept", None).await;
    let handoff = handoff(WorkKind::Case);
    assert_eq!(make(&stage, &handoff).await.name(), "unknown");
    stage.order("case/update", json!({ "fields": { "Subject": "Parcel 4711 lost" } })).await;
    let told = accepted(make(&stage, &handoff).await);
    let rows = stage.rows("Case").await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["Subject"], "Parcel 4711 lost");
    assert_eq!(rows[0]["OwnerId"], stage.account.queue_id.as_str());
    assert_eq!(told.work.unwrap().id.as_str(), rows[0]["Id"]);
    let found = stage.desk.find(&handoff).await.unwrap().unwrap();
    assert_eq!(found.metadata["salesforce_case_id"], rows[0]["Id"]);
}

#[tokio::test]
async fn without_a_field_for_our_key_a_lost_answer_is_shown_and_not_repeated() {
    let stage = Stage::new(json!({}), None).await;
    stage.fault("Case.create", "timeout_after_accept", None).await;
    let handoff = handoff(WorkKind::Case);
    let plan = plan(&stage, &handoff, &contact(), &[], &[]);
    let call = stage.rendered(&handoff, DeskWhat::Plan(named(&plan, "case"))).unwrap();
    assert!(!stage.desk.is_repeatable(&call));
    assert_eq!(stage.desk.send(&call).await.name(), "unknown");
    let listing = baton_core::desk::Listing::default();
    assert_eq!(stage.desk.settle(&call, &listing, &[]), Settled::Unknown);
    assert_eq!(stage.desk.find(&handoff).await.unwrap(), None);
}

#[tokio::test]
async fn an_unknown_queue_names_the_setting() {
    let stage = Stage::keyed(json!({})).await;
    let mut handoff = handoff(WorkKind::Case);
    handoff.target.queue = Some("Nobody_Here".to_owned());
    let outcome = make(&stage, &handoff).await;
    let fault = outcome.fault().unwrap();
    assert_eq!((outcome.name(), fault.class), ("rejected", FaultClass::NotRegistered));
    assert!(fault.operator.contains("case_owner"), "{}", fault.operator);
    assert!(stage.rows("Case").await.is_empty());
}

#[tokio::test]
async fn a_customers_open_case_is_gone_on_with_and_a_reps_own_is_not() {
    let stage = Stage::keyed(json!({ "open_case": "append" })).await;
    let first = opened_case(&stage).await;
    let number = first.work.as_ref().unwrap().reference.clone();
    let theirs = json!({ "Subject": "Other", "ContactId": first.learned["contact"] });
    stage.add("Case", theirs).await;
    stage.order("case/comment", json!({ "case": number, "text": "an old answer" })).await;

    stage.advance(60_000).await;
    let mut second = Handoff { id: HandoffId(id(8)), ..handoff(WorkKind::Case) };
    let steps = plan(&stage, &second, &contact(), &[], &[]);
    stage.open(&mut second, &steps, &contact()).await;
    assert_eq!(second.work.as_ref().unwrap().id, first.work.as_ref().unwrap().id);
    assert_eq!(stage.rows("Case").await.len(), 2);
    let written = &stage.rows("CaseComment").await;
    let brief = written.last().unwrap();
    assert!(brief["CommentBody"].as_str().unwrap().starts_with("Channel: whatsapp"), "{brief}");
    assert_eq!(brief["IsPublished"], false);
    assert!(stage.list(&second).await.from_rep.is_empty(), "what was said before is no answer");

    stage.order("case/close", json!({ "case": number })).await;
    let mut third = Handoff { id: HandoffId(id(9)), ..handoff(WorkKind::Case) };
    let steps = plan(&stage, &third, &contact(), &[], &[]);
    stage.open(&mut third, &steps, &contact()).await;
    assert_eq!(stage.rows("Case").await.len(), 3);
}

#[tokio::test]
async fn the_transcript_stands_in_comments_that_fit_and_all_of_it_in_a_file() {
    let stage = Stage::keyed(json!({})).await;
    let said: Vec<_> = (1..=30)
        .map(|n| message(n, AuthorKind::Customer, NOW, &format!("{n} {}", "é".repeat(1_500))))
        .collect();
    let mut handoff = handoff(WorkKind::Case);
    let plan = plan(&stage, &handoff, &contact(), &said, &[]);
    stage.open(&mut handoff, &plan, &contact()).await;
    let comments = stage.rows("CaseComment").await;
    assert_eq!(comments.len(), 10);
    let text = |row: &Value| row["CommentBody"].as_str().unwrap().to_owned();
    assert!(comments.iter().all(|row| text(row).len() <= 4_000));
    assert!(text(&comments[9]).contains("> 30 é"), "the newest is there");
    let file = &stage.rows("ContentVersion").await[0];
    assert_eq!(file["PathOnClient"], "transcript.txt");
    assert_eq!(file["FirstPublishLocationId"], handoff.work.unwrap().id.as_str());
    assert!(file["ContentSize"].as_i64().unwrap() > 90_000, "{file}");
}

#[tokio::test]
async fn posts_instead_of_comments_where_the_settings_want_them() {
    let stage = Stage::keyed(json!({ "case_transcript": "feed" })).await;
    let mut handoff = handoff(WorkKind::Case);
    let said = [message(1, AuthorKind::Customer, NOW, "Where is my parcel?")];
    let plan = plan(&stage, &handoff, &contact(), &said, &[]);
    stage.open(&mut handoff, &plan, &contact()).await;
    let posts = stage.rows("FeedItem").await;
    let ours = posts.iter().find(|row| row["Type"] == "TextPost").unwrap();
    assert!(ours["Body"].as_str().unwrap().contains("> Where is my parcel?"));
    assert_eq!(ours["Visibility"], "InternalUsers");
    assert!(stage.rows("CaseComment").await.is_empty());
}

#[tokio::test]
async fn what_the_customer_says_later_is_a_comment_and_its_lost_answer_is_settled() {
    let stage = Stage::keyed(json!({})).await;
    let handoff = opened_case(&stage).await;
    let call = stage.says(50, &handoff, "ok");
    assert!(!stage.desk.is_repeatable(&call));
    let first = accepted(stage.desk.send(&call).await).vendor_id.unwrap();
    assert_eq!(stage.rows("CaseComment").await[0]["CommentBody"], "Customer (Maria da Silva): ok");

    stage.fault("collections.create", "timeout_after_accept", None).await;
    assert_eq!(stage.desk.send(&call).await.name(), "unknown");
    let listing = stage.list(&handoff).await;
    match stage.desk.settle(&call, &listing, std::slice::from_ref(&first)) {
        Settled::Accepted(second) => assert_ne!(second.vendor_id, Some(first.clone())),
        other => panic!("{other:?}"),
    }
    stage.fault("collections.create", "timeout_before_accept", None).await;
    let call = stage.says(51, &handoff, "are you there?");
    assert_eq!(stage.desk.send(&call).await.name(), "unknown");
    let listing = stage.list(&handoff).await;
    assert_eq!(stage.desk.settle(&call, &listing, &[first]), Settled::NotSent);
}

#[tokio::test]
async fn a_long_text_is_several_comments_or_none() {
    let stage = Stage::keyed(json!({})).await;
    let handoff = opened_case(&stage).await;
    let call = stage.says(50, &handoff, &"word ".repeat(1_800));
    accepted(stage.desk.send(&call).await);
    let rows = stage.rows("CaseComment").await;
    let words: usize =
        rows.iter().map(|row| row["CommentBody"].as_str().unwrap().matches("word").count()).sum();
    assert_eq!((rows.len(), words), (3, 1_800));
}

#[tokio::test]
async fn a_closed_case_takes_no_words_of_the_customer() {
    let stage = Stage::keyed(json!({})).await;
    let handoff = opened_case(&stage).await;
    stage.order("case/close", json!({})).await;
    let outcome = stage.desk.send(&stage.says(50, &handoff, "one more thing")).await;
    assert_eq!(outcome.fault().unwrap().class, FaultClass::WorkEnded);
    assert!(stage.rows("CaseComment").await.is_empty());
    stage.order("case/delete", json!({})).await;
    let note = stage.rendered(&handoff, DeskWhat::Note("a note")).unwrap();
    let outcome = stage.desk.send(&note).await;
    assert_eq!(outcome.fault().unwrap().class, FaultClass::WorkEnded);
}

#[tokio::test]
async fn the_end_on_our_side_is_told_or_closes_the_case() {
    let stage = Stage::keyed(json!({})).await;
    let handoff = opened_case(&stage).await;
    let close = stage.rendered(&handoff, DeskWhat::Close).unwrap();
    accepted(stage.desk.send(&close).await);
    assert_eq!(stage.rows("Case").await[0]["IsClosed"], false);
    let told = stage.rows("CaseComment").await[0]["CommentBody"].as_str().unwrap().to_owned();
    assert!(told.starts_with("[Baton] The conversation ended"), "{told}");

    let stage = Stage::keyed(json!({ "resolve_on_close": "yes" })).await;
    let handoff = opened_case(&stage).await;
    for _ in 0..2 {
        let close = stage.rendered(&handoff, DeskWhat::Close).unwrap();
        assert!(stage.desk.is_repeatable(&close));
        accepted(stage.desk.send(&close).await);
    }
    assert_eq!(stage.rows("Case").await[0]["Status"], "Closed");
}

#[tokio::test]
async fn a_customer_whom_several_contacts_fit_has_a_case_that_shows_them() {
    let stage = Stage::keyed(json!({})).await;
    for name in ["One", "Two"] {
        stage.add("Contact", json!({ "LastName": name, "Phone": "+491701234567" })).await;
    }
    opened_case(&stage).await;
    let row = &stage.rows("Case").await[0];
    assert_eq!(row["ContactId"], Value::Null);
    let description = row["Description"].as_str().unwrap();
    assert!(description.contains("Contact: not linked, several may be meant: "), "{description}");
}

#[tokio::test]
async fn an_email_that_is_only_claimed_stands_where_reps_look_and_links_nobody() {
    let stage = Stage::keyed(json!({})).await;
    stage.add("Contact", json!({ "LastName": "Silva", "Email": "maria@example.com" })).await;
    let mut handoff = handoff(WorkKind::Case);
    let customer = of(&[(PointKind::Email, "maria@example.com")], None);
    let mut plan = plan(&stage, &handoff, &customer, &[], &[]);
    plan[0].call["channel"] = json!("email");
    stage.open(&mut handoff, &plan, &customer).await;
    let row = &stage.rows("Case").await[0];
    assert_eq!(
        (&row["SuppliedEmail"], &row["ContactId"]),
        (&json!("maria@example.com"), &Value::Null)
    );
}

#[tokio::test]
async fn without_access_to_records_a_case_is_refused_and_a_conversation_is_not() {
    let none = json!({
        "crm_consumer_key": null, "crm_username": null, "crm_login_url": null,
        "crm_private_key": null,
    });
    let stage = Stage::new(none, None).await;
    let live = handoff(WorkKind::Live);
    let steps = plan(&stage, &live, &contact(), &[], &[]);
    assert!(steps.iter().all(|step| !["contact", "link"].contains(&step.step.as_str())));
    let case = handoff(WorkKind::Case);
    let contact = contact();
    let opening = baton_core::desk::Opening {
        handoff: &case,
        session: case.session,
        channel: baton_core::inbox::ChannelKind::Phone,
        contact: &contact,
        brief: case.brief.as_ref().unwrap(),
        transcript: &[],
        files: &[],
        choice: &case.target,
        window_until: None,
    };
    let fault = stage.desk.open(&opening).unwrap_err();
    assert_eq!(fault.class, FaultClass::NotRegistered);
    assert!(fault.operator.contains("crm_consumer_key"));
    let fault = stage.desk.list(&opened(WorkKind::Case, "500"), NOW).await.unwrap_err();
    assert!(fault.operator.contains("not connected"), "{}", fault.operator);
}
