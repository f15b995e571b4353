//! The bytes of media: where they come from, and what we hold of them.

use std::pin::Pin;

use bytes::Bytes;
use futures_core::Stream;
use serde::{Deserialize, Serialize};

use crate::{
    fault::Fault,
    ids::{FileId, VendorId},
    message::AuthorKind,
    time::Timestamp,
};

/// What we hold of the bytes of a media message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum MediaFile {
    /// They are being fetched from the vendor.
    Waiting,
    /// They are stored.
    Stored(StoredFile),
    /// They could not be had.
    Failed {
        /// Why.
        fault: Fault,
    },
}

impl MediaFile {
    /// The stored file.
    pub fn stored(&self) -> Option<&StoredFile> {
        match self {
            Self::Stored(file) => Some(file),
            Self::Waiting | Self::Failed { .. } => None,
        }
    }
}

/// A file that we hold.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StoredFile {
    /// Its id.
    pub id: FileId,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Its type as its first bytes say, never as a sender claimed.
    pub mime_type: String,
    /// A safe name for it, with the extension of its type.
    pub name: String,
    /// SHA-256 of the bytes, lower-case hexadecimal.
    pub sha256: String,
}

/// A file of the conversation, as a desk is given it.
#[derive(Clone, PartialEq, Debug)]
pub struct SharedFile {
    /// When it was sent.
    pub at: Timestamp,
    /// By whom.
    pub author: AuthorKind,
    /// What we hold of it.
    pub file: StoredFile,
    /// An address from which it can be had for a while.
    pub link: String,
}

/// Types that a browser would run.
const ACTIVE: &[&str] = &[
    "text/html",
    "application/xhtml+xml",
    "image/svg+xml",
    "text/xml",
    "application/xml",
    "text/javascript",
    "application/javascript",
    "multipart/related",
    "message/rfc822",
];

/// Whether a browser would run what is in a file of this type.
pub fn is_active(mime_type: &str) -> bool {
    let essence = mime_type.split(';').next().unwrap_or_default().trim();
    ACTIVE.iter().any(|active| essence.eq_ignore_ascii_case(active))
}

/// Controls, and characters that are invisible or turn the direction of what follows.
pub fn is_hidden(c: char) -> bool {
    c.is_control() && !c.is_whitespace()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Where a vendor keeps the bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MediaSource {
    /// The vendor's id or address of the file.
    pub vendor_id: VendorId,
    /// The most bytes that are taken.
    pub max_bytes: u64,
}

/// Bytes on their way from a vendor. Whoever reads them counts them: a length may lie.
pub struct FileStream {
    /// The type that the vendor names.
    pub mime_type: Option<String>,
    /// The length that the vendor names.
    pub length: Option<u64>,
    /// The bytes, in pieces of the network's size.
    pub chunks: Pin<Box<dyn Stream<Item = Result<Bytes, Fault>> + Send>>,
}
