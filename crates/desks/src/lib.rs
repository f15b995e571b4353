//! The rep side: one folder per vendor, one registry line each.

mod dynamics365;
mod transcript;

use std::sync::Arc;

use baton_core::{
    config::{ConfigFault, Field},
    desk::Desk,
    time::Clock,
};
use serde_json::{Map, Value};

/// What a desk is given from outside.
pub struct Deps {
    /// The HTTP client. It must follow no redirects: a redirected send could happen twice.
    pub http: reqwest::Client,
    /// The clock of the business rules.
    pub clock: Arc<dyn Clock>,
    /// Accept plain HTTP and loopback hosts in addresses.
    pub development: bool,
}

type Build = fn(&Map<String, Value>, &Deps) -> Result<Arc<dyn Desk>, ConfigFault>;

/// One vendor: its folder name, its settings, and how a desk is made of them.
const VENDORS: &[(&str, &[Field], Build)] =
    &[(dynamics365::VENDOR, dynamics365::FIELDS, dynamics365::build)];

/// Makes the desk of a vendor from its settings, secrets merged in.
///
/// # Errors
/// Names the vendor or the setting that is wrong, and the fix.
pub fn build(
    vendor: &str,
    settings: &Map<String, Value>,
    deps: &Deps,
) -> Result<Arc<dyn Desk>, ConfigFault> {
    match VENDORS.iter().find(|(name, ..)| *name == vendor) {
        Some((_, _, build)) => build(settings, deps),
        None => {
            let known: Vec<&str> = vendors().collect();
            Err(ConfigFault::new(
                "vendor",
                format!("no desk is called {vendor:?}; known are {}", known.join(", ")),
            ))
        }
    }
}

/// The settings of a vendor, in the order of its form.
pub fn fields(vendor: &str) -> Option<&'static [Field]> {
    VENDORS.iter().find(|(name, ..)| *name == vendor).map(|(_, fields, _)| *fields)
}

/// The folder names of all vendors.
pub fn vendors() -> impl Iterator<Item = &'static str> {
    VENDORS.iter().map(|(name, ..)| *name)
}
