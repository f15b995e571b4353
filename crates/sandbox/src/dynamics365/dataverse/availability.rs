//! Whether a rep would be there: the representative availability actions, and presence read and set by other systems.
//!
//! Sources: "Use representative availability APIs" with its two actions, `CCaaS_GetPresence`,
//! `CCaaS_ModifyAgentPresence`; read 2026-11-21. Overflow is not considered, as documented there.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::{MethodFilter, on};
use axum::{Extension, Router};
use serde_json::{Map, Value, json};

use super::answer::{Answer, Answered, Refusal};
use super::entry::{answer_apart, base};
use super::resource::object;
use crate::dynamics365::conversation::Phase;
use crate::dynamics365::hours::Opening;
use crate::dynamics365::staff::Presence;
use crate::dynamics365::{Inner, is_guid, iso, mirror, routing};
use crate::{Call, World};

/// Representatives are counted, and hours read, so seldom where `dynamics365.availability_age` says so.
const COUNTED_EVERY_MS: i64 = 5 * 60_000;
const READ_EVERY_MS: i64 = 10 * 60_000;
/// Told instead of an instant while the queue is open.
const NO_INSTANT: &str = "0001-01-01T00:00:00Z";
/// Told when there is no next transition.
const NEVER: &str = "9999-12-31T23:59:59Z";
/// `datatype` of a context item.
const TEXT: &str = "192350000";
const INTEGER: &str = "192350001";
const BEFORE: &str = "CCaaS_GetRepresentativeAvailabilityBeforeConversation";
const FOR: &str = "CCaaS_GetRepresentativeAvailabilityForConversation";
const GET_PRESENCE: &str = "CCaaS_GetPresence";

/// What an action or function does once its caller may ask.
type Deed = fn(&Arc<World>, &HeaderMap, &[u8]) -> Answered;

pub fn router() -> Router<Arc<World>> {
    let served = |verb: MethodFilter, deed: Deed| {
        on(
            verb,
            async move |State(world): State<Arc<World>>,
                        Extension(call): Extension<Call>,
                        headers: HeaderMap,
                        body: Bytes| {
                answer_apart(&world, &call, &headers, || {
                    offered(&world)?;
                    deed(&world, &headers, &body)
                })
            },
        )
    };
    let base = "/dataverse/api/data/{version}";
    Router::new()
        .route(&format!("{base}/{BEFORE}"), served(MethodFilter::POST, before))
        .route(&format!("{base}/{FOR}"), served(MethodFilter::POST, during))
        .route(&format!("{base}/{GET_PRESENCE}"), served(MethodFilter::GET, presence))
        .route(&format!("{base}/{GET_PRESENCE}()"), served(MethodFilter::GET, presence))
        .route(
            &format!("{base}/CCaaS_ModifyAgentPresence"),
            served(MethodFilter::POST, modify_presence),
        )
}

/// Whether the environment has these operations, and the caller the role for them.
fn offered(world: &World) -> Result<(), Refusal> {
    match world.switches.get("dynamics365.availability").as_str() {
        "no_contact_center" => Err(Refusal::no_resource(BEFORE)),
        "no_role" => {
            let user = &world.dynamics365.account.application_user_id;
            let text = format!(
                "Principal user (Id={user}, type=8) has not the role Omnichannel administrator."
            );
            Err(Refusal::new(403, "0x80040220", text))
        }
        _ => Ok(()),
    }
}

/// Without a conversation yet: by workstream and context.
fn before(world: &Arc<World>, _: &HeaderMap, body: &[u8]) -> Answered {
    let known =
        ["ApiVersion", "LiveWorkStreamId", "CustomContextItems", "ChannelEngagementContext"];
    let parameters = parameters(body, &known)?;
    let workstream = guid(&parameters, "LiveWorkStreamId")?;
    let context = context(&parameters)?;
    if let Some(text) = parameters.get("ChannelEngagementContext") {
        parsed(text, "ChannelEngagementContext")?;
    }
    let mut inner = world.dynamics365.inner();
    if inner.tables.get("msdyn_liveworkstreams", &workstream).is_none() {
        return Err(Refusal::missing("msdyn_liveworkstream", &workstream));
    }
    let queue = inner.staff.route(&context).map(|queue| queue.id.clone());
    availability(world, &mut inner, queue, None, BEFORE)
}

/// In a conversation: by the queue that it is in, or that the given context leads to.
fn during(world: &Arc<World>, _: &HeaderMap, body: &[u8]) -> Answered {
    let parameters = parameters(body, &["ApiVersion", "ConversationId", "CustomContextItems"])?;
    let id = guid(&parameters, "ConversationId")?;
    let context = context(&parameters)?;
    let mut inner = world.dynamics365.inner();
    let found = inner.find(&id).filter(|found| found.phase != Phase::Closed);
    let own = found.map(|found| found.queue_id.clone());
    let own = own.ok_or_else(|| Refusal::missing("msdyn_ocliveworkitem", &id))?;
    let routed = inner.staff.route(&context).map(|queue| queue.id.clone());
    let queue = routed.filter(|_| !context.is_empty()).unwrap_or(own);
    availability(world, &mut inner, Some(queue), Some(&id), FOR)
}

fn availability(
    world: &World,
    inner: &mut Inner,
    queue: Option<String>,
    conversation: Option<&str>,
    operation: &str,
) -> Answered {
    let queue =
        queue.ok_or_else(|| Refusal::missing("queue", "00000000-0000-0000-0000-000000000000"))?;
    let aged = world.switches.is("dynamics365.availability_age", "documented");
    let now_ms = world.clock.now_ms();
    let count = inner.staff.queue(&queue).map_or(0, |queue| routing::able(inner, queue).len());
    let mut ahead = routing::waiting_in(inner, &queue).collect::<Vec<_>>();
    ahead.sort_by_key(|known| known.queued_ms);
    let own = ahead
        .iter()
        .position(|known| conversation.is_some_and(|id| known.id.eq_ignore_ascii_case(id)));
    // Who has not come in yet would stand behind all of them.
    let position = own.unwrap_or(ahead.len()) + 1;
    let Some(queue) = inner.staff.queue_mut(&queue) else {
        return Err(Refusal::missing("queue", &queue));
    };
    let opening =
        remembered(&mut queue.read, now_ms, aged.then_some(READ_EVERY_MS), queue.hours.at(now_ms));
    let count = remembered(&mut queue.counted, now_ms, aged.then_some(COUNTED_EVERY_MS), count);
    let average_s = queue.average_wait_s();
    let (open, next) = transitions(opening);
    let members = json!({
        "NextTransitionTime": next[0],
        "NumberOfExpertsAvailableInQueue": count,
        "AverageWaitTimeInSeconds": average_s,
        "PositionInQueue": position,
        // The sample has 45 seconds and no minutes.
        "AverageWaitTime": average_s.map(|seconds| seconds / 60).filter(|minutes| *minutes > 0),
        "StartTimeOfNextOperatingHour": next[1],
        "EndTimeOfNextOperatingHour": next[2],
        "QueueId": queue.id,
        "IsAgentAvailable": count > 0,
        "IsQueueAvailable": open,
    });
    Ok(Answer::response_of(&base(world), operation, object(members)))
}

/// What was found out last, if it is not too old to be told again.
fn remembered<T: Copy>(
    memory: &mut Option<(i64, T)>,
    now_ms: i64,
    age_ms: Option<i64>,
    fresh: T,
) -> T {
    match (*memory, age_ms) {
        (Some((at_ms, known)), Some(age_ms)) if now_ms < at_ms + age_ms => known,
        _ => {
            *memory = Some((now_ms, fresh));
            fresh
        }
    }
}

/// Whether it is open; the next transition, and start and end of the next hours.
fn transitions(opening: Opening) -> (bool, [String; 3]) {
    let none = || NO_INSTANT.to_owned();
    match opening {
        Opening::Open { until_ms } => {
            (true, [until_ms.map_or(NEVER.to_owned(), iso::seconds), none(), none()])
        }
        Opening::Closed { next_ms: Some((from_ms, to_ms)), .. } => {
            (false, [iso::seconds(from_ms), iso::seconds(from_ms), iso::seconds(to_ms)])
        }
        Opening::Closed { next_ms: None, .. } => (false, [NEVER.to_owned(), none(), none()]),
    }
}

/// Who is impersonated, as other systems see him.
fn presence(world: &Arc<World>, headers: &HeaderMap, _: &[u8]) -> Answered {
    let caller = headers.get("mscrmcallerid").and_then(|value| value.to_str().ok());
    let caller = caller.ok_or_else(|| Refusal::argument("MSCRMCallerID names nobody."))?;
    let mut inner = world.dynamics365.inner();
    let used = routing::used_units(&inner).get(caller).copied().unwrap_or(0);
    let person = inner.staff.person(caller);
    let person = person.ok_or_else(|| Refusal::missing("systemuser", caller))?;
    let presence = person.presence(used);
    let members = json!({
        "ActiveBrowserSessions": i32::from(presence != Presence::Offline),
        "AgentId": person.rep.id,
        "AgentName": person.rep.name,
        "Timestamp": world.clock.now_ms() / 1_000,
        "AllowedChannels": ["Messaging"],
        "CurrentPresenceStatusInfo": presence.label(),
        "DisabledChannels": [],
        "PresenceId": presence.id(),
    });
    Ok(Answer::response_of(&base(world), GET_PRESENCE, object(members)))
}

fn modify_presence(world: &Arc<World>, _: &HeaderMap, body: &[u8]) -> Answered {
    let parameters = parameters(body, &["ApiVersion", "AgentId", "PresenceId"])?;
    let (rep, wanted) = (guid(&parameters, "AgentId")?, guid(&parameters, "PresenceId")?);
    let known = |one: &Presence| one.id().eq_ignore_ascii_case(&wanted);
    let presence = Presence::ALL.into_iter().find(known);
    let presence = presence.ok_or_else(|| Refusal::missing("msdyn_presence", &wanted))?;
    let now_ms = world.clock.now_ms();
    let told = {
        let mut inner = world.dynamics365.inner();
        let person = inner.staff.person(&rep);
        person.ok_or_else(|| Refusal::missing("systemuser", &rep))?.chosen = Some(presence);
        mirror::staff(&mut inner, &world.dynamics365.account, now_ms);
        routing::offer_waiting(world, &mut inner, now_ms)
    };
    routing::tell(world, told);
    Ok(Answer::nothing(200))
}

fn parameters(body: &[u8], known: &[&str]) -> Result<Map<String, Value>, Refusal> {
    let Ok(Value::Object(parameters)) = serde_json::from_slice(body) else {
        return Err(Refusal::argument("The request body is not a JSON object."));
    };
    if let Some(name) = parameters.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(Refusal::argument(format!(
            "The parameter '{name}' is not a parameter of this operation."
        )));
    }
    if parameters.get("ApiVersion").and_then(Value::as_str) != Some("1.0") {
        return Err(Refusal::argument("ApiVersion must be \"1.0\"."));
    }
    Ok(parameters)
}

fn guid(parameters: &Map<String, Value>, name: &str) -> Result<String, Refusal> {
    let value = parameters.get(name).and_then(Value::as_str).filter(|value| is_guid(value));
    value
        .map(str::to_owned)
        .ok_or_else(|| Refusal::argument(format!("{name} is missing or no GUID.")))
}

/// JSON within a string, as these actions take it.
fn parsed(value: &Value, name: &str) -> Result<Map<String, Value>, Refusal> {
    let parsed = value.as_str().and_then(|text| serde_json::from_str(text).ok());
    parsed.ok_or_else(|| {
        Refusal::argument(format!("{name} is not a string that holds a JSON object."))
    })
}

/// What route-to-queue rules look at.
fn context(parameters: &Map<String, Value>) -> Result<BTreeMap<String, String>, Refusal> {
    let Some(items) = parameters.get("CustomContextItems").filter(|items| !items.is_null()) else {
        return Ok(BTreeMap::new());
    };
    let mut context = BTreeMap::new();
    for (name, item) in parsed(items, "CustomContextItems")? {
        let text = |member: &str| item.get(member).map(plain).unwrap_or_default();
        let value = text("value");
        let fits = match text("datatype").as_str() {
            TEXT => true,
            INTEGER => value.parse::<i64>().is_ok(),
            _ => false,
        };
        if !fits || item.get("value").is_none() {
            return Err(Refusal::argument(format!(
                "Context item {name} has no value of its datatype."
            )));
        }
        context.insert(name, value);
    }
    Ok(context)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
