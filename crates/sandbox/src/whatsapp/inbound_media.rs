//! Files that customers send.

use axum::body::Bytes;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::media::{ID_DIGITS, INBOUND_MS, Media};
use super::{Held, formats, lookaside, samples};
use crate::World;

/// A file as the control API is given it; a small sample of the usual type if nothing is said.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct File {
    /// The type of the message: `image`, `video`, `audio`, `document` or `sticker`.
    pub kind: Option<String>,
    /// The bytes in base64.
    pub data: Option<Encoded>,
    /// Or a made-up file of this many bytes.
    pub size: Option<usize>,
    pub mime_type: Option<String>,
    pub file_name: Option<String>,
    pub caption: Option<String>,
    /// Whether an audio file was recorded in the chat; yes if absent.
    pub voice: Option<bool>,
    /// Whether a sticker moves.
    pub animated: bool,
}

/// Bytes that arrive as base64.
#[derive(Clone)]
pub struct Encoded(Bytes);

impl<'de> Deserialize<'de> for Encoded {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text.trim()).map_err(serde::de::Error::custom)?;
        Ok(Self(bytes.into()))
    }
}

impl File {
    /// The type of message that the file makes, where that is not said.
    pub fn kind(&self) -> &str {
        let by_type = || self.mime_type.as_deref().and_then(formats::kind_of).unwrap_or("document");
        self.kind.as_deref().unwrap_or_else(by_type)
    }

    /// What cannot be sent, with the reason.
    pub fn check(&self) -> Result<(), String> {
        if !matches!(self.kind(), "image" | "video" | "audio" | "document" | "sticker") {
            return Err("media.kind must be image, video, audio, document or sticker".to_owned());
        }
        if self.size.is_some_and(|size| size > samples::MAX_BYTES) {
            return Err(format!("media.size must be at most {}", samples::MAX_BYTES));
        }
        Ok(())
    }
}

/// Puts the file on Meta's shelf; gives the object of the message.
pub fn content(
    world: &World,
    held: &mut Held,
    kind: &str,
    file: &File,
    text: Option<&str>,
) -> Value {
    let mime_type = file.mime_type.as_deref().unwrap_or_else(|| samples::usual_type(kind));
    let bytes = match &file.data {
        Some(data) => data.0.clone(),
        None => samples::sample(mime_type, file.size.unwrap_or(0)),
    };
    let id = world.whatsapp.ids.digits(ID_DIGITS);
    let mut media = Media::new(id, mime_type, bytes, world.clock.now_ms() + INBOUND_MS);
    let usual_name = (kind == "document").then_some("document.pdf");
    media.file_name = file.file_name.clone().or_else(|| usual_name.map(str::to_owned));
    let mut content =
        json!({ "id": media.id, "mime_type": mime_type, "sha256": media.sha256_base64() });
    if world.switches.is("whatsapp.media_sha256", "wrong") {
        content["sha256"] = json!(STANDARD.encode([0; 32]));
    }
    if world.switches.is("whatsapp.media_url_in_webhook", "yes") {
        content["url"] = json!(lookaside::url(world, &media));
    }
    if let Some(name) = media.file_name.as_deref().filter(|_| kind == "document") {
        content["filename"] = json!(name);
    }
    match kind {
        "audio" => content["voice"] = json!(file.voice.unwrap_or(true)),
        "sticker" => content["animated"] = json!(file.animated),
        _ => {
            if let Some(caption) = file.caption.as_deref().or(text) {
                content["caption"] = json!(caption);
            }
        }
    }
    held.media.put(media);
    content
}
