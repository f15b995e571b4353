//! The settings of one Dynamics 365 organisation: checked once, with the key and the fix named.

use baton_core::{
    config::{ConfigFault, Field, base_url, check_keys},
    secret::Secret,
};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::policy;

const LOGIN_URL: &str = "https://login.microsoftonline.com";

/// The form, in the order in which a person finds the values.
pub const FIELDS: &[Field] = &[
    field("tenant_id", "Tenant id", "Entra admin center, Overview, Tenant ID", true),
    field("client_id", "Client id", "the app registration's Application (client) ID", true),
    Field {
        key: "client_secret",
        label: "Client secret",
        help: "the Value (not the Secret ID) of a client secret of the app registration",
        secret: true,
        required: true,
    },
    field(
        "environment_url",
        "Environment URL",
        "the organisation's address, such as https://contoso.crm4.dynamics.com",
        true,
    ),
    field(
        "organization_id",
        "Organization id",
        "Power Platform admin center, the environment, Details, Organization ID",
        true,
    ),
    field(
        "channel_id",
        "Channel id",
        "msdyn_occustommessagingchannelid of the channel record made for Baton",
        true,
    ),
    field(
        "webhook_audience",
        "Webhook audience",
        "the application that Microsoft's webhook tokens are issued for; the client id when empty",
        false,
    ),
    field(
        "messaging_url",
        "Messaging URL",
        "derived from organization_id and the region of environment_url when empty",
        false,
    ),
    field(
        "messaging_scope",
        "Messaging scope",
        "derived from organization_id and the region of environment_url when empty",
        false,
    ),
    field("login_url", "Login URL", "https://login.microsoftonline.com when empty", false),
    field(
        "start_message_form",
        "Form of the start message",
        "object or string; object when empty, string where creating a conversation is refused for it",
        false,
    ),
    field(
        "attachment_mb",
        "Attachment limit",
        "the organisation's largest attachment in MB, 1 to 128; 5 when empty",
        false,
    ),
    field(
        "file_hosts",
        "Hosts of files",
        "other hosts that reps' files come from, separated by commas; Microsoft's are known",
        false,
    ),
    field(
        "workstream_id",
        "Workstream id",
        "shown to operators only: the channel record decides the workstream",
        false,
    ),
];

const fn field(
    key: &'static str,
    label: &'static str,
    help: &'static str,
    required: bool,
) -> Field {
    Field { key, label, help, secret: false, required }
}

/// The settings, checked. GUIDs are in lower case with hyphens, addresses without a final slash.
#[derive(Debug)]
pub struct Config {
    pub tenant_id: String,
    pub client_id: String,
    pub client_secret: Secret,
    pub environment_url: String,
    pub organization_id: String,
    pub channel_id: String,
    pub webhook_audience: String,
    pub messaging_url: String,
    pub messaging_scope: String,
    pub login_url: String,
    /// The start message of a conversation is sent as bare words.
    pub plain_start_message: bool,
    /// The most bytes of one attachment.
    pub attachment_bytes: u64,
    /// Hosts of reps' files beside Microsoft's.
    pub file_hosts: Vec<String>,
    /// Plain http and loopback addresses are accepted.
    pub development: bool,
}

impl Config {
    /// Reads and checks the settings.
    pub fn read(settings: &Map<String, Value>, development: bool) -> Result<Self, ConfigFault> {
        check_keys(FIELDS, settings)?;
        let environment_url =
            base_url("environment_url", required(settings, "environment_url")?, development)?;
        let organization_id = guid(settings, "organization_id")?;
        let client_id = guid(settings, "client_id")?;
        if optional(settings, "workstream_id")?.is_some() {
            guid(settings, "workstream_id")?;
        }
        Ok(Self {
            tenant_id: guid(settings, "tenant_id")?,
            client_secret: client_secret(settings)?,
            channel_id: guid(settings, "channel_id")?,
            webhook_audience: audience(settings)?.unwrap_or_else(|| client_id.clone()),
            messaging_url: messaging_url(
                settings,
                &organization_id,
                &environment_url,
                development,
            )?,
            messaging_scope: messaging_scope(settings, &organization_id, &environment_url)?,
            login_url: match optional(settings, "login_url")? {
                Some(url) => base_url("login_url", url, development)?,
                None => LOGIN_URL.to_owned(),
            },
            attachment_bytes: attachment_mb(settings)? * 1_024 * 1_024,
            file_hosts: file_hosts(settings)?,
            plain_start_message: plain_start_message(settings)?,
            development,
            client_id,
            environment_url,
            organization_id,
        })
    }

    /// The scope of tokens for Dataverse.
    pub fn dataverse_scope(&self) -> String {
        format!("{}/.default", self.environment_url)
    }
}

fn optional<'a>(
    settings: &'a Map<String, Value>,
    key: &str,
) -> Result<Option<&'a str>, ConfigFault> {
    match settings.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
        Some(_) => Err(ConfigFault::new(key, "must be text; put it in quotes")),
    }
}

fn required<'a>(settings: &'a Map<String, Value>, key: &str) -> Result<&'a str, ConfigFault> {
    optional(settings, key)?.ok_or_else(|| ConfigFault::new(key, "missing"))
}

fn guid(settings: &Map<String, Value>, key: &str) -> Result<String, ConfigFault> {
    let text = required(settings, key)?;
    read_guid(text).ok_or_else(|| {
        ConfigFault::new(
            key,
            "not a GUID; it has the form 00000000-0000-0000-0000-000000000000, without braces",
        )
    })
}

/// The hyphenated form only: every other spelling is more likely a wrong paste.
fn read_guid(text: &str) -> Option<String> {
    let id = Uuid::try_parse(text).ok().filter(|_| text.len() == 36)?;
    Some(id.hyphenated().to_string())
}

fn client_secret(settings: &Map<String, Value>) -> Result<Secret, ConfigFault> {
    let text = required(settings, "client_secret")?;
    if read_guid(text).is_some() {
        return Err(ConfigFault::new(
            "client_secret",
            "this is the Secret ID; paste the secret's Value, shown once when it is made",
        ));
    }
    Ok(Secret::new(text))
}

fn audience(settings: &Map<String, Value>) -> Result<Option<String>, ConfigFault> {
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

fn attachment_mb(settings: &Map<String, Value>) -> Result<u64, ConfigFault> {
    const KEY: &str = "attachment_mb";
    let Some(text) = optional(settings, KEY)? else { return Ok(policy::ATTACHMENT_MB) };
    let number = text.parse().ok().filter(|mb| (1..=policy::ATTACHMENT_MOST_MB).contains(mb));
    number.ok_or_else(|| ConfigFault::new(KEY, "write a whole number from 1 to 128"))
}

/// Microsoft's page shows an object and its reference a string ("Create a conversation", Messaging
/// API; checked 2026-11-20).
fn plain_start_message(settings: &Map<String, Value>) -> Result<bool, ConfigFault> {
    const KEY: &str = "start_message_form";
    match optional(settings, KEY)? {
        None | Some("object") => Ok(false),
        Some("string") => Ok(true),
        Some(_) => Err(ConfigFault::new(KEY, "write object or string")),
    }
}

fn file_hosts(settings: &Map<String, Value>) -> Result<Vec<String>, ConfigFault> {
    const KEY: &str = "file_hosts";
    let Some(text) = optional(settings, KEY)? else { return Ok(Vec::new()) };
    let hosts: Vec<String> = text.split(',').map(|host| host.trim().to_lowercase()).collect();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    if hosts.iter().any(|host| host.is_empty() || !host.chars().all(is_name)) {
        return Err(ConfigFault::new(KEY, "write host names only, as files.contoso.example"));
    }
    Ok(hosts)
}

fn messaging_url(
    settings: &Map<String, Value>,
    organization_id: &str,
    environment_url: &str,
    development: bool,
) -> Result<String, ConfigFault> {
    if let Some(url) = optional(settings, "messaging_url")? {
        return base_url("messaging_url", url, development);
    }
    let (geo, domain) = zone(environment_url).and_then(policy::geo).ok_or_else(|| {
        ConfigFault::new(
            "messaging_url",
            "the region cannot be read from environment_url; set messaging_url to \
             https://m-{organization id}.{geo}.omnichannelengagementhub.com",
        )
    })?;
    Ok(format!("https://m-{organization_id}.{geo}.omnichannelengagementhub.{domain}"))
}

fn messaging_scope(
    settings: &Map<String, Value>,
    organization_id: &str,
    environment_url: &str,
) -> Result<String, ConfigFault> {
    match optional(settings, "messaging_scope")? {
        Some(scope) if scope.starts_with("https://") && scope.ends_with("/.default") => {
            Ok(scope.to_owned())
        }
        Some(_) => Err(ConfigFault::new(
            "messaging_scope",
            "must start with https:// and end with /.default",
        )),
        None => {
            let organization = organization_id.replace('-', "");
            let zone = zone(environment_url).unwrap_or("crm");
            Ok(format!("https://{organization}-c.{zone}.dynamics.com/.default"))
        }
    }
}

/// The label that names the region: `crm4` in `contoso.crm4.dynamics.com` and in
/// `contoso.api.crm4.dynamics.com`.
fn zone(environment_url: &str) -> Option<&str> {
    let host = environment_url.strip_prefix("https://")?;
    let host = host.strip_suffix(".dynamics.com")?;
    host.rsplit('.').next().filter(|zone| zone.starts_with("crm") && host.contains('.'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings(change: &[(&str, Value)]) -> Map<String, Value> {
        let mut settings = json!({
            "tenant_id": "AAAAAAAA-0000-4000-8000-000000000001",
            "client_id": "aaaaaaaa-0000-4000-8000-000000000002",
            "client_secret": "not~a~real~secret",
            "environment_url": "https://contoso.crm4.dynamics.com/",
            "organization_id": "aaaaaaaa-0000-4000-8000-000000000003",
            "channel_id": "aaaaaaaa-0000-4000-8000-000000000004",
        })
        .as_object()
        .unwrap()
        .clone();
        for (key, value) in change {
            settings.insert((*key).to_owned(), value.clone());
        }
        settings
    }

    #[test]
    fn what_can_be_derived_is_derived() {
        let config = Config::read(&settings(&[]), false).unwrap();
        assert_eq!(config.tenant_id, "aaaaaaaa-0000-4000-8000-000000000001");
        assert_eq!(config.webhook_audience, config.client_id);
        assert_eq!(config.login_url, "https://login.microsoftonline.com");
        assert_eq!(
            config.messaging_url,
            "https://m-aaaaaaaa-0000-4000-8000-000000000003.eu.omnichannelengagementhub.com"
        );
        assert_eq!(
            config.messaging_scope,
            "https://aaaaaaaa000040008000000000000003-c.crm4.dynamics.com/.default"
        );
        assert_eq!(config.dataverse_scope(), "https://contoso.crm4.dynamics.com/.default");
    }

    #[test]
    fn the_government_cloud_has_its_own_domain() {
        let env = json!("https://contoso.api.crm9.dynamics.com");
        let config = Config::read(&settings(&[("environment_url", env)]), false).unwrap();
        assert!(config.messaging_url.ends_with(".gov.omnichannelengagementhub.us"));
    }

    #[test]
    fn wrong_values_are_refused_with_the_key_and_the_fix() {
        for (key, value, words) in [
            ("tenant_id", json!("contoso.onmicrosoft.com"), "not a GUID"),
            ("channel_id", json!("{aaaaaaaa-0000-4000-8000-000000000004}"), "without braces"),
            ("organization_id", json!(""), "missing"),
            ("organization_id", json!(7), "text"),
            ("client_secret", json!("aaaaaaaa-0000-4000-8000-000000000009"), "Secret ID"),
            ("environment_url", json!("https://contoso.crm4.dynamics.com/main.aspx"), "after"),
            ("environment_url", json!("http://contoso.crm4.dynamics.com"), "https"),
            ("webhook_audience", json!("the app"), "GUID"),
            ("messaging_scope", json!("everything"), "/.default"),
            ("login_url", json!("https://127.0.0.1"), "development"),
            ("workstream_id", json!("support"), "not a GUID"),
            ("attachment_mb", json!("129"), "1 to 128"),
            ("start_message_form", json!("xml"), "object or string"),
            ("file_hosts", json!("https://files.example/x"), "host names"),
            ("queue", json!("x"), "unknown setting"),
        ] {
            let fault = Config::read(&settings(&[(key, value)]), false).unwrap_err();
            assert_eq!(fault.key, key);
            assert!(fault.text.contains(words), "{key}: {}", fault.text);
        }
    }

    #[test]
    fn an_unknown_region_asks_for_the_address() {
        let env = json!("https://crm.contoso.example");
        let fault = Config::read(&settings(&[("environment_url", env)]), false).unwrap_err();
        assert_eq!(fault.key, "messaging_url");
    }

    #[test]
    fn the_secret_is_never_printed() {
        let config = Config::read(&settings(&[]), false).unwrap();
        assert!(!format!("{config:?}").contains("not~a~real"));
    }
}
