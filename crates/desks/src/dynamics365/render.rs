//! Our words into Dynamics 365's: the plan that opens the conversation, and what follows in it.

pub mod case;
pub mod contact;
pub mod context;
pub mod notes;
pub mod row;

use baton_core::{
    channel::Call,
    contact::PointKind,
    desk::{DeskWhat, Opening, PlanStep, ToDesk},
    fault::{Fault, FaultClass},
    file::is_active,
    handoff::PLAN_MAX_STEPS,
    message::{Author, AuthorKind, Content},
    route::WorkKind,
};
use serde_json::{Map, Value, json};

use super::{config::Config, ids::conversation_of, place, policy};
use crate::transcript::{self, Limits, MARK};

/// Our name as a sender.
pub const SENDER: &str = "Baton";
/// Begins the sender id of everything that we send.
pub const OUR_ID_PREFIX: &str = "baton:";

/// Opens the conversation.
pub const CREATE: &str = "create";
/// Says something in it.
pub const MESSAGE: &str = "message";
/// Ends it.
pub const END: &str = "end";

/// The plan for the kind of work that the route wants.
pub fn open(config: &Config, opening: &Opening<'_>) -> Vec<PlanStep> {
    match (opening.choice.kind, &config.rows) {
        (WorkKind::Case, _) => case::open(config, opening),
        (WorkKind::Live, Some(rows)) => row::open(rows, opening),
        (WorkKind::Live, None) => conversation(config, opening),
    }
}

/// The plan: the contact, so that Microsoft finds it; the create with the brief and the newest of
/// the transcript, then what did not fit; last what is good to have.
fn conversation(config: &Config, opening: &Opening<'_>) -> Vec<PlanStep> {
    let after = contact::after(config, opening);
    let limits = Limits {
        // Room for the line about contacts, which is added when the step is sent.
        start_bytes: policy::START_MAX_BYTES - policy::AMBIGUITY_BYTES,
        part_units: policy::TEXT_MAX,
        parts: PLAN_MAX_STEPS - 2 - after.len(),
    };
    let start = transcript::compose(opening, &limits);
    let body = json!({
        "customercontext": customer(opening),
        "conversationcontext": context::variables(config, opening),
        "conversationrequestid": opening.handoff.id.to_string(),
        "startmessage": { "message": start.text, "displayname": SENDER },
        "skipdeflectionbot": true,
    });
    let create = PlanStep {
        step: CREATE.to_owned(),
        call: json!({ "operation": CREATE, "body": body }),
        optional: false,
    };
    let mut plan = vec![contact::step(opening), create];
    plan.extend(start.parts.into_iter().enumerate().map(|(index, text)| PlanStep {
        step: format!("transcript {}", index + 1),
        call: json!({ "operation": MESSAGE, "text": text }),
        optional: false,
    }));
    plan.extend(after);
    plan
}

/// Who the customer is. What is too long for its field is left out where a cut would name
/// somebody else, and so is an address that is only claimed: Microsoft would link by it.
fn customer(opening: &Opening<'_>) -> Value {
    let contact = opening.contact;
    let mut fields = Map::new();
    let mut put = |key: &str, value: String| {
        if !value.is_empty() {
            fields.insert(key.to_owned(), Value::String(value));
        }
    };
    put("customerid", opening.handoff.id.to_string());
    if let Some(name) = &contact.name {
        let name = transcript::one_line(name, policy::FIELD_MAX);
        let (first, last) = name.rsplit_once(' ').unwrap_or((&name, ""));
        put("firstname", first.to_owned());
        put("lastname", last.to_owned());
        put("preferredname", name.clone());
    }
    let fits = |value: &&str| value.chars().count() < policy::FIELD_MAX;
    if let Some(phone) = contact.point(PointKind::Phone).filter(fits) {
        put("phonenumber", format!("+{}", phone.trim_start_matches('+')));
    }
    let claimed = PointKind::Email.is_claimed_on(opening.channel);
    if let Some(email) = contact.point(PointKind::Email).filter(fits).filter(|_| !claimed) {
        put("email", email.to_owned());
    }
    Value::Object(fields)
}

/// One thing to be sent, in the vendor's words.
pub fn render(config: &Config, to_desk: &ToDesk<'_>) -> Result<Call, Fault> {
    match (to_desk.handoff.target.kind, &config.rows) {
        (WorkKind::Case, _) => return case::render(config, to_desk),
        (WorkKind::Live, Some(rows)) => return row::render(rows, to_desk),
        (WorkKind::Live, None) => {}
    }
    let activity = match to_desk.what {
        DeskWhat::Plan(call) => return plan_step(config, to_desk, call),
        DeskWhat::Message { author, content, file_url } => {
            let (text, attachments) = with_file(config, content, file_url);
            let mut said = match author.kind {
                AuthorKind::Customer => customers_message(to_desk, &text)?,
                _ => our_message(to_desk, &format!("{MARK} {}: {text}", speaker(author)))?,
            };
            if let Some(attachments) = attachments {
                said["attachments"] = attachments;
            }
            said
        }
        DeskWhat::Note(text) => our_message(to_desk, &format!("{MARK} {text}"))?,
        DeskWhat::Close => json!({ "type": "endOfConversation" }),
    };
    let operation = if matches!(to_desk.what, DeskWhat::Close) { END } else { MESSAGE };
    in_conversation(config, to_desk, operation, activity)
}

/// The words of a message, and its file as an attachment; as a link in the words where the
/// organisation takes no file of that size, and where a browser would run it.
fn with_file(config: &Config, content: &Content, url: Option<&str>) -> (String, Option<Value>) {
    let text = content.as_text();
    let stored = match content {
        Content::Media { file: Some(file), .. } => file.stored(),
        _ => None,
    };
    let (Some(file), Some(url)) = (stored, url) else { return (text, None) };
    if file.size_bytes > config.attachment_bytes || is_active(&file.mime_type) {
        let kib = file.size_bytes.div_ceil(1_024);
        return (format!("{text}\n{} ({kib} KB): {url}", file.name), None);
    }
    let (kind, name) = (&file.mime_type, &file.name);
    (text, Some(json!([{ "contentType": kind, "contentUrl": url, "name": name }])))
}

fn plan_step(config: &Config, to_desk: &ToDesk<'_>, call: &Value) -> Result<Call, Fault> {
    let text = |key: &str| call.get(key).and_then(Value::as_str);
    match (text("operation"), text("text"), call.get("body")) {
        (Some(case::CONTACT), ..) => contact::render(config, to_desk, call),
        (Some(contact::LINK | contact::SUBJECT), ..) => Ok(contact::render_after(to_desk, call)),
        (Some(CREATE), _, Some(body)) => {
            let mut body = body.clone();
            if let Some(line) = contact::ambiguity(config, to_desk) {
                let start = &mut body["startmessage"]["message"];
                *start = json!(with_line(start.as_str().unwrap_or_default(), &line));
            }
            if config.plain_start_message {
                body["startmessage"] = body["startmessage"]["message"].take();
            }
            let place = place::named(to_desk.handoff.target.queue.as_deref());
            let body = json!({ "place": place, "create": body });
            Ok(Call { operation: CREATE.to_owned(), body })
        }
        (Some(MESSAGE), Some(text), _) => {
            let activity = our_message(to_desk, text)?;
            in_conversation(config, to_desk, MESSAGE, activity)
        }
        _ => Err(Fault::new(FaultClass::Bug, "the step of the plan is not one of this desk's")),
    }
}

/// Adds a line below the first one, which says what the text is.
fn with_line(text: &str, line: &str) -> String {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    format!("{first}\n{line}\n{rest}")
}

fn speaker(author: &Author) -> String {
    let kind = transcript::author_word(author.kind);
    match &author.name {
        Some(name) => format!("{kind} ({})", transcript::shown_name(name)),
        None => kind.to_owned(),
    }
}

/// What a call does, as it stands after "failed to".
pub fn doing(operation: &str) -> &'static str {
    match operation {
        CREATE => "open the conversation",
        MESSAGE => "write to the rep",
        END => "end the conversation",
        contact::LINK => "link the conversation to its contact",
        contact::SUBJECT => "write the conversation's title",
        case::CONTACT => "find or make the customer's contact",
        case::INCIDENT => "open the case",
        case::QUEUE => "put the case into its queue",
        case::RESOLVE => "resolve the case",
        notes::NOTE => "write the note",
        row::ROW => "make the row",
        _ => "take the step",
    }
}

/// The operation that a thing to be sent becomes, as far as it can be told beforehand.
pub fn operation<'a>(what: &DeskWhat<'a>) -> &'a str {
    match what {
        DeskWhat::Plan(call) => call.get("operation").and_then(Value::as_str).unwrap_or_default(),
        DeskWhat::Message { .. } | DeskWhat::Note(_) => MESSAGE,
        DeskWhat::Close => END,
    }
}

/// Whether repeating a call is harmless. Everything that is made in tables is made under our own
/// id; only the Messaging API takes a message twice.
pub fn is_repeatable(call: &Call) -> bool {
    !matches!(call.operation.as_str(), MESSAGE | END)
}

/// What the customer says: the only text that stands in the thread under the customer's name.
fn customers_message(to_desk: &ToDesk<'_>, text: &str) -> Result<Value, Fault> {
    let name = to_desk.contact.name.as_deref().unwrap_or_default();
    let mut from = json!({ "id": format!("{OUR_ID_PREFIX}{}", to_desk.contact.id) });
    let name = transcript::one_line(name, policy::NAME_MAX);
    from["name"] = Value::String(if name.is_empty() { "Customer".to_owned() } else { name });
    message(to_desk, text, from)
}

/// What Baton says: flagged, so that it is not relayed back and no bot answers it.
fn our_message(to_desk: &ToDesk<'_>, text: &str) -> Result<Value, Fault> {
    let from = json!({ "id": format!("{OUR_ID_PREFIX}hub"), "name": SENDER });
    let mut activity = message(to_desk, text, from)?;
    activity["channelData"] = json!({ "messagingapi-oc": { "type": "AutomatedMessage" } });
    Ok(activity)
}

fn message(to_desk: &ToDesk<'_>, text: &str, from: Value) -> Result<Value, Fault> {
    let length = text.chars().count();
    if text.trim().is_empty() {
        return Err(Fault::new(FaultClass::ContentRejected, "a message to the desk needs words"));
    }
    if length > policy::TEXT_MAX {
        return Err(Fault::new(
            FaultClass::ContentRejected,
            format!("the text has {length} characters; Dynamics 365 takes {}", policy::TEXT_MAX),
        ));
    }
    Ok(json!({
        "type": "message",
        "id": to_desk.delivery.to_string(),
        "from": from,
        "text": text,
    }))
}

/// Addresses an activity to the handoff's conversation.
fn in_conversation(
    config: &Config,
    to_desk: &ToDesk<'_>,
    operation: &str,
    mut activity: Value,
) -> Result<Call, Fault> {
    let Some(id) = conversation_of(to_desk.handoff) else {
        return Err(Fault::new(
            FaultClass::Bug,
            "the conversation in Dynamics 365 is not known yet",
        ));
    };
    let Some(channel) = place::channel(config, to_desk.handoff) else {
        return Err(Fault::new(
            FaultClass::NotRegistered,
            "no messaging channel is set; test and save the desk's settings, or set channel_id",
        ));
    };
    activity["channelId"] = json!(channel);
    activity["conversation"] = json!({ "id": id });
    Ok(Call { operation: operation.to_owned(), body: activity })
}

/// That the customer has read a rep's message, and with it the earlier ones ("Use /conversation
/// endpoint", Messaging API, events; checked 2026-11-20).
pub fn read(channel: &str, conversation: &str, message: &str) -> Value {
    json!({
        "type": "event",
        "name": "MessageRead",
        "channelId": channel,
        "from": { "id": format!("{OUR_ID_PREFIX}customer"), "name": "Customer" },
        "conversation": { "id": conversation },
        "value": { "messageId": message },
    })
}

/// The typing sign in a conversation.
pub fn typing(channel: &str, conversation: &str) -> Value {
    json!({
        "type": "typing",
        "channelId": channel,
        "from": { "id": format!("{OUR_ID_PREFIX}customer"), "name": "Customer" },
        "conversation": { "id": conversation },
    })
}
