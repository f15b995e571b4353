//! The settings of one WhatsApp number.

use aws_lc_rs::hmac;
use baton_core::{
    config::{ConfigFault, Field, base_url},
    secret::Secret,
};
use serde_json::{Map, Value};

use crate::setting::{field, optional, required, secret, text, word};

/// Current Graph API version (Graph API changelog: v26.0 of 29 July 2026; checked 2026-11-20).
const GRAPH_VERSION: &str = "v26.0";
/// Meta's host for the Cloud API (Cloud API, Get Started; checked 2026-11-20).
const BASE_URL: &str = "https://graph.facebook.com";
/// Where Meta gives out customers' files (Cloud API, Media; checked 2026-11-20).
const MEDIA_HOSTS: &str = "lookaside.fbsbx.com";
/// The settings, from which the form and the file's keys come.
pub(super) const FIELDS: &[Field] = &[
    field(
        "phone_number_id",
        "Phone number ID",
        "the digits under WhatsApp > API Setup > Phone number ID (not the phone number)",
    ),
    field(
        "waba_id",
        "WhatsApp Business Account ID",
        "the digits under WhatsApp > API Setup > WhatsApp Business Account ID",
    ),
    secret(
        "access_token",
        "Access token",
        "a system user's token with whatsapp_business_messaging and whatsapp_business_management",
    ),
    secret("app_secret", "App secret", "the app's secret under App settings > Basic > App secret"),
    secret(
        "verify_token",
        "Verify token",
        "a long random word of your choice; enter the same one at Meta beside the callback URL",
    ),
    optional(secret(
        "second_app_secret",
        "Second app secret",
        "while the app secret is being changed: the other one; both are accepted",
    )),
    optional(field(
        "display_phone_number",
        "Phone number",
        "the number as customers see it; the check compares it with what Meta says",
    )),
    optional(field(
        "graph_version",
        "Graph API version",
        "such as v26.0; leave out for the default",
    )),
    optional(field("base_url", "Graph API address", "only for a proxy; leave out for Meta's own")),
    optional(field(
        "media_hosts",
        "Hosts of files",
        "only where Meta gives customers' files from other hosts: their names, separated by commas",
    )),
];

/// The settings of one number, checked.
pub(super) struct Config {
    /// The path segment for everything that the number does.
    pub phone_number_id: String,
    /// The account that owns the number, its templates and its subscriptions.
    pub waba_id: String,
    /// Digits, as customers dial it.
    pub display_phone_number: Option<String>,
    /// The bearer token.
    pub access_token: Secret,
    /// Compared with the word in the handshake.
    pub verify_token: Secret,
    /// The keys of webhook signatures: one, or two while the secret is being changed.
    pub signing_keys: Vec<hmac::Key>,
    /// Host and version, without a slash at the end.
    pub graph_url: String,
    /// The only hosts that files come from and that see the token for them.
    pub media_hosts: Vec<String>,
    /// Plain http and loopback addresses are accepted.
    pub development: bool,
}

impl Config {
    /// Reads settings whose keys have been checked.
    pub(super) fn read(
        settings: &Map<String, Value>,
        development: bool,
    ) -> Result<Self, ConfigFault> {
        let key_of = |text: String| hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes());
        let mut signing_keys = vec![key_of(required(settings, "app_secret")?)];
        signing_keys.extend(word(settings, "second_app_secret")?.map(key_of));
        let version = word(settings, "graph_version")?.unwrap_or_else(|| GRAPH_VERSION.to_owned());
        if !is_version(&version) {
            return Err(ConfigFault::new("graph_version", "write it as v26.0"));
        }
        let host = word(settings, "base_url")?.unwrap_or_else(|| BASE_URL.to_owned());
        let host = base_url("base_url", &host, development)?;
        Ok(Self {
            phone_number_id: digits(settings, "phone_number_id")?,
            waba_id: digits(settings, "waba_id")?,
            display_phone_number: phone(settings)?,
            access_token: Secret::new(required(settings, "access_token")?),
            verify_token: Secret::new(required(settings, "verify_token")?),
            signing_keys,
            media_hosts: media_hosts(settings, &host)?,
            graph_url: format!("{host}/{version}"),
            development,
        })
    }
}

fn media_hosts(settings: &Map<String, Value>, graph: &str) -> Result<Vec<String>, ConfigFault> {
    const KEY: &str = "media_hosts";
    let named = word(settings, KEY)?.unwrap_or_else(|| MEDIA_HOSTS.to_owned());
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let mut hosts: Vec<String> = named.split(',').map(str::to_owned).collect();
    if hosts.iter().any(|host| host.is_empty() || !host.chars().all(is_name)) {
        return Err(ConfigFault::new(KEY, "write host names only, as lookaside.fbsbx.com"));
    }
    let graph = graph.split_once("://").map_or(graph, |(_, rest)| rest);
    hosts.extend(graph.split([':', '/']).next().map(str::to_owned));
    Ok(hosts)
}

fn digits(settings: &Map<String, Value>, key: &str) -> Result<String, ConfigFault> {
    let text = required(settings, key)?;
    if text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(text);
    }
    Err(ConfigFault::new(key, "must be digits only; copy the ID from WhatsApp > API Setup"))
}

fn phone(settings: &Map<String, Value>) -> Result<Option<String>, ConfigFault> {
    const KEY: &str = "display_phone_number";
    let Some(text) = text(settings, KEY)? else { return Ok(None) };
    let number: String =
        text.chars().filter(|c| !matches!(c, '+' | ' ' | '-' | '(' | ')')).collect();
    if (5..=15).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Some(number));
    }
    Err(ConfigFault::new(
        KEY,
        "not a phone number; write it with its country code, as +15550123456",
    ))
}

fn is_version(text: &str) -> bool {
    let part = |text: &str| {
        (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    text.strip_prefix('v')
        .and_then(|rest| rest.split_once('.'))
        .is_some_and(|(major, minor)| part(major) && part(minor))
}
