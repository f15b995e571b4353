//! From Twilio's list of messages to events, and to what became of a post whose answer was lost.

use baton_core::{
    fault::{Accepted, Settled},
    ids::VendorId,
    inbound::RawEvent,
    message_list::{Listed, MessageListRule},
    time::{MINUTE_MS, SECOND_MS, Timestamp},
};
use serde_json::{Map, Value};

use super::{
    config::Config,
    parse,
    verify::{message_id, source_key, split, status_id},
    wire::{Event, Fields, ListedMedium, ListedMessage},
};

/// How the list is read. The times are ours: Twilio repeats a failed webhook within a minute, and
/// promises nothing about when a message is listed. Users report that the newest may be missing
/// for a while (twilio-java issue 442; read 2026-11-21), so that a message counts as not taken
/// only when no report about it has come either for as long.
pub(super) const RULE: MessageListRule =
    MessageListRule { every_ms: 2 * MINUTE_MS, lag_ms: 2 * MINUTE_MS };

/// What is younger may still come by webhook. All tries of one together may be set to take 60 s
/// ("Webhooks connection overrides"; read 2026-11-21).
const WEBHOOK_MS: i64 = 90 * SECOND_MS;

/// What is listed of one message.
type Row = Map<String, Value>;

/// The filters of the lists to be read: what came to our address, and what went out from it. A
/// service's numbers are not known here, so with one it is the account's whole list.
pub(super) fn filters(config: &Config) -> Vec<Vec<(&'static str, String)>> {
    match (&config.sender, &config.service) {
        (Some(sender), None) => {
            let address = config.address(sender);
            vec![vec![("To", address.clone())], vec![("From", address)]]
        }
        _ => vec![Vec::new()],
    }
}

/// When, in Twilio's words: RFC 2822, in whole seconds.
fn at(row: &Row, name: &str) -> Option<Timestamp> {
    let date = jiff::fmt::rfc2822::parse(row.get(name)?.as_str()?).ok()?;
    Some(Timestamp(date.timestamp().as_millisecond()))
}

/// By this the list is sorted, the newest first (Messages resource; read 2026-11-21).
pub(super) fn sent_at(row: &Row) -> Option<Timestamp> {
    at(row, "date_sent")
}

fn text<'a>(row: &'a Row, name: &str) -> &'a str {
    row.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn is_inbound(row: &Row) -> bool {
    text(row, "direction") == "inbound"
}

/// The events of listed messages, as their webhooks would have brought them.
pub(super) fn events(config: &Config, rows: Vec<Row>, since: Timestamp, now: Timestamp) -> Listed {
    let mut listed = Listed::default();
    let settled_by = now.plus_ms(-WEBHOOK_MS);
    // The newest stand first.
    for row in rows.into_iter().rev() {
        let moment = match is_inbound(&row) {
            true => at(&row, "date_created"),
            false => sent_at(&row),
        };
        let Some(moment) = moment.filter(|at| *at >= since) else { continue };
        let changed = at(&row, "date_updated").unwrap_or(moment).max(moment);
        let message = ListedMessage { message: row, media: Vec::new() };
        let fields = message.fields();
        if changed > settled_by || !is_of(config, &fields) {
            continue;
        }
        if is_inbound(&message.message) {
            listed.from_customers.extend(said(&message, &fields, moment));
        } else {
            listed.reports.extend(reported(&message, &fields, moment));
        }
    }
    listed
}

/// Whether the message belongs to this inbox; what names no service belongs to the sender alone.
fn is_of(config: &Config, fields: &Fields) -> bool {
    let named = config.sender.is_some() || fields.get("MessagingServiceSid").is_some();
    named && parse::ours(config, fields).is_ok()
}

/// The first event of a customer's message.
fn said(message: &ListedMessage, fields: &Fields, at: Timestamp) -> Option<RawEvent> {
    // Until then it is `receiving`.
    let is_whole = text(&message.message, "status") == "received";
    let sid = fields.sid().filter(|_| is_whole)?;
    split(&message_id(sid), &source_key(fields), stored(message, at), 1).pop()
}

fn stored(message: &ListedMessage, at: Timestamp) -> Event {
    let listed = Some(message.clone());
    Event { at: at.0, part: 0, delivery: None, why: None, listed, fields: Fields::default() }
}

/// The same message with its files, one event for each.
pub(super) fn with_media(first: &RawEvent, media: Vec<ListedMedium>) -> Option<Vec<RawEvent>> {
    let mut event = Event::read(&first.body).ok()?;
    event.fields = Fields::default();
    let parts = media.len().max(1);
    event.listed.as_mut()?.media = media;
    Some(split(first.vendor_event_id.as_deref()?, &first.source_key, event, parts))
}

/// The sid of a listed message that has files.
pub(super) fn sid_with_media(first: &RawEvent) -> Option<String> {
    let fields = Event::read(&first.body).ok()?.fields;
    fields.get("NumMedia").filter(|count| *count != "0")?;
    Some(fields.sid()?.to_owned())
}

/// Its status as the webhook would have told it, and its price, which no webhook tells.
fn reported(message: &ListedMessage, fields: &Fields, at: Timestamp) -> Vec<(VendorId, RawEvent)> {
    const ON_ITS_WAY: [&str; 4] = ["accepted", "scheduled", "queued", "sending"];
    let known = fields.sid().zip(fields.status());
    let Some((sid, status)) = known.filter(|(_, status)| !ON_ITS_WAY.contains(status)) else {
        return Vec::new();
    };
    let priced = fields.get("Price").map(|_| format!("p:{sid}"));
    let ids = [Some(status_id(sid, status)), priced].into_iter().flatten();
    let event = |id: String| split(&id, &source_key(fields), stored(message, at), 1);
    ids.flat_map(event).map(|event| (VendorId::from(sid), event)).collect()
}

/// Whether a post of this form is in the list of what went to its recipient. Where other words
/// stand there than ours, as after Twilio has replaced characters, nobody can say.
pub(super) fn settled(
    form: &Value,
    rows: &[Row],
    is_whole: bool,
    since: Timestamp,
    known: &[VendorId],
) -> Settled {
    let is_new = |row: &&Row| {
        let created = at(row, "date_created");
        text(row, "direction") == "outbound-api"
            && text(row, "to") == form["To"]
            && (text(row, "from") == form["From"] || is_by_service(row, form))
            && created.is_none_or(|created| created >= since)
            && !known.iter().any(|id| id.as_str() == text(row, "sid"))
    };
    let new: Vec<&Row> = rows.iter().filter(is_new).collect();
    let equal: Vec<&Row> = new.iter().copied().filter(|row| is_equal(row, form)).collect();
    match (equal.as_slice(), new.is_empty()) {
        ([row], _) => {
            let vendor_id = Some(VendorId::from(text(row, "sid")));
            Settled::Accepted(Accepted { vendor_id, ..Accepted::default() })
        }
        ([], true) if is_whole => Settled::NotSent,
        _ => Settled::Unknown,
    }
}

fn is_by_service(row: &Row, form: &Value) -> bool {
    let service = form["MessagingServiceSid"].as_str();
    service.is_some_and(|service| service == text(row, "messaging_service_sid"))
}

/// Equal words and files; of a content template, the longest of the values that were filled in.
fn is_equal(row: &Row, form: &Value) -> bool {
    let plain = |text: &str| text.replace("\r\n", "\n").trim().to_owned();
    let words = plain(text(row, "body"));
    if let Some(variables) = form["ContentVariables"].as_str() {
        let values: Map<String, Value> = serde_json::from_str(variables).unwrap_or_default();
        let values = values.values().filter_map(Value::as_str).map(plain);
        return values.max_by_key(String::len).is_some_and(|value| words.contains(&value));
    }
    let has_files = !matches!(text(row, "num_media"), "" | "0");
    form["ContentSid"].is_null()
        && words == plain(form["Body"].as_str().unwrap_or_default())
        && has_files != form["MediaUrl"].is_null()
}
