//! A sandbox, one channel configured for it, and the hook at which its vendor delivers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use baton_channels::Deps;
use baton_core::{
    channel::{Channel, ChannelEvent, Outbound, What},
    contact::{Contact, Identity},
    fault::Outcome,
    ids::{ContactId, DeliveryId, WorkspaceId},
    inbound::{Answer, RawRequest, Received},
    time::{BoxFuture, Clock, Timestamp},
};
use baton_sandbox::{Config, Sandbox};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

/// Our word for everything that is sent.
pub const DELIVERY: &str = "0190f5c3-7d3c-7c44-9a54-6b1f0c6d0a01";
/// 2026-11-20T00:00:00Z.
const START_MS: i64 = 1_795_132_800_000;

/// What a story needs to know of a vendor.
pub struct Vendor {
    pub name: &'static str,
    /// The inbox's settings, from the accounts, the sandbox's address and the hook's.
    pub settings: fn(&Config, &str, &str) -> Value,
    /// What the control API is told when the customer says something, with a picture or without.
    pub said: fn(&str, bool) -> Value,
}

struct Shared(baton_sandbox::Clock);

impl Clock for Shared {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.now_ms())
    }

    fn sleep_until(&self, _: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}

pub struct Stage {
    pub vendor: &'static Vendor,
    pub channel: Arc<dyn Channel>,
    pub clock: baton_sandbox::Clock,
    sandbox: Sandbox,
    http: reqwest::Client,
    events: mpsc::UnboundedReceiver<ChannelEvent>,
    refused: Arc<AtomicUsize>,
}

impl Stage {
    pub async fn new(vendor: &'static Vendor) -> Self {
        let clock = baton_sandbox::Clock::frozen(START_MS);
        let config = Config::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sandbox = baton_sandbox::start(config.clone(), clock.clone(), listener).await.unwrap();
        let hook = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hook_url = format!("http://{}/hooks/9", hook.local_addr().unwrap());
        let redirect = reqwest::redirect::Policy::none();
        let http = reqwest::Client::builder().redirect(redirect).no_proxy().build().unwrap();
        let deps =
            Deps { http: http.clone(), clock: Arc::new(Shared(clock.clone())), development: true };
        let base = format!("http://{}", sandbox.addr);
        let settings = (vendor.settings)(&config, &base, &hook_url);
        let channel =
            baton_channels::build(vendor.name, settings.as_object().unwrap(), &deps).unwrap();
        let (sender, events) = mpsc::unbounded_channel();
        let refused = Arc::new(AtomicUsize::new(0));
        tokio::spawn(serve(hook, Arc::clone(&channel), sender, Arc::clone(&refused)));
        let stage = Self { vendor, channel, clock, sandbox, http, events, refused };
        stage
            .control(&format!("{}/hooks", vendor.name), serde_json::json!({ "url": hook_url }))
            .await;
        stage
    }

    /// POSTs to the control API, which must agree.
    pub async fn control(&self, path: &str, body: Value) {
        let url = format!("http://{}/_control/{path}", self.sandbox.addr);
        let response = self.http.post(url).json(&body).send().await.unwrap();
        let status = response.status();
        assert!(status.is_success(), "{path}: {}", response.text().await.unwrap());
    }

    pub async fn customer(&self, text: &str, picture: bool) {
        let said = (self.vendor.said)(text, picture);
        self.control(&format!("{}/message", self.vendor.name), said).await;
    }

    pub async fn send(&self, to: &Identity, what: What<'_>) -> Outcome {
        let to = Contact {
            id: ContactId::read("0190f5c3-7d3c-7c44-9a54-6b1f0c6d0a02").unwrap(),
            workspace: WorkspaceId::read("0190f5c3-7d3c-7c44-9a54-6b1f0c6d0a03").unwrap(),
            name: to.name.clone(),
            points: to.points.clone(),
        };
        let delivery = DeliveryId::read(DELIVERY).unwrap();
        let outbound = Outbound { delivery, to: &to, what, reply_to: None, file_url: None };
        self.channel.send(&self.channel.render(&outbound).unwrap()).await
    }

    /// The next thing that the vendor says; a generous real-time limit turns a missing one into a
    /// failure.
    pub async fn next(&mut self) -> ChannelEvent {
        let waiting = tokio::time::timeout(Duration::from_secs(20), self.events.recv());
        waiting.await.expect("an event").unwrap()
    }

    /// How many requests at the hook were not taken.
    pub fn refused(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
    }
}

async fn serve(
    hook: TcpListener,
    channel: Arc<dyn Channel>,
    events: mpsc::UnboundedSender<ChannelEvent>,
    refused: Arc<AtomicUsize>,
) {
    loop {
        let (mut stream, _) = hook.accept().await.unwrap();
        let request = read(&mut stream).await;
        let answer = match channel.receive(&request) {
            Received::Store { events: stored, answer } => {
                for event in stored {
                    for said in channel.parse(&event).unwrap() {
                        // Nobody listens any more once a story has ended.
                        let _ = events.send(said);
                    }
                }
                answer
            }
            Received::Answer(answer) => {
                refused.fetch_add(1, Ordering::Relaxed);
                answer
            }
            Received::StaleKeys => Answer::status(503),
        };
        let Answer { status, body, content_type } = answer;
        let kind = content_type.unwrap_or("text/plain");
        let text = format!(
            "HTTP/1.1 {status} Sample\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let _ = stream.write_all(text.as_bytes()).await;
        let _ = stream.shutdown().await;
    }
}

async fn read(stream: &mut TcpStream) -> RawRequest {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0);
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap().split(' ');
    let (method, target) = (first.next().unwrap(), first.next().unwrap());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
    while bytes.len() < end + 4 + length {
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0);
    }
    RawRequest {
        method: method.to_owned(),
        query: target.split_once('?').map_or("", |(_, query)| query).to_owned(),
        headers,
        body: bytes[end + 4..].to_vec(),
        ..RawRequest::default()
    }
}
