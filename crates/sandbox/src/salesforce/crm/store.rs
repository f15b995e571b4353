//! Rows, with transactions that can be taken back.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use serde_json::{Map, Value};

/// Rows that one object may have.
const MAX_ROWS: usize = 200_000;
/// Bytes of all files together.
const MAX_FILE_BYTES: usize = 512 * 1024 * 1024;

/// Values by field name.
pub type Fields = Map<String, Value>;

/// A row; deleted ones stay, as in the recycle bin.
#[derive(Clone, Debug)]
pub struct Record {
    pub fields: Fields,
    /// Position in which it was created.
    pub order: u64,
    /// From when searches find it.
    pub findable_ms: i64,
}

impl Record {
    pub fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).and_then(Value::as_str)
    }

    pub fn is_deleted(&self) -> bool {
        self.fields.get("IsDeleted") == Some(&Value::Bool(true))
    }
}

struct Before {
    object: String,
    id: String,
    record: Option<Record>,
}

/// Where a transaction began.
#[must_use]
pub struct Mark(usize);

/// All rows and the bytes of files.
#[derive(Default)]
pub struct Tables {
    rows: BTreeMap<String, BTreeMap<String, Record>>,
    files: HashMap<String, Bytes>,
    file_bytes: usize,
    last_order: u64,
    open: usize,
    undo: Vec<Before>,
}

impl Tables {
    /// One row, deleted or not.
    pub fn get(&self, object: &str, id: &str) -> Option<&Record> {
        self.rows.get(object)?.get(id)
    }

    /// The rows of an object that are not deleted, oldest first.
    pub fn list(&self, object: &str) -> Vec<&Record> {
        let rows = self.rows.get(object).into_iter().flat_map(BTreeMap::values);
        let mut found: Vec<&Record> = rows.filter(|record| !record.is_deleted()).collect();
        found.sort_by_key(|record| record.order);
        found
    }

    /// A new row; false if the object has too many.
    pub fn insert(&mut self, object: &str, id: &str, fields: Fields, findable_ms: i64) -> bool {
        self.remember(object, id);
        let rows = self.rows.entry(object.to_owned()).or_default();
        if rows.len() >= MAX_ROWS {
            return false;
        }
        self.last_order += 1;
        let record = Record { fields, order: self.last_order, findable_ms };
        rows.insert(id.to_owned(), record);
        true
    }

    /// Changes fields of a row; false if there is none.
    pub fn change(&mut self, object: &str, id: &str, fields: Fields) -> bool {
        self.remember(object, id);
        let row = self.rows.get_mut(object).and_then(|rows| rows.get_mut(id));
        row.map(|record| record.fields.extend(fields)).is_some()
    }

    /// The bytes of a file.
    pub fn file(&self, id: &str) -> Option<&Bytes> {
        self.files.get(id)
    }

    /// Keeps the bytes of a file; false if there are too many.
    pub fn put_file(&mut self, id: &str, bytes: Bytes) -> bool {
        if self.file_bytes + bytes.len() > MAX_FILE_BYTES {
            return false;
        }
        self.file_bytes += bytes.len();
        self.files.insert(id.to_owned(), bytes);
        true
    }

    /// Begins a transaction, possibly inside another one.
    pub fn begin(&mut self) -> Mark {
        self.open += 1;
        Mark(self.undo.len())
    }

    /// Keeps what was done since.
    pub fn commit(&mut self, _since: Mark) {
        self.open = self.open.saturating_sub(1);
        if self.open == 0 {
            self.undo.clear();
        }
    }

    /// Takes back what was done since.
    pub fn roll_back(&mut self, since: Mark) {
        self.open = self.open.saturating_sub(1);
        for Before { object, id, record } in self.undo.drain(since.0..).rev() {
            let rows = self.rows.entry(object).or_default();
            match record {
                Some(record) => rows.insert(id, record),
                None => rows.remove(&id),
            };
        }
    }

    fn remember(&mut self, object: &str, id: &str) {
        if self.open > 0 {
            let record = self.get(object, id).cloned();
            self.undo.push(Before { object: object.to_owned(), id: id.to_owned(), record });
        }
    }
}
