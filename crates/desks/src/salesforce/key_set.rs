//! The public half of the key that signs our customers' identity: what Salesforce verifies them by.
//!
//! Without `x5c` a key set is taken and every user is anonymous all the same, so that the public
//! half comes with a certificate that it signed itself. All of it follows from the key, its id and
//! its issuer: it is the same at every making, and nothing of it is kept.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{CertificateParams, DistinguishedName, DnType, date_time_ymd};
use serde_json::{Value, json};

use super::key::SigningKey;

/// From when and until when the certificate is valid: our own choice. A key is replaced by another
/// key, and not because its certificate ends; 2049 is the last year that all readers take alike
/// (RFC 5280, 4.1.2.5).
const FIRST_DAY: (i32, u8, u8) = (2025, 1, 1);
const LAST_DAY: (i32, u8, u8) = (2049, 12, 31);
/// The most characters of a common name (RFC 5280, appendix A: `ub-common-name`).
const NAME_MAX: usize = 64;

/// A public key.
#[derive(Debug)]
pub struct PublicHalf {
    /// The certificate in DER.
    certificate: Vec<u8>,
    jwk: Value,
}

impl PublicHalf {
    /// The public half of a key under its id. The issuer, the word that stands in the key set as
    /// "JSON web key issuer", names the certificate.
    pub fn of(key: &SigningKey, kid: &str, issuer: &str) -> Result<Self, rcgen::Error> {
        let day = |(year, month, day)| date_time_ymd(year, month, day);
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        let name: String = issuer.chars().take(NAME_MAX).collect();
        params.distinguished_name.push(DnType::CommonName, name);
        (params.not_before, params.not_after) = (day(FIRST_DAY), day(LAST_DAY));
        let certificate = params.self_signed(key)?.der().to_vec();
        let (n, e) = key.public();
        let jwk = json!({
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": n, "e": e,
            "x5c": [STANDARD.encode(&certificate)],
        });
        Ok(Self { certificate, jwk })
    }

    /// The certificate, for a connected app.
    pub fn certificate_pem(&self) -> String {
        pem("CERTIFICATE", &self.certificate)
    }

    /// The key alone, to be uploaded in Setup.
    pub fn jwk(&self) -> String {
        self.jwk.to_string()
    }

    /// The same as a set, to be served at a public address.
    pub fn set(&self) -> String {
        json!({ "keys": [self.jwk] }).to_string()
    }
}

/// Bytes as PEM (RFC 7468: lines of 64 letters).
pub fn pem(label: &str, der: &[u8]) -> String {
    let letters = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = letters.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text + &format!("-----END {label}-----\n")
}
