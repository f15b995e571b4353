//! Messaging's JSON, and nothing else: what is not needed is not named, and what may be missing
//! may be missing.

pub mod crm;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

/// Reads an answer.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<T> {
    serde_json::from_slice(body)
}

/// Reads what must be an object: a list would be taken for one, its items in order.
pub fn read_object<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    match body.trim_ascii_start().first() {
        Some(b'{') => serde_json::from_slice(body).map_err(|why| why.to_string()),
        _ => Err("it is no object".to_owned()),
    }
}

/// An error. Which members there are is not documented.
#[derive(Debug, Default, Deserialize)]
pub struct Refusal {
    #[serde(default)]
    pub message: Option<String>,
    #[serde(default, alias = "errorCode", alias = "code")]
    pub errorcode: Option<Value>,
}

/// What is asked for an access token.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenRequest<'a> {
    pub org_id: &'a str,
    pub es_developer_name: &'a str,
    pub capabilities_version: &'a str,
    pub platform: &'a str,
    pub authorization_type: &'a str,
    pub customer_identity_token: &'a str,
}

/// The answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenAnswer {
    pub access_token: String,
    #[serde(default)]
    pub last_event_id: Option<Value>,
    #[serde(default)]
    pub context: TokenContext,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TokenContext {
    pub end_user: EndUser,
    pub configuration: Configuration,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EndUser {
    pub subject: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Configuration {
    pub embedded_service_config: DeploymentConfig,
}

/// What a deployment says of itself.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeploymentConfig {
    pub deployment_type: Option<String>,
    pub forms: Vec<Form>,
    pub attachments: Option<Attachments>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Form {
    pub form_fields: Vec<FormField>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FormField {
    pub name: String,
    pub max_length: Option<f64>,
    pub required: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Attachments {
    pub end_user_to_agent: Option<bool>,
    pub max_file_size: Option<f64>,
}

/// The public description of a deployment.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PublicConfig {
    pub embedded_service_config: DeploymentConfig,
}

/// The part of an access token that says whose it is, and until when.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TokenClaims {
    pub exp: Option<f64>,
    pub org_id: Option<String>,
}

/// One event of the stream.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    #[serde(default)]
    pub conversation_id: String,
    #[serde(default)]
    pub conversation_entry: Option<Entry>,
}

/// One entry of a conversation, as the stream and the list bring it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Entry {
    pub identifier: String,
    pub entry_type: String,
    /// JSON text on the stream, an object in the list.
    pub entry_payload: Value,
    pub sender: Party,
    pub sender_display_name: Option<String>,
    pub transcripted_timestamp: Option<Value>,
    pub client_timestamp: Option<Value>,
    pub related_records: Vec<Value>,
    pub visibility_strategy: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Party {
    pub role: String,
    pub app_type: String,
    pub subject: String,
}

/// A page of entries, newest first.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Entries {
    pub conversation_entries: Vec<Entry>,
}

/// A conversation, as it is asked for by its id.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Conversation {
    pub conversation_id: String,
    pub routing_status: Option<Value>,
}
