//! A person answered outside Baton, or the conversation changed hands there.

use super::{
    customer,
    draft::{Draft, Utterance},
};
use crate::{
    channel::Echo,
    contact::Identity,
    ids::SessionId,
    message::{Author, AuthorKind, Content, MessageStatus},
    session::{Owner, Session},
    task::TaskKind,
    time::Timestamp,
};

/// Shows what they said, and keeps the AI silent until the return timer ends.
pub(super) fn answered(draft: &mut Draft<'_>, echo: Echo) {
    draft.state.contact.learn(&echo.to);
    let session = draft.open_session();
    let text = echo.content.as_text();
    let from = echo.from.clone();
    draft.append(
        session,
        Utterance {
            author: Author::named(AuthorKind::Rep, Some(echo.from)),
            content: echo.content,
            at: echo.at,
            vendor_id: Some(echo.vendor_id),
            reply_to: None,
            status: MessageStatus::Sent,
            citations: Vec::new(),
        },
    );
    if let Some(session) = draft.state.session.as_mut() {
        session.answered_up_to = session.asked_up_to;
        session.asked_at = None;
    }
    taken_over(draft, session, format!("Answered from the {from}: {text}"));
}

/// Somebody else who may answer at this address got the conversation, or gave it to us.
pub(super) fn handed(
    draft: &mut Draft<'_>,
    who: &Identity,
    to_us: bool,
    summary: Option<String>,
    at: Timestamp,
) {
    draft.state.contact.learn(who);
    if !to_us {
        if let Some(session) = draft.state.session.as_ref().map(|s| s.id) {
            taken_over(draft, session, "Another responder of this number took over.".to_owned());
        }
        return;
    }
    let session = draft.open_session();
    if let Some(text) = summary {
        summed_up(draft, session, text, at);
    }
    returned(draft, session);
}

/// The AI is silent until the return timer ends; a rep who has the session keeps it and is told.
fn taken_over(draft: &mut Draft<'_>, session: SessionId, note: String) {
    if draft.state.session.as_ref().is_some_and(|s| s.owner == Owner::Desk) {
        return draft.note(note);
    }
    draft.set_owner(Owner::Elsewhere);
    let due = draft.cx.now.plus_ms(draft.cx.settings.elsewhere_return_ms);
    draft.set_task(TaskKind::Return(session), due);
}

/// Puts what was said elsewhere into the thread, where AI and reps read it.
fn summed_up(draft: &mut Draft<'_>, session: SessionId, text: String, at: Timestamp) {
    let said = Utterance {
        author: Author::named(AuthorKind::System, Some("another responder".to_owned())),
        content: Content::Notice { text },
        at,
        vendor_id: None,
        reply_to: None,
        status: MessageStatus::Received,
        citations: Vec::new(),
    };
    let message = draft.append(session, said);
    if draft.state.session.as_ref().is_some_and(|s| s.owner == Owner::Desk) {
        draft.queue_to_desk(&message);
    }
}

/// Nobody elsewhere answers any more: the AI does again.
pub(super) fn returned(draft: &mut Draft<'_>, id: SessionId) {
    let elsewhere = |s: &Session| s.id == id && s.owner == Owner::Elsewhere;
    if !draft.state.session.as_ref().is_some_and(elsewhere) {
        return;
    }
    let owner = if draft.cx.ai { Owner::Ai } else { Owner::Nobody };
    draft.set_owner(owner);
    let unanswered = draft.state.session.as_ref().is_some_and(|s| s.is_unanswered());
    if unanswered && owner == Owner::Ai {
        customer::schedule_turn(draft, id);
    }
}
