//! The addresses that a workspace owns.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ids::{DeskId, InboxId, WorkspaceId};

/// What the customer experiences.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// WhatsApp.
    Whatsapp,
    /// SMS and MMS.
    Sms,
    /// Web chat.
    Web,
    /// E-mail.
    Email,
    /// Phone.
    Phone,
}

impl ChannelKind {
    /// The name in tables, in the API and in `channel` context variables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Whatsapp => "whatsapp",
            Self::Sms => "sms",
            Self::Web => "web",
            Self::Email => "email",
            Self::Phone => "phone",
        }
    }

    /// Whether messages go to phone numbers.
    pub fn writes_to_phones(self) -> bool {
        matches!(self, Self::Whatsapp | Self::Sms)
    }
}

/// One customer-facing address at one vendor.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Inbox {
    /// Its id.
    pub id: InboxId,
    /// Its tenant.
    pub workspace: WorkspaceId,
    /// Its name on screen, unique in the workspace.
    pub name: String,
    /// What the customer experiences.
    pub channel: ChannelKind,
    /// The vendor's folder name.
    pub vendor: String,
    /// Whether the AI answers here.
    pub ai: bool,
    /// The vendor's settings without secrets.
    pub settings: Map<String, Value>,
}

/// One configured place where reps work.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DeskRow {
    /// Its id.
    pub id: DeskId,
    /// Its tenant.
    pub workspace: WorkspaceId,
    /// Its name on screen, unique in the workspace.
    pub name: String,
    /// The vendor's folder name.
    pub vendor: String,
    /// The vendor's settings without secrets.
    pub settings: Map<String, Value>,
}
