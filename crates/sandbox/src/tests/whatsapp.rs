use super::*;
use aws_lc_rs::hmac;
use axum::http::header;

fn code(answer: &Value) -> i64 {
    answer["error"]["code"].as_i64().unwrap()
}

#[tokio::test]
async fn a_webhook_is_signed_over_its_escaped_body() {
    let mut stage = Stage::new().await;
    let told = stage.control("whatsapp/message", json!({ "text": "Grüße 😀" })).await;
    assert_eq!(told["delivered_status"], 200);
    let hook = stage.hook().await;
    assert!(hook.body.is_ascii());
    let body = std::str::from_utf8(&hook.body).unwrap();
    assert!(body.contains("Gr\\u00fc\\u00dfe \\ud83d\\ude00"), "{body}");
    let signature = hook.headers["x-hub-signature-256"]
        .to_str()
        .unwrap()
        .strip_prefix("sha256=")
        .unwrap()
        .to_owned();
    let tag: Vec<u8> =
        (0..32).map(|at| u8::from_str_radix(&signature[2 * at..2 * at + 2], 16).unwrap()).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA256, stage.config.whatsapp.app_secret.as_bytes());
    hmac::verify(&key, &hook.body, &tag).unwrap();
    assert_eq!(signature, signature.to_lowercase());
    let message = &hook.value()["messages"][0];
    assert_eq!(message["text"]["body"], "Grüße 😀");
    assert_eq!(message["id"], told["wamid"]);
    assert_eq!(message["timestamp"], (START_MS / 1_000).to_string());
    assert_eq!(hook.value()["contacts"][0]["wa_id"], CUSTOMER);
}

#[tokio::test]
async fn somebody_without_a_number_has_only_a_user_id_and_can_be_answered_by_it() {
    let mut stage = Stage::new().await;
    stage.control("whatsapp/message", json!({ "from": "priya.k", "text": "hi" })).await;
    let value = stage.hook().await.value();
    let user_id = value["messages"][0]["from_user_id"].as_str().unwrap().to_owned();
    assert!(value["messages"][0].get("from").is_none());
    assert!(value["contacts"][0].get("wa_id").is_none());
    let body = json!({ "messaging_product": "whatsapp", "recipient": user_id, "type": "text", "text": { "body": "hello" } });
    let (status, answer) = stage.send(body).await.unwrap();
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["contacts"][0]["user_id"], user_id);
    let status = &stage.hook().await.value()["statuses"][0];
    assert_eq!(status["recipient_user_id"], user_id);
    assert!(status.get("recipient_id").is_none());
}

#[tokio::test]
async fn a_reply_is_sent_delivered_and_read_as_time_goes_by() {
    let mut stage = Stage::new().await;
    stage.customer_says("hi").await;
    let (status, answer) = stage.send_text("hello", "d1").await;
    assert_eq!(status, 200);
    let wamid = answer["messages"][0]["id"].clone();
    assert!(wamid.as_str().unwrap().starts_with("wamid."));
    let sent = stage.hook().await.value()["statuses"][0].clone();
    assert_eq!(sent["status"], "sent");
    assert_eq!(sent["id"], wamid);
    assert_eq!(sent["biz_opaque_callback_data"], "d1");
    assert_eq!(
        sent["pricing"],
        json!({ "billable": true, "pricing_model": "PMP", "type": "regular", "category": "service" })
    );
    stage.expect_no_hook().await;
    stage.clock.advance(50);
    assert_eq!(stage.hook().await.what(), "delivered");
    stage.clock.advance(150);
    assert_eq!(stage.hook().await.what(), "read");
    let thread = stage.look("whatsapp/thread").await;
    assert_eq!(thread["messages"][1]["progress"], "read");
}

#[tokio::test]
async fn statuses_can_come_reversed_repeated_or_without_delivered() {
    let mut stage = Stage::new().await;
    stage.customer_says("hi").await;
    stage.switch("whatsapp.status_order", "reversed").await;
    stage.send_text("one", "d1").await;
    stage.clock.advance(1_000);
    let mut order = Vec::new();
    for _ in 0..3 {
        order.push(stage.hook().await.what());
    }
    assert_eq!(order, ["read", "delivered", "sent"]);
    stage.switch("whatsapp.status_order", "in_order").await;
    stage.switch("whatsapp.skip_delivered", "yes").await;
    stage.switch("whatsapp.status_copies", "2").await;
    stage.send_text("two", "d2").await;
    stage.clock.advance(1_000);
    let mut order = Vec::new();
    for _ in 0..4 {
        order.push(stage.hook().await.what());
    }
    assert_eq!(order, ["sent", "sent", "read", "read"]);
}

#[tokio::test]
async fn the_window_closes_after_24_hours_and_a_late_reply_fails_by_status() {
    let mut stage = Stage::new().await;
    stage.customer_says("hi").await;
    stage.clock.advance(24 * HOUR_MS - 1);
    assert_eq!(stage.send_text("in time", "d1").await.0, 200);
    assert_eq!(stage.hook().await.what(), "sent");
    assert_eq!(stage.violations("i7_window").await, 0);
    stage.clock.advance(1);
    let (status, _) = stage.send_text("late", "d2").await;
    assert_eq!(status, 200);
    let failed = stage.hook().await.value();
    assert_eq!(failed["statuses"][0]["status"], "failed");
    assert_eq!(failed["statuses"][0]["errors"][0]["code"], 131_047);
    assert_eq!(failed["statuses"][0]["biz_opaque_callback_data"], "d2");
    assert!(failed.get("contacts").is_none());
    assert!(failed["statuses"][0].get("recipient_user_id").is_none());
    assert_eq!(stage.violations("i7_window").await, 1);
    stage.customer_says("back again").await;
    stage.send_text("again", "d3").await;
    assert_eq!(stage.violations("i7_window").await, 1);
}

#[tokio::test]
async fn a_late_reply_can_also_be_refused_at_once_while_a_template_passes() {
    let stage = Stage::new().await;
    stage.switch("whatsapp.window_closed", "sync").await;
    let (status, answer) = stage.send_text("late", "d1").await;
    assert_eq!((status, code(&answer)), (400, 131_047));
    assert!(answer["error"]["fbtrace_id"].is_string());
    assert!(answer["error"]["error_data"]["details"].is_string());
    let (status, answer) =
        stage.send(template("reopen_conversation", "en", &["Zoë"])).await.unwrap();
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["messages"][0]["message_status"], "accepted");
}

fn template(name: &str, language: &str, parameters: &[&str]) -> Value {
    let parameters: Vec<Value> =
        parameters.iter().map(|text| json!({ "type": "text", "text": text })).collect();
    json!({
        "messaging_product": "whatsapp", "to": CUSTOMER, "type": "template",
        "template": { "name": name, "language": { "code": language },
            "components": [{ "type": "body", "parameters": parameters }] },
    })
}

#[tokio::test]
async fn templates_are_checked_before_they_are_taken() {
    let stage = Stage::new().await;
    let refusals = [
        (template("reopen_conversation", "en", &[]), 132_000),
        (template("reopen_conversation", "xx", &["a"]), 132_001),
        (template("nothing", "en", &[]), 132_001),
        (template("new_notice", "en", &[]), 132_001),
        (template("order_update", "en_US", &["1", "sent"]), 132_012),
        (template("seasonal_offer", "en", &["a"]), 132_015),
        (template("old_notice", "en", &[]), 132_016),
        (template("reopen_conversation", "en", &["a\nb"]), 132_018),
        (template("reopen_conversation", "en", &["x".repeat(2_000).as_str()]), 132_005),
    ];
    for (body, expected) in refusals {
        let (status, answer) = stage.send(body).await.unwrap();
        assert_eq!(code(&answer), expected, "{answer}");
        assert!(status >= 400);
    }
    let mut named = template("order_update", "en_US", &["42", "sent"]);
    named["template"]["components"][0]["parameters"][0]["parameter_name"] = json!("order_state");
    named["template"]["components"][0]["parameters"][1]["parameter_name"] = json!("order_number");
    assert_eq!(stage.send(named).await.unwrap().0, 200);
    let thread = stage.look("whatsapp/thread").await;
    assert_eq!(thread["messages"][0]["text"], "Order sent is now 42, thank you.");
}

#[tokio::test]
async fn the_template_list_is_paged_and_a_change_of_state_is_told() {
    let mut stage = Stage::new().await;
    let mut url =
        stage.url(&format!("/v26.0/{}/message_templates?limit=3", stage.config.whatsapp.waba_id));
    let mut names = Vec::new();
    loop {
        let request = stage.http.get(&url).bearer_auth(&stage.config.whatsapp.access_token);
        let page: Value = request.send().await.unwrap().json().await.unwrap();
        names.extend(
            page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["name"].as_str().unwrap().to_owned()),
        );
        match page["paging"]["next"].as_str() {
            Some(next) => url = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(names.len(), 8);
    assert_eq!(names[0], "reopen_conversation");
    stage
        .control("whatsapp/templates", json!({ "name": "new_notice", "status": "APPROVED" }))
        .await;
    let hook = stage.hook().await.json();
    assert_eq!(hook["entry"][0]["changes"][0]["field"], "message_template_status_update");
    assert_eq!(hook["entry"][0]["changes"][0]["value"]["event"], "APPROVED");
    assert_eq!(stage.send(template("new_notice", "en", &[])).await.unwrap().0, 200);
}

#[tokio::test]
async fn one_customer_gets_a_burst_of_45_and_then_one_message_in_6_seconds() {
    let mut stage = Stage::new().await;
    stage.customer_says("hi").await;
    for at in 0..45 {
        assert_eq!(stage.send_text("x", &format!("d{at}")).await.0, 200);
    }
    let (status, answer) = stage.send_text("x", "d45").await;
    assert_eq!((status, code(&answer)), (429, 131_056));
    assert_eq!(stage.violations("i13_rate").await, 0);
    stage.send_text("x", "d45").await;
    assert_eq!(stage.violations("i13_rate").await, 1);
    stage.clock.advance(6_000);
    assert_eq!(stage.send_text("x", "d45").await.0, 200);
    assert_eq!(stage.violations("i2_duplicate_to_customer").await, 0);
}

#[tokio::test]
async fn the_number_has_a_throughput() {
    let mut stage = Stage::new().await;
    stage.customer_says("hi").await;
    stage.switch("whatsapp.mps", "2").await;
    assert_eq!(stage.send_text("x", "d1").await.0, 200);
    assert_eq!(stage.send_text("x", "d2").await.0, 200);
    assert_eq!(code(&stage.send_text("x", "d3").await.1), 130_429);
    stage.clock.advance(500);
    assert_eq!(stage.send_text("x", "d3").await.0, 200);
}

#[tokio::test]
async fn calls_without_the_right_bearer_number_or_shape_are_refused() {
    let stage = Stage::new().await;
    let post = |url: String, token: &str, body: Value| {
        stage.http.post(url).bearer_auth(token).json(&body).send()
    };
    let token = stage.config.whatsapp.access_token.clone();
    let text = text_message("x", "d");
    let foreign = post(stage.messages_url(), "EAAwrong", text.clone()).await.unwrap();
    assert_eq!(foreign.status(), 401);
    assert_eq!(code(&foreign.json().await.unwrap()), 190);
    let other = post(stage.url("/v26.0/123/messages"), &token, text.clone()).await.unwrap();
    assert_eq!(code(&other.json().await.unwrap()), 100);
    let version =
        post(stage.messages_url().replace("v26.0", "latest"), &token, text).await.unwrap();
    assert_eq!(code(&version.json().await.unwrap()), 2_500);
    let info = stage.messages_url().replace("/messages", "?fields=display_phone_number,status");
    assert_eq!(code(&stage.http.get(&info).send().await.unwrap().json().await.unwrap()), 200);
    let info: Value = stage
        .http
        .get(&info)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(info["status"], "CONNECTED");
    assert!(info.get("verified_name").is_none());
    let with = |change: Value| {
        let mut body = text_message("x", "d");
        crate::whatsapp::merge(&mut body, &change);
        stage.send(body)
    };
    assert_eq!(code(&with(json!({ "text": { "body": "x".repeat(4_097) } })).await.unwrap().1), 100);
    assert_eq!(code(&with(json!({ "messaging_product": null })).await.unwrap().1), 100);
    assert_eq!(code(&with(json!({ "to": null })).await.unwrap().1), 100);
    assert_eq!(
        code(&with(json!({ "biz_opaque_callback_data": "x".repeat(513) })).await.unwrap().1),
        100
    );
    assert_eq!(code(&with(json!({ "type": "hologram", "hologram": {} })).await.unwrap().1), 100);
    let buttons: Vec<Value> = (0..4)
        .map(|at| json!({ "type": "reply", "reply": { "id": at.to_string(), "title": "t" } }))
        .collect();
    let interactive =
        json!({ "type": "button", "body": { "text": "choose" }, "action": { "buttons": buttons } });
    assert_eq!(
        code(&with(json!({ "type": "interactive", "interactive": interactive })).await.unwrap().1),
        131_009
    );
}

#[tokio::test]
async fn a_number_that_is_not_on_whatsapp_fails_by_status() {
    let mut stage = Stage::new().await;
    let mut body = template("reminder", "en", &[]);
    body["to"] = json!("15550100099");
    assert_eq!(stage.send(body.clone()).await.unwrap().0, 200);
    assert_eq!(stage.hook().await.value()["statuses"][0]["errors"][0]["code"], 131_026);
    stage.switch("whatsapp.not_on_whatsapp", "sync").await;
    assert_eq!(code(&stage.send(body).await.unwrap().1), 131_026);
}

#[tokio::test]
async fn test_numbers_and_missing_payment_refuse() {
    let stage = Stage::new().await;
    stage.control("whatsapp/users", json!({ "user": CUSTOMER, "allowed": false })).await;
    stage.switch("whatsapp.allow_list", "yes").await;
    assert_eq!(code(&stage.send(template("reminder", "en", &[])).await.unwrap().1), 131_030);
    stage.switch("whatsapp.payment_missing", "yes").await;
    assert_eq!(code(&stage.send(template("reminder", "en", &[])).await.unwrap().1), 131_042);
}

#[tokio::test]
async fn read_marks_and_typing_show_on_the_phone_and_typing_ends_by_itself() {
    let mut stage = Stage::new().await;
    let wamid = stage.customer_says("hi").await["wamid"].clone();
    let mark = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": wamid, "typing_indicator": { "type": "text" } });
    assert_eq!(stage.send(mark).await.unwrap(), (200, json!({ "success": true })));
    let thread = stage.look("whatsapp/thread").await;
    assert_eq!(
        (&thread["messages"][0]["progress"], &thread["typing"]),
        (&json!("read"), &json!(true))
    );
    stage.clock.advance(25_000);
    assert_eq!(stage.look("whatsapp/thread").await["typing"], false);
    let unknown =
        json!({ "messaging_product": "whatsapp", "status": "read", "message_id": "wamid.unknown" });
    assert_eq!(code(&stage.send(unknown).await.unwrap().1), 131_009);
}

#[tokio::test]
async fn every_inbound_type_can_be_sent_and_unknown_ones_too() {
    let mut stage = Stage::new().await;
    let kinds = [
        "text",
        "image",
        "video",
        "audio",
        "document",
        "sticker",
        "location",
        "contacts",
        "reaction",
        "interactive",
        "button",
        "order",
        "system",
        "unsupported",
        "edit",
        "revoke",
        "hologram",
    ];
    for kind in kinds {
        stage
            .control(
                "whatsapp/message",
                json!({ "type": kind, "message": { "extra": 1, "timestamp": "7" } }),
            )
            .await;
        let message = stage.hook().await.value()["messages"][0].clone();
        assert_eq!(message["type"], kind);
        assert_eq!((&message["extra"], &message["timestamp"]), (&json!(1), &json!("7")));
        assert!(kind == "hologram" || !message[kind].is_null(), "{message}");
    }
}

#[tokio::test]
async fn many_messages_fit_one_webhook_and_updates_can_be_collected() {
    let mut stage = Stage::new().await;
    let told = stage
        .control("whatsapp/message", json!({ "text": "x", "times": 1_000, "batch": true }))
        .await;
    assert_eq!(told["wamids"].as_array().unwrap().len(), 1_000);
    assert_eq!(stage.hook().await.value()["messages"].as_array().unwrap().len(), 1_000);
    stage.switch("whatsapp.batch_size", "3").await;
    for text in ["a", "b"] {
        assert_eq!(
            stage.control("whatsapp/message", json!({ "text": text })).await["delivered_status"],
            Value::Null
        );
    }
    assert_eq!(stage.control("whatsapp/flush", json!({})).await["delivered_status"], 200);
    assert_eq!(stage.hook().await.json()["entry"][0]["changes"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn people_change_number_adopt_usernames_and_are_answered_from_the_phone_app() {
    let mut stage = Stage::new().await;
    stage
        .control("whatsapp/users", json!({ "user": CUSTOMER, "change_number": "+1 555 010 0055" }))
        .await;
    let system = stage.hook().await.value();
    assert_eq!(system["messages"][0]["system"]["wa_id"], "15550100055");
    assert_eq!(system["messages"][0]["from"], CUSTOMER);
    assert!(system.get("contacts").is_none());
    stage.control("whatsapp/users", json!({ "user": "15550100055", "username": "zoe" })).await;
    stage.control("whatsapp/message", json!({ "from": "zoe" })).await;
    let value = stage.hook().await.value();
    assert!(value["messages"][0].get("from").is_none());
    assert_eq!(value["contacts"][0]["profile"]["username"], "zoe");
    stage
        .control("whatsapp/echo", json!({ "to": "15550100002", "text": "I will take this" }))
        .await;
    let echo = stage.hook().await.json()["entry"][0]["changes"][0].clone();
    assert_eq!(echo["field"], "smb_message_echoes");
    assert_eq!(echo["value"]["message_echoes"][0]["to"], "15550100002");
}

#[tokio::test]
async fn odd_payloads_and_wrong_signatures_can_be_posted() {
    let mut stage = Stage::new().await;
    stage.control("whatsapp/raw", json!({ "text": "{\"lone\":\"\\ud800\"" })).await;
    assert_eq!(&stage.hook().await.body[..], b"{\"lone\":\"\\ud800\"");
    stage.control("whatsapp/raw", json!({ "body": {}, "signature": "missing" })).await;
    assert!(stage.hook().await.headers.get("x-hub-signature-256").is_none());
    stage.control("whatsapp/raw", json!({ "body": {}, "signature": "wrong" })).await;
    let wrong = stage.hook().await;
    assert_ne!(
        wrong.headers["x-hub-signature-256"],
        crate::whatsapp::sign(&stage.config.whatsapp.app_secret, &wrong.body)
    );
}

#[tokio::test]
async fn a_callback_that_fails_the_handshake_is_not_taken() {
    let stage = Stage::new().await;
    let body = json!({ "url": stage.hook_url, "verify_token": "wrong" });
    let (status, answer) = stage.try_control("whatsapp/subscribe", body).await;
    assert_eq!(status, 400);
    assert!(answer["error"].as_str().unwrap().contains("403"));
}

#[tokio::test]
async fn meta_can_report_a_failure_later_and_the_duplicate_count_then_forgives_the_resend() {
    let mut stage = Stage::new().await;
    stage.customer_says("hi").await;
    let wamid = stage.send_text("hello", "d1").await.1["messages"][0]["id"].clone();
    stage.send_text("hello", "d1").await;
    assert_eq!(stage.violations("i2_duplicate_to_customer").await, 1);
    stage
        .control("whatsapp/status", json!({ "wamid": wamid, "status": "failed", "code": 131_047 }))
        .await;
    assert_eq!(stage.violations("i2_duplicate_to_customer").await, 0);
    let thread = stage.look("whatsapp/thread").await;
    assert_eq!(thread["messages"][1]["progress"], "failed");
    assert_eq!(thread["messages"][1]["error"]["code"], 131_047);
}

#[path = "whatsapp_graph.rs"]
mod graph;
#[path = "whatsapp_handover.rs"]
mod handover;
#[path = "whatsapp_interactive.rs"]
mod interactive;
#[path = "whatsapp_media.rs"]
mod media;
#[path = "whatsapp_people.rs"]
mod people;
#[path = "whatsapp_templates.rs"]
mod templates;

fn details(answer: &Value) -> &str {
    answer["error"]["error_data"]["details"].as_str().unwrap_or_default()
}
