//! One template on its way to many people.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    contact::Point,
    ids::{CampaignId, DeliveryId, InboxId, MessageId, SessionId, WorkspaceId},
    session::Session,
    template::{TemplateUse, Values},
    time::Timestamp,
};

/// The key under which a session remembers the campaign that opened it.
const KEY: &str = "campaign";

/// The most recipients of one campaign.
pub const MAX_RECIPIENTS: usize = 100_000;
/// The fastest that a campaign goes, in messages a minute.
pub const MAX_PACE_PER_MINUTE: u32 = 4_800;

/// Where a campaign stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CampaignState {
    /// Its recipients are being written down.
    Loading,
    /// It sends.
    Running,
    /// It waits for somebody to let it go on.
    Paused,
    /// Nobody waits any more.
    Done,
    /// It was ended before everybody had their turn.
    Cancelled,
}

impl CampaignState {
    /// The name in tables and in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether it may become this one by somebody's wish.
    pub fn may_become(self, next: Self) -> bool {
        use CampaignState::{Cancelled, Loading, Paused, Running};
        matches!(
            (self, next),
            (Running, Paused) | (Paused, Running) | (Loading | Running | Paused, Cancelled)
        )
    }
}

/// Who gets the answers.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Replies {
    /// The AI, where it answers at the inbox.
    #[default]
    Ai,
    /// A desk at once, by the routes.
    Desk {
        /// The topic by which the route is picked.
        #[serde(default)]
        topic: Option<String>,
    },
}

/// A template with the values that are the same for everybody.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CampaignTemplate {
    /// Its name.
    pub name: String,
    /// Its language code.
    pub language: String,
    /// Values of its form; a recipient's own go before them.
    #[serde(default)]
    pub values: Values,
}

impl CampaignTemplate {
    /// The values for one recipient.
    pub fn values_for(&self, own: &Values) -> Values {
        let mut values = self.values.clone();
        values.extend(own.iter().map(|(key, value)| (key.clone(), value.clone())));
        values
    }
}

/// One template on its way to many people.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Campaign {
    /// Its id.
    pub id: CampaignId,
    /// Its tenant.
    pub workspace: WorkspaceId,
    /// The inbox that sends it.
    pub inbox: InboxId,
    /// Its name on screen.
    pub name: String,
    /// What is sent.
    pub template: CampaignTemplate,
    /// Who gets the answers.
    pub replies: Replies,
    /// How many go out in a minute at most.
    pub pace_per_minute: u32,
    /// Where it stands.
    pub state: CampaignState,
    /// Why it was paused or cancelled by itself.
    pub why: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When nobody waited any more.
    pub ended_at: Option<Timestamp>,
}

/// Whether a recipient has had their turn.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecipientState {
    /// Not yet.
    Waiting,
    /// Their message is in the outbox or beyond; its own status says how far it came.
    Queued,
    /// They get nothing.
    Skipped,
}

/// One person on a campaign's list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Recipient {
    /// The campaign.
    pub campaign: CampaignId,
    /// The place on the list, from 1.
    pub place: i64,
    /// Its tenant.
    pub workspace: WorkspaceId,
    /// The address; none where what was given is none.
    pub point: Option<Point>,
    /// The address as it was given.
    pub given: String,
    /// The name, where one was given.
    pub name: Option<String>,
    /// Their own values of the template's form.
    pub values: Values,
    /// Whether they have had their turn.
    pub state: RecipientState,
    /// Why they get nothing: a word of [`SkipReason`], with details after a colon.
    pub why: Option<String>,
    /// The session that their message stands in.
    pub session: Option<SessionId>,
    /// Their message.
    pub message: Option<MessageId>,
    /// Its delivery.
    pub delivery: Option<DeliveryId>,
    /// When they had their turn.
    pub marked_at: Option<Timestamp>,
}

/// Why somebody on the list gets nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// They do not want it.
    OptedOut,
    /// The address is none.
    InvalidNumber,
    /// The template cannot be filled for them.
    InvalidValues,
    /// They stand on the list already.
    Duplicate,
    /// The campaign was ended before their turn.
    Cancelled,
}

impl SkipReason {
    /// The name in tables and in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::OptedOut => "opted_out",
            Self::InvalidNumber => "invalid_number",
            Self::InvalidValues => "invalid_values",
            Self::Duplicate => "duplicate",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What became of a recipient's turn; committed together with their message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecipientMark {
    /// The campaign.
    pub campaign: CampaignId,
    /// The place on its list.
    pub place: i64,
    /// What became of it.
    pub turn: RecipientTurn,
}

/// What became of a recipient's turn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RecipientTurn {
    /// Their message is queued.
    Queued {
        /// The session that it stands in.
        session: SessionId,
        /// The message.
        message: MessageId,
        /// Its delivery.
        delivery: DeliveryId,
    },
    /// They get nothing.
    Skipped(SkipReason),
}

/// One recipient's turn.
#[derive(Clone, PartialEq, Debug)]
pub struct Invite {
    /// The campaign.
    pub campaign: CampaignId,
    /// Its name.
    pub name: String,
    /// The place on its list.
    pub place: i64,
    /// To whom.
    pub to: crate::contact::Identity,
    /// What.
    pub template: TemplateUse,
    /// Who gets the answer.
    pub replies: Replies,
}

/// Remembers on a session which campaign it stands under.
pub(crate) fn remember(session: &mut Session, invite: &Invite) {
    let note = json!({ "id": invite.campaign, "name": invite.name, "replies": invite.replies });
    // Not text, so that a campaign's id is no trace id of all its sessions.
    session.metadata.insert(KEY.to_owned(), note);
}

/// Whether the customer's next message goes to a desk at once.
pub(crate) fn waits_for_reply(session: &Session) -> bool {
    session
        .metadata
        .get(KEY)
        .is_some_and(|note| note.get("answered").is_none() && note["replies"]["to"] == "desk")
}

/// The same, asked once a campaign: the answer is there.
pub(crate) fn take_reply(session: &mut Session) -> bool {
    let waited = waits_for_reply(session);
    if let Some(Value::Object(note)) = session.metadata.get_mut(KEY) {
        note.insert("answered".to_owned(), true.into());
    }
    waited
}

/// The topic by which a session's desk is picked, where its campaign names one.
pub fn topic(session: &Session) -> Option<&str> {
    session.metadata.get(KEY)?["replies"]["topic"].as_str()
}
