//! Twilio's forms and JSON, and the form in which one event is stored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::key::storable;

/// The parameters of a webhook, by name.
#[derive(Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Fields(pub BTreeMap<String, String>);

impl Fields {
    /// The value; none when it is absent or empty, which Twilio means alike.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The message that a webhook is about.
    pub(super) fn sid(&self) -> Option<&str> {
        ["MessageSid", "SmsMessageSid", "SmsSid"].into_iter().find_map(|name| self.get(name))
    }

    /// The status that a report tells; none in a customer's message.
    pub(super) fn status(&self) -> Option<&str> {
        self.get("MessageStatus").filter(|status| !matches!(*status, "received" | "receiving"))
    }

    /// Addresses and types of the files.
    pub(super) fn media(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let at = |n: usize| {
            let url = self.get(&format!("MediaUrl{n}"))?;
            Some((url, self.get(&format!("MediaContentType{n}"))))
        };
        (0..MAX_MEDIA).map_while(at)
    }
}

/// Most files of one message that are read; Twilio sends up to 10 (Webhook parameters for
/// messaging; checked 2026-11-20).
const MAX_MEDIA: usize = 20;

/// One event as it is stored.
#[derive(Serialize, Deserialize)]
pub(super) struct Event {
    /// When it came, in milliseconds since 1970: a webhook names no time. Of a listed message, the
    /// time that is listed.
    pub at: i64,
    /// Which of the message's files this event stands for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub part: usize,
    /// Our word for the delivery that a report is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<String>,
    /// What is wrong with an unreadable one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What Twilio lists of the message, where no webhook has brought it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed: Option<ListedMessage>,
    #[serde(default)]
    pub fields: Fields,
}

impl Event {
    /// Reads a stored event; a listed message has the parameters that its webhook would have had.
    pub(super) fn read(body: &str) -> serde_json::Result<Self> {
        let mut event: Self = serde_json::from_str(body)?;
        if let Some(listed) = &event.listed {
            event.fields = listed.fields();
        }
        Ok(event)
    }
}

/// A message as Twilio lists it (Messages resource; checked 2026-11-21), with its files.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct ListedMessage {
    pub message: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<ListedMedium>,
}

/// Where a file is, and its type.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct ListedMedium {
    pub url: String,
    pub content_type: String,
}

/// The members of a listed message by the names of a webhook's parameters.
const LISTED: &[(&str, &str)] = &[
    ("sid", "MessageSid"),
    ("account_sid", "AccountSid"),
    ("messaging_service_sid", "MessagingServiceSid"),
    ("from", "From"),
    ("to", "To"),
    ("body", "Body"),
    ("status", "MessageStatus"),
    ("num_media", "NumMedia"),
    ("num_segments", "NumSegments"),
    ("error_code", "ErrorCode"),
    ("error_message", "ErrorMessage"),
    ("price", "Price"),
    ("price_unit", "PriceUnit"),
];

impl ListedMessage {
    /// The parameters that a webhook would have had, as far as they are listed. Parts are
    /// counted long before anybody knows whether they cost something, so both or none.
    pub(super) fn fields(&self) -> Fields {
        let mut fields = Fields::default();
        let text = |name: &str| match self.message.get(name)? {
            Value::Null => None,
            Value::String(text) => Some(storable(text)),
            other => Some(other.to_string()),
        };
        for (name, parameter) in LISTED {
            fields.0.extend(text(name).map(|value| ((*parameter).to_owned(), value)));
        }
        if fields.get("Price").is_none() {
            fields.0.remove("NumSegments");
        }
        for (n, medium) in self.media.iter().enumerate() {
            fields.0.insert(format!("MediaUrl{n}"), medium.url.clone());
            fields.0.insert(format!("MediaContentType{n}"), medium.content_type.clone());
        }
        let silent = fields.get("Body").is_none() && self.media.is_empty();
        if silent && fields.get("From").is_some_and(|from| from.contains(':')) {
            let kind = "a kind that Twilio's list does not tell".to_owned();
            fields.0.insert("MessageType".to_owned(), kind);
        }
        fields
    }
}

/// One page of the list of messages.
#[derive(Deserialize)]
pub(super) struct MessagePage {
    #[serde(default)]
    pub messages: Vec<Map<String, Value>>,
    pub next_page_uri: Option<String>,
}

/// The files of a message (Media subresource; checked 2026-11-21).
#[derive(Deserialize)]
pub(super) struct MediaPage {
    #[serde(default)]
    pub media_list: Vec<Medium>,
}

#[derive(Deserialize)]
pub(super) struct Medium {
    pub sid: String,
    #[serde(default)]
    pub content_type: String,
}

fn is_zero(part: &usize) -> bool {
    *part == 0
}

/// The answer to a post of a message, and to every refused call in either of Twilio's forms:
/// `{code, message}` of the older interfaces, `{code, title, detail}` (RFC 9457) of the newer.
#[derive(Deserialize)]
pub(super) struct Posted {
    pub sid: Option<String>,
    pub code: Option<i64>,
    pub message: Option<String>,
    pub detail: Option<String>,
    pub title: Option<String>,
}

impl Posted {
    /// The most telling of its words.
    pub(super) fn details(&self) -> &str {
        let words = self.message.as_deref().or(self.detail.as_deref());
        words.or(self.title.as_deref()).unwrap_or_default()
    }
}

/// The answer to a question about numbers.
#[derive(Deserialize)]
pub(super) struct Numbers {
    #[serde(default)]
    pub incoming_phone_numbers: Vec<Number>,
}

#[derive(Deserialize)]
pub(super) struct Number {
    pub sid: Option<String>,
    pub phone_number: Option<String>,
    pub sms_url: Option<String>,
    pub capabilities: Option<Capabilities>,
}

#[derive(Deserialize)]
pub(super) struct Capabilities {
    #[serde(default, alias = "SMS")]
    pub sms: bool,
    #[serde(default, alias = "MMS")]
    pub mms: bool,
}

/// The answer to a question about a Messaging Service.
#[derive(Deserialize)]
pub(super) struct Service {
    pub inbound_request_url: Option<String>,
    #[serde(default)]
    pub use_inbound_webhook_on_number: bool,
}

/// The answer to a question about WhatsApp senders.
#[derive(Deserialize)]
pub(super) struct Senders {
    #[serde(default)]
    pub senders: Vec<Sender>,
}

#[derive(Deserialize)]
pub(super) struct Sender {
    pub sender_id: Option<String>,
    pub status: Option<String>,
    pub webhook: Option<SenderWebhook>,
}

#[derive(Deserialize)]
pub(super) struct SenderWebhook {
    pub callback_url: Option<String>,
}

/// The answer to a question about Messaging Services.
#[derive(Deserialize)]
pub(super) struct Services {
    #[serde(default)]
    pub services: Vec<Named>,
}

/// The answer to a question about the numbers of a service.
#[derive(Deserialize)]
pub(super) struct ServiceNumbers {
    #[serde(default)]
    pub phone_numbers: Vec<ServiceNumber>,
}

/// A number as its service lists it: here its capabilities are a list of words.
#[derive(Deserialize)]
pub(super) struct ServiceNumber {
    pub phone_number: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Named {
    pub sid: String,
}

/// The answer to a question about the campaigns of a service.
#[derive(Deserialize)]
pub(super) struct Campaigns {
    #[serde(default)]
    pub compliance: Vec<Campaign>,
}

#[derive(Deserialize)]
pub(super) struct Campaign {
    #[serde(default)]
    pub campaign_status: String,
    pub brand_registration_sid: Option<String>,
    #[serde(default)]
    pub errors: Vec<CampaignError>,
}

#[derive(Deserialize)]
pub(super) struct CampaignError {
    pub description: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Brand {
    #[serde(default)]
    pub status: String,
    pub failure_reason: Option<String>,
}

/// The answer to a question about toll-free verifications.
#[derive(Deserialize)]
pub(super) struct Verifications {
    #[serde(default)]
    pub verifications: Vec<TollFree>,
}

#[derive(Deserialize)]
pub(super) struct TollFree {
    #[serde(default)]
    pub status: String,
    pub rejection_reason: Option<String>,
}

/// One page of content templates.
#[derive(Deserialize)]
pub(super) struct ContentPage {
    #[serde(default)]
    pub contents: Vec<Value>,
    pub meta: Option<PageMeta>,
}

#[derive(Deserialize)]
pub(super) struct PageMeta {
    pub next_page_url: Option<String>,
}

/// One content template with what WhatsApp thinks of it.
#[derive(Deserialize)]
pub(super) struct ContentRow {
    pub sid: Option<String>,
    pub friendly_name: Option<String>,
    pub language: Option<String>,
    /// Examples of its variables, by number or name.
    #[serde(default)]
    pub variables: Map<String, Value>,
    /// What it consists of, by type.
    #[serde(default)]
    pub types: Map<String, Value>,
    pub approval_requests: Option<Approval>,
}

#[derive(Default, Deserialize)]
pub(super) struct Approval {
    pub name: Option<String>,
    pub category: Option<String>,
    pub status: Option<String>,
    pub rejection_reason: Option<String>,
}
