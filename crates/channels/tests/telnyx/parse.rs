use std::fmt::Write as _;

use baton_core::inbound::RawEvent;
use proptest::prelude::*;

use crate::support::{channel, fixtures, receive};

/// Every payload of a file: what is stored, and what it says.
fn story(file: &str) -> String {
    let mut out = String::new();
    for (name, body) in fixtures(file) {
        writeln!(out, "# {name}").unwrap();
        for event in receive(body.to_string().as_bytes()) {
            let id = event.vendor_event_id.as_deref().unwrap_or("-");
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
fn messages() {
    insta::assert_snapshot!("messages", story("messages"));
}

#[test]
fn reports() {
    insta::assert_snapshot!("reports", story("reports"));
}

#[test]
fn a_fault_never_shows_the_customers_words() {
    let mut body = fixtures("messages").remove("text").unwrap();
    body["data"]["payload"]["text"] = serde_json::json!(["my card is 4111"]);
    let fault = channel().parse(&receive(body.to_string().as_bytes())[0]).unwrap_err();
    assert!(!fault.text.contains("4111"), "{}", fault.text);
}

proptest! {
    #[test]
    fn any_stored_text_is_read_or_parked(body in ".{0,300}") {
        let event = RawEvent { vendor_event_id: None, source_key: String::new(), body };
        let _ = channel().parse(&event);
    }
}
