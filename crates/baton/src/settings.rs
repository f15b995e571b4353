//! The process's settings: the defaults, a file over them, the environment over both.

use std::{net::IpAddr, path::Path};

use baton_relay::HubConfig;
use serde::Deserialize;
use toml::{Table, Value};

/// The defaults, with the meaning of every setting.
pub const DEFAULTS: &str = include_str!("../../../baton.default.toml");
/// Environment variables that begin like this are settings: `BATON_SERVER__LISTEN`.
const PREFIX: &str = "BATON_";

/// Why the settings are refused.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file cannot be read.
    #[error("read the settings file {path}: {source}")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A text is not TOML, or a key or a value is wrong.
    #[error("read the settings: {0}")]
    Wrong(String),
}

/// Every setting.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the hub listens and how it is reached.
    pub server: Server,
    /// The database.
    pub store: StoreSettings,
    /// The key of secrets at rest.
    pub secrets: Secrets,
    /// The bounds of the workers.
    pub workers: Workers,
    /// Where the bytes of media are kept.
    pub files: FileSettings,
    /// The knowledge folder.
    pub knowledge: Knowledge,
    /// The log.
    pub log: Log,
    /// Settings that every source of a vendor gets unless it has its own.
    pub vendors: Table,
    /// What only development may do.
    pub development: Development,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    pub listen: String,
    pub public_url: String,
    pub hook_body_max_mib: u32,
    pub max_concurrent_hooks: u32,
    pub trusted_proxies: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreSettings {
    pub url: String,
    pub partitions: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    pub key_env: String,
    pub key_file: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workers {
    pub understand_at_once: u32,
    pub deliver_at_once: u32,
    pub tasks_at_once: u32,
    pub lease_ms: i64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSettings {
    pub folder: String,
    pub desk_link_hours: u32,
    pub s3_endpoint: String,
    pub s3_bucket: String,
    pub s3_region: String,
    pub s3_key_id_env: String,
    pub s3_secret_env: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Knowledge {
    pub folder: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub format: String,
    pub level: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Development {
    pub enabled: bool,
    pub follow_clock_url: String,
}

impl Settings {
    /// Reads the settings of this process.
    ///
    /// # Errors
    /// Names the key that is wrong and the fix.
    pub fn load(file: Option<&Path>) -> Result<Self, SettingsError> {
        Self::layered(file, std::env::vars())
    }

    fn layered(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let mut table = parse(DEFAULTS)?;
        if let Some(path) = file {
            let text = std::fs::read_to_string(path).map_err(|source| SettingsError::File {
                path: path.display().to_string(),
                source,
            })?;
            overlay(&mut table, parse(&text)?);
        }
        for (name, text) in environment {
            if let Some((section, key)) = section_and_key(&name) {
                set(&mut table, &section, &key, &text)?;
            }
        }
        let settings: Self =
            Value::Table(table).try_into().map_err(|e: toml::de::Error| wrong(e.message()))?;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), SettingsError> {
        between("server.hook_body_max_mib", self.server.hook_body_max_mib, 1, 16)?;
        between("server.max_concurrent_hooks", self.server.max_concurrent_hooks, 1, 100_000)?;
        between("store.partitions", self.store.partitions, 1, 4_096)?;
        between("workers.understand_at_once", self.workers.understand_at_once, 1, 1_024)?;
        between("workers.deliver_at_once", self.workers.deliver_at_once, 1, 1_024)?;
        between("workers.tasks_at_once", self.workers.tasks_at_once, 1, 1_024)?;
        between("files.desk_link_hours", self.files.desk_link_hours, 1, 8_760)?;
        if self.files.s3_endpoint.is_empty() != self.files.s3_bucket.is_empty() {
            return Err(wrong("files.s3_bucket: needs files.s3_endpoint beside it"));
        }
        between("workers.lease_ms", self.workers.lease_ms, 1_000, 60_000)?;
        self.trusted_proxies()?;
        if !["json", "text"].contains(&self.log.format.as_str()) {
            return Err(wrong("log.format: write json or text"));
        }
        if !self.development.enabled && !self.development.follow_clock_url.is_empty() {
            return Err(wrong("development.follow_clock_url: needs development.enabled = true"));
        }
        baton_core::config::base_url(
            "server.public_url",
            &self.server.public_url,
            self.development.enabled || self.server.public_url == "https://localhost",
        )
        .map_err(|fault| wrong(fault.to_string()))?;
        Ok(())
    }

    /// The proxies that are believed.
    ///
    /// # Errors
    /// One of them is no IP address.
    pub fn trusted_proxies(&self) -> Result<Vec<IpAddr>, SettingsError> {
        let parts = self.server.trusted_proxies.split(',').map(str::trim);
        parts
            .filter(|part| !part.is_empty())
            .map(|part| {
                part.parse().map_err(|_| {
                    wrong(format!("server.trusted_proxies: {part:?} is not an IP address"))
                })
            })
            .collect()
    }

    /// The bounds of the workers.
    pub fn hub(&self) -> HubConfig {
        HubConfig {
            understand_at_once: self.workers.understand_at_once as usize,
            deliver_at_once: self.workers.deliver_at_once as usize,
            tasks_at_once: self.workers.tasks_at_once as usize,
            lease_ms: self.workers.lease_ms,
        }
    }
}

fn wrong(text: impl Into<String>) -> SettingsError {
    SettingsError::Wrong(text.into())
}

fn between<T: PartialOrd + std::fmt::Display>(
    key: &str,
    value: T,
    least: T,
    most: T,
) -> Result<(), SettingsError> {
    if value < least || value > most {
        return Err(wrong(format!("{key}: {value} is not between {least} and {most}")));
    }
    Ok(())
}

fn parse(text: &str) -> Result<Table, SettingsError> {
    text.parse::<Table>().map_err(|e| wrong(e.to_string()))
}

/// Lays a file's values over the defaults, section by section.
fn overlay(under: &mut Table, over: Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Table(under)), Value::Table(over)) => overlay(under, over),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

fn section_and_key(name: &str) -> Option<(String, String)> {
    let (section, key) = name.strip_prefix(PREFIX)?.split_once("__")?;
    Some((section.to_lowercase(), key.to_lowercase()))
}

/// Writes a value from the environment in the type that its default has.
fn set(table: &mut Table, section: &str, key: &str, text: &str) -> Result<(), SettingsError> {
    let unknown = || wrong(format!("{section}.{key}: unknown setting"));
    let section_table = table.get_mut(section).and_then(Value::as_table_mut).ok_or_else(unknown)?;
    let refused = |what: &str| wrong(format!("{section}.{key}: {text:?} is not {what}"));
    let value = match section_table.get(key).ok_or_else(unknown)? {
        Value::Integer(_) => Value::Integer(text.parse().map_err(|_| refused("a number"))?),
        Value::Boolean(_) => Value::Boolean(text.parse().map_err(|_| refused("true or false"))?),
        _ => Value::String(text.to_owned()),
    };
    section_table.insert(key.to_owned(), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(environment: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let pairs = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Settings::layered(None, pairs)
    }

    #[test]
    fn the_default_file_holds_every_setting() {
        let settings = with(&[]).unwrap();
        assert_eq!(settings.server.hook_body_max_mib, 4);
    }

    #[test]
    fn the_environment_replaces_single_values() {
        let settings = with(&[("BATON_SERVER__LISTEN", "127.0.0.1:1"), ("HOME", "/")]).unwrap();
        assert_eq!(settings.server.listen, "127.0.0.1:1");
    }

    #[test]
    fn unknown_keys_and_wrong_values_are_named() {
        for (name, value, named) in [
            ("BATON_SERVER__LISTN", "x", "server.listn"),
            ("BATON_STORE__PARTITIONS", "many", "store.partitions"),
            ("BATON_STORE__PARTITIONS", "0", "store.partitions"),
            ("BATON_LOG__FORMAT", "xml", "log.format"),
            ("BATON_SERVER__TRUSTED_PROXIES", "10.0.0.1, proxy", "server.trusted_proxies"),
            ("BATON_SERVER__PUBLIC_URL", "https://a.example/path", "server.public_url"),
        ] {
            let text = with(&[(name, value)]).unwrap_err().to_string();
            assert!(text.contains(named), "{text}");
        }
    }
}
