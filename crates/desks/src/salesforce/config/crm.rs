//! The second group of settings: access to the organisation's records. Left out altogether, live
//! conversations work, and contacts, cases and imported history are not connected.

mod cases;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use baton_core::config::{ConfigFault, Field, base_url};
use serde_json::Value;

use super::super::{key::SigningKey, policy::crm as policy};
use crate::settings::{Read, Settings, optional, yes};

pub use cases::{Cases, Transcript};

const LOGIN_URL: &str = "https://login.salesforce.com";

/// Access to the organisation's records.
#[derive(Debug)]
pub struct Crm {
    pub consumer_key: String,
    pub username: String,
    /// Where tokens are asked for.
    pub login_url: String,
    /// What assertions are signed with.
    pub key: Arc<SigningKey>,
    /// As it stands in addresses: `v63.0`.
    pub api_version: String,
    /// The text field of Contact, marked as external id, that keeps Baton's word for the customer.
    pub contact_external_id: Option<String>,
    /// Whether a customer who is not there is added.
    pub creates_contacts: bool,
    /// The field of MessagingSession that says until when the customer can be written to freely.
    pub window_field: Option<String>,
    /// The connected app that may bring earlier messages into a session; none: no import.
    pub history_app: Option<String>,
    pub cases: Cases,
}

/// The settings of this group, in the order of the form.
pub const FIELDS: &[Field] = &[
    field(
        "crm_consumer_key",
        "Consumer key",
        "of the External Client App (Setup, External Client App Manager); with it and crm_username \
         contacts, cases and history are connected",
    ),
    field("crm_username", "User name", "the integration user that the app acts for"),
    field(
        "crm_login_url",
        "Login address",
        "https://login.salesforce.com when empty; https://test.salesforce.com for a sandbox, or \
         your My Domain",
    ),
    Field {
        key: "crm_private_key",
        label: "Private key of the app",
        help: "PEM of the RSA key whose certificate the app has; private_key when empty",
        secret: true,
        required: false,
    },
    field("api_version", "API version", "v63.0 when empty, which is the oldest that serves"),
    field(
        "contact_external_id_field",
        "External id field of Contact",
        "a text field marked External ID and Unique, such as Baton_Id__c; with it making a contact \
         can be repeated safely",
    ),
    field(
        "create_contacts",
        "Create contacts",
        "yes or no: whether a customer whom nobody fits becomes a new contact; yes when empty",
    ),
    field(
        "window_field",
        "Window field",
        "a date/time field of Messaging Session that keeps until when the customer can be written \
         to freely; none when empty",
    ),
    field(
        "history_connected_app",
        "Connected app for history",
        "the developer name that the channel's embeddedConfig.connectedApp holds; then what the AI \
         and the customer said is imported; a transcript is written when empty",
    ),
    field(
        "case_external_id_field",
        "External id field of Case",
        "a text field marked External ID and Unique, such as Baton_Handoff__c; with it making a \
         case can be repeated safely",
    ),
    field("case_owner", "Case owner", "id of a user or queue, or a queue's name"),
    field("case_record_type", "Case record type", "its id or name"),
    field(
        "case_origin",
        "Case origin",
        "origin per channel as JSON: {\"whatsapp\": \"WhatsApp\"}; Phone, Email and Web are there",
    ),
    field(
        "case_priority",
        "Case priority",
        "priority by sentiment or classification as JSON: {\"very negative\": \"High\"}",
    ),
    field(
        "case_properties",
        "Further case fields",
        "as JSON by API name: {\"Type\": \"Delivery\", \"Source__c\": \"Baton\"}",
    ),
    field("open_case", "A customer's open case", "append or new; new when empty"),
    field(
        "resolve_on_close",
        "Close the case",
        "yes or no: when the session closes; no when empty",
    ),
    field("case_closed_status", "Status of closed cases", "Closed when empty"),
    field("case_transcript", "Words on a case", "comments or feed; comments when empty"),
    field(
        "case_answers",
        "Answers to the customer",
        "comment, email, feed, separated by commas, or none: public comments, sent e-mails, feed \
         posts that all may see; comment,email when empty",
    ),
];

const fn field(key: &'static str, label: &'static str, help: &'static str) -> Field {
    Field { key, label, help, secret: false, required: false }
}

impl Crm {
    /// Reads the group; none where neither of the two settings is there that it needs. `shared` is
    /// the messaging key.
    pub fn read(
        settings: &Settings,
        development: bool,
        shared: &Arc<SigningKey>,
    ) -> Read<Option<Self>> {
        let key = optional(settings, "crm_consumer_key")?;
        let user = optional(settings, "crm_username")?;
        let (consumer_key, username) = match (key, user) {
            (Some(key), Some(user)) => (key, user),
            (None, None) => return unconnected(settings),
            (Some(_), None) => return Err(ConfigFault::new("crm_username", "missing")),
            (None, Some(_)) => return Err(ConfigFault::new("crm_consumer_key", "missing")),
        };
        Ok(Some(Self {
            consumer_key: one_word("crm_consumer_key", consumer_key)?,
            username: one_word("crm_username", username)?,
            login_url: login_url(settings, development)?,
            key: match optional(settings, "crm_private_key")? {
                Some(pem) => Arc::new(SigningKey::read("crm_private_key", pem)?),
                None => Arc::clone(shared),
            },
            api_version: api_version(settings)?,
            contact_external_id: field_name(settings, "contact_external_id_field")?,
            creates_contacts: yes(settings, "create_contacts", true)?,
            window_field: field_name(settings, "window_field")?,
            history_app: developer_name(settings, "history_connected_app")?,
            cases: Cases::read(settings)?,
        }))
    }

    /// For whom assertions are meant: the login hosts stand for every My Domain behind them, whose
    /// own address is only for sites ("OAuth 2.0 JWT Bearer Flow for Server-to-Server
    /// Integration", checked 2026-11).
    pub fn audience(&self) -> &str {
        match self.login_url.strip_suffix(".my.salesforce.com") {
            Some(name) if name.ends_with(".sandbox") => "https://test.salesforce.com",
            Some(_) => LOGIN_URL,
            None => &self.login_url,
        }
    }
}

/// A setting of the group without the two that connect it would do nothing, silently.
fn unconnected<T>(settings: &Settings) -> Read<Option<T>> {
    let given = |field: &&Field| match settings.get(field.key) {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.trim().is_empty(),
        Some(_) => true,
    };
    match FIELDS.iter().find(given) {
        None => Ok(None),
        Some(field) => Err(ConfigFault::new(
            field.key,
            "needs access to records: set crm_consumer_key and crm_username as well",
        )),
    }
}

fn one_word(key: &str, text: &str) -> Read<String> {
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(ConfigFault::new(key, "has a space in it; paste it again"));
    }
    Ok(text.to_owned())
}

/// Whatever page of the login host was pasted; Lightning's own host issues no tokens.
fn login_url(settings: &Settings, development: bool) -> Read<String> {
    const KEY: &str = "crm_login_url";
    let Some(given) = optional(settings, KEY)? else { return Ok(LOGIN_URL.to_owned()) };
    let rest = given.strip_prefix("https://").unwrap_or(given);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match host.strip_suffix(".lightning.force.com") {
        Some(name) => Ok(format!("https://{name}.my.salesforce.com")),
        None => base_url(KEY, given, development),
    }
}

fn api_version(settings: &Settings) -> Read<String> {
    const KEY: &str = "api_version";
    let Some(given) = optional(settings, KEY)? else { return Ok(policy::API_VERSION.to_owned()) };
    let number = given.trim_start_matches(['v', 'V']);
    let number: Option<u32> = number.strip_suffix(".0").unwrap_or(number).parse().ok();
    match number {
        Some(number) if (policy::API_FLOOR..1_000).contains(&number) => Ok(format!("v{number}.0")),
        Some(_) => Err(ConfigFault::new(KEY, format!("v{}.0 is the oldest", policy::API_FLOOR))),
        None => Err(ConfigFault::new(KEY, "write it as v63.0")),
    }
}

/// An API name: it stands in addresses and queries.
fn field_name(settings: &Settings, key: &str) -> Read<Option<String>> {
    named(settings, key, "write the field's API name, such as Baton_Id__c")
}

fn developer_name(settings: &Settings, key: &str) -> Read<Option<String>> {
    named(settings, key, "write the developer name: letters, digits and _, no spaces")
}

fn named(settings: &Settings, key: &str, cure: &str) -> Read<Option<String>> {
    let Some(given) = optional(settings, key)? else { return Ok(None) };
    if is_name(given) { Ok(Some(given.to_owned())) } else { Err(ConfigFault::new(key, cure)) }
}

/// Names of fields, objects and developer names, with a namespace or without.
fn is_name(text: &str) -> bool {
    (1..=policy::NAME_MAX).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
