//! Trying an inbox out: is the account right, does a message arrive?

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use baton_core::{
    contact::{Identity, Point, PointKind},
    fault::{Fault, FaultClass},
    message::{Author, AuthorKind},
    phone,
};
use baton_relay::{SayError, SourceStatus};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::inboxes::{Own, running};
use crate::{
    app::App,
    error::{ApiError, ErrorBody},
    input::Body,
};

/// What a check found.
#[derive(Serialize, ToSchema)]
pub struct Checked {
    /// Address, credentials and subscription are right.
    works: bool,
    /// What is wrong, and what to do.
    #[schema(required)]
    why: Option<String>,
}

/// A test message.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestMessage {
    /// To which phone number. Without a country code it is one of the inbox's own country.
    to: String,
    text: String,
}

/// A test message that is on its way.
#[derive(Serialize, ToSchema)]
pub struct TestSent {
    /// The session in which it was said, and where its way can be followed.
    session_id: String,
    message_id: String,
}

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(check)).routes(routes!(test))
}

/// Asks the vendor whether address, credentials and subscription are right; changes nothing.
#[utoipa::path(post, path = "/api/inboxes/{id}/check", tag = "inboxes",
    params(("id" = String, Path)),
    responses((status = 200, body = Checked), (status = "4XX", body = ErrorBody)))]
async fn check(State(app): State<Arc<App>>, own: Own) -> Result<Json<Checked>, ApiError> {
    let Some(checked) = app.hub.inbox_check(own.id).await else {
        return Err(not_running(running(&app, own.caller.workspace, own.id)));
    };
    let why = checked.err().map(|fault| fault.operator);
    Ok(Json(Checked { works: why.is_none(), why }))
}

/// Sends a message to a number, by the same way as everything that is sent.
#[utoipa::path(post, path = "/api/inboxes/{id}/test", tag = "inboxes",
    params(("id" = String, Path)), request_body = TestMessage,
    responses((status = 202, body = TestSent), (status = "4XX", body = ErrorBody)))]
async fn test(
    State(app): State<Arc<App>>,
    Own { caller, id }: Own,
    Body(test): Body<TestMessage>,
) -> Result<(StatusCode, Json<TestSent>), ApiError> {
    let source = running(&app, caller.workspace, id).ok_or_else(|| not_running(None))?;
    let Some(policy) = &source.policy else { return Err(not_running(Some(source))) };
    if !policy.channel.writes_to_phones() {
        let text = "a test message goes to a phone number, and this channel has none";
        return Err(ApiError::new(StatusCode::CONFLICT, "no_phone_channel", text));
    }
    let to = number(&test.to, source.address.as_deref())?;
    let text = test.text.trim();
    if text.is_empty() || text.chars().count() > policy.max_text_chars {
        let why = format!("enter a text of at most {} characters", policy.max_text_chars);
        return Err(ApiError::refused("text", &why));
    }
    let to = Identity { points: vec![Point::new(PointKind::Phone, to)], name: None };
    let name = caller.person.as_ref().map(|(user, _)| user.name.clone());
    let author = Author::named(AuthorKind::System, name);
    let said = app.hub.say((caller.workspace, id), to, author, text.to_owned()).await;
    let said = said.map_err(|error| refused(error, source))?;
    let (session_id, message_id) = (said.session.to_string(), said.message.to_string());
    Ok((StatusCode::ACCEPTED, Json(TestSent { session_id, message_id })))
}

/// The number in its normal form; without a country code it is one of our own country.
fn number(text: &str, own: Option<&str>) -> Result<String, ApiError> {
    let region = own.and_then(|own| phone::region(own.trim_start_matches('+')));
    phone::normal(text.trim(), region.as_deref()).ok_or_else(|| {
        let why = "not a phone number; write it with its country code, as +15550100";
        ApiError::refused("to", why)
    })
}

fn refused(error: SayError, source: SourceStatus) -> ApiError {
    match error {
        SayError::NoInbox => not_running(Some(source)),
        error => unsaid(error),
    }
}

/// Why something was not said in a session.
pub(super) fn unsaid(error: SayError) -> ApiError {
    match error {
        SayError::Refused(fault) => forbidden(&fault),
        SayError::NoInbox => not_running(None),
        SayError::Busy => ApiError::overloaded(),
        SayError::Store(error) => error.into(),
    }
}

fn forbidden(fault: &Fault) -> ApiError {
    if fault.class == FaultClass::ContentRejected {
        return ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "content_rejected",
            fault.operator.clone(),
        );
    }
    let code = match fault.class {
        FaultClass::WindowClosed => "window_closed",
        FaultClass::OptedOut => "opted_out",
        _ => "refused",
    };
    ApiError::new(StatusCode::CONFLICT, code, fault.operator.clone())
}

pub(super) fn not_running(source: Option<SourceStatus>) -> ApiError {
    let why = source.and_then(|source| source.why);
    let text = match why {
        Some(why) => format!("the inbox does not run: {why}"),
        None => "the inbox is stopped; start it first".to_owned(),
    };
    ApiError::new(StatusCode::CONFLICT, "not_running", text)
}
