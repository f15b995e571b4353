use std::collections::HashSet;

use baton_core::channel::Channel;
use baton_core::inbound::{Answer, RawRequest, Received};
use proptest::prelude::*;

use crate::support::{
    APP_SECRET, VERIFY_TOKEN, batch, channel, channel_with, fixtures, post, receive, sign, text,
};

fn status(channel: &dyn Channel, headers: &[(&str, &str)], body: &[u8]) -> u16 {
    match channel.receive(&post(headers, body)) {
        Received::Answer(answer) => {
            assert!(answer.body.is_empty(), "no hint: {}", answer.body);
            answer.status
        }
        Received::Store { answer, .. } => answer.status,
        Received::StaleKeys => panic!("no keys to fetch here"),
    }
}

/// A webhook with its signature as published in the tests of the library pywa; its secret has
/// been replaced since.
#[test]
fn a_published_vector_verifies() {
    let body = br#"{"object":"whatsapp_business_account","entry":[{"id":"264937493375603","changes":[{"value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550953877","phone_number_id":"277321005464405"},"contacts":[{"profile":{"name":"PyWa Tests"},"wa_id":"972544401243"}],"messages":[{"from":"972544401243","id":"wamid.HBgMOTcyNTQ0NDAxMjQzFQIAEhggM0RFQTNCMEEwRTY3QzUwODYzMDc4NjQ4QzM4ODAxM0YA","timestamp":"1730231903","text":{"body":"Hey there! I am using PyWa."},"type":"text"}]},"field":"messages"}]}]}"#;
    let signature = "sha256=54edfa1d7259e0eb13c677cc7d73d1b5c86cfa12433d19156e058ab9251bc441";
    let channel = channel_with(|settings| {
        settings.insert("app_secret".into(), "1222e786b144d0e85b9f365372d93676".into());
    });
    assert_eq!(status(&*channel, &[("x-hub-signature-256", signature)], body), 200);
    let mut changed = body.to_vec();
    changed[100] ^= 1;
    assert_eq!(status(&*channel, &[("x-hub-signature-256", signature)], &changed), 401);
}

/// RFC 4231, test case 2: another hand's HMAC-SHA256 over a body that is no JSON.
#[test]
fn a_standard_vector_verifies() {
    let channel = channel_with(|settings| {
        settings.insert("app_secret".into(), "Jefe".into());
    });
    let signature = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    let body = b"what do ya want for nothing?";
    assert_eq!(status(&*channel, &[("x-hub-signature-256", signature)], body), 200);
}

#[test]
fn a_bad_signature_is_refused_without_a_hint() {
    let body = batch(&[text(1, "hello")]);
    let good = sign(APP_SECRET, body.as_bytes());
    let hex = &good["sha256=".len()..];
    let name = "x-hub-signature-256";
    let upper = format!("sha256={}", hex.to_uppercase());
    let (short, long) = (&good[..good.len() - 1], format!("{good}0"));
    let sha1 = format!("sha1={}", &hex[..40]);
    let bare = hex.to_owned();
    let garbage = format!("sha256={}", "g".repeat(64));
    let wide = format!("sha256={}", "é".repeat(32));
    let (spaced, listed) = (format!("{good} "), format!("{good},{good}"));
    let foreign = sign("another-tenants-secret", body.as_bytes());
    let bad = [
        "", "sha256=", "sha256", &upper, short, &long, &sha1, &bare, &garbage, &wide, &spaced,
        &listed, &foreign,
    ];
    for value in bad {
        assert_eq!(status(channel(), &[(name, value)], body.as_bytes()), 401, "{value:?}");
    }
    assert_eq!(status(channel(), &[], body.as_bytes()), 401, "absent");
    assert_eq!(status(channel(), &[(name, &good), (name, &good)], body.as_bytes()), 401, "twice");
    assert_eq!(status(channel(), &[("x-hub-signature", &good)], body.as_bytes()), 401);
    assert_eq!(status(channel(), &[(name, &good)], body.as_bytes()), 200, "the good one");
}

#[test]
fn a_changed_body_is_refused() {
    let body = batch(&[text(1, r"caf\u00e9")]);
    let signature = sign(APP_SECRET, body.as_bytes());
    let again: serde_json::Value = serde_json::from_str(&body).unwrap();
    for changed in
        [body.replace("caf", "cag"), format!("{body} "), again.to_string(), String::new()]
    {
        let headers = [("x-hub-signature-256", &*signature)];
        assert_eq!(status(channel(), &headers, changed.as_bytes()), 401);
    }
}

#[test]
fn both_secrets_count_while_one_is_being_changed() {
    let channel = channel_with(|settings| {
        settings.insert("second_app_secret".into(), "the-new-one".into());
    });
    let body = batch(&[text(1, "hello")]);
    for (secret, expected) in [(APP_SECRET, 200), ("the-new-one", 200), ("a-third", 401)] {
        let signature = sign(secret, body.as_bytes());
        let headers = [("x-hub-signature-256", &*signature)];
        assert_eq!(status(&*channel, &headers, body.as_bytes()), expected, "{secret}");
    }
}

fn get(query: &str) -> Answer {
    let request =
        RawRequest { method: "GET".into(), query: query.to_owned(), ..RawRequest::default() };
    match channel().receive(&request) {
        Received::Answer(answer) => answer,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_handshake_answers_the_challenge() {
    let good =
        format!("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={VERIFY_TOKEN}");
    assert_eq!(get(&good), Answer::text(200, "1158201444"));
    let encoded = good.replace("hub.", "hub%2E").replace("a-long", "a%2dlong");
    assert_eq!(get(&encoded), Answer::text(200, "1158201444"));
    let long = "1".repeat(257);
    for bad in [
        String::new(),
        good.replace("random", "randon"),
        good.replace("subscribe", "unsubscribe"),
        good.replace("hub.mode=subscribe&", ""),
        good.replace("&hub.challenge=1158201444", ""),
        good.replace("1158201444", ""),
        good.replace("1158201444", "<script>"),
        good.replace("1158201444", "%3Cscript%3E"),
        good.replace("1158201444", "a%0d%0ab"),
        good.replace("1158201444", "%f"),
        good.replace("1158201444", &long),
        format!("{good}&hub.verify_token=other"),
        "hub.mode=subscribe&hub.challenge=1&hub.verify_token=".to_owned(),
    ] {
        assert_eq!(get(&bad), Answer::status(403), "{bad}");
    }
}

#[test]
fn other_methods_are_refused() {
    for method in ["PUT", "DELETE", "HEAD", "OPTIONS", "get", ""] {
        let request = RawRequest { method: method.into(), ..RawRequest::default() };
        assert_eq!(channel().receive(&request), Received::Answer(Answer::status(405)), "{method}");
    }
}

#[test]
fn a_repeated_request_has_the_same_ids_and_every_id_is_its_own() {
    for file in ["messages", "statuses", "fields"] {
        let mut seen = HashSet::new();
        for (name, body) in fixtures(file) {
            let (first, again) =
                (receive(body.to_string().as_bytes()), receive(body.to_string().as_bytes()));
            assert_eq!(first, again);
            for event in first {
                assert!(seen.insert(event.vendor_event_id.clone().unwrap()), "{name}: {event:?}");
            }
        }
    }
}

#[test]
fn what_is_signed_but_not_understood_is_kept() {
    for body in [
        "",
        "{",
        "null",
        "[]",
        "hello",
        "{}",
        r#"{"object":"page","entry":[]}"#,
        r#"{"object":"whatsapp_business_account"}"#,
        r#"{"object":"whatsapp_business_account","entry":{}}"#,
        r#"{"object":"whatsapp_business_account","entry":[1]}"#,
        r#"{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages"}]}]}"#,
        r#"{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":[]}]}]}"#,
        r#"{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"messages":{}}}]}]}"#,
    ] {
        let events = receive(body.as_bytes());
        assert_eq!(events.len(), 1, "{body}");
        assert_eq!(channel().parse(&events[0]).unwrap_err().code, "malformed", "{body}");
    }
}

#[test]
fn items_beyond_the_limit_are_kept_together() {
    let items: Vec<String> = (0..5_010).map(|n| text(n, "hello")).collect();
    let body = batch(&items);
    let events = receive(body.as_bytes());
    assert_eq!(events.len(), 5_001);
    let last = events.last().unwrap();
    assert!(last.body.contains("wamid.5009"));
    let fault = channel().parse(last).unwrap_err();
    assert!(fault.text.contains("5000"), "{}", fault.text);
}

#[test]
fn keys_fit_an_index() {
    let long = "9".repeat(100_000);
    let item = format!(r#"{{"from":"{long}","from_user_id":"US.{long}","id":"wamid.{long}"}}"#);
    let event = receive(batch(&[item]).as_bytes()).remove(0);
    assert!(event.source_key.len() < 300 && event.vendor_event_id.unwrap().len() < 300);
}

#[test]
fn a_large_contact_is_not_copied_into_every_item() {
    let name = "x".repeat(1_000_000);
    let items: Vec<String> = (0..1_000).map(|_| text(1, "hello")).collect();
    let contacts = format!(
        r#""contacts":[{{"wa_id":"15550130001","profile":{{"name":"{name}"}}}}],"messages":["#
    );
    let body = batch(&items).replace(r#""messages":["#, &contacts);
    let events = receive(body.as_bytes());
    let stored: usize = events.iter().map(|event| event.body.len()).sum();
    assert!(stored < 2 * body.len(), "{stored}");
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_stored_once_or_more(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(!receive(&body).is_empty());
    }

    #[test]
    fn arbitrary_headers_never_pass(value in ".{0,80}") {
        prop_assert_eq!(status(channel(), &[("x-hub-signature-256", &value)], b"{}"), 401);
    }

    #[test]
    fn arbitrary_queries_never_pass(query in ".{0,80}") {
        prop_assert_eq!(get(&query).status, 403);
    }

    #[test]
    fn cut_payloads_are_kept(cut in 1_usize..4_000) {
        let whole = fixtures("fields")["standby"].to_string();
        let cut = cut.min(whole.len() - 1);
        let events = receive(&whole.as_bytes()[..cut]);
        prop_assert_eq!(events.len(), 1);
        prop_assert_eq!(channel().parse(&events[0]).unwrap_err().code, "malformed");
    }
}
