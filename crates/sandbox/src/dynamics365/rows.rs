//! Writing rows: what a payload may say, what the service adds, which conditions hold.

use serde_json::{Value, json};

use super::dataverse::{Refusal, etag};
use super::tables::{self, Kind, Row, Table};
use super::{Inner, is_guid, iso};

/// What a PATCH demands of the row that it meets.
pub enum Condition {
    None,
    MustExist,
    MustNotExist,
    /// An ETag.
    Version(String),
}

/// Adds a row and returns its id.
pub fn create(
    inner: &mut Inner,
    now_ms: i64,
    table: &'static Table,
    body: &[u8],
) -> Result<String, Refusal> {
    let columns = parse(inner, table, body)?;
    let id = match columns.get(table.key).and_then(Value::as_str) {
        Some(id) => id.to_ascii_lowercase(),
        None => inner.ids.guid(),
    };
    if inner.tables.get(table.set, &id).is_some() {
        return Err(Refusal::new(
            412,
            "0x80040237",
            "A record with matching key values already exists.",
        ));
    }
    insert(inner, now_ms, table, &id, columns)?;
    Ok(id)
}

/// Writes to the row with this id, making it if the condition allows.
pub fn upsert(
    inner: &mut Inner,
    now_ms: i64,
    table: &'static Table,
    id: &str,
    condition: &Condition,
    body: &[u8],
) -> Result<(), Refusal> {
    let stored = inner.tables.get(table.set, id);
    match (condition, stored) {
        (Condition::MustExist | Condition::Version(_), None) => {
            return Err(Refusal::missing(table, id));
        }
        (Condition::MustNotExist, Some(_)) => {
            return Err(Refusal::new(
                412,
                "0x80040237",
                "A record with matching key values already exists.",
            ));
        }
        (Condition::Version(version), Some(stored)) if *version != etag(stored) => {
            let message = "The version of the existing record doesn't match the RowVersion property provided.";
            return Err(Refusal::new(412, "0x80060882", message));
        }
        _ => {}
    }
    let exists = stored.is_some();
    let mut columns = parse(inner, table, body)?;
    columns.remove(table.key);
    if !exists {
        return insert(inner, now_ms, table, id, columns);
    }
    write(inner, now_ms, table, id, columns)?;
    inner.row_changed(table, id);
    Ok(())
}

fn insert(
    inner: &mut Inner,
    now_ms: i64,
    table: &'static Table,
    id: &str,
    mut columns: Row,
) -> Result<(), Refusal> {
    if table.set == "incidents" {
        if columns.get("_customerid_value").is_none_or(Value::is_null) {
            let message = "You should specify a parent contact or account.";
            return Err(Refusal::new(400, "0x80044410", message));
        }
        let number = inner.next_ticket_number();
        columns.insert("ticketnumber".to_owned(), json!(number));
    }
    for (column, value) in [("statecode", 0), ("statuscode", 1)] {
        if table.writable(column).is_some() {
            columns.entry(column).or_insert(json!(value));
        }
    }
    write(inner, now_ms, table, id, columns)
}

fn write(
    inner: &mut Inner,
    now_ms: i64,
    table: &'static Table,
    id: &str,
    mut columns: Row,
) -> Result<(), Refusal> {
    if table.set == "contacts" {
        let before =
            inner.tables.get(table.set, id).map(|stored| stored.row.clone()).unwrap_or_default();
        let name = |column: &str| {
            let value = columns.get(column).or_else(|| before.get(column));
            value.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let full_name = format!("{} {}", name("firstname"), name("lastname"));
        columns.insert("fullname".to_owned(), json!(full_name.trim()));
    }
    match inner.tables.put(table, id, columns, &iso::seconds(now_ms)) {
        true => Ok(()),
        false => Err(Refusal::new(500, "0x80040216", "The environment is full.")),
    }
}

fn parse(inner: &Inner, table: &Table, body: &[u8]) -> Result<Row, Refusal> {
    let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
        return Err(Refusal::payload(
            "Error identified in Payload provided by the user: it is not a JSON object.",
        ));
    };
    let mut columns = Row::new();
    for (name, value) in fields {
        if let Some(navigation) = name.strip_suffix("@odata.bind") {
            let (column, id) = bind(inner, table, navigation, &value)?;
            columns.insert(column, id);
        } else if !name.starts_with('@') {
            let kind = table.writable(&name).ok_or_else(|| undeclared(table, &name))?;
            fits(table, &name, kind, &value)?;
            columns.insert(name, value);
        }
    }
    Ok(columns)
}

fn undeclared(table: &Table, name: &str) -> Refusal {
    Refusal::payload(format!(
        "Error identified in Payload provided by the user: an undeclared property '{name}' was found in the payload \
         for 'Microsoft.Dynamics.CRM.{}'.",
        table.name
    ))
}

fn bind(
    inner: &Inner,
    table: &Table,
    navigation: &str,
    value: &Value,
) -> Result<(String, Value), Refusal> {
    let lookup = table.lookups.iter().find(|lookup| lookup.navigation == navigation);
    let lookup = lookup.ok_or_else(|| undeclared(table, navigation))?;
    if value.is_null() {
        return Ok((lookup.column.to_owned(), Value::Null));
    }
    let address = value.as_str().unwrap_or_default();
    let relative = address.rsplit('/').next().unwrap_or_default();
    let parts = relative.strip_suffix(')').and_then(|target| target.split_once('('));
    let Some((set, id)) = parts.filter(|(_, id)| is_guid(id)) else {
        return Err(Refusal::payload(format!(
            "The URI '{address}' is not valid for property '{navigation}'."
        )));
    };
    let Some(target) = tables::find(set).filter(|_| set == lookup.target) else {
        return Err(Refusal::payload(format!(
            "The URI '{address}' does not name a row of {}.",
            lookup.target
        )));
    };
    if inner.tables.get(set, id).is_none() {
        return Err(Refusal::missing(target, id));
    }
    Ok((lookup.column.to_owned(), json!(id.to_ascii_lowercase())))
}

fn fits(table: &Table, name: &str, kind: Kind, value: &Value) -> Result<(), Refusal> {
    let fits = match (kind, value) {
        (_, Value::Null) | (Kind::Number, Value::Number(_)) | (Kind::Flag, Value::Bool(_)) => true,
        (Kind::Text(max), Value::String(text)) if text.encode_utf16().count() > max => {
            let message = format!(
                "A validation error occurred.  The length of the '{name}' attribute of the '{}' entity exceeded the \
                 maximum allowed length of '{max}'.",
                table.name
            );
            return Err(Refusal::new(400, "0x80044331", message));
        }
        (Kind::Text(_), Value::String(_)) => true,
        (Kind::Guid, Value::String(text)) => is_guid(text),
        (Kind::Instant, Value::String(text)) => iso::parse(text).is_some(),
        _ => false,
    };
    if fits {
        return Ok(());
    }
    Err(Refusal::payload(format!("Cannot convert a value to target type for property '{name}'.")))
}
