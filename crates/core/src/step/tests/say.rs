//! What somebody of ours says from the console.

use super::*;

fn say(w: &mut World) -> Effects {
    let point = Point::new(PointKind::Phone, "15550100");
    let to = Identity { points: vec![point], name: None };
    let author = Author::named(AuthorKind::System, Some("Ada".to_owned()));
    w.give(Input::Say { to, author, content: Content::text("only a test") })
}

fn refused(w: &World) -> Option<FaultClass> {
    let cx = Context {
        now: w.now,
        ids: &w.ids,
        settings: &w.settings,
        channel: &w.channel,
        name: "Northwind",
        ai: true,
        routes: &w.routes,
        desk: None,
    };
    refusal(&w.state, &cx).map(|fault| fault.class)
}

#[test]
fn a_channel_without_a_window_takes_words_for_a_stranger() {
    let mut w = world();
    w.channel.window = None;
    let effects = say(&mut w);
    assert_eq!(effects.contact.unwrap().points[0].value, "15550100");
    assert_eq!(effects.messages[0].author.name.as_deref(), Some("Ada"));
    assert_eq!(w.drain(Destination::Customer), ["only a test"]);
    assert_eq!(w.owner(), Owner::Ai);
}

#[test]
fn a_closed_window_or_an_opt_out_refuses_and_nothing_is_held() {
    let mut w = world();
    assert!(say(&mut w).messages.is_empty());
    assert_eq!(refused(&w), Some(FaultClass::WindowClosed));
    w.customer("hi");
    assert_eq!(refused(&w), None);
    assert_eq!(say(&mut w).deliveries.len(), 1);
    let point = Point::new(PointKind::Phone, "15550100");
    let (scope, at) = (ConsentScope::Everything, w.now);
    w.give(Input::Consent { point, scope, opted_out: true, at });
    assert_eq!(refused(&w), Some(FaultClass::OptedOut));
    assert!(say(&mut w).deliveries.is_empty());
}

#[test]
fn a_test_message_takes_the_question_from_nobody() {
    let mut w = world();
    w.customer("where is my parcel?");
    say(&mut w);
    assert!(w.state.session.as_ref().unwrap().is_unanswered());
    w.says("on its way");
    assert_eq!(w.drain(Destination::Customer), ["only a test", "on its way"]);
}
