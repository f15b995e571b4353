//! The records' words into ours.

pub mod case;
pub mod contact;

use baton_core::{
    channel::Call,
    desk::Listing,
    fault::{Accepted, Settled},
    ids::VendorId,
};
use serde_json::Value;

use super::super::render::crm::{CASE_FILE, CASE_NOTE};

/// Whether an unknown attempt at a call of the records shows in the listing: its words do. A
/// contact or a case without a key of ours shows nowhere.
pub fn settle(call: &Call, listing: &Listing, known: &[VendorId]) -> Settled {
    let note = match call.operation.as_str() {
        CASE_NOTE => &call.body,
        CASE_FILE => &call.body["note"],
        _ => return Settled::Unknown,
    };
    let Some(first) = note["texts"].get(0).and_then(Value::as_str) else {
        return Settled::Unknown;
    };
    let ours = listing.from_us.iter().filter(|(id, _)| !known.contains(id));
    let mut same = ours.filter(|(_, text)| text.trim() == first.trim());
    match same.next() {
        Some((id, _)) => {
            Settled::Accepted(Accepted { vendor_id: Some(id.clone()), ..Accepted::default() })
        }
        None => Settled::NotSent,
    }
}
