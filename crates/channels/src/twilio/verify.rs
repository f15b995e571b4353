//! From a raw request to stored events: signature, parameters, one event per file.

use std::{borrow::Cow, collections::BTreeMap};

use aws_lc_rs::{constant_time, hmac};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use baton_core::{
    inbound::{Answer, RawEvent, RawRequest, Received},
    time::Timestamp,
};
use serde_json::{Map, Value};

use super::{
    config::Config,
    wire::{Event, Fields},
};
use crate::{
    key::{bounded, hash, storable},
    webhook::DELIVERY,
};

/// The query parameter that binds a JSON body to its signed address.
const BODY_HASH: &str = "bodySHA256";

/// Verifies a request and splits it.
pub(super) fn receive(config: &Config, now: Timestamp, request: &RawRequest) -> Received {
    if request.method != "POST" {
        return Received::Answer(Answer::status(405));
    }
    let query = pairs(request.query.as_bytes());
    let body = Body::read(request, &query);
    if !is_signed(config, request, &query, &body) {
        // No word about what was expected.
        return Received::Answer(Answer::status(403));
    }
    Received::Store { events: events(now, request, &query, body), answer: empty_twiml() }
}

/// Anything else than empty TwiML would be sent to the customer, or reported as an error 12300
/// (TwiML for Programmable Messaging; checked 2026-11-20). Replies go out as calls of their own.
fn empty_twiml() -> Answer {
    Answer { content_type: Some("text/xml"), ..Answer::text(200, "<Response/>") }
}

type Pair = (Vec<u8>, Vec<u8>);

/// Undoes form encoding; broken escapes stay as they are.
fn pairs(text: &[u8]) -> Vec<Pair> {
    let parts = text.split(|byte| *byte == b'&').filter(|part| !part.is_empty());
    let pair = |part: &[u8]| match part.iter().position(|byte| *byte == b'=') {
        Some(at) => (decode(&part[..at]), decode(&part[at + 1..])),
        None => (decode(part), Vec::new()),
    };
    parts.map(pair).collect()
}

fn decode(text: &[u8]) -> Vec<u8> {
    let nibble = |at: usize| text.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        out.push(match (byte, nibble(at), nibble(at + 1)) {
            (b'+', ..) => b' ',
            (b'%', Some(high), Some(low)) => {
                at += 2;
                u8::try_from(high << 4 | low).unwrap_or(byte)
            }
            _ => byte,
        });
    }
    out
}

fn value<'a>(pairs: &'a [Pair], name: &str) -> Option<Cow<'a, str>> {
    let (_, value) = pairs.iter().find(|(key, _)| key == name.as_bytes())?;
    Some(String::from_utf8_lossy(value))
}

/// What is signed besides the address.
enum Body {
    Form(Vec<Pair>),
    /// The address carries the hash of the body.
    Hashed {
        expected: String,
    },
    /// JSON that nothing binds to the signature.
    Unbound,
}

impl Body {
    fn read(request: &RawRequest, query: &[Pair]) -> Self {
        if let Some(hash) = value(query, BODY_HASH) {
            return Self::Hashed { expected: hash.into_owned() };
        }
        let kind = request.header("content-type").unwrap_or_default();
        match kind.split(';').next().unwrap_or_default().trim() {
            "application/x-www-form-urlencoded" => Self::Form(pairs(&request.body)),
            _ => Self::Unbound,
        }
    }
}

/// `X-Twilio-Signature` is the Base64 of an HMAC over the full address, then the sorted names and
/// values of a form (Webhooks security; checked 2026-11-20). Values of a repeated name count once.
fn is_signed(config: &Config, request: &RawRequest, query: &[Pair], body: &Body) -> bool {
    let given = request.header("x-twilio-signature").and_then(|text| STANDARD.decode(text).ok());
    let (Some(given), Some(keys)) = (given, keys(config, request)) else { return false };
    let tail = match body {
        Body::Form(pairs) => signed_form(pairs),
        Body::Hashed { expected } if is_hash_of(expected, &request.body) => Vec::new(),
        Body::Hashed { .. } | Body::Unbound => return false,
    };
    // Every address and every key is tried, so that time does not tell which one fits.
    let mut known = false;
    for origin in &config.webhook.origins {
        let mut signed = address(origin, config, request, !query.is_empty()).into_bytes();
        signed.extend_from_slice(&tail);
        for key in &keys {
            known |= hmac::verify(key, &signed, &given).is_ok();
        }
    }
    known
}

fn address(origin: &str, config: &Config, request: &RawRequest, queried: bool) -> String {
    let mut address = format!("{origin}{}", config.webhook.path);
    if !request.path.is_empty() {
        address.push('/');
        address.push_str(&request.path);
    }
    if queried {
        address.push('?');
        address.push_str(&request.query);
    }
    address
}

fn signed_form(pairs: &[Pair]) -> Vec<u8> {
    let mut sorted: Vec<&Pair> = pairs.iter().collect();
    sorted.sort();
    sorted.dedup();
    sorted.iter().flat_map(|(name, value)| name.iter().chain(value)).copied().collect()
}

fn is_hash_of(expected: &str, body: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(expected.as_bytes(), hash(body).as_bytes()).is_ok()
}

/// The keys that may have signed. A request that names a shared key must be signed with that
/// one: `key=<id>,algorithm=HMAC_SHA256` (Webhook SharedKeys; checked 2026-11-20).
fn keys<'a>(config: &'a Config, request: &RawRequest) -> Option<Vec<&'a hmac::Key>> {
    const SETTINGS: &str = "x-twilio-webhooks-signature-settings";
    if !request.headers.iter().any(|(name, _)| name == SETTINGS) {
        return Some(config.tokens.iter().collect());
    }
    let parts = request.header(SETTINGS)?.split(',').filter_map(|part| part.split_once('='));
    let parts: BTreeMap<&str, &str> =
        parts.map(|(name, value)| (name.trim(), value.trim())).collect();
    let key = config.shared_keys.iter().find(|key| Some(&&*key.id) == parts.get("key"))?;
    match *parts.get("algorithm")? {
        "HMAC_SHA256" => Some(vec![&key.sha256]),
        "HMAC_SHA1" => Some(vec![&key.sha1]),
        _ => None,
    }
}

/// One event, or one for each of several files. Whatever a signed body holds, something is
/// stored of it.
fn events(now: Timestamp, request: &RawRequest, query: &[Pair], body: Body) -> Vec<RawEvent> {
    let (fields, why) = match body {
        Body::Form(pairs) => (of_form(&pairs), None),
        Body::Hashed { .. } | Body::Unbound => of_json(&request.body),
    };
    let delivery = value(query, DELIVERY).map(Cow::into_owned);
    let id = event_id(&fields, request);
    let source_key = source_key(&fields);
    let parts = if fields.status().is_some() { 1 } else { fields.media().count().max(1) };
    split(
        &id,
        &source_key,
        Event { at: now.0, part: 0, delivery, why, listed: None, fields },
        parts,
    )
}

/// The stored form of one event for each part of a message.
pub(super) fn split(id: &str, source_key: &str, mut event: Event, parts: usize) -> Vec<RawEvent> {
    let mut events = Vec::with_capacity(parts);
    for part in 0..parts {
        event.part = part;
        let suffix = if part == 0 { String::new() } else { format!(":{part}") };
        events.push(RawEvent {
            vendor_event_id: Some(format!("{id}{suffix}")),
            source_key: source_key.to_owned(),
            // Serialising text into memory has no way to fail.
            body: serde_json::to_string(&event).unwrap_or_default(),
        });
    }
    events
}

fn of_form(pairs: &[Pair]) -> Fields {
    let mut fields = Fields::default();
    for (name, value) in pairs {
        let value = storable(&String::from_utf8_lossy(value));
        fields.0.entry(storable(&String::from_utf8_lossy(name))).or_insert(value);
    }
    fields
}

/// The same parameters as members of an object.
fn of_json(body: &[u8]) -> (Fields, Option<String>) {
    let text = |value: Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    };
    match serde_json::from_slice::<Map<String, Value>>(body) {
        Ok(map) => {
            let pairs = map.into_iter().map(|(name, v)| (storable(&name), storable(&text(v))));
            (Fields(pairs.collect()), None)
        }
        Err(_) => {
            let body = storable(&String::from_utf8_lossy(body));
            let fields = Fields(BTreeMap::from([("body".to_owned(), body)]));
            (fields, Some("the body is no JSON object".to_owned()))
        }
    }
}

/// By the message; by the token that retries of one request share where there is none.
fn event_id(fields: &Fields, request: &RawRequest) -> String {
    match (fields.sid(), fields.status()) {
        (Some(sid), None) => message_id(sid),
        (Some(sid), Some(status)) => status_id(sid, status),
        (None, _) => match request.header("i-twilio-idempotency-token") {
            Some(token) => format!("t:{}", bounded(token)),
            None => format!("x:{}", hash(&request.body)),
        },
    }
}

/// The id of the event of a customer's message, whoever brings it.
pub(super) fn message_id(sid: &str) -> String {
    format!("m:{}", bounded(sid))
}

/// The id of the event of a report, whoever brings it.
pub(super) fn status_id(sid: &str, status: &str) -> String {
    format!("s:{}:{}", bounded(sid), bounded(status))
}

/// Events of one customer keep their order. A report that waits for its message must hold up
/// nothing else.
pub(super) fn source_key(fields: &Fields) -> String {
    if fields.status().is_some() {
        return format!("status:{}", bounded(fields.sid().unwrap_or("unnamed")));
    }
    match fields.get("ExternalUserId").or_else(|| fields.get("From")) {
        Some(customer) => format!("from:{}", bounded(customer)),
        None => "account".to_owned(),
    }
}
