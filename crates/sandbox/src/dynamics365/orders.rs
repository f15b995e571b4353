//! What reps and supervisors do to a conversation, as calls.
//!
//! An order goes to the conversation that it names, or to the newest that fits. Its answer tells the state, and what
//! became of each webhook's first attempt.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Json;
use axum::routing::post;
use serde::Deserialize;
use serde_json::{Value, json};

use super::control::{Answer, Sandbox, order};
use super::conversation::{Author, Conversation, Phase, Reason, Rep, Signal};
use super::files::Spec as FileSpec;
use super::lifecycle::Stepped;
use super::routing::{self, SYSTEM, Told};
use super::said::{Said, system_line, write};
use super::staff::Queue;
use super::state::DEFAULT_REP;
use super::{Inner, adopt, files, iso, webhook};
use crate::World;
use crate::control::Refusal;

const DEFAULT_SUPERVISOR: &str = "Sam Castillo";
/// Times that one order may repeat a reply.
const MAX_TIMES: usize = 100;
/// Bytes of a rep's message.
const MAX_REPLY_BYTES: usize = 28 * 1024;
/// Conversations that are not closed and not in wrap-up.
const LIVE: [Phase; 3] = [Phase::Active, Phase::Open, Phase::Waiting];

/// What somebody is told to do; each order reads only the members that it needs.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Order {
    /// The newest fitting conversation if absent.
    conversation: Option<String>,
    /// Who acts: the rep who is asked, the one who has it, or Robin Hale if absent.
    rep: Option<String>,
    text: Option<String>,
    times: Option<usize>,
    /// A note between reps, which the customer never gets.
    private: bool,
    /// As the webhook is to carry them.
    attachments: Vec<Value>,
    /// Files that the rep sends; the simulator keeps them and gives each an address.
    files: Vec<FileSpec>,
    /// Whom to transfer to, to consult, to assign to, to add or to remove.
    to: Option<String>,
    /// The queue to transfer or to assign to.
    queue: Option<String>,
    /// Of a transfer or a consultation: `accepted`, `rejected`, `timed_out`, `failed`, or `rings` while it is open.
    outcome: Option<String>,
    /// Of `out_of_hours`: `non_working_hours` or `holiday`.
    reason: Option<String>,
    /// Whether `out_of_hours` also ends the conversation.
    ends: bool,
    /// Of `event`: the event's name.
    name: Option<String>,
}

/// One path for each order.
pub fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/accept", post(accept))
        .route("/decline", post(decline))
        .route("/reply", post(reply))
        .route("/typing", post(typing))
        .route("/transfer", post(transfer))
        .route("/consult", post(consult))
        .route("/add_to_chat", post(add_to_chat))
        .route("/leave", post(leave))
        .route("/end_consult", post(end_consult))
        .route("/release", post(release))
        .route("/disconnect", post(disconnect))
        .route("/end", post(end))
        .route("/close", post(close))
        .route("/join", post(join))
        .route("/assign", post(assign))
        .route("/force_close", post(force_close))
        .route("/time_out", post(time_out))
        .route("/out_of_hours", post(out_of_hours))
        .route("/overflow", post(overflow))
        .route("/event", post(event))
}

async fn accept(State(world): Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    step(&world, &order, &[Phase::Open, Phase::Waiting], |inner, id, now_ms| {
        let asked = found(inner, id)?.ring.as_ref().map(|ring| ring.rep.name.clone());
        let name = order.rep.clone().or(asked).unwrap_or_else(|| DEFAULT_REP.to_owned());
        let rep = named(inner, &name, now_ms)?;
        let conversation = found(inner, id)?;
        let (queued_ms, queue_id) = (conversation.queued_ms, conversation.queue_id.clone());
        let had = conversation.rep.clone();
        let mut signals = conversation.accept(rep.clone(), now_ms)?;
        let took_over = conversation.rep.as_ref().is_some_and(|holder| holder.id == rep.id);
        if let Some(queue) = inner.staff.queue_mut(&queue_id).filter(|_| had.is_none()) {
            queue.waited((now_ms - queued_ms) / 1_000);
        }
        if let Some(person) = inner.staff.person(&rep.id) {
            person.recompute();
        }
        if took_over {
            let line = format!("{} has joined the conversation.", rep.name);
            signals.push(system_line(inner, id, line, now_ms)?);
        }
        Ok(signals)
    })
    .await
}

async fn decline(State(world): Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    step(&world, &order, &[Phase::Active], |inner, id, now_ms| {
        let conversation = found(inner, id)?;
        let rep = conversation.ring.as_ref().map(|ring| ring.rep.clone());
        let signals = conversation.decline(false, now_ms)?;
        if let Some(rep) = rep {
            routing::missed(inner, &rep, false);
        }
        Ok(signals)
    })
    .await
}

async fn reply(State(world): Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    let text = order.text.clone().unwrap_or_default();
    let times = order.times.unwrap_or(1);
    let (mut attachments, mut sent) = (order.attachments.clone(), Vec::new());
    for file in &order.files {
        let (attachment, file) = files::from_rep(&world, file).map_err(Refusal::bad_request)?;
        attachments.push(attachment);
        sent.push(file);
    }
    if text.is_empty() && attachments.is_empty() {
        return Err(Refusal::bad_request("a reply needs text, files or attachments"));
    }
    if !(1..=MAX_TIMES).contains(&times) || text.len() > MAX_REPLY_BYTES {
        return Err(Refusal::bad_request(format!(
            "a reply has at most {MAX_REPLY_BYTES} bytes and {MAX_TIMES} times"
        )));
    }
    step(&world, &order, &[Phase::Active], |inner, id, now_ms| {
        let mut signals = Vec::new();
        for _ in 0..times {
            let (from, seen) = found(inner, id)?.writer(order.rep.as_deref())?;
            let seen = seen && !order.private;
            let author = if seen { Author::Rep } else { Author::Private };
            let said =
                Said { text: text.clone(), attachments: attachments.clone(), files: sent.clone() };
            write(inner, id, author, &from, said, now_ms)?;
            if seen {
                let (text, attachments) = (text.clone(), attachments.clone());
                signals.push(Signal::Message { from, text, attachments });
            }
        }
        Ok(signals)
    })
    .await
}

async fn typing(State(world): Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    step(&world, &order, &[Phase::Active], |inner, id, _| {
        let (from, seen) = found(inner, id)?.writer(order.rep.as_deref())?;
        Ok(if seen { vec![Signal::Typing { from }] } else { Vec::new() })
    })
    .await
}

async fn transfer(State(world): Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    let outcome = order.outcome.as_deref().unwrap_or("accepted");
    step(&world, &order, &[Phase::Active], |inner, id, now_ms| match (&order.to, &order.queue) {
        (Some(to), None) => {
            let (to, until_ms) = (named(inner, to, now_ms)?, rings_until(inner, now_ms));
            found(inner, id)?.transfer_to_rep(to, outcome, until_ms, now_ms)
        }
        (None, Some(queue)) => {
            let queue = queue_named(inner, queue, now_ms)?;
            found(inner, id)?.transfer_to_queue(&queue, outcome, now_ms)
        }
        _ => Err("a transfer needs either to (a rep) or queue".to_owned()),
    })
    .await
}

async fn consult(State(world): Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    let outcome = order.outcome.as_deref().unwrap_or("accepted");
    step(&world, &order, &[Phase::Active], |inner, id, now_ms| {
        let to = named(inner, whom(&order)?, now_ms)?;
        let until_ms = rings_until(inner, now_ms);
        found(inner, id)?.consult(to, outcome, until_ms, now_ms)
    })
    .await
}

async fn add_to_chat(State(world): Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    step(&world, &order, &[Phase::Active], |inner, id, _| {
        found(inner, id)?.add_to_chat(whom(&order)?)
    })
    .await
}

/// A consultant goes (`rep`), or is sent away (`to`).
async fn leave(State(world): Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    step(&world, &order, &[Phase::Active], |inner, id, _| {
        let conversation = found(inner, id)?;
        match (&order.rep, &order.to) {
            (Some(rep), None) => conversation.leave(rep, false),
            (None, Some(to)) => conversation.leave(to, true),
            _ => Err("say who goes (rep) or who is sent away (to)".to_owned()),
        }
    })
    .await
}

async fn end_consult(State(world): Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    step(&world, &order, &[Phase::Active], |inner, id, _| found(inner, id)?.end_consult()).await
}

async fn release(State(world): Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    let deed = |inner: &mut Inner, id: &str, now_ms| found(inner, id)?.release(now_ms);
    step(&world, &order, &[Phase::Active], deed).await
}

async fn disconnect(State(world): Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    let deed = |inner: &mut Inner, id: &str, now_ms| found(inner, id)?.disconnect(now_ms);
    step(&world, &order, &[Phase::Active], deed).await
}

async fn end(State(world): Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    step(&world, &order, &[Phase::Active], |inner, id, now_ms| {
        let mut signals = found(inner, id)?.end(now_ms)?;
        let line = "The representative has ended the conversation.".to_owned();
        signals.push(system_line(inner, id, line, now_ms)?);
        Ok(signals)
    })
    .await
}

async fn close(State(world): Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    step(&world, &order, &[Phase::Active, Phase::WrapUp], |inner, id, now_ms| {
        let rep = found(inner, id)?.rep.clone();
        let signals = found(inner, id)?.close_session(now_ms)?;
        if let Some(person) = rep.and_then(|rep| inner.staff.person(&rep.id)) {
            person.recompute();
        }
        Ok(signals)
    })
    .await
}

async fn join(State(world): Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    step(&world, &order, &[Phase::Active], |inner, id, now_ms| {
        let supervisor = supervisor(inner, &order, now_ms)?;
        found(inner, id)?.join(supervisor)
    })
    .await
}

/// A supervisor gives an open conversation to a rep, who is asked, or to a queue.
async fn assign(State(world): Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    step(&world, &order, &[Phase::Open], |inner, id, now_ms| match (&order.to, &order.queue) {
        (Some(to), None) => {
            let (to, until_ms) = (named(inner, to, now_ms)?, rings_until(inner, now_ms));
            found(inner, id)?.assign(to, Reason::AssignedBySupervisor, until_ms, now_ms)
        }
        (None, Some(queue)) => {
            let queue = queue_named(inner, queue, now_ms)?;
            found(inner, id)?.move_queue(&queue, now_ms)
        }
        _ => Err("an assignment needs either to (a rep) or queue".to_owned()),
    })
    .await
}

async fn force_close(State(world): Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    step(&world, &order, &LIVE, |inner, id, now_ms| {
        let supervisor = supervisor(inner, &order, now_ms)?;
        found(inner, id)?.force_close(supervisor, now_ms)
    })
    .await
}

async fn time_out(State(world): Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    step(&world, &order, &[Phase::Waiting, Phase::WrapUp], |inner, id, now_ms| {
        let conversation = found(inner, id)?;
        if let Some(rep) = conversation.ring.as_ref().map(|ring| ring.rep.clone()) {
            let signals = conversation.decline(true, now_ms)?;
            routing::missed(inner, &rep, true);
            return Ok(signals);
        }
        let system = named(inner, SYSTEM, now_ms)?;
        found(inner, id)?.time_out(system, now_ms)
    })
    .await
}

async fn out_of_hours(State(world): Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    let holiday = match order.reason.as_deref() {
        None | Some("non_working_hours") => false,
        Some("holiday") => true,
        Some(other) => {
            return Err(Refusal::bad_request(format!(
                "reason {other} is not non_working_hours or holiday"
            )));
        }
    };
    step(&world, &order, &[Phase::Open], |inner, id, now_ms| {
        let system = named(inner, SYSTEM, now_ms)?;
        found(inner, id)?.out_of_hours(system, holiday, order.ends, now_ms)
    })
    .await
}

/// There is too much work: into another queue, or else the end.
async fn overflow(State(world): Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    step(&world, &order, &[Phase::Open], |inner, id, now_ms| match &order.queue {
        Some(queue) => {
            let queue = queue_named(inner, queue, now_ms)?;
            found(inner, id)?.overflow_to(&queue, now_ms)
        }
        None => {
            let system = named(inner, SYSTEM, now_ms)?;
            found(inner, id)?.end_by_overflow(system, now_ms)
        }
    })
    .await
}

/// Any event by name, documented or not, without a change of state.
async fn event(State(world): Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    let name = order.name.clone().ok_or_else(|| Refusal::bad_request("an event needs a name"))?;
    let text = order.text.clone().unwrap_or_else(|| format!("EventName: **_{name}_**"));
    step(&world, &order, &[Phase::Active, Phase::Open], |inner, _, now_ms| {
        let from = named(inner, order.rep.as_deref().unwrap_or(SYSTEM), now_ms)?;
        Ok(vec![Signal::OtherEvent { from, name, text }])
    })
    .await
}

fn whom(order: &Order) -> Result<&str, String> {
    order.to.as_deref().ok_or_else(|| "say whom (to)".to_owned())
}

fn supervisor(inner: &mut Inner, order: &Order, now_ms: i64) -> Result<Rep, String> {
    named(inner, order.rep.as_deref().unwrap_or(DEFAULT_SUPERVISOR), now_ms)
}

fn rings_until(inner: &Inner, now_ms: i64) -> i64 {
    now_ms.saturating_add(inner.staff.workstream.ring_s.saturating_mul(1_000))
}

/// Does one thing to a conversation, tells the webhook, and waits for what came of each first attempt.
async fn step(
    world: &Arc<World>,
    order: &Order,
    preferred: &[Phase],
    deed: impl FnOnce(&mut Inner, &str, i64) -> Stepped,
) -> Answer {
    let now_ms = world.clock.now_ms();
    let account = &world.dynamics365.account;
    let (id, phase, told) = {
        let mut inner = world.dynamics365.inner();
        adopt::rows(world, &mut inner, now_ms);
        let id = match &order.conversation {
            Some(id) => found(&mut inner, id).map_err(Refusal::not_found)?.id.clone(),
            None => inner
                .newest(preferred)
                .ok_or_else(|| Refusal::not_found("no open conversation"))?
                .id
                .clone(),
        };
        let signals = deed(&mut inner, &id, now_ms)
            .map_err(|reason| Refusal(StatusCode::CONFLICT, reason))?;
        inner.change(account, &id, now_ms, |_| ());
        let mut told: Told = signals.into_iter().map(|signal| (id.clone(), signal)).collect();
        told.extend(routing::offer_waiting(world, &mut inner, now_ms));
        (id.clone(), inner.find(&id).map(|conversation| conversation.phase), told)
    };
    let webhooks = tell(world, &told).await;
    Ok(Json(json!({ "conversation": id, "state": phase, "webhooks": webhooks })))
}

async fn tell(world: &Arc<World>, told: &Told) -> Vec<Value> {
    let system_lines = world.switches.is("dynamics365.system_messages_webhook", "yes");
    let is_told = |signal: &Signal| {
        system_lines || !matches!(signal, Signal::Message { from, .. } if from.name == SYSTEM)
    };
    let hooks: Vec<_> = told
        .iter()
        .filter(|(_, signal)| is_told(signal))
        .filter_map(|(id, signal)| webhook::hook(world, id, signal))
        .collect();
    // All queued before any is awaited, so that their order does not depend on answers.
    let sending: Vec<_> = hooks
        .into_iter()
        .map(|hook| (hook.kind.clone(), world.webhooks.send(world, hook)))
        .collect();
    let mut told = Vec::new();
    for (kind, first_attempt) in sending {
        let delivered = first_attempt.await.unwrap_or_default();
        told.push(json!({ "kind": kind, "status": delivered.status, "fault": delivered.fault }));
    }
    told
}

/// The conversation of that id.
pub fn found<'a>(inner: &'a mut Inner, id: &str) -> Result<&'a mut Conversation, String> {
    inner.find(id).ok_or_else(|| format!("no conversation {id}"))
}

/// The rep of that name, who is made when first heard of.
pub fn named(inner: &mut Inner, name: &str, now_ms: i64) -> Result<Rep, String> {
    inner.rep(name, &iso::seconds(now_ms)).ok_or_else(|| "too many different reps".to_owned())
}

/// The queue of that name; one that nobody has heard of is made, with the usual rep in it.
fn queue_named(inner: &mut Inner, name: &str, now_ms: i64) -> Result<Queue, String> {
    if let Some(queue) = inner.staff.queue(name) {
        return Ok(queue.clone());
    }
    let rep = named(inner, DEFAULT_REP, now_ms)?;
    inner.add_queue(name, vec![rep.id], &iso::seconds(now_ms))
}
