//! Our words into Dynamics 365's: the plan that opens the conversation, and what follows in it.

use baton_core::{
    channel::Call,
    contact::{Contact, PointKind},
    desk::{DeskWhat, Opening, PlanStep, ToDesk},
    fault::{Fault, FaultClass},
    file::is_active,
    handoff::PLAN_MAX_STEPS,
    message::{Author, AuthorKind, Content},
};
use serde_json::{Map, Value, json};

use super::{config::Config, policy};
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

/// The plan: the create with the brief and the newest of the transcript, then what did not fit.
pub fn open(opening: &Opening<'_>) -> Vec<PlanStep> {
    let limits = Limits {
        start_bytes: policy::START_MAX_BYTES,
        part_units: policy::TEXT_MAX,
        parts: PLAN_MAX_STEPS - 1,
    };
    let start = transcript::compose(opening, &limits);
    let body = json!({
        "customercontext": customer(opening.contact, &opening.handoff.id.to_string()),
        "conversationcontext": context(opening),
        "conversationrequestid": opening.handoff.id.to_string(),
        "startmessage": { "message": start.text, "displayname": SENDER },
        "skipdeflectionbot": true,
    });
    let mut plan = vec![PlanStep {
        step: CREATE.to_owned(),
        call: json!({ "operation": CREATE, "body": body }),
    }];
    plan.extend(start.parts.into_iter().enumerate().map(|(index, text)| PlanStep {
        step: format!("transcript {}", index + 1),
        call: json!({ "operation": MESSAGE, "text": text }),
    }));
    plan
}

/// Who the customer is. What is too long for its field is left out where a cut would name
/// somebody else.
fn customer(contact: &Contact, id: &str) -> Value {
    let mut fields = Map::new();
    let mut put = |key: &str, value: String| {
        if !value.is_empty() {
            fields.insert(key.to_owned(), Value::String(value));
        }
    };
    put("customerid", id.to_owned());
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
    if let Some(email) = contact.point(PointKind::Email).filter(fits) {
        put("email", email.to_owned());
    }
    Value::Object(fields)
}

/// The context variables: all displayable, all short, usable in routing rules.
fn context(opening: &Opening<'_>) -> Value {
    let brief = opening.brief;
    let values = [
        ("sessionId", Some(opening.session.to_string())),
        ("channel", Some(opening.channel.name().to_owned())),
        ("classification", Some(brief.classification.clone())),
        ("sentiment", Some(brief.sentiment.words().to_owned())),
        ("language", Some(brief.language.clone())),
        ("handoffReason", Some(opening.handoff.reason.name().to_owned())),
        ("queue", opening.choice.queue.clone()),
    ];
    let entries = values.into_iter().filter_map(|(name, value)| {
        let value = transcript::one_line(&value?, policy::CONTEXT_MAX);
        let entry = json!({ "isDisplayable": true, "value": value });
        (!value.is_empty()).then(|| (name.to_owned(), entry))
    });
    Value::Object(entries.collect())
}

/// One thing to be sent, in the vendor's words.
pub fn render(config: &Config, to_desk: &ToDesk<'_>) -> Result<Call, Fault> {
    let activity = match to_desk.what {
        DeskWhat::Plan(call) => return plan_step(config, to_desk, call),
        DeskWhat::Message { author, content, file_url } => {
            let (text, attachments) = with_file(config, content, file_url);
            let mut said = match author.kind {
                AuthorKind::Customer => customers_message(config, to_desk, &text)?,
                _ => our_message(config, to_desk, &format!("{MARK} {}: {text}", speaker(author)))?,
            };
            if let Some(attachments) = attachments {
                said["attachments"] = attachments;
            }
            said
        }
        DeskWhat::Note(text) => our_message(config, to_desk, &format!("{MARK} {text}"))?,
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
        (Some(CREATE), _, Some(body)) => {
            let mut body = body.clone();
            if config.plain_start_message {
                body["startmessage"] = body["startmessage"]["message"].take();
            }
            Ok(Call { operation: CREATE.to_owned(), body })
        }
        (Some(MESSAGE), Some(text), _) => {
            let activity = our_message(config, to_desk, text)?;
            in_conversation(config, to_desk, MESSAGE, activity)
        }
        _ => Err(Fault::new(FaultClass::Bug, "the step of the plan is not one of this desk's")),
    }
}

fn speaker(author: &Author) -> String {
    let kind = transcript::author_word(author.kind);
    match &author.name {
        Some(name) => format!("{kind} ({})", transcript::shown_name(name)),
        None => kind.to_owned(),
    }
}

/// What the customer says: the only text that stands in the thread under the customer's name.
fn customers_message(config: &Config, to_desk: &ToDesk<'_>, text: &str) -> Result<Value, Fault> {
    let name = to_desk.contact.name.as_deref().unwrap_or_default();
    let mut from = json!({ "id": format!("{OUR_ID_PREFIX}{}", to_desk.contact.id) });
    let name = transcript::one_line(name, policy::NAME_MAX);
    from["name"] = Value::String(if name.is_empty() { "Customer".to_owned() } else { name });
    message(config, to_desk, text, from)
}

/// What Baton says: flagged, so that it is not relayed back and no bot answers it.
fn our_message(config: &Config, to_desk: &ToDesk<'_>, text: &str) -> Result<Value, Fault> {
    let from = json!({ "id": format!("{OUR_ID_PREFIX}hub"), "name": SENDER });
    let mut activity = message(config, to_desk, text, from)?;
    activity["channelData"] = json!({ "messagingapi-oc": { "type": "AutomatedMessage" } });
    Ok(activity)
}

fn message(config: &Config, to_desk: &ToDesk<'_>, text: &str, from: Value) -> Result<Value, Fault> {
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
        "channelId": config.channel_id,
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
    let work =
        to_desk.handoff.work.as_ref().and_then(|work| super::conversation_id(work.id.as_str()));
    let Some(id) = work else {
        return Err(Fault::new(
            FaultClass::Bug,
            "the conversation in Dynamics 365 is not known yet",
        ));
    };
    activity["channelId"] = json!(config.channel_id);
    activity["conversation"] = json!({ "id": id });
    Ok(Call { operation: operation.to_owned(), body: activity })
}

/// The typing sign in a conversation.
pub fn typing(config: &Config, conversation: &str) -> Value {
    json!({
        "type": "typing",
        "channelId": config.channel_id,
        "from": { "id": format!("{OUR_ID_PREFIX}customer"), "name": "Customer" },
        "conversation": { "id": conversation },
    })
}
