use super::*;

#[tokio::test]
async fn a_timeout_before_accept_does_nothing_and_one_after_it_has_sent() {
    let mut stage = Stage::new().await;
    stage.customer_says("hi").await;
    let fault =
        |kind: &str| json!({ "vendor": "whatsapp", "operation": "messages.text", "fault": kind });
    stage.control("faults", fault("timeout_before_accept")).await;
    assert!(stage.send(text_message("lost", "d1")).await.is_err());
    assert_eq!(stage.look("whatsapp/thread").await["messages"].as_array().unwrap().len(), 1);
    stage.control("faults", fault("timeout_after_accept")).await;
    assert!(stage.send(text_message("taken", "d1")).await.is_err());
    let sent = stage.hook().await.value()["statuses"][0].clone();
    assert_eq!(
        (&sent["status"], &sent["biz_opaque_callback_data"]),
        (&json!("sent"), &json!("d1"))
    );
    assert_eq!(stage.look("whatsapp/thread").await["messages"][1]["text"], "taken");
    let journal = stage.look("requests?vendor=whatsapp&direction=in").await;
    assert_eq!(journal["requests"][1]["fault"], "timeout_after_accept");
    assert_eq!(journal["requests"][1]["status"], Value::Null);
    // A client that sends again without settling is caught.
    stage.send_text("taken", "d1").await;
    assert_eq!(stage.violations("i2_duplicate_to_customer").await, 1);
}

#[tokio::test]
async fn refusals_carry_the_status_retry_after_and_code_that_were_asked_for_and_are_used_up() {
    let mut stage = Stage::new().await;
    stage.customer_says("hi").await;
    let fault = json!({ "vendor": "whatsapp", "operation": "messages.*", "fault": "status", "status": 429,
        "retry_after_s": 7, "code": 80_007, "count": 1, "key": CUSTOMER });
    stage.control("faults", fault).await;
    let request =
        stage.http.post(stage.messages_url()).bearer_auth(&stage.config.whatsapp.access_token);
    let response = request.json(&text_message("x", "d1")).send().await.unwrap();
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "7");
    assert_eq!(response.json::<Value>().await.unwrap()["error"]["code"], 80_007);
    assert_eq!(stage.send_text("x", "d1").await.0, 200);
    assert_eq!(stage.look("faults").await["faults"], json!([]));
}

#[tokio::test]
async fn garbage_is_answered_after_the_work_is_done() {
    let mut stage = Stage::new().await;
    stage.customer_says("hi").await;
    stage
        .control("faults", json!({ "vendor": "whatsapp", "operation": "*", "fault": "garbage" }))
        .await;
    let (status, answer) = stage.send_text("x", "d1").await;
    assert_eq!(status, 200);
    assert!(answer.is_string());
    assert_eq!(stage.hook().await.what(), "sent");
}

#[tokio::test]
async fn an_answer_can_be_late_on_the_virtual_clock() {
    let mut stage = Stage::new().await;
    stage.customer_says("hi").await;
    stage
        .control(
            "faults",
            json!({ "vendor": "whatsapp", "operation": "*", "fault": "delay", "ms": 5_000 }),
        )
        .await;
    let clock = stage.clock.clone();
    let sending = stage.send_text("x", "d1");
    let waiting = async {
        while clock.next_deadline().is_none_or(|at| at > START_MS + 50) {
            tokio::task::yield_now().await;
        }
        clock.advance(5_000);
    };
    let ((status, _), ()) = tokio::join!(sending, waiting);
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_webhook_can_overtake_the_answer_of_its_own_call() {
    let mut stage = Stage::new().await;
    stage.customer_says("hi").await;
    stage.switch("whatsapp.sent_after_ms", "40").await;
    stage.control("faults", json!({ "vendor": "whatsapp", "operation": "webhook.status.sent", "fault": "before_answer" })).await;
    stage.send_text("x", "d1").await;
    // Although nobody has moved the clock to its 40 ms, it has arrived and been answered by now.
    let arrived = stage.received.try_recv().map(|hook| hook.what());
    assert_eq!(arrived.unwrap(), "sent");
    let journal = stage.look("requests?vendor=whatsapp&operation=webhook.status.sent").await;
    assert_eq!(journal["requests"][0]["status"], 200);
}

#[tokio::test]
async fn webhooks_can_be_lost_doubled_swapped_and_late() {
    let mut stage = Stage::new().await;
    let fault = |kind: &str| json!({ "vendor": "whatsapp", "operation": "webhook.message", "fault": kind, "ms": 1_000 });
    let text =
        |hook: &Received| hook.value()["messages"][0]["text"]["body"].as_str().unwrap().to_owned();
    stage.control("faults", fault("drop")).await;
    let told = stage.control("whatsapp/message", json!({ "text": "lost" })).await;
    assert_eq!((&told["delivered_status"], &told["fault"]), (&Value::Null, &json!("drop")));
    stage.control("faults", fault("duplicate")).await;
    stage.control("whatsapp/message", json!({ "text": "twice" })).await;
    assert_eq!(
        (text(&stage.hook().await), text(&stage.hook().await)),
        ("twice".to_owned(), "twice".to_owned())
    );
    stage.control("faults", fault("reorder")).await;
    stage.control("whatsapp/message", json!({ "text": "first" })).await;
    stage.control("whatsapp/message", json!({ "text": "second" })).await;
    assert_eq!(
        (text(&stage.hook().await), text(&stage.hook().await)),
        ("second".to_owned(), "first".to_owned())
    );
    stage.control("faults", fault("delay")).await;
    stage.control("whatsapp/message", json!({ "text": "late" })).await;
    stage.expect_no_hook().await;
    stage.clock.advance(1_000);
    assert_eq!(text(&stage.hook().await), "late");
}

#[tokio::test]
async fn a_webhook_that_is_not_taken_comes_again_with_growing_gaps_and_then_no_more() {
    let mut stage = Stage::new().await;
    stage.answer_with(&[500, 503, 200]);
    let told = stage.control("whatsapp/message", json!({ "text": "hi" })).await;
    assert_eq!(told["delivered_status"], 500);
    let first = stage.hook().await;
    stage.expect_no_hook().await;
    stage.clock.advance(10_000);
    let second = stage.hook().await;
    assert_eq!(
        (&second.body, &second.headers["x-hub-signature-256"]),
        (&first.body, &first.headers["x-hub-signature-256"])
    );
    while stage.sandbox.world.webhooks.pending().scheduled == 0 {
        tokio::task::yield_now().await;
    }
    stage.clock.advance(29_999);
    stage.expect_no_hook().await;
    stage.clock.advance(1);
    stage.hook().await;
    stage.clock.advance(48 * HOUR_MS);
    stage.expect_no_hook().await;
}

#[tokio::test]
async fn a_webhook_waits_behind_nothing_that_failed() {
    let mut stage = Stage::new().await;
    stage.answer_with(&[500]);
    stage.control("whatsapp/message", json!({ "text": "first" })).await;
    stage.hook().await;
    stage.control("whatsapp/message", json!({ "text": "second" })).await;
    assert_eq!(stage.hook().await.value()["messages"][0]["text"]["body"], "second");
}

#[tokio::test]
async fn a_fault_that_cannot_happen_is_refused() {
    let stage = Stage::new().await;
    let on_call = json!({ "vendor": "whatsapp", "operation": "messages.text", "fault": "drop" });
    assert_eq!(stage.try_control("faults", on_call).await.0, 400);
    let on_webhook =
        json!({ "vendor": "whatsapp", "operation": "webhook.message", "fault": "garbage" });
    assert_eq!(stage.try_control("faults", on_webhook).await.0, 400);
}
