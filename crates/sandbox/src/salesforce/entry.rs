//! Entries of a conversation, as streams and listings show them.
//!
//! Source: the vendor's public schema of conversation entries, checked 2026-11. On a stream `entryPayload` is JSON in a
//! string, in a listing it is an object.

use serde::Serialize;
use serde_json::{Value, json};

use super::Account;
use super::conversation::Conversation;

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Message,
    MessageUpdated,
    ParticipantChanged,
    RoutingResult,
    RoutingWorkResult,
    SessionStatusChanged,
    TypingStarted,
    TypingStopped,
    Delivery,
    Read,
    QueuePosition,
    Progress,
    CloseConversation,
    /// Between reps; clients never get it.
    Note,
}

impl Kind {
    /// Name of the entry type, and of the event on a stream.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Message => ("Message", "CONVERSATION_MESSAGE"),
            Self::MessageUpdated => ("MessageUpdated", "CONVERSATION_MESSAGE_UPDATED"),
            Self::ParticipantChanged => ("ParticipantChanged", "CONVERSATION_PARTICIPANT_CHANGED"),
            Self::RoutingResult => ("RoutingResult", "CONVERSATION_ROUTING_RESULT"),
            Self::RoutingWorkResult => ("RoutingWorkResult", "CONVERSATION_ROUTING_WORK_RESULT"),
            Self::SessionStatusChanged => {
                ("SessionStatusChanged", "CONVERSATION_SESSION_STATUS_CHANGED")
            }
            Self::TypingStarted => {
                ("TypingStartedIndicator", "CONVERSATION_TYPING_STARTED_INDICATOR")
            }
            Self::TypingStopped => {
                ("TypingStoppedIndicator", "CONVERSATION_TYPING_STOPPED_INDICATOR")
            }
            Self::Delivery => ("DeliveryAcknowledgement", "CONVERSATION_DELIVERY_ACKNOWLEDGEMENT"),
            Self::Read => ("ReadAcknowledgement", "CONVERSATION_READ_ACKNOWLEDGEMENT"),
            Self::QueuePosition => ("QueuePosition", "CONVERSATION_QUEUE_POSITION"),
            Self::Progress => ("ProgressIndicator", "CONVERSATION_PROGRESS_INDICATOR"),
            Self::CloseConversation => ("CloseConversation", "CONVERSATION_CLOSE_CONVERSATION"),
            Self::Note => ("Note", "CONVERSATION_NOTE"),
        }
    }

    pub fn entry_type(self) -> &'static str {
        self.names().0
    }

    pub fn event(self) -> &'static str {
        self.names().1
    }

    /// Signs that pass are not in listings, and what reps write to each other neither.
    pub fn is_listed(self) -> bool {
        !matches!(
            self,
            Self::TypingStarted
                | Self::TypingStopped
                | Self::QueuePosition
                | Self::Progress
                | Self::Note
        )
    }
}

/// Whose words a rep takes it for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    Customer,
    /// Imported history of a bot.
    Automated,
    Rep,
    Private,
    System,
}

/// Who an entry comes from.
#[derive(Clone, Debug)]
pub struct Sender {
    pub role: &'static str,
    pub app_type: &'static str,
    pub subject: String,
    /// What people read.
    pub name: String,
}

impl Sender {
    pub fn system() -> Self {
        Self {
            role: "System",
            app_type: "conversation",
            subject: "System".to_owned(),
            name: "Automated Process".to_owned(),
        }
    }

    pub fn end_user(subject: &str, name: &str) -> Self {
        Self {
            role: "EndUser",
            app_type: "iamessage",
            subject: subject.to_owned(),
            name: name.to_owned(),
        }
    }

    pub fn agent(id: &str, name: &str) -> Self {
        Self { role: "Agent", app_type: "agent", subject: id.to_owned(), name: name.to_owned() }
    }
}

impl Sender {
    /// A bot of somebody else's.
    pub fn bot(subject: &str) -> Self {
        Self {
            role: "Chatbot",
            app_type: "custom",
            subject: subject.to_owned(),
            name: subject.to_owned(),
        }
    }
}

/// What a rep sees of it.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    pub author: Author,
    pub text: String,
    pub attachments: Vec<Value>,
    pub delivered_at_ms: Option<i64>,
    pub read_at_ms: Option<i64>,
}

impl Shown {
    pub fn text(author: Author, text: &str) -> Self {
        Self {
            author,
            text: text.to_owned(),
            attachments: Vec::new(),
            delivered_at_ms: None,
            read_at_ms: None,
        }
    }
}

/// One entry.
#[derive(Clone, Debug)]
pub struct Entry {
    pub identifier: String,
    pub kind: Kind,
    /// JSON, kept as text because it is read rarely.
    pub payload: String,
    pub sender: Sender,
    pub client_ms: i64,
    pub server_ms: i64,
    pub related: Vec<String>,
    /// Journal number of the call that made it; 0 if none did.
    pub seq: u64,
    pub shown: Option<Box<Shown>>,
    /// It tells that this session, by its place in the conversation, has ended.
    pub ends: Option<usize>,
}

impl Entry {
    /// `conversationEntry`, with the payload as text or as an object.
    pub fn json(&self, payload_as_text: bool) -> Value {
        let payload = match payload_as_text {
            true => json!(self.payload),
            false => serde_json::from_str(&self.payload).unwrap_or_default(),
        };
        json!({
            "identifier": self.identifier,
            "entryType": self.kind.entry_type(),
            "entryPayload": payload,
            "sender": {
                "role": self.sender.role,
                "appType": self.sender.app_type,
                "subject": self.sender.subject,
                "clientIdentifier": null,
            },
            "senderDisplayName": self.sender.name,
            "transcriptedTimestamp": self.server_ms,
            "clientTimestamp": self.client_ms,
            "clientDuration": 0,
            "relatedRecords": self.related,
            "visibilityStrategy": "Default",
            "contextParamMap": {},
        })
    }

    /// `data` of its event.
    pub fn data(&self, account: &Account, conversation: &Conversation) -> String {
        json!({
            "channelPlatformKey": account.channel_id,
            "channelType": "embedded_messaging",
            "channelAddressIdentifier": account.channel_address,
            "conversationId": conversation.id,
            "conversationEntry": self.json(true),
        })
        .to_string()
    }
}
