//! What is accepted, what is refused, and what is derived.

use serde_json::{Map, Value, json};

use super::*;

fn settings(change: &[(&str, Value)]) -> Map<String, Value> {
    let mut settings = json!({
        "tenant_id": "AAAAAAAA-0000-4000-8000-000000000001",
        "client_id": "aaaaaaaa-0000-4000-8000-000000000002",
        "client_secret": "not~a~real~secret",
        "environment_url": "https://contoso.crm4.dynamics.com/",
        "organization_id": "aaaaaaaa-0000-4000-8000-000000000003",
        "channel_id": "aaaaaaaa-0000-4000-8000-000000000004",
    })
    .as_object()
    .unwrap()
    .clone();
    for (key, value) in change {
        settings.insert((*key).to_owned(), value.clone());
    }
    settings
}

#[test]
fn what_can_be_derived_is_derived() {
    let config = Config::read(&settings(&[]), false).unwrap();
    assert_eq!(config.tenant_id, "aaaaaaaa-0000-4000-8000-000000000001");
    assert_eq!(config.webhook_audience, config.client_id);
    assert_eq!(config.login_url, "https://login.microsoftonline.com");
    let api = config.messaging.clone().unwrap();
    assert_eq!(
        api.url,
        "https://m-aaaaaaaa-0000-4000-8000-000000000003.eu.omnichannelengagementhub.com"
    );
    assert_eq!(api.scope, "https://aaaaaaaa000040008000000000000003-c.crm4.dynamics.com/.default");
    assert_eq!(config.dataverse_scope(), "https://contoso.crm4.dynamics.com/.default");
}

#[test]
fn the_government_cloud_has_its_own_domain() {
    let env = json!("https://contoso.api.crm9.dynamics.com");
    let config = Config::read(&settings(&[("environment_url", env)]), false).unwrap();
    assert!(config.messaging.unwrap().url.ends_with(".gov.omnichannelengagementhub.us"));
}

#[test]
fn wrong_values_are_refused_with_the_key_and_the_fix() {
    for (key, value, words) in [
        ("tenant_id", json!("contoso.onmicrosoft.com"), "not a GUID"),
        ("channel_id", json!("{aaaaaaaa-0000-4000-8000-000000000004}"), "without braces"),
        ("client_secret", json!(""), "missing"),
        ("client_secret_next", json!("aaaaaaaa-0000-4000-8000-000000000009"), "Secret ID"),
        ("client_secret_expires_on", json!("next May"), "2027-05-31"),
        ("certificate", json!("-----BEGIN CERTIFICATE-----"), "certificate_key"),
        ("environment_url", json!("https://make.powerapps.com/environments/1"), "admin"),
        ("environment_url", json!("https://contoso.operations.dynamics.com"), "no environment"),
        ("environment_url", json!("https://eve@contoso.crm4.dynamics.com"), "no environment"),
        ("environment_url", json!("contoso"), "https://"),
        ("contact_session_column", json!("Session Id"), "logical name"),
        ("ticket_properties", json!("[1]"), "JSON object"),
        ("case_owner", json!("aaaaaaaa-0000-4000-8000-000000000009"), "user:GUID"),
        ("open_case", json!("maybe"), "append or new"),
        ("organization_id", json!(7), "text"),
        ("client_secret", json!("aaaaaaaa-0000-4000-8000-000000000009"), "Secret ID"),
        ("environment_url", json!("http://contoso.crm4.dynamics.com"), "https"),
        ("webhook_audience", json!("the app"), "GUID"),
        ("messaging_scope", json!("everything"), "/.default"),
        ("login_url", json!("https://127.0.0.1"), "development"),
        ("workstream_id", json!("support"), "not a GUID"),
        ("attachment_mb", json!("129"), "1 to 128"),
        ("start_message_form", json!("xml"), "object or string"),
        ("file_hosts", json!("https://files.example/x"), "host names"),
        ("queue", json!("x"), "unknown setting"),
    ] {
        let fault = Config::read(&settings(&[(key, value)]), false).unwrap_err();
        let named = if fault.key == "certificate_key" { "certificate" } else { fault.key.as_str() };
        assert_eq!(named, key);
        assert!(fault.to_string().contains(words), "{key}: {fault}");
    }
}

#[test]
fn an_unknown_region_asks_for_the_address() {
    let env = json!("https://crm.contoso.example");
    let fault = Config::read(&settings(&[("environment_url", env)]), false).unwrap_err();
    assert_eq!(fault.key, "messaging_url");
}

#[test]
fn the_secret_is_never_printed() {
    let config = Config::read(&settings(&[]), false).unwrap();
    assert!(!format!("{config:?}").contains("not~a~real"));
}

#[test]
fn four_values_are_enough() {
    let mut few = settings(&[]);
    few.retain(|key, _| {
        ["tenant_id", "client_id", "client_secret", "environment_url"].contains(&key.as_str())
    });
    let config = Config::read(&few, false).unwrap();
    assert!(config.messaging.is_none() && config.channel_id.is_none());
    let api = config.messaging_of("aaaaaaaa-0000-4000-8000-000000000003").unwrap();
    assert!(api.url.contains("aaaaaaaa-0000-4000-8000-000000000003.eu."), "{}", api.url);
}

#[test]
fn whatever_page_of_the_environment_is_pasted_its_address_is_found() {
    for pasted in [
        "https://contoso.crm4.dynamics.com",
        "contoso.crm4.dynamics.com",
        " HTTPS://Contoso.CRM4.Dynamics.com/main.aspx?appid=1&pagetype=entitylist ",
        "https://contoso.api.crm4.dynamics.com/api/data/v9.2/",
        "contoso.crm4.dynamics.com#home",
    ] {
        let config = Config::read(&settings(&[("environment_url", json!(pasted))]), false);
        assert_eq!(config.unwrap().environment_url, "https://contoso.crm4.dynamics.com");
    }
}

#[test]
fn cases_are_described_by_values_or_by_the_text_of_a_form() {
    let change = [
        ("ticket_properties", json!("{\"prioritycode\": \"High\"}")),
        ("case_origin", json!({ "whatsapp": 3 })),
        ("case_owner", json!("team:AAAAAAAA-0000-4000-8000-000000000009")),
        ("open_case", json!("new")),
    ];
    let cases = Config::read(&settings(&change), false).unwrap().cases;
    assert_eq!(cases.properties["prioritycode"], "High");
    assert_eq!(cases.origin["whatsapp"], 3);
    assert_eq!(cases.owner.unwrap(), "/teams(aaaaaaaa-0000-4000-8000-000000000009)");
    assert!(!cases.appends && !cases.resolves);
}
