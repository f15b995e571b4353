//! What happened, by the kind of an entry (`conversation-public-components.yaml` of Salesforce's
//! public interface descriptions, and "Server-Sent Events"; checked 2026-11).

use baton_core::{
    desk::{DeskEventKind, RepMessage},
    time::{DAY_MS, SECOND_MS},
};
use serde_json::Value;

use super::{
    super::{config::Config, ids, wire::Entry},
    name, number, payload, said, session, shown,
};

/// Whether an entry is worth storing: what is our own, only a sign that our words arrived, or of
/// a kind that we do not know, is not.
pub fn concerns_us(config: &Config, entry: &Entry) -> bool {
    match entry.entry_type.as_str() {
        "Message" | "MessageUpdated" => is_relayed(config, entry) || lost_file(entry),
        "TypingStartedIndicator" => is_person(entry),
        "ParticipantChanged"
        | "RoutingResult"
        | "RoutingWorkResult"
        | "SessionStatusChanged"
        | "QueuePosition" => true,
        _ => false,
    }
}

pub fn is_message(entry: &Entry) -> bool {
    entry.entry_type == "Message"
}

pub fn is_session_status(entry: &Entry) -> bool {
    entry.entry_type == "SessionStatusChanged"
}

/// The status that a session came to.
pub fn status(entry: &Entry) -> Option<String> {
    let payload = payload(entry).ok()?;
    payload["sessionStatus"].as_str().map(str::to_owned)
}

/// Everything that the end user said is ours. Where no role is named it is too: a rep's message
/// that is missed can be read at the desk, but the customer's own words must never come back.
pub fn is_ours(entry: &Entry) -> bool {
    matches!(entry.sender.role.as_str(), "EndUser" | "")
}

fn is_person(entry: &Entry) -> bool {
    matches!(entry.sender.role.as_str(), "Agent" | "Supervisor")
}

/// What is told when Salesforce took a file of the customer's and could not keep it.
const LOST_FILE: &str =
    "Salesforce could not keep a file of the customer's; the rep does not see it";

fn lost_file(entry: &Entry) -> bool {
    let failed = |data: &Value| {
        let files = data.pointer("/abstractMessage/staticContent/attachments");
        let mut files = files.and_then(Value::as_array).into_iter().flatten();
        files.any(|file| file["attachmentUploadResult"] == "Error")
    };
    is_ours(entry) && payload(entry).is_ok_and(|data| failed(&data))
}

/// Whether a message goes to the customer: what people say, and the rest as the settings want.
/// What is marked as internal never does.
pub fn is_relayed(config: &Config, entry: &Entry) -> bool {
    if entry.visibility_strategy.as_deref() == Some("Internal") {
        return false;
    }
    let automatic = payload(entry).is_ok_and(|p| p["messageReason"].as_str().is_some());
    match entry.sender.role.as_str() {
        "Agent" | "Supervisor" => !automatic || config.relays_greetings,
        "System" => config.relays_greetings,
        "Chatbot" | "DigitalWorker" => config.relays_bots,
        _ => false,
    }
}

/// Says one entry in our words.
pub fn kinds(config: &Config, entry: &Entry) -> Result<Vec<DeskEventKind>, String> {
    let ignored = |why: &str| Ok(vec![DeskEventKind::Ignored { why: why.to_owned() }]);
    let data = payload(entry)?;
    match entry.entry_type.as_str() {
        "Message" | "MessageUpdated" if lost_file(entry) => Ok(vec![moved(LOST_FILE)]),
        "Message" | "MessageUpdated" if is_ours(entry) => ignored("our own message"),
        "Message" if !is_relayed(config, entry) => ignored("not for the customer"),
        "Message" => message(entry),
        "MessageUpdated" if is_relayed(config, entry) => Ok(vec![DeskEventKind::Changed]),
        "TypingStartedIndicator" if is_person(entry) => Ok(vec![DeskEventKind::Typing]),
        "ParticipantChanged" => Ok(participants(&data)),
        "RoutingResult" => Ok(routed(&data)),
        "RoutingWorkResult" => Ok(work(&data)),
        "SessionStatusChanged" => Ok(status_changed(&data)),
        "QueuePosition" => Ok(position(&data)),
        other => ignored(&format!("entry of type {:?}", shown(other))),
    }
}

/// A message, and the session that it belongs to. A file that is still coming in is asked for
/// once it is there.
fn message(entry: &Entry) -> Result<Vec<DeskEventKind>, String> {
    let mut kinds: Vec<DeskEventKind> = related_session(entry).into_iter().collect();
    match said::complete(entry) {
        Some(messages) if messages.is_empty() => {
            kinds.push(DeskEventKind::Ignored { why: "a message without words".to_owned() });
        }
        Some(messages) => kinds.extend(messages.into_iter().map(DeskEventKind::Message)),
        None => kinds.push(DeskEventKind::Changed),
    }
    Ok(kinds)
}

fn related_session(entry: &Entry) -> Option<DeskEventKind> {
    let ids = entry.related_records.iter().filter_map(Value::as_str);
    ids.into_iter().find(|id| ids::is_record(id, ids::SESSION)).map(session)
}

fn session_in(data: &Value, key: &str) -> Option<DeskEventKind> {
    data[key].as_str().filter(|id| ids::is_record(id, ids::SESSION)).map(session)
}

fn moved(what: impl Into<String>) -> DeskEventKind {
    DeskEventKind::Moved { what: what.into() }
}

/// Who came and who left. Nobody's leaving is the end: a transfer begins with it.
fn participants(data: &Value) -> Vec<DeskEventKind> {
    let entries = match &data["entries"] {
        Value::Array(entries) => entries.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    };
    let kinds: Vec<DeskEventKind> = entries.into_iter().filter_map(participant).collect();
    if kinds.is_empty() {
        return vec![DeskEventKind::Ignored {
            why: "participants that do not concern us".to_owned(),
        }];
    }
    kinds
}

fn participant(data: &Value) -> Option<DeskEventKind> {
    let text = |value: &Value| value.as_str().map(shown).filter(|text| !text.is_empty());
    let who = text(&data["displayName"]);
    let named = |words: &str| match &who {
        Some(name) => format!("{words} ({name})"),
        None => words.to_owned(),
    };
    let (role, operation) = (&data["participant"]["role"], &data["operation"]);
    match (role.as_str()?, operation.as_str()?) {
        ("Agent", "add") => Some(DeskEventKind::Accepted { rep: who }),
        ("Agent", "remove") => Some(moved(named("the rep left"))),
        ("Supervisor", "add") => Some(moved(named("a supervisor joined"))),
        ("Supervisor", "remove") => Some(moved(named("the supervisor left"))),
        ("Chatbot" | "DigitalWorker", "add") => Some(moved(named("a bot joined"))),
        ("Chatbot" | "DigitalWorker", "remove") => Some(moved(named("the bot left"))),
        _ => None,
    }
}

/// Where the work went. Only its first way can fail for good.
fn routed(data: &Value) -> Vec<DeskEventKind> {
    let text = |key: &str| data[key].as_str().unwrap_or_default();
    let mut kinds: Vec<DeskEventKind> = session_in(data, "recordId").into_iter().collect();
    let failed = !matches!(text("failureType"), "" | "None");
    let why = || {
        let reason = shown(text("failureReason"));
        let errors = data["errorMessages"].as_array().into_iter().flatten();
        let mut words: Vec<String> = errors.filter_map(Value::as_str).map(shown).collect();
        words.insert(0, if reason.is_empty() { shown(text("failureType")) } else { reason });
        words.retain(|word| !word.is_empty());
        words.dedup();
        words.join("; ")
    };
    kinds.push(match (text("routingType"), failed) {
        ("Initial" | "", true) => {
            let why =
                format!("bring the session to a rep: Salesforce could not route it: {}", why());
            DeskEventKind::Failed { why }
        }
        ("Initial" | "", false) => waiting(data),
        ("Transfer", true) => moved(format!("the transfer failed: {}", why())),
        ("Transfer", false) => moved("being transferred"),
        (_, true) => moved(format!("calling in another rep failed: {}", why())),
        (_, false) => moved("another rep is called in"),
    });
    kinds
}

/// The wait, where it was asked for and is known.
fn waiting(data: &Value) -> DeskEventKind {
    let wait = &data["estimatedWaitTime"];
    let asked = wait["isEWTRequested"].as_bool().unwrap_or(false);
    let seconds = number(&wait["estimatedWaitTimeInSeconds"]).filter(|s| asked && *s >= 0.0);
    match seconds {
        Some(seconds) => {
            // The cast saturates, and a wait is far below what a float holds exactly.
            let wait_ms = ((seconds * SECOND_MS as f64) as i64).min(DAY_MS);
            DeskEventKind::Waiting { position: None, wait_ms: Some(wait_ms) }
        }
        None => DeskEventKind::Ignored { why: "routed, without a wait that is known".to_owned() },
    }
}

fn position(data: &Value) -> Vec<DeskEventKind> {
    let position = number(&data["position"]).filter(|position| *position >= 1.0);
    vec![match position {
        Some(position) => DeskEventKind::Waiting { position: Some(position as u32), wait_ms: None },
        None => DeskEventKind::Ignored { why: "a place in line without a number".to_owned() },
    }]
}

/// What became of the work of one rep.
fn work(data: &Value) -> Vec<DeskEventKind> {
    let text = |key: &str| data[key].as_str().unwrap_or_default();
    let by_bot = !text("botId").is_empty();
    let mut kinds: Vec<DeskEventKind> = session_in(data, "workTargetId").into_iter().collect();
    kinds.push(match text("workType") {
        "Accepted" if by_bot => moved("a bot took it"),
        "Accepted" => DeskEventKind::Accepted { rep: None },
        "Assigned" => moved("offered to a rep"),
        "Declined" => moved("a rep declined it or did not answer; it is offered to another"),
        "Transferred" => moved("transferred"),
        "Escalated" => moved("escalated"),
        "TransferError" => moved("the transfer failed"),
        other => DeskEventKind::Ignored { why: format!("work {:?}", shown(other)) },
    });
    kinds
}

fn status_changed(data: &Value) -> Vec<DeskEventKind> {
    let text = |key: &str| data[key].as_str().unwrap_or_default();
    let mut kinds: Vec<DeskEventKind> = session_in(data, "sessionId").into_iter().collect();
    let status = text("sessionStatus");
    kinds.push(match (status, text("sessionStatusPrev")) {
        ("Ended", _) => DeskEventKind::Ended { by: ended_by(text("sessionEndedByRole")) },
        ("Inactive", _) => moved("inactive: it goes on when the customer writes"),
        ("Waiting", "Inactive") => moved("the customer wrote again; it waits for a rep"),
        ("Error", _) => moved("the messaging session is in error; look at it in Salesforce"),
        ("Paused", _) => moved("paused"),
        (other, _) => DeskEventKind::Ignored { why: format!("session {:?}", shown(other)) },
    });
    kinds
}

/// The role is reported wrongly at times, so that only people are named.
fn ended_by(role: &str) -> String {
    match role {
        "Agent" => "the rep",
        "Supervisor" => "a supervisor",
        _ => "Salesforce",
    }
    .to_owned()
}

/// The message of an entry with its content.
pub fn rep_message(entry: &Entry, id: String, content: baton_core::message::Content) -> RepMessage {
    RepMessage {
        vendor_id: Some(baton_core::ids::VendorId(id)),
        rep: is_person(entry).then(|| name(entry)).flatten(),
        at: said::at(entry),
        content,
    }
}
