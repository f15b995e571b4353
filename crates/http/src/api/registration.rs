//! How carriers see an inbox's number.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use baton_core::registration::{Light, Registration as Told};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::inboxes::Own;
use crate::{
    app::App,
    error::{ApiError, ErrorBody},
};

/// How the number is registered with carriers.
#[derive(Serialize, ToSchema)]
pub struct Registration {
    /// `green`, `amber` or `red`; none where nothing has to be registered, or the vendor cannot say.
    #[schema(required, value_type = Option<String>)]
    light: Option<Light>,
    /// The same in a sentence.
    summary: String,
    /// What to do next.
    #[schema(required)]
    next_step: Option<String>,
    /// What the vendor says of each part.
    parts: Vec<RegistrationPart>,
}

/// One part of a registration.
#[derive(Serialize, ToSchema)]
pub struct RegistrationPart {
    name: String,
    /// The vendor's own word.
    state: String,
}

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(registration))
}

/// Asks the vendor how the number is registered with carriers; changes nothing.
#[utoipa::path(get, path = "/api/inboxes/{id}/registration", tag = "inboxes",
    params(("id" = String, Path)),
    responses((status = 200, body = Registration), (status = "4XX", body = ErrorBody)))]
async fn registration(
    State(app): State<Arc<App>>,
    own: Own,
) -> Result<Json<Registration>, ApiError> {
    match app.hub.inbox_registration(own.id).await {
        None => {
            let text = "the inbox does not run, so its vendor is not asked";
            Err(ApiError::new(StatusCode::CONFLICT, "inbox_not_running", text))
        }
        Some(Err(fault)) => {
            Err(ApiError::new(StatusCode::BAD_GATEWAY, "vendor_does_not_say", &fault.operator))
        }
        Some(Ok(told)) => Ok(Json(view(told))),
    }
}

fn view(told: Option<Told>) -> Registration {
    let Some(told) = told else {
        let summary = "Nothing has to be registered for this channel.".to_owned();
        return Registration { light: None, summary, next_step: None, parts: Vec::new() };
    };
    let part = |(name, state)| RegistrationPart { name, state };
    Registration {
        light: Some(told.light),
        summary: told.summary,
        next_step: told.next_step,
        parts: told.parts.into_iter().map(part).collect(),
    }
}
