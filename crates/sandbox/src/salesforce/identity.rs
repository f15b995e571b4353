//! User verification: the company signs who a customer is, and its key set at Salesforce says whether to believe it.
//!
//! Source: "Set Up Token-Based User Verification", Salesforce Help, and the vendor's key tool, checked 2026-11: RS256 or
//! RS512, `iss` equal to the key set's issuer byte for byte, keys with `x5c`. Observed: whatever is wrong is not
//! refused, the customer is only not verified.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Account;

/// Keys of one set.
pub const MAX_KEYS: usize = 20;

/// A key set as an administrator has entered it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySet {
    pub name: String,
    pub issuer: String,
    /// JSON Web Keys.
    #[serde(default)]
    pub keys: Vec<Value>,
    /// Where they are read instead, for a set of type "Endpoint URL".
    #[serde(default)]
    pub url: Option<String>,
}

impl KeySet {
    /// The one key of the account.
    pub fn of(account: &Account) -> Self {
        let mut key: Value =
            serde_json::from_str(include_str!("fixtures/identity.jwk.json")).unwrap_or_default();
        key["kid"] = json!(account.key_id);
        Self {
            name: account.key_set_name.clone(),
            issuer: account.key_set_issuer.clone(),
            keys: vec![key],
            url: None,
        }
    }

    /// The customer's own id in an identity token; or why it is not believed.
    pub fn verify(&self, token: &str, now_ms: i64) -> Result<String, String> {
        let header = decode_header(token).map_err(|error| format!("no JWT: {error}"))?;
        if !matches!(header.alg, Algorithm::RS256 | Algorithm::RS512) {
            return Err(format!("algorithm {:?}", header.alg));
        }
        let kid = header.kid.ok_or("no kid")?;
        let key = self.keys.iter().find(|key| key["kid"] == kid.as_str());
        let key = key.ok_or_else(|| format!("no key {kid} in the set"))?;
        let (modulus, exponent) = components(key)?;
        let public = DecodingKey::from_rsa_components(modulus, exponent)
            .map_err(|error| format!("the key does not read: {error}"))?;
        let mut rules = Validation::new(header.alg);
        // By the virtual clock, below.
        rules.validate_exp = false;
        rules.validate_aud = false;
        rules.required_spec_claims.clear();
        let claims = decode::<Map<String, Value>>(token, &public, &rules)
            .map_err(|error| format!("the signature does not fit: {error}"))?
            .claims;
        self.subject(&claims, now_ms)
    }

    fn subject(&self, claims: &Map<String, Value>, now_ms: i64) -> Result<String, String> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
        if text("iss") != self.issuer {
            return Err(format!("iss is not {}", self.issuer));
        }
        let exp_s = claims.get("exp").and_then(Value::as_i64).unwrap_or(0);
        if exp_s.saturating_mul(1_000) <= now_ms {
            return Err("exp is missing or over".to_owned());
        }
        match text("sub") {
            "" => Err("no sub".to_owned()),
            subject => Ok(subject.to_owned()),
        }
    }
}

/// Modulus and exponent, of a key that also has a certificate of that modulus.
fn components(key: &Value) -> Result<(&str, &str), String> {
    let text = |name: &str| key[name].as_str().ok_or_else(|| format!("the key has no {name}"));
    let (modulus, exponent) = (text("n")?, text("e")?);
    let certificate = key["x5c"][0].as_str().ok_or("the key has no x5c")?;
    let certificate = STANDARD.decode(certificate).map_err(|_| "x5c is not base64")?;
    let bytes = URL_SAFE_NO_PAD.decode(modulus).map_err(|_| "n is not base64url")?;
    if bytes.len() < 256 || !certificate.windows(bytes.len()).any(|window| window == bytes) {
        return Err("x5c is not the certificate of this key".to_owned());
    }
    Ok((modulus, exponent))
}
