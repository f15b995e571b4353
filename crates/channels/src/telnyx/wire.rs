//! Telnyx's JSON, and the form in which one event is stored.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// One event as it is stored.
#[derive(Serialize, Deserialize)]
pub(super) struct Stored<'a> {
    /// Which of the message's files this event stands for.
    pub part: usize,
    /// Telnyx's own text.
    #[serde(borrow)]
    pub hook: &'a RawValue,
}

/// A webhook.
#[derive(Deserialize)]
pub(super) struct Hook {
    pub data: Event,
}

#[derive(Deserialize)]
pub(super) struct Event {
    pub id: Option<String>,
    pub event_type: String,
    pub occurred_at: Option<String>,
    pub payload: Message,
}

/// A message in either direction.
#[derive(Deserialize)]
pub(super) struct Message {
    pub id: Option<String>,
    pub from: Option<Address>,
    #[serde(default)]
    pub to: Vec<Address>,
    pub text: Option<String>,
    pub media: Option<Vec<Media>>,
    pub received_at: Option<String>,
    /// What Telnyx answered by itself: `STOP`, `START` or `HELP`.
    pub autoresponse_type: Option<String>,
    pub errors: Option<Vec<Error>>,
    pub parts: Option<u32>,
    pub cost: Option<Cost>,
    /// Where the reports of this message go.
    pub webhook_url: Option<String>,
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Address {
    pub phone_number: Option<String>,
    pub status: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Media {
    pub url: String,
    pub content_type: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Cost {
    pub amount: Option<String>,
    pub currency: Option<String>,
}

/// An entry of any `errors`.
#[derive(Deserialize)]
pub(super) struct Error {
    pub code: Option<String>,
    pub title: Option<String>,
    pub detail: Option<String>,
}

impl Error {
    pub(super) fn code(&self) -> Option<i64> {
        self.code.as_deref()?.parse().ok()
    }

    /// The most telling of its words.
    pub(super) fn details(&self) -> &str {
        self.detail.as_deref().or(self.title.as_deref()).unwrap_or_default()
    }
}

/// The answer to a post, and to every refused call.
#[derive(Deserialize)]
pub(super) struct Posted {
    pub data: Option<PostedMessage>,
    #[serde(default)]
    pub errors: Vec<Error>,
}

#[derive(Deserialize)]
pub(super) struct PostedMessage {
    pub id: Option<String>,
}

/// The answer to a question about a messaging profile.
#[derive(Deserialize)]
pub(super) struct ProfileAnswer {
    pub data: Profile,
}

#[derive(Deserialize)]
pub(super) struct Profile {
    pub enabled: Option<bool>,
    pub webhook_url: Option<String>,
}
