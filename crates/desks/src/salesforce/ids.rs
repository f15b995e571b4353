//! Salesforce's ids, and those that we make for it.

use aws_lc_rs::digest::{SHA256, digest};
use baton_core::handoff::Handoff;
use uuid::{Builder, Uuid};

/// Characters of a record id in which case matters, and of one with the suffix for systems that
/// ignore case ("ID Field Type", Object Reference, checked 2026-11).
pub const SHORT: usize = 15;
pub const LONG: usize = 18;

/// The id under which something of ours stands at Salesforce: a UUID of version 4, as it demands,
/// in which nobody reads ours, and the same at every try.
pub fn derived(ours: Uuid) -> String {
    let hash = digest(&SHA256, ours.as_bytes());
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hash.as_ref()).for_each(|(to, from)| *to = *from);
    Builder::from_random_bytes(bytes).into_uuid().hyphenated().to_string()
}

/// The end user that a handoff's customer is: opaque, and the same in every handoff.
pub fn subject_of(handoff: &Handoff) -> String {
    handoff.conversation.to_string()
}

/// The conversation that a handoff makes.
pub fn conversation_for(handoff: &Handoff) -> String {
    derived(handoff.id.0)
}

/// The conversation that a handoff has made.
pub fn conversation_of(handoff: &Handoff) -> Option<String> {
    read_uuid(handoff.work.as_ref()?.id.as_str())
}

/// A UUID in the only spelling that Salesforce takes: lower case with hyphens.
pub fn read_uuid(text: &str) -> Option<String> {
    let id = Uuid::try_parse(text).ok().filter(|_| text.len() == 36)?;
    Some(id.hyphenated().to_string())
}

/// A record's id of the kind that the prefix names.
pub fn is_record(text: &str, prefix: &str) -> bool {
    matches!(text.len(), SHORT | LONG)
        && text.starts_with(prefix)
        && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Begins the id of a messaging session.
pub const SESSION: &str = "0Mw";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_of_version_4_in_lower_case_and_the_same_each_time() {
        for n in 0..200 {
            let id = derived(Uuid::from_u128(n));
            let (version, variant) = (id.as_bytes()[14], id.as_bytes()[19]);
            assert_eq!(version, b'4', "{id}");
            assert!(b"89ab".contains(&variant), "{id}");
            assert_eq!(id, id.to_ascii_lowercase());
            assert_eq!(id, derived(Uuid::from_u128(n)));
            assert_ne!(id, derived(Uuid::from_u128(n + 1)));
        }
    }

    #[test]
    fn a_record_is_known_by_its_prefix() {
        assert!(is_record("0Mw000000000062", SESSION));
        assert!(is_record("0Mw000000000062EAA", SESSION));
        assert!(!is_record("0Mw00000000006", SESSION));
        assert!(!is_record("500000000000062", SESSION));
    }
}
