//! What a client wants written: columns, bound rows, rows to be made along.
//!
//! Source: "Create a table row using the Web API" and "Associate and disassociate table rows", checked 2026-11-21.

use serde_json::{Map, Value, json};

use super::answer::Refusal;
use super::keys;
use super::scope::Scope;
use super::tables::{self, Collection, Kind, Lookup, Row, Table};
use crate::dynamics365::{is_guid, iso};

/// A payload that fits its table.
#[derive(Default)]
pub struct Payload {
    pub columns: Row,
    /// Rows to be made first, whose ids go into the lookups.
    pub parents: Vec<(&'static Lookup, Row)>,
    /// Rows to be made afterwards, which point back.
    pub children: Vec<(&'static Collection, Row)>,
    /// Existing rows that are to point back.
    pub adopted: Vec<(&'static Collection, String)>,
    /// Tables of rows that are bound here.
    pub bound: Vec<&'static Table>,
}

/// Reads the members of a JSON object for `table`.
pub fn read(
    scope: &Scope<'_>,
    table: &'static Table,
    fields: &Map<String, Value>,
) -> Result<Payload, Refusal> {
    let strange = fields.keys().find(|name| !name.contains('@') && !is_member(scope, table, name));
    if let Some(name) = strange {
        return Err(Refusal::undeclared(table, name));
    }
    let mut payload = Payload::default();
    for (name, value) in fields {
        if let Some(navigation) = name.strip_suffix("@odata.bind") {
            bind(scope, table, navigation, value, &mut payload)?;
        } else if !name.contains('@') {
            member(scope, table, name, value, &mut payload)?;
        }
    }
    Ok(payload)
}

/// Names are looked at before any value is.
fn is_member(scope: &Scope<'_>, table: &Table, name: &str) -> bool {
    scope.inner.org.schema.is_readable(table, name)
        || table.lookup(name).is_some()
        || table.collection(name).is_some()
}

fn member(
    scope: &Scope<'_>,
    table: &'static Table,
    name: &str,
    value: &Value,
    payload: &mut Payload,
) -> Result<(), Refusal> {
    if let Some(kind) = scope.inner.org.schema.column(table, name) {
        fits(scope, table, name, kind, value)?;
        if !table.keeps(name) {
            payload.columns.insert(name.to_owned(), value.clone());
        }
        return Ok(());
    }
    if table.all_lookups().any(|lookup| lookup.column == name) {
        let message = "CRM do not support direct update of Entity Reference properties, Use Navigation properties instead.";
        return Err(Refusal::payload(table.set, message));
    }
    match (table.lookup(name), table.collection(name), value) {
        (Some(lookup), _, Value::Null) => {
            payload.columns.insert(lookup.column.to_owned(), Value::Null);
        }
        (Some(lookup), _, Value::Object(row)) if !lookup.is_read_only => {
            payload.parents.push((lookup, row.clone()));
        }
        (_, Some(collection), Value::Array(rows)) => {
            for row in rows {
                let Value::Object(row) = row else {
                    return Err(Refusal::undeclared(table, name));
                };
                payload.children.push((collection, row.clone()));
            }
        }
        _ => return Err(Refusal::undeclared(table, name)),
    }
    Ok(())
}

fn bind(
    scope: &Scope<'_>,
    table: &'static Table,
    navigation: &str,
    value: &Value,
    payload: &mut Payload,
) -> Result<(), Refusal> {
    if let (Some(collection), Value::Array(addresses)) = (table.collection(navigation), value) {
        for address in addresses {
            let (target, id) =
                keys::reference(&scope.view(), address.as_str().unwrap_or_default())?;
            payload.bound.push(target);
            payload.adopted.push((collection, id));
        }
        return Ok(());
    }
    let Some(lookup) = table.lookup(navigation).filter(|lookup| !lookup.is_read_only) else {
        let inner = format!(
            "An undeclared property '{navigation}' which only has property annotations in the payload but no property \
             value was found in the payload. In OData, only declared navigation properties and declared named streams \
             can be represented as properties without values."
        );
        return Err(Refusal::payload(table.set, inner));
    };
    if value.is_null() {
        payload.columns.insert(lookup.column.to_owned(), Value::Null);
        return Ok(());
    }
    let (target, id) = keys::reference(&scope.view(), value.as_str().unwrap_or_default())?;
    let Some(lookup) = table.lookup_to(navigation, target.set) else {
        let wanted = tables::find(lookup.target).map_or(lookup.target, |table| table.name);
        let inner = format!(
            "A node of type 'Microsoft.Dynamics.CRM.{}' was found where 'Microsoft.Dynamics.CRM.{wanted}' was expected \
             for property '{navigation}'.",
            target.name
        );
        return Err(Refusal::payload(table.set, inner));
    };
    payload.bound.push(target);
    payload.columns.insert(lookup.column.to_owned(), json!(id));
    Ok(())
}

fn fits(
    scope: &Scope<'_>,
    table: &Table,
    name: &str,
    kind: Kind,
    value: &Value,
) -> Result<(), Refusal> {
    let expected = match (kind, value) {
        (_, Value::Null) | (Kind::Number, Value::Number(_)) | (Kind::Flag, Value::Bool(_)) => {
            return Ok(());
        }
        (Kind::Text(longest) | Kind::Memo(longest), Value::String(text)) => {
            return short_enough(table, name, longest, text);
        }
        (Kind::Choice(_) | Kind::State | Kind::Status, Value::Number(number)) => {
            return offered(scope, table, name, number.as_i64());
        }
        (Kind::Guid, Value::String(text)) if is_guid(text) => return Ok(()),
        (Kind::Instant, Value::String(text)) if iso::parse(text).is_some() => return Ok(()),
        (Kind::Guid, _) => "Edm.Guid",
        (Kind::Instant, _) => "Edm.DateTimeOffset",
        (Kind::Text(_) | Kind::Memo(_), _) => "Edm.String",
        (Kind::Flag, _) => "Edm.Boolean",
        (Kind::Number | Kind::Choice(_) | Kind::State | Kind::Status, _) => "Edm.Int32",
    };
    let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let inner = format!("Cannot convert the literal '{shown}' to the expected type '{expected}'.");
    Err(Refusal::payload(table.set, inner))
}

/// 0x80044331 StringLengthTooLong, with both spaces of the original.
fn short_enough(table: &Table, name: &str, longest: usize, text: &str) -> Result<(), Refusal> {
    if text.encode_utf16().count() <= longest {
        return Ok(());
    }
    let message = format!(
        "A validation error occurred.  The length of the '{name}' attribute of the '{}' entity exceeded the maximum \
         allowed length of '{longest}'.",
        table.name
    );
    Err(Refusal::new(400, "0x80044331", message))
}

/// 0x8004431a PicklistValueOutOfRange.
fn offered(
    scope: &Scope<'_>,
    table: &Table,
    name: &str,
    value: Option<i64>,
) -> Result<(), Refusal> {
    let choices = scope.inner.org.schema.choices(table, name);
    if choices.iter().any(|choice| Some(choice.value) == value) {
        return Ok(());
    }
    let accepted: Vec<String> = choices.iter().map(|choice| choice.value.to_string()).collect();
    let message = format!(
        "A validation error occurred. The value {} of '{name}' on record of type '{}' is outside the valid range. \
         Accepted Values: {}",
        value.map_or_else(String::new, |value| value.to_string()),
        table.name,
        accepted.join(",")
    );
    Err(Refusal::new(400, "0x8004431a", message))
}
