use baton_core::{
    channel::{Call, Outbound, What},
    contact::{Contact, Point, PointKind},
    fault::{Fault, FaultClass},
    ids::{ContactId, DeliveryId, VendorId, WorkspaceId},
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
        (of(media), FaultClass::ContentRejected, "only text and templates"),
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
