//! What a vendor's folder keeps over restarts.

use crate::{
    secret::Secret,
    time::{BoxFuture, Timestamp},
};

/// A desk's own drawer for credentials that are dear to get again. What is in it is encrypted and
/// belongs to this desk alone; it may be empty at any time.
pub trait Keep: Send + Sync {
    /// What was put there under this name and is still valid.
    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Option<Secret>>;

    /// Puts it there until this moment, in the place of what was there.
    fn put<'a>(&'a self, name: &'a str, value: &'a Secret, until: Timestamp) -> BoxFuture<'a, ()>;
}
