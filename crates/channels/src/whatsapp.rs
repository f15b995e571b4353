//! What WhatsApp shows to tap, whichever vendor brings it there.

use baton_core::{
    fault::{Fault, FaultClass},
    interactive::{Button, ChoiceLimits, ListRow, Offer, Section},
};

/// The most characters of the words above ("Interactive reply buttons" and its neighbours, as all
/// numbers here; WhatsApp Business Platform documentation, checked 2026-11-20).
const MAX_BODY_CHARS: usize = 1_024;
/// The most characters of the line above the words, and of that below.
const MAX_HEADER_CHARS: usize = 60;
const MAX_FOOTER_CHARS: usize = 60;
/// The most buttons, and the most characters on one and of its id.
const MAX_BUTTONS: usize = 3;
const MAX_BUTTON_CHARS: usize = 20;
const MAX_BUTTON_ID_CHARS: usize = 256;
/// The most sections, and the most rows of all of them.
const MAX_SECTIONS: usize = 10;
const MAX_ROWS: usize = 10;
/// The most characters of a section's title, of a row's, of its id and of the words below it.
const MAX_SECTION_CHARS: usize = 24;
const MAX_ROW_CHARS: usize = 24;
const MAX_ROW_ID_CHARS: usize = 200;
const MAX_DESCRIPTION_CHARS: usize = 72;
/// The most characters of a link.
const MAX_URL_CHARS: usize = 2_000;

/// The same for those who choose what to offer.
pub(crate) const CHOICES: ChoiceLimits = ChoiceLimits {
    text_chars: MAX_BODY_CHARS,
    buttons: MAX_BUTTONS,
    button_chars: MAX_BUTTON_CHARS,
    rows: MAX_ROWS,
    row_chars: MAX_ROW_CHARS,
};

/// Words with something to tap, as WhatsApp shows them.
///
/// # Errors
/// Names the limit that is not kept.
pub(crate) fn check(
    text: &str,
    header: Option<&str>,
    footer: Option<&str>,
    offer: &Offer,
) -> Result<(), Fault> {
    fits("text", text, MAX_BODY_CHARS)?;
    header.map_or(Ok(()), |header| fits("header", header, MAX_HEADER_CHARS))?;
    footer.map_or(Ok(()), |footer| fits("footer", footer, MAX_FOOTER_CHARS))?;
    match offer {
        Offer::Buttons { buttons } => check_buttons(buttons),
        Offer::List { open, sections } => check_list(open, sections),
        Offer::Link { title, url } => check_link(title, url),
    }
}

fn check_buttons(buttons: &[Button]) -> Result<(), Fault> {
    count("buttons", buttons.len(), MAX_BUTTONS)?;
    for button in buttons {
        fits("button's title", &button.title, MAX_BUTTON_CHARS)?;
        fits("button's id", &button.id, MAX_BUTTON_ID_CHARS)?;
    }
    differ("ids of the buttons", buttons.iter().map(|button| button.id.as_str()))?;
    differ("titles of the buttons", buttons.iter().map(|button| button.title.as_str()))
}

fn check_list(open: &str, sections: &[Section]) -> Result<(), Fault> {
    fits("list's button", open, MAX_BUTTON_CHARS)?;
    count("sections", sections.len(), MAX_SECTIONS)?;
    count("rows", sections.iter().map(|section| section.rows.len()).sum(), MAX_ROWS)?;
    for section in sections {
        count("rows of a section", section.rows.len(), MAX_ROWS)?;
        if sections.len() > 1 || !section.title.is_empty() {
            fits("section's title", &section.title, MAX_SECTION_CHARS)?;
        }
        section.rows.iter().try_for_each(check_row)?;
    }
    differ("ids of the rows", sections.iter().flat_map(|s| &s.rows).map(|row| row.id.as_str()))
}

fn check_row(row: &ListRow) -> Result<(), Fault> {
    fits("row's title", &row.title, MAX_ROW_CHARS)?;
    fits("row's id", &row.id, MAX_ROW_ID_CHARS)?;
    let description = row.description.as_deref().filter(|more| !more.is_empty());
    description.map_or(Ok(()), |more| fits("row's description", more, MAX_DESCRIPTION_CHARS))
}

fn check_link(title: &str, url: &str) -> Result<(), Fault> {
    fits("button's title", title, MAX_BUTTON_CHARS)?;
    fits("link", url, MAX_URL_CHARS)?;
    if url.starts_with("https://") || url.starts_with("http://") {
        return Ok(());
    }
    Err(refuse("send: the link is no web address; begin it with https://"))
}

/// Words that are there and no longer than WhatsApp takes.
///
/// # Errors
/// They are not.
pub(crate) fn fits(what: &str, words: &str, most: usize) -> Result<(), Fault> {
    if words.trim().is_empty() {
        return Err(refuse(format!("send: the {what} is empty"))
            .for_rep(format!("The message's {what} is empty.")));
    }
    let chars = words.chars().count();
    if chars > most {
        return Err(refuse(format!(
            "send: the {what} has {chars} characters; WhatsApp takes {most}"
        ))
        .for_rep(format!("The message's {what} is too long: WhatsApp takes {most} characters.")));
    }
    Ok(())
}

fn count(what: &str, number: usize, most: usize) -> Result<(), Fault> {
    if (1..=most).contains(&number) {
        return Ok(());
    }
    Err(refuse(format!("send: the message has {number} {what}; WhatsApp takes 1 to {most}"))
        .for_rep(format!("The message needs 1 to {most} {what} on WhatsApp.")))
}

fn differ<'a>(what: &str, words: impl Iterator<Item = &'a str>) -> Result<(), Fault> {
    let mut seen: Vec<&str> = words.collect();
    seen.sort_unstable();
    if seen.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(refuse(format!("send: the {what} must differ from each other")));
    }
    Ok(())
}

fn refuse(why: impl Into<String>) -> Fault {
    Fault::new(FaultClass::ContentRejected, why)
}
