//! Dynamics 365's words into ours: webhook activities, listings, transcripts, answers.

pub mod case;
pub mod contact;

use baton_core::{
    channel::Call,
    desk::{Availability, DeskEvent, DeskEventKind, Listing, RepMessage},
    fault::{Accepted, Settled},
    handoff::Work,
    ids::VendorId,
    inbound::{ParseFault, RawEvent},
    message::Content,
    time::{DAY_MS, MINUTE_MS, SECOND_MS, Timestamp},
};
use serde_json::{Map, Value};

use super::{
    policy::Failure,
    render::{CREATE, END, OUR_ID_PREFIX, SENDER},
    wire::{self, Activity},
};
use crate::{media::media, transcript::MARK};

/// What an event name means.
#[derive(Clone, Copy)]
enum Meaning {
    Accepted,
    /// The words for people.
    Moved(&'static str),
    /// Who ended it.
    Ended(&'static str),
    OutOfHours,
    Ignored(&'static str),
}

/// Event names of "Use webhook to receive messages and events" and of its samples, which spell
/// two of them differently (checked 2026-11-20). A rep who only closes the session leaves the
/// conversation waiting: that is no end.
const EVENTS: &[(&str, Meaning)] = {
    use Meaning::{Accepted, Ended, Ignored, Moved, OutOfHours};
    &[
        ("AgentAccepted", Accepted),
        ("TransferAgentAcceptSession", Accepted),
        ("AgentAssigned", Moved("assigned to a rep")),
        ("AgentEndSession", Moved("the rep closed the session; the conversation waits")),
        ("AgentClosed", Moved("the rep closed the session; the conversation waits")),
        ("AgentDisconnected", Moved("the rep lost the connection")),
        ("AgentStartSecondaryChannel", Moved("a call was started")),
        ("AgentRaiseSecondaryChannel", Moved("a call was offered")),
        ("AgentEndSecondaryChannel", Moved("the call ended")),
        ("ConsultAgentInitiated", Moved("another rep was asked for advice")),
        ("ConsultAgentFailed", Moved("asking another rep for advice failed")),
        ("ConsultAgentAcceptSession", Moved("another rep joined to advise")),
        ("ConsultAgentEndSession", Moved("the advising rep left")),
        ("ConsultAgentRejectSession", Moved("another rep declined to advise")),
        ("ConsultAgentSessionTimedOut", Moved("the advising rep did not answer")),
        ("ConsultAgentRemoved", Moved("the advising rep was removed")),
        ("AgentEndedConsult", Moved("the advice ended")),
        ("AgentJoinedCustomerConversation", Moved("another rep joined the conversation")),
        ("ConsultAgentLeftPublicConversation", Moved("the advising rep left the conversation")),
        ("TransferToAgentInitiated", Moved("being transferred to another rep")),
        ("TransferToAgentFailed", Moved("the transfer to another rep failed")),
        ("TransferAgentRejectSession", Moved("another rep declined the transfer")),
        ("TransferAgentTimedOutSession", Moved("another rep did not answer the transfer")),
        ("TransferToQueueInitiated", Moved("being transferred to another queue")),
        ("TransferToQueueFailed", Moved("the transfer to another queue failed")),
        ("PrimaryAgentEndConversation", Ended("the rep")),
        ("SupervisorForceClosedConversation", Ended("a supervisor")),
        ("ConversationClose", Ended("Dynamics 365")),
        ("ConversationClosed", Ended("Dynamics 365")),
        ("CustomerDisconnected", Ignored("the customer's side ended")),
        ("CustomerDisconnectedAgentWaiting", Ignored("the customer's side ended")),
        ("OutOfOperatingHoursDueToNonWorkingHours", OutOfHours),
        ("OutOfOperatingHoursDueToHoliday", OutOfHours),
    ]
};

/// Says a stored webhook in our words.
pub fn event(event: &RawEvent) -> Result<Vec<DeskEvent>, ParseFault> {
    let activity: Activity = wire::read_object(event.body.as_bytes()).map_err(|why| {
        ParseFault { code: "malformed", text: format!("the body is no activity: {why}") }
    })?;
    let named = activity.conversation.as_ref().and_then(|c| c.id.as_deref());
    if named.is_some_and(|id| !id.eq_ignore_ascii_case(&event.source_key)) {
        return Err(ParseFault {
            code: "foreign",
            text: "address and body name different conversations".to_owned(),
        });
    }
    let work = VendorId(event.source_key.clone());
    let what = kinds(&activity);
    Ok(what.into_iter().map(|what| DeskEvent { work: work.clone(), what }).collect())
}

/// A name makes an activity an event whatever its type says: Microsoft's samples send events as
/// messages with text, and that text must never reach a customer.
fn kinds(activity: &Activity) -> Vec<DeskEventKind> {
    if let Some(name) = event_name(activity) {
        return vec![named(&name, activity)];
    }
    match activity.kind.as_deref().unwrap_or_default().to_ascii_lowercase().as_str() {
        "typing" => vec![DeskEventKind::Typing],
        "endofconversation" => vec![DeskEventKind::Ended { by: "Dynamics 365".to_owned() }],
        "message" if is_automated(activity) => ignored("an automated message"),
        "message" if is_our_echo(activity) => ignored("our own message"),
        "message" => {
            let messages = rep_messages(activity);
            if messages.is_empty() {
                return ignored("a message without words");
            }
            messages.into_iter().map(DeskEventKind::Message).collect()
        }
        other => ignored(&format!("activity of type {other:?}")),
    }
}

fn ignored(why: &str) -> Vec<DeskEventKind> {
    vec![DeskEventKind::Ignored { why: why.chars().take(200).collect() }]
}

fn named(name: &str, activity: &Activity) -> DeskEventKind {
    let rep = sender_name(activity);
    let meaning = EVENTS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    match meaning.map(|(_, meaning)| *meaning) {
        Some(Meaning::Accepted) => DeskEventKind::Accepted { rep },
        Some(Meaning::Moved(words)) => DeskEventKind::Moved {
            what: rep.map_or_else(|| words.to_owned(), |rep| format!("{words} ({rep})")),
        },
        Some(Meaning::Ended(by)) => {
            DeskEventKind::Ended { by: rep.unwrap_or_else(|| by.to_owned()) }
        }
        Some(Meaning::OutOfHours) => DeskEventKind::OutOfHours,
        Some(Meaning::Ignored(why)) => DeskEventKind::Ignored { why: why.to_owned() },
        None => DeskEventKind::Ignored {
            why: format!("event {}", name.chars().take(100).collect::<String>()),
        },
    }
}

/// The event that an activity is: by its name, or by a text of the form
/// `EventName: **_AgentAccepted_**`.
fn event_name(activity: &Activity) -> Option<String> {
    if let Some(name) = activity.name.as_deref().map(str::trim).filter(|n| !n.is_empty()) {
        return Some(name.to_owned());
    }
    let text = activity.text.as_deref()?.trim();
    let (label, rest) = text.split_once(':')?;
    let name = rest.trim().trim_matches(['*', '_']);
    let is_event = label.eq_ignore_ascii_case("EventName")
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric());
    is_event.then(|| name.to_owned())
}

fn sender_name(activity: &Activity) -> Option<String> {
    let name = activity.from.as_ref()?.name.as_deref()?.trim();
    Some(name.chars().filter(|c| !c.is_control()).take(200).collect::<String>())
        .filter(|name| !name.is_empty())
}

fn is_automated(activity: &Activity) -> bool {
    let kind = activity.channeldata.pointer("/messagingapi-oc/type").and_then(Value::as_str);
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case("AutomatedMessage"))
}

fn sender_id(activity: &Activity) -> Option<&str> {
    activity.from.as_ref()?.id.as_deref()
}

fn has_our_id(activity: &Activity) -> bool {
    sender_id(activity).is_some_and(|id| id.starts_with(OUR_ID_PREFIX))
}

fn has_our_mark(activity: &Activity) -> bool {
    activity.text.as_deref().is_some_and(|text| text.trim_start().starts_with(MARK))
}

/// Whether a webhook brings our own words back. Our mark alone decides only where nobody else
/// is named: a rep may quote it.
fn is_our_echo(activity: &Activity) -> bool {
    let unnamed = sender_id(activity).is_none();
    let sender = sender_name(activity).is_some_and(|name| name == SENDER);
    has_our_id(activity) || (has_our_mark(activity) && (unnamed || sender))
}

/// The rep's message: its text, or its files with the text beside the first.
fn rep_messages(activity: &Activity) -> Vec<RepMessage> {
    let text = activity.text.as_deref().map(to_plain).filter(|text| !text.is_empty());
    let message = |content| RepMessage {
        vendor_id: activity.messageid.clone().map(VendorId),
        rep: sender_name(activity),
        at: activity.timestamp.as_deref().and_then(Timestamp::read),
        content,
    };
    if activity.attachments.is_empty() {
        return text.map(|text| message(Content::Text { text })).into_iter().collect();
    }
    let mut caption = text;
    let files = activity.attachments.iter().map(|file| {
        let parts = (&file.contenttype, &file.name, &file.contenturl);
        message(media(parts.0.as_deref(), parts.1.as_deref(), parts.2.as_deref(), caption.take()))
    });
    files.collect()
}

/// The words of a rep's Markdown, for channels that show none. Only what is surely markup goes:
/// addresses, file names and sums keep their signs.
pub fn to_plain(markdown: &str) -> String {
    let mut plain = String::with_capacity(markdown.len());
    let mut rest = markdown.trim();
    while let Some(next) = rest.chars().next() {
        let before = plain.chars().next_back();
        let taken = match next {
            '\\' => escape(rest),
            '*' => emphasis(rest, "**", before),
            '_' => emphasis(rest, "_", before),
            '[' => link(rest),
            _ => None,
        };
        if let Some((words, length)) = taken {
            plain.push_str(&words);
            rest = &rest[length..];
        } else {
            plain.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    plain.replace("\r\n", "\n").trim().to_owned()
}

/// `\*` → `*`.
fn escape(rest: &str) -> Option<(String, usize)> {
    let sign = rest.chars().nth(1).filter(|c| "*_~[]#`".contains(*c))?;
    Some((sign.to_string(), 2))
}

/// `**words**` or `_words_` → the words, where the signs stand at the edges of words.
fn emphasis(rest: &str, sign: &str, before: Option<char>) -> Option<(String, usize)> {
    let at_edge = |c: Option<char>| c.is_none_or(|c| c.is_whitespace() || "(\"'".contains(c));
    let inner = rest.strip_prefix(sign).filter(|_| at_edge(before))?;
    let end = inner.find(sign).filter(|end| *end > 0)?;
    let words = &inner[..end];
    let after = inner[end + sign.len()..].chars().next();
    let closes = after.is_none_or(|c| c.is_whitespace() || "*.,;:!?)\"'".contains(c));
    let tight = !words.starts_with(char::is_whitespace) && !words.ends_with(char::is_whitespace);
    (closes && tight && !words.contains('\n')).then(|| (to_plain(words), end + 2 * sign.len()))
}

/// `[words](https://…)` → `words (https://…)`, or the address alone where they are the same.
fn link(rest: &str) -> Option<(String, usize)> {
    // Each search stops at the next bracket, so that a text of brackets costs no more than its
    // length.
    let inner = rest.strip_prefix('[')?;
    let (words, tail) = inner.split_at(inner.find(['[', ']', '\n'])?);
    let tail = tail.strip_prefix("](")?;
    let (address, end) = tail.split_at(tail.find(|c: char| "()".contains(c) || c.is_whitespace())?);
    let known = ["http://", "https://", "mailto:", "tel:"].iter().any(|s| address.starts_with(s));
    if !known || !end.starts_with(')') {
        return None;
    }
    let length = words.len() + address.len() + 4;
    let bare = address.trim_start_matches("mailto:").trim_start_matches("tel:");
    let shown = if words == bare || words.is_empty() {
        bare.to_owned()
    } else {
        format!("{words} ({bare})")
    };
    Some((shown, length))
}

/// Sorts the messages of an active conversation. Where nobody is named, a message is ours
/// rather than the rep's: a rep's message that is missed can be read at the desk, but the
/// customer's own words must never come back.
pub fn listing(mut messages: Vec<Activity>) -> Listing {
    messages
        .sort_by_key(|m| (m.timestamp.as_deref().and_then(Timestamp::read), m.messageid.clone()));
    messages.dedup_by(|a, b| a.messageid.is_some() && a.messageid == b.messageid);
    let mut listing = Listing::default();
    for message in messages {
        let is_message = message.kind.as_deref().is_none_or(|k| k.eq_ignore_ascii_case("message"));
        if !is_message || event_name(&message).is_some() {
            continue;
        }
        if is_ours(&message) {
            if let Some(id) = message.messageid {
                listing.from_us.push((VendorId(id), message.text.unwrap_or_default()));
            }
        } else if !is_automated(&message) {
            listing.from_rep.extend(rep_messages(&message));
        }
    }
    listing
}

fn is_ours(message: &Activity) -> bool {
    let role = message.from.as_ref().and_then(|from| from.role.as_deref());
    let unnamed = sender_id(message).is_none() && sender_name(message).is_none();
    let customer = role.is_some_and(|role| {
        role.eq_ignore_ascii_case("user") || role.eq_ignore_ascii_case("customer")
    });
    has_our_id(message) || has_our_mark(message) || customer || (unnamed && !is_automated(message))
}

/// Sorts the messages of an ended conversation's transcript: only what is tagged `public` went
/// from a rep to the customer ("Download transcripts in bulk", checked 2026-11-20).
pub fn transcript(mut messages: Vec<wire::TranscriptMessage>, since: Timestamp) -> Listing {
    messages.sort_by_key(said_at);
    messages.dedup_by(|a, b| a.id.is_some() && a.id == b.id);
    let mut listing = Listing { ended: true, ..Listing::default() };
    for message in messages {
        let late = said_at(&message).is_none_or(|at| at >= since);
        if !late || message.iscontrolmessage == Some(true) {
            continue;
        }
        let tags = tags(&message.tags);
        let has = |tag: &str| tags.iter().any(|t| t == tag);
        let text = message.content.clone().unwrap_or_default();
        let marked = text.trim_start().starts_with(MARK);
        if has("public") && !has("private") && !has("system") && !marked {
            listing.from_rep.extend(transcript_messages(&message));
        } else if !has("private")
            && (marked || !has("system"))
            && let Some(id) = message.id
        {
            listing.from_us.push((VendorId(id), text));
        }
    }
    listing
}

fn said_at(message: &wire::TranscriptMessage) -> Option<Timestamp> {
    let stated = message.createddatetime.as_deref().and_then(Timestamp::read);
    stated.or_else(|| message.id.as_deref()?.parse().ok().map(Timestamp))
}

fn tags(value: &Value) -> Vec<String> {
    let words =
        |text: &str| text.split(',').map(|tag| tag.trim().to_ascii_lowercase()).collect::<Vec<_>>();
    match value {
        Value::String(text) => words(text),
        Value::Array(items) => items.iter().filter_map(Value::as_str).flat_map(words).collect(),
        _ => Vec::new(),
    }
}

fn transcript_messages(message: &wire::TranscriptMessage) -> Vec<RepMessage> {
    let from = message.from.as_ref();
    let party = from.and_then(|from| from.user.as_ref().or(from.application.as_ref()));
    let of = |content| RepMessage {
        vendor_id: message.id.clone().map(VendorId),
        rep: party.and_then(|party| party.displayname.clone()),
        at: said_at(message),
        content,
    };
    let text = message.content.as_deref().map(to_plain).filter(|text| !text.is_empty());
    if message.attachments.is_empty() {
        return text.map(|text| of(Content::Text { text })).into_iter().collect();
    }
    let mut caption = text;
    let files = message.attachments.iter().map(|file| {
        let id = file.annotationid.as_deref();
        of(media(file.filetype.as_deref(), file.name.as_deref(), id, caption.take()))
    });
    files.collect()
}

/// Who is there. While the queue is open the times are those of the year 1.
pub fn availability(answer: &wire::Availability, now: Timestamp) -> Availability {
    let open = answer.isqueueavailable.unwrap_or(true);
    let number = |text: &Option<String>| text.as_deref()?.parse::<f64>().ok();
    let ms = |value: f64, unit_ms: i64| {
        // The cast saturates, and a wait is far below what a float holds exactly.
        ((value * unit_ms as f64) as i64).clamp(0, DAY_MS)
    };
    let seconds = number(&answer.averagewaittimeinseconds).map(|s| ms(s, SECOND_MS));
    let minutes = || number(&answer.averagewaittime).map(|m| ms(m, MINUTE_MS));
    let opens_at = answer.starttimeofnextoperatinghour.as_deref().and_then(Timestamp::read);
    Availability {
        free: answer.isagentavailable.unwrap_or(false) && open,
        open,
        position: answer.positioninqueue.as_deref().and_then(|text| text.parse().ok()),
        wait_ms: seconds.or_else(minutes).filter(|ms| *ms > 0),
        opens_at: opens_at.filter(|at| *at > now && !open),
    }
}

/// What the answer to a create says.
pub fn created(body: &[u8]) -> Result<Accepted, Failure> {
    let garbage = || Failure::unknown("Dynamics 365 answered the create without a conversation");
    let created: wire::Created = wire::read(body).map_err(|_| garbage())?;
    let id = super::ids::conversation_id(&created.conversationid).ok_or_else(garbage)?;
    Ok(Accepted { vendor_id: created.messageid.map(VendorId), ..opened(id) })
}

/// A conversation exists.
pub fn opened(id: String) -> Accepted {
    let mut metadata = Map::new();
    metadata.insert("dynamics365_chat_id".to_owned(), Value::String(id.clone()));
    let work = Some(Work { id: VendorId(id), reference: None });
    Accepted { work, metadata, ..Accepted::default() }
}

/// What the answer to a message says. One without an id may be anybody's page.
pub fn posted(body: &[u8]) -> Result<Accepted, Failure> {
    let posted: Option<wire::Posted> = wire::read(body).ok();
    match posted.and_then(|posted| posted.messageid) {
        Some(id) => Ok(Accepted { vendor_id: Some(VendorId(id)), ..Accepted::default() }),
        None => Err(Failure::unknown("Dynamics 365 answered the message without its id")),
    }
}

/// Whether an unknown attempt shows in the listing. Messages are told apart by their words:
/// no page says that our own id is listed.
pub fn settle(call: &Call, listing: &Listing, known: &[VendorId]) -> Settled {
    if call.operation == CREATE {
        return Settled::NotSent;
    }
    if call.operation == END {
        return if listing.ended {
            Settled::Accepted(Accepted::default())
        } else {
            Settled::NotSent
        };
    }
    let text = |text: &str| text.replace("\r\n", "\n").trim().to_owned();
    let (ours, words) = (&call.body["id"], call.body["text"].as_str().unwrap_or_default());
    let words = text(words);
    let found = listing.from_us.iter().find(|(id, said)| {
        ours.as_str() == Some(id.as_str()) || (!known.contains(id) && text(said) == words)
    });
    if let Some((id, _)) = found {
        return Settled::Accepted(Accepted { vendor_id: Some(id.clone()), ..Accepted::default() });
    }
    // The listing may name another sender than we did, and a transcript may not be written.
    let plain = to_plain(&words);
    let under_another_name = listing.from_rep.iter().any(|rep| rep.content.as_text() == plain);
    let nothing_to_read =
        listing.ended && listing.from_us.is_empty() && listing.from_rep.is_empty();
    if under_another_name || nothing_to_read { Settled::Unknown } else { Settled::NotSent }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_loses_its_signs_and_keeps_its_words() {
        for (markdown, plain) in [
            ("**Hello** _Maria_, all good?", "Hello Maria, all good?"),
            ("**_both_**", "both"),
            ("2**3 is 8, snake_case_name stays", "2**3 is 8, snake_case_name stays"),
            ("__init__ and _ alone", "__init__ and _ alone"),
            ("see https://a.example/_b_ or **", "see https://a.example/_b_ or **"),
            ("[our page](https://a.example/x)", "our page (https://a.example/x)"),
            ("[https://a.example](https://a.example)", "https://a.example"),
            ("[m@a.example](mailto:m@a.example)", "m@a.example"),
            ("[not a link] (really)", "[not a link] (really)"),
            ("\\*star\\* and C:\\temp", "*star* and C:\\temp"),
            ("one\r\ntwo  ", "one\ntwo"),
            ("**çà** 🎉 _日本_", "çà 🎉 日本"),
            ("**open", "**open"),
            ("", ""),
        ] {
            assert_eq!(to_plain(markdown), plain, "{markdown:?}");
        }
    }
}
