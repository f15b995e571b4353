use std::fmt::Write as _;

use baton_core::{
    channel::{Channel, ChannelEvent},
    fault::FaultClass,
    ids::DeliveryId,
    inbound::RawEvent,
    message::Content,
};
use proptest::prelude::*;

use crate::support::{SERVICE, channel_with, fixtures, pairs, receive, sms, whatsapp};

/// Every form of a file: what is stored, and what it says.
fn story(channel: &dyn Channel, file: &str) -> String {
    let mut out = String::new();
    for (name, form) in fixtures(file) {
        writeln!(out, "# {name}").unwrap();
        for event in receive(channel, "", &pairs(&form)) {
            let id = event.vendor_event_id.as_deref().unwrap_or("-");
            let id = if id.starts_with("x:") { "(hash)" } else { id };
            writeln!(out, "{id} of {}", event.source_key).unwrap();
            match channel.parse(&event) {
                Ok(events) => events.iter().for_each(|e| writeln!(out, "{e:?}").unwrap()),
                Err(fault) => writeln!(out, "PARKED {}: {}", fault.code, fault.text).unwrap(),
            }
        }
        out.push('\n');
    }
    out
}

#[test]
fn sms_and_mms() {
    insta::assert_snapshot!("sms", story(sms(), "sms"));
}

#[test]
fn whatsapp_messages() {
    insta::assert_snapshot!("whatsapp", story(whatsapp(), "whatsapp"));
}

#[test]
fn sms_statuses() {
    insta::assert_snapshot!("sms_statuses", story(sms(), "sms_statuses"));
}

#[test]
fn whatsapp_statuses() {
    insta::assert_snapshot!("whatsapp_statuses", story(whatsapp(), "whatsapp_statuses"));
}

fn events(channel: &dyn Channel, query: &str, file: &str, name: &str) -> Vec<ChannelEvent> {
    let form = fixtures(file).remove(name).unwrap();
    let raw = receive(channel, query, &pairs(&form));
    raw.iter().flat_map(|event| channel.parse(event).unwrap()).collect()
}

#[test]
fn a_report_carries_our_word_for_the_delivery() {
    let delivery = "0190f5c3-7d3c-7c44-9a54-6b1f0c6d0a01";
    for (query, expected) in [
        (format!("delivery={delivery}"), DeliveryId::read(delivery)),
        ("delivery=nonsense".to_owned(), None),
        (String::new(), None),
    ] {
        match &events(sms(), &query, "sms_statuses", "delivered")[..] {
            [ChannelEvent::Receipt(receipt)] => assert_eq!(receipt.delivery, expected),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn several_files_are_several_messages_and_the_words_stand_once() {
    let events = events(sms(), "", "sms", "mms_of_three_files");
    let files: Vec<_> = events
        .iter()
        .map(|event| match event {
            ChannelEvent::Message(message) => match &message.content {
                Content::Media { caption, vendor_id, .. } => {
                    (message.vendor_id.clone(), vendor_id.clone().unwrap(), caption.clone())
                }
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(files.len(), 3);
    assert!(files.windows(2).all(|two| two[0].0 != two[1].0 && two[0].1 != two[1].1));
    let captions: Vec<_> = files.into_iter().map(|file| file.2).collect();
    assert_eq!(captions, [Some("These arrived".to_owned()), None, None]);
}

#[test]
fn what_twilio_answered_itself_is_noted_and_not_answered_again() {
    for (name, opted_out) in [
        ("stop_answered_by_twilio", Some(true)),
        ("start_answered_by_twilio", Some(false)),
        ("help_answered_by_twilio", None),
    ] {
        let events = events(sms(), "", "sms", name);
        let consent = events.iter().find_map(|event| match event {
            ChannelEvent::Consent { opted_out, .. } => Some(*opted_out),
            _ => None,
        });
        assert_eq!(consent, opted_out, "{name}");
        match events.last().unwrap() {
            ChannelEvent::Message(message) => assert!(message.answered_by_vendor, "{name}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_service_takes_the_messages_of_all_its_numbers() {
    let service = channel_with(&[("sender", ""), ("messaging_service_sid", SERVICE)]);
    let form = fixtures("sms").remove("to_another_number").unwrap();
    let parsed = |extra: &[(&str, &str)]| {
        let form: Vec<_> = pairs(&form).into_iter().chain(extra.iter().copied()).collect();
        service.parse(&receive(&*service, "", &form)[0]).map(|events| events.len())
    };
    assert_eq!(parsed(&[("MessagingServiceSid", SERVICE)]), Ok(1));
    assert_eq!(parsed(&[]), Ok(1), "through the number's own webhook");
    assert_eq!(parsed(&[("MessagingServiceSid", "MG1")]).unwrap_err().code, "foreign");
}

#[test]
fn every_code_of_the_facts_has_a_class() {
    let class = |channel: &dyn Channel, code: i64| {
        let mut form = fixtures(match code {
            63_000.. => "whatsapp_statuses",
            _ => "sms_statuses",
        });
        let mut form = form.pop_first().unwrap().1;
        form.insert("MessageStatus".into(), "undelivered".into());
        form.insert("ErrorCode".into(), code.to_string());
        match channel.parse(&receive(channel, "", &pairs(&form))[0]).unwrap().remove(0) {
            ChannelEvent::Receipt(receipt) => receipt.fault.unwrap(),
            other => panic!("{other:?}"),
        }
    };
    for code in [30_001, 30_002, 30_003, 30_004, 30_005, 30_006, 30_007, 30_032, 30_034, 30_410] {
        assert_ne!(class(sms(), code).class, FaultClass::Unknown, "{code}");
    }
    for code in [
        63_003, 63_005, 63_007, 63_013, 63_015, 63_016, 63_018, 63_019, 63_020, 63_021, 63_024,
        63_025, 63_027, 63_028, 63_029, 63_030, 63_032, 63_049, 63_051,
    ] {
        let fault = class(whatsapp(), code);
        assert_ne!(fault.class, FaultClass::Unknown, "{code}");
        assert_eq!(fault.code, Some(code.to_string()));
        assert!(fault.operator.starts_with(char::is_lowercase) && fault.rep.ends_with('.'));
    }
}

#[test]
fn a_closed_window_has_the_words_that_reps_know() {
    match &events(whatsapp(), "", "whatsapp_statuses", "failed_outside_the_window")[..] {
        [ChannelEvent::Receipt(receipt)] => assert_eq!(
            receipt.fault.as_ref().unwrap().rep,
            "This conversation has exceeded the 24 hour limit to respond to the customer."
        ),
        other => panic!("{other:?}"),
    }
}

proptest! {
    #[test]
    fn any_stored_text_is_read_or_parked(body in ".{0,300}") {
        let event = RawEvent { vendor_event_id: None, source_key: String::new(), body };
        let _ = sms().parse(&event);
    }
}
