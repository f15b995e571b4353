//! What the rep does, what the webhook hears of it, and what is counted as broken.

use super::*;

#[tokio::test]
async fn events_come_disguised_and_replies_come_plain_without_ids() {
    let mut stand = Stand::new().await;
    let id = stand.open("c").await;
    stand.control("dynamics365/accept", json!({ "rep": "Kim" })).await;
    let event = stand.hook().await;
    assert_eq!(event.path, format!("/hooks/v3/conversations/{id}/activities"));
    assert_eq!(
        (&event.body["type"], &event.body["name"]),
        (&json!("message"), &json!("AgentAccepted"))
    );
    assert_eq!(event.body["text"], "EventName: **_AgentAccepted_**");
    let claims = event.authorization.split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    assert_eq!(
        (&claims["aud"], &claims["tid"]),
        (&json!(stand.account.webhook_app_id), &json!(stand.account.tenant_id))
    );

    stand.control("dynamics365/typing", json!({})).await;
    assert_eq!(stand.hook().await.body["type"], "typing");
    let told = stand.control("dynamics/reply", json!({ "text": "ok", "times": 2 })).await;
    assert_eq!(told["webhooks"].as_array().unwrap().len(), 2);
    let (first, second) = (stand.hook().await.body, stand.hook().await.body);
    assert_eq!(first, second);
    assert_eq!(
        (&first["text"], &first["textFormat"], &first["from"]["name"]),
        (&json!("ok"), &json!("markdown"), &json!("Kim"))
    );
    assert!(first.get("id").is_none() && first.get("timestamp").is_none());

    let listed = stand.get(&format!("conversation/{id}/messages")).await;
    let ids: Vec<&Value> = listed["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| &message["messageId"])
        .collect();
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);

    stand.control("dynamics365/reply", json!({ "text": "between us", "private": true })).await;
    stand.switch("dynamics365.event_type", "event").await;
    stand.switch("dynamics365.webhook_channel_id", "MessagingApi").await;
    stand.control("dynamics365/end", json!({})).await;
    let event = stand.hook().await.body;
    assert_eq!(
        (&event["type"], &event["name"]),
        (&json!("event"), &json!("PrimaryAgentEndConversation"))
    );
    assert_eq!(event["channelId"], "MessagingApi");
}

#[tokio::test]
async fn a_webhook_is_tried_four_times_and_then_dropped() {
    let mut stand = Stand::new().await;
    stand.open("c").await;
    stand.answers.lock().unwrap().extend([503, 500, 404]);
    stand.control("dynamics365/accept", json!({})).await;
    stand.hook().await;
    for gap_ms in [2_000, 10_000, 30_000] {
        assert!(stand.hooks.try_recv().is_err());
        stand.advance(gap_ms).await;
        stand.hook().await;
    }
    // The fourth was taken. One that never is, is given up.
    stand.answers.lock().unwrap().extend([500, 500, 500, 500]);
    stand.control("dynamics365/reply", json!({ "text": "lost" })).await;
    stand.hook().await;
    for gap_ms in [2_000, 10_000, 30_000] {
        stand.advance(gap_ms).await;
        stand.hook().await;
    }
    stand.control("dynamics365/reply", json!({ "text": "next" })).await;
    assert_eq!(stand.hook().await.body["text"], "next");
    let journal = stand.look("requests?operation=webhook.message").await;
    let notes: Vec<String> = journal["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["notes"].to_string())
        .collect();
    assert_eq!(notes.iter().filter(|notes| notes.contains("given up")).count(), 1);
    let clock = stand.look("clock").await;
    assert_eq!(clock["webhooks"], json!({ "queued": 0, "scheduled": 0, "overflowed": 0 }));
}

#[tokio::test]
async fn an_acceptance_can_overtake_the_answer_to_create() {
    let mut stand = Stand::new().await;
    stand.switch("dynamics365.auto_accept", "yes").await;
    let rule = json!({ "vendor": "dynamics365", "operation": "webhook.event.AgentAccepted", "fault": "before_answer" });
    stand.fault(rule).await;
    let id = stand.open("c").await;
    let event = stand.hooks.try_recv().unwrap();
    assert!(event.path.contains(&id));
    assert_eq!(event.body["name"], "AgentAccepted");
}

#[tokio::test]
async fn states_follow_the_table_of_asynchronous_channels() {
    let stand = Stand::new().await;
    let id = stand.open("c").await;
    let state =
        async || stand.look(&format!("dynamics365/conversations/{id}")).await["state"].clone();
    assert_eq!(state().await, "open");
    assert_eq!(stand.try_control("dynamics365/reply", json!({ "text": "too early" })).await.0, 409);
    stand.control("dynamics365/accept", json!({})).await;
    stand.control("dynamics365/transfer", json!({ "to": "Lee" })).await;
    stand.control("dynamics365/transfer", json!({ "to": "Jo", "outcome": "rejected" })).await;
    let seen = stand.look(&format!("dynamics365/conversations/{id}")).await;
    assert_eq!((&seen["state"], &seen["rep"]["name"]), (&json!("active"), &json!("Lee")));
    stand.control("dynamics365/transfer", json!({ "queue": "Billing" })).await;
    assert_eq!(state().await, "open");
    stand.control("dynamics365/accept", json!({})).await;
    stand.control("dynamics365/close", json!({})).await;
    assert_eq!(state().await, "waiting");
    stand.control("dynamics365/accept", json!({})).await;
    stand.control("dynamics365/close", json!({})).await;
    assert_eq!(stand.say(&id, "still there?").await.status(), 200);
    assert_eq!(state().await, "open");
    stand.control("dynamics365/accept", json!({})).await;
    stand.control("dynamics365/end", json!({})).await;
    assert_eq!(state().await, "wrap_up");
    assert_eq!(stand.say(&id, "thanks").await.status(), 404);
    stand.switch("dynamics365.message_in_wrap_up", "accepted").await;
    assert_eq!(stand.say(&id, "thanks").await.status(), 200);
    stand.control("dynamics365/close", json!({ "conversation": id })).await;
    assert_eq!(state().await, "closed");
    assert_eq!(stand.say(&id, "thanks").await.status(), 404);
    assert_eq!(stand.try_control("dynamics365/accept", json!({ "conversation": id })).await.0, 409);
}

#[tokio::test]
async fn waiting_can_be_final_for_the_customer_by_switch_and_times_out() {
    let stand = Stand::new().await;
    let id = stand.open("c").await;
    stand.control("dynamics365/accept", json!({})).await;
    stand.control("dynamics365/close", json!({})).await;
    stand.switch("dynamics365.message_after_waiting", "not_found").await;
    assert_eq!(stand.say(&id, "hello?").await.status(), 404);
    stand.control("dynamics365/time_out", json!({})).await;
    let seen = stand.look(&format!("dynamics365/conversations/{id}")).await;
    assert_eq!((&seen["state"], &seen["reason"]), (&json!("closed"), &json!(192_350_009)));
}

#[tokio::test]
async fn the_rep_sees_what_was_handed_over_and_read_marks_reach_replies() {
    let stand = Stand::new().await;
    let created = stand
        .create(json!({
            "customercontext": { "customerid": "c" },
            "conversationcontext": { "channel": { "isDisplayable": true, "value": "whatsapp" } },
            "startmessage": { "message": "Brief\nline", "displayname": "Baton" },
            "startMessage": "misspelt",
        }))
        .await;
    let id = created["conversationId"].as_str().unwrap();
    stand.control("dynamics365/accept", json!({})).await;
    stand.control("dynamics365/reply", json!({ "text": "hello" })).await;
    let at = format!("conversation/{id}");
    stand.messaging(Method::POST, &at, Some(json!({ "type": "typing" }))).await;
    let listed = stand.get(&format!("{at}/messages")).await;
    let reply = listed["messages"]
        .as_array()
        .unwrap()
        .iter()
        .find(|message| message["text"] == "hello")
        .unwrap();
    let read = json!({ "type": "event", "name": "MessageRead", "value": { "messageId": reply["messageId"] } });
    stand.messaging(Method::POST, &at, Some(read)).await;
    let seen = stand.look(&format!("dynamics365/conversations/{id}")).await;
    assert_eq!(
        seen["context"][0],
        json!({ "name": "channel", "value": "whatsapp", "is_displayable": true })
    );
    assert_eq!(
        (&seen["start_message"]["message"], &seen["unknown_fields"]),
        (&json!("Brief\nline"), &json!(["startMessage"]))
    );
    assert_eq!((&seen["customer_typing"], &seen["contact_linked"]), (&json!(true), &json!(false)));
    let authors: Vec<&Value> =
        seen["messages"].as_array().unwrap().iter().map(|message| &message["author"]).collect();
    assert_eq!(authors, ["start", "system", "rep"]);
    assert_eq!(seen["messages"][2]["read_at_ms"], START_MS);
    assert_eq!(
        stand.get(&format!("{at}/context")).await["context"],
        json!([{ "name": "channel", "value": "whatsapp" }])
    );
}

#[tokio::test]
async fn automated_and_system_lines_reach_the_webhook_only_by_switch() {
    let mut stand = Stand::new().await;
    let id = stand.open("c").await;
    let mut automated = stand.message(&id, "context");
    automated["channelData"] = json!({ "messagingapi-oc": { "type": "AutomatedMessage" } });
    let at = format!("conversation/{id}");
    stand.messaging(Method::POST, &at, Some(automated.clone())).await;
    stand.switch("dynamics365.automated_echo_webhook", "yes").await;
    stand.switch("dynamics365.system_messages_webhook", "yes").await;
    stand.messaging(Method::POST, &at, Some(automated)).await;
    assert_eq!(stand.hook().await.body["text"], "context");
    stand.control("dynamics365/accept", json!({})).await;
    let (event, line) = (stand.hook().await.body, stand.hook().await.body);
    assert_eq!(event["name"], "AgentAccepted");
    assert_eq!(
        (line.get("name"), &line["text"]),
        (None, &json!("Robin Hale has joined the conversation."))
    );
}

#[tokio::test]
async fn duplicates_to_the_rep_are_counted() {
    let stand = Stand::new().await;
    let id = stand.open("c").await;
    // The same words twice after good answers: the customer repeats himself.
    stand.say(&id, "ok").await;
    stand.say(&id, "ok").await;
    assert_eq!(stand.violations().await.0, 0);
    // Accepted, answer lost, sent again.
    stand.fault(json!({ "vendor": "dynamics365", "operation": "activity.message", "fault": "timeout_after_accept" })).await;
    let at = format!("conversation/{id}");
    assert!(
        stand.try_messaging(Method::POST, &at, Some(stand.message(&id, "lost"))).await.is_err()
    );
    assert_eq!(stand.violations().await.0, 0);
    stand.say(&id, "lost").await;
    assert_eq!(stand.violations().await.0, 1);
    // The same activity id twice.
    let mut own_id = stand.message(&id, "mine");
    own_id["id"] = json!("delivery-1");
    stand.messaging(Method::POST, &at, Some(own_id.clone())).await;
    stand.messaging(Method::POST, &at, Some(own_id)).await;
    assert_eq!(stand.violations().await.0, 2);
    // The one who knows says that "ok" was said once only.
    stand.control("dynamics365/said", json!({ "text": "ok" })).await;
    assert_eq!(stand.violations().await.0, 3);
    stand.control("dynamics365/said", json!({ "text": "ok", "times": 1 })).await;
    assert_eq!(stand.violations().await.0, 2);
}

#[tokio::test]
async fn two_live_works_of_one_session_are_counted() {
    let stand = Stand::new().await;
    let body = |customer: &str| json!({ "customercontext": { "customerid": customer }, "conversationcontext": { "sessionId": { "value": "s" } } });
    stand.create(body("first")).await;
    stand.create(body("first")).await;
    assert_eq!(stand.violations().await.1, 0);
    stand.create(body("second")).await;
    assert_eq!(stand.violations().await.1, 1);
}

#[tokio::test]
async fn the_webhook_can_be_presented_bad_tokens() {
    let mut stand = Stand::new().await;
    stand.open("c").await;
    stand.control("dynamics365/accept", json!({})).await;
    let good = stand.hook().await.authorization;
    assert!(token::claims(good.strip_prefix("Bearer ").unwrap()).is_some());
    stand.switch("dynamics365.webhook_token", "foreign_key").await;
    stand.control("dynamics365/reply", json!({ "text": "x" })).await;
    let forged = stand.hook().await.authorization;
    assert!(token::claims(forged.strip_prefix("Bearer ").unwrap()).is_none());
    stand.switch("dynamics365.webhook_token", "none").await;
    stand.control("dynamics365/reply", json!({ "text": "x" })).await;
    assert_eq!(stand.hook().await.authorization, "");
    let minted = stand
        .control("dynamics365/webhook_token", json!({ "tid": "other", "expires_in": -5 }))
        .await;
    let claims = token::claims(minted["token"].as_str().unwrap()).unwrap();
    assert_eq!((&claims["tid"], &claims["exp"]), (&json!("other"), &json!(START_MS / 1_000 - 5)));
}
