//! Phone numbers: one normal form, and the spellings that belong to one person.

use rlibphonenumber::{NumberLengthType, PHONE_NUMBER_UTIL, PhoneNumberFormat, Region};

/// The longest text that is looked at, in bytes: far above any number with its separators.
const MAX_TEXT_BYTES: usize = 64;

/// Area codes that are free for the caller in the North American plan (Toll-Free Numbers and Text
/// Messaging, checked 2026-11-20).
const TOLL_FREE: &[&str] = &["800", "833", "844", "855", "866", "877", "888"];

/// Reads a number as people write it and gives its E.164 digits without the plus sign, which is
/// how [`crate::contact::PointKind::Phone`] is stored.
///
/// A number without country code is read as one of `default_region` (ISO 3166-1, "US"), and is
/// none without it; a vendor's bare digits therefore need a plus sign in front. The spelling of the
/// country stays as it is, because vendors address people by it: see [`aliases`]. None: not a
/// number, of a length that its country does not have, or one with an extension, which is a
/// switchboard and not a person's.
pub fn normal(text: &str, default_region: Option<&str>) -> Option<String> {
    if text.len() > MAX_TEXT_BYTES {
        return None;
    }
    let region = default_region.and_then(|code| Region::from_code(code).ok());
    let number = PHONE_NUMBER_UTIL.parse(text, region).ok()?;
    if number.extension.is_some() {
        return None;
    }
    let written = PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164);
    let digits = written.strip_prefix('+')?;
    aliases(digits).iter().any(|spelling| is_possible(spelling)).then(|| digits.to_owned())
}

/// Every spelling of one person's number, as E.164 digits: the one of today's numbering plan first,
/// then what older accounts and address books still hold. One element where there is only one.
///
/// - Brazil: mobile numbers got a ninth digit, a 9 after the area code; WhatsApp ids of older
///   accounts lack it. Landlines begin with 2 to 5 and never had one.
/// - Mexico: mobile numbers had a 1 after 52 until 2019.
/// - Argentina: mobile numbers have a 9 after 54 when called from abroad. A landline cannot be told
///   from its digits; its second spelling belongs to nobody else.
pub fn aliases(digits: &str) -> Vec<String> {
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return vec![digits.to_owned()];
    }
    two_spellings(digits).map_or_else(|| vec![digits.to_owned()], Vec::from)
}

fn two_spellings(digits: &str) -> Option<[String; 2]> {
    let (country, national) = digits.split_at_checked(2)?;
    match country {
        "55" => {
            let (area, number) = national.split_at_checked(2)?;
            let number = without_mark(number, 8, '9')?;
            let mobile = !area.contains('0') && matches!(first(number), b'6'..=b'9');
            mobile.then(|| [format!("55{area}9{number}"), format!("55{area}{number}")])
        }
        "52" => {
            let number = without_mark(national, 10, '1')?;
            matches!(first(number), b'2'..=b'9')
                .then(|| [format!("52{number}"), format!("521{number}")])
        }
        "54" => {
            let number = without_mark(national, 10, '9')?;
            matches!(first(number), b'1'..=b'3')
                .then(|| [format!("549{number}"), format!("54{number}")])
        }
        _ => None,
    }
}

/// The number without the digit that marks a mobile one; none for any other length.
fn without_mark(number: &str, len: usize, mark: char) -> Option<&str> {
    if number.len() == len {
        return Some(number);
    }
    number.strip_prefix(mark).filter(|rest| rest.len() == len)
}

fn first(number: &str) -> u8 {
    number.bytes().next().unwrap_or_default()
}

/// Whether a number (E.164 digits) is toll-free in the North American plan, where such senders
/// have a registration of their own.
pub fn is_north_american_toll_free(digits: &str) -> bool {
    digits.len() == 11
        && digits
            .strip_prefix('1')
            .is_some_and(|n| TOLL_FREE.iter().any(|area| n.starts_with(area)))
}

/// The country or territory of a number (E.164 digits) as ISO 3166-1 code; none for numbers of no
/// country, such as satellite phones, and for ranges that nobody holds.
pub fn region(digits: &str) -> Option<String> {
    let number = PHONE_NUMBER_UTIL.parse(format!("+{digits}"), None).ok()?;
    let region = PHONE_NUMBER_UTIL.get_region_for_number(&number)?;
    (region != Region::World).then(|| region.to_string())
}

/// Whether the country has numbers of this length that can be called from abroad.
fn is_possible(digits: &str) -> bool {
    PHONE_NUMBER_UTIL.parse(format!("+{digits}"), None).is_ok_and(|number| {
        matches!(
            PHONE_NUMBER_UTIL.is_possible_number_with_reason(&number),
            Ok(NumberLengthType::IsPossible)
        )
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_have_one_normal_form() {
        for (text, region, digits) in [
            ("+1 (415) 555-0132", None, "14155550132"),
            ("(415) 555-0132", Some("US"), "14155550132"),
            ("1 415 555 0132", Some("US"), "14155550132"),
            ("+1 (415)\u{a0}555\u{2011}0132", Some("DE"), "14155550132"),
            ("tel:+1-415-555-0132", None, "14155550132"),
            ("011 44 20 7946 0123", Some("US"), "442079460123"),
            ("+44 (0)20 7946 0123", None, "442079460123"),
            ("020 7946 0123", Some("GB"), "442079460123"),
            ("0049 30 123456", Some("DE"), "4930123456"),
            ("8 (912) 345-67-89", Some("RU"), "79123456789"),
            // Italy keeps its zero, whoever reads it.
            ("+39 06 555 0123", Some("DE"), "39065550123"),
            ("0039 06 555 0123", Some("DE"), "39065550123"),
            ("+47 22 34 56 78", Some("US"), "4722345678"),
            ("+800 1234 5678", Some("US"), "80012345678"),
            ("+1 ٤١٥ ٥٥٥ ٠١٣٢", None, "14155550132"),
            ("(11) 98765-0123", Some("BR"), "5511987650123"),
            ("0 15 11 98765-0123", Some("BR"), "5511987650123"),
            ("011 15-2345-6789", Some("AR"), "5491123456789"),
        ] {
            assert_eq!(normal(text, region).as_deref(), Some(digits), "{text}");
        }
    }

    #[test]
    fn the_spelling_of_the_country_stays() {
        for digits in ["5511987650123", "551187650123", "5215512345678", "525512345678"] {
            assert_eq!(normal(&format!("+{digits}"), None).as_deref(), Some(digits));
        }
        for digits in ["5491123456789", "541123456789"] {
            assert_eq!(normal(&format!("+{digits}"), None).as_deref(), Some(digits));
        }
    }

    #[test]
    fn what_is_no_persons_number_has_no_normal_form() {
        for (text, region) in [
            ("", Some("US")),
            ("+", Some("US")),
            ("hello", Some("US")),
            ("32665", Some("US")),
            ("555-0123", Some("US")),
            ("415-555-0132", None),
            ("14155550132", None),
            ("415-555-0132", Some("nowhere")),
            ("415-555-0132 ext. 7", Some("US")),
            ("+999 123456789", None),
            ("+1 415 555 01324", None),
            ("order 12345678901 please", Some("US")),
            ("+1415555013200000000000000000000000000000000000000000000000000000000000", None),
        ] {
            assert_eq!(normal(text, region), None, "{text}");
        }
    }

    #[test]
    fn two_spellings_are_one_person() {
        for (spellings, canonical) in [
            (["5511987650123", "551187650123"], "5511987650123"),
            (["5562991419379", "556291419379"], "5562991419379"),
            (["525512345678", "5215512345678"], "525512345678"),
            (["5491123456789", "541123456789"], "5491123456789"),
            (["5493512345678", "543512345678"], "5493512345678"),
        ] {
            for spelling in spellings {
                assert_eq!(aliases(spelling), spellings, "{spelling}");
                assert_eq!(aliases(spelling)[0], canonical);
            }
        }
    }

    #[test]
    fn other_numbers_have_one_spelling() {
        for digits in [
            "551132650123", // Brazilian landlines
            "551155550123",
            "5511955550123",  // a mobile number that never had eight digits
            "551087650123",   // an area that does not exist
            "55119876501234", // too long
            "5255123456",     // too short for Mexico
            "52155123456789", // too long
            "5411234567890",  // too long without the 9
            "548005550123",   // free of charge in Argentina
            "14155550132",
            "34912345678",
            "US.13491208655302741918",
            "",
            "5",
            "55é",
        ] {
            assert_eq!(aliases(digits), [digits], "{digits}");
        }
    }

    #[test]
    fn toll_free_numbers_are_known_by_their_area() {
        for (digits, free) in [
            ("18005550199", true),
            ("18335550199", true),
            ("18885550199", true),
            ("18225550199", false),
            ("14155550132", false),
            ("448005550199", false),
            ("1800555019", false),
            ("8005550199", false),
        ] {
            assert_eq!(is_north_american_toll_free(digits), free, "{digits}");
        }
    }

    #[test]
    fn a_number_has_a_region() {
        for (digits, code) in [
            ("14155550132", Some("US")),
            ("14165550132", Some("CA")),
            ("18095550132", Some("DO")),
            ("442079460123", Some("GB")),
            ("77012345678", Some("KZ")),
            ("5511987650123", Some("BR")),
            ("5215512345678", Some("MX")),
            ("80012345678", None),
            ("999123456789", None),
            ("", None),
        ] {
            assert_eq!(region(digits).as_deref(), code, "{digits}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_read_or_refused(text in "\\PC{0,24}|[+0-9 ()x;=-]{0,40}") {
            for region in [None, Some("US"), Some("AR"), Some("IT")] {
                if let Some(digits) = normal(&text, region) {
                    prop_assert!(digits.bytes().all(|b| b.is_ascii_digit()) && digits.len() <= 17);
                    prop_assert_eq!(normal(&format!("+{}", digits), None), Some(digits.clone()));
                    prop_assert!(aliases(&digits).contains(&digits));
                }
            }
        }
    }
}
