//! People: their addresses, their threads, and the merges that made several of them one.

use std::sync::Arc;

use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::{StatusCode, request::Parts},
};
use baton_core::{
    ids::{ContactId, ConversationId},
    time::Timestamp,
};
use baton_store::{ContactView, ConversationView, Unmerged};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    sessions::{Contact, InboxName, Point, SessionState, Window},
    words::Channel,
};
use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, ErrorBody},
    input::{Body, Id},
};

/// A person with their threads.
#[derive(Serialize, ToSchema)]
pub struct ContactDetail {
    #[serde(flatten)]
    contact: Contact,
    /// Their threads, newest first.
    conversations: Vec<ContactConversation>,
}

/// A thread of a person.
#[derive(Serialize, ToSchema)]
pub struct ContactConversation {
    id: String,
    /// Where they wrote.
    inbox: InboxName,
    /// What they experience.
    channel: Channel,
    /// The span in which free-form messages may be sent.
    #[schema(required)]
    window: Option<Window>,
    /// The newest session.
    #[schema(required)]
    session: Option<ContactSession>,
}

/// A session of a person, by name.
#[derive(Serialize, ToSchema)]
pub struct ContactSession {
    id: String,
    /// The short human number.
    number: i64,
    /// Whether the episode still runs.
    state: SessionState,
}

/// The merges in which a person took part.
#[derive(Serialize, ToSchema)]
pub struct MergeList {
    /// Newest first.
    merges: Vec<Merge>,
}

/// Two threads that became one, because their addresses turned out to be one person's.
#[derive(Serialize, ToSchema)]
pub struct Merge {
    /// The thread that became part of the other.
    conversation: String,
    /// The thread that went on.
    into: String,
    /// Whose thread it was; the same as `into_contact` where the person was known to be one.
    contact: String,
    /// Whose thread went on.
    into_contact: String,
    /// The addresses that moved.
    addresses: Vec<Point>,
    /// When.
    at: String,
    /// When somebody took it back.
    #[schema(required)]
    undone_at: Option<String>,
}

/// Which merge is taken back.
#[derive(Deserialize, ToSchema)]
pub struct UnmergeRequest {
    /// The thread that became part of another: `conversation` of the merge.
    conversation: String,
}

/// A person of the caller's workspace; found before any body is looked at.
struct Own {
    caller: Caller,
    view: ContactView,
}

impl FromRequestParts<Arc<App>> for Own {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let caller = Caller::read(parts, app).await?;
        let Id(id) = Id::from_request_parts(parts, app).await?;
        let found = app.store().contact_get(caller.workspace, ContactId(id)).await?;
        Ok(Self { caller, view: found.ok_or_else(ApiError::not_found)? })
    }
}

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(get)).routes(routes!(merges)).routes(routes!(unmerge))
}

/// One person.
#[utoipa::path(get, path = "/api/contacts/{id}", tag = "contacts", params(("id" = String, Path)),
    responses((status = 200, body = ContactDetail), (status = "4XX", body = ErrorBody)))]
async fn get(State(app): State<Arc<App>>, own: Own) -> Json<ContactDetail> {
    Json(ContactDetail::new(own.view, app.hub.clock().now()))
}

/// The merges in which a person took part, those taken back included.
#[utoipa::path(get, path = "/api/contacts/{id}/merges", tag = "contacts",
    params(("id" = String, Path)),
    responses((status = 200, body = MergeList), (status = "4XX", body = ErrorBody)))]
async fn merges(State(app): State<Arc<App>>, own: Own) -> Result<Json<MergeList>, ApiError> {
    let (workspace, id) = (own.caller.workspace, own.view.contact.id);
    let found = app.store().contact_merges(workspace, id).await?;
    Ok(Json(MergeList { merges: found.into_iter().map(Merge::from).collect() }))
}

/// Takes a merge back. What was written meanwhile stays where it is, and the two are not merged
/// again by themselves.
#[utoipa::path(post, path = "/api/contacts/{id}/unmerge", tag = "contacts",
    params(("id" = String, Path)), request_body = UnmergeRequest,
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
async fn unmerge(
    State(app): State<Arc<App>>,
    Own { caller, view }: Own,
    Body(request): Body<UnmergeRequest>,
) -> Result<StatusCode, ApiError> {
    let absorbed = ConversationId::read(&request.conversation)
        .ok_or_else(|| ApiError::refused("conversation", "give the id of a conversation"))?;
    let by = caller.person.as_ref().map_or("an API key", |(user, _)| user.name.as_str());
    match app.hub.unmerge(caller.workspace, view.contact.id, absorbed, by).await? {
        Unmerged::Done => Ok(StatusCode::NO_CONTENT),
        Unmerged::Unknown => Err(ApiError::not_found()),
        Unmerged::Later(into) => Err(ApiError::new(
            StatusCode::CONFLICT,
            "merged_again",
            format!("the thread that went on became part of {into}; take that merge back first"),
        )),
    }
}

impl ContactDetail {
    fn new(view: ContactView, now: Timestamp) -> Self {
        let conversation = |thread| ContactConversation::new(thread, now);
        Self {
            contact: Contact::new(view.contact),
            conversations: view.conversations.into_iter().map(conversation).collect(),
        }
    }
}

impl ContactConversation {
    fn new(thread: ConversationView, now: Timestamp) -> Self {
        let (inbox, name, channel) = thread.inbox;
        Self {
            id: thread.conversation.id.to_string(),
            inbox: InboxName { id: inbox.to_string(), name },
            channel: channel.into(),
            window: thread.conversation.window.map(|window| Window::new(&window, now)),
            session: thread.session.map(|(id, number, open)| ContactSession {
                id: id.to_string(),
                number,
                state: if open { SessionState::Open } else { SessionState::Closed },
            }),
        }
    }
}

impl From<baton_store::Merge> for Merge {
    fn from(merge: baton_store::Merge) -> Self {
        Self {
            conversation: merge.absorb.to_string(),
            into: merge.keep.to_string(),
            contact: merge.contact.to_string(),
            into_contact: merge.kept_contact.to_string(),
            addresses: merge.aliases.iter().map(Point::from).collect(),
            at: merge.at.rfc3339(),
            undone_at: merge.undone_at.map(Timestamp::rfc3339),
        }
    }
}
