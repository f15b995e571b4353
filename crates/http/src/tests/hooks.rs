use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use serde_json::json;

use super::world::World;

fn address(world: &World) -> String {
    format!("/hooks/{}", world.inbox)
}

#[tokio::test]
async fn the_vendor_is_shown_the_request_as_it_came() {
    let world = World::new().await;
    let request = Request::post(format!("{}/events/x?a=1&a=%20", address(&world)))
        .header("X-Repeated", "one")
        .header("x-repeated", "two")
        .body(Body::from("{ }"))
        .unwrap();
    let reply = world.send(request).await;
    assert_eq!(reply.status, StatusCode::ACCEPTED);
    assert_eq!(reply.headers["content-type"], "text/plain; charset=utf-8");
    assert_eq!(reply.headers["x-content-type-options"], "nosniff");
    let expected = json!({
        "method": "POST", "path": "events/x", "query": "a=1&a=%20",
        "repeated": ["one", "two"], "bytes": 3,
    });
    assert_eq!(reply.json(), expected);
    let bare = world.send(Request::get(address(&world)).body(Body::empty()).unwrap()).await;
    assert_eq!((&bare.json()["method"], &bare.json()["path"]), (&"GET".into(), &"".into()));
}

#[tokio::test]
async fn unknown_hooks_are_not_there() {
    let world = World::new().await;
    for id in [uuid::Uuid::from_u128(77).to_string(), "no-id".to_owned(), "..%2f".to_owned()] {
        let request = Request::post(format!("/hooks/{id}")).body(Body::empty()).unwrap();
        assert_eq!(world.send(request).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn bodies_over_the_limit_are_refused() {
    let world = World::with(|config| config.hook_body_max_bytes = 1_000).await;
    for (bytes, expected) in [(1_000, StatusCode::ACCEPTED), (1_001, StatusCode::PAYLOAD_TOO_LARGE)]
    {
        let announced = Request::post(address(&world)).header("content-length", bytes);
        let announced = announced.body(Body::from(vec![b'x'; bytes])).unwrap();
        assert_eq!(world.send(announced).await.status, expected);
        let pieces = vec![Ok::<_, std::io::Error>(vec![b'x'; bytes - 1]), Ok(vec![b'x'])];
        let streamed = Body::from_stream(futures::stream::iter(pieces));
        let streamed = Request::post(address(&world)).body(streamed).unwrap();
        assert_eq!(world.send(streamed).await.status, expected);
    }
    let endless = futures::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let lie = Request::post(address(&world)).header("content-length", 1_001_u32);
    let lie = lie.body(Body::from_stream(endless)).unwrap();
    let reply = world.send(lie).await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE, "refused before it is read");
}

#[tokio::test]
async fn compressed_bodies_are_refused() {
    let world = World::new().await;
    let request = Request::post(address(&world)).header("content-encoding", "gzip");
    let reply = world.send(request.body(Body::from("bomb")).unwrap()).await;
    assert_eq!(reply.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn a_slow_body_gives_its_place_back() {
    let world = World::with(|config| {
        config.max_concurrent_hooks = 1;
        config.request_timeout_ms = 20;
    })
    .await;
    let slow = || {
        let never = futures::stream::pending::<Result<Vec<u8>, std::io::Error>>();
        let request = Request::post(address(&world)).header("content-length", 5);
        world.send(request.body(Body::from_stream(never)).unwrap())
    };
    let (first, second) = tokio::join!(slow(), slow());
    assert_eq!(first.status, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(second.status, StatusCode::SERVICE_UNAVAILABLE, "no place was left");
    assert_eq!(second.headers["retry-after"], "1");
    let quick = Request::post(address(&world)).header("content-length", 0);
    let quick = quick.body(Body::empty()).unwrap();
    assert_eq!(world.send(quick).await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_panic_stays_inside_its_request() {
    let world = World::new().await;
    let request = Request::post(format!("{}/panic", address(&world))).body(Body::empty()).unwrap();
    let reply = world.send(request).await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (StatusCode::INTERNAL_SERVER_ERROR, "internal")
    );
    assert!(!reply.text().contains("asked to"), "{}", reply.text());
    let next = Request::post(address(&world)).body(Body::empty()).unwrap();
    assert_eq!(world.send(next).await.status, StatusCode::ACCEPTED);
}
