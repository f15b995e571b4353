//! The settings of one Telnyx number.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use baton_core::{
    config::{ConfigFault, Field, base_url},
    secret::Secret,
};
use serde_json::{Map, Value};

use crate::{
    setting::{count, field, optional, required, secret, sender, text, word, yes_or_no},
    webhook::Webhook,
};

/// Telnyx's host (Messaging API; checked 2026-11-20).
const API_URL: &str = "https://api.telnyx.com";
/// Messages a second that may be set at most.
const MAX_PER_SECOND: u32 = 1_000;

/// The settings, from which the form and the file's keys come.
pub(super) const FIELDS: &[Field] = &[
    field("sender", "Sender", "the number that customers write to, as +15550100200"),
    secret("api_key", "API key", "begins with KEY; from Account > Keys & Credentials > API keys"),
    field(
        "public_key",
        "Public key",
        "from Account > Keys & Credentials > Public key; webhooks are checked with it",
    ),
    optional(field(
        "messaging_profile_id",
        "Messaging profile ID",
        "the profile that the number belongs to; the check compares its webhook",
    )),
    optional(field(
        "webhook_url",
        "Webhook address",
        "this inbox's hook address; reports then tell which message they are about, even after a lost answer",
    )),
    optional(field(
        "mms",
        "Files by MMS",
        "yes or no; leave out for yes with numbers of the US and Canada, else no",
    )),
    optional(field(
        "messages_per_second",
        "Messages per second",
        "what the number may send; leave out for 1",
    )),
    optional(field("api_url", "API address", "only for a proxy; leave out for Telnyx's own")),
];

/// The settings of one number, checked.
pub(super) struct Config {
    pub sender: String,
    /// The bearer token.
    pub api_key: Secret,
    /// Ed25519.
    pub public_key: Vec<u8>,
    pub profile: Option<String>,
    pub webhook: Option<Webhook>,
    /// The number can send files by MMS.
    pub mms: bool,
    pub per_second: u32,
    /// Host without a slash at the end.
    pub api_url: String,
}

impl Config {
    /// Reads settings whose keys have been checked.
    pub(super) fn read(
        settings: &Map<String, Value>,
        development: bool,
    ) -> Result<Self, ConfigFault> {
        let number = text(settings, "sender")?;
        let number = number.ok_or_else(|| ConfigFault::new("sender", "missing"))?;
        let sender = sender("sender", &number)?;
        let host = word(settings, "api_url")?.unwrap_or_else(|| API_URL.to_owned());
        let webhook = word(settings, "webhook_url")?;
        Ok(Self {
            api_key: Secret::new(required(settings, "api_key")?),
            public_key: public_key(settings)?,
            profile: profile(settings)?,
            webhook: webhook.map(|url| Webhook::read(&url, development)).transpose()?,
            mms: yes_or_no(settings, "mms")?.unwrap_or(sender.starts_with("+1")),
            sender,
            per_second: count(settings, "messages_per_second", MAX_PER_SECOND)?.unwrap_or(1),
            api_url: base_url("api_url", &host, development)?,
        })
    }
}

fn public_key(settings: &Map<String, Value>) -> Result<Vec<u8>, ConfigFault> {
    let text = required(settings, "public_key")?;
    let key = STANDARD.decode(text).ok().filter(|key| key.len() == 32);
    let fix = "must be the 44 characters that the Telnyx portal shows; copy it again";
    key.ok_or_else(|| ConfigFault::new("public_key", fix))
}

fn profile(settings: &Map<String, Value>) -> Result<Option<String>, ConfigFault> {
    const KEY: &str = "messaging_profile_id";
    let Some(id) = word(settings, KEY)? else { return Ok(None) };
    match id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
        true => Ok(Some(id)),
        false => Err(ConfigFault::new(KEY, "must be an ID with four dashes; copy it again")),
    }
}
