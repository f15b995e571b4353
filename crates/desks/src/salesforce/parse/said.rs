//! What a message says: words, files, links, choices, forms.

use baton_core::{desk::RepMessage, message::Content, time::Timestamp};
use serde_json::Value;

use super::{super::wire::Entry, event::rep_message, moment, offer, payload};
use crate::media::media;

/// When it was said: by the server, else by whoever said it.
pub fn at(entry: &Entry) -> Option<Timestamp> {
    moment(entry.transcripted_timestamp.as_ref()).or(moment(entry.client_timestamp.as_ref()))
}

/// The words of a message, as far as it is one of words.
pub fn text(entry: &Entry) -> Option<String> {
    let payload = payload(entry).ok()?;
    let message = &payload["abstractMessage"];
    let text = &message["staticContent"]["text"];
    let text = text.as_str().or_else(|| message["choicesResponse"]["text"].as_str());
    text.map(str::to_owned)
}

/// Everything that a message says, each part under an id of its own; none while a file of it is
/// still coming in.
pub fn complete(entry: &Entry) -> Option<Vec<RepMessage>> {
    let payload = payload(entry).ok()?;
    let message = &payload["abstractMessage"];
    let contents = match message["messageType"].as_str().unwrap_or_default() {
        "StaticContentMessage" => static_content(&message["staticContent"])?,
        "ChoicesMessage" => offer::choices(&entry.identifier, &message["choices"]),
        "FormMessage" => offer::form(&message["form"]),
        kind => vec![other(kind, message)],
    };
    let id = |at: usize| match at {
        0 => entry.identifier.clone(),
        at => format!("{}{PART}{}", entry.identifier, at + 1),
    };
    let parts = contents.into_iter().enumerate();
    Some(parts.map(|(at, content)| rep_message(entry, id(at), content)).collect())
}

/// Between an entry's id and the number of a further part of it.
pub const PART: char = '#';

fn words(text: &str) -> Option<Content> {
    let text = text.replace("\r\n", "\n");
    (!text.trim().is_empty()).then(|| Content::text(text.trim()))
}

fn static_content(content: &Value) -> Option<Vec<Content>> {
    let text = content["text"].as_str();
    let said = text.and_then(words);
    Some(match content["formatType"].as_str().unwrap_or_default() {
        "Attachments" => return files(content),
        "Links" => {
            link(&content["links"][0]["linkItem"], &content["links"][0]).into_iter().collect()
        }
        "RichLink" => link(&content["linkItem"], content).into_iter().collect(),
        "ExtendedText" => extended(content).into_iter().collect(),
        "Text" => said.into_iter().collect(),
        kind => vec![said.unwrap_or_else(|| unsupported(kind))],
    })
}

/// A message of a kind that we have no form for: its words, else that there was one.
fn other(kind: &str, message: &Value) -> Content {
    let text = offer::first_text(message);
    text.and_then(|text| words(&text)).unwrap_or_else(|| unsupported(kind))
}

fn unsupported(kind: &str) -> Content {
    let kind: String = kind.chars().filter(|c| c.is_ascii_alphanumeric()).take(60).collect();
    Content::Unsupported { kind, note: None }
}

/// Its files, with the words beside the first. None while one of them is still coming in.
fn files(content: &Value) -> Option<Vec<Content>> {
    let all = content["attachments"].as_array().map(Vec::as_slice).unwrap_or_default();
    let result = |file: &Value| file["attachmentUploadResult"].as_str().map(str::to_owned);
    if all.iter().any(|file| result(file).as_deref() == Some("Pending")) {
        return None;
    }
    let mut caption = content["text"].as_str().map(str::trim).filter(|t| !t.is_empty());
    let there = all.iter().filter(|file| file["url"].as_str().is_some_and(|url| !url.is_empty()));
    let mut contents: Vec<Content> =
        there.map(|file| media_of(file, caption.take().map(str::to_owned))).collect();
    contents.extend(caption.and_then(words));
    Some(contents)
}

fn media_of(file: &Value, caption: Option<String>) -> Content {
    let text = |key: &str| file[key].as_str();
    media(text("mimeType"), text("name"), text("url"), caption)
}

/// A link as words: every channel shows them, and most make them a link again.
fn link(item: &Value, beside: &Value) -> Option<Content> {
    let url = [&item["url"], &beside["url"]].into_iter().find_map(Value::as_str)?;
    let title = item["titleItem"]["title"].as_str().map(str::trim);
    match title.filter(|title| !title.is_empty() && *title != url) {
        Some(title) => words(&format!("{title}\n{url}")),
        None => words(url),
    }
}

fn extended(content: &Value) -> Option<Content> {
    let parts = ["contentHeader", "textContent", "fullContent", "text"];
    let mut lines: Vec<&str> =
        parts.iter().filter_map(|key| content[*key].as_str()).map(str::trim).collect();
    lines.retain(|line| !line.is_empty());
    lines.dedup();
    words(&lines.join("\n"))
}
