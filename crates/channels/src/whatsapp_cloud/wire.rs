//! Meta's JSON, and the form in which one item of it is stored.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

/// What one stored item is: the name of the list at Meta that it stood in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// `messages[]`
    Message,
    /// `statuses[]`
    Status,
    /// `message_echoes[]`
    Echo,
    /// `errors[]`
    Error,
    /// `user_preferences[]`
    Preference,
    /// `user_id_update[]`
    Identity,
    /// `standby.messages[]`
    StandbyMessage,
    /// `standby.statuses[]`
    StandbyStatus,
    /// `standby.message_echoes[]`
    StandbyEcho,
    /// `calls[]`
    Call,
    /// A whole `value` of the field `messaging_handovers`.
    Handover,
    /// A whole `value` of any other field without lists.
    Change,
    /// Something that is not as documented, kept for an operator.
    Unreadable,
}

/// One item as it is stored. `metadata`, `contact` and `item` are Meta's own text.
#[derive(Serialize, Deserialize)]
pub(super) struct Item<'a> {
    pub kind: Kind,
    /// The webhook field.
    #[serde(borrow)]
    pub field: Cow<'a, str>,
    /// `entry[].id`
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub waba: Option<Cow<'a, str>>,
    /// `entry[].time`, where it is given.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<&'a RawValue>,
    /// The entry of `contacts[]` that belongs to the item.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<&'a RawValue>,
    /// What is wrong with an unreadable one.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub item: &'a RawValue,
}

/// An object of which no field is believed yet. Nothing below its own fields is looked at, so
/// that depth and broken text further down do no harm.
pub(super) struct Fields<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Fields<'a> {
    pub(super) fn read(raw: &'a RawValue) -> Result<Self, serde_json::Error> {
        serde_json::from_str(raw.get()).map(Self)
    }

    /// The same, and nothing where it is not an object.
    pub(super) fn lenient(raw: Option<&'a RawValue>) -> Self {
        Self(raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default())
    }

    /// The field, unless it is absent or null.
    pub(super) fn raw(&self, key: &str) -> Option<&'a RawValue> {
        self.0.get(key).copied().filter(|raw| raw.get() != "null")
    }

    /// The field as text; Meta writes the same id as text here and as a number there. None
    /// when it is absent, empty or of another type.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        text_of(self.raw(key)?)
    }

    /// The items of a list; none where it is absent.
    pub(super) fn list(&self, key: &str) -> Option<Result<Vec<&'a RawValue>, serde_json::Error>> {
        self.raw(key).map(|raw| serde_json::from_str(raw.get()))
    }
}

fn text_of(raw: &RawValue) -> Option<String> {
    let text = match raw.get().as_bytes().first()? {
        b'"' => serde_json::from_str::<String>(&mend(raw.get())).ok()?,
        b'-' | b'0'..=b'9' => raw.get().to_owned(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

/// Reads one object. The error says where, never what: it may be shown to operators, and the
/// text is the customer's.
pub(super) fn read<T: DeserializeOwned>(name: &str, raw: &RawValue) -> Result<T, String> {
    serde_json::from_str(raw.get()).map_err(|error| unlike(name, &error))
}

/// The words for JSON that is not as documented.
pub(super) fn unlike(name: &str, error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    format!("{name} is not as documented (line {line}, column {column})")
}

/// Replaces what JSON can say and text cannot hold, NUL and half surrogate pairs, by U+FFFD.
pub(super) fn mend(json: &str) -> Cow<'_, str> {
    if !json.contains("\\u") {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let taken = match (unit(rest), rest.get(6..).and_then(unit)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0 | 0xD800..=0xDFFF), _) => {
                out.push_str("\\ufffd");
                rest = &rest[6..];
                continue;
            }
            (Some(_), _) => 6,
            // Any other escape has two characters; a cut one or a foreign letter has fewer
            // bytes than that to skip safely.
            (None, _) if rest.is_char_boundary(2) => 2,
            (None, _) => 1,
        };
        let taken = taken.min(rest.len());
        out.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The code unit of a `\uXXXX` at the start.
fn unit(text: &str) -> Option<u32> {
    let hex = text.strip_prefix("\\u")?.get(..4)?;
    if !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(hex, 16).ok()
}

/// `text`
#[derive(Deserialize)]
pub(super) struct Text {
    pub body: String,
}

/// `image`, `video`, `audio`, `document`, `sticker`
#[derive(Deserialize)]
pub(super) struct Media {
    pub id: Option<String>,
    pub mime_type: Option<String>,
    pub sha256: Option<String>,
    pub caption: Option<String>,
    pub filename: Option<String>,
    pub voice: Option<bool>,
}

/// `location`
#[derive(Deserialize)]
pub(super) struct Location {
    pub latitude: f64,
    pub longitude: f64,
    pub name: Option<String>,
    pub address: Option<String>,
}

/// One card of `contacts`
#[derive(Deserialize)]
pub(super) struct Card {
    pub name: Option<CardName>,
    #[serde(default)]
    pub phones: Vec<CardPhone>,
    #[serde(default)]
    pub emails: Vec<CardEmail>,
}

#[derive(Deserialize)]
pub(super) struct CardName {
    pub formatted_name: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct CardPhone {
    pub phone: Option<String>,
    pub wa_id: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct CardEmail {
    pub email: Option<String>,
}

/// `reaction`
#[derive(Deserialize)]
pub(super) struct Reaction {
    pub message_id: String,
    pub emoji: Option<String>,
}

/// `interactive`
#[derive(Deserialize)]
pub(super) struct Interactive {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub button_reply: Option<Reply>,
    pub list_reply: Option<Reply>,
    pub nfm_reply: Option<FormReply>,
    pub call_permission_reply: Option<CallReply>,
}

#[derive(Deserialize)]
pub(super) struct Reply {
    pub id: String,
    pub title: String,
}

#[derive(Deserialize)]
pub(super) struct FormReply {
    pub response_json: Option<String>,
    pub body: Option<String>,
    pub name: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct CallReply {
    pub response: String,
}

/// `button`
#[derive(Deserialize)]
pub(super) struct Button {
    pub payload: Option<String>,
    pub text: String,
}

/// `order`
#[derive(Deserialize)]
pub(super) struct Order {
    pub text: Option<String>,
    #[serde(default)]
    pub product_items: Vec<OrderLine>,
}

#[derive(Deserialize)]
pub(super) struct OrderLine {
    pub product_retailer_id: String,
    pub quantity: serde_json::Number,
    pub item_price: Option<serde_json::Number>,
    pub currency: Option<String>,
}

/// An entry of any `errors[]`, and the `error` of an answer.
#[derive(Deserialize)]
pub(super) struct Error {
    pub code: Option<i64>,
    pub title: Option<String>,
    pub message: Option<String>,
    pub error_data: Option<ErrorData>,
}

#[derive(Deserialize)]
pub(super) struct ErrorData {
    pub details: Option<String>,
}

impl Error {
    /// The most telling of its words.
    pub(super) fn details(&self) -> &str {
        let details = self.error_data.as_ref().and_then(|data| data.details.as_deref());
        details.or(self.message.as_deref()).or(self.title.as_deref()).unwrap_or_default()
    }
}

/// The answer to a post.
#[derive(Deserialize)]
pub(super) struct Posted {
    pub error: Option<Error>,
    #[serde(default)]
    pub messages: Vec<PostedMessage>,
}

#[derive(Deserialize)]
pub(super) struct PostedMessage {
    pub id: Option<String>,
}

/// A page of templates.
#[derive(Deserialize)]
pub(super) struct TemplatePage {
    #[serde(default)]
    pub data: Vec<serde_json::Value>,
    pub paging: Option<Paging>,
}

/// Where a page ends. There is another one only where `next` is given.
#[derive(Deserialize)]
pub(super) struct Paging {
    pub cursors: Option<Cursors>,
    pub next: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
pub(super) struct Cursors {
    pub after: Option<String>,
}

/// One template; its parts are read one by one, because new kinds of them come up often.
#[derive(Deserialize)]
pub(super) struct TemplateRow {
    pub id: Option<String>,
    pub name: Option<String>,
    pub language: Option<String>,
    pub status: Option<String>,
    pub category: Option<String>,
    #[serde(default)]
    pub components: Vec<serde_json::Value>,
    pub quality_score: Option<QualityScore>,
    pub rejected_reason: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct QualityScore {
    pub score: Option<String>,
}

/// The answer to a question about the number.
#[derive(Deserialize)]
pub(super) struct NumberInfo {
    pub display_phone_number: Option<String>,
    pub status: Option<String>,
}

/// The answer to a question about a file.
#[derive(Deserialize)]
pub(super) struct MediaInfo {
    pub url: Option<String>,
    pub mime_type: Option<String>,
    /// A number in practice, a text in the pages.
    #[serde(default)]
    file_size: serde_json::Value,
}

impl MediaInfo {
    /// The file's bytes, where they are told.
    pub fn file_size(&self) -> Option<u64> {
        let text = self.file_size.as_str().and_then(|text| text.parse().ok());
        self.file_size.as_u64().or(text)
    }
}

/// The answer to a question about the subscription.
#[derive(Deserialize)]
pub(super) struct Subscriptions {
    #[serde(default)]
    pub data: Vec<serde::de::IgnoredAny>,
}
