//! The settings.

use std::time::Duration;

use baton_core::{
    config::{self, ConfigFault, Field},
    secret::Secret,
};
use serde_json::{Map, Value};

/// The settings, for forms and files.
pub const FIELDS: &[Field] = &[
    Field {
        key: "base_url",
        label: "Address",
        help: "the address up to and without /chat/completions, such as https://api.openai.com/v1",
        secret: false,
        required: true,
    },
    Field {
        key: "model",
        label: "Model",
        help: "the model's name as the endpoint knows it; it must support structured output",
        secret: false,
        required: true,
    },
    Field {
        key: "api_key",
        label: "API key",
        help: "the key that the endpoint expects as a bearer token; leave it out if it wants none",
        secret: true,
        required: false,
    },
    Field {
        key: "timeout_ms",
        label: "Time limit (ms)",
        help: "how long one call may take, 1000 to 60000, 10000 if left out",
        secret: false,
        required: false,
    },
    Field {
        key: "max_tokens",
        label: "Longest answer (tokens)",
        help: "how many tokens one answer may have, 100 to 4000, 800 if left out",
        secret: false,
        required: false,
    },
];

const TIMEOUT_MS: (u64, u64, u64) = (1_000, 10_000, 60_000);
const MAX_TOKENS: (u64, u64, u64) = (100, 800, 4_000);

/// The settings, read.
pub struct Config {
    /// Ends before `/chat/completions`.
    pub base_url: String,
    /// The model's name.
    pub model: String,
    /// The bearer token.
    pub api_key: Option<Secret>,
    /// The bound of one call.
    pub timeout: Duration,
    /// The bound of one answer.
    pub max_tokens: u64,
}

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    /// Names the setting that is wrong and the fix.
    pub fn read(settings: &Map<String, Value>, development: bool) -> Result<Self, ConfigFault> {
        let text = |key: &str| settings.get(key).and_then(Value::as_str).map(str::trim);
        let required = |key: &str| {
            text(key)
                .filter(|text| !text.is_empty())
                .ok_or_else(|| ConfigFault::new(key, "must be a text"))
        };
        let api_key = text("api_key").filter(|key| !key.is_empty());
        if api_key.is_some_and(|key| !key.chars().all(|c| c.is_ascii_graphic())) {
            return Err(ConfigFault::new(
                "api_key",
                "holds spaces or odd characters; paste it anew",
            ));
        }
        Ok(Self {
            base_url: base_url(required("base_url")?, development)?,
            model: required("model")?.to_owned(),
            api_key: api_key.map(Secret::new),
            timeout: Duration::from_millis(number(settings, "timeout_ms", TIMEOUT_MS)?),
            max_tokens: number(settings, "max_tokens", MAX_TOKENS)?,
        })
    }
}

/// Unlike elsewhere a path is part of the address here: `/v1`.
fn base_url(text: &str, development: bool) -> Result<String, ConfigFault> {
    let key = "base_url";
    let after_scheme = text.find("://").map_or(0, |at| at + 3);
    let path_at = text[after_scheme..].find('/').map_or(text.len(), |at| after_scheme + at);
    let (host, path) = text.split_at(path_at);
    let path = path.trim_end_matches('/');
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.');
    if !path.chars().all(plain) || path.contains("..") {
        return Err(ConfigFault::new(key, "the path may hold letters, digits, - _ . and / only"));
    }
    if path.ends_with("/chat/completions") {
        return Err(ConfigFault::new(key, "leave out /chat/completions"));
    }
    Ok(config::base_url(key, host, development)? + path)
}

fn number(
    settings: &Map<String, Value>,
    key: &str,
    (least, default, most): (u64, u64, u64),
) -> Result<u64, ConfigFault> {
    let Some(value) = settings.get(key) else { return Ok(default) };
    let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| ConfigFault::new(key, format!("must be a number from {least} to {most}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(settings: Value, development: bool) -> Result<Config, ConfigFault> {
        Config::read(settings.as_object().unwrap(), development)
    }

    #[test]
    fn addresses_keep_their_path_and_stay_outside() {
        let url = |text: &str, development| {
            read(json!({"base_url": text, "model": "m"}), development).map(|c| c.base_url)
        };
        assert_eq!(url("https://api.openai.com/v1/", false).unwrap(), "https://api.openai.com/v1");
        assert!(url("http://127.0.0.1:9/v1", true).is_ok());
        for bad in [
            "http://api.openai.com/v1",
            "https://127.0.0.1/v1",
            "https://localhost",
            "https://x.example/v1?key=1",
            "https://x.example/v1/chat/completions",
            "https://u:p@x.example/v1",
            "x.example",
        ] {
            assert!(url(bad, false).is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_have_bounds() {
        let settings =
            |ms: Value| json!({"base_url": "https://x.example", "model": "m", "timeout_ms": ms});
        assert!(read(settings(json!(5000)), false).is_ok());
        assert_eq!(read(settings(json!(5)), false).err().unwrap().key, "timeout_ms");
        assert!(read(settings(json!("soon")), false).is_err());
    }
}
