use std::net::SocketAddr;

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Request, StatusCode},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::world::{World, bearer};
use crate::{Limits, serve};

async fn get(world: &World, path: &str) -> super::world::Reply {
    world.send(Request::get(path).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn answers_carry_the_headers_that_protect_browsers() {
    let world = World::new().await;
    for path in ["/livez", "/api/me", "/api/nothing", "/sessions/1"] {
        let reply = get(&world, path).await;
        assert_eq!(reply.headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(reply.headers["referrer-policy"], "no-referrer", "{path}");
        assert!(reply.headers.contains_key("strict-transport-security"), "{path}");
        assert_eq!(reply.headers["x-request-id"].len(), 16, "{path}");
    }
}

#[tokio::test]
async fn the_console_answers_its_own_addresses_only() {
    let world = World::new().await;
    let shell = get(&world, "/sessions/anything?x=1").await;
    if shell.status == StatusCode::OK {
        assert!(shell.text().contains("<html"));
        let policy = shell.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"));
        assert_eq!(shell.headers["cache-control"], "no-cache");
        let text = shell.text();
        let (_, script) = text.split_once("src=\"/assets/").unwrap();
        let script = format!("/assets/{}", script.split_once('"').unwrap().0);
        let script = get(&world, &script).await;
        assert_eq!(script.status, StatusCode::OK);
        assert_eq!(script.headers["cache-control"], "public, max-age=31536000, immutable");
    } else {
        assert!(shell.text().contains("built without its console"), "{}", shell.text());
    }
    for path in ["/assets/old.js", "/api/x", "/hooks", "/api", "/assets/../../Cargo.toml"] {
        assert_eq!(get(&world, path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let post = Request::post("/sessions").body(Body::empty()).unwrap();
    assert_eq!(world.send(post).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn health_is_open_and_counts_are_not() {
    let world = World::new().await;
    assert_eq!(get(&world, "/livez").await.status, StatusCode::OK);
    assert_eq!(get(&world, "/readyz").await.status, StatusCode::OK);
    let from = |peer: &str, forwarded: bool| {
        let mut request = Request::get("/metrics").body(Body::empty()).unwrap();
        let peer: SocketAddr = peer.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        if forwarded {
            request.headers_mut().insert("x-forwarded-for", "203.0.113.9".parse().unwrap());
        }
        request
    };
    let outside = world.send(from("203.0.113.9:4000", false)).await;
    assert_eq!(outside.status, StatusCode::UNAUTHORIZED);
    let proxied = world.send(from("127.0.0.1:4000", true)).await;
    assert_eq!(proxied.status, StatusCode::UNAUTHORIZED);

    crate::metrics_start();
    get(&world, "/livez").await;
    let local = world.send(from("127.0.0.1:4000", false)).await;
    assert_eq!(local.status, StatusCode::OK);
    for name in [
        "baton_http_requests_total",
        "baton_store_commits",
        "baton_ready 1",
        "baton_inbound_waiting 0",
    ] {
        assert!(local.text().contains(name), "{name} in {}", local.text());
    }
    let key = bearer(Request::get("/metrics"), &world.key).body(Body::empty()).unwrap();
    assert_eq!(world.send(key).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_hub_that_stops_is_not_ready() {
    let world = World::new().await;
    world.hub.stop().await;
    assert_eq!(get(&world, "/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get(&world, "/livez").await.status, StatusCode::OK);
    let reply = world.get("/api/sessions").await;
    assert!(reply.status.is_server_error());
    assert!(!reply.text().to_lowercase().contains("sql"), "{}", reply.text());
}

#[tokio::test]
async fn the_server_stops_although_a_feed_is_open() {
    let world = World::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = world.stop.subscribe();
    let server = tokio::spawn(serve(listener, world.app.clone(), Limits::default(), stop));
    let mut reader = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /api/feed HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer {}\r\n\r\n",
        world.key
    );
    reader.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0_u8; 15];
    reader.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    world.stop.send_replace(true);
    let mut rest = String::new();
    reader.read_to_string(&mut rest).await.unwrap();
    assert!(rest.contains("text/event-stream") && rest.ends_with("0\r\n\r\n"), "{rest}");
    server.await.unwrap();
}
