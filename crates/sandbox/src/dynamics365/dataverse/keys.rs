//! Which row an address means: a GUID, or an alternate key that the organisation has defined.
//!
//! Source: "Use an alternate key to reference a record", checked 2026-11-21.

use serde_json::Value;

use super::answer::Refusal;
use super::query::{View, same};
use super::request::{Request, Segment, split, unquoted};
use super::rows::table_of;
use super::tables::{Row, Table};
use crate::dynamics365::is_guid;

/// What stands in parentheses behind an entity set.
pub enum Key {
    Id(String),
    /// Columns with their values, and the row that has them.
    Alternate {
        columns: Row,
        id: Option<String>,
        text: String,
    },
}

impl Key {
    /// The id of the row; `None` if there is none yet for an alternate key.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Id(id) => Some(id),
            Self::Alternate { id, .. } => id.as_deref(),
        }
    }

    /// The id of the row, or the refusal that an alternate key leads nowhere.
    pub fn existing(&self) -> Result<&str, Refusal> {
        self.id().ok_or_else(|| {
            let message = "A record with the specified key values does not exist in the entity.";
            Refusal::new(404, "0x80060891", message)
        })
    }

    /// As an address repeats it; an upsert by alternate key is answered with that key.
    pub fn text(&self) -> &str {
        match self {
            Self::Id(id) => id,
            Self::Alternate { text, .. } => text,
        }
    }
}

/// Reads a key of `table`.
pub fn parse(view: &View<'_>, table: &Table, args: &str) -> Result<Key, Refusal> {
    if is_guid(args) {
        return Ok(Key::Id(args.to_ascii_lowercase()));
    }
    let mut columns = Row::new();
    for part in split(args, ',') {
        let Some((name, value)) = part.split_once('=') else {
            let message =
                format!("Unrecognized 'Edm.String' literal '{args}' in '{}({args})'.", table.set);
            return Err(Refusal::query(message));
        };
        columns.insert(name.trim().to_owned(), literal(value.trim()));
    }
    if let (1, Some(Value::String(id))) = (columns.len(), columns.get(table.key)) {
        return Ok(Key::Id(id.to_ascii_lowercase()));
    }
    let is_key = |key: &Vec<String>| {
        key.len() == columns.len() && key.iter().all(|column| columns.contains_key(column))
    };
    if !view.schema.keys_of(table).any(|key| is_key(&key.columns)) {
        let name = table.name;
        let message = format!(
            "The key in the request URI is not valid for resource 'Microsoft.Dynamics.CRM.{name}'. Ensure that the \
             names and number of key properties match the declared keys, or alternate keys for the resource \
             'Microsoft.Dynamics.CRM.{name}'."
        );
        return Err(Refusal::query(message));
    }
    let id = with_values(view, table, &columns);
    Ok(Key::Alternate { columns, id, text: args.to_owned() })
}

/// The row that has all these values.
pub fn with_values(view: &View<'_>, table: &Table, columns: &Row) -> Option<String> {
    let rows = view.tables.list(table.set);
    let found = rows.into_iter().find(|stored| {
        columns.iter().all(|(name, value)| {
            stored.row.get(name).is_some_and(|held| !held.is_null() && same(held, value))
        })
    })?;
    found.text(table.key).map(str::to_owned)
}

/// The row that an address names, as in `/contacts(guid)`, in a bind, in `@odata.id` or in a parameter.
pub fn reference(view: &View<'_>, address: &str) -> Result<(&'static Table, String), Refusal> {
    let relative = match address.find("/api/data/v") {
        Some(start) => {
            address[start + "/api/data/v".len()..].split_once('/').map_or("", |(_, rest)| rest)
        }
        None => address,
    };
    let malformed = || Refusal::query(format!("Resource not found for the segment '{address}'."));
    let request = Request::new(
        axum::http::Method::GET,
        relative.trim_start_matches('/'),
        axum::http::HeaderMap::new(),
        bytes::Bytes::new(),
    )?;
    let [Segment { name, args: Some(args) }] = request.path.as_slice() else {
        return Err(malformed());
    };
    let table = table_of(name)?;
    let key = parse(view, table, args)?;
    let id = key.existing()?.to_owned();
    if view.tables.get(table.set, &id).is_none() {
        return Err(Refusal::missing(table.name, &id));
    }
    Ok((table, id))
}

/// A literal as addresses hold it: quoted text, a number, or anything else as text.
fn literal(text: &str) -> Value {
    match unquoted(text) {
        Some(text) => Value::String(text),
        None => match text.parse::<i64>() {
            Ok(number) => Value::from(number),
            Err(_) => Value::String(text.to_owned()),
        },
    }
}
