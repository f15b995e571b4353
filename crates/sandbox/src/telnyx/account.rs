//! The simulated Telnyx account.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::Ids;

/// One account with a number and its messaging profile. All fake.
#[derive(Clone, Debug, Serialize)]
pub struct Account {
    /// The bearer of every call.
    pub api_key: String,
    /// Checks the signature of webhooks: the Ed25519 public key in base64.
    pub public_key: String,
    /// In E.164.
    pub number: String,
    pub messaging_profile_id: String,
    #[serde(skip)]
    pub(super) seed: [u8; 32],
}

impl Account {
    /// An account made from `seed`.
    pub fn from_seed(seed: u64) -> Self {
        let ids = Ids::new(seed, "telnyx account");
        let mut key_seed = [0; 32];
        for chunk in key_seed.chunks_mut(8) {
            chunk.copy_from_slice(&ids.next_u64().to_be_bytes());
        }
        let public_key = Ed25519KeyPair::from_seed_unchecked(&key_seed)
            .map_or(String::new(), |pair| STANDARD.encode(pair.public_key()));
        Self {
            api_key: format!("KEY{}_{}", ids.hex(32), ids.alphanumeric(22)),
            public_key,
            // 555-01xx is set aside for fiction in every area of the North American numbering plan.
            number: format!("+131255501{:02}", ids.next_u64() % 100),
            messaging_profile_id: ids.guid(),
            seed: key_seed,
        }
    }

    /// What comes in place of `https://api.telnyx.com`, to which a client appends `/v2/…`.
    pub fn api_url(&self, base_url: &str) -> String {
        format!("{}/telnyx", base_url.trim_end_matches('/'))
    }
}

impl Default for Account {
    fn default() -> Self {
        Self::from_seed(1)
    }
}
