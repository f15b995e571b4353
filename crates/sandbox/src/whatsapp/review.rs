//! What Meta decides about templates, and the webhooks that tell it.

use serde_json::{Value, json};

use super::templates::Template;
use super::{Held, webhooks};
use crate::{Call, Emission, Hook, World};

/// A template has been handed in: its review ends by the switch `whatsapp.review`.
pub fn begin(world: &World, call: &Call, template: &Template) {
    let verdict = match world.switches.get("whatsapp.review").as_str() {
        "approve" => "APPROVED",
        "reject" => "REJECTED",
        _ => return,
    };
    let (id, version) = (template.id.clone(), template.version);
    call.emit(Emission {
        vendor: "whatsapp",
        kind: "template_status".to_owned(),
        key: Some(template.name.clone()),
        delay_ms: world.switches.number("whatsapp.review_after_ms"),
        make: Box::new(move |world| {
            let mut held = world.whatsapp.lock();
            let same = |template: &&mut Template| template.id == id && template.version == version;
            let template = held.templates.iter_mut().find(same)?;
            if template.status != "PENDING" {
                return None;
            }
            template.status = verdict.to_owned();
            let rejected = verdict == "REJECTED";
            template.rejected_reason = if rejected { "INVALID_FORMAT" } else { "NONE" }.to_owned();
            let template = template.clone();
            status(world, &mut held, &template)
        }),
    });
}

/// The webhook that something has happened to a template which is not on file any more.
pub fn told(mut template: Template, event: &str) -> Emission {
    template.status = event.to_owned();
    Emission {
        vendor: "whatsapp",
        kind: "template_status".to_owned(),
        key: Some(template.name.clone()),
        delay_ms: 0,
        make: Box::new(move |world| {
            let mut held = world.whatsapp.lock();
            status(world, &mut held, &template)
        }),
    }
}

fn number(template: &Template) -> i64 {
    template.id.parse().unwrap_or(0)
}

/// `message_template_status_update`.
pub fn status(world: &World, held: &mut Held, template: &Template) -> Option<Hook> {
    let mut value = json!({
        "event": template.status,
        "message_template_id": number(template),
        "message_template_name": template.name,
        "message_template_language": template.language,
        "message_template_category": template.category,
        "reason": template.rejected_reason,
    });
    match template.status.as_str() {
        "DISABLED" => {
            value["disable_info"] = json!({ "disable_date": world.clock.now_ms() / 1_000 })
        }
        "PAUSED" => {
            value["other_info"] = json!({ "title": "FIRST_PAUSE", "description": "The template is paused because of its quality." });
        }
        "REJECTED" => {
            value["rejection_info"] = json!({ "reason": "The template does not follow the rules.", "recommendation": "Change the text and hand it in again." });
        }
        _ => {}
    }
    change(world, held, template, "template_status", "message_template_status_update", value)
}

/// `message_template_quality_update`.
pub fn quality(
    world: &World,
    held: &mut Held,
    template: &Template,
    previous: &str,
) -> Option<Hook> {
    let value = json!({
        "previous_quality_score": previous,
        "new_quality_score": template.quality,
        "message_template_id": number(template),
        "message_template_name": template.name,
        "message_template_language": template.language,
    });
    change(world, held, template, "template_quality", "message_template_quality_update", value)
}

/// `template_category_update`.
pub fn category(
    world: &World,
    held: &mut Held,
    template: &Template,
    previous: &str,
) -> Option<Hook> {
    let value = json!({
        "previous_category": previous,
        "new_category": template.category,
        "message_template_id": number(template),
        "message_template_name": template.name,
        "message_template_language": template.language,
    });
    change(world, held, template, "template_category", "template_category_update", value)
}

fn change(
    world: &World,
    held: &mut Held,
    template: &Template,
    kind: &str,
    field: &str,
    value: Value,
) -> Option<Hook> {
    let change = json!({ "field": field, "value": value });
    webhooks::change(world, held, kind, Some(template.name.clone()), change)
}
