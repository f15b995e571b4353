//! The customer spoke, or called.

use super::{
    consents,
    draft::{Draft, Utterance},
    handoff, template, window,
};
use crate::{
    channel::{CustomerMessage, Referral},
    consent::{self, ConsentScope, Keyword},
    contact::Identity,
    handoff::HandoffReason,
    ids::SessionId,
    message::{Author, AuthorKind, Content, Message, MessageStatus},
    session::Owner,
    settings::LateMessage,
    task::TaskKind,
    time::Timestamp,
};

pub(super) fn spoke(draft: &mut Draft<'_>, said: CustomerMessage) {
    draft.state.contact.learn(&said.who);
    let was_out = consents::are_out(draft);
    let word = obey(draft, &said);
    let session = draft.open_session();
    remember(draft, said.referral.as_ref());
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
        window::opened(draft, &message, said.referral.is_some());
    }
    if word.is_none() && !said.answered_by_vendor {
        return pass_on(draft, session, &message, asks);
    }
    show(draft, &message);
    match word {
        Some(Keyword::Stop) if !was_out => consents::fell_silent(draft),
        Some(Keyword::Help) if !said.answered_by_vendor => help(draft, session),
        Some(_) | None => {}
    }
}

/// The customer called, or took our call: the window opens as by a message. Where a session is
/// open, whoever answers there sees it.
pub(super) fn called(draft: &mut Draft<'_>, who: &Identity, at: Timestamp) {
    draft.state.contact.learn(who);
    window::opened_by_call(draft, at);
    let Some(session) = draft.state.session.as_ref().map(|s| s.id) else { return };
    let name = draft.state.contact.name.clone();
    let message = draft.append(
        session,
        Utterance {
            author: Author::named(AuthorKind::Customer, name),
            content: Content::Notice { text: "The customer called.".to_owned() },
            at,
            vendor_id: None,
            reply_to: None,
            status: MessageStatus::Received,
            citations: Vec::new(),
        },
    );
    show(draft, &message);
}

/// Obeys a keyword before anything else happens; gives it where nobody need answer it in words.
fn obey(draft: &mut Draft<'_>, said: &CustomerMessage) -> Option<Keyword> {
    let word = consent::keyword(&said.content.as_text(), draft.cx.channel.keywords)?;
    let scope = draft.cx.channel.stop_scope;
    let carrier = scope == ConsentScope::Everything;
    match word {
        Keyword::Stop => {
            let point = said.who.points.first().cloned()?;
            consents::changed(draft, point, scope, true, said.at, "customer");
            carrier.then_some(word)
        }
        Keyword::Start => {
            // "Yes" is a word like others to somebody who never opted out.
            let was_out = consent::forbids(&draft.state.consents, scope);
            if was_out || !carrier {
                consents::opted_in(draft, &said.who.points, scope, said.at, "customer");
            }
            (was_out && carrier).then_some(word)
        }
        Keyword::Help => Some(word),
    }
}

/// Says who we are and how to stop, as carriers demand.
fn help(draft: &mut Draft<'_>, session: SessionId) {
    if consents::are_out(draft) {
        return;
    }
    let language = draft.state.session.as_ref().and_then(|s| s.language.clone());
    let text = draft.cx.settings.help(language.as_deref(), draft.cx.name);
    draft.system_says(session, text);
}

/// Keeps what brought the customer here where everybody sees it.
fn remember(draft: &mut Draft<'_>, referral: Option<&Referral>) {
    let value = referral.and_then(|referral| serde_json::to_value(referral).ok());
    if let (Some(value), Some(session)) = (value, draft.state.session.as_mut()) {
        session.metadata.insert("referral".to_owned(), value);
    }
}

/// Brings the message to whoever must answer.
fn pass_on(draft: &mut Draft<'_>, session: SessionId, message: &Message, asks: bool) {
    if asks {
        mark_asked(draft, message.position);
        if template::answered(draft, message) {
            return;
        }
        if comes_back_to_a_rep(draft) {
            return handoff::request(draft, HandoffReason::WroteAfterEnd);
        }
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

/// The customer writes again so soon after a rep has ended the session that the workspace wants
/// a rep to go on.
fn comes_back_to_a_rep(draft: &mut Draft<'_>) -> bool {
    let Some(ended_at) = draft.state.conversation.rep_ended_at.take() else { return false };
    let rules = &draft.cx.settings.handoff;
    rules.late_message == LateMessage::Desk
        && draft.cx.now.since_ms(ended_at) < rules.late_span_ms
        && draft.state.session.as_ref().is_some_and(|s| s.owner != Owner::Desk)
}

/// Shows the rep a message that nobody need answer.
fn show(draft: &mut Draft<'_>, message: &Message) {
    if draft.state.session.as_ref().is_some_and(|s| s.owner == Owner::Desk) {
        draft.queue_to_desk(message);
    }
}

fn to_the_desk(draft: &mut Draft<'_>, message: &Message) {
    if draft.state.handoff.as_ref().is_some_and(|h| h.state.is_live()) {
        draft.queue_to_desk(message);
    } else {
        // A desk owns the session but no work is live: only a failed handoff leaves this.
        handoff::request(draft, HandoffReason::WroteAfterEnd);
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
