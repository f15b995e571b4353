//! The simulated Twilio account.

use serde::Serialize;

use crate::Ids;

/// One account with a long code, a toll-free number, a WhatsApp sender and a messaging service. All fake.
#[derive(Clone, Debug, Serialize)]
pub struct Account {
    /// `AC…`.
    pub account_sid: String,
    /// The password of the account, and the key of `X-Twilio-Signature`.
    pub auth_token: String,
    /// Taken as a password as well; signs when the switch `twilio.auth_token` says so.
    pub secondary_auth_token: String,
    /// `SK…`, another user name, with its own password.
    pub api_key_sid: String,
    pub api_key_secret: String,
    /// Named in `X-Twilio-Webhooks-Signature-Settings` when the switch `twilio.signature` asks for it.
    pub shared_key_id: String,
    pub shared_key_secret: String,
    /// A ten-digit long code in E.164, member of the messaging service.
    pub number: String,
    pub number_sid: String,
    /// A toll-free number in E.164, outside the messaging service.
    pub toll_free_number: String,
    pub toll_free_number_sid: String,
    /// The number of the WhatsApp sender, in E.164.
    pub whatsapp_number: String,
    /// `XE…`.
    pub whatsapp_sender_sid: String,
    /// `MG…`; its senders are the long code and the WhatsApp sender.
    pub service_sid: String,
    /// `BN…`.
    pub brand_sid: String,
    /// `QE…`.
    pub campaign_sid: String,
    /// `HH…`.
    pub toll_free_verification_sid: String,
}

impl Account {
    /// An account made from `seed`.
    pub fn from_seed(seed: u64) -> Self {
        let ids = Ids::new(seed, "twilio account");
        let sid = |prefix: &str| format!("{prefix}{}", ids.hex(32));
        // 555-01xx is set aside for fiction in every area of the North American numbering plan.
        let number = |area: &str| format!("+1{area}55501{:02}", ids.next_u64() % 100);
        Self {
            account_sid: sid("AC"),
            auth_token: ids.hex(32),
            secondary_auth_token: ids.hex(32),
            api_key_sid: sid("SK"),
            api_key_secret: ids.alphanumeric(32),
            shared_key_id: sid("WK"),
            shared_key_secret: ids.alphanumeric(40),
            number: number("212"),
            number_sid: sid("PN"),
            toll_free_number: number("888"),
            toll_free_number_sid: sid("PN"),
            whatsapp_number: number("646"),
            whatsapp_sender_sid: sid("XE"),
            service_sid: sid("MG"),
            brand_sid: sid("BN"),
            campaign_sid: sid("QE"),
            toll_free_verification_sid: sid("HH"),
        }
    }

    /// Where Twilio's hosts are found under the sandbox's own address.
    pub fn urls(&self, base_url: &str) -> Urls {
        let base = base_url.trim_end_matches('/');
        Urls {
            api_url: format!("{base}/twilio/api"),
            messaging_url: format!("{base}/twilio/messaging"),
            content_url: format!("{base}/twilio/content"),
            lookups_url: format!("{base}/twilio/lookups"),
        }
    }
}

impl Default for Account {
    fn default() -> Self {
        Self::from_seed(1)
    }
}

/// Base addresses, to which a client appends Twilio's own paths.
#[derive(Clone, Debug, Serialize)]
pub struct Urls {
    /// In place of `https://api.twilio.com`.
    pub api_url: String,
    /// In place of `https://messaging.twilio.com`.
    pub messaging_url: String,
    /// In place of `https://content.twilio.com`.
    pub content_url: String,
    /// In place of `https://lookups.twilio.com`.
    pub lookups_url: String,
}
