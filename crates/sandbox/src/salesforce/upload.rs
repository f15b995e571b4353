//! Files from the customer's side.
//!
//! Source: "Send File" of the Enhanced Chat API and the vendor's schema of attachments, checked 2026-11. Clients of live
//! organisations allow 5 MB. An upload may finish later: its entry then says `Pending`.

use axum::body::Bytes;
use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::calls::named;
use super::entry::{Author, Kind, Sender, Shown};
use super::error::Refusal;
use super::inbound::{Part, admitted, message_id, ready, repeats, said, ticket};
use super::scene::Scene;
use super::{files, inbound};
use crate::multipart::{self, Field};
use crate::{Call, World};

/// Accepts a file; the entry that it became.
pub fn file(
    world: &World,
    call: &Call,
    at: usize,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Vec<Value>, Refusal> {
    let (entry, file) = form(headers, body)?;
    named(world, entry["esDeveloperName"].as_str())?;
    let id = message_id(&entry["message"])?;
    let file_id = entry["message"]["fileId"].as_str().unwrap_or_default();
    if file_id.is_empty() {
        return Err(Refusal::bad_request("message.fileId must be a UUID."));
    }
    let wrong = trouble(world, &file);
    if wrong == Some("AttachmentUploadNotEnabled") {
        return Err(Refusal::bad_request("AttachmentUploadNotEnabled"));
    }
    if let Some(wrong) = wrong.filter(|_| world.switches.is("salesforce.file_refusal", "at_once")) {
        return Err(Refusal::bad_request(wrong));
    }
    let mut inner = world.salesforce.inner();
    let mut scene = admitted(world, call, &mut inner, at, &entry)?;
    if repeats(&mut scene, &id)? {
        call.note("repeated, not shown again");
        return Ok(vec![ticket(&scene, &id)]);
    }
    ready(&mut scene, &entry)?;
    let result = match (wrong, world.switches.get("salesforce.upload").as_str()) {
        (Some(_), _) => "Error",
        (None, "pending") => "Pending",
        _ => "Completed",
    };
    let part = part(&mut scene, &id, &entry["message"], &file, result);
    let message = part.message.clone();
    said(&mut scene, part);
    if result == "Pending" {
        finished(&mut scene, &id, message);
    }
    scene.greet();
    call.note(format!("accepted, upload {result}"));
    Ok(vec![inbound::ticket(&scene, &id)])
}

/// The two parts of the form.
fn form(headers: &HeaderMap, body: &Bytes) -> Result<(Value, Field), Refusal> {
    let mut fields = multipart::fields(headers, body)
        .ok_or_else(|| Refusal::bad_request("The request body must be multipart/form-data."))?;
    let mut take = |name: &str| {
        let at = fields.iter().position(|field| field.name == name);
        at.map(|at| fields.remove(at))
            .ok_or_else(|| Refusal::bad_request(format!("The part {name} is missing.")))
    };
    let (entry, file) = (take("messageEntry")?, take("fileData")?);
    if entry.content_type.as_deref().is_none_or(|kind| !kind.starts_with("application/json")) {
        return Err(Refusal::bad_request("messageEntry must have type application/json."));
    }
    if file.file_name.as_deref().unwrap_or_default().is_empty() {
        return Err(Refusal::bad_request("fileData must have a file name."));
    }
    let entry = serde_json::from_slice(&entry.bytes)
        .map_err(|_| Refusal::bad_request("messageEntry is not JSON."))?;
    Ok((entry, file))
}

/// What the vendor's schema calls it, if the file is not taken.
fn trouble(world: &World, file: &Field) -> Option<&'static str> {
    let max = world.switches.number("salesforce.max_file_bytes");
    if world.switches.is("salesforce.attachments", "no") {
        return Some("AttachmentUploadNotEnabled");
    }
    let bytes = i64::try_from(file.bytes.len()).unwrap_or(i64::MAX);
    (bytes > max).then_some("AttachmentTooLarge")
}

fn part(scene: &mut Scene, id: &str, message: &Value, file: &Field, result: &str) -> Part {
    let name = file.file_name.clone().unwrap_or_default();
    let kind = file.content_type.clone().unwrap_or_else(|| "application/octet-stream".to_owned());
    let shown = files::shown(&name, &kind, &file.bytes);
    let (version, url) = files::keep(scene.world, scene.inner, file.bytes.clone(), &kind);
    let text = message["text"].as_str().unwrap_or_default();
    let item = json!({
        "id": message["fileId"],
        "name": name,
        "mimeType": kind,
        "url": (result == "Completed").then_some(url),
        "referenceId": version,
        "attachmentUploadResult": result,
    });
    let content = json!({ "formatType": "Attachments", "text": text, "attachments": [item] });
    let mut seen = Shown::text(Author::Customer, text);
    if result != "Error" {
        seen.attachments.push(shown);
    }
    Part {
        id: id.to_owned(),
        message: json!({
            "id": id,
            "messageType": "StaticContentMessage",
            "inReplyToMessageId": message["inReplyToMessageId"],
            "staticContent": content,
        }),
        shown: seen,
    }
}

/// The upload that was pending is complete.
fn finished(scene: &mut Scene, id: &str, mut message: Value) {
    message["staticContent"]["attachments"][0]["attachmentUploadResult"] = json!("Completed");
    let subject = scene.conversation().subject.clone();
    let payload = json!({ "updatedEntryId": id, "abstractMessage": message });
    scene.tell(Kind::MessageUpdated, Sender::end_user(&subject, "Guest"), payload);
}
