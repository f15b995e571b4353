use baton_core::inbox::ChannelKind;
use serde_json::{Value, json};

use crate::support::{channel, deps, settings};

#[test]
fn it_is_sms() {
    assert_eq!(baton_channels::channel_kind("telnyx", &settings()), Some(ChannelKind::Sms));
    let policy = channel().policy();
    assert_eq!(policy.channel, ChannelKind::Sms);
    assert!(policy.window.is_none() && policy.receipts);
}

#[test]
fn an_inbox_without_what_it_needs_does_not_start() {
    for key in ["sender", "api_key", "public_key"] {
        for missing in [None, Some(Value::Null), Some(json!(""))] {
            let mut settings = settings();
            settings.remove(key);
            settings.extend(missing.map(|value| (key.to_owned(), value)));
            let fault = baton_channels::build("telnyx", &settings, &deps()).err().unwrap();
            assert_eq!(fault.key, key);
            assert!(fault.text.starts_with("missing"), "{fault}");
        }
    }
}

#[test]
fn wrong_settings_are_refused_with_their_key_and_the_fix() {
    for (key, value, development) in [
        ("publik_key", json!("x"), true),
        ("public_key", json!("6kpsY"), true),
        ("public_key", json!("AAAA"), true),
        ("sender", json!("SAMPLE"), true),
        ("api_key", json!("two words"), true),
        ("messaging_profile_id", json!("../me"), true),
        ("webhook_url", json!("https://baton.sample.example"), true),
        ("mms", json!(true), true),
        ("api_url", json!("http://api.telnyx.com"), false),
    ] {
        let mut settings = settings();
        settings.insert(key.to_owned(), value.clone());
        let deps = baton_channels::Deps { development, ..deps() };
        let fault = baton_channels::build("telnyx", &settings, &deps).err().unwrap();
        assert_eq!(fault.key, key);
        assert!(!fault.text.is_empty() && !fault.text.contains("words"), "{key} {value}: {fault}");
    }
}
