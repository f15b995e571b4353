//! The JSON of the organisation's records ("REST API Developer Guide", checked 2026-11).

use serde::Deserialize;
use serde_json::Value;

/// A token for the REST API.
#[derive(Deserialize)]
pub struct CoreToken {
    pub access_token: String,
}

/// Why there is none.
#[derive(Default, Deserialize)]
pub struct TokenRefusal {
    #[serde(default)]
    pub error: String,
    #[serde(default)]
    pub error_description: String,
}

/// Who the token acts for ("User Info Response").
#[derive(Deserialize)]
pub struct UserInfo {
    pub user_id: String,
    #[serde(default)]
    pub organization_id: String,
}

/// One refusal of a list.
#[derive(Clone, Debug, Deserialize)]
pub struct Refusal {
    #[serde(default)]
    pub message: String,
    #[serde(default, rename = "errorCode")]
    pub error_code: String,
    #[serde(default)]
    pub fields: Vec<String>,
}

/// The refusals in an answer; none where it is no list.
pub fn refusals(body: &[u8]) -> Vec<Refusal> {
    serde_json::from_slice(body).unwrap_or_default()
}

/// Rows of a query.
#[derive(Deserialize)]
pub struct Rows<T> {
    pub records: Vec<T>,
}

/// Rows of a search.
#[derive(Deserialize)]
pub struct Found<T> {
    #[serde(rename = "searchRecords")]
    pub records: Vec<T>,
}

/// What making a row says; an upsert may say nothing.
#[derive(Deserialize)]
pub struct Saved {
    #[serde(default)]
    pub id: Option<String>,
    #[serde(default = "yes")]
    pub success: bool,
    #[serde(default)]
    pub errors: Vec<SaveError>,
}

const fn yes() -> bool {
    true
}

/// One refusal inside a collection, whose code has another name there.
#[derive(Deserialize)]
pub struct SaveError {
    #[serde(default, rename = "statusCode", alias = "errorCode")]
    pub status_code: String,
    #[serde(default)]
    pub message: String,
    #[serde(default)]
    pub fields: Vec<String>,
}

impl From<SaveError> for Refusal {
    fn from(error: SaveError) -> Self {
        Self { message: error.message, error_code: error.status_code, fields: error.fields }
    }
}

/// A row of which only the id counts.
#[derive(Deserialize)]
pub struct IdRow {
    #[serde(rename = "Id")]
    pub id: String,
}

/// A contact, as far as it is looked at.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ContactRow {
    pub id: String,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub mobile_phone: Option<String>,
    pub home_phone: Option<String>,
    pub other_phone: Option<String>,
}

/// A case.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CaseRow {
    pub id: String,
    #[serde(default)]
    pub case_number: Option<String>,
    #[serde(default)]
    pub is_closed: bool,
}

/// A comment, an e-mail or a post on a case.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AnswerRow {
    pub id: String,
    pub comment_body: Option<String>,
    pub is_published: bool,
    pub text_body: Option<String>,
    pub html_body: Option<String>,
    pub status: Option<String>,
    pub body: Option<String>,
    pub is_rich_text: bool,
    pub visibility: Option<String>,
    pub created_date: Option<String>,
    pub message_date: Option<String>,
    pub created_by_id: Option<String>,
    pub created_by: Option<Named>,
}

/// Somebody's name.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Named {
    #[serde(default)]
    pub name: Option<String>,
}

/// A messaging session with its end user.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SessionRow {
    pub id: String,
    #[serde(default)]
    pub messaging_end_user_id: Option<String>,
    #[serde(default)]
    pub messaging_end_user: Option<EndUserRow>,
}

/// The end user of a session.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EndUserRow {
    #[serde(default)]
    pub messaging_platform_key: Option<String>,
    #[serde(default)]
    pub contact_id: Option<String>,
}

/// A file that was put on a case.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct VersionRow {
    #[serde(default)]
    pub description: Option<String>,
}

/// Several answers in one.
#[derive(Deserialize)]
pub struct Composite {
    #[serde(rename = "compositeResponse")]
    pub answers: Vec<SubAnswer>,
}

/// One of them.
#[derive(Deserialize)]
pub struct SubAnswer {
    #[serde(rename = "referenceId")]
    pub reference_id: String,
    #[serde(rename = "httpStatusCode")]
    pub status: u16,
    #[serde(default)]
    pub body: Value,
}

/// What may be done with an object ("sObject Describe").
#[derive(Deserialize)]
pub struct Describe {
    #[serde(default)]
    pub createable: bool,
    #[serde(default)]
    pub updateable: bool,
    #[serde(default)]
    pub queryable: bool,
    #[serde(default)]
    pub fields: Vec<FieldRow>,
}

/// One of its fields.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldRow {
    pub name: String,
    #[serde(default, rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub length: usize,
    #[serde(default)]
    pub createable: bool,
    #[serde(default)]
    pub updateable: bool,
    #[serde(default)]
    pub external_id: bool,
    #[serde(default)]
    pub unique: bool,
    #[serde(default)]
    pub picklist_values: Vec<PickRow>,
}

/// One value of a picklist.
#[derive(Deserialize)]
pub struct PickRow {
    #[serde(default)]
    pub value: String,
    #[serde(default = "yes")]
    pub active: bool,
}

/// What the import of history says ("Interaction Service API").
#[derive(Default, Deserialize)]
pub struct HistoryAnswer {
    #[serde(default)]
    pub success: Option<bool>,
    #[serde(default)]
    pub code: Option<i64>,
}

/// The public description of a deployment, as far as the import of history needs it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Deployment {
    pub embedded_service_config: DeploymentChannel,
}

/// The part that names its channel.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeploymentChannel {
    pub embedded_service_messaging_channel: Channel,
}

/// The channel.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Channel {
    pub channel_address_identifier: Option<String>,
}
