//! An attempt ended, or an unknown one was settled.

use super::{consents, draft::Draft, handoff, recall, receipt, rep, window};
use crate::{
    conversation::AwaitedReceipt,
    delivery::{Attempt, Delivery, DeliveryState, Destination, Payload},
    fault::{Accepted, Fault, FaultClass, Outcome, Settled},
    handoff::HandoffReason,
    ids::DeliveryId,
    message::{AuthorKind, MessageStatus},
    settings::UnknownReply,
    task::TaskKind,
    time::{DAY_MS, MINUTE_MS, SECOND_MS},
};

/// After this long a delivery that is still refused is given up.
const GIVE_UP_AFTER_MS: i64 = DAY_MS;
/// The longest pause between two tries.
const RETRY_MAX_MS: i64 = 5 * MINUTE_MS;
/// The pause while an operator has to act, such as on refused credentials.
const ACCOUNT_RETRY_MS: i64 = MINUTE_MS;
/// The pause before a vendor's list is first asked about an unknown attempt.
const SETTLE_FIRST_MS: i64 = 2 * SECOND_MS;
/// The pause between two questions about an unknown attempt.
const SETTLE_AGAIN_MS: i64 = 5 * SECOND_MS;

pub(super) fn known(draft: &mut Draft<'_>, mut attempt: Attempt, outcome: Outcome) {
    let id = attempt.delivery;
    attempt.ended_at = Some(draft.cx.now);
    attempt.outcome = Some(outcome.clone());
    draft.attempts.push(attempt);
    let Some(delivery) = draft.find(id).cloned() else { return };
    if delivery.state != DeliveryState::Sending {
        // A receipt was faster than the answer to our own call.
        return;
    }
    match outcome {
        Outcome::Accepted(taken) => accepted(draft, id, &taken),
        Outcome::Retry { fault, .. } | Outcome::Rejected { fault } | Outcome::Unknown { fault }
            if delivery.payload.is_optional() =>
        {
            fail(draft, &delivery, &fault);
            draft.notice("desk_step_failed", fault.operator);
        }
        Outcome::Retry { after_ms, fault } => retry(draft, &delivery, after_ms, fault),
        Outcome::Rejected { fault } if is_for_the_operator(fault.class) => {
            draft.notice("vendor_refuses_account", fault.operator.clone());
            retry(draft, &delivery, Some(ACCOUNT_RETRY_MS), fault);
        }
        Outcome::Rejected { fault } => rejected(draft, &delivery, fault),
        Outcome::Unknown { fault } => unknown(draft, &delivery, fault),
    }
}

/// Trouble with the account passes when an operator acts; the message is kept for that.
fn is_for_the_operator(class: FaultClass) -> bool {
    matches!(
        class,
        FaultClass::Auth
            | FaultClass::Permission
            | FaultClass::Payment
            | FaultClass::AccountRestricted
            | FaultClass::NotRegistered
    )
}

pub(super) fn accepted(draft: &mut Draft<'_>, id: DeliveryId, taken: &Accepted) {
    let now = draft.cx.now;
    let wait_ms = draft.cx.channel.order_wait_ms;
    let Some(delivery) = draft.find(id) else { return };
    delivery.state = DeliveryState::Done;
    delivery.fault = None;
    delivery.settle_until = None;
    delivery.vendor_id.clone_from(&taken.vendor_id);
    let (to, handoff, message) =
        (delivery.destination, delivery.handoff, delivery.payload.message());
    draft.clear_task(TaskKind::Settle(id));
    match to {
        Destination::Customer => {
            if let Some(row) =
                message.and_then(|id| draft.state.messages.iter_mut().find(|m| m.id == id))
            {
                row.status = row.status.climb(MessageStatus::Sent);
                row.fault = None;
            }
            if wait_ms > 0 {
                let until = now.plus_ms(wait_ms);
                draft.state.conversation.awaited = Some(AwaitedReceipt { delivery: id, until });
            }
        }
        Destination::Desk => {
            if let Some(handoff) = handoff {
                handoff::learned(draft, handoff, taken);
                handoff::opened(draft, handoff, taken);
            }
        }
    }
}

fn retry(draft: &mut Draft<'_>, delivery: &Delivery, after_ms: Option<i64>, fault: Fault) {
    let now = draft.cx.now;
    if now.since_ms(delivery.created_at) >= GIVE_UP_AFTER_MS {
        return rejected(draft, delivery, fault);
    }
    let pause = after_ms.unwrap_or_else(|| backoff_ms(delivery)).clamp(0, DAY_MS);
    if let Some(delivery) = draft.find(delivery.id) {
        delivery.state = DeliveryState::Waiting;
        delivery.next_at = now.plus_ms(pause);
        delivery.fault = Some(fault);
    }
}

/// Doubles from one second, with a spread of a quarter that the delivery's id decides.
fn backoff_ms(delivery: &Delivery) -> i64 {
    let doubled = SECOND_MS << delivery.attempts.saturating_sub(1).min(12);
    let pause = doubled.min(RETRY_MAX_MS);
    let spread = i64::try_from(delivery.id.0.as_u128() % 250).unwrap_or(0);
    pause + pause * spread / 1_000
}

fn rejected(draft: &mut Draft<'_>, delivery: &Delivery, fault: Fault) {
    match (delivery.destination, fault.class) {
        (Destination::Customer, FaultClass::WindowClosed) => {
            window::refused_by_vendor(draft);
            window::refuse(draft, delivery.id);
        }
        (Destination::Customer, class) => {
            fail(draft, delivery, &fault);
            if let Some(message) = delivery.payload.message() {
                draft.set_status(message, MessageStatus::Failed, Some(fault.clone()));
            }
            let opted_out = class == FaultClass::OptedOut && consents::refused_by_vendor(draft);
            // Handing over who wants to hear nothing would help nobody.
            let silent = opted_out && delivery.author == AuthorKind::Ai;
            if !delivery.payload.is_invitation() && !silent {
                receipt::tell(draft, delivery, &fault);
            }
        }
        (Destination::Desk, class) => {
            fail(draft, delivery, &fault);
            refused_by_desk(draft, delivery, class, fault);
        }
    }
}

fn fail(draft: &mut Draft<'_>, delivery: &Delivery, fault: &Fault) {
    if let Some(row) = draft.find(delivery.id) {
        row.state = DeliveryState::Failed;
        row.fault = Some(fault.clone());
        row.settle_until = None;
    }
    draft.clear_task(TaskKind::Settle(delivery.id));
}

fn refused_by_desk(draft: &mut Draft<'_>, delivery: &Delivery, class: FaultClass, fault: Fault) {
    let live =
        draft.state.handoff.clone().filter(|h| Some(h.id) == delivery.handoff && h.state.is_live());
    match (&delivery.payload, live) {
        (Payload::Plan { .. }, Some(handoff)) if handoff.work.is_none() => {
            handoff::fail(draft, fault);
        }
        (Payload::Message { message, .. }, live) if class == FaultClass::WorkEnded => {
            let message = *message;
            if let Some(handoff) = live {
                // The failed one counts as stranded too: put it back before the work is ended.
                if let Some(row) = draft.find(delivery.id) {
                    row.state = DeliveryState::Waiting;
                }
                rep::ended(draft, handoff);
            } else {
                rep::late(draft, &[message]);
            }
        }
        (Payload::Close, _) if class == FaultClass::WorkEnded => {}
        (_, Some(handoff)) if class == FaultClass::WorkEnded => rep::ended(draft, handoff),
        _ => draft.notice("desk_message_failed", fault.operator),
    }
}

fn unknown(draft: &mut Draft<'_>, delivery: &Delivery, fault: Fault) {
    let now = draft.cx.now;
    let mut until = now.plus_ms(draft.cx.settings.settle_ms);
    // A desk can be asked; a channel without a list can only be waited for.
    let ask_at = match (delivery.destination, draft.cx.channel.message_list) {
        (Destination::Customer, None) => until,
        (Destination::Customer, Some(rule)) => {
            until = until.max(now.plus_ms(rule.lag_ms + SETTLE_AGAIN_MS));
            now.plus_ms(SETTLE_FIRST_MS)
        }
        (Destination::Desk, _) => {
            now.plus_ms(draft.cx.desk.map_or(SECOND_MS, |desk| desk.listing_lag_ms)).min(until)
        }
    };
    if let Some(row) = draft.find(delivery.id) {
        row.state = DeliveryState::Settling;
        row.settle_until = Some(until);
        row.fault = Some(fault);
    }
    draft.set_task(TaskKind::Settle(delivery.id), ask_at);
}

pub(super) fn settled(draft: &mut Draft<'_>, id: DeliveryId, settled: Settled) {
    let now = draft.cx.now;
    draft.clear_task(TaskKind::Settle(id));
    let Some(delivery) = draft.find(id).cloned() else { return };
    if delivery.state != DeliveryState::Settling {
        return;
    }
    match settled {
        Settled::Accepted(taken) => accepted(draft, id, &taken),
        Settled::NotSent => {
            if let Some(row) = draft.find(id) {
                row.settle_until = None;
            }
            let lost = || Fault::new(FaultClass::VendorDown, "hear from the vendor");
            let fault = delivery.fault.clone().unwrap_or_else(lost);
            retry(draft, &delivery, Some(0), fault);
        }
        Settled::Unknown if delivery.settle_until.is_some_and(|until| now < until) => {
            draft.set_task(TaskKind::Settle(id), now.plus_ms(SETTLE_AGAIN_MS));
        }
        Settled::Unknown => give_up(draft, &delivery),
    }
}

/// Nobody can say: shown as it is, never sent again by itself.
fn give_up(draft: &mut Draft<'_>, delivery: &Delivery) {
    let fault = Fault::new(
        delivery.fault.as_ref().map_or(FaultClass::Unknown, |f| f.class),
        "it may have been sent: the vendor's answer was lost and it cannot be asked",
    );
    fail(draft, delivery, &fault);
    if !delivery.payload.is_invitation() {
        draft.notice("may_have_been_sent", fault.operator.clone());
    }
    if delivery.destination == Destination::Desk {
        let opens = matches!(delivery.payload, Payload::Plan { .. })
            && draft.state.handoff.as_ref().is_some_and(|h| h.work.is_none());
        if opens {
            if let Some(handoff) = delivery.handoff {
                recall::later(draft, handoff);
            }
            handoff::fail(draft, fault);
        }
        return;
    }
    if let Some(message) = delivery.payload.message() {
        draft.set_status(message, MessageStatus::MayHaveBeenSent, Some(fault));
    }
    match delivery.author {
        AuthorKind::Ai => {
            let hands_over = draft.cx.settings.handoff.unknown_reply == UnknownReply::Handoff;
            if hands_over && !delivery.is_beside_words() {
                handoff::request(draft, HandoffReason::UnknownDelivery);
            }
        }
        AuthorKind::Rep => draft.note("Your last reply may or may not have reached the customer."),
        AuthorKind::System | AuthorKind::Customer => {}
    }
}
