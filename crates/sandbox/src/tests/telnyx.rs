//! SMS through Telnyx, to a company that takes its webhooks on the stage's own address.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;

const PERSON: &str = "+15550100001";

async fn stage() -> Stage {
    let stage = Stage::new().await;
    stage.control("telnyx/hooks", json!({ "url": stage.hook_url })).await;
    stage
}

async fn send(stage: &Stage, body: Value) -> (u16, Value) {
    let account = &stage.config.telnyx;
    let mut body = body;
    body["from"] = json!(account.number);
    let request = stage.http.post(stage.url("/telnyx/v2/messages")).bearer_auth(&account.api_key);
    let response = request.json(&body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

fn is_signed(stage: &Stage, hook: &Received) -> bool {
    let Some(signature) = hook.headers.get("telnyx-signature-ed25519") else { return false };
    let timestamp = hook.headers["telnyx-timestamp"].to_str().unwrap();
    let signed = [timestamp.as_bytes(), b"|", hook.body.as_ref()].concat();
    let key = STANDARD.decode(&stage.config.telnyx.public_key).unwrap();
    let signature = STANDARD.decode(signature.as_bytes()).unwrap();
    UnparsedPublicKey::new(&ED25519, key).verify(&signed, &signature).is_ok()
}

#[tokio::test]
async fn a_message_is_queued_sent_and_finalized_with_signed_webhooks() {
    let mut stage = stage().await;
    let (status, sent) = send(&stage, json!({ "to": PERSON, "text": "Grüße 😀" })).await;
    assert_eq!(status, 200, "{sent}");
    let data = &sent["data"];
    assert_eq!((&data["to"][0]["status"], &data["type"]), (&json!("queued"), &json!("SMS")));
    assert_eq!((&data["encoding"], &data["parts"]), (&json!("UCS-2"), &json!(1)));
    let first = stage.hook().await;
    assert!(is_signed(&stage, &first));
    let event = first.json();
    assert_eq!(
        (&event["data"]["event_type"], &event["meta"]["attempt"]),
        (&json!("message.sent"), &json!(1))
    );
    assert_eq!(event["data"]["payload"]["id"], data["id"]);
    stage.clock.advance(50);
    let last = stage.hook().await.json();
    assert_eq!(last["data"]["event_type"], "message.finalized");
    assert_eq!(last["data"]["payload"]["to"][0]["status"], "delivered");
    assert_eq!(last["data"]["occurred_at"], "2026-11-20T00:00:00Z");
    let url = stage.url(&format!("/telnyx/v2/messages/{}", data["id"].as_str().unwrap()));
    let fetched =
        stage.http.get(url).bearer_auth(&stage.config.telnyx.api_key).send().await.unwrap();
    let fetched: Value = fetched.json().await.unwrap();
    assert_eq!(fetched["data"]["to"][0]["status"], "delivered");
}

#[tokio::test]
async fn failures_are_told_and_refusals_have_their_codes() {
    let mut stage = stage().await;
    stage.switch("telnyx.final_status", "sending_failed").await;
    send(&stage, json!({ "to": PERSON, "text": "x" })).await;
    stage.clock.advance(50);
    let event = stage.hook().await.json();
    assert_eq!(event["data"]["payload"]["to"][0]["status"], "sending_failed");
    assert_eq!(event["data"]["payload"]["errors"][0]["code"], "40001");
    for (body, code) in
        [(json!({ "to": "12", "text": "x" }), "40310"), (json!({ "to": PERSON }), "10004")]
    {
        let (status, refused) = send(&stage, body).await;
        assert_eq!((status, &refused["errors"][0]["code"]), (400, &json!(code)));
    }
    let bare = stage.http.post(stage.url("/telnyx/v2/messages")).json(&json!({ "to": PERSON }));
    assert_eq!(bare.send().await.unwrap().status(), 401);
    let other =
        stage.http.post(stage.url("/telnyx/v2/messages")).bearer_auth(&stage.config.telnyx.api_key);
    let other = other.json(&json!({ "to": PERSON, "from": "+13125550199", "text": "x" }));
    assert_eq!(other.send().await.unwrap().status(), 400);
    let fault = json!({ "vendor": "telnyx", "operation": "messages.create", "fault": "status", "status": 429 });
    stage.control("faults", fault).await;
    assert_eq!(
        send(&stage, json!({ "to": PERSON, "text": "x" })).await.1["errors"][0]["code"],
        "10011"
    );
}

#[tokio::test]
async fn a_customers_words_and_pictures_arrive_signed_and_are_repeated_until_taken() {
    let mut stage = stage().await;
    stage.answer_with(&[500, 200]);
    let told =
        stage.control("telnyx/message", json!({ "text": "hi", "media": ["image/png"] })).await;
    assert_eq!(told["delivered_status"], 500);
    let (first, second) = (stage.hook().await, stage.hook().await);
    assert!(is_signed(&stage, &first) && is_signed(&stage, &second));
    let (first, second) = (first.json(), second.json());
    assert_eq!(first["data"], second["data"]);
    assert_eq!(second["meta"]["attempt"], 2);
    let payload = &first["data"]["payload"];
    assert_eq!(
        (&payload["from"]["phone_number"], &payload["text"]),
        (&json!(PERSON), &json!("hi"))
    );
    let url = payload["media"][0]["url"].as_str().unwrap();
    assert_eq!(stage.http.get(url).send().await.unwrap().headers()["content-type"], "image/png");
    assert_eq!(stage.violations("credentials_elsewhere").await, 0);
    stage.http.get(url).bearer_auth("key").send().await.unwrap();
    assert_eq!(stage.violations("credentials_elsewhere").await, 1);
    stage.switch("telnyx.timestamp_skew_s", "-301").await;
    stage.control("telnyx/raw", json!({ "text": "{}" })).await;
    let late = stage.hook().await;
    assert_eq!(late.headers["telnyx-timestamp"], (START_MS / 1_000 - 301).to_string());
    assert!(is_signed(&stage, &late));
    stage.control("telnyx/raw", json!({ "text": "{}", "signature": "wrong" })).await;
    let wrong = stage.hook().await;
    assert!(!is_signed(&stage, &wrong));
}

#[tokio::test]
async fn three_refusals_lead_to_the_failover_address() {
    let mut stage = stage().await;
    let failover = stage.hook_url.replace("/hook", "/hook?failover");
    stage.control("telnyx/hooks", json!({ "url": stage.hook_url, "failover_url": failover })).await;
    stage.answer_with(&[500, 500, 500, 200]);
    stage.control("telnyx/message", json!({})).await;
    let mut told = Vec::new();
    for _ in 0..4 {
        told.push(stage.hook().await.json()["meta"]["delivered_to"].as_str().unwrap().to_owned());
    }
    assert_eq!(told[..3], [stage.hook_url.clone(), stage.hook_url.clone(), stage.hook_url.clone()]);
    assert_eq!(told[3], failover);
    stage.expect_no_hook().await;
}

#[tokio::test]
async fn stop_blocks_the_whole_profile_until_start() {
    let mut stage = stage().await;
    stage.control("telnyx/message", json!({ "text": "Stop" })).await;
    stage.hook().await;
    let (status, refused) = send(&stage, json!({ "to": PERSON, "text": "x" })).await;
    assert_eq!((status, &refused["errors"][0]["code"]), (400, &json!("40300")));
    assert_eq!(stage.violations("i9_opted_out").await, 1);
    stage.control("telnyx/message", json!({ "text": "START" })).await;
    assert_eq!(send(&stage, json!({ "to": PERSON, "text": "x" })).await.0, 200);
    assert_eq!(stage.look("telnyx/thread").await["messages"][2]["from"], "business");
}

#[tokio::test]
async fn a_repeat_after_a_lost_answer_is_counted() {
    let stage = stage().await;
    let fault = json!({ "vendor": "telnyx", "operation": "messages.create", "fault": "garbage" });
    stage.control("faults", fault).await;
    let account = &stage.config.telnyx;
    let body = json!({ "to": PERSON, "from": account.number, "text": "x" });
    let request = stage.http.post(stage.url("/telnyx/v2/messages")).bearer_auth(&account.api_key);
    request.json(&body).send().await.unwrap();
    assert_eq!(stage.violations("i2_duplicate_to_customer").await, 0);
    send(&stage, body).await;
    assert_eq!(stage.violations("i2_duplicate_to_customer").await, 1);
}
