//! A private RSA key that signs JSON Web Tokens with RS256: the customer's identity, and the
//! assertion for the organisation's records.

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeyPair,
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use baton_core::config::ConfigFault;
use rcgen::{PKCS_RSA_SHA256, PublicKeyData, SignatureAlgorithm};
use serde_json::Value;

/// The least bytes of a modulus (RFC 7518, 3.3: 2,048 bits or more).
const MODULUS_MIN: usize = 256;

/// A private key. Printing it shows the public key only.
#[derive(Debug)]
pub struct SigningKey(KeyPair);

/// PEM blocks that people take for a private key, and what they are.
const OTHERS: &[(&str, &str)] = &[
    ("ENCRYPTED PRIVATE KEY", "the key has a passphrase; remove it first"),
    (
        "EC PRIVATE KEY",
        "this is an EC key; Salesforce takes RSA only, as `baton salesforce keygen` makes it",
    ),
    ("OPENSSH PRIVATE KEY", "this is an OpenSSH key; make one with `baton salesforce keygen`"),
    ("PUBLIC KEY", "this is the public key; paste the private one"),
    ("RSA PUBLIC KEY", "this is the public key; paste the private one"),
    ("CERTIFICATE", "this is the certificate; paste the private key that belongs to it"),
];

impl SigningKey {
    /// Reads PEM, PKCS#8 or PKCS#1. Spaces around it and folded lines do not matter.
    ///
    /// # Errors
    /// Names the setting, what was pasted instead, and the fix.
    pub fn read(setting: &str, text: &str) -> Result<Self, ConfigFault> {
        let refuse = |text: &str| Err(ConfigFault::new(setting, text));
        // A form or a shell may have kept the line ends as two signs.
        let text = text.replace("\\r", "").replace("\\n", "\n");
        let pkcs8 = pem(&text, "PRIVATE KEY").and_then(|der| KeyPair::from_pkcs8(&der).ok());
        let read = pkcs8.or_else(|| KeyPair::from_der(&pem(&text, "RSA PRIVATE KEY")?).ok());
        if let Some(key) = read {
            if key.public_modulus_len() < MODULUS_MIN {
                return refuse("the key is too short; use RSA with 2,048 bits");
            }
            return Ok(Self(key));
        }
        if let Some((_, why)) =
            OTHERS.iter().find(|(label, _)| text.contains(&format!("-----BEGIN {label}-----")))
        {
            return refuse(why);
        }
        if text.trim_start().starts_with('{') {
            return refuse("this is JSON; paste the private key in PEM, not the JWK");
        }
        if text.contains("-----BEGIN PRIVATE KEY-----")
            && text.contains("-----END PRIVATE KEY-----")
        {
            return refuse(
                "this is no RSA key, or a part of it is missing; Salesforce takes RSA only",
            );
        }
        refuse("paste an RSA key in PEM, from -----BEGIN PRIVATE KEY----- to the END line")
    }

    /// A signed token; none where the key cannot sign. The header names RS256.
    pub fn sign(&self, header: &Value, claims: &Value) -> Option<String> {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(header), part(claims));
        let signature = self.signature(text.as_bytes())?;
        Some(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The same for the same bytes every time (RFC 8017, 8.2).
    fn signature(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), bytes, &mut signature).ok()?;
        Some(signature)
    }

    /// Modulus and exponent of the public half, as a JWK holds them.
    pub fn public(&self) -> (String, String) {
        let public = self.0.public_key();
        (
            URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero()),
            URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero()),
        )
    }
}

impl PublicKeyData for SigningKey {
    fn der_bytes(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

impl rcgen::SigningKey for SigningKey {
    fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.signature(bytes).ok_or(rcgen::Error::RemoteKeyError)
    }
}

/// The bytes of a PEM block. Line breaks that a form lost do not matter.
fn pem(text: &str, label: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (inner, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let letters: String = inner.chars().filter(|c| !c.is_whitespace()).collect();
    STANDARD.decode(letters).ok()
}
