//! `/{version}/{id}`: the number, the account, a template or a file, told apart by the id.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Json, Response};
use serde_json::Value;

use super::errors::GraphError;
use super::media::ID_DIGITS;
use super::{authorize, number, template_edit, upload, usage};
use crate::{Call, World};

type Ids = Path<(String, String)>;

/// What calls about an object are called.
pub struct Kind {
    pub get: &'static str,
    pub post: &'static str,
    pub delete: &'static str,
}

/// What calls about the object with this id are called.
pub fn kind(id: &str) -> Kind {
    match id.len() {
        ID_DIGITS => Kind { get: "media.get", post: "media.post", delete: "media.delete" },
        16 => Kind { get: "templates.get", post: "templates.edit", delete: "templates.delete" },
        _ => Kind { get: "number.get", post: "number.configure", delete: "number.delete" },
    }
}

/// `GET /{version}/{id}`.
pub async fn get(
    State(world): State<Arc<World>>,
    Path((version, id)): Ids,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let allowed = authorize(&world, &version, &headers, true);
    let done = allowed.and_then(|()| match id.len() {
        ID_DIGITS => upload::lookup(&world, &id, &query),
        16 => template(&world, &id, &query),
        _ => number::info(&world, &id, &query),
    });
    plain(&world, done)
}

fn template(world: &World, id: &str, query: &HashMap<String, String>) -> Result<Value, GraphError> {
    let held = world.whatsapp.lock();
    let found = held.templates.iter().find(|template| template.id == id);
    let found = found.ok_or_else(|| GraphError::no_such_object(id))?;
    Ok(found.row(query.get("fields").map(String::as_str)))
}

/// `POST /{version}/{id}`.
pub async fn post(
    State(world): State<Arc<World>>,
    Path((version, id)): Ids,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
    body: String,
) -> Response {
    if let Err(error) = authorize(&world, &version, &headers, false) {
        return error.respond(&world);
    }
    if id == world.whatsapp.account.phone_number_id {
        return plain(&world, number::configure(&world, &body).await);
    }
    let done = usage::count(&world).and_then(|()| template_edit::edit(&world, &call, &id, &body));
    usage::respond(&world, done)
}

/// `DELETE /{version}/{id}`.
pub async fn delete(
    State(world): State<Arc<World>>,
    Path((version, id)): Ids,
    headers: HeaderMap,
) -> Response {
    let allowed = authorize(&world, &version, &headers, false);
    plain(&world, allowed.and_then(|()| upload::delete(&world, &id)))
}

fn plain(world: &World, done: Result<Value, GraphError>) -> Response {
    match done {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => error.respond(world),
    }
}
