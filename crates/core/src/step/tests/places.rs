//! Where a handoff goes once its topic is known, and when nobody is there.

use super::*;
use crate::{
    desk::Availability,
    route::{Unavailable, WorkKind},
};

fn place(w: &World, choice: Choice, there: Option<Availability>) -> Input {
    let handoff = w.state.handoff.clone().unwrap();
    let step = |step: &str, optional| PlanStep {
        step: step.to_owned(),
        call: serde_json::json!({}),
        optional,
    };
    Input::Briefed {
        handoff: handoff.id,
        brief: Brief {
            subject: "s".to_owned(),
            summary: "s".to_owned(),
            classification: "sales".to_owned(),
            sentiment: crate::brief::Sentiment::Neutral,
            language: "en".to_owned(),
            reason: "r".to_owned(),
        },
        place: Place { index: 0, choice, availability: there },
        plan: Ok(vec![step("contact", true), step("create", false), step("link", true)]),
    }
}

fn away(w: &World) -> Option<Availability> {
    let opens_at = Some(w.now.plus_ms(5 * HOUR_MS));
    Some(Availability { opens_at, ..Availability::default() })
}

#[test]
fn what_waits_goes_where_the_topic_wants_it() {
    let mut w = world();
    w.asks_for_person();
    w.customer("and hurry");
    let sales = DeskId(Uuid::from_u128(77));
    let input = place(&w, Choice::of(sales), None);
    w.give(input);
    assert_eq!(w.state.handoff.as_ref().unwrap().desk, sales);
    let at_desk = w.state.deliveries.iter().filter(|d| d.destination == Destination::Desk);
    assert!(at_desk.clone().count() >= 4 && at_desk.clone().all(|d| d.desk == Some(sales)));
}

#[test]
fn the_customer_of_a_busy_desk_hears_the_truth_and_waits_there() {
    let mut w = world();
    w.asks_for_person();
    let busy = Availability { open: true, position: Some(4), ..Availability::default() };
    let choice = w.routes[0].choices[0].clone();
    let input = place(&w, choice, Some(busy));
    w.give(input);
    assert_eq!(w.owner(), Owner::Desk);
    let told = w.drain(Destination::Customer).join("\n");
    assert!(told.contains("You are number 4 in line."), "{told}");
}

#[test]
fn the_ai_goes_on_where_the_route_says_so_and_answers_what_came_meanwhile() {
    let mut w = world();
    w.asks_for_person();
    w.customer("is it open tomorrow?");
    let choice = Choice { unavailable: Unavailable::Ai, ..w.routes[0].choices[0].clone() };
    let input = place(&w, choice, away(&w));
    w.give(input);
    assert_eq!(w.owner(), Owner::Ai);
    assert!(w.state.session.as_ref().unwrap().is_unanswered());
    assert!(w.tasks.values().any(|(t, _)| matches!(t, TaskKind::Turn(_))));
    let told = w.drain(Destination::Customer).join("\n");
    assert!(told.contains("back in about 5 h"), "{told}");
    assert_eq!(w.drain(Destination::Desk), Vec::<String>::new(), "nothing is made at the desk");
}

#[test]
fn an_optional_step_that_fails_delays_nothing() {
    let outcomes = [
        Outcome::Rejected { fault: fault(FaultClass::Permission) },
        Outcome::Retry { after_ms: Some(HOUR_MS), fault: fault(FaultClass::VendorDown) },
        Outcome::Unknown { fault: fault(FaultClass::VendorDown) },
    ];
    for outcome in outcomes {
        let mut w = world();
        w.asks_for_person();
        let choice = w.routes[0].choices[0].clone();
        let input = place(&w, choice, None);
        w.give(input);
        let contact = w.send(Destination::Desk, outcome).unwrap();
        assert_eq!(
            (words(&contact).as_str(), contact.state),
            ("plan contact", DeliveryState::Failed)
        );
        let noticed = |fact: &NewFact| matches!(fact.kind, FactKind::OperatorNotice { .. });
        assert!(w.facts.iter().any(noticed), "an operator hears of it");
        let taken = w.taken("work");
        w.send(Destination::Desk, taken);
        assert!(w.state.handoff.as_ref().unwrap().state.is_open());
    }
}

#[test]
fn what_a_step_learned_is_there_for_the_next() {
    let mut w = world();
    w.asks_for_person();
    let choice = w.routes[0].choices[0].clone();
    let input = place(&w, choice, None);
    w.give(input);
    let learned = BTreeMap::from([("contact".to_owned(), "c-1".to_owned())]);
    let notice = Some("two contacts have this address".to_owned());
    w.send(
        Destination::Desk,
        Outcome::Accepted(Accepted { learned, notice, ..Accepted::default() }),
    );
    assert_eq!(w.state.handoff.as_ref().unwrap().learned["contact"], "c-1");
    let noticed = |fact: &NewFact| matches!(&fact.kind, FactKind::OperatorNotice { text, .. } if text.contains("two contacts"));
    assert!(w.facts.iter().any(noticed));
}

#[test]
fn a_session_lives_as_long_as_its_case_is_looked_after() {
    let mut w = world();
    w.asks_for_person();
    let choice = Choice { kind: WorkKind::Case, ..w.routes[0].choices[0].clone() };
    let input = place(&w, choice, None);
    w.give(input);
    w.open_taken();
    let session = w.state.session.as_ref().unwrap().id;
    let (_, due) = w.task(|t| *t == TaskKind::Silence(session));
    assert!(due.since_ms(w.now) <= w.settings.silent_close_case_ms, "nobody forgets it");
    w.now = w.now.plus_ms(w.settings.silent_close_desk_ms + HOUR_MS);
    w.give(Input::Due(TaskKind::Silence(session)));
    assert!(w.state.session.is_some(), "the case is still open");
    w.now = w.now.plus_ms(w.settings.silent_close_case_ms);
    w.give(Input::Due(TaskKind::Silence(session)));
    assert!(w.state.session.is_none());
}

impl World {
    /// The task of a kind that must be set, and when it is due.
    fn task(&self, wanted: impl Fn(&TaskKind) -> bool) -> (TaskKind, Timestamp) {
        *self.tasks.values().find(|(task, _)| wanted(task)).unwrap()
    }

    /// The contact is found and the work is made.
    fn open_taken(&mut self) {
        let taken = self.taken("contact");
        self.send(Destination::Desk, taken);
        let taken = self.taken("work");
        self.send(Destination::Desk, taken);
        self.drain(Destination::Desk);
    }
}

#[test]
fn work_that_a_given_up_desk_made_after_all_is_ended_there() {
    let mut w = world();
    w.asks_for_person();
    w.plan();
    let first = w.state.handoff.clone().unwrap();
    let lost = Outcome::Retry { after_ms: None, fault: fault(FaultClass::VendorDown) };
    w.send(Destination::Desk, lost);
    let (patience, due) = w.task(|t| matches!(t, TaskKind::Patience(_)));
    w.now = due;
    w.give(Input::Due(patience));
    assert_ne!(w.state.handoff.as_ref().unwrap().id, first.id, "the next choice was taken");
    let (recall, due) = w.task(|t| matches!(t, TaskKind::Recall(_)));
    assert_eq!(recall, TaskKind::Recall(first.id));
    w.now = due;
    let down = Err(fault(FaultClass::VendorDown));
    w.give(Input::Recalled { handoff: first.clone(), found: down });
    assert_eq!(w.task(|t| matches!(t, TaskKind::Recall(_))).0, recall, "asked again");
    let work = Some(Work { id: VendorId::from("c-9"), reference: None });
    let found = Ok(Some(Accepted { work, ..Accepted::default() }));
    let effects = w.give(Input::Recalled { handoff: first.clone(), found });
    let close = effects.deliveries.iter().find(|d| d.payload == Payload::Close).unwrap();
    assert_eq!((close.handoff, close.desk), (Some(first.id), Some(first.desk)));
    assert!(effects.handoffs.iter().any(|h| h.id == first.id && h.work.is_some()));
    assert!(!w.tasks.values().any(|(t, _)| *t == recall));
}

#[test]
fn who_writes_again_after_the_end_gets_whom_the_workspace_wants() {
    for (late, hours, owner) in [
        (LateMessage::Ai, 1, Owner::Ai),
        (LateMessage::Desk, 1, Owner::Desk),
        (LateMessage::Desk, 30, Owner::Ai),
    ] {
        let mut w = world();
        w.settings.handoff.late_message = late;
        w.asks_for_person();
        w.open_work();
        w.rep(DeskEventKind::Ended { by: "rep".to_owned() });
        w.now = w.now.plus_ms(hours * HOUR_MS);
        w.customer("it broke again");
        assert_eq!(w.owner(), owner, "{late:?} after {hours} h");
        if owner == Owner::Desk {
            w.open_work();
            w.rep(DeskEventKind::Ended { by: "rep".to_owned() });
            w.settings.handoff.late_message = LateMessage::Ai;
            w.customer("thanks");
            assert_eq!(w.owner(), Owner::Ai);
        }
    }
}

#[test]
fn a_customer_in_line_is_told_where_now_and_then_until_a_rep_is_there() {
    let mut w = world();
    w.asks_for_person();
    w.open_work();
    w.drain(Destination::Customer);
    let in_line = |position| DeskEventKind::Waiting { position: Some(position), wait_ms: None };
    w.rep(in_line(3));
    w.rep(in_line(2));
    let told = w.drain(Destination::Customer).join("\n");
    assert!(told.contains("number 3") && !told.contains("number 2"), "{told}");
    w.now = w.now.plus_ms(4 * MINUTE_MS);
    w.rep(in_line(1));
    assert!(w.drain(Destination::Customer).join("\n").contains("number 1"));
    w.now = w.now.plus_ms(4 * MINUTE_MS);
    w.rep(DeskEventKind::Accepted { rep: Some("Dana".to_owned()) });
    w.rep(in_line(1));
    assert_eq!(w.drain(Destination::Customer), Vec::<String>::new());
}

#[test]
fn ids_that_come_to_light_later_are_the_sessions() {
    let mut w = world();
    w.asks_for_person();
    w.open_work();
    let metadata = serde_json::Map::from_iter([("desk_session_id".to_owned(), "0M1".into())]);
    let learned = BTreeMap::from([("session".to_owned(), "0M1".to_owned())]);
    w.rep(DeskEventKind::Learned(Accepted { metadata, learned, ..Accepted::default() }));
    assert_eq!(w.state.session.as_ref().unwrap().metadata["desk_session_id"], "0M1");
    assert_eq!(w.state.handoff.as_ref().unwrap().learned["session"], "0M1");
}

#[test]
fn where_a_desk_can_bring_it_to_nobody_the_next_choice_is_taken() {
    let mut w = world();
    let other = w.routes[0].choices[1].clone();
    w.asks_for_person();
    w.open_work();
    w.customer("are you there?");
    w.rep(DeskEventKind::Failed { why: "bring it to a rep: no queue".to_owned() });
    let next = w.state.handoff.clone().unwrap();
    assert_eq!((next.desk, next.state), (other.desk, HandoffState::Requested));
    assert_eq!(next.transcript_up_to, w.state.conversation.last_position, "what came meanwhile");
    assert_eq!(w.owner(), Owner::Desk);
    // A rep who was there already is the end of it, not its failure.
    let mut w = world();
    w.asks_for_person();
    w.open_work();
    w.rep(DeskEventKind::Accepted { rep: None });
    w.rep(DeskEventKind::Failed { why: "bring it to a rep: no queue".to_owned() });
    let handoff = w.state.handoff.as_ref();
    assert!(handoff.is_none_or(|handoff| handoff.state == HandoffState::Closed));
}
