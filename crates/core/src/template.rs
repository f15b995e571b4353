//! Messages that a vendor approved beforehand: what they look like, what somebody must fill in,
//! and what is sent in the end.

mod compile;

use serde::{Deserialize, Serialize};

pub use compile::{FieldFault, FieldKind, FieldProblem, FormField, Values};

use crate::{
    fault::Fault,
    ids::{InboxId, TemplateId, VendorId, WorkspaceId},
    message::MediaKind,
    time::{BoxFuture, Timestamp},
};

/// A template to send, with its variables filled.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct TemplateUse {
    /// The vendor's id of it, where it was picked from the synced ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_id: Option<VendorId>,
    /// Its name at the vendor.
    pub name: String,
    /// Its language code at the vendor, such as `en_US`.
    pub language: String,
    /// The variables of its body, in order.
    #[serde(default)]
    pub variables: Vec<String>,
    /// The names of those variables, in the same order, where the template names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// What fills its header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<HeaderValue>,
    /// What fills its buttons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<ButtonValue>,
    /// What the customer will read, as far as the workspace knows it.
    #[serde(default)]
    pub text: String,
    /// Whether it is a marketing template.
    #[serde(default)]
    pub marketing: bool,
}

/// What fills a template's header.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum HeaderValue {
    /// The variable of a line of text.
    Text {
        /// The words.
        text: String,
        /// The variable's name, where the template names it.
        #[serde(default)]
        name: Option<String>,
    },
    /// A file.
    Media {
        /// Its kind: image, video or document.
        kind: MediaKind,
        /// The address from which the vendor fetches it.
        link: String,
    },
    /// A place.
    Location {
        /// Degrees north, as text.
        latitude: String,
        /// Degrees east, as text.
        longitude: String,
        /// The place's name.
        name: String,
        /// Its address.
        address: String,
    },
}

/// What fills one button of a template.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ButtonValue {
    /// Which button, from 0.
    pub index: u32,
    /// What it does.
    pub action: ButtonAction,
    /// The end of its address, its machine's word or its code.
    pub text: String,
}

/// What a template's button does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ButtonAction {
    /// Answers for the customer.
    Reply,
    /// Opens an address.
    Link,
    /// Dials a number.
    Call,
    /// Copies a code.
    Code,
    /// Something that needs nothing filled in.
    Other,
}

/// What a template is for, which decides what an opt-out forbids and what it costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateCategory {
    /// Advertising.
    Marketing,
    /// News about something that the customer asked for or bought.
    Utility,
    /// A one-time code.
    Authentication,
    /// One that we do not know.
    Other,
}

/// Whether a template may be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateStatus {
    /// It may.
    Approved,
    /// It waits for its review.
    Pending,
    /// The review refused it.
    Rejected,
    /// The vendor has paused it for a while.
    Paused,
    /// The vendor has switched it off.
    Disabled,
    /// It is being deleted, or in a state that we do not know.
    Unavailable,
}

impl TemplateStatus {
    /// The name in tables and in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Pending => "pending",
            Self::Rejected => "rejected",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
            Self::Unavailable => "unavailable",
        }
    }
}

/// What stands above the body.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TemplateHeader {
    /// Nothing.
    #[default]
    None,
    /// A line of text, with at most one variable.
    Text {
        /// The words, variables in double braces.
        text: String,
    },
    /// A file, given with each message.
    Media {
        /// Its kind: image, video or document.
        kind: MediaKind,
    },
    /// A place, given with each message.
    Location,
}

/// A button below the body.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TemplateButton {
    /// What it does.
    pub action: ButtonAction,
    /// The words on it.
    pub title: String,
    /// The address, with a variable in double braces at its end where there is one.
    #[serde(default)]
    pub url: Option<String>,
}

/// What a template consists of.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct TemplateParts {
    /// Above the body.
    pub header: TemplateHeader,
    /// The text, variables in double braces: `{{1}}` or `{{order_number}}`.
    pub body: String,
    /// A line below it.
    #[serde(default)]
    pub footer: Option<String>,
    /// Buttons, in order.
    #[serde(default)]
    pub buttons: Vec<TemplateButton>,
    /// Examples of the body's variables, in order, as its author gave them.
    #[serde(default)]
    pub examples: Vec<String>,
    /// What of it we cannot send; none where everything can be filled.
    #[serde(default)]
    pub unsupported: Option<String>,
}

/// A template as its vendor lists it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ListedTemplate {
    /// The vendor's id of it.
    pub vendor_id: VendorId,
    /// Its name.
    pub name: String,
    /// Its language code, such as `en_US`.
    pub language: String,
    /// What it is for.
    pub category: TemplateCategory,
    /// Whether it may be sent.
    pub status: TemplateStatus,
    /// How customers like it, in the vendor's word.
    pub quality: Option<String>,
    /// Why it may not be sent, in the vendor's words.
    pub reason: Option<String>,
    /// What it consists of.
    pub parts: TemplateParts,
}

/// A template of one of our inboxes, as last synced.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Template {
    /// Our id of it.
    pub id: TemplateId,
    /// Its tenant.
    pub workspace: WorkspaceId,
    /// The inbox that may send it.
    pub inbox: InboxId,
    /// The vendor's id of it.
    pub vendor_id: VendorId,
    /// Its name.
    pub name: String,
    /// Its language code, such as `en_US`.
    pub language: String,
    /// What it is for.
    pub category: TemplateCategory,
    /// Whether it may be sent.
    pub status: TemplateStatus,
    /// How customers like it, in the vendor's word.
    pub quality: Option<String>,
    /// Why it may not be sent, in the vendor's words.
    pub reason: Option<String>,
    /// What it consists of.
    pub parts: TemplateParts,
    /// When the vendor was last asked about it.
    pub synced_at: Timestamp,
}

impl Template {
    /// A listed template, as one of this inbox.
    pub fn new(
        id: TemplateId,
        workspace: WorkspaceId,
        inbox: InboxId,
        listed: ListedTemplate,
        synced_at: Timestamp,
    ) -> Self {
        Self {
            id,
            workspace,
            inbox,
            vendor_id: listed.vendor_id,
            name: listed.name,
            language: listed.language,
            category: listed.category,
            status: listed.status,
            quality: listed.quality,
            reason: listed.reason,
            parts: listed.parts,
            synced_at,
        }
    }

    /// Why it cannot be sent now; none where it can.
    pub fn refusal(&self) -> Option<String> {
        if self.status != TemplateStatus::Approved {
            let reason = self.reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            return Some(format!("the template is {}{reason}", self.status.name()));
        }
        self.parts.unsupported.clone()
    }
}

/// Every template that a vendor holds for an inbox.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TemplateList {
    /// The templates.
    pub templates: Vec<ListedTemplate>,
    /// There are no more than these; false where the listing was cut at its bound.
    pub complete: bool,
}

/// The power of a channel whose messages outside the window must be approved beforehand.
pub trait Templates: Send + Sync {
    /// Lists the inbox's templates, page by page within a bound.
    fn list(&self) -> BoxFuture<'_, Result<TemplateList, Fault>>;
}
