//! Any order of events.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Move {
    Customer,
    Reply,
    AskPerson,
    Plan,
    Open,
    Rep,
    End,
    Send(u8, bool),
    Settle,
    Wait(u8),
    Echo,
    Stop,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        4 => Just(Move::Customer),
        3 => Just(Move::Reply),
        2 => Just(Move::AskPerson),
        2 => Just(Move::Plan),
        2 => Just(Move::Open),
        2 => Just(Move::Rep),
        1 => Just(Move::End),
        6 => (0..5_u8, any::<bool>()).prop_map(|(o, desk)| Move::Send(o, desk)),
        2 => Just(Move::Settle),
        2 => (0..5_u8).prop_map(Move::Wait),
        1 => Just(Move::Echo),
        1 => Just(Move::Stop),
    ];
    prop::collection::vec(one, 1..60)
}

fn outcome(w: &World, which: u8, n: usize) -> Outcome {
    match which {
        0 | 1 => w.taken(&format!("v{n}")),
        2 => Outcome::Retry { after_ms: None, fault: fault(FaultClass::VendorDown) },
        3 => Outcome::Rejected { fault: fault(FaultClass::WorkEnded) },
        _ => Outcome::Unknown { fault: fault(FaultClass::VendorDown) },
    }
}

/// What must hold at the moment at which an attempt begins (I5, I7).
fn check_begun(w: &World, attempt: &Attempt) {
    let delivery = w.state.deliveries.iter().find(|d| d.id == attempt.delivery).unwrap();
    if delivery.destination != Destination::Customer {
        return;
    }
    let template = matches!(delivery.payload, Payload::Template { .. });
    let open = w.state.conversation.window.is_some_and(|x| x.is_open(w.now));
    assert!(template || open, "I7: free-form outside the window");
    if delivery.author == AuthorKind::Ai
        && let Some(session) = &w.state.session
    {
        assert_eq!(session.owner, Owner::Ai, "I5: the AI talks over a person");
        assert_eq!(session.epoch, delivery.epoch, "I5: an old epoch");
    }
}

/// Begins an attempt, unless a step has begun it, and checks what must hold then.
fn checked_attempt(w: &mut World, to: Destination) -> Option<Attempt> {
    let earlier = w.begun.len();
    let attempt = w.attempt(to)?;
    if w.begun.len() == earlier {
        check_begun(w, &attempt);
    }
    Some(attempt)
}

fn play(w: &mut World, n: usize, mv: &Move) {
    match mv {
        Move::Customer => drop(w.customer(&format!("c{n}"))),
        Move::Reply | Move::AskPerson if w.state.session.is_none() => {}
        Move::Reply => drop(w.says(&format!("a{n}"))),
        Move::AskPerson => drop(w.turn(Decision::Handoff { reason: HandoffReason::CustomerAsked })),
        Move::Plan if w.state.handoff.is_some() => w.plan(),
        Move::Open => {
            if let Some(attempt) = checked_attempt(w, Destination::Desk) {
                let outcome = w.taken("work");
                w.give(Input::Outcome { attempt, outcome });
            }
        }
        Move::Rep if w.state.handoff.is_some() => drop(w.rep_says(&format!("r{n}"))),
        Move::End if w.state.handoff.is_some() => {
            w.rep(DeskEventKind::Ended { by: String::new() });
        }
        Move::Plan | Move::Rep | Move::End => {}
        Move::Send(which, desk) => {
            let to = if *desk { Destination::Desk } else { Destination::Customer };
            if let Some(attempt) = checked_attempt(w, to) {
                let outcome = outcome(w, *which, n);
                w.give(Input::Outcome { attempt, outcome });
            }
        }
        Move::Settle => {
            let settling =
                w.state.deliveries.iter().find(|d| d.state == DeliveryState::Settling).cloned();
            if let Some(delivery) = settling {
                w.now = w.now.plus_ms(2 * MINUTE_MS);
                w.give(Input::Settled { delivery: delivery.id, settled: Settled::Unknown });
            }
        }
        Move::Wait(hours) => w.now = w.now.plus_ms(i64::from(*hours) * 7 * HOUR_MS),
        Move::Echo => {
            let echo = Echo {
                vendor_id: VendorId(format!("e{n}")),
                to: Identity::default(),
                at: w.now,
                content: Content::text("echo"),
                from: "app".to_owned(),
            };
            w.give(Input::Echo(echo));
        }
        Move::Stop => drop(w.customer("STOP")),
    }
}

/// What must hold after every step.
fn check(w: &World) {
    for (at, message) in (1_i64..).zip(&w.state.messages) {
        assert_eq!(message.position, at, "positions have a gap");
    }
    for session in w.sessions.iter().filter(|s| s.is_open()) {
        assert!(session.epoch >= 1);
    }
    let sending = |to| {
        w.state
            .deliveries
            .iter()
            .filter(|d| d.destination == to && d.state == DeliveryState::Sending)
            .count()
    };
    assert!(sending(Destination::Customer) <= 1 && sending(Destination::Desk) <= 1, "I4");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_events_breaks_the_invariants(moves in moves(), begins: bool) {
        let mut w = World { begins, ..world() };
        let mut checked = Vec::new();
        for (n, mv) in moves.iter().enumerate() {
            play(&mut w, n, mv);
            check(&w);
            for attempt in w.begun.iter().filter(|attempt| !checked.contains(&attempt.id)) {
                check_begun(&w, attempt);
            }
            checked = w.begun.iter().map(|attempt| attempt.id).collect();
        }
    }
}
