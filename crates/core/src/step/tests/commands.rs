//! What a rep types for Baton in the desk's own thread.

use super::*;
use crate::{
    ids::TemplateId,
    template::{ListedTemplate, Template, TemplateCategory, TemplateParts, TemplateStatus},
};

fn template(name: &str, status: TemplateStatus, body: &str) -> Template {
    let listed = ListedTemplate {
        vendor_id: VendorId::from(name),
        name: name.to_owned(),
        language: "en_US".to_owned(),
        category: TemplateCategory::Utility,
        status,
        quality: None,
        reason: None,
        parts: TemplateParts { body: body.to_owned(), ..TemplateParts::default() },
    };
    let (id, workspace) = (TemplateId(Uuid::from_u128(5)), WorkspaceId(Uuid::from_u128(1)));
    Template::new(id, workspace, InboxId(Uuid::from_u128(2)), listed, Timestamp(0))
}

fn at_a_desk() -> World {
    let mut w = world();
    w.asks_for_person();
    w.open_work();
    w
}

/// A rep types; what Baton answers them.
fn typed(w: &mut World, text: &str) -> String {
    let handoff = w.state.handoff.clone().unwrap();
    let templates = vec![
        template("visit", TemplateStatus::Approved, "We come on {{1}} at {{2}}."),
        template("offer", TemplateStatus::Paused, "Buy {{1}}."),
        template("back_in_stock", TemplateStatus::Approved, "It is here again."),
    ];
    let event = DeskEventKind::Message(said(text, None));
    w.give(Input::Rep { handoff, event, heard_at: w.now, templates });
    w.drain(Destination::Desk).join("\n")
}

#[test]
fn templates_are_listed_and_chosen_in_the_thread_while_the_window_is_closed() {
    let mut w = at_a_desk();
    w.now = w.now.plus_ms(2 * DAY_MS);
    let listed = typed(&mut w, "!templates");
    assert!(
        listed.contains("!template 1\n   back_in_stock (en_US): It is here again."),
        "{listed}"
    );
    assert!(listed.contains("!template 2 | 1 | 2\n   visit"), "{listed}");
    assert!(!listed.contains("offer"), "a paused one cannot be sent: {listed}");
    let sent = typed(&mut w, "!template 2 | Monday | 9:30");
    assert!(sent.contains("We come on Monday at 9:30."), "{sent}");
    assert_eq!(w.drain(Destination::Customer), ["template visit"]);
}

#[test]
fn a_command_is_never_said_to_the_customer() {
    for text in [
        "!templates",
        "!template 9",
        "!template visit | Monday",
        "!sing",
        "!help me",
        " !Template 1",
    ] {
        let mut w = at_a_desk();
        let answer = typed(&mut w, text);
        assert!(answer.starts_with("note "), "{text}: {answer}");
        let told = w.drain(Destination::Customer);
        assert!(told.iter().all(|said| said.starts_with("template ")), "{text}: {told:?}");
    }
    let mut w = at_a_desk();
    assert!(typed(&mut w, "!sing").contains("nothing was sent"));
    assert!(
        typed(&mut w, "!template visit | Monday").contains("visit wants 2 values (1, 2), 1 came")
    );
}

#[test]
fn words_that_only_look_like_a_command_are_said() {
    for text in ["! wait", "!", "!!!", "Great!", "!5 items"] {
        let mut w = at_a_desk();
        assert_eq!(typed(&mut w, text), "", "{text}");
        assert_eq!(w.drain(Destination::Customer), [text]);
    }
    let mut w = at_a_desk();
    w.settings.handoff.command_prefix = String::new();
    typed(&mut w, "!help");
    assert_eq!(w.drain(Destination::Customer), ["!help"]);
}

#[test]
fn a_command_that_the_desk_reports_again_is_done_once() {
    let mut w = at_a_desk();
    typed(&mut w, "!template 1");
    let handoff = w.state.handoff.clone().unwrap();
    let from_rep = vec![said("!template 1", Some("m1"))];
    let listing = Listing { from_rep, from_us: Vec::new(), ended: false };
    w.give(Input::Listed { handoff, listing, templates: Vec::new() });
    assert_eq!(w.drain(Destination::Customer), ["template back_in_stock"]);
}

#[test]
fn a_held_reply_names_the_command() {
    let mut w = at_a_desk();
    w.now = w.now.plus_ms(2 * DAY_MS);
    w.rep_says("still there?");
    w.drain(Destination::Customer);
    let notes = w.drain(Destination::Desk).join("\n");
    assert!(notes.contains("!templates"), "{notes}");
}
