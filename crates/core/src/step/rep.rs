//! What happens at the desk.

use super::{
    command, customer,
    draft::{Draft, Utterance},
    handoff, place,
};
use crate::{
    delivery::{Delivery, DeliveryState, Payload},
    desk::{DeskEventKind, Listing, RepMessage},
    fault::{Fault, FaultClass},
    handoff::{Handoff, HandoffReason, HandoffState},
    ids::{HandoffId, MessageId},
    message::{Author, AuthorKind, Content, Message, MessageStatus},
    session::{CloseReason, Owner},
    settings::{AfterDesk, LateMessage},
    task::TaskKind,
    template::Template,
    time::Timestamp,
};

pub(super) fn did(
    draft: &mut Draft<'_>,
    handoff: Handoff,
    event: DeskEventKind,
    heard_at: Timestamp,
    templates: &[Template],
) {
    match event {
        DeskEventKind::Accepted { rep } => accepted(draft, handoff.id, rep),
        DeskEventKind::Message(message)
            if is_known(draft, &from_reps(draft, &handoff), &message) => {}
        DeskEventKind::Message(message) if may_be_a_repeat(draft, &handoff, &message, heard_at) => {
            draft.ask_desk = true;
        }
        DeskEventKind::Message(message) => spoke(draft, &handoff, message, templates),
        DeskEventKind::Moved { what } => remark(draft, &handoff, what),
        DeskEventKind::Ended { .. } => ended(draft, handoff),
        DeskEventKind::Failed { why } => failed(draft, handoff, why),
        DeskEventKind::OutOfHours => out_of_hours(draft, &handoff),
        DeskEventKind::Waiting { position, wait_ms } => {
            place::waits(draft, &handoff, position, wait_ms);
        }
        DeskEventKind::Learned(accepted) => handoff::learned(draft, handoff.id, &accepted),
        DeskEventKind::Typing | DeskEventKind::Changed | DeskEventKind::Ignored { .. } => {}
    }
}

fn accepted(draft: &mut Draft<'_>, id: HandoffId, rep: Option<String>) {
    let Some(handoff) = draft.state.handoff.as_mut().filter(|h| h.id == id) else { return };
    if handoff.state.is_open() {
        handoff.state = HandoffState::Active;
        if rep.is_some() {
            handoff.rep_name = rep;
        }
    }
}

/// The desk gives no message ids, and we have had these words a moment ago: a rep may really
/// say "ok" twice, and a webhook may really come twice.
fn may_be_a_repeat(
    draft: &Draft<'_>,
    handoff: &Handoff,
    said: &RepMessage,
    heard_at: Timestamp,
) -> bool {
    let span_ms = draft.cx.desk.map_or(0, |desk| desk.repeat_span_ms);
    if span_ms == 0 || said.vendor_id.is_some() {
        return false;
    }
    let since = heard_at.plus_ms(-span_ms);
    let text = said.content.as_text();
    draft.state.messages.iter().any(|m| {
        m.author.kind == AuthorKind::Rep
            && m.position > handoff.transcript_up_to
            && m.recorded_at >= since
            && same_words(&m.content.as_text(), &text)
    })
}

/// Whatever a rep writes goes to the customer, also when the work has ended meanwhile; only a
/// command is for us.
fn spoke(draft: &mut Draft<'_>, handoff: &Handoff, said: RepMessage, templates: &[Template]) {
    // Who speaks has taken the work, whatever the desk tells us of it or does not.
    accepted(draft, handoff.id, said.rep.clone());
    if command::typed(draft, handoff, &said, templates) {
        return;
    }
    let name = said.rep.or_else(|| handoff.rep_name.clone());
    let message = draft.append(
        handoff.session,
        Utterance {
            author: Author::named(AuthorKind::Rep, name),
            content: said.content,
            at: said.at.unwrap_or(draft.cx.now),
            vendor_id: said.vendor_id,
            reply_to: None,
            status: MessageStatus::Pending,
            citations: Vec::new(),
        },
    );
    if let Some(session) = draft.state.session.as_mut().filter(|s| s.id == handoff.session) {
        session.answered_up_to = session.asked_up_to;
        session.asked_at = None;
    }
    draft.queue_to_customer(&message);
}

/// Something that only those who read the thread here should see.
fn remark(draft: &mut Draft<'_>, handoff: &Handoff, text: String) {
    draft.append(
        handoff.session,
        Utterance {
            author: Author::unnamed(AuthorKind::System),
            content: Content::Notice { text },
            at: draft.cx.now,
            vendor_id: None,
            reply_to: None,
            status: MessageStatus::Received,
            citations: Vec::new(),
        },
    );
}

/// Nobody works at the desk now: the customer hears that it waits there.
pub(super) fn out_of_hours(draft: &mut Draft<'_>, handoff: &Handoff) {
    let Some(session) = draft.state.session.as_ref().filter(|s| s.id == handoff.session) else {
        return;
    };
    let text = draft.cx.settings.texts(session.language.as_deref()).out_of_hours;
    draft.system_says(handoff.session, text);
}

/// Nobody can be had at this desk: the route's next choice is taken. Where a rep was there already,
/// the work is over.
fn failed(draft: &mut Draft<'_>, failed: Handoff, why: String) {
    let of_it = |h: &&Handoff| h.id == failed.id && h.state.is_live();
    match draft.state.handoff.as_ref().filter(of_it).map(|h| h.state) {
        Some(HandoffState::Active) => ended(draft, failed),
        Some(_) => handoff::fail(draft, Fault::new(FaultClass::NotReachable, why)),
        None => {}
    }
}

/// The work is over. What had not reached the rep goes where the policy says.
pub(super) fn ended(draft: &mut Draft<'_>, ended: Handoff) {
    let now = draft.cx.now;
    let Some(handoff) = draft.state.handoff.as_mut().filter(|h| h.id == ended.id) else { return };
    if !handoff.state.is_live() {
        return;
    }
    handoff.state = HandoffState::Closed;
    handoff.closed_at = Some(now);
    compare_once_more(draft, ended.id);
    draft.clear_task(TaskKind::Patience(ended.id));
    let stranded = stranded(draft, ended.id);
    handoff::withdraw_from_desk(draft, ended.id);
    if draft.state.session.as_ref().is_none_or(|s| s.owner != Owner::Desk) {
        return;
    }
    if !stranded.is_empty() {
        return late(draft, &stranded);
    }
    match draft.cx.settings.handoff.after_desk {
        AfterDesk::Close => {
            draft.state.conversation.rep_ended_at = Some(now);
            draft.close_session(CloseReason::RepEnded);
        }
        AfterDesk::ReturnToAi => {
            let position = draft.state.conversation.last_position;
            if let Some(session) = draft.state.session.as_mut() {
                session.answered_up_to = position;
                session.asked_at = None;
                session.misses = 0;
            }
            let owner = if draft.cx.ai { Owner::Ai } else { Owner::Nobody };
            draft.set_owner(owner);
        }
    }
}

/// What the rep said last may have been lost on its way: the desk is asked once more.
fn compare_once_more(draft: &mut Draft<'_>, id: HandoffId) {
    let task = TaskKind::Reconcile(id);
    match draft.cx.desk {
        Some(desk) => draft.set_task(task, draft.cx.now.plus_ms(desk.listing_lag_ms)),
        None => draft.clear_task(task),
    }
}

/// The customer's messages that were still to go to this handoff's desk.
pub(super) fn stranded(draft: &Draft<'_>, id: HandoffId) -> Vec<MessageId> {
    draft
        .state
        .deliveries
        .iter()
        .filter(|d| d.handoff == Some(id) && d.author == AuthorKind::Customer)
        .filter(|d| matches!(d.state, DeliveryState::Waiting | DeliveryState::Held))
        .filter_map(|d| match &d.payload {
            Payload::Message { message, .. } => Some(*message),
            _ => None,
        })
        .collect()
}

/// The customer wrote to work that was just ended: the policy says who answers.
pub(super) fn late(draft: &mut Draft<'_>, messages: &[MessageId]) {
    if let Some(handoff) = draft.state.handoff.clone().filter(|h| h.state.is_live()) {
        return give_to_next(draft, &handoff, messages);
    }
    let session = draft.open_session();
    let mut position = 0;
    for message in draft.state.messages.iter_mut().filter(|m| messages.contains(&m.id)) {
        message.session = session;
        position = position.max(message.position);
    }
    if let Some(open) = draft.state.session.as_mut() {
        open.answered_up_to = open.answered_up_to.min(position - 1);
    }
    customer::mark_asked(draft, position);
    match draft.cx.settings.handoff.late_message {
        LateMessage::Desk => handoff::request(draft, HandoffReason::WroteAfterEnd),
        LateMessage::Ai if draft.cx.ai => {
            draft.set_owner(Owner::Ai);
            customer::schedule_turn(draft, session);
        }
        LateMessage::Ai => draft.set_owner(Owner::Nobody),
    }
}

/// Another handoff was begun since. What its transcript does not hold goes to its rep, before
/// what the customer wrote later.
fn give_to_next(draft: &mut Draft<'_>, handoff: &Handoff, messages: &[MessageId]) {
    let told = |m: &Message| m.session == handoff.session && m.position <= handoff.transcript_up_to;
    let missing = draft.state.messages.iter().filter(|m| messages.contains(&m.id) && !told(m));
    for mut message in missing.cloned().collect::<Vec<_>>() {
        message.session = handoff.session;
        let of_message = |d: &&Delivery| d.payload.message() == Some(message.id);
        let seqs: Vec<i64> =
            draft.state.deliveries.iter().filter(of_message).map(|d| d.seq).collect();
        let known = draft.state.deliveries.len();
        draft.queue_to_desk(&message);
        for (delivery, seq) in draft.state.deliveries[known..].iter_mut().zip(seqs) {
            delivery.seq = seq;
        }
        if let Some(row) = draft.state.messages.iter_mut().find(|m| m.id == message.id) {
            row.session = handoff.session;
        }
    }
}

/// Compares the desk's own list with what we have: what is missing is brought, what has no id
/// yet gets it, and nothing is brought twice.
pub(super) fn listed(
    draft: &mut Draft<'_>,
    handoff: Handoff,
    listing: Listing,
    templates: &[Template],
) {
    let ids = from_reps(draft, &handoff);
    let unnamed = |m: &&Message| m.vendor_id.is_none() && ids.contains(&m.id);
    let mut free: Vec<MessageId> =
        draft.state.messages.iter().filter(unnamed).map(|m| m.id).collect();
    for said in listing.from_rep {
        if !is_known(draft, &ids, &said) && !bind(draft, &mut free, &said) {
            spoke(draft, &handoff, said, templates);
        }
    }
    let task = TaskKind::Reconcile(handoff.id);
    if listing.ended {
        ended(draft, handoff);
        draft.clear_task(task);
    } else {
        draft.clear_task(task);
        compare_later(draft, handoff.id);
    }
}

/// Sets the next comparison of a live handoff with what the desk holds.
pub(super) fn compare_later(draft: &mut Draft<'_>, id: HandoffId) {
    let live = draft.state.handoff.as_ref().filter(|h| h.id == id && h.state.is_open());
    if let (Some(desk), Some(handoff)) = (draft.cx.desk, live) {
        let due = draft.cx.now.plus_ms(desk.compare_every_ms(handoff.target.kind));
        draft.set_task(TaskKind::Reconcile(id), due);
    }
}

/// What reps have said since this handoff.
fn from_reps(draft: &Draft<'_>, handoff: &Handoff) -> Vec<MessageId> {
    let ours =
        |m: &&Message| m.author.kind == AuthorKind::Rep && m.recorded_at >= handoff.requested_at;
    draft.state.messages.iter().filter(ours).map(|m| m.id).collect()
}

fn is_known(draft: &Draft<'_>, ids: &[MessageId], said: &RepMessage) -> bool {
    said.vendor_id.is_some()
        && draft.state.messages.iter().any(|m| ids.contains(&m.id) && m.vendor_id == said.vendor_id)
}

/// Gives a message that came without an id the id of the first listed one with equal words.
fn bind(draft: &mut Draft<'_>, free: &mut Vec<MessageId>, said: &RepMessage) -> bool {
    let text = said.content.as_text();
    let fits = |m: &&mut Message| free.contains(&m.id) && same_words(&m.content.as_text(), &text);
    let Some(message) = draft.state.messages.iter_mut().find(fits) else { return false };
    message.vendor_id.clone_from(&said.vendor_id);
    let id = message.id;
    free.retain(|f| *f != id);
    true
}

fn same_words(a: &str, b: &str) -> bool {
    a.split_whitespace().eq(b.split_whitespace())
}
