//! Identifiers. Ours are UUIDs behind one type per noun; a vendor's are opaque text.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A fresh id from the injected source.
            pub fn new(ids: &dyn Ids) -> Self {
                Self(ids.uuid())
            }

            /// Reads the hyphenated form; `None` when the text is not a UUID.
            pub fn read(text: &str) -> Option<Self> {
                Uuid::try_parse(text).ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
    )+};
}

ids! {
    /// One tenant.
    WorkspaceId,
    /// One customer-facing address that the workspace owns at one vendor.
    InboxId,
    /// One configured place where reps work.
    DeskId,
    /// A person.
    ContactId,
    /// The endless thread between one inbox and one vendor identity of a contact.
    ConversationId,
    /// One episode of service; its text form is the public trace id (`sessionId`).
    SessionId,
    /// One immutable utterance.
    MessageId,
    /// One giving of a session to a desk.
    HandoffId,
    /// The duty to bring one thing to one vendor.
    DeliveryId,
    /// One try of a delivery: one network call.
    AttemptId,
    /// One verified event from a vendor.
    InboundId,
    /// One thing to do at a time.
    TaskId,
    /// A person who signs in to the console.
    UserId,
    /// The bytes of one media message.
    FileId,
    /// A template that a vendor approved for an inbox.
    TemplateId,
    /// One template on its way to many contacts.
    CampaignId,
}

/// Where new ids come from. Injected, so that tests and replays are repeatable.
pub trait Ids: Send + Sync {
    /// A new unique id; time-ordered in production.
    fn uuid(&self) -> Uuid;
}

/// An id that a vendor gave: opaque, compared byte for byte, never taken apart.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VendorId(pub String);

impl VendorId {
    /// The id as the vendor wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for VendorId {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for VendorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
