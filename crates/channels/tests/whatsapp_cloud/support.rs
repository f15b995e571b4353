use std::{
    fmt::Write as _,
    sync::{Arc, LazyLock},
    time::Duration,
};

use aws_lc_rs::hmac;
use baton_channels::Deps;
use baton_core::{
    channel::Channel,
    inbound::{RawEvent, RawRequest, Received},
    time::{BoxFuture, Clock, Timestamp},
};
use serde_json::{Map, Value, json};

pub const APP_SECRET: &str = "0123456789abcdef0123456789abcdef";
pub const VERIFY_TOKEN: &str = "a-long-random-word";
pub const TOKEN: &str = "EAAsampletoken";

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
        "access_token": TOKEN,
        "app_secret": APP_SECRET,
        "verify_token": VERIFY_TOKEN,
        "waba_id": "200100300400500",
        "phone_number_id": "100200300400500",
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

pub fn channel_with(change: impl FnOnce(&mut Map<String, Value>)) -> Arc<dyn Channel> {
    let mut settings = settings();
    change(&mut settings);
    baton_channels::build("whatsapp_cloud", &settings, &deps()).unwrap()
}

pub fn channel() -> &'static dyn Channel {
    static CHANNEL: LazyLock<Arc<dyn Channel>> = LazyLock::new(|| channel_with(|_| ()));
    &**CHANNEL
}

pub fn sign(secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hmac::sign(&key, body).as_ref().iter().fold("sha256=".to_owned(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
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
    let signature = sign(APP_SECRET, body);
    match channel().receive(&post(&[("x-hub-signature-256", &signature)], body)) {
        Received::Store { events, answer } => {
            assert_eq!(answer.status, 200);
            events
        }
        other => panic!("{other:?}"),
    }
}

pub fn fixtures(file: &str) -> Map<String, Value> {
    let text = match file {
        "messages" => include_str!("../../src/whatsapp_cloud/fixtures/messages.json"),
        "statuses" => include_str!("../../src/whatsapp_cloud/fixtures/statuses.json"),
        "fields" => include_str!("../../src/whatsapp_cloud/fixtures/fields.json"),
        other => panic!("{other}"),
    };
    serde_json::from_str(text).unwrap()
}

/// One webhook of text messages in Meta's shape.
pub fn batch(items: &[String]) -> String {
    format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"200100300400500","changes":[{{"field":"messages","value":{{"messaging_product":"whatsapp","metadata":{{"display_phone_number":"15550100200","phone_number_id":"100200300400500"}},"messages":[{}]}}}}]}}]}}"#,
        items.join(",")
    )
}

/// One text message; the body is JSON text without its quotes.
pub fn text(n: usize, body: &str) -> String {
    format!(
        r#"{{"from":"1555013{n:04}","id":"wamid.{n}","timestamp":"1795000000","type":"text","text":{{"body":"{body}"}}}}"#
    )
}
