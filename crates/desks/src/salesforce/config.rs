//! The settings of one Salesforce organisation: checked once, with the key and the fix named.

pub mod crm;
mod fields;
#[cfg(test)]
mod tests;
pub mod values;

use std::{collections::BTreeMap, sync::Arc};

use baton_core::config::{ConfigFault, check_keys};

use super::{ids, key::SigningKey, key_set::PublicHalf, policy};
use crate::settings::{Settings, hosts, optional, required, yes};
use crm::Crm;

pub use fields::FIELDS;

/// The issuer that the key generator writes where nobody names another.
pub const ISSUER: &str = "baton";

/// The settings, checked. Addresses are without a final slash.
#[derive(Debug)]
pub struct Config {
    /// The organisation's own address (My Domain).
    pub instance_url: String,
    /// Where messaging is.
    pub scrt_url: String,
    /// The organisation's id in 15 characters: what the stream wants.
    pub organization_id: String,
    /// The API name of the deployment of type Custom Client.
    pub deployment: String,
    /// `kid` of the key in the key set.
    pub auth_key_id: String,
    /// The key that proves who our customers are.
    pub private_key: Arc<SigningKey>,
    /// The key set's issuer.
    pub issuer: String,
    /// The key's public half as Salesforce fetches it.
    pub key_set: String,
    /// `aud` of the identity token, where the organisation wants one.
    pub audience: Option<String>,
    /// Further routing attributes, and their values.
    pub routing_attributes: Vec<(String, String)>,
    /// The fields that the deployment declares, with the most characters of each; found by the
    /// check.
    pub declared: BTreeMap<String, Option<usize>>,
    /// Greetings and other automatic messages go to the customer.
    pub relays_greetings: bool,
    /// What a bot of the organisation says goes to the customer.
    pub relays_bots: bool,
    /// The most bytes of a customer's file.
    pub file_bytes: u64,
    /// Hosts of reps' files beside Salesforce's.
    pub file_hosts: Vec<String>,
    /// Access to the organisation's records, where it is given.
    pub crm: Option<Crm>,
    /// Plain http and loopback addresses are accepted.
    pub development: bool,
}

impl Config {
    /// Reads and checks the settings.
    pub fn read(settings: &Settings, development: bool) -> Result<Self, ConfigFault> {
        check_keys(FIELDS, settings)?;
        let instance_url = values::instance_url(settings, development)?;
        let private_key =
            Arc::new(SigningKey::read("private_key", required(settings, "private_key")?)?);
        let auth_key_id = required(settings, "auth_key_id")?.to_owned();
        let issuer = optional(settings, "issuer")?.unwrap_or(ISSUER).to_owned();
        let public = PublicHalf::of(&private_key, &auth_key_id, &issuer)
            .map_err(|_| ConfigFault::new("private_key", "the key cannot sign; make a new one"))?;
        Ok(Self {
            scrt_url: values::scrt_url(settings, &instance_url, development)?,
            organization_id: values::organization_id(settings)?,
            deployment: values::developer_name(settings, "deployment")?,
            auth_key_id,
            issuer,
            key_set: public.set(),
            audience: optional(settings, "audience")?.map(str::to_owned),
            routing_attributes: values::routing_attributes(settings)?,
            declared: values::declared(settings)?,
            relays_greetings: yes(settings, "relay_greetings", false)?,
            relays_bots: yes(settings, "relay_bots", false)?,
            file_bytes: values::whole(settings, "file_bytes", policy::FILE_BYTES)?,
            file_hosts: hosts(settings, "file_hosts")?,
            crm: Crm::read(settings, development, &private_key)?,
            instance_url,
            private_key,
            development,
        })
    }

    /// The organisation's id as records hold it is known by its first 15 characters.
    pub fn is_ours(&self, organization_id: &str) -> bool {
        organization_id.get(..ids::SHORT) == Some(&self.organization_id)
    }
}
