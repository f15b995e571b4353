//! The settings of one Twilio sender.

use aws_lc_rs::hmac;
use baton_core::{
    config::{ConfigFault, Field, base_url},
    inbox::ChannelKind,
    secret::Secret,
};
use serde_json::{Map, Value};

use crate::{
    setting::{count, field, optional, required, secret, sender, text, word, yes_or_no},
    webhook::Webhook,
};

/// Twilio's host for messages and media (API overview; checked 2026-11-20).
pub(super) const API_URL: &str = "https://api.twilio.com";
/// Twilio's host for services, senders and typing (API overview; checked 2026-11-20).
const MESSAGING_URL: &str = "https://messaging.twilio.com";
/// Twilio's host for content templates (Content API; checked 2026-11-20).
const CONTENT_URL: &str = "https://content.twilio.com";
/// What stands before the address of a WhatsApp sender or customer.
pub(super) const WHATSAPP: &str = "whatsapp:";
/// Messages a second that may be set at most.
const MAX_PER_SECOND: u32 = 1_000;

/// The settings, from which the form and the file's keys come.
pub(super) const FIELDS: &[Field] = &[
    field(
        "account_sid",
        "Account SID",
        "AC and 32 letters or digits, on the start page of the Twilio Console",
    ),
    secret(
        "auth_token",
        "Auth token",
        "beside the Account SID; Twilio signs webhooks with it, so an API key does not replace it",
    ),
    optional(secret(
        "auth_token_secondary",
        "Secondary auth token",
        "while the auth token is being changed: the other one; webhooks signed with either are accepted",
    )),
    optional(field(
        "api_key_sid",
        "API key SID",
        "SK and 32 letters or digits; calls then use this key instead of the auth token",
    )),
    optional(secret(
        "api_key_secret",
        "API key secret",
        "shown once when the API key is made; belongs to the API key SID",
    )),
    optional(field(
        "sender",
        "Sender",
        "the number that customers write to, as +15550100200; for WhatsApp with whatsapp: before it",
    )),
    optional(field(
        "messaging_service_sid",
        "Messaging Service SID",
        "MG and 32 letters or digits, where a Messaging Service sends; with or instead of the sender",
    )),
    field(
        "webhook_url",
        "Webhook address",
        "the address of this inbox exactly as you paste it at Twilio; signatures are made over it",
    ),
    optional(secret(
        "shared_keys",
        "Webhook shared keys",
        "only where webhooks are signed with SharedKeys: id=secret, several with commas between",
    )),
    optional(field(
        "mms",
        "Files by MMS",
        "yes or no; leave out for yes with numbers of the US and Canada and services, else no",
    )),
    optional(field(
        "default_opt_out",
        "Twilio answers STOP, START and HELP",
        "yes or no; leave out for yes by SMS; no where Twilio has turned its default handling off for you",
    )),
    optional(field(
        "messages_per_second",
        "Messages per second",
        "what the sender may send, as Twilio says; leave out for 1 by SMS and 80 on WhatsApp",
    )),
    optional(field("api_url", "API address", "only for a proxy; leave out for Twilio's own")),
    optional(field(
        "messaging_url",
        "Messaging API address",
        "only for a proxy; leave out for Twilio's own",
    )),
    optional(field(
        "content_url",
        "Content API address",
        "only for a proxy; leave out for Twilio's own",
    )),
];

/// A key of the webhook signatures that is named in the request.
pub(super) struct SharedKey {
    pub id: String,
    pub sha1: hmac::Key,
    pub sha256: hmac::Key,
}

/// The settings of one sender, checked.
pub(super) struct Config {
    pub account_sid: String,
    /// The account or the API key, for Basic authentication.
    pub user: String,
    /// Its password.
    pub password: Secret,
    /// The auth tokens as keys of webhook signatures: one, or two while it is being changed.
    pub tokens: Vec<hmac::Key>,
    pub shared_keys: Vec<SharedKey>,
    /// SMS or WhatsApp.
    pub channel: ChannelKind,
    /// The number, without the channel's prefix.
    pub sender: Option<String>,
    pub service: Option<String>,
    pub webhook: Webhook,
    /// The sender can send files by MMS.
    pub mms: bool,
    /// Twilio answers the default words of opting out by itself.
    pub default_opt_out: bool,
    /// Set where Twilio allows another pace than the usual one.
    pub per_second: Option<u32>,
    /// Where messages and media are, without a slash at the end.
    pub api_url: String,
    /// Where services and senders are, without a slash at the end.
    pub messaging_url: String,
    /// Where content templates are, without a slash at the end.
    pub content_url: String,
}

impl Config {
    /// Reads settings whose keys have been checked.
    pub(super) fn read(
        settings: &Map<String, Value>,
        development: bool,
    ) -> Result<Self, ConfigFault> {
        let account_sid = sid(settings, "account_sid", "AC")?
            .ok_or_else(|| ConfigFault::new("account_sid", "missing"))?;
        let auth_token = required(settings, "auth_token")?;
        let second = word(settings, "auth_token_secondary")?;
        let token = |text: &String| sha1(text);
        let tokens = [Some(&auth_token), second.as_ref()].into_iter().flatten().map(token);
        let tokens = tokens.collect();
        let (user, password) = credentials(settings, &account_sid, auth_token)?;
        let channel = channel(settings);
        let (sender, service) = from(settings, channel)?;
        let host = |key: &str, usual: &str| {
            let text = word(settings, key)?.unwrap_or_else(|| usual.to_owned());
            base_url(key, &text, development)
        };
        let american = sender.as_deref().map_or(service.is_some(), |s| s.starts_with("+1"));
        Ok(Self {
            account_sid,
            user,
            password,
            tokens,
            shared_keys: shared_keys(settings)?,
            channel,
            mms: yes_or_no(settings, "mms")?.unwrap_or(american),
            default_opt_out: yes_or_no(settings, "default_opt_out")?
                .unwrap_or(channel == ChannelKind::Sms),
            sender,
            service,
            webhook: Webhook::read(&required(settings, "webhook_url")?, development)?,
            per_second: count(settings, "messages_per_second", MAX_PER_SECOND)?,
            api_url: host("api_url", API_URL)?,
            messaging_url: host("messaging_url", MESSAGING_URL)?,
            content_url: host("content_url", CONTENT_URL)?,
        })
    }

    /// An address as Twilio writes it on this channel.
    pub(super) fn address(&self, bare: &str) -> String {
        match self.channel {
            ChannelKind::Whatsapp => format!("{WHATSAPP}{bare}"),
            _ => bare.to_owned(),
        }
    }

    /// An address without the prefix of this channel; none where it belongs to another one.
    pub(super) fn bare<'a>(&self, address: &'a str) -> Option<&'a str> {
        match (self.channel, address.strip_prefix(WHATSAPP)) {
            (ChannelKind::Whatsapp, bare) => bare,
            (_, None) => Some(address).filter(|address| !address.contains(':')),
            (_, Some(_)) => None,
        }
    }
}

/// WhatsApp where the sender says so, else SMS.
pub(super) fn channel(settings: &Map<String, Value>) -> ChannelKind {
    let sender = settings.get("sender").and_then(Value::as_str).unwrap_or_default();
    match sender.trim().starts_with(WHATSAPP) {
        true => ChannelKind::Whatsapp,
        false => ChannelKind::Sms,
    }
}

fn sha1(text: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes())
}

fn sid(
    settings: &Map<String, Value>,
    key: &str,
    prefix: &str,
) -> Result<Option<String>, ConfigFault> {
    let Some(text) = word(settings, key)? else { return Ok(None) };
    let rest = text.strip_prefix(prefix).unwrap_or_default();
    if rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(Some(text));
    }
    let fix = format!("must be {prefix} and 32 letters or digits; copy it from the Twilio Console");
    Err(ConfigFault::new(key, fix))
}

fn credentials(
    settings: &Map<String, Value>,
    account_sid: &str,
    auth_token: String,
) -> Result<(String, Secret), ConfigFault> {
    match (sid(settings, "api_key_sid", "SK")?, word(settings, "api_key_secret")?) {
        (Some(user), Some(password)) => Ok((user, Secret::new(password))),
        (None, None) => Ok((account_sid.to_owned(), Secret::new(auth_token))),
        (Some(_), None) => Err(ConfigFault::new("api_key_secret", "missing beside api_key_sid")),
        (None, Some(_)) => Err(ConfigFault::new("api_key_sid", "missing beside api_key_secret")),
    }
}

type From = (Option<String>, Option<String>);

fn from(settings: &Map<String, Value>, channel: ChannelKind) -> Result<From, ConfigFault> {
    const KEY: &str = "sender";
    let service = sid(settings, "messaging_service_sid", "MG")?;
    let number = match text(settings, KEY)? {
        None if service.is_none() => {
            let fix = "missing: give the sender, a messaging_service_sid, or both";
            return Err(ConfigFault::new(KEY, fix));
        }
        None => None,
        Some(text) => Some(sender(KEY, text.strip_prefix(WHATSAPP).unwrap_or(&text))?),
    };
    if channel == ChannelKind::Whatsapp && number.as_ref().is_some_and(|n| !n.starts_with('+')) {
        return Err(ConfigFault::new(KEY, "write it as whatsapp:+15550100200"));
    }
    Ok((number, service))
}

fn shared_keys(settings: &Map<String, Value>) -> Result<Vec<SharedKey>, ConfigFault> {
    const KEY: &str = "shared_keys";
    let text = text(settings, KEY)?.unwrap_or_default();
    let parts = text.split([',', ' ', '\n']).map(str::trim).filter(|part| !part.is_empty());
    let key = |part: &str| match part.split_once('=') {
        Some((id, secret)) if !id.is_empty() && !secret.is_empty() => Ok(SharedKey {
            id: id.to_owned(),
            sha1: sha1(secret),
            sha256: hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()),
        }),
        _ => Err(ConfigFault::new(KEY, "write each key as id=secret, with commas between")),
    };
    parts.map(key).collect()
}
