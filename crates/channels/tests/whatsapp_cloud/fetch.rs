//! Customers' files: from Meta's hosts only, by the token, and never the token elsewhere.

use baton_core::{
    fault::{Fault, FaultClass},
    file::MediaSource,
    ids::VendorId,
};
use serde_json::{Value, json};

use crate::{
    send::{channel_at, http, meta},
    support::{TOKEN, channel_with, deps},
};

const PNG: &str = "\u{89}PNG and the rest";

fn source(id: &str) -> MediaSource {
    MediaSource { vendor_id: VendorId::from(id), max_bytes: 1_000 }
}

fn info(url: &str) -> Vec<u8> {
    let body = json!({"url": url, "mime_type": "image/png", "file_size": "18", "id": "77",
        "messaging_product": "whatsapp"});
    http(200, "", &body.to_string())
}

/// Fetches where Meta gives this address for the file, and then answers like this.
async fn fetch(address: &str, then: Vec<Vec<u8>>) -> (Result<String, Fault>, Vec<String>) {
    let (second, files) = meta(then).await;
    let address = address.replace("{host}", &second);
    let (url, asked) = meta(vec![info(&address)]).await;
    let channel = channel_at(&url, &deps());
    let result = match channel.fetch(&source("77")).await {
        Ok(stream) => read(stream).await,
        Err(fault) => Err(fault),
    };
    let mut requests = asked.await.unwrap();
    files.abort();
    if let Ok(more) = files.await {
        requests.extend(more);
    }
    (result, requests)
}

async fn read(mut stream: baton_core::file::FileStream) -> Result<String, Fault> {
    let mut bytes = Vec::new();
    while let Some(chunk) = std::future::poll_fn(|cx| stream.chunks.as_mut().poll_next(cx)).await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok(String::from_utf8(bytes).unwrap())
}

fn shows_token(request: &str) -> bool {
    request.to_lowercase().contains(&format!("authorization: bearer {}", TOKEN.to_lowercase()))
}

#[tokio::test]
async fn a_file_comes_by_its_address_with_the_token() {
    let (result, requests) = fetch("{host}/lookaside?mid=77", vec![http(200, "", PNG)]).await;
    assert_eq!(result.unwrap(), PNG);
    assert!(requests[0].starts_with("GET /v26.0/77?phone_number_id=100200300400500"));
    assert!(shows_token(&requests[0]));
}

#[tokio::test]
async fn a_redirect_is_followed_on_metas_hosts_with_the_token() {
    let moved = http(302, "location: /again\r\n", "");
    let (result, _) = fetch("{host}/first", vec![moved, http(200, "", PNG)]).await;
    assert_eq!(result.unwrap(), PNG);
}

#[tokio::test]
async fn no_other_host_is_asked_for_anything() {
    for (address, then) in [
        ("http://localhost:9/elsewhere", vec![]),
        ("http://169.254.169.254/latest", vec![]),
        ("file:///etc/passwd", vec![]),
        ("no address", vec![]),
        ("{host}/a", vec![http(302, "location: http://localhost:9/elsewhere\r\n", "")]),
        ("{host}/a", vec![http(302, "location: http://169.254.169.254/latest\r\n", "")]),
        ("{host}/a", vec![http(302, "", "")]),
        ("{host}/a", (0..5).map(|_| http(302, "location: /a\r\n", "")).collect()),
    ] {
        let (result, _) = fetch(address, then).await;
        assert_eq!(result.unwrap_err().class, FaultClass::MediaProblem, "{address}");
    }
}

#[tokio::test]
async fn what_is_gone_is_final_and_what_passes_is_not() {
    let error = |code: i64| json!({"error": {"message": "m", "code": code}}).to_string();
    for (status, body, class) in [
        (400, error(100), FaultClass::MediaProblem),
        (401, error(190), FaultClass::Auth),
        (500, error(131_000), FaultClass::VendorDown),
        (502, "<html>".to_owned(), FaultClass::VendorDown),
        (200, json!({"id": "77"}).to_string(), FaultClass::MediaProblem),
    ] {
        let (url, _asked) = meta(vec![http(status, "", &body)]).await;
        let fault = channel_at(&url, &deps()).fetch(&source("77")).await.err().unwrap();
        assert_eq!(fault.class, class, "{status} {body}");
    }
    for id in ["", "../me", "7?x=1", "7/8"] {
        let channel = channel_with(|_| ());
        let fault = channel.fetch(&source(id)).await.err().unwrap();
        assert_eq!(fault.class, FaultClass::MediaProblem, "{id}");
    }
}

#[tokio::test]
async fn a_body_ends_at_the_limit() {
    let large = "x".repeat(1_001);
    let (result, _) = fetch("{host}/a", vec![http(200, "", &large)]).await;
    assert_eq!(result.unwrap_err().class, FaultClass::MediaProblem);
    let endless = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{large}").into_bytes();
    let (result, _) = fetch("{host}/a", vec![endless]).await;
    assert_eq!(result.unwrap_err().class, FaultClass::MediaProblem);
}

#[test]
fn hosts_are_names_only() {
    let mut settings = crate::support::settings();
    settings.insert("media_hosts".to_owned(), Value::from("https://a.example/x"));
    let fault = baton_channels::build("whatsapp_cloud", &settings, &deps()).err().unwrap();
    assert_eq!(fault.key, "media_hosts");
}
