//! What one attempt learned for the next one, which one attempt with one call cannot do itself.
//!
//! Only in memory: what is forgotten is learned again.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The most that is remembered; our own bound.
const MOST: usize = 10_000;

/// Ids of what something is known about.
#[derive(Default)]
pub struct Remembered(Mutex<HashSet<String>>);

impl Remembered {
    pub fn add(&self, id: &str) {
        let mut all = self.all();
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(id.to_owned());
    }

    pub fn has(&self, id: &str) -> bool {
        self.all().contains(id)
    }

    pub fn forget(&self, id: &str) {
        self.all().remove(id);
    }

    fn all(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
