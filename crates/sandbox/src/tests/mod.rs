//! A receiver that stands in for whoever uses the vendors, and the stories it goes through with them.

mod control;
mod faults;
mod openai;
mod telnyx;
mod tls;
mod twilio;
mod twilio_account;
mod twilio_inbound;
mod twilio_line;
mod whatsapp;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::{Clock, Config, Sandbox, start};

/// 2026-11-20T00:00:00Z.
pub const START_MS: i64 = 1_795_132_800_000;
pub const HOUR_MS: i64 = 3_600_000;
pub const CUSTOMER: &str = "15550100001";

/// One webhook as it arrived.
pub struct Received {
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Received {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn value(&self) -> Value {
        self.json()["entry"][0]["changes"][0]["value"].clone()
    }

    /// The status that this webhook tells, or "message".
    pub fn what(&self) -> String {
        self.value()["statuses"][0]["status"].as_str().unwrap_or("message").to_owned()
    }
}

struct Receiver {
    verify_token: String,
    received: mpsc::UnboundedSender<Received>,
    /// Statuses to answer with; 200 when used up.
    answers: Mutex<VecDeque<u16>>,
}

/// A sandbox with a frozen clock and a receiver of its webhooks.
pub struct Stage {
    pub sandbox: Sandbox,
    pub clock: Clock,
    pub config: Config,
    pub http: reqwest::Client,
    pub hook_url: String,
    receiver: Arc<Receiver>,
    received: mpsc::UnboundedReceiver<Received>,
}

async fn verify(
    State(receiver): State<Arc<Receiver>>,
    Query(query): Query<Vec<(String, String)>>,
) -> (StatusCode, String) {
    let get =
        |key: &str| query.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
    if get("hub.mode").as_deref() == Some("subscribe")
        && get("hub.verify_token").as_ref() == Some(&receiver.verify_token)
    {
        return (StatusCode::OK, get("hub.challenge").unwrap());
    }
    (StatusCode::FORBIDDEN, String::new())
}

async fn receive(
    State(receiver): State<Arc<Receiver>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    receiver.received.send(Received { headers, body }).ok();
    let status = receiver.answers.lock().unwrap().pop_front().unwrap_or(200);
    StatusCode::from_u16(status).unwrap()
}

impl Stage {
    pub async fn new() -> Self {
        let clock = Clock::frozen(START_MS);
        let config = Config::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sandbox = start(config.clone(), clock.clone(), listener).await.unwrap();
        let (sender, received) = mpsc::unbounded_channel();
        let receiver = Arc::new(Receiver {
            verify_token: config.whatsapp.verify_token.clone(),
            received: sender,
            answers: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hook_url = format!("http://{}/hook", listener.local_addr().unwrap());
        let app =
            Router::new().route("/hook", get(verify).post(receive)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let stage = Self { sandbox, clock, config, http, hook_url, receiver, received };
        stage.control("whatsapp/subscribe", json!({ "url": stage.hook_url })).await;
        stage
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.sandbox.addr)
    }

    /// POSTs to the control API, which must agree.
    pub async fn control(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.try_control(path, body).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    pub async fn try_control(&self, path: &str, body: Value) -> (u16, Value) {
        let response = self
            .http
            .post(self.url(&format!("/_control/{path}")))
            .json(&body)
            .send()
            .await
            .unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub async fn look(&self, path: &str) -> Value {
        self.http
            .get(self.url(&format!("/_control/{path}")))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    pub async fn switch(&self, name: &str, value: &str) {
        self.control("switches", json!({ name: value })).await;
    }

    /// The next webhook; a generous real-time limit turns a missing one into a failure.
    pub async fn hook(&mut self) -> Received {
        tokio::time::timeout(Duration::from_secs(20), self.received.recv())
            .await
            .expect("a webhook")
            .unwrap()
    }

    /// Waits until nothing is on its way any more and checks that nothing has arrived.
    pub async fn expect_no_hook(&mut self) {
        self.settle().await;
        assert!(self.received.try_recv().is_err());
    }

    /// Waits until everything that is due has been sent.
    pub async fn settle(&self) {
        let webhooks = &self.sandbox.world.webhooks;
        while webhooks.pending().queued > 0
            || self.clock.next_deadline().is_some_and(|at| at <= self.clock.now_ms())
        {
            tokio::task::yield_now().await;
        }
    }

    pub fn answer_with(&self, statuses: &[u16]) {
        self.receiver.answers.lock().unwrap().extend(statuses);
    }

    pub fn messages_url(&self) -> String {
        self.url(&format!("/v26.0/{}/messages", self.config.whatsapp.phone_number_id))
    }

    /// Sends through the Graph API, with our bearer.
    pub async fn send(&self, body: Value) -> reqwest::Result<(u16, Value)> {
        let token = &self.config.whatsapp.access_token;
        let response =
            self.http.post(self.messages_url()).bearer_auth(token).json(&body).send().await?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    pub async fn send_text(&self, text: &str, callback_data: &str) -> (u16, Value) {
        self.send(text_message(text, callback_data)).await.unwrap()
    }

    /// The customer writes, which opens the window.
    pub async fn customer_says(&mut self, text: &str) -> Value {
        let told = self.control("whatsapp/message", json!({ "text": text })).await;
        self.hook().await;
        told
    }

    /// The count of a violation.
    pub async fn violations(&self, name: &str) -> u64 {
        let found = self.look("violations").await;
        let row =
            found["violations"].as_array().unwrap().iter().find(|row| row["name"] == name).cloned();
        row.unwrap()["count"].as_u64().unwrap()
    }
}

pub fn text_message(text: &str, callback_data: &str) -> Value {
    json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": format!("+{CUSTOMER}"),
        "type": "text",
        "text": { "body": text },
        "biz_opaque_callback_data": callback_data,
    })
}
