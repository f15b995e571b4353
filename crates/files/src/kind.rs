//! What a file is, by its first bytes. A claim only chooses among types that look the same.

use baton_core::file::is_active;

/// So many first bytes are looked at.
pub(crate) const HEAD_BYTES: usize = 4_096;

/// First bytes that say it all: where they stand, what they are, and the type.
const MAGIC: &[(usize, &[u8], &str)] = &[
    (0, b"\xFF\xD8\xFF", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1A\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp3g", "video/3gpp"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftyphei", "image/heic"),
    (4, b"ftypmif1", "image/heic"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1A\x45\xDF\xA3", "video/webm"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xFF\xFB", "audio/mpeg"),
    (0, b"\xFF\xF3", "audio/mpeg"),
    (0, b"\xFF\xF2", "audio/mpeg"),
    (0, b"\xFF\xF1", "audio/aac"),
    (0, b"\xFF\xF9", "audio/aac"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"fLaC", "audio/flac"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", ZIP),
    (0, b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", OLE),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"\x1F\x8B", "application/gzip"),
];

const ZIP: &str = "application/zip";
const OLE: &str = "application/x-ole-storage";
const UNKNOWN: &str = "application/octet-stream";

/// Types that look like another one: a claim of the first is believed for the second.
const LOOKALIKES: &[(&str, &str)] = &[
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ZIP),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ZIP),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", ZIP),
    ("application/vnd.oasis.opendocument.text", ZIP),
    ("application/vnd.oasis.opendocument.spreadsheet", ZIP),
    ("application/msword", OLE),
    ("application/vnd.ms-excel", OLE),
    ("application/vnd.ms-powerpoint", OLE),
    ("application/vnd.ms-outlook", OLE),
    ("audio/mp4", "video/mp4"),
    ("video/3gpp", "video/mp4"),
    ("audio/3gpp", "video/3gpp"),
    ("audio/webm", "video/webm"),
    ("video/x-matroska", "video/webm"),
    ("video/ogg", "audio/ogg"),
    ("text/csv", "text/plain"),
    ("text/vcard", "text/plain"),
    ("text/calendar", "text/plain"),
    ("text/markdown", "text/plain"),
    ("application/json", "text/plain"),
];

/// Words at the beginning of a page (WHATWG MIME Sniffing Standard, 7.1; checked 2026-11-20),
/// and those by which any text becomes one.
const PAGE_STARTS: &[&str] = &[
    "<!doctype html",
    "<html",
    "<head",
    "<script",
    "<iframe",
    "<h1",
    "<div",
    "<font",
    "<table",
    "<a",
    "<style",
    "<title",
    "<b>",
    "<body",
    "<br",
    "<p>",
    "<!--",
];

/// The type without its parameters, in lower case where it was written so.
pub(crate) fn essence(mime_type: &str) -> &str {
    mime_type.split(';').next().unwrap_or_default().trim()
}

/// The type of a file by its first bytes; a claim only chooses among types that look the same.
pub fn sniff(head: &[u8], claimed: Option<&str>) -> &'static str {
    let found = magic(head).unwrap_or_else(|| text(head));
    let claimed = claimed.map(|claimed| essence(claimed).to_ascii_lowercase());
    LOOKALIKES
        .iter()
        .find(|(like, of)| *of == found && claimed.as_deref() == Some(*like))
        .map_or(found, |(like, _)| like)
}

fn magic(head: &[u8]) -> Option<&'static str> {
    let fits = |(at, bytes, _): &&(usize, &[u8], &str)| {
        head.get(*at..).is_some_and(|rest| rest.starts_with(bytes))
    };
    MAGIC.iter().find(fits).map(|(_, _, mime_type)| *mime_type)
}

/// Text, if it is any; a page or a drawing that a browser runs, if it looks like one.
fn text(head: &[u8]) -> &'static str {
    let wide = head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF");
    if !wide && (head.contains(&0) || !is_utf8_start(head)) {
        return UNKNOWN;
    }
    let narrow: Vec<u8> = head.iter().copied().filter(|byte| *byte != 0).collect();
    let text = String::from_utf8_lossy(&narrow).to_lowercase();
    let start =
        text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\u{fffd}');
    if start.starts_with("<?xml") || start.starts_with('<') {
        if text.contains("<svg") {
            return "image/svg+xml";
        }
        if text.contains("<html") || PAGE_STARTS.iter().any(|word| start.starts_with(word)) {
            return "text/html";
        }
        return "text/xml";
    }
    if start.starts_with("mime-version:") || text.contains("<script") {
        return "text/html";
    }
    "text/plain"
}

/// UTF-8 whose last character may be cut.
fn is_utf8_start(head: &[u8]) -> bool {
    match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && head.len() >= HEAD_BYTES,
    }
}

/// The type under which a kept file is given out, and whether a browser may show it in its
/// place. What a browser would run is given out as mere bytes.
pub fn served(mime_type: &str) -> (&str, bool) {
    if is_active(mime_type) {
        return (UNKNOWN, false);
    }
    let shown = ["image/", "audio/", "video/"].iter().any(|family| mime_type.starts_with(family))
        || ["application/pdf", "text/plain"].contains(&mime_type);
    (mime_type, shown)
}
