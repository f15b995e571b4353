//! Access tokens: one for each end user, bought with a proof of identity that we sign, kept over
//! restarts, bought once however many wait for it.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use baton_core::{
    fault::FaultClass,
    secret::Secret,
    time::{SECOND_MS, Timestamp},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    super::{
        config::Config,
        policy::{self, Certainty, Failure},
        wire::{self, TokenAnswer, TokenClaims, TokenRequest},
    },
    Client, exchange, read,
};

/// A token in use.
#[derive(Debug)]
pub struct Token {
    pub text: Secret,
    /// From here on its end user's stream begins.
    pub last_event_id: Option<String>,
    renew_at: Timestamp,
    ends_at: Timestamp,
    /// Salesforce took it once.
    proven: AtomicBool,
}

/// The same, as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    text: String,
    last_event_id: Option<String>,
    ends_at: Timestamp,
}

/// The tokens in memory. Each end user's slot is held while its token is bought.
#[derive(Default)]
pub struct Tokens(Mutex<HashMap<String, Arc<Slot>>>);

#[derive(Default)]
struct Slot(tokio::sync::Mutex<Held>);

/// What is known of one end user's token.
#[derive(Default)]
struct Held {
    token: Option<Arc<Token>>,
    /// What was kept from before a restart has been looked at.
    looked: bool,
    /// Salesforce refused the token before this one.
    refused: bool,
}

impl Tokens {
    fn slot(&self, subject: &str, now: Timestamp) -> Arc<Slot> {
        let mut all = self.all();
        if all.len() >= policy::TOKENS_MAX && !all.contains_key(subject) {
            all.retain(|_, slot| slot.is_wanted(now));
        }
        Arc::clone(all.entry(subject.to_owned()).or_default())
    }

    fn forget(&self, subject: &str) {
        self.all().remove(subject);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Arc<Slot>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// Whether it is in use, or still good.
    fn is_wanted(self: &Arc<Self>, now: Timestamp) -> bool {
        let good = |held: &Held| held.token.as_ref().is_some_and(|token| now < token.renew_at);
        Arc::strong_count(self) > 1 || self.0.try_lock().is_ok_and(|held| good(&held))
    }
}

impl Client {
    /// The token of an end user: at hand, kept from before a restart, or a new one.
    pub async fn token(&self, subject: &str) -> Result<Arc<Token>, Failure> {
        let slot = self.tokens.slot(subject, self.now());
        let mut held = slot.0.lock().await;
        let now = self.now();
        if let Some(token) = held.token.as_ref().filter(|token| now < token.renew_at) {
            return Ok(Arc::clone(token));
        }
        let kept = if held.looked { None } else { self.kept(subject).await };
        held.looked = true;
        let token = match kept.filter(|token| now < token.renew_at) {
            Some(token) => token,
            None => self.mint(subject).await.map_err(Failure::before_the_call)?,
        };
        Ok(Arc::clone(held.token.insert(Arc::new(token))))
    }

    /// Salesforce refused the token: it is forgotten. Two new ones in a row are final.
    pub async fn refused(&self, subject: &str, token: &Arc<Token>) -> Failure {
        let slot = self.tokens.slot(subject, self.now());
        let mut held = slot.0.lock().await;
        if held.token.as_ref().is_some_and(|held| Arc::ptr_eq(held, token)) {
            held.token = None;
        }
        // What is kept is the refused one.
        held.looked = true;
        let again = held.refused && !token.proven.load(Ordering::Relaxed);
        held.refused = true;
        policy::denied(again)
    }

    /// The end user's conversation is over.
    pub(super) fn forget_token(&self, subject: &str) {
        self.tokens.forget(subject);
    }

    async fn kept(&self, subject: &str) -> Option<Token> {
        let secret = self.keep.as_ref()?.get(&name(subject)).await?;
        let kept: Kept = serde_json::from_str(secret.reveal()).ok()?;
        let ends_at = kept.ends_at;
        Some(Token::until(kept.text, kept.last_event_id, ends_at, self.now()))
    }

    async fn put(&self, subject: &str, token: &Token) {
        let Some(keep) = &self.keep else { return };
        let kept = Kept {
            text: token.text.reveal().to_owned(),
            last_event_id: token.last_event_id.clone(),
            ends_at: token.ends_at,
        };
        if let Ok(text) = serde_json::to_string(&kept) {
            keep.put(&name(subject), &Secret::new(text), token.ends_at).await;
        }
    }

    /// Buys a token, and keeps it.
    async fn mint(&self, subject: &str) -> Result<Token, Failure> {
        let answer = self.ask_token(subject).await?;
        verified(&answer)?;
        let now = self.now();
        let ends_at = ends_at(&answer.access_token).unwrap_or(now.plus_ms(policy::TOKEN_LIFE_MS));
        let last_event_id = answer.last_event_id.as_ref().and_then(as_text);
        let token = Token::until(answer.access_token, last_event_id, ends_at, now);
        self.put(subject, &token).await;
        Ok(token)
    }

    /// The call itself: what a check needs as well, which keeps nothing.
    pub(super) async fn ask_token(&self, subject: &str) -> Result<TokenAnswer, Failure> {
        let now = self.now();
        self.mints.enter("Salesforce gave as many tokens as it may", now)?;
        let config = &self.config;
        let identity = identity(config, subject, now)
            .ok_or_else(|| Failure::refused(FaultClass::Auth, "private_key cannot sign"))?;
        let body = TokenRequest {
            org_id: &config.organization_id,
            es_developer_name: &config.deployment,
            capabilities_version: "1",
            platform: "Web",
            authorization_type: "JWT",
            customer_identity_token: &identity,
        };
        let path = "iamessage/api/v2/authorization/authenticated/access-token";
        let request = self.http.post(format!("{}/{path}", config.scrt_url)).json(&body);
        let reply = exchange(request).await?;
        if !reply.succeeded() {
            let failure = policy::token_failure(&reply);
            if let (429, Certainty::NotDone { after_ms }) = (reply.status, failure.certainty) {
                self.mints.pause(after_ms, self.now());
            }
            return Err(failure);
        }
        read(&reply, "an access token")
    }
}

impl Token {
    fn until(
        text: String,
        last_event_id: Option<String>,
        ends_at: Timestamp,
        now: Timestamp,
    ) -> Self {
        // A token shorter than twice the margin is renewed at half its life.
        let early = policy::RENEW_EARLY_MS.min(ends_at.since_ms(now).max(0) / 2);
        let renew_at = ends_at.plus_ms(-early);
        let proven = AtomicBool::new(false);
        Self { text: Secret::new(text), last_event_id, renew_at, ends_at, proven }
    }

    /// Salesforce took it.
    pub fn proven(&self) {
        self.proven.store(true, Ordering::Relaxed);
    }
}

/// Under which name a token is kept.
fn name(subject: &str) -> String {
    format!("token/{subject}")
}

/// Whether the token is for whom we say: a key set that does not fit is not refused.
pub fn verified(answer: &TokenAnswer) -> Result<(), Failure> {
    let subject = &answer.context.end_user.subject;
    if subject.contains("/AUTH/") { Ok(()) } else { Err(policy::anonymous()) }
}

/// The proof of who the end user is. Without `aud` unless the settings want one: Salesforce's own
/// tool writes none (key-command-line-utility, checked 2026-11).
fn identity(config: &Config, subject: &str, now: Timestamp) -> Option<String> {
    let seconds = now.0.div_euclid(SECOND_MS);
    let header = json!({ "alg": "RS256", "typ": "JWT", "kid": config.auth_key_id });
    let mut claims = json!({
        "sub": subject,
        "iss": config.issuer,
        "iat": seconds - policy::IDENTITY_EARLY_S,
        "exp": seconds + policy::IDENTITY_LIFE_S,
    });
    if let Some(audience) = &config.audience {
        claims["aud"] = json!(audience);
    }
    config.private_key.sign(&header, &claims)
}

/// When a token ends, as it says itself.
fn ends_at(token: &str) -> Option<Timestamp> {
    let exp = claims(token)?.exp?;
    Some(Timestamp((exp * SECOND_MS as f64) as i64))
}

/// Whose organisation a token is for, as it says itself.
pub fn organization_of(token: &str) -> Option<String> {
    claims(token)?.org_id
}

fn claims(token: &str) -> Option<TokenClaims> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?.trim_end_matches('=')).ok()?;
    wire::read(&claims).ok()
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
