use super::*;

#[tokio::test]
async fn two_open_streams_of_one_end_user_are_noticed() {
    let stand = Stand::new().await;
    let mut talk = stand.talk("ana").await;
    let _second = stand.stream(&talk.token, "9999999999").await;
    stand.streams_open(2).await;
    talk.say("to the first").await;
    assert_eq!(talk.events.next().await.text(), "to the first");
    drop(talk.events);
    stand.streams_open(1).await;
    assert_eq!(stand.violation("i12_second_stream").await, 1);
}

#[tokio::test]
async fn two_streams_that_are_still_open_are_counted_once() {
    let stand = Stand::new().await;
    let talk = stand.talk("ana").await;
    let _second = stand.stream(&talk.token, "9999999999").await;
    stand.streams_open(2).await;
    assert_eq!(stand.violation("i12_second_stream").await, 1);
    assert_eq!(stand.violation("i12_second_stream").await, 1);
}

#[tokio::test]
async fn a_stream_that_follows_a_closed_one_is_no_second() {
    let stand = Stand::new().await;
    let talk = stand.talk("ana").await;
    let Talk { token, events, .. } = talk;
    drop(events);
    stand.streams_open(0).await;
    for _ in 0..20 {
        let events = stand.stream(&token, "0").await;
        drop(events);
    }
    stand.streams_open(0).await;
    assert_eq!(stand.violation("i12_second_stream").await, 0);
}

#[tokio::test]
async fn streams_that_overlap_for_long_are_noticed_after_the_first_has_ended() {
    let stand = Stand::new().await;
    let talk = stand.talk("ana").await;
    let Talk { token, events, .. } = talk;
    let _second = stand.stream(&token, "9999999999").await;
    stand.advance(1_000).await;
    drop(events);
    stand.streams_open(1).await;
    assert_eq!(stand.violation("i12_second_stream").await, 1);
}

#[tokio::test]
async fn a_text_said_more_often_than_by_the_customer_is_noticed() {
    let stand = Stand::new().await;
    let talk = stand.talk("ana").await;
    stand.rep("said", json!({ "text": "ok" })).await;
    talk.say("ok").await;
    assert_eq!(stand.violation("i3_duplicate_to_rep").await, 0);
    talk.say("ok").await;
    assert_eq!(stand.violation("i3_duplicate_to_rep").await, 1);
    talk.say("never told").await;
    talk.say("never told").await;
    assert_eq!(stand.violation("i3_duplicate_to_rep").await, 1);
}

#[tokio::test]
async fn two_live_sessions_of_one_trace_are_noticed() {
    let stand = Stand::new().await;
    let mut talk = stand.talk("ana").await;
    talk.accept().await;
    stand.rep("end", json!({})).await;
    stand.open(&talk.token, json!({ "OpencxSessionId": "ana" })).await;
    assert_eq!(stand.violation("i6_two_live_works").await, 0);
    stand.open(&talk.token, json!({ "OpencxSessionId": "ana" })).await;
    assert_eq!(stand.violation("i6_two_live_works").await, 1);
}

#[tokio::test]
async fn a_message_long_after_the_end_was_told_is_noticed() {
    let stand = Stand::new().await;
    let mut talk = stand.talk("ana").await;
    talk.accept().await;
    stand.rep("end", json!({})).await;
    talk.say("crossed on the way").await;
    assert_eq!(stand.violation("salesforce_late_message").await, 0);
    stand.rep("accept", json!({})).await;
    stand.rep("end", json!({})).await;
    for _ in 0..2 {
        while talk.events.find("CONVERSATION_SESSION_STATUS_CHANGED").await.payload()["sessionStatus"]
            != "Ended"
        {}
    }
    stand.advance(2_000).await;
    talk.say("late").await;
    assert_eq!(stand.violation("salesforce_late_message").await, 1);
}

#[tokio::test]
async fn faults_are_addressed_by_the_name_of_the_call() {
    let stand = Stand::new().await;
    let talk = stand.talk("ana").await;
    let fault = json!({ "vendor": "salesforce", "operation": "message.text", "fault": "status", "status": 503, "key": talk.id });
    stand.fault(fault).await;
    assert_eq!(stand.send(&talk.token, &talk.id, stand.text("x")).await.status(), 503);
    let fault = json!({ "vendor": "salesforce", "operation": "message.text", "fault": "timeout_after_accept" });
    stand.fault(fault).await;
    let path = format!("{API}/conversation/{}/message", talk.id);
    let lost = stand.http.post(stand.url(&path)).bearer_auth(&talk.token).json(&stand.text("kept"));
    assert!(lost.send().await.is_err());
    assert_eq!(stand.thread(&talk.id).await["messages"][0]["text"], "kept");
    let seen = stand.look("requests?vendor=salesforce&direction=in").await;
    let names: Vec<_> = seen["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["operation"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "token.authenticated",
            "stream.open",
            "conversation.create",
            "message.text",
            "message.text"
        ]
    );
    let told = stand.look("requests?vendor=salesforce&direction=out").await;
    assert_eq!(told["requests"][0]["operation"], "webhook.CONVERSATION_ROUTING_RESULT");
}

#[tokio::test]
async fn the_account_tells_addresses() {
    let stand = Stand::new().await;
    let shown = stand.look("salesforce").await;
    assert_eq!(shown["account"]["org_id_15"], stand.account.org_id_15);
    assert_eq!(shown["urls"]["messaging_url"], stand.url("salesforce"));
}

#[tokio::test]
async fn an_event_that_is_held_back_is_not_due_yet() {
    let stand = Stand::new().await;
    let talk = stand.talk("ana").await;
    let newest = async || {
        stand.look("salesforce/streams").await["subjects"][0]["last_event_id"].as_u64().unwrap()
    };
    let before = newest().await;
    let operation = "webhook.CONVERSATION_MESSAGE";
    let fault =
        json!({ "vendor": "salesforce", "operation": operation, "fault": "delay", "ms": 500 });
    stand.fault(fault).await;
    talk.say("later").await;
    assert_eq!(newest().await, before);
    stand.advance(500).await;
    assert!(newest().await > before);
}
