//! Several rows in one request.
//!
//! Source: "sObject Collections", REST API Developer Guide, checked 2026-11.

use serde_json::{Value, json};

use super::answer::{Answer, Answered, Refusal};
use super::request::Request;
use super::rows::{self, Upserted};
use super::schema::Object;
use super::scope::Scope;
use super::store::Fields;

/// Rows of one request, to be written and to be read.
const MAX_WRITTEN: usize = 200;
const MAX_READ: usize = 2_000;

/// What came of one row: its id, and whether it is new where that is told.
type Done = Result<(String, Option<bool>), Refusal>;
type Deed<'d> = dyn Fn(&mut Scope<'_>, &Value) -> Done + 'd;

/// Carries out what is below `composite/sobjects`.
pub fn serve(scope: &mut Scope<'_>, request: &Request, path: &[&str], is_whole: bool) -> Answered {
    match (request.method.as_str(), path) {
        ("POST", []) => written(scope, request, is_whole, &|scope, row| {
            let object = typed(scope, row)?;
            let id = rows::create(scope, &object, &fields(row), None)?;
            Ok((id, None))
        }),
        ("PATCH", []) => written(scope, request, is_whole, &|scope, row| {
            let object = typed(scope, row)?;
            let id = row["id"].as_str().or(row["Id"].as_str()).unwrap_or_default().to_owned();
            let mut fields = fields(row);
            fields.retain(|name, _| !name.eq_ignore_ascii_case("Id"));
            rows::update(scope, &object, &id, &fields)?;
            Ok((id, None))
        }),
        ("PATCH", [name, key]) => {
            let object = scope.resource(name)?;
            let key = rows::external_id(scope, &object, key)?.name.clone();
            written(scope, request, is_whole, &|scope, row| upsert(scope, &object, &key, row))
        }
        ("DELETE", []) => delete(scope, request, is_whole),
        ("GET" | "POST", [name]) => read(scope, request, name),
        (method, _) => Err(Refusal::method(method, "GET,POST,PATCH,DELETE")),
    }
}

fn fields(row: &Value) -> Fields {
    super::org::object(row.clone())
}

fn typed(scope: &Scope<'_>, row: &Value) -> Result<Object, Refusal> {
    let name = row["attributes"]["type"].as_str().unwrap_or_default();
    scope.object(name).ok_or_else(|| {
        let message = format!("sObject type '{name}' is not supported.");
        Refusal::new(400, "INVALID_TYPE", message)
    })
}

fn upsert(scope: &mut Scope<'_>, object: &Object, key: &str, row: &Value) -> Done {
    let field = rows::external_id(scope, object, key)?.clone();
    let mut given = fields(row);
    let name = given.keys().find(|name| name.eq_ignore_ascii_case(key)).cloned();
    let value = name.and_then(|name| given.remove(&name)).unwrap_or_default();
    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if value.is_empty() || value == "null" {
        let message = format!("{key} not specified");
        return Err(Refusal::new(400, "MISSING_ARGUMENT", message));
    }
    match rows::upsert(scope, object, &field, &value, &given) {
        Ok(Upserted::Created(id)) => Ok((id, Some(true))),
        Ok(Upserted::Updated(id)) => Ok((id, Some(false))),
        Err(refusal) if refusal.status == 300 => {
            let message = "More than one record found for external id field";
            Err(Refusal::new(400, "DUPLICATE_EXTERNAL_ID", message))
        }
        Err(refusal) => Err(refusal),
    }
}

fn written(scope: &mut Scope<'_>, request: &Request, is_whole: bool, deed: &Deed<'_>) -> Answered {
    let body = request.object()?;
    let is_whole = is_whole || body.get("allOrNone").and_then(Value::as_bool).unwrap_or(false);
    let wanted = body.get("records").and_then(Value::as_array).cloned().unwrap_or_default();
    carried_out(scope, &wanted, is_whole, deed)
}

fn delete(scope: &mut Scope<'_>, request: &Request, is_whole: bool) -> Answered {
    let ids = request.parameter("ids").unwrap_or_default().split(',').filter(|id| !id.is_empty());
    let ids: Vec<Value> = ids.map(|id| json!(id.trim())).collect();
    let is_whole = is_whole || request.parameter("allOrNone") == Some("true");
    carried_out(scope, &ids, is_whole, &|scope, id| {
        let id = id.as_str().unwrap_or_default();
        let object = scope.org.schema.of_id(id).map(|object| object.name.clone());
        let object = object.and_then(|name| scope.object(&name));
        let object = object
            .ok_or_else(|| Refusal::new(400, "MALFORMED_ID", format!("malformed id {id}")))?;
        rows::delete(scope, &object, id)?;
        Ok((id.to_owned(), None))
    })
}

fn carried_out(
    scope: &mut Scope<'_>,
    wanted: &[Value],
    is_whole: bool,
    deed: &Deed<'_>,
) -> Answered {
    if wanted.len() > MAX_WRITTEN {
        let message = format!(
            "record limit reached. cannot submit more than {MAX_WRITTEN} records into this call"
        );
        return Err(Refusal::new(400, "EXCEEDED_ID_LIMIT", message));
    }
    let mark = scope.org.tables.begin();
    let mut done: Vec<Done> = Vec::new();
    for one in wanted {
        let result = scope.whole(|scope| deed(scope, one));
        if let Err(refusal) = &result {
            scope.org.broken.refused(scope.seq, refusal);
        }
        done.push(result);
    }
    if is_whole && done.iter().any(Result::is_err) {
        scope.org.tables.roll_back(mark);
        let message = "Record rolled back because not all records were valid and the request was using AllOrNone header";
        let rolled_back = || Refusal::new(400, "ALL_OR_NONE_OPERATION_ROLLED_BACK", message);
        for one in done.iter_mut().filter(|one| one.is_ok()) {
            *one = Err(rolled_back());
        }
    } else {
        scope.org.tables.commit(mark);
    }
    Ok(Answer::json(200, done.iter().map(told).collect()))
}

fn told(done: &Done) -> Value {
    match done {
        Ok((id, created)) => {
            let mut row = json!({ "id": id, "success": true, "errors": [] });
            if let Some(created) = created {
                row["created"] = json!(created);
            }
            row
        }
        Err(refusal) => json!({ "success": false, "errors": [refusal.in_collection()] }),
    }
}

/// Rows by their ids; null where one is not there.
fn read(scope: &Scope<'_>, request: &Request, name: &str) -> Answered {
    let object = scope.resource(name)?;
    let (ids, fields) = if request.method == "POST" {
        let body = request.object()?;
        let list = |name: &str| -> Vec<String> {
            let all = body.get(name).and_then(Value::as_array).into_iter().flatten();
            all.filter_map(|one| one.as_str().map(str::to_owned)).collect()
        };
        (list("ids"), list("fields"))
    } else {
        let list = |name: &str| -> Vec<String> {
            let all = request.parameter(name).unwrap_or_default().split(',');
            all.filter(|one| !one.is_empty()).map(|one| one.trim().to_owned()).collect()
        };
        (list("ids"), list("fields"))
    };
    if ids.len() > MAX_READ {
        return Err(Refusal::new(400, "EXCEEDED_ID_LIMIT", "too many ids"));
    }
    let fields = fields.join(",");
    let rows = ids.iter().map(|id| {
        let id = rows::existing(scope, &object, id);
        id.and_then(|id| super::resource::show(scope, &object, &id, Some(&fields)))
    });
    let rows = rows.map(|row| row.map_or(Value::Null, |answer| answer.body_value()));
    Ok(Answer::json(200, rows.collect()))
}
