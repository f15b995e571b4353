//! What a rep, a supervisor and an administrator do, as calls: under `/_control/dynamics365`, and under
//! `/_control/dynamics` for short.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Json;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::conversation::{Author, Conversation, Message, Phase, Rep, Signal, Stepped};
use super::token::Signer;
use super::{Inner, iso, rows, tables, view, webhook};
use crate::World;
use crate::control::Refusal;

/// Who acts when nobody is named.
pub const DEFAULT_REP: &str = "Robin Hale";
const DEFAULT_SUPERVISOR: &str = "Sam Castillo";
const SYSTEM: &str = "System";
/// Times that one order may repeat a reply.
const MAX_TIMES: usize = 100;
/// Bytes of a rep's message.
const MAX_REPLY_BYTES: usize = 28 * 1024;

type Answer = Result<Json<Value>, Refusal>;

/// What a rep is told to do; each order reads only the members that it needs.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Order {
    /// The newest fitting conversation if absent.
    conversation: Option<String>,
    /// Who acts, for `accept`, `force_close` and `event`.
    rep: Option<String>,
    text: Option<String>,
    times: Option<usize>,
    /// A note between reps, which the customer never gets.
    private: bool,
    attachments: Vec<Value>,
    /// The rep to transfer to.
    to: Option<String>,
    /// The queue to transfer to.
    queue: Option<String>,
    /// Of a transfer: `accepted`, `rejected`, `timed_out` or `failed`.
    outcome: Option<String>,
    /// Of `out_of_hours`: `non_working_hours` or `holiday`.
    reason: Option<String>,
    /// Whether `out_of_hours` also ends the conversation.
    ends: bool,
    /// Of `event`: the event's name.
    name: Option<String>,
}

/// Mounted at `/_control`.
pub fn router() -> Router<Arc<World>> {
    Router::new().nest("/dynamics365", orders()).nest("/dynamics", orders())
}

fn orders() -> Router<Arc<World>> {
    Router::new()
        .route("/", get(account))
        .route("/conversations", get(conversations))
        .route("/conversations/{id}", get(conversation))
        .route("/rows/{set}", get(table_rows))
        .route("/contacts", post(add_contact))
        .route("/webhook", post(set_webhook))
        .route("/webhook_token", post(webhook_token))
        .route("/said", post(said))
        .route("/accept", post(accept))
        .route("/reply", post(reply))
        .route("/typing", post(typing))
        .route("/transfer", post(transfer))
        .route("/end", post(end))
        .route("/close", post(close))
        .route("/force_close", post(force_close))
        .route("/time_out", post(time_out))
        .route("/out_of_hours", post(out_of_hours))
        .route("/event", post(event))
}

async fn account(State(world): State<Arc<World>>) -> Json<Value> {
    let account = &world.dynamics365.account;
    Json(json!({
        "account": account,
        "urls": account.urls(&world.base_url),
        "webhook_url": world.dynamics365.webhook_url(),
    }))
}

async fn conversations(State(world): State<Arc<World>>) -> Json<Value> {
    let inner = world.dynamics365.inner();
    let newest_first = inner.conversations.iter().rev().take(view::MAX_LISTED);
    Json(json!({ "conversations": newest_first.map(view::summary).collect::<Vec<_>>() }))
}

async fn conversation(State(world): State<Arc<World>>, Path(id): Path<String>) -> Answer {
    let mut inner = world.dynamics365.inner();
    let Some(index) =
        inner.conversations.iter().position(|known| known.id.eq_ignore_ascii_case(&id))
    else {
        return Err(Refusal::not_found(format!("no conversation {id}")));
    };
    Ok(Json(view::detail(&mut inner, index, world.clock.now_ms())))
}

async fn table_rows(State(world): State<Arc<World>>, Path(set): Path<String>) -> Answer {
    let inner = world.dynamics365.inner();
    let table = tables::find(&set).ok_or_else(|| Refusal::not_found(format!("no table {set}")))?;
    let found: Vec<_> =
        inner.tables.list(table.set).iter().map(|stored| stored.row.clone()).collect();
    Ok(Json(json!({ "rows": found })))
}

async fn add_contact(State(world): State<Arc<World>>, body: Bytes) -> Answer {
    let table = tables::find("contacts").ok_or_else(|| Refusal::not_found("no table contacts"))?;
    let mut inner = world.dynamics365.inner();
    let id = rows::create(&mut inner, world.clock.now_ms(), table, &body)
        .map_err(|refusal| Refusal::bad_request(refusal.message))?;
    Ok(Json(json!({ "contactid": id })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookUrl {
    url: String,
}

async fn set_webhook(State(world): State<Arc<World>>, Json(body): Json<WebhookUrl>) -> Json<Value> {
    let channel_id = &world.dynamics365.account.channel_id;
    let columns = json!({ "msdyn_webhookurl": body.url });
    let at = iso::seconds(world.clock.now_ms());
    world.dynamics365.inner().set_columns(
        "msdyn_occustommessagingchannels",
        channel_id,
        columns,
        &at,
    );
    Json(json!({ "webhook_url": world.dynamics365.webhook_url() }))
}

/// A token to present to the webhook by hand.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenOrder {
    aud: Option<String>,
    tid: Option<String>,
    appid: Option<String>,
    iss: Option<String>,
    /// Seconds; negative for a token that has expired.
    expires_in: Option<i64>,
    #[serde(default)]
    foreign_key: bool,
}

async fn webhook_token(State(world): State<Arc<World>>, Json(order): Json<TokenOrder>) -> Answer {
    let signer = if order.foreign_key { Signer::Foreign } else { Signer::Entra };
    let TokenOrder { aud, tid, appid, iss, expires_in, .. } = order;
    let claims =
        webhook::Claims { audience: aud, tenant: tid, app: appid, issuer: iss, life_s: expires_in };
    match webhook::mint(&world, signer, claims) {
        Some(token) => Ok(Json(json!({ "token": token }))),
        None => Err(Refusal(StatusCode::INTERNAL_SERVER_ERROR, "no key to sign with".to_owned())),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    text: String,
    #[serde(default = "once")]
    times: usize,
}

fn once() -> usize {
    1
}

/// Tells how often the customer really said something, which decides what is a duplicate.
async fn said(State(world): State<Arc<World>>, Json(said): Json<Said>) -> Answer {
    let mut inner = world.dynamics365.inner();
    if !inner.add_said(&said.text, said.times) {
        return Err(Refusal::bad_request("too many different texts are kept"));
    }
    Ok(Json(json!({ "text": said.text, "times": inner.said.get(&said.text) })))
}

async fn accept(State(world): State<Arc<World>>, body: Bytes) -> Answer {
    let order = order(&body)?;
    step(&world, &order, &[Phase::Open, Phase::Waiting], |inner, id, now_ms| {
        let rep = named(inner, order.rep.as_deref().unwrap_or(DEFAULT_REP), now_ms)?;
        let mut signals = found(inner, id)?.accept(rep.clone(), now_ms)?;
        signals.push(system_line(
            inner,
            id,
            format!("{} has joined the conversation.", rep.name),
            now_ms,
        )?);
        Ok(signals)
    })
    .await
}

async fn reply(State(world): State<Arc<World>>, body: Bytes) -> Answer {
    let order = order(&body)?;
    let text = order.text.clone().unwrap_or_default();
    let times = order.times.unwrap_or(1);
    if text.is_empty() && order.attachments.is_empty() {
        return Err(Refusal::bad_request("a reply needs text or attachments"));
    }
    if !(1..=MAX_TIMES).contains(&times) || text.len() > MAX_REPLY_BYTES {
        return Err(Refusal::bad_request(format!(
            "a reply has at most {MAX_REPLY_BYTES} bytes and {MAX_TIMES} times"
        )));
    }
    step(&world, &order, &[Phase::Active], |inner, id, now_ms| {
        let mut signals = Vec::new();
        for _ in 0..times {
            let from = found(inner, id)?.active_rep()?;
            let author = if order.private { Author::Private } else { Author::Rep };
            write(inner, id, author, &from, &text, &order.attachments, now_ms)?;
            if !order.private {
                signals.push(Signal::Message {
                    from,
                    text: text.clone(),
                    attachments: order.attachments.clone(),
                });
            }
        }
        Ok(signals)
    })
    .await
}

async fn typing(State(world): State<Arc<World>>, body: Bytes) -> Answer {
    let order = order(&body)?;
    step(&world, &order, &[Phase::Active], |inner, id, _| {
        Ok(vec![Signal::Typing { from: found(inner, id)?.active_rep()? }])
    })
    .await
}

async fn transfer(State(world): State<Arc<World>>, body: Bytes) -> Answer {
    let order = order(&body)?;
    let outcome = order.outcome.as_deref().unwrap_or("accepted");
    step(&world, &order, &[Phase::Active], |inner, id, now_ms| match (&order.to, &order.queue) {
        (Some(to), None) => {
            let to = named(inner, to, now_ms)?;
            found(inner, id)?.transfer_to_rep(to, outcome, now_ms)
        }
        (None, Some(queue)) => found(inner, id)?.transfer_to_queue(queue.clone(), outcome, now_ms),
        _ => Err("a transfer needs either to (a rep) or queue".to_owned()),
    })
    .await
}

async fn end(State(world): State<Arc<World>>, body: Bytes) -> Answer {
    let order = order(&body)?;
    step(&world, &order, &[Phase::Active], |inner, id, now_ms| {
        let mut signals = found(inner, id)?.end(now_ms)?;
        signals.push(system_line(
            inner,
            id,
            "The representative has ended the conversation.".to_owned(),
            now_ms,
        )?);
        Ok(signals)
    })
    .await
}

async fn close(State(world): State<Arc<World>>, body: Bytes) -> Answer {
    let order = order(&body)?;
    step(&world, &order, &[Phase::Active, Phase::WrapUp], |inner, id, now_ms| {
        found(inner, id)?.close_session(now_ms)
    })
    .await
}

async fn force_close(State(world): State<Arc<World>>, body: Bytes) -> Answer {
    let order = order(&body)?;
    step(&world, &order, &[Phase::Active, Phase::Open, Phase::Waiting], |inner, id, now_ms| {
        let supervisor = named(inner, order.rep.as_deref().unwrap_or(DEFAULT_SUPERVISOR), now_ms)?;
        found(inner, id)?.force_close(supervisor, now_ms)
    })
    .await
}

async fn time_out(State(world): State<Arc<World>>, body: Bytes) -> Answer {
    let order = order(&body)?;
    step(&world, &order, &[Phase::Waiting, Phase::WrapUp], |inner, id, now_ms| {
        let system = named(inner, SYSTEM, now_ms)?;
        found(inner, id)?.time_out(system, now_ms)
    })
    .await
}

async fn out_of_hours(State(world): State<Arc<World>>, body: Bytes) -> Answer {
    let order = order(&body)?;
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

/// Any event by name, documented or not, without a change of state.
async fn event(State(world): State<Arc<World>>, body: Bytes) -> Answer {
    let order = order(&body)?;
    let name = order.name.clone().ok_or_else(|| Refusal::bad_request("an event needs a name"))?;
    let text = order.text.clone().unwrap_or_else(|| format!("EventName: **_{name}_**"));
    step(&world, &order, &[Phase::Active, Phase::Open], |inner, _, now_ms| {
        let from = named(inner, order.rep.as_deref().unwrap_or(SYSTEM), now_ms)?;
        Ok(vec![Signal::OtherEvent { from, name, text }])
    })
    .await
}

fn order(body: &[u8]) -> Result<Order, Refusal> {
    if body.is_empty() {
        return Ok(Order::default());
    }
    serde_json::from_slice(body)
        .map_err(|error| Refusal::bad_request(format!("the order does not read: {error}")))
}

/// Does one thing to a conversation, tells the webhook, and waits for what came of each first attempt.
async fn step(
    world: &Arc<World>,
    order: &Order,
    preferred: &[Phase],
    deed: impl FnOnce(&mut Inner, &str, i64) -> Stepped,
) -> Answer {
    let now_ms = world.clock.now_ms();
    let (id, phase, signals) = {
        let mut inner = world.dynamics365.inner();
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
        let phase = inner
            .change(&world.dynamics365.account, &id, now_ms, |conversation| conversation.phase);
        (id, phase, signals)
    };
    let webhooks = tell(world, &id, &signals).await;
    Ok(Json(json!({ "conversation": id, "state": phase, "webhooks": webhooks })))
}

async fn tell(world: &Arc<World>, id: &str, signals: &[Signal]) -> Vec<Value> {
    let system_lines = world.switches.is("dynamics365.system_messages_webhook", "yes");
    let is_told = |signal: &&Signal| {
        system_lines || !matches!(signal, Signal::Message { from, .. } if from.name == SYSTEM)
    };
    let hooks: Vec<_> = signals
        .iter()
        .filter(is_told)
        .filter_map(|signal| webhook::hook(world, id, signal))
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

fn found<'a>(inner: &'a mut Inner, id: &str) -> Result<&'a mut Conversation, String> {
    inner.find(id).ok_or_else(|| format!("no conversation {id}"))
}

fn named(inner: &mut Inner, name: &str, now_ms: i64) -> Result<Rep, String> {
    inner.rep(name, &iso::seconds(now_ms)).ok_or_else(|| "too many different reps".to_owned())
}

/// A line of the platform: always in the thread, on the webhook only by switch.
fn system_line(inner: &mut Inner, id: &str, text: String, now_ms: i64) -> Result<Signal, String> {
    let from = named(inner, SYSTEM, now_ms)?;
    write(inner, id, Author::System, &from, &text, &[], now_ms)?;
    Ok(Signal::Message { from, text, attachments: Vec::new() })
}

fn write(
    inner: &mut Inner,
    id: &str,
    author: Author,
    from: &Rep,
    text: &str,
    attachments: &[Value],
    now_ms: i64,
) -> Result<(), String> {
    let at_ms = inner.next_message_ms(now_ms);
    let message = Message {
        id: at_ms.to_string(),
        at_ms,
        author,
        from_id: from.id.clone(),
        from_name: from.name.clone(),
        text: text.to_owned(),
        attachments: attachments.to_vec(),
        read_at_ms: None,
        activity: Value::Null,
        seq: 0,
    };
    let conversation = found(inner, id)?;
    if conversation.messages.len() >= super::conversation::MAX_MESSAGES {
        return Err(format!("conversation {id} is full"));
    }
    conversation.messages.push(message);
    conversation.modified_ms = now_ms;
    Ok(())
}
