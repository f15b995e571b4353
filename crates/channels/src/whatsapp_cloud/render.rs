//! From our words to the body of one post.

use baton_core::{
    channel::{Call, Outbound, What},
    contact::{Contact, PointKind},
    fault::{Fault, FaultClass},
    file::StoredFile,
    interactive::{Button, Offer, Section},
    message::{Content, MediaKind},
};
use serde_json::{Map, Value, json};

use super::{
    client::MESSAGE,
    policy::{self, POLICY, Taken, interactive as limit},
    templates,
};

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
    fits("text", text, limit::BODY)?;
    let (kind, action) = match offer {
        Offer::Buttons { buttons } => ("button", reply_buttons(buttons)?),
        Offer::List { open, sections } => ("list", list(open, sections)?),
        Offer::Link { title, url } => ("cta_url", link(title, url)?),
    };
    let mut object = json!({ "type": kind, "body": { "text": text }, "action": action });
    if let Some(header) = header {
        fits("header", header, limit::HEADER)?;
        object["header"] = json!({ "type": "text", "text": header });
    }
    if let Some(footer) = footer {
        fits("footer", footer, limit::FOOTER)?;
        object["footer"] = json!({ "text": footer });
    }
    Ok(("interactive", object))
}

fn reply_buttons(buttons: &[Button]) -> Result<Value, Fault> {
    count("buttons", buttons.len(), limit::BUTTONS)?;
    for button in buttons {
        fits("button's title", &button.title, limit::BUTTON_TITLE)?;
        fits("button's id", &button.id, limit::BUTTON_ID)?;
    }
    differ("ids of the buttons", buttons.iter().map(|button| button.id.as_str()))?;
    differ("titles of the buttons", buttons.iter().map(|button| button.title.as_str()))?;
    let reply = |b: &Button| json!({ "type": "reply", "reply": { "id": b.id, "title": b.title } });
    Ok(json!({ "buttons": buttons.iter().map(reply).collect::<Vec<_>>() }))
}

fn list(open: &str, sections: &[Section]) -> Result<Value, Fault> {
    fits("list's button", open, limit::BUTTON_TITLE)?;
    count("sections", sections.len(), limit::SECTIONS)?;
    count("rows", sections.iter().map(|section| section.rows.len()).sum(), limit::ROWS)?;
    let mut parts = Vec::new();
    for section in sections {
        let mut part = json!({ "rows": rows(section)? });
        if sections.len() > 1 || !section.title.is_empty() {
            fits("section's title", &section.title, limit::SECTION_TITLE)?;
            part["title"] = json!(section.title);
        }
        parts.push(part);
    }
    differ("ids of the rows", sections.iter().flat_map(|s| &s.rows).map(|row| row.id.as_str()))?;
    Ok(json!({ "button": open, "sections": parts }))
}

fn rows(section: &Section) -> Result<Vec<Value>, Fault> {
    count("rows of a section", section.rows.len(), limit::ROWS)?;
    let row = |row: &baton_core::interactive::ListRow| {
        fits("row's title", &row.title, limit::ROW_TITLE)?;
        fits("row's id", &row.id, limit::ROW_ID)?;
        let mut object = json!({ "id": row.id, "title": row.title });
        if let Some(more) = row.description.as_deref().filter(|more| !more.is_empty()) {
            fits("row's description", more, limit::ROW_DESCRIPTION)?;
            object["description"] = json!(more);
        }
        Ok(object)
    };
    section.rows.iter().map(row).collect()
}

fn link(title: &str, url: &str) -> Result<Value, Fault> {
    fits("button's title", title, limit::BUTTON_TITLE)?;
    fits("link", url, limit::URL)?;
    if !url.starts_with("https://") && !url.starts_with("http://") {
        return Err(refuse("send: the link is no web address; begin it with https://"));
    }
    let parameters = json!({ "display_text": title, "url": url });
    Ok(json!({ "name": "cta_url", "parameters": parameters }))
}

/// Words that are there and no longer than Meta takes.
fn fits(what: &str, words: &str, most: usize) -> Result<(), Fault> {
    if words.trim().is_empty() {
        return Err(refuse(format!("send: the {what} is empty"))
            .for_rep(format!("The message's {what} is empty.")));
    }
    let chars = words.chars().count();
    if chars > most {
        return Err(refuse(format!(
            "send: the {what} has {chars} characters; WhatsApp takes {most}"
        ))
        .for_rep(format!("The message's {what} is too long: WhatsApp takes {most} characters.")));
    }
    Ok(())
}

fn count(what: &str, number: usize, most: usize) -> Result<(), Fault> {
    if (1..=most).contains(&number) {
        return Ok(());
    }
    Err(refuse(format!("send: the message has {number} {what}; WhatsApp takes 1 to {most}"))
        .for_rep(format!("The message needs 1 to {most} {what} on WhatsApp.")))
}

fn differ<'a>(what: &str, words: impl Iterator<Item = &'a str>) -> Result<(), Fault> {
    let mut seen: Vec<&str> = words.collect();
    seen.sort_unstable();
    if seen.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(refuse(format!("send: the {what} must differ from each other")));
    }
    Ok(())
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
