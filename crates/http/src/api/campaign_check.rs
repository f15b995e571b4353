//! A campaign's list of people, looked at whole without making a campaign of it.

use std::sync::Arc;

use axum::{
    Json,
    extract::{DefaultBodyLimit, State},
};
use baton_core::campaign::{Recipient, RecipientState};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::campaigns::{LIST_MAX_BYTES, NewCampaign, reader};
use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, ErrorBody},
    input::Body,
    people::{Person, Reader},
};

/// Refused people that one answer names; who repairs a list begins with these.
const NAMED_MAX: usize = 500;

/// What would become of a list.
#[derive(Serialize, ToSchema)]
pub struct CampaignCheck {
    /// How many people would get the message, unless they opt out before their turn.
    accepted: usize,
    /// How many would not.
    refused: usize,
    /// Those who would not, in the order of the list, at most 500 of them.
    people: Vec<RefusedPerson>,
    /// What the first accepted person reads; none where nobody is accepted.
    #[schema(required)]
    first_text: Option<String>,
}

/// Somebody on the list who would get nothing.
#[derive(Serialize, ToSchema)]
pub struct RefusedPerson {
    /// The place on the list, from 1.
    place: i64,
    /// The number as it was given.
    to: String,
    #[schema(required)]
    name: Option<String>,
    /// `invalid_number`, `duplicate` or `invalid_values`, with details after a colon.
    why: String,
}

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(check)).layer(DefaultBodyLimit::max(LIST_MAX_BYTES))
}

/// Looks at a whole list as making the campaign would; makes and sends nothing.
#[utoipa::path(post, path = "/api/campaigns/check", tag = "campaigns", request_body = NewCampaign,
    responses((status = 200, body = CampaignCheck), (status = "4XX", body = ErrorBody)))]
async fn check(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(new): Body<NewCampaign>,
) -> Result<Json<CampaignCheck>, ApiError> {
    let _one_of_few = app.lists.try_acquire().map_err(|_| ApiError::overloaded())?;
    let (reader, people) = reader(&app, &caller, new).await?;
    // A hundred thousand numbers and texts keep a thread busy for a while.
    let looked = tokio::task::spawn_blocking(move || look(reader, people)).await;
    looked.map(Json).map_err(|_| ApiError::internal())
}

fn look(mut reader: Reader, people: Vec<Person>) -> CampaignCheck {
    let (accepted, refused): (Vec<Recipient>, Vec<Recipient>) = reader
        .read(people)
        .into_iter()
        .partition(|recipient| recipient.state == RecipientState::Waiting);
    let first_text = accepted.first().and_then(|first| {
        let values = reader.campaign.template.values_for(&first.values);
        reader.template.compile(&values).ok().map(|filled| filled.text)
    });
    CampaignCheck {
        accepted: accepted.len(),
        refused: refused.len(),
        people: refused.into_iter().take(NAMED_MAX).map(RefusedPerson::from).collect(),
        first_text,
    }
}

impl From<Recipient> for RefusedPerson {
    fn from(recipient: Recipient) -> Self {
        Self {
            place: recipient.place,
            to: recipient.given,
            name: recipient.name,
            why: recipient.why.unwrap_or_default(),
        }
    }
}
