//! Templates, listed and sent.

use baton_core::{
    channel::{ChannelEvent, Outbound, What},
    contact::{Contact, Point, PointKind},
    fault::FaultClass,
    ids::{ContactId, DeliveryId, InboxId, TemplateId, WorkspaceId},
    message::MediaKind,
    template::{
        ButtonAction, ButtonValue, HeaderValue, Template, TemplateCategory, TemplateHeader,
        TemplateStatus, TemplateUse, Values,
    },
    time::Timestamp,
};
use serde_json::{Value, json};

use crate::{
    send::{channel_at, http, meta},
    support::{channel, deps, fixtures, receive},
};

const ID: &str = "0190f5c3-7d3c-7c44-9a54-6b1f0c6d0a01";

fn fixture() -> Value {
    serde_json::from_str(include_str!("../../src/whatsapp_cloud/fixtures/templates.json")).unwrap()
}

#[tokio::test]
async fn every_page_of_templates_is_read() {
    let pages = fixture();
    let answers = ["first", "second"].map(|page| http(200, "", &pages[page].to_string()));
    let (url, task) = meta(answers.to_vec()).await;
    let channel = channel_at(&url, &deps());
    let list = channel.templates().unwrap().list().await.unwrap();
    let requests = task.await.unwrap();
    assert!(requests[0].starts_with("GET /v26.0/200100300400500/message_templates?fields="));
    assert!(!requests[0].contains("after="), "{}", requests[0]);
    assert!(requests[1].contains("&after=QVFIUzE"), "{}", requests[1]);
    assert!(list.complete);
    let told: Vec<(&str, TemplateStatus, TemplateCategory)> =
        list.templates.iter().map(|t| (t.name.as_str(), t.status, t.category)).collect();
    assert_eq!(
        told,
        [
            ("order_update", TemplateStatus::Approved, TemplateCategory::Utility),
            ("seasonal_offer", TemplateStatus::Paused, TemplateCategory::Marketing),
            ("one_time_code", TemplateStatus::Approved, TemplateCategory::Authentication),
            ("from_next_year", TemplateStatus::Unavailable, TemplateCategory::Other),
        ],
        "a row without a name is left out"
    );
    let parts = &list.templates[0].parts;
    assert_eq!(parts.header, TemplateHeader::Media { kind: MediaKind::Document });
    assert_eq!(parts.examples, ["4711", "on its way"]);
    assert_eq!(list.templates[0].quality.as_deref(), Some("GREEN"));
    assert_eq!(list.templates[1].reason.as_deref(), Some("PROMOTIONAL"));
    let unsupported = list.templates[2].parts.unsupported.as_deref().unwrap();
    assert!(unsupported.contains("OTP"), "{unsupported}");
}

#[tokio::test]
async fn a_refused_listing_says_why() {
    let body = json!({"error": {"code": 190, "message": "Invalid OAuth access token"}});
    let (url, task) = meta(vec![http(401, "", &body.to_string())]).await;
    let fault = channel_at(&url, &deps()).templates().unwrap().list().await.unwrap_err();
    task.await.unwrap();
    assert_eq!(fault.class, FaultClass::Auth);
}

#[tokio::test]
async fn a_listing_without_end_is_cut() {
    let page = json!({"data": [], "paging": {"cursors": {"after": "A"}, "next": "https://x"}});
    let (url, task) = meta(vec![http(200, "", &page.to_string()); 120]).await;
    let list = channel_at(&url, &deps()).templates().unwrap().list().await.unwrap();
    task.await.unwrap();
    assert!(!list.complete && list.templates.is_empty());
}

fn rendered(template: &TemplateUse) -> Value {
    let to = Contact {
        id: ContactId::read(ID).unwrap(),
        workspace: WorkspaceId::read(ID).unwrap(),
        name: None,
        points: vec![Point::new(PointKind::Phone, "15550133001")],
    };
    let call = channel()
        .render(&Outbound {
            delivery: DeliveryId::read(ID).unwrap(),
            to: &to,
            what: What::Template(template),
            reply_to: None,
            file_url: None,
        })
        .unwrap();
    call.body["template"].clone()
}

#[tokio::test]
async fn a_listed_template_that_was_filled_is_sent_as_meta_wants_it() {
    let mut page = fixture()["first"].clone();
    page["paging"] = json!({});
    let (url, task) = meta(vec![http(200, "", &page.to_string())]).await;
    let list = channel_at(&url, &deps()).templates().unwrap().list().await.unwrap();
    task.await.unwrap();
    let listed = list.templates[0].clone();
    let (workspace, inbox) = (WorkspaceId::read(ID).unwrap(), InboxId::read(ID).unwrap());
    let id = TemplateId::read(ID).unwrap();
    let template = Template::new(id, workspace, inbox, listed, Timestamp(0));
    let values: Values = [
        ("header", "https://shop.example/bills/4711.pdf"),
        ("order_number", "4711"),
        ("order_state", "on its way"),
        ("button.0", "thanks"),
        ("button.1", "4711"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    assert_eq!(
        rendered(&template.compile(&values).unwrap()),
        json!({
            "name": "order_update", "language": {"code": "en_US"},
            "components": [
                {"type": "header", "parameters": [{"type": "document", "document": {
                    "link": "https://shop.example/bills/4711.pdf", "filename": "4711.pdf",
                }}]},
                {"type": "body", "parameters": [
                    {"type": "text", "text": "4711", "parameter_name": "order_number"},
                    {"type": "text", "text": "on its way", "parameter_name": "order_state"},
                ]},
                {"type": "button", "sub_type": "quick_reply", "index": "0",
                 "parameters": [{"type": "payload", "payload": "thanks"}]},
                {"type": "button", "sub_type": "url", "index": "1",
                 "parameters": [{"type": "text", "text": "4711"}]},
            ],
        })
    );
}

#[test]
fn other_headers_and_codes_are_sent_too() {
    let with = |header, buttons| TemplateUse {
        name: "offer".to_owned(),
        language: "en".to_owned(),
        header: Some(header),
        buttons,
        ..TemplateUse::default()
    };
    let code = ButtonValue { index: 2, action: ButtonAction::Code, text: "SAVE10".to_owned() };
    let text = HeaderValue::Text { text: "Mira".to_owned(), name: None };
    assert_eq!(
        rendered(&with(text, vec![code]))["components"],
        json!([
            {"type": "header", "parameters": [{"type": "text", "text": "Mira"}]},
            {"type": "button", "sub_type": "copy_code", "index": "2",
             "parameters": [{"type": "coupon_code", "coupon_code": "SAVE10"}]},
        ])
    );
    let place = HeaderValue::Location {
        latitude: "37.77".to_owned(),
        longitude: "-122.4".to_owned(),
        name: "Shop".to_owned(),
        address: "1 Main Street".to_owned(),
    };
    assert_eq!(
        rendered(&with(place, Vec::new()))["components"][0]["parameters"][0],
        json!({"type": "location", "location": {"latitude": "37.77", "longitude": "-122.4",
               "name": "Shop", "address": "1 Main Street"}})
    );
}

#[test]
fn word_of_a_template_asks_for_the_list_and_tells_an_operator() {
    let all = fixtures("fields");
    let about = all.iter().filter(|(name, _)| name.starts_with("template"));
    let mut seen = 0;
    for (name, body) in about {
        for event in receive(body.to_string().as_bytes()) {
            let events = channel().parse(&event).unwrap();
            assert_eq!(events[0], ChannelEvent::TemplatesChanged, "{name}");
            assert!(matches!(events[1], ChannelEvent::Notice { .. }), "{name}");
            seen += 1;
        }
    }
    assert!(seen >= 3, "{seen}");
}
