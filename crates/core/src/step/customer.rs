//! The customer spoke.

use super::{
    consents,
    draft::{Draft, Utterance},
    handoff, window,
};
use crate::{
    channel::CustomerMessage,
    consent::{self, ConsentScope, Keyword},
    ids::SessionId,
    message::{Author, AuthorKind, Message, MessageStatus},
    session::Owner,
    task::TaskKind,
};

pub(super) fn spoke(draft: &mut Draft<'_>, said: CustomerMessage) {
    draft.state.contact.learn(&said.who);
    let stops_everything = read_keyword(draft, &said);
    let session = draft.open_session();
    let name = draft.state.contact.name.clone();
    let asks = said.content.asks();
    let message = draft.append(
        session,
        Utterance {
            author: Author::named(AuthorKind::Customer, name),
            content: said.content,
            at: said.at,
            vendor_id: Some(said.vendor_id),
            reply_to: said.reply_to,
            status: MessageStatus::Received,
            citations: Vec::new(),
        },
    );
    if asks {
        window::opened(draft, &message);
    }
    pass_on(draft, session, &message, asks && !stops_everything);
}

/// Notes an opt-out or opt-in; true when nothing at all may be sent any more.
fn read_keyword(draft: &mut Draft<'_>, said: &CustomerMessage) -> bool {
    let opted_out = match consent::keyword(&said.content.as_text(), draft.cx.channel.keywords) {
        Some(Keyword::Stop) => true,
        Some(Keyword::Start) => false,
        Some(Keyword::Help) | None => return false,
    };
    let Some(point) = said.who.points.first().cloned() else { return false };
    let scope = draft.cx.channel.stop_scope;
    consents::changed(draft, point, scope, opted_out, said.at, "customer");
    opted_out && scope == ConsentScope::Everything
}

/// Brings the message to whoever must answer.
fn pass_on(draft: &mut Draft<'_>, session: SessionId, message: &Message, asks: bool) {
    if asks {
        mark_asked(draft, message.position);
    }
    match draft.state.session.as_ref().map(|s| s.owner) {
        Some(Owner::Desk) => to_the_desk(draft, message),
        Some(Owner::Ai) if asks => schedule_turn(draft, session),
        Some(Owner::Nobody) if asks && draft.cx.ai => {
            draft.set_owner(Owner::Ai);
            schedule_turn(draft, session);
        }
        Some(Owner::Ai | Owner::Elsewhere | Owner::Nobody) | None => {}
    }
}

fn to_the_desk(draft: &mut Draft<'_>, message: &Message) {
    if draft.state.handoff.as_ref().is_some_and(|h| h.state.is_live()) {
        draft.queue_to_desk(message);
    } else {
        // A desk owns the session but no work is live: only a failed handoff leaves this.
        handoff::request(draft, crate::handoff::HandoffReason::WroteAfterEnd);
    }
}

/// Remembers that an answer is due.
pub(super) fn mark_asked(draft: &mut Draft<'_>, position: i64) {
    let now = draft.cx.now;
    if let Some(session) = draft.state.session.as_mut() {
        session.asked_up_to = session.asked_up_to.max(position);
        session.asked_at.get_or_insert(now);
    }
}

/// Lets the AI answer after a short quiet time, which grows while the customer keeps writing.
pub(super) fn schedule_turn(draft: &mut Draft<'_>, session: SessionId) {
    let settings = draft.cx.settings;
    let now = draft.cx.now;
    let asked_at = draft.state.session.as_ref().and_then(|s| s.asked_at).unwrap_or(now);
    let due = now.plus_ms(settings.quiet_ms).min(asked_at.plus_ms(settings.quiet_max_ms)).max(now);
    draft.set_task(TaskKind::Turn(session), due);
}
