//! Messages that offer the customer choices.

use serde::{Deserialize, Serialize};

use crate::message::Content;

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

/// How much a channel shows to tap. A channel without shows words alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChoiceLimits {
    /// The most characters of the words above what is tapped.
    pub text_chars: usize,
    /// The most buttons.
    pub buttons: usize,
    /// The most characters on a button.
    pub button_chars: usize,
    /// The most rows of a list.
    pub rows: usize,
    /// The most characters of a row.
    pub row_chars: usize,
}

impl ChoiceLimits {
    fn as_buttons(&self, choices: &[String]) -> bool {
        fit(choices, self.buttons, self.button_chars)
    }

    fn as_list(&self, choices: &[String]) -> bool {
        fit(choices, self.rows, self.row_chars)
    }
}

fn fit(choices: &[String], most: usize, chars: usize) -> bool {
    choices.len() <= most && choices.iter().all(|choice| choice.chars().count() <= chars)
}

/// Words with answers to tap: on buttons where they fit, else in a list behind `open`, else the
/// words alone, which have to do without them.
pub fn offering(
    text: String,
    choices: &[String],
    limits: Option<&ChoiceLimits>,
    open: &str,
) -> Content {
    let limits = limits.filter(|it| !choices.is_empty() && text.chars().count() <= it.text_chars);
    let id = |number: usize| format!("choice-{number}");
    let numbered = || (1..).zip(choices.iter().cloned());
    let offer = match limits {
        Some(limits) if limits.as_buttons(choices) => Offer::Buttons {
            buttons: numbered().map(|(n, title)| Button { id: id(n), title }).collect(),
        },
        Some(limits) if limits.as_list(choices) => {
            let row = |(n, title)| ListRow { id: id(n), title, description: None };
            let rows = numbered().map(row).collect();
            let section = Section { title: String::new(), rows };
            Offer::List { open: open.to_owned(), sections: vec![section] }
        }
        _ => return Content::text(text),
    };
    Content::Interactive { text, header: None, footer: None, offer }
}

fn numbered(lines: impl Iterator<Item = String>) -> Vec<String> {
    (1..).zip(lines).map(|(number, line): (u32, String)| format!("{number}. {line}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: ChoiceLimits =
        ChoiceLimits { text_chars: 20, buttons: 2, button_chars: 5, rows: 3, row_chars: 8 };

    #[test]
    fn choices_are_shown_as_the_channel_can() {
        for (text, choices, shown) in [
            ("Which size?", &["Small", "Large"] as &[&str], "buttons"),
            ("Which size?", &["S", "M", "L"], "list"),
            ("Which size?", &["Small", "Largest"], "list"),
            ("Which size?", &["S", "M", "L", "XL"], "text"),
            ("Which size?", &["Small", "Large enough"], "text"),
            ("Which of the sizes is yours?", &["Small", "Large"], "text"),
            ("Which size?", &[], "text"),
        ] {
            let choices: Vec<String> = choices.iter().map(|word| (*word).to_owned()).collect();
            let content = offering(text.to_owned(), &choices, Some(&LIMITS), "Choose");
            let is = match &content {
                Content::Interactive { offer: Offer::Buttons { .. }, .. } => "buttons",
                Content::Interactive { offer: Offer::List { .. }, .. } => "list",
                _ => "text",
            };
            assert_eq!(is, shown, "{text} {choices:?}");
            assert!(content.as_text().starts_with(text));
        }
    }

    #[test]
    fn a_channel_that_shows_nothing_to_tap_gets_the_words() {
        let choices = ["Yes".to_owned(), "No".to_owned()];
        assert_eq!(offering("Now?".to_owned(), &choices, None, ""), Content::text("Now?"));
    }
}
