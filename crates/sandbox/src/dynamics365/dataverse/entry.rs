//! Where calls come in: who calls, whether they may, and one transaction for each.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Extension, Router};

use super::answer::{Answer, Answered, Refusal};
use super::batch::Batch;
use super::request::{Request, Segment};
use super::{Scope, availability, resource};
use crate::dynamics365::{Inner, entra};
use crate::{Call, Operation, Seen, World};

/// The largest request body, in bytes: a file of the greatest size that fits a note at once, in base64.
const MAX_BODY_BYTES: usize = 96 * 1024 * 1024;

pub fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/dataverse/api/data/{version}/{*target}", any(call))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .merge(availability::router())
}

/// `whoami`, `batch`, `contacts.list`, `incidents.create`, or a function's or action's name; keyed by the row's id.
pub fn operation(seen: &Seen) -> Operation {
    let target = seen.path.splitn(6, '/').nth(5).unwrap_or_default();
    let request = Request::new(seen.method.clone(), target, HeaderMap::new(), Bytes::new());
    let path = request.map(|request| request.path).unwrap_or_default();
    let Some(first) = path.first() else {
        return Operation { vendor: "dataverse", name: "unknown".to_owned(), key: None };
    };
    let key = first.args.clone().filter(|key| !key.is_empty());
    Operation { vendor: "dataverse", name: name(&seen.method, &path, first), key }
}

fn name(method: &Method, path: &[Segment], first: &Segment) -> String {
    const CRM: &str = "Microsoft.Dynamics.CRM.";
    let set = first.name.as_str();
    let is_verb = set.chars().next().is_some_and(char::is_uppercase);
    match (method.as_str(), path) {
        _ if set == "WhoAmI" => "whoami".to_owned(),
        _ if set == "$batch" => "batch".to_owned(),
        _ if set == "$metadata" || set == "EntityDefinitions" => "metadata".to_owned(),
        _ if is_verb => set.to_owned(),
        (_, [_, bound, ..]) if bound.name.starts_with(CRM) => bound.name[CRM.len()..].to_owned(),
        ("GET", [one]) if one.args.is_none() => format!("{set}.list"),
        ("GET", _) => format!("{set}.get"),
        ("POST", [_]) => format!("{set}.create"),
        ("DELETE", [_]) => format!("{set}.delete"),
        _ => format!("{set}.update"),
    }
}

async fn call(
    State(world): State<Arc<World>>,
    Extension(call): Extension<Call>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let correlation = world.dynamics365.guid();
    let entered_ms = world.clock.now_ms();
    let answer = match enter(&world, &headers, entered_ms, call.seq()) {
        Ok(()) => {
            world.clock.sleep(world.switches.number("dataverse.duration_ms")).await;
            let target = uri.path_and_query().map_or("", |whole| whole.as_str());
            let target = target.splitn(6, '/').nth(5).unwrap_or_default();
            let answer = answer(&world, &call, method, target, headers.clone(), body);
            let mut inner = world.dynamics365.inner();
            inner.org.limits.leave(entered_ms, world.clock.now_ms());
            let (requests, time_ms) = inner.org.limits.left(&world.switches);
            answer
                .with("x-ms-ratelimit-burst-remaining-xrm-requests", requests.to_string())
                .with("x-ms-ratelimit-time-remaining-xrm-requests", time_ms.to_string())
        }
        Err(refusal) => refused(&world, &call, &headers, &refusal),
    };
    identified(answer, correlation)
}

/// The answer to an operation with an address of its own, which the limits do not count.
pub fn answer_apart(
    world: &World,
    call: &Call,
    headers: &HeaderMap,
    deed: impl FnOnce() -> Answered,
) -> Response {
    let correlation = world.dynamics365.guid();
    let answered = admitted(world, headers).and_then(|()| deed());
    let answer = answered.unwrap_or_else(|refusal| refused(world, call, headers, &refusal));
    identified(answer, correlation)
}

fn identified(answer: Answer, correlation: String) -> Response {
    answer
        .with("req_id", correlation.clone())
        .with("x-ms-service-request-id", correlation)
        .into_response()
}

/// Lets a call in, if its user may call and has not called too much.
fn enter(world: &World, headers: &HeaderMap, now_ms: i64, seq: u64) -> Result<(), Refusal> {
    admitted(world, headers)?;
    let mut inner = world.dynamics365.inner();
    inner.org.limits.enter(&world.switches, now_ms, seq)
}

fn answer(
    world: &World,
    call: &Call,
    method: Method,
    target: &str,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let asked = headers.clone();
    let mut inner = world.dynamics365.inner();
    let answered = if target == "$batch" || target == "%24batch" {
        let mut batch = Batch { world, inner: &mut inner, seq: call.seq() };
        batch.carry_out(&headers, &body)
    } else {
        Request::new(method, target, headers, body)
            .and_then(|request| one(world, &mut inner, call.seq(), &request))
    };
    answered.unwrap_or_else(|refusal| refused(world, call, &asked, &refusal))
}

/// Carries out one request whole or not at all.
pub fn one(world: &World, inner: &mut Inner, seq: u64, request: &Request) -> Answered {
    let answered = inner.whole(|inner| {
        let mut scope = scope(world, inner, seq, request)?;
        resource::serve(&mut scope, request)
    });
    answered.inspect_err(|refusal| inner.org.broken.refused(seq, refusal))
}

/// On whose behalf: the application user, or whom it impersonates.
///
/// Source: "Impersonate another user using the Web API", checked 2026-11-21.
fn scope<'a>(
    world: &'a World,
    inner: &'a mut Inner,
    seq: u64,
    request: &Request,
) -> Result<Scope<'a>, Refusal> {
    let user = world.dynamics365.account.application_user_id.clone();
    let detects_duplicates = request.header("mscrm.suppressduplicatedetection") == Some("false");
    let mut scope = Scope { world, inner, user, is_admin: false, detects_duplicates, seq };
    let users = scope.inner.tables.list("systemusers");
    let wanted = match (request.header("callerobjectid"), request.header("mscrmcallerid")) {
        (Some(object), _) => Some(("azureactivedirectoryobjectid", object)),
        (None, Some(user)) => Some(("systemuserid", user)),
        (None, None) => None,
    };
    let Some((column, wanted)) = wanted else { return Ok(scope) };
    let known = users
        .iter()
        .find(|user| user.text(column).is_some_and(|held| held.eq_ignore_ascii_case(wanted)));
    let known = known.and_then(|user| user.text("systemuserid")).map(str::to_owned);
    if scope.need_privilege("prvActOnBehalfOfAnotherUser", None).is_err() {
        let message = "User does not have the privilege to act on behalf another user.";
        return Err(Refusal::new(403, "0x8004a110", message));
    }
    scope.user =
        known.ok_or_else(|| Refusal { status: 403, ..Refusal::missing("systemuser", wanted) })?;
    Ok(scope)
}

/// The token, and whether the environment knows its application.
fn admitted(world: &World, headers: &HeaderMap) -> Result<(), Refusal> {
    entra::authorize(world, headers, &entra::dataverse_audiences(world))
        .map_err(|reason| Refusal::new(401, "0x80040256", format!("Unauthorized: {reason}")))?;
    let id = &world.dynamics365.account.application_user_id;
    match world.switches.get("dynamics365.application_user").as_str() {
        "missing" => {
            let message = "The user is not a member of the organization.";
            Err(Refusal::new(403, "0x80072560", message))
        }
        "disabled" => {
            let message =
                "The specified user is either disabled or is not a member of any business unit.";
            Err(Refusal::new(403, "0x80040225", message))
        }
        "without_role" => {
            let message = format!("The user (Id = {id}) has not been assigned any roles.");
            Err(Refusal::new(403, "0x80042f09", message))
        }
        _ => Ok(()),
    }
}

fn refused(world: &World, call: &Call, headers: &HeaderMap, refusal: &Refusal) -> Answer {
    call.note(format!("rejected {} {}", refusal.code, refusal.message));
    let answer = Answer::refusal(refusal, headers);
    if refusal.status != 401 {
        return answer;
    }
    let account = &world.dynamics365.account;
    let urls = account.urls(&world.base_url);
    let challenge = format!(
        "Bearer authorization_uri={}/{}/oauth2/authorize, resource_id={}/",
        urls.login_url, account.tenant_id, urls.environment_url
    );
    answer.with("www-authenticate", challenge)
}

/// Where the Web API's addresses start.
pub fn base(world: &World) -> String {
    format!("{}/dataverse/api/data/v9.2/", world.base_url)
}
