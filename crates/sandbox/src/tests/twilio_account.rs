//! What a Twilio account holds: numbers, services, registration, templates, senders.

use super::twilio_line::{Line, PERSON};
use super::*;

#[tokio::test]
async fn numbers_are_found_and_their_webhook_address_decides() {
    let mut line = Line::new().await;
    let toll_free = line.account().toll_free_number.clone();
    let query = format!("/IncomingPhoneNumbers.json?PhoneNumber={}", toll_free.replace('+', "%2B"));
    let (_, found) = line.get(line.api(&query)).await;
    let rows = found["incoming_phone_numbers"].as_array().unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        rows[0]["capabilities"],
        json!({ "voice": true, "sms": true, "mms": true, "fax": false })
    );
    let url = line.api(&format!("/IncomingPhoneNumbers/{}.json", rows[0]["sid"].as_str().unwrap()));
    let (_, changed) = line.post(url.clone(), &[("SmsUrl", &line.at("/toll-free"))]).await;
    assert_eq!(changed["sms_url"], line.at("/toll-free"));
    assert_eq!(line.get(url).await.1["sms_url"], line.at("/toll-free"));
    let got = line.says(json!({ "to": toll_free })).await;
    assert_eq!((got.target.as_str(), got.get("MessagingServiceSid").as_str()), ("/toll-free", "-"));
}

#[tokio::test]
async fn a_service_without_an_address_drops_what_comes_in() {
    let mut line = Line::new().await;
    let service = line.account().service_sid.clone();
    let url = line.url(&format!("/messaging/v1/Services/{service}"));
    let (_, listed) = line.get(line.url("/messaging/v1/Services")).await;
    assert_eq!(
        (&listed["services"][0]["sid"], &listed["meta"]["key"]),
        (&json!(service), &json!("services"))
    );
    assert_eq!(listed["services"][0]["us_app_to_person_registered"], true);
    let (_, members) = line.get(format!("{url}/PhoneNumbers")).await;
    assert_eq!(members["phone_numbers"][0]["phone_number"], line.account().number);
    line.post(url.clone(), &[("InboundRequestUrl", "")]).await;
    let told = line.stage.control("twilio/message", json!({ "text": "hi" })).await;
    assert_eq!(told["delivered_status"], Value::Null);
    line.silent().await;
    line.post(url, &[("UseInboundWebhookOnNumber", "true")]).await;
    line.says(json!({ "text": "hi" })).await;
}

#[tokio::test]
async fn registration_can_be_read_and_changed() {
    let line = Line::new().await;
    let account = line.account().clone();
    let campaigns =
        line.url(&format!("/messaging/v1/Services/{}/Compliance/Usa2p", account.service_sid));
    let brands = line.url("/messaging/v1/a2p/BrandRegistrations");
    let verifications = line.url("/messaging/v1/Tollfree/Verifications");
    let (_, found) = line.get(campaigns.clone()).await;
    let campaign = &found["compliance"][0];
    assert_eq!(
        (&campaign["campaign_status"], &campaign["mock"]),
        (&json!("VERIFIED"), &json!(false))
    );
    assert_eq!(campaign["brand_registration_sid"], account.brand_sid);
    let brand = line.get(format!("{brands}/{}", account.brand_sid)).await.1;
    assert_eq!(
        (&brand["status"], &brand["identity_status"]),
        (&json!("APPROVED"), &json!("VERIFIED"))
    );
    let by_number =
        format!("{verifications}?TollfreePhoneNumberSid={}", account.toll_free_number_sid);
    assert_eq!(line.get(by_number).await.1["verifications"][0]["status"], "TWILIO_APPROVED");
    let other = format!("{verifications}?TollfreePhoneNumberSid=PN1");
    assert_eq!(line.get(other).await.1["verifications"], json!([]));
    let change = json!({ "has_campaign": false, "brand_status": "IN_REVIEW",
        "toll_free_status": "TWILIO_REJECTED", "reason": "no opt-in shown" });
    line.stage.control("twilio/registration", change).await;
    assert_eq!(line.get(campaigns).await.1["compliance"], json!([]));
    assert_eq!(line.get(brands).await.1["data"][0]["status"], "IN_REVIEW");
    let (_, rejected) =
        line.get(format!("{verifications}/{}", account.toll_free_verification_sid)).await;
    assert_eq!(
        (&rejected["rejection_reason"], &rejected["edit_allowed"]),
        (&json!("no opt-in shown"), &json!(true))
    );
}

#[tokio::test]
async fn a_template_is_made_submitted_reviewed_and_listed() {
    let line = Line::new().await;
    let http = &line.stage.http;
    let content = line.url("/content/v1/Content");
    let body = json!({ "friendly_name": "hello", "language": "en", "variables": { "1": "you" },
        "types": { "twilio/text": { "body": "Hello {{1}}" } } });
    let (status, made) = line.ask(http.post(&content).json(&body)).await;
    assert_eq!(status, 201, "{made}");
    let sid = made["sid"].as_str().unwrap().to_owned();
    assert!(sid.starts_with("HX") && made["links"]["approval_create"].is_string());
    let requests = format!("{content}/{sid}/ApprovalRequests");
    assert_eq!(line.get(requests.clone()).await.1["whatsapp"]["status"], "unsubmitted");
    let submit = |name: &str| json!({ "name": name, "category": "UTILITY" });
    let to = format!("{requests}/whatsapp");
    assert_eq!(line.ask(http.post(&to).json(&submit("Not Right"))).await.0, 400);
    let (status, submitted) = line.ask(http.post(&to).json(&submit("hello"))).await;
    assert_eq!((status, &submitted["status"]), (201, &json!("received")));
    let review =
        json!({ "content": sid, "status": "rejected", "rejection_reason": "INVALID_FORMAT" });
    line.stage.control("twilio/contents", review).await;
    let (_, listed) = line.get(line.url("/content/v1/ContentAndApprovals")).await;
    let row = listed["contents"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&row["sid"], &row["approval_requests"]["status"]),
        (&json!(sid), &json!("rejected"))
    );
    assert_eq!(row["approval_requests"]["rejection_reason"], "INVALID_FORMAT");
    assert_eq!(line.ask(http.post(&content).json(&json!({}))).await.0, 400);
    assert_eq!(line.ask(http.delete(format!("{content}/{sid}"))).await.0, 204);
    assert_eq!(line.get(format!("{content}/{sid}")).await.0, 404);
    let bad = json!({ "content": "order_update", "status": "fine" });
    assert_eq!(line.stage.try_control("twilio/contents", bad).await.0, 400);
}

/// "twilio/quick-reply", "twilio/list-picker" (read 2026-11-21) and "Error 21656".
#[tokio::test]
async fn buttons_are_made_found_filled_and_tapped() {
    let mut line = Line::new().await;
    line.says(json!({ "channel": "whatsapp", "text": "hi" })).await;
    let content = line.url("/content/v1/Content");
    let button = |n: usize| json!({ "title": format!("{{{{{}}}}}", n + 1), "id": n.to_string() });
    let made = |name: &str, buttons: usize| {
        let actions: Vec<Value> = (1..=buttons).map(button).collect();
        let parts = json!({ "body": "{{1}}", "actions": actions });
        let types = json!({ "twilio/quick-reply": parts });
        let body = json!({ "friendly_name": name, "language": "en", "types": types });
        line.ask(line.stage.http.post(&content).json(&body))
    };
    let (two, four) = (made("two_buttons", 2).await.1, made("four_buttons", 4).await.1);
    assert_eq!(made("eleven_buttons", 11).await.0, 400);
    let item = json!({ "twilio/list-picker": { "body": "x", "button": "y", "items": [{ "item": "z", "id": "1" }] } });
    let list = json!({ "friendly_name": "list", "language": "en", "types": item });
    assert_eq!(line.ask(line.stage.http.post(&content).json(&list)).await.0, 400, "description");

    let found = line.get(line.url("/content/v2/Content?ContentName=two_buttons")).await.1;
    assert_eq!(found["contents"].as_array().unwrap().len(), 1);
    assert_eq!(found["contents"][0]["sid"], two["sid"]);

    let person = format!("whatsapp:{PERSON}");
    let send = async |sid: &Value, variables: &str| {
        let sid = sid.as_str().unwrap();
        let form = [("To", &*person), ("ContentSid", sid), ("ContentVariables", variables)];
        line.send(&form).await
    };
    let words = r#"{"1":"Shall I?","2":"Yes","3":"No","4":"Maybe","5":"Later"}"#;
    assert_eq!(send(&two["sid"], r#"{"1":"Shall I?","2":"","3":"No"}"#).await.1["code"], 21_656);
    assert_eq!(send(&four["sid"], words).await.1["code"], 63_013, "four need approval");
    assert_eq!(send(&two["sid"], words).await.0, 201);
    let shown = line.stage.look("twilio/thread?channel=whatsapp").await;
    let last = shown["messages"].as_array().unwrap().last().unwrap();
    assert_eq!(last["text"], "Shall I?");
    assert_eq!(last["content"]["parts"]["actions"][1]["title"], "No");

    let nobody = json!({ "choose": "Perhaps" });
    assert_eq!(line.stage.try_control("twilio/message", nobody).await.0, 400);
    line.stage.clock.advance(60_000);
    line.stage.control("twilio/message", json!({ "choose": "No" })).await;
    let tapped = loop {
        let got = line.next().await;
        if got.get("MessageStatus") == "-" {
            break got;
        }
    };
    let told = (tapped.get("ButtonText"), tapped.get("ButtonPayload"));
    assert_eq!(told, ("No".to_owned(), "2".to_owned()));
}

#[tokio::test]
async fn senders_typing_and_lookup_answer() {
    let mut line = Line::new().await;
    let (_, senders) = line.get(line.url("/messaging/v2/Channels/Senders")).await;
    assert_eq!(senders["senders"][0]["status"], "ONLINE");
    let got = line.says(json!({ "channel": "whatsapp", "text": "hi" })).await;
    let typing = line.url("/messaging/v2/Indicators/Typing.json");
    let (_, done) = line
        .post(typing.clone(), &[("messageId", &got.get("MessageSid")), ("channel", "whatsapp")])
        .await;
    assert_eq!(done, json!({ "success": true }));
    assert_eq!(line.stage.look("twilio/thread").await["typing"], true);
    line.stage.clock.advance(25_000);
    assert_eq!(line.stage.look("twilio/thread").await["typing"], false);
    let (status, problem) =
        line.post(typing, &[("messageId", "SM1"), ("channel", "whatsapp")]).await;
    assert_eq!((status, &problem["code"]), (400, &json!(20_001)));
    let lookup = |number: &str| {
        line.url(&format!("/lookups/v2/PhoneNumbers/{number}?Fields=line_type_intelligence"))
    };
    let (_, landline) = line.get(lookup("%2B15550100099")).await;
    assert_eq!(landline["line_type_intelligence"]["type"], "landline");
    assert_eq!(line.get(lookup(PERSON)).await.1["line_type_intelligence"]["type"], "mobile");
    assert_eq!(line.get(lookup("12")).await.1["valid"], false);
    let shown = line.stage.look("twilio/account").await;
    assert!(shown["urls"]["api_url"].as_str().unwrap().ends_with("/twilio/api"));
    assert_eq!(line.get(line.url("/messaging/v1/Nothing")).await.1["code"], 20_404);
}
