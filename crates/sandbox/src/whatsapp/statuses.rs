//! What becomes of an accepted message, told in `statuses` webhooks.

use std::sync::Arc;

use serde_json::{Value, json};

use super::errors::GraphError;
use super::thread::Progress;
use super::{metadata, webhooks};
use crate::{Emission, Hook, World};

/// The statuses of a message that gets through, with their virtual delays.
pub fn progress(world: &World, wamid: &str, key: &str, blocked: bool) -> Vec<Emission> {
    let number = |name: &str| world.switches.number(name);
    let mut steps = vec![("sent", number("whatsapp.sent_after_ms"))];
    if !blocked {
        if !world.switches.is("whatsapp.skip_delivered", "yes") {
            steps.push(("delivered", number("whatsapp.delivered_after_ms")));
        }
        if world.switches.is("whatsapp.read_receipts", "on") {
            steps.push(("read", number("whatsapp.read_after_ms")));
        }
    }
    let happens_ms: Vec<i64> = steps.iter().map(|(_, delay_ms)| *delay_ms).collect();
    let mut told_ms = happens_ms.clone();
    if world.switches.is("whatsapp.status_order", "reversed") {
        told_ms.reverse();
    }
    let accepted_ms = world.clock.now_ms();
    let mut emissions = Vec::new();
    for (index, (status, _)) in steps.iter().enumerate() {
        for _copy in 0..number("whatsapp.status_copies").max(1) {
            let at_ms = accepted_ms + happens_ms[index];
            emissions.push(emission(wamid, key, status, told_ms[index], at_ms, None));
        }
    }
    // Equal delays are told in the order given here.
    emissions.sort_by_key(|emission| emission.delay_ms);
    emissions
}

/// The status of a message that does not get through.
pub fn failure(world: &World, wamid: &str, key: &str, error: &GraphError) -> Vec<Emission> {
    let delay_ms = world.switches.number("whatsapp.failed_after_ms");
    let at_ms = world.clock.now_ms() + delay_ms;
    vec![emission(wamid, key, "failed", delay_ms, at_ms, Some(error.in_status()))]
}

fn emission(
    wamid: &str,
    key: &str,
    status: &'static str,
    delay_ms: i64,
    at_ms: i64,
    error: Option<Value>,
) -> Emission {
    let wamid = wamid.to_owned();
    Emission {
        vendor: "whatsapp",
        kind: format!("status.{status}"),
        key: Some(key.to_owned()),
        delay_ms,
        make: Box::new(move |world: &Arc<World>| tell(world, &wamid, status, at_ms, error)),
    }
}

/// Moves the message on and builds the webhook; `None` if nobody is subscribed or it waits for a batch.
pub fn tell(
    world: &World,
    wamid: &str,
    status: &str,
    at_ms: i64,
    error: Option<Value>,
) -> Option<Hook> {
    let mut held = world.whatsapp.lock();
    let (user_index, item) = held.item(wamid)?;
    if let Some(progress) = Progress::parse(status)
        && item.progress < progress
    {
        item.progress = progress;
        item.error = error.clone();
    }
    let item = item.clone();
    let user = held.users.get(user_index)?.clone();
    let failed = status == "failed";
    if failed {
        held.forget_failed(wamid);
    }
    let mut update =
        json!({ "id": wamid, "status": status, "timestamp": (at_ms / 1_000).to_string() });
    match user.phone.as_deref().filter(|_| !item.by_user_id) {
        Some(phone) => update["recipient_id"] = json!(phone),
        None if world.switches.is("whatsapp.recipient_id_without_phone", "user_id") => {
            update["recipient_id"] = json!(user.bsuid);
        }
        None => {}
    }
    if item.by_user_id || !failed {
        update["recipient_user_id"] = json!(user.bsuid);
    }
    if let Some(data) = &item.callback_data {
        update["biz_opaque_callback_data"] = json!(data);
    }
    match error {
        Some(error) => update["errors"] = json!([error]),
        None => update["pricing"] = item.pricing.clone(),
    }
    if status == "sent" {
        update["conversation"] = conversation(&user.bsuid, &item.pricing, at_ms);
    }
    let mut value = json!({
        "messaging_product": "whatsapp",
        "metadata": metadata(&world.whatsapp.account),
        "statuses": [update],
    });
    if !failed {
        value["contacts"] = json!([user.contact()]);
    }
    let change = json!({ "field": "messages", "value": value });
    webhooks::change(world, &mut held, &format!("status.{status}"), Some(user.key()), change)
}

fn conversation(bsuid: &str, pricing: &Value, at_ms: i64) -> Value {
    // Any stable opaque id will do: one per user and day.
    let day = at_ms / 86_400_000;
    let id: String = bsuid.bytes().map(|byte| format!("{byte:02x}")).collect();
    json!({
        "id": format!("{id}{day:x}"),
        "expiration_timestamp": ((day + 1) * 86_400).to_string(),
        "origin": { "type": pricing["category"] },
    })
}
