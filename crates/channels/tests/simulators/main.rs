//! One story for every SMS vendor, told against its simulator: what we make of the vendor and
//! what the vendor's pages say meet here.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod stage;

use baton_core::{
    channel::{ChannelEvent, CustomerMessage, Receipt, What},
    fault::{FaultClass, Outcome},
    file::MediaSource,
    message::{Content, MessageStatus},
};
use serde_json::{Value, json};

use crate::stage::{DELIVERY, Stage, Vendor};

const TWILIO_SMS: Vendor = Vendor {
    name: "twilio",
    settings: |config, base, hook| {
        let account = &config.twilio;
        let urls = account.urls(base);
        json!({
            "account_sid": account.account_sid, "auth_token": account.auth_token,
            "sender": account.number, "webhook_url": hook,
            "api_url": urls.api_url, "messaging_url": urls.messaging_url,
            "content_url": urls.content_url,
        })
    },
    said: |text, picture| {
        let media = picture.then(|| json!({ "content_type": "image/png", "text": "pixels" }));
        json!({ "text": text, "media": Vec::from_iter(media) })
    },
};

const TWILIO_WHATSAPP: Vendor = Vendor {
    name: "twilio",
    settings: |config, base, hook| {
        let mut settings = (TWILIO_SMS.settings)(config, base, hook);
        settings["sender"] = format!("whatsapp:{}", config.twilio.whatsapp_number).into();
        settings
    },
    said: |text, picture| {
        let mut said = (TWILIO_SMS.said)(text, picture);
        said["channel"] = "whatsapp".into();
        said
    },
};

const TELNYX: Vendor = Vendor {
    name: "telnyx",
    settings: |config, base, hook| {
        let account = &config.telnyx;
        json!({
            "api_key": account.api_key, "public_key": account.public_key,
            "sender": account.number, "webhook_url": hook, "api_url": account.api_url(base),
        })
    },
    said: |text, picture| json!({ "text": text, "media": Vec::from_iter(picture.then_some("image/png")) }),
};

const ALL: [&Vendor; 3] = [&TWILIO_SMS, &TWILIO_WHATSAPP, &TELNYX];

async fn message(stage: &mut Stage) -> CustomerMessage {
    loop {
        match stage.next().await {
            ChannelEvent::Message(message) => return message,
            ChannelEvent::Consent { .. } | ChannelEvent::Ignored { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

async fn receipt(stage: &mut Stage) -> Receipt {
    loop {
        match stage.next().await {
            ChannelEvent::Receipt(receipt) => return receipt,
            ChannelEvent::Ignored { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

async fn reply(stage: &Stage, to: &CustomerMessage, text: &str) -> Outcome {
    stage.send(&to.who, What::Content(&Content::text(text))).await
}

async fn fault(stage: &Stage, more: Value) {
    let mut rule = json!({ "vendor": stage.vendor.name, "operation": "messages.create" });
    rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    stage.control("faults", rule).await;
}

#[tokio::test]
async fn a_question_is_answered_and_the_answer_arrives() {
    for vendor in ALL {
        let mut stage = Stage::new(vendor).await;
        stage.customer("Where is my order? ü🙂", false).await;
        let asked = message(&mut stage).await;
        assert_eq!(asked.content, Content::text("Where is my order? ü🙂"));
        let Outcome::Accepted(accepted) = reply(&stage, &asked, "On its way – soon 🙂").await
        else {
            panic!("{} refuses the answer", vendor.name)
        };
        let sent = receipt(&mut stage).await;
        assert_eq!(sent.status, MessageStatus::Sent);
        assert_eq!(Some(sent.vendor_id), accepted.vendor_id);
        assert_eq!(sent.delivery.map(|id| id.to_string()).as_deref(), Some(DELIVERY));
        stage.clock.advance(60_000);
        assert_eq!(receipt(&mut stage).await.status, MessageStatus::Delivered);
        assert_eq!(stage.refused(), 0);
    }
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_the_report_that_carries_our_word() {
    for vendor in ALL {
        let mut stage = Stage::new(vendor).await;
        stage.customer("Hello", false).await;
        let asked = message(&mut stage).await;
        fault(&stage, json!({ "fault": "garbage" })).await;
        assert_eq!(reply(&stage, &asked, "Hello!").await.name(), "unknown");
        let sent = receipt(&mut stage).await;
        assert_eq!(sent.delivery.map(|id| id.to_string()).as_deref(), Some(DELIVERY));
    }
}

#[tokio::test]
async fn a_limit_is_a_pause() {
    for vendor in ALL {
        let mut stage = Stage::new(vendor).await;
        stage.customer("Hello", false).await;
        let asked = message(&mut stage).await;
        fault(&stage, json!({ "fault": "status", "status": 429, "retry_after_s": 7 })).await;
        match reply(&stage, &asked, "Hello!").await {
            Outcome::Retry { after_ms, fault } => {
                assert_eq!((after_ms, fault.class), (Some(7_000), FaultClass::RateLimited));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_picture_comes_with_its_bytes() {
    for vendor in ALL {
        let mut stage = Stage::new(vendor).await;
        stage.customer("Look", true).await;
        let shown = message(&mut stage).await;
        let Content::Media { caption, mime_type, vendor_id, .. } = shown.content else {
            panic!("{:?}", shown.content)
        };
        assert_eq!((caption.as_deref(), mime_type.as_deref()), (Some("Look"), Some("image/png")));
        let media = MediaSource { vendor_id: vendor_id.unwrap(), max_bytes: 100_000 };
        let mut file = stage.channel.fetch(&media).await.unwrap();
        assert_eq!(file.mime_type.as_deref(), Some("image/png"));
        let first = std::future::poll_fn(|cx| file.chunks.as_mut().poll_next(cx)).await;
        assert!(!first.unwrap().unwrap().is_empty());
    }
}

#[tokio::test]
async fn who_wrote_stop_is_not_written_to() {
    for vendor in [&TWILIO_SMS, &TELNYX] {
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
    let stage = Stage::new(&TWILIO_WHATSAPP).await;
    let list = stage.channel.templates().unwrap().list().await.unwrap();
    assert!(list.complete && list.templates.iter().any(|one| one.parts.unsupported.is_none()));
}

#[tokio::test]
async fn an_approved_template_reaches_a_customer_whose_window_is_closed() {
    let mut stage = Stage::new(&TWILIO_WHATSAPP).await;
    stage.customer("Hello", false).await;
    let asked = message(&mut stage).await;
    stage.clock.advance(25 * 3_600_000);
    let Outcome::Accepted(_) = reply(&stage, &asked, "Late").await else {
        panic!("accepted first")
    };
    stage.clock.advance(60_000);
    let late = loop {
        let receipt = receipt(&mut stage).await;
        if receipt.status == MessageStatus::Failed {
            break receipt.fault.unwrap();
        }
    };
    assert_eq!(late.class, FaultClass::WindowClosed);
    let list = stage.channel.templates().unwrap().list().await.unwrap();
    let listed = list.templates.iter().find(|one| one.name == "order_update").unwrap();
    let template = baton_core::template::TemplateUse {
        vendor_id: Some(listed.vendor_id.clone()),
        name: listed.name.clone(),
        language: listed.language.clone(),
        variables: vec!["Mira".into(), "4711".into()],
        ..Default::default()
    };
    let Outcome::Accepted(_) = stage.send(&asked.who, What::Template(&template)).await else {
        panic!("refused")
    };
    stage.clock.advance(60_000);
    while receipt(&mut stage).await.status != MessageStatus::Delivered {}
}
