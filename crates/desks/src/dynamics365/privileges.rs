//! The privileges that a handoff uses, by name, and what each is for.
//!
//! "Create message privileges", "Update message privileges", "AddToQueue message privileges" and
//! "CloseIncident message privileges" (developer guides of Dynamics 365, read 2026-11-21): all
//! activities, conversations among them, share the privileges of Activity; notes are called Note.
//! An upsert is a create or an update, so that it needs both.

use super::wire::RolePrivilege;

/// A privilege and the words for what it is needed for.
pub type Privilege = (&'static str, &'static str);

/// What every handoff may need.
pub const ALWAYS: &[Privilege] = &[
    ("prvReadContact", "find the customer's contact"),
    ("prvCreateContact", "create a contact"),
    ("prvWriteContact", "create a contact exactly once"),
    ("prvAppendToContact", "link conversations and cases to a contact"),
    ("prvReadActivity", "read the state of conversations and answers on cases"),
    ("prvWriteActivity", "link a conversation to its contact"),
    ("prvAppendActivity", "link a conversation to its contact"),
    ("prvReadIncident", "read cases"),
    ("prvCreateIncident", "create a case"),
    ("prvWriteIncident", "create a case exactly once and resolve it"),
    ("prvAppendIncident", "give a case its customer"),
    ("prvAppendToIncident", "attach notes to a case and put it into a queue"),
    ("prvReadNote", "read transcripts and notes"),
    ("prvCreateNote", "write notes"),
    ("prvWriteNote", "write a note exactly once"),
    ("prvAppendNote", "attach notes to a case"),
    ("prvReadQueue", "find the queue of cases"),
    ("prvAppendToQueue", "put a case into a queue"),
    ("prvReadQueueItem", "put a case into a queue"),
    ("prvCreateQueueItem", "put a case into a queue"),
    ("prvAppendQueueItem", "put a case into a queue"),
];

/// What the resolving of cases needs beside that.
pub const RESOLVING: &[Privilege] = &[
    ("prvCreateActivity", "resolve a case"),
    ("prvDeleteQueueItem", "resolve a case that is in a queue"),
];

/// What rows that others own are read with: anything below the whole organisation sees some only.
const WIDE: &[&str] = &["prvReadContact", "prvReadActivity"];

/// Whether a role grants the privilege.
pub fn holds(held: &[RolePrivilege], name: &str) -> bool {
    held.iter().any(|privilege| privilege.privilegename.eq_ignore_ascii_case(name))
}

/// Privileges that are held, but not for the whole organisation where that is needed.
pub fn narrow(held: &[RolePrivilege]) -> Vec<&'static str> {
    let wide = |name: &str| {
        let mut same =
            held.iter().filter(|privilege| privilege.privilegename.eq_ignore_ascii_case(name));
        same.any(|privilege| privilege.depth.as_deref().is_none_or(|depth| depth == "Global"))
    };
    WIDE.iter().copied().filter(|name| holds(held, name) && !wide(name)).collect()
}

/// The privilege that Dataverse names in a refusal: "Principal user (Id=…, type=8) is missing
/// prvReadContact privilege".
pub fn missing(message: &str) -> Option<&str> {
    let start = message.find("prv")?;
    let name = message.get(start..)?;
    let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(name.len());
    name.get(..end).filter(|name| (4..=128).contains(&name.len()))
}

/// The cure for a missing privilege.
pub fn cure(name: &str) -> String {
    format!(
        "the application user lacks the privilege {name}; add it to the user's security \
         role (Power Platform admin center, the environment, Settings, Security roles)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_privilege_is_read_out_of_the_refusal() {
        for (message, name) in [
            (
                "Principal user (Id=1, type=8) is missing prvReadContact privilege (Id=2)",
                Some("prvReadContact"),
            ),
            ("user lacks prvReadmsdyn_transcript.", Some("prvReadmsdyn_transcript")),
            ("no", None),
            ("prv", None),
        ] {
            assert_eq!(missing(message), name);
        }
    }
}
