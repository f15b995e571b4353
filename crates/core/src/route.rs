//! The rule that picks a desk.

use serde::{Deserialize, Serialize};

use crate::ids::{DeskId, InboxId};

/// What kind of work a handoff makes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkKind {
    /// A live conversation.
    #[default]
    Live,
    /// A case that is worked on later.
    Case,
}

/// One place that a route may choose.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Choice {
    /// The desk.
    pub desk: DeskId,
    /// What it makes there.
    #[serde(default)]
    pub kind: WorkKind,
    /// The queue or workstream, by the desk's own id.
    #[serde(default)]
    pub queue: Option<String>,
}

/// A rule: for this inbox and topic, these places, in this order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Route {
    /// Only for this inbox; for every inbox when absent.
    #[serde(default)]
    pub inbox: Option<InboxId>,
    /// Only for this classification; for every one when absent.
    #[serde(default)]
    pub topic: Option<String>,
    /// The places, the first one preferred.
    pub choices: Vec<Choice>,
}

/// The choices for an inbox: those of the first rule that fits.
pub fn choices<'a>(routes: &'a [Route], inbox: InboxId, topic: Option<&str>) -> &'a [Choice] {
    routes
        .iter()
        .find(|route| {
            route.inbox.is_none_or(|wanted| wanted == inbox)
                && route.topic.as_deref().is_none_or(|wanted| Some(wanted) == topic)
        })
        .map_or(&[], |route| route.choices.as_slice())
}
