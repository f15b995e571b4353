//! One story for every vendor of a channel, told against its simulator: what we make of the vendor
//! and what the vendor's pages say meet here. Which cases a vendor is asked is its policy's to say.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod listing;
mod stage;
mod vendors;

use baton_core::{
    channel::{ChannelEvent, ChannelPolicy, CustomerMessage, Receipt, What},
    consent::ConsentScope,
    fault::{Accepted, FaultClass, Outcome},
    file::{MediaFile, MediaSource, StoredFile},
    ids::FileId,
    interactive::{Button, ListRow, Offer, Section},
    message::{Content, MediaKind, MessageStatus},
    template::{ButtonAction, ListedTemplate, TemplateHeader, TemplateStatus, TemplateUse},
};
use serde_json::{Value, json};

use crate::{
    stage::{DELIVERY, Stage},
    vendors::{ALL, TWILIO_SMS, TWILIO_WHATSAPP, Vendor},
};

const HOUR_MS: i64 = 3_600_000;

/// The vendors whose policy says so. At least one must, or the case is told of nobody.
async fn those(which: fn(&ChannelPolicy) -> bool) -> Vec<&'static Vendor> {
    let mut vendors = Vec::new();
    for vendor in ALL {
        if which(Stage::new(vendor).await.channel.policy()) {
            vendors.push(vendor);
        }
    }
    assert!(!vendors.is_empty());
    vendors
}

async fn message(stage: &mut Stage) -> CustomerMessage {
    loop {
        match stage.next().await.1 {
            Some(ChannelEvent::Message(message)) => return message,
            Some(ChannelEvent::Consent { .. } | ChannelEvent::Ignored { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
}

async fn receipt(stage: &mut Stage) -> Receipt {
    loop {
        match stage.next().await.1 {
            Some(ChannelEvent::Receipt(receipt)) => return receipt,
            Some(ChannelEvent::Ignored { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// A customer has written.
async fn met(vendor: &'static Vendor) -> (Stage, CustomerMessage) {
    let mut stage = Stage::new(vendor).await;
    stage.customer("Hello", false).await;
    let asked = message(&mut stage).await;
    (stage, asked)
}

async fn reply(stage: &Stage, to: &CustomerMessage, text: &str) -> Outcome {
    stage.send(&to.who, What::Content(&Content::text(text))).await
}

/// Something goes wrong with the vendor's next call, or with the webhooks that it names.
async fn fault(stage: &Stage, more: Value) {
    let simulator = stage.vendor.simulator;
    let mut rule = json!({ "vendor": simulator, "operation": "messages.*" });
    rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    stage.control("faults", rule).await;
}

fn accepted(outcome: Outcome) -> Accepted {
    match outcome {
        Outcome::Accepted(accepted) => accepted,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_question_is_answered_and_the_answer_arrives() {
    for vendor in ALL {
        let mut stage = Stage::new(vendor).await;
        stage.customer("Where is my order? ü🙂", false).await;
        let asked = message(&mut stage).await;
        assert_eq!(asked.content, Content::text("Where is my order? ü🙂"));
        let answer = accepted(reply(&stage, &asked, "On its way – soon 🙂").await);
        let sent = receipt(&mut stage).await;
        assert_eq!(sent.status, MessageStatus::Sent);
        assert_eq!(Some(sent.vendor_id), answer.vendor_id);
        assert_eq!(sent.delivery.map(|id| id.to_string()).as_deref(), Some(DELIVERY));
        stage.clock.advance(60_000);
        assert_eq!(receipt(&mut stage).await.status, MessageStatus::Delivered);
        assert_eq!(stage.refused(), 0);
    }
}

#[tokio::test]
async fn what_is_told_twice_has_one_id() {
    for vendor in ALL {
        let mut stage = Stage::new(vendor).await;
        fault(&stage, json!({ "operation": "webhook.*", "fault": "duplicate" })).await;
        stage.customer("Hello", false).await;
        let (first, second) = (stage.next().await, stage.next().await);
        assert!(first.0.is_some(), "{}", vendor.name);
        assert_eq!(first.0, second.0, "{}", vendor.name);
        stage.customer("Hello", false).await;
        assert_ne!(stage.next().await.0, first.0, "the same words again are another message");
    }
}

#[tokio::test]
async fn no_status_moves_a_message_back() {
    for vendor in ALL {
        let (mut stage, asked) = met(vendor).await;
        for (switch, value) in vendor.backwards {
            stage.control("switches", json!({ *switch: value })).await;
        }
        let answer = accepted(reply(&stage, &asked, "Hello!").await);
        let newest = receipt(&mut stage).await;
        assert!(
            matches!(newest.status, MessageStatus::Delivered | MessageStatus::Read),
            "{}: {newest:?}",
            vendor.name
        );
        // The older ones are on their way only now.
        stage.clock.advance(60_000);
        let older = receipt(&mut stage).await;
        for told in [&newest, &older] {
            assert_eq!(Some(&told.vendor_id), answer.vendor_id.as_ref());
        }
        assert_eq!(newest.status.climb(older.status), newest.status, "{}", vendor.name);
    }
}

#[tokio::test]
async fn a_forged_webhook_is_not_taken() {
    for vendor in ALL {
        let (mut stage, _) = met(vendor).await;
        for (number, signature) in (1..).zip(["wrong", "missing"]) {
            let order = (vendor.odd)(&stage.config, &stage.hook_url);
            let status = stage.raw(order, signature).await;
            assert!(status == 401 || status == 403, "{} {signature}: {status}", vendor.name);
            assert_eq!(stage.refused(), number);
        }
        stage.customer("It is really me", false).await;
        assert_eq!(message(&mut stage).await.content, Content::text("It is really me"));
    }
}

#[tokio::test]
async fn what_nobody_knows_is_kept_and_holds_up_nothing() {
    for vendor in ALL {
        let mut stage = Stage::new(vendor).await;
        let order = (vendor.odd)(&stage.config, &stage.hook_url);
        assert_eq!(stage.raw(order, "right").await, 200, "{}", vendor.name);
        match stage.next().await.1 {
            None | Some(ChannelEvent::Ignored { .. }) => {}
            Some(ChannelEvent::Message(CustomerMessage {
                content: Content::Unsupported { .. },
                ..
            })) => {}
            other => panic!("{}: {other:?}", vendor.name),
        }
        stage.customer("Hello", false).await;
        assert_eq!(message(&mut stage).await.content, Content::text("Hello"));
    }
}

#[tokio::test]
async fn one_bad_item_spoils_no_batch() {
    for vendor in ALL {
        let Some(batch) = vendor.batch else { continue };
        let mut stage = Stage::new(vendor).await;
        assert_eq!(stage.raw(batch(&stage.config), "right").await, 200);
        let mut told = Vec::new();
        for _ in 0..3 {
            told.push(match stage.next().await.1 {
                Some(ChannelEvent::Message(message)) => message.vendor_id.0,
                None => "parked".to_owned(),
                other => panic!("{other:?}"),
            });
        }
        assert_eq!(told, ["wamid.1", "parked", "wamid.3"]);
    }
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_the_report_that_carries_our_word() {
    for vendor in ALL {
        for how in ["garbage", "timeout_after_accept"] {
            let (mut stage, asked) = met(vendor).await;
            fault(&stage, json!({ "fault": how })).await;
            let outcome = reply(&stage, &asked, "Hello!").await;
            assert_eq!(outcome.name(), "unknown", "{} {how}", vendor.name);
            let sent = receipt(&mut stage).await;
            assert_eq!(sent.delivery.map(|id| id.to_string()).as_deref(), Some(DELIVERY));
        }
    }
}

#[tokio::test]
async fn a_limit_is_a_pause() {
    for vendor in ALL {
        for (header, expected) in [(Some(7), Some(7_000)), (None, None)] {
            let (stage, asked) = met(vendor).await;
            let mut rule = json!({ "fault": "status", "status": 429 });
            if let Some(seconds) = header {
                rule["retry_after_s"] = seconds.into();
            }
            fault(&stage, rule).await;
            match reply(&stage, &asked, "Hello!").await {
                Outcome::Retry { after_ms: Some(after_ms), fault } => {
                    assert_eq!(fault.class, FaultClass::RateLimited);
                    assert!(after_ms >= 1_000, "{}: {after_ms}", vendor.name);
                    assert!(expected.is_none_or(|expected| after_ms == expected), "{after_ms}");
                }
                other => panic!("{}: {other:?}", vendor.name),
            }
            accepted(reply(&stage, &asked, "Hello again!").await);
        }
    }
}

#[tokio::test]
async fn a_picture_comes_with_its_bytes_up_to_the_limit() {
    for vendor in those(|policy| policy.max_file_bytes > 0).await {
        let mut stage = Stage::new(vendor).await;
        stage.customer("Look", true).await;
        let shown = message(&mut stage).await;
        let Content::Media { caption, mime_type, vendor_id, .. } = shown.content else {
            panic!("{:?}", shown.content)
        };
        assert_eq!((caption.as_deref(), mime_type.as_deref()), (Some("Look"), Some("image/png")));
        let vendor_id = vendor_id.unwrap();
        let media = MediaSource { vendor_id: vendor_id.clone(), max_bytes: 100_000 };
        let mut file = stage.channel.fetch(&media).await.unwrap();
        assert_eq!(file.mime_type.as_deref(), Some("image/png"));
        let first = std::future::poll_fn(|cx| file.chunks.as_mut().poll_next(cx)).await;
        assert!(!first.unwrap().unwrap().is_empty());

        let media = MediaSource { vendor_id, max_bytes: 3 };
        let refused = match stage.channel.fetch(&media).await {
            Err(fault) => fault,
            Ok(mut file) => {
                let next = std::future::poll_fn(|cx| file.chunks.as_mut().poll_next(cx)).await;
                next.unwrap().unwrap_err()
            }
        };
        assert_eq!(refused.class, FaultClass::MediaProblem, "{}", vendor.name);
    }
}

#[tokio::test]
async fn a_file_that_is_too_large_is_not_sent() {
    for vendor in ALL {
        let (stage, asked) = met(vendor).await;
        let size_bytes = stage.channel.policy().max_file_bytes + 1;
        let stored = StoredFile {
            id: FileId::read("0190f5c3-7d3c-7c44-9a54-6b1f0c6d0a04").unwrap(),
            name: "plan.pdf".to_owned(),
            mime_type: "application/pdf".to_owned(),
            size_bytes,
            sha256: "0".repeat(64),
        };
        let content = Content::Media {
            kind: MediaKind::Document,
            caption: None,
            file_name: None,
            mime_type: None,
            vendor_id: None,
            sha256: None,
            voice: false,
            file: Some(Box::new(MediaFile::Stored(stored))),
        };
        let fault = stage.render(&asked.who, What::Content(&content)).unwrap_err();
        assert_eq!(fault.class, FaultClass::MediaProblem, "{}", vendor.name);
    }
}

#[tokio::test]
async fn who_wrote_stop_is_not_written_to() {
    for vendor in those(|policy| policy.stop_scope == ConsentScope::Everything).await {
        let mut stage = Stage::new(vendor).await;
        stage.customer("STOP", false).await;
        let stopped = message(&mut stage).await;
        match reply(&stage, &stopped, "But wait").await {
            Outcome::Rejected { fault } => assert_eq!(fault.class, FaultClass::OptedOut),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn twilios_sender_and_templates_can_be_asked_about() {
    for vendor in [&TWILIO_SMS, &TWILIO_WHATSAPP] {
        let stage = Stage::new(vendor).await;
        assert_eq!(stage.channel.check().await, Ok(()));
    }
}

/// A template that needs nothing but words, of which the vendor knows examples.
fn is_plain(listed: &ListedTemplate) -> bool {
    let parts = &listed.parts;
    let fixed = |action| matches!(action, ButtonAction::Reply | ButtonAction::Other);
    listed.status == TemplateStatus::Approved
        && parts.unsupported.is_none()
        && parts.header == TemplateHeader::None
        && (!parts.examples.is_empty() || !parts.body.contains("{{"))
        && parts.buttons.iter().all(|button| fixed(button.action))
}

#[tokio::test]
async fn a_template_reaches_a_customer_whose_window_is_closed() {
    for vendor in those(|policy| policy.window.is_some()).await {
        let (mut stage, asked) = met(vendor).await;
        let window = stage.channel.policy().window.unwrap();
        stage.clock.advance(window.open_ms + HOUR_MS);
        let late = match reply(&stage, &asked, "Late").await {
            Outcome::Rejected { fault } => fault,
            outcome => {
                accepted(outcome);
                stage.clock.advance(60_000);
                loop {
                    let receipt = receipt(&mut stage).await;
                    if receipt.status == MessageStatus::Failed {
                        break receipt.fault.unwrap();
                    }
                }
            }
        };
        assert_eq!(late.class, FaultClass::WindowClosed, "{}", vendor.name);
        let list = stage.channel.templates().unwrap().list().await.unwrap();
        assert!(list.complete);
        let listed = list.templates.iter().find(|one| is_plain(one)).unwrap();
        let template = TemplateUse {
            vendor_id: Some(listed.vendor_id.clone()),
            name: listed.name.clone(),
            language: listed.language.clone(),
            variables: listed.parts.examples.clone(),
            ..TemplateUse::default()
        };
        accepted(stage.send(&asked.who, What::Template(&template)).await);
        stage.clock.advance(60_000);
        while receipt(&mut stage).await.status != MessageStatus::Delivered {}
    }
}

fn buttons(titles: &[&str]) -> Offer {
    let button = |title: &&str| Button { id: title.to_lowercase(), title: (*title).to_owned() };
    Offer::Buttons { buttons: titles.iter().map(button).collect() }
}

fn sizes() -> Offer {
    let row = |title: &str, description: Option<&str>| ListRow {
        id: title.to_lowercase(),
        title: title.to_owned(),
        description: description.map(str::to_owned),
    };
    let rows = vec![row("Small", Some("Zoë's size")), row("Large", None)];
    Offer::List { open: "Sizes".to_owned(), sections: vec![Section { title: String::new(), rows }] }
}

fn offer(text: &str, offer: Offer) -> Content {
    Content::Interactive { text: text.to_owned(), header: None, footer: None, offer }
}

#[tokio::test]
async fn what_is_offered_can_be_tapped() {
    for vendor in those(|policy| policy.choices.is_some()).await {
        let (mut stage, asked) = met(vendor).await;
        for (content, tap, id) in [
            (offer("We're here.\n\nShall I?", buttons(&["Yes", "No"])), "No", "no"),
            (offer("Another?", buttons(&["Sure", "Never"])), "Sure", "sure"),
            (offer("Which size?", sizes()), "Large", "large"),
        ] {
            accepted(stage.send(&asked.who, What::Content(&content)).await);
            stage.clock.advance(60_000);
            stage.tap(tap).await;
            let chosen = loop {
                match stage.next().await.1 {
                    Some(ChannelEvent::Message(message)) => break message.content,
                    Some(ChannelEvent::Receipt(_) | ChannelEvent::Ignored { .. }) => {}
                    other => panic!("{other:?}"),
                }
            };
            assert_eq!(chosen, Content::Choice { id: id.to_owned(), title: tap.to_owned() });
        }
    }
}

#[tokio::test]
async fn what_is_over_a_limit_is_refused_before_it_is_sent() {
    for vendor in those(|policy| policy.choices.is_some()).await {
        let (stage, asked) = met(vendor).await;
        for (content, limit) in [
            (offer("x", buttons(&["A", "B", "C", "D"])), "4 buttons; WhatsApp takes 1 to 3"),
            (offer("x", buttons(&["A much too long title"])), "title has 21 characters"),
            (offer("x", buttons(&["A", "A"])), "must differ"),
            (offer("", buttons(&["A"])), "text is empty"),
            (offer(&"x".repeat(1_025), buttons(&["A"])), "1025 characters; WhatsApp takes 1024"),
        ] {
            let fault = stage.render(&asked.who, What::Content(&content)).unwrap_err();
            assert_eq!(fault.class, FaultClass::ContentRejected);
            assert!(fault.operator.contains(limit), "{}: {}", vendor.name, fault.operator);
        }
    }
}

#[tokio::test]
async fn where_nothing_can_be_tapped_choices_are_lines() {
    for vendor in those(|policy| policy.choices.is_none()).await {
        let (stage, asked) = met(vendor).await;
        let content = offer("Shall I?", buttons(&["Yes", "No"]));
        let call = stage.render(&asked.who, What::Content(&content)).unwrap();
        assert!(call.body.to_string().contains("Shall I?\\n1. Yes\\n2. No"), "{call:?}");
        accepted(stage.channel.send(&call).await);
    }
}
