//! Entra's signing keys, and tokens made and checked with them.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

/// Entra's own key; made anew by every process, so that clients must read the key list.
static ENTRA: LazyLock<Option<Key>> = LazyLock::new(Key::generate);
/// Somebody else's key, for tokens that must be refused.
static FOREIGN: LazyLock<Option<Key>> = LazyLock::new(Key::generate);

/// Whose signature a token carries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Signer {
    Entra,
    /// A key that is in no key list, under the key id of the real one.
    Foreign,
}

struct Key {
    pair: KeyPair,
    id: String,
}

impl Key {
    fn generate() -> Option<Self> {
        let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
        let id =
            URL_SAFE_NO_PAD.encode(&digest(&SHA256, pair.public_key().as_ref()).as_ref()[..20]);
        Some(Self { pair, id })
    }
}

/// A signed JWT; `None` if this machine cannot make RSA keys.
pub fn sign(signer: Signer, claims: &Value) -> Option<String> {
    let id = &ENTRA.as_ref()?.id;
    let key = match signer {
        Signer::Entra => ENTRA.as_ref()?,
        Signer::Foreign => FOREIGN.as_ref()?,
    };
    let header = json!({ "typ": "JWT", "alg": "RS256", "kid": id, "x5t": id });
    let body = format!("{}.{}", encode(&header), encode(claims));
    let mut signature = vec![0; key.pair.public_modulus_len()];
    key.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), body.as_bytes(), &mut signature).ok()?;
    Some(format!("{body}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// The claims of a token that Entra signed; `None` for any other text. Says nothing about its time or audience.
pub fn claims(token: &str) -> Option<Map<String, Value>> {
    let (body, signature) = token.rsplit_once('.')?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    let public = ENTRA.as_ref()?.pair.public_key().as_ref();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)
        .verify(body.as_bytes(), &signature)
        .ok()?;
    let claims = URL_SAFE_NO_PAD.decode(body.split_once('.')?.1).ok()?;
    serde_json::from_slice(&claims).ok()
}

/// Entra's public keys as a JSON Web Key Set.
pub fn key_set(issuer: &str) -> Value {
    let keys = ENTRA.as_ref().and_then(|key| {
        let (modulus, exponent) = components(key.pair.public_key().as_ref())?;
        Some(json!({
            "kty": "RSA",
            "use": "sig",
            "kid": key.id,
            "x5t": key.id,
            "n": URL_SAFE_NO_PAD.encode(modulus),
            "e": URL_SAFE_NO_PAD.encode(exponent),
            "issuer": issuer,
        }))
    });
    json!({ "keys": keys.into_iter().collect::<Vec<_>>() })
}

fn encode(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

/// Modulus and exponent from a PKCS#1 public key: SEQUENCE { INTEGER n, INTEGER e }.
fn components(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (sequence, _) = element(der, 0x30)?;
    let (modulus, rest) = element(sequence, 0x02)?;
    let (exponent, _) = element(rest, 0x02)?;
    Some((unsigned(modulus), unsigned(exponent)))
}

/// The content of one DER element and what follows it.
pub fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let [first, length, rest @ ..] = der else { return None };
    if *first != tag {
        return None;
    }
    if *length < 0x80 {
        return rest.split_at_checked(usize::from(*length));
    }
    let (length_bytes, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
    let length =
        length_bytes.iter().fold(0_usize, |length, byte| (length << 8) | usize::from(*byte));
    rest.split_at_checked(length)
}

/// DER puts a zero before numbers whose first bit is set; JSON Web Keys do not.
fn unsigned(integer: &[u8]) -> &[u8] {
    integer.strip_prefix(&[0]).unwrap_or(integer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_verifies_with_the_published_key_and_only_then() {
        let token =
            sign(Signer::Entra, &json!({ "aud": "somebody", "exp": 4_000_000_000_u64 })).unwrap();
        assert_eq!(claims(&token).unwrap()["aud"], "somebody");
        let keys: jsonwebtoken::jwk::JwkSet = serde_json::from_value(key_set("i")).unwrap();
        let key = jsonwebtoken::DecodingKey::from_jwk(&keys.keys[0]).unwrap();
        let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
        rules.set_audience(&["somebody"]);
        assert!(jsonwebtoken::decode::<Value>(&token, &key, &rules).is_ok());

        let forged =
            sign(Signer::Foreign, &json!({ "aud": "somebody", "exp": 4_000_000_000_u64 })).unwrap();
        assert!(claims(&forged).is_none());
        assert!(jsonwebtoken::decode::<Value>(&forged, &key, &rules).is_err());
        assert!(claims("a.b.c").is_none() && claims("").is_none());
    }
}
