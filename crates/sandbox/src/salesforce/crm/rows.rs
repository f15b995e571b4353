//! Rows as clients of the API create, read, change and delete them.
//!
//! Source: "sObject Rows", "sObject Rows by External ID" and "sObject Basic Information", REST API Developer Guide,
//! checked 2026-11.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::answer::Refusal;
use super::schema::{Field, Kind, Object};
use super::scope::Scope;
use super::store::{Fields, Record};
use super::{checks, duplicates, files, ids};

/// Makes a row; its id. A file's bytes come beside it, or in base64 within it.
pub fn create(
    scope: &mut Scope<'_>,
    object: &Object,
    given: &Fields,
    file: Option<Bytes>,
) -> Result<String, Refusal> {
    let may = scope.is_person || scope.org.permissions.object(&object.name).create;
    if !(object.createable || scope.is_person) || !may {
        return Err(Refusal::no_access());
    }
    let row = checks::fields(scope, object, given, true)?;
    checks::required(object, &row)?;
    check_unique(scope, object, &row, None)?;
    duplicates::check(scope, object, &row, None)?;
    let file = match file {
        Some(bytes) => Some(bytes),
        None => embedded_file(object, given)?,
    };
    files::check(object, &row, file.as_ref())?;
    note(scope, object, &row);
    let lag_s = scope.switches.number("salesforce_crm.search_lag_s");
    let lag_ms = if scope.is_person { 0 } else { lag_s * 1_000 };
    let (user, now_ms) = (scope.user.clone(), scope.now_ms);
    let id = scope.org.insert(&object.name, row, &user, now_ms, now_ms + lag_ms);
    let id = id.ok_or_else(Refusal::full)?;
    if let Some(bytes) = file {
        files::keep(scope.org, &id, bytes).ok_or_else(Refusal::full)?;
    }
    Ok(id)
}

/// What the simulator's own accounting wants to know about a new row.
fn note(scope: &mut Scope<'_>, object: &Object, row: &Fields) {
    if scope.is_person {
        return;
    }
    let keys = scope.org.broken.keys_of(&object.name);
    let held = |key: &String| row.get(key).filter(|value| !value.is_null());
    let is_second = keys.iter().filter_map(|key| Some((key, held(key)?))).any(|(key, value)| {
        scope.org.tables.list(&object.name).iter().any(|row| row.fields.get(key) == Some(value))
    });
    if is_second {
        scope.org.broken.twice(scope.seq);
    }
    scope.org.broken.made(&object.name, row, scope.seq);
}

/// Changes a row.
pub fn update(
    scope: &mut Scope<'_>,
    object: &Object,
    id: &str,
    given: &Fields,
) -> Result<(), Refusal> {
    let id = existing(scope, object, id)?;
    let may = scope.is_person || scope.org.permissions.object(&object.name).edit;
    if !(object.updateable || scope.is_person) || !may {
        return Err(Refusal::no_access());
    }
    let changes = checks::fields(scope, object, given, false)?;
    let mut row = scope.org.tables.get(&object.name, &id).map(|row| row.fields.clone());
    row.iter_mut().for_each(|row| row.extend(changes.clone()));
    checks::required(object, &row.unwrap_or_default())?;
    check_unique(scope, object, &changes, Some(&id))?;
    duplicates::check(scope, object, &changes, Some(&id))?;
    let (user, now_ms) = (scope.user.clone(), scope.now_ms);
    scope.org.change(&object.name, &id, changes, &user, now_ms);
    Ok(())
}

/// Puts a row into the recycle bin.
pub fn delete(scope: &mut Scope<'_>, object: &Object, id: &str) -> Result<(), Refusal> {
    let id = existing(scope, object, id)?;
    let may = scope.is_person || scope.org.permissions.object(&object.name).delete;
    if !(object.deletable || scope.is_person) || !may {
        return Err(Refusal::no_access());
    }
    let (user, now_ms) = (scope.user.clone(), scope.now_ms);
    let gone = super::org::object(json!({ "IsDeleted": true }));
    scope.org.change(&object.name, &id, gone, &user, now_ms);
    Ok(())
}

/// The long id of a row that is there.
pub fn existing(scope: &Scope<'_>, object: &Object, id: &str) -> Result<String, Refusal> {
    let Some(long) = ids::long(id) else {
        let message =
            format!("Provided external ID field does not exist or is not accessible: {id}");
        return Err(Refusal::new(404, "NOT_FOUND", message));
    };
    if !long.starts_with(&object.prefix) {
        let message = format!("{} ID: id value of incorrect type: {id}", object.label);
        return Err(Refusal::new(400, "MALFORMED_ID", message).about(&["Id"]));
    }
    match scope.org.tables.get(&object.name, &long) {
        Some(record) if record.is_deleted() => Err(Refusal::deleted()),
        Some(_) => Ok(long),
        None => Err(Refusal::no_resource()),
    }
}

/// What an upsert found or made.
pub enum Upserted {
    Created(String),
    Updated(String),
}

/// Makes a row, or changes the one whose external id has this value.
pub fn upsert(
    scope: &mut Scope<'_>,
    object: &Object,
    key: &Field,
    value: &str,
    given: &Fields,
) -> Result<Upserted, Refusal> {
    match with_external_id(scope, object, key, value).as_slice() {
        [] => {
            let mut row = given.clone();
            let typed = match key.kind {
                Kind::Number => value.parse::<i64>().map_or(json!(value), |number| json!(number)),
                _ => json!(value),
            };
            row.insert(key.name.clone(), typed);
            create(scope, object, &row, None).map(Upserted::Created)
        }
        [one] => {
            update(scope, object, one, given)?;
            Ok(Upserted::Updated(one.clone()))
        }
        several => Err(several_found(scope, object, several)),
    }
}

/// 300 with the addresses of the rows; the body is no list of errors.
fn several_found(scope: &Scope<'_>, object: &Object, several: &[String]) -> Refusal {
    let address = |id: &String| json!(format!("{}/sobjects/{}/{id}", scope.base(), object.name));
    let mut refusal = Refusal::new(300, "MULTIPLE_CHOICES", "several rows have this external id");
    refusal.more.insert("choices".to_owned(), several.iter().map(address).collect());
    refusal
}

/// The ids of the rows whose external id has this value, without regard to case.
pub fn with_external_id(
    scope: &Scope<'_>,
    object: &Object,
    key: &Field,
    value: &str,
) -> Vec<String> {
    let holds = |record: &&Record| match record.fields.get(&key.name) {
        Some(Value::String(held)) => held.eq_ignore_ascii_case(value),
        Some(Value::Number(held)) => held.to_string() == value,
        _ => false,
    };
    let rows = scope.org.tables.list(&object.name).into_iter().filter(holds);
    rows.filter_map(|record| record.text("Id").map(str::to_owned)).collect()
}

/// A field that an upsert may go by.
pub fn external_id<'o>(
    scope: &Scope<'_>,
    object: &'o Object,
    name: &str,
) -> Result<&'o Field, Refusal> {
    scope.field(object, name).filter(|field| field.external_id).ok_or_else(|| {
        let message =
            format!("Provided external ID field does not exist or is not accessible: {name}");
        Refusal::new(404, "NOT_FOUND", message)
    })
}

fn check_unique(
    scope: &Scope<'_>,
    object: &Object,
    row: &Fields,
    own: Option<&str>,
) -> Result<(), Refusal> {
    for field in object.fields.iter().filter(|field| field.unique) {
        let Some(Value::String(value)) = row.get(&field.name) else { continue };
        let other = with_external_id(scope, object, field, value);
        if let Some(other) = other.iter().find(|other| Some(other.as_str()) != own) {
            let message = format!(
                "duplicate value found: {} duplicates value on record with id: {}",
                field.name,
                other.get(..15).unwrap_or(other)
            );
            return Err(Refusal::new(400, "DUPLICATE_VALUE", message).about(&[&field.name]));
        }
    }
    Ok(())
}

fn embedded_file(object: &Object, given: &Fields) -> Result<Option<Bytes>, Refusal> {
    let Some(field) = object.fields.iter().find(|field| field.kind == Kind::Blob) else {
        return Ok(None);
    };
    let Some(Value::String(text)) = given.get(&field.name) else { return Ok(None) };
    let bytes = STANDARD.decode(text).map_err(|_| {
        let start: String = text.chars().take(40).collect();
        Refusal::body(format!(
            "Cannot deserialize instance of base64 from VALUE_STRING value {start}"
        ))
    })?;
    if bytes.len() > files::MAX_EMBEDDED_BYTES {
        let message = "the file is too large to stand within JSON; send it as multipart";
        return Err(Refusal::new(413, "POST_BODY_TOO_LARGE", message));
    }
    Ok(Some(Bytes::from(bytes)))
}

/// `{"type", "url"}` of a row.
pub fn attributes(scope: &Scope<'_>, object: &Object, record: &Record) -> Value {
    let id = record.text("Id").unwrap_or_default();
    json!({
        "type": object.name,
        "url": format!("{}/sobjects/{}/{id}", scope.base(), object.name),
    })
}

/// A row with every field that the user may read.
pub fn shown(scope: &Scope<'_>, object: &Object, record: &Record) -> Value {
    let mut row = Map::new();
    row.insert("attributes".to_owned(), attributes(scope, object, record));
    for field in object.fields.iter().filter(|field| scope.can_read(object, field)) {
        row.insert(field.name.clone(), value(scope, object, field, record));
    }
    Value::Object(row)
}

/// A field's value as clients read it: a file is an address.
pub fn value(scope: &Scope<'_>, object: &Object, field: &Field, record: &Record) -> Value {
    if field.kind != Kind::Blob {
        return record.fields.get(&field.name).cloned().unwrap_or(Value::Null);
    }
    let id = record.text("Id").unwrap_or_default();
    json!(format!("{}/sobjects/{}/{id}/{}", scope.base(), object.name, field.name))
}
