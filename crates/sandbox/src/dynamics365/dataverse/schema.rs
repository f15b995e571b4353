//! What an organisation has added to the tables that the product ships: columns, options, lengths, keys.

use std::collections::{BTreeMap, BTreeSet};

use super::tables::{Choice, Column, Kind, Table};

/// Columns, option lists, lengths, keys and rules that an organisation may add.
const MAX_ADDED: usize = 1_000;

/// An alternate key.
#[derive(Clone, Debug)]
pub struct AlternateKey {
    pub table: &'static str,
    pub name: String,
    /// Logical names; lookups as `_primarycontactid_value`.
    pub columns: Vec<String>,
}

/// A published duplicate detection rule: two active rows with the same text in this column.
#[derive(Clone, Debug)]
pub struct DuplicateRule {
    pub table: &'static str,
    pub column: String,
}

/// A column that the organisation made.
#[derive(Clone, Debug)]
pub struct Custom {
    pub table: &'static str,
    pub name: String,
    pub kind: Kind,
}

/// The tables as this organisation has them.
pub struct Schema {
    pub customs: Vec<Custom>,
    pub keys: Vec<AlternateKey>,
    pub duplicate_rules: Vec<DuplicateRule>,
    /// Columns in which a client keeps its own key: two rows with one key are a violation. Not the service's business.
    pub external_keys: Vec<DuplicateRule>,
    /// Option lists that differ from what the product ships.
    options: BTreeMap<(&'static str, String), Vec<Choice>>,
    lengths: BTreeMap<(&'static str, String), usize>,
    /// Tables that this organisation does not have.
    pub absent: BTreeSet<&'static str>,
}

impl Default for Schema {
    /// An organisation as it comes: no alternate keys, and the duplicate rule for contacts' email.
    fn default() -> Self {
        let rule = DuplicateRule { table: "contact", column: "emailaddress1".to_owned() };
        Self {
            customs: Vec::new(),
            keys: Vec::new(),
            duplicate_rules: vec![rule],
            external_keys: Vec::new(),
            options: BTreeMap::new(),
            lengths: BTreeMap::new(),
            absent: BTreeSet::new(),
        }
    }
}

impl Schema {
    /// What a column holds; `None` for one that does not exist. Lookups are no columns.
    pub fn column(&self, table: &Table, name: &str) -> Option<Kind> {
        let kind = table.column(name).or_else(|| {
            let custom = self.customs.iter();
            custom
                .clone()
                .find(|custom| custom.table == table.name && custom.name == name)
                .map(|c| c.kind)
        })?;
        let length = self.lengths.get(&(table.name, name.to_owned()));
        Some(match (kind, length) {
            (Kind::Text(_), Some(length)) => Kind::Text(*length),
            (Kind::Memo(_), Some(length)) => Kind::Memo(*length),
            _ => kind,
        })
    }

    /// Every column of a table with its kind, lookups left out.
    pub fn columns<'a>(&'a self, table: &'a Table) -> impl Iterator<Item = (&'a str, Kind)> + 'a {
        let shipped = table.all_columns().map(|(name, _): Column| name);
        let made = self.customs.iter().filter(|custom| custom.table == table.name);
        shipped
            .chain(made.map(|custom| custom.name.as_str()))
            .filter_map(|name| Some((name, self.column(table, name)?)))
    }

    /// Whether a column or a lookup's column can be selected, filtered and sorted by.
    pub fn is_readable(&self, table: &Table, name: &str) -> bool {
        self.column(table, name).is_some()
            || table.all_lookups().any(|lookup| lookup.column == name)
    }

    /// The options of a choice, a state or a status, in their order.
    pub fn choices(&self, table: &Table, name: &str) -> Vec<Choice> {
        if let Some(changed) = self.options.get(&(table.name, name.to_owned())) {
            return changed.clone();
        }
        let of = |value: i64, label: &'static str| Choice { value, label: label.into() };
        match self.column(table, name) {
            Some(Kind::Choice(choices)) => choices.to_vec(),
            Some(Kind::State) => {
                let mut states: Vec<Choice> =
                    table.states.iter().map(|state| of(state.value, state.label)).collect();
                states.sort_by_key(|state| state.value);
                states
            }
            Some(Kind::Status) => table
                .states
                .iter()
                .flat_map(|state| state.statuses.iter().map(|(value, label)| of(*value, label)))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Adds a column; false if there are too many.
    pub fn add_column(&mut self, custom: Custom, choices: Vec<Choice>) -> bool {
        if self.customs.len() >= MAX_ADDED {
            return false;
        }
        self.options.insert((custom.table, custom.name.clone()), choices);
        self.customs.retain(|known| (known.table, &known.name) != (custom.table, &custom.name));
        self.customs.push(custom);
        true
    }

    /// Replaces the options of a column; false if too many columns have changed ones.
    pub fn set_choices(&mut self, table: &Table, name: &str, choices: Vec<Choice>) -> bool {
        self.options.len() < MAX_ADDED && {
            self.options.insert((table.name, name.to_owned()), choices);
            true
        }
    }

    /// Sets the greatest length of a text; false if too many were set.
    pub fn set_length(&mut self, table: &Table, name: &str, length: usize) -> bool {
        self.lengths.len() < MAX_ADDED && {
            self.lengths.insert((table.name, name.to_owned()), length);
            true
        }
    }

    /// Adds an alternate key; false if there are too many.
    pub fn add_key(&mut self, key: AlternateKey) -> bool {
        self.keys.len() < MAX_ADDED && {
            self.keys.push(key);
            true
        }
    }

    /// Adds a rule against duplicates; false if there are too many.
    pub fn add_duplicate_rule(&mut self, rule: DuplicateRule) -> bool {
        self.duplicate_rules.len() < MAX_ADDED && {
            self.duplicate_rules.push(rule);
            true
        }
    }

    /// Adds a column that is watched for two rows with one key; false if there are too many.
    pub fn add_external_key(&mut self, rule: DuplicateRule) -> bool {
        self.external_keys.len() < MAX_ADDED && {
            self.external_keys.push(rule);
            true
        }
    }

    /// The keys of a table.
    pub fn keys_of(&self, table: &Table) -> impl Iterator<Item = &AlternateKey> {
        let name = table.name;
        self.keys.iter().filter(move |key| key.table == name)
    }
}
