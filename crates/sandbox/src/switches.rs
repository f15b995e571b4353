//! Named choices: every point that the vendors' documentation leaves open can be tried both ways.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

/// What a switch may be set to.
pub enum Values {
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A whole number in this range.
    Number { min: i64, max: i64 },
}

/// One open point, with what is taken for granted until somebody says otherwise.
pub struct Switch {
    /// `<vendor>.<what>`.
    pub name: &'static str,
    pub values: Values,
    pub default: &'static str,
    pub about: &'static str,
}

impl Switch {
    fn accepts(&self, value: &str) -> bool {
        match self.values {
            Values::Choice(choices) => choices.contains(&value),
            Values::Number { min, max } => {
                value.parse().is_ok_and(|number: i64| (min..=max).contains(&number))
            }
        }
    }
}

/// The switches of all simulators and what they are set to.
pub struct Switches {
    known: Vec<&'static Switch>,
    set: Mutex<BTreeMap<&'static str, String>>,
}

impl Switches {
    pub fn new(groups: &[&'static [Switch]]) -> Self {
        Self { known: groups.iter().copied().flatten().collect(), set: Mutex::default() }
    }

    /// The word a switch is set to; empty for an unknown name.
    pub fn get(&self, name: &str) -> String {
        if let Some(value) = self.set().get(name) {
            return value.clone();
        }
        self.find(name).map_or(String::new(), |switch| switch.default.to_owned())
    }

    /// Whether a switch is set to `value`.
    pub fn is(&self, name: &str, value: &str) -> bool {
        self.get(name) == value
    }

    /// The number a switch is set to; 0 for an unknown name.
    pub fn number(&self, name: &str) -> i64 {
        self.get(name).parse().unwrap_or(0)
    }

    /// Sets a switch; an error says what it may be set to.
    pub fn change(&self, name: &str, value: &Value) -> Result<(), String> {
        let Some(switch) = self.find(name) else {
            return Err(format!("no switch is called {name}; GET /_control/switches lists them"));
        };
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if !switch.accepts(&text) {
            return Err(format!(
                "switch {name} cannot be {text}; it takes {}",
                describe(&switch.values)
            ));
        }
        self.set().insert(switch.name, text);
        Ok(())
    }

    /// Every switch with its value, choices and default.
    pub fn list(&self) -> Value {
        let rows = self.known.iter().map(|switch| {
            json!({
                "name": switch.name,
                "value": self.get(switch.name),
                "default": switch.default,
                "values": describe(&switch.values),
                "about": switch.about,
            })
        });
        Value::Array(rows.collect())
    }

    fn find(&self, name: &str) -> Option<&'static Switch> {
        self.known.iter().copied().find(|switch| switch.name == name)
    }

    fn set(&self) -> MutexGuard<'_, BTreeMap<&'static str, String>> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn describe(values: &Values) -> Value {
    match values {
        Values::Choice(choices) => json!(choices),
        Values::Number { min, max } => json!({ "min": min, "max": max }),
    }
}
