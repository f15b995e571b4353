//! Our words into Salesforce's: the plan that opens the conversation, and what follows in it.

pub mod attributes;
pub mod crm;
pub mod message;
mod transcript;

use baton_core::{
    channel::Call,
    desk::{DeskWhat, Opening, PlanStep, ToDesk},
    fault::{Fault, FaultClass},
    handoff::HandoffState,
    message::{Author, AuthorKind, Content},
    route::WorkKind,
};
use serde_json::{Value, json};

use super::{
    config::Config,
    ids::{conversation_for, conversation_of, derived, subject_of},
    policy,
};
use crate::transcript::{MARK, author_word, shown_name};

/// Opens the conversation.
pub const CONVERSATION: &str = "conversation";
/// Says something in it.
pub const MESSAGE: &str = "message";
/// Puts a file into it.
pub const FILE: &str = "file";
/// Ends its session.
pub const CLOSE: &str = "close";
/// Has become needless meanwhile.
pub const NOTHING: &str = "nothing";

/// The plan for the kind of work that the route wants.
pub fn open(config: &Config, opening: &Opening<'_>) -> Result<Vec<PlanStep>, Fault> {
    match opening.choice.kind {
        WorkKind::Case => crm::case(config, opening),
        WorkKind::Live => Ok(conversation(config, opening)),
    }
}

/// The plan: the contact, so that it is known; the conversation; the brief, and what was said, as
/// history where the organisation takes it and as words where it does not; last what is good to
/// have.
fn conversation(config: &Config, opening: &Opening<'_>) -> Vec<PlanStep> {
    let create = PlanStep {
        step: "conversation".to_owned(),
        call: json!({
            "operation": CONVERSATION,
            "attributes": attributes::of_opening(config, opening),
            "language": language(&opening.brief.language),
        }),
        optional: false,
    };
    let words = |step: String, text: String, unless_history: bool| PlanStep {
        step,
        call: json!({ "operation": MESSAGE, "text": text, "unless_history": unless_history }),
        optional: false,
    };
    let mut plan = crm::before(config, opening);
    plan.push(create);
    let brief = transcript::brief(opening).into_iter().enumerate();
    plan.extend(brief.map(|(at, text)| words(format!("brief {}", at + 1), text, false)));
    plan.extend(crm::history(config, opening));
    let parts = transcript::parts(opening).into_iter().enumerate();
    plan.extend(parts.map(|(at, text)| words(format!("transcript {}", at + 1), text, true)));
    plan.extend(crm::after(config, opening));
    plan
}

/// One thing to be sent, in the vendor's words.
pub fn render(config: &Config, to_desk: &ToDesk<'_>) -> Result<Call, Fault> {
    if let DeskWhat::Plan(call) = to_desk.what {
        return plan_step(config, to_desk, call);
    }
    if to_desk.handoff.target.kind == WorkKind::Case {
        return crm::to_case(config, to_desk);
    }
    match to_desk.what {
        DeskWhat::Message { author, content, file_url } => {
            said(config, to_desk, author, content, file_url)
        }
        DeskWhat::Note(text) => in_text(to_desk, &format!("{MARK} {text}")),
        DeskWhat::Close | DeskWhat::Plan(_) => {
            Ok(Call { operation: CLOSE.to_owned(), body: addressed(to_desk)? })
        }
    }
}

fn plan_step(config: &Config, to_desk: &ToDesk<'_>, call: &Value) -> Result<Call, Fault> {
    match call["operation"].as_str() {
        Some(CONVERSATION) => Ok(Call {
            operation: CONVERSATION.to_owned(),
            body: json!({
                "subject": subject_of(to_desk.handoff),
                "conversation": conversation_for(to_desk.handoff),
                "create": {
                    "conversationId": conversation_for(to_desk.handoff),
                    "esDeveloperName": config.deployment,
                    "routingAttributes": call["attributes"],
                    "language": call["language"],
                },
            }),
        }),
        Some(MESSAGE) => {
            let needless = call["unless_history"] == true;
            if needless && crm::is_history_there(to_desk.handoff) {
                return Ok(Call { operation: NOTHING.to_owned(), body: Value::Null });
            }
            in_text(to_desk, call["text"].as_str().unwrap_or_default())
        }
        Some(operation) if crm::OPERATIONS.contains(&operation) => {
            crm::plan_step(config, to_desk, call)
        }
        _ => Err(Fault::new(FaultClass::Bug, "the plan holds a step that this desk does not know")),
    }
}

/// What somebody says. The customer's words stand as they are; whoever else speaks is named.
fn said(
    config: &Config,
    to_desk: &ToDesk<'_>,
    author: &Author,
    content: &Content,
    file_url: Option<&str>,
) -> Result<Call, Fault> {
    let by = match author.kind {
        AuthorKind::Customer => String::new(),
        kind => match &author.name {
            Some(name) => format!("{MARK} {} ({}): ", author_word(kind), shown_name(name)),
            None => format!("{MARK} {}: ", author_word(kind)),
        },
    };
    if let Content::Choice { id, title } = content
        && author.kind == AuthorKind::Customer
        && let Some(answer) = message::answer(id, title)
    {
        return in_session(to_desk, MESSAGE, answer);
    }
    match message::file(config, content) {
        Some(file) => {
            let mut call = in_session(to_desk, FILE, message::file_entry(&by, content))?;
            call.body["file"] = json!({
                "workspace": to_desk.handoff.workspace, "stored": file, "link": file_url,
                "text": message::with_link(&by, content, file_url),
            });
            Ok(call)
        }
        None => in_text(to_desk, &message::with_link(&by, content, file_url)),
    }
}

fn in_text(to_desk: &ToDesk<'_>, text: &str) -> Result<Call, Fault> {
    in_session(to_desk, MESSAGE, message::text(text)?)
}

/// A message in the handoff's conversation, under an id that is the same at every try.
fn in_session(to_desk: &ToDesk<'_>, operation: &str, mut message: Value) -> Result<Call, Fault> {
    let mut body = addressed(to_desk)?;
    let handoff = to_desk.handoff;
    message["id"] = json!(derived(to_desk.delivery.0));
    body["message"] = message;
    // A session that a rep had is over when it is gone; one that nobody had yet was never begun.
    body["begun"] = json!(handoff.rep_name.is_some() || handoff.state == HandoffState::Active);
    body["attributes"] = attributes::of_handoff(handoff);
    let spoken = handoff.brief.as_ref().map(|brief| brief.language.as_str()).unwrap_or_default();
    body["language"] = json!(language(spoken));
    Ok(Call { operation: operation.to_owned(), body })
}

/// Whose conversation it is, and which.
fn addressed(to_desk: &ToDesk<'_>) -> Result<Value, Fault> {
    let Some(id) = conversation_of(to_desk.handoff) else {
        let text = "the conversation in Salesforce is not known yet";
        return Err(Fault::new(FaultClass::Bug, text));
    };
    Ok(json!({ "subject": subject_of(to_desk.handoff), "conversation": id }))
}

/// The language of a conversation, as far as it is one: `en`, `pt_BR`.
fn language(code: &str) -> String {
    let code = code.trim().replace('-', "_");
    let fits =
        (2..=8).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
    if fits { code } else { "en".to_owned() }
}

/// What a call does, as it stands after "failed to".
pub fn doing(operation: &str) -> &'static str {
    match operation {
        CONVERSATION => "open the conversation",
        MESSAGE => "write to the rep",
        FILE => "send the file to the rep",
        CLOSE => "end the messaging session",
        NOTHING => "take the step",
        operation => crm::doing(operation),
    }
}

/// The operation that a thing to be sent becomes, as far as it can be told beforehand.
pub fn operation<'a>(what: &DeskWhat<'a>) -> &'a str {
    match what {
        DeskWhat::Plan(call) => call.get("operation").and_then(Value::as_str).unwrap_or_default(),
        DeskWhat::Message { .. } | DeskWhat::Note(_) => MESSAGE,
        DeskWhat::Close => CLOSE,
    }
}

/// Whether repeating a call is harmless. A conversation is made once under our id, and an ended
/// session stays ended; no page says that a message's id makes it one.
pub fn is_repeatable(call: &Call) -> bool {
    match call.operation.as_str() {
        MESSAGE | FILE => false,
        CONVERSATION | CLOSE | NOTHING => true,
        _ => crm::is_repeatable(call),
    }
}

/// The most characters of one message, as they are counted here.
fn too_long(text: &str) -> Option<Fault> {
    let length = text.chars().count();
    (length > policy::TEXT_MAX).then(|| {
        let text = format!("the text has {length} characters; {} go into one", policy::TEXT_MAX);
        Fault::new(FaultClass::ContentRejected, text)
    })
}
