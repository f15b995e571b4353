//! Messages that offer the customer choices.

use serde::{Deserialize, Serialize};

/// What the customer can choose.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Offer {
    /// A few answers to tap.
    Buttons {
        /// The answers.
        buttons: Vec<Button>,
    },
    /// A list that opens.
    List {
        /// The words that open it.
        open: String,
        /// Its parts.
        sections: Vec<Section>,
    },
    /// A link to tap.
    Link {
        /// The words on it.
        title: String,
        /// Where it leads.
        url: String,
    },
}

/// One answer to tap.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Button {
    /// The machine's word for it; comes back with the answer.
    pub id: String,
    /// The words on it.
    pub title: String,
}

/// One part of a list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Section {
    /// Its heading.
    #[serde(default)]
    pub title: String,
    /// Its rows.
    pub rows: Vec<ListRow>,
}

/// One row of a list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ListRow {
    /// The machine's word for it; comes back with the answer.
    pub id: String,
    /// The words on it.
    pub title: String,
    /// More words below them.
    #[serde(default)]
    pub description: Option<String>,
}

impl Offer {
    /// The offer as lines of plain text, for places that cannot show it.
    pub fn as_lines(&self) -> Vec<String> {
        match self {
            Self::Buttons { buttons } => numbered(buttons.iter().map(|b| b.title.clone())),
            Self::List { sections, .. } => {
                numbered(sections.iter().flat_map(|s| &s.rows).map(|row| match &row.description {
                    Some(more) => format!("{}: {more}", row.title),
                    None => row.title.clone(),
                }))
            }
            Self::Link { title, url } => vec![format!("{title}: {url}")],
        }
    }
}

fn numbered(lines: impl Iterator<Item = String>) -> Vec<String> {
    (1..).zip(lines).map(|(number, line): (u32, String)| format!("{number}. {line}")).collect()
}
