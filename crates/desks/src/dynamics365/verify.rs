//! Whether a webhook is Microsoft's: an Entra token for our application, signed with a key of
//! our own tenant. Pure: on the keys at hand and the given time.

use std::collections::HashMap;

use baton_core::{
    inbound::{Answer, RawEvent, RawRequest, Received},
    time::{SECOND_MS, Timestamp},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};

use super::{changes, config::Config, policy, wire};

/// The tenant's signing keys as last fetched.
#[derive(Default)]
pub struct Keys {
    by_id: HashMap<String, DecodingKey>,
    /// When they came.
    pub fetched_at: Option<Timestamp>,
    /// When they were last asked for, with or without success.
    pub tried_at: Option<Timestamp>,
}

impl Keys {
    /// Takes over a fetched set. Only RSA keys for signatures count.
    pub fn replace(&mut self, set: &wire::KeySet, now: Timestamp) {
        self.by_id = set
            .keys
            .iter()
            .filter(|key| key.kty == "RSA" && key.purpose.as_deref().is_none_or(|p| p == "sig"))
            .filter_map(|key| {
                let decoding = DecodingKey::from_rsa_components(&key.n, &key.e).ok()?;
                Some((key.kid.clone(), decoding))
            })
            .collect();
        self.fetched_at = Some(now);
        self.tried_at = Some(now);
    }

    /// Whether keys so fresh must hold every key that is in use.
    fn are_fresh(&self, now: Timestamp) -> bool {
        self.fetched_at.is_some_and(|at| now.since_ms(at) < policy::KEYS_FRESH_MS)
    }

    fn are_old(&self, now: Timestamp) -> bool {
        self.tried_at.is_none_or(|at| now.since_ms(at) >= policy::KEYS_OLD_MS)
    }
}

enum Verdict {
    Genuine,
    Refused,
    StaleKeys,
}

/// Verifies a webhook and keeps its body as it came; whatever is wrong inside is found when it
/// is parsed, so that it parks instead of being lost.
pub fn receive(config: &Config, keys: &Keys, request: &RawRequest, now: Timestamp) -> Received {
    if request.path.trim_matches('/').is_empty() {
        return changes::receive(config, request);
    }
    let Some(conversation) = conversation(&request.path) else {
        return Received::Answer(Answer::status(404));
    };
    if request.method != "POST" {
        return Received::Answer(Answer::status(405));
    }
    if request.body.len() > policy::WEBHOOK_MAX_BYTES {
        return Received::Answer(Answer::status(413));
    }
    match token(config, keys, request.header("authorization"), now) {
        Verdict::Refused => Received::Answer(Answer::status(401)),
        Verdict::StaleKeys => Received::StaleKeys,
        Verdict::Genuine => Received::Store {
            events: vec![RawEvent {
                vendor_event_id: None,
                source_key: conversation,
                // Databases hold no NUL; a body with one is no JSON anyway and parks.
                body: String::from_utf8_lossy(&request.body).replace('\0', "\u{fffd}"),
            }],
            answer: Answer::status(200),
        },
    }
}

/// The conversation that the path names, in lower case.
fn conversation(path: &str) -> Option<String> {
    let id =
        path.trim_matches('/').strip_prefix("v3/conversations/")?.strip_suffix("/activities")?;
    super::ids::conversation_id(id)
}

fn token(config: &Config, keys: &Keys, header: Option<&str>, now: Timestamp) -> Verdict {
    let Some(token) = header.and_then(bearer) else { return Verdict::Refused };
    let Ok(head) = jsonwebtoken::decode_header(token) else { return Verdict::Refused };
    let (Algorithm::RS256, Some(kid)) = (head.alg, head.kid) else { return Verdict::Refused };
    let Some(key) = keys.by_id.get(&kid) else {
        return if keys.are_fresh(now) { Verdict::Refused } else { Verdict::StaleKeys };
    };
    if keys.are_old(now) {
        return Verdict::StaleKeys;
    }
    match jsonwebtoken::decode::<wire::Claims>(token, key, &signature_only()) {
        Ok(data) if claims_fit(config, &data.claims, now) => Verdict::Genuine,
        _ => Verdict::Refused,
    }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    let fits = scheme.eq_ignore_ascii_case("bearer") && token.len() <= policy::TOKEN_MAX_BYTES;
    fits.then(|| token.trim())
}

/// The library checks the signature only: it would read the time from the machine, and the
/// rest is checked with it in `claims_fit`.
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation
}

fn claims_fit(config: &Config, claims: &wire::Claims, now: Timestamp) -> bool {
    let moment = |seconds: i64| Timestamp(seconds.saturating_mul(SECOND_MS));
    let alive = now.since_ms(moment(claims.exp)) < policy::SKEW_MS;
    let begun = claims.nbf.is_none_or(|nbf| moment(nbf).since_ms(now) <= policy::SKEW_MS);
    // No page shows these claims. One that is there must fit; every application of the tenant
    // could otherwise ask Entra for a token with our audience.
    let caller = claims.appid.as_deref().or(claims.azp.as_deref());
    let ours = caller
        .is_none_or(|id| is_app(id, &config.client_id) || is_app(id, &config.webhook_audience));
    alive
        && begun
        && ours
        && claims.tid.eq_ignore_ascii_case(&config.tenant_id)
        && is_issuer(config, &claims.iss)
        && claims.aud.all().iter().any(|audience| is_app(audience, &config.webhook_audience))
}

/// Tokens name an application by its id or by its default URI.
fn is_app(text: &str, app: &str) -> bool {
    let bare = |text: &str| text.strip_prefix("api://").unwrap_or(text).to_ascii_lowercase();
    bare(text) == bare(app)
}

/// Both versions of Entra's tokens, from the public cloud and from the configured login host.
fn is_issuer(config: &Config, issuer: &str) -> bool {
    let tenant = &config.tenant_id;
    let issuer = issuer.trim_end_matches('/');
    [
        format!("https://sts.windows.net/{tenant}"),
        format!("https://login.microsoftonline.com/{tenant}/v2.0"),
        format!("{}/{tenant}", config.login_url),
        format!("{}/{tenant}/v2.0", config.login_url),
    ]
    .iter()
    .any(|known| known.eq_ignore_ascii_case(issuer))
}
