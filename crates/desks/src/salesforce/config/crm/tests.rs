use serde_json::json;

use super::*;

fn key() -> Arc<SigningKey> {
    let keys = super::super::super::keygen("k", "baton").unwrap();
    Arc::new(SigningKey::read("private_key", &keys.private_pem).unwrap())
}

fn read(settings: Value) -> Read<Option<Crm>> {
    Crm::read(settings.as_object().unwrap(), false, &key())
}

fn with(more: Value) -> Read<Option<Crm>> {
    let mut settings = json!({ "crm_consumer_key": "3MVG9", "crm_username": "a@b.example" });
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    read(settings)
}

#[test]
fn without_the_group_nothing_is_connected_and_half_of_it_is_refused() {
    assert!(read(json!({})).unwrap().is_none());
    assert!(read(json!({ "crm_consumer_key": " ", "case_owner": "" })).unwrap().is_none());
    for (settings, key) in [
        (json!({ "crm_consumer_key": "3MVG9" }), "crm_username"),
        (json!({ "crm_username": "a@b.example" }), "crm_consumer_key"),
        (json!({ "case_owner": "Tier1" }), "case_owner"),
    ] {
        assert_eq!(read(settings).unwrap_err().key, key);
    }
}

#[test]
fn what_is_left_out_has_its_usual_value() {
    let crm = with(json!({})).unwrap().unwrap();
    assert_eq!(crm.login_url, "https://login.salesforce.com");
    assert_eq!(crm.api_version, "v63.0");
    assert!(crm.creates_contacts && crm.history_app.is_none());
    assert_eq!(crm.cases.closed_status, None);
    assert!(crm.cases.answers.comment && crm.cases.answers.email && !crm.cases.answers.feed);
}

#[test]
fn the_audience_is_a_login_host_whatever_the_address() {
    for (login, audience) in [
        ("https://test.salesforce.com", "https://test.salesforce.com"),
        ("https://contoso.my.salesforce.com", "https://login.salesforce.com"),
        ("https://contoso--qa.sandbox.my.salesforce.com", "https://test.salesforce.com"),
        ("https://contoso.lightning.force.com/lightning/page", "https://login.salesforce.com"),
    ] {
        let crm = with(json!({ "crm_login_url": login })).unwrap().unwrap();
        assert_eq!(crm.audience(), audience, "{login}");
    }
}

#[test]
fn a_wrong_setting_is_named_with_its_fix() {
    for (settings, key, fix) in [
        (json!({ "api_version": "v60.0" }), "api_version", "v63.0"),
        (json!({ "api_version": "newest" }), "api_version", "v63.0"),
        (json!({ "window_field": "Window Ends" }), "window_field", "API name"),
        (json!({ "history_connected_app": "My App" }), "history_connected_app", "no spaces"),
        (json!({ "case_origin": { "fax": "Fax" } }), "case_origin", "whatsapp"),
        (json!({ "case_origin": { "sms": 3 } }), "case_origin", "quotes"),
        (json!({ "case_priority": { "negativ e": "High" } }), "", ""),
        (json!({ "case_priority": { "rather negative": "High" } }), "case_priority", "slightly"),
        (json!({ "case_properties": { "OwnerId": "x" } }), "case_properties", "case_owner"),
        (json!({ "case_properties": { "bad name": "x" } }), "case_properties", "API name"),
        (json!({ "case_answers": "comment,sms" }), "case_answers", "email"),
        (json!({ "case_owner": "Tier\n1" }), "case_owner", "one line"),
        (json!({ "crm_username": "a b" }), "crm_username", "space"),
        (json!({ "crm_private_key": "x" }), "crm_private_key", "PEM"),
    ] {
        match with(settings.clone()) {
            Ok(_) => assert_eq!(key, "", "{settings}"),
            Err(fault) => {
                assert_eq!(fault.key, key, "{fault}");
                assert!(fault.text.contains(fix), "{fault}");
            }
        }
    }
}

#[test]
fn labels_are_told_with_the_setting_they_stand_in() {
    let crm = with(json!({
        "case_origin": r#"{"whatsapp": "WhatsApp"}"#, "case_properties": { "Type": "Delivery" },
        "resolve_on_close": "yes",
    }));
    let cases = crm.unwrap().unwrap().cases;
    let labels = cases.labels();
    assert!(labels.contains(&("Origin", "WhatsApp", "case_origin")));
    assert!(labels.contains(&("Type", "Delivery", "case_properties")));
    assert!(labels.contains(&("Status", "Closed", "case_closed_status")));
}
