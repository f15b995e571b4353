//! One chat as the customer's phone shows it.

use std::collections::VecDeque;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Value;

use super::Held;
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
    /// `customer`, `business`, or `phone_app` for a person who answered from the business phone.
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
    #[serde(skip)]
    pub callback_data: Option<String>,
    #[serde(skip)]
    pub pricing: Value,
    /// Whether it was sent to a user id and not to a number.
    #[serde(skip)]
    pub by_user_id: bool,
}

/// A chat and its limits.
pub struct Thread {
    pub items: VecDeque<Item>,
    /// The customer may be written to freely before this time.
    pub window_until_ms: i64,
    /// Messages are free before this time, after an advertisement.
    pub free_until_ms: i64,
    pub typing_until_ms: i64,
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
