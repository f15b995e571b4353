//! What a vendor or a desk lists: an unknown send is looked up, and nothing is brought twice.

use super::*;
use crate::{
    cost::{Cost, Price},
    message_list::MessageListRule,
};

const RULE: MessageListRule = MessageListRule { every_ms: 2 * MINUTE_MS, lag_ms: 3 * MINUTE_MS };

/// A world in which an answer's fate is unknown, with the delivery.
fn unsure() -> (World, DeliveryId) {
    let mut w = world();
    w.channel.message_list = Some(RULE);
    w.customer("question");
    w.says("answer");
    let lost = Outcome::Unknown { fault: fault(FaultClass::VendorDown) };
    let id = w.send(Destination::Customer, lost).unwrap().id;
    (w, id)
}

/// When the vendor is asked next.
fn asks_at(w: &World, id: DeliveryId) -> Option<Timestamp> {
    let settles = |task: &TaskKind| *task == TaskKind::Settle(id);
    w.tasks.values().find(|(task, _)| settles(task)).map(|(_, at)| *at)
}

#[test]
fn the_list_is_asked_at_once_and_again_until_it_would_be_believed() {
    let (mut w, id) = unsure();
    let (begun, mut asked) = (w.now, 0);
    while let Some(at) = asks_at(&w, id) {
        (w.now, asked) = (at, asked + 1);
        w.give(Input::Settled { delivery: id, settled: Settled::Unknown });
    }
    let waited = w.now.since_ms(begun);
    assert!((RULE.lag_ms..RULE.lag_ms + MINUTE_MS).contains(&waited), "{waited}");
    assert!((10..60).contains(&asked), "{asked}");
    assert_eq!(w.message("answer").status, MessageStatus::MayHaveBeenSent);
}

#[test]
fn what_is_listed_was_sent() {
    let (mut w, id) = unsure();
    let vendor_id = Some(VendorId::from("SM1"));
    let taken = Accepted { vendor_id: vendor_id.clone(), ..Accepted::default() };
    w.give(Input::Settled { delivery: id, settled: Settled::Accepted(taken) });
    let delivery = w.state.deliveries.iter().find(|d| d.id == id).unwrap();
    assert_eq!((delivery.state, &delivery.vendor_id), (DeliveryState::Done, &vendor_id));
    assert_eq!(w.message("answer").status, MessageStatus::Sent);
    assert_eq!((asks_at(&w, id), w.owner()), (None, Owner::Ai));
}

#[test]
fn what_is_not_listed_is_sent_again_but_not_for_ever() {
    let (mut w, id) = unsure();
    let lost = || Outcome::Unknown { fault: fault(FaultClass::VendorDown) };
    w.give(Input::Settled { delivery: id, settled: Settled::NotSent });
    assert_eq!(w.send(Destination::Customer, lost()).unwrap().attempts, 2);
    w.now = w.now.plus_ms(DAY_MS);
    w.give(Input::Settled { delivery: id, settled: Settled::NotSent });
    assert!(w.attempt(Destination::Customer).is_none());
    assert_eq!(w.message("answer").status, MessageStatus::Failed);
}

#[test]
fn a_price_that_comes_later_completes_what_was_known_and_counts_once() {
    let mut w = world();
    w.customer("question");
    w.says("answer");
    let taken = w.taken("SM1");
    let id = w.send(Destination::Customer, taken).unwrap().id;
    let price = Price { micros: 7_900, currency: "USD".to_owned() };
    let cost = |price: Option<Price>| Cost {
        category: "sms".to_owned(),
        billable: true,
        kind: None,
        segments: Some(1),
        price,
    };
    for told in [None, Some(cost(None)), Some(cost(Some(price.clone()))), Some(cost(Some(price)))] {
        let receipt = Receipt {
            vendor_id: VendorId::from("SM1"),
            delivery: None,
            status: MessageStatus::Delivered,
            at: w.now,
            fault: None,
            cost: told,
        };
        w.give(Input::Receipt { receipt, delivery: id });
    }
    let cost = w.message("answer").cost.clone().unwrap();
    assert_eq!(cost.price.map(|price| price.micros), Some(7_900));
}

#[test]
fn a_stop_that_is_found_late_undoes_no_start_since() {
    let mut w = world();
    w.channel.stop_scope = ConsentScope::Everything;
    w.channel.keywords = Keywords::Carrier;
    let begun = w.now;
    for (text, later_ms, out) in [
        ("STOP", 0, true),
        ("START", 5 * MINUTE_MS, false),
        ("STOP", 2 * MINUTE_MS, false),
        ("STOP", 6 * MINUTE_MS, true),
    ] {
        w.now = begun.plus_ms(10 * MINUTE_MS);
        w.customer_at(text, begun.plus_ms(later_ms));
        let forbids = crate::consent::forbids(&w.state.consents, ConsentScope::Everything);
        assert_eq!(forbids, out, "{text} after {later_ms} ms");
    }
}

#[test]
fn an_answer_that_proves_unsent_after_a_person_was_asked_is_not_sent() {
    let (mut w, id) = unsure();
    w.asks_for_person();
    w.give(Input::Settled { delivery: id, settled: Settled::NotSent });
    let sent = w.drain(Destination::Customer);
    assert!(sent.iter().all(|text| text != "answer"), "{sent:?}");
    assert_eq!(w.owner(), Owner::Desk);
}

#[test]
fn what_the_listing_brought_is_not_said_again_by_a_stream_that_catches_up() {
    let mut w = world();
    w.asks_for_person();
    w.open_work();
    let handoff = w.state.handoff.clone().unwrap();
    let listing = Listing { from_rep: vec![said("Hello", Some("e-1"))], ..Listing::default() };
    w.give(Input::Listed { handoff, listing, templates: Vec::new() });
    w.rep(DeskEventKind::Message(said("Hello", Some("e-1"))));
    w.rep(DeskEventKind::Message(said("Hello", Some("e-2"))));
    assert_eq!(w.rep_texts(), ["Hello", "Hello"], "one of each id");
}
