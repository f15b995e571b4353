//! What the story needs to know of each vendor.

use baton_sandbox::Config;
use serde_json::{Value, json};

/// One vendor and one kind of address at it.
pub struct Vendor {
    /// Its folder.
    pub name: &'static str,
    /// Its simulator.
    pub simulator: &'static str,
    /// The order that tells the simulator where the hook is.
    pub subscribe: &'static str,
    /// The inbox's settings, from the accounts, the sandbox's address and the hook's.
    pub settings: fn(&Config, &str, &str) -> Value,
    /// What the simulator is told when the customer says something, with a picture or without.
    pub said: fn(&str, bool) -> Value,
    /// The same when the customer taps the button or row with these words.
    pub tapped: fn(&str) -> Value,
    /// The `raw` order of a webhook that no page of the vendor describes, to the hook's address.
    pub odd: fn(&Config, &str) -> Value,
    /// The `raw` order of a webhook with three messages, of which the middle one is not readable;
    /// none where a webhook carries one message.
    pub batch: Option<fn(&Config) -> Value>,
    /// The switches with which statuses overtake each other, the last one coming at once.
    pub backwards: &'static [(&'static str, &'static str)],
}

pub const WHATSAPP_CLOUD: Vendor = Vendor {
    name: "whatsapp_cloud",
    simulator: "whatsapp",
    subscribe: "whatsapp/subscribe",
    settings: |config, base, _| {
        let account = &config.whatsapp;
        json!({
            "access_token": account.access_token, "app_secret": account.app_secret,
            "verify_token": account.verify_token, "waba_id": account.waba_id,
            "phone_number_id": account.phone_number_id,
            "display_phone_number": account.display_phone_number, "base_url": base,
        })
    },
    said: |text, picture| match picture {
        false => json!({ "text": text }),
        true => json!({ "media": { "kind": "image", "mime_type": "image/png", "caption": text } }),
    },
    tapped: |choice| json!({ "choose": choice }),
    odd: |config, _| {
        let change = json!({ "field": "holograms", "value": { "hologram": 1 } });
        json!({ "body": of_account(config, &change) })
    },
    batch: Some(|config| {
        let message = |id: &str| {
            json!({
                "id": id, "from": "15550100001", "from_user_id": "US.1", "type": "text",
                "timestamp": "1795132800", "text": { "body": id },
            })
        };
        let bad = json!({ "id": { "poison": true }, "type": ["text"], "timestamp": [] });
        let account = &config.whatsapp;
        let value = json!({
            "messaging_product": "whatsapp",
            "metadata": {
                "display_phone_number": account.display_phone_number,
                "phone_number_id": account.phone_number_id,
            },
            "messages": [message("wamid.1"), bad, message("wamid.3")],
        });
        json!({ "body": of_account(config, &json!({ "field": "messages", "value": value })) })
    }),
    backwards: &[("whatsapp.status_order", "reversed")],
};

fn of_account(config: &Config, change: &Value) -> Value {
    let entry = json!({ "id": config.whatsapp.waba_id, "changes": [change] });
    json!({ "object": "whatsapp_business_account", "entry": [entry] })
}

pub const TWILIO_SMS: Vendor = Vendor {
    name: "twilio",
    simulator: "twilio",
    subscribe: "twilio/hooks",
    settings: |config, base, hook| {
        let account = &config.twilio;
        let urls = account.urls(base);
        json!({
            "account_sid": account.account_sid, "auth_token": account.auth_token,
            "sender": account.number, "webhook_url": hook,
            "api_url": urls.api_url, "messaging_url": urls.messaging_url,
            "content_url": urls.content_url,
        })
    },
    said: |text, picture| {
        let media = picture.then(|| json!({ "content_type": "image/png", "text": "pixels" }));
        json!({ "text": text, "media": Vec::from_iter(media) })
    },
    tapped: |choice| json!({ "choose": choice }),
    odd: |config, hook| {
        let account = &config.twilio.account_sid;
        json!({ "url": hook, "params": [["AccountSid", account], ["HologramSid", "HO1"]] })
    },
    batch: None,
    backwards: &[("twilio.status_order", "reversed")],
};

pub const TWILIO_WHATSAPP: Vendor = Vendor {
    settings: |config, base, hook| {
        let mut settings = (TWILIO_SMS.settings)(config, base, hook);
        settings["sender"] = format!("whatsapp:{}", config.twilio.whatsapp_number).into();
        settings
    },
    said: |text, picture| {
        let mut order = (TWILIO_SMS.said)(text, picture);
        order["channel"] = "whatsapp".into();
        order
    },
    ..TWILIO_SMS
};

pub const TELNYX: Vendor = Vendor {
    name: "telnyx",
    simulator: "telnyx",
    subscribe: "telnyx/hooks",
    settings: |config, base, hook| {
        let account = &config.telnyx;
        json!({
            "api_key": account.api_key, "public_key": account.public_key,
            "sender": account.number, "webhook_url": hook, "api_url": account.api_url(base),
        })
    },
    said: |text, picture| json!({ "text": text, "media": Vec::from_iter(picture.then_some("image/png")) }),
    tapped: |choice| json!({ "choose": choice }),
    odd: |_, _| {
        let data = json!({
            "event_type": "message.hologram", "id": "0190f5c3-7d3c-7c44-9a54-6b1f0c6d0a09",
            "record_type": "event", "occurred_at": "2026-11-20T00:00:00.000Z", "payload": {},
        });
        json!({ "text": json!({ "data": data }).to_string() })
    },
    batch: None,
    backwards: &[("telnyx.sent_after_ms", "1000"), ("telnyx.finalized_after_ms", "0")],
};

/// Every vendor, on every channel that it serves.
pub const ALL: [&Vendor; 4] = [&WHATSAPP_CLOUD, &TWILIO_SMS, &TWILIO_WHATSAPP, &TELNYX];
