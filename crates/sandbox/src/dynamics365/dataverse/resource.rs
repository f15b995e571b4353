//! What an address leads to, and what each verb does there.
//!
//! Source: "Retrieve a table row", "Query data", "Create", "Update and delete table rows" and "Associate and
//! disassociate table rows using the Web API", checked 2026-11-21.

use serde_json::{Map, Value, json};

use super::answer::{Answer, Answered, Content, Refusal};
use super::entry::base;
use super::keys::{self, Key};
use super::query::{MAX_PAGE, Query, next_link};
use super::request::{Request, Segment};
use super::rows::{self, Condition};
use super::tables::{Collection, Stored, Table};
use super::{Scope, actions, definitions, document, functions};

/// The greatest number that `$count` tells, whatever there is.
const MAX_COUNT: usize = 5_000;

/// Carries out a request, without a transaction of its own.
pub fn serve(scope: &mut Scope<'_>, request: &Request) -> Answered {
    let path = request.path.clone();
    let [first, rest @ ..] = path.as_slice() else {
        return Err(Refusal::no_resource(""));
    };
    if first.name == definitions::SET {
        return definitions::serve(scope, request);
    }
    if first.name == "$metadata" {
        let document = document::csdl(&scope.view());
        return Ok(Answer::typed("application/xml".to_owned(), document));
    }
    if let Some(answered) = functions::unbound(scope, first) {
        return answered;
    }
    if let Some(answered) = actions::unbound(scope, first, request) {
        return answered;
    }
    let table = table(scope, &first.name)?;
    match (&first.args, rest) {
        (None, []) => collection(scope, table, request),
        (None, [count]) if count.name == "$count" => count_of(scope, table, request),
        (Some(args), []) => row(scope, table, args, request),
        (Some(args), [member, rest @ ..]) => {
            let key = keys::parse(&scope.view(), table, args)?;
            member_of(scope, table, &key, member, rest, request)
        }
        _ => Err(Refusal::no_resource(&first.name)),
    }
}

/// The table behind an entity set, if this organisation has it.
fn table(scope: &Scope<'_>, set: &str) -> Result<&'static Table, Refusal> {
    let table = rows::table_of(set)?;
    let absent = scope.inner.org.schema.absent.contains(table.set);
    if absent { Err(Refusal::no_resource(set)) } else { Ok(table) }
}

fn collection(scope: &mut Scope<'_>, table: &'static Table, request: &Request) -> Answered {
    match request.method.as_str() {
        "GET" => {
            let query = may_read(scope, table, request)?;
            let rows = scope.inner.tables.list(table.set);
            Ok(list(scope, table, &query, rows, table.set, request))
        }
        "POST" => {
            let fields = fields(table, &request.body)?;
            let id = rows::create(scope, table, &fields)?;
            written(scope, table, &Key::Id(id.clone()), &id, 201, request)
        }
        other => Err(Refusal::method(other)),
    }
}

fn count_of(scope: &Scope<'_>, table: &'static Table, request: &Request) -> Answered {
    let query = may_read(scope, table, request)?;
    let view = scope.view();
    let page = query.page(&view, table, view.tables.list(table.set), None);
    Ok(Answer::text(page.rows.len().to_string()))
}

fn row(scope: &mut Scope<'_>, table: &'static Table, args: &str, request: &Request) -> Answered {
    let key = keys::parse(&scope.view(), table, args)?;
    match request.method.as_str() {
        "GET" => read(scope, table, &key, request),
        "PATCH" => {
            let fields = fields(table, &request.body)?;
            let (id, made) = rows::upsert(scope, table, &key, &condition(request), &fields)?;
            written(scope, table, &key, &id, if made { 201 } else { 200 }, request)
        }
        "DELETE" => {
            let id = key.existing()?.to_owned();
            rows::delete(scope, table, &id, &condition(request))?;
            Ok(Answer::nothing(204))
        }
        other => Err(Refusal::method(other)),
    }
}

fn read(scope: &Scope<'_>, table: &'static Table, key: &Key, request: &Request) -> Answered {
    let query = may_read(scope, table, request)?;
    let stored = scope.row(table, key.existing()?)?;
    let plain = !query.has_expand() && request.preference("odata.include-annotations").is_none();
    if plain && request.header("if-none-match") == Some(stored.etag().as_str()) {
        return Ok(Answer::nothing(304));
    }
    let body = shown(scope, table, &query, stored, request);
    Ok(applied(Answer::json(200, body).with("etag", stored.etag()), request))
}

/// One row under its context.
fn shown(
    scope: &Scope<'_>,
    table: &'static Table,
    query: &Query,
    stored: &Stored,
    request: &Request,
) -> Value {
    let context =
        format!("{}$metadata#{}{}/$entity", base(scope.world), table.set, query.selection());
    let mut body = json!({ "@odata.context": context });
    if let (Value::Object(body), Value::Object(row)) =
        (&mut body, query.show(&scope.view(), table, stored, request))
    {
        body.extend(row);
    }
    body
}

fn list(
    scope: &Scope<'_>,
    table: &'static Table,
    query: &Query,
    rows: Vec<&Stored>,
    path: &str,
    request: &Request,
) -> Answer {
    let view = scope.view();
    let page_size = request.preference("odata.maxpagesize").and_then(|size| size.parse().ok());
    let page = query.page(&view, table, rows, page_size);
    let mut body = json!({
        "@odata.context": format!("{}$metadata#{}{}", base(scope.world), table.set, query.selection()),
    });
    if let Some(count) = page.count {
        let told = json!(count.min(MAX_COUNT));
        body["@odata.count"] = told.clone();
        for (annotation, value) in [
            ("Microsoft.Dynamics.CRM.totalrecordcount", told),
            ("Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded", json!(count > MAX_COUNT)),
        ] {
            if request.wants_annotation(annotation) {
                body[format!("@{annotation}")] = value;
            }
        }
    }
    body["value"] =
        page.rows.iter().map(|stored| query.show(&view, table, stored, request)).collect();
    if let Some(skip) = page.next {
        let link = next_link(path, &request.options, skip, page_size.unwrap_or(MAX_PAGE));
        body["@odata.nextLink"] = json!(format!("{}{link}", base(scope.world)));
    }
    applied(Answer::json(200, body), request)
}

/// What lies behind a row: a function or action, a related row, related rows, references, a column.
fn member_of(
    scope: &mut Scope<'_>,
    table: &'static Table,
    key: &Key,
    member: &Segment,
    rest: &[Segment],
    request: &Request,
) -> Answered {
    let id = key.existing()?.to_owned();
    if let Some(answered) = functions::bound(scope, table, &id, member, request) {
        return answered;
    }
    if let Some(answered) = actions::bound(scope, table, &id, member, request) {
        return answered;
    }
    if member.name.chars().next().is_some_and(char::is_uppercase)
        && request.method == "POST"
        && rest.is_empty()
    {
        return Err(functions::unresolved(""));
    }
    let is_reference = rest.first().is_some_and(|segment| segment.name == "$ref");
    if let Some(collection) = table.collection(&member.name) {
        return if is_reference {
            collection_reference(scope, table, &id, collection, member, request)
        } else {
            related(scope, table, &id, member, request)
        };
    }
    if table.lookup(&member.name).is_some() {
        return if is_reference {
            reference(scope, table, &id, member, request)
        } else {
            parent(scope, table, &id, member, request)
        };
    }
    if scope.inner.org.schema.is_readable(table, &member.name) {
        let is_raw = rest.first().is_some_and(|segment| segment.name == "$value");
        return column(scope, table, &id, &member.name, is_raw, request);
    }
    Err(Refusal::no_resource(&member.name))
}

fn related(
    scope: &Scope<'_>,
    table: &'static Table,
    id: &str,
    member: &Segment,
    request: &Request,
) -> Answered {
    let stored = scope.row(table, id)?;
    let (target, rows) = scope
        .view()
        .related(table, &member.name, &stored.row)
        .ok_or_else(|| Refusal::no_resource(&member.name))?;
    scope.need("Read", table)?;
    let query = may_read(scope, target, request)?;
    let path = format!("{}({id})/{}", table.set, member.name);
    Ok(list(scope, target, &query, rows, &path, request))
}

fn parent(
    scope: &Scope<'_>,
    table: &'static Table,
    id: &str,
    member: &Segment,
    request: &Request,
) -> Answered {
    scope.need("Read", table)?;
    let stored = scope.row(table, id)?;
    match scope.view().parent(table, &member.name, &stored.row) {
        Some((target, stored)) => {
            let query = may_read(scope, target, request)?;
            let body = shown(scope, target, &query, stored, request);
            Ok(applied(Answer::json(200, body), request))
        }
        None => Ok(Answer::nothing(204)),
    }
}

/// `PUT …/primarycontactid/$ref` with `@odata.id`, and `DELETE` to clear it.
fn reference(
    scope: &mut Scope<'_>,
    table: &'static Table,
    id: &str,
    member: &Segment,
    request: &Request,
) -> Answered {
    let bound = match request.method.as_str() {
        "PUT" => json!(odata_id(table, request)?),
        "DELETE" => Value::Null,
        other => return Err(Refusal::method(other)),
    };
    set(scope, table, id, format!("{}@odata.bind", member.name), bound)
}

/// `POST …/Account_Tasks/$ref` with `@odata.id`, and `DELETE …/Account_Tasks(id)/$ref`.
fn collection_reference(
    scope: &mut Scope<'_>,
    table: &'static Table,
    id: &str,
    collection: &'static Collection,
    member: &Segment,
    request: &Request,
) -> Answered {
    scope.row(table, id)?;
    scope.need("Append", table)?;
    match (request.method.as_str(), &member.args) {
        ("POST", None) => {
            let address = odata_id(table, request)?;
            let (_, child) = keys::reference(&scope.view(), &address)?;
            rows::relate(scope, collection, id, &child)?;
        }
        ("DELETE", Some(child)) => rows::part(scope, collection, id, child)?,
        (other, _) => return Err(Refusal::method(other)),
    }
    Ok(Answer::nothing(204))
}

fn odata_id(table: &Table, request: &Request) -> Result<String, Refusal> {
    let fields = fields(table, &request.body)?;
    let id = fields.get("@odata.id").and_then(Value::as_str);
    id.map(str::to_owned).ok_or_else(|| {
        Refusal::payload(table.set, "The required instance annotation 'odata.id' was not found.")
    })
}

/// One column: read with its context or raw, written with `PUT {"value": …}`, emptied with `DELETE`.
fn column(
    scope: &mut Scope<'_>,
    table: &'static Table,
    id: &str,
    name: &str,
    is_raw: bool,
    request: &Request,
) -> Answered {
    let value = match request.method.as_str() {
        "GET" => {
            scope.need("Read", table)?;
            let value = scope.row(table, id)?.row.get(name).cloned().unwrap_or_default();
            return Ok(match (is_raw, value) {
                (_, Value::Null) => Answer::nothing(204),
                (true, Value::String(text)) => Answer::text(text),
                (true, value) => Answer::text(value.to_string()),
                (false, value) => {
                    let context =
                        format!("{}$metadata#{}({id})/{name}", base(scope.world), table.set);
                    Answer::json(200, json!({ "@odata.context": context, "value": value }))
                }
            });
        }
        "PUT" => fields(table, &request.body)?.remove("value").unwrap_or_default(),
        "DELETE" => Value::Null,
        other => return Err(Refusal::method(other)),
    };
    set(scope, table, id, name.to_owned(), value)
}

/// Writes one member of a row.
fn set(
    scope: &mut Scope<'_>,
    table: &'static Table,
    id: &str,
    name: String,
    value: Value,
) -> Answered {
    rows::update(scope, table, id, &Map::from_iter([(name, value)]))?;
    Ok(Answer::nothing(204))
}

/// The query, if the caller may read all that it touches.
fn may_read(scope: &Scope<'_>, table: &'static Table, request: &Request) -> Result<Query, Refusal> {
    let query = Query::parse(&scope.view(), table, &request.options)?;
    for read in std::iter::once(table).chain(query.tables()) {
        scope.need("Read", read)?;
    }
    Ok(query)
}

/// What a PATCH or DELETE demands. The literal `null` only defeats caching.
fn condition(request: &Request) -> Condition {
    match (request.header("if-match"), request.header("if-none-match")) {
        (Some("*"), _) => Condition::MustExist,
        (Some(version), _) => Condition::Version(version.to_owned()),
        (None, Some("*")) => Condition::MustNotExist,
        (None, _) => Condition::None,
    }
}

/// 204 with the address of the row, or the row itself where the caller prefers that; never both.
fn written(
    scope: &Scope<'_>,
    table: &'static Table,
    key: &Key,
    id: &str,
    status: u16,
    request: &Request,
) -> Answered {
    let row = Some(format!("{}({id})", table.set));
    if !request.wants_representation() {
        let address = format!("{}{}({})", base(scope.world), table.set, key.text());
        let answer = Answer::nothing(204).with("odata-entityid", address);
        return Ok(Answer { row, ..answer });
    }
    let query = may_read(scope, table, request)?;
    let stored = scope.row(table, id)?;
    let body = shown(scope, table, &query, stored, request);
    let answer = Answer::json(status, body).with("etag", stored.etag());
    Ok(Answer { row, ..applied(answer, request) })
}

/// `Preference-Applied` for what was preferred and done.
fn applied(answer: Answer, request: &Request) -> Answer {
    let mut done = Vec::new();
    if request.wants_representation() && matches!(answer.content, Content::Json(_)) {
        done.push("return=representation".to_owned());
    }
    for name in ["odata.include-annotations", "odata.maxpagesize"] {
        if let Some(value) = request.preference(name) {
            let quote = if value.parse::<u64>().is_ok() { "" } else { "\"" };
            done.push(format!("{name}={quote}{value}{quote}"));
        }
    }
    if done.is_empty() { answer } else { answer.with("preference-applied", done.join(", ")) }
}

/// The members of a JSON body.
pub fn fields(table: &Table, body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        _ => Err(Refusal::payload(table.set, "A node of type 'StartObject' was expected.")),
    }
}

pub fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
