//! A person answered outside Baton.

use super::draft::{Draft, Utterance};
use crate::{
    channel::Echo,
    message::{Author, AuthorKind, MessageStatus},
    session::Owner,
    task::TaskKind,
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
    if draft.state.session.as_ref().is_some_and(|s| s.owner == Owner::Desk) {
        draft.note(format!("Answered from the {from}: {text}"));
        return;
    }
    draft.set_owner(Owner::Elsewhere);
    let due = draft.cx.now.plus_ms(draft.cx.settings.elsewhere_return_ms);
    draft.set_task(TaskKind::Return(session), due);
}
