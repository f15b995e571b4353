//! Frames of the stream in our words: made from Salesforce's public schema.

use baton_core::{
    desk::{DeskEventKind, RepMessage},
    inbound::RawEvent,
    interactive::Offer,
    message::Content,
};
use serde_json::{Value, json};

use crate::support::*;

const CONVERSATION: &str = "0b1d7a1e-4c1f-4a5e-9d2a-000000000001";
const ENTRY: &str = "c4b1e6f0-7a53-4a1c-8a3e-000000000001";

fn frames() -> Value {
    let text = include_str!("../../src/salesforce/fixtures/events.json");
    serde_json::from_str(text).unwrap()
}

/// The frame of that name, with its payload as JSON text or as an object.
fn event(frame: &Value, as_text: bool) -> RawEvent {
    let mut frame = frame.clone();
    if as_text {
        let payload = &mut frame["conversationEntry"]["entryPayload"];
        *payload = json!(payload.to_string());
    }
    RawEvent {
        vendor_event_id: Some("1".to_owned()),
        source_key: CONVERSATION.to_owned(),
        body: frame.to_string(),
    }
}

fn kinds(name: &str, more: Value) -> Vec<DeskEventKind> {
    let desk = desk_with(more);
    let frame = &frames()[name];
    assert!(frame.is_object(), "no frame {name}");
    let of = |as_text| -> Vec<DeskEventKind> {
        let events = understood(&*desk, &event(frame, as_text));
        assert!(events.iter().all(|event| event.work.as_str() == CONVERSATION));
        events.into_iter().map(|event| event.what).collect()
    };
    assert_eq!(of(true), of(false), "{name}");
    of(true)
}

fn messages(name: &str) -> Vec<RepMessage> {
    let message = |kind| match kind {
        DeskEventKind::Message(message) => Some(message),
        _ => None,
    };
    kinds(name, json!({})).into_iter().filter_map(message).collect()
}

fn only(name: &str) -> Content {
    let mut all = messages(name);
    assert_eq!(all.len(), 1, "{name}: {all:?}");
    all.remove(0).content
}

#[test]
fn a_reps_words_bring_who_when_and_which_session() {
    let all = kinds("text", json!({}));
    let [DeskEventKind::Learned(learned), DeskEventKind::Message(message)] = &all[..] else {
        panic!("{all:?}");
    };
    assert_eq!(learned.metadata["salesforce_messaging_session_id"], "0Mw000000000001AAA");
    assert_eq!(message.vendor_id.as_ref().unwrap().as_str(), ENTRY);
    assert_eq!(message.rep.as_deref(), Some("Dana R"));
    assert_eq!(message.at.unwrap().0, 1_760_000_000_123);
    assert_eq!(message.content, Content::text("Hello"));
}

#[test]
fn links_are_words_that_lead_there() {
    assert_eq!(only("links"), Content::text("https://a.example/x"));
    assert_eq!(only("rich_link"), Content::text("Your parcel\nhttps://a.example/x"));
}

#[test]
fn choices_are_tapped_where_they_fit_and_numbered_where_not() {
    let Content::Interactive { text, offer: Offer::Buttons { buttons }, .. } = only("buttons")
    else {
        panic!("no buttons");
    };
    assert_eq!(text, "Which day?");
    assert_eq!(buttons[0].title, "Monday");
    assert_eq!(buttons[0].id, format!("sf/{ENTRY}/opt-1"));
    let Content::Interactive { offer: Offer::List { sections, .. }, .. } = only("list") else {
        panic!("no list");
    };
    assert_eq!(sections[0].rows.len(), 4);
    assert_eq!(sections[0].rows[1].description.as_deref(), Some("until noon"));
    assert_eq!(
        only("long_choices"),
        Content::text("Which one?\n1. A title that is far too long for a button or a row\n2. B")
    );
}

#[test]
fn a_form_is_words_with_its_fields_numbered() {
    assert_eq!(
        only("form"),
        Content::text("About you\n1. Your name\n2. Your size (S / M / L)\n3. Delivery day")
    );
}

#[test]
fn files_have_ids_of_their_own_and_one_that_is_coming_in_is_waited_for() {
    let all = messages("files");
    let ids: Vec<&str> = all.iter().map(|m| m.vendor_id.as_ref().unwrap().as_str()).collect();
    assert_eq!(ids, [ENTRY.to_owned(), format!("{ENTRY}#2")]);
    let Content::Media { caption, mime_type, vendor_id, .. } = &all[0].content else {
        panic!("{all:?}");
    };
    assert_eq!(caption.as_deref(), Some("both labels"));
    assert_eq!(mime_type.as_deref(), Some("application/pdf"));
    assert!(vendor_id.as_ref().unwrap().as_str().starts_with("https://"));
    assert_eq!(kinds("pending_file", json!({})), [DeskEventKind::Changed]);
    assert_eq!(kinds("updated", json!({})), [DeskEventKind::Changed]);
}

#[test]
fn what_is_internal_automatic_or_a_bots_is_kept_unless_it_is_wanted() {
    let is_ignored = |kinds: &[DeskEventKind]| {
        !kinds.iter().any(|kind| matches!(kind, DeskEventKind::Message(_)))
    };
    for (name, setting) in
        [("greeting", "relay_greetings"), ("automatic", "relay_greetings"), ("bot", "relay_bots")]
    {
        assert!(is_ignored(&kinds(name, json!({}))), "{name}");
        assert!(!is_ignored(&kinds(name, json!({ setting: "yes" }))), "{name}");
    }
    let all = json!({ "relay_greetings": "yes", "relay_bots": "yes" });
    for name in ["internal", "echo"] {
        assert!(is_ignored(&kinds(name, all.clone())), "{name}");
    }
}

#[test]
fn a_kind_of_message_that_nobody_knows_is_shown_as_one() {
    assert_eq!(
        only("unknown_format"),
        Content::Unsupported { kind: "Hologram".to_owned(), note: None }
    );
    assert_eq!(only("payment"), Content::text("Please pay 12 EUR"));
}

#[test]
fn participants_come_and_go_without_an_end() {
    assert_eq!(
        kinds("participants", json!({})),
        [
            DeskEventKind::Moved { what: "the rep left (Dana R)".to_owned() },
            DeskEventKind::Accepted { rep: Some("Kim V".to_owned()) },
        ]
    );
}

#[test]
fn a_failed_transfer_is_no_end_and_a_failed_beginning_fails_the_handoff() {
    let all = kinds("transfer_failed", json!({}));
    assert_eq!(
        all.last(),
        Some(&DeskEventKind::Moved { what: "the transfer failed: No reps online".to_owned() })
    );
    let all = kinds("routing_failed", json!({}));
    let Some(DeskEventKind::Failed { why }) = all.last() else { panic!("{all:?}") };
    assert!(why.ends_with("could not route it: RoutingError; queue is missing"), "{why}");
}

#[test]
fn the_wait_is_told_only_where_it_is_known() {
    let wait = |name| kinds(name, json!({})).pop().unwrap();
    assert_eq!(wait("routed"), DeskEventKind::Waiting { position: None, wait_ms: Some(95_000) });
    assert!(matches!(wait("routed_unasked"), DeskEventKind::Ignored { .. }));
    assert_eq!(wait("position"), DeskEventKind::Waiting { position: Some(3), wait_ms: None });
}

#[test]
fn what_cannot_be_read_is_parked_and_what_is_new_is_ignored() {
    let desk = desk_with(json!({}));
    let raw = |body: &str| RawEvent {
        vendor_event_id: None,
        source_key: CONVERSATION.to_owned(),
        body: body.to_owned(),
    };
    for body in ["", "[]", "{\"conversationId\":\"0b1d7a1e-4c1f-4a5e-9d2a-000000000001\"}"] {
        assert_eq!(desk.parse(&raw(body)).unwrap_err().code, "malformed", "{body}");
    }
    let mut broken = frames()["text"].clone();
    broken["conversationEntry"]["entryPayload"] = json!("{not json");
    assert_eq!(desk.parse(&raw(&broken.to_string())).unwrap_err().code, "malformed");
    let mut foreign = frames()["text"].clone();
    foreign["conversationId"] = json!("another");
    assert_eq!(desk.parse(&raw(&foreign.to_string())).unwrap_err().code, "foreign");
    let mut new = frames()["text"].clone();
    new["conversationEntry"]["entryType"] = json!("SomethingNew");
    let events = desk.parse(&raw(&new.to_string())).unwrap();
    assert!(matches!(events[0].what, DeskEventKind::Ignored { .. }));
}
