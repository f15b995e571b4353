//! What was said in a session, in order.

use std::sync::Arc;

use axum::{Json, extract::State};
use baton_core::{cost, fault::Fault, ids::SessionId, message};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    LIMIT_MAX, rows,
    words::{AuthorKind, MessageStatus},
};
use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, ErrorBody},
    input::{Id, Query},
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

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list))
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
