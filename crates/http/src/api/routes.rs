//! Which desk takes which handoff: listed, and replaced as a whole.

use std::sync::Arc;

use axum::{Json, extract::State};
use baton_core::{
    ids::{DeskId, InboxId, WorkspaceId},
    route,
};
use baton_store::ConfigChange;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::words::{Unavailable, WorkKind};
use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, ErrorBody},
    input::Body,
};

/// The most routes of a workspace, and the most choices of one.
const ROUTES_MAX: usize = 100;
/// The longest id of a queue.
const QUEUE_MAX_CHARS: usize = 200;

/// A rule; the first that fits counts.
#[derive(Serialize, ToSchema)]
pub struct Route {
    /// Its place as text, as long as routes have no names of their own.
    id: String,
    /// Its place, from 1.
    position: usize,
    /// Only for this inbox.
    #[schema(required)]
    inbox_id: Option<String>,
    /// Only for this topic.
    #[schema(required)]
    topic: Option<String>,
    /// The desks to try, in order.
    choices: Vec<Choice>,
}

/// A desk to try.
#[derive(Serialize, ToSchema)]
pub struct Choice {
    desk_id: String,
    kind: WorkKind,
    /// The queue, workstream or messaging channel, by the desk's own id; none leaves it to the
    /// desk.
    #[schema(required)]
    queue: Option<String>,
    unavailable: Unavailable,
}

/// The workspace's routes in order.
#[derive(Serialize, ToSchema)]
pub struct Routes {
    routes: Vec<Route>,
}

/// All routes of the workspace, in order; they replace those before.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRoutes {
    routes: Vec<NewRoute>,
}

/// A rule to keep.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRoute {
    /// Only for this inbox.
    inbox_id: Option<String>,
    /// Only for this topic, one of the workspace's classifications.
    topic: Option<String>,
    /// The desks to try, in order; at least one.
    choices: Vec<NewChoice>,
}

/// A desk to try.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewChoice {
    desk_id: String,
    #[serde(default)]
    #[schema(value_type = WorkKind)]
    kind: route::WorkKind,
    /// The queue, workstream or messaging channel, by the desk's own id.
    #[serde(default)]
    queue: Option<String>,
    #[serde(default)]
    #[schema(value_type = Unavailable)]
    unavailable: route::Unavailable,
}

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list, replace))
}

/// The workspace's routes in order.
#[utoipa::path(get, path = "/api/routes", tag = "desks",
    responses((status = 200, body = Routes), (status = "4XX", body = ErrorBody)))]
async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Routes>, ApiError> {
    kept(&app, caller.workspace).await
}

/// Replaces all routes. Handoffs under way stay where they are.
#[utoipa::path(put, path = "/api/routes", tag = "desks", request_body = NewRoutes,
    responses((status = 200, body = Routes), (status = "4XX", body = ErrorBody)))]
async fn replace(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(new): Body<NewRoutes>,
) -> Result<Json<Routes>, ApiError> {
    let _one_at_a_time = app.edits.lock().await;
    if new.routes.len() > ROUTES_MAX {
        return Err(ApiError::refused("routes", &format!("give at most {ROUTES_MAX} routes")));
    }
    let known = Known::load(&app, caller.workspace).await?;
    let routes = (1..).zip(new.routes).map(|(place, route)| known.read(place, route));
    let routes = routes.collect::<Result<Vec<route::Route>, ApiError>>()?;
    let change = ConfigChange { routes: Some(routes), ..ConfigChange::default() };
    app.store().config_put(caller.workspace, change).await?;
    if let Err(error) = app.hub.reload().await {
        tracing::warn!(%error, "a stored change is not in use yet; the hub looks again by itself");
    }
    kept(&app, caller.workspace).await
}

async fn kept(app: &App, workspace: WorkspaceId) -> Result<Json<Routes>, ApiError> {
    let config = app.store().config_load().await?;
    let ours = config.routes.into_iter().find(|(id, _)| *id == workspace);
    let routes = ours.map(|(_, routes)| routes).unwrap_or_default();
    let routes = (1..).zip(routes).map(|(position, route)| Route::new(position, route)).collect();
    Ok(Json(Routes { routes }))
}

/// What a route may name.
struct Known {
    inboxes: Vec<InboxId>,
    desks: Vec<DeskId>,
    topics: Vec<String>,
}

impl Known {
    async fn load(app: &App, workspace: WorkspaceId) -> Result<Self, ApiError> {
        let inboxes = app.store().inboxes(workspace).await?;
        let desks = app.store().desks(workspace).await?;
        let workspaces = app.store().workspaces().await?;
        let ours = workspaces.into_iter().find(|known| known.id == workspace);
        Ok(Self {
            inboxes: inboxes.into_iter().map(|known| known.config.inbox.id).collect(),
            desks: desks.into_iter().map(|known| known.config.desk.id).collect(),
            topics: ours.map(|known| known.settings.classifications).unwrap_or_default(),
        })
    }

    fn read(&self, place: usize, new: NewRoute) -> Result<route::Route, ApiError> {
        let refuse = |key: &str, why: &str| {
            Err(ApiError::refused(
                &format!("routes.{place}.{key}"),
                &format!("route {place}: {why}"),
            ))
        };
        let inbox = new.inbox_id.map(|id| self.inboxes.iter().find(|i| i.to_string() == id));
        if inbox.is_some_and(|found| found.is_none()) {
            return refuse("inbox_id", "no inbox has this id");
        }
        if new.topic.as_ref().is_some_and(|topic| !self.topics.contains(topic)) {
            return refuse("topic", &format!("choose one of {}", self.topics.join(", ")));
        }
        if new.choices.is_empty() || new.choices.len() > ROUTES_MAX {
            return refuse("choices", "name at least one desk");
        }
        let mut choices = Vec::with_capacity(new.choices.len());
        for choice in new.choices {
            let Some(desk) = self.desks.iter().find(|d| d.to_string() == choice.desk_id) else {
                return refuse("desk_id", "no desk has this id");
            };
            let queue = choice.queue.map(|queue| queue.trim().to_owned());
            let queue = queue.filter(|queue| !queue.is_empty());
            if queue.as_ref().is_some_and(|queue| queue.chars().count() > QUEUE_MAX_CHARS) {
                return refuse("queue", &format!("give at most {QUEUE_MAX_CHARS} characters"));
            }
            let (kind, unavailable) = (choice.kind, choice.unavailable);
            choices.push(route::Choice { desk: *desk, kind, queue, unavailable });
        }
        Ok(route::Route { inbox: inbox.flatten().copied(), topic: new.topic, choices })
    }
}

impl Route {
    fn new(position: usize, route: route::Route) -> Self {
        let choice = |choice: route::Choice| Choice {
            desk_id: choice.desk.to_string(),
            kind: choice.kind.into(),
            queue: choice.queue,
            unavailable: choice.unavailable.into(),
        };
        Self {
            id: position.to_string(),
            position,
            inbox_id: route.inbox.map(|id| id.to_string()),
            topic: route.topic,
            choices: route.choices.into_iter().map(choice).collect(),
        }
    }
}
