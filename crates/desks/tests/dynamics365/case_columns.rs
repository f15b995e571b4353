//! The columns and labels of cases, checked against the organisation's metadata before they are
//! trusted.

use serde_json::{Value, json};

use crate::simulator::Stage;

/// The fault of the check, in its words; none where it passed.
async fn fault(settings: Value) -> Option<String> {
    let stage = Stage::new(settings).await;
    let checked = stage.desk.check().await;
    let check = checked.checks.iter().find(|check| check.name == "case_columns").unwrap();
    check.fault.as_ref().map(|fault| fault.operator.clone())
}

#[tokio::test]
async fn an_unknown_column_or_label_is_named_at_save_time() {
    for (settings, words) in [
        (json!({ "ticket_properties": { "prioritycod": 1 } }), "prioritycod"),
        (json!({ "ticket_properties": { "prioritycode": "Urgent" } }), "High, Normal, Low"),
        (json!({ "case_origin": { "whatsapp": "WhatsApp" } }), "caseorigincode"),
        (json!({ "case_priority": { "complaint": "Top" } }), "\"Top\""),
    ] {
        let told = fault(settings.clone()).await;
        assert!(told.as_ref().is_some_and(|text| text.contains(words)), "{settings}: {told:?}");
    }
    let right = json!({
        "ticket_properties": { "casetypecode": "problem", "severitycode": 1 },
        "case_origin": { "sms": "Web" }, "case_priority": { "complaint": "High" },
    });
    assert_eq!(fault(right).await, None);
}

#[tokio::test]
async fn the_organisations_own_length_of_descriptions_is_found() {
    let stage = Stage::new(json!({})).await;
    let longer = json!({ "table": "incident", "column": "description", "max_length": 8_000 });
    stage.control("dynamics365/lengths", longer).await;
    let checked = stage.desk.check().await;
    assert_eq!(checked.derived["case_description_chars"], "8000");
    let stage = Stage::new(json!({ "case_description_chars": "4000" })).await;
    let warned = stage.desk.check().await.warnings;
    assert!(warned.iter().any(|text| text.contains("case_description_chars")), "{warned:?}");
}
