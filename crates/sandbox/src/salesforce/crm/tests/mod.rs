//! The records' side over real HTTP, with a clock that stands still.

mod cases;
mod composite;
mod files;
mod limits;
mod oauth;
mod queries;
mod rows;
mod searches;
mod setup;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::salesforce::Account;
use crate::{Clock, Config, Sandbox, start};

const START_MS: i64 = 1_795_253_400_000;
const DATA: &str = "services/data/v67.0";

struct Stand {
    sandbox: Sandbox,
    http: reqwest::Client,
    account: Account,
}

impl Stand {
    async fn new() -> Self {
        let config = Config::from_seed(7);
        let account = config.salesforce.clone();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sandbox = start(config, Clock::frozen(START_MS), listener).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { sandbox, http, account }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/salesforce/{path}", self.sandbox.addr)
    }

    async fn try_control(&self, path: &str, body: Value) -> (u16, Value) {
        let url = format!("http://{}/_control/{path}", self.sandbox.addr);
        let sent = self.http.post(url).json(&body).send().await.unwrap();
        (sent.status().as_u16(), sent.json().await.unwrap())
    }

    async fn control(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.try_control(path, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    async fn order(&self, path: &str, body: Value) -> Value {
        self.control(&format!("salesforce/crm/{path}"), body).await
    }

    async fn look(&self, path: &str) -> Value {
        let url = format!("http://{}/_control/{path}", self.sandbox.addr);
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    async fn switch(&self, name: &str, value: &str) {
        self.control("switches", json!({ format!("salesforce_crm.{name}"): value })).await;
    }

    async fn advance(&self, ms: i64) {
        self.control("clock", json!({ "advance_ms": ms })).await;
    }

    fn claims(&self) -> Value {
        json!({
            "iss": self.account.consumer_key,
            "sub": self.account.username,
            "aud": "https://login.salesforce.com",
            "exp": self.sandbox.world.clock.now_ms() / 1_000 + 180,
        })
    }

    fn assertion(&self, claims: &Value) -> String {
        let key = EncodingKey::from_rsa_pem(self.account.core_private_key_pem.as_bytes()).unwrap();
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), claims, &key).unwrap()
    }

    async fn ask_token(&self, fields: &[(&str, &str)]) -> (u16, Value) {
        let url = self.url("services/oauth2/token");
        let answer = self.http.post(url).form(fields).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn present(&self, assertion: &str) -> (u16, Value) {
        let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
        self.ask_token(&[("grant_type", grant), ("assertion", assertion)]).await
    }

    async fn token(&self) -> String {
        let (status, body) = self.present(&self.assertion(&self.claims())).await;
        assert_eq!(status, 200, "{body}");
        body["access_token"].as_str().unwrap().to_owned()
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        self.send_with(method, path, &[], body).await
    }

    async fn send_with(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Response {
        let token = self.token().await;
        let mut request =
            self.http.request(method, self.url(&format!("{DATA}/{path}"))).bearer_auth(token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        match body {
            Some(body) => request.json(&body).send().await.unwrap(),
            None => request.send().await.unwrap(),
        }
    }

    /// Status and body; null where there is none.
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let answer = self.send(method, path, body).await;
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    async fn read(&self, path: &str) -> Value {
        let (status, body) = self.call(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    async fn create(&self, object: &str, fields: Value) -> String {
        let path = format!("sobjects/{object}");
        let (status, body) = self.call(Method::POST, &path, Some(fields)).await;
        assert_eq!((status, &body["success"]), (201, &json!(true)), "{body}");
        body["id"].as_str().unwrap().to_owned()
    }

    async fn update(&self, path: &str, fields: Value) {
        let (status, body) = self.call(Method::PATCH, path, Some(fields)).await;
        assert_eq!(status, 204, "{path}: {body}");
    }

    /// Status and code of a refused call.
    async fn refusal(&self, method: Method, path: &str, body: Option<Value>) -> (u16, String) {
        let (status, body) = self.call(method, path, body).await;
        (status, body[0]["errorCode"].as_str().unwrap_or_default().to_owned())
    }

    async fn refused_create(&self, object: &str, fields: Value) -> (u16, Value) {
        let path = format!("sobjects/{object}");
        let (status, body) = self.call(Method::POST, &path, Some(fields)).await;
        (status, body[0].clone())
    }

    fn query_path(soql: &str) -> String {
        let mut url = reqwest::Url::parse("http://x/").unwrap();
        url.query_pairs_mut().append_pair("q", soql);
        format!("query?{}", url.query().unwrap())
    }

    async fn query(&self, soql: &str) -> Vec<Value> {
        let body = self.read(&Self::query_path(soql)).await;
        body["records"].as_array().unwrap().clone()
    }

    async fn search(&self, sosl: &str) -> (u16, Value) {
        let path = Self::query_path(sosl).replace("query?", "search?");
        let (status, body) = self.call(Method::GET, &path, None).await;
        (status, body)
    }

    async fn found(&self, sosl: &str) -> Vec<Value> {
        let (status, body) = self.search(sosl).await;
        assert_eq!(status, 200, "{body}");
        body["searchRecords"].as_array().unwrap().clone()
    }

    async fn violations(&self, name: &str) -> u64 {
        let found = self.look("violations").await;
        let rows = found["violations"].as_array().unwrap();
        rows.iter().find(|row| row["name"] == name).unwrap()["count"].as_u64().unwrap()
    }
}
