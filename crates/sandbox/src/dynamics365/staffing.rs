//! Who works when and where, as calls: `/staff`, `/rep`, `/queue`, `/workstream`, `/route`.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Json;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::control::{Answer, Sandbox};
use super::hours::{Hours, Opening, Spec as HoursSpec};
use super::staff::{MAX_STAFF, Overflow, Presence, Route, Workstream};
use super::{Inner, iso, mirror, routing};
use crate::World;
use crate::control::Refusal;

/// Units that one rep or one conversation may have.
const MAX_UNITS: u32 = 10_000;
/// Minutes and seconds that a setting may have: two years.
const MAX_MINUTES: i64 = 2 * 366 * 24 * 60;

/// One path for each thing that is set up.
pub fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/staff", get(staff))
        .route("/rep", post(rep))
        .route("/queue", post(queue))
        .route("/workstream", post(workstream))
        .route("/route", post(route))
}

async fn staff(State(world): Sandbox) -> Json<Value> {
    let inner = world.dynamics365.inner();
    Json(shown(&inner, world.clock.now_ms()))
}

/// A rep, who is made when first named; what is absent stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RepOrder {
    name: String,
    /// Set by hand; `auto` leaves it to the capacity again.
    presence: Option<String>,
    units: Option<u32>,
    /// The queues that the rep is a member of, and no others.
    queues: Option<Vec<String>>,
}

async fn rep(State(world): Sandbox, Json(order): Json<RepOrder>) -> Answer {
    if order.units.is_some_and(|units| units > MAX_UNITS) {
        return Err(Refusal::bad_request(format!("units can be {MAX_UNITS} at most")));
    }
    let presence = order.presence.as_deref().map(presence).transpose()?;
    change(&world, |inner, at| {
        let rep = inner.rep(&order.name, at).ok_or("too many different reps")?;
        for name in order.queues.iter().flatten() {
            inner.staff.queue(name).ok_or_else(|| format!("no queue {name}"))?;
        }
        if let Some(wanted) = &order.queues {
            for queue in &mut inner.staff.queues {
                queue.members.retain(|member| *member != rep.id);
                let is_wanted = |name: &String| *name == queue.id || *name == queue.name;
                if wanted.iter().any(is_wanted) {
                    queue.members.push(rep.id.clone());
                }
            }
        }
        if let Some(person) = inner.staff.person(&rep.id) {
            person.chosen = presence.unwrap_or(person.chosen);
            person.units = order.units.unwrap_or(person.units);
        }
        Ok(())
    })
}

fn presence(name: &str) -> Result<Option<Presence>, Refusal> {
    if name == "auto" {
        return Ok(None);
    }
    serde_json::from_value(json!(name)).map(Some).map_err(|_| {
        Refusal::bad_request(format!(
            "presence {name} is not auto, available, busy, do_not_disturb, away, offline or inactive"
        ))
    })
}

/// A queue, which is made when first named; what is absent stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QueueOrder {
    /// Its id will do for one that there is.
    name: String,
    /// Names of reps.
    members: Option<Vec<String>>,
    hours: Option<HoursSpec>,
    #[serde(default)]
    always_open: bool,
    overflow: Option<Overflow>,
    /// Told instead of the average of the last waiting times.
    average_wait_s: Option<i64>,
}

async fn queue(State(world): Sandbox, Json(order): Json<QueueOrder>) -> Answer {
    let hours = order.hours.as_ref().map(Hours::parse).transpose().map_err(Refusal::bad_request)?;
    let limit = order.overflow.as_ref().and_then(|overflow| overflow.limit);
    if limit.is_some_and(|limit| !(1..=100).contains(&limit)) {
        return Err(Refusal::bad_request("the limit of work items is 1 to 100"));
    }
    change(&world, |inner, at| {
        let mut members = Vec::new();
        for name in order.members.iter().flatten() {
            members.push(inner.rep(name, at).ok_or("too many different reps")?.id);
        }
        if inner.staff.queue(&order.name).is_none() {
            inner.add_queue(&order.name, Vec::new(), at)?;
        }
        let Some(queue) = inner.staff.queue_mut(&order.name) else { return Ok(()) };
        if order.members.is_some() {
            queue.members = members;
        }
        if order.always_open {
            queue.hours = Hours::default();
        }
        if let Some(hours) = hours {
            queue.hours = hours;
        }
        if let Some(overflow) = order.overflow {
            queue.overflow = overflow;
        }
        queue.average_wait_s = order.average_wait_s.or(queue.average_wait_s);
        Ok(())
    })
}

/// Members of the workstream that are to change.
async fn workstream(State(world): Sandbox, Json(changes): Json<Map<String, Value>>) -> Answer {
    change(&world, |inner, _| {
        let mut whole = json!(inner.staff.workstream);
        if let Some(fields) = whole.as_object_mut() {
            fields.extend(changes);
        }
        let wanted: Workstream =
            serde_json::from_value(whole).map_err(|error| error.to_string())?;
        let minutes = [wanted.auto_close_minutes, wanted.wrap_up_minutes, Some(wanted.ring_s / 60)];
        let fits = |minutes: &i64| (0..=MAX_MINUTES).contains(minutes);
        if wanted.units > MAX_UNITS || !minutes.iter().flatten().all(fits) {
            return Err(format!("at most {MAX_UNITS} units and {MAX_MINUTES} minutes"));
        }
        inner.staff.workstream = wanted;
        let ids: Vec<String> = inner.conversations.iter().map(|known| known.id.clone()).collect();
        ids.iter().for_each(|id| inner.note_due(id));
        Ok(())
    })
}

/// A route-to-queue rule, behind the others.
async fn route(State(world): Sandbox, Json(rule): Json<Route>) -> Answer {
    change(&world, |inner, _| {
        let queue =
            inner.staff.queue(&rule.queue).ok_or_else(|| format!("no queue {}", rule.queue))?;
        let queue = queue.id.clone();
        if inner.staff.routes.len() >= MAX_STAFF {
            return Err("too many rules".to_owned());
        }
        inner.staff.routes.push(Route { queue, ..rule });
        Ok(())
    })
}

/// Changes what is set up, brings rows up to date, and offers what waits.
fn change(world: &Arc<World>, deed: impl FnOnce(&mut Inner, &str) -> Result<(), String>) -> Answer {
    let now_ms = world.clock.now_ms();
    let (told, shown) = {
        let mut inner = world.dynamics365.inner();
        deed(&mut inner, &iso::seconds(now_ms)).map_err(Refusal::bad_request)?;
        let told = routing::offer_waiting(world, &mut inner, now_ms);
        mirror::staff(&mut inner, &world.dynamics365.account, now_ms);
        (told, shown(&inner, now_ms))
    };
    routing::tell(world, told);
    Ok(Json(shown))
}

fn shown(inner: &Inner, now_ms: i64) -> Value {
    let used = routing::used_units(inner);
    let reps = inner.staff.people.iter().map(|person| {
        let used = used.get(&person.rep.id).copied().unwrap_or(0);
        json!({
            "id": person.rep.id,
            "name": person.rep.name,
            "presence": person.presence(used),
            "units": person.units,
            "used": used,
        })
    });
    let queues = inner.staff.queues.iter().map(|queue| {
        json!({
            "id": queue.id,
            "name": queue.name,
            "members": queue.members,
            "open": matches!(queue.hours.at(now_ms), Opening::Open { .. }),
            "waiting": routing::waiting_in(inner, &queue.id).count(),
            "able": routing::able(inner, queue).len(),
            "average_wait_s": queue.average_wait_s(),
            "overflow": queue.overflow,
        })
    });
    json!({
        "reps": reps.collect::<Vec<_>>(),
        "queues": queues.collect::<Vec<_>>(),
        "workstream": inner.staff.workstream,
        "routes": inner.staff.routes,
    })
}
