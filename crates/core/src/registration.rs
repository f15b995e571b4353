//! Whether a number is registered so that carriers deliver what it sends.

use serde::{Deserialize, Serialize};

/// What can be expected of a number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Light {
    /// Carriers deliver.
    Green,
    /// It is being looked at by somebody else.
    Amber,
    /// Carriers refuse what it sends, until somebody acts.
    Red,
}

/// How a number is registered, as its vendor says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Registration {
    /// What can be expected.
    pub light: Light,
    /// The same in a sentence.
    pub summary: String,
    /// What to do next; nothing where it is green.
    #[serde(default)]
    pub next_step: Option<String>,
    /// What the vendor says: the name of each part, and its state.
    #[serde(default)]
    pub parts: Vec<(String, String)>,
}
