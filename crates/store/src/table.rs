//! A noun is a table whose columns are the fields of the core's struct. From one description
//! come the writes, the reads and the check against the migrated schema.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{dialect::Dialect, error::StoreError};

/// How a field is kept in a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Text.
    Text,
    /// A whole number; also a time in milliseconds.
    Int,
    /// 0 or 1.
    Bool,
    /// Any nested value, as JSON text.
    Json,
}

/// A column's name and kind.
pub(crate) type Column = (&'static str, Kind);

/// A row on its way in or out.
pub(crate) type Row = Map<String, Value>;

/// What is known of a table.
pub(crate) struct Table {
    /// Its name.
    pub name: &'static str,
    /// The columns of its primary key.
    pub key: &'static [&'static str],
    /// The columns that are fields of the struct, by the same names.
    pub columns: &'static [Column],
    /// Columns that only queries need, made from the fields.
    pub derived: &'static [Column],
}

/// A struct that has a table.
pub(crate) trait Noun: Serialize + DeserializeOwned {
    /// Its table.
    const TABLE: Table;

    /// Fills the derived columns.
    fn derive(&self, row: &mut Row, partitions: u32) {
        let _ = (row, partitions);
    }
}

impl Table {
    /// All columns as they are written.
    pub fn written(&self) -> Vec<Column> {
        [self.columns, self.derived].concat()
    }

    /// Reads a row under an alias as a JSON object.
    pub fn object(&self, dialect: Dialect, alias: &str) -> String {
        let fields: Vec<(&str, String)> =
            self.columns.iter().map(|(name, _)| (*name, format!("{alias}.\"{name}\""))).collect();
        dialect.object(&fields)
    }

    /// `select` of whole rows; what follows `from … as t` is the caller's.
    pub fn select(&self, dialect: Dialect, rest: &str) -> String {
        let object = dialect.text(&self.object(dialect, "t"));
        format!("select {object} from \"{}\" as t {rest}", self.name)
    }

    /// Inserts the rows of `$1`; what exists stays as it is.
    pub fn insert(&self, dialect: Dialect) -> String {
        format!("{} on conflict do nothing", self.insert_rows(dialect))
    }

    /// Inserts or replaces the rows of `$1`.
    pub fn upsert(&self, dialect: Dialect) -> String {
        let sets: Vec<String> = self
            .written()
            .iter()
            .filter(|(name, _)| !self.key.contains(name))
            .map(|(name, _)| format!("\"{name}\" = excluded.\"{name}\""))
            .collect();
        let key: Vec<String> = self.key.iter().map(|name| format!("\"{name}\"")).collect();
        format!(
            "{} on conflict ({}) do update set {}",
            self.insert_rows(dialect),
            key.join(", "),
            sets.join(", ")
        )
    }

    fn insert_rows(&self, dialect: Dialect) -> String {
        let columns = self.written();
        let names: Vec<String> = columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let names = names.join(", ");
        // SQLite needs the `where` to tell `on conflict` from a join's `on`.
        format!(
            "insert into \"{}\" ({names}) select {names} from {} where true",
            self.name,
            dialect.rows(1, &columns)
        )
    }
}

/// Rows on their way in: the JSON array that a set-based statement reads, but for its brackets.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Rows {
    json: String,
    count: u64,
}

impl Rows {
    /// The nouns' rows.
    pub fn of<'a, T: Noun + 'a>(
        nouns: impl IntoIterator<Item = &'a T>,
        partitions: u32,
    ) -> Result<Self, StoreError> {
        nouns.into_iter().map(|noun| encode(noun, partitions)).collect()
    }

    /// A row that somebody has written already.
    pub fn one(json: String) -> Self {
        Self { json, count: 1 }
    }

    /// Its bytes.
    pub fn size(&self) -> usize {
        self.json.len()
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub fn push(&mut self, row: Row) {
        self.add(&Value::Object(row).to_string(), 1);
    }

    pub fn append(&mut self, rows: &Self) {
        self.add(&rows.json, rows.count);
    }

    /// A row with one more column, which comes first.
    pub fn push_with(&mut self, name: &str, number: i64, row: &Self) {
        let rest = row.json.strip_prefix('{').unwrap_or_default();
        self.add(&format!("{{\"{name}\":{number},{rest}"), row.count);
    }

    fn add(&mut self, json: &str, count: u64) {
        if count > 0 {
            self.json.push_str(if self.is_empty() { "" } else { "," });
            self.json.push_str(json);
            self.count += count;
        }
    }

    /// The argument of a statement.
    pub fn array(&self) -> String {
        format!("[{}]", self.json)
    }
}

impl FromIterator<Row> for Rows {
    fn from_iter<I: IntoIterator<Item = Row>>(rows: I) -> Self {
        let mut all = Self::default();
        rows.into_iter().for_each(|row| all.push(row));
        all
    }
}

impl<'a> FromIterator<&'a Rows> for Rows {
    fn from_iter<I: IntoIterator<Item = &'a Self>>(parts: I) -> Self {
        let mut all = Self::default();
        parts.into_iter().for_each(|rows| all.append(rows));
        all
    }
}

/// The struct as a row.
pub(crate) fn encode<T: Noun>(noun: &T, partitions: u32) -> Result<Row, StoreError> {
    let table = T::TABLE;
    let value = serde_json::to_value(noun).map_err(|e| StoreError::unreadable(table.name, e))?;
    let Value::Object(mut row) = value else { return Ok(Row::new()) };
    for (name, kind) in table.columns {
        if let Some(value) = row.get_mut(*name) {
            *value = stored(value.take(), *kind);
        }
    }
    noun.derive(&mut row, partitions);
    Ok(row)
}

fn stored(value: Value, kind: Kind) -> Value {
    match (kind, value) {
        (_, Value::Null) => Value::Null,
        (Kind::Json, value) => Value::String(value.to_string()),
        (Kind::Bool, value) => Value::from(i64::from(value == Value::Bool(true))),
        (Kind::Text, Value::String(text)) => Value::String(clean(text)),
        (_, value) => value,
    }
}

/// Text without NUL, which PostgreSQL cannot hold. JSON text has it escaped already.
pub(crate) fn clean(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// The row as a struct.
pub(crate) fn decode<T: Noun>(row: Row) -> Result<T, StoreError> {
    let table = T::TABLE;
    let unreadable = |e| StoreError::unreadable(table.name, e);
    let mut row = row;
    for (name, kind) in table.columns {
        let Some(value) = row.get_mut(*name) else { continue };
        match (kind, &*value) {
            (Kind::Json, Value::String(text)) => {
                *value = serde_json::from_str(text).map_err(unreadable)?;
            }
            (Kind::Bool, value_ref) => *value = Value::Bool(value_ref.as_i64() == Some(1)),
            _ => {}
        }
    }
    serde_json::from_value(Value::Object(row)).map_err(unreadable)
}

/// The row that a statement returned as JSON text.
pub(crate) fn parse(noun: &'static str, text: &str) -> Result<Row, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::unreadable(noun, e))
}

/// Rows as the JSON array that a set-based statement reads.
pub(crate) fn array(rows: impl IntoIterator<Item = Row>) -> String {
    rows.into_iter().collect::<Rows>().array()
}
