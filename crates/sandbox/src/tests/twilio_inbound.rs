//! What customers do on SMS and WhatsApp, and what Twilio makes of the company's answers.

use super::twilio_line::{Got, Line, PERSON, PERSON_WA, signature};
use super::*;

#[tokio::test]
async fn an_sms_arrives_signed_over_every_parameter_the_empty_ones_too() {
    let mut line = Line::new().await;
    let told = line.stage.control("twilio/message", json!({ "text": "Hé & <b>" })).await;
    assert_eq!(told["delivered_status"], 200);
    let got = line.next().await;
    assert_eq!(got.target, "/in?x=1");
    assert_eq!(got.header("content-type"), "application/x-www-form-urlencoded; charset=UTF-8");
    for (name, value) in [
        ("Body", "Hé & <b>"),
        ("From", PERSON),
        ("To", &line.account().number),
        ("AccountSid", &line.account().account_sid),
        ("MessagingServiceSid", &line.account().service_sid),
        ("NumMedia", "0"),
        ("NumSegments", "1"),
        ("SmsStatus", "received"),
        ("FromCity", ""),
        ("FromCountry", "US"),
        ("OptOutType", "-"),
        ("MessageType", "-"),
    ] {
        assert_eq!(got.get(name), value, "{name}");
    }
    let sid = told["sid"].as_str().unwrap();
    assert_eq!((got.get("MessageSid"), got.get("SmsSid")), (sid.to_owned(), sid.to_owned()));
    let expected = signature(&line.account().auth_token, &line.at("/in?x=1"), &got.pairs());
    assert_eq!(got.header("x-twilio-signature"), expected);
    assert_eq!(got.header("i-twilio-idempotency-token").len(), 36);
}

#[tokio::test]
async fn whatsapp_messages_carry_what_the_customer_did() {
    let mut line = Line::new().await;
    let says = |spec: Value| {
        let mut spec = spec;
        spec["channel"] = json!("whatsapp");
        spec
    };
    let cases: Vec<(Value, Vec<(&str, &str)>)> = vec![
        (
            json!({ "text": "hi", "name": "Zoë" }),
            vec![
                ("MessageType", "text"),
                ("ProfileName", "Zoë"),
                ("WaId", "15550100001"),
                ("ReferralNumMedia", "0"),
            ],
        ),
        (
            json!({ "button": { "text": "Yes", "payload": "yes-1" }, "reply_to": "SMx" }),
            vec![
                ("MessageType", "button"),
                ("Body", "Yes"),
                ("ButtonText", "Yes"),
                ("ButtonPayload", "yes-1"),
                ("OriginalRepliedMessageSid", "SMx"),
            ],
        ),
        (
            json!({ "list": { "id": "s", "title": "Small" } }),
            vec![
                ("MessageType", "interactive"),
                ("ListId", "s"),
                ("ListTitle", "Small"),
                ("ListDescription", ""),
            ],
        ),
        (
            json!({ "location": { "latitude": 52.5, "longitude": 4.25, "label": "Dam" } }),
            vec![
                ("MessageType", "location"),
                ("Latitude", "52.5"),
                ("Longitude", "4.25"),
                ("Label", "Dam"),
                ("Address", ""),
                ("Body", ""),
            ],
        ),
        (
            json!({ "media": [{ "content_type": "audio/ogg" }], "forwarded": true }),
            vec![
                ("MessageType", "audio"),
                ("NumMedia", "1"),
                ("MediaContentType0", "audio/ogg"),
                ("Forwarded", "true"),
            ],
        ),
        (
            json!({ "text": "ad", "referral": { "SourceId": "123", "CtwaClid": "c" } }),
            vec![("ReferralSourceId", "123"), ("ReferralCtwaClid", "c")],
        ),
        (
            json!({ "text": "new", "params": { "Brand.New": "1", "ProfileName": null } }),
            vec![("Brand.New", "1"), ("ProfileName", "-")],
        ),
    ];
    for (spec, expected) in cases {
        let got = line.says(says(spec)).await;
        assert_eq!((got.get("From").as_str(), got.get("NumSegments").as_str()), (PERSON_WA, "1"));
        assert!(got.get("ExternalUserId").starts_with("whatsapp:US."));
        for (name, value) in expected {
            assert_eq!(got.get(name), value, "{name}");
        }
        let metadata: Value = serde_json::from_str(&got.get("ChannelMetadata")).unwrap();
        assert_eq!(metadata["type"], "whatsapp");
    }
    let two = json!({ "channel": "whatsapp", "media": [{}, {}] });
    assert_eq!(line.stage.try_control("twilio/message", two).await.0, 400);
}

#[tokio::test]
async fn somebody_without_a_number_is_a_user_id_and_can_be_answered() {
    let mut line = Line::new().await;
    let people = line.stage.look("twilio/customers").await;
    let user_id = people["customers"][2]["bsuid"].as_str().unwrap().to_owned();
    let got = line.says(json!({ "channel": "whatsapp", "from": user_id, "text": "hi" })).await;
    let address = format!("whatsapp:{user_id}");
    assert_eq!((got.get("From"), got.get("ExternalUserId")), (address.clone(), address.clone()));
    assert_eq!(got.get("WaId"), "-");
    let (status, sent) = line.send(&[("To", &address), ("Body", "hello")]).await;
    assert_eq!((status, &sent["to"]), (201, &json!(address)));
    assert_eq!(line.told().await, ["sending", "sent"]);
}

#[tokio::test]
async fn media_need_credentials_and_the_storage_behind_them_must_not_get_any() {
    let mut line = Line::new().await;
    let got =
        line.says(json!({ "media": [{ "content_type": "text/plain", "text": "file" }, {}] })).await;
    assert!(got.get("MessageSid").starts_with("MM"));
    assert_eq!(
        (got.get("NumMedia").as_str(), got.get("MediaContentType1").as_str()),
        ("2", "image/png")
    );
    let url = got.get("MediaUrl0");
    let bare = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    assert_eq!(bare.get(&url).send().await.unwrap().status(), 401);
    let account = line.account();
    let asked = bare.get(&url).basic_auth(&account.account_sid, Some(&account.auth_token));
    let answer = asked.send().await.unwrap();
    assert_eq!(answer.status(), 307);
    let storage = answer.headers()["location"].to_str().unwrap().to_owned();
    let file = bare.get(&storage).send().await.unwrap();
    assert_eq!(file.headers()["content-type"], "text/plain");
    assert_eq!(file.text().await.unwrap(), "file");
    assert_eq!(line.violations("credentials_elsewhere").await, 0);
    let careless = bare.get(&storage).basic_auth("AC", Some("token"));
    assert_eq!(careless.send().await.unwrap().status(), 400);
    assert_eq!(line.violations("credentials_elsewhere").await, 1);

    let list = line.api(&format!("/Messages/{}/Media.json", got.get("MessageSid")));
    assert_eq!(line.get(list).await.1["media_list"].as_array().unwrap().len(), 2);
    assert_eq!(line.get(format!("{url}.json")).await.1["content_type"], "text/plain");
    assert_eq!(line.ask(line.stage.http.delete(&url)).await.0, 204);
    assert_eq!(line.get(url).await.0, 404);
    assert_eq!(bare.get(&storage).send().await.unwrap().status(), 404);
    line.stage.switch("twilio.media_redirect", "none").await;
    line.stage.switch("twilio.media_auth", "open").await;
    assert_eq!(bare.get(got.get("MediaUrl1")).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn signatures_can_be_made_with_another_token_or_a_shared_key_and_cover_json_by_its_hash() {
    let mut line = Line::new().await;
    let url = line.at("/in?x=1");
    line.stage.switch("twilio.auth_token", "secondary").await;
    let got = line.says(json!({})).await;
    let expected = signature(&line.account().secondary_auth_token, &url, &got.pairs());
    assert_eq!(got.header("x-twilio-signature"), expected);
    line.stage.switch("twilio.signature", "shared_key_sha1").await;
    let got = line.says(json!({})).await;
    let expected = signature(&line.account().shared_key_secret, &url, &got.pairs());
    assert_eq!(got.header("x-twilio-signature"), expected);
    let settings = format!("key={},algorithm=HMAC_SHA1", line.account().shared_key_id);
    assert_eq!(got.header("x-twilio-webhooks-signature-settings"), settings);
    line.stage.switch("twilio.signature", "shared_key").await;
    let got = line.says(json!({})).await;
    assert!(got.header("x-twilio-webhooks-signature-settings").ends_with("HMAC_SHA256"));
    assert_eq!(got.header("x-twilio-signature").len(), 44);
    line.stage
        .control(
            "switches",
            json!({ "twilio.signature": "auth_token", "twilio.auth_token": "primary" }),
        )
        .await;
    line.stage.switch("twilio.webhook_format", "json").await;
    let got = line.says(json!({ "text": "as JSON" })).await;
    assert!(got.target.starts_with("/in?x=1&bodySHA256="));
    assert_eq!(got.header("content-type"), "application/json");
    let body: Value = serde_json::from_slice(&got.body).unwrap();
    assert_eq!(body["Body"], "as JSON");
    let expected = signature(&line.account().auth_token, &line.at(&got.target), &[]);
    assert_eq!(got.header("x-twilio-signature"), expected);
    line.stage.switch("twilio.webhook_format", "form").await;
    for (signing, right) in [("wrong", false), ("right", true)] {
        let raw = json!({ "params": [["a", "1"], ["a", "2"]], "signature": signing });
        line.stage.control("twilio/raw", raw).await;
        let got = line.next().await;
        let expected = signature(&line.account().auth_token, &url, &got.pairs());
        assert_eq!(got.header("x-twilio-signature") == expected, right);
    }
}

#[tokio::test]
async fn a_refused_webhook_goes_to_the_fallback_and_is_not_repeated() {
    let mut line = Line::new().await;
    line.stage.control("twilio/hooks", json!({ "fallback_url": line.at("/fallback") })).await;
    line.answer(500, "text/xml", "");
    let told = line.stage.control("twilio/message", json!({ "text": "hi" })).await;
    assert_eq!(told["delivered_status"], 500);
    let (first, second) = (line.next().await, line.next().await);
    assert_eq!((first.target.as_str(), second.target.as_str()), ("/in?x=1", "/fallback"));
    assert_eq!(
        (second.get("ErrorCode").as_str(), second.get("ErrorUrl")),
        ("11200", line.at("/in?x=1"))
    );
    assert_eq!(second.get("MessageSid"), first.get("MessageSid"));
    line.silent().await;
    assert_eq!(line.stage.look("twilio/alerts").await["alerts"][0]["code"], 11_200);
}

#[tokio::test]
async fn repeats_are_asked_for_in_the_address_and_carry_the_same_token() {
    let mut line = Line::new().await;
    line.stage.control("twilio/hooks", json!({ "url": line.at("/in#rc=2&rp=5xx") })).await;
    (0..3).for_each(|_| line.answer(503, "text/xml", ""));
    line.stage.control("twilio/message", json!({})).await;
    let token = |got: &Got| got.header("i-twilio-idempotency-token");
    let tries = [line.next().await, line.next().await, line.next().await];
    assert!(tries.iter().all(|one| one.target == "/in" && token(one) == token(&tries[0])));
    line.silent().await;
    line.answer(404, "text/xml", "");
    line.says(json!({})).await;
    line.silent().await;
}

#[tokio::test]
async fn nobody_there_is_tried_twice_and_a_late_answer_once() {
    let mut line = Line::new().await;
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nowhere = format!("http://{}/in", gone.local_addr().unwrap());
    drop(gone);
    let hooks = json!({ "url": nowhere, "fallback_url": line.at("/fallback") });
    line.stage.control("twilio/hooks", hooks).await;
    line.stage.control("twilio/message", json!({})).await;
    assert_eq!(line.next().await.get("ErrorCode"), "11205");
    let tried = line.stage.look("requests?vendor=twilio&operation=webhook.message").await;
    assert_eq!(tried["requests"].as_array().unwrap().len(), 2);
    line.stage.control("twilio/hooks", json!({ "url": line.at("/in") })).await;
    line.stage.switch("twilio.webhook_timeout_ms", "50").await;
    line.answer(0, "", "");
    line.stage.control("twilio/message", json!({})).await;
    let (first, second) = (line.next().await, line.next().await);
    assert_eq!((first.target.as_str(), second.target.as_str()), ("/in", "/fallback"));
    assert_eq!(second.get("ErrorCode"), "11200");
}

#[tokio::test]
async fn twiml_is_carried_out_and_what_is_not_twiml_is_complained_of() {
    let mut line = Line::new().await;
    line.answer(200, "text/xml", "<Response><Message>Answer &amp; more</Message></Response>");
    line.says(json!({ "text": "hi" })).await;
    assert_eq!(line.told().await, [] as [&str; 0]);
    let thread = line.stage.look("twilio/thread?channel=sms").await;
    assert_eq!(thread["messages"][1]["text"], "Answer & more");
    let (_, listed) = line.get(line.api("/Messages.json?PageSize=1")).await;
    assert_eq!(listed["messages"][0]["direction"], "outbound-reply");
    for (content_type, body, code) in [
        ("application/json", "{}", 12_300),
        ("text/xml", "<Response>", 12_100),
        ("text/xml", "<Response><Jump/></Response>", 12_200),
    ] {
        line.answer(200, content_type, body);
        line.says(json!({})).await;
        line.settle().await;
        let alerts = line.stage.look("twilio/alerts").await;
        assert_eq!(alerts["alerts"].as_array().unwrap().last().unwrap()["code"], code);
    }
    line.answer(204, "", "");
    line.says(json!({})).await;
    line.settle().await;
    assert_eq!(line.stage.look("twilio/alerts").await["alerts"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn stop_is_answered_told_and_enforced_until_start() {
    let mut line = Line::new().await;
    let got = line.says(json!({ "text": " Stop" })).await;
    assert_eq!(got.get("OptOutType"), "-");
    let thread = line.stage.look("twilio/thread").await;
    assert_eq!(thread["messages"][1]["from"], "twilio");
    let (status, refused) = line.send(&[("To", PERSON), ("Body", "x")]).await;
    assert_eq!((status, &refused["code"]), (400, &json!(21_610)));
    assert_eq!(line.violations("i9_opted_out").await, 1);
    let service = line.account().service_sid.clone();
    let by_service = [("To", PERSON), ("Body", "x"), ("MessagingServiceSid", &service)];
    assert_eq!(line.send(&by_service).await.1["code"], 21_610);
    let toll_free = line.account().toll_free_number.clone();
    let elsewhere = [("To", PERSON), ("Body", "x"), ("From", &toll_free)];
    assert_eq!(line.send(&elsewhere).await.0, 201);
    line.told().await;
    let listed = line.stage.look("twilio/opted_out").await;
    assert_eq!(listed["opted_out"][0]["scope"], service);
    line.stage.switch("twilio.advanced_opt_out", "yes").await;
    assert_eq!(line.says(json!({ "text": "STOPALL" })).await.get("OptOutType"), "STOP");
    assert_eq!(line.says(json!({ "text": "info" })).await.get("OptOutType"), "HELP");
    assert_eq!(line.says(json!({ "text": "YES" })).await.get("OptOutType"), "START");
    assert_eq!(line.says(json!({ "text": "yes" })).await.get("OptOutType"), "-");
    assert_eq!(line.send(&[("To", PERSON), ("Body", "x")]).await.0, 201);
    let got = line.says(json!({ "text": "STOP", "channel": "whatsapp" })).await;
    assert_eq!(got.get("OptOutType"), "-");
}

#[tokio::test]
async fn whoever_could_not_know_of_an_opt_out_learns_it_by_the_first_refusal() {
    let mut line = Line::new().await;
    line.stage.control("twilio/opted_out", json!({ "opted_out": true })).await;
    let form = [("To", PERSON), ("Body", "x")];
    assert_eq!(line.send(&form).await.1["code"], 21_610);
    assert_eq!(line.violations("i9_opted_out").await, 0);
    line.send(&form).await;
    assert_eq!(line.violations("i9_opted_out").await, 1);
    line.stage.control("twilio/opted_out", json!({ "opted_out": false })).await;
    assert_eq!(line.send(&form).await.0, 201);
    line.told().await;
    line.answer(500, "", "");
    line.says(json!({ "text": "stop" })).await;
    line.send(&form).await;
    assert_eq!(line.violations("i9_opted_out").await, 1);
}

#[tokio::test]
async fn webhooks_can_be_lost_and_doubled() {
    let mut line = Line::new().await;
    let fault =
        |fault: &str| json!({ "vendor": "twilio", "operation": "webhook.message", "fault": fault });
    line.stage.control("faults", fault("drop")).await;
    let told = line.stage.control("twilio/message", json!({ "text": "lost" })).await;
    assert_eq!(told["fault"], "drop");
    line.silent().await;
    line.stage.control("faults", fault("duplicate")).await;
    let first = line.says(json!({ "text": "twice" })).await;
    let second = line.next().await;
    assert_eq!(first.body, second.body);
    let again = json!({ "sid": first.get("MessageSid"), "text": "twice", "params": { "X": 1 } });
    assert_eq!(line.says(again).await.get("MessageSid"), first.get("MessageSid"));
}
