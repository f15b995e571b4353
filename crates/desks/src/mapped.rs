//! Values that a workspace maps: names of the desk's to texts in which words stand for what is
//! known of the handoff.

use baton_core::config::ConfigFault;
use serde_json::Value;

use crate::settings::{Read, Settings};

/// What may be mapped.
pub struct Rules<'a> {
    /// The setting.
    pub key: &'static str,
    /// The most names.
    pub most: usize,
    /// The most characters of a name.
    pub name_chars: usize,
    /// Whether Baton sets the name itself.
    pub is_ours: &'a dyn Fn(&str) -> bool,
    /// What a value may take from the handoff.
    pub words: &'a [&'a str],
}

impl Rules<'_> {
    /// Names that are none of ours, and values that take only what there is.
    pub fn read(&self, given: Settings) -> Read<Vec<(String, String)>> {
        if given.len() > self.most {
            return Err(self.wrong(format!("name at most {}", self.most)));
        }
        given.into_iter().map(|(name, value)| self.one(name, value)).collect()
    }

    fn one(&self, name: String, value: Value) -> Read<(String, String)> {
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !plain || !(1..=self.name_chars).contains(&name.len()) {
            return Err(self.wrong(format!("{name:?} is no name: use letters, digits and _")));
        }
        if (self.is_ours)(&name) {
            return Err(self.wrong(format!("{name} is set for every conversation already")));
        }
        let Value::String(value) = value else {
            return Err(self.wrong(format!("the value of {name} must be text")));
        };
        let mut words = value.split('{').skip(1).map(|rest| rest.split('}').next().unwrap_or(rest));
        match words.find(|word| !self.words.contains(word)) {
            Some(word) => {
                let known = self.words.join("}, {");
                Err(self.wrong(format!("{name} takes {{{word}}}; there are {{{known}}}")))
            }
            None => Ok((name, value)),
        }
    }

    fn wrong(&self, text: String) -> ConfigFault {
        ConfigFault::new(self.key, text)
    }
}

/// A mapped value with what it takes from the handoff; what is not known is nothing. Each word is
/// put in once, so that a customer's own braces stay as they are.
pub fn filled(value: &str, known: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((word, tail)) = after.split_once('}') else { break };
        out.push_str(before);
        out.push_str(&known(word).unwrap_or_default());
        rest = tail;
    }
    out + rest
}
