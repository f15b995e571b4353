use std::sync::Arc;

use baton_core::{
    channel::Channel,
    fault::FaultClass,
    template::{TemplateCategory, TemplateHeader, TemplateList, TemplateStatus},
};
use serde_json::{Value, json};

use crate::support::{channel_with, http, server, sms, whatsapp};

fn channel_at(url: &str) -> Arc<dyn Channel> {
    channel_with(&[("sender", "whatsapp:+15550100200"), ("content_url", &format!("{url}/content"))])
}

fn row(name: &str, status: &str, types: Value) -> Value {
    json!({
        "sid": format!("HX{name:0>32}"), "friendly_name": name, "language": "en",
        "variables": {"1": "Mira", "2": "4711"}, "types": types,
        "approval_requests": {
            "name": name, "category": "UTILITY", "status": status, "rejection_reason": "",
            "content_type": "twilio/text",
        },
    })
}

fn page(rows: &[Value], next: Option<&str>) -> Vec<u8> {
    http(200, "", &json!({"contents": rows, "meta": {"next_page_url": next}}).to_string())
}

async fn list(answers: Vec<Vec<u8>>) -> (TemplateList, Vec<String>) {
    let (url, task) = server(answers).await;
    let channel = channel_at(&url);
    let list = channel.templates().unwrap().list().await.unwrap();
    (list, task.await.unwrap())
}

#[test]
fn only_whatsapp_has_templates_to_approve() {
    assert!(whatsapp().templates().is_some() && sms().templates().is_none());
}

#[tokio::test]
async fn templates_are_told_in_our_words() {
    let text = json!({"twilio/text": {"body": "Hello {{1}}, order {{2}} is here."}});
    let card = json!({"whatsapp/card": {
        "header_text": "News", "body": "Hello {{1}}", "footer": "Bye",
        "actions": [{"type": "QUICK_REPLY", "title": "Yes", "id": "yes"}],
    }});
    let mut rejected = row("c", "rejected", text.clone());
    rejected["approval_requests"]["rejection_reason"] = "too vague".into();
    let rows = [row("a", "approved", text.clone()), row("b", "pending", card), rejected];
    let (list, requests) = list(vec![page(&rows, None)]).await;
    assert!(list.complete);
    assert!(requests[0].starts_with("GET /content/v1/ContentAndApprovals?PageSize=20 "));
    let [a, b, c] = &list.templates[..] else { panic!("{list:?}") };
    assert_eq!(a.vendor_id.as_str(), "HX0000000000000000000000000000000a");
    assert_eq!((&*a.name, &*a.language), ("a", "en"));
    assert_eq!((a.category, a.status), (TemplateCategory::Utility, TemplateStatus::Approved));
    assert_eq!(a.parts.body, "Hello {{1}}, order {{2}} is here.");
    assert_eq!(a.parts.examples, ["Mira", "4711"]);
    assert_eq!(a.parts.unsupported, None);
    assert_eq!(b.status, TemplateStatus::Pending);
    assert_eq!(b.parts.header, TemplateHeader::Text { text: "News".into() });
    assert_eq!((b.parts.footer.as_deref(), &*b.parts.buttons[0].title), (Some("Bye"), "Yes"));
    assert_eq!((c.status, c.reason.as_deref()), (TemplateStatus::Rejected, Some("too vague")));
}

#[tokio::test]
async fn what_cannot_be_filled_says_so() {
    let rows = [
        row(
            "media",
            "approved",
            json!({"twilio/media": {"body": "Hi", "media": ["https://a/{{1}}"]}}),
        ),
        row("gap", "approved", json!({"twilio/text": {"body": "Order {{2}}"}})),
        row("mixed", "approved", json!({"twilio/text": {"body": "{{1}} {{name}}"}})),
        row(
            "header",
            "approved",
            json!({"whatsapp/card": {"header_text": "{{1}}", "body": "{{1}}"}}),
        ),
        row("list", "unsubmitted", json!({"twilio/list-picker": {"body": "Which?", "items": []}})),
        row("code", "approved", json!({"whatsapp/authentication": {"actions": []}})),
    ];
    let (list, _) = list(vec![page(&rows, None)]).await;
    for template in &list.templates {
        assert!(template.parts.unsupported.is_some(), "{template:?}");
    }
    let unsubmitted = &list.templates[4];
    assert_eq!(unsubmitted.status, TemplateStatus::Unavailable);
    assert!(unsubmitted.reason.as_deref().unwrap().contains("submitted"));
}

#[tokio::test]
async fn every_page_is_read_and_no_other_host() {
    let text = || json!({"twilio/text": {"body": "Hi"}});
    let next = "https://content.twilio.com/v1/ContentAndApprovals?PageSize=20&Page=1&PageToken=a";
    let answers = vec![
        page(&[row("a", "approved", text())], Some(next)),
        page(&[row("b", "x", text())], None),
    ];
    let (all, requests) = list(answers).await;
    assert_eq!((all.templates.len(), all.complete), (2, true));
    assert!(
        requests[1]
            .starts_with("GET /content/v1/ContentAndApprovals?PageSize=20&Page=1&PageToken=a ")
    );
    let strange = page(&[row("a", "approved", text())], Some("https://a.example/elsewhere"));
    let (cut, _) = list(vec![strange]).await;
    assert_eq!((cut.templates.len(), cut.complete), (1, false));
}

#[tokio::test]
async fn a_poisoned_row_leaves_its_neighbours_alone() {
    let rows = [json!(7), json!({}), row("a", "approved", json!({})), json!({"types": 5})];
    let (list, _) = list(vec![page(&rows, None)]).await;
    assert_eq!(list.templates.len(), 1);
}

#[tokio::test]
async fn a_refused_listing_says_why() {
    let body = json!({"code": 20003, "message": "Authenticate", "status": 401}).to_string();
    let (url, _task) = server(vec![http(401, "", &body)]).await;
    let channel = channel_at(&url);
    let fault = channel.templates().unwrap().list().await.unwrap_err();
    assert_eq!(fault.class, FaultClass::Auth);
}

#[tokio::test]
async fn what_was_made_for_buttons_is_nobodys_to_send() {
    let choices = json!({"twilio/quick-reply": {
        "body": "{{1}}", "actions": [{"title": "{{2}}", "id": "yes"}],
    }});
    let text = json!({"twilio/text": {"body": "Hello"}});
    let rows = [row("baton_choices_1", "unsubmitted", choices), row("hello", "approved", text)];
    let (list, _) = list(vec![page(&rows, None)]).await;
    let names: Vec<&str> = list.templates.iter().map(|template| &*template.name).collect();
    assert_eq!(names, ["hello"]);
}
