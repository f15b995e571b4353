//! Everything that Salesforce holds for the company.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Account, crm};
use crate::Ids;

/// The organisation and what happened in it.
pub struct State {
    pub account: Account,
    /// Rows of every object.
    pub records: crm::Records,
    /// What else the half around records keeps: tokens, limits, custom fields.
    pub(super) core: crm::Core,
    inner: Mutex<Inner>,
}

impl State {
    pub fn new(seed: u64, account: &Account) -> Self {
        Self {
            account: account.clone(),
            records: crm::Records::new(seed, account),
            core: crm::Core::new(account),
            inner: Mutex::new(Inner::new(seed)),
        }
    }

    /// Never held while waiting for anything.
    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the messaging half keeps.
pub struct Inner {
    pub ids: Ids,
}

impl Inner {
    fn new(seed: u64) -> Self {
        Self { ids: Ids::new(seed, "salesforce messaging") }
    }
}
