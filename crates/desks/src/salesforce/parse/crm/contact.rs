//! Which contacts are the customer: how they are asked for, and whether one that came is.

use baton_core::phone;

use crate::salesforce::{
    policy::crm as policy,
    soql::{list, quoted, rows, searched},
    wire::crm::ContactRow,
};

const FIELDS: &str = "Id, Email, Phone, MobilePhone, HomePhone, OtherPhone";
const PHONES: [&str; 4] = ["Phone", "MobilePhone", "HomePhone", "OtherPhone"];

/// By e-mail; the organisation compares without case.
pub fn by_email(email: &str) -> String {
    contacts(&format!("Email = {}", quoted(email)))
}

/// By Baton's own word for the customer.
pub fn by_key(field: &str, key: &str) -> String {
    contacts(&format!("{field} = {}", quoted(key)))
}

/// The oldest first.
fn contacts(filter: &str) -> String {
    rows(FIELDS, "Contact", filter, "CreatedDate", policy::CONTACTS_MAX)
}

/// By phone in whatever format it is stored: the search's index breaks numbers into their digits
/// ("FIND {SearchQuery}" and "Search Groups", SOQL and SOSL Reference, checked 2026-11). Everything
/// found is compared.
pub fn search_phone(digits: &str) -> String {
    let words =
        spellings(digits).into_iter().filter(|text| text.chars().all(|c| c.is_ascii_digit()));
    let words: Vec<String> = words.map(|text| searched(&text)).collect();
    let (words, most) = (words.join(" OR "), policy::CONTACTS_MAX);
    format!("FIND {{{words}}} IN PHONE FIELDS RETURNING Contact({FIELDS} LIMIT {most})")
}

/// By phone as people and programs write it: what was stored a moment ago is not in the search's
/// index yet, and is found by this.
pub fn by_phone(digits: &str) -> String {
    let values = list(&spellings(digits));
    contacts(&PHONES.map(|field| format!("{field} IN {values}")).join(" OR "))
}

/// The usual ways to write a number, of both its spellings where it has two.
fn spellings(digits: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for digits in phone::aliases(digits) {
        all.extend([digits.clone(), format!("+{digits}"), format!("00{digits}")]);
        let Some(national) = national(&digits) else {
            // No plan is known: its country has one to three digits.
            all.extend((1..=3).filter_map(|at| digits.get(at..)).map(str::to_owned));
            continue;
        };
        let country = &digits[..digits.len() - national.len()];
        all.extend([national.to_owned(), format!("0{national}")]);
        all.push(format!("+{country} {national}"));
        // What the product itself writes for numbers of the North American plan ("Phone Fields",
        // Salesforce Help, checked 2026-11).
        if let (true, Some((area, rest))) = (country == "1", national.split_at_checked(3))
            && let Some((exchange, line)) = rest.split_at_checked(3)
        {
            all.push(format!("({area}) {exchange}-{line}"));
            all.push(format!("{area}-{exchange}-{line}"));
            all.push(format!("+1 ({area}) {exchange}-{line}"));
        }
    }
    all
}

/// The number without its country.
fn national(digits: &str) -> Option<&str> {
    let region = phone::region(digits)?;
    (1..=3)
        .filter_map(|at| digits.get(at..))
        .find(|rest| phone::normal(rest, Some(&region)).is_some_and(|whole| whole == digits))
}

/// Whether the row has this address.
pub fn has_email(row: &ContactRow, email: &str) -> bool {
    let same = |text: &str| text.trim().to_lowercase() == email.trim().to_lowercase();
    row.email.as_deref().is_some_and(same)
}

/// Whether the row has this number (E.164 digits) in any format; a number without a country is
/// read as one of the customer's.
pub fn has_phone(row: &ContactRow, digits: &str) -> bool {
    let region = phone::region(digits);
    let known = phone::aliases(digits);
    let stored = [&row.mobile_phone, &row.phone, &row.home_phone, &row.other_phone];
    stored.into_iter().flatten().any(|text| {
        let found = phone::normal(text, region.as_deref());
        found.as_ref().is_some_and(|found| known.contains(found))
            || is_bare(text, digits, region.is_none() && found.is_none())
    })
}

/// Whether a text is the number's digits with its country and no plus sign; or without its country,
/// where that has no plan that is known.
fn is_bare(text: &str, digits: &str, without_country: bool) -> bool {
    let bare: String = text.chars().filter(char::is_ascii_digit).collect();
    if text.contains(char::is_alphabetic) {
        return false;
    }
    let national = bare.trim_start_matches('0');
    let country = digits.strip_suffix(national).unwrap_or_default();
    bare == digits || (without_country && national.len() >= 7 && (1..=3).contains(&country.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(mobile: &str) -> ContactRow {
        ContactRow { mobile_phone: Some(mobile.to_owned()), ..ContactRow::default() }
    }

    #[test]
    fn questions_hold_no_more_than_the_customer_said() {
        let email = by_email(r"o'hara\@example.com");
        assert!(email.contains(r"WHERE Email = 'o\'hara\\@example.com' ORDER"), "{email}");
        let search = search_phone("14155550132");
        assert!(
            search.starts_with("FIND {14155550132 OR 0014155550132 OR 4155550132 OR"),
            "{search}"
        );
        let asked = by_phone("14155550132");
        assert!(asked.contains("Phone IN ('14155550132', '+14155550132'"), "{asked}");
        assert!(asked.contains("'(415) 555-0132'"), "{asked}");
    }

    #[test]
    fn a_number_is_known_in_any_format() {
        for stored in ["+49 (170) 123 45 67", "0170/1234567", "0049-170-1234567", "491701234567"] {
            assert!(has_phone(&row(stored), "491701234567"), "{stored}");
        }
        for stored in ["+43 170 1234567", "0171 1234567", "170 1234567 ext. 9", "1234567", ""] {
            assert!(!has_phone(&row(stored), "491701234567"), "{stored}");
        }
        // The area 555 belongs to no country, so that nothing national is read in it.
        for (stored, same) in
            [("(555) 010-0001", true), ("010-0001", false), ("556 010 0001", false)]
        {
            assert_eq!(has_phone(&row(stored), "15550100001"), same, "{stored}");
        }
        // One person's number with and without Brazil's ninth digit.
        assert!(has_phone(&row("(11) 8765-0123"), "5511987650123"));
    }
}
