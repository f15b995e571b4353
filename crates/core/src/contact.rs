//! A person and the addresses by which we know them.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{ContactId, WorkspaceId},
    inbox::ChannelKind,
};

/// The kinds of address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PointKind {
    /// A phone number: digits in E.164 without the plus sign.
    Phone,
    /// An e-mail address.
    Email,
    /// A WhatsApp user id, scoped to the business portfolio.
    WhatsappUser,
    /// A visitor of a web chat widget.
    Visitor,
}

impl PointKind {
    /// The name in tables and in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Email => "email",
            Self::WhatsappUser => "whatsapp_user",
            Self::Visitor => "visitor",
        }
    }

    /// Whether whoever writes on the channel only says that such an address is theirs. Phone
    /// numbers and user ids are proven by the network that carried the message; a sender's line
    /// and what somebody typed into a form are not.
    pub fn is_claimed_on(self, channel: ChannelKind) -> bool {
        self == Self::Email && matches!(channel, ChannelKind::Email | ChannelKind::Web)
    }
}

/// One address of a person.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Point {
    /// Its kind.
    pub kind: PointKind,
    /// Its value in the normal form of its kind.
    pub value: String,
}

impl Point {
    /// A point of the kind.
    pub fn new(kind: PointKind, value: impl Into<String>) -> Self {
        Self { kind, value: value.into() }
    }
}

/// Who a vendor says wrote: every address that it named, and the name it showed.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Identity {
    /// The addresses, the one that identifies best first.
    pub points: Vec<Point>,
    /// The display name.
    pub name: Option<String>,
}

/// A person. A phone number is never required.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Contact {
    /// Its id.
    pub id: ContactId,
    /// Its tenant.
    pub workspace: WorkspaceId,
    /// The name as last told.
    pub name: Option<String>,
    /// All known addresses.
    pub points: Vec<Point>,
}

impl Contact {
    /// The first address of the kind.
    pub fn point(&self, kind: PointKind) -> Option<&str> {
        self.points.iter().find(|p| p.kind == kind).map(|p| p.value.as_str())
    }

    /// Takes over what a vendor newly said; true when anything changed.
    pub fn learn(&mut self, identity: &Identity) -> bool {
        let mut changed = false;
        for point in &identity.points {
            if !self.points.contains(point) {
                self.points.push(point.clone());
                changed = true;
            }
        }
        if identity.name.is_some() && identity.name != self.name {
            self.name.clone_from(&identity.name);
            changed = true;
        }
        changed
    }
}
