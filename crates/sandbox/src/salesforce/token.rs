//! Access tokens of messaging: RS256, with the organisation's id of 15 characters and the end user as subject.

use std::sync::LazyLock;

use axum::http::{HeaderMap, header};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

use super::error::Refusal;
use crate::World;

/// Messaging's own key. Clients cannot verify these tokens and need not.
static KEYS: LazyLock<Option<(EncodingKey, DecodingKey)>> = LazyLock::new(|| {
    let private = include_bytes!("fixtures/messaging.key.pem");
    let public = include_bytes!("fixtures/messaging.pub.pem");
    Some((EncodingKey::from_rsa_pem(private).ok()?, DecodingKey::from_rsa_pem(public).ok()?))
});
/// Makes a token as long as observers report, about 1.8 kB.
const FILLER: usize = 790;

/// What a token says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claims {
    pub iss: String,
    pub sub: String,
    pub jti: String,
    /// 15 characters.
    pub org_id: String,
    /// Differs in every token of one subject.
    pub client_id: String,
    pub dev_name: String,
    /// Which of the sandbox's orders to revoke everything it has outlived.
    pub generation: u64,
    /// Seconds.
    pub iat: i64,
    pub exp: i64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    filler: String,
}

/// Signs a token for `subject`; `expires_s` is given for one that goes on from another.
pub fn mint(world: &World, subject: &str, expires_s: Option<i64>) -> Option<String> {
    let account = &world.salesforce.account;
    let now_s = world.clock.now_ms().div_euclid(1_000);
    let inner = world.salesforce.inner();
    let claims = Claims {
        iss: "iamessage".to_owned(),
        sub: subject.to_owned(),
        jti: inner.ids.guid(),
        org_id: account.org_id_15.clone(),
        client_id: inner.ids.guid(),
        dev_name: account.deployment.clone(),
        generation: inner.generation,
        iat: now_s,
        exp: expires_s.unwrap_or(now_s + world.switches.number("salesforce.token_life_s")),
        filler: inner.ids.alphanumeric(FILLER),
    };
    drop(inner);
    encode(&Header::new(Algorithm::RS256), &claims, &KEYS.as_ref()?.0).ok()
}

/// The claims of the bearer token of a call, which is ours, in time and not revoked.
pub fn bearer(world: &World, headers: &HeaderMap) -> Result<Claims, Refusal> {
    let text = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(token) = text.and_then(|text| text.strip_prefix("Bearer ")) else {
        return Err(Refusal::unauthorised("Jwt is missing"));
    };
    let mut claims =
        claims(token).ok_or_else(|| Refusal::unauthorised("Jwt verification fails"))?;
    claims.filler.clear();
    if claims.exp.saturating_mul(1_000) <= world.clock.now_ms() {
        return Err(Refusal::unauthorised("Jwt is expired"));
    }
    if world.salesforce.inner().is_revoked(&claims.jti, claims.generation) {
        return Err(Refusal::unauthorised("Jwt is revoked"));
    }
    Ok(claims)
}

fn claims(token: &str) -> Option<Claims> {
    let mut rules = Validation::new(Algorithm::RS256);
    // By the virtual clock, afterwards.
    rules.validate_exp = false;
    rules.validate_aud = false;
    decode::<Claims>(token, &KEYS.as_ref()?.1, &rules).ok().map(|token| token.claims)
}
