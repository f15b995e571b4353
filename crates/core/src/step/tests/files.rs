//! The bytes of media: what waits for them, for how long, and what becomes of it.

use super::*;
use crate::{file::MediaFile, file::StoredFile, ids::FileId, ids::MessageId, message::MediaKind};

fn image() -> Content {
    Content::Media {
        kind: MediaKind::Image,
        caption: Some("look".to_owned()),
        file_name: None,
        mime_type: Some("image/png".to_owned()),
        vendor_id: Some(VendorId::from("media-1")),
        sha256: None,
        voice: false,
        file: None,
    }
}

fn sends(w: &mut World) -> MessageId {
    let who = Identity { points: vec![Point::new(PointKind::WhatsappUser, "US.1")], name: None };
    let vendor_id = VendorId(format!("wamid.{}", w.state.conversation.last_position));
    let (at, content) = (w.now, image());
    w.give(Input::Customer(CustomerMessage {
        vendor_id,
        who,
        at,
        content,
        reply_to: None,
        referral: None,
        answered_by_vendor: false,
    }));
    w.state.messages.last().unwrap().id
}

fn rep_sends(w: &mut World) -> MessageId {
    let content = image();
    w.rep(DeskEventKind::Message(RepMessage { content, ..said("", Some("d-1")) }));
    w.state.messages.last().unwrap().id
}

fn stored() -> StoredFile {
    StoredFile {
        id: FileId(Uuid::from_u128(77)),
        size_bytes: 68,
        mime_type: "image/png".to_owned(),
        name: "image.png".to_owned(),
        sha256: "00".repeat(32),
    }
}

fn comes(w: &mut World, message: MessageId) -> Effects {
    w.give(Input::Fetched { message, result: Ok(stored()) })
}

fn fails(w: &mut World, message: MessageId, class: FaultClass) -> Effects {
    w.give(Input::Fetched { message, result: Err(fault(class)) })
}

fn fetch_due(w: &World) -> Option<Timestamp> {
    w.tasks.values().find(|(task, _)| matches!(task, TaskKind::Fetch(_))).map(|(_, at)| *at)
}

fn file_of(w: &World, id: MessageId) -> MediaFile {
    match &w.state.messages.iter().find(|m| m.id == id).unwrap().content {
        Content::Media { file: Some(file), .. } => (**file).clone(),
        other => panic!("no file in {other:?}"),
    }
}

fn has_file(delivery: &Delivery) -> bool {
    let Payload::Message { content: Content::Media { file: Some(file), .. }, .. } =
        &delivery.payload
    else {
        return false;
    };
    file.stored().is_some()
}

fn at_the_desk() -> World {
    let mut w = world();
    w.asks_for_person();
    w.open_work();
    w.rep(DeskEventKind::Accepted { rep: None });
    w
}

#[test]
fn the_ai_goes_on_while_a_customers_file_is_fetched() {
    let mut w = world();
    let id = sends(&mut w);
    assert_eq!(fetch_due(&w), Some(w.now));
    assert!(w.tasks.values().any(|(task, _)| matches!(task, TaskKind::Turn(_))));
    w.says("thank you");
    assert_eq!(w.drain(Destination::Customer), ["thank you"]);
    let effects = comes(&mut w, id);
    assert!(effects.facts.iter().any(|f| matches!(f.kind, FactKind::MessageChanged(_))));
    assert_eq!(file_of(&w, id), MediaFile::Stored(stored()));
    assert_eq!(fetch_due(&w), None);
}

#[test]
fn where_files_are_not_fetched_nothing_waits() {
    let mut w = at_the_desk();
    w.channel.max_file_bytes = 0;
    sends(&mut w);
    assert_eq!(fetch_due(&w), None);
    assert_eq!(w.drain(Destination::Desk), ["[image] look"]);
}

#[test]
fn the_desk_gets_the_file_and_the_order_is_kept() {
    let mut w = at_the_desk();
    let id = sends(&mut w);
    w.customer("do you see it?");
    assert!(w.drain(Destination::Desk).is_empty(), "the words stay behind the picture");
    w.now = w.now.plus_ms(2 * SECOND_MS);
    comes(&mut w, id);
    let taken = w.taken("d-5");
    assert!(has_file(&w.send(Destination::Desk, taken).unwrap()));
    assert_eq!(w.drain(Destination::Desk), ["do you see it?"]);
}

#[test]
fn after_a_minute_the_desk_gets_words_and_later_the_file() {
    let mut w = at_the_desk();
    let id = sends(&mut w);
    w.now = w.now.plus_ms(MINUTE_MS);
    let taken = w.taken("d-5");
    let words_only = w.send(Destination::Desk, taken).unwrap();
    assert!(matches!(&words_only.payload, Payload::Message { content: Content::Text { .. }, .. }));
    w.now = w.now.plus_ms(HOUR_MS);
    comes(&mut w, id);
    let taken = w.taken("d-6");
    assert!(has_file(&w.send(Destination::Desk, taken).unwrap()));
}

#[test]
fn a_file_that_was_said_to_the_ai_reaches_the_rep_when_it_comes_after_the_handoff() {
    let mut w = world();
    let id = sends(&mut w);
    w.turn(Decision::Handoff { reason: HandoffReason::CustomerAsked });
    w.open_work();
    comes(&mut w, id);
    let taken = w.taken("d-6");
    assert!(has_file(&w.send(Destination::Desk, taken).unwrap()));
}

#[test]
fn what_is_held_for_the_opening_goes_on_waiting_for_its_file() {
    let mut w = world();
    w.asks_for_person();
    let id = sends(&mut w);
    w.plan();
    let taken = w.taken("work");
    w.send(Destination::Desk, taken);
    assert_eq!(w.drain(Destination::Desk), ["plan transcript"], "the file is not here yet");
    comes(&mut w, id);
    let taken = w.taken("d-6");
    assert!(has_file(&w.send(Destination::Desk, taken).unwrap()));
}

#[test]
fn the_pauses_grow_and_a_day_is_the_end() {
    let mut w = at_the_desk();
    let id = sends(&mut w);
    let start = w.now;
    let mut pauses = Vec::new();
    while let Some(due) = fetch_due(&w) {
        pauses.push(due.since_ms(w.now) / SECOND_MS);
        w.now = due;
        fails(&mut w, id, FaultClass::VendorDown);
    }
    assert_eq!(pauses[..7], [0, 5, 30, 120, 600, 3_600, 3_600]);
    assert!(w.now.since_ms(start) >= DAY_MS && pauses.len() < 35);
    assert!(matches!(file_of(&w, id), MediaFile::Failed { .. }));
}

#[test]
fn a_final_fault_is_shown_at_once() {
    let mut w = at_the_desk();
    let id = sends(&mut w);
    let effects = fails(&mut w, id, FaultClass::MediaProblem);
    let noticed = |f: &NewFact| matches!(&f.kind, FactKind::OperatorNotice { code, .. } if code == "file_not_fetched");
    assert!(effects.facts.iter().any(noticed));
    assert_eq!(w.drain(Destination::Desk), ["[image] look (reason)"]);
    assert_eq!(fetch_due(&w), None);
}

#[test]
fn a_reps_file_goes_to_the_customer_once_it_is_here() {
    let mut w = at_the_desk();
    let id = rep_sends(&mut w);
    w.rep_says("that is it");
    assert!(w.drain(Destination::Customer).is_empty());
    comes(&mut w, id);
    let taken = w.taken("v-9");
    assert!(has_file(&w.send(Destination::Customer, taken).unwrap()));
    assert_eq!(w.drain(Destination::Customer), ["that is it"]);
}

#[test]
fn a_reps_slow_file_makes_way_and_comes_later() {
    let mut w = at_the_desk();
    let id = rep_sends(&mut w);
    w.rep_says("meanwhile");
    w.now = w.now.plus_ms(MINUTE_MS);
    assert_eq!(w.attempt(Destination::Customer), None);
    let held = w.state.deliveries.iter().find(|d| d.payload.message() == Some(id)).unwrap();
    assert_eq!((held.state, held.hold), (DeliveryState::Held, Some(Hold::File)));
    assert_eq!(w.drain(Destination::Customer), ["meanwhile"]);
    comes(&mut w, id);
    let taken = w.taken("v-9");
    assert!(has_file(&w.send(Destination::Customer, taken).unwrap()));
}

#[test]
fn a_reps_file_that_cannot_be_had_is_told_in_the_thread() {
    let mut w = at_the_desk();
    let id = rep_sends(&mut w);
    fails(&mut w, id, FaultClass::MediaProblem);
    let message = w.state.messages.iter().find(|m| m.id == id).unwrap();
    assert_eq!(message.status, MessageStatus::Failed);
    assert!(w.drain(Destination::Customer).is_empty());
    let told = w.drain(Destination::Desk);
    assert!(told.iter().any(|t| t.contains("did not reach the customer: reason")), "{told:?}");
}

#[test]
fn who_keeps_the_bytes() {
    let mut w = at_the_desk();
    let rep = rep_sends(&mut w);
    let customer = sends(&mut w);
    let to = Identity { points: vec![Point::new(PointKind::WhatsappUser, "US.1")], name: None };
    let echo = Echo {
        vendor_id: VendorId::from("wamid.e"),
        to,
        at: w.now,
        content: image(),
        from: "the phone".to_owned(),
    };
    w.give(Input::Echo(echo));
    let elsewhere = w.state.messages.last().unwrap().id;
    let keeper = |id| super::keeper(w.state.messages.iter().find(|m| m.id == id).unwrap());
    assert_eq!(keeper(rep), Keeper::Desk);
    assert_eq!(keeper(customer), Keeper::Channel);
    assert_eq!(keeper(elsewhere), Keeper::Channel);
}

#[test]
fn the_file_of_a_cited_article_follows_the_words_and_its_loss_hands_nobody_over() {
    let mut w = world();
    w.channel.max_file_bytes = 1_000;
    w.customer("which size am I?");
    let citation = crate::message::Citation {
        title: "Sizes".to_owned(),
        source: "sizes.md".to_owned(),
        file: Some("charts/sizes.png".to_owned()),
    };
    w.turn(Decision::Reply {
        text: "M".to_owned(),
        choices: Vec::new(),
        citations: vec![citation],
        knew: true,
    });
    let picture = w.message("[image: sizes.png]").clone();
    assert_eq!(keeper(&picture), Keeper::Engine);
    assert!(w.tasks.values().any(|(t, _)| *t == TaskKind::Fetch(picture.id)));
    let lost = Err(fault(FaultClass::MediaProblem));
    w.give(Input::Fetched { message: picture.id, result: lost });
    assert_eq!(w.message("[image: sizes.png]").status, MessageStatus::Failed);
    assert_eq!(w.drain(Destination::Customer), ["M"]);
    assert_eq!(w.owner(), Owner::Ai);
}
