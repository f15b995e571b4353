//! The people on the other side.

use serde::Serialize;

use super::message::Channel;
use crate::Ids;

/// People who may exist at once.
const MAX_CUSTOMERS: usize = 100_000;

/// One person with a phone, a WhatsApp account, or both.
#[derive(Clone, Debug, Serialize)]
pub struct Customer {
    /// E.164. `None` for somebody whom the business never knew by number.
    pub phone: Option<String>,
    /// Business-scoped WhatsApp user id.
    pub bsuid: String,
    /// The WhatsApp profile name.
    pub name: Option<String>,
    pub on_whatsapp: bool,
    /// Takes no SMS (21614).
    pub landline: bool,
    /// Every message to this person fails later with this code, such as 30003.
    pub fails_with: Option<i64>,
}

impl Customer {
    /// What the control API calls this person.
    pub fn key(&self) -> &str {
        self.phone.as_deref().unwrap_or(&self.bsuid)
    }

    /// `+1…` or `whatsapp:…`.
    pub fn address(&self, channel: Channel) -> String {
        channel.address(self.key())
    }
}

/// Everybody; the first is the default customer.
pub struct Customers {
    people: Vec<Customer>,
}

impl Customers {
    /// Three people, one of them without a number, and a landline.
    pub fn new(ids: &Ids) -> Self {
        let person = |phone: Option<&str>, name: &str| Customer {
            phone: phone.map(str::to_owned),
            bsuid: new_bsuid(ids),
            name: Some(name.to_owned()),
            on_whatsapp: true,
            landline: false,
            fails_with: None,
        };
        let mut people = vec![
            person(Some("+15550100001"), "Zoë Martínez"),
            person(Some("+15550100002"), "Emre Yılmaz"),
            person(None, "प्रिया"),
            person(Some("+15550100099"), "Landline"),
        ];
        people[3].on_whatsapp = false;
        people[3].landline = true;
        Self { people }
    }

    pub fn default_index(&self) -> usize {
        0
    }

    /// By number, with or without `+` and channel, or by user id.
    pub fn find(&self, key: &str) -> Option<usize> {
        let (_, bare) = Channel::split(key);
        let phone = if bare.starts_with('+') { bare.to_owned() } else { format!("+{bare}") };
        self.people
            .iter()
            .position(|one| one.bsuid == bare || one.phone.as_deref() == Some(phone.as_str()))
    }

    pub fn get(&self, index: usize) -> Option<&Customer> {
        self.people.get(index)
    }

    pub fn get_mut(&mut self, index: usize) -> Option<&mut Customer> {
        self.people.get_mut(index)
    }

    pub fn list(&self) -> &[Customer] {
        &self.people
    }

    /// Somebody with this number who is new here; `None` when there are too many people.
    pub fn add(&mut self, ids: &Ids, phone: Option<String>, on_whatsapp: bool) -> Option<usize> {
        if self.people.len() >= MAX_CUSTOMERS {
            return None;
        }
        self.people.push(Customer {
            phone,
            bsuid: new_bsuid(ids),
            name: None,
            on_whatsapp,
            landline: false,
            fails_with: None,
        });
        Some(self.people.len() - 1)
    }
}

/// Whether a text has the form of an E.164 number.
pub fn is_e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (8..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Whether a text has the form of a business-scoped user id.
pub fn is_bsuid(text: &str) -> bool {
    text.split_once('.').is_some_and(|(country, id)| {
        country.len() == 2
            && country.bytes().all(|byte| byte.is_ascii_uppercase())
            && !id.is_empty()
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
    })
}

fn new_bsuid(ids: &Ids) -> String {
    format!("US.{}", ids.digits(20))
}
