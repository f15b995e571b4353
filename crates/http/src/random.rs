//! Unguessable values, from the injected source.

use aws_lc_rs::{digest, rand};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::error::ApiError;

/// Where unguessable bytes come from. Injected, so that tests are repeatable.
pub trait Random: Send + Sync {
    /// Fills the bytes; false when the source failed, and then nothing may be built on them.
    fn fill(&self, bytes: &mut [u8]) -> bool;
}

/// The operating system's source.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> bool {
        rand::fill(bytes).is_ok()
    }
}

/// `N` unguessable bytes.
pub(crate) fn bytes<const N: usize>(random: &dyn Random) -> Result<[u8; N], ApiError> {
    let mut bytes = [0_u8; N];
    if random.fill(&mut bytes) {
        return Ok(bytes);
    }
    tracing::error!("the random source failed");
    Err(ApiError::internal())
}

/// An unguessable token: 256 bits in 43 characters.
pub(crate) fn token(random: &dyn Random) -> Result<String, ApiError> {
    Ok(URL_SAFE_NO_PAD.encode(bytes::<32>(random)?))
}

/// What is stored in place of a token. A plain hash suffices: a token cannot be guessed.
pub(crate) fn token_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, token.as_bytes()))
}
