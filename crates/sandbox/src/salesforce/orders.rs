//! What reps and supervisors do, as calls; each tells its events.
//!
//! An order goes to the conversation that it names (by its UUID or a session's id), or to the newest that fits.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Json;
use axum::routing::post;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::content::{Choices, Composed, Form, Link};
use super::control::{Answer, Sandbox};
use super::conversation::{Phase, Rep};
use super::entry::{Author, Kind, Sender, Shown};
use super::files::Spec;
use super::lifecycle::LIVE;
use super::scene::Scene;
use super::subject::What;
use crate::World;
use crate::control::Refusal;

pub const DEFAULT_REP: &str = "Robin Hale";
const DEFAULT_SUPERVISOR: &str = "Sam Castillo";
/// Times that one order may repeat a reply.
const MAX_TIMES: usize = 100;
/// Bytes of a rep's message.
const MAX_REPLY_BYTES: usize = 64 * 1024;

/// What somebody is told to do; each order reads only the members that it needs.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Order {
    /// The newest fitting conversation if absent.
    conversation: Option<String>,
    /// Who acts: the rep who is asked, the one who has it, or Robin Hale if absent.
    rep: Option<String>,
    text: String,
    times: Option<usize>,
    /// A note between reps, which the customer never gets.
    private: bool,
    files: Vec<Spec>,
    /// Files that are not Salesforce's own, as `{name, contentType, contentUrl}`.
    attachments: Vec<Value>,
    choices: Option<Choices>,
    link: Option<Link>,
    form: Option<Form>,
    /// A whole `abstractMessage`, for kinds that have no member here.
    message: Option<Value>,
    /// Whom to transfer to, or to assign to.
    to: Option<String>,
    /// The queue to transfer to.
    queue: Option<String>,
    /// Of a transfer: `accepted`, `rejected`, `failed`, or `rings` while it is open.
    outcome: Option<String>,
    /// Of `typing`: the rep stops.
    stopped: bool,
    /// Of `event`: its name, and its data if it is not a conversation's.
    name: Option<String>,
    data: Option<Value>,
}

/// One path for each order.
pub fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/assign", post(assign))
        .route("/accept", post(accept))
        .route("/decline", post(decline))
        .route("/reply", post(reply))
        .route("/typing", post(typing))
        .route("/read", post(read))
        .route("/deliver", post(deliver))
        .route("/automatic", post(automatic))
        .route("/progress", post(progress))
        .route("/transfer", post(transfer))
        .route("/join", post(join))
        .route("/inactive", post(inactive))
        .route("/time_out", post(time_out))
        .route("/offline", post(offline))
        .route("/end", post(end))
        .route("/force_close", post(force_close))
        .route("/event", post(event))
}

type Done = Result<(), String>;

async fn assign(world: Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    step(&world, &order, &[Phase::Waiting], |scene| {
        let name = order.to.as_deref().or(order.rep.as_deref()).unwrap_or(DEFAULT_REP);
        let rep = named(scene, name)?;
        scene.ask(&rep)
    })
}

async fn accept(world: Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    step(&world, &order, &[Phase::Waiting], |scene| {
        let asked = scene.session()?.asked.as_ref().map(|rep| rep.name.clone());
        let name = order.rep.clone().or(asked).unwrap_or_else(|| DEFAULT_REP.to_owned());
        let rep = named(scene, &name)?;
        scene.accept(&rep)
    })
}

async fn decline(world: Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    step(&world, &order, &[Phase::Waiting, Phase::Active], |scene| {
        scene.decline()?;
        match &order.to {
            Some(to) => {
                let next = named(scene, to)?;
                scene.ask(&next)
            }
            None => Ok(()),
        }
    })
}

async fn reply(world: Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    let times = order.times.unwrap_or(1);
    if !(1..=MAX_TIMES).contains(&times) || order.text.len() > MAX_REPLY_BYTES {
        return Err(Refusal::bad_request(format!(
            "a reply has at most {MAX_REPLY_BYTES} bytes and {MAX_TIMES} times"
        )));
    }
    let composed = composed(&order);
    step(&world, &order, &[Phase::Active], |scene| {
        let rep = writer(scene, &order)?;
        for _ in 0..times {
            say(scene, &rep, &composed, order.private)?;
        }
        Ok(())
    })
}

fn composed(order: &Order) -> Composed {
    let text = |item: &Value, name: &str| item[name].as_str().map(str::to_owned);
    let elsewhere = order.attachments.iter().map(|item| Spec {
        name: text(item, "name"),
        content_type: text(item, "contentType"),
        url: text(item, "contentUrl"),
        ..Spec::default()
    });
    Composed {
        text: order.text.clone(),
        files: order.files.iter().cloned().chain(elsewhere).collect(),
        choices: order.choices.clone(),
        link: order.link.clone(),
        form: order.form.clone(),
        message: order.message.clone(),
    }
}

/// Writes a rep's message, or a note.
fn say(scene: &mut Scene, rep: &Rep, composed: &Composed, private: bool) -> Done {
    let sender = Sender::agent(&rep.id, &rep.name);
    if private {
        let shown = Shown::text(Author::Private, &composed.text);
        scene.tell_with(Kind::Note, sender, json!({}), Some(shown));
        return Ok(());
    }
    let (mut message, shown) = composed.message(scene.world, scene.inner)?;
    let id = scene.inner.ids.guid();
    message["id"] = json!(id);
    message["references"] = json!([]);
    let payload = json!({ "id": id, "abstractMessage": message, "messageReason": null });
    scene.tell_with(Kind::Message, sender, payload, Some(shown));
    Ok(())
}

async fn typing(world: Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    step(&world, &order, &[Phase::Active], |scene| {
        let rep = writer(scene, &order)?;
        let kind = if order.stopped { Kind::TypingStopped } else { Kind::TypingStarted };
        let payload = json!({ "timestamp": scene.now_ms });
        scene.tell(kind, Sender::agent(&rep.id, &rep.name), payload);
        Ok(())
    })
}

async fn read(world: Sandbox, body: Bytes) -> Answer {
    acknowledge(&world, &body, Kind::Read)
}

async fn deliver(world: Sandbox, body: Bytes) -> Answer {
    acknowledge(&world, &body, Kind::Delivery)
}

/// The rep's console has the customer's messages, or the rep has read them.
fn acknowledge(world: &Sandbox, body: &[u8], kind: Kind) -> Answer {
    let order: Order = order(body)?;
    step(world, &order, &[Phase::Active], |scene| {
        let rep = writer(scene, &order)?;
        let now_ms = scene.now_ms;
        let subject = scene.conversation().subject.clone();
        let ids = acknowledged(scene, kind);
        for id in ids {
            let payload = json!({
                "acknowledgedConversationEntryIdentifier": id,
                "acknowledgementTimestamp": now_ms,
                "recipient": { "role": "EndUser", "appType": "iamessage", "subject": subject },
            });
            let sender = Sender::agent(&rep.id, &rep.name);
            let entry = scene.entry(kind, sender, payload, None, vec![id]);
            scene.add(entry);
        }
        Ok(())
    })
}

/// Marks what is new to the rep; the ids of it.
fn acknowledged(scene: &mut Scene, kind: Kind) -> Vec<String> {
    let now_ms = scene.now_ms;
    let mut ids = Vec::new();
    for entry in scene.conversation().entries_mut() {
        let Some(shown) = entry.shown.as_mut().filter(|one| one.author == Author::Customer) else {
            continue;
        };
        let mark = match kind {
            Kind::Read => &mut shown.read_at_ms,
            _ => &mut shown.delivered_at_ms,
        };
        if mark.is_none() {
            *mark = Some(now_ms);
            ids.push(entry.identifier.clone());
        }
    }
    ids
}

async fn automatic(world: Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    step(&world, &order, LIVE, |scene| {
        scene.automatic(&order.text);
        Ok(())
    })
}

async fn progress(world: Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    step(&world, &order, LIVE, |scene| {
        let message = json!({ "formatType": "Text", "text": order.text });
        let payload = json!({ "progressIndicator": { "progressMessage": message } });
        scene.tell(Kind::Progress, Sender::system(), payload);
        Ok(())
    })
}

async fn transfer(world: Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    let outcome = order.outcome.as_deref().unwrap_or("accepted");
    step(&world, &order, &[Phase::Active], |scene| match (&order.to, &order.queue) {
        (Some(to), None) => {
            let to = named(scene, to)?;
            scene.transfer_to_rep(&to, outcome)
        }
        (None, Some(queue)) => {
            let queue = scene.inner.queue(scene.world, queue)?;
            scene.transfer_to_queue(&queue, outcome)
        }
        _ => Err("a transfer needs either to (a rep) or queue".to_owned()),
    })
}

async fn join(world: Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    step(&world, &order, &[Phase::Active], |scene| {
        let supervisor = named(scene, order.rep.as_deref().unwrap_or(DEFAULT_SUPERVISOR))?;
        scene.join(&supervisor)
    })
}

async fn inactive(world: Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    step(&world, &order, &[Phase::Active], |scene| scene.fall_silent())
}

/// Whoever is asked has let it pass; or an inactive session ends by itself.
async fn time_out(world: Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    step(&world, &order, &[Phase::Inactive, Phase::Waiting], |scene| {
        if scene.session()?.asked.is_some() {
            return scene.decline();
        }
        scene.live(&[Phase::Inactive], "ended for inactivity")?;
        scene.end("System")
    })
}

/// A rep is gone: everything that the rep has goes back into its queue.
async fn offline(world: Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    let name = order.rep.as_deref().unwrap_or(DEFAULT_REP);
    let mut inner = world.salesforce.inner();
    let mut gone = Vec::new();
    for at in 0..inner.conversations.len() {
        let mut scene = Scene::new(&world, &mut inner, at, 0);
        let Some(session) = scene.conversation().live() else { continue };
        let is = |rep: &Option<Rep>| rep.as_ref().is_some_and(|rep| rep.name == name);
        let (asked, has) = (is(&session.asked), is(&session.rep));
        let done = match (asked, has) {
            (_, true) => scene.abandon(),
            (true, false) => scene.decline(),
            (false, false) => continue,
        };
        done.map_err(|reason| Refusal(StatusCode::CONFLICT, reason))?;
        gone.push(scene.conversation().id.clone());
    }
    Ok(Json(json!({ "rep": name, "conversations": gone })))
}

async fn end(world: Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    step(&world, &order, &[Phase::Active], |scene| scene.end("Agent"))
}

async fn force_close(world: Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    step(&world, &order, LIVE, |scene| scene.end("Supervisor"))
}

/// An event of any name, documented or not, without a change of state.
async fn event(world: Sandbox, body: Bytes) -> Answer {
    let order: Order = order(&body)?;
    let name = order.name.clone().ok_or_else(|| Refusal::bad_request("an event needs a name"))?;
    let wanted = [Phase::Active, Phase::Waiting];
    step(&world, &order, &wanted, |scene| {
        let data = order.data.clone().unwrap_or_else(
            || json!({ "conversationId": scene.conversation().id, "conversationEntry": {} }),
        );
        let data = data.to_string();
        let what = What::Other { event: name.as_str().into(), data: data.as_str().into() };
        scene.send(&name, what);
        Ok(())
    })
}

/// The rep of that name, who is made when first heard of.
fn named(scene: &mut Scene, name: &str) -> Result<Rep, String> {
    scene.inner.rep(scene.world, name)
}

/// Who writes: the rep who has it, or a supervisor who joined.
fn writer(scene: &mut Scene, order: &Order) -> Result<Rep, String> {
    let session = scene.live(&[Phase::Active], "answered")?;
    let holder = session.rep.clone().ok_or("nobody has it")?;
    let Some(name) = &order.rep else { return Ok(holder) };
    let inside = session.supervisors.iter().chain([&holder]).find(|rep| rep.name == *name);
    inside.cloned().ok_or_else(|| format!("{name} is not in the conversation"))
}

/// The members of an order; without a body all are absent.
pub fn order<T: Default + DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    if body.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(body)
        .map_err(|error| Refusal::bad_request(format!("the order does not read: {error}")))
}

/// Does one thing to a conversation; its answer tells the state and the events.
fn step(
    world: &Sandbox,
    order: &Order,
    preferred: &[Phase],
    deed: impl FnOnce(&mut Scene) -> Done,
) -> Answer {
    let mut inner = world.salesforce.inner();
    let at = match &order.conversation {
        Some(id) => inner.index_of_any(id).ok_or_else(|| format!("no conversation {id}")),
        None => inner.newest(preferred).ok_or_else(|| "no open conversation".to_owned()),
    };
    let at = at.map_err(Refusal::not_found)?;
    let mut scene = Scene::new(world, &mut inner, at, 0);
    deed(&mut scene).map_err(|reason| Refusal(StatusCode::CONFLICT, reason))?;
    let told = std::mem::take(&mut scene.told);
    let conversation = scene.conversation();
    let session = conversation.sessions.last().map(|session| session.id.clone());
    Ok(Json(json!({
        "conversation": conversation.id,
        "session": session,
        "state": conversation.phase(),
        "events": told,
    })))
}
