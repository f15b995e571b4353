//! Rows as the rest of the simulator reaches them, without the checks that API callers meet.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::ids;
use super::org::Org;
use super::store::Fields;
use crate::salesforce::Account;

/// Rows of every object.
pub struct Records {
    org: Mutex<Org>,
    seed: u64,
    account: Account,
}

impl Records {
    pub fn new(seed: u64, account: &Account) -> Self {
        Self { org: Mutex::new(Org::new(seed, account)), seed, account: account.clone() }
    }

    /// Adds a row; its id of 18 characters, empty for an object that there is not.
    pub fn create(&self, object: &str, fields: Fields, now_ms: i64) -> String {
        let mut org = self.org();
        let user = org.user.clone();
        org.insert(object, fields, &user, now_ms, now_ms).unwrap_or_default()
    }

    /// Changes fields; false if there is no such row.
    pub fn update(&self, object: &str, id: &str, fields: Fields, now_ms: i64) -> bool {
        let mut org = self.org();
        let user = org.user.clone();
        org.change(object, id, fields, &user, now_ms)
    }

    /// The fields of a row that is not deleted.
    pub fn get(&self, object: &str, id: &str) -> Option<Fields> {
        let org = self.org();
        let record = org.tables.get(&org.schema.object(object)?.name, &ids::long(id)?)?;
        (!record.is_deleted()).then(|| record.fields.clone())
    }

    /// The bytes of a version of a file.
    pub fn file(&self, id: &str) -> Option<Bytes> {
        self.org().tables.file(id).cloned()
    }

    /// All rows of an object, oldest first.
    pub fn list(&self, object: &str) -> Vec<Fields> {
        let org = self.org();
        let Some(object) = org.schema.object(object) else { return Vec::new() };
        org.tables.list(&object.name).into_iter().map(|record| record.fields.clone()).collect()
    }

    /// The user of that name, made when first heard of.
    pub fn rep(&self, name: &str, now_ms: i64) -> Option<String> {
        self.org().rep(name, now_ms)
    }

    /// Never held while waiting for anything.
    pub(in crate::salesforce) fn org(&self) -> MutexGuard<'_, Org> {
        self.org.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything as it was at the start.
    pub(super) fn reset(&self) {
        *self.org() = Org::new(self.seed, &self.account);
    }
}
