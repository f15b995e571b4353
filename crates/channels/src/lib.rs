//! The customer side: one folder per vendor, one line per vendor here.

use std::sync::Arc;

use baton_core::{
    channel::Channel,
    config::{ConfigFault, Field},
    inbox::ChannelKind,
    time::Clock,
};
use serde_json::{Map, Value};

mod call;
mod download;
mod key;
mod outcome;
mod setting;
mod sms;
mod telnyx;
mod twilio;
mod webhook;
mod whatsapp;
mod whatsapp_cloud;

/// What every vendor is given from outside.
pub struct Deps {
    /// The HTTP client. Built with a connect timeout of 5 s, so that an unreachable host is
    /// known not to have got anything, and without following redirects, so that one attempt is
    /// one network call.
    pub http: reqwest::Client,
    /// The client of customers' files.
    pub downloads: baton_files::Client,
    /// The clock of the business rules.
    pub clock: Arc<dyn Clock>,
    /// Plain http and loopback addresses are accepted.
    pub development: bool,
}

type Build = fn(&Map<String, Value>, &Deps) -> Result<Arc<dyn Channel>, ConfigFault>;

/// One line of the registry.
struct Vendor {
    name: &'static str,
    /// Its name for people.
    title: &'static str,
    /// What customers experience, which may depend on the settings.
    channel: fn(&Map<String, Value>) -> ChannelKind,
    fields: &'static [Field],
    build: Build,
}

/// Every vendor that this build knows.
const REGISTRY: &[Vendor] = &[whatsapp_cloud::VENDOR, twilio::VENDOR, telnyx::VENDOR];

static NAMES: [&str; REGISTRY.len()] = {
    let mut names = [""; REGISTRY.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = REGISTRY[i].name;
        i += 1;
    }
    names
};

fn find(vendor: &str) -> Option<&'static Vendor> {
    REGISTRY.iter().find(|row| row.name == vendor)
}

/// Configures a vendor for one inbox. The settings include the secrets.
///
/// # Errors
/// The vendor is unknown or a setting is wrong; names the key and the fix.
pub fn build(
    vendor: &str,
    settings: &Map<String, Value>,
    deps: &Deps,
) -> Result<Arc<dyn Channel>, ConfigFault> {
    let row = find(vendor).ok_or_else(|| {
        ConfigFault::new(
            "vendor",
            format!("unknown channel vendor; known are {}", NAMES.join(", ")),
        )
    })?;
    baton_core::config::check_keys(row.fields, settings)?;
    (row.build)(settings, deps)
}

/// The settings of a vendor; none when it is unknown.
pub fn fields(vendor: &str) -> Option<&'static [Field]> {
    find(vendor).map(|row| row.fields)
}

/// The name of a vendor for people; none when it is unknown.
pub fn title(vendor: &str) -> Option<&'static str> {
    find(vendor).map(|row| row.title)
}

/// The folder names of all vendors.
pub fn vendors() -> &'static [&'static str] {
    &NAMES
}

/// What customers experience through a vendor with these settings; none when it is unknown.
pub fn channel_kind(vendor: &str, settings: &Map<String, Value>) -> Option<ChannelKind> {
    find(vendor).map(|row| (row.channel)(settings))
}
