//! How the application proves itself to Entra: a secret, or a certificate whose key signs an
//! assertion ("Microsoft identity platform application authentication certificate credentials",
//! read 2026-11-21).

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    rsa::KeyPair,
    signature::{KeyPair as _, RSA_PSS_SHA256},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use baton_core::{
    config::ConfigFault,
    secret::Secret,
    time::{SECOND_MS, Timestamp},
};
use serde_json::json;
use uuid::Uuid;

use super::policy;

/// One credential of the application.
#[derive(Debug)]
pub enum Credential {
    /// A client secret and the setting that it stands in.
    Secret { key: &'static str, value: Secret },
    /// A certificate with its private key.
    Certificate(Certificate),
}

impl Credential {
    /// The setting that it stands in.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Secret { key, .. } => key,
            Self::Certificate(_) => "certificate",
        }
    }
}

/// A certificate's key and what names it. Printing it shows the public key only.
#[derive(Debug)]
pub struct Certificate {
    key: KeyPair,
    /// SHA-256 of the certificate, as `x5t#S256` wants it.
    thumbprint: String,
}

/// Which token an assertion is for.
pub struct Claim<'a> {
    /// The token endpoint.
    pub audience: &'a str,
    pub client_id: &'a str,
    /// How many assertions were made before, so that no two are equal.
    pub count: u64,
    pub now: Timestamp,
}

impl Certificate {
    /// Reads both PEM texts.
    pub fn read(certificate: &str, key: &str) -> Result<Self, ConfigFault> {
        let refuse = |key: &str, text: &str| ConfigFault::new(key, text);
        if pem(key, "ENCRYPTED PRIVATE KEY").is_some() {
            return Err(refuse("certificate_key", "remove the key's passphrase first"));
        }
        let certificate = pem(certificate, "CERTIFICATE").ok_or_else(|| {
            refuse("certificate", "paste the PEM text, from -----BEGIN CERTIFICATE----- on")
        })?;
        let read = pem(key, "PRIVATE KEY")
            .and_then(|der| KeyPair::from_pkcs8(&der).ok())
            .or_else(|| KeyPair::from_der(&pem(key, "RSA PRIVATE KEY")?).ok());
        let key = read.ok_or_else(|| {
            refuse(
                "certificate_key",
                "paste an RSA key in PEM, from -----BEGIN PRIVATE KEY----- on",
            )
        })?;
        // A certificate holds its public key in the same encoding (RFC 5280, 4.1; RFC 8017, A.1).
        let public = key.public_key().as_ref();
        if !certificate.windows(public.len()).any(|part| part == public) {
            return Err(refuse("certificate_key", "the key does not belong to the certificate"));
        }
        let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, &certificate));
        Ok(Self { key, thumbprint })
    }

    /// A signed assertion; none where the key cannot sign.
    pub fn assertion(&self, claim: &Claim<'_>) -> Option<String> {
        let seconds = claim.now.0.div_euclid(SECOND_MS);
        let unique = format!("{}/{}/{}", claim.client_id, claim.now.0, claim.count);
        let digest = digest(&SHA256, unique.as_bytes());
        let id = Uuid::from_slice(digest.as_ref().get(..16)?).ok()?;
        let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint });
        let claims = json!({
            "aud": claim.audience,
            "iss": claim.client_id,
            "sub": claim.client_id,
            "jti": id.hyphenated().to_string(),
            "nbf": seconds - policy::ASSERTION_EARLY_S,
            "iat": seconds,
            "exp": seconds + policy::ASSERTION_LIFE_S,
        });
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(header), part(claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        let random = SystemRandom::new();
        self.key.sign(&RSA_PSS_SHA256, &random, text.as_bytes(), &mut signature).ok()?;
        Some(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// The bytes of a PEM block. Line breaks that a form lost do not matter.
fn pem(text: &str, label: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (inner, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let letters: String = inner.chars().filter(|c| !c.is_whitespace()).collect();
    STANDARD.decode(letters).ok()
}
