//! `multipart/form-data` (RFC 7578), as far as an upload needs it.

use axum::body::Bytes;
use axum::http::{HeaderMap, header};

/// Fields of one form.
const MAX_FIELDS: usize = 20;

/// One field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    pub file_name: Option<String>,
    pub content_type: Option<String>,
    pub bytes: Bytes,
}

impl Field {
    /// The value of a field that is no file.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).trim().to_owned()
    }
}

/// The fields of a form; `None` if it is not one.
pub fn fields(headers: &HeaderMap, body: &Bytes) -> Option<Vec<Field>> {
    let content_type = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let (media_type, parameters) = content_type.split_once(';')?;
    if !media_type.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameter(parameters, "boundary")?;
    let delimiter = format!("\r\n--{boundary}");
    let mut at = body.starts_with(&delimiter.as_bytes()[2..]).then_some(delimiter.len() - 2)?;
    let mut fields = Vec::new();
    while !body[at..].starts_with(b"--") {
        if fields.len() >= MAX_FIELDS {
            return None;
        }
        let head_end = at + find(&body[at..], b"\r\n\r\n")?;
        let start = head_end + 4;
        // A field without content ends with the very break that ends its headers.
        let end = head_end + 2 + find(&body[head_end + 2..], delimiter.as_bytes())?;
        let bytes = body.slice(start.min(end)..end);
        fields.push(field(&String::from_utf8_lossy(&body[at..head_end]), bytes)?);
        at = end + delimiter.len();
    }
    Some(fields)
}

fn field(head: &str, bytes: Bytes) -> Option<Field> {
    let value = |wanted: &str| {
        head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
        })
    };
    let disposition = value("content-disposition")?;
    Some(Field {
        name: parameter(&disposition, "name")?,
        file_name: parameter(&disposition, "filename"),
        content_type: value("content-type"),
        bytes,
    })
}

/// A parameter of a header, with or without quotes.
fn parameter(text: &str, name: &str) -> Option<String> {
    text.split(';').find_map(|part| {
        let (key, value) = part.split_once('=')?;
        let value = value.trim().trim_matches('"');
        key.trim().eq_ignore_ascii_case(name).then(|| value.to_owned())
    })
}

/// Where `needle` begins; looks closely only where its first byte is.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &'static [u8]) -> Option<Vec<Field>> {
        let mut headers = HeaderMap::new();
        let value = axum::http::HeaderValue::from_static("multipart/form-data; boundary=\"b-1\"");
        headers.insert(header::CONTENT_TYPE, value);
        fields(&headers, &Bytes::from_static(body))
    }

    #[test]
    fn fields_keep_their_bytes() {
        let found = read(
            b"--b-1\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\nimage/png\r\n--b-1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\x00\r\n--b\r\n\r\n\xff\r\n--b-1\r\ncontent-disposition: form-data; name=empty\r\n\r\n\r\n--b-1--\r\n",
        )
        .unwrap();
        assert_eq!(found[0].text(), "image/png");
        assert_eq!(&found[1].bytes[..], b"\x00\r\n--b\r\n\r\n\xff");
        assert_eq!(found[1].file_name.as_deref(), Some("a.png"));
        assert_eq!(found[1].content_type.as_deref(), Some("image/png"));
        assert_eq!((found[2].name.as_str(), found[2].bytes.len()), ("empty", 0));
    }

    #[test]
    fn what_breaks_off_is_no_form() {
        for body in [
            &b""[..],
            b"--b-2\r\n",
            b"--b-1\r\nContent-Disposition: form-data; name=a\r\n\r\nx",
            b"--b-1\r\nContent-Type: a/b\r\n\r\nx\r\n--b-1--",
            b"--b-1",
        ] {
            assert!(read(body).is_none(), "{body:?}");
        }
    }
}
