//! What the customer's side sends: words, and answers to choices and forms.
//!
//! Sources: "Send Message" and its use cases (a text that begins or ends with an address becomes two entries), "Rate
//! Limits for Enhanced Chat" (22 messages of a conversation a minute), checked 2026-11.

use serde_json::{Value, json};

use super::calls::beginning;
use super::entry::{Author, Kind, Sender, Shown};
use super::error::Refusal;
use super::scene::Scene;
use super::{Inner, answers};
use crate::{Call, World};

/// After its end was told, a session gets nothing more from a client that listens.
const LATE_MS: i64 = 2_000;

/// Accepts a message; the entries that it became.
pub fn message(world: &World, call: &Call, at: usize, body: &Value) -> Result<Vec<Value>, Refusal> {
    let message = &body["message"];
    let id = message_id(message)?;
    let limit = world.switches.number("salesforce.text_limit_bytes");
    let text = message["staticContent"]["text"].as_str().unwrap_or_default();
    if limit > 0 && i64::try_from(text.len()).unwrap_or(i64::MAX) > limit {
        return Err(Refusal::bad_request("The message is too long."));
    }
    let mut inner = world.salesforce.inner();
    let mut scene = admitted(world, call, &mut inner, at, body)?;
    if repeats(&mut scene, &id)? {
        call.note("repeated, not shown again");
        return Ok(vec![ticket(&scene, &id)]);
    }
    let parts = parts(&mut scene, message, &id)?;
    ready(&mut scene, body)?;
    let tickets = parts.iter().map(|part| ticket(&scene, &part.id)).collect();
    for part in parts {
        said(&mut scene, part);
    }
    scene.greet();
    call.note("accepted");
    Ok(tickets)
}

/// The client's own id of a message.
pub fn message_id(message: &Value) -> Result<String, Refusal> {
    let id = message["id"].as_str().unwrap_or_default();
    if id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
        return Ok(id.to_owned());
    }
    Err(Refusal::bad_request("message.id must be a UUID."))
}

/// Counts the message, where the conversation may get one at all.
pub fn admitted<'a>(
    world: &'a World,
    call: &Call,
    inner: &'a mut Inner,
    at: usize,
    body: &Value,
) -> Result<Scene<'a>, Refusal> {
    if inner.conversations[at].closed_ms.is_some() {
        return Err(Refusal::not_found("The conversation is closed."));
    }
    if inner.conversations[at].live().is_none()
        && world.switches.is("salesforce.prechat", "per_session")
        && body["isNewMessagingSession"] != true
    {
        return Err(Refusal::no_session());
    }
    let limit = world.switches.number("salesforce.messages_per_minute");
    let (now_ms, ignored) = (world.clock.now_ms(), &mut inner.ignored);
    inner.conversations[at]
        .pace
        .take(limit, now_ms, call.seq(), ignored)
        .map_err(|wait_s| Refusal::too_many(world, wait_s))?;
    Ok(Scene::new(world, inner, at, call.seq()))
}

/// Whether this id was taken before and is not taken again.
pub fn repeats(scene: &mut Scene, id: &str) -> Result<bool, Refusal> {
    if scene.conversation().find_entry(id).is_none() {
        return Ok(false);
    }
    match scene.world.switches.get("salesforce.duplicate_message").as_str() {
        "409" => Err(Refusal::conflict("A message with this id already exists.")),
        "once" => Ok(true),
        _ => Ok(false),
    }
}

/// Sees to it that there is a session, and that somebody looks at it.
pub fn ready(scene: &mut Scene, body: &Value) -> Result<(), Refusal> {
    let inactive = scene.conversation().phase() == super::conversation::Phase::Inactive;
    if inactive {
        return scene.wake().map_err(Refusal::bad_request);
    }
    if scene.conversation().live().is_some() {
        return Ok(());
    }
    let asked_for = body["isNewMessagingSession"] == true;
    let told_ms = scene.session().ok().and_then(|session| session.end_told_ms);
    if !asked_for && told_ms.is_some_and(|told_ms| scene.now_ms - told_ms >= LATE_MS) {
        let seq = scene.seq;
        scene.inner.late.push(seq);
    }
    let mut beginning = beginning(scene.world, scene.inner, body)?;
    let complete = body["routingAttributes"].is_object() && body["language"].is_string();
    beginning.unrouted = asked_for
        && !complete
        && scene.world.switches.is("salesforce.incomplete_session", "unrouted");
    scene.begin(beginning).map_err(Refusal::bad_request)
}

/// One entry that a message becomes.
pub struct Part {
    pub id: String,
    pub message: Value,
    pub shown: Shown,
}

/// Writes it down as the end user's.
pub fn said(scene: &mut Scene, part: Part) {
    let subject = scene.conversation().subject.clone();
    let name = scene.conversation().customer_name().to_owned();
    scene.conversation().customer_typing_ms = None;
    let sender = Sender::end_user(&subject, &name);
    let payload = json!({
        "id": part.id,
        "abstractMessage": part.message,
        "messageReason": null,
    });
    scene.tell_with(Kind::Message, sender, payload, Some(part.shown));
}

fn parts(scene: &mut Scene, message: &Value, id: &str) -> Result<Vec<Part>, Refusal> {
    let kind = message["messageType"].as_str().unwrap_or_default();
    let text = match kind {
        "StaticContentMessage" => return static_parts(scene, message, id),
        "ChoicesResponseMessage" => answers::choices(scene, message)?,
        "FormResponseMessage" => answers::form(scene, message)?,
        _ => return Err(Refusal::bad_request("message.messageType is not supported.")),
    };
    let shown = Shown::text(Author::Customer, &text);
    Ok(vec![Part { id: id.to_owned(), message: message.clone(), shown }])
}

fn static_parts(scene: &mut Scene, message: &Value, id: &str) -> Result<Vec<Part>, Refusal> {
    let content = &message["staticContent"];
    let text = content["text"].as_str().unwrap_or_default();
    if content["formatType"] != "Text" || text.trim().is_empty() {
        return Err(Refusal::bad_request("staticContent must have formatType Text and a text."));
    }
    let whole = |text: &str| Part {
        id: id.to_owned(),
        message: json!({
            "id": id,
            "messageType": "StaticContentMessage",
            "inReplyToMessageId": message["inReplyToMessageId"],
            "staticContent": { "formatType": "Text", "text": text },
            "references": [],
        }),
        shown: Shown::text(Author::Customer, text),
    };
    let split = scene.world.switches.is("salesforce.split_links", "yes");
    let Some((rest, url)) = split_link(text).filter(|_| split) else {
        return Ok(vec![whole(text)]);
    };
    if rest.is_empty() {
        return Ok(vec![rich_link(id, url)]);
    }
    let link_id = scene.inner.ids.guid();
    Ok(vec![whole(rest), rich_link(&link_id, url)])
}

fn rich_link(id: &str, url: &str) -> Part {
    let item = json!({
        "titleItem": { "itemType": "TitleItem", "title": url, "subTitle": null },
        "url": url,
        "itemType": "LinkItem",
    });
    Part {
        id: id.to_owned(),
        message: json!({
            "id": id,
            "messageType": "StaticContentMessage",
            "staticContent": { "formatType": "RichLink", "linkItem": item, "image": null },
        }),
        shown: Shown::text(Author::Customer, url),
    }
}

/// The address at the beginning or the end of a text, with what is left.
fn split_link(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    let is_link = |word: &str| {
        let lower = word.to_ascii_lowercase();
        ["http://", "https://"].iter().any(|scheme| lower.starts_with(scheme) && lower.len() > 10)
    };
    let first = text.split_whitespace().next()?;
    if is_link(first) {
        return Some((text[first.len()..].trim(), first));
    }
    let last = text.split_whitespace().next_back()?;
    is_link(last).then(|| (text[..text.len() - last.len()].trim(), last))
}

/// What the answer says of an entry.
pub fn ticket(scene: &Scene, id: &str) -> Value {
    json!({ "id": id, "clientTimestamp": scene.now_ms })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_at_either_end_are_split_off() {
        assert_eq!(split_link("see https://a.example/x"), Some(("see", "https://a.example/x")));
        assert_eq!(split_link("HTTPS://a.example is it"), Some(("is it", "HTTPS://a.example")));
        assert_eq!(split_link(" https://a.example "), Some(("", "https://a.example")));
        assert_eq!(split_link("is https://a.example it"), None);
        assert_eq!(split_link("see http://"), None);
    }
}
