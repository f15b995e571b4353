//! Reading one setting: text as a person pastes it, checked, or the fix.

use baton_core::{
    config::{ConfigFault, base_url},
    secret::Secret,
    time::Timestamp,
};

use super::super::{ids::read_guid, render::context};
use crate::{
    mapped::Rules,
    settings::{Read, Settings, object, optional, required},
};

/// The longest logical name of a column ("Create and edit table columns", Dataverse: 50 and a
/// prefix); our own bound above it.
const COLUMN_MAX: usize = 128;

pub fn optional_guid(settings: &Settings, key: &str) -> Read<Option<String>> {
    let Some(text) = optional(settings, key)? else { return Ok(None) };
    read_guid(text).map(Some).ok_or_else(|| {
        ConfigFault::new(
            key,
            "not a GUID; it has the form 00000000-0000-0000-0000-000000000000, without braces",
        )
    })
}

pub fn guid(settings: &Settings, key: &str) -> Read<String> {
    optional_guid(settings, key)?.ok_or_else(|| ConfigFault::new(key, "missing"))
}

/// A logical name of a column: it stands in addresses and queries.
pub fn column(settings: &Settings, key: &str) -> Read<Option<String>> {
    let Some(text) = optional(settings, key)? else { return Ok(None) };
    let fits = text.len() <= COLUMN_MAX
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if fits {
        return Ok(Some(text.to_owned()));
    }
    Err(ConfigFault::new(key, "write the column's logical name, in lower case, as cr123_session"))
}

/// A day, as its first moment.
pub fn day(settings: &Settings, key: &str) -> Read<Option<Timestamp>> {
    let Some(text) = optional(settings, key)? else { return Ok(None) };
    let read = Timestamp::read(&format!("{text}T00:00:00Z")).filter(|_| text.len() == 10);
    read.map(Some).ok_or_else(|| ConfigFault::new(key, "write a day as 2027-05-31"))
}

/// `user:GUID` or `team:GUID` as the address of its row.
pub fn owner(settings: &Settings, key: &str) -> Read<Option<String>> {
    let Some(text) = optional(settings, key)? else { return Ok(None) };
    let row = text.split_once(':').and_then(|(kind, id)| {
        let set = match kind.trim() {
            "user" => "systemusers",
            "team" => "teams",
            _ => return None,
        };
        Some(format!("/{set}({})", read_guid(id.trim())?))
    });
    row.map(Some).ok_or_else(|| ConfigFault::new(key, "write user:GUID or team:GUID"))
}

/// The environment's own address, whatever page of it was pasted. Plain http and hosts that are
/// not Microsoft's are taken as they are, as far as `base_url` lets them.
pub fn environment_url(settings: &Settings, development: bool) -> Read<String> {
    const KEY: &str = "environment_url";
    let text = required(settings, KEY)?;
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("http://") {
        return base_url(KEY, text, development);
    }
    let rest = lower.strip_prefix("https://").unwrap_or(&lower);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Some(name) = host.strip_suffix(".dynamics.com") else {
        return match PORTALS.iter().find(|portal| host.ends_with(**portal)) {
            Some(_) => Err(ConfigFault::new(
                KEY,
                "this is an administrator's page, not the environment; copy the Environment URL \
                 from the Power Platform admin center, as https://contoso.crm4.dynamics.com",
            )),
            None => base_url(KEY, text, development),
        };
    };
    let labels: Vec<&str> = name.split('.').filter(|label| *label != "api").collect();
    let [organisation, zone] = labels[..] else { return Err(no_environment()) };
    let is_name = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    if !is_name(organisation) || !is_name(zone) || !zone.starts_with("crm") {
        return Err(no_environment());
    }
    Ok(format!("https://{organisation}.{zone}.dynamics.com"))
}

/// Where people look for the environment's address and paste the wrong one.
const PORTALS: &[&str] = &[
    "powerapps.com",
    "powerplatform.microsoft.com",
    "microsoftonline.com",
    "entra.microsoft.com",
    "azure.com",
    "omnichannelengagementhub.com",
];

fn no_environment() -> ConfigFault {
    ConfigFault::new(
        "environment_url",
        "this host is no environment; it has the form https://contoso.crm4.dynamics.com",
    )
}

/// It stands in an address as it is, so that it holds only what needs no escape there.
pub fn webhook_key(settings: &Settings) -> Result<Option<Secret>, ConfigFault> {
    const KEY: &str = "dataverse_webhook_key";
    let Some(text) = optional(settings, KEY)? else { return Ok(None) };
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !plain || !(16..=128).contains(&text.len()) {
        return Err(ConfigFault::new(KEY, "write 16 to 128 letters, digits and hyphens"));
    }
    Ok(Some(Secret::new(text)))
}

/// The most context variables that a workspace maps; a conversation takes 100 ("Create a
/// conversation", Messaging API, read 2026-11-21).
const CONTEXT_VARIABLES: usize = 50;
/// The most characters of a context variable's name (the same page).
const CONTEXT_NAME_CHARS: usize = 100;

/// Names that are none of ours, and values that take only what there is.
pub fn context_variables(settings: &Settings) -> Read<Vec<(String, String)>> {
    let key = "context_variables";
    let rules = Rules {
        key,
        most: CONTEXT_VARIABLES,
        name_chars: CONTEXT_NAME_CHARS,
        is_ours: &|name| context::OWN.iter().any(|own| own.eq_ignore_ascii_case(name)),
        words: context::WORDS,
    };
    rules.read(object(settings, key)?)
}
