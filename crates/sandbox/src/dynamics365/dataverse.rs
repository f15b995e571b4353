//! Dataverse Web API, as much of it as a live conversation needs.
//!
//! Source: "Compose HTTP requests and handle errors", "Create a table row", "Perform conditional operations" and
//! "Filter rows" of the Dataverse developer guide, checked 2026-11-20. Incidents stay shallow here.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{any, get};
use axum::{Extension, Router};
use serde_json::{Value, json};

use super::query::{self, Query as RowQuery};
use super::rows::{self, Condition};
use super::tables::{self, Stored, Table};
use super::{Inner, entra};
use crate::{Call, World};

/// A refusal: HTTP status, code and text.
#[derive(Debug)]
pub struct Refusal {
    pub status: u16,
    pub code: &'static str,
    pub message: String,
}

impl Refusal {
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// 0x80040217 ObjectDoesNotExist.
    pub fn missing(table: &Table, id: &str) -> Self {
        Self::new(404, "0x80040217", format!("{} With Id = {id} Does Not Exist", table.name))
    }

    /// 0x80048d19, the family of payloads that do not fit the table.
    pub fn payload(message: impl Into<String>) -> Self {
        Self::new(400, "0x80048d19", message)
    }

    /// 0x80060888, for addresses and queries that do not parse.
    pub fn query(message: impl Into<String>) -> Self {
        Self::new(400, "0x80060888", message)
    }
}

/// An answer before its common headers.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(HeaderName, String)>,
    pub body: Option<Value>,
}

type Answered = Result<Answer, Refusal>;

pub fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/dataverse/api/data/{version}/WhoAmI", get(who_am_i))
        .route("/dataverse/api/data/{version}/WhoAmI()", get(who_am_i))
        .route("/dataverse/api/data/{version}/{*target}", any(rows_call))
}

async fn who_am_i(
    State(world): State<Arc<World>>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
) -> Response {
    let result = admitted(&world, &headers).map(|()| {
        let account = &world.dynamics365.account;
        let body = json!({
            "@odata.context": format!("{}$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse", base(&world)),
            "BusinessUnitId": account.business_unit_id,
            "UserId": account.application_user_id,
            "OrganizationId": account.organization_id,
        });
        Answer { status: 200, headers: Vec::new(), body: Some(body) }
    });
    respond(&world, &call, result)
}

async fn rows_call(
    State(world): State<Arc<World>>,
    Path((_, target)): Path<(String, String)>,
    Query(options): Query<HashMap<String, String>>,
    Extension(call): Extension<Call>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let result = admitted(&world, &headers)
        .and_then(|()| dispatch(&world, &method, &target, &options, &headers, &body));
    respond(&world, &call, result)
}

fn dispatch(
    world: &World,
    method: &Method,
    target: &str,
    options: &HashMap<String, String>,
    headers: &HeaderMap,
    body: &[u8],
) -> Answered {
    let (set, id) = address(target)?;
    let unknown =
        || Refusal::new(404, "0x8006088a", format!("Resource not found for the segment '{set}'."));
    let table = tables::find(set).ok_or_else(unknown)?;
    privileged(world, method, table)?;
    match (method.as_str(), id) {
        ("GET", None) => list(world, table, options, headers),
        ("GET", Some(id)) => read(world, table, id, options, headers),
        ("POST", None) => create(world, table, options, headers, body),
        ("PATCH", Some(id)) => update(world, table, id, options, headers, body),
        (other, _) => Err(Refusal::new(
            405,
            "0x80060888",
            format!("The http method '{other}' is not supported here."),
        )),
    }
}

/// `contacts` or `contacts(guid)`.
fn address(target: &str) -> Result<(&str, Option<&str>), Refusal> {
    let Some((set, rest)) = target.split_once('(') else { return Ok((target, None)) };
    let id = rest.strip_suffix(')').unwrap_or(rest);
    if id.contains('=') {
        let message = "The specified key in the request URI is not a valid key for the resource.";
        return Err(Refusal::new(400, "0x80060888", message));
    }
    if !super::is_guid(id) {
        return Err(Refusal::query(format!(
            "Unrecognized 'Edm.String' literal '{id}' in '{target}'."
        )));
    }
    Ok((set, Some(id)))
}

fn admitted(world: &World, headers: &HeaderMap) -> Result<(), Refusal> {
    entra::authorize(world, headers, &entra::dataverse_audiences(world))
        .map_err(|reason| Refusal::new(401, "0x80040256", format!("Unauthorized: {reason}")))?;
    if world.switches.is("dynamics365.application_user", "missing") {
        return Err(Refusal::new(
            403,
            "0x80072560",
            "The user is not a member of the organization.",
        ));
    }
    Ok(())
}

/// An upsert is held to the privilege for writing.
fn privileged(world: &World, method: &Method, table: &Table) -> Result<(), Refusal> {
    let verb = match method.as_str() {
        "GET" => "Read",
        "POST" => "Create",
        _ => "Write",
    };
    let privilege = format!("prv{verb}{}", table.schema_name);
    if !world.switches.is("dynamics365.missing_privilege", &privilege) {
        return Ok(());
    }
    let user = &world.dynamics365.account.application_user_id;
    let message = format!("Principal user (Id={user}, type=8) is missing {privilege} privilege.");
    Err(Refusal::new(403, "0x80040220", message))
}

fn list(
    world: &World,
    table: &'static Table,
    options: &HashMap<String, String>,
    headers: &HeaderMap,
) -> Answered {
    let query = RowQuery::parse(table, options)?;
    let page_size = preference(headers, "odata.maxpagesize").and_then(|size| size.parse().ok());
    let inner = world.dynamics365.inner();
    let page = query.page(inner.tables.list(table.set), page_size);
    let mut body = json!({
        "@odata.context": format!("{}$metadata#{}{}", base(world), table.set, query.selection()),
        "value": page.rows.iter().map(|stored| query.show(table, stored)).collect::<Vec<_>>(),
    });
    if let Some(count) = page.count {
        body["@odata.count"] = json!(count);
    }
    if let Some(skip) = page.next {
        body["@odata.nextLink"] =
            json!(format!("{}{}", base(world), query::next_link(table, options, skip)));
    }
    Ok(Answer { status: 200, headers: Vec::new(), body: Some(body) })
}

fn read(
    world: &World,
    table: &'static Table,
    id: &str,
    options: &HashMap<String, String>,
    headers: &HeaderMap,
) -> Answered {
    let query = RowQuery::parse(table, options)?;
    let inner = world.dynamics365.inner();
    let stored = inner.tables.get(table.set, id).ok_or_else(|| Refusal::missing(table, id))?;
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known == Some(etag(stored).as_str()) {
        return Ok(Answer { status: 304, headers: Vec::new(), body: None });
    }
    let mut body = query.show(table, stored);
    body["@odata.context"] = json!(format!("{}$metadata#{}/$entity", base(world), table.set));
    Ok(Answer { status: 200, headers: Vec::new(), body: Some(body) })
}

fn create(
    world: &World,
    table: &'static Table,
    options: &HashMap<String, String>,
    headers: &HeaderMap,
    body: &[u8],
) -> Answered {
    let query = RowQuery::parse(table, options)?;
    let mut inner = world.dynamics365.inner();
    let id = rows::create(&mut inner, world.clock.now_ms(), table, body)?;
    written(world, &inner, table, &id, 201, &query, headers)
}

/// PATCH is an upsert unless a condition says otherwise.
fn update(
    world: &World,
    table: &'static Table,
    id: &str,
    options: &HashMap<String, String>,
    headers: &HeaderMap,
    body: &[u8],
) -> Answered {
    let query = RowQuery::parse(table, options)?;
    let condition = condition(headers);
    let mut inner = world.dynamics365.inner();
    let existed = inner.tables.get(table.set, id).is_some();
    rows::upsert(&mut inner, world.clock.now_ms(), table, id, &condition, body)?;
    written(world, &inner, table, id, if existed { 200 } else { 201 }, &query, headers)
}

fn condition(headers: &HeaderMap) -> Condition {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    match (text(header::IF_MATCH), text(header::IF_NONE_MATCH)) {
        (Some("*"), _) => Condition::MustExist,
        (Some(version), _) => Condition::Version(version.to_owned()),
        // The literal `null` only defeats caching.
        (None, Some("*")) => Condition::MustNotExist,
        (None, _) => Condition::None,
    }
}

/// 204 with the address of the row, or the row itself where the caller prefers that; never both.
fn written(
    world: &World,
    inner: &Inner,
    table: &'static Table,
    id: &str,
    status: u16,
    query: &RowQuery,
    headers: &HeaderMap,
) -> Answered {
    if preference(headers, "return").as_deref() != Some("representation") {
        let entity_id = format!("{}{}({id})", base(world), table.set);
        let headers = vec![(HeaderName::from_static("odata-entityid"), entity_id)];
        return Ok(Answer { status: 204, headers, body: None });
    }
    let stored = inner.tables.get(table.set, id).ok_or_else(|| Refusal::missing(table, id))?;
    let mut body = query.show(table, stored);
    body["@odata.context"] = json!(format!("{}$metadata#{}/$entity", base(world), table.set));
    let headers =
        vec![(HeaderName::from_static("preference-applied"), "return=representation".to_owned())];
    Ok(Answer { status, headers, body: Some(body) })
}

/// The value of one preference in the `Prefer` headers.
fn preference(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let mut preferences = all.flat_map(|line| line.split(','));
    preferences.find_map(|preference| {
        let (key, value) = preference.trim().split_once('=')?;
        (key == name).then(|| value.trim_matches('"').to_owned())
    })
}

/// `W/"536530"`.
pub fn etag(stored: &Stored) -> String {
    format!("W/\"{}\"", stored.version)
}

fn base(world: &World) -> String {
    format!("{}/dataverse/api/data/v9.2/", world.base_url)
}

fn respond(world: &World, call: &Call, result: Answered) -> Response {
    let answer = result.unwrap_or_else(|refusal| {
        call.note(format!("rejected {} {}", refusal.code, refusal.message));
        let headers = match refusal.status {
            401 => vec![(header::WWW_AUTHENTICATE, challenge(world))],
            _ => Vec::new(),
        };
        Answer {
            status: refusal.status,
            headers,
            body: Some(error_body(refusal.code, &refusal.message)),
        }
    });
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match answer.body {
        Some(body) => {
            let kind = "application/json; odata.metadata=minimal";
            (status, [(header::CONTENT_TYPE, kind)], Json(body).into_response().into_body())
                .into_response()
        }
        None => status.into_response(),
    };
    let common = [
        ("odata-version", "4.0".to_owned()),
        ("x-ms-service-request-id", world.dynamics365.guid()),
    ];
    let common = common.map(|(name, value)| (HeaderName::from_static(name), value));
    for (name, value) in answer.headers.into_iter().chain(common) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn challenge(world: &World) -> String {
    let account = &world.dynamics365.account;
    let urls = account.urls(&world.base_url);
    format!(
        "Bearer authorization_uri={}/{}/oauth2/authorize, resource_id={}/",
        urls.login_url, account.tenant_id, urls.environment_url
    )
}

pub fn error_body(code: &str, message: &str) -> Value {
    json!({ "error": { "code": code, "message": message } })
}

/// The body of a refusal that a fault asked for; service protection when no code is named.
pub fn fault_body(status: u16, code: Option<&Value>) -> Value {
    let named = code.map(|code| code.as_str().map_or_else(|| code.to_string(), str::to_owned));
    let (default_code, message) = match status {
        429 => (
            "0x80072322",
            "Number of requests exceeded the limit of 6000 over time window of 300 seconds.",
        ),
        403 => ("0x80040220", "Principal user is missing the privilege."),
        _ => ("0x80040216", "An unexpected error occurred."),
    };
    error_body(named.as_deref().unwrap_or(default_code), message)
}
