//! The settings of one Dynamics 365 organisation: checked once, with the key and the fix named.

mod cases;
mod fields;
#[cfg(test)]
mod tests;
mod values;

use baton_core::{
    config::{ConfigFault, base_url, check_keys},
    secret::Secret,
    time::Timestamp,
};

use super::{
    credential::{Certificate, Credential},
    ids::read_guid,
    policy,
};
use crate::settings::{Settings, hosts, one_of, optional, yes};
use values::{column, context_variables, day, environment_url, guid, optional_guid, webhook_key};

pub use cases::{Cases, Rows};
pub use fields::FIELDS;

const LOGIN_URL: &str = "https://login.microsoftonline.com";

/// The settings, checked. GUIDs are in lower case with hyphens, addresses without a final slash.
#[derive(Debug)]
pub struct Config {
    pub tenant_id: String,
    pub client_id: String,
    /// How the application proves itself, in the order in which Entra is asked; never empty.
    pub credentials: Vec<Credential>,
    /// When the credential in use ends, as far as somebody said so.
    pub credential_ends: Option<Timestamp>,
    pub environment_url: String,
    /// Where the Messaging API is; none until the organisation's id is known.
    pub messaging: Option<Messaging>,
    /// The messaging channel of conversations whose route names none; found by the check.
    pub channel_id: Option<String>,
    /// The workstream of that channel.
    pub workstream_id: Option<String>,
    /// The legacy single setting: a workstream, or a queue for cases.
    pub default_queue_id: Option<String>,
    /// Further context variables of conversations, and their values.
    pub context_variables: Vec<(String, String)>,
    /// Whether reps' availability is asked for.
    pub asks_availability: bool,
    /// Whether the summary is written into the conversation's title.
    pub sets_subject: bool,
    /// The column of contact that keeps the session's id.
    pub contact_session_column: Option<String>,
    /// The column of contact that keeps the WhatsApp user id.
    pub contact_user_id_column: Option<String>,
    pub cases: Cases,
    /// The compatibility mode, where it is chosen.
    pub rows: Option<Rows>,
    pub webhook_audience: String,
    /// What Dataverse's own webhooks are known by; none takes none of them.
    pub dataverse_webhook_key: Option<Secret>,
    pub login_url: String,
    /// The start message of a conversation is sent as bare words.
    pub plain_start_message: bool,
    /// The most bytes of one attachment.
    pub attachment_bytes: u64,
    /// Hosts of reps' files beside Microsoft's.
    pub file_hosts: Vec<String>,
    /// Plain http and loopback addresses are accepted.
    pub development: bool,
    /// The settings as given, for what is derived once the organisation's id is known.
    messaging_url: Option<String>,
    messaging_scope: Option<String>,
}

/// Where the Messaging API of an organisation is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Messaging {
    pub organization_id: String,
    pub url: String,
    pub scope: String,
}

impl Config {
    /// Reads and checks the settings.
    pub fn read(settings: &Settings, development: bool) -> Result<Self, ConfigFault> {
        check_keys(FIELDS, settings)?;
        let client_id = guid(settings, "client_id")?;
        let mut config = Self {
            tenant_id: guid(settings, "tenant_id")?,
            credentials: credentials(settings)?,
            credential_ends: day(settings, "client_secret_expires_on")?,
            environment_url: environment_url(settings, development)?,
            messaging: None,
            channel_id: optional_guid(settings, "channel_id")?,
            workstream_id: optional_guid(settings, "workstream_id")?,
            default_queue_id: optional_guid(settings, "default_queue_id")?,
            context_variables: context_variables(settings)?,
            asks_availability: yes(settings, "availability", true)?,
            sets_subject: yes(settings, "set_subject", false)?,
            contact_session_column: column(settings, "contact_session_column")?,
            contact_user_id_column: column(settings, "contact_user_id_column")?,
            cases: Cases::read(settings)?,
            rows: Rows::read(settings)?,
            dataverse_webhook_key: webhook_key(settings)?,
            webhook_audience: audience(settings)?.unwrap_or_else(|| client_id.clone()),
            login_url: match optional(settings, "login_url")? {
                Some(url) => base_url("login_url", url, development)?,
                None => LOGIN_URL.to_owned(),
            },
            // Microsoft's page shows an object and its reference a string ("Create a
            // conversation", Messaging API; checked 2026-11-20).
            plain_start_message: one_of(
                settings,
                "start_message_form",
                &[("object", false), ("string", true)],
                false,
            )?,
            attachment_bytes: attachment_mb(settings)? * 1_024 * 1_024,
            file_hosts: hosts(settings, "file_hosts")?,
            development,
            messaging_url: match optional(settings, "messaging_url")? {
                Some(url) => Some(base_url("messaging_url", url, development)?),
                None => None,
            },
            messaging_scope: messaging_scope(settings)?,
            client_id,
        };
        if let Some(id) = optional_guid(settings, "organization_id")? {
            config.messaging = Some(config.messaging_of(&id)?);
        } else if config.messaging_url.is_none() {
            // So that an unknown region is said before anything is tried.
            config.messaging_of("")?;
        }
        Ok(config)
    }

    /// Where the Messaging API of the organisation is: as the settings say, or derived from the
    /// region in the environment's address.
    ///
    /// # Errors
    /// The region is not known, and the settings name no address.
    pub fn messaging_of(&self, organization_id: &str) -> Result<Messaging, ConfigFault> {
        let zone = zone(&self.environment_url);
        let url = match (&self.messaging_url, zone.and_then(policy::geo)) {
            (Some(url), _) => url.clone(),
            (None, Some((geo, domain))) => {
                format!("https://m-{organization_id}.{geo}.omnichannelengagementhub.{domain}")
            }
            (None, None) => {
                return Err(ConfigFault::new(
                    "messaging_url",
                    "the region cannot be read from environment_url; set messaging_url to \
                     https://m-{organization id}.{geo}.omnichannelengagementhub.com",
                ));
            }
        };
        let scope = self.messaging_scope.clone().unwrap_or_else(|| {
            let organization = organization_id.replace('-', "");
            format!("https://{organization}-c.{}.dynamics.com/.default", zone.unwrap_or("crm"))
        });
        Ok(Messaging { organization_id: organization_id.to_owned(), url, scope })
    }

    /// The scope of tokens for Dataverse.
    pub fn dataverse_scope(&self) -> String {
        format!("{}/.default", self.environment_url)
    }
}

/// At least one; a secret comes before a certificate, because whoever sets both is moving from
/// one to the other and the older one surely works.
fn credentials(settings: &Settings) -> Result<Vec<Credential>, ConfigFault> {
    let mut credentials = Vec::new();
    for key in ["client_secret", "client_secret_next"] {
        let Some(text) = optional(settings, key)? else { continue };
        if read_guid(text).is_some() {
            return Err(ConfigFault::new(
                key,
                "this is the Secret ID; paste the secret's Value, shown once when it is made",
            ));
        }
        credentials.push(Credential::Secret { key, value: Secret::new(text) });
    }
    match (optional(settings, "certificate")?, optional(settings, "certificate_key")?) {
        (None, None) => {}
        (Some(certificate), Some(key)) => {
            credentials.push(Credential::Certificate(Certificate::read(certificate, key)?));
        }
        (Some(_), None) => return Err(ConfigFault::new("certificate_key", "missing")),
        (None, Some(_)) => return Err(ConfigFault::new("certificate", "missing")),
    }
    if credentials.is_empty() {
        return Err(ConfigFault::new(
            "client_secret",
            "missing: paste the Value of a client secret, or set certificate and certificate_key",
        ));
    }
    Ok(credentials)
}

fn audience(settings: &Settings) -> Result<Option<String>, ConfigFault> {
    let Some(text) = optional(settings, "webhook_audience")? else { return Ok(None) };
    if let Some(id) = read_guid(text) {
        return Ok(Some(id));
    }
    if text.starts_with("api://") && !text.contains(char::is_whitespace) {
        return Ok(Some(text.to_owned()));
    }
    Err(ConfigFault::new(
        "webhook_audience",
        "must be an application's GUID or its Application ID URI (api://…)",
    ))
}

fn attachment_mb(settings: &Settings) -> Result<u64, ConfigFault> {
    const KEY: &str = "attachment_mb";
    let Some(text) = optional(settings, KEY)? else { return Ok(policy::ATTACHMENT_MB) };
    let number = text.parse().ok().filter(|mb| (1..=policy::ATTACHMENT_MOST_MB).contains(mb));
    number.ok_or_else(|| ConfigFault::new(KEY, "write a whole number from 1 to 128"))
}

fn messaging_scope(settings: &Settings) -> Result<Option<String>, ConfigFault> {
    const KEY: &str = "messaging_scope";
    match optional(settings, KEY)? {
        Some(scope) if scope.starts_with("https://") && scope.ends_with("/.default") => {
            Ok(Some(scope.to_owned()))
        }
        Some(_) => Err(ConfigFault::new(KEY, "must start with https:// and end with /.default")),
        None => Ok(None),
    }
}

/// The label that names the region: `crm4` in `contoso.crm4.dynamics.com` and in
/// `contoso.api.crm4.dynamics.com`.
fn zone(environment_url: &str) -> Option<&str> {
    let host = environment_url.strip_prefix("https://")?;
    let host = host.strip_suffix(".dynamics.com")?;
    host.rsplit('.').next().filter(|zone| zone.starts_with("crm") && host.contains('.'))
}
