//! The settings, tried: what passes, and what the card says of each thing that does not.

use baton_core::{desk::Checked, fault::FaultClass};
use serde_json::{Map, Value, json};

use crate::support::*;

const USER: &str = "dddddddd-0000-4000-8000-000000000001";
const STREAM: &str = "dddddddd-0000-4000-8000-000000000002";
const OTHER: &str = "dddddddd-0000-4000-8000-000000000003";
const PRIVILEGES: &str = "GET /dataverse/api/data/v9.2/systemusers(dddddddd-0000-4000-8000-000000000001)/Microsoft.Dynamics.CRM.RetrieveUserPrivileges";
const STREAMS: &str = "GET /dataverse/api/data/v9.2/msdyn_liveworkstreams";
const CONTEXT: &str = "GET /dataverse/api/data/v9.2/msdyn_ocliveworkitemcontextitems";
const EMPTY: &str = r#"{"value":[]}"#;

/// As the developer guide spells them, and one more than is needed.
const HELD: &[&str] = &[
    "prvReadContact",
    "prvCreateContact",
    "prvWriteContact",
    "prvAppendToContact",
    "prvReadActivity",
    "prvWriteActivity",
    "prvAppendActivity",
    "prvReadIncident",
    "prvCreateIncident",
    "prvWriteIncident",
    "prvAppendIncident",
    "prvAppendToIncident",
    "prvReadNote",
    "prvCreateNote",
    "prvWriteNote",
    "prvAppendNote",
    "prvReadQueue",
    "prvAppendToQueue",
    "prvReadQueueItem",
    "prvCreateQueueItem",
    "prvAppendQueueItem",
    "prvReadAccount",
];

fn held(without: &str, depth: &str) -> String {
    let rows = HELD.iter().filter(|name| **name != without);
    let rows =
        rows.map(|name| json!({ "PrivilegeName": name, "Depth": depth, "PrivilegeId": USER }));
    json!({ "RolePrivileges": rows.collect::<Vec<_>>() }).to_string()
}

fn channel(id: &str, change: &Value) -> Value {
    let mut row = json!({
        "msdyn_occustommessagingchannelid": id, "msdyn_name": "Baton",
        "msdyn_occustomchannelid": 192_350_005, "msdyn_appid": CLIENT, "msdyn_tenantid": TENANT,
        "msdyn_webhookurl": "https://hub.example/hooks/1", "_msdyn_liveworkstreamid_value": STREAM,
    });
    row.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    row
}

fn rows(rows: &[Value]) -> String {
    json!({ "value": rows }).to_string()
}

/// An organisation in which everything is right.
async fn healthy() -> Vendor {
    let vendor = Vendor::start().await;
    let who = json!({ "OrganizationId": ORG.to_uppercase(), "UserId": USER }).to_string();
    vendor.on(WHO, &[(200, &who)]);
    vendor.on(PRIVILEGES, &[(200, &held("", "Global"))]);
    vendor.on(STREAMS, &[(200, EMPTY)]);
    vendor.on(TRANSCRIPTS, &[(200, EMPTY)]);
    vendor.on(CONTEXT, &[(200, EMPTY)]);
    vendor.on(CHANNELS, &[(200, &rows(&[channel(CHANNEL, &json!({}))]))]);
    vendor.on(CONVERSATIONS, &[(200, r#"{"conversations":[]}"#)]);
    vendor.on(AVAILABILITY, &[(200, r#"{"IsQueueAvailable":true,"IsAgentAvailable":false}"#)]);
    vendor
}

async fn check(vendor: &Vendor, change: &[(&str, Value)]) -> Checked {
    let mut settings: Map<String, Value> = settings(&vendor.base);
    for (key, value) in change {
        match value {
            Value::Null => settings.remove(*key),
            value => settings.insert((*key).to_owned(), value.clone()),
        };
    }
    desk_with(&settings, &clock(), None).check().await
}

/// The names and texts of what failed.
fn failed(checked: &Checked) -> Vec<(&str, &str)> {
    let failed = |check: &'_ baton_core::desk::Check| check.fault.is_some();
    let checks = checked.checks.iter().filter(|check| failed(check));
    checks.map(|c| (c.name.as_str(), c.fault.as_ref().unwrap().operator.as_str())).collect()
}

#[tokio::test]
async fn everything_is_tried_and_nothing_is_changed() {
    let vendor = healthy().await;
    let checked = check(&vendor, &[]).await;
    assert_eq!(failed(&checked), []);
    assert_eq!(checked.warnings, [""; 0]);
    assert_eq!(Value::Object(checked.derived), json!({ "workstream_id": STREAM }));
    let names: Vec<&str> = checked.checks.iter().map(|check| check.name.as_str()).collect();
    for name in ["sign_in", "environment", "channel", "channel_workstream", "messaging"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    let all = vendor.all();
    let asks = [TOKEN, AVAILABILITY];
    let writes = |route: &str| !route.starts_with("GET ") && !asks.contains(&route);
    assert!(all.iter().all(|seen| !writes(&seen.route)), "{all:?}");
    assert_eq!(vendor.seen(CONVERSATIONS)[0].query, "PageSize=1");
}

#[tokio::test]
async fn each_missing_privilege_is_named_and_nothing_else_fails() {
    let vendor = healthy().await;
    for name in HELD.iter().filter(|name| **name != "prvReadAccount") {
        vendor.on(PRIVILEGES, &[(200, &held(name, "Global"))]);
        let checked = check(&vendor, &[]).await;
        let failed = failed(&checked);
        assert_eq!(failed.len(), 1, "{failed:?}");
        assert_eq!(failed[0].0, format!("privilege_{name}"));
        assert!(failed[0].1.contains(&format!("lacks the privilege {name};")), "{failed:?}");
    }
}

#[tokio::test]
async fn tables_whose_privileges_no_page_lists_are_read() {
    for (route, privilege) in [
        (STREAMS, "prvReadmsdyn_liveworkstream"),
        (TRANSCRIPTS, "prvReadmsdyn_transcript"),
        (CONTEXT, "prvReadmsdyn_ocliveworkitemcontextitem"),
        (CHANNELS, "prvReadmsdyn_occustommessagingchannel"),
    ] {
        let vendor = healthy().await;
        let message = format!("Principal user (Id=1, type=8) is missing {privilege} privilege.");
        let body = json!({ "error": { "code": "0x80040220", "message": message } }).to_string();
        vendor.on(route, &[(403, &body)]);
        let checked = check(&vendor, &[]).await;
        let failed = failed(&checked);
        assert_eq!(failed.len(), 1, "{failed:?}");
        assert_eq!(failed[0].0, format!("privilege_{privilege}"));
        assert!(failed[0].1.contains(&format!("privilege {privilege};")), "{failed:?}");
    }
    let vendor = healthy().await;
    vendor.on(TRANSCRIPTS, &[(404, "")]);
    let checked = check(&vendor, &[]).await;
    assert!(failed(&checked)[0].1.contains("Contact Center"), "{:?}", failed(&checked));
}

#[tokio::test]
async fn a_role_that_sees_its_own_rows_only_is_warned_of() {
    let vendor = healthy().await;
    vendor.on(PRIVILEGES, &[(200, &held("", "Basic"))]);
    let checked = check(&vendor, &[]).await;
    assert_eq!(failed(&checked), []);
    assert!(checked.warnings.iter().any(|text| text.starts_with("prvReadContact")));
}

#[tokio::test]
async fn who_may_not_enter_is_told_why_and_the_messaging_api_is_still_tried() {
    for (status, body, words) in [
        (403, r#"{"error":{"code":"0x80072560","message":"no"}}"#, "application user"),
        (403, r#"{"error":{"code":"0x80042f09","message":"no"}}"#, "no security role"),
        (403, r#"{"error":{"code":"0x8004a112","message":"no"}}"#, "disabled"),
        (404, "<html>", "environment_url"),
    ] {
        let vendor = healthy().await;
        vendor.on(WHO, &[(status, body)]);
        let checked = check(&vendor, &[]).await;
        let failed = failed(&checked);
        assert_eq!((failed.len(), failed[0].0), (1, "environment"), "{failed:?}");
        assert!(failed[0].1.contains(words), "{failed:?}");
        assert_eq!(vendor.seen(CONVERSATIONS).len(), 1);
    }
}

#[tokio::test]
async fn what_is_not_given_is_found() {
    let vendor = healthy().await;
    let none = [("organization_id", Value::Null), ("channel_id", Value::Null)];
    let checked = check(&vendor, &none).await;
    assert_eq!(failed(&checked), []);
    assert_eq!(
        Value::Object(checked.derived),
        json!({ "organization_id": ORG, "channel_id": CHANNEL, "workstream_id": STREAM })
    );
    assert_eq!(vendor.seen(CONVERSATIONS)[0].headers["organization-id"], ORG);
}

#[tokio::test]
async fn the_single_setting_is_a_workstream_with_one_channel_or_a_queue() {
    let legacy = [("channel_id", Value::Null), ("default_queue_id", json!(STREAM))];
    let vendor = healthy().await;
    let other = channel(OTHER, &json!({ "_msdyn_liveworkstreamid_value": OTHER }));
    let own = channel(CHANNEL, &json!({}));
    vendor.on(CHANNELS, &[(200, &rows(&[other.clone(), own.clone()]))]);
    let checked = check(&vendor, &legacy).await;
    assert_eq!((failed(&checked), &checked.derived["channel_id"]), (vec![], &json!(CHANNEL)));

    // Another kind of channel in the same workstream is none of ours.
    let line = channel(OTHER, &json!({ "msdyn_occustomchannelid": 192_350_000 }));
    vendor.on(CHANNELS, &[(200, &rows(&[line, own.clone()]))]);
    assert_eq!(failed(&check(&vendor, &legacy).await), []);

    let twin = channel(OTHER, &json!({ "msdyn_name": "Twin" }));
    vendor.on(CHANNELS, &[(200, &rows(&[twin, own]))]);
    let checked = check(&vendor, &legacy).await;
    let text = failed(&checked)[0].1;
    assert!(text.contains("several") && text.contains("\"Twin\"") && text.contains(CHANNEL));

    vendor.on(CHANNELS, &[(200, &rows(&[other]))]);
    let checked = check(&vendor, &legacy).await;
    assert!(failed(&checked)[0].1.contains(&format!("choose from \"Baton\" {OTHER}")));

    let queue = format!("GET /dataverse/api/data/v9.2/queues({STREAM})");
    vendor.on(&queue, &[(200, "{}")]);
    let checked = check(&vendor, &legacy).await;
    assert_eq!((failed(&checked), &checked.derived["case_queue_id"]), (vec![], &json!(STREAM)));
    assert!(checked.warnings[0].contains("no live chats"), "{:?}", checked.warnings);
}

#[tokio::test]
async fn the_channels_record_must_fit() {
    for (change, name, words) in [
        (json!({ "msdyn_occustomchannelid": 192_350_002 }), "channel_kind", "another kind"),
        (json!({ "msdyn_appid": OTHER }), "channel_app", "msdyn_appid"),
        (json!({ "msdyn_tenantid": OTHER }), "channel_app", "msdyn_tenantid"),
        (json!({ "_msdyn_liveworkstreamid_value": null }), "channel_workstream", "not linked"),
        (json!({ "msdyn_webhookurl": null }), "channel_webhook", "msdyn_webhookurl"),
    ] {
        let vendor = healthy().await;
        vendor.on(CHANNELS, &[(200, &rows(&[channel(CHANNEL, &change)]))]);
        let checked = check(&vendor, &[]).await;
        let failed = failed(&checked);
        assert_eq!((failed.len(), failed[0].0), (1, name), "{failed:?}");
        assert!(failed[0].1.contains(words), "{failed:?}");
    }
}

#[tokio::test]
async fn the_messaging_api_has_the_last_word() {
    let vendor = healthy().await;
    vendor.on(CONVERSATIONS, &[(400, r#"{"code":30014}"#)]);
    assert!(failed(&check(&vendor, &[]).await)[0].1.contains("workstream"));

    let who = json!({ "OrganizationId": OTHER, "UserId": USER }).to_string();
    vendor.on(WHO, &[(200, &who)]);
    vendor.on(CONVERSATIONS, &[(400, r#"{"code":30001}"#)]);
    let checked = check(&vendor, &[]).await;
    let text = failed(&checked)[0].1;
    assert!(text.contains("organization_id") && text.contains(OTHER), "{text}");
}

#[tokio::test]
async fn what_settings_refer_to_must_be_there() {
    let vendor = healthy().await;
    let contacts = "GET /dataverse/api/data/v9.2/contacts";
    vendor.on(contacts, &[(400, "")]);
    let change = [
        ("case_queue_id", json!(OTHER)),
        ("fallback_account_id", json!(OTHER)),
        ("contact_session_column", json!("cr_session")),
    ];
    let checked = check(&vendor, &change).await;
    let names: Vec<&str> = failed(&checked).iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["contact_column", "case_queue", "fallback_account"]);
    let texts: String = failed(&checked).iter().map(|(_, text)| *text).collect();
    for word in ["cr_session", "case_queue_id", "fallback_account_id"] {
        assert!(texts.contains(word), "{texts}");
    }
}

#[tokio::test]
async fn a_credential_that_ends_soon_is_warned_of() {
    let vendor = healthy().await;
    for (day, word) in
        [("2025-11-19", Some("ended on")), ("2025-12-17", Some("ends on")), ("2025-12-19", None)]
    {
        let checked = check(&vendor, &[("client_secret_expires_on", json!(day))]).await;
        let warned = checked.warnings.first().map(String::as_str);
        assert_eq!(warned.is_some(), word.is_some(), "{day}");
        assert!(warned.unwrap_or_default().contains(word.unwrap_or_default()));
        assert_eq!(failed(&checked), []);
    }
}

#[tokio::test]
async fn nothing_else_is_tried_without_a_token() {
    let vendor = healthy().await;
    vendor.on(TOKEN, &[(400, r#"{"error":"invalid_request","error_codes":[90002]}"#)]);
    let checked = check(&vendor, &[]).await;
    assert_eq!(checked.checks.len(), 1);
    let fault = checked.verdict().unwrap_err();
    assert_eq!(fault.class, FaultClass::Auth);
    assert!(fault.operator.starts_with("sign in at Entra: "), "{}", fault.operator);
    assert!(fault.operator.contains("tenant_id"), "{}", fault.operator);
}

#[tokio::test]
async fn availability_that_may_not_be_asked_for_is_a_warning_that_names_the_way_out() {
    let vendor = healthy().await;
    vendor.on(AVAILABILITY, &[(403, "")]);
    let checked = check(&vendor, &[]).await;
    assert_eq!(failed(&checked), []);
    assert!(checked.warnings[0].contains("availability = no"), "{:?}", checked.warnings);
    let checked = check(&vendor, &[("availability", json!("no"))]).await;
    assert_eq!(checked.warnings, [""; 0]);
}

#[tokio::test]
async fn the_compatibility_mode_needs_no_channel() {
    let vendor = healthy().await;
    vendor.on(CHANNELS, &[(404, "")]);
    let mode = [("live_mode", json!("work_item_row")), ("channel_id", Value::Null)];
    assert_eq!(failed(&check(&vendor, &mode).await), []);
    assert!(vendor.seen(CONVERSATIONS).is_empty());
}
