//! Templates from a session and from a campaign.

use super::*;
use crate::{
    campaign::{Invite, RecipientTurn, Replies, SkipReason},
    ids::CampaignId,
    message::Author,
};

fn offer() -> TemplateUse {
    TemplateUse {
        name: "offer".to_owned(),
        language: "en".to_owned(),
        variables: vec!["Ana".to_owned()],
        text: "Our offer for Ana".to_owned(),
        marketing: true,
        ..TemplateUse::default()
    }
}

fn invite(replies: Replies) -> Invite {
    Invite {
        campaign: CampaignId(Uuid::from_u128(77)),
        name: "Spring".to_owned(),
        place: 5,
        to: Identity { points: vec![Point::new(PointKind::Phone, "15550100001")], name: None },
        template: offer(),
        replies,
    }
}

fn to_desk(topic: Option<&str>) -> Replies {
    Replies::Desk { topic: topic.map(str::to_owned) }
}

fn turn(effects: &Effects) -> &RecipientTurn {
    assert_eq!(effects.recipients.len(), 1);
    assert_eq!(effects.recipients[0].place, 5);
    &effects.recipients[0].turn
}

#[test]
fn a_template_goes_out_while_the_window_is_closed() {
    let mut w = world();
    w.customer("hi");
    w.says("hello");
    w.drain(Destination::Customer);
    w.now = w.now.plus_ms(2 * DAY_MS);
    let author = Author::named(AuthorKind::Rep, Some("Rosa".to_owned()));
    w.give(Input::Template { author, template: offer() });
    assert_eq!(w.message("Our offer for Ana").status, MessageStatus::Pending);
    assert_eq!(w.drain(Destination::Customer), ["template offer"]);
    assert_eq!(w.message("Our offer for Ana").status, MessageStatus::Sent);
}

#[test]
fn an_opt_out_forbids_a_template_with_its_reason() {
    let mut w = world();
    w.customer("STOP");
    let cx = Context {
        now: w.now,
        ids: &w.ids,
        settings: &w.settings,
        channel: &w.channel,
        ai: true,
        name: "Parcel House",
        routes: &w.routes,
        desk: None,
    };
    let fault = template_refusal(&w.state, &cx, &offer()).unwrap();
    assert_eq!(fault.class, FaultClass::OptedOut);
    let author = Author::unnamed(AuthorKind::System);
    let effects = w.give(Input::Template { author, template: offer() });
    assert!(effects.messages.is_empty() && effects.deliveries.is_empty());
}

#[test]
fn an_invitation_is_marked_with_its_message_and_delivery() {
    let mut w = world();
    let effects = w.give(Input::Invite(invite(Replies::Ai)));
    let RecipientTurn::Queued { session, message, delivery } = turn(&effects) else { panic!() };
    assert_eq!(w.state.session.as_ref().unwrap().id, *session);
    assert_eq!(effects.messages[0].id, *message);
    assert_eq!(effects.deliveries[0].id, *delivery);
    assert_eq!(w.state.contact.point(PointKind::Phone), Some("15550100001"));
    assert_eq!(w.owner(), Owner::Ai);
    assert!(!w.tasks.values().any(|(t, _)| matches!(t, TaskKind::Turn(_))), "nobody asked yet");
    assert_eq!(w.drain(Destination::Customer), ["template offer"]);
    w.customer("tell me more");
    assert!(w.tasks.values().any(|(t, _)| matches!(t, TaskKind::Turn(_))), "the AI answers");
}

#[test]
fn who_opted_out_is_skipped_and_nothing_is_written() {
    let mut w = world();
    w.customer("STOP");
    w.state.session = None;
    w.sessions.clear();
    let effects = w.give(Input::Invite(invite(Replies::Ai)));
    assert_eq!(*turn(&effects), RecipientTurn::Skipped(SkipReason::OptedOut));
    assert!(effects.messages.is_empty() && effects.sessions.is_empty());
}

#[test]
fn an_answer_goes_straight_to_the_desk_where_the_campaign_says_so() {
    let mut w = world();
    let desk = DeskId(Uuid::from_u128(11));
    let sales = Choice::of(desk);
    w.routes
        .insert(0, Route { inbox: None, topic: Some("sales".to_owned()), choices: vec![sales] });
    w.give(Input::Invite(invite(to_desk(Some("sales")))));
    assert_eq!(w.owner(), Owner::Nobody, "the AI has no part in it");
    w.drain(Destination::Customer);
    w.customer("I want one");
    let handoff = w.state.handoff.clone().unwrap();
    assert_eq!((handoff.reason, handoff.desk), (HandoffReason::CampaignReply, desk));
    assert_eq!(w.owner(), Owner::Desk);
    assert_eq!(handoff.transcript_up_to, 2, "the desk reads the offer and the answer");
    w.plan();
    w.rep(DeskEventKind::Ended { by: "Rosa".to_owned() });
    w.customer("one more thing");
    assert_ne!(w.state.handoff.as_ref().map(|h| h.reason), Some(HandoffReason::CampaignReply));
}

#[test]
fn an_opt_out_is_no_answer() {
    let mut w = world();
    w.give(Input::Invite(invite(to_desk(None))));
    w.drain(Destination::Customer);
    w.customer("Stop");
    assert!(w.state.handoff.is_none());
    assert!(crate::consent::forbids(&w.state.consents, ConsentScope::Marketing));
}

#[test]
fn a_campaign_leaves_a_session_with_its_rep() {
    let mut w = world();
    w.asks_for_person();
    w.open_work();
    let before = w.state.session.clone().unwrap();
    w.give(Input::Invite(invite(to_desk(None))));
    let after = w.state.session.clone().unwrap();
    assert_eq!((after.owner, after.epoch), (Owner::Desk, before.epoch));
    assert_eq!(after.metadata, before.metadata);
    w.customer("thanks");
    assert_eq!(w.state.handoff.as_ref().unwrap().reason, HandoffReason::CustomerAsked);
}

#[test]
fn a_session_that_waits_for_a_desks_answer_stays_open_for_days() {
    let mut w = world();
    w.give(Input::Invite(invite(to_desk(None))));
    w.drain(Destination::Customer);
    let silence =
        |w: &World| *w.tasks.values().find(|(t, _)| matches!(t, TaskKind::Silence(_))).unwrap();
    let (task, due) = silence(&w);
    w.now = due;
    w.give(Input::Due(task));
    assert!(w.state.session.is_some());
    w.now = w.now.plus_ms(3 * DAY_MS);
    w.customer("only now I read it");
    assert_eq!(w.state.handoff.as_ref().unwrap().reason, HandoffReason::CampaignReply);
}

#[test]
fn a_campaigns_failures_are_listed_and_not_told_one_by_one() {
    let mut w = world();
    w.give(Input::Invite(invite(Replies::Ai)));
    let refused = Outcome::Rejected { fault: fault(FaultClass::NotReachable) };
    let sent = w.send(Destination::Customer, refused).unwrap();
    assert_eq!(sent.state, DeliveryState::Failed);
    assert_eq!(w.message("Our offer for Ana").status, MessageStatus::Failed);
    assert!(!w.facts.iter().any(|f| matches!(f.kind, FactKind::OperatorNotice { .. })));
}
