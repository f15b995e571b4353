//! The transcript of an ended conversation, as a note that holds JSON; each file is a note of its own.
//!
//! Source: "Download transcripts in bulk", checked 2026-11-20.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::conversation::{Author, Conversation, Message};
use super::{Account, Inner, files, iso};

/// Adds the transcript row and its note.
pub fn write(inner: &mut Inner, account: &Account, id: &str, at: &str) {
    let Some(conversation) = inner.find(id) else { return };
    let activity_id = conversation.activity_id.clone();
    let content = Value::Array(
        conversation.messages.iter().map(|message| entry(account, conversation, message)).collect(),
    );
    let document = content.to_string();
    let attached: Vec<_> =
        conversation.messages.iter().flat_map(|message| message.files.clone()).collect();
    let (transcript_id, note_id) = (inner.ids.guid(), inner.ids.guid());
    let transcript = json!({
        "msdyn_name": format!("Transcript {activity_id}"),
        "_msdyn_liveworkitemidid_value": activity_id,
        "statecode": 0,
        "statuscode": 1,
    });
    let note = json!({
        "subject": "Transcript",
        "filename": "message.txt",
        "mimetype": "text/plain",
        "isdocument": true,
        "objecttypecode": "msdyn_transcript",
        "_objectid_value": transcript_id,
        "filesize": document.len(),
        "documentbody": STANDARD.encode(document),
    });
    inner.set_columns("msdyn_transcripts", &transcript_id, transcript, at);
    inner.set_columns("annotations", &note_id, note, at);
    for note in files::notes(inner, &activity_id, &attached) {
        let note_id = inner.ids.guid();
        inner.set_columns("annotations", &note_id, note, at);
    }
}

fn entry(account: &Account, conversation: &Conversation, message: &Message) -> Value {
    let identified = conversation.contact_id.is_some();
    let (from, tags, delivery_mode) = match message.author {
        Author::Rep => (user(message), "public", "bridged"),
        Author::Private => (user(message), "private", "unbridged"),
        Author::Automated | Author::System | Author::Start => {
            let from = json!({ "application": { "displayName": message.from_name, "id": account.client_id } });
            (from, "system", "bridged")
        }
        Author::Customer => {
            let name = if identified { message.from_name.as_str() } else { "Customer" };
            (
                json!({ "application": { "displayName": name, "id": message.from_id } }),
                "",
                "bridged",
            )
        }
    };
    let instant = iso::millis(message.at_ms);
    json!({
        "id": message.id,
        "content": message.text,
        "contentType": "text",
        "createdDateTime": instant,
        "created": instant,
        "from": from,
        "attachments": message.attachments,
        "isControlMessage": false,
        "tags": tags,
        "deliveryMode": delivery_mode,
    })
}

fn user(message: &Message) -> Value {
    json!({ "user": { "displayName": message.from_name, "id": message.from_id } })
}
