//! What the check finds: every right by its name, nothing written.

use baton_core::fault::FaultClass;
use serde_json::{Value, json};

use super::stage::Stage;

/// What failed of the records' part, by name.
async fn failed(stage: &Stage) -> Vec<(String, String)> {
    let checked = stage.desk.check().await;
    let of = |check: &baton_core::desk::Check| {
        Some((check.name.clone(), check.fault.as_ref()?.operator.clone()))
    };
    let records =
        |name: &str| name.starts_with("crm_") || name.contains("case") || name.contains("field");
    checked.checks.iter().filter(|check| records(&check.name)).filter_map(of).collect()
}

#[tokio::test]
async fn a_right_organisation_passes_and_nothing_is_written() {
    let stage = Stage::keyed(json!({
        "case_owner": "Messaging", "window_field": "Window_Ends__c",
        "case_properties": { "Type": "Problem" },
    }))
    .await;
    let field =
        json!({ "object": "MessagingSession", "name": "Window_Ends__c", "kind": "DateTime" });
    stage.order("fields", field).await;
    assert_eq!(failed(&stage).await, vec![]);
    let writes =
        |name: &String| [".create", ".update", ".upsert"].iter().any(|w| name.ends_with(w));
    let calls = stage.calls().await;
    assert!(calls.len() > 8 && !calls.iter().any(writes), "{calls:?}");
}

#[tokio::test]
async fn every_missing_right_is_named_at_once() {
    let stage = Stage::keyed(json!({})).await;
    for (object, right) in [
        ("Contact", "create"),
        ("Case", "edit"),
        ("CaseComment", "create"),
        ("ContentVersion", "create"),
        ("MessagingEndUser", "edit"),
        ("MessagingSession", "read"),
    ] {
        stage.order("permissions", json!({ "object": object, right: false })).await;
    }
    let failed = failed(&stage).await;
    for (name, object) in [
        ("crm_contact", "Contact"),
        ("crm_case", "Case"),
        ("crm_case_comment", "CaseComment"),
        ("crm_content_version", "ContentVersion"),
        ("crm_messaging_end_user", "MessagingEndUser"),
        ("crm_messaging_session", "MessagingSession"),
    ] {
        let (_, text) = failed.iter().find(|(check, _)| check == name).unwrap();
        assert!(text.contains(object) && text.contains("permission set"), "{name}: {text}");
    }
}

#[tokio::test]
async fn a_field_that_cannot_keep_our_key_is_told() {
    for (field, fix) in [
        (json!({ "length": 80, "unique": true }), "External ID"),
        (json!({ "length": 80, "external_id": true }), "Unique"),
        (json!({ "length": 20, "external_id": true, "unique": true }), "64"),
        (Value::Null, "no field"),
    ] {
        let stage = Stage::new(json!({ "case_external_id_field": "Key__c" }), None).await;
        if field.is_object() {
            let mut order = json!({ "object": "Case", "name": "Key__c" });
            order.as_object_mut().unwrap().extend(field.as_object().unwrap().clone());
            stage.order("fields", order).await;
        }
        let failed = failed(&stage).await;
        assert_eq!(failed.len(), 1, "{failed:?}");
        assert_eq!(failed[0].0, "case_external_id_field");
        assert!(failed[0].1.contains(fix), "{}", failed[0].1);
    }
}

#[tokio::test]
async fn values_and_names_that_the_organisation_does_not_know_are_told() {
    for (settings, check, text) in [
        (json!({ "case_priority": { "negative": "Urgent" } }), "case_fields", "High, Medium, Low"),
        (json!({ "case_origin": { "sms": "Pager" } }), "case_fields", "case_origin"),
        (json!({ "case_properties": { "Nothing__c": 1 } }), "case_fields", "Nothing__c"),
        (json!({ "case_properties": { "IsClosed": true } }), "case_fields", "may not be written"),
        (json!({ "case_owner": "Nobody" }), "case_owner", "Nobody"),
    ] {
        let stage = Stage::keyed(settings).await;
        let failed = failed(&stage).await;
        assert_eq!(failed.len(), 1, "{failed:?}");
        assert!(failed[0].0 == check && failed[0].1.contains(text), "{failed:?}");
    }
}

#[tokio::test]
async fn a_key_that_is_not_the_apps_is_told() {
    let stage = Stage::new(json!({ "crm_private_key": null }), None).await;
    let checked = stage.desk.check().await;
    let check = checked.checks.iter().find(|check| check.name == "crm_token").unwrap();
    let fault = check.fault.as_ref().unwrap();
    assert_eq!(fault.class, FaultClass::Auth);
    assert!(fault.operator.contains("crm_private_key"), "{}", fault.operator);
}
