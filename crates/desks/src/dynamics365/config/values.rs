//! Reading one setting: text as a person pastes it, checked, or the fix.

use baton_core::{
    config::{ConfigFault, base_url},
    secret::Secret,
    time::Timestamp,
};
use serde_json::{Map, Value};

use super::super::{ids::read_guid, render::context};

/// The settings as they were given.
pub type Settings = Map<String, Value>;
/// A value, or which setting is wrong and the fix.
pub type Read<T> = Result<T, ConfigFault>;

/// The longest logical name of a column ("Create and edit table columns", Dataverse: 50 and a
/// prefix); our own bound above it.
const COLUMN_MAX: usize = 128;

pub fn optional<'a>(settings: &'a Settings, key: &str) -> Read<Option<&'a str>> {
    match settings.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
        Some(_) => Err(ConfigFault::new(key, "must be text; put it in quotes")),
    }
}

pub fn required<'a>(settings: &'a Settings, key: &str) -> Read<&'a str> {
    optional(settings, key)?.ok_or_else(|| ConfigFault::new(key, "missing"))
}

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

pub fn yes(settings: &Settings, key: &str, default: bool) -> Read<bool> {
    one_of(settings, key, &[("yes", true), ("no", false)], default)
}

/// One of a few words.
pub fn one_of<T: Copy>(settings: &Settings, key: &str, words: &[(&str, T)], default: T) -> Read<T> {
    let Some(text) = optional(settings, key)? else { return Ok(default) };
    let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
    found.map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        ConfigFault::new(key, format!("write {}", words.join(" or ")))
    })
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

/// An object, given as one or as JSON text.
pub fn object(settings: &Settings, key: &str) -> Read<Settings> {
    let refused =
        || ConfigFault::new(key, "write a JSON object, such as {\"prioritycode\": \"High\"}");
    match settings.get(key) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(object)) => Ok(object.clone()),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(Map::new()),
        Some(Value::String(text)) => serde_json::from_str(text).map_err(|_| refused()),
        Some(_) => Err(refused()),
    }
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
    const KEY: &str = "context_variables";
    let wrong = |text: String| ConfigFault::new(KEY, text);
    let given = object(settings, KEY)?;
    if given.len() > CONTEXT_VARIABLES {
        return Err(wrong(format!("name at most {CONTEXT_VARIABLES}")));
    }
    let read = |(name, value): (String, Value)| {
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !plain || !(1..=CONTEXT_NAME_CHARS).contains(&name.len()) {
            return Err(wrong(format!("{name:?} is no name: use letters, digits and _")));
        }
        if context::OWN.iter().any(|own| own.eq_ignore_ascii_case(&name)) {
            return Err(wrong(format!("{name} is set for every conversation already")));
        }
        let Value::String(value) = value else {
            return Err(wrong(format!("the value of {name} must be text")));
        };
        let mut words = value.split('{').skip(1).map(|rest| rest.split('}').next().unwrap_or(rest));
        match words.find(|word| !context::WORDS.contains(word)) {
            Some(word) => {
                let known = context::WORDS.join("}, {");
                Err(wrong(format!("{name} takes {{{word}}}; there are {{{known}}}")))
            }
            None => Ok((name, value)),
        }
    };
    given.into_iter().map(read).collect()
}
