//! One message in either direction, as Twilio keeps and shows it.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::errors::title;
use crate::World;
use crate::dates::rfc2822;

/// Messages kept; the oldest go first.
const MAX_MESSAGES: usize = 200_000;

/// What the customer sees the message in.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    #[default]
    Sms,
    Whatsapp,
}

impl Channel {
    /// The channel and the bare number or user id of `+1…` or `whatsapp:…`.
    pub fn split(address: &str) -> (Self, &str) {
        match address.strip_prefix("whatsapp:") {
            Some(bare) => (Self::Whatsapp, bare),
            None => (Self::Sms, address),
        }
    }

    /// The address as Twilio writes it.
    pub fn address(self, bare: &str) -> String {
        match self {
            Self::Sms => bare.to_owned(),
            Self::Whatsapp => format!("whatsapp:{bare}"),
        }
    }
}

/// Whose words they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Author {
    Customer,
    Business,
    /// An answer to STOP, START or HELP; the API does not list it.
    Twilio,
}

/// One message.
#[derive(Clone, Debug)]
pub struct Message {
    /// `SM…`, or `MM…` with media.
    pub sid: String,
    pub author: Author,
    pub channel: Channel,
    /// `inbound`, `outbound-api` or `outbound-reply`.
    pub direction: &'static str,
    /// The customer's index.
    pub customer: usize,
    pub from: String,
    pub to: String,
    pub body: String,
    /// `ME…` of what it carries.
    pub media: Vec<String>,
    pub service_sid: Option<String>,
    pub status: &'static str,
    pub error: Option<i64>,
    pub segments: usize,
    pub created_ms: i64,
    pub updated_ms: i64,
    pub sent_ms: Option<i64>,
    pub status_callback: Option<String>,
    /// Buttons and the like, for the page on which a person acts as the customer.
    pub content: Value,
    pub reply_to: Option<String>,
    /// Journal number of the call that sent it; 0 if none did.
    pub seq: u64,
}

impl Message {
    /// The resource in the 2010 API.
    pub fn resource(&self, world: &World) -> Value {
        let account_sid = &world.twilio.account.account_sid;
        let uri = format!("/2010-04-01/Accounts/{account_sid}/Messages/{}", self.sid);
        let undecided = self.service_sid.is_some() && self.status == "accepted";
        json!({
            "account_sid": account_sid,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": rfc2822(self.created_ms),
            "date_sent": self.sent_ms.map(rfc2822),
            "date_updated": rfc2822(self.updated_ms),
            "direction": self.direction,
            "error_code": self.error,
            "error_message": self.error.map(title),
            "from": (!undecided).then_some(&self.from),
            "messaging_service_sid": self.service_sid,
            "num_media": self.media.len().to_string(),
            "num_segments": if undecided { "0".to_owned() } else { self.segments.to_string() },
            "price": self.price(world),
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": { "media": format!("{uri}/Media.json") },
            "to": self.to,
            "uri": format!("{uri}.json"),
        })
    }

    /// Known some time after the message was sent or received (Messages resource, checked 2026-11-21); the
    /// amounts are made up.
    fn price(&self, world: &World) -> Option<String> {
        let known_ms = self.sent_ms? + world.switches.number("twilio.price_after_ms");
        if self.has_failed() || world.clock.now_ms() < known_ms {
            return None;
        }
        let each = match (self.channel, self.media.is_empty()) {
            (Channel::Sms, true) => 790,
            (Channel::Sms, false) => 2_000,
            (Channel::Whatsapp, _) => 500,
        };
        let hundred_thousandths = each * self.segments.max(1);
        Some(format!("-{}.{:05}", hundred_thousandths / 100_000, hundred_thousandths % 100_000))
    }

    /// What the customer's phone shows.
    pub fn item(&self) -> Value {
        json!({
            "sid": self.sid,
            "from": self.author,
            "channel": self.channel,
            "sender": if self.author == Author::Customer { &self.to } else { &self.from },
            "text": self.body,
            "media": self.media,
            "content": self.content,
            "reply_to": self.reply_to,
            "status": self.status,
            "error_code": self.error,
            "at_ms": self.created_ms,
            "seq": self.seq,
        })
    }

    /// Moves on to a later status; an earlier one changes nothing.
    pub fn advance(&mut self, status: &'static str, error: Option<i64>, at_ms: i64) {
        if rank(status) <= rank(self.status) {
            return;
        }
        self.status = status;
        self.error = error.or(self.error);
        self.updated_ms = at_ms;
        if rank(status) >= rank("sent") {
            self.sent_ms.get_or_insert(at_ms);
        }
    }

    pub fn has_failed(&self) -> bool {
        matches!(self.status, "failed" | "undelivered" | "canceled")
    }
}

/// How far a status is; absent for a word that is none.
fn rank(status: &str) -> Option<usize> {
    const LADDER: [&str; 10] = [
        "scheduled",
        "accepted",
        "queued",
        "sending",
        "sent",
        "delivered",
        "read",
        "undelivered",
        "failed",
        "canceled",
    ];
    LADDER.iter().position(|known| *known == status)
}

/// The status as this crate spells it.
pub fn known_status(status: &str) -> Option<&'static str> {
    ["queued", "sending", "sent", "delivered", "read", "undelivered", "failed", "canceled"]
        .into_iter()
        .find(|known| *known == status)
}

/// All messages, in the order in which they were made.
#[derive(Default)]
pub struct Messages {
    by_sid: HashMap<String, Message>,
    order: VecDeque<String>,
}

impl Messages {
    pub fn keep(&mut self, message: Message) {
        self.order.push_back(message.sid.clone());
        self.by_sid.insert(message.sid.clone(), message);
        let full = self.order.len() > MAX_MESSAGES;
        if let Some(oldest) = full.then(|| self.order.pop_front()).flatten() {
            self.by_sid.remove(&oldest);
        }
    }

    pub fn get(&self, sid: &str) -> Option<&Message> {
        self.by_sid.get(sid)
    }

    pub fn get_mut(&mut self, sid: &str) -> Option<&mut Message> {
        self.by_sid.get_mut(sid)
    }

    pub fn remove(&mut self, sid: &str) -> Option<Message> {
        self.order.retain(|other| other != sid);
        self.by_sid.remove(sid)
    }

    /// Oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.order.iter().filter_map(|sid| self.by_sid.get(sid))
    }
}
