//! `X-Twilio-Signature`, which proves that a webhook comes from the account's owner.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What signs, and how.
#[derive(Clone, Copy)]
pub enum Algorithm {
    /// With the account's auth token.
    Sha1,
    /// With a shared key (Webhooks shared keys, public beta, checked 2026-11-20).
    Sha256,
}

/// Base64 of the HMAC over the address and the sorted parameters, empty ones included. Equal values of a
/// repeated name count once.
pub fn sign(algorithm: Algorithm, key: &str, url: &str, params: &[(String, String)]) -> String {
    let mut sorted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, value) in params {
        sorted.entry(name).or_default().insert(value);
    }
    let mut signed = url.to_owned();
    for (name, values) in sorted {
        for value in values {
            signed.push_str(name);
            signed.push_str(value);
        }
    }
    let algorithm = match algorithm {
        Algorithm::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Algorithm::Sha256 => hmac::HMAC_SHA256,
    };
    STANDARD.encode(hmac::sign(&hmac::Key::new(algorithm, key.as_bytes()), signed.as_bytes()))
}

/// The lowercase hexadecimal SHA-256 of a body, which the address of a JSON webhook carries as `bodySHA256`.
pub fn body_sha256(body: &[u8]) -> String {
    digest(&SHA256, body).as_ref().iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params() -> Vec<(String, String)> {
        let params = [
            ("To", "+18005551212"),
            ("From", "+14158675309"),
            ("Digits", "1234"),
            ("Caller", "+14158675309"),
            ("CallSid", "CA1234567890ABCDE"),
        ];
        params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_vendors_own_vectors_hold() {
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
        let with_port = "https://mycompany.com:443/myapp.php?foo=1&bar=2";
        let plain_port = "http://mycompany.com:80/myapp.php?foo=1&bar=2";
        let cases = [
            (Algorithm::Sha1, url, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
            (Algorithm::Sha1, with_port, "kvajT1Ptam85bY51eRf/AJRuM3w="),
            (Algorithm::Sha1, plain_port, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
            (Algorithm::Sha256, url, "033hgUJA9M/hXIZsYjwkerEP/DBm35nEri5FhCYjA5s="),
        ];
        for (algorithm, url, expected) in cases {
            assert_eq!(sign(algorithm, "12345", url, &params()), expected, "{url}");
        }
    }

    #[test]
    fn a_json_body_is_signed_through_its_hash_in_the_address() {
        let hash = body_sha256(br#"{"property": "value", "boolean": true}"#);
        assert_eq!(hash, "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620");
        let url = format!("https://mycompany.com/myapp.php?foo=1&bar=2&bodySHA256={hash}");
        assert_eq!(sign(Algorithm::Sha1, "12345", &url, &[]), "a9nBmqA0ju/hNViExpshrM61xv4=");
    }

    #[test]
    fn equal_values_of_a_repeated_name_count_once() {
        let pair = |value: &str| ("Tag".to_owned(), value.to_owned());
        let once = sign(Algorithm::Sha1, "k", "u", &[pair("a"), pair("b")]);
        assert_eq!(once, sign(Algorithm::Sha1, "k", "u", &[pair("b"), pair("a"), pair("b")]));
        assert_ne!(once, sign(Algorithm::Sha1, "k", "u", &[pair("a")]));
    }
}
