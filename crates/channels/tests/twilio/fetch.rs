use std::sync::Arc;

use baton_core::{
    channel::Channel,
    fault::{Fault, FaultClass},
    file::{FileStream, MediaSource},
    ids::VendorId,
};

use crate::support::{TOKEN, channel_with, http, server};

const MOST: u64 = 1_000;

fn channel_at(url: &str) -> Arc<dyn Channel> {
    channel_with(&[("api_url", url)])
}

async fn fetch(channel: &dyn Channel, address: &str) -> Result<FileStream, Fault> {
    let media = MediaSource { vendor_id: VendorId::from(address), max_bytes: MOST };
    channel.fetch(&media).await
}

async fn whole(mut file: FileStream) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    while let Some(chunk) = std::future::poll_fn(|cx| file.chunks.as_mut().poll_next(cx)).await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok(bytes)
}

fn has_credentials(request: &str) -> bool {
    request.to_ascii_lowercase().contains("\r\nauthorization:")
}

#[tokio::test]
async fn a_redirect_is_followed_without_credentials() {
    let (storage, elsewhere) =
        server(vec![http(200, "content-type: image/png\r\n", "the bytes")]).await;
    let location = format!("location: {storage}/object?Signature=1\r\n");
    let (url, twilio) = server(vec![http(307, &location, "")]).await;
    let file = fetch(&*channel_at(&url), &format!("{url}/Media/ME1")).await.unwrap();
    assert_eq!((file.mime_type.as_deref(), file.length), (Some("image/png"), Some(9)));
    assert_eq!(whole(file).await.unwrap(), b"the bytes");
    assert!(has_credentials(&twilio.await.unwrap()[0]));
    let request = elsewhere.await.unwrap().remove(0);
    assert!(request.starts_with("GET /object?Signature=1 ") && !has_credentials(&request));
}

#[tokio::test]
async fn another_host_is_not_asked() {
    let (url, _task) = server(vec![http(200, "", "x")]).await;
    let (other, _other) = server(vec![http(200, "", "x")]).await;
    let port = url.rsplit_once(':').unwrap().1;
    for address in [
        format!("{other}/Media/ME1"),
        format!("{url}@{}/ME1", &other["http://".len()..]),
        format!("http://127.0.0.1.sample.example:{port}/ME1"),
        format!("{url}0/ME1"),
        "https://api.twilio.com.sample.example/ME1".to_owned(),
        "https://api.twilio.com@127.0.0.1/ME1".to_owned(),
        "file:///etc/passwd".to_owned(),
        String::new(),
    ] {
        let fault = fetch(&*channel_at(&url), &address).await.err().unwrap();
        assert_eq!(fault.class, FaultClass::MediaProblem, "{address}");
        assert!(!fault.operator.contains(TOKEN));
    }
}

#[tokio::test]
async fn redirects_end() {
    let (url, task) = server(vec![http(302, "location: /again\r\n", ""); 4]).await;
    let fault = fetch(&*channel_at(&url), &format!("{url}/ME1")).await.err().unwrap();
    assert_eq!(fault.class, FaultClass::MediaProblem);
    assert_eq!(task.await.unwrap().len(), 4);
    for location in ["", "location: http://\r\n"] {
        let (url, _task) = server(vec![http(302, location, "")]).await;
        let fault = fetch(&*channel_at(&url), &format!("{url}/ME1")).await.err().unwrap();
        assert_eq!(fault.class, FaultClass::MediaProblem, "{location:?}");
    }
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused_whatever_it_claims() {
    let (url, _task) = server(vec![http(200, "", &"x".repeat(1_001))]).await;
    let fault = fetch(&*channel_at(&url), &format!("{url}/ME1")).await.err().unwrap();
    assert_eq!(fault.class, FaultClass::MediaProblem, "announced");
    let endless =
        format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}", "x".repeat(100_000)).into_bytes();
    let (url, _task) = server(vec![endless]).await;
    let file = fetch(&*channel_at(&url), &format!("{url}/ME1")).await.unwrap();
    assert_eq!(whole(file).await.unwrap_err().class, FaultClass::MediaProblem, "not announced");
}

#[tokio::test]
async fn a_cut_file_is_not_a_file() {
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec();
    let (url, _task) = server(vec![cut]).await;
    let file = fetch(&*channel_at(&url), &format!("{url}/ME1")).await.unwrap();
    assert_eq!(whole(file).await.unwrap_err().class, FaultClass::VendorDown);
}

#[tokio::test]
async fn what_may_come_later_is_not_final() {
    for (status, class) in [
        (404, FaultClass::MediaProblem),
        (410, FaultClass::MediaProblem),
        (401, FaultClass::Auth),
        (429, FaultClass::VendorDown),
        (503, FaultClass::VendorDown),
    ] {
        let (url, _task) = server(vec![http(status, "", "")]).await;
        let fault = fetch(&*channel_at(&url), &format!("{url}/ME1")).await.err().unwrap();
        assert_eq!(fault.class, class, "{status}");
    }
}
