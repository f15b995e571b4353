//! From a raw request to stored events: signature, one event per file.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use baton_core::{
    inbound::{Answer, RawEvent, RawRequest, Received},
    time::{MINUTE_MS, SECOND_MS, Timestamp},
};
use serde_json::value::{RawValue, to_raw_value};

use super::{
    config::Config,
    wire::{Hook, Stored},
};
use crate::key::{bounded, hash, storable};

/// How old a signature may be, or how far ahead, in milliseconds (Receiving webhooks; checked
/// 2026-11-20).
const MAX_AGE_MS: i64 = 5 * MINUTE_MS;
/// Most files of one message that are read; an MMS has up to 10 (Error 40317; checked 2026-11-20).
const MAX_MEDIA: usize = 20;

/// Verifies a request and splits it.
pub(super) fn receive(config: &Config, now: Timestamp, request: &RawRequest) -> Received {
    if request.method != "POST" {
        return Received::Answer(Answer::status(405));
    }
    if !is_signed(config, now, request) {
        // No word about what was expected.
        return Received::Answer(Answer::status(403));
    }
    Received::Store { events: events(&request.body), answer: Answer::status(200) }
}

/// Ed25519 over `timestamp|body` (Receiving webhooks; checked 2026-11-20).
fn is_signed(config: &Config, now: Timestamp, request: &RawRequest) -> bool {
    let (Some(signature), Some(time)) =
        (request.header("telnyx-signature-ed25519"), request.header("telnyx-timestamp"))
    else {
        return false;
    };
    let Ok(signature) = STANDARD.decode(signature) else { return false };
    let Ok(seconds) = time.parse::<i64>() else { return false };
    let age_ms = now.since_ms(Timestamp(seconds.saturating_mul(SECOND_MS)));
    let signed = [time.as_bytes(), b"|", &request.body].concat();
    let key = UnparsedPublicKey::new(&ED25519, &config.public_key);
    key.verify(&signed, &signature).is_ok() && (-MAX_AGE_MS..=MAX_AGE_MS).contains(&age_ms)
}

/// One event, or one for each of several files. Whatever a signed body holds, something is
/// stored of it.
fn events(body: &[u8]) -> Vec<RawEvent> {
    let text = String::from_utf8_lossy(body);
    let Ok(raw) = serde_json::from_str::<&RawValue>(&text) else {
        let quoted = to_raw_value(&storable(&text)).ok();
        return quoted.map(|raw| event(0, &raw, whole(body))).into_iter().collect();
    };
    let Ok(Hook { data }) = serde_json::from_str::<Hook>(raw.get()) else {
        return vec![event(0, raw, whole(body))];
    };
    let id = match &data.id {
        Some(id) => format!("e:{}", bounded(id)),
        None => whole(body).0,
    };
    let (source_key, parts) = match data.event_type.as_str() {
        "message.received" => {
            let from = data.payload.from.as_ref().and_then(|from| from.phone_number.as_deref());
            let files = data.payload.media.as_ref().map_or(0, Vec::len).clamp(1, MAX_MEDIA);
            (format!("from:{}", bounded(from.unwrap_or("nobody"))), files)
        }
        // A report that waits for its message must hold up nothing else.
        _ => (format!("status:{}", bounded(data.payload.id.as_deref().unwrap_or("unnamed"))), 1),
    };
    let id_of = |part: usize| if part == 0 { id.clone() } else { format!("{id}:{part}") };
    (0..parts).map(|part| event(part, raw, (id_of(part), source_key.clone()))).collect()
}

/// Id and source key of what names nobody.
fn whole(body: &[u8]) -> (String, String) {
    (format!("x:{}", hash(body)), "account".to_owned())
}

fn event(part: usize, hook: &RawValue, (id, source_key): (String, String)) -> RawEvent {
    RawEvent {
        vendor_event_id: Some(id),
        source_key,
        // Serialising text into memory has no way to fail.
        body: serde_json::to_string(&Stored { part, hook }).unwrap_or_default(),
    }
}
