//! The objects that a service organisation with messaging has, as far as a hub meets them.

mod messaging;
mod people;
mod service;
mod setup;

pub use service::STATUSES;

use serde_json::Value;

use super::schema::{Field, Kind, Object};

/// What a reference to several objects offers: the fields that they have in common.
pub const ANY: &str = "Name";

/// Every object.
pub fn all() -> Vec<Object> {
    [people::objects(), service::objects(), messaging::objects(), setup::objects()].concat()
}

pub fn text(name: &str, label: &str, length: usize) -> Field {
    Field::new(Kind::Text, name, label, length)
}

pub fn area(name: &str, label: &str, length: usize) -> Field {
    Field::new(Kind::Area, name, label, length)
}

pub fn email(name: &str, label: &str) -> Field {
    Field::new(Kind::Email, name, label, 80)
}

pub fn phone(name: &str, label: &str) -> Field {
    Field::new(Kind::Phone, name, label, 40)
}

pub fn flag(name: &str, label: &str) -> Field {
    Field::new(Kind::Flag, name, label, 0).or(false)
}

pub fn number(name: &str, label: &str) -> Field {
    Field::new(Kind::Number, name, label, 0)
}

pub fn instant(name: &str, label: &str) -> Field {
    Field::new(Kind::Instant, name, label, 0)
}

pub fn lookup(name: &str, label: &str, relationship: &str, targets: &[&str]) -> Field {
    Field {
        targets: targets.iter().map(|target| (*target).to_owned()).collect(),
        relationship: Some(relationship.to_owned()),
        ..Field::new(Kind::Reference, name, label, 18)
    }
}

pub fn picklist(name: &str, label: &str, choices: &[&str]) -> Field {
    Field {
        choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
        ..Field::new(Kind::Picklist, name, label, 255)
    }
}

/// Who a row belongs to.
fn owner() -> Field {
    lookup("OwnerId", "Owner ID", "Owner", &["Group", "User"])
}

/// The values that a new row has where it says nothing.
pub fn defaults(object: &Object) -> impl Iterator<Item = (&String, Value)> {
    object.fields.iter().map(|field| {
        let default = field.default.clone().unwrap_or(Value::Null);
        (&field.name, default)
    })
}
