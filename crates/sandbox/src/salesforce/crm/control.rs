//! What an administrator sets up, and rows made by hand: under `/_control/salesforce/crm`. What reps do on cases is in
//! [`cases`](super::cases).

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Json;
use axum::routing::{get, patch, post};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::permissions::{Access, FieldAccess};
use super::schema::Object;
use super::scope::{DuplicateHeader, Scope};
use super::{DEFAULT_REP, oauth, rows, tooling};
use crate::World;
use crate::control::Refusal;
use crate::salesforce::control::{Answer, Sandbox};

/// Mounted at `/_control/salesforce/crm`.
pub fn router() -> Router<Arc<World>> {
    super::cases::router()
        .route("/records/{object}", get(list_rows).post(add_row))
        .route("/records/{object}/{id}", patch(change_row).delete(remove_row))
        .route("/contacts", post(add_contact))
        .route("/fields", post(add_field))
        .route("/permissions", post(set_permissions))
        .route("/external_keys", post(add_external_key))
        .route("/certificate", post(set_certificate))
        .route("/sessions", axum::routing::delete(end_sessions))
        .route("/reset", post(reset))
}

/// Does something as a person who works in the product, whole or not at all.
pub fn as_person<T>(
    world: &World,
    name: &str,
    deed: impl FnOnce(&mut Scope<'_>) -> Result<T, super::answer::Refusal>,
) -> Result<T, Refusal> {
    let now_ms = world.clock.now_ms();
    let mut org = world.salesforce.records.org();
    let user = org.rep(name, now_ms);
    let user = user.ok_or_else(|| Refusal::bad_request("too many different reps"))?;
    let mut scope = Scope {
        org: &mut org,
        switches: &world.switches,
        user,
        is_person: true,
        now_ms,
        version: u32::try_from(world.switches.number("salesforce_crm.newest_version"))
            .unwrap_or(67),
        duplicates: DuplicateHeader::default(),
        seq: 0,
    };
    scope.whole(deed).map_err(|refusal| match refusal.status {
        404 => Refusal::not_found(refusal.message),
        _ => Refusal::bad_request(format!("{}: {}", refusal.code, refusal.message)),
    })
}

fn fields(body: &[u8]) -> Result<Map<String, Value>, super::answer::Refusal> {
    serde_json::from_slice(body).map_err(|error| super::answer::Refusal::body(error.to_string()))
}

fn known(world: &World, name: &str) -> Result<Object, Refusal> {
    let org = world.salesforce.records.org();
    org.schema.object(name).cloned().ok_or_else(|| Refusal::not_found(format!("no object {name}")))
}

async fn list_rows(State(world): Sandbox, Path(name): Path<String>) -> Answer {
    let object = known(&world, &name)?;
    Ok(Json(json!({ "records": world.salesforce.records.list(&object.name) })))
}

async fn add_row(State(world): Sandbox, Path(name): Path<String>, body: Bytes) -> Answer {
    let object = known(&world, &name)?;
    let id = as_person(&world, DEFAULT_REP, |scope| {
        rows::create(scope, &object, &fields(&body)?, None)
    })?;
    Ok(Json(json!({ "Id": id })))
}

async fn add_contact(world: Sandbox, body: Bytes) -> Answer {
    add_row(world, Path("Contact".to_owned()), body).await
}

async fn change_row(
    State(world): Sandbox,
    Path((name, id)): Path<(String, String)>,
    body: Bytes,
) -> Answer {
    let object = known(&world, &name)?;
    as_person(&world, DEFAULT_REP, |scope| rows::update(scope, &object, &id, &fields(&body)?))?;
    Ok(Json(json!({ "Id": id })))
}

async fn remove_row(State(world): Sandbox, Path((name, id)): Path<(String, String)>) -> Answer {
    let object = known(&world, &name)?;
    as_person(&world, DEFAULT_REP, |scope| rows::delete(scope, &object, &id))?;
    Ok(Json(json!({ "Id": id })))
}

/// A field as the product's own pages make it: everybody sees it at once.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewField {
    object: String,
    /// With its ending `__c`.
    name: String,
    /// `Text`, `Phone`, `Email`, `Checkbox`, `LongTextArea` and so on.
    #[serde(default = "text")]
    kind: String,
    #[serde(default)]
    length: Option<usize>,
    #[serde(default)]
    external_id: bool,
    #[serde(default)]
    unique: bool,
}

fn text() -> String {
    "Text".to_owned()
}

async fn add_field(State(world): Sandbox, Json(order): Json<NewField>) -> Answer {
    let object = known(&world, &order.object)?;
    let metadata = json!({
        "type": order.kind,
        "length": order.length.unwrap_or(255),
        "externalId": order.external_id,
        "unique": order.unique,
    });
    let field = tooling::custom(&order.name, &metadata)
        .map_err(|refusal| Refusal::bad_request(refusal.message))?;
    let mut org = world.salesforce.records.org();
    if !org.schema.add(&object.name, field) {
        return Err(Refusal::bad_request(format!("{} has a field {}", object.name, order.name)));
    }
    Ok(Json(json!({ "object": object.name, "field": order.name })))
}

/// Rights of the integration user; what is absent is allowed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rights {
    object: String,
    /// Only of this field.
    field: Option<String>,
    #[serde(default = "yes")]
    read: bool,
    #[serde(default = "yes")]
    create: bool,
    #[serde(default = "yes")]
    edit: bool,
    #[serde(default = "yes")]
    delete: bool,
}

fn yes() -> bool {
    true
}

async fn set_permissions(State(world): Sandbox, Json(order): Json<Rights>) -> Answer {
    let object = known(&world, &order.object)?;
    let Rights { read, create, edit, delete, .. } = order;
    let permissions = &mut world.salesforce.records.org().permissions;
    match &order.field {
        Some(field) if object.field(field).is_none() => {
            return Err(Refusal::not_found(format!("{} has no field {field}", object.name)));
        }
        Some(field) => permissions.set_field(&object.name, field, FieldAccess { read, edit }),
        None => permissions.set_object(&object.name, Access { read, create, edit, delete }),
    }
    Ok(Json(json!({ "object": object.name, "field": order.field })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OneField {
    object: String,
    field: String,
}

/// Tells in which field the client keeps its own key, so that two rows with one key are counted against it.
async fn add_external_key(State(world): Sandbox, Json(order): Json<OneField>) -> Answer {
    let object = known(&world, &order.object)?;
    world.salesforce.records.org().broken.add_key(&object.name, &order.field);
    Ok(Json(json!({ "object": object.name, "field": order.field })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Certificate {
    pem: String,
}

/// Uploads a certificate into the connected app, in the place of the one that is there.
async fn set_certificate(State(world): Sandbox, Json(order): Json<Certificate>) -> Answer {
    if !oauth::is_certificate(&order.pem) {
        return Err(Refusal::bad_request("this is no PEM text of a certificate with an RSA key"));
    }
    world.salesforce.core.set_certificate(&order.pem);
    Ok(Json(json!({ "certificate": "set" })))
}

/// Ends every session, as an administrator or the session's policy does.
async fn end_sessions(State(world): Sandbox) -> Json<Value> {
    Json(json!({ "ended": world.salesforce.core.end_sessions() }))
}

/// Everything as it was at the start; sessions go on.
async fn reset(State(world): Sandbox) -> Json<Value> {
    world.salesforce.records.reset();
    Json(json!({ "reset": true }))
}
