//! The customer writes, taps or calls.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Json;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::handover::{self, Responder};
use super::super::inbound::{self, Spec};
use super::super::users::User;
use super::super::window::WINDOW_MS;
use super::super::{metadata, webhooks};
use super::{Answer, post_now, user_index};
use crate::control::Refusal;
use crate::{Delivered, Hook, World};

/// Messages that one control request may send.
const MAX_TIMES: usize = 10_000;

pub async fn message(State(world): State<Arc<World>>, Json(mut spec): Json<Spec>) -> Answer {
    let times = spec.times.unwrap_or(1);
    if !(1..=MAX_TIMES).contains(&times) {
        return Err(Refusal::bad_request(format!("times must be 1 to {MAX_TIMES}")));
    }
    if let Some(file) = &spec.media {
        file.check().map_err(Refusal::bad_request)?;
        spec.kind.get_or_insert_with(|| file.kind().to_owned());
    }
    let user_index = {
        let mut held = world.whatsapp.lock();
        let user_index =
            inbound::who(&world, &mut held, spec.from.as_deref()).map_err(Refusal::bad_request)?;
        if let (Some(name), Some(user)) = (&spec.name, held.users.get_mut(user_index)) {
            user.name = Some(name.clone());
        }
        if let Some(choice) = spec.choose.clone() {
            inbound::choose(&mut held, user_index, &choice, &mut spec)
                .map_err(Refusal::bad_request)?;
        }
        user_index
    };
    let mut wamids = Vec::new();
    let mut delivered = Delivered::default();
    let (webhooks, in_each) = if spec.batch { (1, times) } else { (times, 1) };
    for _ in 0..webhooks {
        let (ids, hook) = build_messages(&world, user_index, &spec, in_each);
        wamids.extend(ids);
        delivered = post_now(&world, hook).await;
    }
    Ok(Json(json!({
        "wamid": wamids.last(),
        "wamids": wamids,
        "delivered_status": delivered.status,
        "fault": delivered.fault,
    })))
}

fn build_messages(
    world: &World,
    user_index: usize,
    spec: &Spec,
    count: usize,
) -> (Vec<String>, Option<Hook>) {
    let mut held = world.whatsapp.lock();
    let built: Vec<(String, Value)> =
        (0..count).filter_map(|_| inbound::message(world, &mut held, user_index, spec)).collect();
    let (ids, messages) = built.into_iter().unzip();
    let Some(user) = held.users.get(user_index).cloned() else { return (ids, None) };
    if user.blocked_by_business {
        return (ids, None);
    }
    let mut change = inbound::change(world, &user, messages, spec.value.as_ref());
    let now_ms = world.clock.now_ms();
    if handover::owner(world, held.thread(user_index), now_ms) == Responder::Other {
        change = handover::stand_by(change);
    }
    (ids, webhooks::change(world, &mut held, "message", Some(user.key()), change))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallSpec {
    /// The default customer if absent.
    from: Option<String>,
    /// `connect` or `terminate`.
    #[serde(default = "connect")]
    event: String,
}

fn connect() -> String {
    "connect".to_owned()
}

/// The customer calls the business number, which opens the window as a message does.
pub async fn call(State(world): State<Arc<World>>, Json(spec): Json<CallSpec>) -> Answer {
    let (id, hook) = {
        let mut held = world.whatsapp.lock();
        let index = user_index(&held, spec.from.as_deref())?;
        let user = held.users.get(index).cloned();
        let user = user.ok_or_else(|| Refusal::not_found("the user is gone"))?;
        let id = format!("wacid.{}", world.whatsapp.ids.alphanumeric(40));
        let hook = if user.blocked_by_business {
            None
        } else {
            let now_ms = world.clock.now_ms();
            let thread = held.thread(index);
            thread.window_until_ms = thread.window_until_ms.max(now_ms + WINDOW_MS);
            handover::hear(&world, thread, now_ms);
            let change = called(&world, &user, &id, &spec.event);
            webhooks::change(&world, &mut held, "call", Some(user.key()), change)
        };
        (id, hook)
    };
    let delivered = post_now(&world, hook).await;
    Ok(Json(json!({ "id": id, "delivered_status": delivered.status, "fault": delivered.fault })))
}

fn called(world: &World, user: &User, id: &str, event: &str) -> Value {
    let account = &world.whatsapp.account;
    let mut call = json!({
        "id": id,
        "from_user_id": user.bsuid,
        "to": account.display_phone_number,
        "event": event,
        "direction": "USER_INITIATED",
        "timestamp": (world.clock.now_ms() / 1_000).to_string(),
    });
    if let Some(phone) = user.visible_phone() {
        call["from"] = json!(phone);
    }
    let value = json!({
        "messaging_product": "whatsapp",
        "metadata": metadata(account),
        "contacts": [user.contact()],
        "calls": [call],
    });
    json!({ "field": "calls", "value": value })
}
