//! Microsoft's ids, as they stand in addresses, and those of a handoff's work.

use baton_core::handoff::Handoff;
use uuid::Uuid;

/// A GUID in lower case with hyphens. The hyphenated form only: every other spelling is more
/// likely a wrong paste.
pub fn read_guid(text: &str) -> Option<String> {
    let id = Uuid::try_parse(text).ok().filter(|_| text.len() == 36)?;
    Some(id.hyphenated().to_string())
}

/// A conversation's id as we keep it: Microsoft's GUID in lower case. `None` for anything that
/// could not stand in a path.
pub fn conversation_id(text: &str) -> Option<String> {
    let fits = (1..=100).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    fits.then(|| text.to_ascii_lowercase())
}

/// The conversation that a handoff has made.
pub fn conversation_of(handoff: &Handoff) -> Option<String> {
    conversation_id(handoff.work.as_ref()?.id.as_str())
}

/// The row that a handoff has made: a case, or one of the compatibility mode.
pub fn row_of(handoff: &Handoff) -> Option<String> {
    read_guid(handoff.work.as_ref()?.id.as_str())
}
