//! The templates behind buttons: made once, found again, and nobody written to without one.

use std::sync::Arc;

use baton_core::{
    channel::{Call, Channel},
    fault::{FaultClass, Outcome},
};
use serde_json::json;

use crate::support::{channel_with, http, server};

const SID: &str = "HX0123456789abcdef0123456789abcdef";
const NAME: &str = "baton_choices_1";

fn channel_at(url: &str) -> Arc<dyn Channel> {
    let (api, content) = (format!("{url}/api"), format!("{url}/content"));
    channel_with(&[
        ("sender", "whatsapp:+15550100200"),
        ("api_url", &api),
        ("content_url", &content),
    ])
}

fn call() -> Call {
    let body = json!({
        "form": { "To": "whatsapp:+15550133001", "ContentVariables": "{}" },
        "content": { "friendly_name": NAME, "language": "en", "variables": {}, "types": {} },
    });
    Call { operation: "choices".into(), body }
}

fn listed(names: &[&str]) -> Vec<u8> {
    let row = |name: &&str| json!({ "friendly_name": name, "sid": SID });
    let rows: Vec<_> = names.iter().map(row).collect();
    http(200, "", &json!({ "contents": rows, "meta": { "next_page_url": null } }).to_string())
}

fn made() -> Vec<u8> {
    http(201, "", &json!({ "sid": SID }).to_string())
}

fn taken() -> Vec<u8> {
    http(201, "", r#"{"sid":"SM1","status":"queued"}"#)
}

#[tokio::test]
async fn a_template_is_made_once() {
    let answers = vec![listed(&["baton_choices_12"]), made(), taken(), taken()];
    let (url, task) = server(answers).await;
    let channel = channel_at(&url);
    for _ in 0..2 {
        assert_eq!(channel.send(&call()).await.name(), "accepted");
    }
    let requests = task.await.unwrap();
    let first: Vec<&str> = requests.iter().map(|text| text.lines().next().unwrap()).collect();
    assert_eq!(first[0], format!("GET /content/v2/Content?ContentName={NAME} HTTP/1.1"));
    assert_eq!(first[1], "POST /content/v1/Content HTTP/1.1");
    assert!(requests[1].contains(&format!("\"friendly_name\":\"{NAME}\"")));
    for post in &requests[2..] {
        assert!(post.contains("/Messages.json") && post.contains(&format!("ContentSid={SID}")));
    }
}

#[tokio::test]
async fn a_template_of_an_earlier_start_is_found() {
    let (url, task) = server(vec![listed(&["order_update", NAME]), taken()]).await;
    assert_eq!(channel_at(&url).send(&call()).await.name(), "accepted");
    assert_eq!(task.await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_template_that_somebody_deleted_is_made_again() {
    let gone = http(400, "", r#"{"code":21655,"message":"Sample."}"#);
    let answers = vec![listed(&[NAME]), gone, listed(&[]), made(), taken()];
    let (url, task) = server(answers).await;
    let channel = channel_at(&url);
    assert_eq!(channel.send(&call()).await.name(), "retry");
    assert_eq!(channel.send(&call()).await.name(), "accepted");
    assert_eq!(task.await.unwrap().len(), 5);
}

#[tokio::test]
async fn without_its_template_nothing_is_sent() {
    let code = |status, code: i64| http(status, "", &json!({ "code": code }).to_string());
    for (answers, outcome, class) in [
        (vec![code(429, 20_429)], "retry", FaultClass::RateLimited),
        (vec![code(500, 20_500)], "retry", FaultClass::VendorDown),
        (vec![http(502, "", "<html>")], "retry", FaultClass::VendorDown),
        (vec![code(401, 20_003)], "rejected", FaultClass::Auth),
        (vec![listed(&[]), code(400, 20_001)], "rejected", FaultClass::Unknown),
    ] {
        let calls = answers.len();
        let (url, task) = server(answers).await;
        let came = channel_at(&url).send(&call()).await;
        let (Outcome::Retry { fault, .. } | Outcome::Rejected { fault }) = &came else {
            panic!("{came:?}")
        };
        assert_eq!((came.name(), fault.class), (outcome, class));
        assert_eq!(task.await.unwrap().len(), calls);
    }
}
