//! Points that the documentation of messaging leaves open, or that observers report in two ways.

use crate::{Switch, Values};

/// Every open point of messaging; those of the records are in [`super::crm`].
pub const SWITCHES: &[Switch] = &[Switch {
    name: "salesforce.token_life_s",
    values: Values::Number { min: 1, max: 604_800 },
    default: "21600",
    about: "lifetime of messaging access tokens in seconds",
}];
