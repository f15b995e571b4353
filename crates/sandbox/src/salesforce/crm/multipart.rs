//! `multipart/form-data` (RFC 7578), as far as a file beside its fields needs it.

use bytes::Bytes;

/// Parts of one body.
const MAX_PARTS: usize = 10;

/// One part.
pub struct Part {
    pub name: String,
    pub bytes: Bytes,
}

/// The parts of a body; `None` if it is not one.
pub fn parts(content_type: &str, body: &Bytes) -> Option<Vec<Part>> {
    let boundary = parameter(content_type, "boundary")?;
    let delimiter = format!("\r\n--{boundary}");
    let mut at = find(body, &delimiter.as_bytes()[2..])? + delimiter.len() - 2;
    let mut found = Vec::new();
    while !body[at..].starts_with(b"--") {
        if found.len() >= MAX_PARTS {
            return None;
        }
        let head_end = at + find(&body[at..], b"\r\n\r\n")?;
        let start = head_end + 4;
        // A part without content ends with the very break that ends its headers.
        let end = head_end + 2 + find(&body[head_end + 2..], delimiter.as_bytes())?;
        let head = String::from_utf8_lossy(&body[at..head_end]).into_owned();
        let disposition = head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("content-disposition"))?
            .1;
        let name = parameter(disposition, "name")?;
        found.push(Part { name, bytes: body.slice(start.min(end)..end) });
        at = end + delimiter.len();
    }
    Some(found)
}

fn parameter(text: &str, name: &str) -> Option<String> {
    text.split(';').find_map(|part| {
        let (key, value) = part.split_once('=')?;
        let is_it = key.trim().eq_ignore_ascii_case(name);
        is_it.then(|| value.trim().trim_matches('"').to_owned())
    })
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(step) = haystack[from..].iter().position(|byte| *byte == first) {
        let at = from + step;
        if haystack[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}
