//! Record ids: 15 characters in which case matters, and three more that let it be ignored.
//!
//! Source: "ID Field Type", Object Reference, checked 2026-11: each of the last three characters tells which of five
//! are upper-case letters.

use crate::Ids;

const SUFFIXES: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
/// Characters without the suffix.
pub const SHORT: usize = 15;

/// A fresh id of 18 characters; `prefix` tells the object.
pub fn new(ids: &Ids, prefix: &str) -> String {
    let rest = SHORT - prefix.len().min(SHORT);
    with_suffix(&format!("{prefix}{}", ids.alphanumeric(rest)))
}

/// Appends the suffix to an id of 15 characters.
pub fn with_suffix(short: &str) -> String {
    let suffix = short.as_bytes().chunks(5).take(3).map(|five| {
        let bits = five.iter().enumerate();
        let index = bits
            .fold(0_usize, |sum, (at, byte)| sum | (usize::from(byte.is_ascii_uppercase()) << at));
        char::from(SUFFIXES[index & 31])
    });
    format!("{short}{}", suffix.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suffix_tells_upper_case_letters() {
        // The standard profile's well-known pair.
        assert_eq!(with_suffix("00D000000000062"), "00D000000000062EAA");
        assert_eq!(new(&Ids::new(1, "x"), "0Mw").len(), 18);
    }
}
