//! An engine turn ended.

use super::{
    customer,
    draft::{Draft, Utterance},
    handoff,
};
use crate::{
    engine::{Decision, Turn},
    fault::Fault,
    handoff::HandoffReason,
    ids::VendorId,
    interactive,
    message::{Author, AuthorKind, Citation, Content, MediaKind},
    session::{CloseReason, Owner, Session},
    task::{TaskChange, TaskKind},
};

/// Commits what the engine decided, only if nobody else owns the session meanwhile.
pub(super) fn ended(draft: &mut Draft<'_>, up_to: i64, epoch: i64, result: Result<Turn, Fault>) {
    let Some(session) = draft.state.session.as_mut() else { return };
    draft.tasks.push(TaskChange::Clear(TaskKind::Turn(session.id)));
    if session.owner != Owner::Ai || session.epoch != epoch || up_to <= session.answered_up_to {
        return;
    }
    let overtaken = session.asked_up_to > up_to;
    if overtaken && session.reruns < draft.cx.settings.max_reruns {
        session.reruns += 1;
        let id = session.id;
        customer::schedule_turn(draft, id);
        return;
    }
    let turn = match result {
        Ok(turn) => turn,
        Err(fault) => {
            draft.notice("engine_failed", fault.operator);
            settle_up_to(draft, up_to);
            handoff::request(draft, HandoffReason::EngineFailed);
            return;
        }
    };
    learn(session, &turn);
    settle_up_to(draft, up_to);
    decide(draft, turn.decision);
    if overtaken && let Some(session) = draft.state.session.as_ref().map(|s| s.id) {
        let still_ours = draft.state.session.as_ref().is_some_and(|s| s.owner == Owner::Ai);
        if still_ours {
            customer::schedule_turn(draft, session);
        }
    }
}

fn learn(session: &mut Session, turn: &Turn) {
    session.tokens_spent = session.tokens_spent.saturating_add(turn.tokens);
    if turn.language.is_some() {
        session.language.clone_from(&turn.language);
    }
}

/// Everything up to here has been dealt with; what came later starts its own quiet time.
fn settle_up_to(draft: &mut Draft<'_>, up_to: i64) {
    let now = draft.cx.now;
    if let Some(session) = draft.state.session.as_mut() {
        session.answered_up_to = up_to;
        session.reruns = 0;
        session.asked_at = session.is_unanswered().then_some(now);
    }
}

fn decide(draft: &mut Draft<'_>, decision: Decision) {
    match decision {
        Decision::Reply { text, choices, citations, knew } => {
            let content = shown(draft, text, &choices);
            reply(draft, content, citations, knew);
        }
        Decision::Handoff { reason } => handoff::request(draft, reason),
        Decision::Wait => {}
        Decision::Close => draft.close_session(CloseReason::Resolved),
    }
}

/// The words with what can be tapped, as the customer's channel shows it.
fn shown(draft: &Draft<'_>, text: String, choices: &[String]) -> Content {
    let language = draft.state.session.as_ref().and_then(|session| session.language.as_deref());
    let open = draft.cx.settings.choose(language);
    interactive::offering(text, choices, draft.cx.channel.choices.as_ref(), &open)
}

fn reply(draft: &mut Draft<'_>, content: Content, citations: Vec<Citation>, knew: bool) {
    let limit = draft.cx.settings.handoff.after_misses;
    let Some(session) = draft.state.session.as_mut() else { return };
    session.misses = if knew { 0 } else { session.misses + 1 };
    let (id, misses) = (session.id, session.misses);
    if limit > 0 && misses >= limit {
        handoff::request(draft, HandoffReason::RepeatedMisses);
        return;
    }
    let file = citations.iter().find_map(|citation| citation.file.clone());
    let ours = |content| Utterance::ours(Author::unnamed(AuthorKind::Ai), content, draft.cx.now);
    let mut said = vec![Utterance { citations, ..ours(content) }];
    said.extend(
        file.filter(|_| draft.cx.channel.max_file_bytes > 0).map(|file| ours(shows(&file))),
    );
    for said in said {
        let message = draft.append(id, said);
        draft.queue_to_customer(&message);
    }
}

/// The file that an article shows, to be read where the engine keeps it.
fn shows(path: &str) -> Content {
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase());
    let kind = match extension.as_deref() {
        Some("jpg" | "jpeg" | "png") => MediaKind::Image,
        Some("mp4") => MediaKind::Video,
        Some("mp3" | "m4a" | "ogg") => MediaKind::Audio,
        _ => MediaKind::Document,
    };
    Content::Media {
        kind,
        caption: None,
        file_name: Some(name.to_owned()),
        mime_type: None,
        vendor_id: Some(VendorId::from(path)),
        sha256: None,
        voice: false,
        file: None,
    }
}
