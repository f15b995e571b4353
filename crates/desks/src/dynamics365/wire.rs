//! Microsoft's JSON, and nothing else.
//!
//! The pages spell the same key differently (`conversationId`, `conversationid`), so every
//! answer is read with its keys in lower case.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

/// Reads JSON whatever the case of its keys.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_value(fold(serde_json::from_slice(body)?))
}

/// The same for what must be an object: a list would otherwise pass for one without keys.
pub fn read_object<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    read::<serde_json::Map<String, Value>>(body)
        .and_then(|object| serde_json::from_value(Value::Object(object)))
}

/// Lower-cases all keys. The depth is bounded by the reader that made the value.
fn fold(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            map.into_iter().map(|(key, value)| (key.to_lowercase(), fold(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(fold).collect(),
        other => other,
    }
}

/// Text, a number in its place, or nothing.
fn loose<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// A list, or null in its place.
fn listed<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A Bot Framework activity, as the webhook brings it and the messages listing shows it.
#[derive(Deserialize, Debug, Default)]
#[serde(default)]
pub struct Activity {
    #[serde(rename = "type", deserialize_with = "loose")]
    pub kind: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub name: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub text: Option<String>,
    pub from: Option<Party>,
    pub conversation: Option<Party>,
    #[serde(deserialize_with = "listed")]
    pub attachments: Vec<Attachment>,
    pub channeldata: Value,
    #[serde(deserialize_with = "loose")]
    pub messageid: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub timestamp: Option<String>,
}

/// Who or what an activity names.
#[derive(Deserialize, Debug, Default)]
#[serde(default)]
pub struct Party {
    #[serde(deserialize_with = "loose")]
    pub id: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub name: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub role: Option<String>,
}

/// A file beside a message.
#[derive(Deserialize, Debug, Default)]
#[serde(default)]
pub struct Attachment {
    #[serde(deserialize_with = "loose")]
    pub contenttype: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub contenturl: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub name: Option<String>,
}

/// The answer to `conversation/create`.
#[derive(Deserialize, Debug)]
pub struct Created {
    pub conversationid: String,
    #[serde(default, deserialize_with = "loose")]
    pub messageid: Option<String>,
}

/// The answer to an activity.
#[derive(Deserialize, Debug)]
pub struct Posted {
    #[serde(default, deserialize_with = "loose")]
    pub messageid: Option<String>,
}

/// One page of a conversation's messages.
#[derive(Deserialize, Debug)]
pub struct MessagesPage {
    pub messages: Vec<Activity>,
    #[serde(default, deserialize_with = "loose")]
    pub continuationtoken: Option<String>,
}

/// One page of the active conversations.
#[derive(Deserialize, Debug)]
pub struct ConversationsPage {
    pub conversations: Vec<ListedConversation>,
    #[serde(default, deserialize_with = "loose")]
    pub continuationtoken: Option<String>,
}

/// One active conversation.
#[derive(Deserialize, Debug)]
pub struct ListedConversation {
    pub conversationid: String,
}

/// A page of Dataverse rows.
#[derive(Deserialize, Debug)]
pub struct Rows<T> {
    pub value: Vec<T>,
}

/// A row of `msdyn_ocliveworkitems`.
#[derive(Deserialize, Debug)]
pub struct WorkRow {
    pub activityid: String,
    pub statecode: i64,
    pub statuscode: i64,
    #[serde(default)]
    pub modifiedon: Option<String>,
}

/// The customer of a row of `msdyn_ocliveworkitems`.
#[derive(Deserialize, Debug)]
pub struct CustomerRow {
    #[serde(default, rename = "_msdyn_customer_value", deserialize_with = "loose")]
    pub customer: Option<String>,
}

/// A row of `contacts`.
#[derive(Deserialize, Debug, Default)]
#[serde(default)]
pub struct ContactRow {
    pub contactid: String,
    pub statecode: i64,
    #[serde(rename = "_masterid_value", deserialize_with = "loose")]
    pub master: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub emailaddress1: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub mobilephone: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub telephone1: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub telephone2: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub telephone3: Option<String>,
}

/// The answer to the question for representatives.
#[derive(Deserialize, Debug, Default)]
#[serde(default)]
pub struct Availability {
    pub isqueueavailable: Option<bool>,
    pub isagentavailable: Option<bool>,
    #[serde(deserialize_with = "loose")]
    pub positioninqueue: Option<String>,
    /// Minutes.
    #[serde(deserialize_with = "loose")]
    pub averagewaittime: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub averagewaittimeinseconds: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub starttimeofnextoperatinghour: Option<String>,
}

/// A row of `msdyn_transcripts`.
#[derive(Deserialize, Debug)]
pub struct TranscriptRow {
    pub msdyn_transcriptid: String,
}

/// A row of `annotations`.
#[derive(Deserialize, Debug)]
pub struct NoteRow {
    #[serde(default)]
    pub documentbody: Option<String>,
}

/// The answer to `WhoAmI`.
#[derive(Deserialize, Debug)]
pub struct WhoAmI {
    pub organizationid: String,
    pub userid: String,
}

/// The answer to `RetrieveUserPrivileges`.
#[derive(Deserialize, Debug)]
pub struct UserPrivileges {
    pub roleprivileges: Vec<RolePrivilege>,
}

/// A privilege that a user's roles grant.
#[derive(Deserialize, Debug)]
pub struct RolePrivilege {
    #[serde(default)]
    pub privilegename: String,
    /// `Basic`, `Local`, `Deep` or `Global`.
    #[serde(default, deserialize_with = "loose")]
    pub depth: Option<String>,
}

/// A row of `msdyn_occustommessagingchannels`.
#[derive(Deserialize, Clone, Debug)]
pub struct ChannelRow {
    #[serde(rename = "msdyn_occustommessagingchannelid")]
    pub id: String,
    #[serde(default)]
    pub msdyn_name: Option<String>,
    #[serde(default)]
    pub msdyn_occustomchannelid: Option<i64>,
    #[serde(default)]
    pub msdyn_appid: Option<String>,
    #[serde(default)]
    pub msdyn_tenantid: Option<String>,
    #[serde(default)]
    pub msdyn_webhookurl: Option<String>,
    #[serde(default, rename = "_msdyn_liveworkstreamid_value")]
    pub workstream: Option<String>,
}

/// One message of a transcript note.
#[derive(Deserialize, Debug, Default)]
#[serde(default)]
pub struct TranscriptMessage {
    #[serde(deserialize_with = "loose")]
    pub id: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub content: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub createddatetime: Option<String>,
    pub iscontrolmessage: Option<bool>,
    /// `public,…`, or a list of such words.
    pub tags: Value,
    pub from: Option<TranscriptFrom>,
    #[serde(deserialize_with = "listed")]
    pub attachments: Vec<TranscriptAttachment>,
}

/// The speaker in a transcript note.
#[derive(Deserialize, Debug, Default)]
#[serde(default)]
pub struct TranscriptFrom {
    pub user: Option<TranscriptParty>,
    pub application: Option<TranscriptParty>,
}

/// A person or a program in a transcript note.
#[derive(Deserialize, Debug, Default)]
#[serde(default)]
pub struct TranscriptParty {
    #[serde(deserialize_with = "loose")]
    pub displayname: Option<String>,
}

/// A file in a transcript note.
#[derive(Deserialize, Debug, Default)]
#[serde(default)]
pub struct TranscriptAttachment {
    #[serde(deserialize_with = "loose")]
    pub filetype: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub name: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub annotationid: Option<String>,
}

/// A token from Entra.
#[derive(Deserialize)]
pub struct Token {
    pub access_token: String,
    /// Lifetime in seconds.
    pub expires_in: i64,
}

/// A refusal from Entra.
#[derive(Deserialize, Debug, Default)]
#[serde(default)]
pub struct TokenRefusal {
    pub error: String,
    pub error_codes: Vec<i64>,
}

/// The part of the OpenID metadata that is needed.
#[derive(Deserialize, Debug)]
pub struct Metadata {
    pub jwks_uri: String,
}

/// The signing keys of a tenant.
#[derive(Deserialize, Debug)]
pub struct KeySet {
    pub keys: Vec<Key>,
}

/// One signing key.
#[derive(Deserialize, Debug, Default)]
#[serde(default)]
pub struct Key {
    pub kty: String,
    #[serde(rename = "use")]
    pub purpose: Option<String>,
    pub kid: String,
    pub n: String,
    pub e: String,
}

/// The claims of a webhook token.
#[derive(Deserialize, Debug)]
pub struct Claims {
    pub iss: String,
    pub aud: Audience,
    pub tid: String,
    /// Seconds since 1970.
    pub exp: i64,
    /// Seconds since 1970.
    #[serde(default)]
    pub nbf: Option<i64>,
    #[serde(default)]
    pub appid: Option<String>,
    #[serde(default)]
    pub azp: Option<String>,
}

/// One audience or several.
#[derive(Deserialize, Debug)]
#[serde(untagged)]
pub enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    /// All of them.
    pub fn all(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// An RFC 7807 problem, or a Dataverse error.
#[derive(Deserialize, Debug, Default)]
#[serde(default)]
pub struct Problem {
    #[serde(deserialize_with = "loose")]
    pub title: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub detail: Option<String>,
    pub error: Option<DataverseError>,
}

/// What Dataverse says went wrong.
#[derive(Deserialize, Debug, Default)]
#[serde(default)]
pub struct DataverseError {
    #[serde(deserialize_with = "loose")]
    pub code: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub message: Option<String>,
}

/// A row of `incidents`, with what was expanded.
#[derive(Deserialize, Debug)]
pub struct IncidentRow {
    pub incidentid: String,
    #[serde(default, deserialize_with = "loose")]
    pub ticketnumber: Option<String>,
    #[serde(default)]
    pub statecode: Option<i64>,
    #[serde(default, rename = "incident_emails")]
    pub emails: Vec<AnswerRow>,
    #[serde(default, rename = "incident_annotation")]
    pub notes: Vec<AnswerRow>,
    #[serde(default, rename = "incident_adx_portalcomments")]
    pub portal_comments: Vec<AnswerRow>,
}

/// An e-mail, a note or a portal comment.
#[derive(Deserialize, Debug)]
pub struct AnswerRow {
    #[serde(default)]
    pub activityid: Option<String>,
    #[serde(default)]
    pub annotationid: Option<String>,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub notetext: Option<String>,
    #[serde(default)]
    pub createdon: Option<String>,
    #[serde(default)]
    pub senton: Option<String>,
    #[serde(default, rename = "_createdby_value")]
    pub created_by: Option<String>,
    #[serde(default, rename = "_createdby_value@odata.community.display.v1.formattedvalue")]
    pub created_by_name: Option<String>,
}

/// A row of `msdyn_ocliveworkitemcontextitems`.
#[derive(Deserialize, Debug)]
pub struct ContextRow {
    #[serde(rename = "_msdyn_ocliveworkitemid_value", default)]
    pub conversation: Option<String>,
}

/// What a webhook of Dataverse's says: the execution context, as far as it is needed.
#[derive(Deserialize, Debug, Default)]
#[serde(default)]
pub struct Changed {
    pub primaryentityname: String,
    pub primaryentityid: String,
    pub inputparameters: Value,
}

/// Any row, of which only the state matters.
#[derive(Deserialize, Debug)]
pub struct StateRow {
    pub statecode: i64,
}

/// The answer to `InitializeAnnotationBlocksUpload`.
#[derive(Deserialize, Debug)]
pub struct UploadBegun {
    pub filecontinuationtoken: String,
}

/// A column of a table.
#[derive(Deserialize, Debug)]
pub struct ColumnName {
    pub logicalname: String,
}

/// The definition of a text column.
#[derive(Deserialize, Debug)]
pub struct MemoColumn {
    pub maxlength: usize,
}

/// An option-set column, whose options are its own or shared by several tables.
#[derive(Deserialize, Debug)]
pub struct OptionColumn {
    pub logicalname: String,
    #[serde(default)]
    optionset: Option<OptionSet>,
    #[serde(default)]
    globaloptionset: Option<OptionSet>,
}

#[derive(Deserialize, Debug)]
struct OptionSet {
    #[serde(default, deserialize_with = "listed")]
    options: Vec<OptionValue>,
}

impl OptionColumn {
    /// Its options.
    pub fn options(&self) -> impl Iterator<Item = &OptionValue> {
        self.optionset.iter().chain(&self.globaloptionset).flat_map(|set| &set.options)
    }
}

/// One option.
#[derive(Deserialize, Debug)]
pub struct OptionValue {
    pub value: i64,
    #[serde(default)]
    label: Option<OptionLabel>,
}

#[derive(Deserialize, Debug)]
struct OptionLabel {
    #[serde(default)]
    userlocalizedlabel: Option<LocalizedLabel>,
    #[serde(default, deserialize_with = "listed")]
    localizedlabels: Vec<LocalizedLabel>,
}

#[derive(Deserialize, Debug)]
struct LocalizedLabel {
    #[serde(default)]
    label: String,
}

impl OptionValue {
    /// Its words in every language, the user's first.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        let label = self.label.as_ref();
        let own = label.and_then(|label| label.userlocalizedlabel.as_ref());
        let all = label.into_iter().flat_map(|label| &label.localizedlabels);
        own.into_iter().chain(all).map(|label| label.label.as_str())
    }
}
