//! Which desk takes which handoff.

use std::sync::Arc;

use axum::{Json, extract::State};
use baton_core::route;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::words::WorkKind;
use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, ErrorBody},
};

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
    #[schema(required)]
    queue: Option<String>,
}

/// The workspace's routes in order.
#[derive(Serialize, ToSchema)]
pub struct Routes {
    routes: Vec<Route>,
}

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list))
}

/// The workspace's routes in order.
#[utoipa::path(get, path = "/api/routes", tag = "connections",
    responses((status = 200, body = Routes), (status = "4XX", body = ErrorBody)))]
async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Routes>, ApiError> {
    let config = app.store().config_load().await?;
    let ours = config.routes.into_iter().find(|(id, _)| *id == caller.workspace);
    let routes = ours.map(|(_, routes)| routes).unwrap_or_default();
    let routes = (1..).zip(routes).map(|(position, route)| Route::new(position, route)).collect();
    Ok(Json(Routes { routes }))
}

impl Route {
    fn new(position: usize, route: route::Route) -> Self {
        let choice = |choice: route::Choice| Choice {
            desk_id: choice.desk.to_string(),
            kind: choice.kind.into(),
            queue: choice.queue,
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
