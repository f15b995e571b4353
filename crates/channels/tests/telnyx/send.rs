use std::sync::Arc;

use baton_core::{
    channel::{Call, Channel},
    fault::{FaultClass, Outcome},
    file::MediaSource,
    ids::VendorId,
};
use serde_json::{Value, json};

use crate::support::{API_KEY, PROFILE, WEBHOOK, channel_with, http, server};

fn channel_at(url: &str, changes: &[(&str, &str)]) -> Arc<dyn Channel> {
    let changes: Vec<_> = [("api_url", url)].iter().chain(changes).copied().collect();
    channel_with(&changes)
}

fn call() -> Call {
    Call { operation: "message".into(), body: json!({"to": "+15550133001", "text": "Hi"}) }
}

async fn send(answer: Vec<u8>) -> Outcome {
    let (url, task) = server(vec![answer]).await;
    let outcome = channel_at(&url, &[]).send(&call()).await;
    assert_eq!(task.await.unwrap().len(), 1);
    outcome
}

fn error(code: &str) -> String {
    json!({"errors": [{"code": code, "title": "Sample", "detail": "Sample detail."}]}).to_string()
}

#[tokio::test]
async fn an_accepted_message_has_its_id() {
    let body = r#"{"data":{"id":"40385f64","record_type":"message","to":[{"status":"queued"}]}}"#;
    let (url, task) = server(vec![http(200, "", body)]).await;
    match channel_at(&url, &[]).send(&call()).await {
        Outcome::Accepted(accepted) => {
            assert_eq!(accepted.vendor_id, Some(VendorId::from("40385f64")));
        }
        other => panic!("{other:?}"),
    }
    let request = task.await.unwrap().remove(0);
    assert!(request.starts_with("POST /v2/messages HTTP/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("authorization: Bearer {API_KEY}\r\n")), "{request}");
    let sent: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(sent, call().body);
}

#[tokio::test]
async fn an_error_code_decides_what_follows() {
    use FaultClass as F;
    for (status, code, expected, class) in [
        (401, "10009", "rejected", F::Auth),
        (403, "10010", "rejected", F::Permission),
        (429, "10011", "retry", F::RateLimited),
        (500, "10007", "unknown", F::VendorDown),
        (403, "20100", "rejected", F::Payment),
        (403, "40300", "rejected", F::OptedOut),
        (400, "40302", "rejected", F::ContentRejected),
        (400, "40305", "rejected", F::NotRegistered),
        (400, "40310", "rejected", F::NotReachable),
        (400, "40317", "rejected", F::MediaProblem),
        (400, "40318", "retry", F::RateLimited),
        (400, "49999", "rejected", F::Unknown),
        (500, "49999", "unknown", F::Unknown),
    ] {
        let outcome = send(http(status, "", &error(code))).await;
        assert_eq!(outcome.name(), expected, "{status} {code}");
        let fault = outcome.fault().unwrap();
        assert_eq!((fault.class, fault.code.as_deref()), (class, Some(code)));
        assert!(!fault.rep.is_empty() && fault.operator.starts_with(char::is_lowercase));
    }
}

#[tokio::test]
async fn an_answer_that_says_nothing_is_unknown() {
    for (status, body) in
        [(200, ""), (200, "{}"), (200, r#"{"data":{}}"#), (302, ""), (400, "{}"), (502, "<html>")]
    {
        let outcome = send(http(status, "location: http://127.0.0.1:1/\r\n", body)).await;
        assert_eq!(outcome.name(), "unknown", "{status}");
    }
    assert_eq!(send(Vec::new()).await.name(), "unknown", "closed without an answer");
    match send(http(429, "retry-after: 7\r\n", "<html>slow down</html>")).await {
        Outcome::Retry { after_ms, .. } => assert_eq!(after_ms, Some(7_000)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_file_is_fetched_without_credentials() {
    let (url, task) = server(vec![http(200, "content-type: image/png\r\n", "the bytes")]).await;
    let vendor_id = VendorId(format!("{url}/media/1"));
    let file = channel_at(&url, &[]).fetch(&MediaSource { vendor_id, max_bytes: 100 }).await;
    assert_eq!(file.unwrap().mime_type.as_deref(), Some("image/png"));
    assert!(!task.await.unwrap()[0].to_ascii_lowercase().contains("authorization"));
}

async fn check(changes: &[(&str, &str)], answer: Vec<u8>) -> Result<(), (FaultClass, String)> {
    let (url, task) = server(vec![answer]).await;
    let result = channel_at(&url, changes).check().await;
    let request = task.await.unwrap().remove(0);
    assert!(request.starts_with("GET /v2/messaging_profiles"), "{request}");
    result.map_err(|fault| (fault.class, fault.operator))
}

#[tokio::test]
async fn the_check_says_what_an_operator_can_do() {
    let changes = [("messaging_profile_id", PROFILE)];
    let profile = |enabled: bool, webhook: &str| {
        let body = json!({"data": {"id": PROFILE, "enabled": enabled, "webhook_url": webhook}});
        http(200, "", &body.to_string())
    };
    assert_eq!(check(&changes, profile(true, WEBHOOK)).await, Ok(()));
    assert_eq!(check(&[], http(200, "", r#"{"data":[]}"#)).await, Ok(()));
    for (answer, class, word) in [
        (profile(false, WEBHOOK), FaultClass::NotRegistered, "disabled"),
        (profile(true, "https://a.example"), FaultClass::NotRegistered, "webhook_url"),
        (http(401, "", &error("10009")), FaultClass::Auth, "API key"),
        (http(404, "", &error("10005")), FaultClass::Bug, "messaging profile"),
        (http(502, "", "<html>"), FaultClass::VendorDown, "502"),
    ] {
        let (found, text) = check(&changes, answer).await.unwrap_err();
        assert_eq!(found, class, "{text}");
        assert!(text.contains(word), "{text}");
    }
}
