//! One cached Entra token: renewed early, fetched once however many wait for it.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use baton_core::time::Timestamp;

use super::policy::{self, Failure};

/// A token in use.
#[derive(Clone)]
pub struct Token {
    /// Which fetch brought it, from 1.
    generation: u64,
    pub text: String,
    renew_at: Timestamp,
}

/// What Entra gave.
pub struct Fetched {
    pub text: String,
    pub lifetime_ms: i64,
}

/// The cache of one scope.
#[derive(Default)]
pub struct TokenCache {
    token: Mutex<Option<Token>>,
    /// The generation that the service refused last, while none was accepted since.
    denied: Mutex<Option<u64>>,
    /// Held while one task fetches; keeps the last failure for those who waited meanwhile.
    fetching: tokio::sync::Mutex<Option<Failure>>,
    fetches: AtomicU64,
}

impl TokenCache {
    /// The token, fetched if there is none that lives long enough.
    pub async fn get(
        &self,
        now: Timestamp,
        fetch: impl Future<Output = Result<Fetched, Failure>>,
    ) -> Result<Token, Failure> {
        if let Some(token) = self.cached(now) {
            return Ok(token);
        }
        let seen = self.fetches.load(Ordering::Acquire);
        let mut last_failure = self.fetching.lock().await;
        if let Some(token) = self.cached(now) {
            return Ok(token);
        }
        if let (true, Some(failure)) =
            (self.fetches.load(Ordering::Acquire) != seen, last_failure.as_ref())
        {
            return Err(Failure { certainty: failure.certainty, fault: failure.fault.clone() });
        }
        let result = fetch.await;
        let generation = self.fetches.fetch_add(1, Ordering::AcqRel) + 1;
        match result {
            Ok(fetched) => {
                *last_failure = None;
                Ok(self.store(fetched, generation, now))
            }
            Err(failure) => {
                let failure = failure.before_the_call();
                *last_failure =
                    Some(Failure { certainty: failure.certainty, fault: failure.fault.clone() });
                Err(failure)
            }
        }
    }

    fn cached(&self, now: Timestamp) -> Option<Token> {
        lock(&self.token).clone().filter(|token| now < token.renew_at)
    }

    fn store(&self, fetched: Fetched, generation: u64, now: Timestamp) -> Token {
        // A token shorter than twice the margin is renewed at half its life.
        let early = policy::RENEW_EARLY_MS.min(fetched.lifetime_ms / 2);
        let renew_at = now.plus_ms(fetched.lifetime_ms - early);
        let token = Token { generation, text: fetched.text, renew_at };
        *lock(&self.token) = Some(token.clone());
        token
    }

    /// The service took the token.
    pub fn proven(&self) {
        *lock(&self.denied) = None;
    }

    /// The service refused the token: it is forgotten. Two in a row are final.
    pub fn denied(&self, token: &Token, service: &str) -> Failure {
        let mut cached = lock(&self.token);
        if cached.as_ref().is_some_and(|cached| cached.generation == token.generation) {
            *cached = None;
        }
        let mut denied = lock(&self.denied);
        let again = denied.is_some_and(|generation| generation < token.generation);
        if !again {
            *denied = Some(token.generation);
        }
        policy::denied(service, again)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
