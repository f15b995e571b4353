//! Where webhooks go: the app's address, unless the account or the number has its own.

use serde_json::{Value, json};

/// Whose address it is; the most particular one wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    App,
    Account,
    Number,
}

/// The addresses; without any, nothing is sent.
pub struct Callbacks {
    app: Option<String>,
    account: Option<String>,
    number: Option<String>,
    /// The app does not listen to the account.
    pub unsubscribed: bool,
}

impl Callbacks {
    pub fn new(app: Option<String>) -> Self {
        Self { app, account: None, number: None, unsubscribed: false }
    }

    pub fn set(&mut self, level: Level, url: Option<String>) {
        match level {
            Level::App => {
                self.app = url;
                self.unsubscribed = false;
            }
            Level::Account => self.account = url,
            Level::Number => self.number = url,
        }
    }

    /// Where webhooks go now.
    pub fn target(&self) -> Option<String> {
        let url = self.number.as_ref().or(self.account.as_ref()).or(self.app.as_ref());
        url.filter(|_| !self.unsubscribed).cloned()
    }

    /// `webhook_configuration` of the number.
    pub fn shown(&self) -> Value {
        let mut shown = json!({});
        let levels = [
            ("application", &self.app),
            ("whatsapp_business_account", &self.account),
            ("phone_number", &self.number),
        ];
        for (level, url) in levels {
            if let Some(url) = url {
                shown[level] = json!(url);
            }
        }
        shown
    }

    /// `GET /{waba}/subscribed_apps`.
    pub fn apps(&self) -> Vec<Value> {
        if self.unsubscribed || self.target().is_none() {
            return Vec::new();
        }
        let mut app = json!({ "whatsapp_business_api_data": { "name": "Sandbox app" } });
        if let Some(url) = &self.account {
            app["override_callback_uri"] = json!(url);
        }
        vec![app]
    }
}
