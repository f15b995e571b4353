//! Importing what was said before a rep is asked: the Conversation History API.
//!
//! Sources: the vendor's public interaction service definition and its list of error codes, and "Configure Your
//! Deployment to Ingest Third-Party Bot Conversation History", checked 2026-11. The reference says 5 entries a call, the
//! definition 25. Whether imported lines also reach the end user's stream is not documented.

use std::collections::HashSet;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::post;
use axum::{Extension, Router};
use serde_json::{Value, json};

use super::conversation::Imported;
use super::entry::{Author, Kind, Sender};
use super::scene::Scene;
use super::{Inner, crm};
use crate::{Call, World};

const DAY_MS: i64 = 86_400_000;
/// Participants of one import.
const MAX_PARTICIPANTS: usize = 3;
/// Imported lines of one conversation.
const MAX_IMPORTED: usize = 5_000;

/// HTTP status, code and text.
type Refusal = (u16, u32, String);

pub fn router() -> Router<Arc<World>> {
    Router::new().route("/api/v1/conversationHistory", post(import))
}

async fn import(
    State(world): State<Arc<World>>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let result = admitted(&world, &headers).and_then(|()| {
        let body: Value = serde_json::from_slice(&body)
            .map_err(|_| refusal(10100, "A request body is required."))?;
        let batch = Batch::read(&world, &body)?;
        keep(&world, &call, &body, batch)
    });
    match result {
        Ok(body) => {
            call.note("accepted");
            (StatusCode::ACCEPTED, Json(body)).into_response()
        }
        Err((status, code, message)) => {
            call.note(format!("rejected {code} {message}"));
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
            (status, Json(json!({ "code": code, "message": message }))).into_response()
        }
    }
}

fn refusal(code: u32, message: impl Into<String>) -> Refusal {
    (400, code, message.into())
}

/// The token, and that it is for this organisation and its deployment.
fn admitted(world: &World, headers: &HeaderMap) -> Result<(), Refusal> {
    let account = &world.salesforce.account;
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let state = &world.salesforce;
    let token = crm::authorised(state, headers, world.clock.now_ms()).ok_or_else(|| {
        (401, 10004, "The supplied Authorization access token is not valid.".to_owned())
    })?;
    let scopes = ["interaction_api", "full"];
    if !token.scopes.iter().any(|scope| scopes.contains(&scope.as_str())) {
        let text = "The access token is missing the required scope interaction_api.";
        return Err((403, 10003, text.to_owned()));
    }
    if header("orgid") != Some(account.org_id_15.as_str()) {
        return Err(refusal(10005, "OrgId does not fit the access token."));
    }
    if header("requestid").is_none_or(str::is_empty) {
        return Err(refusal(10100, "RequestId is missing."));
    }
    if header("authorizationcontexttype") != Some("EmbeddedMessagingChannel")
        || header("authorizationcontext") != Some(account.connected_app.as_str())
    {
        return Err(refusal(10005, "The AuthorizationContext for the request isn't valid."));
    }
    match world.switches.get("salesforce.history").as_str() {
        "not_permitted" => {
            Err((403, 10057, "You don't have access to the ConversationHistory API.".to_owned()))
        }
        "absent" => Err((404, 10099, "Not found.".to_owned())),
        _ => Ok(()),
    }
}

/// What an import says, once it is known to be well-formed.
struct Batch {
    session_id: String,
    lines: Vec<Imported>,
}

struct Person {
    subject: String,
    role: String,
    name: String,
    joined_ms: i64,
    left_ms: Option<i64>,
}

impl Batch {
    fn read(world: &World, body: &Value) -> Result<Self, Refusal> {
        let address = body["channelAddressIdentifier"].as_str();
        if address != Some(world.salesforce.account.channel_address.as_str()) {
            return Err(refusal(10017, "The channelAddressIdentifier provided does not exist."));
        }
        let people = people(&body["conversationParticipants"])?;
        let entries = body["conversationEntries"].as_array().map_or(&[][..], Vec::as_slice);
        let most = usize::try_from(world.switches.number("salesforce.history_batch")).unwrap_or(5);
        if entries.is_empty() || entries.len() > most {
            let text = format!("conversationEntries must have 1 to {most} entries.");
            return Err(refusal(10100, text));
        }
        let mut ids = HashSet::new();
        let mut lines = Vec::new();
        for entry in entries {
            let line = line(entry, &people, world.clock.now_ms())?;
            if !ids.insert(line.id.clone()) {
                return Err(refusal(10073, "Provide a unique ID for each message entry."));
            }
            lines.push(line);
        }
        Ok(Self { session_id: session_id(&body["messagingSession"])?, lines })
    }
}

/// Of a session that is there already; another one is not begun this way.
fn session_id(session: &Value) -> Result<String, Refusal> {
    if session["messagingSessionRequestType"] != "AttachMessagingSession" {
        let text = "Remove the messagingSession parameter, or attach to a messaging session.";
        return Err(refusal(10063, text));
    }
    match session["payload"]["sessionId"].as_str() {
        Some(id) if matches!(id.len(), 15 | 18) && id.starts_with("0Mw") => Ok(id.to_owned()),
        _ => Err(refusal(10072, "Specify a valid session ID.")),
    }
}

fn people(listed: &Value) -> Result<Vec<Person>, Refusal> {
    let listed = listed.as_array().map_or(&[][..], Vec::as_slice);
    if listed.len() > MAX_PARTICIPANTS {
        return Err(refusal(10100, "There are too many participants."));
    }
    let people = listed.iter().map(person).collect::<Result<Vec<_>, _>>()?;
    match people.iter().filter(|person| person.role == "EndUser").count() {
        0 => Err(refusal(10042, "Include one end user participant in the conversation.")),
        1 if people.len() == distinct(&people) => Ok(people),
        1 => Err(refusal(10101, "We found duplicate participants.")),
        _ => Err(refusal(10044, "Include only one end user participant in the conversation.")),
    }
}

fn distinct(people: &[Person]) -> usize {
    people.iter().map(|person| (&person.subject, &person.role)).collect::<HashSet<_>>().len()
}

fn person(listed: &Value) -> Result<Person, Refusal> {
    let text = |name: &str| listed["participant"][name].as_str().unwrap_or_default().to_owned();
    let (role, subject, app_type) = (text("role"), text("subject"), text("appType"));
    let (joined, left_ms) = (listed["joinedTime"].as_i64(), listed["leftTime"].as_i64());
    if subject.is_empty() {
        return Err(refusal(10054, "Invalid subject of participant in conversation request."));
    }
    match (role.as_str(), left_ms) {
        ("EndUser", Some(_)) => {
            return Err(refusal(10065, "Conversations with end-users don't have a leftTime."));
        }
        ("EndUser", None) if app_type != "iamessage" => {
            return Err(refusal(10054, "appType of the end user must be iamessage."));
        }
        ("Chatbot", None) => return Err(refusal(10066, "leftTime is required for chatbots.")),
        ("EndUser" | "Chatbot", _) => {}
        _ => return Err(refusal(10043, "Invalid participant role.")),
    }
    let joined_ms = joined.ok_or_else(|| refusal(10067, "Invalid joinedTime."))?;
    if left_ms.is_some_and(|left_ms| left_ms <= joined_ms) {
        return Err(refusal(10067, "Specify a joinedTime that is earlier than the leftTime."));
    }
    let name = listed["displayName"].as_str().unwrap_or_default().to_owned();
    Ok(Person { subject, role, name, joined_ms, left_ms })
}

fn line(entry: &Value, people: &[Person], now_ms: i64) -> Result<Imported, Refusal> {
    let payload = &entry["entryPayload"];
    let message = &payload["abstractMessage"];
    let (id, inner_id) = (payload["id"].as_str(), message["id"].as_str());
    let id = match (id, inner_id) {
        (Some(id), Some(inner_id)) if id == inner_id && !id.is_empty() => id.to_owned(),
        (Some(_), Some(_)) => return Err(refusal(10060, "Message ID is mismatched.")),
        _ => return Err(refusal(10059, "Message ID is empty.")),
    };
    if payload["entryType"] != "Message" {
        return Err(refusal(10045, "Provide a valid message entry format."));
    }
    let (subject, role) = (&entry["sender"]["subject"], &entry["sender"]["role"]);
    let sender = people
        .iter()
        .find(|person| *subject == person.subject.as_str() && *role == person.role.as_str());
    let sender = sender.ok_or_else(|| refusal(10068, "The message isn't from a participant."))?;
    let at_ms = entry["clientTimestamp"].as_i64().unwrap_or(0);
    if at_ms < now_ms - DAY_MS || at_ms > now_ms {
        return Err(refusal(10046, "Invalid clientTimestamp."));
    }
    if at_ms < sender.joined_ms || sender.left_ms.is_some_and(|left_ms| at_ms > left_ms) {
        return Err(refusal(10074, "The message must occur while the sender is there."));
    }
    let is_customer = sender.role == "EndUser";
    Ok(Imported {
        id,
        at_ms,
        author: if is_customer { Author::Customer } else { Author::Automated },
        from_name: sender.name.clone(),
        text: said(message, is_customer)?,
    })
}

/// The words of a message.
fn said(message: &Value, is_customer: bool) -> Result<String, Refusal> {
    let kinds = ["StaticContentMessage", "ChoicesResponseMessage", "FormResponseMessage"];
    let kind = message["messageType"].as_str().unwrap_or_default();
    if is_customer && !kinds.contains(&kind) {
        return Err(refusal(10062, "Invalid message type."));
    }
    let content = match kind {
        "StaticContentMessage" => &message["staticContent"],
        "ChoicesMessage" => &message["choices"],
        "ChoicesResponseMessage" => return Ok("(choice)".to_owned()),
        "FormResponseMessage" => return Ok("(form)".to_owned()),
        _ => return Err(refusal(10047, "Specified Message Type is invalid.")),
    };
    match (content["formatType"].as_str(), content["text"].as_str()) {
        (Some("Text"), None | Some("")) => Err(refusal(10045, "The text is empty.")),
        (Some(_), text) => Ok(text.unwrap_or("(attachment)").to_owned()),
        (None, _) => Err(refusal(10048, "Specified Format Type is invalid.")),
    }
}

/// Attaches the lines to the conversation of their session.
fn keep(world: &World, call: &Call, body: &Value, batch: Batch) -> Result<Value, Refusal> {
    let mut inner = world.salesforce.inner();
    let at = inner.index_of_any(&batch.session_id);
    let at = at.ok_or_else(|| refusal(10071, "Session is not found."))?;
    let mut scene = Scene::new(world, &mut inner, at, call.seq());
    let conversation = scene.conversation();
    let known = |id: &str| conversation.history.iter().any(|line| line.id == id);
    if batch.lines.iter().any(|line| known(&line.id)) {
        return Err(refusal(10073, "Provide a unique ID for each message entry."));
    }
    if conversation.history.len() + batch.lines.len() > MAX_IMPORTED {
        return Err(refusal(10055, "Conversation precondition failed."));
    }
    conversation.history.extend(batch.lines);
    conversation.history.sort_by_key(|line| line.at_ms);
    let id = conversation.id.clone();
    if world.switches.is("salesforce.history_on_stream", "yes") {
        show(&mut scene, body);
    }
    Ok(json!({
        "success": true,
        "conversationIdentifier": id,
        "messagingSessionId": batch.session_id,
    }))
}

/// The imported lines as entries, which the end user's stream then brings too.
fn show(scene: &mut Scene, body: &Value) {
    let entries = body["conversationEntries"].as_array().cloned().unwrap_or_default();
    for listed in entries {
        let text = |name: &str| listed["sender"][name].as_str().unwrap_or_default().to_owned();
        let sender = match listed["sender"]["role"].as_str() {
            Some("EndUser") => Sender::end_user(&text("subject"), "Guest"),
            _ => Sender::bot(&text("subject")),
        };
        let payload = json!({
            "id": listed["entryPayload"]["id"],
            "abstractMessage": listed["entryPayload"]["abstractMessage"],
            "messageReason": null,
        });
        let mut entry = scene.entry(Kind::Message, sender, payload, None, Vec::new());
        entry.client_ms = listed["clientTimestamp"].as_i64().unwrap_or(scene.now_ms);
        scene.add(entry);
    }
}

/// What an import looks like to a rep, line by line.
pub fn transcript(inner: &Inner, at: usize) -> String {
    let lines = inner.conversations[at].history.iter();
    let lines = lines.map(|line| format!("{}: {}", line.from_name, line.text));
    lines.collect::<Vec<_>>().join("\n")
}
