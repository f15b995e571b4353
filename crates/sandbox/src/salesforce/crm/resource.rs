//! Which address leads where.
//!
//! Source: "Reference", REST API Developer Guide, checked 2026-11.

use bytes::Bytes;
use serde_json::{Value, json};

use super::answer::{Answer, Answered, Content, Refusal};
use super::core::Core;
use super::request::Request;
use super::schema::Object;
use super::scope::Scope;
use super::store::Fields;
use super::{describe, rows, soql, sosl, tooling};
use crate::multipart;

/// Carries out one request that is no composite one.
pub fn serve(scope: &mut Scope<'_>, core: &Core, request: &Request) -> Answered {
    let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
    match (request.method.as_str(), path.as_slice()) {
        ("GET", [""]) => Ok(resources(scope)),
        ("GET", ["limits"]) => Ok(limits(scope, core)),
        ("GET", ["query" | "queryAll"]) => {
            let text = request.parameter("q").ok_or_else(no_query)?;
            soql::run::query(scope, core, text)
        }
        ("GET", ["query" | "queryAll", locator]) => soql::run::more(scope, core, locator),
        ("GET", ["search"]) => {
            let text = request.parameter("q").ok_or_else(no_query)?;
            sosl::search(scope, text)
        }
        ("GET" | "POST", ["parameterizedSearch"]) => sosl::parameterized(scope, request),
        ("GET", ["sobjects"]) => describe::global(scope),
        (_, ["sobjects", rest @ ..]) => sobjects(scope, request, rest),
        (_, ["tooling", rest @ ..]) => tooling::serve(scope, request, rest),
        (method, ["query" | "queryAll" | "search" | "limits", ..]) => {
            Err(Refusal::method(method, "GET,HEAD"))
        }
        _ => Err(Refusal::no_resource()),
    }
}

fn no_query() -> Refusal {
    Refusal::new(400, "MALFORMED_QUERY", "a query string has to be specified")
}

fn resources(scope: &Scope<'_>) -> Answer {
    let names = ["composite", "limits", "parameterizedSearch", "query", "queryAll", "search"];
    let names = names.into_iter().chain(["sobjects", "tooling"]);
    let all: Fields =
        names.map(|name| (name.to_owned(), json!(format!("{}/{name}", scope.base())))).collect();
    Answer::json(200, Value::Object(all))
}

/// Source: "Limits", REST API Developer Guide, checked 2026-11.
fn limits(scope: &Scope<'_>, core: &Core) -> Answer {
    let most = scope.switches.number("salesforce_crm.daily_calls");
    let pair = |max: i64, left: i64| json!({ "Max": max, "Remaining": left.max(0) });
    Answer::json(
        200,
        json!({
            "DailyApiRequests": pair(most, most - core.calls()),
            "DataStorageMB": pair(10_240, 10_000),
            "FileStorageMB": pair(10_240, 10_000),
            "SingleEmail": pair(5_000, 5_000),
            "MonthlyPlatformEvents": pair(300_000, 300_000),
        }),
    )
}

fn sobjects(scope: &mut Scope<'_>, request: &Request, path: &[&str]) -> Answered {
    let [name, rest @ ..] = path else { return Err(Refusal::no_resource()) };
    let object = scope.resource(name)?;
    match (request.method.as_str(), rest) {
        ("GET", []) => describe::basic(scope, &object),
        ("POST", []) => create(scope, request, &object),
        ("GET", ["describe"]) => describe::object(scope, &object),
        (_, [id]) => row(scope, request, &object, id),
        ("GET", [id, "VersionData"]) if object.name == "ContentVersion" => file(scope, &object, id),
        (_, [key, value]) => by_key(scope, request, &object, key, value),
        (method, []) => Err(Refusal::method(method, "HEAD,GET,POST")),
        _ => Err(Refusal::no_resource()),
    }
}

fn create(scope: &mut Scope<'_>, request: &Request, object: &Object) -> Answered {
    let media_type = request.header("content-type").unwrap_or_default();
    let (fields, file) = if media_type.starts_with("multipart/form-data") {
        let parts = multipart::fields(&request.headers, &request.body);
        let parts = parts.ok_or_else(|| Refusal::body("Multipart message does not read"))?;
        entity_and_file(parts)?
    } else {
        (request.object()?, None)
    };
    let id = rows::create(scope, object, &fields, file)?;
    Ok(created(scope, object, &id))
}

/// The part with JSON, and the one with the file.
fn entity_and_file(parts: Vec<multipart::Field>) -> Result<(Fields, Option<Bytes>), Refusal> {
    let (mut fields, mut file) = (None, None);
    for part in parts {
        if part.name == "VersionData" {
            file = Some(part.bytes);
        } else if part.name.starts_with("entity_") {
            fields = serde_json::from_slice(&part.bytes).ok();
        }
    }
    let missing = "Multipart message must include a non-binary part";
    Ok((fields.ok_or_else(|| Refusal::new(400, "INVALID_MULTIPART_REQUEST", missing))?, file))
}

fn created(scope: &Scope<'_>, object: &Object, id: &str) -> Answer {
    let location = format!("{}/sobjects/{}/{id}", scope.base(), object.name);
    let body = json!({ "id": id, "success": true, "errors": [] });
    Answer::json(201, body).with("location", location)
}

fn row(scope: &mut Scope<'_>, request: &Request, object: &Object, id: &str) -> Answered {
    match request.method.as_str() {
        "GET" => {
            let id = rows::existing(scope, object, id)?;
            show(scope, object, &id, request.parameter("fields"))
        }
        "PATCH" => {
            rows::update(scope, object, id, &request.object()?)?;
            Ok(Answer::nothing())
        }
        "DELETE" => {
            rows::delete(scope, object, id)?;
            Ok(Answer::nothing())
        }
        method => Err(Refusal::method(method, "HEAD,GET,PATCH,DELETE")),
    }
}

/// One row, with all its fields or those that are named.
pub fn show(scope: &Scope<'_>, object: &Object, id: &str, fields: Option<&str>) -> Answered {
    let record = scope.org.tables.get(&object.name, id).ok_or_else(Refusal::no_resource)?;
    let Some(wanted) = fields else {
        return Ok(Answer::json(200, rows::shown(scope, object, record)));
    };
    let mut body = json!({ "attributes": rows::attributes(scope, object, record) });
    for name in wanted.split(',').map(str::trim).chain(["Id"]) {
        let path: Vec<String> = name.split('.').map(str::to_owned).collect();
        let place = soql::parse::Path { steps: path.clone(), at: 0 };
        let field = soql::path::field(scope, object, &place, wanted)?;
        let name = if path.len() == 1 { &field.name } else { name };
        body[name] = soql::path::value(scope, object, record, &path);
    }
    Ok(Answer::json(200, body))
}

fn file(scope: &Scope<'_>, object: &Object, id: &str) -> Answered {
    let id = rows::existing(scope, object, id)?;
    let bytes = scope.org.tables.file(&id).ok_or_else(Refusal::no_resource)?.clone();
    let content = Content::File { media_type: "application/octetstream", bytes };
    Ok(Answer { status: 200, headers: Vec::new(), content })
}

fn by_key(
    scope: &mut Scope<'_>,
    request: &Request,
    object: &Object,
    key: &str,
    value: &str,
) -> Answered {
    if key.eq_ignore_ascii_case("Id") {
        return row(scope, request, object, value);
    }
    let field = rows::external_id(scope, object, key)?.clone();
    match request.method.as_str() {
        "PATCH" | "POST" => {
            let given = request.object()?;
            if given.keys().any(|name| name.eq_ignore_ascii_case(&field.name)) {
                let message = "The externalIdField should not be specified in the sobject data.";
                return Err(Refusal::new(400, "INVALID_FIELD", message));
            }
            match rows::upsert(scope, object, &field, value, &given)? {
                rows::Upserted::Created(id) => Ok(upserted(scope, object, &id)),
                rows::Upserted::Updated(id) => Ok(updated(scope, &id)),
            }
        }
        method => match rows::with_external_id(scope, object, &field, value).as_slice() {
            [] => Err(Refusal::no_resource()),
            [id] => row(scope, request, object, id),
            several if method == "GET" => {
                let base = format!("{}/sobjects/{}", scope.base(), object.name);
                let all = several.iter().map(|id| json!(format!("{base}/{id}")));
                Ok(Answer::json(300, all.collect()))
            }
            _ => Err(Refusal::method(method, "HEAD,GET,PATCH,DELETE")),
        },
    }
}

fn upserted(scope: &Scope<'_>, object: &Object, id: &str) -> Answer {
    let mut answer = created(scope, object, id);
    if let Content::Json(body) = &mut answer.content
        && scope.version >= 46
    {
        body["created"] = json!(true);
    }
    answer
}

fn updated(scope: &Scope<'_>, id: &str) -> Answer {
    let status = scope.switches.get("salesforce_crm.upsert_updated");
    if status == "204" || (status == "by_version" && scope.version < 46) {
        return Answer::nothing();
    }
    Answer::json(200, json!({ "id": id, "success": true, "errors": [], "created": false }))
}
