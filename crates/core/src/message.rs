//! One immutable utterance.

use serde::{Deserialize, Serialize};

use crate::{
    cost::Cost,
    fault::Fault,
    file::{MediaFile, is_hidden},
    ids::{ConversationId, MessageId, SessionId, VendorId, WorkspaceId},
    interactive::Offer,
    time::Timestamp,
};

/// Who speaks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthorKind {
    /// The customer.
    Customer,
    /// The engine.
    Ai,
    /// A person who answers for the company.
    Rep,
    /// Baton itself.
    System,
}

impl AuthorKind {
    /// The name in tables and in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Ai => "ai",
            Self::Rep => "rep",
            Self::System => "system",
        }
    }
}

/// The speaker of a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Author {
    /// Who speaks.
    pub kind: AuthorKind,
    /// The name shown, where one is known.
    #[serde(default)]
    pub name: Option<String>,
}

impl Author {
    /// A speaker without a name.
    pub fn unnamed(kind: AuthorKind) -> Self {
        Self { kind, name: None }
    }

    /// A speaker with the name, where one is known.
    pub fn named(kind: AuthorKind, name: Option<String>) -> Self {
        Self { kind, name }
    }
}

/// The kinds of media.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// A sound recording or a voice note.
    Audio,
    /// A file.
    Document,
    /// A sticker.
    Sticker,
}

impl MediaKind {
    /// The word shown in place of the file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
            Self::Sticker => "sticker",
        }
    }
}

/// What is said.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// Text.
    Text {
        /// The words.
        text: String,
    },
    /// A file; its bytes are fetched beside the flow.
    Media {
        /// Its kind.
        kind: MediaKind,
        /// The words beside it.
        #[serde(default)]
        caption: Option<String>,
        /// Its name as the sender gave it.
        #[serde(default)]
        file_name: Option<String>,
        /// Its type as the vendor said.
        #[serde(default)]
        mime_type: Option<String>,
        /// The vendor's id of the file.
        #[serde(default)]
        vendor_id: Option<VendorId>,
        /// SHA-256 of the bytes as the vendor said, base64.
        #[serde(default)]
        sha256: Option<String>,
        /// Recorded on the spot.
        #[serde(default)]
        voice: bool,
        /// What we hold of its bytes; none where they are not fetched.
        #[serde(default)]
        file: Option<Box<MediaFile>>,
    },
    /// Words with choices beside them, from us.
    Interactive {
        /// The words.
        text: String,
        /// A line above them.
        #[serde(default)]
        header: Option<String>,
        /// A line below them.
        #[serde(default)]
        footer: Option<String>,
        /// The choices.
        offer: Offer,
    },
    /// A place.
    Location {
        /// Degrees north.
        latitude: f64,
        /// Degrees east.
        longitude: f64,
        /// The place's name or address.
        #[serde(default)]
        label: Option<String>,
    },
    /// Contact cards.
    Contacts {
        /// One line a card: name and numbers.
        cards: Vec<String>,
    },
    /// A reaction to an earlier message; without an emoji it takes one back.
    Reaction {
        /// The message reacted to, by the vendor's id.
        to: VendorId,
        /// The emoji.
        #[serde(default)]
        emoji: Option<String>,
    },
    /// An answer by button, list or form.
    Choice {
        /// The machine's word for it.
        id: String,
        /// The words on it.
        title: String,
    },
    /// A filled basket.
    Order {
        /// One line an item.
        lines: Vec<String>,
        /// The words beside it.
        #[serde(default)]
        note: Option<String>,
    },
    /// A template that we sent.
    Template {
        /// Its name at the vendor.
        name: String,
        /// Its language code at the vendor.
        language: String,
        /// Its variables in order.
        variables: Vec<String>,
        /// What the customer reads, as far as we know it.
        text: String,
    },
    /// The customer changed an earlier message.
    Edited {
        /// The message, by the vendor's id.
        original: VendorId,
        /// The new words.
        text: String,
    },
    /// The customer took an earlier message back.
    Deleted {
        /// The message, by the vendor's id.
        original: VendorId,
    },
    /// Something that the vendor reports about the thread, such as a changed number.
    Notice {
        /// The words.
        text: String,
    },
    /// Something that we cannot show, kept visibly.
    Unsupported {
        /// The vendor's word for its type.
        kind: String,
        /// Why, as far as the vendor said.
        #[serde(default)]
        note: Option<String>,
    },
}

impl Content {
    /// Plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// One line or more that a person or the AI can read in its place.
    pub fn as_text(&self) -> String {
        match self {
            Self::Text { text } | Self::Template { text, .. } | Self::Notice { text } => {
                text.clone()
            }
            Self::Media { kind, caption, file_name, .. } => {
                let mut line = format!("[{}", kind.word());
                if let Some(name) = file_name {
                    line.push_str(": ");
                    line.extend(name.chars().filter(|c| !is_hidden(*c)));
                }
                line.push(']');
                if let Some(caption) = caption {
                    line.push(' ');
                    line.push_str(caption);
                }
                line
            }
            Self::Interactive { text, header, footer, offer } => {
                let mut lines: Vec<String> = header.iter().cloned().collect();
                lines.push(text.clone());
                lines.extend(offer.as_lines());
                lines.extend(footer.iter().cloned());
                lines.join("\n")
            }
            Self::Location { latitude, longitude, label } => match label {
                Some(label) => format!("[location: {label} ({latitude}, {longitude})]"),
                None => format!("[location: {latitude}, {longitude}]"),
            },
            Self::Contacts { cards } => format!("[contact: {}]", cards.join("; ")),
            Self::Reaction { emoji: Some(emoji), .. } => format!("[reacted {emoji}]"),
            Self::Reaction { emoji: None, .. } => "[took a reaction back]".to_owned(),
            Self::Choice { title, .. } => title.clone(),
            Self::Order { lines, note } => {
                let mut text = format!("[order: {}]", lines.join("; "));
                if let Some(note) = note {
                    text.push(' ');
                    text.push_str(note);
                }
                text
            }
            Self::Edited { text, .. } => format!("[edited] {text}"),
            Self::Deleted { .. } => "[deleted a message]".to_owned(),
            Self::Unsupported { kind, .. } => format!("[unsupported: {kind}]"),
        }
    }

    /// Whether it asks for an answer. A reaction or a deletion does not.
    pub fn asks(&self) -> bool {
        !matches!(self, Self::Reaction { .. } | Self::Deleted { .. } | Self::Notice { .. })
    }
}

/// What is known of a message's way. For those that we send it only ever climbs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageStatus {
    /// It came from the customer.
    Received,
    /// It waits to be sent.
    Pending,
    /// It waits for something to happen, such as the customer's next message.
    Held,
    /// The vendor took it.
    Sent,
    /// It reached the customer's device.
    Delivered,
    /// The customer opened it.
    Read,
    /// It did not reach the customer.
    Failed,
    /// Nobody can say whether it was sent.
    MayHaveBeenSent,
    /// It was withdrawn before it was tried.
    Cancelled,
}

impl MessageStatus {
    /// The name in tables and in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Pending => "pending",
            Self::Held => "held",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
            Self::MayHaveBeenSent => "may_have_been_sent",
            Self::Cancelled => "cancelled",
        }
    }

    /// The rung on the ladder that receipts climb.
    fn rung(self) -> u8 {
        match self {
            Self::Received | Self::Pending | Self::Held | Self::Cancelled => 0,
            Self::MayHaveBeenSent => 1,
            Self::Sent => 2,
            Self::Failed => 3,
            Self::Delivered => 4,
            Self::Read => 5,
        }
    }

    /// The status after a receipt: never backwards. A failure is final unless the vendor later
    /// reports that it arrived after all.
    pub fn climb(self, receipt: Self) -> Self {
        if receipt.rung() > self.rung() { receipt } else { self }
    }
}

/// An article that an answer rests on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Citation {
    /// The article's title.
    pub title: String,
    /// Where it stands, relative to the knowledge folder.
    pub source: String,
    /// The file that it shows and that goes with the answer, relative to the same folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// One utterance. Only its status, its fault and what we hold of its file change after it is
/// written.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Its tenant.
    pub workspace: WorkspaceId,
    /// Its thread.
    pub conversation: ConversationId,
    /// The episode that it belongs to.
    pub session: SessionId,
    /// Its place in the thread, from 1, without gaps.
    pub position: i64,
    /// Who speaks.
    pub author: Author,
    /// What is said.
    pub content: Content,
    /// When it was said: the vendor's time where there is one.
    pub at: Timestamp,
    /// When we wrote it down.
    pub recorded_at: Timestamp,
    /// The id by which the vendor knows it.
    pub vendor_id: Option<VendorId>,
    /// The message it answers, by the vendor's id.
    pub reply_to: Option<VendorId>,
    /// What is known of its way.
    pub status: MessageStatus,
    /// Why it did not arrive, or why it is held.
    pub fault: Option<Fault>,
    /// What an AI answer rests on.
    pub citations: Vec<Citation>,
    /// What its vendor charges for it, once the vendor has said so. Of a message that went out in
    /// parts, the part that was reported first.
    pub cost: Option<Cost>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_never_goes_backwards() {
        use MessageStatus::{Delivered, Failed, Pending, Read, Sent};
        assert_eq!(Read.climb(Delivered), Read);
        assert_eq!(Delivered.climb(Sent), Delivered);
        assert_eq!(Pending.climb(Read), Read);
        assert_eq!(Failed.climb(Sent), Failed, "a late `sent` does not clear a failure");
        assert_eq!(Failed.climb(Delivered), Delivered);
        assert_eq!(Delivered.climb(Failed), Delivered);
    }
}
