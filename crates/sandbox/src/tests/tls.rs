//! HTTPS, for clients that refuse anything else.

use serde_json::Value;
use tokio::net::TcpListener;

use super::START_MS;
use crate::{Clock, Config, Sandbox, Tls, start_tls};

async fn secure() -> (Sandbox, Tls) {
    let tls = Tls::generate().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let clock = Clock::frozen(START_MS);
    (start_tls(Config::default(), clock, listener, &tls).await.unwrap(), tls)
}

fn client(trusted: &[&Tls]) -> reqwest::Client {
    let pem = |tls: &&Tls| reqwest::Certificate::from_pem(tls.authority_pem.as_bytes()).unwrap();
    let builder = reqwest::Client::builder().no_proxy();
    builder.tls_certs_only(trusted.iter().map(pem)).build().unwrap()
}

#[tokio::test]
async fn who_trusts_the_authority_is_served_and_sent_on_to_https() {
    let (sandbox, tls) = secure().await;
    let url = format!("https://{}", sandbox.addr);
    let tenant = &sandbox.world.dynamics365.account.tenant_id;
    let metadata = format!("{url}/entra/{tenant}/v2.0/.well-known/openid-configuration");
    let told: Value = client(&[&tls]).get(&metadata).send().await.unwrap().json().await.unwrap();
    assert!(told["token_endpoint"].as_str().unwrap().starts_with(&url));

    // Another run's authority is a stranger, and plain HTTP is no language here.
    assert!(client(&[&Tls::generate().unwrap()]).get(&metadata).send().await.is_err());
    let plain = metadata.replace("https://", "http://");
    assert!(client(&[&tls]).get(plain).send().await.is_err());
}

#[tokio::test]
async fn who_never_shakes_hands_keeps_nobody_waiting() {
    let (sandbox, tls) = secure().await;
    let _silent = tokio::net::TcpStream::connect(sandbox.addr).await.unwrap();
    let answer = client(&[&tls]).get(format!("https://{}/rep", sandbox.addr)).send().await;
    assert_eq!(answer.unwrap().status(), 200);
}
