//! What the model says, and when.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Rules in one script.
const MAX_RULES: usize = 1_000;

/// The first rule whose text occurs in the last user message decides; then `obey`; then `default`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Script {
    pub rules: Vec<Rule>,
    /// The worst case: the model does whatever the customer's text tells it to.
    pub obey: bool,
    /// Said when no rule fits; made up to fit the requested schema if absent.
    pub default: Option<Value>,
}

/// One rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Occurs in the last user message, whatever the case; empty fits always.
    #[serde(default)]
    pub contains: String,
    /// Only for requests whose `response_format.json_schema.name` is this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// A string is said as it is, anything else as JSON.
    pub answer: Value,
}

impl Script {
    pub fn check(&self) -> Result<(), String> {
        if self.rules.len() > MAX_RULES {
            Err(format!("no more than {MAX_RULES} rules"))
        } else {
            Ok(())
        }
    }

    /// The scripted answer to `text`.
    pub fn find(&self, text: &str, schema: Option<&str>) -> Option<&Value> {
        let text = text.to_lowercase();
        let fits = |rule: &&Rule| {
            text.contains(&rule.contains.to_lowercase())
                && (rule.schema.is_none() || rule.schema.as_deref() == schema)
        };
        self.rules.iter().find(fits).map(|rule| &rule.answer)
    }
}
