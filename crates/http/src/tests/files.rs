//! Files by their signed links and by the credential of their workspace.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use baton_core::{
    file::{FileStream, MediaFile},
    ids::{FileId, MessageId, SessionId},
    message::{Content, MediaKind, Message},
    step::Effects,
    time::{HOUR_MS, Timestamp},
};
use baton_files::NewFile;
use baton_store::{Also, Commit};
use futures::stream;

use super::{
    feed::open_session,
    world::{Reply, World},
};

const SVG: &[u8] = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
const PNG: &[u8] = b"\x89PNG\r\n\x1A\n and the rest";

/// A session whose only message is this file.
async fn sent(
    world: &World,
    name: &str,
    claimed: &str,
    bytes: &'static [u8],
) -> (SessionId, Message) {
    let session = open_session(world, world.ours, 1).await;
    let store = world.hub.store();
    let mut messages = store.messages_of_session(world.ours, session, 0, 1).await.unwrap();
    let mut message = messages.remove(0);
    let new = NewFile {
        id: FileId(message.id.0),
        workspace: world.ours,
        sent_name: Some(name),
        word: "document",
        claimed_type: Some(claimed),
        sha256: None,
        max_bytes: 1_000,
    };
    let chunks = Box::pin(stream::iter([Ok(bytes.into())]));
    let stream = FileStream { mime_type: None, length: None, chunks };
    let file = world.hub.media().files.put(&new, stream).await.unwrap();
    message.content = Content::Media {
        kind: MediaKind::Document,
        caption: None,
        file_name: Some(name.to_owned()),
        mime_type: Some(claimed.to_owned()),
        vendor_id: None,
        sha256: None,
        voice: false,
        file: Some(Box::new(MediaFile::Stored(file))),
    };
    let state = store.state_load(message.conversation, &Also::default()).await.unwrap().unwrap();
    let effects = Effects { messages: vec![message.clone()], ..Effects::nothing(&state) };
    let commit = Commit { effects, aliases: Vec::new(), cause: None, now: message.at };
    store.commit(commit).await.unwrap();
    (session, message)
}

/// The path of a link that counts for an hour.
fn link(world: &World, message: MessageId) -> String {
    let until = world.hub.clock().now().plus_ms(HOUR_MS);
    let link = world.hub.media().links.link(message, "a.png", until);
    link.strip_prefix("https://hub.example").unwrap().to_owned()
}

async fn open(world: &World, method: &str, path: &str) -> Reply {
    let request = Request::builder().method(method).uri(path);
    world.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_link_gives_the_file_to_whoever_has_it() {
    let world = World::new().await;
    let (_, message) = sent(&world, "photo.png", "image/png", PNG).await;
    let reply = open(&world, "GET", &link(&world, message.id)).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.bytes, PNG);
    for (name, value) in [
        (header::CONTENT_TYPE, "image/png"),
        (header::CONTENT_LENGTH, "21"),
        (header::CONTENT_DISPOSITION, "inline; filename=\"photo.png\"; filename*=UTF-8''photo.png"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        assert_eq!(reply.headers[&name], value, "{name}");
    }
    let policy = reply.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.starts_with("sandbox"), "{policy}");
    let head = open(&world, "HEAD", &link(&world, message.id)).await;
    assert_eq!((head.status, head.bytes.len()), (StatusCode::OK, 0));
    assert_eq!(head.headers[header::CONTENT_LENGTH], "21");
}

#[tokio::test]
async fn what_a_browser_would_run_is_only_handed_over() {
    let world = World::new().await;
    let (_, message) = sent(&world, "lo\u{202e}go.svg", "image/svg+xml", SVG).await;
    let reply = open(&world, "GET", &link(&world, message.id)).await;
    assert_eq!(reply.bytes, SVG);
    assert_eq!(reply.headers[header::CONTENT_TYPE], "application/octet-stream");
    let disposition = reply.headers[header::CONTENT_DISPOSITION].to_str().unwrap();
    assert!(disposition.starts_with("attachment; filename=\"logo.svg\""), "{disposition}");
}

#[tokio::test]
async fn no_other_link_opens_anything() {
    let world = World::new().await;
    let (_, message) = sent(&world, "photo.png", "image/png", PNG).await;
    let good = link(&world, message.id);
    let parts: Vec<&str> = good.split('/').collect();
    let links = &world.hub.media().links;
    let expired = links.link(message.id, "a.png", Timestamp(1));
    let nobody = link(&world, MessageId(uuid::Uuid::nil()));
    for path in [
        good.replace(parts[3], "1"),
        good.replace(parts[3], "99999999999999999"),
        good.replace(parts[4], "AAAA"),
        good.replace(parts[2], "no-id"),
        expired.strip_prefix("https://hub.example").unwrap().to_owned(),
        nobody,
    ] {
        let reply = open(&world, "GET", &path).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn the_console_reads_files_of_its_own_workspace() {
    let world = World::new().await;
    let (session, message) = sent(&world, "photo.png", "image/png", PNG).await;
    let path = format!("/api/sessions/{session}/messages/{}/file", message.id);
    assert_eq!(world.get(&path).await.bytes, PNG);
    assert_eq!(world.get_as(&world.their_key, &path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(open(&world, "GET", &path).await.status, StatusCode::UNAUTHORIZED);
    let other = path.replace(&session.to_string(), &uuid::Uuid::nil().to_string());
    assert_eq!(world.get(&other).await.status, StatusCode::NOT_FOUND);
}
