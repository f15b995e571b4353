//! Test & save: each thing that a handoff needs, by its name, with its cause and cure.

use baton_core::desk::Checked;
use serde_json::{Value, json};

use crate::support::*;

/// The names of what was tried, in order, and what of it failed.
fn outcome(checked: &Checked) -> (Vec<&str>, Vec<String>) {
    let names = checked.checks.iter().map(|check| check.name.as_str()).collect();
    let failed = checked.checks.iter().filter_map(|check| {
        let fault = check.fault.as_ref()?;
        Some(format!("{}: {}", check.name, fault.operator))
    });
    (names, failed.collect())
}

#[tokio::test]
async fn right_settings_pass_and_what_depends_on_the_deployment_is_derived() {
    let stage = Stage::new().await;
    let checked = stage.desk.check().await;
    let (names, failed) = outcome(&checked);
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!(names[..4], ["deployment", "token", "authenticated", "deployment_type"]);
    assert_eq!(checked.derived["file_bytes"], "5242880");
    let declared = checked.derived["declared_attributes"].as_str().unwrap();
    assert!(declared.contains("OpencxSessionId:255"), "{declared}");
    // Nothing was made, and nothing kept.
    let all = stage.look("salesforce/conversations").await;
    assert_eq!(all["conversations"], json!([]));
    assert!(stage.drawer.0.lock().unwrap().is_empty());
    // What was derived is a setting like any other.
    let again = Stage::with(Value::Object(checked.derived)).await;
    assert!(again.desk.check().await.verdict().is_ok());
}

/// The warnings about routing attributes.
fn of_attributes(checked: &Checked) -> Vec<&str> {
    let warnings = checked.warnings.iter().map(String::as_str);
    warnings.filter(|warning| warning.starts_with("routing_attributes: ")).collect()
}

#[tokio::test]
async fn every_attribute_that_salesforce_would_drop_is_told() {
    let attributes = json!({ "routing_attributes": { "vipLevel": "gold", "phone": "x" } });
    let stage = Stage::with(attributes).await;
    let fields = ["OpencxSessionId", "Channel", "Phone"].map(|name| json!({ "name": name }));
    let must = json!({ "name": "Region", "required": true });
    let fields: Vec<Value> = fields.into_iter().chain([must]).collect();
    stage.act("deployment", json!({ "fields": fields })).await;
    let checked = stage.desk.check().await;
    assert!(checked.verdict().is_ok());
    let [spelled, untold, demanded] = of_attributes(&checked)[..] else {
        panic!("{:#?}", checked.warnings);
    };
    assert!(spelled.contains("drops phone, because the channel spells it Phone"), "{spelled}");
    for dropped in ["Language", "WindowEndsAt", "Summary", "Queue", "vipLevel"] {
        assert!(untold.contains(dropped), "{dropped}: {untold}");
    }
    for kept in ["Channel,", "OpencxSessionId", "phone"] {
        assert!(!untold.contains(kept), "{kept}: {untold}");
    }
    assert!(demanded.contains("demands Region"), "{demanded}");
}

#[tokio::test]
async fn parameters_that_salesforce_tells_nobody_of_are_one_warning() {
    let stage = Stage::new().await;
    stage.act("deployment", json!({ "fields": [] })).await;
    let checked = stage.desk.check().await;
    let [untold] = of_attributes(&checked)[..] else { panic!("{:#?}", checked.warnings) };
    assert!(untold.contains("drops OpencxSessionId, Channel, "), "{untold}");
    assert!(untold.contains("unless they are parameters of the channel"), "{untold}");
    assert_eq!(checked.derived.get("declared_attributes"), None);
}

#[tokio::test]
async fn a_bad_key_set_is_told_although_salesforce_says_nothing() {
    let stage = Stage::with(json!({ "issuer": "Baton-Hub" })).await;
    let (_, failed) = {
        let checked = stage.desk.check().await;
        let (names, failed) = outcome(&checked);
        (names.len(), failed)
    };
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(failed[0].starts_with("authenticated: ") && failed[0].contains("x5c"), "{failed:?}");
}

#[tokio::test]
async fn a_deployment_that_is_not_ready_is_told_with_its_cure() {
    for (value, name, cure) in
        [("unpublished", "deployment", "publish it"), ("web", "deployment", "Custom Client")]
    {
        let stage = Stage::new().await;
        stage.switch("deployment", value).await;
        let checked = stage.desk.check().await;
        let (_, failed) = outcome(&checked);
        let told = failed.iter().any(|text| text.starts_with(name) && text.contains(cure));
        assert!(told, "{value}: {failed:?}");
    }
    let stage = Stage::new().await;
    stage.switch("user_verification", "off").await;
    let (_, failed) = {
        let checked = stage.desk.check().await;
        let (names, failed) = outcome(&checked);
        (names.len(), failed)
    };
    assert!(
        failed[0].starts_with("token: ") && failed[0].contains("User Verification"),
        "{failed:?}"
    );
}

#[tokio::test]
async fn where_the_channel_takes_no_files_they_go_as_links() {
    let stage = Stage::new().await;
    stage.switch("attachments", "no").await;
    let checked = stage.desk.check().await;
    assert_eq!(checked.derived["file_bytes"], "1");
    assert!(checked.warnings.iter().any(|text| text.starts_with("attachments: ")));
}
