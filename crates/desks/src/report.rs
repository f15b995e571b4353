//! A desk's settings, tried: what the checks found so far.

use baton_core::desk::{Check, Checked};
use serde_json::Value;

use crate::failure::Failure;

/// What was found so far.
#[derive(Default)]
pub struct Report(pub Checked);

impl Report {
    /// Notes one check; what it found, where it went well.
    pub fn add<T>(&mut self, name: &str, what: &str, result: Result<T, Failure>) -> Option<T> {
        let (found, fault) = match result {
            Ok(found) => (Some(found), None),
            Err(failure) => (None, Some(failure.fault)),
        };
        self.0.checks.push(Check { name: name.to_owned(), what: what.to_owned(), fault });
        found
    }

    /// Notes a setting that could be derived.
    pub fn derive(&mut self, key: &str, value: impl Into<String>) {
        self.0.derived.insert(key.to_owned(), Value::String(value.into()));
    }

    /// Notes what is right today and will not stay so.
    pub fn warn(&mut self, text: impl Into<String>) {
        self.0.warnings.push(text.into());
    }
}
