//! Messaging over real HTTP, with a clock that stands still.

mod conversations;
mod files;
mod history;
mod reps;
mod stream;
mod tokens;
mod watch;

use std::time::Duration;

use futures::StreamExt;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::Account;
use crate::{Clock, Config, Ids, Sandbox, start};

pub const START_MS: i64 = 1_795_253_400_000;
const API: &str = "salesforce/iamessage/api/v2";

pub struct Stand {
    pub sandbox: Sandbox,
    pub http: reqwest::Client,
    pub account: Account,
    ids: Ids,
}

/// An event of a stream.
#[derive(Clone, Debug)]
pub struct Event {
    pub name: String,
    pub id: u64,
    pub data: Value,
}

impl Event {
    pub fn entry(&self) -> &Value {
        &self.data["conversationEntry"]
    }

    /// `entryPayload`, parsed a second time.
    pub fn payload(&self) -> Value {
        serde_json::from_str(self.entry()["entryPayload"].as_str().unwrap()).unwrap()
    }

    pub fn text(&self) -> String {
        let payload = self.payload();
        payload["abstractMessage"]["staticContent"]["text"].as_str().unwrap_or_default().to_owned()
    }
}

/// A stream that is read as the HTML standard says.
pub struct Events {
    response: std::pin::Pin<Box<dyn futures::Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>,
    buffer: Vec<u8>,
    after_cr: bool,
    pub broken: bool,
    pub raw: Vec<u8>,
}

impl Events {
    fn new(response: Response) -> Self {
        let response = Box::pin(response.bytes_stream());
        Self { response, buffer: Vec::new(), after_cr: false, broken: false, raw: Vec::new() }
    }

    /// The next event; `None` when the stream has ended. One that never comes fails the test instead of hanging it.
    pub async fn try_next(&mut self) -> Option<Event> {
        let (mut name, mut id, mut data) = (String::new(), 0, Vec::new());
        loop {
            let line = self.line().await?;
            let (field, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => name = value.to_owned(),
                "id" => id = value.parse().unwrap(),
                "data" => data.push(value.to_owned()),
                _ => {}
            }
            if line.is_empty() && !data.is_empty() {
                let data = serde_json::from_str(&data.join("\n")).unwrap();
                return Some(Event { name, id, data });
            }
        }
    }

    pub async fn next(&mut self) -> Event {
        self.try_next().await.expect("the stream has ended")
    }

    /// The next event of that name; others are passed over.
    pub async fn find(&mut self, name: &str) -> Event {
        loop {
            let event = self.next().await;
            if event.name == name {
                return event;
            }
        }
    }

    /// Names of the next events.
    pub async fn names(&mut self, count: usize) -> Vec<String> {
        let mut names = Vec::new();
        for _ in 0..count {
            let event = self.next().await;
            names.push(event.name.replace("CONVERSATION_", "").to_lowercase());
        }
        names
    }

    async fn line(&mut self) -> Option<String> {
        loop {
            if self.after_cr && self.buffer.first() == Some(&b'\n') {
                self.buffer.remove(0);
            }
            let end = self.buffer.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            if let Some(end) = end {
                self.after_cr = self.buffer[end] == b'\r';
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Some(String::from_utf8(line[..end].to_vec()).unwrap());
            }
            let more = tokio::time::timeout(Duration::from_secs(20), self.response.next()).await;
            match more.expect("an event was expected and none came") {
                Some(Ok(bytes)) => {
                    self.raw.extend(&bytes);
                    self.buffer.extend(bytes);
                }
                Some(Err(_)) => {
                    self.broken = true;
                    return None;
                }
                None => return None,
            }
        }
    }
}

impl Stand {
    pub async fn new() -> Self {
        let config = Config::from_seed(7);
        let account = config.salesforce.clone();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sandbox = start(config, Clock::frozen(START_MS), listener).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { sandbox, http, account, ids: Ids::new(1, "test") }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.sandbox.addr)
    }

    pub fn guid(&self) -> String {
        self.ids.guid()
    }

    pub async fn try_control(&self, path: &str, body: Value) -> (u16, Value) {
        let sent =
            self.http.post(self.url(&format!("_control/{path}"))).json(&body).send().await.unwrap();
        (sent.status().as_u16(), sent.json().await.unwrap_or_default())
    }

    pub async fn control(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.try_control(path, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// An order to the rep.
    pub async fn rep(&self, order: &str, body: Value) -> Value {
        self.control(&format!("salesforce/{order}"), body).await
    }

    pub async fn look(&self, path: &str) -> Value {
        let url = self.url(&format!("_control/{path}"));
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    pub async fn switch(&self, name: &str, value: &str) {
        self.control("switches", json!({ format!("salesforce.{name}"): value })).await;
    }

    pub async fn fault(&self, rule: Value) {
        self.control("faults", rule).await;
    }

    pub async fn advance(&self, ms: i64) {
        self.control("clock", json!({ "advance_ms": ms })).await;
    }

    /// An identity token, with some claims changed; `kid` changes the header.
    pub fn identity(&self, sub: &str, changes: Value) -> String {
        let mut claims = json!({
            "iss": self.account.key_set_issuer,
            "sub": sub,
            "iat": START_MS / 1_000,
            "exp": START_MS / 1_000 + 86_400 * 30,
        });
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(self.account.key_id.clone());
        let mut key = self.account.identity_private_key_pem.clone();
        for (name, value) in changes.as_object().unwrap() {
            match name.as_str() {
                "kid" => header.kid = value.as_str().map(str::to_owned),
                "alg" => header.alg = Algorithm::RS512,
                "foreign" => key.clone_from(&self.account.core_private_key_pem),
                _ => claims[name] = value.clone(),
            }
        }
        encode(&header, &claims, &EncodingKey::from_rsa_pem(key.as_bytes()).unwrap()).unwrap()
    }

    pub async fn ask_token(&self, kind: &str, changes: Value) -> Response {
        let mut body = json!({
            "orgId": self.account.org_id_15,
            "esDeveloperName": self.account.deployment,
            "capabilitiesVersion": "1",
            "platform": "Web",
        });
        if kind == "authenticated" {
            body["authorizationType"] = json!("JWT");
            body["customerIdentityToken"] = json!(self.identity("ana", json!({})));
        }
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        let url = self.url(&format!("{API}/authorization/{kind}/access-token"));
        self.http.post(url).json(&body).send().await.unwrap()
    }

    pub async fn grant(&self, sub: &str) -> Value {
        let identity = self.identity(sub, json!({}));
        let changes = json!({ "customerIdentityToken": identity });
        let answer = self.ask_token("authenticated", changes).await;
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    pub async fn token(&self, sub: &str) -> String {
        self.grant(sub).await["accessToken"].as_str().unwrap().to_owned()
    }

    pub async fn call(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Response {
        let url = self.url(&format!("{API}/{path}"));
        let request = self.http.request(method, url).bearer_auth(token);
        match body {
            Some(body) => request.json(&body).send().await.unwrap(),
            None => request.send().await.unwrap(),
        }
    }

    pub async fn get(&self, token: &str, path: &str) -> Value {
        self.call(token, Method::GET, path, None).await.json().await.unwrap()
    }

    /// A new conversation with these attributes; its id.
    pub async fn open(&self, token: &str, attributes: Value) -> String {
        let id = self.guid();
        let answer = self.try_open(token, &id, attributes).await;
        assert_eq!(answer.status(), 201);
        id
    }

    pub async fn try_open(&self, token: &str, id: &str, attributes: Value) -> Response {
        let body = json!({
            "conversationId": id,
            "esDeveloperName": self.account.deployment,
            "routingAttributes": attributes,
            "language": "en_US",
        });
        self.call(token, Method::POST, "conversation", Some(body)).await
    }

    pub fn message(&self, message: Value) -> Value {
        json!({ "message": message, "esDeveloperName": self.account.deployment })
    }

    pub fn text(&self, text: &str) -> Value {
        let content = json!({ "formatType": "Text", "text": text });
        let kind = "StaticContentMessage";
        self.message(json!({ "id": self.guid(), "messageType": kind, "staticContent": content }))
    }

    pub async fn send(&self, token: &str, id: &str, body: Value) -> Response {
        self.call(token, Method::POST, &format!("conversation/{id}/message"), Some(body)).await
    }

    /// The customer says something; the id of the entry.
    pub async fn say(&self, token: &str, id: &str, text: &str) -> String {
        let answer = self.send(token, id, self.text(text)).await;
        assert_eq!(answer.status(), 202);
        let body: Value = answer.json().await.unwrap();
        body["conversationEntries"][0]["id"].as_str().unwrap().to_owned()
    }

    pub fn stream_request(&self, token: &str, last: &str) -> reqwest::RequestBuilder {
        self.http
            .get(self.url("salesforce/eventrouter/v1/sse?_ts=1"))
            .bearer_auth(token)
            .header("Accept", "text/event-stream")
            .header("X-Org-ID", &self.account.org_id_15)
            .header("Last-Event-ID", last)
    }

    pub async fn stream(&self, token: &str, last: &str) -> Events {
        let response = self.stream_request(token, last).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream;charset=UTF-8");
        Events::new(response)
    }

    /// A conversation with its stream, and the session's id.
    pub async fn talk(&self, sub: &str) -> Talk<'_> {
        let token = self.token(sub).await;
        let mut events = self.stream(&token, "0").await;
        let id = self.open(&token, json!({ "OpencxSessionId": sub, "Name": "Ana" })).await;
        let routed = events.find("CONVERSATION_ROUTING_RESULT").await;
        let session = routed.payload()["recordId"].as_str().unwrap().to_owned();
        events.find("CONVERSATION_QUEUE_POSITION").await;
        Talk { stand: self, token, id, session, events }
    }

    pub async fn thread(&self, id: &str) -> Value {
        self.look(&format!("salesforce/conversations/{id}")).await
    }

    pub async fn violation(&self, name: &str) -> u64 {
        let found = self.look("violations").await;
        let rows = found["violations"].as_array().unwrap();
        rows.iter().find(|row| row["name"] == name).unwrap()["count"].as_u64().unwrap()
    }

    /// Waits until so many streams are open.
    pub async fn streams_open(&self, count: usize) {
        for _ in 0..2_000 {
            let open = self.look("salesforce/streams").await;
            let subjects = open["subjects"].as_array().unwrap();
            let found: usize =
                subjects.iter().map(|one| one["streams"].as_array().unwrap().len()).sum();
            if found == count {
                return;
            }
        }
        panic!("there were never {count} streams");
    }
}

pub struct Talk<'a> {
    pub stand: &'a Stand,
    pub token: String,
    pub id: String,
    pub session: String,
    pub events: Events,
}

impl Talk<'_> {
    pub async fn say(&self, text: &str) -> String {
        self.stand.say(&self.token, &self.id, text).await
    }

    pub async fn accept(&mut self) {
        self.stand.rep("accept", json!({ "conversation": self.id })).await;
        self.events.find("CONVERSATION_SESSION_STATUS_CHANGED").await;
    }
}

pub async fn refused(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    (status, body["message"].as_str().unwrap_or_default().to_owned())
}
