//! Templates are created, edited and deleted (WhatsApp Business Management API "Templates", checked 2026-11-20).

use std::collections::HashMap;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::errors::GraphError;
use super::templates::{Template, variables};
use super::{authorize_waba, items, review, usage};
use crate::{Call, World};

/// Templates of one account that is not verified.
const MAX_TEMPLATES: usize = 250;
const DAY_MS: i64 = 24 * 3_600_000;
/// Edits of an approved template: one a day, ten in thirty days.
const EDITS_IN_30_DAYS: usize = 10;
/// How long the name and language of a deleted template cannot be used again.
const NAME_REST_MS: i64 = 30 * DAY_MS;

/// `POST /{version}/{waba}/message_templates`.
pub async fn create(
    State(world): State<Arc<World>>,
    Path((version, waba)): Path<(String, String)>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let done = authorize_waba(&world, &version, &waba, &headers, false)
        .and_then(|()| add(&world, &call, &parsed(&body)?));
    usage::respond(&world, done)
}

fn parsed(body: &str) -> Result<Value, GraphError> {
    serde_json::from_str(body)
        .map_err(|_| GraphError::new(100, "The request body is not valid JSON"))
}

fn refused(subcode: i64, details: impl Into<String>) -> GraphError {
    GraphError { subcode: Some(subcode), ..GraphError::new(100, details) }
}

fn add(world: &World, call: &Call, sent: &Value) -> Result<Value, GraphError> {
    let required = |key: &str| {
        let value = sent[key].as_str().filter(|value| !value.is_empty());
        value.ok_or_else(|| GraphError::new(100, format!("The parameter {key} is required.")))
    };
    let (name, language, category) =
        (required("name")?, required("language")?, required("category")?.to_uppercase());
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.len() > 512 || !name.chars().all(letters) {
        let details = "Param name must be at most 512 lowercase letters, digits and underscores";
        return Err(GraphError::new(100, details));
    }
    check_category(&category)?;
    let components = sent["components"].as_array().cloned().unwrap_or_default();
    check_components(&components)?;
    let now_ms = world.clock.now_ms();
    let mut held = world.whatsapp.lock();
    if held.templates.len() >= MAX_TEMPLATES {
        return Err(refused(
            2_388_019,
            format!("The account has {MAX_TEMPLATES} templates already"),
        ));
    }
    let same = |template: &Template| template.name == name && template.language == language;
    if held.templates.iter().any(same) {
        return Err(refused(2_388_024, format!("There is already {language} content for {name}")));
    }
    let rests_until_ms = held.deleted_templates.get(&(name.to_owned(), language.to_owned()));
    if rests_until_ms.is_some_and(|until_ms| now_ms < *until_ms) {
        return Err(refused(2_388_023, format!("{name} in {language} was deleted; try later")));
    }
    let mut template = Template::new(&world.whatsapp.ids, name, language, components);
    template.category = category;
    if let Some(format) = sent["parameter_format"].as_str() {
        template.parameter_format = format.to_uppercase();
    }
    let answer =
        json!({ "id": template.id, "status": template.status, "category": template.category });
    review::begin(world, call, &template);
    held.templates.push(template);
    Ok(answer)
}

fn check_category(category: &str) -> Result<(), GraphError> {
    if matches!(category, "AUTHENTICATION" | "MARKETING" | "UTILITY") {
        return Ok(());
    }
    Err(GraphError::new(100, "Param category must be one of AUTHENTICATION, MARKETING, UTILITY"))
}

fn check_components(components: &[Value]) -> Result<(), GraphError> {
    let kind = |component: &Value| component["type"].as_str().unwrap_or_default().to_uppercase();
    if components.iter().filter(|component| kind(component) == "BODY").count() != 1 {
        return Err(refused(2_388_072, "components must have exactly one BODY"));
    }
    for component in components {
        match kind(component).as_str() {
            "HEADER" => check_header(component)?,
            "BODY" => check_text(component, "BODY", 1_024)?,
            "FOOTER" => check_footer(component)?,
            "BUTTONS" => check_buttons(items(&component["buttons"]))?,
            "CAROUSEL" | "LIMITED_TIME_OFFER" | "CALL_PERMISSION_REQUEST" => {}
            other => {
                return Err(GraphError::new(
                    100,
                    format!("Param components[type] cannot be {other}"),
                ));
            }
        }
    }
    Ok(())
}

fn check_length(text: &str, what: &str, max: usize) -> Result<(), GraphError> {
    let length = text.chars().count();
    if (1..=max).contains(&length) {
        return Ok(());
    }
    Err(refused(2_388_040, format!("{what} must have 1 to {max} characters, got {length}")))
}

/// Length, and where variables may stand: not first, not last, not side by side, each with an example.
fn check_text(component: &Value, what: &str, max: usize) -> Result<(), GraphError> {
    let text = component["text"].as_str().unwrap_or_default();
    check_length(text, what, max)?;
    let trimmed = text.trim();
    if trimmed.starts_with("{{") || trimmed.ends_with("}}") {
        return Err(refused(2_388_299, format!("{what} cannot start or end with a variable")));
    }
    if text.contains("}}{{") || text.contains("}} {{") {
        return Err(refused(2_388_072, format!("{what} cannot have variables side by side")));
    }
    if !variables(text).is_empty() && component["example"].is_null() {
        return Err(refused(2_388_043, format!("{what} has variables but no example")));
    }
    Ok(())
}

fn check_header(component: &Value) -> Result<(), GraphError> {
    match component["format"].as_str().unwrap_or("TEXT") {
        "TEXT" => {
            let text = component["text"].as_str().unwrap_or_default();
            check_length(text, "HEADER", 60)?;
            let many = variables(text).len() > 1;
            if many { Err(refused(2_388_047, "HEADER has at most one variable")) } else { Ok(()) }
        }
        "LOCATION" => Ok(()),
        "IMAGE" | "VIDEO" | "DOCUMENT" | "GIF"
            if component["example"]["header_handle"].is_array() =>
        {
            Ok(())
        }
        "IMAGE" | "VIDEO" | "DOCUMENT" | "GIF" => {
            Err(refused(2_388_273, "HEADER with media needs example[header_handle]"))
        }
        other => Err(refused(2_388_047, format!("HEADER format cannot be {other}"))),
    }
}

fn check_footer(component: &Value) -> Result<(), GraphError> {
    let text = component["text"].as_str().unwrap_or_default();
    check_length(text, "FOOTER", 60)?;
    if text.contains("{{") {
        Err(refused(2_388_073, "FOOTER cannot have variables"))
    } else {
        Ok(())
    }
}

fn check_buttons(buttons: &[Value]) -> Result<(), GraphError> {
    if !(1..=10).contains(&buttons.len()) {
        return Err(GraphError::new(
            100,
            format!("BUTTONS must have 1 to 10, got {}", buttons.len()),
        ));
    }
    for button in buttons {
        let kind = button["type"].as_str().unwrap_or_default().to_uppercase();
        if matches!(kind.as_str(), "QUICK_REPLY" | "URL" | "PHONE_NUMBER") {
            check_length(button["text"].as_str().unwrap_or_default(), "BUTTONS[text]", 25)?;
        }
        let url = button["url"].as_str().unwrap_or_default();
        if kind == "URL" {
            check_length(url, "BUTTONS[url]", 2_000)?;
            if url.contains("{{") && !url.ends_with("}}") {
                return Err(GraphError::new(100, "BUTTONS[url] has its variable at the end"));
            }
        }
    }
    Ok(())
}

/// `POST /{version}/{template_id}`.
pub fn edit(world: &World, call: &Call, id: &str, body: &str) -> Result<Value, GraphError> {
    let sent = parsed(body)?;
    let now_ms = world.clock.now_ms();
    let mut held = world.whatsapp.lock();
    let template = held.templates.iter_mut().find(|template| template.id == id);
    let template = template.ok_or_else(|| GraphError::no_such_object(id))?;
    if !matches!(template.status.as_str(), "APPROVED" | "REJECTED" | "PAUSED") {
        let details = format!("A template that is {} cannot be edited", template.status);
        return Err(GraphError::new(100, details));
    }
    let approved = template.status == "APPROVED";
    let recent = |days: i64| {
        template.edits_ms.iter().filter(|at_ms| now_ms - **at_ms < days * DAY_MS).count()
    };
    if approved && (recent(1) >= 1 || recent(30) >= EDITS_IN_30_DAYS) {
        let details = "An approved template can be edited once in 24 hours and 10 times in 30 days";
        return Err(GraphError::new(100, details));
    }
    let components = sent["components"].as_array();
    components.map_or(Ok(()), |components| check_components(components))?;
    if let Some(category) = sent["category"].as_str().map(str::to_uppercase) {
        check_category(&category)?;
        if approved && category != template.category {
            return Err(GraphError::new(
                100,
                "The category of an approved template cannot be edited",
            ));
        }
        template.category = category;
    }
    template.components = components.unwrap_or(&template.components).clone();
    if approved {
        template.edits_ms.push(now_ms);
    }
    template.version += 1;
    template.status = "PENDING".to_owned();
    review::begin(world, call, template);
    Ok(json!({ "success": true }))
}

/// `DELETE /{version}/{waba}/message_templates?name=`: every language, or with `hsm_id` only one.
pub async fn delete(
    State(world): State<Arc<World>>,
    Path((version, waba)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
) -> Response {
    let done = authorize_waba(&world, &version, &waba, &headers, false)
        .and_then(|()| remove(&world, &call, &query));
    usage::respond(&world, done)
}

fn remove(
    world: &World,
    call: &Call,
    query: &HashMap<String, String>,
) -> Result<Value, GraphError> {
    let (name, id) = (query.get("name"), query.get("hsm_id"));
    if name.is_none() && id.is_none() {
        return Err(GraphError::new(100, "The parameter name is required."));
    }
    let until_ms = world.clock.now_ms() + NAME_REST_MS;
    let mut held = world.whatsapp.lock();
    let meant = |template: &Template| {
        name.is_none_or(|name| *name == template.name) && id.is_none_or(|id| *id == template.id)
    };
    let (gone, kept): (Vec<Template>, Vec<Template>) =
        std::mem::take(&mut held.templates).into_iter().partition(meant);
    held.templates = kept;
    if gone.is_empty() {
        return Err(refused(2_593_002, "Message template not found"));
    }
    for template in gone {
        let key = (template.name.clone(), template.language.clone());
        held.deleted_templates.insert(key, until_ms);
        call.emit(review::told(template, "PENDING_DELETION"));
    }
    Ok(json!({ "success": true }))
}
