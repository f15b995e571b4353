//! One story a rule.

use super::*;

#[test]
fn a_first_message_opens_session_and_window_and_the_ai_waits_a_little() {
    let mut w = world();
    w.customer("hi");
    let session = w.state.session.clone().unwrap();
    assert_eq!(session.owner, Owner::Ai);
    let window = w.state.conversation.window.unwrap();
    assert_eq!(window.expires_at, w.now.plus_ms(DAY_MS - MINUTE_MS));
    let (_, due) = w.tasks.values().find(|(t, _)| matches!(t, TaskKind::Turn(_))).unwrap();
    assert_eq!(*due, w.now.plus_ms(1_500));
    assert_eq!(session.metadata["sessionId"], session.id.to_string());
}

#[test]
fn the_quiet_time_grows_but_is_bounded() {
    let mut w = world();
    let start = w.now;
    for _ in 0..20 {
        w.customer("and");
        w.now = w.now.plus_ms(1_000);
    }
    let (_, due) = w.tasks.values().find(|(t, _)| matches!(t, TaskKind::Turn(_))).unwrap();
    assert!(*due <= w.now && due.since_ms(start) <= 20_000);
}

#[test]
fn a_turn_that_was_overtaken_runs_again_and_then_answers_what_it_read() {
    let mut w = world();
    w.customer("one");
    let old = w.state.session.clone().unwrap();
    for _ in 0..2 {
        w.customer("more");
        let up_to = old.asked_up_to;
        let result = Ok(Turn {
            decision: Decision::Reply {
                text: "early".to_owned(),
                choices: vec![],
                citations: vec![],
                knew: true,
            },
            language: None,
            tokens: 0,
        });
        let effects = w.give(Input::TurnEnded { up_to, epoch: old.epoch, result });
        assert!(effects.deliveries.is_empty(), "discarded and run again");
    }
    w.says("answer");
    assert_eq!(w.drain(Destination::Customer), ["answer"]);
    assert!(!w.state.session.as_ref().unwrap().is_unanswered());
}

#[test]
fn a_third_overtaking_does_not_starve_the_customer() {
    let mut w = world();
    w.customer("one");
    let session = w.state.session.clone().unwrap();
    w.customer("two");
    let reply = || {
        Ok(Turn {
            decision: Decision::Reply {
                text: "answer one".to_owned(),
                choices: vec![],
                citations: vec![],
                knew: true,
            },
            language: None,
            tokens: 0,
        })
    };
    for _ in 0..3 {
        let up_to = session.asked_up_to;
        w.give(Input::TurnEnded { up_to, epoch: session.epoch, result: reply() });
    }
    assert_eq!(w.drain(Destination::Customer), ["answer one"]);
    assert!(w.tasks.values().any(|(t, _)| matches!(t, TaskKind::Turn(_))), "a next turn follows");
}

#[test]
fn from_the_request_on_the_ai_is_silent() {
    let mut w = world();
    w.customer("hello");
    w.says("queued answer");
    let before = w.state.session.clone().unwrap();
    w.customer("no, a person!");
    let up_to = w.state.conversation.last_position;
    w.turn(Decision::Handoff { reason: HandoffReason::CustomerAsked });
    assert_eq!(w.owner(), Owner::Desk);
    assert_eq!(w.message("queued answer").status, MessageStatus::Cancelled);
    let late = Ok(Turn {
        decision: Decision::Reply {
            text: "too late".to_owned(),
            choices: vec![],
            citations: vec![],
            knew: true,
        },
        language: None,
        tokens: 0,
    });
    w.give(Input::TurnEnded { up_to: up_to + 1, epoch: before.epoch, result: late });
    let sent = w.drain(Destination::Customer);
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(sent[0].contains("connecting"), "{sent:?}");
}

#[test]
fn what_the_customer_writes_meanwhile_waits_behind_the_plan() {
    let mut w = world();
    w.asks_for_person();
    w.customer("are you there?");
    assert_eq!(w.state.deliveries.last().unwrap().hold, Some(Hold::Opening));
    w.plan();
    w.customer("hello?");
    let taken = w.taken("work");
    w.send(Destination::Desk, taken);
    assert_eq!(w.drain(Destination::Desk), ["plan transcript", "are you there?", "hello?"]);
    let session = w.state.session.clone().unwrap();
    assert_eq!(session.metadata["dynamics365_chat_id"], "c-1");
    assert_eq!(w.state.handoff.clone().unwrap().state, HandoffState::Waiting);
}

#[test]
fn a_second_request_changes_nothing() {
    let mut w = world();
    w.asks_for_person();
    let first = w.state.handoff.clone().unwrap();
    w.turn(Decision::Handoff { reason: HandoffReason::Frustration });
    assert_eq!(w.state.handoff.clone().unwrap().id, first.id);
}

#[test]
fn when_a_desk_refuses_the_next_choice_is_taken_and_then_the_customer_is_told() {
    let mut w = world();
    w.asks_for_person();
    w.customer("meanwhile");
    w.plan();
    w.send(Destination::Desk, Outcome::Rejected { fault: fault(FaultClass::Bug) });
    let second = w.state.handoff.clone().unwrap();
    assert_eq!((second.choice, second.desk), (1, DeskId(Uuid::from_u128(11))));
    assert!(second.transcript_up_to >= w.message("meanwhile").position);
    w.plan();
    w.send(Destination::Desk, Outcome::Rejected { fault: fault(FaultClass::Bug) });
    assert_eq!(w.owner(), Owner::Ai);
    let sent = w.drain(Destination::Customer);
    assert!(sent.iter().any(|t| t.contains("could not reach")), "{sent:?}");
    let noticed = |code: &str| {
        w.facts
            .iter()
            .any(|f| matches!(&f.kind, FactKind::OperatorNotice { code: c, .. } if c == code))
    };
    assert!(noticed("handoff_failed") && noticed("no_desk_reachable"));
}

#[test]
fn a_reps_reply_goes_out_and_its_failure_comes_back_to_the_rep() {
    let mut w = world();
    w.asks_for_person();
    w.open_work();
    w.rep(DeskEventKind::Accepted { rep: Some("Rosa".to_owned()) });
    assert_eq!(w.state.handoff.clone().unwrap().state, HandoffState::Active);
    w.rep_says("hello Ana");
    let out = w.send(Destination::Customer, w.taken("wamid.out")).unwrap();
    assert_eq!(w.message("hello Ana").status, MessageStatus::Sent);
    let receipt = Receipt {
        vendor_id: VendorId::from("wamid.out"),
        delivery: None,
        status: MessageStatus::Failed,
        at: w.now,
        fault: Some(fault(FaultClass::NotReachable)),
        cost: None,
    };
    w.give(Input::Receipt { receipt, delivery: out.id });
    assert_eq!(w.message("hello Ana").status, MessageStatus::Failed);
    let notes = w.drain(Destination::Desk);
    assert!(notes.iter().any(|n| n.contains("did not reach the customer")), "{notes:?}");
}

fn a_late_reply(w: &mut World) {
    w.asks_for_person();
    w.open_work();
    w.now = w.now.plus_ms(DAY_MS);
    w.rep_says("sorry for the delay");
}

#[test]
fn a_late_reply_is_held_explained_and_sent_first_when_the_customer_answers() {
    let mut w = world();
    a_late_reply(&mut w);
    assert!(w.attempt(Destination::Customer).is_none(), "refused at send time");
    assert_eq!(w.message("sorry for the delay").status, MessageStatus::Held);
    let notes = w.drain(Destination::Desk);
    assert!(notes[0].contains(window::WINDOW_CLOSED), "{notes:?}");
    assert_eq!(w.drain(Destination::Customer), ["template reminder"]);
    w.rep_says("one more thing");
    assert!(w.drain(Destination::Customer).is_empty(), "no second template");
    w.customer("yes?");
    assert_eq!(w.drain(Destination::Customer), ["sorry for the delay", "one more thing"]);
}

#[test]
fn an_inbox_may_have_a_template_of_its_own() {
    let mut w = world();
    let template = |name: &str| TemplateUse { name: name.to_owned(), ..TemplateUse::default() };
    let by_inbox = &mut w.settings.reengagement_by_inbox;
    by_inbox.insert("Northwind".to_owned(), template("HX1"));
    by_inbox.insert("Another inbox".to_owned(), template("HX2"));
    a_late_reply(&mut w);
    assert!(w.attempt(Destination::Customer).is_none());
    assert_eq!(w.drain(Destination::Customer), ["template HX1"]);
}

#[test]
fn the_window_counts_by_the_vendors_time_with_a_minute_to_spare() {
    let mut w = world();
    w.asks_for_person();
    w.open_work();
    let opened = w.state.conversation.window.unwrap().opened_at;
    w.now = opened.plus_ms(DAY_MS - MINUTE_MS - 1);
    w.rep_says("just in time");
    assert!(w.attempt(Destination::Customer).is_some());
    w.now = opened.plus_ms(DAY_MS - MINUTE_MS);
    w.state.conversation.awaited = None;
    for delivery in &mut w.state.deliveries {
        if delivery.state == DeliveryState::Sending {
            delivery.state = DeliveryState::Done;
        }
    }
    w.rep_says("too late");
    assert!(w.attempt(Destination::Customer).is_none());
}

#[test]
fn a_refusal_that_meta_reports_later_is_treated_like_one_at_once() {
    let mut w = world();
    w.asks_for_person();
    w.open_work();
    w.rep_says("reply");
    let out = w.send(Destination::Customer, w.taken("wamid.out")).unwrap();
    let receipt = Receipt {
        vendor_id: VendorId::from("wamid.out"),
        delivery: Some(out.id),
        status: MessageStatus::Failed,
        at: w.now,
        fault: Some(fault(FaultClass::WindowClosed)),
        cost: None,
    };
    w.give(Input::Receipt { receipt, delivery: out.id });
    assert_eq!(w.message("reply").status, MessageStatus::Held);
    assert_eq!(w.drain(Destination::Customer), ["template reminder"]);
    w.now = w.now.plus_ms(1);
    w.customer("here I am");
    assert_eq!(w.drain(Destination::Customer), ["reply"]);
}

#[test]
fn an_unknown_ai_answer_becomes_a_handoff_and_is_never_sent_again() {
    let mut w = world();
    w.customer("question");
    w.says("answer");
    let sent =
        w.send(Destination::Customer, Outcome::Unknown { fault: fault(FaultClass::VendorDown) });
    let id = sent.unwrap().id;
    assert!(w.attempt(Destination::Customer).is_none(), "the queue waits for it");
    w.now = w.now.plus_ms(HOUR_MS);
    w.give(Input::Settled { delivery: id, settled: Settled::Unknown });
    assert_eq!(w.message("answer").status, MessageStatus::MayHaveBeenSent);
    assert_eq!(w.state.handoff.clone().unwrap().reason, HandoffReason::UnknownDelivery);
    assert!(w.drain(Destination::Customer).iter().all(|t| t != "answer"));
}

#[test]
fn a_status_settles_an_unknown_even_before_the_call_answers() {
    for outcome_first in [true, false] {
        let mut w = world();
        w.customer("question");
        w.says("answer");
        let attempt = w.attempt(Destination::Customer).unwrap();
        let id = attempt.delivery;
        let receipt = Receipt {
            vendor_id: VendorId::from("wamid.out"),
            delivery: Some(id),
            status: MessageStatus::Delivered,
            at: w.now,
            fault: None,
            cost: None,
        };
        let lost = Outcome::Unknown { fault: fault(FaultClass::VendorDown) };
        let receipt = Input::Receipt { receipt, delivery: id };
        let outcome = Input::Outcome { attempt, outcome: lost };
        for input in if outcome_first { [outcome, receipt] } else { [receipt, outcome] } {
            w.give(input);
        }
        let delivery = w.state.deliveries.iter().find(|d| d.id == id).unwrap();
        assert_eq!(delivery.state, DeliveryState::Done);
        assert_eq!(w.message("answer").status, MessageStatus::Delivered);
    }
}

#[test]
fn when_the_rep_ends_the_policy_says_who_is_next() {
    let mut w = world();
    w.asks_for_person();
    w.open_work();
    w.rep(DeskEventKind::Ended { by: "rep".to_owned() });
    assert!(w.state.session.is_none());
    let first = w.sessions[0].id;
    w.customer("me again");
    assert_ne!(w.state.session.clone().unwrap().id, first);
    assert_eq!(w.owner(), Owner::Ai);

    let mut w = world();
    w.settings.handoff.after_desk = AfterDesk::ReturnToAi;
    w.asks_for_person();
    w.open_work();
    w.rep(DeskEventKind::Ended { by: "rep".to_owned() });
    assert_eq!(w.owner(), Owner::Ai);
    w.customer("me again");
    w.says("hello again");
    assert_eq!(w.drain(Destination::Customer), ["hello again"]);
}

#[test]
fn a_customer_whose_only_desk_does_not_answer_is_told_once_and_not_forgotten() {
    let mut w = world();
    w.routes[0].choices.truncate(1);
    w.asks_for_person();
    w.plan();
    w.drain(Destination::Customer);
    let handoff = w.state.handoff.clone().unwrap();
    let told = w.settings.texts(None).out_of_hours;
    let mut heard = Vec::new();
    for _ in 0..3 {
        w.send(Destination::Desk, Outcome::Rejected { fault: fault(FaultClass::Auth) });
        w.now = w.now.plus_ms(w.settings.handoff.open_patience_ms);
        w.give(Input::Due(TaskKind::Patience(handoff.id)));
        heard.extend(w.drain(Destination::Customer));
    }
    assert_eq!(heard, [told]);
    let taken = w.taken("work");
    w.send(Destination::Desk, taken);
    assert!(w.state.handoff.as_ref().unwrap().state.is_open(), "the operator mended it");
}

#[test]
fn a_message_that_meets_an_ended_work_goes_where_the_policy_says() {
    for (late, owner) in [(LateMessage::Ai, Owner::Ai), (LateMessage::Desk, Owner::Desk)] {
        for event_first in [true, false] {
            let mut w = world();
            w.settings.handoff.late_message = late;
            w.asks_for_person();
            w.open_work();
            let old = w.state.handoff.clone().unwrap();
            w.customer("one more question");
            let refused = Outcome::Rejected { fault: fault(FaultClass::WorkEnded) };
            if event_first {
                let attempt = w.attempt(Destination::Desk).unwrap();
                w.rep(DeskEventKind::Ended { by: "rep".to_owned() });
                w.give(Input::Outcome { attempt, outcome: refused });
            } else {
                w.send(Destination::Desk, refused);
            }
            assert_eq!(w.owner(), owner, "late {late:?}, event first {event_first}");
            let session = w.state.session.clone().unwrap();
            assert!(session.is_unanswered());
            assert_eq!(w.message("one more question").session, session.id);
            if late == LateMessage::Desk {
                let handoff = w.state.handoff.clone().unwrap();
                assert_ne!(handoff.id, old.id);
                assert!(handoff.transcript_up_to >= w.message("one more question").position);
            } else {
                assert!(w.tasks.values().any(|(t, _)| matches!(t, TaskKind::Turn(_))));
            }
        }
    }
}

#[test]
fn a_listing_brings_what_is_missing_once_and_two_equal_words_twice() {
    let mut w = world();
    w.asks_for_person();
    w.open_work();
    w.rep_says("ok");
    let handoff = w.state.handoff.clone().unwrap();
    let compare = |w: &mut World, listed: &[(&str, &str)]| {
        let from_rep = listed.iter().map(|(id, text)| said(text, Some(id))).collect();
        let listing = Listing { from_rep, from_us: Vec::new(), ended: false };
        w.give(Input::Listed { handoff: handoff.clone(), listing, templates: Vec::new() });
    };
    let effects = w.rep_says("ok");
    assert!(effects.ask_desk && effects.messages.is_empty(), "the rules cannot tell");
    compare(&mut w, &[("1", "ok")]);
    assert_eq!(w.rep_texts(), ["ok"], "a repeated webhook brings nothing");
    compare(&mut w, &[("1", "ok"), ("2", "ok"), ("3", "bye")]);
    assert_eq!(w.rep_texts(), ["ok", "ok", "bye"]);
    compare(&mut w, &[("1", "ok"), ("2", "ok"), ("3", "bye")]);
    assert_eq!(w.rep_texts(), ["ok", "ok", "bye"]);
}

#[test]
fn a_message_that_comes_back_from_an_ended_work_is_still_heard() {
    for again_with_a_rep in [false, true] {
        let mut w = world();
        w.asks_for_person();
        w.open_work();
        w.customer("one more question");
        let attempt = w.attempt(Destination::Desk).unwrap();
        w.rep(DeskEventKind::Ended { by: "rep".to_owned() });
        if again_with_a_rep {
            w.asks_for_person();
        }
        let again = Outcome::Retry { after_ms: Some(0), fault: fault(FaultClass::RateLimited) };
        w.give(Input::Outcome { attempt, outcome: again });
        w.attempt(Destination::Desk);
        let session = w.state.session.clone().unwrap();
        assert_eq!(w.message("one more question").session, session.id);
        if again_with_a_rep {
            assert_eq!(w.owner(), Owner::Desk);
            w.plan();
            let taken = w.taken("work");
            w.send(Destination::Desk, taken);
            let brought = w.drain(Destination::Desk);
            assert!(brought.contains(&"one more question".to_owned()), "{brought:?}");
        } else {
            assert!(w.owner() == Owner::Ai && session.is_unanswered());
        }
    }
}

#[test]
fn words_whose_webhook_was_lost_come_after_the_end() {
    let mut w = world();
    w.asks_for_person();
    w.open_work();
    let handoff = w.state.handoff.clone().unwrap();
    w.rep_says("hello");
    w.rep(DeskEventKind::Ended { by: "Rosa".to_owned() });
    let task = TaskKind::Reconcile(handoff.id);
    assert!(w.tasks.values().any(|(t, _)| *t == task), "the desk is asked once more");
    let from_rep = vec![said("hello", Some("1")), said("it is on its way", Some("2"))];
    let listing = Listing { from_rep, from_us: Vec::new(), ended: true };
    w.give(Input::Listed { handoff, listing, templates: Vec::new() });
    assert_eq!(w.drain(Destination::Customer), ["hello", "it is on its way"]);
    assert!(!w.tasks.values().any(|(t, _)| *t == task), "and not again");
}

#[test]
fn a_repeat_that_waited_for_the_hub_is_still_one() {
    let mut w = world();
    w.asks_for_person();
    w.open_work();
    let heard_at = w.now;
    w.rep_says("on my way");
    w.now = w.now.plus_ms(HOUR_MS);
    let handoff = w.state.handoff.clone().unwrap();
    let event = DeskEventKind::Message(said("on my way", None));
    let effects = w.give(Input::Rep { handoff, event, heard_at, templates: Vec::new() });
    assert!(effects.ask_desk && effects.messages.is_empty());
}

#[test]
fn a_person_elsewhere_silences_the_ai_until_the_timer_ends() {
    let mut w = world();
    w.customer("hi");
    let echo = Echo {
        vendor_id: VendorId::from("wamid.e"),
        to: Identity::default(),
        at: w.now,
        content: Content::text("I take this"),
        from: "WhatsApp Business app".to_owned(),
    };
    w.give(Input::Echo(echo));
    assert_eq!(w.owner(), Owner::Elsewhere);
    w.customer("thanks, and?");
    assert!(!w.tasks.values().any(|(t, _)| matches!(t, TaskKind::Turn(_))));
    let (task, due) = *w.tasks.values().find(|(t, _)| matches!(t, TaskKind::Return(_))).unwrap();
    w.now = due;
    w.give(Input::Due(task));
    assert_eq!(w.owner(), Owner::Ai);
    assert!(w.tasks.values().any(|(t, _)| matches!(t, TaskKind::Turn(_))));
}

#[test]
fn a_silent_session_closes_and_the_next_message_opens_another() {
    let mut w = world();
    w.customer("hi");
    let (task, due) = *w.tasks.values().find(|(t, _)| matches!(t, TaskKind::Silence(_))).unwrap();
    w.now = due.plus_ms(-HOUR_MS);
    w.customer("still here");
    w.now = due;
    w.give(Input::Due(task));
    assert!(w.state.session.is_some(), "somebody wrote meanwhile");
    let (task, due) = *w.tasks.values().find(|(t, _)| matches!(t, TaskKind::Silence(_))).unwrap();
    w.now = due;
    w.give(Input::Due(task));
    assert!(w.state.session.is_none());
    w.customer("hello again");
    assert_eq!(w.sessions.len(), 2);
}

#[test]
fn a_failing_engine_is_itself_a_handoff() {
    let mut w = world();
    w.customer("hi");
    let session = w.state.session.clone().unwrap();
    w.give(Input::TurnEnded {
        up_to: session.asked_up_to,
        epoch: session.epoch,
        result: Err(fault(FaultClass::EngineFailed)),
    });
    assert_eq!(w.state.handoff.clone().unwrap().reason, HandoffReason::EngineFailed);
}

#[test]
fn repeated_misses_hand_over() {
    let mut w = world();
    let miss = || Decision::Reply {
        text: "I do not know".to_owned(),
        choices: vec![],
        citations: vec![],
        knew: false,
    };
    w.customer("a");
    w.turn(miss());
    w.customer("b");
    w.turn(miss());
    assert_eq!(w.state.handoff.clone().unwrap().reason, HandoffReason::RepeatedMisses);
}

#[test]
fn stop_withdraws_templates_and_keeps_the_conversation() {
    let mut w = world();
    a_late_reply(&mut w);
    w.attempt(Destination::Customer);
    w.drain(Destination::Desk);
    w.give(Input::Consent {
        point: Point::new(PointKind::WhatsappUser, "US.1"),
        scope: ConsentScope::BusinessInitiated,
        opted_out: true,
        at: w.now,
    });
    assert!(w.drain(Destination::Customer).is_empty(), "the queued template is withdrawn");
}

#[test]
fn refused_credentials_keep_the_message_and_call_the_operator() {
    let mut w = world();
    w.customer("question");
    w.says("answer");
    let refused = Outcome::Rejected { fault: fault(FaultClass::Auth) };
    let delivery = w.send(Destination::Customer, refused).unwrap();
    assert_eq!(delivery.state, DeliveryState::Waiting);
    w.now = delivery.next_at;
    assert_eq!(w.drain(Destination::Customer), ["answer"]);
}

#[test]
fn a_conversation_that_becomes_part_of_another_closes_its_session_and_its_work() {
    let mut w = world();
    w.asks_for_person();
    w.open_work();
    w.give(Input::Merged);
    assert!(w.state.session.is_none());
    assert_eq!(w.sessions[0].close_reason, Some(CloseReason::Merged));
    assert_eq!(w.drain(Destination::Desk), ["close"]);
}

#[test]
fn the_first_event_of_a_person_makes_the_person_whatever_it_says() {
    let mut w = world();
    let point = Point::new(PointKind::WhatsappUser, "US.1");
    let (scope, at) = (ConsentScope::Marketing, w.now);
    let effects = w.give(Input::Consent { point: point.clone(), scope, opted_out: true, at });
    assert_eq!(effects.contact.unwrap().points, [point]);
}

#[test]
fn answers_to_tap_are_sent_as_the_channel_shows_them() {
    let decision = || Decision::Reply {
        text: "Shall I?".to_owned(),
        choices: vec!["Yes".to_owned(), "No".to_owned()],
        citations: vec![],
        knew: true,
    };
    let shown = |choices| {
        let mut w = world();
        w.channel.choices = choices;
        w.customer("Hello");
        w.turn(decision());
        w.state.messages.last().unwrap().content.clone()
    };
    assert_eq!(shown(None), Content::text("Shall I?"));
    let limits =
        ChoiceLimits { text_chars: 100, buttons: 3, button_chars: 20, rows: 10, row_chars: 24 };
    assert_eq!(shown(Some(limits)).as_text(), "Shall I?\n1. Yes\n2. No");
}
