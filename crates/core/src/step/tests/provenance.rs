//! Where a window comes from, what a message costs, who else may answer, and in which order it goes.

use super::*;
use crate::{
    channel::Referral,
    conversation::WindowKind,
    cost::{Cost, Price},
};

fn who() -> Identity {
    Identity { points: vec![Point::new(PointKind::WhatsappUser, "US.1")], name: None }
}

fn comes_by_an_advertisement(w: &mut World) {
    let referral = Referral {
        source_type: "ad".to_owned(),
        headline: Some("Winter sale".to_owned()),
        click_id: Some("CLID".to_owned()),
        ..Referral::default()
    };
    let at = w.now;
    w.give(Input::Customer(CustomerMessage {
        vendor_id: VendorId::from("wamid.ad"),
        who: who(),
        at,
        content: Content::text("I saw your ad"),
        reply_to: None,
        referral: Some(referral),
        answered_by_vendor: false,
    }));
}

/// The newest delivery to the customer is reported.
fn report(w: &mut World, status: MessageStatus, cost: Option<Cost>) {
    let mut sent = w.state.deliveries.iter().filter(|d| d.destination == Destination::Customer);
    let delivery = sent.next_back().unwrap().clone();
    let receipt = Receipt {
        vendor_id: delivery.vendor_id.clone().unwrap_or_else(|| VendorId::from("v")),
        delivery: Some(delivery.id),
        status,
        at: w.now,
        fault: None,
        cost,
    };
    w.give(Input::Receipt { receipt, delivery: delivery.id });
}

fn cost(category: &str, price: Option<i64>) -> Cost {
    Cost {
        category: category.to_owned(),
        billable: true,
        kind: None,
        segments: None,
        price: price.map(|micros| Price { micros, currency: "USD".to_owned() }),
    }
}

#[test]
fn the_answer_to_an_advertisements_customer_makes_three_days_free() {
    let mut w = world();
    comes_by_an_advertisement(&mut w);
    let session = w.state.session.clone().unwrap();
    assert_eq!(session.metadata["referral"]["headline"], "Winter sale");
    assert_eq!(session.metadata["referral"]["click_id"], "CLID");
    assert_eq!(w.state.conversation.window.unwrap().free_entry_until, None);
    w.now = w.now.plus_ms(HOUR_MS);
    w.customer("hello?");
    w.says("yes, minus 20 %");
    w.drain(Destination::Customer);
    report(&mut w, MessageStatus::Sent, None);
    assert_eq!(w.state.conversation.window.unwrap().free_entry_until, None, "not there yet");
    report(&mut w, MessageStatus::Delivered, None);
    let until = w.state.conversation.window.unwrap().free_entry_until;
    assert_eq!(until, Some(w.now.plus_ms(3 * DAY_MS)));
    w.now = w.now.plus_ms(HOUR_MS);
    report(&mut w, MessageStatus::Read, None);
    w.customer("thanks");
    let window = w.state.conversation.window.unwrap();
    assert_eq!(window.free_entry_until, until, "only the first answer counts");
    w.now = window.expires_at;
    assert!(!window.is_open(w.now), "the window binds all the same");
}

#[test]
fn an_answer_after_a_day_makes_nothing_free() {
    let mut w = world();
    comes_by_an_advertisement(&mut w);
    w.now = w.now.plus_ms(25 * HOUR_MS);
    w.customer("hello?");
    w.says("sorry for the delay");
    w.drain(Destination::Customer);
    report(&mut w, MessageStatus::Delivered, None);
    assert_eq!(w.state.conversation.window.unwrap().free_entry_until, None);
}

#[test]
fn a_call_opens_the_window_and_releases_what_was_held() {
    let mut w = world();
    w.asks_for_person();
    w.open_work();
    w.now = w.now.plus_ms(25 * HOUR_MS);
    w.rep_says("we found it");
    w.attempt(Destination::Customer);
    assert_eq!(w.message("we found it").status, MessageStatus::Held);
    let at = w.now;
    w.give(Input::Call { who: who(), at });
    let window = w.state.conversation.window.unwrap();
    assert_eq!((window.kind, window.opened_by), (WindowKind::Call, None));
    assert_eq!(window.expires_at, at.plus_ms(DAY_MS - MINUTE_MS));
    assert!(w.drain(Destination::Customer).contains(&"we found it".to_owned()));
    assert!(w.drain(Destination::Desk).contains(&"The customer called.".to_owned()));
}

#[test]
fn a_call_without_a_session_opens_the_window_and_nothing_else() {
    let mut w = world();
    let at = w.now;
    w.give(Input::Call { who: who(), at });
    assert!(w.state.conversation.window.is_some() && w.state.session.is_none());
    assert!(w.state.messages.is_empty());
}

#[test]
fn a_price_is_recorded_once_completed_and_never_erased() {
    let mut w = world();
    w.customer("hi");
    w.says("hello");
    w.drain(Destination::Customer);
    report(&mut w, MessageStatus::Sent, Some(cost("service", None)));
    assert_eq!(w.message("hello").cost, Some(cost("service", None)));
    report(&mut w, MessageStatus::Delivered, Some(cost("utility", Some(7_500))));
    let whole = Some(cost("service", Some(7_500)));
    assert_eq!(w.message("hello").cost, whole);
    report(&mut w, MessageStatus::Read, None);
    report(&mut w, MessageStatus::Sent, Some(cost("service", Some(9_000))));
    assert_eq!(w.message("hello").cost, whole);
    assert_eq!(w.message("hello").status, MessageStatus::Read);
}

fn handed(w: &mut World, to_us: bool, summary: Option<&str>) -> Effects {
    let (at, summary) = (w.now, summary.map(str::to_owned));
    w.give(Input::Handover { who: who(), to_us, summary, at })
}

#[test]
fn whoever_takes_the_conversation_silences_the_ai_until_it_comes_back() {
    let mut w = world();
    w.customer("where is my parcel?");
    w.says("let me look");
    w.customer("well?");
    handed(&mut w, false, None);
    assert_eq!(w.owner(), Owner::Elsewhere);
    assert!(w.drain(Destination::Customer).is_empty(), "not a word over theirs");
    handed(&mut w, true, Some("Parcel 7 is lost; wants a refund"));
    assert_eq!(w.owner(), Owner::Ai);
    assert!(w.tasks.values().any(|(t, _)| matches!(t, TaskKind::Turn(_))));
    let summary = w.message("Parcel 7 is lost; wants a refund");
    assert_eq!(summary.author.kind, AuthorKind::System);
    w.says("I am sorry");
    assert_eq!(w.drain(Destination::Customer), ["I am sorry"]);
}

#[test]
fn a_conversation_that_comes_to_us_first_begins_with_its_summary() {
    let mut w = world();
    handed(&mut w, true, Some("Wants a refund"));
    assert_eq!(w.owner(), Owner::Ai);
    assert!(w.state.deliveries.is_empty(), "nothing is said before the customer asks");
    let mut stranger = world();
    handed(&mut stranger, false, None);
    assert!(stranger.state.session.is_none());
}

#[test]
fn a_rep_keeps_the_session_when_another_responder_takes_over() {
    let mut w = world();
    w.asks_for_person();
    w.open_work();
    handed(&mut w, false, None);
    assert_eq!(w.owner(), Owner::Desk);
    let told = w.drain(Destination::Desk);
    assert!(told[0].contains("took over"), "{told:?}");
}

#[test]
fn where_a_vendor_promises_no_order_the_next_message_waits_for_the_receipt() {
    let mut w = world();
    w.asks_for_person();
    w.open_work();
    w.rep_says("first");
    w.rep_says("second");
    let taken = w.taken("v-1");
    let first = w.send(Destination::Customer, taken).unwrap();
    assert!(w.attempt(Destination::Customer).is_none(), "the first has no receipt yet");
    let receipt = Receipt {
        vendor_id: VendorId::from("v-1"),
        delivery: Some(first.id),
        status: MessageStatus::Sent,
        at: w.now,
        fault: None,
        cost: None,
    };
    w.give(Input::Receipt { receipt, delivery: first.id });
    assert!(w.attempt(Destination::Customer).is_some());
}
