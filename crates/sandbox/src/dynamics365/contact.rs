//! Record identification: which contact a new conversation is linked to, and which case.
//!
//! Source: "Identify customers automatically", read 2026-11-21: only one single active match links, and the only active
//! case of that contact is linked with it. How email and phone play together is not said, and switched; the published
//! rule for voice asks for both at once.

use serde_json::Value;

use super::Inner;
use super::conversation::Customer;
use super::dataverse::tables::Stored;

/// The only active contact with this email or mobile phone; `None` when nobody or several match.
pub fn identify(inner: &Inner, customer: &Customer, how: &str) -> Option<String> {
    let email = customer.email.as_deref().filter(|email| !email.is_empty());
    let phone = customer.phonenumber.as_deref().filter(|phone| !phone.is_empty());
    let has_email = |row: &Stored| email.is_some_and(|email| is(row, "emailaddress1", email));
    let has_phone = |row: &Stored| phone.is_some_and(|phone| is(row, "mobilephone", phone));
    match how {
        "either" => only(matching(inner, |row| has_email(row) || has_phone(row))),
        "both" => only(matching(inner, |row| {
            (email.is_none() || has_email(row)) && (phone.is_none() || has_phone(row))
        }))
        .filter(|_| email.or(phone).is_some()),
        _ => {
            let by_email = matching(inner, has_email);
            if by_email.is_empty() { only(matching(inner, has_phone)) } else { only(by_email) }
        }
    }
}

/// The only active case of a contact; `None` when there is none, or several.
pub fn only_case(inner: &Inner, contact_id: &str) -> Option<String> {
    let cases = inner.tables.list("incidents").into_iter();
    let open = cases.filter(|row| is_active(row) && is(row, "_customerid_value", contact_id));
    only(open.filter_map(|row| text(row, "incidentid")).collect())
}

fn matching(inner: &Inner, wanted: impl Fn(&Stored) -> bool) -> Vec<String> {
    let contacts = inner.tables.list("contacts").into_iter();
    let found = contacts.filter(|row| is_active(row) && wanted(row));
    found.filter_map(|row| text(row, "contactid")).collect()
}

fn only(mut found: Vec<String>) -> Option<String> {
    let first = found.pop();
    first.filter(|_| found.is_empty())
}

fn is_active(row: &Stored) -> bool {
    row.row.get("statecode").and_then(Value::as_u64) == Some(0)
}

fn is(row: &Stored, column: &str, wanted: &str) -> bool {
    text(row, column).is_some_and(|value| value.eq_ignore_ascii_case(wanted))
}

fn text(row: &Stored, column: &str) -> Option<String> {
    row.row.get(column).and_then(Value::as_str).map(str::to_owned)
}
