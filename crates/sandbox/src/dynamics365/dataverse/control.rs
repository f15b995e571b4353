//! What an administrator of the environment does, as calls: privileges, columns, options, keys, rows.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Json;
use axum::routing::{get, patch, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::attachments::GREATEST_MAX_BYTES;
use super::schema::{AlternateKey, Custom, DuplicateRule, Schema};
use super::tables::{self, Choice, Kind, Table};
use super::{Scope, privileges, resource, rows};
use crate::World;
use crate::control::Refusal;
use crate::dynamics365::control::{Answer, Sandbox};
use crate::dynamics365::iso;
use crate::dynamics365::state::DEFAULT_REP;

const TOO_MANY: &str = "the organisation has too many of these";

/// Mounted beside the other orders.
pub fn router() -> Router<Arc<World>> {
    super::cases::router()
        .route("/privileges", get(list_privileges).post(change_privileges))
        .route("/columns", post(add_column))
        .route("/options", post(set_options))
        .route("/lengths", post(set_length))
        .route("/keys", post(add_key))
        .route("/duplicate_rules", post(add_duplicate_rule))
        .route("/external_keys", post(add_external_key))
        .route("/tables", post(set_table))
        .route("/organization", post(set_organization))
        .route("/contacts", post(add_contact))
        .route("/rows/{set}", post(add_row))
        .route("/rows/{set}/{id}", patch(change_row).delete(remove_row))
}

async fn list_privileges(State(world): Sandbox) -> Json<Value> {
    let inner = world.dynamics365.inner();
    let removed = &inner.org.removed_privileges;
    let held: Vec<String> =
        privileges::names().into_iter().filter(|name| !removed.contains(name)).collect();
    Json(json!({ "held": held, "removed": removed }))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PrivilegeChange {
    /// Names, or `*` for all of them.
    remove: Vec<String>,
    restore: Vec<String>,
}

async fn change_privileges(State(world): Sandbox, Json(change): Json<PrivilegeChange>) -> Answer {
    let known = privileges::names();
    let strange = change.remove.iter().chain(&change.restore);
    if let Some(name) = strange.clone().find(|name| *name != "*" && !known.contains(*name)) {
        return Err(Refusal::bad_request(format!("there is no privilege {name}")));
    }
    {
        let mut inner = world.dynamics365.inner();
        let removed = &mut inner.org.removed_privileges;
        for name in change.remove {
            if name == "*" { removed.extend(known.clone()) } else { removed.extend([name]) }
        }
        for name in change.restore {
            if name == "*" { removed.clear() } else { removed.retain(|one| *one != name) }
        }
        privileges::update_role(&mut inner, &world.dynamics365.account);
    }
    Ok(list_privileges(State(world)).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OptionLabel {
    value: i64,
    label: String,
}

fn choices(options: Vec<OptionLabel>) -> Vec<Choice> {
    options
        .into_iter()
        .map(|one| Choice { value: one.value, label: Cow::Owned(one.label) })
        .collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewColumn {
    /// Logical name of the table.
    table: String,
    name: String,
    /// `text`, `memo`, `number`, `flag`, `instant`, `guid` or `choice`.
    kind: String,
    #[serde(default)]
    max_length: Option<usize>,
    #[serde(default)]
    options: Vec<OptionLabel>,
}

async fn add_column(State(world): Sandbox, Json(order): Json<NewColumn>) -> Answer {
    let table = table_named(&order.table)?;
    let kind = match order.kind.as_str() {
        "text" => Kind::Text(order.max_length.unwrap_or(100)),
        "memo" => Kind::Memo(order.max_length.unwrap_or(2_000)),
        "number" => Kind::Number,
        "flag" => Kind::Flag,
        "instant" => Kind::Instant,
        "guid" => Kind::Guid,
        "choice" => Kind::Choice(&[]),
        other => return Err(Refusal::bad_request(format!("there is no kind of column {other}"))),
    };
    if table.column(&order.name).is_some() {
        return Err(Refusal::bad_request(format!("{} has a column {}", table.name, order.name)));
    }
    let custom = Custom { table: table.name, name: order.name.clone(), kind };
    let mut inner = world.dynamics365.inner();
    done(inner.org.schema.add_column(custom, choices(order.options)))?;
    Ok(Json(json!({ "table": table.name, "column": order.name })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewOptions {
    table: String,
    column: String,
    options: Vec<OptionLabel>,
}

/// Replaces the options of a choice.
async fn set_options(State(world): Sandbox, Json(order): Json<NewOptions>) -> Answer {
    let table = table_named(&order.table)?;
    let mut inner = world.dynamics365.inner();
    if !matches!(inner.org.schema.column(table, &order.column), Some(Kind::Choice(_))) {
        return Err(Refusal::bad_request(format!(
            "{} is no choice of {}",
            order.column, table.name
        )));
    }
    done(inner.org.schema.set_choices(table, &order.column, choices(order.options)))?;
    Ok(Json(json!({ "table": table.name, "column": order.column })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewLength {
    table: String,
    column: String,
    max_length: usize,
}

async fn set_length(State(world): Sandbox, Json(order): Json<NewLength>) -> Answer {
    let table = table_named(&order.table)?;
    let mut inner = world.dynamics365.inner();
    let kind = inner.org.schema.column(table, &order.column);
    if !matches!(kind, Some(Kind::Text(_) | Kind::Memo(_))) {
        return Err(Refusal::bad_request(format!("{} is no text of {}", order.column, table.name)));
    }
    done(inner.org.schema.set_length(table, &order.column, order.max_length))?;
    Ok(Json(json!({ "table": table.name, "column": order.column, "max_length": order.max_length })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewKey {
    table: String,
    name: String,
    columns: Vec<String>,
}

async fn add_key(State(world): Sandbox, Json(order): Json<NewKey>) -> Answer {
    let table = table_named(&order.table)?;
    let mut inner = world.dynamics365.inner();
    let strange = order.columns.iter().find(|name| !inner.org.schema.is_readable(table, name));
    if let Some(name) = strange {
        return Err(Refusal::bad_request(format!("{} has no column {name}", table.name)));
    }
    let answer = json!({ "table": table.name, "key": order.name, "columns": order.columns });
    let key = AlternateKey { table: table.name, name: order.name, columns: order.columns };
    done(inner.org.schema.add_key(key))?;
    Ok(Json(answer))
}

/// A column of a table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OneColumn {
    table: String,
    column: String,
}

async fn add_duplicate_rule(State(world): Sandbox, Json(order): Json<OneColumn>) -> Answer {
    add_rule(&world, order, Schema::add_duplicate_rule)
}

/// Tells in which column the client keeps its own key, so that two rows with one key are counted against it.
async fn add_external_key(State(world): Sandbox, Json(order): Json<OneColumn>) -> Answer {
    add_rule(&world, order, Schema::add_external_key)
}

fn add_rule(
    world: &World,
    order: OneColumn,
    add: fn(&mut Schema, DuplicateRule) -> bool,
) -> Answer {
    let rule = DuplicateRule { table: table_named(&order.table)?.name, column: order.column };
    let answer = json!({ "table": rule.table, "column": rule.column });
    done(add(&mut world.dynamics365.inner().org.schema, rule))?;
    Ok(Json(answer))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Presence {
    /// Logical name of a table.
    table: String,
    present: bool,
}

/// Whether the organisation has a table at all, as one that comes with an app.
async fn set_table(State(world): Sandbox, Json(order): Json<Presence>) -> Answer {
    let table = table_named(&order.table)?;
    let absent = &mut world.dynamics365.inner().org.schema.absent;
    if order.present {
        absent.remove(table.set)
    } else {
        absent.insert(table.set)
    };
    Ok(Json(json!({ "table": table.name, "present": order.present })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Organization {
    /// Bytes.
    maxuploadfilesize: Option<u64>,
    blockedattachments: Option<String>,
}

async fn set_organization(State(world): Sandbox, Json(order): Json<Organization>) -> Answer {
    let mut columns = json!({});
    if let Some(bytes) = order.maxuploadfilesize {
        if bytes > GREATEST_MAX_BYTES {
            return Err(Refusal::bad_request(format!(
                "files have at most {GREATEST_MAX_BYTES} bytes"
            )));
        }
        columns["maxuploadfilesize"] = json!(bytes);
    }
    if let Some(blocked) = order.blockedattachments {
        columns["blockedattachments"] = json!(blocked);
    }
    let (id, at) = (&world.dynamics365.account.organization_id, iso::seconds(world.clock.now_ms()));
    world.dynamics365.inner().set_columns("organizations", id, columns.clone(), &at);
    Ok(Json(columns))
}

async fn add_row(State(world): Sandbox, Path(set): Path<String>, body: Bytes) -> Answer {
    let table = table_of(&set)?;
    let id = as_person(&world, DEFAULT_REP, |scope| {
        let fields = resource::fields(table, &body)?;
        rows::create(scope, table, &fields)
    })?;
    Ok(Json(json!({ table.key: id })))
}

async fn add_contact(world: Sandbox, body: Bytes) -> Answer {
    add_row(world, Path("contacts".to_owned()), body).await
}

async fn change_row(
    State(world): Sandbox,
    Path((set, id)): Path<(String, String)>,
    body: Bytes,
) -> Answer {
    let table = table_of(&set)?;
    as_person(&world, DEFAULT_REP, |scope| {
        let fields = resource::fields(table, &body)?;
        rows::update(scope, table, &id, &fields)
    })?;
    Ok(Json(json!({ table.key: id })))
}

async fn remove_row(State(world): Sandbox, Path((set, id)): Path<(String, String)>) -> Answer {
    let table = table_of(&set)?;
    as_person(&world, DEFAULT_REP, |scope| {
        rows::delete(scope, table, &id, &rows::Condition::None)
    })?;
    Ok(Json(json!({ table.key: id })))
}

/// Does something as a person who works in the product, whole or not at all.
pub fn as_person<T>(
    world: &World,
    name: &str,
    deed: impl FnOnce(&mut Scope<'_>) -> Result<T, super::answer::Refusal>,
) -> Result<T, Refusal> {
    let mut inner = world.dynamics365.inner();
    let person = inner.rep(name, &iso::seconds(world.clock.now_ms()));
    let person = person.ok_or_else(|| Refusal::bad_request("too many different reps"))?;
    let done = inner.whole(|inner| deed(&mut Scope::of_person(world, inner, person.id)));
    done.map_err(|refusal| match refusal.status {
        404 => Refusal::not_found(refusal.message),
        _ => Refusal::bad_request(refusal.message),
    })
}

fn table_of(set: &str) -> Result<&'static Table, Refusal> {
    tables::find(set).ok_or_else(|| Refusal::not_found(format!("no table {set}")))
}

fn table_named(name: &str) -> Result<&'static Table, Refusal> {
    tables::named(name).ok_or_else(|| Refusal::not_found(format!("no table {name}")))
}

fn done(is_done: bool) -> Result<(), Refusal> {
    if is_done { Ok(()) } else { Err(Refusal::bad_request(TOO_MANY)) }
}
