//! Access to the organisation's records: an optional group of settings.

use std::sync::Arc;

use baton_core::config::{ConfigFault, Field};

use super::{super::key::SigningKey, values::Settings};

/// The settings of this group.
pub const FIELDS: &[Field] = &[];

/// The settings, checked.
#[derive(Debug)]
pub struct Crm {}

impl Crm {
    /// Reads the group; none where it is left out. `key` signs where no other key is given.
    pub fn read(
        settings: &Settings,
        development: bool,
        key: &Arc<SigningKey>,
    ) -> Result<Option<Self>, ConfigFault> {
        let _ = (settings, development, key);
        Ok(None)
    }
}
