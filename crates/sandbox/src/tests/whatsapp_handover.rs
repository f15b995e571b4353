//! Numbers on which somebody else answers too.

use super::*;

impl Stage {
    async fn thread_control(&self, change: Value) -> (u16, Value) {
        let mut body = json!({ "messaging_product": "whatsapp", "to": CUSTOMER });
        crate::whatsapp::merge(&mut body, &change);
        self.graph("POST", &format!("{}/thread_control", self.number_id()), Some(body)).await
    }

    /// The customer writes; gives the webhook's field.
    async fn field_of_next_message(&mut self) -> Value {
        self.control("whatsapp/message", json!({ "text": "hi" })).await;
        self.change().await["field"].clone()
    }
}

#[tokio::test]
async fn the_escalation_partner_stands_by_takes_passes_and_releases() {
    let mut stage = Stage::new().await;
    stage.switch("whatsapp.responders", "we_escalate").await;
    stage.control("whatsapp/message", json!({ "text": "hi" })).await;
    let standby = stage.change().await;
    assert_eq!(standby["field"], "standby");
    assert_eq!(standby["value"]["standby"]["messages"][0]["text"]["body"], "hi");
    assert!(standby["value"].get("messages").is_none());
    stage.control("whatsapp/responder", json!({ "action": "say", "text": "I am a program" })).await;
    let echo = stage.change().await;
    assert_eq!(echo["value"]["standby"]["message_echoes"][0]["text"]["body"], "I am a program");
    assert_eq!(stage.last_on_phone().await["from"], "other_responder");

    let refused = stage
        .thread_control(json!({ "action": "pass", "control_pass": { "target_role": "ai_agent" } }))
        .await;
    assert_eq!(code(&refused.1), 100);
    let pass = json!({ "action": "pass", "metadata": "m-1", "summary": "Wants a refund" });
    stage.control("whatsapp/responder", pass).await;
    let told = stage.change().await;
    assert_eq!(told["field"], "messaging_handovers");
    let value = &told["value"];
    assert_eq!(
        (&value["type"], &value["sender"]["phone_number"]),
        (&json!("control_passed"), &json!(CUSTOMER))
    );
    let passed = &value["control_passed"];
    assert_eq!(
        (&passed["previous_owner_role"], &passed["new_owner_role"]),
        (&json!("ai_agent"), &json!("escalation"))
    );
    assert_eq!(
        (&passed["metadata"], &passed["conversation_context"]["summary"]["text"]),
        (&json!("m-1"), &json!("Wants a refund"))
    );
    assert_eq!(stage.field_of_next_message().await, "messages");

    let back = json!({ "action": "pass", "control_pass": { "target_role": "ai_agent" } });
    assert_eq!(stage.thread_control(back).await, (200, json!({ "success": true })));
    assert_eq!(stage.field_of_next_message().await, "standby");
    assert_eq!(stage.thread_control(json!({ "action": "take" })).await.0, 200);
    assert_eq!(stage.field_of_next_message().await, "messages");
    assert_eq!(stage.thread_control(json!({ "action": "release" })).await.0, 200);
    stage.expect_no_hook().await;
    assert_eq!(stage.field_of_next_message().await, "standby");

    assert_eq!(stage.send_text("a person here", "d1").await.0, 200);
    assert_eq!(stage.hook().await.what(), "sent");
    assert_eq!(stage.field_of_next_message().await, "messages");
    stage.clock.advance(24 * HOUR_MS);
    assert_eq!(stage.hook().await.what(), "delivered");
    assert_eq!(stage.hook().await.what(), "read");
    assert_eq!(stage.field_of_next_message().await, "standby");
}

#[tokio::test]
async fn the_first_responder_may_not_take_and_loses_its_voice_when_taken_from() {
    let mut stage = Stage::new().await;
    stage.switch("whatsapp.responders", "we_are_first").await;
    assert_eq!(stage.field_of_next_message().await, "messages");
    assert_eq!(code(&stage.thread_control(json!({ "action": "take" })).await.1), 2_494_191);
    stage.control("whatsapp/responder", json!({ "action": "take" })).await;
    let taken = stage.change().await["value"].clone();
    assert_eq!(taken["control_taken"]["new_owner_role"], "escalation");
    assert_eq!(code(&stage.send_text("still me", "d1").await.1), 131_005);
    assert_eq!(stage.send(template("reminder", "en", &[])).await.unwrap().0, 200);
    assert_eq!(stage.hook().await.what(), "sent");
    stage.control("whatsapp/responder", json!({ "action": "pass" })).await;
    assert_eq!(stage.change().await["value"]["control_passed"]["new_owner_role"], "ai_agent");
    assert_eq!(stage.send_text("me again", "d1").await.0, 200);
    assert_eq!(stage.hook().await.what(), "sent");
    stage.switch("whatsapp.handover_echo", "yes").await;
    assert_eq!(stage.thread_control(json!({ "action": "pass" })).await.0, 200);
    assert_eq!(stage.change().await["value"]["type"], "control_passed");
}

#[tokio::test]
async fn wrong_requests_for_control_are_refused() {
    let stage = Stage::new().await;
    assert_eq!(code(&stage.thread_control(json!({ "action": "take" })).await.1), 100);
    stage.switch("whatsapp.responders", "we_escalate").await;
    for change in [
        json!({ "action": "steal" }),
        json!({ "action": "take", "metadata": "x".repeat(2_001) }),
        json!({ "action": "take", "control_pass": { "target_role": "ai_agent" } }),
        json!({ "action": "take", "messaging_product": null }),
        json!({ "action": "take", "to": null }),
    ] {
        assert_eq!(code(&stage.thread_control(change).await.1), 100);
    }
}

#[tokio::test]
async fn a_person_with_the_business_app_answers_with_a_picture() {
    let mut stage = Stage::new().await;
    let media = json!({ "kind": "image", "size": 2_000 });
    stage.control("whatsapp/echo", json!({ "text": "this one", "media": media })).await;
    let echo = stage.change().await["value"]["message_echoes"][0].clone();
    assert_eq!((&echo["type"], &echo["image"]["caption"]), (&json!("image"), &json!("this one")));
    let id = echo["image"]["id"].as_str().unwrap();
    assert_eq!(stage.graph("GET", id, None).await.1["file_size"], 2_000);
    let shown = stage.last_on_phone().await;
    assert_eq!((&shown["from"], &shown["media"]["id"]), (&json!("phone_app"), &json!(id)));
}
