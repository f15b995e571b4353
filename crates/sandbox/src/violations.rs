//! Promises to customers and reps that were seen broken from the vendors' side.

use serde::Serialize;

/// One promise and the journal entries that broke it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Such as `i2_duplicate_to_customer`.
    pub name: &'static str,
    pub count: usize,
    /// Journal numbers of the offending requests.
    pub seqs: Vec<u64>,
}

impl Violation {
    pub fn new(name: &'static str, seqs: Vec<u64>) -> Self {
        Self { name, count: seqs.len(), seqs }
    }

    /// Adds what another vendor saw of the same promise.
    pub fn join(&mut self, other: Self) {
        self.seqs.extend(other.seqs);
        self.seqs.sort_unstable();
        self.count = self.seqs.len();
    }
}
