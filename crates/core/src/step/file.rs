//! The bytes of media: fetched beside the flow, which waits for them only for a while.

use super::draft::Draft;
use crate::{
    delivery::{Delivery, DeliveryState, Destination, Hold, Payload},
    fault::{Fault, FaultClass},
    file::{MediaFile, StoredFile},
    handoff::HandoffState,
    ids::MessageId,
    message::{AuthorKind, Content, Message, MessageStatus},
    task::TaskKind,
    time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp},
};

/// A message stands in its queue for its file for so long, and keeps the order of what was
/// said. After that it goes to a desk as words, and makes way for what comes after it to a
/// customer.
const WAIT_MS: i64 = MINUTE_MS;
/// No vendor keeps a customer's file for much less than a week; a day of trying is enough.
const GIVE_UP_AFTER_MS: i64 = DAY_MS;
/// The pauses between two tries, and how long after the message each is the right one.
const PAUSES_MS: [(i64, i64); 4] = [
    (5 * SECOND_MS, 5 * SECOND_MS),
    (35 * SECOND_MS, 30 * SECOND_MS),
    (155 * SECOND_MS, 2 * MINUTE_MS),
    (755 * SECOND_MS, 10 * MINUTE_MS),
];
const LONG_PAUSE_MS: i64 = HOUR_MS;

/// Who keeps the bytes of a message's media until we have them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keeper {
    /// The vendor of the customer's channel.
    Channel,
    /// The desk.
    Desk,
    /// The engine.
    Engine,
}

/// Who keeps the bytes of this message's media.
pub fn keeper(message: &Message) -> Keeper {
    // A person who answered elsewhere did so over the channel: their message is a sent one from
    // its first moment, and a rep's never before its file is here.
    let elsewhere = message.status == MessageStatus::Sent;
    match message.author.kind {
        AuthorKind::Rep if !elsewhere => Keeper::Desk,
        AuthorKind::Ai => Keeper::Engine,
        _ => Keeper::Channel,
    }
}

/// Whether its bytes are being fetched.
pub fn waits(content: &Content) -> bool {
    matches!(content, Content::Media { file: Some(file), .. } if **file == MediaFile::Waiting)
}

/// Sees to the bytes of what was just said, where they are fetched.
pub(super) fn begin(draft: &mut Draft<'_>, message: &mut Message) {
    if message.author.kind == AuthorKind::System {
        return;
    }
    let max_bytes = match keeper(message) {
        Keeper::Channel | Keeper::Engine => draft.cx.channel.max_file_bytes,
        Keeper::Desk => draft.cx.desk.map_or(0, |desk| desk.max_file_bytes),
    };
    let Content::Media { vendor_id: Some(_), file: file @ None, .. } = &mut message.content else {
        return;
    };
    if max_bytes > 0 {
        *file = Some(Box::new(MediaFile::Waiting));
        draft.set_task(TaskKind::Fetch(message.id), draft.cx.now);
    }
}

/// The first moment at which a delivery may be tried as far as its file is concerned.
pub(super) fn ready_at(delivery: &Delivery) -> Timestamp {
    match &delivery.payload {
        Payload::Message { content, .. } if waits(content) => delivery.created_at.plus_ms(WAIT_MS),
        _ => delivery.created_at,
    }
}

/// Its file did not come in time: to a desk it goes as words, to a customer it waits on outside
/// its queue. True when it may go now.
pub(super) fn overdue(draft: &mut Draft<'_>, delivery: &Delivery) -> bool {
    let Payload::Message { message, content, .. } = &delivery.payload else { return true };
    if !waits(content) {
        return true;
    }
    let (message, words) = (*message, Content::text(content.as_text()));
    let Some(row) = draft.find(delivery.id) else { return false };
    match delivery.destination {
        Destination::Desk => {
            set_content(row, words);
            true
        }
        Destination::Customer => {
            row.state = DeliveryState::Held;
            row.hold = Some(Hold::File);
            draft.set_status(message, MessageStatus::Held, None);
            false
        }
    }
}

/// A try to fetch the bytes ended.
pub(super) fn fetched(draft: &mut Draft<'_>, id: MessageId, result: Result<StoredFile, Fault>) {
    draft.clear_task(TaskKind::Fetch(id));
    let waiting = |m: &&Message| m.id == id && waits(&m.content);
    let Some(message) = draft.state.messages.iter().find(waiting).cloned() else { return };
    match result {
        Ok(file) => stored(draft, message, file),
        Err(fault) => match next_try(draft, &message, &fault) {
            Some(at) => draft.set_task(TaskKind::Fetch(id), at),
            None => failed(draft, &message, fault),
        },
    }
}

/// When to try again; none when it would fail again or has failed for too long.
fn next_try(draft: &Draft<'_>, message: &Message, fault: &Fault) -> Option<Timestamp> {
    let tried_ms = draft.cx.now.since_ms(message.recorded_at);
    if fault.class == FaultClass::MediaProblem || tried_ms >= GIVE_UP_AFTER_MS {
        return None;
    }
    let fitting = PAUSES_MS.iter().find(|(up_to_ms, _)| tried_ms < *up_to_ms);
    Some(draft.cx.now.plus_ms(fitting.map_or(LONG_PAUSE_MS, |(_, pause_ms)| *pause_ms)))
}

fn stored(draft: &mut Draft<'_>, mut message: Message, file: StoredFile) {
    set_file(&mut message.content, MediaFile::Stored(file));
    replace(draft, &message);
    if !go_on(draft, &message, &message.content.clone()) {
        follow(draft, message);
    }
}

/// What the rep has read as words comes after all.
fn follow(draft: &mut Draft<'_>, mut message: Message) {
    let Some(handoff) = draft.state.handoff.as_ref().filter(|h| h.state.is_live()) else { return };
    let of_it = message.author.kind == AuthorKind::Customer && message.session == handoff.session;
    let comes_with_the_transcript =
        handoff.state == HandoffState::Requested && message.position <= handoff.transcript_up_to;
    if !of_it || comes_with_the_transcript {
        return;
    }
    if let Content::Media { caption, .. } = &mut message.content {
        *caption = None;
    }
    draft.queue_to_desk(&message);
}

fn failed(draft: &mut Draft<'_>, message: &Message, fault: Fault) {
    let mut row = message.clone();
    set_file(&mut row.content, MediaFile::Failed { fault: fault.clone() });
    replace(draft, &row);
    draft.notice("file_not_fetched", fault.operator.clone());
    if message.author.kind == AuthorKind::Customer {
        let words = format!("{} ({})", message.content.as_text(), fault.rep);
        if !go_on(draft, message, &Content::text(words)) {
            draft.note(format!("The customer's file did not come: {}", fault.rep));
        }
        return;
    }
    let mut unsent = Vec::new();
    for delivery in queued(draft, message.id) {
        delivery.state = DeliveryState::Failed;
        delivery.hold = None;
        delivery.fault = Some(fault.clone());
        unsent.push(delivery.clone());
    }
    if let Some(delivery) = unsent.first() {
        draft.set_status(message.id, MessageStatus::Failed, Some(fault.clone()));
        super::receipt::tell(draft, delivery, &fault);
    }
}

/// Puts the content into what still waits to be sent, and lets it go; false when nothing does.
fn go_on(draft: &mut Draft<'_>, message: &Message, content: &Content) -> bool {
    let now = draft.cx.now;
    let (mut any, mut pending) = (false, false);
    for delivery in queued(draft, message.id) {
        any = true;
        set_content(delivery, content.clone());
        if delivery.hold == Some(Hold::File) {
            delivery.hold = None;
            delivery.state = DeliveryState::Waiting;
            pending = true;
        }
        delivery.next_at = now;
    }
    if pending {
        draft.set_status(message.id, MessageStatus::Pending, None);
    }
    any
}

/// What still waits with the file of a message.
fn queued<'d>(
    draft: &'d mut Draft<'_>,
    id: MessageId,
) -> impl Iterator<Item = &'d mut Delivery> + use<'d> {
    draft.state.deliveries.iter_mut().filter(move |delivery| {
        let of_it = matches!(&delivery.payload,
            Payload::Message { message, content, .. } if *message == id && waits(content));
        of_it && matches!(delivery.state, DeliveryState::Waiting | DeliveryState::Held)
    })
}

fn replace(draft: &mut Draft<'_>, message: &Message) {
    if let Some(row) = draft.state.messages.iter_mut().find(|m| m.id == message.id) {
        row.content = message.content.clone();
    }
}

fn set_content(delivery: &mut Delivery, new: Content) {
    if let Payload::Message { content, .. } = &mut delivery.payload {
        *content = new;
    }
}

fn set_file(content: &mut Content, new: MediaFile) {
    if let Content::Media { file, .. } = content {
        *file = Some(Box::new(new));
    }
}
