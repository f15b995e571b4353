//! One request, as it came over HTTP or stood within a composite one.

use axum::http::{HeaderMap, Method};
use bytes::Bytes;
use serde_json::Value;

use super::answer::Refusal;
use super::store::Fields;

/// Segments that an address may have.
const MAX_SEGMENTS: usize = 12;

pub struct Request {
    pub method: Method,
    /// What follows the version, decoded.
    pub path: Vec<String>,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Request {
    /// `target` is what follows the version, with its query.
    pub fn new(method: Method, target: &str, headers: HeaderMap, body: Bytes) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = path.trim_matches('/').split('/').take(MAX_SEGMENTS);
        Self {
            method,
            path: path.map(|segment| decode(segment, false)).collect(),
            query: pairs(query),
            headers,
            body,
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// A parameter of the query.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The body as a JSON object.
    pub fn object(&self) -> Result<Fields, Refusal> {
        match self.json()? {
            Value::Object(fields) => Ok(fields),
            other => Err(Refusal::body(format!(
                "Cannot deserialize instance of SObject from value {}",
                other.to_string().chars().take(80).collect::<String>()
            ))),
        }
    }

    pub fn json(&self) -> Result<Value, Refusal> {
        let media_type = self.header("content-type").unwrap_or_default().to_lowercase();
        if !media_type.contains("json") {
            let message = "Unsupported content type, only application/json and application/xml are supported here";
            return Err(Refusal::new(415, "UNSUPPORTED_MEDIA_TYPE", message));
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            Refusal::body(format!(
                "Unexpected character at [line:{}, column:{}]",
                error.line(),
                error.column()
            ))
        })
    }
}

/// `a=b&c=d`, decoded.
pub fn pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name, true), decode(value, true)))
        .collect()
}

/// Percent-decodes; in a query a plus is a space.
fn decode(text: &str, in_query: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let code = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let code = code.and_then(|two| u8::from_str_radix(two, 16).ok());
        rest = match (first, code) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                &after[2..]
            }
            (b'+', _) if in_query => {
                bytes.push(b' ');
                after
            }
            (other, _) => {
                bytes.push(*other);
                after
            }
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_queries_are_decoded_apart() {
        let target = "/sobjects/Case/Ext__c/a%2Fb+c/?q=a+b%2B%C3%A9&x";
        let request = Request::new(Method::GET, target, HeaderMap::new(), Bytes::new());
        assert_eq!(request.path, ["sobjects", "Case", "Ext__c", "a/b+c"]);
        assert_eq!((request.parameter("Q"), request.parameter("x")), (Some("a b+é"), Some("")));
        assert_eq!(decode("%zz%", false), "%zz%");
    }
}
