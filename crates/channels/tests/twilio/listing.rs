use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use baton_core::{
    channel::{Call, Channel, ChannelEvent},
    fault::{FaultClass, Settled},
    ids::VendorId,
    message::{Content, MessageStatus},
    message_list::Listed,
    time::Timestamp,
};
use serde_json::{Map, Value, json};

use crate::support::{ACCOUNT, SENDER, SERVICE, WEBHOOK, channel_with, http, server};

const CUSTOMER: &str = "+15550100300";

/// Three hours before the clock of these tests.
fn since() -> Timestamp {
    Timestamp::read("2026-11-20T07:00:00.500Z").unwrap()
}

/// At this time of the day of these tests.
fn at(time: &str) -> String {
    format!("Fri, 20 Nov 2026 {time} +0000")
}

fn row(sid: &str, changes: Value) -> Value {
    let mut row = json!({
        "sid": sid, "account_sid": ACCOUNT, "messaging_service_sid": null,
        "direction": "inbound", "status": "received", "from": CUSTOMER, "to": SENDER,
        "body": "Hello", "num_media": "0", "num_segments": "1", "error_code": null,
        "error_message": null, "price": null, "price_unit": "USD",
        "date_created": at("08:00:00"), "date_sent": at("08:00:01"), "date_updated": at("08:00:01"),
    });
    row.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    row
}

fn sent(sid: &str, changes: Value) -> Value {
    let mut row = row(
        sid,
        json!({ "direction": "outbound-api", "status": "delivered", "from": SENDER, "to": CUSTOMER }),
    );
    row.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    row
}

fn page(rows: &[Value], next: Option<&str>) -> Vec<u8> {
    http(200, "", &json!({ "messages": rows, "next_page_uri": next }).to_string())
}

/// The sender's number, with where its messages go.
fn number(webhook: &str) -> Vec<u8> {
    let number = json!({ "sid": "PN1", "phone_number": SENDER, "sms_url": webhook });
    http(200, "", &json!({ "incoming_phone_numbers": [number] }).to_string())
}

fn channel_at(url: &str, changes: &[(&str, &str)]) -> Arc<dyn Channel> {
    let base = [("api_url", url), ("messaging_url", url)];
    channel_with(&[&base[..], changes].concat())
}

async fn list_with(
    changes: &[(&str, &str)],
    answers: Vec<Vec<u8>>,
) -> (Arc<dyn Channel>, Option<Listed>, Vec<String>) {
    let (url, task) = server(answers).await;
    let channel = channel_at(&url, changes);
    let listed = channel.message_list().unwrap().list(since()).await.unwrap();
    (channel, listed, task.await.unwrap())
}

async fn list(came: &[Value], went: &[Value]) -> (Arc<dyn Channel>, Listed) {
    let answers = vec![number(WEBHOOK), page(came, None), page(went, None)];
    let (channel, listed, _) = list_with(&[], answers).await;
    (channel, listed.unwrap())
}

fn ids(listed: &Listed) -> Vec<&str> {
    let reports = listed.reports.iter().map(|(_, event)| event);
    let events = listed.from_customers.iter().chain(reports);
    events.filter_map(|event| event.vendor_event_id.as_deref()).collect()
}

#[tokio::test]
async fn what_came_and_what_went_is_read_page_by_page_until_it_is_too_old() {
    let next = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json?Page=1&PageToken=PAx");
    let old = row("SM0", json!({ "date_sent": at("06:59:59"), "date_created": at("06:59:58") }));
    let answers = vec![
        number(WEBHOOK),
        page(&[row("SM2", json!({})), row("SM1", json!({}))], Some(&next)),
        page(&[old], Some(&next)),
        page(&[], None),
    ];
    let (_, listed, requests) = list_with(&[], answers).await;
    let listed = listed.unwrap();
    assert!(listed.complete);
    assert_eq!(ids(&listed), ["m:SM1", "m:SM2"], "the oldest first");
    let lines: Vec<&str> = requests.iter().filter_map(|request| request.lines().next()).collect();
    let path = format!("GET /2010-04-01/Accounts/{ACCOUNT}/Messages.json");
    let to = "To=%2B15550100200&DateSent%3E=2026-11-20&PageSize=20";
    let from = "From=%2B15550100200&DateSent%3E=2026-11-20&PageSize=20";
    assert_eq!(lines[1], format!("{path}?{to} HTTP/1.1"));
    assert_eq!(lines[2], format!("{path}?Page=1&PageToken=PAx HTTP/1.1"));
    assert_eq!(lines[3], format!("{path}?{from} HTTP/1.1"));
}

#[tokio::test]
async fn a_page_elsewhere_is_not_asked_for() {
    let next = "https://evil.sample.example/steal";
    let answers = vec![number(WEBHOOK), page(&[], Some(next)), page(&[], None)];
    let (_, listed, _) = list_with(&[], answers).await;
    assert!(!listed.unwrap().complete);
}

#[tokio::test]
async fn what_is_not_ours_or_not_there_yet_is_left_out() {
    let young = json!({ "date_created": at("09:59:00"), "date_updated": at("09:59:00") });
    let came = [
        row("SMa", json!({ "date_created": at("07:00:00") })),
        row("SMb", json!({ "date_created": at("06:59:59") })),
        row("SMc", young),
        row("SMd", json!({ "status": "receiving" })),
        row("SMe", json!({ "date_created": "yesterday" })),
        row("SMf", json!({ "account_sid": "AC1" })),
        row("SMg", json!({ "direction": "outbound-reply", "status": "queued" })),
    ];
    let went = [
        sent("SMh", json!({ "status": "queued", "date_sent": null })),
        sent("SMi", json!({ "status": "sending" })),
        sent("SMj", json!({})),
    ];
    let (_, listed) = list(&came, &went).await;
    assert_eq!(ids(&listed), ["m:SMa", "s:SMj:delivered"]);
}

#[tokio::test]
async fn a_service_reads_the_account_and_keeps_its_own() {
    let service = json!({ "use_inbound_webhook_on_number": false, "inbound_request_url": WEBHOOK });
    let rows = [
        row("SM1", json!({ "messaging_service_sid": SERVICE, "to": "+15550100201" })),
        row("SM2", json!({ "messaging_service_sid": "MG0" })),
        row("SM3", json!({})),
        sent("SM4", json!({ "messaging_service_sid": SERVICE, "from": "+15550100201" })),
    ];
    let answers = vec![http(200, "", &service.to_string()), page(&rows, None)];
    let changes = [("messaging_service_sid", SERVICE), ("sender", "")];
    let (_, listed, requests) = list_with(&changes, answers).await;
    assert_eq!(ids(&listed.unwrap()), ["m:SM1", "s:SM4:delivered"]);
    assert!(requests[1].contains("Messages.json?DateSent"), "{}", requests[1]);
}

#[tokio::test]
async fn a_service_beside_a_sender_keeps_both() {
    let service = json!({ "use_inbound_webhook_on_number": true });
    let rows = [row("SM1", json!({})), row("SM2", json!({ "to": "+15550100299" }))];
    let answers = vec![http(200, "", &service.to_string()), number(WEBHOOK), page(&rows, None)];
    let (_, listed, _) = list_with(&[("messaging_service_sid", SERVICE)], answers).await;
    assert_eq!(ids(&listed.unwrap()), ["m:SM1"]);
}

#[tokio::test]
async fn what_twilio_brings_elsewhere_is_nothing_to_us_and_a_refusal_is_a_fault() {
    let (_, listed, _) = list_with(&[], vec![number("https://old.sample.example/in")]).await;
    assert_eq!(listed, None);
    let refused = http(401, "", &json!({ "code": 20003, "message": "Authenticate" }).to_string());
    let (url, _) = server(vec![refused]).await;
    let channel = channel_at(&url, &[]);
    let fault = channel.message_list().unwrap().list(since()).await.unwrap_err();
    assert_eq!(fault.class, FaultClass::Auth);
}

/// Every listed message of a file: what is stored, and what it says.
async fn story(channel: &str, answers: Vec<Vec<u8>>, changes: &[(&str, &str)]) -> String {
    let text = include_str!("../../src/twilio/fixtures/listed.json");
    let files: BTreeMap<String, BTreeMap<String, Value>> = serde_json::from_str(text).unwrap();
    let mut out = String::new();
    for (name, row) in &files[channel] {
        let answers = [&answers[..], &[page(std::slice::from_ref(row), None), page(&[], None)]];
        let (channel, listed, _) = list_with(changes, answers.concat()).await;
        let listed = listed.unwrap();
        writeln!(out, "# {name}").unwrap();
        for event in listed.from_customers.iter().chain(listed.reports.iter().map(|(_, e)| e)) {
            let id = event.vendor_event_id.as_deref().unwrap();
            writeln!(out, "{id} of {}", event.source_key).unwrap();
            match channel.parse(event) {
                Ok(events) => events.iter().for_each(|e| writeln!(out, "{e:?}").unwrap()),
                Err(fault) => writeln!(out, "PARKED {}: {}", fault.code, fault.text).unwrap(),
            }
        }
        out.push('\n');
    }
    out
}

#[tokio::test]
async fn listed_sms_and_mms() {
    insta::assert_snapshot!("listed_sms", story("sms", vec![number(WEBHOOK)], &[]).await);
}

#[tokio::test]
async fn listed_whatsapp_messages() {
    let sender = format!("whatsapp:{SENDER}");
    let answers = vec![whatsapp_sender(&sender)];
    let story = story("whatsapp", answers, &[("sender", &sender)]).await;
    insta::assert_snapshot!("listed_whatsapp", story);
}

fn whatsapp_sender(sender: &str) -> Vec<u8> {
    let senders = json!({ "senders": [{
        "sender_id": sender, "status": "ONLINE", "webhook": { "callback_url": WEBHOOK },
    }]});
    http(200, "", &senders.to_string())
}

fn said(channel: &dyn Channel, listed: &Listed, n: usize) -> ChannelEvent {
    channel.parse(&listed.from_customers[n]).unwrap().pop().unwrap()
}

#[tokio::test]
async fn a_listed_message_has_the_time_at_which_it_was_written() {
    let (channel, listed) = list(&[row("SM1", json!({ "body": "STOP" }))], &[]).await;
    let ChannelEvent::Message(message) = said(channel.as_ref(), &listed, 0) else { panic!() };
    assert_eq!(message.at, Timestamp::read("2026-11-20T08:00:00Z").unwrap());
    assert_eq!(message.vendor_id, VendorId::from("SM1"));
    assert!(message.answered_by_vendor, "Twilio answers STOP whether its webhook came or not");
}

#[tokio::test]
async fn what_the_list_does_not_tell_is_said_so() {
    let whatsapp = |body: &str| {
        let (from, to) = (format!("whatsapp:{CUSTOMER}"), format!("whatsapp:{SENDER}"));
        row("SM1", json!({ "from": from, "to": to, "body": body }))
    };
    let sender = format!("whatsapp:{SENDER}");
    let rows = [whatsapp("Yes, please"), whatsapp("")];
    let answers = vec![whatsapp_sender(&sender), page(&rows, None), page(&[], None)];
    let (channel, listed, _) = list_with(&[("sender", &sender)], answers).await;
    let listed = listed.unwrap();
    match said(channel.as_ref(), &listed, 0) {
        ChannelEvent::Message(m) => assert!(matches!(m.content, Content::Unsupported { .. })),
        other => panic!("{other:?}"),
    }
    match said(channel.as_ref(), &listed, 1) {
        ChannelEvent::Message(m) => assert_eq!(m.content, Content::text("Yes, please")),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_price_is_an_event_of_its_own_and_told_once() {
    let free = json!({ "price": "-0.00000", "num_segments": "0" });
    let failed = json!({ "status": "failed", "error_code": 30003 });
    let went = [
        sent("SM1", json!({ "price": "-0.02250", "num_segments": "3" })),
        sent("SM2", free),
        sent("SM3", failed),
        sent("SM4", json!({})),
    ];
    let (channel, listed) = list(&[], &went).await;
    let expected =
        ["s:SM4:delivered", "s:SM3:failed", "s:SM2:delivered", "p:SM2", "s:SM1:delivered", "p:SM1"];
    assert_eq!(ids(&listed), expected);
    let told: Vec<_> = listed
        .reports
        .iter()
        .map(|(_, event)| match channel.parse(event).unwrap().pop() {
            Some(ChannelEvent::Receipt(receipt)) => {
                let price = receipt.cost.map(|cost| {
                    (cost.billable, cost.segments, cost.price.map_or(-1, |price| price.micros))
                });
                (receipt.status, price, receipt.fault.and_then(|fault| fault.code))
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let (delivered, code) = (MessageStatus::Delivered, Some("30003".to_owned()));
    let (free, paid) = (Some((false, None, 0)), Some((true, Some(3), 22_500)));
    let expected = [
        (delivered, None, None),
        (MessageStatus::Failed, None, code),
        (delivered, free, None),
        (delivered, free, None),
        (delivered, paid, None),
        (delivered, paid, None),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn files_are_asked_for_by_message() {
    let rows = [row("MM1", json!({ "num_media": "2", "body": "Look" }))];
    let media = json!({ "media_list": [
        { "sid": "ME1", "content_type": "image/png" }, { "sid": "ME2", "content_type": "audio/ogg" },
    ]});
    let answers = vec![
        number(WEBHOOK),
        page(&rows, None),
        page(&[], None),
        http(200, "", &media.to_string()),
    ];
    let (url, task) = server(answers).await;
    let channel = channel_at(&url, &[]);
    let power = channel.message_list().unwrap();
    let first = power.list(since()).await.unwrap().unwrap().from_customers.remove(0);
    let events = power.complete(first).await.unwrap();
    let told: Vec<_> = events
        .iter()
        .map(|event| match channel.parse(event).unwrap().pop() {
            Some(ChannelEvent::Message(m)) => match m.content {
                Content::Media { vendor_id, mime_type, caption, .. } => {
                    (event.vendor_event_id.clone().unwrap(), vendor_id.unwrap(), mime_type, caption)
                }
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        })
        .collect();
    let place = format!("{url}/2010-04-01/Accounts/{ACCOUNT}/Messages/MM1/Media");
    let file = |id: &str, sid: &str, kind: &str, caption: Option<&str>| {
        let url = VendorId(format!("{place}/{sid}"));
        (id.to_owned(), url, Some(kind.to_owned()), caption.map(str::to_owned))
    };
    let expected = [
        file("m:MM1", "ME1", "image/png", Some("Look")),
        file("m:MM1:1", "ME2", "audio/ogg", None),
    ];
    assert_eq!(told, expected);
    assert!(task.await.unwrap()[3].starts_with("GET /2010-04-01/Accounts/"));
}

fn form(changes: Value) -> Call {
    let mut body = json!({ "To": CUSTOMER, "From": SENDER, "Body": "On its way\nsoon " });
    body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    let body: Map<String, Value> =
        body.as_object().unwrap().clone().into_iter().filter(|(_, v)| !v.is_null()).collect();
    Call { operation: "message".to_owned(), body: Value::Object(body) }
}

async fn settle(call: &Call, rows: &[Value], next: Option<&str>) -> Settled {
    let (url, _) = server(vec![page(rows, next)]).await;
    let channel = channel_at(&url, &[]);
    let known = [VendorId::from("SMknown")];
    channel.message_list().unwrap().settle(call, since(), &known).await.unwrap()
}

fn outcome(settled: Settled) -> String {
    match settled {
        Settled::Accepted(taken) => taken.vendor_id.unwrap().0,
        Settled::NotSent => "not sent".to_owned(),
        Settled::Unknown => "unknown".to_owned(),
    }
}

#[tokio::test]
async fn a_post_is_known_by_its_recipient_sender_words_and_time() {
    let ours = |sid: &str| sent(sid, json!({ "body": "On its way\r\nsoon" }));
    let but = |changes: Value| {
        let mut row = ours("SM1");
        row.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        row
    };
    for (why, rows, expected) in [
        ("it is there", vec![ours("SM1")], "SM1"),
        (
            "queued it is there too",
            vec![but(json!({ "date_sent": null, "status": "queued" }))],
            "SM1",
        ),
        ("nothing is there", vec![], "not sent"),
        ("an earlier delivery is not it", vec![ours("SMknown")], "not sent"),
        ("two are there", vec![ours("SM1"), ours("SM2")], "unknown"),
        ("other words", vec![but(json!({ "body": "On its way soon" }))], "unknown"),
        ("one of them", vec![but(json!({ "body": "Hi", "sid": "SM2" })), ours("SM1")], "SM1"),
        ("before the attempt", vec![but(json!({ "date_created": at("06:00:00") }))], "not sent"),
        ("to somebody else", vec![but(json!({ "to": "+15550100301" }))], "not sent"),
        ("from another number", vec![but(json!({ "from": "+15550100201" }))], "not sent"),
        ("a reply of Twilio's", vec![but(json!({ "direction": "outbound-reply" }))], "not sent"),
        ("with a file", vec![but(json!({ "num_media": "1" }))], "unknown"),
    ] {
        assert_eq!(outcome(settle(&form(json!({})), &rows, None).await), expected, "{why}");
    }
}

#[tokio::test]
async fn what_twilio_fills_in_is_known_by_the_longest_value() {
    let template = |variables: Value| {
        let changes = json!({ "Body": null, "ContentSid": "HX1", "ContentVariables": variables });
        form(changes)
    };
    let filled = template(json!({ "1": "Mira", "2": "4711-0815" }).to_string().into());
    let rows = [sent("SM1", json!({ "body": "Hello Mira, order 4711-0815 is here." }))];
    assert_eq!(outcome(settle(&filled, &rows, None).await), "SM1");
    assert_eq!(outcome(settle(&template(Value::Null), &rows, None).await), "unknown");
}

#[tokio::test]
async fn a_list_that_was_cut_proves_nothing_missing() {
    let next = "https://evil.sample.example/next";
    assert_eq!(outcome(settle(&form(json!({})), &[], Some(next)).await), "unknown");
}

#[tokio::test]
async fn a_service_is_known_before_it_has_picked_a_number() {
    let row = sent(
        "SM1",
        json!({ "from": null, "messaging_service_sid": SERVICE, "status": "accepted", "body": "On its way\nsoon" }),
    );
    let call = form(json!({ "From": null, "MessagingServiceSid": SERVICE }));
    assert_eq!(outcome(settle(&call, &[row], None).await), "SM1");
}
