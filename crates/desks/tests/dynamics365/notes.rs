//! Files as notes: in one piece, in blocks, as a link where they cannot be had otherwise. And
//! the rows of the compatibility mode, which take notes too.

use std::{sync::Arc, task::Poll};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use baton_core::{
    channel::Call,
    desk::{Desk, DeskWhat, Opening, ToDesk},
    fault::{FaultClass, Outcome},
    file::{FileStream, MediaFile, StoredFile},
    handoff::{Handoff, Work},
    ids::{DeliveryId, DeskId, FileId, SessionId, VendorId, WorkspaceId},
    inbox::ChannelKind,
    message::{Author, AuthorKind, Content, MediaKind},
    route::{Choice, WorkKind},
};
use baton_files::{Files, FilesConfig, NewFile};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{open::message, support::*};

const CASE: &str = "00000000-0000-0000-0000-000000000007";
const NOTE: &str =
    "PATCH /dataverse/api/data/v9.2/annotations(00000000-0000-0000-0000-000000000009)";
const LINK: &str = "https://hub.example/files/1/2/3/photo.png";
const MIB: usize = 1_024 * 1_024;

fn action(name: &str) -> String {
    format!("POST /dataverse/api/data/v9.2/{name}")
}

fn opened(kind: WorkKind) -> Handoff {
    let mut handoff = handoff();
    handoff.target = Choice { kind, ..Choice::of(DeskId(id(4))) };
    handoff.work = Some(Work { id: VendorId::from(CASE), reference: None });
    handoff
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
    let chunks = Box::pin(futures_chunks(move || {
        let chunk: Vec<u8> = rest.by_ref().take(50_000).collect();
        (!chunk.is_empty()).then_some(chunk)
    }));
    let stream = FileStream { mime_type: None, length: None, chunks };
    let stored = files.put(&new, stream).await.unwrap();
    (folder, Arc::new(files), stored, data)
}

/// A stream of pieces.
fn futures_chunks(
    next: impl FnMut() -> Option<Vec<u8>> + Unpin + Send + 'static,
) -> impl futures_core::Stream<Item = Result<bytes::Bytes, baton_core::fault::Fault>> + Send {
    struct Chunks<F>(F);
    impl<F: FnMut() -> Option<Vec<u8>> + Unpin> futures_core::Stream for Chunks<F> {
        type Item = Result<bytes::Bytes, baton_core::fault::Fault>;
        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> Poll<Option<Self::Item>> {
            Poll::Ready((self.0)().map(|chunk| Ok(bytes::Bytes::from(chunk))))
        }
    }
    Chunks(next)
}

fn media(file: StoredFile) -> Content {
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

async fn desk_for(vendor: &Vendor, files: Option<Arc<Files>>, changes: Value) -> Arc<dyn Desk> {
    let mut settings = settings(&vendor.base);
    settings.extend(changes.as_object().unwrap().clone());
    let open = json!({ "incidentid": CASE, "statecode": 0 }).to_string();
    vendor.on(&format!("GET /dataverse/api/data/v9.2/incidents({CASE})"), &[(200, &open)]);
    desk_with(&settings, &clock(), files)
}

fn sends(desk: &dyn Desk, content: &Content) -> Call {
    let author = Author::unnamed(AuthorKind::Customer);
    let what = DeskWhat::Message { author: &author, content, file_url: Some(LINK) };
    says_in(desk, &opened(WorkKind::Case), what).unwrap()
}

fn says_in(
    desk: &dyn Desk,
    handoff: &Handoff,
    what: DeskWhat<'_>,
) -> Result<Call, baton_core::fault::Fault> {
    let (delivery, contact) = (DeliveryId(id(9)), contact());
    desk.render(&ToDesk { delivery, handoff, contact: &contact, what })
}

#[tokio::test]
async fn a_small_file_is_in_its_note_byte_for_byte() {
    let vendor = Vendor::start().await;
    let (_folder, files, stored, data) = kept(200_000).await;
    let desk = desk_for(&vendor, Some(files), json!({})).await;
    vendor.on(NOTE, &[(204, "")]);
    let outcome = desk.send(&sends(&*desk, &media(stored))).await;
    assert_eq!(outcome.name(), "accepted", "{outcome:?}");
    let note = vendor.seen(NOTE)[0].json();
    assert_eq!(note["filename"], "photo.png");
    assert_eq!(note["mimetype"], "image/png");
    assert_eq!(note["notetext"], "[image] look");
    assert_eq!(STANDARD.decode(note["documentbody"].as_str().unwrap()).unwrap(), data);
}

#[tokio::test]
async fn a_large_file_goes_in_blocks_and_arrives_byte_for_byte() {
    let vendor = Vendor::start().await;
    let (_folder, files, stored, data) = kept(7 * MIB).await;
    let desk = desk_for(&vendor, Some(files), json!({ "attachment_mb": "20" })).await;
    let (begin, block, commit) = (
        action("InitializeAnnotationBlocksUpload"),
        action("UploadBlock"),
        action("CommitAnnotationBlocksUpload"),
    );
    vendor.on(&begin, &[(200, r#"{"FileContinuationToken":"token"}"#)]);
    vendor.on(&block, &[(204, "")]);
    vendor.on(&commit, &[(503, ""), (200, r#"{"AnnotationId":"a","FileSizeInBytes":1}"#)]);
    let call = sends(&*desk, &media(stored));
    assert!(desk.is_repeatable(&call));
    assert_eq!(desk.send(&call).await.name(), "unknown");
    assert_eq!(desk.send(&call).await.name(), "accepted");
    let target = &vendor.seen(&begin)[0].json()["Target"];
    assert_eq!(target["annotationid"], DeliveryId(id(9)).to_string());
    assert_eq!(target["objectid_incident@odata.bind"], format!("/incidents({CASE})"));
    let committed = vendor.seen(&commit)[1].json();
    let ids: Vec<String> = committed["BlockList"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap().to_owned())
        .collect();
    let blocks: Vec<Value> = vendor.seen(&block).iter().map(Seen::json).collect();
    let blocks = &blocks[blocks.len() - ids.len()..];
    let mut together = Vec::new();
    for (block, id) in blocks.iter().zip(&ids) {
        assert_eq!(block["BlockId"].as_str().unwrap(), id);
        assert_eq!(id.len(), ids[0].len(), "of one length");
        let text = block["BlockData"].as_str().unwrap();
        assert!(text.len() <= 4 * MIB);
        together.extend(STANDARD.decode(text).unwrap());
    }
    assert!(together == data, "{} of {} bytes", together.len(), data.len());
}

#[tokio::test]
async fn what_the_organisation_does_not_take_goes_as_a_link() {
    let blocked = r#"{"error":{"code":"0x80043e09","message":"Attachment blocked"}}"#;
    for (name, bytes, first) in
        [("too large", 2 * MIB, None), ("blocked", 1_000, Some((400, blocked)))]
    {
        let vendor = Vendor::start().await;
        let (_folder, files, stored, _) = kept(bytes).await;
        let desk = desk_for(&vendor, Some(files), json!({ "attachment_mb": "1" })).await;
        let answers: Vec<(u16, &str)> = first.into_iter().chain([(204, "")]).collect();
        vendor.on(NOTE, &answers);
        let outcome = desk.send(&sends(&*desk, &media(stored))).await;
        assert_eq!(outcome.name(), "accepted", "{name}");
        let note = vendor.seen(NOTE).last().unwrap().json();
        assert_eq!(note["documentbody"], Value::Null, "{name}");
        assert!(note["notetext"].as_str().unwrap().ends_with(LINK), "{name}: {note}");
    }
}

#[tokio::test]
async fn a_file_that_is_not_here_any_more_is_a_link_and_a_place_without_files_too() {
    for here in [true, false] {
        let vendor = Vendor::start().await;
        let (_folder, files, mut stored, _) = kept(1_000).await;
        stored.id = FileId(id(99));
        let desk = desk_for(&vendor, here.then_some(files), json!({})).await;
        vendor.on(NOTE, &[(204, "")]);
        assert_eq!(desk.send(&sends(&*desk, &media(stored))).await.name(), "accepted");
        let note = vendor.seen(NOTE)[0].json();
        assert!(note["notetext"].as_str().unwrap().ends_with(LINK), "{note}");
    }
}

#[tokio::test]
async fn where_text_files_are_blocked_the_transcript_stands_in_the_note() {
    let vendor = Vendor::start().await;
    let desk = desk_for(&vendor, None, json!({})).await;
    let blocked = r#"{"error":{"code":"0x80043e09","message":"Attachment blocked"}}"#;
    vendor.on(NOTE, &[(400, blocked), (204, "")]);
    let file = json!({ "kind": "text", "name": "transcript.txt", "text": "x".repeat(150_000) });
    let step = json!({ "operation": "note", "subject": "Transcript", "text": "All", "file": file });
    let call = says_in(&*desk, &opened(WorkKind::Case), DeskWhat::Plan(&step)).unwrap();
    assert_eq!(desk.send(&call).await.name(), "accepted");
    let seen = vendor.seen(NOTE);
    let document = seen[0].json()["documentbody"].as_str().unwrap().to_owned();
    assert_eq!(STANDARD.decode(document).unwrap().len(), 150_000);
    assert_eq!(seen[1].json()["notetext"].as_str().unwrap().len(), 100_000, "the newest of it");
}

const ROW: &str = "/dataverse/api/data/v9.2/oc_liveworkitems(00000000-0000-0000-0000-000000000007)";

fn rows() -> Value {
    json!({
        "live_mode": "work_item_row", "row_set": "oc_liveworkitems", "row_subject": "oc_subject",
        "row_session": "oc_sessionid", "row_channel": "oc_channel",
        "row_workstream": "oc_Workstream@odata.bind", "workstream_id": ORG,
    })
}

#[tokio::test]
async fn the_compatibility_mode_makes_one_row_and_follows_its_state() {
    let vendor = Vendor::start().await;
    let desk = desk_for(&vendor, None, rows()).await;
    let mut handoff = opened(WorkKind::Live);
    let opening = Opening {
        window_until: None,
        handoff: &handoff,
        session: SessionId(id(3)),
        channel: ChannelKind::Sms,
        contact: &contact(),
        brief: &brief(),
        transcript: &[message(1, AuthorKind::Customer, "hello")],
        files: &[],
        choice: &Choice::of(DeskId(id(4))),
    };
    let plan = desk.open(&opening).unwrap();
    let row = plan.iter().find(|step| step.step == "row").unwrap();
    assert!(plan.iter().all(|step| !step.step.starts_with("note")), "the table has no notes");
    handoff.work = None;
    let call = says_in(&*desk, &handoff, DeskWhat::Plan(&row.call)).unwrap();
    assert!(desk.is_repeatable(&call));
    let patch = format!("PATCH {ROW}");
    vendor.on(&patch, &[(204, ""), (412, "")]);
    for _ in 0..2 {
        let Outcome::Accepted(made) = desk.send(&call).await else { panic!("not made") };
        assert_eq!(made.work.unwrap().id.as_str(), CASE);
        assert_eq!(made.metadata["dynamics365_chat_id"], CASE);
    }
    let seen = vendor.seen(&patch);
    assert_eq!(seen[0].headers["if-none-match"], "*");
    assert_eq!(
        seen[0].json(),
        json!({
            "oc_subject": "Parcel lost", "oc_sessionid": SessionId(id(3)), "oc_channel": "sms",
            "oc_Workstream@odata.bind": format!("/msdyn_liveworkstreams({ORG})"),
        })
    );
    vendor.on(&format!("GET {ROW}"), &[(200, r#"{"statecode":0}"#), (200, r#"{"statecode":1}"#)]);
    let handoff = opened(WorkKind::Live);
    assert!(!desk.list(&handoff, NOW).await.unwrap().ended);
    assert!(desk.list(&handoff, NOW).await.unwrap().ended);
}

#[tokio::test]
async fn a_row_takes_later_words_only_where_its_table_has_notes() {
    let vendor = Vendor::start().await;
    let author = Author::unnamed(AuthorKind::Customer);
    let content = Content::text("one more thing");
    let what = DeskWhat::Message { author: &author, content: &content, file_url: None };
    let handoff = opened(WorkKind::Live);
    let desk = desk_for(&vendor, None, rows()).await;
    let fault = says_in(&*desk, &handoff, what).unwrap_err();
    assert_eq!(fault.class, FaultClass::ContentRejected);
    assert!(fault.operator.contains("row_notes"), "{}", fault.operator);

    let mut settings = rows();
    settings["row_notes"] = json!("objectid_oc_liveworkitem");
    let desk = desk_for(&vendor, None, settings).await;
    vendor.on(NOTE, &[(204, "")]);
    let call = says_in(&*desk, &handoff, what).unwrap();
    assert_eq!(desk.send(&call).await.name(), "accepted");
    assert_eq!(
        vendor.seen(NOTE)[0].json(),
        json!({
            "subject": "Customer (Maria da Silva)", "notetext": "one more thing",
            "objectid_oc_liveworkitem@odata.bind": format!("/oc_liveworkitems({CASE})"),
        })
    );
}
