//! The simulated services over real HTTP, with a receiver in the hub's place and a clock that stands still.

mod batch;
mod cases;
mod dataverse;
mod definitions;
mod entra;
mod files;
mod limits;
mod messaging;
mod privileges;
mod queries;
mod rep;
mod rows;
mod staff;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::{Account, token};
use crate::{Clock, Config, Sandbox, start};

const START_MS: i64 = 1_795_253_400_000;
const API: &str = "messaging/api/v1.0/consumer";

/// One request on the webhook.
struct Hooked {
    path: String,
    authorization: String,
    body: Value,
}

struct Stand {
    sandbox: Sandbox,
    http: reqwest::Client,
    account: Account,
    hooks: mpsc::UnboundedReceiver<Hooked>,
    /// Statuses that the receiver answers with before it goes back to 200.
    answers: Arc<Mutex<VecDeque<u16>>>,
}

type Receiver = (mpsc::UnboundedSender<Hooked>, Arc<Mutex<VecDeque<u16>>>);

async fn receive(
    State((hooks, answers)): State<Receiver>,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    let text = |name| headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let body = serde_json::from_str(&body).unwrap();
    hooks
        .send(Hooked {
            path: uri.path().to_owned(),
            authorization: text(header::AUTHORIZATION),
            body,
        })
        .unwrap();
    StatusCode::from_u16(answers.lock().unwrap().pop_front().unwrap_or(200)).unwrap()
}

impl Stand {
    async fn new() -> Self {
        let (sender, hooks) = mpsc::unbounded_channel();
        let answers: Arc<Mutex<VecDeque<u16>>> = Arc::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hook_url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let receiver = Router::new().fallback(receive).with_state((sender, answers.clone()));
        tokio::spawn(async move { axum::serve(listener, receiver).await });
        let config = Config::from_seed(7);
        let account = config.dynamics365.clone();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sandbox = start(config, Clock::frozen(START_MS), listener).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let stand = Self { sandbox, http, account, hooks, answers };
        stand.control("dynamics365/webhook", json!({ "url": hook_url })).await;
        stand
    }

    /// The next request on the webhook. A webhook that never comes fails the test instead of hanging it.
    async fn hook(&mut self) -> Hooked {
        let next = tokio::time::timeout(Duration::from_secs(20), self.hooks.recv()).await;
        next.expect("a webhook was expected and none came").unwrap()
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.sandbox.addr)
    }

    async fn try_control(&self, path: &str, body: Value) -> (u16, Value) {
        let sent =
            self.http.post(self.url(&format!("_control/{path}"))).json(&body).send().await.unwrap();
        (sent.status().as_u16(), sent.json().await.unwrap())
    }

    async fn control(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.try_control(path, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    async fn look(&self, path: &str) -> Value {
        self.http
            .get(self.url(&format!("_control/{path}")))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    async fn switch(&self, name: &str, value: &str) {
        self.control("switches", json!({ name: value })).await;
    }

    async fn fault(&self, rule: Value) {
        self.control("faults", rule).await;
    }

    async fn advance(&self, ms: i64) {
        self.control("clock", json!({ "advance_ms": ms })).await;
    }

    async fn ask_token(&self, changes: &[(&str, &str)]) -> (u16, Value) {
        let scope = self.account.urls(&self.url("")).messaging_scope;
        let Account { client_id, client_secret, tenant_id, .. } = &self.account;
        let mut fields = vec![
            ("grant_type", "client_credentials"),
            ("client_id", client_id),
            ("client_secret", client_secret),
            ("scope", &scope),
        ];
        let mut tenant = tenant_id.as_str();
        for (name, value) in changes {
            fields.retain(|(known, _)| known != name);
            match (*name, *value) {
                ("tenant", other) => tenant = other,
                (_, "") => {}
                other => fields.push(other),
            }
        }
        let url = self.url(&format!("entra/{tenant}/oauth2/v2.0/token"));
        let answer = self.http.post(url).form(&fields).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn token(&self, scope: &str) -> String {
        let (status, body) = self.ask_token(&[("scope", scope)]).await;
        assert_eq!(status, 200, "{body}");
        body["access_token"].as_str().unwrap().to_owned()
    }

    async fn messaging(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        self.try_messaging(method, path, body).await.unwrap()
    }

    async fn try_messaging(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> reqwest::Result<Response> {
        let token = self.token(&self.account.urls("").messaging_scope).await;
        let request = self
            .http
            .request(method, self.url(&format!("{API}/{path}")))
            .bearer_auth(token)
            .header("channel-id", &self.account.channel_id)
            .header("organization-id", &self.account.organization_id);
        match body {
            Some(body) => request.json(&body).send().await,
            None => request.send().await,
        }
    }

    async fn create(&self, body: Value) -> Value {
        let answer = self.messaging(Method::POST, "conversation/create", Some(body)).await;
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    async fn open(&self, customer: &str) -> String {
        let body = json!({ "customercontext": { "customerid": customer } });
        self.create(body).await["conversationId"].as_str().unwrap().to_owned()
    }

    fn message(&self, id: &str, text: &str) -> Value {
        json!({
            "type": "message",
            "channelId": self.account.channel_id,
            "from": { "id": "customer-1", "name": "Ana" },
            "conversation": { "id": id },
            "text": text,
        })
    }

    async fn say(&self, id: &str, text: &str) -> Response {
        self.messaging(Method::POST, &format!("conversation/{id}"), Some(self.message(id, text)))
            .await
    }

    async fn get(&self, path: &str) -> Value {
        self.messaging(Method::GET, path, None).await.json().await.unwrap()
    }

    /// Status and number of a refused call.
    async fn refusal(&self, method: Method, path: &str, body: Option<Value>) -> (u16, u64) {
        let answer = self.messaging(method, path, body).await;
        assert!(answer.headers().contains_key("x-ms-correlation-id"));
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap();
        (status, body["errorCode"].as_u64().unwrap_or_default())
    }

    async fn dataverse(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Response {
        let token = self.token(&self.account.urls("").dataverse_scope).await;
        let mut request = self
            .http
            .request(method, self.url(&format!("dataverse/api/data/v9.2/{path}")))
            .bearer_auth(token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        match body {
            Some(body) => request.json(&body).send().await.unwrap(),
            None => request.send().await.unwrap(),
        }
    }

    async fn rows(&self, path: &str) -> Vec<Value> {
        let body: Value = self.dataverse(Method::GET, path, &[], None).await.json().await.unwrap();
        body["value"].as_array().unwrap_or_else(|| panic!("{body}")).clone()
    }

    async fn violations(&self) -> (u64, u64) {
        let found = self.look("violations").await;
        let count = |name: &str| {
            let rows = found["violations"].as_array().unwrap();
            rows.iter().find(|row| row["name"] == name).unwrap()["count"].as_u64().unwrap()
        };
        (count("i3_duplicate_to_rep"), count("i6_two_live_works"))
    }
}
