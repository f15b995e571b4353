//! The account, the number, blocked users, calls, prices and callbacks.

use super::*;

impl Stage {
    async fn block(&self, method: &str, users: &[&str]) -> (u16, Value) {
        let users: Vec<Value> = users.iter().map(|user| json!({ "user": user })).collect();
        let body = json!({ "messaging_product": "whatsapp", "block_users": users });
        self.graph(method, &format!("{}/block_users", self.number_id()), Some(body)).await
    }

    async fn pricing(&mut self, callback_data: &str) -> (Value, Value) {
        self.send_text("x", callback_data).await;
        let status = self.hook().await.value()["statuses"][0].clone();
        (status["pricing"]["type"].clone(), status["pricing"]["category"].clone())
    }
}

#[tokio::test]
async fn a_blocked_user_is_cut_off_both_ways_until_unblocked() {
    let mut stage = Stage::new().await;
    let (status, answer) = stage.block("POST", &[CUSTOMER]).await;
    assert_eq!((status, code(&answer)), (400, 139_100));
    assert_eq!(answer["block_users"]["failed_users"][0]["errors"][0]["code"], 131_047);
    stage.customer_says("hi").await;
    let (status, answer) = stage.block("POST", &["+15550100001", "15550100099"]).await;
    assert_eq!(status, 400);
    assert_eq!(
        answer["block_users"]["added_users"],
        json!([{ "input": "+15550100001", "wa_id": CUSTOMER }])
    );
    let path = format!("{}/block_users", stage.number_id());
    let (_, listed) = stage.graph("GET", &path, None).await;
    assert_eq!(listed["data"][0]["wa_id"], CUSTOMER);
    assert_eq!(code(&stage.send_text("x", "d1").await.1), 130_403);
    stage.control("whatsapp/message", json!({ "text": "hello?" })).await;
    stage.control("whatsapp/call", json!({})).await;
    stage.expect_no_hook().await;
    assert_eq!(stage.last_on_phone().await["progress"], "sent");
    let (status, answer) = stage.block("DELETE", &[CUSTOMER]).await;
    assert_eq!(
        (status, &answer["block_users"]["removed_users"][0]["wa_id"]),
        (200, &json!(CUSTOMER))
    );
    assert_eq!(stage.graph("GET", &path, None).await.1["data"], json!([]));
    assert_eq!(stage.send_text("x", "d1").await.0, 200);
}

#[tokio::test]
async fn a_call_opens_the_window() {
    let mut stage = Stage::new().await;
    stage.switch("whatsapp.window_closed", "sync").await;
    assert_eq!(code(&stage.send_text("x", "d1").await.1), 131_047);
    stage.control("whatsapp/call", json!({})).await;
    let call = stage.change().await;
    assert_eq!(call["field"], "calls");
    assert_eq!(
        (&call["value"]["calls"][0]["event"], &call["value"]["calls"][0]["from"]),
        (&json!("connect"), &json!(CUSTOMER))
    );
    assert_eq!(stage.send_text("x", "d1").await.0, 200);
}

#[tokio::test]
async fn replies_became_paid_in_october_and_an_advertisement_makes_72_hours_free() {
    let mut stage = Stage::new().await;
    stage.customer_says("hi").await;
    assert_eq!(stage.pricing("d1").await, (json!("regular"), json!("service")));
    stage.switch("whatsapp.pricing", "before_2026_10").await;
    stage.switch("whatsapp.read_receipts", "off").await;
    stage.switch("whatsapp.skip_delivered", "yes").await;
    assert_eq!(stage.pricing("d2").await, (json!("free_customer_service"), json!("service")));
    stage.switch("whatsapp.pricing", "by_date").await;
    stage.clock.advance(HOUR_MS);
    assert_eq!(stage.hook().await.what(), "delivered");
    assert_eq!(stage.hook().await.what(), "read");
    let referral = json!({ "source_type": "ad", "source_id": "1", "ctwa_clid": "c" });
    let ad = json!({ "text": "from the ad", "referral": referral });
    stage.control("whatsapp/message", ad.clone()).await;
    assert_eq!(stage.hook().await.value()["messages"][0]["referral"], referral);
    stage.clock.advance(23 * HOUR_MS);
    let free = (json!("free_entry_point"), json!("referral_conversion"));
    assert_eq!(stage.pricing("d3").await, free);
    stage.clock.advance(72 * HOUR_MS - 1);
    stage.customer_says("still there?").await;
    assert_eq!(stage.pricing("d4").await, free);
    stage.clock.advance(1);
    assert_eq!(stage.pricing("d5").await, (json!("regular"), json!("service")));
    stage.control("whatsapp/message", ad).await;
    stage.hook().await;
    stage.clock.advance(24 * HOUR_MS);
    stage.customer_says("you never answered").await;
    assert_eq!(stage.pricing("d6").await, (json!("regular"), json!("service")));
}

#[tokio::test]
async fn only_sent_tells_the_conversation() {
    let mut stage = Stage::new().await;
    stage.customer_says("hi").await;
    stage.send_text("x", "d1").await;
    let sent = stage.hook().await.value()["statuses"][0].clone();
    assert_eq!(sent["conversation"]["origin"]["type"], "service");
    assert!(sent["conversation"]["expiration_timestamp"].is_string());
    stage.clock.advance(50);
    assert!(stage.hook().await.value()["statuses"][0].get("conversation").is_none());
}

#[tokio::test]
async fn authentication_templates_need_a_number() {
    let mut stage = Stage::new().await;
    let template = json!({ "name": "code", "status": "APPROVED", "category": "AUTHENTICATION", "body": "Your code." });
    stage.control("whatsapp/templates", template).await;
    stage.hook().await;
    let users = stage.look("whatsapp/users").await;
    let body = json!({ "messaging_product": "whatsapp", "recipient": users["users"][0]["bsuid"], "type": "template",
        "template": { "name": "code", "language": { "code": "en" } } });
    assert_eq!(code(&stage.send(body).await.unwrap().1), 131_062);
}

#[tokio::test]
async fn management_calls_are_counted_and_limited() {
    let stage = Stage::new().await;
    stage.switch("whatsapp.management_calls_per_hour", "4").await;
    let url = stage.url(&format!("/v26.0/{}/phone_numbers", stage.waba_id()));
    let usage = async || {
        let request = stage.http.get(&url).bearer_auth(&stage.config.whatsapp.access_token);
        let response = request.send().await.unwrap();
        let header = response.headers()["x-business-use-case-usage"].to_str().unwrap().to_owned();
        let usage: Value = serde_json::from_str(&header).unwrap();
        (response.status().as_u16(), usage[stage.waba_id()][0]["call_count"].clone())
    };
    assert_eq!(usage().await, (200, json!(25)));
    for _ in 0..3 {
        usage().await;
    }
    assert_eq!(usage().await, (429, json!(100)));
    assert_eq!(
        code(&stage.graph("GET", &format!("{}/phone_numbers", stage.waba_id()), None).await.1),
        80_007
    );
    stage.clock.advance(HOUR_MS);
    assert_eq!(usage().await, (200, json!(25)));
}

#[tokio::test]
async fn the_most_particular_callback_wins_and_an_unsubscribed_app_hears_nothing() {
    let mut stage = Stage::new().await;
    let particular = stage.hook_url.replace("/hook", "/hook?particular");
    let token = stage.config.whatsapp.verify_token.clone();
    let apps = format!("{}/subscribed_apps", stage.waba_id());
    let wrong = json!({ "override_callback_uri": particular, "verify_token": "wrong" });
    assert_eq!(code(&stage.graph("POST", &apps, Some(wrong)).await.1), 2_200);
    let own = json!({ "override_callback_uri": particular, "verify_token": token });
    assert_eq!(stage.graph("POST", &apps, Some(own.clone())).await.0, 200);
    let (_, listed) = stage.graph("GET", &apps, None).await;
    assert_eq!(listed["data"][0]["override_callback_uri"], particular);
    let number = stage.number_id().to_owned();
    let configure = json!({ "webhook_configuration": own });
    assert_eq!(stage.graph("POST", &number, Some(configure)).await.0, 200);
    let (_, shown) =
        stage.graph("GET", &format!("{number}?fields=webhook_configuration"), None).await;
    let shown = &shown["webhook_configuration"];
    assert_eq!(
        (&shown["application"], &shown["phone_number"]),
        (&json!(stage.hook_url), &json!(particular))
    );
    stage.customer_says("hi").await;
    let journal = stage.look("requests?operation=webhook.message").await;
    assert_eq!(journal["requests"][0]["path"], particular);
    assert_eq!(stage.graph("DELETE", &apps, None).await.0, 200);
    stage.control("whatsapp/message", json!({ "text": "anybody?" })).await;
    stage.expect_no_hook().await;
    assert_eq!(stage.graph("GET", &apps, None).await.1["data"], json!([]));
    assert_eq!(stage.graph("POST", &apps, Some(json!({}))).await.0, 200);
    stage.customer_says("again").await;
}

#[tokio::test]
async fn the_numbers_health_can_change_and_is_told() {
    let mut stage = Stage::new().await;
    let change = json!({ "fields": { "quality_rating": "RED", "status": "RESTRICTED" }, "event": "FLAGGED" });
    stage.control("whatsapp/number", change).await;
    let told = stage.change().await;
    assert_eq!(
        (&told["field"], &told["value"]["event"]),
        (&json!("phone_number_quality_update"), &json!("FLAGGED"))
    );
    let path = format!("{}?fields=quality_rating,status,throughput", stage.number_id());
    let (_, info) = stage.graph("GET", &path, None).await;
    assert_eq!((&info["quality_rating"], &info["status"]), (&json!("RED"), &json!("RESTRICTED")));
}
