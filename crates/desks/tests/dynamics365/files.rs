//! Files in both directions: attachments within the organisation's limit, and reps' files from
//! known hosts.

use baton_core::{
    desk::DeskWhat,
    fault::{Fault, FaultClass},
    file::{MediaFile, MediaSource, StoredFile},
    ids::{FileId, VendorId},
    message::{Author, AuthorKind, Content, MediaKind},
};
use serde_json::json;

use crate::support::*;

const URL: &str = "https://hub.example/files/1/2/3/photo.png";

fn media(mime_type: &str, size_bytes: u64) -> Content {
    let file = StoredFile {
        id: FileId(id(6)),
        size_bytes,
        mime_type: mime_type.to_owned(),
        name: "photo.png".to_owned(),
        sha256: String::new(),
    };
    Content::Media {
        kind: MediaKind::Image,
        caption: Some("look".to_owned()),
        file_name: None,
        mime_type: None,
        vendor_id: None,
        sha256: None,
        voice: false,
        file: Some(Box::new(MediaFile::Stored(file))),
    }
}

fn sends(content: &Content, file_url: Option<&str>) -> serde_json::Value {
    let author = Author::unnamed(AuthorKind::Customer);
    render(&*desk(), DeskWhat::Message { author: &author, content, file_url }).body
}

#[test]
fn a_file_within_the_limit_is_attached() {
    const LIMIT: u64 = 5 * 1_024 * 1_024;
    let body = sends(&media("image/png", LIMIT), Some(URL));
    assert_eq!(body["text"], "[image] look");
    assert_eq!(
        body["attachments"],
        json!([{ "contentType": "image/png", "contentUrl": URL, "name": "photo.png" }])
    );
    let body = sends(&media("image/png", LIMIT + 1), Some(URL));
    assert_eq!(body["attachments"], json!(null));
    assert_eq!(body["text"], format!("[image] look\nphoto.png (5121 KB): {URL}"));
}

#[test]
fn what_a_browser_would_run_goes_as_a_link_and_what_is_not_here_as_words() {
    let body = sends(&media("image/svg+xml", 10), Some(URL));
    assert_eq!(body["attachments"], json!(null));
    assert!(body["text"].as_str().unwrap().ends_with(URL));
    let mut waiting = media("image/png", 10);
    if let Content::Media { file, .. } = &mut waiting {
        *file = Some(Box::new(MediaFile::Waiting));
    }
    assert_eq!(sends(&waiting, None)["text"], "[image] look");
}

async fn fetch(vendor: &Vendor, address: &str) -> Result<Vec<u8>, Fault> {
    let desk = desk_at(&vendor.base, &clock());
    let source = MediaSource { vendor_id: VendorId::from(address), max_bytes: 100 };
    let mut stream = desk.fetch(&handoff(), &source).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = std::future::poll_fn(|cx| stream.chunks.as_mut().poll_next(cx)).await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok(bytes)
}

#[tokio::test]
async fn a_reps_file_is_asked_for_without_a_token_first() {
    let vendor = Vendor::start().await;
    vendor.on("GET /files/a.pdf", &[(200, "%PDF-1.7")]);
    let address = format!("{}/files/a.pdf", vendor.base);
    assert_eq!(fetch(&vendor, &address).await.unwrap(), b"%PDF-1.7");
    assert!(!vendor.seen("GET /files/a.pdf")[0].headers.contains_key("authorization"));
}

#[tokio::test]
async fn an_address_of_the_organisation_that_wants_a_token_gets_it() {
    let vendor = Vendor::start().await;
    vendor.on("GET /files/a.pdf", &[(401, ""), (200, "%PDF-1.7")]);
    let address = format!("{}/files/a.pdf", vendor.base);
    assert_eq!(fetch(&vendor, &address).await.unwrap(), b"%PDF-1.7");
    assert_eq!(vendor.seen("GET /files/a.pdf")[1].headers["authorization"], "Bearer t");
}

#[tokio::test]
async fn strangers_are_not_asked() {
    let vendor = Vendor::start().await;
    for address in [
        "https://files.example/a.pdf",
        "https://dynamics.com.example/a.pdf",
        "http://169.254.169.254/latest",
        "data:text/plain;base64,SGk=",
        "a.pdf",
    ] {
        let fault = fetch(&vendor, address).await.unwrap_err();
        assert_eq!(fault.class, FaultClass::MediaProblem, "{address}");
    }
}

#[tokio::test]
async fn a_file_that_is_gone_or_too_large_is_final() {
    let vendor = Vendor::start().await;
    vendor.on("GET /large", &[(200, &"x".repeat(101))]);
    for (path, class) in [("large", FaultClass::MediaProblem), ("gone", FaultClass::MediaProblem)] {
        let fault = fetch(&vendor, &format!("{}/{path}", vendor.base)).await.unwrap_err();
        assert_eq!(fault.class, class, "{path}");
    }
    vendor.on("GET /busy", &[(503, "")]);
    let fault = fetch(&vendor, &format!("{}/busy", vendor.base)).await.unwrap_err();
    assert_eq!(fault.class, FaultClass::VendorDown);
}
