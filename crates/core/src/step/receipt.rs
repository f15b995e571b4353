//! A vendor reported what became of something that we sent.

use super::{draft::Draft, handoff, outcome, window};
use crate::{
    channel::Receipt,
    delivery::{Delivery, DeliveryState},
    fault::{Accepted, Fault, FaultClass},
    handoff::HandoffReason,
    ids::DeliveryId,
    message::{AuthorKind, MessageStatus},
};

pub(super) fn came(draft: &mut Draft<'_>, receipt: &Receipt, id: DeliveryId) {
    let Some(delivery) = draft.find(id) else { return };
    if matches!(delivery.state, DeliveryState::Sending | DeliveryState::Settling) {
        // The report proves that the vendor took it, whatever our call was told.
        let accepted =
            Accepted { vendor_id: Some(receipt.vendor_id.clone()), ..Accepted::default() };
        outcome::accepted(draft, id, &accepted);
    }
    stop_waiting_for(draft, id);
    let Some(delivery) = draft.find(id).cloned() else { return };
    let Some(message) = delivery.payload.message() else { return };
    let Some(row) = draft.state.messages.iter_mut().find(|m| m.id == message) else { return };
    let before = row.status;
    row.status = before.climb(receipt.status);
    if let Some(cost) = &receipt.cost {
        let known = row.cost.take();
        row.cost = Some(known.map_or_else(|| cost.clone(), |known| known.completed(cost)));
    }
    let said_at = row.recorded_at;
    if row.status == MessageStatus::Failed && before != MessageStatus::Failed {
        let fault = receipt.fault.clone().unwrap_or_else(|| {
            Fault::new(FaultClass::Unknown, "the vendor reported a failure without a reason")
        });
        row.fault = Some(fault.clone());
        failed(draft, &delivery, fault);
    } else if row.status != MessageStatus::Failed {
        row.fault = None;
    }
    if matches!(receipt.status, MessageStatus::Delivered | MessageStatus::Read) {
        window::arrived(draft, said_at, receipt.at);
    }
}

/// The next message need not wait for this one's receipt any more.
fn stop_waiting_for(draft: &mut Draft<'_>, id: DeliveryId) {
    if draft.state.conversation.awaited.is_none_or(|awaited| awaited.delivery != id) {
        return;
    }
    draft.state.conversation.awaited = None;
    let now = draft.cx.now;
    for waiting in draft.state.deliveries.iter_mut().filter(|d| {
        d.destination == crate::delivery::Destination::Customer
            && d.state == DeliveryState::Waiting
            && d.fault.is_none()
    }) {
        waiting.next_at = waiting.next_at.min(now);
    }
}

/// The vendor took it and later gave up on it.
fn failed(draft: &mut Draft<'_>, delivery: &Delivery, fault: Fault) {
    if let Some(row) = draft.find(delivery.id) {
        row.state = DeliveryState::Failed;
        row.fault = Some(fault.clone());
    }
    if fault.class == FaultClass::WindowClosed {
        window::refused_by_vendor(draft);
        if draft.cx.channel.window.is_some() && delivery.author != AuthorKind::System {
            window::owe_again(draft, delivery);
        }
        return;
    }
    if !delivery.payload.is_invitation() {
        tell(draft, delivery, &fault);
    }
}

/// Tells whoever wrote a message that it did not arrive; an AI's answer is handed over then.
pub(super) fn tell(draft: &mut Draft<'_>, delivery: &Delivery, fault: &Fault) {
    match delivery.author {
        AuthorKind::Rep => {
            draft.note(format!("Your last reply did not reach the customer: {}", fault.rep));
        }
        AuthorKind::Ai => {
            draft.notice("answer_not_delivered", fault.operator.clone());
            if !delivery.is_beside_words() {
                handoff::request(draft, HandoffReason::FailedDelivery);
            }
        }
        AuthorKind::System => {
            draft.notice("message_not_delivered", fault.operator.clone());
            draft.note(format!("An automatic message did not reach the customer: {}", fault.rep));
        }
        AuthorKind::Customer => draft.notice("desk_message_failed", fault.operator.clone()),
    }
}
