//! Sending through Twilio: answers, refusals, statuses, lists.

use super::twilio_line::{Line, PERSON, PERSON_WA, signature};
use super::*;

#[tokio::test]
async fn a_message_is_queued_and_its_later_statuses_are_told_and_signed() {
    let mut line = Line::new().await;
    let callback = line.at("/status?inbox=a%20b");
    let form = [("To", PERSON), ("Body", "Grüße & more"), ("StatusCallback", &callback)];
    let (status, sent) = line.send(&form).await;
    assert_eq!(status, 201, "{sent}");
    let sid = sent["sid"].as_str().unwrap().to_owned();
    assert!(sid.starts_with("SM") && sid.len() == 34);
    for (name, value) in [
        ("status", json!("queued")),
        ("body", json!("Grüße & more")),
        ("direction", json!("outbound-api")),
        ("num_segments", json!("1")),
        ("num_media", json!("0")),
        ("date_created", json!("Fri, 20 Nov 2026 00:00:00 +0000")),
        ("date_sent", Value::Null),
        ("error_code", Value::Null),
        ("from", json!(line.account().number)),
        ("messaging_service_sid", Value::Null),
        ("price", Value::Null),
    ] {
        assert_eq!(sent[name], value, "{name}");
    }
    assert!(sent["subresource_uris"]["media"].as_str().unwrap().ends_with("/Media.json"));
    let first = line.next().await;
    assert_eq!(first.target, "/status?inbox=a%20b");
    assert_eq!(
        (first.get("MessageStatus"), first.get("MessageSid")),
        ("sending".into(), sid.clone())
    );
    let expected = signature(&line.account().auth_token, &callback, &first.pairs());
    assert_eq!(first.header("x-twilio-signature"), expected);
    assert_eq!(line.told().await, ["sent"]);
    line.stage.clock.advance(50);
    assert_eq!(line.told().await, ["delivered"]);
    let (_, fetched) = line.get(line.api(&format!("/Messages/{sid}.json"))).await;
    assert_eq!(fetched["status"], "delivered");
    assert_eq!(fetched["date_sent"], "Fri, 20 Nov 2026 00:00:00 +0000");
}

#[tokio::test]
async fn a_messaging_service_accepts_first_and_chooses_its_sender_later() {
    let mut line = Line::new().await;
    let service = line.account().service_sid.clone();
    let (_, sent) =
        line.send(&[("To", PERSON), ("Body", "hi"), ("MessagingServiceSid", &service)]).await;
    assert_eq!((&sent["status"], &sent["from"]), (&json!("accepted"), &Value::Null));
    assert_eq!(sent["num_segments"], "0");
    let first = line.next().await;
    assert_eq!(first.target, "/status");
    assert_eq!(first.get("MessagingServiceSid"), service);
    assert_eq!(first.get("From"), line.account().number);
    assert_eq!(line.told().await, ["sending", "sent"]);
    let (status, _) = line
        .ask(line.stage.http.delete(line.url(&format!(
            "/messaging/v1/Services/{service}/PhoneNumbers/{}",
            line.account().number_sid
        ))))
        .await;
    assert_eq!(status, 204);
    let (status, refused) =
        line.send(&[("To", PERSON), ("Body", "hi"), ("MessagingServiceSid", &service)]).await;
    assert_eq!((status, &refused["code"]), (400, &json!(21_703)));
}

#[tokio::test]
async fn refusals_have_their_codes() {
    let line = Line::new().await;
    let long = "a".repeat(1_601);
    let toll_free = line.account().toll_free_number.clone();
    line.stage.control("twilio/numbers", json!({ "number": toll_free, "sms": false })).await;
    let media: Vec<(&str, &str)> = vec![("MediaUrl", "https://a.example/b.png"); 11];
    let many: Vec<(&str, &str)> = [("To", PERSON)].into_iter().chain(media).collect();
    let cases: Vec<(Vec<(&str, &str)>, i64)> = vec![
        (vec![("Body", "x")], 21_604),
        (vec![("To", PERSON)], 21_602),
        (vec![("To", "12"), ("Body", "x")], 21_211),
        (vec![("To", "+15005550001"), ("Body", "x")], 21_211),
        (vec![("To", "+15005550002"), ("Body", "x")], 21_612),
        (vec![("To", "+15005550003"), ("Body", "x")], 21_408),
        (vec![("To", "+15005550009"), ("Body", "x")], 21_614),
        (vec![("To", "+15550100099"), ("Body", "x")], 21_614),
        (vec![("To", PERSON), ("Body", "x"), ("From", "+15005550001")], 21_212),
        (vec![("To", PERSON), ("Body", "x"), ("From", "+12125550199")], 21_606),
        (vec![("To", PERSON), ("Body", "x"), ("From", &toll_free)], 21_606),
        (vec![("To", PERSON), ("Body", "x"), ("From", PERSON)], 21_266),
        (vec![("To", PERSON), ("Body", &long)], 21_617),
        (many, 21_623),
        (vec![("To", PERSON_WA), ("Body", "x"), ("From", "whatsapp:+14155238886")], 63_007),
        (vec![("To", PERSON_WA), ("Body", "x"), ("From", &line.account().number)], 21_910),
        (vec![("To", PERSON_WA), ("ContentSid", "HX1")], 21_655),
        (vec![("To", PERSON_WA), ("ContentSid", "HX1"), ("ContentVariables", "{1}")], 21_656),
    ];
    for (form, code) in cases {
        let (status, refused) = line.send(&form).await;
        assert_eq!((status, &refused["code"]), (400, &json!(code)), "{form:?} {refused}");
        assert_eq!(refused["more_info"], format!("https://www.twilio.com/docs/errors/{code}"));
        assert_eq!(refused["status"], 400);
    }
    let without_sender =
        line.post(line.api("/Messages.json"), &[("To", PERSON), ("Body", "x")]).await;
    assert_eq!(without_sender.1["code"], 21_603);
    let magic = line.send(&[("To", PERSON), ("Body", "x"), ("From", "+15005550006")]).await;
    assert_eq!(magic.0, 201);
    let (status, missing) = line.get(line.api("/Messages/SM1.json")).await;
    assert_eq!((status, &missing["code"]), (404, &json!(20_404)));
}

#[tokio::test]
async fn only_the_accounts_own_credentials_open_it() {
    let line = Line::new().await;
    let account = line.account();
    let url = line.api("/Messages.json");
    for (user, password, expected) in [
        (&account.account_sid, "wrong", 401),
        (&account.account_sid, account.secondary_auth_token.as_str(), 200),
        (&account.api_key_sid, account.api_key_secret.as_str(), 200),
        (&account.api_key_sid, account.auth_token.as_str(), 401),
    ] {
        let request = line.stage.http.get(&url).basic_auth(user, Some(password));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), expected);
        if expected == 401 {
            assert!(response.headers().contains_key("www-authenticate"));
            assert_eq!(response.json::<Value>().await.unwrap()["code"], 20_003);
        }
    }
    let other = url.replace(&account.account_sid, "AC00000000000000000000000000000000");
    assert_eq!(line.get(other).await.0, 404);
    let response = line
        .stage
        .http
        .get(line.url("/messaging/v2/Channels/Senders/XE1"))
        .basic_auth(&account.account_sid, Some(&account.auth_token));
    let response = response.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let problem: Value = response.json().await.unwrap();
    assert_eq!((&problem["code"], &problem["status"]), (&json!(20_404), &json!(404)));
    assert!(problem["title"].is_string() && problem["detail"].is_string());
}

#[tokio::test]
async fn what_carriers_turn_away_comes_back_undelivered() {
    let mut line = Line::new().await;
    let toll_free = line.account().toll_free_number.clone();
    let number = line.account().number.clone();
    let registration = "twilio/registration";
    let cases = [
        (registration, json!({ "campaign_status": "PENDING" }), &number, "30034"),
        (registration, json!({ "brand_status": "FAILED" }), &number, "30034"),
        (registration, json!({ "toll_free_status": "IN_REVIEW" }), &toll_free, "30032"),
        (registration, json!({}), &toll_free, "-"),
        ("switches", json!({ "twilio.carrier_filter": "yes" }), &number, "30007"),
        ("twilio/numbers", json!({ "number": number, "fails_with": 30_001 }), &number, "30001"),
        ("twilio/customers", json!({ "fails_with": 30_003 }), &number, "30003"),
    ];
    for (path, change, from, code) in cases {
        line.stage.control(path, change).await;
        let (status, sent) = line.send(&[("To", PERSON), ("Body", "x"), ("From", from)]).await;
        assert_eq!((status, &sent["status"]), (201, &json!("queued")));
        assert_eq!(line.next().await.get("MessageStatus"), "sending");
        let last = line.next().await;
        assert_eq!(last.get("ErrorCode"), code);
        let status = if code == "-" { "sent" } else { "undelivered" };
        assert_eq!(last.get("MessageStatus"), status);
        let sid = sent["sid"].as_str().unwrap();
        let (_, fetched) = line.get(line.api(&format!("/Messages/{sid}.json"))).await;
        assert_eq!(fetched["status"], status);
        assert_eq!(fetched["error_code"].to_string(), code.replace('-', "null"));
    }
}

#[tokio::test]
async fn free_words_on_whatsapp_need_an_open_window() {
    let mut line = Line::new().await;
    line.stage.switch("twilio.delivered_after_ms", "0").await;
    line.stage.switch("twilio.read_after_ms", "0").await;
    let text = [("To", PERSON_WA), ("Body", "hello")];
    assert_eq!(line.send(&text).await.0, 201);
    assert_eq!(line.told().await, ["sending", "failed"]);
    line.says(json!({ "channel": "whatsapp", "text": "hi" })).await;
    line.send(&text).await;
    assert_eq!(line.told().await, ["sending", "sent", "delivered", "read"]);
    line.stage.clock.advance(24 * HOUR_MS);
    line.send(&text).await;
    assert_eq!(line.next().await.get("ErrorCode"), "-");
    assert_eq!(line.next().await.get("ErrorCode"), "63016");
    assert_eq!(line.violations("i7_window").await, 0);

    let contents = line.stage.look("twilio/contents").await;
    let sid = contents["contents"][0]["sid"].as_str().unwrap().to_owned();
    let template =
        [("To", PERSON_WA), ("ContentSid", &sid), ("ContentVariables", r#"{"2":"B-7"}"#)];
    let (status, sent) = line.send(&template).await;
    assert_eq!(status, 201, "{sent}");
    assert_eq!(sent["body"], "Hello Zoë, your order B-7 has news. Reply to talk to us.");
    assert_eq!(line.told().await, ["sending", "sent", "delivered", "read"]);
    let review = json!({ "content": "order_update", "status": "paused" });
    line.stage.control("twilio/contents", review).await;
    line.send(&template).await;
    assert_eq!(line.told().await, ["sending", "failed"]);
    line.send(&[("To", "whatsapp:+15550100044"), ("Body", "x")]).await;
    line.next().await;
    assert_eq!(line.next().await.get("ErrorCode"), "63024");
}

#[tokio::test]
async fn statuses_can_come_reversed_and_repeated_and_the_message_never_goes_back() {
    let mut line = Line::new().await;
    line.stage.switch("twilio.status_order", "reversed").await;
    line.stage.switch("twilio.status_copies", "2").await;
    let (_, sent) = line.send(&[("To", PERSON), ("Body", "hello")]).await;
    let mut told = line.told().await;
    line.stage.clock.advance(50);
    told.extend(line.told().await);
    assert_eq!(told, ["delivered", "delivered", "sent", "sent", "sending", "sending"]);
    let sid = sent["sid"].as_str().unwrap();
    let (_, fetched) = line.get(line.api(&format!("/Messages/{sid}.json"))).await;
    assert_eq!(fetched["status"], "delivered");
}

#[tokio::test]
async fn messages_are_listed_by_party_and_date_in_pages() {
    let mut line = Line::new().await;
    line.says(json!({ "text": "HELP" })).await;
    for body in ["one", "two", "three"] {
        line.send(&[("To", PERSON), ("Body", body)]).await;
    }
    line.send(&[("To", "+15550100002"), ("Body", "other")]).await;
    let bodies = |page: &Value| -> Vec<String> {
        let rows = page["messages"].as_array().unwrap().iter();
        rows.map(|row| row["body"].as_str().unwrap().to_owned()).collect()
    };
    let query = "/Messages.json?To=%2B15550100001&PageSize=2&DateSent%3E=2026-11-20";
    let (_, first) = line.get(line.api(query)).await;
    assert_eq!(bodies(&first), ["three", "two"]);
    line.send(&[("To", PERSON), ("Body", "late")]).await;
    let next = first["next_page_uri"].as_str().unwrap();
    let (_, second) = line.get(line.url(&format!("/api{next}"))).await;
    assert_eq!((bodies(&second), &second["next_page_uri"]), (vec!["one".to_owned()], &Value::Null));
    let (_, inbound) = line.get(line.api("/Messages.json?From=%2B15550100001")).await;
    assert_eq!(inbound["messages"][0]["direction"], "inbound");
    assert_eq!(
        line.get(line.api("/Messages.json")).await.1["messages"].as_array().unwrap().len(),
        6
    );
    let (_, none) = line.get(line.api("/Messages.json?DateSent%3C=2026-11-19")).await;
    assert_eq!(bodies(&none).len(), 0);
    assert_eq!(line.get(line.api("/Messages.json?DateSent=soon")).await.1["code"], 20_001);
}

#[tokio::test]
async fn a_price_is_known_some_time_after_the_message_was_sent() {
    let mut line = Line::new().await;
    line.says(json!({ "text": "HELP" })).await;
    line.send(&[("To", PERSON), ("Body", &"a".repeat(200))]).await;
    line.told().await;
    let prices = async |line: &Line| {
        let rows = line.get(line.api("/Messages.json")).await.1["messages"].clone();
        rows.as_array().unwrap().iter().map(|row| row["price"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(prices(&line).await, [Value::Null, Value::Null]);
    line.stage.clock.advance(60_000);
    assert_eq!(prices(&line).await, [json!("-0.01580"), json!("-0.00790")]);
}

#[tokio::test]
async fn the_list_may_lag_behind() {
    let line = Line::new().await;
    line.stage.switch("twilio.list_lag_ms", "1000").await;
    let (_, sent) = line.send(&[("To", PERSON), ("Body", "new")]).await;
    let count = async |line: &Line| {
        line.get(line.api("/Messages.json")).await.1["messages"].as_array().unwrap().len()
    };
    assert_eq!(count(&line).await, 0);
    let own = line.api(&format!("/Messages/{}.json", sent["sid"].as_str().unwrap()));
    assert_eq!(line.get(own).await.0, 200);
    line.stage.clock.advance(1_000);
    assert_eq!(count(&line).await, 1);
}

#[tokio::test]
async fn messages_are_redacted_cancelled_and_deleted() {
    let line = Line::new().await;
    line.stage.switch("twilio.segments_per_s", "1").await;
    line.send(&[("To", PERSON), ("Body", "first")]).await;
    let (_, queued) = line.send(&[("To", PERSON), ("Body", "second")]).await;
    let url = line.api(&format!("/Messages/{}.json", queued["sid"].as_str().unwrap()));
    assert_eq!(line.post(url.clone(), &[("Status", "canceled")]).await.1["status"], "canceled");
    line.stage.clock.advance(5_000);
    line.settle().await;
    assert_eq!(line.get(url.clone()).await.1["status"], "canceled");
    assert_eq!(line.post(url.clone(), &[("Body", "")]).await.1["body"], "");
    assert_eq!(line.ask(line.stage.http.delete(&url)).await.0, 204);
    assert_eq!(line.get(url).await.0, 404);
}

#[tokio::test]
async fn media_are_fetched_and_must_be_media() {
    let mut line = Line::new().await;
    let picture = line.at("/pixel.png");
    let (status, sent) =
        line.send(&[("To", PERSON), ("MediaUrl", &picture), ("MediaUrl", &picture)]).await;
    assert_eq!((status, &sent["num_media"]), (201, &json!("2")));
    assert!(sent["sid"].as_str().unwrap().starts_with("MM"));
    let asked = line.stage.look("requests?vendor=twilio&direction=out&operation=media.head").await;
    assert_eq!(asked["requests"].as_array().unwrap().len(), 2);
    let thread = line.stage.look("twilio/thread").await;
    assert_eq!(thread["messages"][0]["media"][0]["size_bytes"], 6);
    for path in ["/page", "/missing"] {
        let url = line.at(path);
        let (status, refused) = line.send(&[("To", PERSON), ("MediaUrl", &url)]).await;
        assert_eq!((status, &refused["code"]), (400, &json!(21_620)), "{path}");
    }
    line.told().await;
    line.says(json!({ "channel": "whatsapp" })).await;
    line.stage.switch("twilio.media_fetch", "async").await;
    let missing = line.at("/missing");
    assert_eq!(line.send(&[("To", PERSON_WA), ("MediaUrl", &missing)]).await.0, 201);
    line.next().await;
    assert_eq!(line.next().await.get("ErrorCode"), "63019");
}

#[tokio::test]
async fn a_repeat_after_a_lost_answer_is_counted_and_one_after_a_good_answer_is_not() {
    let line = Line::new().await;
    let form = [("To", PERSON), ("Body", "ok")];
    line.send(&form).await;
    line.send(&form).await;
    assert_eq!(line.violations("i2_duplicate_to_customer").await, 0);
    let fault = json!({ "vendor": "twilio", "operation": "messages.create", "fault": "timeout_after_accept", "key": PERSON });
    line.stage.control("faults", fault).await;
    let account = line.account();
    let lost = line.stage.http.post(line.api("/Messages.json")).form(&[
        ("To", PERSON),
        ("From", &account.number),
        ("Body", "lost"),
    ]);
    let lost = lost.basic_auth(&account.account_sid, Some(&account.auth_token));
    assert!(lost.send().await.is_err());
    line.send(&[("To", PERSON), ("Body", "lost")]).await;
    assert_eq!(line.violations("i2_duplicate_to_customer").await, 1);
    let fault = json!({ "vendor": "twilio", "operation": "messages.create", "fault": "status_after_accept", "status": 503 });
    line.stage.control("faults", fault).await;
    let (status, refused) = line.send(&[("To", PERSON), ("Body", "taken all the same")]).await;
    assert_eq!((status, &refused["code"]), (503, &json!(20_503)));
    line.send(&[("To", PERSON), ("Body", "taken all the same")]).await;
    assert_eq!(line.violations("i2_duplicate_to_customer").await, 2);
}

#[tokio::test]
async fn the_api_and_the_senders_have_their_pace() {
    let mut line = Line::new().await;
    line.stage.switch("twilio.requests_per_s", "1").await;
    let form = [("To", PERSON), ("Body", "x")];
    assert_eq!(line.send(&form).await.0, 201);
    let (status, refused) = line.send(&form).await;
    assert_eq!((status, &refused["code"]), (429, &json!(20_429)));
    assert_eq!(line.violations("i13_rate").await, 0);
    line.send(&form).await;
    assert_eq!(line.violations("i13_rate").await, 1);
    line.stage.clock.advance(1_000);
    line.stage.switch("twilio.requests_per_s", "0").await;
    line.stage.switch("twilio.segments_per_s", "1").await;
    line.told().await;
    line.send(&[("To", PERSON), ("Body", &"a".repeat(200))]).await;
    line.send(&form).await;
    assert_eq!(line.told().await, ["sending", "sent"]);
    line.stage.clock.advance(1_999);
    assert_eq!(line.told().await, ["delivered"]);
    line.stage.clock.advance(1);
    assert_eq!(line.told().await, ["sending", "sent"]);
    let fault = json!({ "vendor": "twilio", "operation": "messages.*", "fault": "status", "status": 429, "retry_after_s": 3 });
    line.stage.control("faults", fault).await;
    assert_eq!(line.send(&form).await.1["code"], 20_429);
}
