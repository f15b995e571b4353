//! Routing: which queue a conversation comes into, who is asked to take it, and what happens when nobody does anything.
//!
//! Sources: "Manage overflow of work items in queues" (before and after queueing), "Create and manage workstreams" (push,
//! pick, affinity, auto-close), "Manage presence"; read 2026-11-21. Reps are asked by highest free capacity.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::conversation::{Asked, Conversation, Phase, Reason, Rep, Signal};
use super::hours::Opening;
use super::staff::{Action, Presence, Queue};
use super::{Inner, iso, webhook};
use crate::World;

/// Who speaks when no person does.
pub const SYSTEM: &str = "System";
/// Conversations that are offered in one go, oldest first.
const MAX_OFFERED: usize = 100;

/// What the webhook hears, each with the conversation that it is about.
pub type Told = Vec<(String, Signal)>;

/// A new conversation comes in: into the queue of the first rule that fits, unless that queue overflows.
pub fn arrive(inner: &mut Inner, id: &str, now_ms: i64) -> Vec<Signal> {
    let Some(conversation) = inner.find(id) else { return Vec::new() };
    let context = conversation
        .context
        .iter()
        .map(|variable| (variable.name.clone(), variable.value.clone()))
        .collect();
    let Some(queue) = inner.staff.route(&context).cloned() else { return Vec::new() };
    if let Some(conversation) = inner.find(id) {
        conversation.enter(&queue, now_ms);
    }
    let mut signals = overflow(inner, id, &queue, now_ms);
    signals.extend(offer(inner, id, now_ms));
    signals
}

/// Looked at once, before it is queued.
fn overflow(inner: &mut Inner, id: &str, queue: &Queue, now_ms: i64) -> Vec<Signal> {
    let system = system(inner, now_ms);
    let ahead = waiting_in(inner, &queue.id).filter(|known| known.id != id).count();
    let mut signals = Vec::new();
    let action = match queue.hours.at(now_ms) {
        Opening::Closed { holiday, .. } => {
            let found = inner.find(id).zip(system.clone());
            let told =
                found.map(|(found, system)| found.out_of_hours(system, holiday, false, now_ms));
            signals.extend(told.and_then(Result::ok).unwrap_or_default());
            &queue.overflow.out_of_hours
        }
        Opening::Open { .. } if queue.overflow.limit.is_some_and(|limit| ahead >= limit) => {
            &queue.overflow.over_limit
        }
        Opening::Open { .. } => return signals,
    };
    signals.extend(act(inner, id, action, now_ms));
    signals
}

/// Does what the queue's setting says.
fn act(inner: &mut Inner, id: &str, action: &Action, now_ms: i64) -> Vec<Signal> {
    let system = system(inner, now_ms);
    let other = match action {
        Action::Transfer(queue) => inner.staff.queue(queue).cloned(),
        Action::AssignAnyway | Action::EndConversation => None,
    };
    let Some(conversation) = inner.find(id) else { return Vec::new() };
    let done = match (action, other, system) {
        (Action::EndConversation, _, Some(system)) => conversation.end_by_overflow(system, now_ms),
        (Action::Transfer(_), Some(queue), _) => conversation.overflow_to(&queue, now_ms),
        _ => Ok(Vec::new()),
    };
    done.unwrap_or_default()
}

/// Asks a rep, where work is pushed.
pub fn offer(inner: &mut Inner, id: &str, now_ms: i64) -> Vec<Signal> {
    let workstream = inner.staff.workstream.clone();
    if !workstream.push {
        return Vec::new();
    }
    let Some(conversation) = inner.conversations.iter().find(|known| known.id == id) else {
        return Vec::new();
    };
    if conversation.phase != Phase::Open {
        return Vec::new();
    }
    let had_it = conversation
        .last_rep
        .clone()
        .filter(|rep| workstream.affinity && !conversation.passed.contains(&rep.id));
    let Some(rep) = had_it.or_else(|| freest(inner, conversation)) else { return Vec::new() };
    let until_ms = now_ms.saturating_add(workstream.ring_s.saturating_mul(1_000));
    let assigned = inner
        .find(id)
        .map(|found| found.assign(rep, Reason::AwaitingAgentAcceptance, until_ms, now_ms));
    assigned.and_then(Result::ok).unwrap_or_default()
}

/// Whoever can take most, of those who have not let it pass.
fn freest(inner: &Inner, conversation: &Conversation) -> Option<Rep> {
    let queue = inner.staff.queue(&conversation.queue_id)?;
    let free = able(inner, queue);
    let asked = free.into_iter().filter(|(rep, _)| !conversation.passed.contains(&rep.id));
    // The last of equals loses, so that the order in which people joined decides.
    let best = asked.reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.map(|(rep, _)| rep)
}

/// Members of a queue who could take work now, with their free units.
pub fn able(inner: &Inner, queue: &Queue) -> Vec<(Rep, u32)> {
    let workstream = &inner.staff.workstream;
    let used = used_units(inner);
    let mut found = Vec::new();
    for id in &queue.members {
        let Some(person) = inner.staff.people.iter().find(|person| person.rep.id == *id) else {
            continue;
        };
        let taken = used.get(id).copied().unwrap_or(0);
        let free = person.units.saturating_sub(taken);
        if workstream.allowed.contains(&person.presence(taken)) && free >= workstream.units {
            found.push((person.rep.clone(), free));
        }
    }
    found
}

/// Units that each rep's conversations take; those in wrap-up still do, those that wait do not.
pub fn used_units(inner: &Inner) -> BTreeMap<String, u32> {
    let mut used = BTreeMap::new();
    for conversation in &inner.conversations {
        let asked = conversation.ring.as_ref().filter(|ring| ring.asked == Asked::Assignment);
        let holder = match conversation.phase {
            Phase::Active => asked.map(|ring| &ring.rep).or(conversation.rep.as_ref()),
            Phase::WrapUp => conversation.rep.as_ref(),
            Phase::Open | Phase::Waiting | Phase::Closed => None,
        };
        if let Some(rep) = holder {
            *used.entry(rep.id.clone()).or_default() += inner.staff.workstream.units;
        }
    }
    used
}

/// Conversations of a queue that nobody has.
pub fn waiting_in<'a>(
    inner: &'a Inner,
    queue_id: &'a str,
) -> impl Iterator<Item = &'a Conversation> {
    let waits = move |known: &&Conversation| {
        known.phase == Phase::Open && known.queue_id.eq_ignore_ascii_case(queue_id)
    };
    inner.conversations.iter().filter(waits)
}

/// Somebody became free, or a queue changed: what waits is offered, who waits longest first.
pub fn offer_waiting(world: &World, inner: &mut Inner, now_ms: i64) -> Told {
    if !inner.staff.workstream.push {
        return Vec::new();
    }
    let mut waiting: Vec<(i64, String)> = inner
        .conversations
        .iter()
        .filter(|known| known.phase == Phase::Open)
        .map(|known| (known.queued_ms, known.id.clone()))
        .collect();
    waiting.sort();
    let mut told = Vec::new();
    for (_, id) in waiting.into_iter().take(MAX_OFFERED) {
        let signals = offer(inner, &id, now_ms);
        if !signals.is_empty() {
            inner.change(&world.dynamics365.account, &id, now_ms, |_| ());
        }
        told.extend(signals.into_iter().map(|signal| (id.clone(), signal)));
    }
    told
}

/// Runs what happens by itself, as its time comes. Never returns.
pub async fn run(world: Arc<World>) {
    let state = &world.dynamics365;
    loop {
        let next_ms = state.inner().due.first().map(|(at_ms, _)| *at_ms);
        match next_ms {
            None => state.due_changed.notified().await,
            Some(at_ms) => tokio::select! {
                () = state.due_changed.notified() => {}
                () = world.clock.sleep_until(at_ms) => {}
            },
        }
        let told = act_on_due(&world);
        tell(&world, told);
    }
}

fn act_on_due(world: &World) -> Told {
    let now_ms = world.clock.now_ms();
    let mut inner = world.dynamics365.inner();
    let mut told = Vec::new();
    while let Some((_, id)) = inner.due.first().filter(|(at_ms, _)| *at_ms <= now_ms).cloned() {
        let signals = is_due(&mut inner, &id, now_ms);
        let changed = inner.change(&world.dynamics365.account, &id, now_ms, |_| ());
        // Whatever is still due has nothing left to happen to it.
        inner.due.retain(|(at_ms, known)| *at_ms > now_ms || *known != id);
        if changed.is_some() {
            told.extend(signals.into_iter().map(|signal| (id.clone(), signal)));
        }
    }
    told.extend(offer_waiting(world, &mut inner, now_ms));
    told
}

fn is_due(inner: &mut Inner, id: &str, now_ms: i64) -> Vec<Signal> {
    let system = system(inner, now_ms);
    let Some(conversation) = inner.find(id) else { return Vec::new() };
    if let Some(ring) = conversation.ring.clone() {
        let signals = conversation.decline(true, now_ms).unwrap_or_default();
        missed(inner, &ring.rep, true);
        return signals;
    }
    match (conversation.phase, system) {
        (Phase::Waiting | Phase::WrapUp, Some(system)) => {
            conversation.time_out(system, now_ms).unwrap_or_default()
        }
        (Phase::Open, _) => {
            let queue_id = conversation.queue_id.clone();
            let action =
                inner.staff.queue(&queue_id).map(|queue| queue.overflow.over_waiting.clone());
            act(inner, id, &action.unwrap_or_default(), now_ms)
        }
        _ => Vec::new(),
    }
}

/// A rep let a notification pass, or rejected it.
pub fn missed(inner: &mut Inner, rep: &Rep, timed_out: bool) {
    let workstream = &inner.staff.workstream;
    let presence = match timed_out {
        true => workstream.inactive_when_missed.then_some(Presence::Inactive),
        false => workstream.do_not_disturb_when_rejected.then_some(Presence::DoNotDisturb),
    };
    if let (Some(presence), Some(person)) = (presence, inner.staff.person(&rep.id)) {
        person.chosen = Some(presence);
    }
}

/// Sends what the webhook is to hear, in this order, without waiting for answers.
pub fn tell(world: &Arc<World>, told: Told) {
    for (id, signal) in told {
        if let Some(hook) = webhook::hook(world, &id, &signal) {
            let _nobody_waits = world.webhooks.send(world, hook);
        }
    }
}

/// The platform itself, as a sender.
pub fn system(inner: &mut Inner, now_ms: i64) -> Option<Rep> {
    inner.rep(SYSTEM, &iso::seconds(now_ms))
}
