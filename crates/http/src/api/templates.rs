//! Templates: what may be sent outside the window, the forms that somebody fills for them, and
//! sending one in a session.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{FromRequest, Request, State},
    http::StatusCode,
};
use baton_core::{
    ids::{InboxId, SessionId, TemplateId, WorkspaceId},
    template::{self, FieldFault, Values},
};
use baton_relay::TemplateSyncError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{inboxes::Own, trials};
use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, ErrorBody, FieldError},
    input::{Body, Id, Query},
};

/// The most templates that one list gives.
const LIST_MAX: usize = 1_000;
/// A vendor that lists no faster is asked again later, in real time.
const SYNC_PATIENCE: Duration = Duration::from_secs(8);

/// A template of one of the workspace's inboxes, as last read from its vendor.
#[derive(Serialize, ToSchema)]
pub struct Template {
    id: String,
    inbox_id: String,
    name: String,
    /// Such as `en_US`.
    language: String,
    /// `marketing`, `utility`, `authentication` or `other`.
    category: String,
    /// `approved`, `pending`, `rejected`, `paused`, `disabled` or `unavailable`.
    status: String,
    /// The vendor's word for how customers like it.
    #[schema(required)]
    quality: Option<String>,
    /// Why it cannot be sent; none where it can.
    #[schema(required)]
    refusal: Option<String>,
    /// What stands above the body; `type` tells the kind.
    #[schema(value_type = Object)]
    header: Value,
    /// The text, with variables in double braces.
    body: String,
    #[schema(required)]
    footer: Option<String>,
    buttons: Vec<TemplateButton>,
    /// What somebody fills in to send it.
    form: Vec<FormField>,
    /// When the vendor was last asked about it.
    synced_at: String,
}

/// A button of a template.
#[derive(Serialize, ToSchema)]
pub struct TemplateButton {
    /// `reply`, `link`, `call`, `code` or `other`.
    action: String,
    title: String,
    #[schema(required)]
    url: Option<String>,
}

/// One field that somebody fills in.
#[derive(Serialize, ToSchema)]
pub struct FormField {
    /// The key of its value.
    key: String,
    /// `text`, `image`, `video`, `document`, `degrees`, `url_end`, `payload` or `code`.
    kind: String,
    required: bool,
    max_chars: usize,
    #[schema(required)]
    example: Option<String>,
}

/// Templates by name and language.
#[derive(Serialize, ToSchema)]
pub struct Templates {
    templates: Vec<Template>,
    /// There are more than these; ask by inbox.
    more: bool,
    /// What was wrong when the inbox's templates were last read, where one was asked for.
    #[schema(required)]
    problem: Option<String>,
}

/// How many templates an inbox has.
#[derive(Serialize, ToSchema)]
pub struct TemplatesSynced {
    count: usize,
}

/// Which template, and what fills it.
#[derive(Deserialize, ToSchema)]
pub struct TemplateToSend {
    /// The template's id; or else its name and language.
    #[serde(default)]
    template_id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    language: Option<String>,
    /// The values of its form, by the fields' keys.
    #[serde(default)]
    #[schema(value_type = Object)]
    values: Values,
}

/// Where the message stands.
#[derive(Serialize, ToSchema)]
pub struct TemplateSent {
    session_id: String,
    message_id: String,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Only those of this inbox.
    inbox: Option<String>,
}

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(sync))
        .routes(routes!(send))
}

/// The workspace's templates, or those of one inbox.
#[utoipa::path(get, path = "/api/templates", tag = "templates", params(ListQuery),
    responses((status = 200, body = Templates), (status = "4XX", body = ErrorBody)))]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Templates>, ApiError> {
    let inbox = query.inbox.as_deref().map(|text| {
        Uuid::try_parse(text).map(InboxId).map_err(|_| ApiError::bad_request("inbox: no such id"))
    });
    let inbox = inbox.transpose()?;
    let found = app.store().template_list(caller.workspace, inbox, LIST_MAX + 1).await?;
    let more = found.len() > LIST_MAX;
    let problem = inbox.filter(|inbox| {
        let ours = app.hub.sources(caller.workspace);
        ours.iter().any(|source| source.id == inbox.0)
    });
    Ok(Json(Templates {
        templates: found.into_iter().take(LIST_MAX).map(Template::from).collect(),
        more,
        problem: problem.and_then(|inbox| app.hub.templates_problem(inbox)),
    }))
}

/// One template.
#[utoipa::path(get, path = "/api/templates/{id}", tag = "templates",
    params(("id" = String, Path)),
    responses((status = 200, body = Template), (status = "4XX", body = ErrorBody)))]
async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id,
) -> Result<Json<Template>, ApiError> {
    let found = app.store().template_get(caller.workspace, TemplateId(id)).await?;
    found.map(|template| Json(template.into())).ok_or_else(ApiError::not_found)
}

/// Reads an inbox's templates from its vendor now.
#[utoipa::path(post, path = "/api/inboxes/{id}/templates/sync", tag = "templates",
    params(("id" = String, Path)),
    responses((status = 200, body = TemplatesSynced), (status = "4XX", body = ErrorBody),
        (status = 502, description = "the vendor did not list them", body = ErrorBody)))]
async fn sync(
    State(app): State<Arc<App>>,
    Own { caller, id }: Own,
) -> Result<Json<TemplatesSynced>, ApiError> {
    let read = app.hub.templates_sync(caller.workspace, id);
    let vendor = |text: String| ApiError::new(StatusCode::BAD_GATEWAY, "vendor", text);
    match tokio::time::timeout(SYNC_PATIENCE, read).await {
        Ok(Ok(count)) => Ok(Json(TemplatesSynced { count })),
        Ok(Err(TemplateSyncError::Store(error))) => Err(error.into()),
        Ok(Err(error @ TemplateSyncError::NoTemplates)) => {
            Err(ApiError::new(StatusCode::CONFLICT, "no_templates", error.to_string()))
        }
        Ok(Err(TemplateSyncError::Vendor(fault))) => Err(vendor(fault.operator)),
        Err(_) => Err(vendor("the vendor does not answer in time; try again".to_owned())),
    }
}

/// Sends a template to the customer of a session, whatever the window says. Where the session
/// has ended, a new one begins.
#[utoipa::path(post, path = "/api/sessions/{id}/template", tag = "templates",
    params(("id" = String, Path)), request_body = TemplateToSend,
    responses((status = 202, body = TemplateSent), (status = "4XX", body = ErrorBody)))]
async fn send(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id,
    request: Request,
) -> Result<(StatusCode, Json<TemplateSent>), ApiError> {
    let found = app.store().session_get(caller.workspace, SessionId(id)).await?;
    let view = found.ok_or_else(ApiError::not_found)?;
    // Read only now: another workspace's session is not there, whatever is sent to it.
    let Body(wanted) = Body::<TemplateToSend>::from_request(request, &app).await?;
    let inbox = view.inbox.0;
    let template = find(&app, caller.workspace, inbox, &wanted).await?;
    let filled = template.compile(&wanted.values).map_err(|faults| unfilled(&faults))?;
    let said = app.hub.template_say(view.conversation.id, caller.author(), filled).await;
    let said = said.map_err(trials::unsaid)?;
    let (session_id, message_id) = (said.session.to_string(), said.message.to_string());
    Ok((StatusCode::ACCEPTED, Json(TemplateSent { session_id, message_id })))
}

/// The template that is meant, if it may be sent.
async fn find(
    app: &App,
    workspace: WorkspaceId,
    inbox: InboxId,
    wanted: &TemplateToSend,
) -> Result<template::Template, ApiError> {
    let found = match (&wanted.template_id, &wanted.name, &wanted.language) {
        (Some(id), _, _) => match TemplateId::read(id) {
            Some(id) => app.store().template_get(workspace, id).await?,
            None => None,
        },
        (None, Some(name), Some(language)) => {
            app.store().template_find(inbox, name, language).await?
        }
        _ => {
            return Err(ApiError::refused(
                "template_id",
                "name a template by id or by name and language",
            ));
        }
    };
    sendable(found.filter(|template| template.inbox == inbox))
}

/// The template, unless it may not be sent.
pub(super) fn sendable(found: Option<template::Template>) -> Result<template::Template, ApiError> {
    let template = found.ok_or_else(|| {
        let why = "the inbox has no such template; read its templates again if it is new";
        ApiError::refused("template", why)
    })?;
    match template.refusal() {
        Some(why) => Err(ApiError::refused("template", &why)),
        None => Ok(template),
    }
}

/// Every field that cannot be taken, named.
pub(crate) fn unfilled(faults: &[FieldFault]) -> ApiError {
    let fields = faults.iter().map(|fault| FieldError {
        field: fault.key.clone(),
        problem: word(fault.problem),
        text: fault.text.clone(),
    });
    ApiError::unfilled(fields.collect())
}

/// A word of the core's as it stands in JSON.
fn word(value: impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

impl From<template::Template> for Template {
    fn from(template: template::Template) -> Self {
        let refusal = template.refusal();
        let form = template.form().into_iter().map(|field| FormField {
            key: field.key,
            kind: word(field.kind),
            required: field.required,
            max_chars: field.max_chars,
            example: field.example,
        });
        let form = form.collect();
        let buttons = template.parts.buttons.into_iter().map(|button| TemplateButton {
            action: word(button.action),
            title: button.title,
            url: button.url,
        });
        Self {
            id: template.id.to_string(),
            inbox_id: template.inbox.to_string(),
            name: template.name,
            language: template.language,
            category: word(template.category),
            status: template.status.name().to_owned(),
            quality: template.quality,
            refusal,
            header: serde_json::to_value(&template.parts.header).unwrap_or_default(),
            body: template.parts.body,
            footer: template.parts.footer,
            buttons: buttons.collect(),
            form,
            synced_at: template.synced_at.rfc3339(),
        }
    }
}
