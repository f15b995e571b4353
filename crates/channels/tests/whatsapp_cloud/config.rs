use baton_core::inbox::ChannelKind;
use serde_json::{Value, json};

use crate::support::{deps, settings};

fn refused(key: &str, value: Value, development: bool) -> String {
    let mut settings = settings();
    settings.insert(key.to_owned(), value);
    let deps = baton_channels::Deps { development, ..deps() };
    let result = baton_channels::build("whatsapp_cloud", &settings, &deps);
    let fault = result.err().unwrap_or_else(|| panic!("{key} was accepted"));
    assert_eq!(fault.key, key, "{fault}");
    fault.text
}

#[test]
fn the_registry_names_its_vendors() {
    assert_eq!(baton_channels::vendors(), ["whatsapp_cloud", "twilio", "telnyx"]);
    assert_eq!(
        baton_channels::channel_kind("whatsapp_cloud", &settings()),
        Some(ChannelKind::Whatsapp)
    );
    assert_eq!(baton_channels::channel_kind("fax", &settings()), None);
    assert!(baton_channels::fields("fax").is_none());
    let fault = baton_channels::build("fax", &settings(), &deps()).err().unwrap();
    assert!(fault.text.contains("whatsapp_cloud"), "{fault}");
    let secrets: Vec<_> = baton_channels::fields("whatsapp_cloud")
        .unwrap()
        .iter()
        .filter(|field| field.secret)
        .map(|field| field.key)
        .collect();
    assert_eq!(secrets, ["access_token", "app_secret", "verify_token", "second_app_secret"]);
}

#[test]
fn an_inbox_without_a_secret_does_not_start() {
    for key in ["app_secret", "access_token", "verify_token", "waba_id", "phone_number_id"] {
        for missing in [None, Some(Value::Null), Some(json!(""))] {
            let mut settings = settings();
            settings.remove(key);
            settings.extend(missing.map(|value| (key.to_owned(), value)));
            let fault = baton_channels::build("whatsapp_cloud", &settings, &deps()).err().unwrap();
            assert_eq!(fault.key, key);
            assert!(fault.text.starts_with("missing"), "{fault}");
        }
    }
}

#[test]
fn wrong_settings_are_refused_with_their_key_and_the_fix() {
    for (key, value) in [
        ("app_secrte", json!("x")),
        ("waba_id", json!("+15550100200")),
        ("waba_id", json!(200100300400500_i64)),
        ("phone_number_id", json!("../me")),
        ("access_token", json!("two words")),
        ("access_token", json!("line\nbreak")),
        ("app_secret", json!(["x"])),
        ("graph_version", json!("26.0")),
        ("graph_version", json!("v26.0/../v1.0")),
        ("display_phone_number", json!("call me")),
        ("base_url", json!("graph.facebook.com")),
    ] {
        let text = refused(key, value.clone(), true);
        assert!(!text.is_empty() && !text.contains("words"), "{key} {value}: {text}");
    }
    refused("base_url", json!("http://graph.facebook.com"), false);
    refused("base_url", json!("https://127.0.0.1:9"), false);
    refused("base_url", json!("https://graph.facebook.com/v26.0"), false);
}
