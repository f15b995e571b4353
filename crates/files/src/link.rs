//! Addresses from which a vendor or a rep can have one file for a while: whoever has the
//! address has the file, until it expires.

use std::fmt;

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use baton_core::{ids::MessageId, time::Timestamp};

/// Makes addresses and knows its own again.
#[derive(Clone)]
pub struct Links {
    public_url: String,
    key: hmac::Key,
}

impl Links {
    /// Links of a hub that is reached at this address, under this key.
    pub fn new(public_url: &str, key: &[u8; 32]) -> Self {
        let public_url = public_url.trim_end_matches('/').to_owned();
        Self { public_url, key: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    /// The address of a message's file until a moment. The name is for people and for those
    /// who go by extensions; it is not signed.
    pub fn link(&self, message: MessageId, name: &str, until: Timestamp) -> String {
        let signature = URL_SAFE_NO_PAD.encode(self.sign(message, until));
        let name: String = name.chars().map(plain).collect();
        format!("{}/files/{message}/{}/{signature}/{name}", self.public_url, until.0)
    }

    /// Whether an address is one of ours and still counts. Compares in constant time.
    pub fn check(
        &self,
        message: MessageId,
        until: Timestamp,
        signature: &str,
        now: Timestamp,
    ) -> bool {
        let told = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
        let words = words(message, until);
        hmac::verify(&self.key, words.as_bytes(), &told).is_ok() && now < until
    }

    fn sign(&self, message: MessageId, until: Timestamp) -> hmac::Tag {
        hmac::sign(&self.key, words(message, until).as_bytes())
    }
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Links").field("public_url", &self.public_url).finish_non_exhaustive()
    }
}

fn words(message: MessageId, until: Timestamp) -> String {
    format!("file/{message}/{}", until.0)
}

fn plain(c: char) -> char {
    if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const MESSAGE: MessageId = MessageId(Uuid::from_u128(9));

    #[test]
    fn a_link_counts_for_its_message_until_it_expires() {
        let links = Links::new("https://hub.example/", &[1; 32]);
        let until = Timestamp(1_000);
        let link = links.link(MESSAGE, "über/photo 1.png", until);
        let rest = link.strip_prefix("https://hub.example/files/").unwrap();
        let parts: Vec<&str> = rest.split('/').collect();
        assert_eq!((parts[0], parts[1]), (MESSAGE.to_string().as_str(), "1000"));
        assert_eq!(parts[3], "_ber_photo_1.png");
        let check = |message, until, signature: &str, now| {
            links.check(message, Timestamp(until), signature, Timestamp(now))
        };
        assert!(check(MESSAGE, 1_000, parts[2], 999));
        assert!(!check(MESSAGE, 1_000, parts[2], 1_000), "expired");
        assert!(!check(MESSAGE, 2_000, parts[2], 999), "stretched");
        assert!(!check(MessageId(Uuid::nil()), 1_000, parts[2], 999), "another message");
        assert!(!check(MESSAGE, 1_000, "", 999) && !check(MESSAGE, 1_000, "no!", 999));
        let other = Links::new("https://hub.example", &[2; 32]);
        assert!(!other.check(MESSAGE, until, parts[2], Timestamp(0)), "another key");
    }
}
