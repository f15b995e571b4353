//! The Dataverse tables that are kept: their columns, choices, states and relations.
//!
//! Names, lengths and values: the table reference of Dataverse and of Dynamics 365 Customer Service, checked 2026-11-21.

mod activity;
mod people;
mod service;
mod store;

use std::borrow::Cow;

use super::super::omnichannel;

pub use activity::ANY_ACTIVITY;
pub use people::{ROLE_PRIVILEGES, USER_ROLES};
pub use store::{Row, Stored, Tables};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Guid,
    /// One line, with its greatest length in characters.
    Text(usize),
    /// Several lines, with their greatest length in characters.
    Memo(usize),
    Number,
    Flag,
    Instant,
    /// One of the column's options.
    Choice(&'static [Choice]),
    /// `statecode`, whose options are the table's states.
    State,
    /// `statuscode`, whose options belong to the states.
    Status,
}

/// One option of a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub value: i64,
    pub label: Cow<'static, str>,
}

/// A column by its logical name.
pub type Column = (&'static str, Kind);

/// A navigation property to one row, as far as it leads to one table; a polymorphic lookup has one for each target.
#[derive(Debug)]
pub struct Lookup {
    /// Case matters.
    pub navigation: &'static str,
    /// The column that reads the id: `_customerid_value`.
    pub column: &'static str,
    /// Entity set.
    pub target: &'static str,
    pub is_read_only: bool,
}

impl Lookup {
    const fn read_only(mut self) -> Self {
        self.is_read_only = true;
        self
    }
}

/// A navigation property to many rows.
#[derive(Debug)]
pub struct Collection {
    pub navigation: &'static str,
    /// Entity set.
    pub target: &'static str,
    /// The target's column that points back; `None` for a many-to-many relation.
    pub column: Option<&'static str>,
}

/// One value of `statecode` with its values of `statuscode`, the default first.
#[derive(Debug)]
pub struct State {
    pub value: i64,
    pub label: &'static str,
    pub statuses: &'static [(i64, &'static str)],
}

#[derive(Debug)]
pub struct Table {
    /// Entity set, as in the address.
    pub set: &'static str,
    /// Logical name.
    pub name: &'static str,
    /// As shown to people.
    pub label: &'static str,
    /// As privileges spell it: `prvRead` and this. Empty where no privilege of its own guards the table.
    pub schema_name: &'static str,
    pub key: &'static str,
    /// The column whose text stands for the row.
    pub title: &'static str,
    /// `ObjectTypeCode`.
    pub code: u32,
    pub is_activity: bool,
    /// Whether rows have an owner.
    pub is_owned: bool,
    pub columns: &'static [Column],
    /// Columns kept by the service; what a client writes into them is ignored.
    pub read_only: &'static [&'static str],
    pub lookups: &'static [Lookup],
    pub collections: &'static [Collection],
    pub states: &'static [State],
}

impl Table {
    /// A table of the service itself, to be filled with struct update.
    pub const PLAIN: Self = Self {
        set: "",
        name: "",
        label: "",
        schema_name: "",
        key: "",
        title: "name",
        code: 0,
        is_activity: false,
        is_owned: false,
        columns: &[],
        read_only: &[],
        lookups: &[],
        collections: &[],
        states: ACTIVE_OR_NOT,
    };

    /// A column that the product ships, the key and the columns of every row included.
    pub fn column(&self, name: &str) -> Option<Kind> {
        self.all_columns().find(|(known, _)| *known == name).map(|(_, kind)| kind)
    }

    /// Every column that the product ships, without lookups.
    pub fn all_columns(&self) -> impl Iterator<Item = Column> {
        let states = if self.states.is_empty() { &[][..] } else { STATE_COLUMNS };
        std::iter::once((self.key, Kind::Guid))
            .chain(self.columns.iter().copied())
            .chain(states.iter().copied())
            .chain(SERVICE_COLUMNS.iter().copied())
    }

    /// Whether the service keeps this column by itself.
    pub fn keeps(&self, column: &str) -> bool {
        self.read_only.contains(&column) || KEPT.contains(&column)
    }

    /// Every navigation property to one row.
    pub fn all_lookups(&self) -> impl Iterator<Item = &'static Lookup> {
        let owner = if self.is_owned { OWNER } else { &[] };
        self.lookups.iter().chain(owner).chain(SERVICE_LOOKUPS)
    }

    /// The navigation property of that name to one row; the first, where it may lead to several tables.
    pub fn lookup(&self, navigation: &str) -> Option<&'static Lookup> {
        self.all_lookups().find(|lookup| lookup.navigation == navigation)
    }

    /// The navigation property of that name that leads to `target`.
    pub fn lookup_to(&self, navigation: &str, target: &str) -> Option<&'static Lookup> {
        self.all_lookups().find(|lookup| lookup.navigation == navigation && lookup.target == target)
    }

    pub fn collection(&self, navigation: &str) -> Option<&'static Collection> {
        self.collections.iter().find(|collection| collection.navigation == navigation)
    }

    /// Whether this is the read-only union of all activities.
    pub fn is_union(&self) -> bool {
        self.set == ANY_ACTIVITY
    }
}

/// Every table of the simulated environment.
pub fn all() -> impl Iterator<Item = &'static Table> {
    [service::TABLES, activity::TABLES, omnichannel::TABLES, people::TABLES].into_iter().flatten()
}

/// The table behind an entity set.
pub fn find(set: &str) -> Option<&'static Table> {
    all().find(|table| table.set == set)
}

/// The table of that logical name.
pub fn named(name: &str) -> Option<&'static Table> {
    all().find(|table| table.name == name)
}

/// On every row.
const SERVICE_COLUMNS: &[Column] = &[
    instant("createdon"),
    instant("modifiedon"),
    instant("overriddencreatedon"),
    number("versionnumber"),
];
const KEPT: &[&str] = &["createdon", "modifiedon", "versionnumber", "activitytypecode"];
const STATE_COLUMNS: &[Column] = &[("statecode", Kind::State), ("statuscode", Kind::Status)];
const OWNER: &[Lookup] = &[
    lookup("ownerid", "_ownerid_value", "systemusers"),
    lookup("ownerid", "_ownerid_value", "teams"),
    lookup("owninguser", "_owninguser_value", "systemusers").read_only(),
    lookup("owningteam", "_owningteam_value", "teams").read_only(),
];
const SERVICE_LOOKUPS: &[Lookup] = &[
    lookup("createdby", "_createdby_value", "systemusers").read_only(),
    lookup("modifiedby", "_modifiedby_value", "systemusers").read_only(),
];
const ACTIVE_OR_NOT: &[State] = &[
    State { value: 0, label: "Active", statuses: &[(1, "Active")] },
    State { value: 1, label: "Inactive", statuses: &[(2, "Inactive")] },
];

const fn guid(name: &'static str) -> Column {
    (name, Kind::Guid)
}

const fn text(name: &'static str, length: usize) -> Column {
    (name, Kind::Text(length))
}

const fn memo(name: &'static str, length: usize) -> Column {
    (name, Kind::Memo(length))
}

const fn number(name: &'static str) -> Column {
    (name, Kind::Number)
}

const fn flag(name: &'static str) -> Column {
    (name, Kind::Flag)
}

const fn instant(name: &'static str) -> Column {
    (name, Kind::Instant)
}

const fn choice(name: &'static str, choices: &'static [Choice]) -> Column {
    (name, Kind::Choice(choices))
}

const fn option(value: i64, label: &'static str) -> Choice {
    Choice { value, label: Cow::Borrowed(label) }
}

pub const fn lookup(
    navigation: &'static str,
    column: &'static str,
    target: &'static str,
) -> Lookup {
    Lookup { navigation, column, target, is_read_only: false }
}

pub const fn many(
    navigation: &'static str,
    target: &'static str,
    column: &'static str,
) -> Collection {
    Collection { navigation, target, column: Some(column) }
}
