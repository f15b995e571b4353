//! The simulated company at Salesforce: its organisation, its deployment for custom clients, and its connected app.

use serde::Serialize;

use super::record_id;
use crate::Ids;

/// Keys that open nothing but this simulator.
const IDENTITY_KEY: &str = include_str!("fixtures/identity.key.pem");
const IDENTITY_CERTIFICATE: &str = include_str!("fixtures/identity.crt.pem");
const CORE_KEY: &str = include_str!("fixtures/core.key.pem");
const CORE_CERTIFICATE: &str = include_str!("fixtures/core.crt.pem");

/// Identifiers and secrets of one simulated organisation; every value is invented.
#[derive(Clone, Debug, Serialize)]
pub struct Account {
    /// Organisation id, as `X-Org-Id` must carry it, and with the suffix for systems that ignore case.
    pub org_id_15: String,
    pub org_id_18: String,
    /// The part of the host names that is the company's own.
    pub my_domain: String,
    /// API name of the embedded service deployment of type "Custom Client".
    pub deployment: String,
    /// Developer name and address of the messaging channel behind it.
    pub channel_name: String,
    pub channel_address: String,
    /// The messaging channel's record.
    pub channel_id: String,
    /// User verification: developer name and issuer of the key set, and the one key in it.
    pub key_set_name: String,
    pub key_set_issuer: String,
    pub key_id: String,
    pub identity_private_key_pem: String,
    pub identity_certificate_pem: String,
    /// The connected app for the records and for the history of conversations, and the user it acts for.
    pub connected_app: String,
    pub consumer_key: String,
    pub consumer_secret: String,
    pub username: String,
    pub user_id: String,
    pub core_private_key_pem: String,
    pub core_certificate_pem: String,
    /// The queue that new conversations come into.
    pub queue_id: String,
    pub queue_name: String,
}

impl Account {
    /// The same seed gives the same company.
    pub fn from_seed(seed: u64) -> Self {
        let ids = Ids::new(seed, "salesforce account");
        let record = |prefix: &str| record_id::new(&ids, prefix);
        let org_id_18 = record("00D");
        Self {
            org_id_15: org_id_18.chars().take(15).collect(),
            org_id_18,
            my_domain: "harborline".to_owned(),
            deployment: "Baton_Custom_Client".to_owned(),
            channel_name: "Baton_Messaging".to_owned(),
            channel_address: ids.guid(),
            channel_id: record("0Mj"),
            key_set_name: "Baton_Keys".to_owned(),
            key_set_issuer: "baton-hub".to_owned(),
            key_id: format!("baton-{}", ids.hex(8)),
            identity_private_key_pem: IDENTITY_KEY.to_owned(),
            identity_certificate_pem: IDENTITY_CERTIFICATE.to_owned(),
            connected_app: "Baton".to_owned(),
            consumer_key: format!("3MVG9fake{}", ids.alphanumeric(76)),
            consumer_secret: format!("FAKE{}", ids.hex(60).to_uppercase()),
            username: "integration@harborline.example".to_owned(),
            user_id: record("005"),
            core_private_key_pem: CORE_KEY.to_owned(),
            core_certificate_pem: CORE_CERTIFICATE.to_owned(),
            queue_id: record("00G"),
            queue_name: "Messaging".to_owned(),
        }
    }

    /// Whether this is the organisation's id, in either length; the short one is compared with case.
    pub(super) fn is_org(&self, id: &str) -> bool {
        id == self.org_id_15 || id.eq_ignore_ascii_case(&self.org_id_18)
    }

    /// Where this organisation's services are found under the sandbox's own address.
    pub fn urls(&self, base_url: &str) -> Urls {
        let base = format!("{}/salesforce", base_url.trim_end_matches('/'));
        Urls { login_url: base.clone(), instance_url: base.clone(), messaging_url: base }
    }
}

/// Base addresses, to which a client appends Salesforce's own paths.
#[derive(Clone, Debug, Serialize)]
pub struct Urls {
    /// `https://login.salesforce.com`; also what `aud` of a core assertion may be.
    pub login_url: String,
    /// `https://<MyDomain>.my.salesforce.com`.
    pub instance_url: String,
    /// `https://<MyDomain>.my.salesforce-scrt.com`.
    pub messaging_url: String,
}
