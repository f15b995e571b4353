use std::{sync::Arc, time::Duration};

use baton_channels::Deps;
use baton_core::{
    channel::{Call, Channel},
    fault::{FaultClass, Outcome},
    ids::VendorId,
};
use serde_json::json;
use tokio::{io::AsyncReadExt, net::TcpListener};

use crate::support::{ACCOUNT, SENDER, SERVICE, TOKEN, WEBHOOK, deps, http, server, settings};

fn channel_at(url: &str, changes: &[(&str, &str)], deps: &Deps) -> Arc<dyn Channel> {
    let mut settings = settings();
    settings.insert("api_url".to_owned(), format!("{url}/api").into());
    settings.insert("messaging_url".to_owned(), format!("{url}/messaging").into());
    for (key, value) in changes {
        settings.insert((*key).to_owned(), (*value).into());
    }
    baton_channels::build("twilio", &settings, deps).unwrap()
}

fn call() -> Call {
    let body = json!({
        "To": "+15550133001", "Body": "Hi & bye",
        "MediaUrl": ["https://a.example/1", "https://a.example/2"],
    });
    Call { operation: "message".into(), body }
}

async fn send(answer: Vec<u8>) -> Outcome {
    let (url, task) = server(vec![answer]).await;
    let outcome = channel_at(&url, &[], &deps()).send(&call()).await;
    assert_eq!(task.await.unwrap().len(), 1);
    outcome
}

fn legacy(code: i64) -> String {
    json!({"code": code, "message": "Sample.", "more_info": "https://a.example", "status": 400})
        .to_string()
}

fn problem(code: i64) -> String {
    json!({"type": "https://a.example", "title": "Sample", "status": 400, "code": code, "detail": "Sample."})
        .to_string()
}

/// User and password in Base64.
fn basic(user: &str, password: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    format!("authorization: Basic {}\r\n", STANDARD.encode(format!("{user}:{password}")))
}

#[tokio::test]
async fn an_accepted_message_has_its_id() {
    let body =
        r#"{"sid":"SM1","status":"queued","error_code":null,"num_segments":"1","price":null}"#;
    let (url, task) = server(vec![http(201, "", body)]).await;
    match channel_at(&url, &[], &deps()).send(&call()).await {
        Outcome::Accepted(accepted) => {
            assert_eq!(accepted.vendor_id, Some(VendorId::from("SM1")));
        }
        other => panic!("{other:?}"),
    }
    let request = task.await.unwrap().remove(0);
    let path = format!("POST /api/2010-04-01/Accounts/{ACCOUNT}/Messages.json HTTP/1.1\r\n");
    assert!(request.starts_with(&path), "{request}");
    assert!(request.contains(&basic(ACCOUNT, TOKEN)), "{request}");
    assert!(request.contains("content-type: application/x-www-form-urlencoded\r\n"), "{request}");
    let form = request.split_once("\r\n\r\n").unwrap().1;
    let mut parts: Vec<&str> = form.split('&').collect();
    parts.sort_unstable();
    assert_eq!(
        parts,
        [
            "Body=Hi+%26+bye",
            "MediaUrl=https%3A%2F%2Fa.example%2F1",
            "MediaUrl=https%3A%2F%2Fa.example%2F2",
            "To=%2B15550133001",
        ]
    );
}

#[tokio::test]
async fn an_api_key_makes_the_calls_where_there_is_one() {
    let key = "SK0123456789abcdef0123456789abcdef";
    let (url, task) = server(vec![http(201, "", r#"{"sid":"SM1"}"#)]).await;
    let changes = [("api_key_sid", key), ("api_key_secret", "a-secret")];
    assert_eq!(channel_at(&url, &changes, &deps()).send(&call()).await.name(), "accepted");
    let request = task.await.unwrap().remove(0);
    assert!(request.contains(&basic(key, "a-secret")), "{request}");
    assert!(request.contains(ACCOUNT), "in the path");
}

#[tokio::test]
async fn an_error_code_decides_what_follows() {
    use FaultClass as F;
    for (status, code, expected, class) in [
        (401, 20_003, "rejected", F::Auth),
        (404, 20_404, "rejected", F::Bug),
        (429, 20_429, "retry", F::RateLimited),
        (400, 20_429, "retry", F::RateLimited),
        (500, 20_500, "unknown", F::VendorDown),
        (503, 20_503, "unknown", F::VendorDown),
        (400, 21_211, "rejected", F::NotReachable),
        (400, 21_408, "rejected", F::NotReachable),
        (400, 21_606, "rejected", F::NotRegistered),
        (400, 21_608, "rejected", F::NotReachable),
        (400, 21_610, "rejected", F::OptedOut),
        (429, 21_611, "retry", F::RateLimited),
        (400, 21_612, "rejected", F::NotReachable),
        (400, 21_614, "rejected", F::NotReachable),
        (400, 21_617, "rejected", F::ContentRejected),
        (400, 21_620, "rejected", F::MediaProblem),
        (400, 21_623, "rejected", F::MediaProblem),
        (400, 21_656, "rejected", F::TemplateProblem),
        (400, 21_703, "rejected", F::NotRegistered),
        (400, 63_016, "rejected", F::WindowClosed),
        (400, 29_999, "rejected", F::Unknown),
        (500, 29_999, "unknown", F::Unknown),
    ] {
        for body in [legacy(code), problem(code)] {
            let outcome = send(http(status, "", &body)).await;
            assert_eq!(outcome.name(), expected, "{status} {code}");
            let fault = outcome.fault().unwrap();
            assert_eq!((fault.class, fault.code.as_deref()), (class, Some(&*code.to_string())));
            assert!(!fault.rep.is_empty() && fault.operator.starts_with(char::is_lowercase));
            assert!(fault.operator.contains("Sample."), "{}", fault.operator);
        }
    }
}

#[tokio::test]
async fn a_pause_that_is_asked_for_is_kept() {
    let cases = [
        ("retry-after: 30\r\n", 30_000),
        ("retry-after: Fri, 20 Nov 2026 10:00:45 GMT\r\n", 45_000),
        ("retry-after: 99999999999999999\r\n", 3_600_000),
        ("retry-after: soon\r\n", 5_000),
        ("", 5_000),
    ];
    for (header, expected) in cases {
        for body in [&*legacy(20_429), "<html>slow down</html>"] {
            match send(http(429, header, body)).await {
                Outcome::Retry { after_ms, .. } => assert_eq!(after_ms, Some(expected), "{header}"),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn an_answer_that_says_nothing_is_unknown() {
    let endless = "x".repeat(300 * 1_024);
    for (status, body) in [
        (201, ""),
        (201, "{}"),
        (201, r#"{"sid":""}"#),
        (200, "<html>welcome to the hotel</html>"),
        (201, &*endless),
        (302, ""),
        (400, "{}"),
        (502, "<html>bad gateway</html>"),
        (503, ""),
    ] {
        let outcome = send(http(status, "location: http://127.0.0.1:1/\r\n", body)).await;
        assert_eq!(outcome.name(), "unknown", "{status}");
    }
    assert_eq!(send(Vec::new()).await.name(), "unknown", "closed without an answer");
    let cut = b"HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\n{\"sid\":".to_vec();
    assert_eq!(send(cut).await.name(), "unknown", "closed within the answer");
}

#[tokio::test]
async fn a_timeout_after_the_request_is_unknown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let silent = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = Vec::new();
        // Held open without a word until the other side gives up.
        let _ = stream.read_to_end(&mut read).await;
        String::from_utf8_lossy(&read).into_owned()
    });
    let http = reqwest::Client::builder().read_timeout(Duration::from_millis(50)).no_proxy();
    let deps = Deps { http: http.build().unwrap(), ..deps() };
    assert_eq!(channel_at(&url, &[], &deps).send(&call()).await.name(), "unknown");
    assert!(silent.await.unwrap().contains("15550133001"));
}

#[tokio::test]
async fn a_refused_connection_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let outcome = channel_at(&url, &[], &deps()).send(&call()).await;
    assert_eq!(outcome.name(), "retry");
    assert_eq!(outcome.fault().unwrap().class, FaultClass::VendorDown);
}

#[tokio::test]
async fn typing_is_shown_on_whatsapp_only() {
    let (url, task) = server(vec![http(200, "", r#"{"success":true}"#)]).await;
    channel_at(&url, &[], &deps()).attend(&VendorId::from("SM1")).await;
    let whatsapp = [("sender", "whatsapp:+15550100200")];
    channel_at(&url, &whatsapp, &deps()).attend(&VendorId::from("SM2")).await;
    let request = task.await.unwrap().remove(0);
    assert!(request.starts_with("POST /messaging/v2/Indicators/Typing.json "), "{request}");
    assert!(request.ends_with("messageId=SM2&channel=whatsapp"), "{request}");
}

async fn check(
    changes: &[(&str, &str)],
    answers: &[(&str, String)],
) -> Result<(), (FaultClass, String)> {
    let bytes = answers.iter().map(|(_, body)| http(200, "", body)).collect();
    let (url, task) = server(bytes).await;
    let result = channel_at(&url, changes, &deps()).check().await;
    for (request, (path, _)) in task.await.unwrap().iter().zip(answers) {
        assert!(request.starts_with(&format!("GET {path}")), "{request}");
    }
    result.map_err(|fault| (fault.class, fault.operator))
}

fn number(webhook: &str) -> String {
    json!({"incoming_phone_numbers": [{
        "phone_number": SENDER, "sms_url": webhook,
        "capabilities": {"voice": true, "sms": true, "mms": true},
    }]})
    .to_string()
}

#[tokio::test]
async fn the_check_of_a_number_says_what_an_operator_can_do() {
    let path = format!(
        "/api/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers.json?PhoneNumber=%2B15550100200 "
    );
    let path = path.as_str();
    assert_eq!(check(&[], &[(path, number(WEBHOOK))]).await, Ok(()));
    assert_eq!(check(&[], &[(path, number(&format!("{WEBHOOK}#rc=2")))]).await, Ok(()));
    use FaultClass as F;
    for (body, class, word) in [
        (number("https://demo.example/welcome"), F::NotRegistered, "webhook_url"),
        (number(""), F::NotRegistered, "webhook_url"),
        (r#"{"incoming_phone_numbers":[]}"#.to_owned(), F::NotRegistered, "not in this account"),
        (number(WEBHOOK).replace(r#""sms":true"#, r#""sms":false"#), F::NotRegistered, "SMS"),
        (number(WEBHOOK).replace(r#""mms":true"#, r#""mms":false"#), F::NotRegistered, "mms to no"),
        ("<html>".to_owned(), F::VendorDown, "api_url"),
    ] {
        let (found, text) = check(&[], &[(path, body)]).await.unwrap_err();
        assert_eq!(found, class, "{text}");
        assert!(text.contains(word), "{text}");
    }
    let (url, _task) = server(vec![http(401, "", &legacy(20_003))]).await;
    let fault = channel_at(&url, &[], &deps()).check().await.unwrap_err();
    assert_eq!(fault.class, F::Auth);
}

#[tokio::test]
async fn the_check_asks_the_service_where_one_sends() {
    let changes = [("sender", ""), ("messaging_service_sid", SERVICE)];
    let path = format!("/messaging/v1/Services/{SERVICE} ");
    let service = |url: Option<&str>, on_number: bool| {
        let body = json!({"inbound_request_url": url, "use_inbound_webhook_on_number": on_number});
        (path.as_str(), body.to_string())
    };
    assert_eq!(check(&changes, &[service(Some(WEBHOOK), false)]).await, Ok(()));
    assert_eq!(check(&changes, &[service(None, true)]).await, Ok(()));
    // Twilio would drop what customers write.
    let (class, text) = check(&changes, &[service(None, false)]).await.unwrap_err();
    assert!(class == FaultClass::NotRegistered && text.contains("webhook_url"), "{text}");
}

#[tokio::test]
async fn the_check_of_a_whatsapp_sender_reads_its_state() {
    let changes = [("sender", "whatsapp:+15550100200")];
    let sender = |status: &str, url: &str| {
        let body = json!({"senders": [{
            "sender_id": "whatsapp:+15550100200", "status": status, "webhook": {"callback_url": url},
        }]});
        ("/messaging/v2/Channels/Senders?Channel=whatsapp", body.to_string())
    };
    assert_eq!(check(&changes, &[sender("ONLINE", WEBHOOK)]).await, Ok(()));
    assert_eq!(check(&changes, &[sender("ONLINE:UPDATING", WEBHOOK)]).await, Ok(()));
    let (_, text) = check(&changes, &[sender("OFFLINE", WEBHOOK)]).await.unwrap_err();
    assert!(text.contains("OFFLINE"), "{text}");
    let (_, text) = check(&changes, &[sender("ONLINE", "https://a.example")]).await.unwrap_err();
    assert!(text.contains("webhook_url"), "{text}");
    assert_eq!(check(&[("sender", "whatsapp:+14155238886")], &[]).await, Ok(()), "the sandbox");
}
