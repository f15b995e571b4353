//! The key pair that Salesforce verifies our customers by: made here, so that the key set holds
//! everything that it wants.

use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};

use super::{
    key::SigningKey,
    key_set::{PublicHalf, pem},
};

/// Everything that is made with a new key.
pub struct Keys {
    /// The private key: for the desk's settings only.
    pub private_pem: String,
    /// The certificate, for a connected app.
    pub certificate_pem: String,
    /// The public key, to be uploaded in Setup.
    pub jwk_json: String,
    /// The same as a set, to be served at a public address.
    pub jwks_json: String,
}

/// Why no keys were made; fits after "failed to".
#[derive(Debug)]
pub enum KeygenError {
    /// The key's id or its issuer cannot be one: which of them.
    Word(&'static str),
    /// The key or its certificate.
    Make(rcgen::Error),
    /// What was made cannot be read again.
    Read,
}

impl std::fmt::Display for KeygenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Word(which) => write!(f, "name the key: {which} must be one word without spaces"),
            Self::Make(why) => write!(f, "make the key pair: {why}"),
            Self::Read => f.write_str("read the new key pair; try again"),
        }
    }
}

impl std::error::Error for KeygenError {}

impl From<rcgen::Error> for KeygenError {
    fn from(why: rcgen::Error) -> Self {
        Self::Make(why)
    }
}

/// Makes an RSA key of 2,048 bits, its certificate and its JWK under this key id. The issuer is
/// the word that stands in the key set as "JSON web key issuer".
///
/// # Errors
/// The key id or the issuer is no word, or the machine gives no random numbers.
pub fn keygen(kid: &str, issuer: &str) -> Result<Keys, KeygenError> {
    // Settings are read without the spaces around them, and then the two would differ.
    let is_word =
        |text: &str| !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    for (which, text) in [("the key id", kid), ("the issuer", issuer)] {
        if !is_word(text) {
            return Err(KeygenError::Word(which));
        }
    }
    let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
    let private_pem = pem("PRIVATE KEY", pair.serialized_der());
    let key = SigningKey::read("private_key", &private_pem).map_err(|_| KeygenError::Read)?;
    let public = PublicHalf::of(&key, kid, issuer)?;
    Ok(Keys {
        private_pem,
        certificate_pem: public.certificate_pem(),
        jwk_json: public.jwk(),
        jwks_json: public.set(),
    })
}
