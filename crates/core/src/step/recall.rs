//! A desk that was given up may have made the work after all, and only its answer was lost.

use super::draft::Draft;
use crate::{
    delivery::Payload,
    fault::{Accepted, Fault},
    handoff::Handoff,
    ids::HandoffId,
    task::TaskKind,
    time::{DAY_MS, MINUTE_MS},
};

/// The pause before the desk is asked, and between two questions.
const EVERY_MS: i64 = 5 * MINUTE_MS;
/// After this long nobody asks any more.
const GIVE_UP_AFTER_MS: i64 = DAY_MS;

/// The desk is asked later what became of the work, where any try may have made it.
pub(super) fn later(draft: &mut Draft<'_>, id: HandoffId) {
    let of_plan = |payload: &Payload| matches!(payload, Payload::Plan { .. });
    let tried = draft.state.deliveries.iter().any(|delivery| {
        delivery.handoff == Some(id) && delivery.attempts > 0 && of_plan(&delivery.payload)
    });
    if tried {
        draft.set_task(TaskKind::Recall(id), draft.cx.now.plus_ms(EVERY_MS));
    }
}

/// The desk answered: work that nobody waits for is ended, so that no rep answers there.
pub(super) fn answered(
    draft: &mut Draft<'_>,
    mut handoff: Handoff,
    found: Result<Option<Accepted>, Fault>,
) {
    let task = TaskKind::Recall(handoff.id);
    let now = draft.cx.now;
    draft.clear_task(task);
    match found {
        Ok(Some(Accepted { work: Some(work), learned, .. })) => {
            draft.close_work(&handoff);
            draft.notice(
                "work_recalled",
                "a desk that had been given up has made the work after all; it is ended there, \
                 because another place has taken the customer",
            );
            handoff.work = Some(work);
            handoff.learned.extend(learned);
            draft.past_handoffs.push(handoff);
        }
        Ok(_) => {}
        Err(_) if now.since_ms(handoff.requested_at) < GIVE_UP_AFTER_MS => {
            draft.set_task(task, now.plus_ms(EVERY_MS));
        }
        Err(fault) => draft.notice("work_not_recalled", fault.operator),
    }
}
