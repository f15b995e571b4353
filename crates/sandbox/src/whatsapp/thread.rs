//! One chat as the customer's phone shows it.

use std::collections::VecDeque;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Value;

use super::Held;
use super::handover::Owner;
use super::interactive::Choice;
use super::window::Bucket;
use crate::Ids;

/// Messages kept of one chat.
const MAX_ITEMS: usize = 2_000;

/// How far a message has come; never goes back, except to `failed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Progress {
    Accepted,
    Sent,
    Delivered,
    Read,
    Failed,
}

impl Progress {
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "sent" => Some(Self::Sent),
            "delivered" => Some(Self::Delivered),
            "read" | "played" => Some(Self::Read),
            "failed" => Some(Self::Failed),
            _ => None,
        }
    }
}

/// One message in either direction.
#[derive(Clone, Debug, Serialize)]
pub struct Item {
    pub wamid: String,
    /// `customer`, `business`, `phone_app` for a person who answered from the business phone, or
    /// `other_responder` for whoever else may answer on this number.
    pub from: &'static str,
    #[serde(rename = "type")]
    pub kind: String,
    /// What a reader sees, for every type.
    pub text: String,
    /// The vendor's object, for buttons and the like.
    pub content: Value,
    pub at_ms: i64,
    pub progress: Progress,
    /// Set when `progress` is `failed`.
    pub error: Option<Value>,
    /// The message this one answers.
    pub reply_to: Option<String>,
    /// The file that came with it: id, type, hash and size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<Value>,
    /// What the customer can tap.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    #[serde(skip)]
    pub callback_data: Option<String>,
    #[serde(skip)]
    pub pricing: Value,
    /// Whether it was sent to a user id and not to a number.
    #[serde(skip)]
    pub by_user_id: bool,
}

impl Item {
    /// A message without anything but its content, on its way.
    pub fn new(wamid: &str, from: &'static str, kind: &str, content: Value, at_ms: i64) -> Self {
        Self {
            wamid: wamid.to_owned(),
            from,
            kind: kind.to_owned(),
            text: readable(kind, &content),
            content,
            at_ms,
            progress: Progress::Accepted,
            error: None,
            reply_to: None,
            media: None,
            choices: Vec::new(),
            callback_data: None,
            pricing: Value::Null,
            by_user_id: false,
        }
    }
}

/// A chat and its limits.
pub struct Thread {
    pub items: VecDeque<Item>,
    /// The customer may be written to freely before this time.
    pub window_until_ms: i64,
    /// Messages are free before this time, after an advertisement.
    pub free_until_ms: i64,
    pub typing_until_ms: i64,
    /// When an advertisement brought the customer, until we answer.
    pub referred_at_ms: Option<i64>,
    /// Who answers, where that has been said; see [`super::handover`].
    pub owner: Option<Owner>,
    pub last_customer_ms: i64,
    pub pair: Bucket,
}

impl Default for Thread {
    fn default() -> Self {
        let items = VecDeque::new();
        Self {
            items,
            window_until_ms: 0,
            free_until_ms: 0,
            typing_until_ms: 0,
            referred_at_ms: None,
            owner: None,
            last_customer_ms: 0,
            pair: Bucket::pair(),
        }
    }
}

impl Held {
    pub fn thread(&mut self, user: usize) -> &mut Thread {
        self.threads.entry(user).or_default()
    }

    pub fn keep(&mut self, user: usize, item: Item) {
        self.owners.insert(item.wamid.clone(), user);
        let thread = self.thread(user);
        thread.items.push_back(item);
        let oldest = if thread.items.len() > MAX_ITEMS { thread.items.pop_front() } else { None };
        if let Some(oldest) = oldest {
            self.owners.remove(&oldest.wamid);
        }
    }

    /// The chat and the message with this id.
    pub fn item(&mut self, wamid: &str) -> Option<(usize, &mut Item)> {
        let user = *self.owners.get(wamid)?;
        let item =
            self.threads.get_mut(&user)?.items.iter_mut().rev().find(|item| item.wamid == wamid)?;
        Some((user, item))
    }
}

/// An opaque message id that, like Meta's, hides whom it concerns behind base64.
pub fn new_wamid(ids: &Ids, user_key: &str) -> String {
    let mut bytes = vec![0x1c, 0x18, user_key.len() as u8];
    bytes.extend_from_slice(user_key.as_bytes());
    bytes.extend_from_slice(&[0x15, 0x02, 0x00, 0x11, 0x18, 0x12]);
    bytes.extend_from_slice(ids.hex(18).to_uppercase().as_bytes());
    bytes.push(0);
    format!("wamid.{}", STANDARD.encode(bytes))
}

/// What the customer reads, for any type.
pub fn readable(kind: &str, content: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match kind {
        "text" => text(&content["body"]),
        "reaction" => text(&content["emoji"]),
        "interactive" => [
            &content["body"]["text"],
            &content["button_reply"]["title"],
            &content["list_reply"]["title"],
        ]
        .into_iter()
        .find_map(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default(),
        "button" => text(&content["text"]),
        "contacts" => text(&content[0]["name"]["formatted_name"]),
        "order" => text(&content["text"]),
        "system" => text(&content["body"]),
        "edit" => text(&content["message"]["text"]["body"]),
        "location" => format!("{} {}", content["latitude"], content["longitude"]),
        _ => text(&content["caption"]),
    }
}
