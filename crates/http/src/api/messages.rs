//! What was said in a session, in order.

use std::sync::Arc;

use axum::{
    Json,
    extract::{FromRequest, Request, State},
    http::StatusCode,
};
use baton_core::{
    cost,
    fault::Fault,
    ids::SessionId,
    interactive::Offer,
    message::{self, Content},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    LIMIT_MAX, rows, trials,
    words::{AuthorKind, MessageStatus},
};
use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, ErrorBody},
    input::{Body, Id, Query},
};

/// One utterance.
#[derive(Clone, Serialize, ToSchema)]
pub struct Message {
    id: String,
    /// Order within the conversation; not a position of the feed.
    position: i64,
    author: Author,
    /// What a person reads in its place, whatever its kind.
    text: String,
    /// What is said; `type` tells the kind.
    #[schema(value_type = Object)]
    content: Value,
    /// When it was said.
    at: String,
    status: MessageStatus,
    /// Why it did not arrive, or why it is held.
    #[schema(required)]
    fault: Option<MessageFault>,
    /// What an AI answer rests on.
    citations: Vec<Citation>,
    /// What its vendor charges, once the vendor has said so.
    #[schema(required)]
    cost: Option<Cost>,
}

/// What a vendor charges for a message, as it said itself.
#[derive(Clone, Serialize, ToSchema)]
pub struct Cost {
    /// The vendor's category, such as `service`, `utility` or `sms`.
    category: String,
    /// Whether it is charged.
    billable: bool,
    /// The vendor's reason, such as `regular` or `free_entry_point`.
    #[schema(required)]
    kind: Option<String>,
    /// How many parts were charged, where the vendor charges by part.
    #[schema(required)]
    segments: Option<u32>,
    /// The price, where the vendor names it.
    #[schema(required)]
    price: Option<Price>,
}

/// An amount of money.
#[derive(Clone, Serialize, ToSchema)]
pub struct Price {
    /// Millionths of the currency's unit.
    pub(super) micros: i64,
    /// ISO 4217.
    pub(super) currency: String,
}

/// Who speaks.
#[derive(Clone, Serialize, ToSchema)]
pub struct Author {
    kind: AuthorKind,
    #[schema(required)]
    name: Option<String>,
}

/// Why a message did not arrive, or why it is held.
#[derive(Clone, Serialize, ToSchema)]
pub struct MessageFault {
    /// The vendor's code where there is one, otherwise our class of the fault.
    code: String,
    text: String,
}

/// An article that an answer rests on.
#[derive(Clone, Serialize, ToSchema)]
pub struct Citation {
    title: String,
    source: String,
}

/// A page of messages, oldest first.
#[derive(Serialize, ToSchema)]
pub struct MessagePage {
    messages: Vec<Message>,
    /// What to give as `after` for what comes next.
    last_position: i64,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PageQuery {
    /// Only what comes after this position.
    after: Option<i64>,
    /// How many, at most 200.
    limit: Option<usize>,
}

/// Something for the customer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageToSend {
    /// The words.
    text: String,
    /// A line above the words, where there is something to tap.
    #[serde(default)]
    header: Option<String>,
    /// A line below the words, where there is something to tap.
    #[serde(default)]
    footer: Option<String>,
    /// What can be tapped: `{"action": "buttons", "buttons": [{"id", "title"}]}`,
    /// `{"action": "list", "open", "sections": [{"title", "rows": [{"id", "title", "description"}]}]}`
    /// or `{"action": "link", "title", "url"}`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    offer: Option<Offer>,
}

/// Where the message stands.
#[derive(Serialize, ToSchema)]
pub struct MessageSent {
    session_id: String,
    message_id: String,
}

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list, send))
}

/// Says something to the customer of a session, by the same way as everything that is sent. Who
/// answers stays as it is. Where the session has ended, a new one begins.
#[utoipa::path(post, path = "/api/sessions/{id}/messages", tag = "sessions",
    params(("id" = String, Path)), request_body = MessageToSend,
    responses((status = 202, body = MessageSent), (status = "4XX", body = ErrorBody)))]
async fn send(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id,
    request: Request,
) -> Result<(StatusCode, Json<MessageSent>), ApiError> {
    let found = app.store().session_get(caller.workspace, SessionId(id)).await?;
    let view = found.ok_or_else(ApiError::not_found)?;
    // Read only now: another workspace's session is not there, whatever is sent to it.
    let Body(wanted) = Body::<MessageToSend>::from_request(request, &app).await?;
    let content = wanted.content()?;
    let said = app.hub.say_in(view.conversation.id, caller.author(), content).await;
    let said = said.map_err(trials::unsaid)?;
    let (session_id, message_id) = (said.session.to_string(), said.message.to_string());
    Ok((StatusCode::ACCEPTED, Json(MessageSent { session_id, message_id })))
}

impl MessageToSend {
    fn content(self) -> Result<Content, ApiError> {
        let Self { text, header, footer, offer } = self;
        match offer {
            Some(offer) => Ok(Content::Interactive { text, header, footer, offer }),
            None if header.is_some() || footer.is_some() => {
                Err(ApiError::refused("offer", "header and footer stand around something to tap"))
            }
            None => Ok(Content::text(text)),
        }
    }
}

/// The messages of a session, oldest first.
#[utoipa::path(get, path = "/api/sessions/{id}/messages", tag = "sessions",
    params(("id" = String, Path), PageQuery),
    responses((status = 200, body = MessagePage), (status = "4XX", body = ErrorBody)))]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id,
    Query(query): Query<PageQuery>,
) -> Result<Json<MessagePage>, ApiError> {
    let id = SessionId(id);
    let after = query.after.unwrap_or(0);
    let known = app.store().session_get(caller.workspace, id).await?;
    known.ok_or_else(ApiError::not_found)?;
    let limit = rows(query.limit, LIMIT_MAX);
    let found = app.store().messages_of_session(caller.workspace, id, after, limit).await?;
    let last_position = found.last().map_or(after, |message| message.position);
    let messages = found.into_iter().map(Message::from).collect();
    Ok(Json(MessagePage { messages, last_position }))
}

impl From<message::Message> for Message {
    fn from(message: message::Message) -> Self {
        Self {
            id: message.id.to_string(),
            position: message.position,
            author: Author { kind: message.author.kind.into(), name: message.author.name },
            text: message.content.as_text(),
            content: serde_json::to_value(&message.content).unwrap_or_default(),
            at: message.at.rfc3339(),
            status: message.status.into(),
            fault: message.fault.map(MessageFault::from),
            citations: message
                .citations
                .into_iter()
                .map(|c| Citation { title: c.title, source: c.source })
                .collect(),
            cost: message.cost.map(Cost::from),
        }
    }
}

impl From<cost::Cost> for Cost {
    fn from(cost: cost::Cost) -> Self {
        Self {
            category: cost.category,
            billable: cost.billable,
            kind: cost.kind,
            segments: cost.segments,
            price: cost.price.map(Price::from),
        }
    }
}

impl From<cost::Price> for Price {
    fn from(price: cost::Price) -> Self {
        Self { micros: price.micros, currency: price.currency }
    }
}

impl From<Fault> for MessageFault {
    fn from(fault: Fault) -> Self {
        let class = || {
            let name = serde_json::to_value(fault.class).unwrap_or_default();
            name.as_str().unwrap_or("unknown").to_owned()
        };
        Self { code: fault.code.clone().unwrap_or_else(class), text: fault.rep }
    }
}
