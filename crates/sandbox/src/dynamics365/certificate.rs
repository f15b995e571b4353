//! X.509 certificates of an app registration: read as far as Entra looks at them, and made for tests.
//!
//! Source: RFC 5280, 4.1; "Microsoft identity platform application authentication certificate credentials", checked
//! 2026-11-21: a thumbprint is the hash of the DER encoding.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::iso;
use super::token::element;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// sha256WithRSAEncryption and rsaEncryption, each with its NULL parameter.
const SHA256_WITH_RSA: &[u8] =
    &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00];
const RSA: &[u8] =
    &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
/// `id-at-commonName`.
const COMMON_NAME: &[u8] = &[0x06, 0x03, 0x55, 0x04, 0x03];

/// A certificate as an app registration holds it.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// Upper-case hexadecimal SHA-1, as the portal shows it.
    pub thumbprint: String,
    /// base64url of the SHA-1 and of the SHA-256, as a header's `x5t` and `x5t#S256` have them.
    pub x5t: String,
    pub x5t_s256: String,
    /// PKCS#1 public key.
    pub public_key: Vec<u8>,
    pub not_before_ms: i64,
    pub not_after_ms: i64,
}

impl Certificate {
    /// Reads a PEM text; the error says what is wrong with it.
    pub fn from_pem(pem: &str) -> Result<Self, String> {
        let inner = pem
            .split_once("-----BEGIN CERTIFICATE-----")
            .and_then(|(_, rest)| rest.split_once("-----END CERTIFICATE-----"))
            .map(|(inner, _)| inner.split_whitespace().collect::<String>())
            .ok_or("there is no certificate in this PEM text")?;
        let der = STANDARD.decode(inner).map_err(|_| "the PEM text is not base64")?;
        Self::from_der(&der)
            .ok_or_else(|| "this is no X.509 certificate with an RSA key".to_owned())
    }

    fn from_der(der: &[u8]) -> Option<Self> {
        let (certificate, _) = element(der, SEQUENCE)?;
        let (body, _) = element(certificate, SEQUENCE)?;
        // The version is tagged, and absent from the oldest certificates.
        let rest = element(body, 0xa0).map_or(body, |(_, rest)| rest);
        let (_serial, rest) = element(rest, INTEGER)?;
        let (_algorithm, rest) = element(rest, SEQUENCE)?;
        let (_issuer, rest) = element(rest, SEQUENCE)?;
        let (validity, rest) = element(rest, SEQUENCE)?;
        let (_subject, rest) = element(rest, SEQUENCE)?;
        let (key_info, _) = element(rest, SEQUENCE)?;
        let (_algorithm, key) = element(key_info, SEQUENCE)?;
        let (key, _) = element(key, BIT_STRING)?;
        let (not_before_ms, validity) = instant(validity)?;
        let (not_after_ms, _) = instant(validity)?;
        let sha1 = digest(&SHA1_FOR_LEGACY_USE_ONLY, der);
        Some(Self {
            thumbprint: sha1.as_ref().iter().map(|byte| format!("{byte:02X}")).collect(),
            x5t: URL_SAFE_NO_PAD.encode(sha1),
            x5t_s256: URL_SAFE_NO_PAD.encode(digest(&SHA256, der)),
            // A bit string starts with the number of unused bits.
            public_key: key.strip_prefix(&[0])?.to_vec(),
            not_before_ms,
            not_after_ms,
        })
    }
}

/// Milliseconds of a UTCTime or GeneralizedTime, and what follows it.
fn instant(der: &[u8]) -> Option<(i64, &[u8])> {
    let (text, rest, century) = match der.first()? {
        &UTC_TIME => element(der, UTC_TIME).map(|(text, rest)| (text, rest, true))?,
        _ => element(der, GENERALIZED_TIME).map(|(text, rest)| (text, rest, false))?,
    };
    let text = std::str::from_utf8(text).ok()?;
    let (year, rest_of_text) = text.split_at_checked(if century { 2 } else { 4 })?;
    let year: i64 = year.parse().ok()?;
    let year = if century { year + if year < 50 { 2_000 } else { 1_900 } } else { year };
    let part = |index: usize| rest_of_text.get(index..index + 2);
    let iso =
        format!("{year:04}-{}-{}T{}:{}:{}Z", part(0)?, part(2)?, part(4)?, part(6)?, part(8)?);
    Some((iso::parse(&iso)?, rest))
}

/// A certificate that signs itself, and its private key (PKCS#8), both as PEM.
pub struct SelfSigned {
    pub certificate_pem: String,
    pub key_pem: String,
}

impl SelfSigned {
    /// `None` if this machine cannot make RSA keys.
    pub fn generate(name: &str, not_before_ms: i64, not_after_ms: i64) -> Option<Self> {
        let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
        let body = body(name, not_before_ms, not_after_ms, pair.public_key().as_ref());
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &body, &mut signature).ok()?;
        let certificate =
            der(SEQUENCE, &[&body, SHA256_WITH_RSA, &der(BIT_STRING, &[&[0], &signature])]);
        Some(Self {
            certificate_pem: pem("CERTIFICATE", &certificate),
            key_pem: pem("PRIVATE KEY", pair.as_der().ok()?.as_ref()),
        })
    }
}

fn body(name: &str, not_before_ms: i64, not_after_ms: i64, public_key: &[u8]) -> Vec<u8> {
    let name = der(0x0c, &[name.as_bytes()]);
    let name = der(SEQUENCE, &[&der(0x31, &[&der(SEQUENCE, &[COMMON_NAME, &name])])]);
    let validity = der(SEQUENCE, &[&generalized(not_before_ms), &generalized(not_after_ms)]);
    let key_info = der(SEQUENCE, &[RSA, &der(BIT_STRING, &[&[0], public_key])]);
    let version = der(0xa0, &[&der(INTEGER, &[&[2]])]);
    let serial = der(INTEGER, &[&[1]]);
    der(SEQUENCE, &[&version, &serial, SHA256_WITH_RSA, &name, &validity, &name, &key_info])
}

fn generalized(at_ms: i64) -> Vec<u8> {
    let digits: String =
        iso::seconds(at_ms).chars().filter(|letter| letter.is_ascii_digit()).collect();
    der(GENERALIZED_TIME, &[format!("{digits}Z").as_bytes()])
}

/// One DER element.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len().to_be_bytes();
    let length: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut element = vec![tag];
    match content.len() {
        short @ 0..0x80 => element.push(u8::try_from(short).unwrap_or(0)),
        _ => {
            element.push(0x80 | u8::try_from(length.len()).unwrap_or(0));
            element.extend(length);
        }
    }
    element.extend(content);
    element
}

fn pem(label: &str, der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let lines: Vec<&str> =
        encoded.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
