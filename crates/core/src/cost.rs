//! What a vendor charges for a message, as the vendor reports it. Never predicted.

use serde::{Deserialize, Serialize};

/// What a vendor says about the price of one message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Cost {
    /// The vendor's category, such as `service`, `utility` or `sms`.
    pub category: String,
    /// Whether it is charged.
    pub billable: bool,
    /// The vendor's reason, such as `regular` or `free_entry_point`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// How many parts were charged, where the vendor charges by part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<u32>,
    /// The price, where the vendor names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
}

impl Cost {
    /// What an earlier word of the vendor's said, with whatever a later one adds to it.
    pub fn completed(self, later: &Self) -> Self {
        Self {
            kind: self.kind.or_else(|| later.kind.clone()),
            segments: self.segments.or(later.segments),
            price: self.price.or_else(|| later.price.clone()),
            ..self
        }
    }
}

/// An amount of money.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Price {
    /// Millionths of the currency's unit.
    pub micros: i64,
    /// The currency (ISO 4217), upper case.
    pub currency: String,
}
