//! The business number's health.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Json;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::{inbound, webhooks};
use super::{Answer, post_now};
use crate::World;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Fields of the number, such as `quality_rating` and `status`.
    #[serde(default)]
    fields: Map<String, Value>,
    /// Tells it by webhook: `FLAGGED`, `UNFLAGGED`, `UPGRADE`, `DOWNGRADE` and the like.
    event: Option<String>,
}

/// Changes what the number says of itself.
pub async fn change(State(world): State<Arc<World>>, Json(change): Json<Change>) -> Answer {
    let hook = {
        let mut held = world.whatsapp.lock();
        inbound::merge(&mut held.number, &Value::Object(change.fields));
        let limit = &held.number["whatsapp_business_manager_messaging_limit"];
        let limit = limit.as_str().unwrap_or("TIER_2K").to_owned();
        change.event.and_then(|event| {
            let value = json!({
                "display_phone_number": world.whatsapp.account.display_phone_number,
                "event": event,
                "current_limit": limit,
                "max_daily_conversations_per_business": limit,
            });
            let change = json!({ "field": "phone_number_quality_update", "value": value });
            webhooks::change(&world, &mut held, "number_quality", None, change)
        })
    };
    let delivered = post_now(&world, hook).await;
    let number = world.whatsapp.lock().number.clone();
    Ok(Json(json!({ "number": number, "delivered_status": delivered.status })))
}
