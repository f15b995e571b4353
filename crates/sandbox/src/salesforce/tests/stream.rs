use super::*;

#[tokio::test]
async fn the_organisation_must_be_named_with_fifteen_characters() {
    let stand = Stand::new().await;
    let token = stand.token("ana").await;
    let url = stand.url("salesforce/eventrouter/v1/sse");
    let ask = async |org: Option<&str>| {
        let mut request = stand.http.get(&url).bearer_auth(&token).header("last-event-id", "0");
        if let Some(org) = org {
            request = request.header("x-org-id", org);
        }
        refused(request.send().await.unwrap()).await
    };
    let mismatch = (400, "OrgId in the header and token must match".to_owned());
    assert_eq!(ask(Some(&stand.account.org_id_18)).await, mismatch);
    assert_eq!(ask(Some("00D000000000001")).await, mismatch);
    assert_eq!(ask(None).await, (400, "X-Org-Id header is required".to_owned()));
    let bad = stand.stream_request(&token, "newest").send().await.unwrap();
    assert_eq!(bad.status(), 400);
    let unknown = stand.http.get(&url).header("x-org-id", "x").send().await.unwrap();
    assert_eq!(
        (unknown.status().as_u16(), unknown.text().await.unwrap()),
        (401, "Jwt is missing".to_owned())
    );
}

#[tokio::test]
async fn without_a_last_event_the_stream_begins_now() {
    let stand = Stand::new().await;
    let token = stand.token("ana").await;
    let id = stand.open(&token, json!({})).await;
    let bare = || {
        let url = stand.url("salesforce/eventrouter/v1/sse");
        stand.http.get(url).bearer_auth(&token).header("x-org-id", &stand.account.org_id_15)
    };
    let mut events = Events::new(bare().send().await.unwrap());
    stand.say(&token, &id, "now").await;
    assert_eq!(events.next().await.text(), "now");
    stand.switch("last_event_id", "required").await;
    assert_eq!(bare().send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn what_was_missed_is_replayed_with_rising_numbers() {
    let stand = Stand::new().await;
    let grant = stand.grant("ana").await;
    let token = grant["accessToken"].as_str().unwrap().to_owned();
    let last = grant["lastEventId"].as_str().unwrap().to_owned();
    let id = stand.open(&token, json!({})).await;
    stand.say(&token, &id, "one").await;
    let mut events = stand.stream(&token, &last).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(events.next().await);
    }
    assert!(seen.is_sorted_by(|one, next| one.id < next.id));
    assert!(seen[0].id > last.parse().unwrap());
    assert_eq!(seen[0].name, "CONVERSATION_ROUTING_RESULT");
    assert_eq!(seen[3].text(), "one");
    drop(events);
    stand.say(&token, &id, "two").await;
    let mut events = stand.stream(&token, &seen[3].id.to_string()).await;
    assert_eq!(events.next().await.text(), "two");
    drop(events);

    stand.switch("replay_events", "1").await;
    let mut events = stand.stream(&token, &last).await;
    assert_eq!(events.next().await.text(), "two");
    drop(events);
    stand.switch("replay_events", "0").await;
    let mut events = stand.stream(&token, "0").await;
    stand.say(&token, &id, "three").await;
    assert_eq!(events.next().await.text(), "three");
}

#[tokio::test]
async fn a_stream_brings_only_its_own_end_users_events() {
    let stand = Stand::new().await;
    let mut ana = stand.talk("ana").await;
    let bo = stand.talk("bo").await;
    bo.say("from bo").await;
    ana.say("from ana").await;
    assert_eq!(ana.events.next().await.text(), "from ana");
}

#[tokio::test]
async fn pings_come_by_the_virtual_clock() {
    let stand = Stand::new().await;
    let token = stand.token("ana").await;
    let mut events = stand.stream(&token, "0").await;
    for _ in 0..2 {
        stand.streams_open(1).await;
        stand.advance(25_000).await;
        let ping = events.next().await;
        assert_eq!((ping.name.as_str(), ping.id, ping.data), ("ping", 0, json!(0)));
    }
    assert_eq!(String::from_utf8_lossy(&events.raw), "event:ping\ndata:0\n\n".repeat(2));
}

#[tokio::test]
async fn a_stream_ends_breaks_or_is_cut_at_any_byte() {
    let stand = Stand::new().await;
    let mut talk = stand.talk("ana").await;
    stand.rep("disconnect", json!({ "conversation": talk.id })).await;
    assert!(talk.events.try_next().await.is_none());
    assert!(!talk.events.broken);

    let newest = stand.look("salesforce/streams").await;
    assert_eq!(newest["subjects"], json!([]));
    let mut events = stand.stream(&talk.token, "9999999999").await;
    stand.rep("disconnect", json!({ "reset": true })).await;
    assert!(events.try_next().await.is_none());
    assert!(events.broken);

    for bytes in [0, 1, 30, 45, 200] {
        let last = stand.get(&talk.token, "authorization/continuation-access-token").await;
        let mut events = stand.stream(&talk.token, last["lastEventId"].as_str().unwrap()).await;
        let order = json!({ "conversation": talk.id, "after_bytes": bytes });
        assert_eq!(stand.rep("disconnect", order).await["streams"], 1);
        talk.say("as far as here").await;
        assert!(events.try_next().await.is_none());
        assert!(events.broken);
        assert_eq!(events.raw.len(), bytes);
        stand.streams_open(0).await;
    }
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let stand = Stand::new().await;
    let mut talk = stand.talk("ana").await;
    stand.switch("ping_s", "0").await;
    stand.switch("token_life_s", "60").await;
    let short = stand.token("ana").await;
    let mut events = stand.stream(&short, "9999999999").await;
    stand.advance(60_000).await;
    assert!(events.find_end().await);
    let answer = stand.stream_request(&short, "0").send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.text().await.unwrap()),
        (401, "Jwt is expired".to_owned())
    );
    stand.rep("revoke", json!({})).await;
    assert!(talk.events.find_end().await);
}

impl Events {
    /// Whether nothing but pings comes before the end.
    async fn find_end(&mut self) -> bool {
        while let Some(event) = self.try_next().await {
            if event.name != "ping" {
                return false;
            }
        }
        true
    }
}

#[tokio::test]
async fn events_come_in_every_form_that_the_format_allows() {
    let stand = Stand::new().await;
    let talk = stand.talk("ana").await;
    let text = "Größe 42 — 😀 \"x\" \\ \n done";
    talk.say(text).await;
    let plain = stand.stream(&talk.token, "0").await;
    drop(plain);
    for (line_end, space, lines, chunk) in [
        ("crlf", "yes", "one", "0"),
        ("cr", "no", "one", "7"),
        ("lf", "yes", "many", "1"),
        ("crlf", "no", "many", "13"),
    ] {
        stand.switch("line_end", line_end).await;
        stand.switch("field_space", space).await;
        stand.switch("data_lines", lines).await;
        stand.switch("chunk_bytes", chunk).await;
        let mut events = stand.stream(&talk.token, "0").await;
        assert_eq!(events.find("CONVERSATION_MESSAGE").await.text(), text, "{line_end} {lines}");
        let raw = String::from_utf8_lossy(&events.raw).into_owned();
        assert_eq!(raw.contains("\r\n"), line_end == "crlf");
        assert_eq!(raw.contains("event: "), space == "yes");
        assert_eq!(raw.contains("retry:"), lines == "many");
    }
}

#[tokio::test]
async fn events_are_lost_doubled_late_and_out_of_order_on_demand() {
    let stand = Stand::new().await;
    let mut talk = stand.talk("ana").await;
    let fault = async |kind: &str, ms: i64| {
        let operation = "webhook.CONVERSATION_MESSAGE";
        let mut rule = json!({ "vendor": "salesforce", "operation": operation, "fault": kind });
        rule["ms"] = json!(ms);
        rule["key"] = json!(talk.id);
        stand.fault(rule).await;
    };
    fault("drop", 0).await;
    stand.say(&talk.token, &talk.id, "lost").await;
    fault("duplicate", 0).await;
    stand.say(&talk.token, &talk.id, "twice").await;
    fault("reorder", 0).await;
    stand.say(&talk.token, &talk.id, "second").await;
    stand.say(&talk.token, &talk.id, "first").await;
    fault("delay", 5_000).await;
    stand.say(&talk.token, &talk.id, "late").await;
    let mut texts = Vec::new();
    let mut last = 0;
    for _ in 0..4 {
        let event = talk.events.next().await;
        assert!(event.id > last);
        last = event.id;
        texts.push(event.text());
    }
    assert_eq!(texts, ["twice", "twice", "first", "second"]);
    stand.advance(5_000).await;
    assert_eq!(talk.events.next().await.text(), "late");
    let path = format!("conversation/{}/entries?entryTypeFilter=Message", talk.id);
    let listed = stand.get(&talk.token, &path).await;
    assert_eq!(listed["conversationEntries"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn unknown_events_can_come_at_any_time() {
    let stand = Stand::new().await;
    let mut talk = stand.talk("ana").await;
    let order = json!({ "name": "CONVERSATION_STREAMING_TOKEN", "data": { "x": [1] } });
    stand.rep("event", order).await;
    let event = talk.events.next().await;
    assert_eq!(
        (event.name.as_str(), event.data),
        ("CONVERSATION_STREAMING_TOKEN", json!({ "x": [1] }))
    );
}

#[tokio::test]
async fn ten_thousand_streams_are_kept_in_little_memory() {
    let stand = Stand::new().await;
    let world = &stand.sandbox.world;
    let mut inner = world.salesforce.inner();
    // Connections are the network's; here is what the simulator itself keeps for each.
    for n in 0..10_000_u64 {
        inner.subject(&format!("v2/iamessage/AUTH/Keys/uid:{n}")).open(n, n, START_MS);
    }
    assert_eq!(inner.subjects_mut().map(|subject| subject.streams.len()).sum::<usize>(), 10_000);
    assert!(size_of::<super::super::subject::Subject>() < 256);
}
