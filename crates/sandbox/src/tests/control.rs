use super::*;

#[tokio::test]
async fn the_journal_tells_calls_and_webhooks_apart_and_hides_credentials() {
    let mut stage = Stage::new().await;
    stage.customer_says("hi").await;
    stage.send_text("hello", "d1").await;
    stage.hook().await;
    stage.settle().await;
    let all = stage.look("requests?vendor=whatsapp").await;
    let rows = all["requests"].as_array().unwrap();
    let order: Vec<_> = rows
        .iter()
        .map(|row| (row["direction"].as_str().unwrap(), row["operation"].as_str().unwrap()))
        .collect();
    assert_eq!(
        order,
        [("out", "webhook.message"), ("in", "messages.text"), ("out", "webhook.status.sent")]
    );
    assert_eq!(rows[1]["notes"], json!(["accepted"]));
    assert_eq!(rows[1]["status"], 200);
    assert_eq!(rows[1]["body"]["text"]["body"], "hello");
    assert!(rows[1]["headers"]["authorization"].as_str().unwrap().starts_with("sha256:"));
    assert!(!all.to_string().contains(&stage.config.whatsapp.access_token));
    let after = stage.look(&format!("requests?after={}", rows[1]["seq"])).await;
    assert_eq!(after["requests"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_clock_is_shown_and_moves_only_forward() {
    let stage = Stage::new().await;
    let clock = stage.control("clock", json!({ "advance_ms": 1_500 })).await;
    assert_eq!((&clock["now_ms"], &clock["mode"]), (&json!(START_MS + 1_500), &json!("frozen")));
    assert_eq!(stage.try_control("clock", json!({ "advance_ms": -1 })).await.0, 400);
    assert_eq!(stage.clock.now_ms(), START_MS + 1_500);
}

#[tokio::test]
async fn switches_take_only_what_they_offer() {
    let stage = Stage::new().await;
    assert_eq!(
        stage.try_control("switches", json!({ "whatsapp.window_closed": "maybe" })).await.0,
        400
    );
    assert_eq!(stage.try_control("switches", json!({ "whatsapp.nothing": "yes" })).await.0, 400);
    assert_eq!(stage.try_control("switches", json!({ "whatsapp.mps": 5_000 })).await.0, 400);
    let listed = stage.control("switches", json!({ "whatsapp.mps": 20 })).await;
    let row = listed["switches"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["name"] == "whatsapp.mps")
        .cloned();
    assert_eq!(row.unwrap()["value"], "20");
}

#[tokio::test]
async fn the_pages_need_nothing_from_elsewhere() {
    let stage = Stage::new().await;
    for path in ["/", "/phone"] {
        let page = stage.http.get(stage.url(path)).send().await.unwrap().text().await.unwrap();
        assert!(page.contains("<title>"), "{path}");
        assert!(
            !page.contains("src=\"http")
                && !page.contains("href=\"http")
                && !page.contains("@import"),
            "{path}"
        );
    }
}
