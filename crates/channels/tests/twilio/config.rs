use baton_core::inbox::ChannelKind;
use serde_json::{Value, json};

use crate::support::{SERVICE, channel_with, deps, settings, sms, whatsapp};

fn refused(key: &str, value: Value, development: bool) -> String {
    let mut settings = settings();
    settings.insert(key.to_owned(), value);
    let deps = baton_channels::Deps { development, ..deps() };
    let result = baton_channels::build("twilio", &settings, &deps);
    let fault = result.err().unwrap_or_else(|| panic!("{key} was accepted"));
    assert_eq!(fault.key, key, "{fault}");
    fault.text
}

#[test]
fn the_sender_decides_the_channel() {
    let mut settings = settings();
    let kind = |settings: &_| baton_channels::channel_kind("twilio", settings);
    assert_eq!(kind(&settings), Some(ChannelKind::Sms));
    settings.insert("sender".into(), " whatsapp:+15550100200".into());
    assert_eq!(kind(&settings), Some(ChannelKind::Whatsapp));
    settings.remove("sender");
    assert_eq!(kind(&settings), Some(ChannelKind::Sms));
    assert_eq!(sms().policy().channel, ChannelKind::Sms);
    assert_eq!(whatsapp().policy().channel, ChannelKind::Whatsapp);
}

#[test]
fn a_window_is_whatsapps_and_carrier_words_are_sms() {
    let (sms, whatsapp) = (sms().policy(), whatsapp().policy());
    assert!(sms.window.is_none() && whatsapp.window.is_some());
    assert_ne!(sms.keywords, whatsapp.keywords);
    assert_ne!(sms.stop_scope, whatsapp.stop_scope);
    let pace = sms.inbox_pace.unwrap();
    assert_eq!((pace.burst, pace.refill_ms), (1, 1_000));
    let faster = channel_with(&[("messages_per_second", "3")]);
    let pace = faster.policy().inbox_pace.unwrap();
    assert_eq!((pace.burst, pace.refill_ms), (1, 334), "never faster than what is set");
}

#[test]
fn an_inbox_without_what_it_needs_does_not_start() {
    for key in ["account_sid", "auth_token", "webhook_url", "sender"] {
        for missing in [None, Some(Value::Null), Some(json!(""))] {
            let mut settings = settings();
            settings.remove(key);
            settings.extend(missing.map(|value| (key.to_owned(), value)));
            let fault = baton_channels::build("twilio", &settings, &deps()).err().unwrap();
            assert_eq!(fault.key, key);
            assert!(fault.text.starts_with("missing"), "{fault}");
        }
    }
    let mut settings = settings();
    settings.remove("sender");
    settings.insert("messaging_service_sid".into(), SERVICE.into());
    assert!(baton_channels::build("twilio", &settings, &deps()).is_ok(), "a service will do");
}

#[test]
fn wrong_settings_are_refused_with_their_key_and_the_fix() {
    for (key, value) in [
        ("acount_sid", json!("x")),
        ("account_sid", json!("SK0123456789abcdef0123456789abcdef")),
        ("account_sid", json!("AC0123/../456789abcdef0123456789ab")),
        ("auth_token", json!("two words")),
        ("auth_token", json!(["x"])),
        ("sender", json!("SAMPLE")),
        ("sender", json!("15550100200")),
        ("sender", json!("whatsapp:55501")),
        ("sender", json!("messenger:1")),
        ("messaging_service_sid", json!("MG1")),
        ("api_key_sid", json!("SK1")),
        ("shared_keys", json!("abc")),
        ("mms", json!("maybe")),
        ("messages_per_second", json!("0")),
        ("messages_per_second", json!("fast")),
        ("webhook_url", json!("baton.sample.example/hooks/7")),
        ("webhook_url", json!("ftp://baton.sample.example/hooks/7")),
        ("webhook_url", json!("https://baton.sample.example")),
        ("webhook_url", json!("https://user@baton.sample.example/hooks/7")),
        ("api_url", json!("api.twilio.com")),
    ] {
        let text = refused(key, value.clone(), true);
        assert!(!text.is_empty() && !text.contains("words"), "{key} {value}: {text}");
    }
    refused("webhook_url", json!("http://baton.sample.example/hooks/7"), false);
    refused("api_url", json!("http://api.twilio.com"), false);
    refused("api_url", json!("https://127.0.0.1:9"), false);
}

#[test]
fn half_an_api_key_is_refused() {
    for (given, missing) in [("api_key_sid", "api_key_secret"), ("api_key_secret", "api_key_sid")] {
        let mut settings = settings();
        settings.insert(given.into(), "SK0123456789abcdef0123456789abcdef".into());
        let fault = baton_channels::build("twilio", &settings, &deps()).err().unwrap();
        assert_eq!(fault.key, missing);
    }
}
