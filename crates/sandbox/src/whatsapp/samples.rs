//! Files made on request: small, real enough to be shown, and padded to any size.

use axum::body::Bytes;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::formats::bare;

/// Bytes of the largest file that can be asked for.
pub const MAX_BYTES: usize = 128 * 1024 * 1024;

/// 16 by 16 points.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAJElEQVR42mO49uk8HOmva4UjXOIMg1ADMYqQxQejhtF4GBQaAK0m/JBAg5/CAAAAAElFTkSuQmCC";
/// 8 by 8 points.
const JPEG: &str = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAj/wAALCAAIAAgBAREA/8QAFQABAQAAAAAAAAAAAAAAAAAAAAb/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/9oACAEBAAA/ALB//9k=";
/// One point.
const WEBP: &str = "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==";

/// A file of this type: at least its smallest form, and `size` bytes where that is more.
pub fn sample(mime_type: &str, size: usize) -> Bytes {
    let mut bytes = smallest(&bare(mime_type));
    let filler: Vec<u8> = (0_u8..=250).collect();
    let size = size.min(MAX_BYTES).max(bytes.len());
    bytes.reserve(size - bytes.len());
    while bytes.len() < size {
        let missing = size - bytes.len();
        bytes.extend_from_slice(&filler[..missing.min(filler.len())]);
    }
    bytes.into()
}

fn smallest(bare_type: &str) -> Vec<u8> {
    let decoded = |text: &str| STANDARD.decode(text).unwrap_or_default();
    match bare_type {
        "image/png" => decoded(PNG),
        "image/jpeg" => decoded(JPEG),
        "image/webp" => decoded(WEBP),
        "audio/ogg" => b"OggS\0\x02\0\0\0\0\0\0\0\0".to_vec(),
        "video/mp4" | "video/3gpp" | "audio/mp4" => b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec(),
        "audio/mpeg" => b"ID3\x04\0\0\0\0\0\0".to_vec(),
        "application/pdf" => {
            b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n".to_vec()
        }
        _ => b"Sample file.\n".to_vec(),
    }
}

/// The type that a customer's message of this kind has unless somebody says otherwise.
pub fn usual_type(kind: &str) -> &'static str {
    match kind {
        "image" => "image/jpeg",
        "video" => "video/mp4",
        "audio" => "audio/ogg; codecs=opus",
        "sticker" => "image/webp",
        _ => "application/pdf",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::whatsapp::formats::sniff;

    #[test]
    fn samples_are_what_they_say_and_as_large_as_asked() {
        for (mime_type, found) in [
            ("image/png", "image/png"),
            ("image/jpeg", "image/jpeg"),
            ("image/webp", "image/webp"),
            ("audio/ogg; codecs=opus", "audio/ogg"),
            ("video/mp4", "video/mp4"),
            ("application/pdf", "application/pdf"),
        ] {
            assert_eq!(sniff(&sample(mime_type, 0)), Some(found));
            assert_eq!(sample(mime_type, 10_000).len(), 10_000);
        }
    }
}
