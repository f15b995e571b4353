//! A task's time has come.

use super::{draft::Draft, elsewhere, handoff, rep};
use crate::{
    handoff::{Handoff, HandoffState},
    ids::SessionId,
    session::CloseReason,
    task::TaskKind,
};

pub(super) fn due(draft: &mut Draft<'_>, task: TaskKind) {
    draft.clear_task(task);
    match task {
        TaskKind::Return(session) => elsewhere::returned(draft, session),
        TaskKind::Silence(session) => silent(draft, session),
        TaskKind::Patience(handoff) => handoff::out_of_patience(draft, handoff),
        TaskKind::Reconcile(handoff) => rep::compare_later(draft, handoff),
        // These need I/O first and come back as inputs of their own.
        TaskKind::Turn(_)
        | TaskKind::Brief(_)
        | TaskKind::Settle(_)
        | TaskKind::Fetch(_)
        | TaskKind::Recall(_) => {}
    }
}

/// Closes a session in which nobody has written for the workspace's time.
fn silent(draft: &mut Draft<'_>, id: SessionId) {
    let Some(session) = draft.state.session.as_ref().filter(|s| s.id == id) else { return };
    let ends_at = session.last_activity_at.plus_ms(draft.silent_span_ms());
    if ends_at > draft.cx.now {
        return draft.set_task(TaskKind::Silence(id), ends_at);
    }
    close(draft, CloseReason::Silent);
}

/// Closes the session from our side, the desk's work with it.
pub(super) fn close(draft: &mut Draft<'_>, reason: CloseReason) {
    if let Some(handoff) = draft.state.handoff.clone().filter(|h| h.state.is_live()) {
        end_work(draft, &handoff);
    }
    draft.close_session(reason);
}

/// Ends the desk's work from our side.
fn end_work(draft: &mut Draft<'_>, handoff: &Handoff) {
    handoff::withdraw_from_desk(draft, handoff.id);
    for task in [TaskKind::Reconcile(handoff.id), TaskKind::Patience(handoff.id)] {
        draft.clear_task(task);
    }
    if handoff.work.is_some() {
        draft.close_work(handoff);
    }
    let now = draft.cx.now;
    if let Some(live) = draft.state.handoff.as_mut() {
        live.state = HandoffState::Closed;
        live.closed_at = Some(now);
    }
}
