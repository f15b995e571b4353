//! What reps do, in our words.

use baton_core::{
    desk::{DeskEventKind, RepMessage},
    inbound::RawEvent,
    message::{Content, MediaKind},
};
use serde_json::{Value, json};

use crate::support::*;

fn event(body: &str) -> RawEvent {
    RawEvent { vendor_event_id: None, source_key: CHAT.to_owned(), body: body.to_owned() }
}

fn parsed(body: &Value) -> Vec<DeskEventKind> {
    let events = desk().parse(&event(&body.to_string())).unwrap();
    assert!(events.iter().all(|event| event.work.as_str() == CHAT));
    events.into_iter().map(|event| event.what).collect()
}

fn text(rep: Option<&str>, words: &str) -> DeskEventKind {
    DeskEventKind::Message(RepMessage {
        vendor_id: None,
        rep: rep.map(str::to_owned),
        at: None,
        content: Content::text(words),
    })
}

/// The samples of Microsoft's page, with our conversation in them.
#[test]
fn the_documented_samples_are_understood() {
    let samples: Vec<Value> =
        serde_json::from_str(include_str!("../../src/dynamics365/fixtures/webhooks.json")).unwrap();
    let kinds: Vec<DeskEventKind> = samples.iter().flat_map(parsed).collect();
    let closed = "the rep closed the session; the conversation waits".to_owned();
    assert_eq!(
        kinds,
        [
            DeskEventKind::Accepted { rep: None },
            DeskEventKind::Typing,
            text(Some("Rae Rep"), "hello"),
            DeskEventKind::Message(RepMessage {
                vendor_id: None,
                rep: Some("Rae Rep".to_owned()),
                at: None,
                content: Content::Media {
                    kind: MediaKind::Image,
                    caption: None,
                    file_name: Some("issue (1).jpg".to_owned()),
                    mime_type: Some("image/jpeg".to_owned()),
                    vendor_id: Some("https://files.example/1".into()),
                    sha256: None,
                    voice: false,
                    file: None,
                },
            }),
            DeskEventKind::Moved { what: closed },
            DeskEventKind::Ended { by: "Dynamics 365".to_owned() },
        ]
    );
}

#[test]
fn a_name_makes_an_event_whatever_the_type_says() {
    let ended = |by: &str| DeskEventKind::Ended { by: by.to_owned() };
    let ignored = |why: &str| DeskEventKind::Ignored { why: why.to_owned() };
    for (name, expected) in [
        ("AgentAccepted", DeskEventKind::Accepted { rep: None }),
        ("agentaccepted", DeskEventKind::Accepted { rep: None }),
        ("PrimaryAgentEndConversation", ended("the rep")),
        ("SupervisorForceClosedConversation", ended("a supervisor")),
        ("ConversationClose", ended("Dynamics 365")),
        ("ConversationClosed", ended("Dynamics 365")),
        ("OutOfOperatingHoursDueToHoliday", DeskEventKind::OutOfHours),
        ("OutOfOperatingHoursDueToNonWorkingHours", DeskEventKind::OutOfHours),
        (
            "TransferToQueueInitiated",
            DeskEventKind::Moved { what: "being transferred to another queue".to_owned() },
        ),
        ("CustomerDisconnected", ignored("the customer's side ended")),
        ("SomethingNew", ignored("event SomethingNew")),
    ] {
        for kind in ["message", "event", "typing"] {
            let words = format!("EventName: **_{name}_**");
            let body = json!({ "type": kind, "name": name, "text": words });
            assert_eq!(parsed(&body), std::slice::from_ref(&expected), "{kind} {name}");
        }
    }
}

#[test]
fn an_event_that_only_its_text_betrays_is_not_relayed() {
    for words in ["EventName: **_AgentAccepted_**", " eventname:AgentAccepted "] {
        let body = json!({ "type": "message", "from": { "id": "r" }, "text": words });
        assert_eq!(parsed(&body), [DeskEventKind::Accepted { rep: None }], "{words}");
    }
    let unknown = json!({ "type": "message", "text": "EventName: **_Novelty_**" });
    assert_eq!(parsed(&unknown), [DeskEventKind::Ignored { why: "event Novelty".to_owned() }]);
    let words = "EventName: what does that mean?";
    let spoken = json!({ "type": "message", "from": { "id": "r", "name": "R" }, "text": words });
    assert_eq!(parsed(&spoken), [text(Some("R"), words)]);
}

#[test]
fn keys_are_read_whatever_their_case() {
    let body = json!({
        "Type": "message", "From": { "Id": "r", "Name": "R" }, "Text": "**Hi** _you_",
        "TextFormat": "markdown", "Conversation": { "ID": CHAT.to_uppercase() },
    });
    assert_eq!(parsed(&body), [text(Some("R"), "Hi you")]);
}

#[test]
fn what_came_from_us_is_never_relayed() {
    let automated = json!({ "messagingapi-oc": { "type": "AutomatedMessage" } });
    for body in [
        json!({ "type": "message", "from": { "id": "x" }, "text": "hi", "channelData": automated }),
        json!({ "type": "message", "from": { "id": "baton:1" }, "text": "I need help" }),
        json!({ "type": "message", "text": "[Baton] Transcript, part 1 of 2" }),
        json!({ "type": "message", "from": { "id": "q", "name": "Baton" }, "text": "[Baton] Handoff" }),
        json!({ "type": "message", "from": { "id": "r" } }),
        json!({ "type": "message", "text": "  ", "attachments": null }),
        json!({ "type": "event" }),
        json!({ "type": "conversationUpdate" }),
        json!({}),
    ] {
        let kinds = parsed(&body);
        assert!(matches!(kinds[..], [DeskEventKind::Ignored { .. }]), "{body} {kinds:?}");
    }
}

#[test]
fn a_rep_may_quote_our_notes() {
    let body = json!({
        "type": "message", "from": { "id": "r", "name": "R" }, "text": "[Baton] says it failed",
    });
    assert_eq!(parsed(&body), [text(Some("R"), "[Baton] says it failed")]);
}

#[test]
fn several_files_are_several_messages_and_the_words_stand_with_the_first() {
    let file =
        |name: &str| json!({ "contentType": "application/pdf", "contentUrl": name, "name": name });
    let body = json!({
        "type": "message", "from": { "id": "r" }, "text": "see these",
        "attachments": [file("a"), file("b")],
    });
    let captions: Vec<Option<String>> = parsed(&body)
        .into_iter()
        .map(|kind| match kind {
            DeskEventKind::Message(RepMessage {
                content: Content::Media { caption, .. }, ..
            }) => caption,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(captions, [Some("see these".to_owned()), None]);
}

#[test]
fn what_cannot_be_understood_is_parked() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for (body, code) in [
        ("", "malformed"),
        ("<html>", "malformed"),
        ("[]", "malformed"),
        (r#"{"text":"\ud800"}"#, "malformed"),
        (r#"{"attachments":"x"}"#, "malformed"),
        (deep.as_str(), "malformed"),
        (r#"{"type":"message","conversation":{"id":"another"},"text":"x"}"#, "foreign"),
    ] {
        let fault = desk().parse(&event(body)).unwrap_err();
        assert_eq!(fault.code, code, "{}", body.chars().take(60).collect::<String>());
    }
}
