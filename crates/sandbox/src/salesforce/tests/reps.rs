use super::*;

#[tokio::test]
async fn a_handoff_tells_its_events_in_their_order() {
    let stand = Stand::new().await;
    stand.rep("deployment", json!({ "greeting": "We are on it.", "estimated_wait_s": 40 })).await;
    let token = stand.token("ana").await;
    let mut events = stand.stream(&token, "0").await;
    let id = stand.open(&token, json!({ "Name": "Ana" })).await;
    stand.say(&token, &id, "hello").await;
    let routed = events.next().await.payload();
    assert_eq!(routed["routingType"], "Initial");
    assert_eq!(routed["failureType"], "None");
    assert_eq!(
        routed["estimatedWaitTime"],
        json!({ "isEWTRequested": true, "estimatedWaitTimeInSeconds": 40 })
    );
    assert_eq!(routed["routingConfigurationDetails"]["queueId"], stand.account.queue_id);
    let status = events.next().await.payload();
    assert_eq!(status["sessionStatus"], "Waiting");
    assert_eq!(status["sessionId"], routed["recordId"]);
    assert_eq!(status["conversationIdentifier"], id);
    let position = events.next().await;
    assert_eq!(
        (position.name.as_str(), &position.payload()["position"]),
        ("CONVERSATION_QUEUE_POSITION", &json!(1))
    );
    assert_eq!(events.next().await.text(), "hello");
    let greeting = events.next().await;
    assert_eq!(
        (greeting.text().as_str(), &greeting.payload()["messageReason"]),
        ("We are on it.", &json!("AutomatedResponse"))
    );
    assert_eq!(greeting.entry()["sender"]["role"], "System");

    let done = stand.rep("accept", json!({ "rep": "Kim Osei" })).await;
    assert_eq!((&done["state"], &done["conversation"]), (&json!("active"), &json!(id)));
    let (assigned, accepted) = (events.next().await.payload(), events.next().await.payload());
    assert_eq!(
        (&assigned["workType"], &accepted["workType"]),
        (&json!("Assigned"), &json!("Accepted"))
    );
    assert_eq!(assigned["workTargetId"], routed["recordId"]);
    assert_eq!(assigned["workId"], accepted["workId"]);
    let joined = events.next().await.payload();
    assert_eq!(joined["entries"][0]["operation"], "add");
    assert_eq!(joined["entries"][0]["displayName"], "Kim Osei");
    assert_eq!(joined["entries"][0]["participant"]["role"], "Agent");
    let active = events.next().await.payload();
    assert_eq!(
        (&active["sessionStatusPrev"], &active["sessionStatus"]),
        (&json!("Waiting"), &json!("Active"))
    );

    stand.rep("typing", json!({})).await;
    assert_eq!(events.next().await.name, "CONVERSATION_TYPING_STARTED_INDICATOR");
    stand.rep("reply", json!({ "text": "Good morning" })).await;
    let said = events.next().await;
    assert_eq!(
        (said.text().as_str(), &said.entry()["senderDisplayName"]),
        ("Good morning", &json!("Kim Osei"))
    );
    stand.rep("end", json!({})).await;
    let names = events.names(3).await;
    assert_eq!(names, ["participant_changed", "session_status_changed", "routing_work_result"]);
    let row = stand.thread(&id).await["messaging_session"].clone();
    assert_eq!((&row["Status"], &row["EndTime"]), (&json!("Ended"), &row["AcceptTime"]));
}

#[tokio::test]
async fn a_declined_work_goes_to_another_rep() {
    let stand = Stand::new().await;
    let mut talk = stand.talk("ana").await;
    stand.rep("assign", json!({ "to": "Robin Hale" })).await;
    assert_eq!(stand.try_control("salesforce/accept", json!({ "rep": "Kim Osei" })).await.0, 409);
    stand.rep("decline", json!({ "to": "Kim Osei" })).await;
    stand.rep("accept", json!({})).await;
    let work: Vec<_> = [
        talk.events.next().await,
        talk.events.next().await,
        talk.events.next().await,
        talk.events.next().await,
    ]
    .iter()
    .map(|event| event.payload()["workType"].as_str().unwrap().to_owned())
    .collect();
    assert_eq!(work, ["Assigned", "Declined", "Assigned", "Accepted"]);
    assert_eq!(stand.thread(&talk.id).await["rep"]["name"], "Kim Osei");
}

#[tokio::test]
async fn a_transfer_is_not_the_end() {
    let stand = Stand::new().await;
    let mut talk = stand.talk("ana").await;
    talk.accept().await;
    stand.rep("transfer", json!({ "to": "Kim Osei" })).await;
    let names = talk.events.names(6).await;
    assert_eq!(
        names,
        [
            "routing_result",
            "routing_work_result",
            "participant_changed",
            "routing_work_result",
            "routing_work_result",
            "participant_changed"
        ]
    );
    let thread = stand.thread(&talk.id).await;
    assert_eq!((&thread["state"], &thread["rep"]["name"]), (&json!("active"), &json!("Kim Osei")));

    stand.rep("transfer", json!({ "queue": "Billing" })).await;
    let routed = talk.events.next().await.payload();
    assert_eq!(
        (&routed["routingType"], &routed["failureType"]),
        (&json!("Transfer"), &json!("None"))
    );
    assert_eq!(talk.events.names(2).await, ["participant_changed", "routing_work_result"]);
    assert_eq!(talk.events.next().await.payload()["sessionStatus"], "Waiting");
    assert_eq!(stand.thread(&talk.id).await["queue"], "Billing");
    talk.accept().await;

    stand.rep("transfer", json!({ "to": "Kim Osei", "outcome": "failed" })).await;
    let failed = talk.events.find("CONVERSATION_ROUTING_RESULT").await.payload();
    assert_eq!(failed["failureType"], "RoutingError");
    stand.rep("transfer", json!({ "to": "Kim Osei", "outcome": "rejected" })).await;
    assert_eq!(stand.thread(&talk.id).await["rep"]["name"], "Robin Hale");
    assert_eq!(stand.try_control("salesforce/transfer", json!({})).await.0, 409);
}

#[tokio::test]
async fn the_line_moves_on() {
    let stand = Stand::new().await;
    let first = stand.talk("ana").await;
    stand.advance(1).await;
    let mut second = stand.talk("bo").await;
    stand.rep("accept", json!({ "conversation": first.id })).await;
    assert_eq!(second.events.find("CONVERSATION_QUEUE_POSITION").await.payload()["position"], 1);
    stand.switch("queue_position", "no").await;
    let token = stand.token("cy").await;
    let mut events = stand.stream(&token, "0").await;
    let id = stand.open(&token, json!({})).await;
    stand.say(&token, &id, "hi").await;
    assert_eq!(events.names(3).await, ["routing_result", "session_status_changed", "message"]);
}

#[tokio::test]
async fn an_inactive_customer_wakes_the_session() {
    let stand = Stand::new().await;
    let mut talk = stand.talk("ana").await;
    talk.accept().await;
    stand.rep("inactive", json!({})).await;
    let inactive = talk.events.next().await.payload();
    assert_eq!(
        (&inactive["sessionStatusPrev"], &inactive["sessionStatus"]),
        (&json!("Active"), &json!("Inactive"))
    );
    talk.say("I am back").await;
    assert_eq!(talk.events.next().await.payload()["sessionStatus"], "Waiting");
    assert_eq!(talk.events.names(2).await, ["participant_changed", "routing_result"]);
    assert_eq!(stand.thread(&talk.id).await["sessions"], 1);
    talk.accept().await;
    stand.rep("inactive", json!({})).await;
    stand.rep("time_out", json!({})).await;
    assert_eq!(stand.thread(&talk.id).await["session_list"][0]["ended_by"], "System");
}

#[tokio::test]
async fn a_supervisor_joins_and_ends() {
    let stand = Stand::new().await;
    let mut talk = stand.talk("ana").await;
    talk.accept().await;
    stand.rep("join", json!({})).await;
    let joined = talk.events.next().await.payload();
    assert_eq!(joined["entries"][0]["participant"]["role"], "Supervisor");
    stand.rep("reply", json!({ "rep": "Sam Castillo", "text": "I take over" })).await;
    assert_eq!(talk.events.next().await.entry()["senderDisplayName"], "Sam Castillo");
    assert_eq!(
        stand.try_control("salesforce/reply", json!({ "rep": "Kim Osei", "text": "x" })).await.0,
        409
    );
    stand.rep("force_close", json!({})).await;
    let ended = talk.events.find("CONVERSATION_SESSION_STATUS_CHANGED").await.payload();
    assert_eq!(ended["sessionEndedByRole"], "Supervisor");
    stand.switch("ended_by_role", "wrong").await;
    talk.say("again").await;
    stand.rep("accept", json!({})).await;
    stand.rep("end", json!({})).await;
    loop {
        let status = talk.events.find("CONVERSATION_SESSION_STATUS_CHANGED").await.payload();
        if status["sessionStatus"] == "Ended" {
            assert_eq!(status["sessionEndedByRole"], "EndUser");
            break;
        }
    }
}

#[tokio::test]
async fn a_rep_who_goes_offline_gives_everything_back() {
    let stand = Stand::new().await;
    let mut ana = stand.talk("ana").await;
    let bo = stand.talk("bo").await;
    ana.accept().await;
    stand.rep("assign", json!({ "conversation": bo.id, "to": "Robin Hale" })).await;
    let done = stand.rep("offline", json!({})).await;
    assert_eq!(done["conversations"], json!([ana.id, bo.id]));
    assert_eq!(stand.thread(&ana.id).await["state"], "waiting");
    assert_eq!(stand.thread(&bo.id).await["asked"], Value::Null);
}

#[tokio::test]
async fn routing_may_fail() {
    let stand = Stand::new().await;
    stand.switch("routing", "RoutingError").await;
    let token = stand.token("ana").await;
    let mut events = stand.stream(&token, "0").await;
    stand.open(&token, json!({})).await;
    let routed = events.next().await.payload();
    assert_eq!(
        (&routed["failureType"], routed["errorMessages"].as_array().unwrap().len()),
        (&json!("RoutingError"), 1)
    );
}

async fn replied(talk: &mut Talk<'_>, order: Value) -> Value {
    talk.stand.rep("reply", order).await;
    let event = talk.events.find("CONVERSATION_MESSAGE").await;
    assert_eq!(event.entry()["sender"]["role"], "Agent");
    event.payload()["abstractMessage"].clone()
}

#[tokio::test]
async fn questions_are_asked_and_answered() {
    let stand = Stand::new().await;
    let mut talk = stand.talk("ana").await;
    talk.accept().await;
    for (format, list) in [
        ("Buttons", "text"),
        ("QuickReplies", "text"),
        ("ListPicker", "title"),
        ("DisplayableOptions", "title"),
    ] {
        let choices = json!({ "format": format, "options": ["Yes", "No"] });
        let order = json!({ "text": "Was it helpful?", "choices": choices });
        let asked = replied(&mut talk, order).await;
        assert_eq!(asked["messageType"], "ChoicesMessage");
        assert_eq!(
            (&asked["choices"]["formatType"], &asked["choices"][list]),
            (&json!(format), &json!("Was it helpful?"))
        );
        let option = &asked["choices"]["optionItems"][1];
        let selected = json!([{ "optionIdentifier": option["optionIdentifier"] }]);
        let answer = |selected: Value, reply: &Value| {
            stand.message(json!({
                "id": stand.guid(),
                "messageType": "ChoicesResponseMessage",
                "inReplyToMessageId": reply,
                "choicesResponse": { "formatType": "Selections", "selectedOptions": selected },
            }))
        };
        let body = answer(selected.clone(), &asked["id"]);
        assert_eq!(stand.send(&talk.token, &talk.id, body).await.status(), 202);
        let thread = stand.thread(&talk.id).await;
        assert_eq!(thread["messages"].as_array().unwrap().last().unwrap()["text"], "No");
        talk.events.find("CONVERSATION_MESSAGE").await;
        let wrong = answer(json!([{ "optionIdentifier": "x" }]), &asked["id"]);
        assert_eq!(stand.send(&talk.token, &talk.id, wrong).await.status(), 400);
        let astray = answer(selected, &json!(stand.guid()));
        assert_eq!(stand.send(&talk.token, &talk.id, astray).await.status(), 400);
        stand.advance(60_000).await;
    }
}

#[tokio::test]
async fn forms_links_and_anything_else_go_out() {
    let stand = Stand::new().await;
    let mut talk = stand.talk("ana").await;
    talk.accept().await;
    let fields = json!([
        { "label": "Order number", "required": true },
        { "label": "When", "date": true },
        { "label": "Reason", "options": ["Broken", "Late"] },
    ]);
    let form =
        replied(&mut talk, json!({ "form": { "title": "Your return", "fields": fields } })).await;
    let sections = form["form"]["sections"].as_array().unwrap().clone();
    let kinds: Vec<_> =
        sections.iter().map(|one| one["input"]["inputType"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["TextInput", "DatePickerInput", "SelectInput"]);
    let value = json!({ "valueType": "TextValue", "textValue": "4711" });
    let input = json!({ "inputValueType": "SingleInputValue", "inputId": sections[0]["input"]["id"], "value": value });
    let answer = json!({
        "id": stand.guid(),
        "messageType": "FormResponseMessage",
        "inReplyToMessageId": form["id"],
        "formResponse": { "formatType": "Inputs", "inputValues": [input] },
    });
    assert_eq!(stand.send(&talk.token, &talk.id, stand.message(answer)).await.status(), 202);
    talk.events.find("CONVERSATION_MESSAGE").await;
    let thread = stand.thread(&talk.id).await;
    assert_eq!(
        thread["messages"].as_array().unwrap().last().unwrap()["text"],
        "Order number: 4711"
    );

    let link = replied(&mut talk, json!({ "link": { "url": "https://a.example" } })).await;
    assert_eq!(link["staticContent"]["links"], json!([{ "url": "https://a.example" }]));
    let rich = json!({ "link": { "url": "https://a.example", "title": "A", "image": "https://a.example/i.png" } });
    let rich = replied(&mut talk, rich).await;
    assert_eq!(rich["staticContent"]["formatType"], "RichLink");
    assert_eq!(rich["staticContent"]["linkItem"]["titleItem"]["title"], "A");
    let raw = json!({ "message": { "messageType": "PaymentRequestMessage", "x": 1 } });
    assert_eq!(replied(&mut talk, raw).await["messageType"], "PaymentRequestMessage");
    stand.rep("automatic", json!({ "text": "Still there?" })).await;
    assert_eq!(talk.events.next().await.text(), "Still there?");
    stand.rep("progress", json!({ "text": "looking" })).await;
    assert_eq!(talk.events.next().await.name, "CONVERSATION_PROGRESS_INDICATOR");
}

#[tokio::test]
async fn notes_stay_inside_and_read_marks_go_out() {
    let stand = Stand::new().await;
    let mut talk = stand.talk("ana").await;
    let first = talk.say("hello").await;
    talk.accept().await;
    stand.rep("reply", json!({ "text": "careful", "private": true })).await;
    stand.rep("deliver", json!({})).await;
    let delivered = talk.events.next().await;
    assert_eq!(delivered.name, "CONVERSATION_DELIVERY_ACKNOWLEDGEMENT");
    assert_eq!(delivered.entry()["relatedRecords"], json!([first]));
    stand.rep("read", json!({})).await;
    let read = talk.events.next().await;
    assert_eq!(read.name, "CONVERSATION_READ_ACKNOWLEDGEMENT");
    assert_eq!(read.payload()["acknowledgedConversationEntryIdentifier"], first);
    assert_eq!(stand.rep("read", json!({})).await["events"], json!([]));
    let thread = stand.thread(&talk.id).await;
    let private: Vec<_> = thread["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["author"] == "private")
        .collect();
    assert_eq!(private.len(), 1);
    let path = format!("conversation/{}/entries", talk.id);
    assert!(!stand.get(&talk.token, &path).await.to_string().contains("careful"));
}
