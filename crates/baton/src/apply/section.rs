//! Tables of the file, read key by key: what is not known is refused with the nearest known key.

use baton_core::config::ConfigFault;
use toml::{Table, Value};

/// A table whose keys are known.
pub struct Section {
    path: String,
    table: Table,
}

impl Section {
    /// Opens a table and refuses keys that are not known. The path is its name in errors.
    pub fn open(
        path: impl Into<String>,
        table: Table,
        known: &[&str],
    ) -> Result<Self, ConfigFault> {
        let path = path.into();
        match table.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(unknown(&join(&path, key), key, known.iter().copied())),
            None => Ok(Self { path, table }),
        }
    }

    /// A text that cannot be left out or empty.
    pub fn required(&mut self, key: &str) -> Result<String, ConfigFault> {
        let missing = || ConfigFault::new(join(&self.path, key), "missing; write it as text");
        let text = match self.table.remove(key) {
            Some(Value::String(text)) => text,
            Some(_) => return Err(self.wrong(key, "text in quotes")),
            None => return Err(missing()),
        };
        if text.trim().is_empty() { Err(missing()) } else { Ok(text.trim().to_owned()) }
    }

    /// A text, where there is one.
    pub fn text(&mut self, key: &str) -> Result<Option<String>, ConfigFault> {
        if self.table.contains_key(key) { self.required(key).map(Some) } else { Ok(None) }
    }

    /// A truth value, true when it is left out.
    pub fn on_unless_said(&mut self, key: &str) -> Result<bool, ConfigFault> {
        match self.table.remove(key) {
            None => Ok(true),
            Some(Value::Boolean(flag)) => Ok(flag),
            Some(_) => Err(self.wrong(key, "true or false")),
        }
    }

    /// A table, empty when it is left out.
    pub fn table(&mut self, key: &str) -> Result<Table, ConfigFault> {
        match self.table.remove(key) {
            None => Ok(Table::new()),
            Some(Value::Table(table)) => Ok(table),
            Some(_) => Err(self.wrong(key, "a table")),
        }
    }

    /// A list of tables, each with its path; empty when it is left out.
    pub fn tables(&mut self, key: &str) -> Result<Vec<(String, Table)>, ConfigFault> {
        let list = match self.table.remove(key) {
            None => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(self.wrong(key, "a list of tables")),
        };
        let path = |at: usize| format!("{}[{at}]", join(&self.path, key));
        let numbered = (1..).zip(list).map(|(at, value)| match value {
            Value::Table(table) => Ok((path(at), table)),
            _ => Err(ConfigFault::new(path(at), "must be a table")),
        });
        numbered.collect()
    }

    /// What is left.
    pub fn rest(self) -> Table {
        self.table
    }

    fn wrong(&self, key: &str, what: &str) -> ConfigFault {
        ConfigFault::new(join(&self.path, key), format!("must be {what}"))
    }
}

/// The path of a key.
pub fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The fault of a word that is not known, with the nearest one that is.
pub fn unknown<'a>(
    path: &str,
    word: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> ConfigFault {
    // Units stand last in names, and a name without its unit is likely meant.
    let begun = known.clone().find(|candidate| candidate.starts_with(word));
    let nearest = known
        .clone()
        .map(|candidate| (distance(word, candidate), candidate))
        .min()
        .filter(|(distance, _)| *distance <= (word.len() / 3).max(2))
        .map(|(_, candidate)| candidate);
    let text = match begun.or(nearest) {
        Some(candidate) => format!("unknown; did you mean {candidate:?}?"),
        None => format!("unknown; known are {}", known.collect::<Vec<_>>().join(", ")),
    };
    ConfigFault::new(path, text)
}

/// How many letters must be changed, added or left out to make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.to_lowercase().chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}
