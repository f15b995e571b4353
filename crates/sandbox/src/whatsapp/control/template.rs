//! What Meta's people do with templates.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Json;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::review;
use super::super::templates::Template;
use super::{Answer, post_now};
use crate::{Delivered, Hook, World};

pub async fn templates(State(world): State<Arc<World>>) -> Json<Value> {
    Json(json!({ "templates": world.whatsapp.lock().templates }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeTemplate {
    name: String,
    #[serde(default = "english")]
    language: String,
    status: Option<String>,
    category: Option<String>,
    /// A new body text, with its variables.
    body: Option<String>,
    /// Or all components.
    components: Option<Vec<Value>>,
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
    quality: Option<String>,
    /// Why, for REJECTED and the like.
    reason: Option<String>,
}

fn english() -> String {
    "en".to_owned()
}

/// Adds or changes a template; a change of status, quality or category is told by a webhook each.
pub async fn change_template(
    State(world): State<Arc<World>>,
    Json(change): Json<ChangeTemplate>,
) -> Answer {
    let (template, hooks) = apply(&world, change);
    let mut delivered = Delivered::default();
    for hook in hooks {
        delivered = post_now(&world, Some(hook)).await;
    }
    Ok(Json(json!({ "template": template, "delivered_status": delivered.status })))
}

fn apply(world: &World, change: ChangeTemplate) -> (Template, Vec<Hook>) {
    let mut held = world.whatsapp.lock();
    let held = &mut *held;
    let same =
        |template: &Template| template.name == change.name && template.language == change.language;
    let known = held.templates.iter().find(|template| same(template)).cloned();
    let before = known.as_ref();
    let mut template = changed(world, before, &change);
    template.rejected_reason = change.reason.clone().unwrap_or_else(|| "NONE".to_owned());
    let category_before = before.map(|before| before.category.clone());
    if let Some(previous) = category_before.filter(|previous| *previous != template.category) {
        template.previous_category = Some(previous);
    }
    held.templates.retain(|other| !same(other));
    held.templates.push(template.clone());
    let mut hooks = Vec::new();
    if before.is_none_or(|before| before.status != template.status) {
        hooks.push(review::status(world, held, &template));
    }
    if let Some(before) = before.filter(|before| before.quality != template.quality) {
        hooks.push(review::quality(world, held, &template, &before.quality));
    }
    if let Some(before) = before.filter(|before| before.category != template.category) {
        hooks.push(review::category(world, held, &template, &before.category));
    }
    (template, hooks.into_iter().flatten().collect())
}

fn changed(world: &World, before: Option<&Template>, change: &ChangeTemplate) -> Template {
    let ids = &world.whatsapp.ids;
    let fresh = |components| Template::new(ids, &change.name, &change.language, components);
    let body = |text: &str| vec![json!({ "type": "BODY", "text": text })];
    let given = change.components.clone().or_else(|| change.body.as_deref().map(body));
    let mut template = match (before, given) {
        (Some(before), None) => before.clone(),
        (Some(before), Some(components)) => {
            let fresh = fresh(components);
            Template {
                components: fresh.components,
                parameter_format: fresh.parameter_format,
                version: before.version + 1,
                ..before.clone()
            }
        }
        (None, components) => fresh(components.unwrap_or_else(|| body("Hello"))),
    };
    template.category = change.category.clone().unwrap_or(template.category);
    template.status = change.status.clone().unwrap_or(template.status);
    template.quality = change.quality.clone().unwrap_or(template.quality);
    template
}
