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

use crate::support::{SENDER, SERVICE, WEBHOOK, channel_with, sms, whatsapp};

const DELIVERY: &str = "0190f5c3-7d3c-7c44-9a54-6b1f0c6d0a01";
const HX: &str = "HX0123456789abcdef0123456789abcdef";

fn contact(points: &[(PointKind, &str)]) -> Contact {
    Contact {
        id: ContactId::read("0190f5c3-7d3c-7c44-9a54-6b1f0c6d0a02").unwrap(),
        workspace: WorkspaceId::read("0190f5c3-7d3c-7c44-9a54-6b1f0c6d0a03").unwrap(),
        name: None,
        points: points.iter().map(|(kind, value)| Point::new(*kind, *value)).collect(),
    }
}

fn phone() -> Contact {
    contact(&[(PointKind::WhatsappUser, "US.7"), (PointKind::Phone, "15550133001")])
}

fn render_to(
    channel: &dyn Channel,
    to: &Contact,
    what: What<'_>,
    file_url: Option<&str>,
) -> Result<Call, Fault> {
    let delivery = DeliveryId::read(DELIVERY).unwrap();
    channel.render(&Outbound { delivery, to, what, reply_to: None, file_url })
}

fn render(channel: &dyn Channel, content: &Content) -> Result<Call, Fault> {
    render_to(channel, &phone(), What::Content(content), Some("https://baton.sample.example/f/1"))
}

#[test]
fn a_text_by_sms() {
    let call = render(sms(), &Content::text("**Hello** “you” – see [here](https://a.example)…"));
    let call = call.unwrap();
    assert_eq!(call.operation, "message");
    assert_eq!(
        call.body,
        json!({
            "To": "+15550133001", "From": SENDER,
            "Body": "Hello \"you\" - see here: https://a.example...",
            "StatusCallback": format!("{WEBHOOK}?delivery={DELIVERY}"),
        })
    );
}

#[test]
fn a_text_on_whatsapp() {
    let call = render(whatsapp(), &Content::text("*Hello* “you”")).unwrap();
    assert_eq!(
        call.body,
        json!({
            "To": "whatsapp:+15550133001", "From": format!("whatsapp:{SENDER}"),
            "Body": "*Hello* “you”",
            "StatusCallback": format!("{WEBHOOK}?delivery={DELIVERY}"),
        })
    );
}

#[test]
fn to_a_user_id_where_there_is_no_phone_number() {
    let to = contact(&[(PointKind::Email, "a@sample.example"), (PointKind::WhatsappUser, "US.7")]);
    let content = Content::text("Hello");
    let call = render_to(whatsapp(), &to, What::Content(&content), None).unwrap();
    assert_eq!(call.body["To"], "whatsapp:US.7");
    let fault = render_to(sms(), &to, What::Content(&content), None).unwrap_err();
    assert_eq!(fault.class, FaultClass::NotReachable);
}

#[test]
fn a_service_sends_with_or_without_a_sender() {
    let content = Content::text("Hello");
    let both = channel_with(&[("messaging_service_sid", SERVICE)]);
    let body = render(&*both, &content).unwrap().body;
    assert_eq!((&body["From"], &body["MessagingServiceSid"]), (&json!(SENDER), &json!(SERVICE)));
    let alone = channel_with(&[("messaging_service_sid", SERVICE), ("sender", "")]);
    let body = render(&*alone, &content).unwrap().body;
    assert_eq!(body.get("From"), None);
}

#[test]
fn reports_go_to_the_webhook_whatever_stands_in_it() {
    for (webhook, expected) in [
        ("https://a.example/h?x=1", "https://a.example/h?x=1&delivery="),
        ("https://a.example/h#rc=2", "https://a.example/h?delivery="),
    ] {
        let channel = channel_with(&[("webhook_url", webhook)]);
        let body = render(&*channel, &Content::text("Hello")).unwrap().body;
        let address = body["StatusCallback"].as_str().unwrap();
        assert!(address.starts_with(expected), "{address}");
        assert_eq!(address.contains("#rc=2"), webhook.contains('#'), "overrides stay behind it");
    }
}

fn file(size_bytes: u64) -> Content {
    let id = FileId::read("0190f5c3-7d3c-7c44-9a54-6b1f0c6d0a04").unwrap();
    let stored = StoredFile {
        id,
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
    for channel in [sms(), whatsapp()] {
        let body = render(channel, &file(1_000)).unwrap().body;
        assert_eq!(body["MediaUrl"], json!(["https://baton.sample.example/f/1"]));
        assert_eq!(body["Body"], "The box");
    }
    let megabytes = |n: u64| n * 1_024 * 1_024;
    for (channel, most) in [(sms(), megabytes(5)), (whatsapp(), megabytes(16))] {
        assert!(render(channel, &file(most)).is_ok());
        let fault = render(channel, &file(most + 1)).unwrap_err();
        assert_eq!(fault.class, FaultClass::MediaProblem);
        assert!(fault.operator.contains(&most.to_string()), "{}", fault.operator);
    }
    let content = file(1);
    let fault = render_to(sms(), &phone(), What::Content(&content), None).unwrap_err();
    assert_eq!(fault.class, FaultClass::MediaProblem);
}

#[test]
fn a_number_that_sends_no_mms_says_so() {
    for settings in [&[("mms", "no")][..], &[("sender", "+44 20 7946 0018")]] {
        let fault = render(&*channel_with(settings), &file(1)).unwrap_err();
        assert_eq!(fault.class, FaultClass::MediaProblem);
        assert!(fault.operator.contains("mms"), "{}", fault.operator);
    }
    let able = channel_with(&[("sender", "+44 20 7946 0018"), ("mms", "yes")]);
    assert!(render(&*able, &file(1)).is_ok());
}

fn choices(text: &str, buttons: &[(&str, &str)]) -> Content {
    let button = |(id, title): &(&str, &str)| Button { id: (*id).into(), title: (*title).into() };
    let buttons = buttons.iter().map(button).collect();
    let offer = Offer::Buttons { buttons };
    Content::Interactive { text: text.into(), header: None, footer: None, offer }
}

#[test]
fn by_sms_choices_become_lines_to_answer_by_number() {
    let content = choices("Did that help?", &[("y", "Yes"), ("n", "No")]);
    let body = render(sms(), &content).unwrap().body;
    assert_eq!(body["Body"], "Did that help?\n1. Yes\n2. No");
}

#[test]
fn on_whatsapp_messages_of_one_shape_share_a_template() {
    let content = choices("It's here.\n\nDid that  help?", &[("y", "Yes"), ("n", "No")]);
    let call = render(whatsapp(), &content).unwrap();
    assert_eq!(call.operation, "choices");
    assert_eq!(
        call.body["content"]["types"],
        json!({ "twilio/quick-reply": {
            "body": "{{1}}\n\n{{2}}",
            "actions": [
                { "type": "QUICK_REPLY", "title": "{{3}}", "id": "y" },
                { "type": "QUICK_REPLY", "title": "{{4}}", "id": "n" },
            ],
        } })
    );
    let variables = call.body["form"]["ContentVariables"].as_str().unwrap();
    let variables: serde_json::Value = serde_json::from_str(variables).unwrap();
    let words = json!({ "1": "It’s here.", "2": "Did that help?", "3": "Yes", "4": "No" });
    assert_eq!(variables, words);
    assert!(call.body["form"]["Body"].is_null());

    let name = |content: &Content| {
        render(whatsapp(), content).unwrap().body["content"]["friendly_name"].clone()
    };
    let other_words = choices("Sure?\n\nReally?", &[("y", "Of course"), ("n", "Never")]);
    assert_eq!(name(&content), name(&other_words));
    let other_shape = choices("Sure?", &[("y", "Yes"), ("n", "No")]);
    assert_ne!(name(&content), name(&other_shape));
}

#[test]
fn what_fits_no_template_goes_as_lines() {
    let offer = Offer::Link { title: "Track".into(), url: "https://a.example/t".into() };
    let link = Content::Interactive { text: "Here".into(), header: None, footer: None, offer };
    let body = render(whatsapp(), &link).unwrap().body;
    assert_eq!(body["Body"], "Here\nTrack: https://a.example/t");
    let lines = vec!["x"; 120].join("\n");
    let many = render(whatsapp(), &choices(&lines, &[("y", "Yes")])).unwrap();
    assert_eq!(many.body["Body"], format!("{lines}\n1. Yes"));
}

fn template(name: &str, variables: &[&str], text: &str) -> TemplateUse {
    TemplateUse {
        name: name.into(),
        language: "en".into(),
        variables: variables.iter().map(|v| (*v).to_owned()).collect(),
        text: text.into(),
        ..TemplateUse::default()
    }
}

#[test]
fn a_template_is_sent_by_its_content_sid() {
    let template = template(HX, &["Mira", "4711"], "");
    let call = render_to(whatsapp(), &phone(), What::Template(&template), None).unwrap();
    assert_eq!(call.body["ContentSid"], HX);
    assert_eq!(call.body["ContentVariables"], r#"{"1":"Mira","2":"4711"}"#);
    assert_eq!(call.body.get("Body"), None);
}

#[test]
fn a_synced_template_brings_its_sid_and_the_names_of_its_variables() {
    let mut template = template("come_back", &["Mira"], "");
    template.vendor_id = Some(HX.into());
    template.names = vec!["first_name".into()];
    let call = render_to(whatsapp(), &phone(), What::Template(&template), None).unwrap();
    assert_eq!(call.body["ContentSid"], HX);
    assert_eq!(call.body["ContentVariables"], r#"{"first_name":"Mira"}"#);
}

#[test]
fn a_template_without_a_sid_is_words_by_sms_only() {
    let template = template("come_back", &[], "Write to us again");
    let call = render_to(sms(), &phone(), What::Template(&template), None).unwrap();
    assert_eq!(call.body["Body"], "Write to us again");
    let fault = render_to(whatsapp(), &phone(), What::Template(&template), None).unwrap_err();
    assert_eq!(fault.class, FaultClass::TemplateProblem);
    assert!(fault.operator.contains("ContentSid"), "{}", fault.operator);
}

#[test]
fn what_twilio_would_refuse_is_refused_here_with_its_rule() {
    for (content, word) in [
        (Content::text("x".repeat(1_601)), "1600"),
        (Content::text(" \n"), "empty"),
        (Content::text("***"), "empty"),
        (Content::Contacts { cards: vec!["Mira".into()] }, "only text"),
    ] {
        let fault = render(sms(), &content).unwrap_err();
        assert_eq!(fault.class, FaultClass::ContentRejected);
        assert!(fault.operator.contains(word), "{}", fault.operator);
    }
    assert!(render(sms(), &Content::text("é".repeat(1_600))).is_ok());
    assert!(render(sms(), &Content::text("…".repeat(1_600))).is_ok(), "dots would be too many");
    for (variable, word) in [
        ("", "empty"),
        ("a\nb", "line break"),
        ("a     b", "spaces"),
        (&*"x".repeat(1_025), "1024"),
    ] {
        let template = template(HX, &["ok", variable], "");
        let fault = render_to(whatsapp(), &phone(), What::Template(&template), None).unwrap_err();
        assert_eq!(fault.class, FaultClass::TemplateProblem);
        assert!(
            fault.operator.contains("variable 2") && fault.operator.contains(word),
            "{fault:?}"
        );
    }
}
