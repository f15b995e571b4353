//! May this delivery be tried now? The answer and the attempt's row are one commit.

use super::{consents, draft::Draft, file, rep, window};
use crate::{
    consent,
    delivery::{Attempt, Delivery, DeliveryState, Destination, Payload},
    fault::{Fault, FaultClass},
    ids::{AttemptId, DeliveryId},
    message::{AuthorKind, MessageStatus},
    session::Owner,
    time::Timestamp,
};

enum Verdict {
    Go,
    Later(Timestamp),
    Withdraw(Fault),
    WindowClosed,
}

pub(super) fn begin(draft: &mut Draft<'_>, id: DeliveryId, free_at: Timestamp) {
    let now = draft.cx.now;
    let Some(delivery) = draft.find(id).cloned() else { return };
    if delivery.state != DeliveryState::Waiting || delivery.next_at > now {
        return;
    }
    let ready_at = file::ready_at(&delivery);
    if ready_at > now {
        return later(draft, id, ready_at);
    }
    if !file::overdue(draft, &delivery) {
        return;
    }
    let verdict = match delivery.destination {
        Destination::Customer => to_customer(draft, &delivery, free_at),
        Destination::Desk => to_desk(draft, &delivery, free_at),
    };
    match verdict {
        Verdict::Go => go(draft, id),
        Verdict::Later(at) => later(draft, id, at),
        Verdict::WindowClosed => window::refuse(draft, id),
        Verdict::Withdraw(fault) => withdraw(draft, id, fault),
    }
}

fn later(draft: &mut Draft<'_>, id: DeliveryId, at: Timestamp) {
    if let Some(delivery) = draft.find(id) {
        delivery.next_at = at;
    }
}

fn to_customer(draft: &Draft<'_>, delivery: &Delivery, free_at: Timestamp) -> Verdict {
    if consent::forbids(&draft.state.consents, consents::scope_of(&delivery.payload)) {
        return Verdict::Withdraw(Fault::new(
            FaultClass::OptedOut,
            "the customer does not want to receive this",
        ));
    }
    if delivery.author == AuthorKind::Ai && !ai_may_speak(draft, delivery) {
        return Verdict::Withdraw(Fault::new(
            FaultClass::WorkEnded,
            "somebody else answers the customer now",
        ));
    }
    let free_form = !matches!(delivery.payload, Payload::Template { .. });
    if free_form && !window::is_open(draft) {
        return Verdict::WindowClosed;
    }
    let awaited = draft.state.conversation.awaited.filter(|a| a.until > draft.cx.now);
    if let Some(awaited) = awaited {
        return Verdict::Later(awaited.until);
    }
    if free_at > draft.cx.now { Verdict::Later(free_at) } else { Verdict::Go }
}

/// The AI speaks only in its own epoch.
fn ai_may_speak(draft: &Draft<'_>, delivery: &Delivery) -> bool {
    match &draft.state.session {
        Some(session) if session.id == delivery.session => {
            session.owner == Owner::Ai && session.epoch == delivery.epoch
        }
        Some(_) => false,
        // The session closed after the answer was made, and nobody else has taken over.
        None => true,
    }
}

fn to_desk(draft: &Draft<'_>, delivery: &Delivery, free_at: Timestamp) -> Verdict {
    let live = draft
        .state
        .handoff
        .as_ref()
        .is_some_and(|handoff| Some(handoff.id) == delivery.handoff && handoff.state.is_live());
    if !live && !matches!(delivery.payload, Payload::Close) {
        return Verdict::Withdraw(Fault::new(FaultClass::WorkEnded, "the desk's work is over"));
    }
    if free_at > draft.cx.now { Verdict::Later(free_at) } else { Verdict::Go }
}

fn go(draft: &mut Draft<'_>, id: DeliveryId) {
    let now = draft.cx.now;
    let attempt_id = AttemptId::new(draft.cx.ids);
    let Some(delivery) = draft.find(id) else { return };
    delivery.state = DeliveryState::Sending;
    delivery.attempts += 1;
    let attempt = Attempt {
        id: attempt_id,
        workspace: delivery.workspace,
        conversation: delivery.conversation,
        delivery: id,
        number: delivery.attempts,
        started_at: now,
        ended_at: None,
        outcome: None,
    };
    draft.attempts.push(attempt);
}

fn withdraw(draft: &mut Draft<'_>, id: DeliveryId, fault: Fault) {
    let Some(delivery) = draft.find(id) else { return };
    delivery.state = DeliveryState::Cancelled;
    delivery.fault = Some(fault.clone());
    let (author, to, message) = (delivery.author, delivery.destination, delivery.payload.message());
    if to == Destination::Desk {
        // Its work ended while it was on its way and came back.
        if let Some(message) = message.filter(|_| author == AuthorKind::Customer) {
            rep::late(draft, &[message]);
        }
        return;
    }
    if let Some(message) = message {
        draft.set_status(message, MessageStatus::Cancelled, Some(fault.clone()));
    }
    if author == AuthorKind::Rep {
        draft.note(format!("Your last reply was not sent: {}", fault.rep));
    }
}
