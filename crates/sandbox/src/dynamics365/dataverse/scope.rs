//! On whose behalf something is done, and in which organisation.

use super::answer::Refusal;
use super::privileges;
use super::query::View;
use super::tables::{Row, Stored, Table, Tables};
use crate::World;
use crate::dynamics365::{Inner, iso};

/// One operation under way, with the organisation locked.
pub struct Scope<'a> {
    pub world: &'a World,
    pub inner: &'a mut Inner,
    /// `systemuserid` of whoever is recorded as having done it.
    pub user: String,
    /// Administrators hold every privilege.
    pub is_admin: bool,
    /// `MSCRM.SuppressDuplicateDetection: false` was sent.
    pub detects_duplicates: bool,
    /// Journal number of the call; 0 for what people do.
    pub seq: u64,
}

impl<'a> Scope<'a> {
    /// For what people do in the product itself.
    pub fn of_person(world: &'a World, inner: &'a mut Inner, user: String) -> Self {
        Self { world, inner, user, is_admin: true, detects_duplicates: false, seq: 0 }
    }

    pub fn tables(&mut self) -> &mut Tables {
        &mut self.inner.tables
    }

    pub fn view(&self) -> View<'_> {
        View { tables: &self.inner.tables, schema: &self.inner.org.schema }
    }

    pub fn now_ms(&self) -> i64 {
        self.world.clock.now_ms()
    }

    /// The instant as rows hold it.
    pub fn at(&self) -> String {
        iso::seconds(self.now_ms())
    }

    /// A new key for a row.
    pub fn guid(&mut self) -> String {
        self.inner.ids.guid()
    }

    /// The row with this key.
    pub fn row(&self, table: &Table, id: &str) -> Result<&Stored, Refusal> {
        self.inner.tables.get(table.set, id).ok_or_else(|| Refusal::missing(table.name, id))
    }

    /// Writes columns, past every check but the size of the table.
    pub fn put(&mut self, table: &'static Table, id: &str, columns: Row) -> Result<(), Refusal> {
        let at = self.at();
        match self.inner.tables.put(table, id, columns, &at) {
            true => Ok(()),
            false => Err(Refusal::full()),
        }
    }

    /// Refuses unless the caller may do this to the table: `Read`, `Create`, `Write`, `Delete`, `Append`,
    /// `AppendTo`, `Assign`.
    pub fn need(&self, verb: &str, table: &Table) -> Result<(), Refusal> {
        if table.schema_name.is_empty() {
            return Ok(());
        }
        self.need_privilege(&format!("prv{verb}{}", table.schema_name), Some(table))
    }

    /// Refuses unless the caller holds the privilege of this name.
    pub fn need_privilege(&self, name: &str, table: Option<&Table>) -> Result<(), Refusal> {
        if self.is_admin || !self.inner.org.removed_privileges.contains(name) {
            return Ok(());
        }
        Err(privileges::denied(&self.user, &self.inner.org, name, table))
    }
}
