//! The simulated WhatsApp Business account.

use serde::Serialize;

use crate::Ids;

/// One business number with its ids and secrets. All fake.
#[derive(Clone, Debug, Serialize)]
pub struct Account {
    /// The account that owns templates and subscriptions; `entry[].id` of every webhook.
    pub waba_id: String,
    pub phone_number_id: String,
    /// Digits only.
    pub display_phone_number: String,
    pub verified_name: String,
    /// The bearer token of the app's system user.
    pub access_token: String,
    /// The key of `X-Hub-Signature-256`.
    pub app_secret: String,
    /// What the subscription handshake presents.
    pub verify_token: String,
    /// Where webhooks go; usually set later through the control API, when the receiver listens.
    pub hook_url: Option<String>,
}

impl Account {
    /// An account made from `seed`.
    pub fn from_seed(seed: u64) -> Self {
        let ids = Ids::new(seed, "whatsapp account");
        Self {
            waba_id: ids.digits(15),
            phone_number_id: ids.digits(15),
            // 555-01xx is set aside for fiction in the North American numbering plan.
            display_phone_number: format!("155501{:05}", ids.next_u64() % 100_000),
            verified_name: "Sandbox Company".to_owned(),
            access_token: format!("EAAS{}", ids.alphanumeric(60)),
            app_secret: ids.hex(32),
            verify_token: ids.hex(24),
            hook_url: None,
        }
    }
}

impl Default for Account {
    fn default() -> Self {
        Self::from_seed(1)
    }
}
