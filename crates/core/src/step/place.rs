//! Where a handoff goes once its topic is known, and what happens when nobody is there.

use super::{customer, draft::Draft, handoff, rep};
use crate::{
    desk::Availability,
    fault::{Fault, FaultClass},
    handoff::{Handoff, HandoffState, Place},
    ids::{HandoffId, SessionId},
    route::Unavailable,
    session::Owner,
    task::TaskKind,
    time::MINUTE_MS,
    wait,
};

/// A customer in line is not told of it again before this.
const TELL_WAIT_EVERY_MS: i64 = 3 * MINUTE_MS;

/// Who goes on.
#[derive(PartialEq, Eq)]
pub(super) enum Settled {
    /// The desk.
    AtDesk,
    /// The AI, because nobody is at the desk.
    WithAi,
}

/// Gives the handoff to its place, and with it what already waits for the desk.
pub(super) fn settle_in(draft: &mut Draft<'_>, id: HandoffId, place: Place) -> Settled {
    let deserted = place.is_deserted();
    let stays = deserted && place.choice.unavailable == Unavailable::Ai && draft.cx.ai;
    let Some(handoff) = draft.state.handoff.as_mut() else { return Settled::AtDesk };
    let session = handoff.session;
    let desk = place.choice.desk;
    handoff.desk = desk;
    handoff.choice = place.index;
    handoff.target = place.choice;
    for delivery in draft.state.deliveries.iter_mut().filter(|d| d.handoff == Some(id)) {
        delivery.desk = Some(desk);
    }
    draft.watch_silence();
    if stays {
        stay_with_ai(draft, id, session, &place.availability.unwrap_or_default());
        return Settled::WithAi;
    }
    if let Some(there) = place.availability.filter(|_| deserted) {
        let words = wait_words(draft, &there, false);
        draft.system_says(session, words);
    }
    Settled::AtDesk
}

/// A desk says where in line the customer is. They are told at once, and then now and then.
pub(super) fn waits(
    draft: &mut Draft<'_>,
    handoff: &Handoff,
    position: Option<u32>,
    wait_ms: Option<i64>,
) {
    let now = draft.cx.now;
    let waits = |h: &&mut Handoff| h.id == handoff.id && h.state == HandoffState::Waiting;
    let Some(row) = draft.state.handoff.as_mut().filter(waits) else { return };
    if row.wait_told_at.is_some_and(|at| now.since_ms(at) < TELL_WAIT_EVERY_MS) {
        return;
    }
    row.wait_told_at = Some(now);
    let there = Availability { open: true, position, wait_ms, ..Availability::default() };
    let words = wait_words(draft, &there, false);
    draft.system_says(handoff.session, words);
}

/// The AI answers what was written since the request.
fn stay_with_ai(draft: &mut Draft<'_>, id: HandoffId, session: SessionId, there: &Availability) {
    let now = draft.cx.now;
    let waiting = rep::stranded(draft, id);
    let Some(handoff) = draft.state.handoff.as_mut() else { return };
    handoff.state = HandoffState::Failed;
    handoff.closed_at = Some(now);
    handoff.fault = Some(Fault::new(FaultClass::NotReachable, "reach a rep: nobody is there now"));
    let up_to = handoff.transcript_up_to;
    handoff::withdraw_from_desk(draft, id);
    draft.clear_task(TaskKind::Patience(id));
    draft.set_owner(Owner::Ai);
    if let Some(open) = draft.state.session.as_mut() {
        open.misses = 0;
        open.answered_up_to = up_to;
        open.asked_at = None;
    }
    let words = wait_words(draft, there, true);
    draft.system_says(session, words);
    let last = draft.state.messages.iter().filter(|m| waiting.contains(&m.id));
    if let Some(last) = last.map(|m| m.position).max() {
        customer::mark_asked(draft, last);
        customer::schedule_turn(draft, session);
    }
}

/// The truth about the wait, in the customer's language.
fn wait_words(draft: &Draft<'_>, there: &Availability, stays: bool) -> String {
    let settings = draft.cx.settings;
    let language = draft.state.session.as_ref().and_then(|open| open.language.as_deref());
    let texts = settings.texts(language);
    let languages = [language.unwrap_or_default(), settings.default_language.as_str()];
    let stays = stays.then_some(texts.unreachable.as_str());
    wait::words(&languages, there, stays, &texts.out_of_hours, draft.cx.now)
}
