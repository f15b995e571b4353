use baton_core::inbound::{Answer, RawRequest, Received};
use proptest::prelude::*;

use crate::support::{NOW, channel, fixtures, post, receive, sign};

const SIGNATURE: &str = "telnyx-signature-ed25519";
const TIME: &str = "telnyx-timestamp";

fn status(headers: &[(&str, &str)], body: &[u8]) -> u16 {
    match channel().receive(&post(headers, body)) {
        Received::Answer(answer) => {
            assert_eq!(answer, Answer::status(answer.status), "no hint");
            answer.status
        }
        Received::Store { answer, .. } => answer.status,
        Received::StaleKeys => panic!("no keys to fetch here"),
    }
}

/// Signed by Node's crypto module with the private key of 32 sevens.
#[test]
fn another_hands_signature_verifies() {
    let body = br#"{"data":{"id":"e1"}}"#;
    let signature =
        "+RIsP7l06GnWV8cAzgaTBsuEE2W7E2cQnWZjVJh9uF3VsaCmJk1lkpgOLGA6kAHkdNJ3stIGEjtH9FUeCAtFBA==";
    let time = NOW.to_string();
    assert_eq!(status(&[(SIGNATURE, signature), (TIME, &time)], body), 200);
    assert_eq!(status(&[(SIGNATURE, signature), (TIME, &time)], br#"{"data":{"id":"e2"}}"#), 403);
    let later = (NOW + 1).to_string();
    assert_eq!(status(&[(SIGNATURE, signature), (TIME, &later)], body), 403);
}

#[test]
fn a_bad_signature_is_refused_without_a_hint() {
    let body = fixtures("messages")["text"].to_string();
    let body = body.as_bytes();
    let good = sign(7, NOW, body);
    let time = NOW.to_string();
    let foreign = sign(8, NOW, body);
    let bare = sign(7, NOW, b"");
    let spaced = format!("{good} ");
    for value in ["", "AAAA", &good[1..], &foreign, &bare, &spaced] {
        assert_eq!(status(&[(SIGNATURE, value), (TIME, &time)], body), 403, "{value:?}");
    }
    assert_eq!(status(&[(SIGNATURE, &good)], body), 403, "no time");
    assert_eq!(status(&[(TIME, &time)], body), 403, "no signature");
    let twice = [(SIGNATURE, &*good), (TIME, &*time), (TIME, &*time)];
    assert_eq!(status(&twice, body), 403, "twice");
    assert_eq!(status(&[(SIGNATURE, &good), (TIME, &time)], body), 200, "the good one");
}

#[test]
fn a_signature_is_good_for_five_minutes() {
    let body = b"{}";
    for (age, expected) in [(0, 200), (300, 200), (301, 403), (-300, 200), (-301, 403), (NOW, 403)]
    {
        let at = NOW - age;
        let (signature, time) = (sign(7, at, body), at.to_string());
        assert_eq!(status(&[(SIGNATURE, &signature), (TIME, &time)], body), expected, "{age}");
    }
    for time in ["", "soon", "9223372036854775807", "-9223372036854775808", "1e9"] {
        assert_eq!(status(&[(SIGNATURE, &sign(7, NOW, body)), (TIME, time)], body), 403);
    }
}

#[test]
fn other_methods_are_refused() {
    for method in ["GET", "PUT", "DELETE", "post", ""] {
        let request = RawRequest { method: method.into(), ..RawRequest::default() };
        assert_eq!(channel().receive(&request), Received::Answer(Answer::status(405)), "{method}");
    }
}

#[test]
fn a_repeated_request_has_the_same_ids_and_every_id_is_its_own() {
    let mut seen = std::collections::HashSet::new();
    for (name, mut body) in fixtures("messages").into_iter().chain(fixtures("reports")) {
        let first = receive(body.to_string().as_bytes());
        body["meta"]["attempt"] = 2.into();
        let again = receive(body.to_string().as_bytes());
        let ids = |events: &[baton_core::inbound::RawEvent]| -> Vec<_> {
            events.iter().map(|event| event.vendor_event_id.clone().unwrap()).collect()
        };
        assert_eq!(ids(&first), ids(&again), "{name}");
        for id in ids(&first) {
            assert!(seen.insert(id), "{name}");
        }
    }
}

#[test]
fn what_is_signed_but_not_understood_is_kept() {
    for body in
        ["", "{", "null", "[]", "hello", "{}", r#"{"data":{}}"#, r#"{"data":{"event_type":"x"}}"#]
    {
        let events = receive(body.as_bytes());
        assert_eq!(events.len(), 1, "{body}");
        assert_eq!(channel().parse(&events[0]).unwrap_err().code, "malformed", "{body}");
    }
}

proptest! {
    #[test]
    fn whatever_is_signed_is_stored_and_read_or_parked(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let events = receive(&body);
        prop_assert!(!events.is_empty());
        for event in events {
            prop_assert!(!event.body.contains('\0'));
            let _ = channel().parse(&event);
        }
    }

    #[test]
    fn arbitrary_headers_never_pass(signature in ".{0,90}", time in "[0-9]{0,11}") {
        prop_assert_eq!(status(&[(SIGNATURE, &signature), (TIME, &time)], b"{}"), 403);
    }
}
