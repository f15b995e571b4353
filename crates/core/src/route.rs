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

/// What happens when nobody is there to take a live conversation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unavailable {
    /// It waits in the queue, and the customer is told how long that may take.
    #[default]
    Queue,
    /// The route's next choice is taken: another desk, or a case; the last one queues.
    Next,
    /// The AI goes on, and the customer is told when people are back.
    Ai,
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
    /// What happens when nobody is there.
    #[serde(default)]
    pub unavailable: Unavailable,
}

impl Choice {
    /// A live conversation at a desk, in whatever queue the desk chooses.
    pub fn of(desk: DeskId) -> Self {
        Self { desk, kind: WorkKind::Live, queue: None, unavailable: Unavailable::Queue }
    }
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

/// The choices for an inbox: those of the first rule that fits. While the topic is not known, a
/// rule for one topic fits only where no rule is for all.
pub fn choices<'a>(routes: &'a [Route], inbox: InboxId, topic: Option<&str>) -> &'a [Choice] {
    let ours = || routes.iter().filter(|r| r.inbox.is_none_or(|wanted| wanted == inbox));
    let fits = |r: &&Route| r.topic.as_deref().is_none_or(|wanted| Some(wanted) == topic);
    let any = || if topic.is_none() { ours().next() } else { None };
    ours().find(fits).or_else(any).map_or(&[], |route| route.choices.as_slice())
}
