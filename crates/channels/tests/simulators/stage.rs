//! A sandbox, one channel configured for it, and the hook at which its vendor delivers.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use baton_channels::Deps;
use baton_core::{
    channel::{Call, Channel, ChannelEvent, Outbound, What},
    contact::{Contact, Identity},
    fault::{Fault, Outcome},
    ids::{ContactId, DeliveryId, WorkspaceId},
    inbound::{Answer, RawRequest, Received},
    time::{BoxFuture, Clock, Timestamp},
};
use baton_sandbox::{Config, Sandbox};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

pub use crate::vendors::Vendor;

/// Our word for everything that is sent.
pub const DELIVERY: &str = "0190f5c3-7d3c-7c44-9a54-6b1f0c6d0a01";
/// 2026-11-20T00:00:00Z.
pub const START_MS: i64 = 1_795_132_800_000;

/// Something that the vendor told us; none where it was set aside.
pub type Told = Option<ChannelEvent>;

/// What came of one stored event: its id, and what it says.
type Stored = (Option<String>, Told);

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
    pub config: Config,
    pub hook_url: String,
    sandbox: Sandbox,
    http: reqwest::Client,
    events: mpsc::UnboundedReceiver<Stored>,
    refused: Arc<AtomicUsize>,
    stored: Arc<Mutex<Vec<String>>>,
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
        let deps = Deps {
            http: http.clone(),
            downloads: baton_files::Client::new(true).unwrap(),
            clock: Arc::new(Shared(clock.clone())),
            development: true,
        };
        let base = format!("http://{}", sandbox.addr);
        let settings = (vendor.settings)(&config, &base, &hook_url);
        let channel =
            baton_channels::build(vendor.name, settings.as_object().unwrap(), &deps).unwrap();
        let (sender, events) = mpsc::unbounded_channel();
        let refused = Arc::new(AtomicUsize::new(0));
        let stored = Arc::<Mutex<Vec<String>>>::default();
        let counts = (Arc::clone(&refused), Arc::clone(&stored));
        tokio::spawn(serve(hook, Arc::clone(&channel), sender, counts));
        let stage = Self {
            vendor,
            channel,
            clock,
            config,
            hook_url,
            sandbox,
            http,
            events,
            refused,
            stored,
        };
        stage.control(vendor.subscribe, json!({ "url": stage.hook_url })).await;
        stage
    }

    /// POSTs to the control API, which must agree.
    pub async fn control(&self, path: &str, body: Value) -> Value {
        let url = format!("http://{}/_control/{path}", self.sandbox.addr);
        let response = self.http.post(url).json(&body).send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// The customer says something, with a picture or without.
    pub async fn customer(&self, text: &str, picture: bool) {
        self.say((self.vendor.said)(text, picture)).await;
    }

    /// The customer taps the button or row with these words.
    pub async fn tap(&self, choice: &str) {
        self.say((self.vendor.tapped)(choice)).await;
    }

    async fn say(&self, order: Value) {
        self.control(&format!("{}/message", self.vendor.simulator), order).await;
    }

    /// A webhook as it is, signed `right`, `wrong` or not at all (`missing`); what we answered.
    pub async fn raw(&self, mut order: Value, signature: &str) -> Value {
        order["signature"] = signature.into();
        let path = format!("{}/raw", self.vendor.simulator);
        self.control(&path, order).await["delivered_status"].clone()
    }

    pub async fn send(&self, to: &Identity, what: What<'_>) -> Outcome {
        self.channel.send(&self.call(to, what)).await
    }

    pub fn call(&self, to: &Identity, what: What<'_>) -> Call {
        self.render(to, what).unwrap()
    }

    pub fn render(&self, to: &Identity, what: What<'_>) -> Result<Call, Fault> {
        let to = Contact {
            id: ContactId::read("0190f5c3-7d3c-7c44-9a54-6b1f0c6d0a02").unwrap(),
            workspace: WorkspaceId::read("0190f5c3-7d3c-7c44-9a54-6b1f0c6d0a03").unwrap(),
            name: to.name.clone(),
            points: to.points.clone(),
        };
        let delivery = DeliveryId::read(DELIVERY).unwrap();
        let file_url = Some("https://baton.sample.example/f/1");
        self.channel.render(&Outbound { delivery, to: &to, what, reply_to: None, file_url })
    }

    /// The next thing that the vendor tells; a generous real-time limit turns a missing one into
    /// a failure.
    pub async fn next(&mut self) -> Stored {
        let waiting = tokio::time::timeout(Duration::from_secs(20), self.events.recv());
        waiting.await.expect(self.vendor.name).unwrap()
    }

    /// The ids of the events that came to the hook, in their order.
    pub fn stored(&self) -> Vec<String> {
        self.stored.lock().unwrap().clone()
    }

    /// How many requests at the hook were not taken.
    pub fn refused(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
    }
}

async fn serve(
    hook: TcpListener,
    channel: Arc<dyn Channel>,
    events: mpsc::UnboundedSender<Stored>,
    (refused, ids): (Arc<AtomicUsize>, Arc<Mutex<Vec<String>>>),
) {
    loop {
        let (mut stream, _) = hook.accept().await.unwrap();
        // Connections are opened in advance, too.
        let Some(request) = read(&mut stream).await else { continue };
        let answer = match channel.receive(&request) {
            Received::Store { events: stored, answer } => {
                for event in stored {
                    let id = event.vendor_event_id.clone();
                    ids.lock().unwrap().extend(id.clone());
                    let told = match channel.parse(&event) {
                        Ok(said) => said.into_iter().map(Some).collect(),
                        Err(_) => vec![None],
                    };
                    for told in told {
                        // Nobody listens any more once a story has ended.
                        let _ = events.send((id.clone(), told));
                    }
                }
                answer
            }
            // With a GET the vendor only asks whether we are here.
            Received::Answer(answer) => {
                refused.fetch_add(usize::from(request.method == "POST"), Ordering::Relaxed);
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

async fn read(stream: &mut TcpStream) -> Option<RawRequest> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.is_ok_and(|read| read == 0) {
            return None;
        }
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
    Some(RawRequest {
        method: method.to_owned(),
        query: target.split_once('?').map_or("", |(_, query)| query).to_owned(),
        headers,
        body: bytes[end + 4..].to_vec(),
        ..RawRequest::default()
    })
}
