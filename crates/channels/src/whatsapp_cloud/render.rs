//! From our words to the body of one post.

use baton_core::{
    channel::{Call, Outbound, What},
    contact::{Contact, PointKind},
    fault::{Fault, FaultClass},
    file::StoredFile,
    interactive::{Button, ListRow, Offer, Section},
    message::{Content, MediaKind},
};
use serde_json::{Map, Value, json};

use super::{
    client::MESSAGE,
    policy::{self, POLICY, Taken},
    templates,
};
use crate::whatsapp::{self, fits};

/// What a message is called at Meta, and its object.
type Object = (&'static str, Value);

/// Says what is to be sent in Meta's words, or which rule forbids it.
pub(super) fn render(outbound: &Outbound<'_>) -> Result<Call, Fault> {
    let mut body = Map::new();
    body.insert("messaging_product".to_owned(), json!("whatsapp"));
    body.insert("recipient_type".to_owned(), json!("individual"));
    let (key, address) = recipient(outbound.to)?;
    body.insert(key.to_owned(), json!(address));
    let (kind, object) = match outbound.what {
        What::Content(content) => object(content, outbound.file_url)?,
        What::Template(template) => ("template", templates::object(template)?),
    };
    body.insert("type".to_owned(), json!(kind));
    body.insert(kind.to_owned(), object);
    // A reaction names its message itself, and may quote none.
    if let Some(quoted) = outbound.reply_to.filter(|_| kind != "reaction") {
        body.insert("context".to_owned(), json!({ "message_id": quoted }));
    }
    // Comes back in every status; settles an attempt whose answer was lost.
    body.insert("biz_opaque_callback_data".to_owned(), json!(outbound.delivery.to_string()));
    Ok(Call { operation: MESSAGE.to_owned(), body: Value::Object(body) })
}

/// The phone number where one is known, because it would win anyway if both were named.
fn recipient(contact: &Contact) -> Result<(&'static str, &str), Fault> {
    let phone = contact.point(PointKind::Phone).map(|phone| ("to", phone));
    let user = || contact.point(PointKind::WhatsappUser).map(|user| ("recipient", user));
    phone.or_else(user).ok_or_else(|| {
        Fault::new(
            FaultClass::NotReachable,
            "send: the contact has neither a phone number nor a WhatsApp user id",
        )
        .for_rep("The customer has no WhatsApp address.")
    })
}

fn object(content: &Content, file_url: Option<&str>) -> Result<Object, Fault> {
    match content {
        Content::Text { text } => {
            fits("text", text, POLICY.max_text_chars)?;
            Ok(("text", json!({ "body": text })))
        }
        Content::Media { .. } => media(content, file_url),
        Content::Interactive { text, header, footer, offer } => {
            interactive(text, header.as_deref(), footer.as_deref(), offer)
        }
        Content::Reaction { to, emoji } => {
            Ok(("reaction", json!({ "message_id": to, "emoji": emoji.as_deref().unwrap_or("") })))
        }
        Content::Location { latitude, longitude, label } => {
            let mut place = json!({ "latitude": latitude, "longitude": longitude });
            if let Some(label) = label {
                place["name"] = json!(label);
            }
            Ok(("location", place))
        }
        _ => Err(refuse("send: WhatsApp takes no message of this kind from us")
            .for_rep("A message of this kind cannot be sent on WhatsApp.")),
    }
}

/// A file by its link. What is not a picture, a film or a recording to Meta goes as a document,
/// and so does a recording with words beside it, because Meta shows none there.
fn media(content: &Content, file_url: Option<&str>) -> Result<Object, Fault> {
    let Content::Media { kind, caption, voice, file: Some(file), .. } = content else {
        return Err(missing());
    };
    let (Some(file), Some(url)) = (file.stored(), file_url) else { return Err(missing()) };
    let caption = caption.as_deref().filter(|words| !words.trim().is_empty());
    let (name, taken) = called(*kind, file, caption.is_some());
    if file.size_bytes > taken.max_bytes {
        return Err(too_large(name, file.size_bytes, taken.max_bytes));
    }
    let mut object = json!({ "link": url });
    if let Some(caption) = caption {
        fits("caption", caption, policy::MAX_CAPTION_CHARS)?;
        object["caption"] = json!(caption);
    }
    if name == "document" {
        object["filename"] = json!(file.name);
    }
    if name == "audio" && *voice && file.mime_type == "audio/ogg" {
        object["voice"] = json!(true);
    }
    Ok((name, object))
}

/// What a file is to Meta, by what its bytes are.
fn called(kind: MediaKind, file: &StoredFile, worded: bool) -> (&'static str, &'static Taken) {
    let (name, taken) = match kind {
        MediaKind::Image => ("image", &policy::IMAGES),
        MediaKind::Video => ("video", &policy::VIDEOS),
        MediaKind::Audio if !worded => ("audio", &policy::AUDIO),
        MediaKind::Sticker if !worded => ("sticker", &policy::STICKERS),
        MediaKind::Audio | MediaKind::Sticker | MediaKind::Document => {
            return ("document", &policy::DOCUMENTS);
        }
    };
    if taken.types.contains(&file.mime_type.as_str()) {
        (name, taken)
    } else {
        ("document", &policy::DOCUMENTS)
    }
}

fn interactive(
    text: &str,
    header: Option<&str>,
    footer: Option<&str>,
    offer: &Offer,
) -> Result<Object, Fault> {
    whatsapp::check(text, header, footer, offer)?;
    let (kind, action) = match offer {
        Offer::Buttons { buttons } => ("button", reply_buttons(buttons)),
        Offer::List { open, sections } => ("list", list(open, sections)),
        Offer::Link { title, url } => {
            let parameters = json!({ "display_text": title, "url": url });
            ("cta_url", json!({ "name": "cta_url", "parameters": parameters }))
        }
    };
    let mut object = json!({ "type": kind, "body": { "text": text }, "action": action });
    if let Some(header) = header {
        object["header"] = json!({ "type": "text", "text": header });
    }
    if let Some(footer) = footer {
        object["footer"] = json!({ "text": footer });
    }
    Ok(("interactive", object))
}

fn reply_buttons(buttons: &[Button]) -> Value {
    let reply = |b: &Button| json!({ "type": "reply", "reply": { "id": b.id, "title": b.title } });
    json!({ "buttons": buttons.iter().map(reply).collect::<Vec<_>>() })
}

fn list(open: &str, sections: &[Section]) -> Value {
    let part = |section: &Section| {
        let mut part = json!({ "rows": section.rows.iter().map(row).collect::<Vec<_>>() });
        if !section.title.is_empty() {
            part["title"] = json!(section.title);
        }
        part
    };
    json!({ "button": open, "sections": sections.iter().map(part).collect::<Vec<_>>() })
}

fn row(row: &ListRow) -> Value {
    let mut object = json!({ "id": row.id, "title": row.title });
    if let Some(more) = row.description.as_deref().filter(|more| !more.is_empty()) {
        object["description"] = json!(more);
    }
    object
}

fn refuse(why: impl Into<String>) -> Fault {
    Fault::new(FaultClass::ContentRejected, why)
}

fn missing() -> Fault {
    Fault::new(FaultClass::MediaProblem, "send: the file of the message is not kept here")
        .for_rep("The file could not be sent; send it again.")
}

fn too_large(name: &str, bytes: u64, most: u64) -> Fault {
    let (kib, most) = (bytes.div_ceil(1_024), most / 1_024);
    let most =
        if most % 1_024 == 0 { format!("{} MB", most / 1_024) } else { format!("{most} KB") };
    let text = format!("send: the {name} has {kib} KB; WhatsApp takes {most}");
    Fault::new(FaultClass::MediaProblem, text)
        .for_rep(format!("The file is too large: WhatsApp takes {most} for this kind of file."))
}
