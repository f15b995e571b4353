//! Files on a case: byte for byte, once, and as links where they cannot be given.

use std::sync::Arc;

use baton_core::{
    desk::DeskWhat,
    file::{FileStream, MediaFile, SharedFile, StoredFile},
    handoff::Handoff,
    ids::{FileId, WorkspaceId},
    message::{Author, AuthorKind, Content, MediaKind},
    route::WorkKind,
};
use baton_files::{Files, FilesConfig, NewFile};
use bytes::Bytes;
use serde_json::{Value, json};

use super::stage::{NOW, Stage, accepted, contact, handoff, id, plan};

struct Kept {
    stage: Stage,
    handoff: Handoff,
    stored: StoredFile,
    _folder: tempfile::TempDir,
}

/// So that no length is a multiple of three or of a piece.
const BYTES: usize = 100_001;

fn bytes() -> Vec<u8> {
    (0..BYTES).map(|n| u8::try_from(n % 251).unwrap()).collect()
}

async fn ready() -> Kept {
    let folder = tempfile::tempdir().unwrap();
    let files = Arc::new(Files::open(FilesConfig::Folder(folder.path().to_owned())).await.unwrap());
    let stored = keep(&files, bytes()).await;
    let settings = json!({ "case_external_id_field": "Baton_Handoff__c" });
    let stage = Stage::new(settings, Some(files)).await;
    stage.add_key("Case", "Baton_Handoff__c").await;
    let mut handoff = handoff(WorkKind::Case);
    let plan = plan(&stage, &handoff, &contact(), &[], &[]);
    stage.open(&mut handoff, &plan, &contact()).await;
    Kept { stage, handoff, stored, _folder: folder }
}

async fn keep(files: &Files, bytes: Vec<u8>) -> StoredFile {
    let length = Some(bytes.len() as u64);
    let chunks = Box::pin(Once(Some(Bytes::from(bytes))));
    let new = NewFile {
        id: FileId(id(20)),
        workspace: WorkspaceId(id(1)),
        sent_name: Some("photo.bin"),
        word: "file",
        claimed_type: None,
        sha256: None,
        max_bytes: 1_000_000,
    };
    let stream = FileStream { mime_type: None, length, chunks };
    files.put(&new, stream).await.unwrap()
}

struct Once(Option<Bytes>);

impl futures_core::Stream for Once {
    type Item = Result<Bytes, baton_core::fault::Fault>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.take().map(Ok))
    }
}

fn media(stored: &StoredFile) -> Content {
    Content::Media {
        kind: MediaKind::Image,
        caption: Some("this is it".to_owned()),
        file_name: Some("photo.bin".to_owned()),
        mime_type: None,
        vendor_id: None,
        sha256: None,
        voice: false,
        file: Some(Box::new(MediaFile::Stored(stored.clone()))),
    }
}

fn sent(kept: &Kept, stored: &StoredFile) -> baton_core::channel::Call {
    let author = Author::unnamed(AuthorKind::Customer);
    let content = media(stored);
    let url = Some("https://hub.example/files/1");
    let what = DeskWhat::Message { author: &author, content: &content, file_url: url };
    kept.stage.rendered(&kept.handoff, what).unwrap()
}

async fn comments(stage: &Stage) -> Vec<String> {
    let rows = stage.rows("CaseComment").await;
    rows.iter().map(|row| row["CommentBody"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_customers_file_is_on_the_case_byte_for_byte_and_its_words_beside_it() {
    let kept = ready().await;
    accepted(kept.stage.desk.send(&sent(&kept, &kept.stored)).await);
    let version = &kept.stage.rows("ContentVersion").await[0];
    assert_eq!(version["ContentSize"], BYTES);
    assert_eq!(version["FirstPublishLocationId"], kept.handoff.work.as_ref().unwrap().id.as_str());
    assert_eq!(version["PathOnClient"], kept.stored.name.as_str());
    // The simulator tells the first half of the bytes' SHA-1.
    use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, &bytes());
    let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(version["Checksum"].as_str().unwrap(), &hash[..32]);
    let said = &comments(&kept.stage).await[0];
    assert!(said.starts_with("Customer (Maria da Silva): [image: photo.bin] this is it"), "{said}");
}

#[tokio::test]
async fn a_lost_answer_puts_the_file_there_once() {
    let kept = ready().await;
    let shared = SharedFile {
        at: NOW,
        author: AuthorKind::Customer,
        file: kept.stored.clone(),
        link: "https://hub.example/files/1".to_owned(),
    };
    let steps = plan(&kept.stage, &kept.handoff, &contact(), &[], &[shared]);
    let step = steps.iter().find(|step| step.step.starts_with("file ")).unwrap();
    let call = kept.stage.rendered(&kept.handoff, DeskWhat::Plan(&step.call)).unwrap();
    assert!(kept.stage.desk.is_repeatable(&call));
    kept.stage.fault("ContentVersion.create", "timeout_after_accept", None).await;
    let lost = kept.stage.desk.send(&call).await;
    assert_eq!(lost.name(), "retry", "what is there is found by its mark");
    accepted(kept.stage.desk.send(&call).await);
    assert_eq!(kept.stage.rows("ContentVersion").await.len(), 1);
    assert!(comments(&kept.stage).await.is_empty());
}

#[tokio::test]
async fn what_salesforce_does_not_take_and_what_a_browser_would_run_goes_as_a_link() {
    let kept = ready().await;
    let full = Some((400, "STORAGE_LIMIT_EXCEEDED"));
    kept.stage.fault("ContentVersion.create", "status", full).await;
    accepted(kept.stage.desk.send(&sent(&kept, &kept.stored)).await);
    for (change, value) in [("mime_type", json!("text/html")), ("size_bytes", json!(90_000_000))] {
        let mut stored = serde_json::to_value(&kept.stored).unwrap();
        stored[change] = value;
        let stored: StoredFile = serde_json::from_value(stored).unwrap();
        accepted(kept.stage.desk.send(&sent(&kept, &stored)).await);
    }
    let gone = StoredFile { id: FileId(id(99)), ..kept.stored.clone() };
    accepted(kept.stage.desk.send(&sent(&kept, &gone)).await);
    let said = comments(&kept.stage).await;
    assert_eq!(said.len(), 4);
    assert!(said.iter().all(|text| text.contains("https://hub.example/files/1")), "{said:?}");
    assert_eq!(kept.stage.rows("ContentVersion").await, Vec::<Value>::new());
}
