//! Connections of callers who are slow, or too many.

use std::time::Duration;

use axum::{Router, routing::get};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::{Limits, serve};

async fn start(connections: usize, head_within: Duration) -> (String, watch::Sender<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let stop = watch::Sender::new(false);
    let app = Router::new().route("/", get(|| async { "hello" }));
    tokio::spawn(serve(listener, app, Limits { connections, head_within }, stop.subscribe()));
    (address, stop)
}

async fn ask(address: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_head_that_does_not_end_is_cut_and_others_are_served() {
    let (address, _stop) = start(10, Duration::from_millis(100)).await;
    let mut slow = TcpStream::connect(&address).await.unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nx: ").await.unwrap();
    assert!(ask(&address).await.ends_with("hello"));
    let mut rest = Vec::new();
    // Ends only when the server closes the connection.
    slow.read_to_end(&mut rest).await.unwrap();
    assert!(!String::from_utf8_lossy(&rest).contains("hello"));
}

#[tokio::test]
async fn a_connection_over_the_bound_waits_for_a_place() {
    let (address, _stop) = start(1, Duration::from_secs(60)).await;
    let first = TcpStream::connect(&address).await.unwrap();
    let waiting = ask(&address);
    tokio::pin!(waiting);
    let early = tokio::time::timeout(Duration::from_millis(200), &mut waiting).await;
    assert!(early.is_err(), "the only place is taken");
    drop(first);
    assert!(waiting.await.ends_with("hello"));
}
