//! Messages that a vendor approved beforehand.

use serde::{Deserialize, Serialize};

/// A template to send, with its variables filled.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TemplateUse {
    /// Its name at the vendor.
    pub name: String,
    /// Its language code at the vendor, such as `en_US`.
    pub language: String,
    /// The variables of its body, in order.
    #[serde(default)]
    pub variables: Vec<String>,
    /// What the customer will read, as far as the workspace knows it.
    #[serde(default)]
    pub text: String,
    /// Whether it is a marketing template.
    #[serde(default)]
    pub marketing: bool,
}
