//! Record identification: which contact a new conversation is linked to.
//!
//! Source: "Set up record identification rules", checked 2026-11-20: only one single active match links.

use serde_json::Value;

use super::Inner;
use super::conversation::Customer;
use super::tables::Stored;

/// The only active contact with this email or mobile phone; `None` when nobody or several match.
pub fn identify(inner: &Inner, customer: &Customer) -> Option<String> {
    let matches = |stored: &&Stored| {
        let is = |column: &str, wanted: Option<&String>| {
            let value = stored.row.get(column).and_then(Value::as_str).unwrap_or_default();
            wanted.is_some_and(|wanted| !wanted.is_empty() && value.eq_ignore_ascii_case(wanted))
        };
        let active = stored.row.get("statecode").and_then(Value::as_u64) == Some(0);
        active
            && (is("emailaddress1", customer.email.as_ref())
                || is("mobilephone", customer.phonenumber.as_ref()))
    };
    let contacts = inner.tables.list("contacts");
    let mut found = contacts.into_iter().filter(matches);
    match (found.next(), found.next()) {
        (Some(only), None) => only.row.get("contactid").and_then(Value::as_str).map(str::to_owned),
        _ => None,
    }
}
