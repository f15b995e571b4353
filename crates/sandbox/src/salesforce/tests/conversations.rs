use super::*;

#[tokio::test]
async fn a_conversation_needs_a_lower_case_random_uuid() {
    let stand = Stand::new().await;
    let token = stand.token("ana").await;
    let text = "Specify the conversationId in UUID format. The UUID must be in lowercase.";
    for id in [
        "0B1D8A2E-6C3F-4E6A-9B7C-0123456789AB",
        "0b1d8a2e-6c3f-1e6a-9b7c-0123456789ab",
        "0b1d8a2e-6c3f-4e6a-cb7c-0123456789ab",
        "0b1d8a2e6c3f4e6a9b7c0123456789ab",
        "",
    ] {
        let answer = stand.try_open(&token, id, json!({})).await;
        assert_eq!(refused(answer).await, (400, text.to_owned()), "{id}");
    }
    let id = "0b1d8a2e-6c3f-4e6a-9b7c-0123456789ab";
    let answer = stand.try_open(&token, id, json!({})).await;
    assert_eq!(answer.status(), 201);
    assert_eq!(answer.bytes().await.unwrap().len(), 0);
    assert_eq!(stand.try_open(&token, id, json!({})).await.status(), 409);
    stand.switch("duplicate_conversation", "idempotent").await;
    assert_eq!(stand.try_open(&token, id, json!({})).await.status(), 201);
    let other = stand.token("bo").await;
    assert_eq!(stand.try_open(&other, id, json!({})).await.status(), 409);
    assert_eq!(
        stand.call(&other, Method::GET, &format!("conversation/{id}"), None).await.status(),
        404
    );
    let status = stand.get(&token, &format!("conversation/{id}")).await;
    assert_eq!(status, json!({ "conversationId": id, "routingStatus": "INITIAL" }));
}

#[tokio::test]
async fn records_come_with_a_conversation() {
    let stand = Stand::new().await;
    let talk = stand.talk("ana").await;
    let thread = stand.thread(&talk.id).await;
    let records = &stand.sandbox.world.salesforce.records;
    let session = records.get("MessagingSession", &talk.session).unwrap();
    assert!(talk.session.starts_with("0Mw") && talk.session.len() == 18);
    assert_eq!(session["Status"], "Waiting");
    let user = session["MessagingEndUserId"].as_str().unwrap();
    let user = records.get("MessagingEndUser", user).unwrap();
    assert_eq!(user["MessagingPlatformKey"], "v2/iamessage/AUTH/Baton_Keys/uid:ana");
    let conversation = session["ConversationId"].as_str().unwrap();
    let conversation = records.get("Conversation", conversation).unwrap();
    assert_eq!(conversation["ConversationIdentifier"], talk.id);
    assert_eq!(thread["messaging_session_id"], talk.session);
    let again = stand.open(&talk.token, json!({})).await;
    let second = stand.thread(&again).await;
    assert_eq!(second["messaging_end_user"], thread["messaging_end_user"]);
}

#[tokio::test]
async fn unknown_attributes_vanish_silently() {
    let stand = Stand::new().await;
    let token = stand.token("ana").await;
    let parameters = json!([{ "name": "Segment", "max_length": 4 }]);
    stand.rep("deployment", json!({ "parameters": parameters })).await;
    let sent = json!({ "opencxsessionid": "a", "OpencxSessionId": "b", "Segment": "gold" });
    let id = stand.open(&token, sent).await;
    let thread = stand.thread(&id).await;
    assert_eq!(thread["session_id"], "b");
    assert_eq!(thread["dropped_attributes"], json!({ "opencxsessionid": "a" }));
    assert_eq!(thread["context"][1], json!({ "name": "Segment", "value": "gold" }));

    let long = json!({ "Segment": "golden" });
    let (status, message) =
        refused(stand.try_open(&token, &stand.guid(), long.clone()).await).await;
    assert!(status == 400 && message.contains("Segment"));
    stand.switch("long_attribute", "cut").await;
    let id = stand.open(&token, long).await;
    assert_eq!(stand.thread(&id).await["context"][0]["value"], "gold");
    let number = json!({ "Segment": 5 });
    assert_eq!(stand.try_open(&token, &stand.guid(), number).await.status(), 400);
}

#[tokio::test]
async fn a_message_is_echoed_under_its_own_id() {
    let stand = Stand::new().await;
    let mut talk = stand.talk("ana").await;
    let id = talk.say("my parcel is lost").await;
    let echo = talk.events.next().await;
    assert_eq!(echo.name, "CONVERSATION_MESSAGE");
    assert_eq!(echo.entry()["identifier"], id);
    assert_eq!(echo.entry()["relatedRecords"], json!([talk.session]));
    assert_eq!(echo.entry()["sender"]["role"], "EndUser");
    assert_eq!(echo.payload()["abstractMessage"]["id"], id);
    assert_eq!(echo.payload()["messageReason"], Value::Null);
    assert_eq!(echo.data["conversationId"], talk.id);
    assert_eq!(echo.data["channelType"], "embedded_messaging");
    let thread = stand.thread(&talk.id).await;
    assert_eq!(thread["messages"][0]["text"], "my parcel is lost");
    assert_eq!(thread["messages"][0]["author"], "customer");
}

#[tokio::test]
async fn links_at_an_end_become_entries_of_their_own() {
    let stand = Stand::new().await;
    let mut talk = stand.talk("ana").await;
    let body = stand.text("it is here: https://shop.example/a?b=c");
    let id = body["message"]["id"].clone();
    let answer: Value = stand.send(&talk.token, &talk.id, body).await.json().await.unwrap();
    assert_eq!(answer["conversationEntries"].as_array().unwrap().len(), 2);
    let (first, second) = (talk.events.next().await, talk.events.next().await);
    assert_eq!((first.text().as_str(), &first.entry()["identifier"]), ("it is here:", &id));
    let link = &second.payload()["abstractMessage"]["staticContent"];
    assert_eq!(link["linkItem"]["url"], "https://shop.example/a?b=c");
    assert_ne!(second.entry()["identifier"], id);

    let only = talk.say("https://shop.example/").await;
    assert_eq!(talk.events.next().await.entry()["identifier"], only);
    stand.switch("split_links", "no").await;
    talk.say("https://shop.example/ is it").await;
    assert_eq!(talk.events.next().await.text(), "https://shop.example/ is it");
}

#[tokio::test]
async fn messages_are_checked() {
    let stand = Stand::new().await;
    let talk = stand.talk("ana").await;
    let text = json!({ "formatType": "Text", "text": "x" });
    let kind = "StaticContentMessage";
    for message in [
        json!({ "messageType": kind, "staticContent": text }),
        json!({ "id": "1", "messageType": kind, "staticContent": text }),
        json!({ "id": stand.guid(), "messageType": "Text", "staticContent": text }),
        json!({ "id": stand.guid(), "messageType": kind, "staticContent": { "text": "x" } }),
        json!({ "id": stand.guid(), "messageType": kind,
                "staticContent": { "formatType": "Text", "text": " " } }),
        json!({ "id": stand.guid(), "messageType": kind,
                "staticContent": { "formatType": "Text", "text": "x".repeat(8_193) } }),
    ] {
        let body = stand.message(message.clone());
        assert_eq!(stand.send(&talk.token, &talk.id, body).await.status(), 400, "{message}");
    }
    let mut body = stand.text("x");
    body["esDeveloperName"] = json!("Other");
    assert_eq!(stand.send(&talk.token, &talk.id, body).await.status(), 400);
    assert_eq!(stand.send(&talk.token, &stand.guid(), stand.text("x")).await.status(), 404);
}

#[tokio::test]
async fn a_repeated_message_is_shown_twice_or_as_the_switch_says() {
    let stand = Stand::new().await;
    let talk = stand.talk("ana").await;
    let body = stand.text("hello");
    let twice = async |expected: u16| {
        let answer = stand.send(&talk.token, &talk.id, body.clone()).await;
        assert_eq!(answer.status(), expected);
        stand.thread(&talk.id).await["messages"].as_array().unwrap().len()
    };
    assert_eq!(twice(202).await, 1);
    stand.switch("duplicate_message", "once").await;
    assert_eq!(twice(202).await, 1);
    stand.switch("duplicate_message", "409").await;
    assert_eq!(twice(409).await, 1);
    assert_eq!(stand.violation("i3_duplicate_to_rep").await, 0);
    stand.switch("duplicate_message", "twice").await;
    assert_eq!(twice(202).await, 2);
    assert_eq!(stand.violation("i3_duplicate_to_rep").await, 1);
}

#[tokio::test]
async fn twenty_two_messages_a_minute_are_taken() {
    let stand = Stand::new().await;
    let talk = stand.talk("ana").await;
    for n in 0..22 {
        talk.say(&format!("line {n}")).await;
    }
    let (status, message) =
        refused(stand.send(&talk.token, &talk.id, stand.text("more")).await).await;
    assert_eq!((status, message.as_str()), (429, "The rate limit has been exceeded."));
    let other = stand.open(&talk.token, json!({})).await;
    stand.say(&talk.token, &other, "elsewhere").await;
    assert_eq!(stand.violation("i13_rate").await, 0);
    stand.advance(59_999).await;
    assert_eq!(stand.send(&talk.token, &talk.id, stand.text("more")).await.status(), 429);
    assert_eq!(stand.violation("i13_rate").await, 1);
    stand.advance(1).await;
    talk.say("more").await;
}

#[tokio::test]
async fn without_a_session_one_is_begun_or_asked_for() {
    let stand = Stand::new().await;
    let mut talk = stand.talk("ana").await;
    talk.accept().await;
    stand.rep("end", json!({})).await;
    let ended = talk.events.find("CONVERSATION_SESSION_STATUS_CHANGED").await;
    assert_eq!(ended.payload()["sessionStatus"], "Ended");
    talk.events.find("CONVERSATION_ROUTING_WORK_RESULT").await;
    stand.switch("prechat", "per_session").await;
    let answer = stand.send(&talk.token, &talk.id, stand.text("one more thing")).await;
    assert_eq!(answer.status(), 417);
    let mut body = stand.text("one more thing");
    body["isNewMessagingSession"] = json!(true);
    body["routingAttributes"] = json!({ "OpencxSessionId": "later" });
    body["language"] = json!("en");
    assert_eq!(stand.send(&talk.token, &talk.id, body).await.status(), 202);
    let routed = talk.events.next().await;
    assert_eq!(routed.name, "CONVERSATION_ROUTING_RESULT");
    let session = routed.payload()["recordId"].clone();
    assert_ne!(session, talk.session);
    let echo = talk.events.find("CONVERSATION_MESSAGE").await;
    assert_eq!(echo.entry()["relatedRecords"], json!([session]));
    assert_eq!(stand.thread(&talk.id).await["session_id"], "later");

    stand.rep("accept", json!({})).await;
    stand.rep("end", json!({})).await;
    stand.switch("prechat", "per_conversation").await;
    talk.say("and another").await;
    assert_eq!(stand.thread(&talk.id).await["sessions"], 3);
}

#[tokio::test]
async fn a_session_asked_for_without_values_is_routed_to_nobody() {
    let stand = Stand::new().await;
    let mut talk = stand.talk("ana").await;
    talk.accept().await;
    stand.rep("end", json!({})).await;
    let mut body = stand.text("hello?");
    body["isNewMessagingSession"] = json!(true);
    assert_eq!(stand.send(&talk.token, &talk.id, body).await.status(), 202);
    assert_eq!(stand.thread(&talk.id).await["state"], "new");
    assert_eq!(stand.try_control("salesforce/accept", json!({})).await.0, 409);
}

#[tokio::test]
async fn entries_are_listed_newest_first_with_objects() {
    let stand = Stand::new().await;
    let mut talk = stand.talk("ana").await;
    stand.switch("messages_per_minute", "0").await;
    let first = talk.say("one").await;
    talk.accept().await;
    stand.advance(1_000).await;
    let reply = stand.rep("reply", json!({ "text": "two" })).await;
    assert_eq!(reply["events"][0]["event"], "CONVERSATION_MESSAGE");
    let path = format!("conversation/{}/entries", talk.id);
    let all = stand.get(&talk.token, &path).await;
    let rows = all["conversationEntries"].as_array().unwrap();
    assert_eq!(rows[0]["entryPayload"]["abstractMessage"]["staticContent"]["text"], "two");
    assert_eq!(rows[0]["senderDisplayName"], "Robin Hale");
    assert_eq!(rows.last().unwrap()["entryType"], "RoutingResult");
    assert!(rows.iter().all(|row| row["entryType"] != "QueuePosition"));

    let messages = stand.get(&talk.token, &format!("{path}?entryTypeFilter=Message,Note")).await;
    assert_eq!(messages["conversationEntries"].as_array().unwrap().len(), 2);
    let oldest = format!("{path}?entryTypeFilter=Message&direction=FromStart&limit=1");
    let oldest = stand.get(&talk.token, &oldest).await;
    assert_eq!(oldest["conversationEntries"][0]["identifier"], first);
    let since = format!("{path}?startTimestamp={}", START_MS + 1);
    assert_eq!(
        stand.get(&talk.token, &since).await["conversationEntries"].as_array().unwrap().len(),
        1
    );
    for bad in ["limit=51", "limit=0", "direction=Down", "startTimestamp=today"] {
        let answer = stand.call(&talk.token, Method::GET, &format!("{path}?{bad}"), None).await;
        assert_eq!(answer.status(), 400, "{bad}");
    }
    for n in 0..30 {
        talk.say(&format!("line {n}")).await;
    }
    assert_eq!(
        stand.get(&talk.token, &path).await["conversationEntries"].as_array().unwrap().len(),
        20
    );
}

#[tokio::test]
async fn the_end_user_ends_sessions_and_conversations() {
    let stand = Stand::new().await;
    let mut talk = stand.talk("ana").await;
    talk.accept().await;
    let path = format!("conversation/{}", talk.id);
    let bare = stand.call(&talk.token, Method::DELETE, &format!("{path}/session"), None).await;
    assert_eq!(bare.status(), 400);
    let name = format!("esDeveloperName={}", stand.account.deployment);
    let session = format!("{path}/session?{name}");
    assert_eq!(stand.call(&talk.token, Method::DELETE, &session, None).await.status(), 204);
    let names = talk.events.names(3).await;
    assert_eq!(names, ["participant_changed", "session_status_changed", "routing_work_result"]);
    assert_eq!(stand.call(&talk.token, Method::DELETE, &session, None).await.status(), 404);
    let thread = stand.thread(&talk.id).await;
    assert_eq!(thread["session_list"][0]["ended_by"], "EndUser");

    let close = format!("{path}?{name}");
    assert_eq!(stand.call(&talk.token, Method::DELETE, &close, None).await.status(), 204);
    assert_eq!(talk.events.names(1).await, ["close_conversation"]);
    assert_eq!(stand.send(&talk.token, &talk.id, stand.text("hello?")).await.status(), 404);
    let open = stand.open(&talk.token, json!({})).await;
    let list = stand.get(&talk.token, "conversation/list").await;
    assert_eq!(list["openConversationsFound"], 1);
    assert_eq!(list["conversations"].as_array().unwrap().len(), 1);
    assert_eq!(list["conversations"][0]["conversationId"], open);
    let list = stand.get(&talk.token, "conversation/list?inclClosedConvs=true&limit=50").await;
    assert_eq!(list["closedConversationsFound"], 1);
    assert_eq!(list["conversations"][1]["conversationId"], talk.id);
}

#[tokio::test]
async fn typing_and_acknowledgements_reach_the_rep() {
    let stand = Stand::new().await;
    let mut talk = stand.talk("ana").await;
    talk.accept().await;
    let path = format!("conversation/{}/entry", talk.id);
    let typing = json!({ "entryType": "TypingStartedIndicator", "id": stand.guid() });
    let answer = stand.call(&talk.token, Method::POST, &path, Some(typing)).await;
    assert_eq!(answer.status(), 202);
    assert_eq!(stand.thread(&talk.id).await["customer_typing"], true);
    stand.advance(6_000).await;
    assert_eq!(stand.thread(&talk.id).await["customer_typing"], false);
    let own = talk.events.next().await;
    assert_eq!(own.name, "CONVERSATION_TYPING_STARTED_INDICATOR");
    assert_eq!(own.entry()["sender"]["role"], "EndUser");
    let wrong = json!({ "entryType": "Typing", "id": stand.guid() });
    assert_eq!(stand.call(&talk.token, Method::POST, &path, Some(wrong)).await.status(), 400);

    stand.rep("reply", json!({ "text": "hello" })).await;
    let said = talk.events.find("CONVERSATION_MESSAGE").await.entry()["identifier"].clone();
    let path = format!("conversation/{}/acknowledge-entries", talk.id);
    let ack = |kind: &str| {
        let ack = json!({ "id": stand.guid(), "entryType": kind, "conversationEntryId": said });
        Some(json!({ "acks": [ack] }))
    };
    assert_eq!(stand.call(&talk.token, Method::POST, &path, ack("Delivery")).await.status(), 202);
    let seen = async || {
        stand.thread(&talk.id).await["messages"].as_array().unwrap().last().cloned().unwrap()
    };
    let message = seen().await;
    assert_eq!(
        (&message["delivered_at_ms"], &message["read_at_ms"]),
        (&json!(START_MS + 6_000), &Value::Null)
    );
    assert_eq!(stand.call(&talk.token, Method::POST, &path, ack("Read")).await.status(), 202);
    assert_eq!(seen().await["read_at_ms"], START_MS + 6_000);
    let long = ack("ReadAcknowledgement");
    assert_eq!(stand.call(&talk.token, Method::POST, &path, long).await.status(), 400);
    let none = Some(json!({ "acks": [] }));
    assert_eq!(stand.call(&talk.token, Method::POST, &path, none).await.status(), 400);
}

#[tokio::test]
async fn error_bodies_come_in_several_shapes() {
    let stand = Stand::new().await;
    let token = stand.token("ana").await;
    let ask = async || stand.try_open(&token, "x", json!({})).await.text().await.unwrap();
    assert!(ask().await.contains("\"errorCode\":\"BAD_REQUEST\""));
    stand.switch("error_body", "code").await;
    assert!(ask().await.contains("\"code\":\"BAD_REQUEST\""));
    stand.switch("error_body", "message").await;
    assert!(!ask().await.contains("BAD_REQUEST"));
    stand.switch("error_body", "text").await;
    assert!(ask().await.starts_with("Specify the conversationId"));
}
