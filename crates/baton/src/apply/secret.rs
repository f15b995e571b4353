//! Values that the file only points at: in the environment or in another file.

use std::path::PathBuf;

use baton_core::config::{ConfigFault, Field};
use serde_json::{Map, Value};
use toml::Table;

use super::section::{join, unknown};

/// The largest file that a value is read from, in bytes.
const FILE_MAX_BYTES: u64 = 64 * 1024;

/// Where values that the file points at come from.
pub struct References<'a> {
    /// Relative paths start here: the folder of the applied file.
    pub folder: PathBuf,
    /// Reads a variable of the environment.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
}

/// The settings of an inbox, a desk or an engine.
#[derive(Clone, PartialEq, Default)]
pub struct VendorSettings {
    /// Those that may be shown.
    pub plain: Map<String, Value>,
    /// Those that may not.
    pub secrets: Map<String, Value>,
}

impl VendorSettings {
    /// Both together, as a vendor is made from them.
    pub fn merged(&self) -> Map<String, Value> {
        let both = self.plain.iter().chain(&self.secrets);
        both.map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

impl References<'_> {
    /// Reads a vendor's settings: keys against its fields, references followed, secrets apart.
    pub fn settings(
        &self,
        path: &str,
        table: Table,
        fields: &[Field],
    ) -> Result<VendorSettings, ConfigFault> {
        let mut settings = VendorSettings::default();
        for (key, value) in table {
            let at = join(path, &key);
            let Some(field) = fields.iter().find(|field| field.key == key) else {
                return Err(unknown(&at, &key, fields.iter().map(|field| field.key)));
            };
            let value = match value {
                toml::Value::Table(reference) => Value::String(self.follow(&at, &reference)?),
                _ if field.secret => return Err(literal_secret(&at, &key)),
                literal => json(literal),
            };
            let part = if field.secret { &mut settings.secrets } else { &mut settings.plain };
            part.insert(key, value);
        }
        Ok(settings)
    }

    fn follow(&self, at: &str, reference: &Table) -> Result<String, ConfigFault> {
        let only = (reference.len() == 1).then(|| reference.iter().next()).flatten();
        let text = match only.map(|(key, value)| (key.as_str(), value.as_str())) {
            Some(("env", Some(name))) => (self.environment)(name).ok_or_else(|| {
                let text = format!("the environment variable {name} is not set; set it and repeat");
                ConfigFault::new(at, text)
            })?,
            Some(("file", Some(path))) => self.read(at, path)?,
            _ => {
                let text = "write it as { env = \"NAME\" } or { file = \"PATH\" }";
                return Err(ConfigFault::new(at, text));
            }
        };
        // Files end with a line break that belongs to nobody's secret.
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            return Err(ConfigFault::new(at, "what it points at is empty"));
        }
        Ok(text.to_owned())
    }

    fn read(&self, at: &str, path: &str) -> Result<String, ConfigFault> {
        let path = self.folder.join(path);
        let fault = |why: String| ConfigFault::new(at, format!("{}: {why}", path.display()));
        let size = std::fs::metadata(&path).map_err(|e| fault(e.to_string()))?.len();
        if size > FILE_MAX_BYTES {
            return Err(fault(format!(
                "larger than {FILE_MAX_BYTES} bytes; is it the right file?"
            )));
        }
        std::fs::read_to_string(&path).map_err(|e| fault(e.to_string()))
    }
}

fn literal_secret(at: &str, key: &str) -> ConfigFault {
    let text = format!(
        "a secret does not belong into this file; write {key} = {{ env = \"NAME\" }} or \
         {key} = {{ file = \"PATH\" }}"
    );
    ConfigFault::new(at, text)
}

/// A literal of the file as the vendors read it.
pub fn json(value: toml::Value) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
