//! Files in both directions, byte for byte.

use std::{sync::Arc, task::Poll};

use baton_core::{
    desk::{DeskEventKind, DeskWhat},
    fault::{FaultClass, Outcome},
    file::{FileStream, MediaFile, MediaSource, StoredFile},
    handoff::Handoff,
    ids::{FileId, VendorId, WorkspaceId},
    message::{Author, AuthorKind, Content, MediaKind},
};
use baton_files::{Files, FilesConfig, NewFile};
use futures_core::Stream;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::*;

const LINK: &str = "https://hub.example/files/1/2/3/photo.png";

/// A stream of what a function gives.
struct Chunks<F>(F);

impl<F: FnMut() -> Option<Vec<u8>> + Unpin> Stream for Chunks<F> {
    type Item = Result<bytes::Bytes, baton_core::fault::Fault>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> Poll<Option<Self::Item>> {
        Poll::Ready((self.0)().map(|chunk| Ok(chunk.into())))
    }
}

/// Keeps a picture of so many bytes, of a pattern that tells every place apart.
async fn kept(bytes: usize) -> (TempDir, Arc<Files>, StoredFile, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::open(FilesConfig::Folder(folder.path().to_owned())).await.unwrap();
    let mut data = b"\x89PNG\r\n\x1A\n".to_vec();
    data.extend((0..bytes.saturating_sub(8)).map(|at| u8::try_from(at % 251).unwrap()));
    let new = NewFile {
        id: FileId(id(6)),
        workspace: WorkspaceId(id(1)),
        sent_name: Some("photo.png"),
        word: "image",
        claimed_type: Some("image/png"),
        sha256: None,
        max_bytes: u64::MAX,
    };
    let mut rest = data.clone().into_iter();
    let chunks = Box::pin(Chunks(move || {
        let chunk: Vec<u8> = rest.by_ref().take(50_000).collect();
        (!chunk.is_empty()).then_some(chunk)
    }));
    let from = FileStream { mime_type: None, length: None, chunks };
    let stored = files.put(&new, from).await.unwrap();
    (folder, Arc::new(files), stored, data)
}

fn picture(file: StoredFile, caption: Option<&str>) -> Content {
    Content::Media {
        kind: MediaKind::Image,
        caption: caption.map(str::to_owned),
        file_name: None,
        mime_type: None,
        vendor_id: None,
        sha256: None,
        voice: false,
        file: Some(Box::new(MediaFile::Stored(file))),
    }
}

fn sends(stage: &Stage, handoff: &Handoff, content: &Content) -> baton_core::channel::Call {
    let author = Author::unnamed(AuthorKind::Customer);
    let what = DeskWhat::Message { author: &author, content, file_url: Some(LINK) };
    rendered(&*stage.desk, handoff, 160, what).unwrap()
}

async fn shown(stage: &Stage) -> Value {
    let seen = stage.seen().await;
    let messages = seen["messages"].as_array().unwrap();
    messages.iter().find(|m| m["author"] == "customer").cloned().unwrap()
}

#[tokio::test]
async fn a_customers_file_reaches_the_rep_byte_for_byte() {
    let (_folder, files, stored, data) = kept(300_000).await;
    let stage = Stage::with_files(json!({}), Some(files)).await;
    let handoff = stage.accepted().await;
    let call = sends(&stage, &handoff, &picture(stored, Some("https://a.example/x")));
    assert_eq!(stage.desk.send(&call).await.name(), "accepted");
    let shown = shown(&stage).await;
    assert_eq!(shown["text"], "[link] https://a.example/x [end of link]");
    let file = &shown["message"]["staticContent"]["attachments"][0];
    assert_eq!((&file["name"], &file["mimeType"]), (&json!("photo.png"), &json!("image/png")));
    let url = file["url"].as_str().unwrap();
    let bytes = reqwest::Client::builder().no_proxy().build().unwrap();
    let bytes = bytes.get(url).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(bytes, data);
    // An unknown attempt at it shows in the listing under its own id.
    let listing = stage.desk.list(&handoff, NOW).await.unwrap();
    let settled = stage.desk.settle(&call, &listing, &[]);
    assert!(matches!(settled, baton_core::fault::Settled::Accepted(_)), "{settled:?}");
}

#[tokio::test]
async fn a_file_that_is_too_large_or_gone_or_would_be_run_goes_as_a_link() {
    let expected = |kb: u32| format!("[image] look\nphoto.png ({kb} KB): {LINK} [end of link]");
    let (_folder, files, stored, _) = kept(300_000).await;
    let stage = Stage::with_files(json!({ "file_bytes": "299999" }), Some(files)).await;
    let handoff = stage.accepted().await;
    let call = sends(&stage, &handoff, &picture(stored.clone(), Some("look")));
    assert_eq!(stage.desk.send(&call).await.name(), "accepted");
    assert_eq!(stage.said().await, [expected(293)]);

    let active = StoredFile { mime_type: "text/html".to_owned(), size_bytes: 10, ..stored.clone() };
    let call = sends(&stage, &handoff, &picture(active, Some("look")));
    assert_eq!(call.operation, "message");

    let gone = StoredFile { id: FileId(id(99)), size_bytes: 10, ..stored };
    let stage = Stage::with_files(json!({}), None).await;
    let handoff = stage.accepted().await;
    let call = sends(&stage, &handoff, &picture(gone, Some("look")));
    assert_eq!(stage.desk.send(&call).await.name(), "accepted");
    assert_eq!(stage.said().await, [expected(1)]);
}

#[tokio::test]
async fn a_file_that_salesforce_refuses_goes_as_a_link_at_the_next_attempt() {
    for (switch, value) in [("attachments", "no"), ("max_file_bytes", "1000")] {
        let (_folder, files, stored, _) = kept(2_000).await;
        let stage = Stage::with_files(json!({}), Some(files)).await;
        stage.switch(switch, value).await;
        stage.switch("file_refusal", "at_once").await;
        let handoff = stage.accepted().await;
        let call = sends(&stage, &handoff, &picture(stored, Some("look")));
        match stage.desk.send(&call).await {
            Outcome::Retry { after_ms, fault } => {
                assert_eq!((after_ms, fault.class), (Some(0), FaultClass::MediaProblem));
            }
            other => panic!("{switch}: {other:?}"),
        }
        assert_eq!(stage.desk.send(&call).await.name(), "accepted");
        let expected = format!("[image] look\nphoto.png (2 KB): {LINK} [end of link]");
        assert_eq!(stage.said().await, [expected]);
        stage.unbroken().await;
    }
}

#[tokio::test]
async fn a_file_that_salesforce_took_and_could_not_keep_is_told() {
    let (_folder, files, stored, _) = kept(2_000).await;
    let stage = Stage::with_files(json!({}), Some(files)).await;
    stage.switch("max_file_bytes", "1000").await;
    stage.switch("file_refusal", "later").await;
    let handoff = stage.accepted().await;
    let mut stream = stage.listen(Some("0")).await;
    let call = sends(&stage, &handoff, &picture(stored, None));
    assert_eq!(stage.desk.send(&call).await.name(), "accepted");
    let lost = |kind: &DeskEventKind| matches!(kind, DeskEventKind::Moved { what } if what.contains("could not keep a file"));
    until(&stage, &mut stream, lost).await;
}

/// The content of the rep's next message.
async fn heard(stage: &Stage) -> Vec<Content> {
    let mut stream = stage.listen(Some("0")).await;
    let kinds = until(stage, &mut stream, |kind| matches!(kind, DeskEventKind::Message(_))).await;
    let content = |kind: &DeskEventKind| match kind {
        DeskEventKind::Message(message) => Some(message.content.clone()),
        _ => None,
    };
    kinds.iter().filter_map(content).collect()
}

#[tokio::test]
async fn a_reps_file_is_fetched_without_a_token() {
    let stage = Stage::new().await;
    let handoff = stage.accepted().await;
    stage.act("reply", json!({ "text": "the label", "files": [{ "name": "label.pdf" }] })).await;
    let contents = heard(&stage).await;
    let [Content::Media { caption, file_name, vendor_id: Some(address), .. }] = &contents[..]
    else {
        panic!("{contents:?}");
    };
    assert_eq!(caption.as_deref(), Some("the label"));
    assert_eq!(file_name.as_deref(), Some("label.pdf"));
    let source = MediaSource { vendor_id: address.clone(), max_bytes: 1_000_000 };
    let file = stage.desk.fetch(&handoff, &source).await.ok().unwrap();
    assert!(file.length.unwrap() > 0);
    let asked = stage.look("requests").await;
    let downloads = asked["requests"].as_array().unwrap().iter();
    let mut downloads =
        downloads.filter(|call| call["path"].as_str().unwrap_or_default().contains("/sfc/"));
    assert!(downloads.all(|call| call["headers"]["authorization"].is_null()));
}

#[tokio::test]
async fn a_file_at_an_unknown_host_or_longer_than_it_says_is_refused() {
    let stage = Stage::new().await;
    let handoff = stage.accepted().await;
    let fetch = async |address: &str, max_bytes: u64| {
        let source = MediaSource { vendor_id: VendorId::from(address), max_bytes };
        stage.desk.fetch(&handoff, &source).await.err().unwrap()
    };
    for address in ["https://evil.example/a", "https://x.salesforce.com.evil.example/a", "nonsense"]
    {
        let fault = fetch(address, 1_000).await;
        assert_eq!(fault.class, FaultClass::MediaProblem, "{address}");
    }
    stage.act("reply", json!({ "files": [{ "name": "label.pdf" }] })).await;
    let contents = heard(&stage).await;
    let [Content::Media { vendor_id: Some(address), .. }] = &contents[..] else {
        panic!("{contents:?}");
    };
    let fault = fetch(address.as_str(), 1).await;
    assert_eq!(fault.class, FaultClass::MediaProblem);
}
