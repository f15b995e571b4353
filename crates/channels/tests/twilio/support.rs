use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, LazyLock},
    time::Duration,
};

use aws_lc_rs::hmac;
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

pub const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
pub const SERVICE: &str = "MG0123456789abcdef0123456789abcdef";
pub const TOKEN: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
pub const WEBHOOK: &str = "https://baton.sample.example/hooks/7";
pub const SENDER: &str = "+15550100200";

/// Stands still.
pub struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::read("2026-11-20T10:00:00Z").unwrap()
    }

    fn sleep_until(&self, _: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}

pub fn settings() -> Map<String, Value> {
    let Value::Object(map) = json!({
        "account_sid": ACCOUNT,
        "auth_token": TOKEN,
        "sender": SENDER,
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
    baton_channels::build("twilio", &settings, &deps()).unwrap()
}

/// The SMS number.
pub fn sms() -> &'static dyn Channel {
    static CHANNEL: LazyLock<Arc<dyn Channel>> = LazyLock::new(|| channel_with(&[]));
    &**CHANNEL
}

/// The same number on WhatsApp.
pub fn whatsapp() -> &'static dyn Channel {
    static CHANNEL: LazyLock<Arc<dyn Channel>> =
        LazyLock::new(|| channel_with(&[("sender", "whatsapp:+1 (555) 010-0200")]));
    &**CHANNEL
}

/// The signature of a form as Twilio's page describes it.
pub fn sign(algorithm: hmac::Algorithm, secret: &str, url: &str, form: &[(&str, &str)]) -> String {
    let mut sorted = form.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let tail: String = sorted.iter().flat_map(|(name, value)| [*name, *value]).collect();
    let data = format!("{url}{tail}");
    let key = hmac::Key::new(algorithm, secret.as_bytes());
    STANDARD.encode(hmac::sign(&key, data.as_bytes()))
}

pub fn sign_sha1(secret: &str, url: &str, form: &[(&str, &str)]) -> String {
    sign(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret, url, form)
}

pub fn encode(form: &[(&str, &str)]) -> String {
    let text = |text: &str| {
        text.bytes().fold(String::new(), |mut out, byte| {
            match byte {
                b' ' => out.push('+'),
                b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'.' | b'_' | b'*' => {
                    out.push(char::from(byte));
                }
                _ => write!(out, "%{byte:02X}").unwrap(),
            }
            out
        })
    };
    let pairs: Vec<String> = form.iter().map(|(k, v)| format!("{}={}", text(k), text(v))).collect();
    pairs.join("&")
}

/// A request with a form.
pub fn post(query: &str, headers: &[(&str, &str)], body: &str) -> RawRequest {
    let form = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
    let headers = form.iter().chain(headers);
    RawRequest {
        method: "POST".to_owned(),
        query: query.to_owned(),
        headers: headers.map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        body: body.as_bytes().to_vec(),
        ..RawRequest::default()
    }
}

/// Posts a correctly signed form; the events that are stored of it.
pub fn receive(channel: &dyn Channel, query: &str, form: &[(&str, &str)]) -> Vec<RawEvent> {
    let url = if query.is_empty() { WEBHOOK.to_owned() } else { format!("{WEBHOOK}?{query}") };
    let signature = sign_sha1(TOKEN, &url, form);
    let request = post(query, &[("x-twilio-signature", &signature)], &encode(form));
    match channel.receive(&request) {
        Received::Store { events, answer } => {
            assert_eq!((answer.status, &*answer.body), (200, "<Response/>"));
            assert_eq!(answer.content_type, Some("text/xml"));
            events
        }
        other => panic!("{other:?}"),
    }
}

pub type Form = BTreeMap<String, String>;

pub fn pairs(form: &Form) -> Vec<(&str, &str)> {
    form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

pub fn fixtures(file: &str) -> BTreeMap<String, Form> {
    let text = match file {
        "sms" => include_str!("../../src/twilio/fixtures/sms.json"),
        "whatsapp" => include_str!("../../src/twilio/fixtures/whatsapp.json"),
        "sms_statuses" => include_str!("../../src/twilio/fixtures/sms_statuses.json"),
        "whatsapp_statuses" => include_str!("../../src/twilio/fixtures/whatsapp_statuses.json"),
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
            // Whoever has read enough may have gone.
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
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
