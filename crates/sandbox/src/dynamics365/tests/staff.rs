//! Who is there: availability, queues and their hours, and work that is pushed.

use super::*;

/// The stand's clock starts on a Saturday, 2026-11-21, at 09:30 UTC.
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

impl Stand {
    async fn ask(&self, action: &str, body: Value) -> (u16, Value) {
        let path = format!("CCaaS_GetRepresentativeAvailability{action}Conversation");
        let answer = self.dataverse(Method::POST, &path, &[], Some(body)).await;
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn before(&self) -> Value {
        let workstream = &self.account.workstream_id;
        let body = json!({ "ApiVersion": "1.0", "LiveWorkStreamId": workstream });
        let (status, answer) = self.ask("Before", body).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    async fn seen(&self, id: &str) -> Value {
        self.look(&format!("dynamics365/conversations/{id}")).await
    }

    async fn order(&self, order: &str, body: Value) -> Value {
        self.control(&format!("dynamics365/{order}"), body).await
    }

    /// The names of the next events on the webhook.
    async fn events(&mut self, count: usize) -> Vec<String> {
        let mut names = Vec::new();
        for _ in 0..count {
            names.push(self.hook().await.body["name"].as_str().unwrap_or("message").to_owned());
        }
        names
    }
}

#[tokio::test]
async fn availability_follows_presence_capacity_and_the_queue() {
    let stand = Stand::new().await;
    let open = stand.before().await;
    assert_eq!(
        (&open["IsAgentAvailable"], &open["IsQueueAvailable"], &open["PositionInQueue"]),
        (&json!(true), &json!(true), &json!(1))
    );
    assert_eq!(open["NextTransitionTime"], "9999-12-31T23:59:59Z");
    assert_eq!(open["StartTimeOfNextOperatingHour"], "0001-01-01T00:00:00Z");
    assert_eq!(
        (&open["AverageWaitTime"], &open["QueueId"]),
        (&Value::Null, &json!(stand.account.queue_id))
    );

    stand.order("rep", json!({ "name": "Kim", "queues": ["Messaging"], "units": 20 })).await;
    assert_eq!(stand.before().await["NumberOfExpertsAvailableInQueue"], 2);
    let first = stand.open("a").await;
    stand.open("b").await;
    assert_eq!(stand.before().await["PositionInQueue"], 3);
    // One conversation fills Kim.
    stand.order("accept", json!({ "conversation": first, "rep": "Kim" })).await;
    assert_eq!(stand.before().await["NumberOfExpertsAvailableInQueue"], 1);
    stand.order("rep", json!({ "name": "Robin Hale", "presence": "away" })).await;
    let nobody = stand.before().await;
    assert_eq!(
        (&nobody["IsAgentAvailable"], &nobody["NumberOfExpertsAvailableInQueue"]),
        (&json!(false), &json!(0))
    );
    // Set aside, it takes no capacity.
    stand.order("close", json!({ "conversation": first })).await;
    assert_eq!(stand.before().await["NumberOfExpertsAvailableInQueue"], 1);
}

#[tokio::test]
async fn waiting_times_are_averaged_and_told_in_minutes_only_from_one_on() {
    let stand = Stand::new().await;
    for wait_ms in [30_000, 60_000] {
        let id = stand.open(&wait_ms.to_string()).await;
        stand.advance(wait_ms).await;
        stand.order("accept", json!({ "conversation": id })).await;
    }
    let told = stand.before().await;
    assert_eq!(
        (&told["AverageWaitTimeInSeconds"], &told["AverageWaitTime"]),
        (&json!(45), &Value::Null)
    );
    stand.order("queue", json!({ "name": "Messaging", "average_wait_s": 150 })).await;
    let told = stand.before().await;
    assert_eq!(
        (&told["AverageWaitTimeInSeconds"], &told["AverageWaitTime"]),
        (&json!(150), &json!(2))
    );
}

#[tokio::test]
async fn operating_hours_and_context_decide_which_queue_answers() {
    let stand = Stand::new().await;
    let weekdays =
        json!({ "days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "16:00" });
    let queue = json!({ "name": "Billing", "members": ["Kim"], "hours": { "spans": [weekdays], "holidays": ["2026-11-23"] } });
    stand.order("queue", queue).await;
    stand
        .order("route", json!({ "variable": "topic", "equals": "bill", "queue": "Billing" }))
        .await;
    let ask = async |items: &str| {
        let body = json!({
            "ApiVersion": "1.0",
            "LiveWorkStreamId": stand.account.workstream_id,
            "CustomContextItems": items,
        });
        stand.ask("Before", body).await
    };
    let (_, other) =
        ask(r#"{"topic":{"value":"tents","isDisplayable":true,"datatype":"192350000"}}"#).await;
    assert_eq!(other["IsQueueAvailable"], true);
    let (_, bill) =
        ask(r#"{"topic":{"value":"bill","isDisplayable":true,"datatype":"192350000"}}"#).await;
    assert_eq!(
        (&bill["IsQueueAvailable"], &bill["IsAgentAvailable"]),
        (&json!(false), &json!(true))
    );
    // Monday is a day off.
    assert_eq!(bill["StartTimeOfNextOperatingHour"], "2026-11-24T08:00:00Z");
    assert_eq!(bill["EndTimeOfNextOperatingHour"], "2026-11-24T16:00:00Z");
    assert_eq!(bill["NextTransitionTime"], "2026-11-24T08:00:00Z");
    assert_eq!(ask("[]").await.0, 400);
    assert_eq!(ask(r#"{"n":{"value":"x","datatype":"192350001"}}"#).await.0, 400);
}

#[tokio::test]
async fn a_conversation_that_waits_is_told_its_own_place() {
    let stand = Stand::new().await;
    let (first, second) = (stand.open("a").await, stand.open("b").await);
    let ask = async |id: &str| {
        stand.ask("For", json!({ "ApiVersion": "1.0", "ConversationId": id })).await
    };
    assert_eq!(ask(&second).await.1["PositionInQueue"], 2);
    stand.order("accept", json!({ "conversation": first })).await;
    assert_eq!(ask(&second).await.1["PositionInQueue"], 1);
    stand.order("force_close", json!({ "conversation": second })).await;
    assert_eq!(ask(&second).await.0, 404);
}

#[tokio::test]
async fn availability_can_be_refused_missing_or_old() {
    let stand = Stand::new().await;
    let workstream = stand.account.workstream_id.clone();
    for (body, status) in [
        (json!({ "LiveWorkStreamId": workstream }), 400),
        (json!({ "ApiVersion": "1.0" }), 400),
        (json!({ "ApiVersion": "1.0", "LiveWorkStreamId": stand.account.tenant_id }), 404),
        (json!({ "ApiVersion": "1.0", "LiveWorkStreamId": workstream, "Queue": "x" }), 400),
    ] {
        assert_eq!(stand.ask("Before", body.clone()).await.0, status, "{body}");
    }
    let body = json!({ "ApiVersion": "1.0", "LiveWorkStreamId": workstream });
    for (value, status, code) in
        [("no_role", 403, "0x80040220"), ("no_contact_center", 404, "0x8006088a")]
    {
        stand.switch("dynamics365.availability", value).await;
        let (answered, error) = stand.ask("Before", body.clone()).await;
        assert_eq!((answered, &error["error"]["code"]), (status, &json!(code)));
    }
    stand.switch("dynamics365.availability", "answers").await;
    stand.switch("dynamics365.availability_age", "documented").await;
    assert_eq!(stand.before().await["IsAgentAvailable"], true);
    stand.order("rep", json!({ "name": "Robin Hale", "presence": "offline" })).await;
    assert_eq!(stand.before().await["IsAgentAvailable"], true);
    stand.advance(5 * MINUTE_MS).await;
    assert_eq!(stand.before().await["IsAgentAvailable"], false);
}

#[tokio::test]
async fn presence_is_read_and_set_by_other_systems() {
    let stand = Stand::new().await;
    let staff = stand.look("dynamics365/staff").await;
    let robin = staff["reps"][0]["id"].as_str().unwrap().to_owned();
    let presence = async || -> Value {
        let headers = [("MSCRMCallerID", robin.as_str())];
        let answer = stand.dataverse(Method::GET, "CCaaS_GetPresence", &headers, None).await;
        answer.json().await.unwrap()
    };
    let available = presence().await;
    assert_eq!(
        (&available["AgentName"], &available["CurrentPresenceStatusInfo"]),
        (&json!("Robin Hale"), &json!("Available"))
    );
    assert_eq!(available["PresenceId"], "f523f628-c07a-e811-8162-000d3aa11f50");
    let away = json!({ "ApiVersion": "1.0", "AgentId": robin, "PresenceId": "3dacae76-c07a-e811-8162-000d3aa11f50" });
    let set = stand.dataverse(Method::POST, "CCaaS_ModifyAgentPresence", &[], Some(away)).await;
    assert_eq!(set.status(), 200);
    assert_eq!(presence().await["CurrentPresenceStatusInfo"], "Appear away");
    assert_eq!(stand.before().await["IsAgentAvailable"], false);
    let rows = stand.rows("msdyn_agentstatuses").await;
    assert_eq!(rows[0]["_msdyn_currentpresenceid_value"], "3dacae76-c07a-e811-8162-000d3aa11f50");
}

#[tokio::test]
async fn pushed_work_rings_passes_on_and_comes_back_to_who_had_it() {
    let mut stand = Stand::new().await;
    stand.order("workstream", json!({ "push": true, "inactive_when_missed": true })).await;
    stand.order("rep", json!({ "name": "Kim", "queues": ["Messaging"], "units": 60 })).await;
    let id = stand.open("a").await;
    let seen = stand.seen(&id).await;
    assert_eq!(
        (&seen["state"], &seen["reason"], &seen["ring"]["rep"]["name"]),
        (&json!("active"), &json!(192_350_002), &json!("Robin Hale"))
    );
    assert_eq!(stand.try_control("dynamics365/reply", json!({ "text": "hi" })).await.0, 409);
    // Robin rejects, Kim lets it ring out, nobody is left.
    stand.order("decline", json!({})).await;
    assert_eq!(stand.seen(&id).await["ring"]["rep"]["name"], "Kim");
    stand.advance(120_000).await;
    assert_eq!(stand.events(2).await, ["AgentAssigned", "AgentAssigned"]);
    let seen = stand.seen(&id).await;
    assert_eq!((&seen["state"], &seen["ring"]), (&json!("open"), &Value::Null));
    let staff = stand.look("dynamics365/staff").await;
    assert_eq!(staff["reps"][1]["presence"], "inactive");
    let sessions = stand.rows("msdyn_ocsessions?$orderby=msdyn_sessioncreatedon").await;
    let closures: Vec<&Value> = sessions.iter().map(|row| &row["msdyn_closurereason"]).collect();
    assert!(closures.contains(&&json!(192_350_001)) && closures.contains(&&json!(192_350_002)));

    // Lee comes and gets it at once; what is set aside comes back to Lee, presence or not.
    stand.order("rep", json!({ "name": "Lee", "queues": ["Messaging"] })).await;
    assert_eq!(stand.events(1).await, ["AgentAssigned"]);
    stand.order("accept", json!({})).await;
    assert_eq!(stand.seen(&id).await["rep"]["name"], "Lee");
    stand.order("close", json!({})).await;
    stand.order("rep", json!({ "name": "Lee", "presence": "do_not_disturb" })).await;
    assert_eq!(stand.say(&id, "still there?").await.status(), 200);
    assert_eq!(stand.events(3).await, ["AgentAccepted", "AgentEndSession", "AgentAssigned"]);
    assert_eq!(stand.seen(&id).await["ring"]["rep"]["name"], "Lee");
}

#[tokio::test]
async fn a_queue_that_is_closed_or_full_does_what_its_setting_says() {
    let mut stand = Stand::new().await;
    let never = json!({ "spans": [] });
    stand.order("queue", json!({ "name": "Messaging", "hours": never })).await;
    let waits = stand.open("a").await;
    assert_eq!(stand.events(1).await, ["OutOfOperatingHoursDueToNonWorkingHours"]);
    assert_eq!(stand.seen(&waits).await["state"], "open");

    let ends = json!({ "out_of_hours": "end_conversation" });
    stand.order("queue", json!({ "name": "Messaging", "overflow": ends })).await;
    let ended = stand.open("b").await;
    assert_eq!(
        stand.events(2).await,
        ["OutOfOperatingHoursDueToNonWorkingHours", "ConversationClose"]
    );
    let seen = stand.seen(&ended).await;
    assert_eq!((&seen["state"], &seen["reason"]), (&json!("closed"), &json!(192_350_011)));

    stand.order("queue", json!({ "name": "Evening", "members": ["Kim"] })).await;
    let moves = json!({ "limit": 1, "over_limit": { "transfer": "Evening" }, "waiting_minutes": 10, "over_waiting": "end_conversation" });
    stand
        .order("queue", json!({ "name": "Messaging", "always_open": true, "overflow": moves }))
        .await;
    let moved = stand.open("c").await;
    assert_eq!(stand.seen(&moved).await["queue"], "Evening");
    stand.order("force_close", json!({ "conversation": waits })).await;
    assert_eq!(stand.events(1).await, ["SupervisorForceClosedConversation"]);
    let late = stand.open("d").await;
    stand.advance(10 * MINUTE_MS).await;
    assert_eq!(stand.events(1).await, ["ConversationClose"]);
    assert_eq!(stand.seen(&late).await["state"], "closed");
}

#[tokio::test]
async fn what_is_left_alone_closes_by_itself() {
    let mut stand = Stand::new().await;
    stand.order("workstream", json!({ "auto_close_minutes": 60, "wrap_up_minutes": 15 })).await;
    let (waits, wraps) = (stand.open("a").await, stand.open("b").await);
    for id in [&waits, &wraps] {
        stand.order("accept", json!({ "conversation": id })).await;
    }
    stand.order("close", json!({ "conversation": waits })).await;
    stand.order("end", json!({ "conversation": wraps })).await;
    stand.events(4).await;
    stand.advance(15 * MINUTE_MS).await;
    assert_eq!(stand.events(1).await, ["ConversationClose"]);
    assert_eq!(stand.seen(&wraps).await["reason"], 192_350_010);
    stand.advance(45 * MINUTE_MS - 1).await;
    assert_eq!(stand.seen(&waits).await["state"], "waiting");
    stand.advance(1).await;
    assert_eq!(stand.events(1).await, ["ConversationClose"]);
    assert_eq!(stand.seen(&waits).await["reason"], 192_350_009);
    stand.advance(HOUR_MS).await;
    assert!(stand.hooks.try_recv().is_err());
}

#[tokio::test]
async fn advice_is_unseen_by_the_customer_until_it_is_added_to_the_chat() {
    let mut stand = Stand::new().await;
    let id = stand.open("a").await;
    stand.order("accept", json!({})).await;
    stand.order("consult", json!({ "to": "Kim", "outcome": "rings" })).await;
    stand.order("accept", json!({ "conversation": id })).await;
    stand.order("reply", json!({ "rep": "Kim", "text": "try a new seal" })).await;
    stand.order("add_to_chat", json!({ "to": "Kim" })).await;
    stand.order("reply", json!({ "rep": "Kim", "text": "Hello, Kim here" })).await;
    stand.order("leave", json!({ "rep": "Kim" })).await;
    assert_eq!(
        stand.events(6).await,
        [
            "AgentAccepted",
            "ConsultAgentInitiated",
            "ConsultAgentAcceptSession",
            "AgentJoinedCustomerConversation",
            "message",
            "ConsultAgentLeftPublicConversation",
        ]
    );
    let seen = stand.seen(&id).await;
    assert_eq!(seen["rep"]["name"], "Robin Hale");
    let private =
        seen["messages"].as_array().unwrap().iter().find(|one| one["author"] == "private");
    assert_eq!(private.unwrap()["text"], "try a new seal");
    let listed = stand.get(&format!("conversation/{id}/messages")).await;
    assert_eq!(listed["messages"].as_array().unwrap().len(), 1);
    for (outcome, event) in
        [("rejected", "ConsultAgentRejectSession"), ("timed_out", "ConsultAgentSessionTimedOut")]
    {
        stand.order("consult", json!({ "to": "Lee", "outcome": outcome })).await;
        assert_eq!(stand.events(2).await, ["ConsultAgentInitiated", event]);
    }
}

#[tokio::test]
async fn a_transfer_rings_and_the_first_rep_keeps_it_until_it_is_taken() {
    let mut stand = Stand::new().await;
    let id = stand.open("a").await;
    stand.order("accept", json!({})).await;
    stand.order("transfer", json!({ "to": "Kim", "outcome": "rings" })).await;
    assert_eq!(stand.seen(&id).await["rep"]["name"], "Robin Hale");
    stand.advance(120_000).await;
    let told = ["AgentAccepted", "TransferToAgentInitiated", "TransferAgentTimedOutSession"];
    assert_eq!(stand.events(3).await, told);
    stand.order("transfer", json!({ "to": "Kim", "outcome": "rings" })).await;
    stand.order("accept", json!({ "conversation": id })).await;
    assert_eq!(stand.events(2).await, ["TransferToAgentInitiated", "TransferAgentAcceptSession"]);
    assert_eq!(stand.seen(&id).await["rep"]["name"], "Kim");
    stand.order("disconnect", json!({})).await;
    assert_eq!(stand.events(1).await, ["AgentDisconnected"]);
    assert_eq!(stand.seen(&id).await["state"], "open");
    // A supervisor gives it to Lee; a queue without anybody ends it.
    stand.order("assign", json!({ "to": "Lee" })).await;
    stand.order("accept", json!({ "conversation": id })).await;
    stand.order("join", json!({})).await;
    stand.order("queue", json!({ "name": "Empty" })).await;
    stand.order("transfer", json!({ "queue": "Empty" })).await;
    let told = [
        "AgentAssigned",
        "AgentAccepted",
        "AgentJoinedCustomerConversation",
        "TransferToQueueInitiated",
        "ConversationClose",
    ];
    assert_eq!(stand.events(5).await, told);
    assert_eq!(stand.seen(&id).await["state"], "closed");
    let rows = stand.rows("msdyn_ocsessions").await;
    assert!(rows.iter().any(|row| row["msdyn_closurereason"] == 192_350_006));
    assert!(rows.iter().all(|row| row["statecode"] == 1), "{rows:?}");
}

#[tokio::test]
async fn the_customer_who_leaves_while_a_rep_is_asked_closes_it() {
    let stand = Stand::new().await;
    stand.order("workstream", json!({ "push": true })).await;
    let id = stand.open("a").await;
    let end = json!({ "type": "endOfConversation" });
    stand.messaging(Method::POST, &format!("conversation/{id}"), Some(end)).await;
    let seen = stand.seen(&id).await;
    assert_eq!((&seen["state"], &seen["reason"]), (&json!("closed"), &json!(192_350_006)));
}

#[tokio::test]
async fn a_row_made_by_hand_reaches_a_rep_only_by_switch_and_no_webhook() {
    let mut stand = Stand::new().await;
    let row = json!({ "subject": "Tent pole broken" });
    let made = stand.dataverse(Method::POST, "msdyn_ocliveworkitems", &[], Some(row)).await;
    assert_eq!(made.status(), 204);
    let custom = json!({ "oc_name": "Stove", "oc_sessionid": "s-9", "oc_channel": "sms", "oc_customername": "Ana" });
    let made = stand.dataverse(Method::POST, "oc_liveworkitems", &[], Some(custom)).await;
    assert_eq!(made.status(), 204);
    let listed = async || {
        let listed = stand.look("dynamics365/conversations").await;
        listed["conversations"].as_array().unwrap().clone()
    };
    assert!(listed().await.is_empty());
    stand.switch("dynamics365.direct_create", "routes").await;
    let subjects: Vec<Value> = listed().await.iter().map(|row| row["subject"].clone()).collect();
    assert_eq!(subjects, ["Stove", "Tent pole broken"]);
    assert_eq!(listed().await[0]["session_id"], "s-9");
    stand.order("accept", json!({})).await;
    stand.order("reply", json!({ "text": "nobody hears this" })).await;
    assert!(stand.hooks.try_recv().is_err());
}
