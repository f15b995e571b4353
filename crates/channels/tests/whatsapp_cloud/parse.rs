use std::fmt::Write as _;

use baton_core::channel::ChannelEvent;
use baton_core::inbound::{ParseFault, RawEvent};
use baton_core::message::Content;
use proptest::prelude::*;

use crate::support::{batch, channel, fixtures, receive, text};

/// Every payload of a file: what is stored, and what it says.
fn story(file: &str) -> String {
    let mut out = String::new();
    for (name, body) in fixtures(file) {
        writeln!(out, "# {name}").unwrap();
        for event in receive(body.to_string().as_bytes()) {
            let id = event.vendor_event_id.as_deref().unwrap_or("-");
            let id = if id.starts_with("x:") { "(hash)" } else { id };
            writeln!(out, "{id} of {}", event.source_key).unwrap();
            match channel().parse(&event) {
                Ok(events) => events.iter().for_each(|e| writeln!(out, "{e:?}").unwrap()),
                Err(fault) => writeln!(out, "PARKED {}: {}", fault.code, fault.text).unwrap(),
            }
        }
        out.push('\n');
    }
    out
}

#[test]
fn every_message_type() {
    insta::assert_snapshot!("messages", story("messages"));
}

#[test]
fn statuses() {
    insta::assert_snapshot!("statuses", story("statuses"));
}

#[test]
fn other_fields() {
    insta::assert_snapshot!("fields", story("fields"));
}

fn parse(event: &RawEvent) -> Result<Content, ParseFault> {
    let events = channel().parse(event)?;
    match &events[..] {
        [ChannelEvent::Message(message)] => Ok(message.content.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_poisoned_item_leaves_its_neighbours_alone() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_object = format!("{}1{}", r#"{"a":"#.repeat(100_000), "}".repeat(100_000));
    let poisons = [
        r#"{"from":"15550139999","id":"wamid.x","timestamp":"1","type":"text","text":5}"#.to_owned(),
        r#"{"id":"wamid.x"}"#.to_owned(),
        "null".to_owned(),
        "7".to_owned(),
        "[]".to_owned(),
        deep.clone(),
        format!(r#"{{"from":"15550139999","id":"wamid.x","timestamp":"1","type":"text","text":{deep}}}"#),
        format!(r#"{{"from":"15550139999","id":"wamid.x","timestamp":"1","type":{deep_object}}}"#),
        r#"{"from":"15550139999","id":"wamid.x","timestamp":"-5","type":"text","text":{"body":"x"}}"#.to_owned(),
    ];
    for poison in poisons {
        let mut items: Vec<String> = (0..999).map(|n| text(n, "hello")).collect();
        items.insert(500, poison.clone());
        let events = receive(batch(&items).as_bytes());
        assert_eq!(events.len(), 1_000);
        let shown = &poison[..poison.len().min(80)];
        let parsed: Vec<_> = events.iter().map(parse).collect();
        assert_eq!(parsed.iter().filter(|p| **p == Ok(Content::text("hello"))).count(), 999);
        assert_eq!(parsed[500].as_ref().unwrap_err().code, "malformed", "{shown}");
    }
}

#[test]
fn text_that_no_database_can_hold_is_mended() {
    for (sent, read) in [
        (r"a\u0000b", "a\u{fffd}b"),
        (r"a\ud83d", "a\u{fffd}"),
        (r"\ude00b", "\u{fffd}b"),
        (r"\ud83d\ud83d\ude00", "\u{fffd}😀"),
        (r"\ud83d\ude00 \uD83D\uDE00", "😀 😀"),
        (r"\ud83d\\ude00", "\u{fffd}\\ude00"),
        (r"C:\\u0000 \\\u0000", "C:\\u0000 \\\u{fffd}"),
        (r"\u00e9 \n \/", "é \n /"),
        ("\u{1}\t", "  "),
    ] {
        let events = receive(batch(&[text(1, sent), text(2, "hello")]).as_bytes());
        assert_eq!(parse(&events[0]), Ok(Content::text(read)), "{sent}");
        assert_eq!(parse(&events[1]), Ok(Content::text("hello")), "{sent}");
    }
    let mut body = batch(&[text(1, "caf?"), text(2, "hello")]).into_bytes();
    let at = body.iter().position(|b| *b == b'?').unwrap();
    body[at] = 0xE9;
    let events = receive(&body);
    assert_eq!(parse(&events[0]), Ok(Content::text("caf\u{fffd}")));
    assert_eq!(parse(&events[1]), Ok(Content::text("hello")));
}

#[test]
fn depth_beside_what_is_read_does_no_harm() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let item = format!(
        r#"{{"from":"15550139999","id":"wamid.x","timestamp":"1","type":"text","new":{deep},"text":{{"body":"hello","new":{deep}}}}}"#
    );
    assert_eq!(parse(&receive(batch(&[item]).as_bytes())[0]), Ok(Content::text("hello")));
}

#[test]
fn a_fault_never_shows_the_customers_words() {
    let item = r#"{"from":"15550139999","id":"wamid.x","timestamp":"1","type":"text","text":"my card is 4111"}"#;
    let fault = parse(&receive(batch(&[item.to_owned()]).as_bytes())[0]).unwrap_err();
    assert!(!fault.text.contains("4111"), "{}", fault.text);
}

proptest! {
    #[test]
    fn whatever_is_stored_can_be_read_or_parked(body in ".{0,300}") {
        for event in receive(body.as_bytes()) {
            let _ = channel().parse(&event);
        }
        for event in receive(batch(&[body]).as_bytes()) {
            let _ = channel().parse(&event);
        }
    }

    #[test]
    fn any_stored_text_is_read_or_parked(body in ".{0,300}") {
        let event = RawEvent { vendor_event_id: None, source_key: String::new(), body };
        let _ = channel().parse(&event);
    }
}
