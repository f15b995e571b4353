//! The story of a session: what was said, what was tried, who took over, in order of time.

use std::collections::{BTreeMap, HashMap};

use baton_core::{
    delivery::{Attempt, Delivery, Destination},
    fault::Outcome,
    feed::{Fact, FactKind},
    handoff::{Handoff, HandoffState},
    ids::{DeliveryId, DeskId, HandoffId, SessionId, WorkspaceId},
    message::{AuthorKind, Message},
    time::Timestamp,
};
use baton_store::{SessionView, Store, StoreError};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// How many rows are read at once.
const PAGE: usize = 200;
/// A story has no more of either than this; what comes later is left out.
const MAX_ROWS: usize = 10_000;

/// The story of a session.
#[derive(Serialize, ToSchema)]
pub struct Trace {
    /// The session's id.
    pub session: String,
    /// The contact's id.
    pub contact: String,
    /// What happened, oldest first.
    pub entries: Vec<Entry>,
}

/// One thing that happened.
#[derive(Serialize, ToSchema)]
pub struct Entry {
    /// When.
    pub at: String,
    /// `session`, `message`, `attempt`, `receipt`, `handoff`, `owner`, `notice`.
    pub kind: &'static str,
    /// Whether it came from outside, went there or happened inside.
    pub direction: Direction,
    /// The vendor on the other side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Who spoke, or what was tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<&'static str>,
    /// Every id that it is known by, on either side.
    pub ids: BTreeMap<&'static str, String>,
    /// What came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    #[serde(skip)]
    order: (Timestamp, u8),
}

/// Which way something went.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From a vendor to us.
    In,
    /// From us to a vendor.
    Out,
    /// Neither.
    Inside,
}

/// The story of the session that the id belongs to; none when the workspace knows no such id.
///
/// # Errors
/// The store does not answer.
pub async fn trace(
    store: &Store,
    workspace: WorkspaceId,
    any_id: &str,
) -> Result<Option<Trace>, StoreError> {
    let Some(id) = store.session_find(workspace, any_id).await? else { return Ok(None) };
    let Some(view) = store.session_get(workspace, id).await? else { return Ok(None) };
    let conversation = view.conversation.id;
    let material = Material {
        names: Names::load(store, &view).await?,
        messages: messages(store, workspace, id).await?,
        facts: facts(store, workspace, id).await?,
        deliveries: store.deliveries_of(conversation).await?,
        attempts: store.attempts_of(conversation).await?,
    };
    Ok(Some(tell(&view, material)))
}

/// Everything that a story is told from.
struct Material {
    names: Names,
    messages: Vec<Message>,
    facts: Vec<Fact>,
    deliveries: Vec<Delivery>,
    attempts: Vec<Attempt>,
}

/// The vendors' names, by the ids of inboxes and desks.
struct Names {
    inbox: Option<String>,
    desks: HashMap<Uuid, String>,
}

impl Names {
    async fn load(store: &Store, view: &SessionView) -> Result<Self, StoreError> {
        let mut vendors = store.vendors(view.session.workspace).await?;
        Ok(Self { inbox: vendors.remove(&view.inbox.0.0), desks: vendors })
    }
}

async fn messages(
    store: &Store,
    workspace: WorkspaceId,
    session: SessionId,
) -> Result<Vec<Message>, StoreError> {
    let mut all: Vec<Message> = Vec::new();
    while all.len() < MAX_ROWS {
        let after = all.last().map_or(0, |message| message.position);
        let page = store.messages_of_session(workspace, session, after, PAGE).await?;
        let ended = page.len() < PAGE;
        all.extend(page);
        if ended {
            break;
        }
    }
    Ok(all)
}

async fn facts(
    store: &Store,
    workspace: WorkspaceId,
    session: SessionId,
) -> Result<Vec<Fact>, StoreError> {
    let mut all: Vec<Fact> = Vec::new();
    while all.len() < MAX_ROWS {
        let after = all.last().map_or(0, |fact| fact.position);
        let page = store.feed_after(workspace, after, Some(session), PAGE).await?;
        let ended = page.len() < PAGE;
        all.extend(page);
        if ended {
            break;
        }
    }
    Ok(all)
}

fn tell(view: &SessionView, material: Material) -> Trace {
    let session = view.session.id;
    let deliveries: HashMap<DeliveryId, &Delivery> = material
        .deliveries
        .iter()
        .filter(|delivery| delivery.session == session)
        .map(|delivery| (delivery.id, delivery))
        .collect();
    let desks: HashMap<HandoffId, DeskId> =
        handoffs(&material.facts).map(|h| (h.id, h.desk)).collect();
    let mut entries = vec![opened(view)];
    entries.extend(closed(view));
    entries.extend(material.messages.iter().map(|m| said(m, &material.names, view)));
    entries.extend(material.attempts.iter().filter_map(|attempt| {
        let delivery = deliveries.get(&attempt.delivery)?;
        Some(tried(attempt, delivery, &material.names, &desks))
    }));
    entries.extend(changes(&material.facts, &material.names));
    entries.sort_by_key(|entry| entry.order);
    Trace { session: session.to_string(), contact: view.contact.id.to_string(), entries }
}

fn handoffs(facts: &[Fact]) -> impl Iterator<Item = &Handoff> {
    facts.iter().filter_map(|fact| match &fact.kind {
        FactKind::HandoffChanged(handoff) => Some(handoff),
        _ => None,
    })
}

/// Of things at the same moment, this order reads as they followed from each other.
fn entry(at: Timestamp, kind: &'static str, direction: Direction) -> Entry {
    let rank = match kind {
        "session" => 0,
        "message" => 1,
        "handoff" => 2,
        "owner" => 3,
        "attempt" => 4,
        _ => 5,
    };
    let ids = BTreeMap::new();
    let order = (at, rank);
    let at = at.rfc3339();
    Entry { at, kind, direction, vendor: None, what: None, ids, outcome: None, order }
}

fn opened(view: &SessionView) -> Entry {
    let mut entry = entry(view.session.opened_at, "session", Direction::Inside);
    entry.ids.insert("session", view.session.id.to_string());
    entry.ids.insert("number", view.session.number.to_string());
    entry.outcome = Some("opened".to_owned());
    entry
}

fn closed(view: &SessionView) -> Option<Entry> {
    let mut entry = entry(view.session.closed_at?, "session", Direction::Inside);
    entry.ids.insert("session", view.session.id.to_string());
    entry.outcome = Some("closed".to_owned());
    // What ended it comes before it.
    entry.order.1 = u8::MAX;
    Some(entry)
}

fn said(message: &Message, names: &Names, view: &SessionView) -> Entry {
    let desk = view.desk.as_ref().map(|(_, _, vendor)| vendor.clone());
    let (direction, vendor) = match message.author.kind {
        AuthorKind::Customer => (Direction::In, names.inbox.clone()),
        AuthorKind::Rep => (Direction::In, desk),
        AuthorKind::Ai | AuthorKind::System => (Direction::Inside, None),
    };
    let mut entry = entry(message.recorded_at, "message", direction);
    entry.vendor = vendor;
    entry.ids.insert("message", message.id.to_string());
    entry.what = Some(message.author.kind.name());
    if let Some(id) = &message.vendor_id {
        entry.ids.insert("vendor_id", id.to_string());
    }
    entry.outcome = Some(message.status.name().to_owned());
    entry
}

fn tried(
    attempt: &Attempt,
    delivery: &Delivery,
    names: &Names,
    desks: &HashMap<HandoffId, DeskId>,
) -> Entry {
    let mut entry = entry(attempt.started_at, "attempt", Direction::Out);
    let desk = delivery.desk.or_else(|| desks.get(&delivery.handoff?).copied());
    entry.vendor = match delivery.destination {
        Destination::Customer => names.inbox.clone(),
        Destination::Desk => desk.and_then(|desk| names.desks.get(&desk.0).cloned()),
    };
    entry.ids.insert("attempt", attempt.id.to_string());
    entry.ids.insert("delivery", delivery.id.to_string());
    entry.what = Some(delivery.payload.name());
    if let Some(message) = delivery.payload.message() {
        entry.ids.insert("message", message.to_string());
    }
    let accepted = match &attempt.outcome {
        Some(Outcome::Accepted(accepted)) => accepted.vendor_id.as_ref(),
        _ => None,
    };
    if let Some(id) = accepted.or(delivery.vendor_id.as_ref()) {
        entry.ids.insert("vendor_id", id.to_string());
    }
    entry.outcome = Some(attempt.outcome.as_ref().map_or("under_way", Outcome::name).to_owned());
    entry
}

/// What only the feed tells: who took over when, how far a message and a handoff came.
fn changes(facts: &[Fact], names: &Names) -> Vec<Entry> {
    let mut states: HashMap<HandoffId, HandoffState> = HashMap::new();
    let mut entries = Vec::new();
    for fact in facts {
        match &fact.kind {
            FactKind::HandoffChanged(handoff) => {
                if states.insert(handoff.id, handoff.state) != Some(handoff.state) {
                    entries.push(handed(fact.at, handoff, names));
                }
            }
            FactKind::OwnerChanged { owner, epoch } => {
                let mut entry = entry(fact.at, "owner", Direction::Inside);
                entry.ids.insert("epoch", epoch.to_string());
                entry.outcome = Some(owner.name().to_owned());
                entries.push(entry);
            }
            FactKind::MessageChanged(message) => {
                let mut entry = entry(fact.at, "receipt", Direction::Inside);
                entry.ids.insert("message", message.id.to_string());
                entry.outcome = Some(message.status.name().to_owned());
                entries.push(entry);
            }
            FactKind::OperatorNotice { code, .. } => {
                let mut entry = entry(fact.at, "notice", Direction::Inside);
                entry.outcome = Some(code.clone());
                entries.push(entry);
            }
            FactKind::SessionOpened(_)
            | FactKind::SessionChanged(_)
            | FactKind::SessionClosed(_)
            | FactKind::MessageAdded(_) => {}
        }
    }
    entries
}

fn handed(at: Timestamp, handoff: &Handoff, names: &Names) -> Entry {
    let mut entry = entry(at, "handoff", Direction::Inside);
    entry.vendor = names.desks.get(&handoff.desk.0).cloned();
    entry.ids.insert("handoff", handoff.id.to_string());
    entry.ids.insert("desk", handoff.desk.to_string());
    if let Some(work) = &handoff.work {
        entry.ids.insert("work", work.id.to_string());
        if let Some(reference) = &work.reference {
            entry.ids.insert("reference", reference.clone());
        }
    }
    entry.outcome = Some(handoff.state.name().to_owned());
    entry
}
