//! Which rows of contacts are the customer.

use baton_core::phone;

use super::super::{policy, wire::ContactRow};

/// `statecode` of active rows (contact entity reference).
pub const ACTIVE: i64 = 0;

/// The filter for an e-mail address. The quotes are doubled here and the rest is encoded with the
/// address ("Filter rows using OData", read 2026-11-21); `eq` knows no wildcards.
pub fn by_email(email: &str) -> String {
    format!("emailaddress1 eq '{}' and {ALIVE}", email.replace('\'', "''"))
}

/// The filter for a column of the settings.
pub fn by_column(column: &str, value: &str) -> String {
    format!("{column} eq '{}' and {ALIVE}", value.replace('\'', "''"))
}

/// The filter for a phone number in whatever format it is stored: its last digits with wildcards
/// between them (the same page, "Use wildcard characters"). Everything found is compared.
pub fn by_phone(digits: &str) -> String {
    let from = digits.len().saturating_sub(policy::PHONE_DIGITS);
    let pattern: Vec<String> = digits.chars().skip(from).map(|digit| digit.to_string()).collect();
    let pattern = pattern.join("%");
    let columns = PHONES.map(|column| format!("contains({column},'{pattern}')"));
    format!("({}) and {ALIVE}", columns.join(" or "))
}

/// The columns that are looked at.
pub const SELECT: &str = "contactid,statecode,merged,_masterid_value,emailaddress1,mobilephone,\
                          telephone1,telephone2,telephone3";
/// A merged row is inactive and names the row that took its place.
const ALIVE: &str = "(statecode eq 0 or merged eq true)";
const PHONES: [&str; 4] = ["mobilephone", "telephone1", "telephone2", "telephone3"];

/// Whether the row has this address.
pub fn has_email(row: &ContactRow, email: &str) -> bool {
    let same = |text: &str| text.trim().to_lowercase() == email.trim().to_lowercase();
    row.emailaddress1.as_deref().is_some_and(same)
}

/// Whether the row has this number (E.164 digits) in any format; a number without a country is
/// read as one of the customer's.
pub fn has_phone(row: &ContactRow, digits: &str) -> bool {
    let region = phone::region(digits);
    let spellings = phone::aliases(digits);
    let stored = [&row.mobilephone, &row.telephone1, &row.telephone2, &row.telephone3];
    stored.into_iter().flatten().any(|text| match phone::normal(text, region.as_deref()) {
        Some(found) => spellings.contains(&found),
        None => region.is_none() && is_national(text, digits),
    })
}

/// Whether a text is the number without its country, where the country of the number is not
/// known: in ranges that nobody holds, and in those younger than the library.
fn is_national(text: &str, digits: &str) -> bool {
    let bare: String = text.chars().filter(char::is_ascii_digit).collect();
    let national = bare.trim_start_matches('0');
    let country = digits.strip_suffix(national).unwrap_or_default();
    !text.contains(char::is_alphabetic)
        && national.len() >= policy::PHONE_DIGITS
        && (1..=3).contains(&country.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_hold_no_more_than_the_customer_said() {
        assert_eq!(
            by_email("o'hara+'%_[]@example.com"),
            "emailaddress1 eq 'o''hara+''%_[]@example.com' and (statecode eq 0 or merged eq true)"
        );
        assert!(by_phone("491701234567").starts_with(
            "(contains(mobilephone,'1%2%3%4%5%6%7') or contains(telephone1,'1%2%3%4%5%6%7')"
        ));
        assert!(by_phone("123").contains("'1%2%3'"));
    }

    #[test]
    fn a_number_is_known_in_any_format() {
        let row = |mobile: &str| ContactRow {
            mobilephone: Some(mobile.to_owned()),
            ..ContactRow::default()
        };
        for stored in ["+49 (170) 123 45 67", "0170/1234567", "0049-170-1234567", "+491701234567"] {
            assert!(has_phone(&row(stored), "491701234567"), "{stored}");
        }
        for stored in ["+43 170 1234567", "0171 1234567", "170 1234567 ext. 9", "1234567", ""] {
            assert!(!has_phone(&row(stored), "491701234567"), "{stored}");
        }
        // The area 555 belongs to no country, so that the library reads nothing national in it.
        for (stored, same) in [
            ("(555) 010-0001", true),
            ("010-0001", false),
            ("(556) 010-0001", false),
            ("555 010 0001 ext 2", false),
        ] {
            assert_eq!(has_phone(&row(stored), "15550100001"), same, "{stored}");
        }
        // One person's number with and without Brazil's ninth digit.
        assert!(has_phone(&row("(11) 8765-0123"), "5511987650123"));
    }
}
