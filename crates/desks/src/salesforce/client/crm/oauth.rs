//! The token for the organisation's records: one for the integration user, kept until it is
//! refused, because Salesforce does not say how long it lives.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use baton_core::{fault::FaultClass, time::SECOND_MS};
use serde_json::json;

use super::super::{Client, exchange};
use crate::salesforce::{
    config::crm::Crm,
    policy::{Failure, crm as policy},
    wire,
};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// The token in use.
#[derive(Default)]
pub(super) struct CoreTokens {
    token: Mutex<Option<CoreToken>>,
    /// Held while one task asks; keeps the last refusal for those who waited meanwhile.
    asking: tokio::sync::Mutex<Option<Failure>>,
    asked: AtomicU64,
}

/// One token.
#[derive(Clone)]
pub(super) struct CoreToken {
    /// Which one it is, from 1.
    number: u64,
    pub(super) text: Arc<str>,
}

impl CoreTokens {
    fn current(&self) -> Option<CoreToken> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, token: Option<CoreToken>) {
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = token;
    }

    /// Salesforce refused this one: the next call asks for another.
    pub(super) fn forget(&self, token: &CoreToken) {
        let mut current = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|current| current.number == token.number) {
            *current = None;
        }
    }
}

impl Client {
    /// The token, asked for if there is none; once, however many wait for it.
    pub(super) async fn core_token(&self, crm: &Crm) -> Result<CoreToken, Failure> {
        let tokens = &self.shared().tokens;
        if let Some(token) = tokens.current() {
            return Ok(token);
        }
        let seen = tokens.asked.load(Ordering::Acquire);
        let mut last = tokens.asking.lock().await;
        if let Some(token) = tokens.current() {
            return Ok(token);
        }
        let asked_meanwhile = tokens.asked.load(Ordering::Acquire) != seen;
        if let (true, Some(failure)) = (asked_meanwhile, last.as_ref()) {
            return Err(failure.clone());
        }
        let asked = self.mint_core(crm).await.map_err(Failure::before_the_call);
        let number = tokens.asked.fetch_add(1, Ordering::AcqRel) + 1;
        match asked {
            Ok(text) => {
                let token = CoreToken { number, text: text.into() };
                tokens.set(Some(token.clone()));
                *last = None;
                Ok(token)
            }
            Err(failure) => {
                *last = Some(failure.clone());
                Err(failure)
            }
        }
    }

    /// "OAuth 2.0 JWT Bearer Flow for Server-to-Server Integration" (Salesforce Help, checked
    /// 2026-11): no refresh token, and no word of how long the token lives.
    async fn mint_core(&self, crm: &Crm) -> Result<String, Failure> {
        let seconds = self.clock.now().0.div_euclid(SECOND_MS);
        let claims = json!({
            "iss": crm.consumer_key,
            "sub": crm.username,
            "aud": crm.audience(),
            "exp": seconds + policy::ASSERTION_LIFE_S,
        });
        let assertion = crm.key.sign(&json!({ "alg": "RS256" }), &claims).ok_or_else(|| {
            Failure::refused(FaultClass::Auth, "the app's key cannot sign; set crm_private_key")
        })?;
        let url = format!("{}/services/oauth2/token", crm.login_url);
        let form = [("grant_type", GRANT), ("assertion", assertion.as_str())];
        let reply = exchange(self.http.post(url).form(&form)).await?;
        if !reply.succeeded() {
            let refusal = wire::read(&reply.body).unwrap_or_default();
            return Err(policy::token_failure(reply.status, &refusal));
        }
        let token: wire::crm::CoreToken = wire::read(&reply.body).map_err(|_| {
            Failure::unknown("Salesforce's answer is not a token; check crm_login_url")
        })?;
        Ok(token.access_token)
    }
}
