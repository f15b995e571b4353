//! Templates: written, reviewed, edited, deleted, listed, and sent with every kind of component.

use super::*;

const DAY_MS: i64 = 24 * HOUR_MS;

impl Stage {
    fn templates_path(&self) -> String {
        format!("{}/message_templates", self.waba_id())
    }

    async fn create(&self, name: &str, components: Value) -> (u16, Value) {
        let body = json!({ "name": name, "language": "en", "category": "UTILITY", "components": components });
        self.graph("POST", &self.templates_path(), Some(body)).await
    }

    /// Puts an approved template on file without a review.
    async fn on_file(&mut self, name: &str, category: &str, components: Value) {
        let body = json!({ "name": name, "status": "APPROVED", "category": category, "components": components });
        self.control("whatsapp/templates", body).await;
        assert_eq!(self.change().await["value"]["message_template_name"], name);
    }

    async fn send_template(&self, name: &str, components: Value) -> (u16, Value) {
        let template =
            json!({ "name": name, "language": { "code": "en" }, "components": components });
        self.send_kind("template", template).await
    }
}

fn body() -> Value {
    json!([{ "type": "BODY", "text": "Hello, we are here.", "extra": { "kept": [1] } }])
}

#[tokio::test]
async fn a_template_is_created_reviewed_edited_and_deleted() {
    let mut stage = Stage::new().await;
    let (status, created) = stage.create("greeting", body()).await;
    assert_eq!((status, &created["status"]), (200, &json!("PENDING")), "{created}");
    let id = created["id"].as_str().unwrap().to_owned();
    assert_eq!(code(&stage.send_template("greeting", json!([])).await.1), 132_001);
    stage.clock.advance(300_000);
    let update = stage.change().await;
    assert_eq!(update["field"], "message_template_status_update");
    assert_eq!(
        (&update["value"]["event"], &update["value"]["reason"]),
        (&json!("APPROVED"), &json!("NONE"))
    );
    assert_eq!(update["value"]["message_template_id"].to_string(), id);
    assert_eq!(stage.send_template("greeting", json!([])).await.0, 200);
    assert_eq!(stage.hook().await.what(), "sent");
    let (_, kept) = stage.graph("GET", &format!("{id}?fields=components,status"), None).await;
    assert_eq!(kept["components"], body());
    assert!(kept.get("name").is_none());

    let edit = json!({ "components": [{ "type": "BODY", "text": "Hello again." }] });
    assert_eq!(
        stage.graph("POST", &id, Some(edit.clone())).await,
        (200, json!({ "success": true }))
    );
    assert_eq!(stage.graph("GET", &id, None).await.1["status"], "PENDING");
    stage.switch("whatsapp.review", "reject").await;
    assert_eq!(code(&stage.graph("POST", &id, Some(edit.clone())).await.1), 100);
    stage.clock.advance(300_000);
    assert_eq!(stage.hook().await.what(), "delivered");
    assert_eq!(stage.hook().await.what(), "read");
    assert_eq!(stage.change().await["value"]["event"], "APPROVED");
    let (_, refused) = stage.graph("POST", &id, Some(edit.clone())).await;
    assert!(details(&refused).contains("24 hours"), "{refused}");
    stage.clock.advance(DAY_MS);
    assert_eq!(stage.graph("POST", &id, Some(edit)).await.0, 200);
    stage.clock.advance(300_000);
    let update = stage.change().await["value"].clone();
    assert_eq!(
        (&update["event"], &update["reason"]),
        (&json!("REJECTED"), &json!("INVALID_FORMAT"))
    );
    assert!(update["rejection_info"]["recommendation"].is_string());

    let path = format!("{}?name=greeting", stage.templates_path());
    assert_eq!(stage.graph("DELETE", &path, None).await, (200, json!({ "success": true })));
    assert_eq!(stage.change().await["value"]["event"], "PENDING_DELETION");
    assert_eq!(stage.graph("DELETE", &path, None).await.1["error"]["error_subcode"], 2_593_002);
    assert_eq!(stage.create("greeting", body()).await.1["error"]["error_subcode"], 2_388_023);
    stage.clock.advance(30 * DAY_MS);
    assert_eq!(stage.create("greeting", body()).await.0, 200);
}

#[tokio::test]
async fn templates_that_break_a_rule_are_not_taken() {
    let stage = Stage::new().await;
    let text =
        |text: &str| json!([{ "type": "BODY", "text": text, "example": { "body_text": [["a"]] } }]);
    let beside = |component: Value| json!([{ "type": "BODY", "text": "Hello." }, component]);
    for (components, subcode) in [
        (json!([]), 2_388_072),
        (text(&"x".repeat(1_025)), 2_388_040),
        (text("{{1}} hello"), 2_388_299),
        (text("hello {{1}}"), 2_388_299),
        (text("hello {{1}}{{2}} there"), 2_388_072),
        (json!([{ "type": "BODY", "text": "hello {{1}} there" }]), 2_388_043),
        (beside(json!({ "type": "HEADER", "format": "TEXT", "text": "x".repeat(61) })), 2_388_040),
        (beside(json!({ "type": "HEADER", "format": "IMAGE" })), 2_388_273),
        (beside(json!({ "type": "FOOTER", "text": "x".repeat(61) })), 2_388_040),
        (beside(json!({ "type": "FOOTER", "text": "{{1}}" })), 2_388_073),
        (
            beside(
                json!({ "type": "BUTTONS", "buttons": [{ "type": "QUICK_REPLY", "text": "x".repeat(26) }] }),
            ),
            2_388_040,
        ),
    ] {
        let (_, answer) = stage.create("fine_name", components).await;
        assert_eq!(
            (code(&answer), &answer["error"]["error_subcode"]),
            (100, &json!(subcode)),
            "{answer}"
        );
    }
    assert_eq!(code(&stage.create("Bad Name", body()).await.1), 100);
    let eleven: Vec<Value> =
        (0..11).map(|_| json!({ "type": "QUICK_REPLY", "text": "Yes" })).collect();
    assert_eq!(
        code(
            &stage.create("many", beside(json!({ "type": "BUTTONS", "buttons": eleven }))).await.1
        ),
        100
    );
    assert_eq!(stage.create("reminder", body()).await.1["error"]["error_subcode"], 2_388_024);
    stage.switch("whatsapp.review", "manual").await;
    for at in 0..242 {
        assert_eq!(stage.create(&format!("t{at}"), body()).await.0, 200);
    }
    assert_eq!(stage.create("one_more", body()).await.1["error"]["error_subcode"], 2_388_019);
}

#[tokio::test]
async fn the_list_has_cursors_filters_and_chosen_fields() {
    let stage = Stage::new().await;
    let path =
        format!("{}?status=APPROVED&fields=name,quality_score&limit=3", stage.templates_path());
    let (_, first) = stage.graph("GET", &path, None).await;
    assert_eq!(first["data"].as_array().unwrap().len(), 3);
    assert_eq!(first["data"][0]["quality_score"]["score"], "UNKNOWN");
    assert!(first["data"][0]["id"].is_string() && first["data"][0].get("status").is_none());
    let next =
        first["paging"]["next"].as_str().unwrap().split("/v26.0/").nth(1).unwrap().to_owned();
    let (_, second) = stage.graph("GET", &next, None).await;
    assert_eq!(second["data"].as_array().unwrap().len(), 1);
    assert_eq!(second["data"][0]["name"], "order_update");
    assert!(second["paging"].get("next").is_none());
    let before = second["paging"]["cursors"]["before"].as_str().unwrap();
    let (_, back) = stage.graph("GET", &format!("{path}&before={before}"), None).await;
    assert_eq!(back["data"], first["data"]);
}

#[tokio::test]
async fn quality_and_category_changes_are_told() {
    let mut stage = Stage::new().await;
    let change = json!({ "name": "reminder", "quality": "RED", "status": "PAUSED", "category": "MARKETING" });
    stage.control("whatsapp/templates", change).await;
    let status = stage.change().await;
    assert_eq!(status["value"]["other_info"]["title"], "FIRST_PAUSE");
    let quality = stage.change().await;
    assert_eq!(quality["field"], "message_template_quality_update");
    assert_eq!(
        (&quality["value"]["previous_quality_score"], &quality["value"]["new_quality_score"]),
        (&json!("UNKNOWN"), &json!("RED"))
    );
    let category = stage.change().await;
    assert_eq!(category["field"], "template_category_update");
    assert_eq!(
        (&category["value"]["previous_category"], &category["value"]["new_category"]),
        (&json!("UTILITY"), &json!("MARKETING"))
    );
    assert_eq!(code(&stage.send_template("reminder", json!([])).await.1), 132_015);
}

#[tokio::test]
async fn headers_with_files_and_places_must_be_filled() {
    let mut stage = Stage::new().await;
    for format in ["IMAGE", "LOCATION"] {
        let components =
            json!([{ "type": "HEADER", "format": format }, { "type": "BODY", "text": "Look." }]);
        stage.on_file(&format!("with_{}", format.to_lowercase()), "UTILITY", components).await;
    }
    let header = |parameter: Value| json!([{ "type": "header", "parameters": [parameter] }]);
    let place = json!({ "latitude": 1, "longitude": 2, "name": "n", "address": "a" });
    for (name, components) in [
        ("with_image", json!([])),
        ("with_image", header(json!({ "type": "text", "text": "a" }))),
        ("with_image", header(json!({ "type": "image", "image": {} }))),
        ("with_image", header(json!({ "type": "location", "location": place }))),
        ("with_location", header(json!({ "type": "location", "location": { "latitude": 1 } }))),
    ] {
        let (_, answer) = stage.send_template(name, components).await;
        assert_eq!(code(&answer), 132_012, "{answer}");
        assert!(details(&answer).starts_with("header: Format mismatch, expected"), "{answer}");
    }
    let unknown = header(json!({ "type": "image", "image": { "id": "1" } }));
    assert_eq!(code(&stage.send_template("with_image", unknown).await.1), 131_009);
    assert_eq!(
        stage
            .send_template(
                "with_location",
                header(json!({ "type": "location", "location": place }))
            )
            .await
            .0,
        200
    );
    assert_eq!(stage.hook().await.what(), "sent");
    let link = stage.url("/elsewhere/picture");
    assert_eq!(
        stage
            .send_template(
                "with_image",
                header(json!({ "type": "image", "image": { "link": link } }))
            )
            .await
            .0,
        200
    );
    assert_eq!(stage.hook().await.what(), "sent");
    assert_eq!(stage.last_on_phone().await["media"]["mime_type"], "image/png");
}

#[tokio::test]
async fn buttons_of_templates_are_filled_checked_and_tapped() {
    let mut stage = Stage::new().await;
    let buttons = json!([
        { "type": "QUICK_REPLY", "text": "Yes" },
        { "type": "URL", "text": "Track", "url": "https://example.com/{{1}}" },
        { "type": "COPY_CODE", "example": "SAVE10" },
    ]);
    let components =
        json!([{ "type": "BODY", "text": "Ready?" }, { "type": "BUTTONS", "buttons": buttons }]);
    stage.on_file("tap", "UTILITY", components).await;
    let button = |sub_type: &str, index: Value, parameter: Value| json!({ "type": "button", "sub_type": sub_type, "index": index, "parameters": [parameter] });
    let url = button("url", json!("1"), json!({ "type": "text", "text": "o-1" }));
    let copy =
        button("copy_code", json!(2), json!({ "type": "coupon_code", "coupon_code": "SAVE20" }));
    let reply = |payload: &str| {
        button("quick_reply", json!("0"), json!({ "type": "payload", "payload": payload }))
    };
    let long = "x".repeat(257);
    for (components, expected) in [
        (json!([copy]), 131_008),
        (json!([url]), 131_008),
        (json!([url, copy, reply(&long)]), 132_018),
        (
            json!([url, copy, button("url", json!("0"), json!({ "type": "text", "text": "a" }))]),
            132_018,
        ),
        (
            json!([url, copy, button("url", json!("7"), json!({ "type": "text", "text": "a" }))]),
            132_018,
        ),
    ] {
        let (_, answer) = stage.send_template("tap", components).await;
        assert_eq!(code(&answer), expected, "{answer}");
        assert!(details(&answer).starts_with("buttons: "), "{answer}");
    }
    let (status, answer) = stage.send_template("tap", json!([url, copy, reply("yes-1")])).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(stage.hook().await.what(), "sent");
    let shown = stage.last_on_phone().await["choices"].clone();
    assert_eq!(
        shown[1],
        json!({ "kind": "url", "id": "https://example.com/o-1", "title": "Track" })
    );
    assert_eq!((&shown[2]["kind"], &shown[2]["id"]), (&json!("copy_code"), &json!("SAVE20")));
    stage.control("whatsapp/message", json!({ "choose": "Yes" })).await;
    let tapped = stage.hook().await.value()["messages"][0].clone();
    assert_eq!(
        (&tapped["type"], &tapped["button"]),
        (&json!("button"), &json!({ "payload": "yes-1", "text": "Yes" }))
    );
    assert_eq!(tapped["context"]["id"], answer["messages"][0]["id"]);
}

#[tokio::test]
async fn a_customer_who_stopped_marketing_gets_utility_templates_only() {
    let mut stage = Stage::new().await;
    stage.on_file("offer", "MARKETING", json!([{ "type": "BODY", "text": "An offer." }])).await;
    stage.control("whatsapp/preferences", json!({ "marketing": "stop" })).await;
    let told = stage.change().await;
    assert_eq!(told["field"], "user_preferences");
    let preference = &told["value"]["user_preferences"][0];
    assert_eq!(
        (&preference["value"], &preference["category"]),
        (&json!("stop"), &json!("marketing_messages"))
    );
    assert_eq!(preference["timestamp"], START_MS / 1_000);
    assert_eq!(preference["wa_id"], CUSTOMER);
    assert_eq!(stage.send_template("offer", json!([])).await.0, 200);
    assert_eq!(stage.hook().await.value()["statuses"][0]["errors"][0]["code"], 131_050);
    assert_eq!(stage.send_template("reminder", json!([])).await.0, 200);
    assert_eq!(stage.hook().await.what(), "sent");
    stage.control("whatsapp/preferences", json!({ "marketing": "resume" })).await;
    assert_eq!(stage.change().await["value"]["user_preferences"][0]["value"], "resume");
    assert_eq!(stage.send_template("offer", json!([])).await.0, 200);
    assert_eq!(stage.hook().await.what(), "sent");
}

#[tokio::test]
async fn the_review_of_an_older_text_does_not_count() {
    let mut stage = Stage::new().await;
    let (_, created) = stage.create("greeting", body()).await;
    let id = created["id"].as_str().unwrap().to_owned();
    stage.clock.advance(200_000);
    stage.control("whatsapp/templates", json!({ "name": "greeting", "status": "APPROVED" })).await;
    assert_eq!(stage.change().await["value"]["event"], "APPROVED");
    let edit = json!({ "components": [{ "type": "BODY", "text": "Hello again." }] });
    assert_eq!(stage.graph("POST", &id, Some(edit)).await.0, 200);
    stage.clock.advance(100_000);
    stage.expect_no_hook().await;
    assert_eq!(stage.graph("GET", &id, None).await.1["status"], "PENDING");
    stage.clock.advance(200_000);
    assert_eq!(stage.change().await["value"]["event"], "APPROVED");
}
