//! Searches: SOSL and its form with parameters, over an index that lags behind the rows.
//!
//! Source: "SOQL and SOSL Reference", "Search" and "Parameterized Search", REST API Developer Guide, checked 2026-11.

mod statement;
mod term;

use serde_json::{Value, json};

use super::answer::{Answer, Answered, Refusal};
use super::request::Request;
use super::schema::{Field, Kind, Object};
use super::scope::Scope;
use super::soql::parse::{Clauses, Path};
use super::soql::{filter, path, run};
use super::store::Record;
use statement::{Group, Returning, Statement};
use term::Term;

/// Rows of one search at most.
const MAX_ROWS: usize = 2_000;

/// Answers `search?q=FIND …`.
pub fn search(scope: &Scope<'_>, text: &str) -> Answered {
    let statement = Statement::parse(text)?;
    answer(scope, &statement)
}

/// Answers `parameterizedSearch`, with parameters in the address or in a body.
pub fn parameterized(scope: &Scope<'_>, request: &Request) -> Answered {
    let statement = if request.method == "POST" {
        of_body(&Value::Object(request.object()?))?
    } else {
        of_query(request)?
    };
    answer(scope, &statement)
}

fn of_query(request: &Request) -> Result<Statement, Refusal> {
    let number = |name: &str| request.parameter(name).and_then(|text| text.parse().ok());
    let names = request.query.iter().filter(|(name, _)| name.eq_ignore_ascii_case("sobject"));
    let objects = names.map(|(_, name)| {
        let own = |what: &str| request.parameter(&format!("{name}.{what}"));
        let fields = own("fields").or_else(|| request.parameter("fields")).unwrap_or("Id");
        let limit = own("limit").and_then(|text| text.parse().ok());
        returning(name, fields, limit.or_else(|| number("defaultLimit")))
    });
    let objects = objects.collect();
    let q = request.parameter("q").unwrap_or_default();
    statement(q, request.parameter("in"), objects, number("overallLimit"))
}

fn of_body(body: &Value) -> Result<Statement, Refusal> {
    let list = |value: &Value| {
        let names = value.as_array().into_iter().flatten().filter_map(Value::as_str);
        names.collect::<Vec<_>>().join(",")
    };
    let number = |value: &Value| value.as_u64().and_then(|number| usize::try_from(number).ok());
    let objects = body["sobjects"].as_array().into_iter().flatten().map(|object| {
        let own = list(&object["fields"]);
        let fields = if own.is_empty() { list(&body["fields"]) } else { own };
        let limit = number(&object["limit"]).or_else(|| number(&body["defaultLimit"]));
        returning(object["name"].as_str().unwrap_or_default(), &fields, limit)
    });
    let objects = objects.collect();
    let q = body["q"].as_str().unwrap_or_default();
    statement(q, body["in"].as_str(), objects, number(&body["overallLimit"]))
}

fn statement(
    q: &str,
    group: Option<&str>,
    returning: Vec<Returning>,
    limit: Option<usize>,
) -> Result<Statement, Refusal> {
    let group = group.map_or(Some(Group::All), Group::named);
    let group = group.ok_or_else(|| statement::malformed("unknown search group"))?;
    Ok(Statement { term: Term::parse(q)?, group, returning, limit })
}

fn returning(object: &str, fields: &str, limit: Option<usize>) -> Returning {
    let steps = |name: &str| name.trim().split('.').map(str::to_owned).collect();
    let names = fields.split(',').filter(|name| !name.trim().is_empty());
    let paths = names.map(|name| Path { steps: steps(name), at: 0 }).collect();
    Returning { object: object.to_owned(), paths, clauses: Clauses { limit, ..Clauses::default() } }
}

fn answer(scope: &Scope<'_>, statement: &Statement) -> Answered {
    let everything: Vec<Returning>;
    let returning = if statement.returning.is_empty() {
        let searchable = scope.org.schema.objects().iter().filter(|object| object.searchable);
        everything = searchable.map(|object| returning(&object.name, "Id", None)).collect();
        &everything
    } else {
        &statement.returning
    };
    let mut records = Vec::new();
    for one in returning {
        records.extend(of_object(scope, statement, one)?);
    }
    records.truncate(statement.limit.unwrap_or(MAX_ROWS).min(MAX_ROWS));
    Ok(Answer::json(200, json!({ "searchRecords": records })))
}

fn of_object(
    scope: &Scope<'_>,
    statement: &Statement,
    returning: &Returning,
) -> Result<Vec<Value>, Refusal> {
    let object = scope.object(&returning.object).filter(|object| object.searchable);
    let object = object.ok_or_else(|| {
        let message = format!("sObject type '{}' is not supported.", returning.object);
        Refusal::new(400, "INVALID_TYPE", message)
    })?;
    for path in &returning.paths {
        path::field(scope, &object, path, "")?;
    }
    filter::check(scope, &object, &returning.clauses, "")?;
    let rows = scope.org.tables.list(&object.name).into_iter();
    let rows = rows.filter(|record| is_found(scope, &object, record, statement)).collect();
    let found = run::found(scope, &object, rows, &returning.clauses);
    let id = Path { steps: vec!["Id".to_owned()], at: 0 };
    let paths: Vec<&Path> = match returning.paths.as_slice() {
        [] => vec![&id],
        paths => paths.iter().collect(),
    };
    Ok(found.into_iter().map(|record| run::shaped(scope, &object, record, &paths)).collect())
}

fn is_found(scope: &Scope<'_>, object: &Object, record: &Record, statement: &Statement) -> bool {
    let searched = object
        .fields
        .iter()
        .filter(|field| is_in(field, statement.group) && scope.can_read(object, field));
    let texts: Vec<(Kind, &str)> =
        searched.filter_map(|field| Some((field.kind, record.text(&field.name)?))).collect();
    record.findable_ms <= scope.now_ms && statement.term.finds(&texts)
}

fn is_in(field: &Field, group: Group) -> bool {
    let is_searched = matches!(
        field.kind,
        Kind::Text | Kind::Area | Kind::Email | Kind::Phone | Kind::Url | Kind::Picklist
    );
    match group {
        Group::All | Group::Sidebar => is_searched,
        Group::Name => field.is_name || ["Subject", "SuppliedName"].contains(&field.name.as_str()),
        Group::Email => field.kind == Kind::Email,
        Group::Phone => field.kind == Kind::Phone,
    }
}
