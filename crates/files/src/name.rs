//! Names that are safe to show, to store elsewhere and to download under.

use baton_core::file::is_hidden;

/// The most bytes of a name.
const MAX_BYTES: usize = 100;
/// The most bytes of an extension that is kept.
const MAX_EXTENSION_BYTES: usize = 10;

/// The extensions of the types that are told apart; the first one is given, the others may stay.
const EXTENSIONS: &[(&str, &[&str])] = &[
    ("image/jpeg", &["jpg", "jpeg", "jpe", "jfif"]),
    ("image/png", &["png"]),
    ("image/gif", &["gif"]),
    ("image/bmp", &["bmp"]),
    ("image/tiff", &["tiff", "tif"]),
    ("image/webp", &["webp"]),
    ("image/heic", &["heic", "heif"]),
    ("image/avif", &["avif"]),
    ("image/svg+xml", &["svg"]),
    ("audio/wav", &["wav"]),
    ("audio/mp4", &["m4a", "mp4"]),
    ("audio/ogg", &["ogg", "oga", "opus"]),
    ("audio/mpeg", &["mp3", "mpga"]),
    ("audio/aac", &["aac"]),
    ("audio/amr", &["amr"]),
    ("audio/flac", &["flac"]),
    ("audio/3gpp", &["3gp"]),
    ("audio/webm", &["weba", "webm"]),
    ("video/mp4", &["mp4", "m4v"]),
    ("video/3gpp", &["3gp", "3gpp"]),
    ("video/quicktime", &["mov", "qt"]),
    ("video/webm", &["webm"]),
    ("video/x-matroska", &["mkv"]),
    ("video/ogg", &["ogv"]),
    ("application/pdf", &["pdf"]),
    ("application/zip", &["zip"]),
    ("application/gzip", &["gz", "tgz"]),
    ("application/rtf", &["rtf"]),
    ("application/json", &["json"]),
    ("application/msword", &["doc"]),
    ("application/vnd.ms-excel", &["xls"]),
    ("application/vnd.ms-powerpoint", &["ppt"]),
    ("application/vnd.ms-outlook", &["msg"]),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", &["docx"]),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", &["xlsx"]),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", &["pptx"]),
    ("application/vnd.oasis.opendocument.text", &["odt"]),
    ("application/vnd.oasis.opendocument.spreadsheet", &["ods"]),
    ("text/plain", &["txt", "log"]),
    ("text/csv", &["csv"]),
    ("text/vcard", &["vcf"]),
    ("text/calendar", &["ics"]),
    ("text/markdown", &["md"]),
    ("text/html", &["html", "htm"]),
    ("text/xml", &["xml"]),
];

/// Extensions that a computer runs: never kept on bytes of an unknown type.
const RUN: &[&str] = &[
    "apk", "app", "bat", "chm", "cmd", "com", "cpl", "dll", "exe", "hta", "htaccess", "inf", "jar",
    "js", "jse", "lnk", "mht", "mhtml", "msc", "msi", "php", "pif", "ps1", "py", "reg", "scr",
    "sh", "sys", "url", "vb", "vbe", "vbs", "wsf", "xhtml",
];

/// Names that a device has on some systems.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul"];

/// A name that is safe everywhere: the last part of a path, without characters that steer,
/// hide or turn text, without a leading dot, of at most 100 bytes, and with the extension of
/// the type that the bytes have.
pub fn safe_name(sent: &str, mime_type: &str) -> String {
    let last = sent.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last
        .chars()
        .filter(|c| !is_hidden(*c))
        .map(|c| if is_special(c) { '_' } else { c })
        .collect();
    let words: Vec<&str> = clean.split_whitespace().collect();
    let name = words.join(" ");
    let name = name.trim_matches(|c| c == '.' || c == ' ');
    let (stem, extension) = parts(name, mime_type);
    let stem = shorten(&stem, MAX_BYTES - extension.len() - 1);
    let stem = if is_device(stem) { format!("_{stem}") } else { stem.to_owned() };
    if extension.is_empty() { stem } else { format!("{stem}.{extension}") }
}

/// The name without its extension, and the extension that it gets.
fn parts(name: &str, mime_type: &str) -> (String, String) {
    let fallback = |stem: &str| if stem.is_empty() { "file".to_owned() } else { stem.to_owned() };
    let split = name.rsplit_once('.').filter(|(stem, end)| {
        !stem.is_empty()
            && end.len() <= MAX_EXTENSION_BYTES
            && end.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    let sent = split.map(|(_, end)| end.to_ascii_lowercase());
    let stem = split.map_or(name, |(stem, _)| stem).trim_end_matches(['.', ' ']);
    let Some(fitting) = extensions(mime_type) else {
        return match sent {
            Some(end) if !is_known(&end) && !RUN.contains(&end.as_str()) => (fallback(stem), end),
            _ => (fallback(name), "bin".to_owned()),
        };
    };
    match sent {
        Some(end) if fitting.contains(&end.as_str()) => (fallback(stem), end),
        Some(end) if is_known(&end) => (fallback(stem), fitting[0].to_owned()),
        _ => (fallback(name), fitting[0].to_owned()),
    }
}

fn extensions(mime_type: &str) -> Option<&'static [&'static str]> {
    EXTENSIONS.iter().find(|(known, _)| *known == mime_type).map(|(_, ends)| *ends)
}

fn is_known(end: &str) -> bool {
    EXTENSIONS.iter().any(|(_, ends)| ends.contains(&end))
}

fn is_device(stem: &str) -> bool {
    let base = stem.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let numbered = base.len() == 4 && (base.starts_with("com") || base.starts_with("lpt"));
    DEVICES.contains(&base.as_str()) || numbered
}

fn is_special(c: char) -> bool {
    matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*' | '%' | ';' | '\'' | '`' | '&' | '#')
}

fn shorten(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].trim_end_matches(['.', ' '])
}
