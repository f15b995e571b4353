//! What a vendor holds, where its webhooks or its answers were lost.

use baton_core::{
    channel::{Call, ChannelEvent, CustomerMessage, What},
    fault::Settled,
    file::MediaSource,
    ids::VendorId,
    message::{Content, MessageStatus},
    message_list::{Listed, MessageList},
    time::Timestamp,
};
use serde_json::{Value, json};

use crate::{
    TWILIO_SMS, TWILIO_WHATSAPP, fault, message, receipt, reply,
    stage::{START_MS, Stage, Vendor},
};

const BOTH: [&Vendor; 2] = [&TWILIO_SMS, &TWILIO_WHATSAPP];
const START: Timestamp = Timestamp(START_MS);
/// After this long nothing is left to a webhook any more.
const LATER_MS: i64 = 120_000;

fn power(stage: &Stage) -> &dyn MessageList {
    stage.channel.message_list().unwrap()
}

async fn list(stage: &Stage) -> Listed {
    power(stage).list(START).await.unwrap().unwrap()
}

async fn lose(stage: &Stage, webhook: &str) {
    let rule = json!({ "operation": webhook, "fault": "drop", "count": 9 });
    fault(stage, rule).await;
}

fn ids(listed: &Listed) -> Vec<String> {
    listed.from_customers.iter().filter_map(|event| event.vendor_event_id.clone()).collect()
}

#[tokio::test]
async fn a_message_is_the_same_event_whoever_brings_it() {
    for vendor in BOTH {
        let mut stage = Stage::new(vendor).await;
        stage.customer("Where is my order? ü🙂", false).await;
        let brought = message(&mut stage).await;
        stage.clock.advance(LATER_MS);
        let listed = list(&stage).await;
        assert!(listed.complete);
        assert_eq!(ids(&listed), stage.stored());
        let events = stage.channel.parse(&listed.from_customers[0]).unwrap();
        let [ChannelEvent::Message(found)] = &events[..] else { panic!("{events:?}") };
        let same = |m: &CustomerMessage| (m.vendor_id.clone(), m.content.clone(), m.at);
        assert_eq!(same(found), same(&brought));
        assert!(found.who.points.iter().all(|point| brought.who.points.contains(point)));
    }
}

#[tokio::test]
async fn a_picture_whose_webhook_was_lost_is_found_with_its_bytes_and_its_time() {
    for vendor in BOTH {
        let stage = Stage::new(vendor).await;
        lose(&stage, "webhook.message").await;
        stage.clock.advance(7_000);
        stage.customer("Look", true).await;
        assert_eq!(ids(&list(&stage).await), [""; 0], "its webhook may still come");
        stage.clock.advance(LATER_MS);
        let event = list(&stage).await.from_customers.remove(0);
        let events = power(&stage).complete(event).await.unwrap();
        let said = stage.channel.parse(&events[0]).unwrap().remove(0);
        let ChannelEvent::Message(CustomerMessage { at, content, .. }) = said else {
            panic!("{said:?}")
        };
        assert_eq!((events.len(), at), (1, START.plus_ms(7_000)));
        let Content::Media { caption, mime_type, vendor_id, .. } = content else {
            panic!("{content:?}")
        };
        assert_eq!((caption.as_deref(), mime_type.as_deref()), (Some("Look"), Some("image/png")));
        let media = MediaSource { vendor_id: vendor_id.unwrap(), max_bytes: 100_000 };
        assert!(stage.channel.fetch(&media).await.is_ok());
    }
}

#[tokio::test]
async fn several_files_of_one_message_are_the_events_of_its_webhook() {
    let mut stage = Stage::new(&TWILIO_SMS).await;
    let files = [json!({ "content_type": "image/png" }), json!({ "content_type": "audio/ogg" })];
    stage.control("twilio/message", json!({ "text": "Two", "media": files })).await;
    message(&mut stage).await;
    stage.clock.advance(LATER_MS);
    let event = list(&stage).await.from_customers.remove(0);
    let events = power(&stage).complete(event).await.unwrap();
    let found: Vec<_> = events.into_iter().filter_map(|event| event.vendor_event_id).collect();
    assert_eq!(found, stage.stored());
}

#[tokio::test]
async fn what_became_of_a_message_and_its_price_are_listed() {
    for (vendor, category, micros) in
        [(&TWILIO_SMS, "sms", 7_900), (&TWILIO_WHATSAPP, "whatsapp", 5_000)]
    {
        let mut stage = Stage::new(vendor).await;
        stage.customer("Hello", false).await;
        let asked = message(&mut stage).await;
        reply(&stage, &asked, "Hello!").await;
        let sent = receipt(&mut stage).await;
        stage.clock.advance(LATER_MS);
        while receipt(&mut stage).await.status == MessageStatus::Sent {}
        stage.clock.advance(LATER_MS);
        let reports = list(&stage).await.reports;
        assert!(reports.iter().all(|(id, _)| *id == sent.vendor_id));
        let of = |n: usize| stage.channel.parse(&reports[n].1).unwrap().remove(0);
        let id = reports[0].1.vendor_event_id.clone().unwrap();
        assert!(stage.stored().contains(&id), "{id} is what its webhook brought");
        let ChannelEvent::Receipt(priced) = of(1) else { panic!("{:?}", of(1)) };
        let cost = priced.cost.unwrap();
        assert_eq!((&*cost.category, cost.billable, cost.segments), (category, true, Some(1)));
        assert_eq!(cost.price.unwrap().micros, micros);
    }
}

#[tokio::test]
async fn while_twilio_delivers_elsewhere_nothing_is_ours() {
    for vendor in BOTH {
        let stage = Stage::new(vendor).await;
        stage.control("twilio/hooks", json!({ "url": "https://old.sample.example/in" })).await;
        stage.customer("For somebody else", false).await;
        stage.clock.advance(LATER_MS);
        assert_eq!(power(&stage).list(START).await, Ok(None));
    }
}

/// Sends something whose answer goes wrong; the call, to ask about it.
async fn unsure(stage: &mut Stage, how: Value, text: &str) -> Call {
    stage.customer("Hello", false).await;
    let asked = message(stage).await;
    lose(stage, "webhook.status.*").await;
    fault(stage, how).await;
    assert_eq!(reply(stage, &asked, text).await.name(), "unknown");
    stage.call(&asked.who, What::Content(&Content::text(text)))
}

async fn settle(stage: &Stage, call: &Call, known: &[VendorId]) -> Settled {
    power(stage).settle(call, START, known).await.unwrap()
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_the_list() {
    let lost = json!({ "fault": "timeout_after_accept" });
    let failed = json!({ "fault": "status_after_accept", "status": 503 });
    let dropped = json!({ "fault": "timeout_before_accept" });
    for vendor in BOTH {
        for (how, taken) in [(&lost, true), (&failed, true), (&dropped, false)] {
            let mut stage = Stage::new(vendor).await;
            let call = unsure(&mut stage, how.clone(), "On its way – soon 🙂").await;
            match (settle(&stage, &call, &[]).await, taken) {
                (Settled::Accepted(found), true) => {
                    let known = [found.vendor_id.unwrap()];
                    assert_eq!(settle(&stage, &call, &known).await, Settled::NotSent);
                }
                (Settled::NotSent, false) => {}
                (other, _) => panic!("{how}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn of_two_equal_messages_nobody_can_say() {
    let mut stage = Stage::new(&TWILIO_SMS).await;
    let lost = json!({ "fault": "timeout_after_accept" });
    unsure(&mut stage, lost.clone(), "ok").await;
    let call = unsure(&mut stage, lost, "ok").await;
    assert_eq!(settle(&stage, &call, &[]).await, Settled::Unknown);
}
