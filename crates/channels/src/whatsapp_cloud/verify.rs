//! From a raw request to stored events: handshake, signature, splitting of the batch.

use std::{borrow::Cow, collections::HashMap};

use aws_lc_rs::{constant_time, hmac};
use baton_core::inbound::{Answer, RawEvent, RawRequest, Received};
use serde_json::value::RawValue;

use super::{
    config::Config,
    wire::{Fields, Item, Kind, unlike},
};
use crate::key::{bounded, hash};

/// Most items of one request that are taken apart; Meta sends up to 1,000 (Webhooks overview;
/// checked 2026-11-20).
const MAX_ITEMS: usize = 5_000;
/// Longest challenge that is answered, in bytes. Meta's has ten digits.
const MAX_CHALLENGE_BYTES: usize = 256;
/// Largest `metadata` and `contacts[]` entry that is copied into every item, in bytes.
const MAX_COPIED_BYTES: usize = 4_096;

/// Verifies a request and splits it.
pub(super) fn receive(config: &Config, request: &RawRequest) -> Received {
    match request.method.as_str() {
        "GET" => Received::Answer(handshake(config, &request.query)),
        "POST" if is_signed(config, request) => {
            Received::Store { events: split(&request.body), answer: Answer::status(200) }
        }
        // No word about what was expected.
        "POST" => Received::Answer(Answer::status(401)),
        _ => Received::Answer(Answer::status(405)),
    }
}

/// Meta asks once whenever the callback address or its word is set (Create a webhook endpoint;
/// checked 2026-11-20).
fn handshake(config: &Config, query: &str) -> Answer {
    let value = |name: &str| {
        let mut values = query.split('&').filter_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            (decode(key)? == name).then(|| decode(value))?
        });
        let first = values.next();
        first.filter(|_| values.next().is_none())
    };
    let (Some(mode), Some(word), Some(challenge)) =
        (value("hub.mode"), value("hub.verify_token"), value("hub.challenge"))
    else {
        return Answer::status(403);
    };
    let ours = config.verify_token.reveal().as_bytes();
    let known = constant_time::verify_slices_are_equal(ours, word.as_bytes()).is_ok();
    let plain = (1..=MAX_CHALLENGE_BYTES).contains(&challenge.len())
        && challenge.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if mode == "subscribe" && known && plain {
        Answer::text(200, challenge)
    } else {
        Answer::status(403)
    }
}

/// Undoes form encoding; none when it is broken or no UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => nibble(bytes.next()?)? << 4 | nibble(bytes.next()?)?,
            other => other,
        });
    }
    String::from_utf8(out).ok()
}

fn nibble(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// `X-Hub-Signature-256: sha256=<hex of HMAC-SHA256(app secret, raw body)>`, lower case
/// (Graph API, Webhooks, Validating payloads; checked 2026-11-20).
fn is_signed(config: &Config, request: &RawRequest) -> bool {
    let Some(signature) = request.header("x-hub-signature-256").and_then(read_signature) else {
        return false;
    };
    // Every key is tried, so that time does not tell which one fits.
    config
        .signing_keys
        .iter()
        .fold(false, |known, key| hmac::verify(key, &request.body, &signature).is_ok() | known)
}

fn read_signature(header: &str) -> Option<[u8; 32]> {
    let hex = header.strip_prefix("sha256=")?.as_bytes();
    if hex.len() != 64 || hex.iter().any(u8::is_ascii_uppercase) {
        return None;
    }
    let mut signature = [0; 32];
    for (byte, pair) in signature.iter_mut().zip(hex.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(signature)
}

/// Splits a signed body. Whatever it holds, something is stored of it.
fn split(body: &[u8]) -> Vec<RawEvent> {
    let text = String::from_utf8_lossy(body);
    // Bare control characters are no JSON anywhere; as spaces they harm nobody.
    let text: Cow<'_, str> = if text.bytes().any(|byte| byte < b' ') {
        text.chars().map(|c| if c < ' ' { ' ' } else { c }).collect::<String>().into()
    } else {
        text
    };
    let mut split = Split { whole: &text, events: Vec::new(), full: false };
    match serde_json::from_str::<&RawValue>(&text) {
        Ok(raw) => split.body(raw),
        Err(error) => split.events.extend(whole(&text, &unlike("the body", &error))),
    }
    split.events
}

/// What the items of one change have in common.
#[derive(Default)]
struct Around<'a> {
    field: String,
    waba: Option<String>,
    time: Option<String>,
    metadata: Option<&'a RawValue>,
    contacts: Vec<&'a RawValue>,
    /// Where in `contacts` a user id or a phone number stands.
    index: HashMap<String, usize>,
}

impl<'a> Around<'a> {
    fn meet(&mut self, value: &Fields<'a>) {
        let small = |raw: &&RawValue| raw.get().len() <= MAX_COPIED_BYTES;
        self.metadata = value.raw("metadata").filter(small).or(self.metadata);
        let Some(Ok(contacts)) = value.list("contacts") else { return };
        for raw in contacts {
            let contact = Fields::lenient(Some(raw));
            for key in ["user_id", "wa_id"].iter().filter_map(|key| contact.text(key)) {
                self.index.insert(key, self.contacts.len());
            }
            self.contacts.push(raw);
        }
    }

    /// The contact of one of the ids; the only one where it names none of its own.
    fn contact(&self, ids: &[Option<String>]) -> Option<&'a RawValue> {
        let named = ids.iter().flatten().find_map(|id| self.index.get(id)).copied();
        let only = (self.contacts.len() == 1
            && (self.index.is_empty() || ids.iter().all(Option::is_none)))
        .then_some(0);
        let raw = *self.contacts.get(named.or(only)?)?;
        (raw.get().len() <= MAX_COPIED_BYTES).then_some(raw)
    }
}

/// The lists that are split, and what stands in them.
const LISTS: &[(&str, Kind)] = &[
    ("messages", Kind::Message),
    ("statuses", Kind::Status),
    ("message_echoes", Kind::Echo),
    ("errors", Kind::Error),
    ("user_preferences", Kind::Preference),
    ("user_id_update", Kind::Identity),
    ("calls", Kind::Call),
];
/// The same inside `standby`.
const STANDBY_LISTS: &[(&str, Kind)] = &[
    ("messages", Kind::StandbyMessage),
    ("statuses", Kind::StandbyStatus),
    ("message_echoes", Kind::StandbyEcho),
];

struct Split<'a> {
    whole: &'a str,
    events: Vec<RawEvent>,
    full: bool,
}

impl<'a> Split<'a> {
    fn body(&mut self, raw: &'a RawValue) {
        let body = Fields::lenient(Some(raw));
        if body.text("object").as_deref() != Some("whatsapp_business_account") {
            let around = Around::default();
            return self.unreadable(&around, raw, "the object is no WhatsApp business account");
        }
        match body.list("entry") {
            Some(Ok(entries)) => entries.into_iter().for_each(|entry| self.entry(entry)),
            _ => self.unreadable(&Around::default(), raw, "entry is no list"),
        }
    }

    fn entry(&mut self, raw: &'a RawValue) {
        let entry = Fields::lenient(Some(raw));
        match entry.list("changes") {
            Some(Ok(changes)) => {
                let (waba, time) = (entry.text("id"), entry.text("time"));
                for change in changes {
                    let (waba, time) = (waba.clone(), time.clone());
                    self.change(Around { waba, time, ..Around::default() }, change);
                }
            }
            _ => self.unreadable(&Around::default(), raw, "an entry has no list of changes"),
        }
    }

    fn change(&mut self, mut around: Around<'a>, raw: &'a RawValue) {
        if self.full {
            return;
        }
        let change = Fields::lenient(Some(raw));
        let (Some(field), Some(value_raw)) = (change.text("field"), change.raw("value")) else {
            return self.unreadable(&around, raw, "a change has no field or no value");
        };
        around.field = field;
        let Ok(value) = Fields::read(value_raw) else {
            return self.unreadable(&around, raw, "the value of a change is no object");
        };
        around.meet(&value);
        let mut known = self.lists(&around, &value, LISTS);
        if let Some(standby) = value.raw("standby") {
            let standby = Fields::lenient(Some(standby));
            around.meet(&standby);
            known |= self.lists(&around, &standby, STANDBY_LISTS);
        }
        if !known {
            let handover = around.field == "messaging_handovers";
            let kind = if handover { Kind::Handover } else { Kind::Change };
            self.put(&around, kind, value_raw, None);
        }
    }

    /// Splits every list that is there; true when there is any.
    fn lists(&mut self, around: &Around<'a>, value: &Fields<'a>, lists: &[(&str, Kind)]) -> bool {
        let mut known = false;
        for (name, kind) in lists {
            match (value.list(name), value.raw(name)) {
                (Some(Ok(items)), _) => {
                    known = true;
                    items.into_iter().for_each(|item| self.put(around, *kind, item, None));
                }
                (Some(Err(error)), Some(raw)) => {
                    known = true;
                    self.unreadable(around, raw, &unlike(name, &error));
                }
                _ => {}
            }
        }
        known
    }

    fn unreadable(&mut self, around: &Around<'_>, raw: &RawValue, why: &str) {
        self.put(around, Kind::Unreadable, raw, Some(why));
    }

    fn put(&mut self, around: &Around<'_>, kind: Kind, item: &RawValue, why: Option<&str>) {
        if self.full {
            return;
        }
        if self.events.len() == MAX_ITEMS {
            self.full = true;
            let why = format!("more than {MAX_ITEMS} items; only the first ones are dealt with");
            self.events.extend(whole(self.whole, &why));
            return;
        }
        self.events.push(event(around, kind, item, why));
    }
}

/// The whole request as one unreadable event, quoted as JSON text.
fn whole(text: &str, why: &str) -> Option<RawEvent> {
    let quoted = serde_json::value::to_raw_value(text).ok()?;
    Some(event(&Around::default(), Kind::Unreadable, &quoted, Some(why)))
}

fn event(around: &Around<'_>, kind: Kind, raw: &RawValue, why: Option<&str>) -> RawEvent {
    let fields = Fields::lenient(Some(raw));
    let person = person(kind, &fields);
    let contact = around.contact(&person);
    let item = Item {
        kind,
        field: Cow::Borrowed(&around.field),
        waba: around.waba.as_deref().map(Cow::Borrowed),
        time: around.time.as_deref().map(Cow::Borrowed),
        metadata: around.metadata,
        contact,
        why: why.map(Cow::Borrowed),
        item: raw,
    };
    RawEvent {
        vendor_event_id: Some(event_id(&item, &fields)),
        source_key: source_key(kind, &fields, person, contact),
        // Serialising borrowed text into memory has no way to fail.
        body: serde_json::to_string(&item).unwrap_or_default(),
    }
}

/// The user id and the phone number of the person that an item is about.
fn person(kind: Kind, fields: &Fields<'_>) -> [Option<String>; 2] {
    let of = |user: &str, phone: &str| [fields.text(user), fields.text(phone)];
    match kind {
        Kind::Message | Kind::StandbyMessage => {
            // After a change of number, what follows comes under the new one.
            let system = Fields::lenient(fields.raw("system"));
            let new = [system.text("user_id"), system.text("wa_id")];
            if new.iter().any(Option::is_some) { new } else { of("from_user_id", "from") }
        }
        Kind::Status | Kind::StandbyStatus => of("recipient_user_id", "recipient_id"),
        Kind::Echo | Kind::StandbyEcho => of("to_user_id", "to"),
        Kind::Preference => of("user_id", "wa_id"),
        Kind::Call if fields.text("direction").as_deref() == Some("BUSINESS_INITIATED") => {
            of("to_user_id", "to")
        }
        Kind::Call => of("from_user_id", "from"),
        Kind::Handover => [None, Fields::lenient(fields.raw("sender")).text("phone_number")],
        Kind::Identity => {
            [Fields::lenient(fields.raw("user_id")).text("current"), fields.text("wa_id")]
        }
        Kind::Error | Kind::Change | Kind::Unreadable => [None, None],
    }
}

fn source_key(
    kind: Kind,
    fields: &Fields<'_>,
    person: [Option<String>; 2],
    contact: Option<&RawValue>,
) -> String {
    if matches!(kind, Kind::Status | Kind::StandbyStatus) {
        // A status that waits for its message must hold up neither what the customer writes
        // nor another message's statuses.
        let message = fields.text("id").unwrap_or_else(|| "unnamed".to_owned());
        return format!("status:{}", bounded(&message));
    }
    let contact = Fields::lenient(contact);
    let [user, phone] = person;
    let user = user.or_else(|| contact.text("user_id"));
    let phone = contact.text("wa_id").or(phone);
    match (user, phone) {
        (Some(user), _) => format!("user:{}", bounded(&user)),
        (None, Some(phone)) => format!("wa:{}", bounded(&phone)),
        (None, None) => "account".to_owned(),
    }
}

/// Meta's ids where it gives any; otherwise a hash over everything that tells two events apart.
fn event_id(item: &Item<'_>, fields: &Fields<'_>) -> String {
    let prefix = match item.kind {
        Kind::Message => "m",
        Kind::Status => "s",
        Kind::Echo => "e",
        // The same message may come again as an ordinary one.
        Kind::StandbyMessage => "standby:m",
        Kind::StandbyStatus => "standby:s",
        Kind::StandbyEcho => "standby:e",
        _ => return hashed(item),
    };
    let Some(id) = fields.text("id") else { return hashed(item) };
    let id = bounded(&id);
    match item.kind {
        Kind::Status | Kind::StandbyStatus => {
            let text = |key| fields.text(key).unwrap_or_default();
            let (status, timestamp) = (text("status"), text("timestamp"));
            format!("{prefix}:{id}:{}:{}", bounded(&status), bounded(&timestamp))
        }
        _ => format!("{prefix}:{id}"),
    }
}

fn hashed(item: &Item<'_>) -> String {
    let parts = [
        &*item.field,
        item.waba.as_deref().unwrap_or_default(),
        item.time.as_deref().unwrap_or_default(),
        item.metadata.map(RawValue::get).unwrap_or_default(),
        item.item.get(),
    ];
    let bytes: Vec<u8> = parts.iter().flat_map(|part| part.bytes().chain([0])).collect();
    format!("x:{}", hash(&bytes))
}
