//! Giving a session to a desk.

use std::collections::BTreeMap;

use super::{
    draft::Draft,
    place::{self, Settled},
    recall, rep,
};
use crate::{
    brief::Brief,
    campaign,
    delivery::{DeliveryState, Hold, Payload},
    desk::PlanStep,
    fault::{Accepted, Fault, FaultClass},
    handoff::{Handoff, HandoffReason, HandoffState, PLAN_MAX_STEPS, Place},
    ids::HandoffId,
    route::{self, Choice},
    session::{Owner, Session},
    task::TaskKind,
};

/// Makes the desk the owner from this commit on. One live handoff a session: a second request
/// changes nothing.
pub(super) fn request(draft: &mut Draft<'_>, reason: HandoffReason) {
    if draft.state.handoff.as_ref().is_some_and(|h| h.state.is_live()) {
        return;
    }
    begin(draft, reason, 0);
}

fn choice(draft: &Draft<'_>, index: u32) -> Option<Choice> {
    let session = draft.state.session.as_ref();
    let brief = draft.state.handoff.as_ref().and_then(|handoff| handoff.brief.as_ref());
    let topic = session.and_then(|session| topic(session, brief));
    let choices = route::choices(draft.cx.routes, draft.state.conversation.inbox, topic);
    choices.get(index as usize).cloned()
}

/// The topic by which a desk is picked: the campaign's that is answered, else the brief's.
pub fn topic<'a>(session: &'a Session, brief: Option<&'a Brief>) -> Option<&'a str> {
    campaign::topic(session).or(brief.map(|brief| brief.classification.as_str()))
}

fn begin(draft: &mut Draft<'_>, reason: HandoffReason, index: u32) {
    let Some(choice) = choice(draft, index) else { return unreachable(draft) };
    draft.set_owner(Owner::Desk);
    let Some(session) = draft.state.session.as_ref() else { return };
    let (session, epoch, language) = (session.id, session.epoch, session.language.clone());
    if let Some(old) = draft.state.handoff.take() {
        draft.past_handoffs.push(old);
    }
    let id = HandoffId::new(draft.cx.ids);
    let plan_seq = draft.state.conversation.last_seq + 1;
    draft.state.conversation.last_seq += i64::try_from(PLAN_MAX_STEPS).unwrap_or(64);
    draft.state.handoff = Some(Handoff {
        id,
        workspace: draft.state.conversation.workspace,
        conversation: draft.state.conversation.id,
        session,
        desk: choice.desk,
        choice: index,
        target: choice,
        state: HandoffState::Requested,
        reason,
        epoch,
        transcript_up_to: draft.state.conversation.last_position,
        plan_seq,
        brief: None,
        work: None,
        learned: BTreeMap::new(),
        wait_told_at: None,
        rep_name: None,
        requested_at: draft.cx.now,
        opened_at: None,
        closed_at: None,
        fault: None,
    });
    draft.set_task(TaskKind::Brief(id), draft.cx.now);
    let patience = draft.cx.settings.handoff.open_patience_ms;
    draft.set_task(TaskKind::Patience(id), draft.cx.now.plus_ms(patience));
    if index == 0 {
        let text = draft.cx.settings.texts(language.as_deref()).connecting;
        draft.system_says(session, text);
    }
}

/// No desk can take it: the customer is told, an operator sees it, the AI goes on where it may.
fn unreachable(draft: &mut Draft<'_>) {
    let Some(session) = draft.state.session.as_ref() else { return };
    let (id, language) = (session.id, session.language.clone());
    draft.notice(
        "no_desk_reachable",
        "a customer needs a person and no desk could take the session; \
         check the route and the desks, and answer the customer",
    );
    let owner = if draft.cx.ai { Owner::Ai } else { Owner::Nobody };
    draft.set_owner(owner);
    let position = draft.state.conversation.last_position;
    if let Some(session) = draft.state.session.as_mut() {
        session.misses = 0;
        session.answered_up_to = position;
        session.asked_at = None;
    }
    let text = draft.cx.settings.texts(language.as_deref()).unreachable;
    draft.system_says(id, text);
}

/// The brief is written: the steps that make the work stand before everything else.
pub(super) fn briefed(
    draft: &mut Draft<'_>,
    id: HandoffId,
    brief: Brief,
    place: Place,
    plan: Result<Vec<PlanStep>, Fault>,
) {
    draft.clear_task(TaskKind::Brief(id));
    let wanted = |h: &&mut Handoff| h.id == id && h.state == HandoffState::Requested;
    let Some(handoff) = draft.state.handoff.as_mut().filter(wanted) else { return };
    if let Some(session) = draft.state.session.as_mut() {
        session.language.get_or_insert_with(|| brief.language.clone());
    }
    handoff.brief = Some(brief);
    if place::settle_in(draft, id, place) == Settled::WithAi {
        return;
    }
    let Some(handoff) = draft.state.handoff.as_mut() else { return };
    let steps = match plan {
        Ok(steps) => steps,
        Err(fault) => return fail(draft, fault),
    };
    handoff.state = HandoffState::Opening;
    let handoff = handoff.clone();
    for (at, step) in (0_i64..).zip(steps.into_iter().take(PLAN_MAX_STEPS)) {
        let PlanStep { step, call, optional } = step;
        let payload = Payload::Plan { step, call, optional };
        let last_seq = draft.state.conversation.last_seq;
        let mut delivery = draft.work_delivery(&handoff, payload);
        draft.state.conversation.last_seq = last_seq;
        delivery.seq = handoff.plan_seq + at;
        draft.state.deliveries.push(delivery);
    }
}

/// What a step of the plan brought: for later steps, for the session, for operators.
pub(super) fn learned(draft: &mut Draft<'_>, id: HandoffId, accepted: &Accepted) {
    let Some(handoff) = draft.state.handoff.as_mut().filter(|h| h.id == id) else { return };
    handoff.learned.extend(accepted.learned.clone());
    if let Some(session) = draft.state.session.as_mut() {
        session.metadata.extend(accepted.metadata.clone());
    }
    if let Some(notice) = &accepted.notice {
        draft.notice("desk_wants_attention", notice.clone());
    }
}

/// The work exists: its ids are stored, and what waited for it goes on.
pub(super) fn opened(draft: &mut Draft<'_>, id: HandoffId, accepted: &Accepted) {
    let now = draft.cx.now;
    let Some(handoff) = draft.state.handoff.as_mut().filter(|h| h.id == id) else { return };
    let Some(work) = accepted.work.clone() else { return };
    if handoff.work.is_some() {
        return;
    }
    handoff.work = Some(work);
    handoff.opened_at = Some(now);
    if handoff.state == HandoffState::Opening {
        handoff.state = HandoffState::Waiting;
    }
    draft.release(Hold::Opening);
    draft.clear_task(TaskKind::Patience(id));
    rep::compare_later(draft, id);
}

/// The work cannot be made: the route's next choice is taken.
pub(super) fn fail(draft: &mut Draft<'_>, fault: Fault) {
    let now = draft.cx.now;
    let Some(handoff) = draft.state.handoff.as_mut().filter(|h| h.state.is_live()) else { return };
    handoff.state = HandoffState::Failed;
    handoff.closed_at = Some(now);
    handoff.fault = Some(fault.clone());
    let (id, reason, index) = (handoff.id, handoff.reason, handoff.choice);
    withdraw_from_desk(draft, id);
    draft.clear_task(TaskKind::Patience(id));
    draft.clear_task(TaskKind::Brief(id));
    draft.notice("handoff_failed", fault.operator);
    begin(draft, reason, index + 1);
}

/// Cancels what was still to go to the handoff's desk.
pub(super) fn withdraw_from_desk(draft: &mut Draft<'_>, id: HandoffId) {
    for delivery in draft.state.deliveries.iter_mut().filter(|d| d.handoff == Some(id)) {
        if matches!(delivery.state, DeliveryState::Waiting | DeliveryState::Held) {
            delivery.state = DeliveryState::Cancelled;
            delivery.hold = None;
        }
    }
}

/// The making of the work takes too long: another choice, where there is one.
pub(super) fn out_of_patience(draft: &mut Draft<'_>, id: HandoffId) {
    let Some(handoff) = draft.state.handoff.clone().filter(|h| h.id == id) else { return };
    if !handoff.state.is_live() || handoff.state.is_open() {
        return;
    }
    let (next, requested_at) = (handoff.choice + 1, handoff.requested_at);
    let under_way = draft.state.deliveries.iter().any(|d| {
        d.handoff == Some(id) && matches!(d.state, DeliveryState::Sending | DeliveryState::Settling)
    });
    let patience = draft.cx.settings.handoff.open_patience_ms;
    if choice(draft, next).is_none() || under_way {
        draft.notice(
            "desk_not_reached",
            "a handoff is still waiting for its desk to answer; it goes on being tried",
        );
        draft.set_task(TaskKind::Patience(id), draft.cx.now.plus_ms(patience));
        // Once, and only to those who wait for the first time.
        if draft.cx.now.since_ms(requested_at) < 2 * patience {
            rep::out_of_hours(draft, &handoff);
        }
        return;
    }
    let fault =
        Fault::new(FaultClass::VendorDown, "reach the desk in time; the next choice is taken");
    recall::later(draft, id);
    fail(draft, fault);
}
