use baton_core::{
    channel::{Call, Outbound, What},
    contact::{Contact, Point, PointKind},
    fault::{Fault, FaultClass},
    file::{MediaFile, StoredFile},
    ids::{ContactId, DeliveryId, FileId, VendorId, WorkspaceId},
    interactive::{Button, ListRow, Offer, Section},
    message::{Content, MediaKind},
    template::TemplateUse,
};
use serde_json::json;

use crate::support::channel;

const DELIVERY: &str = "0190f5c3-7d3c-7c44-9a54-6b1f0c6d0a01";

fn contact(points: &[(PointKind, &str)]) -> Contact {
    Contact {
        id: ContactId::read("0190f5c3-7d3c-7c44-9a54-6b1f0c6d0a02").unwrap(),
        workspace: WorkspaceId::read("0190f5c3-7d3c-7c44-9a54-6b1f0c6d0a03").unwrap(),
        name: None,
        points: points.iter().map(|(kind, value)| Point::new(*kind, *value)).collect(),
    }
}

fn render(to: &Contact, what: What<'_>, reply_to: Option<&VendorId>) -> Result<Call, Fault> {
    let delivery = DeliveryId::read(DELIVERY).unwrap();
    channel().render(&Outbound { delivery, to, what, reply_to, file_url: None })
}

fn phone() -> Contact {
    contact(&[(PointKind::WhatsappUser, "US.7"), (PointKind::Phone, "15550133001")])
}

#[test]
fn text_to_a_phone_number() {
    let quoted = VendorId::from("wamid.1");
    let content = Content::text("Hello 🙂");
    let call = render(&phone(), What::Content(&content), Some(&quoted)).unwrap();
    assert_eq!(call.operation, "message");
    assert_eq!(
        call.body,
        json!({
            "messaging_product": "whatsapp", "recipient_type": "individual", "to": "15550133001",
            "type": "text", "text": {"body": "Hello 🙂"}, "context": {"message_id": "wamid.1"},
            "biz_opaque_callback_data": DELIVERY,
        })
    );
}

#[test]
fn text_to_a_user_id_where_there_is_no_phone_number() {
    let to = contact(&[(PointKind::Email, "a@sample.example"), (PointKind::WhatsappUser, "US.7")]);
    let call = render(&to, What::Content(&Content::text("Hello")), None).unwrap();
    assert_eq!(
        call.body,
        json!({
            "messaging_product": "whatsapp", "recipient_type": "individual", "recipient": "US.7",
            "type": "text", "text": {"body": "Hello"}, "biz_opaque_callback_data": DELIVERY,
        })
    );
}

fn template(variables: &[&str]) -> TemplateUse {
    TemplateUse {
        name: "come_back".into(),
        language: "en_US".into(),
        variables: variables.iter().map(|v| (*v).to_owned()).collect(),
        text: String::new(),
        ..TemplateUse::default()
    }
}

#[test]
fn a_template_carries_its_variables_in_order() {
    let call = render(&phone(), What::Template(&template(&["Mira", "4711"])), None).unwrap();
    assert_eq!(
        call.body["template"],
        json!({
            "name": "come_back", "language": {"code": "en_US"},
            "components": [{"type": "body", "parameters": [
                {"type": "text", "text": "Mira"}, {"type": "text", "text": "4711"},
            ]}],
        })
    );
    let bare = render(&phone(), What::Template(&template(&[])), None).unwrap();
    assert_eq!(bare.body["template"], json!({"name": "come_back", "language": {"code": "en_US"}}));
    assert_eq!(bare.body["type"], "template");
}

#[test]
fn what_meta_would_refuse_is_refused_here_with_its_rule() {
    let media = Content::Media {
        kind: MediaKind::Image,
        caption: None,
        file_name: None,
        mime_type: None,
        vendor_id: None,
        sha256: None,
        voice: false,
        file: None,
    };
    let of = |content: Content| render(&phone(), What::Content(&content), None).unwrap_err();
    let cases = [
        (of(Content::text("x".repeat(4_097))), FaultClass::ContentRejected, "4096"),
        (of(Content::text(" \n")), FaultClass::ContentRejected, "empty"),
        (of(media), FaultClass::MediaProblem, "not kept here"),
    ];
    for (fault, class, word) in cases {
        assert_eq!(fault.class, class);
        assert!(fault.operator.contains(word), "{}", fault.operator);
    }
    assert!(render(&phone(), What::Content(&Content::text("é".repeat(4_096))), None).is_ok());
    for (variable, word) in [
        ("", "empty"),
        ("a\nb", "line break"),
        ("a\tb", "tab"),
        ("a     b", "spaces"),
        (&*"x".repeat(1_025), "1024"),
    ] {
        let fault =
            render(&phone(), What::Template(&template(&["ok", variable])), None).unwrap_err();
        assert_eq!(fault.class, FaultClass::TemplateProblem);
        assert!(
            fault.operator.contains("variable 2") && fault.operator.contains(word),
            "{fault:?}"
        );
    }
    let nobody = contact(&[(PointKind::Email, "a@sample.example")]);
    let fault = render(&nobody, What::Content(&Content::text("Hello")), None).unwrap_err();
    assert_eq!(fault.class, FaultClass::NotReachable);
}

const URL: &str = "https://hub.example/files/1/2/3/a.png";

fn file(kind: MediaKind, mime_type: &str, size_bytes: u64, caption: Option<&str>) -> Content {
    let file = StoredFile {
        id: FileId::read(DELIVERY).unwrap(),
        size_bytes,
        mime_type: mime_type.to_owned(),
        name: "a.bin".to_owned(),
        sha256: String::new(),
    };
    Content::Media {
        kind,
        caption: caption.map(str::to_owned),
        file_name: None,
        mime_type: None,
        vendor_id: None,
        sha256: None,
        voice: kind == MediaKind::Audio,
        file: Some(Box::new(MediaFile::Stored(file))),
    }
}

fn send(content: &Content) -> Result<Call, Fault> {
    channel().render(&Outbound {
        delivery: DeliveryId::read(DELIVERY).unwrap(),
        to: &phone(),
        what: What::Content(content),
        reply_to: None,
        file_url: Some(URL),
    })
}

#[test]
fn files_go_by_their_link_as_what_their_bytes_are() {
    use MediaKind::{Audio, Document, Image, Sticker, Video};
    for (kind, mime_type, caption, name, object) in [
        (Image, "image/png", Some("look"), "image", json!({"link": URL, "caption": "look"})),
        (Image, "image/gif", None, "document", json!({"link": URL, "filename": "a.bin"})),
        (Video, "video/mp4", None, "video", json!({"link": URL})),
        (Audio, "audio/ogg", None, "audio", json!({"link": URL, "voice": true})),
        (Audio, "audio/mpeg", None, "audio", json!({"link": URL})),
        (
            Audio,
            "audio/ogg",
            Some("listen"),
            "document",
            json!({"link": URL, "filename": "a.bin", "caption": "listen"}),
        ),
        (Sticker, "image/webp", None, "sticker", json!({"link": URL})),
        (Document, "application/pdf", None, "document", json!({"link": URL, "filename": "a.bin"})),
    ] {
        let call = send(&file(kind, mime_type, 10, caption)).unwrap();
        assert_eq!(call.body["type"], name, "{mime_type}");
        assert_eq!(call.body[name], object, "{mime_type}");
    }
}

#[test]
fn a_file_over_metas_limit_is_refused_with_the_limit() {
    const MB: u64 = 1_024 * 1_024;
    for (kind, mime_type, most, words) in [
        (MediaKind::Image, "image/jpeg", 5 * MB, "5 MB"),
        (MediaKind::Video, "video/mp4", 16 * MB, "16 MB"),
        (MediaKind::Audio, "audio/ogg", 16 * MB, "16 MB"),
        (MediaKind::Sticker, "image/webp", 500 * 1_024, "500 KB"),
        (MediaKind::Document, "application/pdf", 100 * MB, "100 MB"),
    ] {
        assert!(send(&file(kind, mime_type, most, None)).is_ok());
        let fault = send(&file(kind, mime_type, most + 1, None)).unwrap_err();
        assert_eq!(fault.class, FaultClass::MediaProblem);
        assert!(fault.rep.contains(words), "{}", fault.rep);
    }
    let long = "x".repeat(1_025);
    let fault = send(&file(MediaKind::Image, "image/png", 1, Some(&long))).unwrap_err();
    assert!(fault.rep.contains("1024"), "{}", fault.rep);
}

fn offer(offer: Offer) -> Content {
    let (text, footer) = ("Which one?".to_owned(), Some("Thanks".to_owned()));
    Content::Interactive { text, header: Some("Parcels".to_owned()), footer, offer }
}

fn button(id: &str, title: &str) -> Button {
    Button { id: id.to_owned(), title: title.to_owned() }
}

fn row(id: &str, title: &str, description: Option<&str>) -> ListRow {
    let description = description.map(str::to_owned);
    ListRow { id: id.to_owned(), title: title.to_owned(), description }
}

fn listed(open: &str, sections: Vec<(&str, Vec<ListRow>)>) -> Content {
    let section = |(title, rows): (&str, _)| Section { title: title.to_owned(), rows };
    let sections = sections.into_iter().map(section).collect();
    offer(Offer::List { open: open.to_owned(), sections })
}

#[test]
fn choices_in_metas_words() {
    let call = send(&offer(Offer::Buttons { buttons: vec![button("y", "Yes")] })).unwrap();
    assert_eq!(
        call.body["interactive"],
        json!({
            "type": "button", "header": {"type": "text", "text": "Parcels"},
            "body": {"text": "Which one?"}, "footer": {"text": "Thanks"},
            "action": {"buttons": [{"type": "reply", "reply": {"id": "y", "title": "Yes"}}]},
        })
    );
    let rows = vec![row("1", "Small", Some("up to 2 kg")), row("2", "Large", None)];
    let call = send(&listed("Choose", vec![("", rows)])).unwrap();
    assert_eq!(
        call.body["interactive"]["action"],
        json!({"button": "Choose", "sections": [{"rows": [
            {"id": "1", "title": "Small", "description": "up to 2 kg"},
            {"id": "2", "title": "Large"},
        ]}]})
    );
    let (title, url) = ("Track".to_owned(), "https://parcels.example/1".to_owned());
    let call = send(&offer(Offer::Link { title, url })).unwrap();
    assert_eq!(
        call.body["interactive"]["action"],
        json!({"name": "cta_url", "parameters": {
            "display_text": "Track", "url": "https://parcels.example/1"}})
    );
}

#[test]
fn choices_over_metas_limits_are_refused_with_the_limit() {
    let buttons = |buttons| offer(Offer::Buttons { buttons });
    let many = |n: usize| (0..n).map(|n| row(&n.to_string(), "Row", None)).collect::<Vec<_>>();
    let long = "x".repeat(73);
    for (content, words) in [
        (buttons(vec![]), "1 to 3"),
        (buttons((0..4).map(|n| button(&n.to_string(), &n.to_string())).collect()), "1 to 3"),
        (buttons(vec![button("a", &long[..21])]), "20"),
        (buttons(vec![button(&"x".repeat(257), "A")]), "256"),
        (buttons(vec![button("a", "A"), button("a", "B")]), "differ"),
        (buttons(vec![button("a", "A"), button("b", "A")]), "differ"),
        (listed("Choose", vec![("", many(11))]), "1 to 10"),
        (listed("Choose", vec![("One", many(6)), ("Two", many(5))]), "1 to 10"),
        (listed("Choose", vec![("", many(1)), ("Two", many(1))]), "section's title is empty"),
        (listed(&long[..21], vec![("", many(1))]), "20"),
        (listed("Choose", vec![("", vec![row("1", &long[..25], None)])]), "24"),
        (listed("Choose", vec![("", vec![row("1", "A", Some(&long))])]), "72"),
        (offer(Offer::Link { title: "A".into(), url: "javascript:x".into() }), "https://"),
    ] {
        let fault = send(&content).unwrap_err();
        assert_eq!(fault.class, FaultClass::ContentRejected);
        assert!(fault.operator.contains(words), "{} has no {words}", fault.operator);
    }
}

#[test]
fn reactions_and_places() {
    let to = VendorId::from("wamid.1");
    let call = send(&Content::Reaction { to: to.clone(), emoji: Some("👍".into()) }).unwrap();
    assert_eq!(call.body["reaction"], json!({"message_id": "wamid.1", "emoji": "👍"}));
    let call = send(&Content::Reaction { to, emoji: None }).unwrap();
    assert_eq!(call.body["reaction"]["emoji"], "");
    let label = Some("Depot".to_owned());
    let call = send(&Content::Location { latitude: 52.5, longitude: 13.4, label }).unwrap();
    assert_eq!(
        call.body["location"],
        json!({"latitude": 52.5, "longitude": 13.4, "name": "Depot"})
    );
}
