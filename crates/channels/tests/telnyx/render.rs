use baton_core::{
    channel::{Call, Channel, Outbound, What},
    contact::{Contact, Point, PointKind},
    fault::{Fault, FaultClass},
    file::{MediaFile, StoredFile},
    ids::{ContactId, DeliveryId, FileId, WorkspaceId},
    interactive::{Button, Offer},
    message::{Content, MediaKind},
    template::TemplateUse,
};
use serde_json::json;

use crate::support::{PROFILE, SENDER, WEBHOOK, channel, channel_with};

const DELIVERY: &str = "0190f5c3-7d3c-7c44-9a54-6b1f0c6d0a01";

fn contact(kind: PointKind, value: &str) -> Contact {
    Contact {
        id: ContactId::read("0190f5c3-7d3c-7c44-9a54-6b1f0c6d0a02").unwrap(),
        workspace: WorkspaceId::read("0190f5c3-7d3c-7c44-9a54-6b1f0c6d0a03").unwrap(),
        name: None,
        points: vec![Point::new(kind, value)],
    }
}

fn render(channel: &dyn Channel, what: What<'_>) -> Result<Call, Fault> {
    let delivery = DeliveryId::read(DELIVERY).unwrap();
    let to = contact(PointKind::Phone, "15550133001");
    let file_url = Some("https://baton.sample.example/f/1");
    channel.render(&Outbound { delivery, to: &to, what, reply_to: None, file_url })
}

#[test]
fn a_text() {
    let content = Content::text("**Hello** “you” – bye");
    let call = render(channel(), What::Content(&content)).unwrap();
    assert_eq!(call.operation, "message");
    assert_eq!(
        call.body,
        json!({
            "from": SENDER, "to": "+15550133001", "text": "Hello \"you\" - bye",
            "webhook_url": format!("{WEBHOOK}?delivery={DELIVERY}"),
        })
    );
    let bare = channel_with(&[("webhook_url", ""), ("messaging_profile_id", PROFILE)]);
    let call = render(&*bare, What::Content(&content)).unwrap();
    assert_eq!(call.body.get("webhook_url"), None);
    assert_eq!(call.body["messaging_profile_id"], PROFILE);
}

#[test]
fn choices_and_templates_are_words() {
    let offer = Offer::Buttons { buttons: vec![Button { id: "y".into(), title: "Yes".into() }] };
    let content = Content::Interactive { text: "Good?".into(), header: None, footer: None, offer };
    let call = render(channel(), What::Content(&content)).unwrap();
    assert_eq!(call.body["text"], "Good?\n1. Yes");
    let template = TemplateUse { text: "Write to us again".into(), ..TemplateUse::default() };
    let call = render(channel(), What::Template(&template)).unwrap();
    assert_eq!(call.body["text"], "Write to us again");
}

fn file(size_bytes: u64) -> Content {
    let stored = StoredFile {
        id: FileId::read("0190f5c3-7d3c-7c44-9a54-6b1f0c6d0a04").unwrap(),
        size_bytes,
        mime_type: "image/jpeg".into(),
        name: "box.jpg".into(),
        sha256: "00".repeat(32),
    };
    Content::Media {
        kind: MediaKind::Image,
        caption: Some("The box".into()),
        file_name: None,
        mime_type: None,
        vendor_id: None,
        sha256: None,
        voice: false,
        file: Some(MediaFile::Stored(stored).into()),
    }
}

#[test]
fn a_file_goes_by_its_address() {
    let call = render(channel(), What::Content(&file(1_000_000))).unwrap();
    assert_eq!(call.body["media_urls"], json!(["https://baton.sample.example/f/1"]));
    assert_eq!(call.body["text"], "The box");
    for (settings, size) in [(&[][..], 1_000_001), (&[("mms", "no")], 1)] {
        let fault = render(&*channel_with(settings), What::Content(&file(size))).unwrap_err();
        assert_eq!(fault.class, FaultClass::MediaProblem);
    }
}

#[test]
fn what_telnyx_would_refuse_is_refused_here_with_its_rule() {
    for (text, word) in
        [("x".repeat(671), "670"), (" ".into(), "empty"), ("😀".repeat(400), "13 parts")]
    {
        let content = Content::text(text);
        let fault = render(channel(), What::Content(&content)).unwrap_err();
        assert_eq!(fault.class, FaultClass::ContentRejected);
        assert!(fault.operator.contains(word), "{}", fault.operator);
    }
    let content = Content::text("Hello");
    let to = contact(PointKind::Email, "a@sample.example");
    let delivery = DeliveryId::read(DELIVERY).unwrap();
    let what = What::Content(&content);
    let outbound = Outbound { delivery, to: &to, what, reply_to: None, file_url: None };
    assert_eq!(channel().render(&outbound).unwrap_err().class, FaultClass::NotReachable);
}
