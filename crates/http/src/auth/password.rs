//! Passwords: argon2id with the library's default parameters, few at a time, and the same time
//! spent whether the account exists or not.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use crate::{error::ApiError, random, random::Random};

/// The shortest password that is taken, in characters.
pub(crate) const MIN_CHARS: usize = 12;
/// The longest password that is looked at, in bytes: hashing must not become a burden.
pub(crate) const MAX_BYTES: usize = 256;
/// Each hash takes 19 MiB and a core for its time.
const AT_ONCE: usize = 2;
/// More waiting ones than these are turned away at once.
const MAX_WAITING: usize = 32;
const MAX_WAIT: Duration = Duration::from_secs(5);

/// The few places at which passwords are hashed.
pub(crate) struct Passwords {
    random: Arc<dyn Random>,
    queue: Semaphore,
    places: Semaphore,
    /// What an unknown account is compared with.
    nobody: OnceLock<String>,
}

impl Passwords {
    pub(crate) fn new(random: Arc<dyn Random>) -> Self {
        Self {
            random,
            queue: Semaphore::new(MAX_WAITING + AT_ONCE),
            places: Semaphore::new(AT_ONCE),
            nobody: OnceLock::new(),
        }
    }

    /// The hash to store.
    pub(crate) async fn hash(&self, password: String) -> Result<String, ApiError> {
        let salt = random::bytes::<16>(&*self.random)?;
        self.work(move || {
            let hash: Option<PasswordHash> =
                Argon2::default().hash_password_with_salt(password.as_bytes(), &salt).ok();
            hash.map(|hash| hash.to_string())
        })
        .await?
        .ok_or_else(ApiError::internal)
    }

    /// Whether the password is the account's. Takes the same time when there is no account.
    pub(crate) async fn matches(
        &self,
        password: String,
        stored: Option<&str>,
    ) -> Result<bool, ApiError> {
        let nobody = self.nobody().await?;
        let known = stored.is_some();
        let stored = stored.map_or(nobody, str::to_owned);
        let same = self
            .work(move || {
                PasswordHash::new(&stored).is_ok_and(|hash| {
                    Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
                })
            })
            .await?;
        Ok(same && known)
    }

    async fn nobody(&self) -> Result<String, ApiError> {
        if let Some(hash) = self.nobody.get() {
            return Ok(hash.clone());
        }
        let hash = self.hash(random::token(&*self.random)?).await?;
        Ok(self.nobody.get_or_init(|| hash).clone())
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let _queued = self.queue.try_acquire().map_err(|_| ApiError::overloaded())?;
        let place = timeout(MAX_WAIT, self.places.acquire()).await;
        let _place = place.ok().and_then(Result::ok).ok_or_else(ApiError::overloaded)?;
        spawn_blocking(work).await.map_err(|_| ApiError::internal())
    }
}

/// Refuses what is no fit password, with what to change.
pub(crate) fn check_new(password: &str) -> Result<(), ApiError> {
    if password.chars().count() < MIN_CHARS {
        let text = format!("the password needs at least {MIN_CHARS} characters");
        return Err(ApiError::bad_request(text));
    }
    if password.len() > MAX_BYTES {
        let text = format!("the password may have at most {MAX_BYTES} bytes");
        return Err(ApiError::bad_request(text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    #[tokio::test]
    async fn a_hash_matches_its_password_only() {
        let passwords = Passwords::new(Arc::new(SystemRandom));
        let hash = passwords.hash("correct horse battery".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let right = passwords.matches("correct horse battery".to_owned(), Some(&hash)).await;
        assert_eq!(right, Ok(true));
        assert_eq!(passwords.matches("wrong".to_owned(), Some(&hash)).await, Ok(false));
        assert_eq!(passwords.matches("wrong".to_owned(), None).await, Ok(false));
        assert_eq!(passwords.matches("wrong".to_owned(), Some("broken")).await, Ok(false));
    }

    #[test]
    fn short_and_endless_passwords_are_refused() {
        assert!(check_new("elevenchars").is_err());
        assert!(check_new("twelve chars").is_ok());
        assert!(check_new(&"x".repeat(257)).is_err());
    }
}
