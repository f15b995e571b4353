use aws_lc_rs::{digest, hmac};
use baton_core::{
    channel::Channel,
    inbound::{Answer, RawRequest, Received},
};
use proptest::prelude::*;

use crate::support::{
    TOKEN, WEBHOOK, channel_with, encode, fixtures, pairs, post, receive, sign, sign_sha1, sms,
};

const SIGNATURE: &str = "x-twilio-signature";
const FORM: &[(&str, &str)] = &[
    ("MessageSid", "SM1"),
    ("AccountSid", "AC0123456789abcdef0123456789abcdef"),
    ("From", "+15550133001"),
    ("To", "+15550100200"),
    ("Body", "hello"),
    ("FromCity", ""),
];

fn status(channel: &dyn Channel, request: &RawRequest) -> u16 {
    match channel.receive(request) {
        Received::Answer(answer) => {
            assert_eq!(answer, Answer::status(answer.status), "no hint");
            answer.status
        }
        Received::Store { answer, .. } => answer.status,
        Received::StaleKeys => panic!("no keys to fetch here"),
    }
}

fn signed(channel: &dyn Channel, signature: &str, form: &[(&str, &str)]) -> u16 {
    status(channel, &post("", &[(SIGNATURE, signature)], &encode(form)))
}

/// The vectors in the tests of Twilio's own libraries.
const VECTOR_URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";
const VECTOR_FORM: &[(&str, &str)] = &[
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675309"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
];

#[test]
fn twilios_own_vectors_verify() {
    for (webhook, signature) in [
        (VECTOR_URL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("https://mycompany.com:443/myapp.php", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (VECTOR_URL, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        ("http://mycompany.com/myapp.php", "0ZXoZLH/DfblKGATFgpif+LLRf4="),
        ("http://mycompany.com:80/myapp.php", "0ZXoZLH/DfblKGATFgpif+LLRf4="),
    ] {
        let channel = channel_with(&[("auth_token", "12345"), ("webhook_url", webhook)]);
        let body = encode(VECTOR_FORM);
        let request = |sig| post("foo=1&bar=2", &[(SIGNATURE, sig)], &body);
        assert_eq!(status(&*channel, &request(signature)), 200, "{webhook} {signature}");
        assert_eq!(status(&*channel, &request("RSOYDt4T1cUTdK1PDd93/VVr8B9=")), 403);
        let other = post("foo=1&bar=3", &[(SIGNATURE, signature)], &body);
        assert_eq!(status(&*channel, &other), 403, "another query");
    }
}

#[test]
fn a_shared_key_signs_with_sha_256() {
    let settings = "x-twilio-webhooks-signature-settings";
    let channel =
        channel_with(&[("shared_keys", "old=other, WK7=12345"), ("webhook_url", VECTOR_URL)]);
    let (sha256, sha1) =
        ("033hgUJA9M/hXIZsYjwkerEP/DBm35nEri5FhCYjA5s=", "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
    for (header, signature, expected) in [
        ("key=WK7,algorithm=HMAC_SHA256", sha256, 200),
        ("algorithm=HMAC_SHA256, key=WK7", sha256, 200),
        ("key=WK7,algorithm=HMAC_SHA1", sha1, 200),
        ("key=WK7,algorithm=HMAC_SHA1", sha256, 403),
        ("key=WK7,algorithm=HMAC_SHA256", sha1, 403),
        ("key=old,algorithm=HMAC_SHA256", sha256, 403),
        ("key=new,algorithm=HMAC_SHA256", sha256, 403),
        ("key=WK7,algorithm=NONE", sha256, 403),
        ("key=WK7", sha256, 403),
        ("", sha256, 403),
    ] {
        let headers = [(SIGNATURE, signature), (settings, header)];
        let request = post("foo=1&bar=2", &headers, &encode(VECTOR_FORM));
        assert_eq!(status(&*channel, &request), expected, "{header}");
    }
    let twice = [
        (SIGNATURE, sha256),
        (settings, "key=WK7,algorithm=HMAC_SHA256"),
        (settings, "key=WK7,algorithm=HMAC_SHA256"),
    ];
    assert_eq!(status(&*channel, &post("foo=1&bar=2", &twice, &encode(VECTOR_FORM))), 403);
}

#[test]
fn the_auth_token_signs_nothing_that_names_a_shared_key() {
    let signature = sign(hmac::HMAC_SHA256, TOKEN, WEBHOOK, FORM);
    let header = ("x-twilio-webhooks-signature-settings", "key=WK7,algorithm=HMAC_SHA256");
    let request = post("", &[(SIGNATURE, &signature), header], &encode(FORM));
    assert_eq!(status(sms(), &request), 403);
}

/// The body, hash and signature in the tests of Twilio's Node library.
#[test]
fn json_is_bound_by_its_hash() {
    let body = r#"{"property": "value", "boolean": true}"#;
    let hash = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";
    let signature = "a9nBmqA0ju/hNViExpshrM61xv4=";
    let channel = channel_with(&[("auth_token", "12345"), ("webhook_url", VECTOR_URL)]);
    let request = |query: String, body: &str| {
        let mut request = post(&query, &[(SIGNATURE, signature)], body);
        request.headers[0].1 = "application/json".to_owned();
        request
    };
    let query = format!("foo=1&bar=2&bodySHA256={hash}");
    assert_eq!(status(&*channel, &request(query.clone(), body)), 200);
    assert_eq!(status(&*channel, &request(query.clone(), &body.replace("true", "false"))), 403);
    assert_eq!(status(&*channel, &request(query.clone(), "")), 403);
    assert_eq!(status(&*channel, &request(query.to_uppercase(), body)), 403);
    // Signed over the address alone, with nothing that binds the body.
    let signature = sign_sha1("12345", VECTOR_URL, &[]);
    let mut unbound = request("foo=1&bar=2".to_owned(), body);
    unbound.headers[1].1 = signature;
    assert_eq!(status(&*channel, &unbound), 403);
    unbound.headers.remove(0);
    assert_eq!(status(&*channel, &unbound), 403, "of no type");
}

#[test]
fn json_says_what_a_form_says() {
    let fields: serde_json::Map<_, _> =
        FORM.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    let body = serde_json::Value::Object(fields).to_string();
    let hash: String = digest::digest(&digest::SHA256, body.as_bytes())
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let query = format!("bodySHA256={hash}");
    let signature = sign_sha1(TOKEN, &format!("{WEBHOOK}?{query}"), &[]);
    let mut request = post(&query, &[(SIGNATURE, &signature)], &body);
    request.headers[0].1 = "application/json".to_owned();
    let Received::Store { events, .. } = sms().receive(&request) else { panic!("refused") };
    assert_eq!(events, receive(sms(), "", FORM));
}

#[test]
fn a_bad_signature_is_refused_without_a_hint() {
    let good = sign_sha1(TOKEN, WEBHOOK, FORM);
    let foreign = sign_sha1("another-tenants-token", WEBHOOK, FORM);
    let elsewhere = sign_sha1(TOKEN, "https://baton.sample.example/hooks/8", FORM);
    let plain = sign_sha1(TOKEN, &WEBHOOK.replace("https", "http"), FORM);
    let sha256 = sign(hmac::HMAC_SHA256, TOKEN, WEBHOOK, FORM);
    let (spaced, listed) = (format!("{good} "), format!("{good},{good}"));
    let bad = ["", "=", &good[1..], &foreign, &elsewhere, &plain, &sha256, &spaced, &listed];
    for value in bad {
        assert_eq!(signed(sms(), value, FORM), 403, "{value:?}");
    }
    let body = encode(FORM);
    assert_eq!(status(sms(), &post("", &[], &body)), 403, "absent");
    let twice = [(SIGNATURE, &*good), (SIGNATURE, &*good)];
    assert_eq!(status(sms(), &post("", &twice, &body)), 403, "twice");
    assert_eq!(status(sms(), &post("a=1", &[(SIGNATURE, &good)], &body)), 403, "a query");
    assert_eq!(signed(sms(), &good, FORM), 200, "the good one");
}

#[test]
fn every_parameter_is_signed() {
    let good = sign_sha1(TOKEN, WEBHOOK, FORM);
    for (at, (name, _)) in FORM.iter().enumerate() {
        let mut changed = FORM.to_vec();
        changed.remove(at);
        // An empty one adds its name alone.
        assert_eq!(signed(sms(), &good, &changed), 403, "{name}");
    }
    let mut added = FORM.to_vec();
    added.push(("NewParameter", ""));
    assert_eq!(signed(sms(), &good, &added), 403);
    let trimmed = sign_sha1(TOKEN, WEBHOOK, &[("MessageSid", "SM1"), ("Body", "x")]);
    assert_eq!(signed(sms(), &trimmed, &[("MessageSid", "SM1"), ("Body", " x ")]), 403);
}

#[test]
fn repeated_values_count_once_and_in_order() {
    let signature = sign_sha1(TOKEN, WEBHOOK, &[("MessageSid", "SM1"), ("a", "1"), ("a", "2")]);
    for form in [
        &[("a", "2"), ("MessageSid", "SM1"), ("a", "1")][..],
        &[("a", "1"), ("a", "2"), ("a", "1"), ("MessageSid", "SM1")],
    ] {
        assert_eq!(signed(sms(), &signature, form), 200);
    }
    assert_eq!(signed(sms(), &signature, &[("MessageSid", "SM1"), ("a", "1")]), 403);
}

#[test]
fn both_tokens_count_while_one_is_being_changed() {
    let channel = channel_with(&[("auth_token_secondary", "the-new-one")]);
    for (token, expected) in [(TOKEN, 200), ("the-new-one", 200), ("a-third", 403)] {
        let signature = sign_sha1(token, WEBHOOK, FORM);
        assert_eq!(signed(&*channel, &signature, FORM), expected, "{token}");
    }
}

#[test]
fn an_api_key_signs_no_webhooks() {
    let secret = "0123456789abcdef";
    let channel = channel_with(&[
        ("api_key_sid", "SK0123456789abcdef0123456789abcdef"),
        ("api_key_secret", secret),
    ]);
    assert_eq!(signed(&*channel, &sign_sha1(secret, WEBHOOK, FORM), FORM), 403);
    assert_eq!(signed(&*channel, &sign_sha1(TOKEN, WEBHOOK, FORM), FORM), 200);
}

#[test]
fn overrides_behind_the_address_are_not_signed() {
    let channel = channel_with(&[("webhook_url", &format!("{WEBHOOK}#rc=2&rp=all"))]);
    assert_eq!(signed(&*channel, &sign_sha1(TOKEN, WEBHOOK, FORM), FORM), 200);
}

#[test]
fn other_methods_are_refused() {
    for method in ["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "post", ""] {
        let request = RawRequest { method: method.into(), ..RawRequest::default() };
        assert_eq!(sms().receive(&request), Received::Answer(Answer::status(405)), "{method}");
    }
}

#[test]
fn a_repeated_request_has_the_same_ids_and_every_id_is_its_own() {
    let mut seen = std::collections::HashSet::new();
    for (name, form) in fixtures("sms").into_iter().chain(fixtures("sms_statuses")) {
        let first = receive(sms(), "", &pairs(&form));
        assert_eq!(first, receive(sms(), "", &pairs(&form)));
        for event in first {
            assert!(seen.insert(event.vendor_event_id.clone().unwrap()), "{name}: {event:?}");
        }
    }
}

#[test]
fn without_a_message_the_token_of_the_request_tells_repeats_apart() {
    let form = [("Hello", "1")];
    let signature = sign_sha1(TOKEN, WEBHOOK, &form);
    let id = |token: &str| {
        let headers = [(SIGNATURE, &*signature), ("i-twilio-idempotency-token", token)];
        match sms().receive(&post("", &headers, &encode(&form))) {
            Received::Store { mut events, .. } => events.remove(0).vendor_event_id,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(id("a"), id("a"));
    assert_ne!(id("a"), id("b"));
}

#[test]
fn keys_fit_an_index() {
    let long = "9".repeat(100_000);
    let form = [("MessageSid", &*long), ("From", &*long), ("MessageStatus", &*long)];
    for form in [&form[..], &form[..2]] {
        let event = receive(sms(), "", form).remove(0);
        assert!(event.source_key.len() < 300 && event.vendor_event_id.unwrap().len() < 500);
    }
}

proptest! {
    #[test]
    fn whatever_is_signed_is_stored_and_read_or_parked(form in proptest::collection::vec((".{0,20}", ".{0,40}"), 0..20)) {
        let form: Vec<(&str, &str)> = form.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        for event in receive(sms(), "", &form) {
            prop_assert!(!event.body.contains('\0'));
            let _ = sms().parse(&event);
        }
    }

    #[test]
    fn arbitrary_bytes_never_pass(query in ".{0,40}", signature in ".{0,40}", body in ".{0,80}") {
        let request = post(&query, &[(SIGNATURE, &signature)], &body);
        prop_assert_eq!(status(sms(), &request), 403);
    }
}
