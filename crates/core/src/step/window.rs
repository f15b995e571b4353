//! The span in which free-form messages may be sent.

use super::{draft::Draft, template};
use crate::{
    conversation::{Window, WindowKind},
    delivery::{Delivery, DeliveryState, Destination, Hold},
    fault::{Fault, FaultClass},
    ids::{DeliveryId, MessageId},
    message::{Author, AuthorKind, Message, MessageStatus},
    time::Timestamp,
};

/// What a rep reads when the window has closed. The sentence is the one that reps know from
/// their desk ("Use WhatsApp channel", Microsoft Learn, read 2026-11-20).
pub const WINDOW_CLOSED: &str =
    "This conversation has exceeded the 24 hour limit to respond to the customer.";

/// The customer's message opens the window; `referred` when they came by an advertisement.
pub(super) fn opened(draft: &mut Draft<'_>, message: &Message, referred: bool) {
    open(draft, Some(message.id), message.at, referred);
}

/// The customer's call opens the window.
pub(super) fn opened_by_call(draft: &mut Draft<'_>, at: Timestamp) {
    open(draft, None, at, false);
}

/// By the vendor's time and never later than now.
fn open(draft: &mut Draft<'_>, opened_by: Option<MessageId>, at: Timestamp, referred: bool) {
    draft.state.conversation.reengaged = false;
    let Some(rule) = draft.cx.channel.window else { return };
    let opened_at = at.min(draft.cx.now);
    let old = draft.state.conversation.window;
    if old.is_none_or(|w| opened_at >= w.opened_at) {
        let earlier = old.and_then(|w| w.referred_at);
        let referred_at = if referred { Some(opened_at) } else { earlier };
        let kind = if opened_by.is_some() { WindowKind::Message } else { WindowKind::Call };
        draft.state.conversation.window = Some(Window {
            kind,
            opened_by,
            opened_at,
            expires_at: opened_at.plus_ms(rule.open_ms - rule.margin_ms),
            refused: false,
            referred_at: referred_at.filter(|_| rule.free_entry_ms > 0),
            free_entry_until: old.and_then(|w| w.free_entry_until).filter(|t| *t > draft.cx.now),
        });
    }
    if is_open(draft) {
        draft.release(Hold::Window);
    }
}

/// What we said at a time has arrived: the first answer to somebody who came by an advertisement
/// makes everything free for a while, if it was given as early as the window lasts.
pub(super) fn arrived(draft: &mut Draft<'_>, said_at: Timestamp, at: Timestamp) {
    let Some(rule) = draft.cx.channel.window else { return };
    let Some(window) = draft.state.conversation.window.as_mut() else { return };
    let Some(referred_at) = window.referred_at.filter(|t| said_at >= *t) else { return };
    window.referred_at = None;
    if said_at.since_ms(referred_at) < rule.open_ms {
        window.free_entry_until = Some(at.plus_ms(rule.free_entry_ms));
    }
}

/// Whether free-form messages may be sent now.
pub(super) fn is_open(draft: &Draft<'_>) -> bool {
    draft.cx.channel.window.is_none()
        || draft.state.conversation.window.is_some_and(|w| w.is_open(draft.cx.now))
}

/// The vendor refused although the window looked open: believe the vendor.
pub(super) fn refused_by_vendor(draft: &mut Draft<'_>) {
    if let Some(window) = draft.state.conversation.window.as_mut() {
        window.refused = true;
    }
}

/// What the vendor took and later refused is owed again: a new delivery of the same message.
pub(super) fn owe_again(draft: &mut Draft<'_>, failed: &Delivery) {
    let mut again = draft.bare_delivery(
        Destination::Customer,
        failed.session,
        failed.author,
        failed.payload.clone(),
    );
    again.epoch = failed.epoch;
    let id = again.id;
    draft.state.deliveries.push(again);
    refuse(draft, id);
}

/// A free-form message met a closed window: hold a person's words and say so, drop Baton's own.
pub(super) fn refuse(draft: &mut Draft<'_>, id: DeliveryId) {
    let fault = Fault::new(FaultClass::WindowClosed, WINDOW_CLOSED);
    let Some(delivery) = draft.find(id) else { return };
    let (author, message) = (delivery.author, delivery.payload.message());
    let own = author == AuthorKind::System;
    delivery.fault = Some(fault.clone());
    if own {
        delivery.state = DeliveryState::Cancelled;
    } else {
        delivery.state = DeliveryState::Held;
        delivery.hold = Some(Hold::Window);
    }
    let status = if own { MessageStatus::Cancelled } else { MessageStatus::Held };
    if let Some(message) = message {
        draft.set_status(message, status, Some(fault));
    }
    if author == AuthorKind::Rep {
        let invited = invite(draft);
        let prefix = &draft.cx.settings.handoff.command_prefix;
        let templates = (draft.cx.channel.templates && !prefix.is_empty())
            .then(|| format!(" {prefix}templates lists the templates that can be sent meanwhile."));
        draft.note(explanation(invited) + &templates.unwrap_or_default());
    }
}

fn explanation(invited: bool) -> String {
    let next = if invited {
        "Your reply is held. The customer was asked with an approved template to write again; \
         the reply is sent as soon as they do."
    } else {
        "Your reply is held and is sent as soon as the customer writes again."
    };
    format!("{WINDOW_CLOSED} {next}")
}

/// Sends the inbox's re-engagement template, or else the workspace's, once until the customer
/// writes; true when the customer has been asked.
fn invite(draft: &mut Draft<'_>) -> bool {
    if draft.state.conversation.reengaged {
        return true;
    }
    let Some(template) = draft.cx.settings.reengagement(draft.cx.name).cloned() else {
        return false;
    };
    if template::refused(draft, &template).is_some() {
        return false;
    }
    draft.state.conversation.reengaged = true;
    let session = draft.open_session();
    template::queue(draft, session, Author::unnamed(AuthorKind::System), template, None);
    true
}
