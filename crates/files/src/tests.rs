//! What comes in, what is refused, and what it is called.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use uuid::Uuid;

use super::*;

const PNG: &[u8] = b"\x89PNG\r\n\x1A\n and the rest of a picture";
const WORKSPACE: WorkspaceId = WorkspaceId(Uuid::from_u128(1));
const ID: FileId = FileId(Uuid::from_u128(2));

fn new<'a>() -> NewFile<'a> {
    NewFile {
        id: ID,
        workspace: WORKSPACE,
        sent_name: None,
        word: "image",
        claimed_type: Some("image/png"),
        sha256: None,
        max_bytes: 1_000_000,
    }
}

fn bytes(chunks: Vec<&'static [u8]>, length: Option<u64>) -> FileStream {
    let chunks = chunks.into_iter().map(|chunk| Ok(Bytes::from_static(chunk)));
    FileStream { mime_type: None, length, chunks: Box::pin(stream::iter(chunks)) }
}

async fn open(folder: &Path) -> Files {
    Files::open(FilesConfig::Folder(folder.to_owned())).await.unwrap()
}

async fn refused(new: &NewFile<'_>, from: FileStream) -> Fault {
    let folder = tempfile::tempdir().unwrap();
    let files = open(folder.path()).await;
    let fault = files.put(new, from).await.unwrap_err();
    assert!(matches!(files.get(WORKSPACE, ID).await, Err(FilesError::Missing)));
    let left = std::fs::read_dir(folder.path().join("incoming")).unwrap().count();
    assert_eq!(left, 0, "half a file stayed");
    fault
}

#[tokio::test]
async fn a_file_comes_back_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let files = open(folder.path()).await;
    let hash = STANDARD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, PNG));
    let new = NewFile { sent_name: Some("../../etc/photo"), sha256: Some(&hash), ..new() };
    let kept = files.put(&new, bytes(vec![&PNG[..5], &PNG[5..]], None)).await.unwrap();
    assert_eq!((kept.mime_type.as_str(), kept.name.as_str()), ("image/png", "photo.png"));
    assert_eq!(kept.size_bytes, PNG.len() as u64);
    let body = files.get(WORKSPACE, ID).await.unwrap();
    assert_eq!(body.length, PNG.len() as u64);
    assert_eq!(body.pieces.try_collect::<Vec<_>>().await.unwrap().concat(), PNG);
    assert!(matches!(files.get(WorkspaceId(Uuid::nil()), ID).await, Err(FilesError::Missing)));
    files.delete(WORKSPACE, ID).await.unwrap();
    files.delete(WORKSPACE, ID).await.unwrap();
    assert!(matches!(files.get(WORKSPACE, ID).await, Err(FilesError::Missing)));
}

#[tokio::test]
async fn pieces_are_small_whatever_comes() {
    let folder = tempfile::tempdir().unwrap();
    let files = open(folder.path()).await;
    let large: &'static [u8] = Box::leak(vec![7; 300_000].into_boxed_slice());
    files.put(&new(), bytes(vec![large], Some(300_000))).await.unwrap();
    let mut body = files.get(WORKSPACE, ID).await.unwrap();
    let mut read = 0;
    while let Some(piece) = body.pieces.next().await {
        let piece = piece.unwrap();
        assert!(piece.len() <= PIECE_BYTES);
        read += piece.len();
    }
    assert_eq!(read, 300_000);
}

#[tokio::test]
async fn an_endless_body_ends_at_the_limit_which_is_named() {
    let endless = stream::repeat_with(|| Ok(Bytes::from_static(&[1; 1_000])));
    let from = FileStream { mime_type: None, length: Some(10), chunks: Box::pin(endless) };
    let fault = refused(&NewFile { max_bytes: 1_048_576, ..new() }, from).await;
    assert_eq!(fault.class, FaultClass::MediaProblem);
    assert!(fault.rep.contains("1 MiB"), "{}", fault.rep);
}

#[tokio::test]
async fn what_announces_too_much_is_not_read() {
    let never = stream::once(async { panic!("it was read") });
    let from = FileStream { mime_type: None, length: Some(1_000_001), chunks: Box::pin(never) };
    assert_eq!(refused(&new(), from).await.class, FaultClass::MediaProblem);
}

#[tokio::test]
async fn a_body_that_is_cut_is_worth_another_try() {
    let fault = refused(&new(), bytes(vec![PNG], Some(500))).await;
    assert_eq!(fault.class, FaultClass::VendorDown);
}

#[tokio::test]
async fn other_bytes_than_announced_are_refused() {
    let hash = STANDARD.encode([0; 32]);
    let fault = refused(&NewFile { sha256: Some(&hash), ..new() }, bytes(vec![PNG], None)).await;
    assert_eq!(fault.class, FaultClass::MediaProblem);
}

#[tokio::test]
async fn what_a_browser_would_run_may_not_pose_as_something_else() {
    for page in [
        &b"<!DOCTYPE html><html></html>"[..],
        b"\xEF\xBB\xBF  <svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>",
        b"<?xml version=\"1.0\"?><svg/>",
        b"\xFF\xFE<\0h\0t\0m\0l\0>\0",
        b"hello <script>alert(1)</script>",
    ] {
        let fault = refused(&new(), bytes(vec![page], None)).await;
        assert_eq!(fault.class, FaultClass::MediaProblem, "{}", String::from_utf8_lossy(page));
    }
    assert_eq!(refused(&new(), bytes(vec![], None)).await.class, FaultClass::MediaProblem);
}

#[tokio::test]
async fn an_honest_page_is_kept_and_given_out_as_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let files = open(folder.path()).await;
    let new = NewFile { claimed_type: Some("text/html"), sent_name: Some("a.html"), ..new() };
    let kept = files.put(&new, bytes(vec![b"<html></html>"], None)).await.unwrap();
    assert_eq!((kept.mime_type.as_str(), kept.name.as_str()), ("text/html", "a.html"));
    assert_eq!(served(&kept.mime_type), ("application/octet-stream", false));
}

#[tokio::test]
async fn what_was_left_half_done_is_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).await;
    let left = std::fs::File::create(folder.path().join("incoming/left")).unwrap();
    left.set_modified(std::time::UNIX_EPOCH).unwrap();
    std::fs::write(folder.path().join("incoming/growing"), b"half").unwrap();
    open(folder.path()).await;
    let names = std::fs::read_dir(folder.path().join("incoming")).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["growing"]);
}

#[test]
fn types_by_their_first_bytes() {
    for (head, claimed, found) in [
        (&b"\xFF\xD8\xFF\xE0"[..], "image/png", "image/jpeg"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "", "image/webp"),
        (b"OggS\0\x02", "audio/ogg; codecs=opus", "audio/ogg"),
        (b"\0\0\0\x18ftypmp42", "video/mp4", "video/mp4"),
        (b"\0\0\0\x18ftypisom", "audio/mp4", "audio/mp4"),
        (b"%PDF-1.7", "image/png", "application/pdf"),
        (
            b"PK\x03\x04",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (b"PK\x03\x04", "image/png", "application/zip"),
        (b"a,b\n1,2\n", "text/csv", "text/csv"),
        ("grüße".as_bytes(), "", "text/plain"),
        (b"\0\x01\x02", "image/png", "application/octet-stream"),
        (b"alert(1)", "text/javascript", "text/plain"),
    ] {
        assert_eq!(sniff(head, Some(claimed)), found, "{claimed}");
    }
}

#[test]
fn names_are_made_safe() {
    for (sent, mime_type, safe) in [
        ("photo.jpg", "image/jpeg", "photo.jpg"),
        ("photo.JPEG", "image/jpeg", "photo.jpeg"),
        ("photo.jpg", "image/png", "photo.png"),
        ("invoice.pdf.exe", "application/pdf", "invoice.pdf.exe.pdf"),
        (".htaccess", "text/plain", "htaccess.txt"),
        ("\u{200b}.htaccess", "text/plain", "htaccess.txt"),
        (".\u{200b}htaccess", "text/plain", "htaccess.txt"),
        ("..\\..\\windows\\system.ini", "text/plain", "system.ini.txt"),
        ("../../etc/passwd", "text/plain", "passwd.txt"),
        ("cod\u{202e}gpj.exe", "application/octet-stream", "codgpj.exe.bin"),
        ("plan.dwg", "application/octet-stream", "plan.dwg"),
        ("a\r\nb\t c.png", "image/png", "a b c.png"),
        ("con.txt", "text/plain", "_con.txt"),
        ("", "image/png", "file.png"),
        ("...", "image/png", "file.png"),
        ("über straße.pdf", "application/pdf", "über straße.pdf"),
        ("a\"; rm -rf.pdf", "application/pdf", "a__ rm -rf.pdf"),
    ] {
        assert_eq!(safe_name(sent, mime_type), safe, "{sent:?}");
    }
}

#[test]
fn long_names_keep_their_extension_and_whole_characters() {
    for sent in
        [format!("{}.pdf", "é".repeat(150)), "x".repeat(300), format!("a.{}", "b".repeat(300))]
    {
        let safe = safe_name(&sent, "application/pdf");
        assert!(safe.len() <= 100 && safe.ends_with(".pdf"), "{safe}");
    }
}

/// A service that keeps what is put, where the address is signed.
async fn service() -> String {
    use axum::{
        Router,
        body::to_bytes,
        extract::{Request, State},
        http::{Method, StatusCode},
        response::{IntoResponse, Response},
    };
    use std::{collections::HashMap, sync::Arc};
    type Kept = Arc<tokio::sync::Mutex<HashMap<String, Bytes>>>;
    async fn answer(State(kept): State<Kept>, request: Request) -> Response {
        let (path, query) = (request.uri().path().to_owned(), request.uri().query());
        if !query.is_some_and(|query| query.contains("X-Amz-Signature=")) {
            return StatusCode::FORBIDDEN.into_response();
        }
        let mut kept = kept.lock().await;
        match *request.method() {
            Method::PUT if request.headers().contains_key("content-length") => {
                let body = to_bytes(request.into_body(), 1_000_000).await.unwrap();
                kept.insert(path, body);
                StatusCode::OK.into_response()
            }
            Method::GET => match kept.get(&path) {
                Some(body) => body.clone().into_response(),
                None => StatusCode::NOT_FOUND.into_response(),
            },
            Method::DELETE => {
                kept.remove(&path);
                StatusCode::NO_CONTENT.into_response()
            }
            _ => StatusCode::LENGTH_REQUIRED.into_response(),
        }
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(answer).with_state(Kept::default());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    url
}

#[tokio::test]
async fn a_bucket_keeps_files_too() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = BucketConfig {
        endpoint: service().await,
        name: "media".to_owned(),
        region: "eu-central-1".to_owned(),
        key_id: "id".to_owned(),
        secret: baton_core::secret::Secret::new("made up"),
        client: Client::new(true).unwrap(),
    };
    let config = FilesConfig::Bucket(folder.path().to_owned(), Box::new(bucket));
    let files = Files::open(config).await.unwrap();
    let kept = files.put(&new(), bytes(vec![PNG], None)).await.unwrap();
    let body = files.get(WORKSPACE, kept.id).await.unwrap();
    assert_eq!(body.length, PNG.len() as u64);
    assert_eq!(body.pieces.try_collect::<Vec<_>>().await.unwrap().concat(), PNG);
    assert_eq!(std::fs::read_dir(folder.path().join("incoming")).unwrap().count(), 0);
    files.delete(WORKSPACE, kept.id).await.unwrap();
    assert!(matches!(files.get(WORKSPACE, kept.id).await, Err(FilesError::Missing)));
}
