//! What a change changes, in lines for people. Secrets are compared, never shown.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// One value: shown, or only compared.
#[derive(Clone, PartialEq)]
enum Leaf {
    Plain(String),
    Secret(Value),
}

/// Everything that is compared of one thing, by key.
#[derive(Clone, PartialEq, Default)]
pub struct Leaves(BTreeMap<String, Leaf>);

impl Leaves {
    /// Adds a value, nested ones key by key.
    pub fn plain(mut self, key: &str, value: &Value) -> Self {
        self.flatten(key, value);
        self
    }

    /// Adds values that are compared and never shown.
    pub fn secrets(mut self, secrets: &Map<String, Value>) -> Self {
        let secrets = secrets.iter().map(|(key, value)| (key.clone(), Leaf::Secret(value.clone())));
        self.0.extend(secrets);
        self
    }

    fn flatten(&mut self, key: &str, value: &Value) {
        match value {
            Value::Object(map) => {
                for (name, value) in map {
                    let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                    self.flatten(&key, value);
                }
            }
            Value::Null => {}
            value => {
                self.0.insert(key.to_owned(), Leaf::Plain(value.to_string()));
            }
        }
    }
}

/// The lines of one thing; none when nothing changes.
pub fn compare(title: &str, before: Option<&Leaves>, after: Option<&Leaves>) -> Vec<String> {
    let none = Leaves::default();
    let sign = match (before, after) {
        (None, None) => return Vec::new(),
        (Some(before), Some(after)) if before == after => return Vec::new(),
        (None, Some(_)) => '+',
        (Some(_), None) => return vec![format!("- {title}")],
        (Some(_), Some(_)) => '~',
    };
    let (before, after) = (&before.unwrap_or(&none).0, &after.unwrap_or(&none).0);
    let mut keys: Vec<&String> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    let lines = keys.into_iter().filter_map(|key| line(key, before.get(key), after.get(key)));
    [format!("{sign} {title}")].into_iter().chain(lines.map(|l| format!("    {l}"))).collect()
}

fn line(key: &str, before: Option<&Leaf>, after: Option<&Leaf>) -> Option<String> {
    let text = match (before, after) {
        (Some(Leaf::Secret(old)), Some(Leaf::Secret(new))) if old == new => "unchanged".to_owned(),
        (before, after) if before == after => return None,
        (None, Some(Leaf::Secret(_))) => "set".to_owned(),
        (Some(Leaf::Secret(_)), None) => "removed".to_owned(),
        (_, Some(Leaf::Secret(_))) | (Some(Leaf::Secret(_)), _) => "changed".to_owned(),
        (None, Some(Leaf::Plain(new))) => new.clone(),
        (Some(Leaf::Plain(old)), None) => format!("{old} -> not set"),
        (Some(Leaf::Plain(old)), Some(Leaf::Plain(new))) => format!("{old} -> {new}"),
        (None, None) => return None,
    };
    Some(format!("{key}: {text}"))
}
