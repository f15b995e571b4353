//! What the product adds to rows and does not allow: owners, states, customers of cases, names, duplicates.
//!
//! Source: the table reference, "Define status reason transitions", "Detect duplicate data using the Web API", checked
//! 2026-11-21.

use serde_json::{Value, json};

use super::answer::Refusal;
use super::query::same;
use super::scope::Scope;
use super::tables::{Row, Table};

/// Fills in what a new row needs.
pub fn complete(
    scope: &mut Scope<'_>,
    table: &'static Table,
    columns: &mut Row,
) -> Result<(), Refusal> {
    owned(scope, table, &Row::new(), columns)?;
    columns.insert("_createdby_value".to_owned(), json!(scope.user));
    columns.insert("_modifiedby_value".to_owned(), json!(scope.user));
    if let Some(Value::String(at)) = columns.get("overriddencreatedon").cloned() {
        columns.insert("createdon".to_owned(), Value::String(at));
    }
    settle_state(table, None, columns)?;
    match table.name {
        "incident" => {
            customer(&Row::new(), columns)?;
            let number = scope.inner.next_ticket_number();
            columns.entry("ticketnumber").or_insert(json!(number));
            for (name, value) in [
                ("prioritycode", json!(2)),
                ("severitycode", json!(1)),
                ("isescalated", json!(false)),
            ] {
                columns.entry(name).or_insert(value);
            }
        }
        "contact" => named(&Row::new(), columns),
        "email" | "phonecall" => {
            columns.entry("directioncode").or_insert(json!(true));
        }
        "annotation" => {
            let kind = pointed_to(scope, table, columns);
            columns.entry("objecttypecode").or_insert(json!(kind));
        }
        "queueitem" => {
            let title = title_of(scope, table, columns);
            columns.insert("title".to_owned(), json!(title));
        }
        _ => {}
    }
    Ok(())
}

/// Fills in what a changed row needs.
pub fn change(
    scope: &mut Scope<'_>,
    table: &'static Table,
    id: &str,
    before: &Row,
    columns: &mut Row,
) -> Result<(), Refusal> {
    owned(scope, table, before, columns)?;
    columns.insert("_modifiedby_value".to_owned(), json!(scope.user));
    settle_state(table, Some((id, before)), columns)?;
    match table.name {
        "incident" => {
            customer(before, columns)?;
            let resolves = columns.get("statecode") == Some(&json!(1));
            if resolves && before.get("statecode") != Some(&json!(1)) {
                let message = "This message can not be used to set the state of incident to Resolved. In order to set \
                               state of incident to Resolved, use the CloseIncidentRequest message instead.";
                return Err(Refusal::argument(message));
            }
            columns.remove("ticketnumber");
        }
        "contact" => named(before, columns),
        _ => {}
    }
    Ok(())
}

/// Refuses a row that a published rule takes for a duplicate: 0x80040333 DuplicateRecordsFound.
///
/// The status table says 412, the page on duplicate detection shows 500; a switch chooses.
pub fn no_duplicate(
    scope: &Scope<'_>,
    table: &'static Table,
    id: &str,
    merged: &Row,
) -> Result<(), Refusal> {
    let rules = scope.inner.org.schema.duplicate_rules.iter();
    let mut wanted = rules
        .filter(|rule| rule.table == table.name)
        .filter_map(|rule| Some((rule.column.as_str(), merged.get(&rule.column)?)))
        .filter(|(_, value)| value.as_str().is_some_and(|text| !text.is_empty()));
    let is_duplicate = wanted.any(|(column, value)| {
        scope.inner.tables.list(table.set).iter().any(|stored| {
            stored.text(table.key) != Some(id)
                && stored.row.get("statecode") != Some(&json!(1))
                && stored.row.get(column).is_some_and(|held| same(held, value))
        })
    });
    if !is_duplicate {
        return Ok(());
    }
    let message = "A record was not created or updated because a duplicate of the current record already exists.";
    let status =
        if scope.world.switches.is("dataverse.duplicate_status", "500") { 500 } else { 412 };
    Err(Refusal::new(status, "0x80040333", message))
}

/// Whether another row of the table has the same text in a column that is watched as an external key.
pub fn has_twin(scope: &Scope<'_>, table: &'static Table, id: &str) -> bool {
    let keys = &scope.inner.org.schema.external_keys;
    keys.iter().filter(|key| key.table == table.name).any(|key| {
        let rows = scope.inner.tables.list(table.set);
        let of_row =
            |id: &str| scope.inner.tables.get(table.set, id)?.row.get(&key.column).cloned();
        let Some(own) = of_row(id).filter(|own| !own.is_null()) else { return false };
        rows.iter().any(|stored| {
            stored.text(table.key) != Some(id)
                && stored.row.get(&key.column).is_some_and(|held| same(held, &own))
        })
    })
}

/// The owner is the caller unless another one is named; naming another one needs Assign.
fn owned(scope: &Scope<'_>, table: &Table, before: &Row, columns: &mut Row) -> Result<(), Refusal> {
    if !table.is_owned {
        return Ok(());
    }
    let is_new = before.is_empty();
    let owner = match columns.get("_ownerid_value") {
        Some(Value::String(owner)) => owner.clone(),
        None if is_new => scope.user.clone(),
        None => return Ok(()),
        Some(_) => {
            return Err(Refusal::argument("The owner of a record cannot be empty."));
        }
    };
    if !is_new && before.get("_ownerid_value") != Some(&json!(owner)) {
        scope.need("Assign", table)?;
    }
    let is_team = scope.inner.tables.get("teams", &owner).is_some();
    let (user, team) =
        if is_team { (Value::Null, json!(owner)) } else { (json!(owner), Value::Null) };
    columns.insert("_owninguser_value".to_owned(), user);
    columns.insert("_owningteam_value".to_owned(), team);
    columns.insert("_ownerid_value".to_owned(), json!(owner));
    Ok(())
}

/// A status implies its state, a state its default status; together they must fit: 0x80048408.
fn settle_state(
    table: &Table,
    before: Option<(&str, &Row)>,
    columns: &mut Row,
) -> Result<(), Refusal> {
    let Some(first) = table.states.first() else { return Ok(()) };
    let number = |columns: &Row, name: &str| columns.get(name).and_then(Value::as_i64);
    let (state, status) = (number(columns, "statecode"), number(columns, "statuscode"));
    let of_status = status.and_then(|status| {
        table.states.iter().find(|state| state.statuses.iter().any(|(value, _)| *value == status))
    });
    let of_value = |value: i64| table.states.iter().find(|state| state.value == value);
    let wanted = match (state, of_status) {
        (Some(value), _) => of_value(value),
        (None, Some(of_status)) => Some(of_status),
        (None, None) if before.is_none() => Some(first),
        (None, None) => return Ok(()),
    };
    let Some(wanted) = wanted else { return Ok(()) };
    let status = status.or_else(|| wanted.statuses.first().map(|(value, _)| *value)).unwrap_or(1);
    if !wanted.statuses.iter().any(|(value, _)| *value == status) {
        let name = table.name;
        let id = before.map_or("00000000-0000-0000-0000-000000000000", |(id, _)| id);
        let label = wanted.label;
        let message = format!(
            "{status} is not a valid status code for state code {name}State.{label} on {name} with Id {id}."
        );
        return Err(Refusal::new(400, "0x80048408", message));
    }
    columns.insert("statecode".to_owned(), json!(wanted.value));
    columns.insert("statuscode".to_owned(), json!(status));
    Ok(())
}

fn customer(before: &Row, columns: &Row) -> Result<(), Refusal> {
    let customer = columns.get("_customerid_value").or_else(|| before.get("_customerid_value"));
    if customer.is_none_or(Value::is_null) {
        return Err(Refusal::new(
            400,
            "0x80044410",
            "You should specify a parent contact or account.",
        ));
    }
    Ok(())
}

fn named(before: &Row, columns: &mut Row) {
    let name = |column: &str| {
        let value = columns.get(column).or_else(|| before.get(column));
        value.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let parts = [name("firstname"), name("middlename"), name("lastname")];
    let parts: Vec<&str> =
        parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    columns.insert("fullname".to_owned(), json!(parts.join(" ")));
}

/// The logical name of the table that the note's object is in.
fn pointed_to(scope: &Scope<'_>, table: &Table, columns: &Row) -> Option<&'static str> {
    scope.view().target(table, "_objectid_value", columns).map(|(target, _)| target.name)
}

/// What stands for the queue item's object.
fn title_of(scope: &Scope<'_>, table: &Table, columns: &Row) -> Option<String> {
    let (target, stored) = scope.view().target(table, "_objectid_value", columns)?;
    stored.text(target.title).map(str::to_owned)
}
