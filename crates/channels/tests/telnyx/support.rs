use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
    time::Duration,
};

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use baton_channels::Deps;
use baton_core::{
    channel::Channel,
    inbound::{RawEvent, RawRequest, Received},
    time::{BoxFuture, Clock, Timestamp},
};
use serde_json::{Map, Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// Belongs to the private key of 32 sevens.
pub const PUBLIC_KEY: &str = "6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=";
pub const API_KEY: &str = "KEY0123456789ABCDEF_sample";
pub const PROFILE: &str = "0f512bda-ae1e-4597-8e11-000000000001";
pub const WEBHOOK: &str = "https://baton.sample.example/hooks/8";
pub const SENDER: &str = "+15550100200";
/// The moment at which the clock stands still, in seconds since 1970.
pub const NOW: i64 = 1_795_168_800;

/// Stands still.
pub struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp(NOW * 1_000)
    }

    fn sleep_until(&self, _: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}

pub fn settings() -> Map<String, Value> {
    let Value::Object(map) = json!({
        "sender": SENDER,
        "api_key": API_KEY,
        "public_key": PUBLIC_KEY,
        "webhook_url": WEBHOOK,
    }) else {
        unreachable!()
    };
    map
}

/// Building one reads the machine's certificates, which takes a while.
static DOWNLOADS: LazyLock<baton_files::Client> =
    LazyLock::new(|| baton_files::Client::new(true).unwrap());
static HTTP: LazyLock<reqwest::Client> = LazyLock::new(|| {
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(5))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap()
});

pub fn deps() -> Deps {
    Deps {
        http: HTTP.clone(),
        downloads: DOWNLOADS.clone(),
        clock: Arc::new(Still),
        development: true,
    }
}

pub fn channel_with(changes: &[(&str, &str)]) -> Arc<dyn Channel> {
    let mut settings = settings();
    for (key, value) in changes {
        settings.insert((*key).to_owned(), (*value).into());
    }
    baton_channels::build("telnyx", &settings, &deps()).unwrap()
}

pub fn channel() -> &'static dyn Channel {
    static CHANNEL: LazyLock<Arc<dyn Channel>> = LazyLock::new(|| channel_with(&[]));
    &**CHANNEL
}

pub fn sign(seed: u8, time: i64, body: &[u8]) -> String {
    let key = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
    let signed = [format!("{time}|").as_bytes(), body].concat();
    STANDARD.encode(key.sign(&signed))
}

pub fn post(headers: &[(&str, &str)], body: &[u8]) -> RawRequest {
    RawRequest {
        method: "POST".to_owned(),
        headers: headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        body: body.to_vec(),
        ..RawRequest::default()
    }
}

/// Posts a correctly signed body; the events that are stored of it.
pub fn receive(body: &[u8]) -> Vec<RawEvent> {
    let signature = sign(7, NOW, body);
    let time = NOW.to_string();
    let headers = [("telnyx-signature-ed25519", &*signature), ("telnyx-timestamp", &*time)];
    match channel().receive(&post(&headers, body)) {
        Received::Store { events, answer } => {
            assert_eq!(answer.status, 200);
            events
        }
        other => panic!("{other:?}"),
    }
}

pub fn fixtures(file: &str) -> BTreeMap<String, Value> {
    let text = match file {
        "messages" => include_str!("../../src/telnyx/fixtures/messages.json"),
        "reports" => include_str!("../../src/telnyx/fixtures/reports.json"),
        other => panic!("{other}"),
    };
    serde_json::from_str(text).unwrap()
}

/// Answers each connection with the next bytes and closes it; returns the requests.
pub async fn server(answers: Vec<Vec<u8>>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let mut requests = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            requests.push(request(&mut stream).await);
            stream.write_all(&answer).await.unwrap();
            stream.shutdown().await.unwrap();
        }
        requests
    });
    (url, task)
}

async fn request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned)
            });
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text;
            }
        }
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0);
    }
}

pub fn http(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} Sample\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}")
        .into_bytes()
}
