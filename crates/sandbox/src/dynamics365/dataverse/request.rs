//! One request to the Web API, taken apart: path, query options, preferences.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, Method};
use bytes::Bytes;

use super::answer::Refusal;

/// Query options by name, `$select` and `@p1` alike.
pub type Options = BTreeMap<String, String>;

/// One step of a path: `contacts`, `contacts(guid)`, `Microsoft.Dynamics.CRM.AddToQueue`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    pub name: String,
    /// What stands in parentheses.
    pub args: Option<String>,
}

/// A single request, which may have come in a batch.
#[derive(Clone)]
pub struct Request {
    pub method: Method,
    pub path: Vec<Segment>,
    pub options: Options,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Request {
    /// `target` follows `/api/data/v9.2/`, percent-encoded, with its query.
    pub fn new(
        method: Method,
        target: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Self, Refusal> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = segments(&decode(path, false)).ok_or_else(|| {
            Refusal::query(format!("Syntax error in the request address '{path}'."))
        })?;
        let options = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decode(name, true), decode(value, true))
            })
            .collect();
        Ok(Self { method, path, options, headers, body })
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The value of one preference.
    pub fn preference(&self, name: &str) -> Option<String> {
        preference(&self.headers, name)
    }

    pub fn wants_representation(&self) -> bool {
        self.preference("return").as_deref() == Some("representation")
    }

    /// Whether this annotation was asked for.
    pub fn wants_annotation(&self, annotation: &str) -> bool {
        wants_annotation(&self.headers, annotation)
    }

    /// Named arguments of a function, with aliases such as `@p1` replaced by what they stand for.
    pub fn arguments(&self, args: &str) -> BTreeMap<String, String> {
        split(args, ',')
            .iter()
            .filter_map(|argument| argument.split_once('='))
            .map(|(name, value)| {
                let value = value.trim();
                let value = self.options.get(value).map_or(value, String::as_str);
                (name.trim().to_owned(), value.to_owned())
            })
            .collect()
    }
}

/// The value of one preference in the `Prefer` headers; empty for one without a value.
pub fn preference(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all("prefer").iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| split(line, ',')).find_map(|preference| {
        let (key, value) = preference.split_once('=').unwrap_or((preference.as_str(), ""));
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
    })
}

/// Whether this annotation was asked for, by its name or by a pattern that ends in `*`.
pub fn wants_annotation(headers: &HeaderMap, annotation: &str) -> bool {
    let Some(wanted) = preference(headers, "odata.include-annotations") else { return false };
    wanted.split(',').map(str::trim).any(|pattern| match pattern.strip_suffix('*') {
        Some(start) => annotation.starts_with(start),
        None => pattern == annotation,
    })
}

/// Undoes percent-encoding, and `+` for a space where `plus` says so. What is not UTF-8 is replaced.
fn decode(text: &str, plus: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        let hex = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match (first, hex.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            (b'+', _) if plus => bytes.push(b' '),
            (other, _) => bytes.push(*other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Parts a text at a separator that stands outside quotes, parentheses, brackets and braces.
pub fn split(text: &str, separator: char) -> Vec<String> {
    let mut parts = Vec::new();
    let (mut current, mut depth, mut quote) = (String::new(), 0_usize, None);
    for letter in text.chars() {
        match (quote, letter) {
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), close) if open == close => quote = None,
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if quote.is_none() && depth == 0 && letter == separator {
            parts.push(std::mem::take(&mut current));
        } else {
            current.push(letter);
        }
    }
    parts.push(current);
    parts
}

fn segments(path: &str) -> Option<Vec<Segment>> {
    split(path.trim_matches('/'), '/').iter().map(|text| segment(text)).collect()
}

fn segment(text: &str) -> Option<Segment> {
    match text.split_once('(') {
        None => Some(Segment { name: text.to_owned(), args: None }),
        Some((name, rest)) => {
            let args = rest.strip_suffix(')')?;
            Some(Segment { name: name.to_owned(), args: Some(args.to_owned()) })
        }
    }
}

/// The content of a quoted literal, its doubled quotes made single; `None` for anything else.
pub fn unquoted(literal: &str) -> Option<String> {
    let inner = literal.trim().strip_prefix('\'')?.strip_suffix('\'')?;
    Some(inner.replace("''", "'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(target: &str, prefer: &str) -> Request {
        let mut headers = HeaderMap::new();
        headers.insert("prefer", prefer.parse().unwrap());
        Request::new(Method::GET, target, headers, Bytes::new()).unwrap()
    }

    #[test]
    fn addresses_come_apart_outside_quotes() {
        let asked = request(
            "contacts(emailaddress1='a/b''(c)%40d.e')/lastname?%24select=a%2Cb&$filter=x+eq+'1%2B1'",
            "",
        );
        let names: Vec<&str> = asked.path.iter().map(|segment| segment.name.as_str()).collect();
        assert_eq!(names, ["contacts", "lastname"]);
        assert_eq!(asked.path[0].args.as_deref(), Some("emailaddress1='a/b''(c)@d.e'"));
        assert_eq!(asked.options["$select"], "a,b");
        assert_eq!(asked.options["$filter"], "x eq '1+1'");
        assert!(Request::new(Method::GET, "contacts(1", HeaderMap::new(), Bytes::new()).is_err());
    }

    #[test]
    fn preferences_and_aliases_are_found() {
        let asked = request(
            "f(A=@p1,B='x,y')?@p1={'@odata.id':'accounts(1)'}",
            "return=representation, odata.include-annotations=\"OData.Community.*,Microsoft.X\", odata.continue-on-error",
        );
        assert!(asked.wants_representation());
        assert!(asked.wants_annotation("OData.Community.Display.V1.FormattedValue"));
        assert!(!asked.wants_annotation("Microsoft.Xy"));
        assert_eq!(asked.preference("odata.continue-on-error").as_deref(), Some(""));
        let arguments = asked.arguments(asked.path[0].args.as_deref().unwrap());
        assert_eq!(arguments["A"], "{'@odata.id':'accounts(1)'}");
        assert_eq!(unquoted(&arguments["B"]).as_deref(), Some("x,y"));
        assert_eq!(unquoted("'O''Brien'").as_deref(), Some("O'Brien"));
    }
}
