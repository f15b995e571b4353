//! A company with a Twilio account, for the stories told with it.

use std::collections::BTreeSet;

use aws_lc_rs::hmac;
use axum::http::{Method, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::twilio::Account;

pub const PERSON: &str = "+15550100001";
pub const PERSON_WA: &str = "whatsapp:+15550100001";

/// One request that arrived at the company.
pub struct Got {
    /// With the query.
    pub target: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Got {
    pub fn pairs(&self) -> Vec<(String, String)> {
        let body = std::str::from_utf8(&self.body).unwrap();
        let url = reqwest::Url::parse(&format!("http://form.invalid/?{body}")).unwrap();
        url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
    }

    /// `"-"` where the parameter is absent.
    pub fn get(&self, name: &str) -> String {
        let found = self.pairs().into_iter().find(|(other, _)| other == name);
        found.map_or_else(|| "-".to_owned(), |(_, value)| value)
    }

    pub fn header(&self, name: &str) -> String {
        self.headers.get(name).map_or("-".to_owned(), |value| value.to_str().unwrap().to_owned())
    }
}

/// What the company answers next: status, content type, body. A status of 0 never answers.
type Answers = Arc<Mutex<VecDeque<(u16, &'static str, &'static str)>>>;

#[derive(Clone)]
struct Company {
    got: mpsc::UnboundedSender<Got>,
    answers: Answers,
}

/// A stage with a company that has a Twilio account, serves two pictures and takes webhooks on any path.
pub struct Line {
    pub stage: Stage,
    pub company: String,
    answers: Answers,
    got: mpsc::UnboundedReceiver<Got>,
}

async fn company(
    State(company): State<Company>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if method != Method::POST {
        return match uri.path() {
            "/pixel.png" => ([("content-type", "image/png")], "pixels").into_response(),
            "/page" => ([("content-type", "text/html")], "<html>").into_response(),
            _ => StatusCode::NOT_FOUND.into_response(),
        };
    }
    let target = uri.path_and_query().unwrap().to_string();
    company.got.send(Got { target, headers, body }).ok();
    let answer = company.answers.lock().unwrap().pop_front();
    let (status, content_type, text) = answer.unwrap_or((200, "text/xml", "<Response/>"));
    if status == 0 {
        return std::future::pending().await;
    }
    (StatusCode::from_u16(status).unwrap(), [("content-type", content_type)], text).into_response()
}

impl Line {
    pub async fn new() -> Self {
        let stage = Stage::new().await;
        let (sender, got) = mpsc::unbounded_channel();
        let answers = Answers::default();
        let state = Company { got: sender, answers: answers.clone() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(company).with_state(state);
        tokio::spawn(async move { axum::serve(listener, app).await });
        let line = Self { stage, company: base, answers, got };
        let hooks = json!({ "url": line.at("/in?x=1"), "status_callback": line.at("/status") });
        line.stage.control("twilio/hooks", hooks).await;
        line
    }

    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.company)
    }

    pub fn account(&self) -> &Account {
        &self.stage.config.twilio
    }

    pub fn answer(&self, status: u16, content_type: &'static str, body: &'static str) {
        self.answers.lock().unwrap().push_back((status, content_type, body));
    }

    /// The next request; a generous real-time limit turns a missing one into a failure.
    pub async fn next(&mut self) -> Got {
        let waiting = tokio::time::timeout(Duration::from_secs(20), self.got.recv());
        waiting.await.expect("a request").unwrap()
    }

    /// Waits until everything that is due has been sent, after giving its senders time to wake.
    pub async fn settle(&self) {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        self.stage.settle().await;
    }

    /// The statuses told so far, in the order of their arrival.
    pub async fn told(&mut self) -> Vec<String> {
        self.settle().await;
        let mut told = Vec::new();
        while let Ok(got) = self.got.try_recv() {
            told.push(got.get("MessageStatus"));
        }
        told
    }

    pub async fn silent(&mut self) {
        self.settle().await;
        assert!(self.got.try_recv().is_err());
    }

    pub fn url(&self, path: &str) -> String {
        self.stage.url(&format!("/twilio{path}"))
    }

    /// A path of the account in the 2010 API.
    pub fn api(&self, path: &str) -> String {
        self.url(&format!("/api/2010-04-01/Accounts/{}{path}", self.account().account_sid))
    }

    pub async fn ask(&self, request: reqwest::RequestBuilder) -> (u16, Value) {
        let account = self.account();
        let request = request.basic_auth(&account.account_sid, Some(&account.auth_token));
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub async fn get(&self, url: String) -> (u16, Value) {
        self.ask(self.stage.http.get(url)).await
    }

    pub async fn post(&self, url: String, form: &[(&str, &str)]) -> (u16, Value) {
        self.ask(self.stage.http.post(url).form(form)).await
    }

    /// From the long code or the WhatsApp sender and told to `/status`, unless the form says otherwise.
    pub async fn send(&self, form: &[(&str, &str)]) -> (u16, Value) {
        let mut form = form.to_vec();
        let whatsapp = format!("whatsapp:{}", self.account().whatsapp_number);
        if !form.iter().any(|(name, _)| matches!(*name, "From" | "MessagingServiceSid")) {
            let to = form.iter().find(|(name, _)| *name == "To").map_or("", |(_, to)| to);
            let ours = if to.starts_with("whatsapp:") { &whatsapp } else { &self.account().number };
            form.push(("From", ours));
        }
        let callback = self.at("/status");
        if !form.iter().any(|(name, _)| *name == "StatusCallback") {
            form.push(("StatusCallback", &callback));
        }
        self.post(self.api("/Messages.json"), &form).await
    }

    /// The customer writes; the webhook is taken off the list.
    pub async fn says(&mut self, spec: Value) -> Got {
        self.stage.control("twilio/message", spec).await;
        self.next().await
    }

    pub async fn violations(&self, name: &str) -> u64 {
        self.stage.violations(name).await
    }
}

/// The signature by the vendor's description, not by the simulator's code.
pub fn signature(token: &str, url: &str, pairs: &[(String, String)]) -> String {
    let sorted: BTreeSet<_> = pairs.iter().collect();
    let text = sorted.iter().fold(url.to_owned(), |text, (name, value)| text + name + value);
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    STANDARD.encode(hmac::sign(&key, text.as_bytes()))
}
