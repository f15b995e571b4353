//! The rep side: one folder per vendor, one registry line each.

mod answer;
mod description;
mod dynamics365;
mod failure;
mod html;
mod mapped;
mod media;
mod report;
pub mod salesforce;
mod settings;
mod transcript;

use std::sync::Arc;

use baton_core::{
    config::{ConfigFault, Field},
    desk::Desk,
    keep::Keep,
    time::Clock,
};
use baton_files::Files;
use serde_json::{Map, Value};

/// What a desk is given from outside.
#[derive(Clone)]
pub struct Deps {
    /// The HTTP client. It must follow no redirects: a redirected send could happen twice.
    pub http: reqwest::Client,
    /// The client of reps' files.
    pub downloads: baton_files::Client,
    /// The clock of the business rules.
    pub clock: Arc<dyn Clock>,
    /// What this desk keeps over restarts; none where nothing is sent, as when settings are checked.
    pub keep: Option<Arc<dyn Keep>>,
    /// The files that the hub keeps; none where nothing is sent, as when settings are checked.
    pub files: Option<Arc<Files>>,
    /// Accept plain HTTP and loopback hosts in addresses.
    pub development: bool,
}

type Build = fn(&Map<String, Value>, &Deps) -> Result<Arc<dyn Desk>, ConfigFault>;

/// One vendor.
struct Row {
    /// The folder name.
    name: &'static str,
    /// Its name for people.
    title: &'static str,
    /// Its settings, in the order of its form.
    fields: &'static [Field],
    /// How a desk is made of them.
    build: Build,
}

const VENDORS: &[Row] = &[
    Row {
        name: dynamics365::VENDOR,
        title: "Microsoft Dynamics 365",
        fields: dynamics365::FIELDS,
        build: dynamics365::build,
    },
    Row {
        name: salesforce::VENDOR,
        title: "Salesforce",
        fields: salesforce::FIELDS,
        build: salesforce::build,
    },
];

/// Makes the desk of a vendor from its settings, secrets merged in.
///
/// # Errors
/// Names the vendor or the setting that is wrong, and the fix.
pub fn build(
    vendor: &str,
    settings: &Map<String, Value>,
    deps: &Deps,
) -> Result<Arc<dyn Desk>, ConfigFault> {
    match find(vendor) {
        Some(row) => (row.build)(settings, deps),
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
    find(vendor).map(|row| row.fields)
}

/// The name of a vendor for people.
pub fn title(vendor: &str) -> Option<&'static str> {
    find(vendor).map(|row| row.title)
}

fn find(vendor: &str) -> Option<&'static Row> {
    VENDORS.iter().find(|row| row.name == vendor)
}

/// The folder names of all vendors.
pub fn vendors() -> impl Iterator<Item = &'static str> {
    VENDORS.iter().map(|row| row.name)
}
