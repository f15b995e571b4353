//! Media that Meta keeps: what the business uploaded, what customers sent, and what was fetched from links.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write;

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Bytes;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

const DAY_MS: i64 = 24 * 3_600_000;
/// How long uploaded media live (Cloud API "Media", checked 2026-11-20).
pub const UPLOADED_MS: i64 = 30 * DAY_MS;
/// How long media that came in a webhook live (Cloud API "Media", checked 2026-11-20).
pub const INBOUND_MS: i64 = 7 * DAY_MS;
/// Digits of a media id; other objects have fewer, so that a call tells what it is about.
pub const ID_DIGITS: usize = 17;
/// Files kept at once, and their bytes together; the oldest go first.
const MAX_FILES: usize = 100_000;
const MAX_TOTAL_BYTES: usize = 512 * 1024 * 1024;

/// One file.
#[derive(Clone)]
pub struct Media {
    pub id: String,
    pub mime_type: String,
    pub bytes: Bytes,
    pub file_name: Option<String>,
    /// Unix milliseconds of the virtual clock.
    pub expires_at_ms: i64,
    sha256: Vec<u8>,
}

impl Media {
    pub fn new(id: String, mime_type: &str, bytes: Bytes, expires_at_ms: i64) -> Self {
        let sha256 = digest(&SHA256, &bytes).as_ref().to_vec();
        Self { id, mime_type: mime_type.to_owned(), bytes, file_name: None, expires_at_ms, sha256 }
    }

    /// The hash as `GET /{media_id}` writes it.
    pub fn sha256_hex(&self) -> String {
        hex(&self.sha256)
    }

    /// The hash as webhooks write it.
    pub fn sha256_base64(&self) -> String {
        STANDARD.encode(&self.sha256)
    }

    /// What a thread shows of it.
    pub fn shown(&self) -> Value {
        let mut shown = json!({
            "id": self.id,
            "mime_type": self.mime_type,
            "sha256": self.sha256_hex(),
            "file_size": self.bytes.len(),
        });
        if let Some(name) = &self.file_name {
            shown["filename"] = json!(name);
        }
        shown
    }
}

/// Lowercase hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// All files, bounded.
#[derive(Default)]
pub struct Shelf {
    held: HashMap<String, Media>,
    order: VecDeque<String>,
    bytes: usize,
}

impl Shelf {
    pub fn put(&mut self, media: Media) {
        self.bytes += media.bytes.len();
        self.order.push_back(media.id.clone());
        self.held.insert(media.id.clone(), media);
        while self.order.len() > MAX_FILES || self.bytes > MAX_TOTAL_BYTES {
            let Some(oldest) = self.order.pop_front() else { break };
            self.remove(&oldest);
        }
    }

    /// A file that has neither been deleted nor outlived its time.
    pub fn get(&self, id: &str, now_ms: i64) -> Option<&Media> {
        self.held.get(id).filter(|media| now_ms < media.expires_at_ms)
    }

    /// Deletes a file; says whether there was one.
    pub fn remove(&mut self, id: &str) -> bool {
        let Some(media) = self.held.remove(id) else { return false };
        self.bytes -= media.bytes.len();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_files_make_room_and_expired_ones_are_gone() {
        let mut shelf = Shelf::default();
        let half = Bytes::from(vec![0; MAX_TOTAL_BYTES / 2]);
        for (id, bytes) in [("a", half.clone()), ("b", half), ("c", Bytes::from_static(b"c"))] {
            shelf.put(Media::new(id.to_owned(), "image/png", bytes, 10));
        }
        assert!(shelf.get("a", 0).is_none());
        assert!(shelf.get("c", 9).is_some());
        assert!(shelf.get("c", 10).is_none());
        assert!(shelf.remove("b") && !shelf.remove("b"));
        assert_eq!(shelf.bytes, 1);
    }
}
