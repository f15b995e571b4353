//! Where calls come in: who calls, whether the day's calls are used up, and one transaction for each.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Extension, Router};
use serde_json::{Value, json};

use super::answer::{Answer, Answered, Refusal};
use super::core::authorised;
use super::request::Request;
use super::scope::{DuplicateHeader, Scope};
use super::{composite, oauth, resource};
use crate::salesforce::RECORDS;
use crate::{Call, Operation, Seen, World};

/// The largest request body, in bytes.
const MAX_BODY_BYTES: usize = 96 * 1024 * 1024;
/// The oldest version that is still served; 21 to 30 were retired in Summer '25 ("Salesforce Platform API Versions 21.0
/// through 30.0 Retirement", checked 2026-11).
const OLDEST: i64 = 31;

/// Below `/salesforce`.
pub fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/services/data", get(versions))
        .route("/services/data/", get(versions))
        .route("/services/data/{version}", any(call))
        .route("/services/data/{version}/", any(call))
        .route("/services/data/{version}/{*target}", any(call))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .merge(oauth::router())
}

/// `token`, `query`, `search`, `Contact.create`, `Case.upsert`, `composite` and so on; keyed by the row's id.
pub fn operation(seen: &Seen) -> Operation {
    let target = seen.path.trim_start_matches("/salesforce").trim_matches('/');
    let segments: Vec<&str> = target.split('/').collect();
    let name = |name: &str| (name.to_owned(), None);
    let (name, key) = match segments.as_slice() {
        ["services", "oauth2", what, ..] => name(what),
        ["services", "data"] => name("versions"),
        ["services", "data", _, rest @ ..] => of_data(&seen.method, rest),
        _ => name("unknown"),
    };
    Operation { vendor: RECORDS, name, key }
}

fn of_data(method: &Method, rest: &[&str]) -> (String, Option<String>) {
    let on = |object: &str, verb: &str| format!("{object}.{verb}");
    let verb = match method.as_str() {
        "POST" => "create",
        "PATCH" => "update",
        "DELETE" => "delete",
        _ => "get",
    };
    match rest {
        [] => ("resources".to_owned(), None),
        ["sobjects"] => ("describe_global".to_owned(), None),
        ["sobjects", object, "describe"] => (on(object, "describe"), None),
        ["sobjects", object] => (on(object, verb), None),
        ["sobjects", object, id] => (on(object, verb), Some((*id).to_owned())),
        ["sobjects", object, id, "VersionData"] => (on(object, "data"), Some((*id).to_owned())),
        ["sobjects", object, _, key] => {
            let verb = if verb == "update" { "upsert" } else { verb };
            (on(object, verb), Some((*key).to_owned()))
        }
        ["composite", "sobjects", ..] => (format!("collections.{verb}"), None),
        ["tooling", .., object] => (format!("tooling.{object}"), None),
        [first, ..] => ((*first).to_owned(), None),
    }
}

async fn versions(State(world): State<Arc<World>>) -> Response {
    let newest = world.switches.number("salesforce_crm.newest_version");
    let version = |number: i64| {
        let season = ["Winter", "Spring", "Summer"][usize::try_from((number + 1) % 3).unwrap_or(0)];
        // 67 is Summer '26; three releases a year, the winter's named after the year that follows.
        let year = 26 + (number - 67).div_euclid(3) + i64::from((number - 67).rem_euclid(3) != 0);
        json!({
            "label": format!("{season} '{year:02}"),
            "url": format!("/services/data/v{number}.0"),
            "version": format!("{number}.0"),
        })
    };
    let all: Vec<Value> = (OLDEST..=newest).map(version).collect();
    Answer::json(200, Value::Array(all)).into_response()
}

async fn call(
    State(world): State<Arc<World>>,
    Extension(call): Extension<Call>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answered = answer(&world, &call, method, &uri, headers, body);
    if let Err(refusal) = &answered {
        call.note(format!("rejected {} {}", refusal.code, refusal.message));
        world.salesforce.records.org().broken.refused(call.seq(), refusal);
    }
    let most = world.switches.number("salesforce_crm.daily_calls");
    let usage = format!("api-usage={}/{most}", world.salesforce.core.calls());
    Answer::of(several(answered)).with("sforce-limit-info", usage).into_response()
}

/// Several rows with one external id are no error: the body is a list of addresses.
pub fn several(answered: Answered) -> Answered {
    match answered {
        Err(refusal) if refusal.status == 300 => {
            let choices = refusal.more.get("choices").cloned().unwrap_or_default();
            Ok(Answer::json(300, choices))
        }
        other => other,
    }
}

fn answer(
    world: &World,
    call: &Call,
    method: Method,
    uri: &Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Answered {
    let now_ms = world.clock.now_ms();
    check_session(world, &headers, now_ms)?;
    let most = world.switches.number("salesforce_crm.daily_calls");
    world.salesforce.core.count(most, now_ms, call.seq())?;
    let whole = uri.path_and_query().map_or("", |whole| whole.as_str());
    let target = whole.trim_start_matches("/services/data/");
    let (version, target) = match target.find(['/', '?']) {
        Some(at) => target.split_at(at),
        None => (target, ""),
    };
    let version = known_version(world, version)?;
    let request = Request::new(method, target, headers, body);
    let mut org = world.salesforce.records.org();
    let user = org.user.clone();
    let mut scope = Scope {
        org: &mut org,
        switches: &world.switches,
        user,
        is_person: false,
        now_ms,
        version,
        duplicates: DuplicateHeader::read(
            request.header("sforce-duplicate-rule-header").unwrap_or_default(),
        ),
        seq: call.seq(),
    };
    if request.path.first().map(String::as_str) == Some("composite") {
        return composite::serve(&mut scope, &world.salesforce.core, &request);
    }
    scope.whole(|scope| resource::serve(scope, &world.salesforce.core, &request))
}

fn check_session(world: &World, headers: &HeaderMap, now_ms: i64) -> Result<(), Refusal> {
    let who = authorised(&world.salesforce, headers, now_ms);
    let expired = || Refusal::new(401, "INVALID_SESSION_ID", "Session expired or invalid");
    let who = who.ok_or_else(expired)?;
    if !who.scopes.iter().any(|scope| scope == "api" || scope == "full") {
        let message = "This session is not valid for use with the REST API";
        return Err(Refusal::new(403, "INVALID_SESSION_ID", message));
    }
    if world.switches.is("salesforce_crm.api", "disabled") {
        let message = "The REST API is not enabled for this Organization.";
        return Err(Refusal::new(403, "API_DISABLED_FOR_ORG", message));
    }
    Ok(())
}

fn known_version(world: &World, segment: &str) -> Result<u32, Refusal> {
    let number = segment.strip_prefix('v').and_then(|text| text.strip_suffix(".0"));
    let number = number.and_then(|text| text.parse::<i64>().ok());
    let newest = world.switches.number("salesforce_crm.newest_version");
    match number {
        Some(number) if (OLDEST..=newest).contains(&number) => {
            u32::try_from(number).map_err(|_| Refusal::no_resource())
        }
        Some(number) if number < OLDEST => {
            let message = "This API version is retired";
            Err(Refusal::new(410, "UNSUPPORTED_API_VERSION", message))
        }
        _ => Err(Refusal::no_resource()),
    }
}
