//! Which files Meta takes and how large they may be (Cloud API "Media", checked 2026-11-20).

use super::errors::GraphError;
use super::media::Media;
use crate::World;

const DOCUMENTS: &[&str] = &[
    "text/plain",
    "application/pdf",
    "application/msword",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.ms-excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
];
const AUDIO: &[&str] = &["audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"];
const IMAGES: &[&str] = &["image/jpeg", "image/png"];
const VIDEOS: &[&str] = &["video/mp4", "video/3gpp"];
const STICKERS: &[&str] = &["image/webp"];

/// A type without its parameters, in lowercase.
pub fn bare(mime_type: &str) -> String {
    mime_type.split(';').next().unwrap_or_default().trim().to_lowercase()
}

/// The kind of message that a type belongs to; `None` if Meta does not take it.
pub fn kind_of(mime_type: &str) -> Option<&'static str> {
    let bare = bare(mime_type);
    let kinds = [
        ("audio", AUDIO),
        ("image", IMAGES),
        ("video", VIDEOS),
        ("sticker", STICKERS),
        ("document", DOCUMENTS),
    ];
    kinds.iter().find(|(_, types)| types.contains(&bare.as_str())).map(|(kind, _)| *kind)
}

/// Every type, as the refusal of another one lists them.
pub fn all() -> String {
    [AUDIO, IMAGES, VIDEOS, STICKERS, DOCUMENTS].concat().join(", ")
}

/// The most bytes of a file of this kind.
pub fn max_bytes(world: &World, kind: &str, bytes: &[u8]) -> usize {
    let megabyte = usize::try_from(world.switches.number("whatsapp.megabyte")).unwrap_or(1 << 20);
    match kind {
        "image" => 5 * megabyte,
        "audio" | "video" => 16 * megabyte,
        "sticker" if is_animated(bytes) => megabyte / 2,
        "sticker" => megabyte / 10,
        _ => 100 * megabyte,
    }
}

/// What is wrong with sending this file as `kind`; Meta looks only after it has accepted.
pub fn unfit(world: &World, kind: &str, media: &Media, voice: bool) -> Option<GraphError> {
    let failed = |details: String| Some(GraphError::new(131_053, details));
    let bare_type = bare(&media.mime_type);
    // Documents may be anything.
    let wanted = if kind == "gif" { "video" } else { kind };
    if wanted != "document" && kind_of(&bare_type) != Some(wanted) {
        return failed(format!("{kind}: unsupported media type {bare_type}"));
    }
    let max = max_bytes(world, wanted, &media.bytes);
    if media.bytes.len() > max {
        return failed(format!("{kind}: file of {} bytes is over {max}", media.bytes.len()));
    }
    if voice && bare_type != "audio/ogg" {
        return failed(format!("audio: a voice message must be audio/ogg, got {bare_type}"));
    }
    let found = sniff(&media.bytes);
    if matches!(wanted, "image" | "sticker") && found != Some(bare_type.as_str()) {
        let found = found.unwrap_or("application/octet-stream");
        let details = format!("{kind}: file was sent as {bare_type} but its content is {found}");
        return failed(details);
    }
    None
}

/// What the first bytes say; only types that are told apart by them.
pub fn sniff(bytes: &[u8]) -> Option<&'static str> {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    let at = |from: usize, magic: &[u8]| bytes.get(from..from + magic.len()) == Some(magic);
    if starts(b"\xff\xd8\xff") {
        Some("image/jpeg")
    } else if starts(b"\x89PNG\r\n\x1a\n") {
        Some("image/png")
    } else if starts(b"RIFF") && at(8, b"WEBP") {
        Some("image/webp")
    } else if starts(b"OggS") {
        Some("audio/ogg")
    } else if at(4, b"ftyp") {
        Some("video/mp4")
    } else if starts(b"%PDF-") {
        Some("application/pdf")
    } else if starts(b"<!DOCTYPE html") || starts(b"<html") {
        Some("text/html")
    } else {
        None
    }
}

/// Whether a WebP file says that it moves.
fn is_animated(bytes: &[u8]) -> bool {
    bytes.get(12..16) == Some(b"VP8X") && bytes.get(20).is_some_and(|flags| flags & 2 != 0)
}
