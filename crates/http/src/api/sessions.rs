//! Sessions: the list, newest activity first, and one of them.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Json, extract::State};
use baton_core::{
    contact::{self, PointKind},
    conversation,
    cost::Cost,
    ids::SessionId,
    phone, session,
    time::Timestamp,
};
use baton_store::{SessionFilter, SessionView};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    LIMIT_DEFAULT,
    messages::Price,
    rows,
    words::{AuthorKind, Channel, CloseReason, HandoffReason, HandoffState, Owner, Sentiment},
};
use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, ErrorBody},
    input::{Id, Query},
};

/// The longest text that is searched for.
const SEARCH_MAX_CHARS: usize = 200;

/// One episode of service.
#[derive(Clone, Serialize, ToSchema)]
pub struct Session {
    /// The public trace id (`sessionId`).
    id: String,
    /// The short human number, unique in the workspace.
    number: i64,
    /// Whether the episode still runs.
    state: SessionState,
    /// Who must answer now.
    owner: Owner,
    /// Raised by every change of owner.
    epoch: i64,
    /// What the customer experiences.
    channel: Channel,
    /// Where the customer wrote.
    inbox: InboxName,
    /// The customer.
    contact: Contact,
    /// When it began.
    opened_at: String,
    /// When anybody last wrote.
    last_activity_at: String,
    /// When it ended.
    #[schema(required)]
    closed_at: Option<String>,
    /// Why it ended.
    #[schema(required)]
    close_reason: Option<CloseReason>,
    /// The span in which free-form messages may be sent.
    #[schema(required)]
    window: Option<Window>,
    /// Its newest handoff.
    #[schema(required)]
    handoff: Option<Handoff>,
    /// Trace ids and whatever the desk's vendor calls its work, by public name.
    #[schema(value_type = Object)]
    metadata: Map<String, Value>,
    /// What was last said.
    #[schema(required)]
    last_message: Option<LastMessage>,
    /// What its messages cost, by the vendors' categories, as far as they have said so.
    costs: Vec<CostTotal>,
}

/// What the messages of one category cost.
#[derive(Clone, Serialize, ToSchema)]
pub struct CostTotal {
    /// The vendor's category, such as `service`, `utility` or `sms`.
    category: String,
    /// How many messages are charged.
    billable: i64,
    /// How many are free.
    free: i64,
    /// What those with a known price cost together, per currency.
    prices: Vec<Price>,
}

/// Whether the episode still runs.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// It runs.
    Open,
    /// It ended.
    Closed,
}

/// An inbox by name.
#[derive(Clone, Serialize, ToSchema)]
pub struct InboxName {
    pub(super) id: String,
    pub(super) name: String,
}

/// A person and the addresses by which we know them.
#[derive(Clone, Serialize, ToSchema)]
pub struct Contact {
    id: String,
    #[schema(required)]
    name: Option<String>,
    #[schema(required)]
    phone: Option<String>,
    #[schema(required)]
    email: Option<String>,
    points: Vec<Point>,
}

/// One address of a person.
#[derive(Clone, Serialize, ToSchema)]
pub struct Point {
    /// `phone`, `email`, `whatsapp_user`, `visitor`.
    kind: String,
    value: String,
}

impl From<&contact::Point> for Point {
    fn from(point: &contact::Point) -> Self {
        Self { kind: point.kind.name().to_owned(), value: point.value.clone() }
    }
}

/// The span in which free-form messages may be sent.
#[derive(Clone, Serialize, ToSchema)]
pub struct Window {
    open: bool,
    expires_at: String,
    /// What opened it.
    kind: WindowKind,
    /// The message that opened it; none for a call.
    #[schema(required)]
    opened_by: Option<String>,
    /// Until when everything is free, because the customer came by an advertisement. It does not
    /// prolong the window.
    #[schema(required)]
    free_entry_until: Option<String>,
}

/// What opened a window.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WindowKind {
    /// The customer's message.
    Message,
    /// The customer's call, or one that they took.
    Call,
}

/// Giving the session to a desk.
#[derive(Clone, Serialize, ToSchema)]
pub struct Handoff {
    id: String,
    state: HandoffState,
    desk: DeskName,
    reason: HandoffReason,
    requested_at: String,
    #[schema(required)]
    brief: Option<Brief>,
    #[schema(required)]
    rep_name: Option<String>,
}

/// A desk by name.
#[derive(Clone, Serialize, ToSchema)]
pub struct DeskName {
    id: String,
    name: String,
    vendor: String,
}

/// What the rep reads first.
#[derive(Clone, Serialize, ToSchema)]
pub struct Brief {
    subject: String,
    summary: String,
    classification: String,
    sentiment: Sentiment,
    /// ISO 639-1.
    language: String,
    reason: String,
}

/// What was last said.
#[derive(Clone, Serialize, ToSchema)]
pub struct LastMessage {
    author: AuthorKind,
    text: String,
    at: String,
}

/// A page of sessions.
#[derive(Serialize, ToSchema)]
pub struct SessionPage {
    sessions: Vec<Session>,
    /// What to give as `after` for the next page; none at the end.
    #[schema(required)]
    next: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Only open or only closed ones.
    state: Option<SessionState>,
    /// Only those whose next answer is this one's.
    #[param(value_type = Option<Owner>)]
    owner: Option<session::Owner>,
    /// Text that the contact, the number or a message holds.
    q: Option<String>,
    /// How many, at most 200.
    limit: Option<usize>,
    /// `next` of the page before.
    after: Option<String>,
}

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get))
}

/// Sessions, newest activity first.
#[utoipa::path(get, path = "/api/sessions", tag = "sessions", params(ListQuery),
    responses((status = 200, body = SessionPage), (status = "4XX", body = ErrorBody)))]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<SessionPage>, ApiError> {
    let limit = rows(query.limit, LIMIT_DEFAULT);
    let filter = SessionFilter {
        open: query.state.map(|state| state == SessionState::Open),
        owner: query.owner,
        q: search(query.q)?,
        before: query.after.as_deref().map(read_cursor).transpose()?,
        limit: limit + 1,
    };
    let mut views = app.store().session_list(caller.workspace, &filter).await?;
    let more = views.len() > limit;
    views.truncate(limit);
    let next = views.last().filter(|_| more).map(|view| cursor(&view.session));
    let now = app.hub.clock().now();
    let sessions = views.into_iter().map(|view| Session::new(view, now)).collect();
    Ok(Json(SessionPage { sessions, next }))
}

/// One session.
#[utoipa::path(get, path = "/api/sessions/{id}", tag = "sessions", params(("id" = String, Path)),
    responses((status = 200, body = Session), (status = "4XX", body = ErrorBody)))]
async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id,
) -> Result<Json<Session>, ApiError> {
    let found = app.store().session_get(caller.workspace, SessionId(id)).await?;
    let view = found.ok_or_else(ApiError::not_found)?;
    Ok(Json(Session::new(view, app.hub.clock().now())))
}

impl Session {
    /// The session as the API shows it at this moment.
    pub(crate) fn new(view: SessionView, now: Timestamp) -> Self {
        let session = view.session;
        let (inbox, name, channel) = view.inbox;
        let window = view.conversation.window.map(|window| Window::new(&window, now));
        let desk = view.desk;
        Self {
            id: session.id.to_string(),
            number: session.number,
            state: if session.is_open() { SessionState::Open } else { SessionState::Closed },
            owner: session.owner.into(),
            epoch: session.epoch,
            channel: channel.into(),
            inbox: InboxName { id: inbox.to_string(), name },
            contact: Contact::new(view.contact),
            opened_at: session.opened_at.rfc3339(),
            last_activity_at: session.last_activity_at.rfc3339(),
            closed_at: session.closed_at.map(Timestamp::rfc3339),
            close_reason: session.close_reason.map(Into::into),
            window,
            handoff: view.handoff.map(|handoff| Handoff::new(handoff, desk)),
            metadata: session.metadata,
            last_message: view.last_message.map(|message| LastMessage {
                author: message.author.kind.into(),
                text: message.content.as_text(),
                at: message.at.rfc3339(),
            }),
            costs: totals(&view.costs),
        }
    }
}

/// Counts and sums by category, both in alphabetical order.
fn totals(costs: &[(Cost, i64)]) -> Vec<CostTotal> {
    let mut categories: BTreeMap<&str, (i64, i64, BTreeMap<&str, i64>)> = BTreeMap::new();
    for (cost, count) in costs {
        let (billable, free, sums) = categories.entry(&cost.category).or_default();
        *(if cost.billable { billable } else { free }) += count;
        if let Some(price) = &cost.price {
            let sum = sums.entry(&price.currency).or_default();
            *sum = sum.saturating_add(price.micros.saturating_mul(*count));
        }
    }
    let total = |(category, (billable, free, sums)): (&str, (i64, i64, BTreeMap<&str, i64>))| {
        let price =
            |(currency, micros): (&str, i64)| Price { micros, currency: currency.to_owned() };
        let prices = sums.into_iter().map(price).collect();
        CostTotal { category: category.to_owned(), billable, free, prices }
    };
    categories.into_iter().map(total).collect()
}

impl Window {
    /// The window as the API shows it at this moment.
    pub(super) fn new(window: &conversation::Window, now: Timestamp) -> Self {
        let free_until = window.free_entry_until.filter(|until| *until > now);
        Self {
            open: window.is_open(now),
            expires_at: window.expires_at.rfc3339(),
            kind: match window.kind {
                conversation::WindowKind::Message => WindowKind::Message,
                conversation::WindowKind::Call => WindowKind::Call,
            },
            opened_by: window.opened_by.map(|id| id.to_string()),
            free_entry_until: free_until.map(Timestamp::rfc3339),
        }
    }
}

impl Contact {
    pub(super) fn new(contact: baton_core::contact::Contact) -> Self {
        Self {
            id: contact.id.to_string(),
            phone: contact.point(PointKind::Phone).map(str::to_owned),
            email: contact.point(PointKind::Email).map(str::to_owned),
            points: contact.points.iter().map(Point::from).collect(),
            name: contact.name,
        }
    }
}

impl Handoff {
    /// The handoff as the API shows it. A desk that is gone keeps its id only.
    pub(crate) fn new(
        handoff: baton_core::handoff::Handoff,
        desk: Option<(baton_core::ids::DeskId, String, String)>,
    ) -> Self {
        let (name, vendor) = desk
            .filter(|(id, _, _)| *id == handoff.desk)
            .map_or_else(Default::default, |(_, name, vendor)| (name, vendor));
        Self {
            id: handoff.id.to_string(),
            state: handoff.state.into(),
            desk: DeskName { id: handoff.desk.to_string(), name, vendor },
            reason: handoff.reason.into(),
            requested_at: handoff.requested_at.rfc3339(),
            brief: handoff.brief.map(|brief| Brief {
                subject: brief.subject,
                summary: brief.summary,
                classification: brief.classification,
                sentiment: brief.sentiment.into(),
                language: brief.language,
                reason: brief.reason,
            }),
            rep_name: handoff.rep_name,
        }
    }
}

/// What is searched for; a phone number in the form in which they are stored.
fn search(q: Option<String>) -> Result<Option<String>, ApiError> {
    let Some(text) = q.map(|q| q.trim().to_owned()).filter(|q| !q.is_empty()) else {
        return Ok(None);
    };
    if text.chars().count() > SEARCH_MAX_CHARS || text.contains('\0') {
        let most = format!("search for at most {SEARCH_MAX_CHARS} characters of plain text");
        return Err(ApiError::bad_request(most));
    }
    Ok(Some(phone::normal(&text, None).unwrap_or(text)))
}

fn cursor(session: &baton_core::session::Session) -> String {
    format!("{}_{}", session.last_activity_at.0, session.id)
}

fn read_cursor(text: &str) -> Result<(Timestamp, SessionId), ApiError> {
    let read = || {
        let (at, id) = text.split_once('_')?;
        Some((Timestamp(at.parse().ok()?), SessionId::read(id)?))
    };
    read().ok_or_else(|| ApiError::bad_request("give as after what next said, unchanged"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_number_is_found_as_it_is_written() {
        let searched = |q: &str| search(Some(q.to_owned())).unwrap().unwrap();
        assert_eq!(searched("+1 555 010-0061"), "15550100061");
        assert_eq!(searched("15550100061"), "15550100061");
        assert_eq!(searched("Zoë Martínez"), "Zoë Martínez");
    }
}
