use std::{sync::Arc, time::Duration};

use baton_channels::Deps;
use baton_core::{
    channel::{Call, Channel},
    fault::{FaultClass, Outcome},
    ids::VendorId,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::support::{TOKEN, deps, settings};

/// Answers each connection with the next bytes and closes it; returns the requests.
pub async fn meta(answers: Vec<Vec<u8>>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let mut requests = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            requests.push(request(&mut stream).await);
            stream.write_all(&answer).await.unwrap();
            stream.shutdown().await.unwrap();
        }
        requests
    });
    (url, task)
}

async fn request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned)
            });
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text;
            }
        }
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0);
    }
}

pub fn http(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} Sample\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}")
        .into_bytes()
}

pub fn channel_at(url: &str, deps: &Deps) -> Arc<dyn Channel> {
    let mut settings = settings();
    settings.insert("base_url".to_owned(), url.into());
    settings.insert("display_phone_number".to_owned(), "+1 555-010-0200".into());
    baton_channels::build("whatsapp_cloud", &settings, deps).unwrap()
}

fn call() -> Call {
    Call { operation: "message".into(), body: json!({"to": "15550133001", "text": {"body": "Hi"}}) }
}

async fn send(answer: Vec<u8>) -> Outcome {
    let (url, task) = meta(vec![answer]).await;
    let outcome = channel_at(&url, &deps()).send(&call()).await;
    assert_eq!(task.await.unwrap().len(), 1);
    outcome
}

fn error(code: i64) -> String {
    json!({"error": {
        "message": format!("(#{code}) Sample"), "type": "OAuthException", "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": "Sample details."},
        "fbtrace_id": "A1",
    }})
    .to_string()
}

#[tokio::test]
async fn an_accepted_message_has_its_id() {
    let body = r#"{"messaging_product":"whatsapp","contacts":[{"input":"15550133001"}],"messages":[{"id":"wamid.OUT1","message_status":"accepted"}]}"#;
    let (url, task) = meta(vec![http(200, "", body)]).await;
    match channel_at(&url, &deps()).send(&call()).await {
        Outcome::Accepted(accepted) => {
            assert_eq!(accepted.vendor_id, Some(VendorId::from("wamid.OUT1")));
        }
        other => panic!("{other:?}"),
    }
    let request = task.await.unwrap().remove(0);
    assert!(request.starts_with("POST /v26.0/100200300400500/messages HTTP/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("authorization: Bearer {TOKEN}\r\n")), "{request}");
    let sent: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(sent, call().body);
}

#[tokio::test]
async fn an_error_code_decides_what_follows() {
    use FaultClass as F;
    for (status, code, expected, class) in [
        (400, 4, "retry", F::RateLimited),
        (400, 80_007, "retry", F::RateLimited),
        (429, 130_429, "retry", F::RateLimited),
        (500, 130_429, "retry", F::RateLimited),
        (400, 131_056, "retry", F::PairLimited),
        (400, 131_057, "retry", F::VendorDown),
        (500, 131_000, "unknown", F::VendorDown),
        (400, 131_000, "unknown", F::VendorDown),
        (500, 131_016, "unknown", F::VendorDown),
        (500, 2, "unknown", F::VendorDown),
        (500, 1, "unknown", F::VendorDown),
        (503, 133_004, "unknown", F::VendorDown),
        (400, 131_047, "rejected", F::WindowClosed),
        (400, 131_026, "rejected", F::NotReachable),
        (401, 190, "rejected", F::Auth),
        (401, 0, "rejected", F::Auth),
        (403, 10, "rejected", F::Permission),
        (403, 230, "rejected", F::Permission),
        (400, 131_042, "rejected", F::Payment),
        (403, 131_031, "rejected", F::AccountRestricted),
        (404, 132_001, "rejected", F::TemplateProblem),
        (400, 131_053, "rejected", F::MediaProblem),
        (400, 131_050, "rejected", F::OptedOut),
        (400, 133_010, "rejected", F::NotRegistered),
        (400, 100, "rejected", F::Bug),
        (400, 987_654, "rejected", F::Unknown),
        (500, 987_654, "unknown", F::Unknown),
    ] {
        let outcome = send(http(status, "", &error(code))).await;
        assert_eq!(outcome.name(), expected, "{status} {code}");
        let fault = outcome.fault().unwrap();
        assert_eq!((fault.class, fault.code.as_deref()), (class, Some(&*code.to_string())));
        assert!(!fault.rep.is_empty() && fault.operator.starts_with(char::is_lowercase));
    }
}

#[tokio::test]
async fn a_closed_window_has_the_words_that_reps_know() {
    let outcome = send(http(400, "", &error(131_047))).await;
    assert_eq!(
        outcome.fault().unwrap().rep,
        "This conversation has exceeded the 24 hour limit to respond to the customer."
    );
}

#[tokio::test]
async fn the_token_is_in_no_fault() {
    let body =
        json!({"error": {"message": format!("Malformed access token {TOKEN}"), "code": 190}});
    let outcome = send(http(401, "", &body.to_string())).await;
    assert!(!format!("{outcome:?}").contains(TOKEN));
}

#[tokio::test]
async fn a_pause_that_is_asked_for_is_kept() {
    let cases = [
        ("retry-after: 30\r\n", Some(30_000)),
        ("retry-after: Fri, 20 Nov 2026 10:00:45 GMT\r\n", Some(45_000)),
        ("retry-after: Fri, 20 Nov 2026 09:00:00 GMT\r\n", Some(1_000)),
        ("retry-after: 99999999999999999\r\n", Some(3_600_000)),
        ("retry-after: soon\r\n", Some(1_000)),
        ("", Some(1_000)),
    ];
    for (header, expected) in cases {
        match send(http(429, header, &error(130_429))).await {
            Outcome::Retry { after_ms, .. } => assert_eq!(after_ms, expected, "{header}"),
            other => panic!("{other:?}"),
        }
    }
    match send(http(429, "retry-after: 7\r\n", "<html>slow down</html>")).await {
        Outcome::Retry { after_ms, .. } => assert_eq!(after_ms, Some(7_000)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_answer_that_says_nothing_is_unknown() {
    let endless = "x".repeat(300 * 1_024);
    for (status, body) in [
        (200, ""),
        (200, "{}"),
        (200, r#"{"messages":[]}"#),
        (200, r#"{"messages":[{}]}"#),
        (200, r#"{"messages":[{"id":""}]}"#),
        (200, "<html>welcome to the hotel</html>"),
        (200, &*endless),
        (302, ""),
        (400, "{}"),
        (502, "<html>bad gateway</html>"),
        (503, ""),
    ] {
        let outcome = send(http(status, "location: http://127.0.0.1:1/\r\n", body)).await;
        assert_eq!(outcome.name(), "unknown", "{status}");
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_is_unknown() {
    assert_eq!(send(Vec::new()).await.name(), "unknown", "closed without an answer");
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"messages\":[".to_vec();
    assert_eq!(send(cut).await.name(), "unknown", "closed within the answer");
}

#[tokio::test]
async fn a_timeout_after_the_request_is_unknown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let silent = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let read = request(&mut stream).await;
        // Held open without a word until the other side gives up.
        let _ = stream.read(&mut [0]).await;
        read
    });
    let http = reqwest::Client::builder().read_timeout(Duration::from_millis(50)).no_proxy();
    let deps = Deps { http: http.build().unwrap(), ..deps() };
    assert_eq!(channel_at(&url, &deps).send(&call()).await.name(), "unknown");
    assert!(silent.await.unwrap().contains("15550133001"));
}

#[tokio::test]
async fn a_refused_connection_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let outcome = channel_at(&url, &deps()).send(&call()).await;
    assert_eq!(outcome.name(), "retry");
    assert_eq!(outcome.fault().unwrap().class, FaultClass::VendorDown);
}

#[tokio::test]
async fn attending_marks_read_and_types_in_one_call() {
    let (url, task) = meta(vec![http(200, "", r#"{"success":true}"#)]).await;
    channel_at(&url, &deps()).attend(&VendorId::from("wamid.IN1")).await;
    let request = task.await.unwrap().remove(0);
    let sent: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(
        sent,
        json!({
            "messaging_product": "whatsapp", "status": "read", "message_id": "wamid.IN1",
            "typing_indicator": {"type": "text"},
        })
    );
}

async fn check(answers: Vec<Vec<u8>>) -> Result<(), (FaultClass, String)> {
    let (url, task) = meta(answers).await;
    let result = channel_at(&url, &deps()).check().await;
    let requests = task.await.unwrap();
    assert!(requests[0].starts_with("GET /v26.0/100200300400500?fields="), "{}", requests[0]);
    if let Some(second) = requests.get(1) {
        assert!(second.starts_with("GET /v26.0/200100300400500/subscribed_apps "), "{second}");
    }
    result.map_err(|fault| (fault.class, fault.operator))
}

#[tokio::test]
async fn the_check_says_what_an_operator_can_do() {
    let number = r#"{"display_phone_number":"+1 555-010-0200","status":"CONNECTED","id":"1"}"#;
    let subscribed = r#"{"data":[{"whatsapp_business_api_data":{"id":"1","name":"Sample"}}]}"#;
    let ok = |body: &str| http(200, "", body);
    assert_eq!(check(vec![ok(number), ok(subscribed)]).await, Ok(()));
    let cases = [
        (vec![http(401, "", &error(190))], FaultClass::Auth, "access token"),
        (vec![http(400, "", &error(10))], FaultClass::Permission, "whatsapp_business_messaging"),
        (vec![ok(&number.replace("0200", "0201"))], FaultClass::Bug, "another phone number"),
        (vec![ok(&number.replace("CONNECTED", "BANNED"))], FaultClass::AccountRestricted, "BANNED"),
        (vec![ok(&number.replace("CONNECTED", "PENDING"))], FaultClass::NotRegistered, "register"),
        (vec![ok(number), ok(r#"{"data":[]}"#)], FaultClass::NotRegistered, "subscribed"),
        (vec![http(502, "", "<html>")], FaultClass::VendorDown, "502"),
    ];
    for (answers, class, word) in cases {
        let (found, text) = check(answers).await.unwrap_err();
        assert_eq!(found, class, "{text}");
        assert!(text.contains(word), "{text}");
    }
}
