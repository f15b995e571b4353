//! Rows and their versions, with transactions that can be taken back.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{ANY_ACTIVITY, Table, all};

/// Rows that one table may hold.
const MAX_ROWS: usize = 200_000;
/// Pairs that many-to-many relations may hold.
const MAX_LINKS: usize = 100_000;

/// Column values by logical name.
pub type Row = Map<String, Value>;

/// A row with its version.
#[derive(Clone, Debug)]
pub struct Stored {
    pub row: Row,
    /// In ETags as `W/"version"`.
    pub version: u64,
    /// Position in which it was created.
    pub order: u64,
}

impl Stored {
    /// `W/"536530"`.
    pub fn etag(&self) -> String {
        format!("W/\"{}\"", self.version)
    }

    /// The text in a column.
    pub fn text(&self, column: &str) -> Option<&str> {
        self.row.get(column).and_then(Value::as_str)
    }
}

/// What a transaction has to put back.
struct Before {
    set: &'static str,
    id: String,
    row: Option<Stored>,
}

/// Where a transaction began.
#[must_use]
pub struct Mark(usize);

/// All rows.
#[derive(Default)]
pub struct Tables {
    rows: BTreeMap<&'static str, BTreeMap<String, Stored>>,
    /// Many-to-many relations: name, one id, the other id.
    links: BTreeSet<(&'static str, String, String)>,
    last_version: u64,
    open: usize,
    undo: Vec<Before>,
}

impl Tables {
    /// One row.
    pub fn get(&self, set: &str, id: &str) -> Option<&Stored> {
        let id = id.to_ascii_lowercase();
        if set == ANY_ACTIVITY {
            return activities().find_map(|table| self.rows.get(table.set)?.get(&id));
        }
        self.rows.get(set)?.get(&id)
    }

    /// All rows of a table, oldest first.
    pub fn list(&self, set: &str) -> Vec<&Stored> {
        let of = |set: &str| self.rows.get(set).into_iter().flat_map(BTreeMap::values);
        let mut found: Vec<&Stored> = match set {
            ANY_ACTIVITY => activities().flat_map(|table| of(table.set)).collect(),
            set => of(set).collect(),
        };
        found.sort_by_key(|stored| stored.order);
        found
    }

    /// Writes columns into a new or an existing row; false if the table is full.
    pub fn put(&mut self, table: &'static Table, id: &str, columns: Row, at: &str) -> bool {
        let id = id.to_ascii_lowercase();
        self.remember(table.set, &id);
        let rows = self.rows.entry(table.set).or_default();
        if rows.len() >= MAX_ROWS && !rows.contains_key(&id) {
            return false;
        }
        self.last_version += 1;
        let version = self.last_version;
        let stored = rows.entry(id.clone()).or_insert_with(|| {
            let mut row = Row::new();
            row.insert(table.key.to_owned(), Value::from(id));
            row.insert("createdon".to_owned(), Value::from(at));
            if table.is_activity {
                row.insert("activitytypecode".to_owned(), Value::from(table.name));
            }
            Stored { row, version, order: version }
        });
        stored.row.extend(columns);
        stored.row.insert("modifiedon".to_owned(), Value::from(at));
        stored.row.insert("versionnumber".to_owned(), Value::from(version));
        stored.version = version;
        true
    }

    /// Takes a row away.
    pub fn delete(&mut self, table: &'static Table, id: &str) {
        let id = id.to_ascii_lowercase();
        self.remember(table.set, &id);
        if let Some(rows) = self.rows.get_mut(table.set) {
            rows.remove(&id);
        }
    }

    /// Relates two rows; false if there are too many relations.
    pub fn link(&mut self, relation: &'static str, one: &str, other: &str) -> bool {
        self.links.len() < MAX_LINKS && {
            self.links.insert((relation, one.to_owned(), other.to_owned()));
            true
        }
    }

    /// Ends a relation.
    pub fn unlink(&mut self, relation: &'static str, one: &str, other: &str) {
        self.links.remove(&(relation, one.to_owned(), other.to_owned()));
        self.links.remove(&(relation, other.to_owned(), one.to_owned()));
    }

    /// Whether two rows are related, in either direction.
    pub fn is_linked(&self, relation: &'static str, one: &str, other: &str) -> bool {
        self.links.contains(&(relation, one.to_owned(), other.to_owned()))
            || self.links.contains(&(relation, other.to_owned(), one.to_owned()))
    }

    /// Begins a transaction, possibly inside another one.
    pub fn begin(&mut self) -> Mark {
        self.open += 1;
        Mark(self.undo.len())
    }

    /// Keeps what was done since, and tells which rows the outermost transaction touched.
    pub fn commit(&mut self, _since: Mark) -> Vec<(&'static str, String)> {
        self.open = self.open.saturating_sub(1);
        match self.open {
            0 => self.undo.drain(..).map(|before| (before.set, before.id)).collect(),
            _ => Vec::new(),
        }
    }

    /// Takes back what was done since.
    pub fn roll_back(&mut self, since: Mark) {
        self.open = self.open.saturating_sub(1);
        for Before { set, id, row } in self.undo.drain(since.0..).rev() {
            let rows = self.rows.entry(set).or_default();
            match row {
                Some(row) => rows.insert(id, row),
                None => rows.remove(&id),
            };
        }
    }

    fn remember(&mut self, set: &'static str, id: &str) {
        if self.open > 0 {
            let row = self.rows.get(set).and_then(|rows| rows.get(id)).cloned();
            self.undo.push(Before { set, id: id.to_owned(), row });
        }
    }
}

fn activities() -> impl Iterator<Item = &'static Table> {
    all().filter(|table| table.is_activity && !table.is_union())
}
