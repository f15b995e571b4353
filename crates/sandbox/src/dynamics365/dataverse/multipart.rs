//! `multipart/mixed` bodies of batches: parts with headers, HTTP requests within parts.
//!
//! Source: RFC 2046, 5.1; OData 4.0 part 1, 11.7 "Batch Requests".

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use bytes::Bytes;

/// One part: its headers and what follows them.
pub struct Part {
    pub headers: HeaderMap,
    pub body: String,
}

/// An HTTP request as it stands in a part.
pub struct Written {
    pub method: Method,
    pub target: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// The boundary that a content type names.
pub fn boundary(content_type: &str) -> Option<&str> {
    let (_, parameters) = content_type.split_once(';')?;
    let boundary = parameters
        .split(';')
        .find_map(|one| one.trim().strip_prefix("boundary="))?
        .trim()
        .trim_matches('"');
    (!boundary.is_empty()).then_some(boundary)
}

/// The parts of a body; `None` if it does not end as it must.
pub fn parts(body: &str, boundary: &str) -> Option<Vec<Part>> {
    let (opening, closing) = (format!("--{boundary}"), format!("--{boundary}--"));
    let mut found = Vec::new();
    let mut current: Option<Vec<&str>> = None;
    for line in body.split('\n') {
        let trimmed = line.trim_end();
        if trimmed == opening || trimmed == closing {
            if let Some(lines) = current.take() {
                found.push(part(&lines.join("\n")));
            }
            if trimmed == closing {
                return Some(found);
            }
            current = Some(Vec::new());
        } else if let Some(lines) = &mut current {
            lines.push(line);
        }
    }
    None
}

fn part(text: &str) -> Part {
    let (head, body) = split_head(text);
    Part { headers: headers(head.lines()), body: body.to_owned() }
}

/// Headers end at the first empty line, whatever its line ending.
fn split_head(text: &str) -> (&str, &str) {
    let text = text.trim_start_matches(['\r', '\n']);
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.trim().is_empty() {
            return (&text[..at], &text[at + line.len()..]);
        }
        at += line.len();
    }
    (text, "")
}

fn headers<'a>(lines: impl Iterator<Item = &'a str>) -> HeaderMap {
    lines
        .filter_map(|line| line.split_once(':'))
        .filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.trim().to_ascii_lowercase().as_bytes()).ok()?;
            Some((name, HeaderValue::from_str(value.trim()).ok()?))
        })
        .collect()
}

/// The request in a part of type `application/http`.
pub fn request(text: &str) -> Option<Written> {
    let (head, body) = split_head(text);
    let mut lines = head.lines();
    let line = lines.next()?.trim();
    let (method, rest) = line.split_once(' ')?;
    let target = rest.strip_suffix(" HTTP/1.1").unwrap_or(rest).trim();
    Some(Written {
        method: Method::from_bytes(method.as_bytes()).ok()?,
        target: target.to_owned(),
        headers: headers(lines),
        body: Bytes::copy_from_slice(body.trim().as_bytes()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_requests_are_read_with_either_line_ending() {
        for end in ["\r\n", "\n"] {
            let body = [
                "--b",
                "Content-Type: application/http",
                "Content-ID: 1",
                "",
                "POST /api/data/v9.2/tasks HTTP/1.1",
                "Content-Type: application/json; type=entry",
                "",
                "{ \"subject\":",
                "",
                "\"x\" }",
                "--b--",
                "",
            ]
            .join(end);
            let found = parts(&body, "b").unwrap();
            assert_eq!((found.len(), &found[0].headers["content-id"]), (1, &"1".parse().unwrap()));
            let read = request(&found[0].body).unwrap();
            assert_eq!((read.method, read.target.as_str()), (Method::POST, "/api/data/v9.2/tasks"));
            assert_eq!(read.headers["content-type"], "application/json; type=entry");
            let json: serde_json::Value = serde_json::from_slice(&read.body).unwrap();
            assert_eq!(json["subject"], "x");
        }
        assert!(parts("--b\n\nGET x HTTP/1.1\n", "b").is_none());
        assert_eq!(boundary("multipart/mixed; boundary=\"a_1\""), Some("a_1"));
        assert_eq!(boundary("multipart/mixed"), None);
    }
}
