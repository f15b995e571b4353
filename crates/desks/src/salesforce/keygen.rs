//! The key pair that Salesforce verifies our customers by: made here, so that the key set holds
//! everything that it wants.
//!
//! Without `x5c` a key set is taken and every user is anonymous all the same, so that the public
//! half comes with a certificate that it signed itself.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use baton_core::time::{Clock, DAY_MS, Timestamp};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_RSA_SHA256, RsaKeySize,
    date_time_ymd,
};
use serde_json::json;

use super::key::SigningKey;

/// How long the certificate is valid; our own choice: the key set is replaced before.
const LIFE_DAYS: i64 = 3_650;

/// Everything that is made with a new key.
pub struct Keys {
    /// The private key: for the desk's settings only.
    pub private_pem: String,
    /// The certificate, for a connected app.
    pub certificate_pem: String,
    /// The public key, to be uploaded in Setup.
    pub jwk_json: String,
    /// The same as a set, to be served at a public address.
    pub jwks_json: String,
}

/// Why no keys were made; fits after "failed to".
#[derive(Debug)]
pub enum KeygenError {
    /// The key or its certificate.
    Make(rcgen::Error),
    /// What was made cannot be read again, or the clock shows no date.
    Read,
}

impl std::fmt::Display for KeygenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Make(why) => write!(f, "make the key pair: {why}"),
            Self::Read => f.write_str("read the new key pair; look at this machine's clock"),
        }
    }
}

impl std::error::Error for KeygenError {}

impl From<rcgen::Error> for KeygenError {
    fn from(why: rcgen::Error) -> Self {
        Self::Make(why)
    }
}

/// Makes an RSA key of 2,048 bits, its certificate and its JWK under this key id. The issuer, the
/// word that stands in the key set as "JSON web key issuer", names the certificate.
///
/// # Errors
/// The machine gives no random numbers, or its clock shows no date.
pub fn keygen(kid: &str, issuer: &str, clock: &Arc<dyn Clock>) -> Result<Keys, KeygenError> {
    let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, issuer);
    let day = |days: i64| {
        let (year, month, day) = date(clock.now().plus_ms(days * DAY_MS))?;
        Some(date_time_ymd(year, month, day))
    };
    params.not_before = day(-1).ok_or(KeygenError::Read)?;
    params.not_after = day(LIFE_DAYS).ok_or(KeygenError::Read)?;
    let certificate = params.self_signed(&pair)?;
    let private_pem = pem("PRIVATE KEY", pair.serialized_der());
    let key = SigningKey::read("private_key", &private_pem).map_err(|_| KeygenError::Read)?;
    let (n, e) = key.public();
    let jwk = json!({
        "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": n, "e": e,
        "x5c": [STANDARD.encode(certificate.der())],
    });
    Ok(Keys {
        private_pem,
        certificate_pem: pem("CERTIFICATE", certificate.der()),
        jwks_json: json!({ "keys": [jwk] }).to_string(),
        jwk_json: jwk.to_string(),
    })
}

/// Year, month and day of a moment in UTC.
fn date(at: Timestamp) -> Option<(i32, u8, u8)> {
    let text = at.rfc3339();
    let mut parts = text.split('T').next()?.splitn(3, '-');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
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
