//! `POST /{phone_number_id}/media` and what can be done with the id that it gives.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use serde_json::{Value, json};

use super::errors::GraphError;
use super::media::{ID_DIGITS, Media, UPLOADED_MS};
use super::{authorize, formats, lookaside};
use crate::World;
use crate::multipart::{self, Field};

/// `POST /{version}/{phone_number_id}/media`.
pub async fn upload(
    State(world): State<Arc<World>>,
    Path((version, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let done = authorize(&world, &version, &headers, false).and_then(|()| {
        if id != world.whatsapp.account.phone_number_id {
            return Err(GraphError::no_such_object(&id));
        }
        let form = multipart::fields(&headers, &body)
            .ok_or_else(|| GraphError::new(100, "The body must be multipart/form-data"))?;
        store(&world, &form)
    });
    match done {
        Ok(id) => Json(json!({ "id": id })).into_response(),
        Err(error) => error.respond(&world),
    }
}

fn store(world: &World, form: &[Field]) -> Result<String, GraphError> {
    let get = |name: &str| form.iter().find(|field| field.name == name);
    let required = |name: &str| GraphError::new(100, format!("The parameter {name} is required."));
    if get("messaging_product").map(Field::text).as_deref() != Some("whatsapp") {
        return Err(required("messaging_product"));
    }
    let file = get("file").ok_or_else(|| required("file"))?;
    let declared = get("type").map(Field::text).ok_or_else(|| required("type"))?;
    let mime_type = file.content_type.clone().unwrap_or(declared);
    let kind = formats::kind_of(&mime_type).ok_or_else(|| {
        let details = format!(
            "Param file must be a file with one of the following types: {}. Received file of type '{mime_type}'.",
            formats::all()
        );
        GraphError::new(100, details)
    })?;
    let max = formats::max_bytes(world, kind, &file.bytes);
    if file.bytes.is_empty() || file.bytes.len() > max {
        let size = file.bytes.len();
        let details = format!("Param file must have 1 to {max} bytes for {mime_type}, got {size}");
        return Err(GraphError::new(131_053, details));
    }
    let lives_ms = match get("ttl_minutes").map(|field| field.text().parse::<i64>()) {
        None => UPLOADED_MS,
        Some(Ok(minutes)) if minutes > 0 => minutes.saturating_mul(60_000).min(UPLOADED_MS),
        Some(_) => return Err(GraphError::new(100, "Param ttl_minutes must be a positive number")),
    };
    let id = world.whatsapp.ids.digits(ID_DIGITS);
    let expires_at_ms = world.clock.now_ms() + lives_ms;
    let mut media = Media::new(id.clone(), &mime_type, file.bytes.clone(), expires_at_ms);
    media.file_name = file.file_name.clone();
    world.whatsapp.lock().media.put(media);
    Ok(id)
}

/// `GET /{version}/{media_id}`: where the file can be fetched for five minutes.
pub fn lookup(
    world: &World,
    id: &str,
    query: &HashMap<String, String>,
) -> Result<Value, GraphError> {
    let account = &world.whatsapp.account;
    if query.get("phone_number_id").is_some_and(|number| *number != account.phone_number_id) {
        return Err(GraphError::no_such_object(id));
    }
    let media = world.whatsapp.lock().media.get(id, world.clock.now_ms()).cloned();
    let media = media.ok_or_else(|| GraphError::no_such_object(id))?;
    let size = media.bytes.len();
    let as_text = world.switches.is("whatsapp.media_file_size", "string");
    let lies = world.switches.is("whatsapp.media_sha256", "wrong");
    Ok(json!({
        "messaging_product": "whatsapp",
        "url": lookaside::url(world, &media),
        "mime_type": media.mime_type,
        "sha256": if lies { "0".repeat(64) } else { media.sha256_hex() },
        "file_size": if as_text { json!(size.to_string()) } else { json!(size) },
        "id": media.id,
    }))
}

/// `DELETE /{version}/{media_id}`.
pub fn delete(world: &World, id: &str) -> Result<Value, GraphError> {
    let mut held = world.whatsapp.lock();
    let known = held.media.get(id, world.clock.now_ms()).is_some();
    if known && held.media.remove(id) {
        Ok(json!({ "success": true }))
    } else {
        Err(GraphError::no_such_object(id))
    }
}

/// The bytes, for the pages; without any of Meta's checks.
pub async fn bytes(State(world): State<Arc<World>>, Path(id): Path<String>) -> Response {
    match world.whatsapp.lock().media.get(&id, world.clock.now_ms()) {
        Some(media) => lookaside::plain(media),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
