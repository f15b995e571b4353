//! Making, changing and removing rows.
//!
//! Source: "Create", "Update and delete table rows", "Perform conditional operations" and "Use Upsert to create or
//! update a record", checked 2026-11-21.

use serde_json::{Map, Value, json};

use super::answer::Refusal;
use super::keys::{self, Key};
use super::payload::{self, Payload};
use super::scope::Scope;
use super::tables::{self, Collection, Row, Table};
use super::{attachments, rules};

/// How deep the rows may be nested that one request makes along with its own.
const MAX_DEPTH: usize = 5;

/// What a PATCH or DELETE demands of the row that it meets.
pub enum Condition {
    None,
    MustExist,
    MustNotExist,
    /// An ETag.
    Version(String),
}

/// Adds a row and returns its id.
pub fn create(
    scope: &mut Scope<'_>,
    table: &'static Table,
    fields: &Map<String, Value>,
) -> Result<String, Refusal> {
    create_as(scope, table, None, fields, 0)
}

fn create_as(
    scope: &mut Scope<'_>,
    table: &'static Table,
    id: Option<&str>,
    fields: &Map<String, Value>,
    depth: usize,
) -> Result<String, Refusal> {
    if table.is_union() || depth > MAX_DEPTH {
        let message =
            format!("The 'Create' method does not support entities of type '{}'.", table.name);
        return Err(Refusal::new(400, "0x80040800", message));
    }
    let payload = payload::read(scope, table, fields)?;
    scope.need("Create", table)?;
    may_append(scope, table, &payload)?;
    let Payload { mut columns, parents, children, adopted, .. } = payload;
    let given = columns.remove(table.key);
    let id = match id.or(given.as_ref().and_then(Value::as_str)) {
        Some(id) => id.to_ascii_lowercase(),
        None => scope.guid(),
    };
    if scope.inner.tables.get(table.set, &id).is_some() {
        return Err(exists());
    }
    for (lookup, row) in parents {
        let target = table_of(lookup.target)?;
        let parent = create_as(scope, target, None, &row, depth + 1)?;
        columns.insert(lookup.column.to_owned(), json!(parent));
    }
    rules::complete(scope, table, &mut columns)?;
    attachments::check(scope, table, &mut columns)?;
    unique(scope, table, &id, &columns)?;
    scope.put(table, &id, columns)?;
    if depth == 0 && scope.seq > 0 {
        watch(scope, table, &id, fields);
    }
    for (collection, mut row) in children {
        let target = table_of(collection.target)?;
        point_back(table, target, collection, &id, &mut row);
        let child = create_as(scope, target, None, &row, depth + 1)?;
        relate(scope, collection, &id, &child)?;
    }
    for (collection, child) in adopted {
        relate(scope, collection, &id, &child)?;
    }
    Ok(id)
}

/// Changes the row with this id.
pub fn update(
    scope: &mut Scope<'_>,
    table: &'static Table,
    id: &str,
    fields: &Map<String, Value>,
) -> Result<(), Refusal> {
    let payload = payload::read(scope, table, fields)?;
    scope.need("Write", table)?;
    may_append(scope, table, &payload)?;
    let before = scope.row(table, id)?.row.clone();
    let Payload { mut columns, parents, children, adopted, .. } = payload;
    columns.remove(table.key);
    if !parents.is_empty() || !children.is_empty() {
        let message =
            "Cannot update related entities in the same request; deep update is not supported.";
        return Err(Refusal::payload(table.set, message));
    }
    rules::change(scope, table, id, &before, &mut columns)?;
    attachments::check(scope, table, &mut columns)?;
    unique(scope, table, id, &columns)?;
    scope.put(table, id, columns)?;
    for (collection, child) in adopted {
        relate(scope, collection, id, &child)?;
    }
    Ok(())
}

/// Changes the row that the key means or makes it, as far as the condition allows; whether it was made.
pub fn upsert(
    scope: &mut Scope<'_>,
    table: &'static Table,
    key: &Key,
    condition: &Condition,
    fields: &Map<String, Value>,
) -> Result<(String, bool), Refusal> {
    let held = key.id().and_then(|id| scope.inner.tables.get(table.set, id));
    match (condition, held) {
        (Condition::MustExist | Condition::Version(_), None) => {
            return Err(key
                .existing()
                .map_or_else(|refusal| refusal, |id| Refusal::missing(table.name, id)));
        }
        (Condition::MustNotExist, Some(_)) => return Err(exists()),
        (Condition::Version(version), Some(held)) => unchanged(version, &held.etag())?,
        _ => {}
    }
    let mut fields = fields.clone();
    match (key, held.is_some()) {
        (Key::Alternate { columns, .. }, true) => {
            fields.retain(|name, _| !columns.contains_key(name));
        }
        (Key::Alternate { columns, .. }, false) => {
            for (name, value) in columns {
                fields.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        (Key::Id(_), _) => {}
    }
    match (key.id(), held.is_some()) {
        (Some(id), true) => {
            update(scope, table, id, &fields)?;
            Ok((id.to_owned(), false))
        }
        (id, _) => {
            fields.remove(table.key);
            Ok((create_as(scope, table, id, &fields, 0)?, true))
        }
    }
}

/// Removes a row.
pub fn delete(
    scope: &mut Scope<'_>,
    table: &'static Table,
    id: &str,
    condition: &Condition,
) -> Result<(), Refusal> {
    scope.need("Delete", table)?;
    let held = scope.row(table, id)?.etag();
    if let Condition::Version(version) = condition {
        unchanged(version, &held)?;
    }
    let cases = scope.inner.tables.list("incidents");
    let pointing = cases.iter().any(|case| case.text("_customerid_value") == Some(id));
    if pointing {
        let message = "The object cannot be deleted because it is associated with another object.";
        return Err(Refusal::new(405, "0x80048412", message));
    }
    scope.tables().delete(table, id);
    Ok(())
}

/// Relates two existing rows by a collection of the first.
pub fn relate(
    scope: &mut Scope<'_>,
    collection: &'static Collection,
    id: &str,
    child: &str,
) -> Result<(), Refusal> {
    match collection.column {
        Some(column) => point(scope, collection, child, column, json!(id)),
        None if scope.tables().link(collection.navigation, id, child) => Ok(()),
        None => Err(Refusal::full()),
    }
}

/// Ends the relation of two rows by a collection of the first.
pub fn part(
    scope: &mut Scope<'_>,
    collection: &'static Collection,
    id: &str,
    child: &str,
) -> Result<(), Refusal> {
    match collection.column {
        Some(column) => point(scope, collection, child, column, Value::Null),
        None => {
            scope.tables().unlink(collection.navigation, id, child);
            Ok(())
        }
    }
}

/// Remembers who made what, for what is counted against a client.
fn watch(scope: &mut Scope<'_>, table: &'static Table, id: &str, fields: &Map<String, Value>) {
    let has_twin = rules::has_twin(scope, table, id);
    let broken = &mut scope.inner.org.broken;
    broken.made(table.set, fields, scope.seq);
    if has_twin {
        broken.twice(scope.seq);
    }
}

/// Lets a row of a collection point to this parent, or to none.
fn point(
    scope: &mut Scope<'_>,
    collection: &Collection,
    child: &str,
    column: &str,
    parent: Value,
) -> Result<(), Refusal> {
    let columns = Row::from_iter([(column.to_owned(), parent)]);
    scope.put(table_of(collection.target)?, child, columns)
}

/// The table behind an entity set, whether or not this organisation has it.
pub fn table_of(set: &str) -> Result<&'static Table, Refusal> {
    tables::find(set).ok_or_else(|| Refusal::no_resource(set))
}

/// A row made along is bound to its parent before its own rules look at it.
fn point_back(
    table: &Table,
    target: &Table,
    collection: &Collection,
    id: &str,
    row: &mut Map<String, Value>,
) {
    let back = target
        .all_lookups()
        .find(|lookup| Some(lookup.column) == collection.column && lookup.target == table.set);
    if let Some(lookup) = back {
        row.insert(
            format!("{}@odata.bind", lookup.navigation),
            json!(format!("{}({id})", table.set)),
        );
    }
}

/// Binding needs Append on the row that points and AppendTo on the one that is pointed to.
fn may_append(scope: &Scope<'_>, table: &Table, payload: &Payload) -> Result<(), Refusal> {
    let bound = payload.bound.iter().filter(|target| target.set != "systemusers");
    for target in bound {
        scope.need("Append", table)?;
        scope.need("AppendTo", target)?;
    }
    Ok(())
}

fn exists() -> Refusal {
    Refusal::new(412, "0x80040237", "A record with matching key values already exists.")
}

fn unchanged(wanted: &str, held: &str) -> Result<(), Refusal> {
    if wanted == held {
        return Ok(());
    }
    let message =
        "The version of the existing record doesn't match the RowVersion property provided.";
    Err(Refusal::new(412, "0x80060882", message))
}

/// Alternate keys are unique, and duplicates are looked for where the caller asked for that.
fn unique(
    scope: &Scope<'_>,
    table: &'static Table,
    id: &str,
    columns: &Row,
) -> Result<(), Refusal> {
    let view = scope.view();
    let merged = {
        let mut merged =
            view.tables.get(table.set, id).map(|stored| stored.row.clone()).unwrap_or_default();
        merged.extend(columns.clone());
        merged
    };
    for key in view.schema.keys_of(table) {
        let values: Row = key
            .columns
            .iter()
            .filter_map(|name| Some((name.clone(), merged.get(name)?.clone())))
            .filter(|(_, value)| !value.is_null())
            .collect();
        let taken = values.len() == key.columns.len()
            && keys::with_values(&view, table, &values).is_some_and(|other| other != id);
        if taken {
            let message = format!(
                "A record that has the attribute values {} already exists. The entity key {} requires that this set \
                 of attributes contains unique values. Select unique values and try again.",
                key.columns.join(", "),
                key.name
            );
            return Err(Refusal::new(412, "0x80060892", message));
        }
    }
    if scope.detects_duplicates { rules::no_duplicate(scope, table, id, &merged) } else { Ok(()) }
}
