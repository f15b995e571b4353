//! Others who answer on the number: a person with the Business app, and another program.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Json;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::handover::{self, Request, Responder};
use super::super::inbound_media::{self, File};
use super::super::media::Media;
use super::super::thread::{Item, Progress, new_wamid};
use super::super::users::User;
use super::super::{Held, inbound, metadata, webhooks};
use super::{Answer, post_now, user_index};
use crate::control::Refusal;
use crate::{Hook, World};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EchoSpec {
    /// The default customer if absent.
    to: Option<String>,
    #[serde(default)]
    text: String,
    /// A file instead; `text` is then its caption.
    media: Option<File>,
}

/// A person answers from the WhatsApp Business app on the company's phone.
pub async fn echo(State(world): State<Arc<World>>, Json(spec): Json<EchoSpec>) -> Answer {
    let (wamid, hook) = build_echo(&world, &spec).map_err(Refusal::bad_request)?;
    let delivered = post_now(&world, hook).await;
    Ok(Json(
        json!({ "wamid": wamid, "delivered_status": delivered.status, "fault": delivered.fault }),
    ))
}

fn build_echo(world: &World, spec: &EchoSpec) -> Result<(String, Option<Hook>), String> {
    let mut held = world.whatsapp.lock();
    let index = inbound::who(world, &mut held, spec.to.as_deref())?;
    let user = held.users.get(index).cloned().ok_or("the user is gone")?;
    let content = match &spec.media {
        None => ("text", json!({ "body": spec.text })),
        Some(file) => {
            file.check()?;
            let caption = (!spec.text.is_empty()).then_some(spec.text.as_str());
            (file.kind(), inbound_media::content(world, &mut held, file.kind(), file, caption))
        }
    };
    let (wamid, echo) = said(world, &mut held, index, &user, "phone_app", content);
    let change = json!({ "field": "smb_message_echoes", "value": echo });
    Ok((wamid, webhooks::change(world, &mut held, "echo", Some(user.key()), change)))
}

/// Somebody else's message to a customer: on the phone, and as the value of an echo.
fn said(
    world: &World,
    held: &mut Held,
    index: usize,
    user: &User,
    from: &'static str,
    (kind, content): (&str, Value),
) -> (String, Value) {
    let wamid = new_wamid(&world.whatsapp.ids, &user.key());
    let now_ms = world.clock.now_ms();
    let mut echo = json!({
        "from": world.whatsapp.account.display_phone_number,
        "to_user_id": user.bsuid,
        "id": wamid,
        "timestamp": (now_ms / 1_000).to_string(),
        "type": kind,
        kind: content,
    });
    if let Some(phone) = user.visible_phone() {
        echo["to"] = json!(phone);
    }
    let file = content["id"].as_str().and_then(|id| held.media.get(id, now_ms));
    let item = Item {
        media: file.map(Media::shown),
        progress: Progress::Delivered,
        ..Item::new(&wamid, from, kind, content, now_ms)
    };
    held.keep(index, item);
    let value = json!({
        "messaging_product": "whatsapp",
        "metadata": metadata(&world.whatsapp.account),
        "message_echoes": [echo],
    });
    (wamid, value)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// The default customer if absent.
    user: Option<String>,
    /// `take`, `pass`, `release` or `say`.
    action: String,
    /// For `say`.
    text: Option<String>,
    metadata: Option<String>,
    /// Told to whoever answers next.
    summary: Option<String>,
}

/// The other responder on the number takes, passes or releases a chat, or writes to its customer.
pub async fn act(State(world): State<Arc<World>>, Json(act): Json<Act>) -> Answer {
    let (wamid, hook) = build_act(&world, act)?;
    let delivered = post_now(&world, hook).await;
    Ok(Json(
        json!({ "wamid": wamid, "delivered_status": delivered.status, "fault": delivered.fault }),
    ))
}

fn build_act(world: &World, act: Act) -> Result<(Option<String>, Option<Hook>), Refusal> {
    let mut held = world.whatsapp.lock();
    let index = user_index(&held, act.user.as_deref())?;
    if act.action == "say" {
        let user = held.users.get(index).cloned();
        let user = user.ok_or_else(|| Refusal::not_found("the user is gone"))?;
        let text = act.text.as_deref().unwrap_or("Hello");
        let content = ("text", json!({ "body": text }));
        let (wamid, echo) = said(world, &mut held, index, &user, "other_responder", content);
        let change = handover::stand_by(json!({ "field": "message_echoes", "value": echo }));
        let hook = webhooks::change(world, &mut held, "standby", Some(user.key()), change);
        return Ok((Some(wamid), hook));
    }
    let Act { action, metadata, summary, .. } = act;
    let request = Request { action, metadata, summary, target_role: target(world) };
    let told = handover::change(world, &mut held, index, Responder::Other, &request)
        .map_err(|error| Refusal::bad_request(error.details.unwrap_or_default()))?;
    let hook = told.and_then(|told| handover::hook(world, &mut held, told));
    Ok((None, hook))
}

/// The other responder can pass a chat only to us.
fn target(world: &World) -> Option<String> {
    Some(handover::role(world, Responder::Us).to_owned())
}
