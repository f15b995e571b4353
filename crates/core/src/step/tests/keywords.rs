//! STOP, START and HELP, where carriers rule and where they do not.

use super::*;

/// A number whose carriers rule: no window, STOP forbids everything.
fn carrier() -> World {
    let mut w = world();
    w.channel.channel = ChannelKind::Sms;
    w.channel.window = None;
    w.channel.templates = false;
    w.channel.stop_scope = ConsentScope::Everything;
    w.channel.keywords = Keywords::Carrier;
    w
}

fn turn_is_due(w: &World) -> bool {
    w.tasks.values().any(|(task, _)| matches!(task, TaskKind::Turn(_)))
}

fn ledger(w: &World) -> Vec<(String, bool)> {
    w.state.consents.iter().map(|c| (c.point.value.clone(), c.opted_out)).collect()
}

fn writes(w: &mut World, phone: &str, text: &str, answered_by_vendor: bool) -> Effects {
    let at = w.now;
    w.give(Input::Customer(CustomerMessage {
        vendor_id: VendorId(format!("SM{}", w.state.conversation.last_position)),
        who: Identity { points: vec![Point::new(PointKind::Phone, phone)], name: None },
        at,
        content: Content::text(text),
        reply_to: None,
        referral: None,
        answered_by_vendor,
    }))
}

#[test]
fn stop_cancels_what_waits_and_no_answer_follows() {
    let mut w = carrier();
    w.customer("where is my parcel?");
    w.says("one moment");
    w.customer("and when does it come?");
    w.customer("STOP");
    assert_eq!(w.message("one moment").status, MessageStatus::Cancelled);
    assert!(!turn_is_due(&w));
    assert!(!w.state.session.as_ref().unwrap().is_unanswered());
    assert!(w.drain(Destination::Customer).is_empty());
    // An answer that was being computed is thrown away.
    let session = w.state.session.clone().unwrap();
    let late = Turn {
        decision: Decision::Reply {
            text: "late".to_owned(),
            choices: vec![],
            citations: vec![],
            knew: true,
        },
        language: None,
        tokens: 0,
    };
    let (up_to, epoch) = (session.asked_up_to, session.epoch);
    let effects = w.give(Input::TurnEnded { up_to, epoch, result: Ok(late) });
    assert!(effects.deliveries.is_empty() && effects.messages.is_empty());
}

#[test]
fn a_rep_reads_the_stop_and_why_nothing_goes_out_any_more() {
    let mut w = carrier();
    w.asks_for_person();
    w.open_work();
    w.rep_says("Hello, Rosa here");
    w.customer("stop");
    let told = w.drain(Destination::Desk);
    assert_eq!(told[0], "stop");
    assert!(told[1].contains("opted out"), "{told:?}");
    assert_eq!(w.message("Hello, Rosa here").status, MessageStatus::Cancelled);
    w.rep_says("Are you still there?");
    assert!(w.drain(Destination::Customer).is_empty());
    let told = w.drain(Destination::Desk);
    assert!(told[0].contains("does not want to receive"), "{told:?}");
    w.customer("Start");
    w.rep_says("Welcome back");
    assert_eq!(w.drain(Destination::Customer), ["Welcome back"]);
}

#[test]
fn a_stop_that_a_vendor_reports_is_obeyed_like_a_word() {
    let mut w = carrier();
    w.asks_for_person();
    w.open_work();
    let point = Point::new(PointKind::WhatsappUser, "US.1");
    for _ in 0..2 {
        let (point, scope, at) = (point.clone(), ConsentScope::Everything, w.now);
        w.give(Input::Consent { point, scope, opted_out: true, at });
    }
    writes(&mut w, "15550100", "STOP", true);
    let told = w.drain(Destination::Desk);
    assert_eq!(told.len(), 2, "told once, and the word itself: {told:?}");
}

#[test]
fn start_opts_in_again_and_is_no_question() {
    let mut w = carrier();
    w.customer("STOP");
    w.customer("UNSTOP");
    assert_eq!(ledger(&w), [("US.1".to_owned(), false)]);
    assert!(!turn_is_due(&w));
    w.customer("where is my parcel?");
    w.says("on its way");
    assert_eq!(w.drain(Destination::Customer), ["on its way"]);
}

#[test]
fn yes_is_an_answer_like_others_to_somebody_who_never_opted_out() {
    let mut w = carrier();
    w.customer("yes");
    assert!(w.state.consents.is_empty());
    assert!(turn_is_due(&w));
}

#[test]
fn start_under_another_spelling_of_the_number_opts_in_too() {
    let mut w = carrier();
    writes(&mut w, "5511987654321", "STOP", false);
    writes(&mut w, "551187654321", "START", false);
    assert_eq!(ledger(&w), [("5511987654321".to_owned(), false)]);
}

#[test]
fn help_is_answered_once_by_baton_in_the_customers_language() {
    for (language, own, expected) in [
        (None, None, "Northwind: support by text message"),
        (Some("de"), None, "Northwind: Hilfe per SMS"),
        (Some("xx"), None, "Northwind: support by text message"),
        (Some("de"), Some("Wir sind {name}. STOP beendet."), "Wir sind Northwind. STOP beendet."),
    ] {
        let mut w = carrier();
        w.customer("hello");
        w.says("hi");
        w.drain(Destination::Customer);
        w.state.session.as_mut().unwrap().language = language.map(str::to_owned);
        w.sessions[0].language = language.map(str::to_owned);
        if let Some(own) = own {
            let mut texts = w.settings.texts(Some("de"));
            texts.help = Some(own.to_owned());
            w.settings.texts.insert("de".to_owned(), texts);
        }
        w.tasks.clear();
        w.customer("HELP");
        assert!(!turn_is_due(&w));
        let sent = w.drain(Destination::Customer);
        assert!(sent.len() == 1 && sent[0].starts_with(expected), "{language:?}: {sent:?}");
    }
}

#[test]
fn what_the_vendor_has_answered_gets_no_second_answer() {
    for word in ["HELP", "STOP", "START", "una palabra propia"] {
        let mut w = carrier();
        writes(&mut w, "15550100", word, true);
        assert!(!turn_is_due(&w), "{word}");
        assert!(w.drain(Destination::Customer).is_empty(), "{word}");
        assert_eq!(w.state.messages.len(), 1, "{word}: it is shown all the same");
    }
}

#[test]
fn no_help_goes_to_somebody_who_opted_out() {
    let mut w = carrier();
    w.customer("STOP");
    w.customer("HELP");
    assert!(w.state.deliveries.is_empty());
}

#[test]
fn in_a_chat_help_is_a_question_and_stop_leaves_the_answer_open() {
    let mut w = world();
    w.customer("help");
    assert!(turn_is_due(&w) && w.state.deliveries.is_empty());
    w.tasks.clear();
    w.customer("stop");
    assert!(turn_is_due(&w), "the customer may still be answered in their chat");
    assert_eq!(ledger(&w), [("US.1".to_owned(), true)]);
}

#[test]
fn a_vendor_that_refuses_for_stop_is_believed() {
    let mut w = carrier();
    writes(&mut w, "15550133001", "where is my parcel?", false);
    w.says("on its way");
    w.says("more of it");
    let refused = Outcome::Rejected { fault: fault(FaultClass::OptedOut) };
    w.send(Destination::Customer, refused).unwrap();
    assert!(ledger(&w).iter().any(|(_, out)| *out), "it is in the ledger");
    assert_eq!(w.message("on its way").status, MessageStatus::Failed);
    assert!(w.drain(Destination::Customer).is_empty(), "what waits is withdrawn");
    assert!(w.state.handoff.is_none(), "nobody is asked to answer in vain");
    writes(&mut w, "15550133001", "START", false);
    assert!(ledger(&w).iter().all(|(_, out)| !*out), "until they opt in again");
}
