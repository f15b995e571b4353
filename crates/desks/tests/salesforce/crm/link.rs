//! The messaging user of a conversation: found by it, named and linked.

use baton_core::{
    handoff::Handoff,
    route::WorkKind,
    time::{DAY_MS, HOUR_MS, MINUTE_MS},
};
use serde_json::{Value, json};

use super::stage::{NOW, Stage, accepted, opened};

const CONVERSATION: &str = "cccccccc-0000-4000-8000-000000000001";

struct Linked {
    session: String,
    user: String,
}

/// A session as Salesforce makes it for a conversation.
async fn session(stage: &Stage) -> Linked {
    let conversation =
        stage.add("Conversation", json!({ "ConversationIdentifier": CONVERSATION })).await;
    let user = json!({
        "MessagingPlatformKey": "v2/iamessage/AUTH/Baton_Keys/uid:x",
        "MessageType": "EmbeddedMessaging",
        "MessagingChannelId": stage.account.channel_id,
    });
    let user = stage.add("MessagingEndUser", user).await;
    let session = json!({ "ConversationId": conversation, "MessagingEndUserId": user });
    Linked { session: stage.add("MessagingSession", session).await, user }
}

fn step(until: Option<&str>) -> Value {
    json!({ "operation": "link", "window_until": until })
}

#[tokio::test]
async fn the_messaging_user_gets_its_contact_and_its_name() {
    let stage = Stage::keyed(json!({})).await;
    let there = session(&stage).await;
    let maria = stage.add("Contact", json!({ "LastName": "Silva" })).await;
    let mut handoff = opened(WorkKind::Live, CONVERSATION);
    handoff.learned.insert("contact".to_owned(), maria.clone());
    let told = accepted(stage.step(&handoff, &step(None)).await);
    assert_eq!(told.metadata["salesforce_messaging_session_id"], there.session.as_str());
    assert_eq!(told.notice, None);
    let user = &stage.rows("MessagingEndUser").await[0];
    assert_eq!((&user["Id"], &user["ContactId"]), (&json!(there.user), &json!(maria)));
    assert_eq!(user["Name"], "Maria da Silva");
}

#[tokio::test]
async fn a_link_that_is_there_stays_and_another_contact_is_told() {
    let stage = Stage::keyed(json!({})).await;
    let there = session(&stage).await;
    let maria = stage.add("Contact", json!({ "LastName": "Silva" })).await;
    let other = stage.add("Contact", json!({ "LastName": "Other" })).await;
    let linked = json!({ "ContactId": other });
    let path = format!("salesforce/crm/records/MessagingEndUser/{}", there.user);
    stage.patch(&path, linked).await;
    let mut handoff = opened(WorkKind::Live, CONVERSATION);
    handoff.learned.insert("contact".to_owned(), maria.clone());
    let notice = accepted(stage.step(&handoff, &step(None)).await).notice.unwrap();
    assert!(notice.contains(&maria) && notice.contains(&other), "{notice}");
    assert_eq!(stage.rows("MessagingEndUser").await[0]["ContactId"], json!(other));
}

#[tokio::test]
async fn a_session_that_an_event_told_is_asked_for_by_its_own_id() {
    let stage = Stage::keyed(json!({})).await;
    let there = session(&stage).await;
    let mut handoff = opened(WorkKind::Live, "cccccccc-0000-4000-8000-000000000002");
    handoff.learned.insert("messaging_session".to_owned(), there.session.clone());
    let told = accepted(stage.step(&handoff, &step(None)).await);
    assert_eq!(told.metadata["salesforce_messaging_session_id"], there.session.as_str());
}

#[tokio::test]
async fn a_session_is_waited_for_a_moment_and_then_done_without() {
    let stage = Stage::keyed(json!({})).await;
    let handoff = opened(WorkKind::Live, CONVERSATION);
    assert_eq!(stage.step(&handoff, &step(None)).await.name(), "retry");
    stage.advance(60_000).await;
    let notice = accepted(stage.step(&handoff, &step(None)).await).notice.unwrap();
    assert!(notice.contains("MessagingSession"), "{notice}");
}

#[tokio::test]
async fn the_windows_end_stands_in_the_field_of_the_settings() {
    let (stage, mut handoff) = with_window(json!({ "window_field": "Window_Ends__c" })).await;
    handoff.learned.clear();
    let told = accepted(stage.step(&handoff, &step(Some("2025-11-20T11:00:00.000Z"))).await);
    assert_eq!(told.notice, None);
    assert_eq!(window(&stage).await, "2025-11-20T11:00:00.000+0000");
}

/// A live handoff whose session is known, at an organisation that has a field for the window.
async fn with_window(more: Value) -> (Stage, Handoff) {
    let stage = Stage::keyed(more).await;
    let field =
        json!({ "object": "MessagingSession", "name": "Window_Ends__c", "kind": "DateTime" });
    stage.order("fields", field).await;
    let there = session(&stage).await;
    let mut handoff = opened(WorkKind::Live, CONVERSATION);
    handoff.learned.insert("messaging_session".to_owned(), there.session);
    (stage, handoff)
}

async fn window(stage: &Stage) -> Value {
    stage.rows("MessagingSession").await[0]["Window_Ends__c"].clone()
}

#[tokio::test]
async fn a_window_that_moves_is_told_and_a_burst_of_messages_is_one_call() {
    let (stage, handoff) = with_window(json!({ "window_field": "Window_Ends__c" })).await;
    stage.desk.window(&handoff, NOW.plus_ms(DAY_MS)).await;
    assert_eq!(window(&stage).await, "2025-11-21T10:00:00.000+0000");
    stage.desk.window(&handoff, NOW.plus_ms(DAY_MS + MINUTE_MS)).await;
    stage.desk.window(&handoff, NOW.plus_ms(DAY_MS + 2 * MINUTE_MS)).await;
    assert_eq!(window(&stage).await, "2025-11-21T10:00:00.000+0000");
    stage.desk.window(&handoff, NOW.plus_ms(DAY_MS + HOUR_MS)).await;
    assert_eq!(window(&stage).await, "2025-11-21T11:00:00.000+0000");
    let calls = stage.calls().await;
    assert_eq!(calls.iter().filter(|call| *call == "MessagingSession.update").count(), 2);
}

#[tokio::test]
async fn a_window_that_was_not_taken_is_told_with_the_next_message() {
    let (stage, handoff) = with_window(json!({ "window_field": "Window_Ends__c" })).await;
    let locked = Some((400, "UNABLE_TO_LOCK_ROW"));
    stage.fault("MessagingSession.update", "status", locked).await;
    stage.desk.window(&handoff, NOW.plus_ms(DAY_MS)).await;
    assert_eq!(window(&stage).await, Value::Null);
    stage.desk.window(&handoff, NOW.plus_ms(DAY_MS + MINUTE_MS)).await;
    assert_eq!(window(&stage).await, "2025-11-21T10:01:00.000+0000");
}

#[tokio::test]
async fn nobody_is_called_about_a_window_without_a_field_or_a_session() {
    let (stage, handoff) = with_window(json!({})).await;
    stage.desk.window(&handoff, NOW.plus_ms(DAY_MS)).await;
    assert!(stage.calls().await.is_empty());
    let (stage, _) = with_window(json!({ "window_field": "Window_Ends__c" })).await;
    let unknown = opened(WorkKind::Live, CONVERSATION);
    stage.desk.window(&unknown, NOW.plus_ms(DAY_MS)).await;
    assert!(stage.calls().await.is_empty());
}

#[tokio::test]
async fn a_locked_row_is_tried_again_and_a_missing_right_keeps_nobody_waiting() {
    let stage = Stage::keyed(json!({})).await;
    session(&stage).await;
    let handoff = opened(WorkKind::Live, CONVERSATION);
    let locked = Some((400, "UNABLE_TO_LOCK_ROW"));
    stage.fault("MessagingEndUser.update", "status", locked).await;
    assert_eq!(stage.step(&handoff, &step(None)).await.name(), "retry");
    stage.order("permissions", json!({ "object": "MessagingEndUser", "edit": false })).await;
    let told = accepted(stage.step(&handoff, &step(None)).await);
    assert!(told.notice.unwrap().contains("could not be linked"));
    assert!(told.learned.contains_key("messaging_session"), "what was found is known");
}
