//! What a message costs, as its statuses tell (Cloud API "Pricing", checked 2026-11-20).

use serde_json::{Value, json};

use super::thread::Thread;
use crate::World;

/// 2026-10-01T00:00:00Z, when service messages began to cost money.
const PAID_SERVICE_FROM_MS: i64 = 1_790_812_800_000;
/// An advertisement's customer must be answered within this time for the entry to be free.
const ANSWER_WITHIN_MS: i64 = 24 * 3_600_000;
/// How long everything is free from that answer on.
const FREE_ENTRY_MS: i64 = 72 * 3_600_000;

/// The `pricing` of a message sent now; the answer to an advertisement's customer begins the free time.
pub fn price(world: &World, thread: &mut Thread, category: &str, now_ms: i64) -> Value {
    if thread.referred_at_ms.take().is_some_and(|at_ms| now_ms < at_ms + ANSWER_WITHIN_MS) {
        thread.free_until_ms = now_ms + FREE_ENTRY_MS;
    }
    let paid_service = match world.switches.get("whatsapp.pricing").as_str() {
        "before_2026_10" => false,
        "after_2026_10" => true,
        _ => now_ms >= PAID_SERVICE_FROM_MS,
    };
    let in_window = now_ms < thread.window_until_ms;
    let (billable, kind, category) = if now_ms < thread.free_until_ms {
        (false, "free_entry_point", "referral_conversion")
    } else if !paid_service && in_window && matches!(category, "service" | "utility") {
        (false, "free_customer_service", category)
    } else {
        (true, "regular", category)
    };
    json!({ "billable": billable, "pricing_model": "PMP", "type": kind, "category": category })
}
