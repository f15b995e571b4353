//! Reading one setting: text as a person pastes it, checked, or the fix.

use std::collections::BTreeMap;

use baton_core::config::{ConfigFault, base_url};

use super::super::{ids, render::attributes};
use crate::{
    mapped::Rules,
    settings::{Read, Settings, object, optional, required},
};

/// A whole number from 1 on.
pub fn whole(settings: &Settings, key: &str, default: u64) -> Read<u64> {
    let Some(text) = optional(settings, key)? else { return Ok(default) };
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| ConfigFault::new(key, "write a whole number from 1 on"))
}

/// A developer name ("API name": letters, digits and underscores, a letter first).
pub fn developer_name(settings: &Settings, key: &str) -> Read<String> {
    let text = required(settings, key)?;
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain && text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Ok(text.to_owned());
    }
    Err(ConfigFault::new(
        key,
        "write the API name: letters, digits and underscores, without spaces; not the label",
    ))
}

/// The organisation's id, cut to the 15 characters that decide.
pub fn organization_id(settings: &Settings) -> Read<String> {
    const KEY: &str = "organization_id";
    let text = required(settings, KEY)?;
    let length = text.chars().count();
    if !matches!(length, ids::SHORT | ids::LONG) {
        return Err(ConfigFault::new(
            KEY,
            format!("has {length} characters; an organization id has 15 or 18"),
        ));
    }
    if !text.bytes().all(|b| b.is_ascii_alphanumeric()) || !text.starts_with("00D") {
        return Err(ConfigFault::new(
            KEY,
            "an organization id begins with 00D and holds letters and digits only",
        ));
    }
    Ok(text.chars().take(ids::SHORT).collect())
}

/// What people paste instead of the organisation's own address, and where that is.
const LIGHTNING: &str = ".lightning.force.com";
const SETUP: &str = ".my.salesforce-setup.com";
const INSTANCE: &str = ".my.salesforce.com";
const SCRT: &str = ".my.salesforce-scrt.com";

/// The organisation's own address, whatever page of it was pasted.
pub fn instance_url(settings: &Settings, development: bool) -> Read<String> {
    const KEY: &str = "instance_url";
    let text = required(settings, KEY)?;
    let Some(host) = vendors_host(text) else { return base_url(KEY, text, development) };
    for (end, page) in [
        (LIGHTNING, "a Lightning page"),
        (SETUP, "a page of Setup"),
        (SCRT, "the messaging address"),
    ] {
        if let Some(name) = host.strip_suffix(end) {
            return Err(ConfigFault::new(
                KEY,
                format!("this is {page}; the Instance URL is https://{name}{INSTANCE}"),
            ));
        }
    }
    if matches!(host.as_str(), "login.salesforce.com" | "test.salesforce.com") {
        return Err(ConfigFault::new(
            KEY,
            "this is where people sign in; copy the My Domain URL from Setup, as \
             https://contoso.my.salesforce.com",
        ));
    }
    if !host.ends_with(INSTANCE) {
        return Err(ConfigFault::new(KEY, format!("has the form https://contoso{INSTANCE}")));
    }
    Ok(format!("https://{host}"))
}

/// Where messaging is, whatever page of it was pasted.
pub fn scrt_url(settings: &Settings, instance_url: &str, development: bool) -> Read<String> {
    const KEY: &str = "scrt_url";
    let text = required(settings, KEY)?;
    let Some(host) = vendors_host(text) else { return base_url(KEY, text, development) };
    if host.ends_with(SCRT) {
        return Ok(format!("https://{host}"));
    }
    let name = vendors_host(instance_url);
    let name = name.as_deref().and_then(|host| host.strip_suffix(INSTANCE)).unwrap_or("contoso");
    Err(ConfigFault::new(
        KEY,
        format!(
            "this is not the messaging address; it has the form https://{name}{SCRT} (the \
             deployment's Code Snippet shows it)"
        ),
    ))
}

/// The host of an address at Salesforce, in lower case; none for another company's.
fn vendors_host(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let rest = match lower.split_once("://") {
        Some(("https", rest)) => rest,
        Some(_) => return None,
        None => &lower,
    };
    let host = rest.split(['/', '?', '#', ':', '@']).next().unwrap_or_default();
    let theirs = ["salesforce.com", "salesforce-scrt.com", "salesforce-setup.com", "force.com"];
    let is_theirs = |end: &&str| host.strip_suffix(*end).is_some_and(|name| name.ends_with('.'));
    let plain = host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
    (plain && theirs.iter().any(is_theirs)).then(|| host.to_owned())
}

/// The most routing attributes that a workspace maps, and the most characters of a name; our own
/// bounds.
const ATTRIBUTES: usize = 50;
const ATTRIBUTE_NAME_CHARS: usize = 80;

/// Names that are none of ours, and values that take only what there is.
pub fn routing_attributes(settings: &Settings) -> Read<Vec<(String, String)>> {
    let key = "routing_attributes";
    let rules = Rules {
        key,
        most: ATTRIBUTES,
        name_chars: ATTRIBUTE_NAME_CHARS,
        is_ours: &|name| attributes::OWN.contains(&name),
        words: attributes::WORDS,
    };
    rules.read(object(settings, key)?)
}

/// `OpencxSessionId:255, Name` → each field with the most characters that it takes.
pub fn declared(settings: &Settings) -> Read<BTreeMap<String, Option<usize>>> {
    const KEY: &str = "declared_attributes";
    let Some(text) = optional(settings, KEY)? else { return Ok(BTreeMap::new()) };
    let read = |part: &str| {
        let (name, most) = part.split_once(':').map_or((part, None), |(a, b)| (a, Some(b)));
        let most = most.map(|most| most.trim().parse()).transpose().ok()?;
        Some((name.trim().to_owned(), most)).filter(|(name, _)| !name.is_empty())
    };
    let all: Option<BTreeMap<_, _>> = text.split(',').map(read).collect();
    all.ok_or_else(|| {
        ConfigFault::new(KEY, "write names with their lengths, as Name:255, Phone:40")
    })
}
