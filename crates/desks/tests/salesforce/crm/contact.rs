//! The customer's contact: found in whatever format it is stored, made once, never guessed.

use baton_core::{
    channel::Call,
    contact::{Contact, PointKind},
    desk::DeskWhat,
    fault::{FaultClass, Outcome},
    inbox::ChannelKind,
    route::WorkKind,
};
use serde_json::{Value, json};

use super::stage::{Stage, accepted, contact, handoff, of};

fn call(stage: &Stage, kind: WorkKind, channel: ChannelKind, contact: &Contact) -> Call {
    let step = json!({ "operation": "contact", "channel": channel });
    stage.as_delivery(9, &handoff(kind), contact, DeskWhat::Plan(&step)).unwrap()
}

fn live(stage: &Stage, contact: &Contact) -> Call {
    call(stage, WorkKind::Live, ChannelKind::Whatsapp, contact)
}

async fn found(stage: &Stage, contact: &Contact) -> String {
    let accepted = accepted(stage.desk.send(&live(stage, contact)).await);
    assert_eq!(accepted.metadata["salesforce_contact_id"], accepted.learned["contact"]);
    accepted.learned["contact"].clone()
}

fn phone_only() -> Contact {
    of(&[(PointKind::Phone, "14155550132")], Some("Maria da Silva"))
}

#[tokio::test]
async fn a_contact_is_found_by_phone_in_whatever_format_it_is_stored() {
    for (field, stored) in [
        ("Phone", "(415) 555-0132"),
        ("MobilePhone", "+1 415 555 0132"),
        ("HomePhone", "4155550132"),
        ("OtherPhone", "415.555.0132"),
        ("MobilePhone", "+14155550132"),
        ("Phone", "1-415-555-0132"),
    ] {
        let stage = Stage::keyed(json!({})).await;
        stage.add("Contact", json!({ "LastName": "Other", "Phone": "(415) 555-0199" })).await;
        let maria = stage.add("Contact", json!({ "LastName": "Silva", field: stored })).await;
        assert_eq!(found(&stage, &phone_only()).await, maria, "{stored}");
        assert_eq!(stage.rows("Contact").await.len(), 2, "nobody is made: {stored}");
    }
}

#[tokio::test]
async fn what_was_stored_a_moment_ago_is_found_though_the_search_does_not_know_it() {
    let stage = Stage::new(json!({}), None).await;
    let made = found(&stage, &phone_only()).await;
    // The search's index lags; a second desk, as after a restart, asks the rows as well.
    assert_eq!(found(&stage, &phone_only()).await, made);
    assert_eq!(stage.rows("Contact").await.len(), 1);
}

#[tokio::test]
async fn a_new_contact_keeps_name_phone_and_proven_email() {
    let stage = Stage::keyed(json!({})).await;
    found(&stage, &contact()).await;
    let row = &stage.rows("Contact").await[0];
    for (field, value) in [
        ("FirstName", "Maria da"),
        ("LastName", "Silva"),
        ("MobilePhone", "+491701234567"),
        ("Email", "maria@example.com"),
        ("Baton_Id__c", "phone-491701234567"),
    ] {
        assert_eq!(row[field], value, "{row}");
    }
}

#[tokio::test]
async fn a_phone_decides_before_an_email_and_an_email_finds_whoever_has_no_phone() {
    let stage = Stage::keyed(json!({})).await;
    let by_email = json!({ "LastName": "Mail", "Email": "MARIA@example.com" });
    let by_email = stage.add("Contact", by_email).await;
    assert_eq!(found(&stage, &contact()).await, by_email);
    let by_phone = json!({ "LastName": "Phone", "Phone": "0170 1234567" });
    let by_phone = stage.add("Contact", by_phone).await;
    assert_eq!(found(&stage, &contact()).await, by_phone);
}

#[tokio::test]
async fn of_several_that_fit_none_is_chosen_and_all_are_shown() {
    let stage = Stage::keyed(json!({})).await;
    let mut ids = Vec::new();
    for name in ["One", "Two"] {
        let row = json!({ "LastName": name, "MobilePhone": "+1 415 555 0132" });
        ids.push(stage.add("Contact", row).await);
    }
    let told = accepted(stage.desk.send(&live(&stage, &phone_only())).await);
    assert!(!told.learned.contains_key("contact"));
    let notice = told.notice.unwrap();
    assert!(ids.iter().all(|id| notice.contains(id) && told.learned["ambiguous"].contains(id)));
    assert_eq!(stage.rows("Contact").await.len(), 2);
}

#[tokio::test]
async fn two_handoffs_at_once_and_a_lost_answer_make_one_contact() {
    let stage = Stage::keyed(json!({})).await;
    let call = live(&stage, &phone_only());
    assert!(stage.desk.is_repeatable(&call));
    stage.fault("Contact.upsert", "timeout_after_accept", None).await;
    let (first, second) = tokio::join!(stage.desk.send(&call), stage.desk.send(&call));
    let names = [first.name(), second.name()];
    assert!(names.contains(&"unknown") && names.contains(&"accepted"), "{names:?}");
    accepted(stage.desk.send(&call).await);
    assert_eq!(stage.rows("Contact").await.len(), 1);
    assert_eq!(stage.violations().await, Vec::<Value>::new());
}

#[tokio::test]
async fn of_two_handoffs_at_once_the_second_finds_what_the_first_made() {
    let stage = Stage::new(json!({}), None).await;
    let call = live(&stage, &phone_only());
    let (first, second) = tokio::join!(stage.desk.send(&call), stage.desk.send(&call));
    assert_eq!(accepted(first).learned, accepted(second).learned);
    assert_eq!(stage.rows("Contact").await.len(), 1);
}

#[tokio::test]
async fn without_a_field_for_our_key_a_lost_answer_stays_unknown() {
    let stage = Stage::new(json!({}), None).await;
    let call = live(&stage, &phone_only());
    assert!(!stage.desk.is_repeatable(&call));
    stage.fault("Contact.create", "timeout_after_accept", None).await;
    let outcome = stage.desk.send(&call).await;
    assert_eq!(outcome.name(), "unknown");
    // A case is made all the same, and somebody is told.
    let case = self::call(
        &stage,
        WorkKind::Case,
        ChannelKind::Whatsapp,
        &of(&[(PointKind::Phone, "14155550177")], None),
    );
    stage.fault("Contact.create", "timeout_after_accept", None).await;
    let notice = accepted(stage.desk.send(&case).await).notice.unwrap();
    assert!(notice.contains("may have been made"), "{notice}");
}

#[tokio::test]
async fn an_address_that_is_only_claimed_finds_nobody_and_makes_nobody() {
    let stage = Stage::keyed(json!({})).await;
    stage.add("Contact", json!({ "LastName": "Silva", "Email": "maria@example.com" })).await;
    let customer = of(&[(PointKind::Email, "maria@example.com")], Some("Maria"));
    let call = call(&stage, WorkKind::Case, ChannelKind::Email, &customer);
    assert_eq!(call.operation, "nothing");
    let unknown = of(&[(PointKind::WhatsappUser, "DE.123")], Some("Maria"));
    let keyless = Stage::new(json!({}), None).await;
    assert_eq!(live(&keyless, &unknown).operation, "nothing", "nobody could find it again");
    assert_eq!(found(&stage, &unknown).await, found(&stage, &unknown).await);
}

#[tokio::test]
async fn a_duplicate_rule_is_obeyed_and_told() {
    let stage = Stage::keyed(json!({})).await;
    stage.switch("salesforce_crm.duplicate_rule", "block").await;
    // The rule compares what our question leaves out: the office of a colleague.
    let row = json!({ "LastName": "Silva", "AssistantPhone": "+14155550132" });
    stage.add("Contact", row).await;
    stage.fault("Contact.upsert", "status", Some((400, "DUPLICATES_DETECTED"))).await;
    let told = accepted(stage.desk.send(&live(&stage, &phone_only())).await);
    assert!(told.notice.unwrap().contains("duplicate rule"));
    assert!(told.learned.is_empty());
}

#[tokio::test]
async fn where_contacts_are_not_wanted_none_is_made() {
    let stage = Stage::keyed(json!({ "create_contacts": "no" })).await;
    let told = accepted(stage.desk.send(&live(&stage, &phone_only())).await);
    assert!(told.learned.is_empty());
    assert!(stage.rows("Contact").await.is_empty());
}

#[tokio::test]
async fn a_missing_right_is_named() {
    let stage = Stage::keyed(json!({})).await;
    let rights = json!({ "object": "Contact", "create": false });
    stage.order("permissions", rights).await;
    let outcome = stage.desk.send(&live(&stage, &phone_only())).await;
    let fault = match &outcome {
        Outcome::Rejected { fault } => fault,
        other => panic!("{other:?}"),
    };
    assert_eq!(fault.class, FaultClass::Permission);
    assert!(fault.operator.contains("permission set"), "{}", fault.operator);
}
