//! Secrets at rest: AES-256-GCM under one key, bound to the workspace and the row that owns
//! them, so that a row copied elsewhere does not decrypt.

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    hmac,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

use crate::{Store, error::StoreError};

const CHECK: &str = "this key opens this database";

/// The 256-bit key that encrypts secrets. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey([u8; 32]);

impl SecretKey {
    /// The key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 32 bytes in base64; none when the text is something else.
    pub fn read(text: &str) -> Option<Self> {
        STANDARD.decode(text.trim()).ok()?.try_into().ok().map(Self)
    }

    /// A new random key in base64, as [`SecretKey::read`] reads it.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn generate() -> Result<String, StoreError> {
        let mut bytes = [0; 32];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| StoreError::NoKey)?;
        Ok(STANDARD.encode(bytes))
    }

    /// Another key for one purpose, from which this one cannot be found.
    fn derive(&self, purpose: &str) -> [u8; 32] {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.0), purpose.as_bytes());
        let mut derived = [0; 32];
        derived.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        derived
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl Store {
    /// A key for one purpose, made from the key of secrets: the same in every process of this
    /// hub, and of no use for anything else. None without a key of secrets.
    pub fn derived_key(&self, purpose: &str) -> Option<[u8; 32]> {
        self.shared.vault.key.as_ref().map(|key| key.derive(purpose))
    }
}

/// Seals and opens.
#[derive(Clone)]
pub(crate) struct Vault {
    aead: Option<Arc<RandomizedNonceKey>>,
    key: Option<SecretKey>,
}

impl Vault {
    pub fn new(key: Option<SecretKey>) -> Self {
        let aead = key.as_ref().and_then(|k| RandomizedNonceKey::new(&AES_256_GCM, &k.0).ok());
        Self { aead: aead.map(Arc::new), key }
    }

    /// Seals a row's secrets; none need no key.
    pub fn seal(
        &self,
        workspace: &str,
        owner: &str,
        secrets: &Map<String, Value>,
    ) -> Result<Value, StoreError> {
        if secrets.is_empty() {
            return Ok(Value::Null);
        }
        let plain = Value::Object(secrets.clone()).to_string();
        self.encrypt(&place(workspace, owner), plain.as_bytes()).map(Value::String)
    }

    /// Opens a row's secrets.
    pub fn open(
        &self,
        workspace: &str,
        owner: &str,
        sealed: Option<&str>,
    ) -> Result<Map<String, Value>, StoreError> {
        let Some(sealed) = sealed else { return Ok(Map::new()) };
        let plain = self.decrypt(&place(workspace, owner), sealed)?;
        serde_json::from_slice(&plain).map_err(|_| StoreError::Sealed)
    }

    /// What proves later that the key is the same; none without a key.
    pub fn check_value(&self) -> Result<Option<String>, StoreError> {
        if self.aead.is_none() {
            return Ok(None);
        }
        self.encrypt("key_check", CHECK.as_bytes()).map(Some)
    }

    /// Whether the key is the one under which the value was made.
    pub fn check(&self, sealed: &str) -> Result<(), StoreError> {
        match self.decrypt("key_check", sealed) {
            Ok(plain) if plain == CHECK.as_bytes() => Ok(()),
            Err(StoreError::NoKey) => Err(StoreError::NoKey),
            Ok(_) | Err(_) => Err(StoreError::WrongKey),
        }
    }

    fn encrypt(&self, place: &str, plain: &[u8]) -> Result<String, StoreError> {
        let key = self.aead.as_ref().ok_or(StoreError::NoKey)?;
        let mut bytes = plain.to_vec();
        let nonce = key
            .seal_in_place_append_tag(Aad::from(place.as_bytes()), &mut bytes)
            .map_err(|_| StoreError::NoKey)?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.extend(bytes);
        Ok(STANDARD.encode(sealed))
    }

    fn decrypt(&self, place: &str, sealed: &str) -> Result<Vec<u8>, StoreError> {
        let key = self.aead.as_ref().ok_or(StoreError::NoKey)?;
        let bytes = STANDARD.decode(sealed).map_err(|_| StoreError::Sealed)?;
        let (nonce, rest) = bytes.split_at_checked(NONCE_LEN).ok_or(StoreError::Sealed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| StoreError::Sealed)?;
        let mut rest = rest.to_vec();
        let plain = key
            .open_in_place(nonce, Aad::from(place.as_bytes()), &mut rest)
            .map_err(|_| StoreError::Sealed)?;
        Ok(plain.to_vec())
    }
}

fn place(workspace: &str, owner: &str) -> String {
    format!("{workspace}/{owner}")
}
