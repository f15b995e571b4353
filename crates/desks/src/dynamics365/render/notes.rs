//! A note on a row: words, with a file or without.

use baton_core::{
    file::StoredFile,
    ids::{DeliveryId, WorkspaceId},
};
use serde::{Deserialize, Serialize};

/// Writes a note.
pub const NOTE: &str = "note";

/// A note, as the client is told of it. Its id is its delivery's, so that it is made once.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Note {
    /// The note's id.
    pub id: DeliveryId,
    /// What it belongs to.
    pub record: Record,
    /// Refused once the record is closed.
    pub only_while_open: bool,
    /// The heading.
    pub subject: String,
    /// The words.
    pub text: String,
    /// The file.
    pub file: Option<Attachment>,
}

/// The row that a note belongs to.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The entity set.
    pub set: String,
    /// The row's id.
    pub id: String,
    /// The navigation property by which a note names it.
    pub bind: String,
}

impl Record {
    /// A case.
    pub fn incident(id: String) -> Self {
        Self { set: "incidents".to_owned(), id, bind: "objectid_incident".to_owned() }
    }
}

/// The file of a note.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Attachment {
    /// Words in a file of their own.
    Text {
        /// Its name.
        name: String,
        /// The words.
        text: String,
    },
    /// A file that the hub keeps.
    Kept {
        /// Whose it is.
        workspace: WorkspaceId,
        /// What we hold.
        file: StoredFile,
        /// An address for those who cannot have it as an attachment.
        link: Option<String>,
    },
}
