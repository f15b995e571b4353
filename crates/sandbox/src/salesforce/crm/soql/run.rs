//! Queries answered: rows shaped as asked for, page by page.
//!
//! Source: "Query" and "Query More Results", REST API Developer Guide, checked 2026-11.

use serde_json::{Map, Value, json};

use super::filter;
use super::parse::{Clauses, Path, Query, Selected, refusal};
use super::path;
use crate::salesforce::crm::answer::{Answer, Answered, Refusal};
use crate::salesforce::crm::core::Core;
use crate::salesforce::crm::rows;
use crate::salesforce::crm::schema::Object;
use crate::salesforce::crm::scope::Scope;
use crate::salesforce::crm::store::Record;

/// Rows of a result at most.
const MAX_ROWS: usize = 50_000;

/// The first page of what a query finds.
pub fn query(scope: &Scope<'_>, core: &Core, text: &str) -> Answered {
    let query = Query::parse(text)?;
    let object = scope.object(&query.object).ok_or_else(|| {
        let message = format!(
            "sObject type '{}' is not supported. If you are attempting to use a custom object, be sure to append the \
             '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.",
            query.object
        );
        refusal("INVALID_TYPE", text, query.object_at, &message)
    })?;
    for selected in &query.selected {
        if let Selected::Field(path) | Selected::CountOf(path) = selected {
            path::field(scope, &object, path, text)?;
        }
    }
    filter::check(scope, &object, &query.clauses, text)?;
    let found = found(scope, &object, scope.org.tables.list(&object.name), &query.clauses);
    let page = match query.selected.as_slice() {
        [Selected::Count] => json!({ "totalSize": found.len(), "done": true, "records": [] }),
        [Selected::CountOf(path)] => counted(scope, &object, &found, path),
        selected if selected.iter().all(|one| matches!(one, Selected::Field(_))) => {
            let paths: Vec<&Path> = selected.iter().filter_map(field_of).collect();
            let rows = found.iter().map(|record| shaped(scope, &object, record, &paths));
            first_page(scope, core, rows.collect())
        }
        _ => return Err(ungrouped(text)),
    };
    Ok(Answer::json(200, page))
}

fn field_of(selected: &Selected) -> Option<&Path> {
    match selected {
        Selected::Field(path) => Some(path),
        Selected::Count | Selected::CountOf(_) => None,
    }
}

fn ungrouped(text: &str) -> Refusal {
    refusal("MALFORMED_QUERY", text, 0, "Field must be grouped or aggregated")
}

/// The rows among these that meet the clauses, in their order.
pub fn found<'a>(
    scope: &Scope<'_>,
    object: &Object,
    rows: Vec<&'a Record>,
    clauses: &Clauses,
) -> Vec<&'a Record> {
    let fits = |record: &&Record| {
        let condition = clauses.condition.as_ref();
        condition.is_none_or(|condition| filter::accepts(scope, object, record, condition))
    };
    let mut rows: Vec<&Record> = rows.into_iter().filter(fits).collect();
    filter::sort(scope, object, clauses, &mut rows);
    let limit = clauses.limit.unwrap_or(MAX_ROWS).min(MAX_ROWS);
    rows.into_iter().skip(clauses.offset).take(limit).collect()
}

fn counted(scope: &Scope<'_>, object: &Object, rows: &[&Record], counted: &Path) -> Value {
    let has = |record: &&&Record| !path::value(scope, object, record, &counted.steps).is_null();
    let row = json!({
        "attributes": { "type": "AggregateResult" },
        "expr0": rows.iter().filter(has).count(),
    });
    json!({ "totalSize": 1, "done": true, "records": [row] })
}

/// One row with the fields at these paths, under the names that the objects give them.
pub fn shaped(scope: &Scope<'_>, object: &Object, record: &Record, paths: &[&Path]) -> Value {
    let mut row = Map::new();
    row.insert("attributes".to_owned(), rows::attributes(scope, object, record));
    for path in paths {
        put(scope, object, record, &path.steps, &mut row);
    }
    Value::Object(row)
}

fn put(
    scope: &Scope<'_>,
    object: &Object,
    record: &Record,
    steps: &[String],
    into: &mut Map<String, Value>,
) {
    let [step, rest @ ..] = steps else { return };
    if rest.is_empty() {
        let name = object.field(step).map_or(step.as_str(), |field| &field.name);
        into.insert(name.to_owned(), path::value(scope, object, record, steps));
        return;
    }
    let reference = object.reference(step);
    let name = reference.and_then(|field| field.relationship.clone());
    let name = name.unwrap_or_else(|| step.clone());
    let Some((parent, row)) = path::parent(scope, object, record, step) else {
        into.insert(name, Value::Null);
        return;
    };
    let mut attributes = rows::attributes(scope, parent, row);
    if reference.is_some_and(super::super::schema::Field::is_polymorphic) {
        attributes["type"] = json!("Name");
    }
    let inner = into.entry(name).or_insert_with(|| json!({ "attributes": attributes }));
    if let Value::Object(inner) = inner {
        put(scope, parent, row, rest, inner);
    }
}

fn page_rows(scope: &Scope<'_>) -> usize {
    usize::try_from(scope.switches.number("salesforce_crm.page_rows")).unwrap_or(1).max(1)
}

fn first_page(scope: &Scope<'_>, core: &Core, rows: Vec<Value>) -> Value {
    let (total, count) = (rows.len(), page_rows(scope));
    if total <= count {
        return json!({ "totalSize": total, "done": true, "records": rows });
    }
    let first: Vec<Value> = rows.iter().take(count).cloned().collect();
    let id = core.keep_rows(rows);
    json!({
        "totalSize": total,
        "done": false,
        "nextRecordsUrl": format!("{}/query/{id}-{count}", scope.base()),
        "records": first,
    })
}

/// A later page: `01g…-2000`.
pub fn more(scope: &Scope<'_>, core: &Core, locator: &str) -> Answered {
    let count = page_rows(scope);
    let page = locator.rsplit_once('-').and_then(|(id, from)| {
        let from: usize = from.parse().ok()?;
        let (rows, total) = core.rows(id, from, count)?;
        Some((id, from, rows, total))
    });
    let Some((id, from, rows, total)) = page else {
        return Err(Refusal::new(400, "INVALID_QUERY_LOCATOR", "invalid query locator"));
    };
    let next = from + rows.len();
    let mut body = json!({ "totalSize": total, "done": next >= total, "records": rows });
    if next < total {
        body["nextRecordsUrl"] = json!(format!("{}/query/{id}-{next}", scope.base()));
    }
    Ok(Answer::json(200, body))
}
