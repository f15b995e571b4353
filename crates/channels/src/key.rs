//! Keys and texts that a database can hold.

use std::{borrow::Cow, fmt::Write as _};

use aws_lc_rs::digest;

/// Longest id or address that is used in a key as it is, in bytes: databases bound the size of
/// an indexed key.
const MAX_BYTES: usize = 200;

/// The id, or its hash where it is too long for a key.
pub(crate) fn bounded(id: &str) -> Cow<'_, str> {
    match id.len() {
        ..=MAX_BYTES => Cow::Borrowed(id),
        _ => format!("#{}", hash(id.as_bytes())).into(),
    }
}

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn hash(bytes: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, bytes);
    hash.as_ref().iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string has no way to fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The text with NUL replaced, which no database holds.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
