//! The people on the other side: who they are to Meta, and what a business is told about them.

use serde::Serialize;
use serde_json::{Value, json};

use crate::Ids;

/// Users that may exist at once.
const MAX_USERS: usize = 100_000;

/// One WhatsApp user, or a phone number that is not on WhatsApp.
#[derive(Clone, Debug, Serialize)]
pub struct User {
    /// Business-scoped user id; changes when the person changes number.
    pub bsuid: String,
    /// Digits only. `None` for somebody whom the business never knew by number.
    pub phone: Option<String>,
    /// Somebody with a username keeps the number out of webhooks.
    pub username: Option<String>,
    pub name: Option<String>,
    pub on_whatsapp: bool,
    /// The person has blocked the business: messages stay at `sent`.
    pub blocked: bool,
    /// On the allow list of a test number.
    pub allowed: bool,
    /// The business has blocked the person: nothing passes either way.
    pub blocked_by_business: bool,
    /// The person wants no marketing messages of this business.
    pub stopped_marketing: bool,
}

impl User {
    /// Somebody on WhatsApp of whom nothing else is known.
    pub fn new(bsuid: String) -> Self {
        Self {
            bsuid,
            phone: None,
            username: None,
            name: None,
            on_whatsapp: true,
            blocked: false,
            allowed: true,
            blocked_by_business: false,
            stopped_marketing: false,
        }
    }

    /// The number, where webhooks may show it.
    pub fn visible_phone(&self) -> Option<&str> {
        if self.username.is_some() { None } else { self.phone.as_deref() }
    }

    /// What faults and the control API call this user.
    pub fn key(&self) -> String {
        self.phone.clone().unwrap_or_else(|| self.bsuid.clone())
    }

    /// The contact card that somebody with a number sends of themselves.
    pub fn own_card(&self) -> Option<Value> {
        let phone = self.phone.as_ref()?;
        let name = self.name.as_deref().unwrap_or(phone);
        Some(json!([{
            "name": { "formatted_name": name, "first_name": name },
            "phones": [{ "phone": format!("+{phone}"), "wa_id": phone, "type": "CELL" }],
        }]))
    }

    /// An item of `contacts[]`.
    pub fn contact(&self) -> Value {
        let mut contact = json!({ "user_id": self.bsuid });
        if let Some(phone) = self.visible_phone() {
            contact["wa_id"] = json!(phone);
        }
        if let Some(name) = &self.name {
            contact["profile"] = json!({ "name": name });
        }
        if let Some(username) = &self.username {
            contact["profile"]["username"] = json!(username);
        }
        contact
    }
}

/// Everybody that the simulator knows; the first is the default customer.
pub struct Users {
    users: Vec<User>,
}

impl Users {
    /// Three people (one of them without a number) and a number that is not on WhatsApp.
    pub fn new(ids: &Ids) -> Self {
        let person = |phone: Option<&str>, username: Option<&str>, name: &str| User {
            phone: phone.map(str::to_owned),
            username: username.map(str::to_owned),
            name: Some(name.to_owned()),
            ..User::new(new_bsuid(ids))
        };
        let mut users = vec![
            person(Some("15550100001"), None, "Zoë Martínez"),
            person(Some("15550100002"), None, "Emre Yılmaz"),
            person(None, Some("priya.k"), "प्रिया"),
            person(Some("15550100099"), None, "Landline"),
        ];
        users[3].on_whatsapp = false;
        Self { users }
    }

    pub fn default_index(&self) -> usize {
        0
    }

    /// By number (with or without `+` and spaces), business-scoped id or username.
    pub fn find(&self, key: &str) -> Option<usize> {
        let digits = digits(key);
        self.users.iter().position(|user| {
            user.bsuid == key
                || user.username.as_deref() == Some(key)
                || (!digits.is_empty() && user.phone.as_deref() == Some(digits.as_str()))
        })
    }

    pub fn get(&self, index: usize) -> Option<&User> {
        self.users.get(index)
    }

    /// Everybody whom the business has blocked.
    pub fn blocked(&self) -> impl Iterator<Item = &User> {
        self.users.iter().filter(|user| user.blocked_by_business)
    }

    pub fn get_mut(&mut self, index: usize) -> Option<&mut User> {
        self.users.get_mut(index)
    }

    pub fn list(&self) -> &[User] {
        &self.users
    }

    /// Adds a user; `None` when there are too many.
    pub fn add(&mut self, user: User) -> Option<usize> {
        if self.users.len() >= MAX_USERS {
            return None;
        }
        self.users.push(user);
        Some(self.users.len() - 1)
    }
}

/// The digits of a phone number; empty if it is not one.
pub fn digits(key: &str) -> String {
    let plausible =
        key.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '(' | ')'));
    if plausible { key.chars().filter(char::is_ascii_digit).collect() } else { String::new() }
}

/// ISO country code, a dot, and up to 128 letters and digits.
pub fn new_bsuid(ids: &Ids) -> String {
    format!("US.{}", ids.digits(20))
}
