//! Ids as clients give them: 15 characters, or 18 whose last three repeat the case of the others.
//!
//! Source: "ID Field Type", Object Reference, checked 2026-11.

use crate::salesforce::record_id;

/// The id in its long form; `None` if it is none.
pub fn long(id: &str) -> Option<String> {
    if !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    match id.len() {
        record_id::SHORT => Some(record_id::with_suffix(id)),
        18 => {
            let whole = record_id::with_suffix(id.get(..record_id::SHORT)?);
            (whole == id).then_some(whole)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_taken_and_others_are_not() {
        let id = "00D000000000062EAA";
        assert_eq!(long("00D000000000062").as_deref(), Some(id));
        assert_eq!(long(id).as_deref(), Some(id));
        for bad in
            ["", "00D000000000062EAB", "00D00000000006", "00D00000000006'", "not an id 12345"]
        {
            assert_eq!(long(bad), None, "{bad}");
        }
    }
}
