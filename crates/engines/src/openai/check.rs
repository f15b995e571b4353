//! What the model returned is data: here it is checked and cleaned. Problems are our own words,
//! so that a repair never repeats what the model or the customer wrote.

use baton_core::{
    brief::{SUBJECT_MAX_CHARS, SUMMARY_MAX_CHARS},
    engine::Snapshot,
};

use super::wire::{Action, BriefOutput, DecisionOutput};
use crate::knowledge::{Passage, plain};

/// The most characters of a reply.
const REPLY_MAX_CHARS: usize = 1_500;
/// The most characters of a reply that rests on no passage: a greeting or a question back.
const UNCITED_MAX_CHARS: usize = 280;

/// A decision that may be acted on.
///
/// # Errors
/// Says what the model has to do better.
pub fn decision(
    mut output: DecisionOutput,
    snapshot: &Snapshot,
    passages: &[&Passage],
) -> Result<DecisionOutput, &'static str> {
    if output.action != Action::Reply {
        return Ok(output);
    }
    if output.citations.iter().any(|n| *n == 0 || *n > passages.len()) {
        return Err("a citation names no passage");
    }
    output.text = clean(&output.text, passages);
    let length = output.text.chars().count();
    if length == 0 {
        return Err("the reply is empty");
    }
    if length > REPLY_MAX_CHARS {
        return Err("the reply is too long");
    }
    output.choices = choices(&output.choices, snapshot, passages)?;
    // Numbers are prices, days and hours: facts, and facts need a passage.
    let states_facts = length > UNCITED_MAX_CHARS
        || output.choices.iter().chain([&output.text]).any(|it| it.contains(char::is_numeric));
    if output.knew && output.citations.is_empty() && states_facts {
        return Err(
            "a reply with facts must cite the passages that hold them, or set knew to false",
        );
    }
    Ok(output)
}

/// What can be tapped, as clean as the reply. A channel that shows nothing to tap gets the reply
/// alone.
fn choices(
    proposed: &[String],
    snapshot: &Snapshot,
    passages: &[&Passage],
) -> Result<Vec<String>, &'static str> {
    let Some(limits) = snapshot.choices else { return Ok(Vec::new()) };
    let cleaned: Vec<String> = proposed.iter().map(|choice| clean(choice, passages)).collect();
    if cleaned.len() > limits.rows {
        return Err("there are too many choices");
    }
    if cleaned.iter().any(|choice| choice.chars().count() > limits.row_chars) {
        return Err("a choice is too long");
    }
    let mut seen: Vec<&String> = cleaned.iter().collect();
    seen.sort_unstable();
    seen.dedup();
    if seen.len() < cleaned.len() || seen.iter().any(|choice| choice.is_empty()) {
        return Err("a choice is empty or there twice");
    }
    Ok(cleaned)
}

/// A brief that may be shown.
///
/// # Errors
/// Says what the model has to do better.
pub fn brief(mut output: BriefOutput, snapshot: &Snapshot) -> Result<BriefOutput, &'static str> {
    if !snapshot.classifications.contains(&output.classification) {
        return Err("the classification is none of the allowed ones");
    }
    output.subject = clean(&output.subject, &[]).replace('\n', " ");
    output.summary = clean(&output.summary, &[]);
    if output.subject.is_empty() || output.summary.is_empty() {
        return Err("subject or summary is empty");
    }
    if output.subject.chars().count() > SUBJECT_MAX_CHARS
        || output.summary.chars().count() > SUMMARY_MAX_CHARS
    {
        return Err("subject or summary is too long");
    }
    Ok(output)
}

/// A language code; anything else is not taken over.
pub fn language(code: &str) -> Option<String> {
    (code.len() == 2 && code.bytes().all(|b| b.is_ascii_lowercase())).then(|| code.to_owned())
}

/// Plain text: no marks, no tags, nothing invisible, and no address that the passages lack.
fn clean(text: &str, passages: &[&Passage]) -> String {
    let visible: String = text.chars().filter(|c| *c == '\n' || is_visible(*c)).collect();
    let known: Vec<String> = passages.iter().map(|p| p.text().to_lowercase()).collect();
    let lines = visible.lines().map(|line| {
        let line = plain(line.trim_start_matches(['#', '>', ' ']));
        let words = line.split(' ').filter(|word| !is_foreign_address(word, &known));
        words.collect::<Vec<_>>().join(" ")
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    text.trim().to_owned()
}

fn is_visible(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether the word is a link, a host or a mail address that stands in no passage.
fn is_foreign_address(word: &str, known: &[String]) -> bool {
    let word = word.to_lowercase();
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '/');
    let is_address = word.contains("://")
        || ["mailto:", "tel:", "data:", "javascript:"].iter().any(|s| word.contains(s))
        || bare.split(['/', '@', ':', '?', '(', ')', ',', '"']).any(is_host);
    is_address && !known.iter().any(|text| text.split_whitespace().any(|w| is_same(w, bare)))
}

/// The whole address, not a longer one that begins with it.
fn is_same(word: &str, bare: &str) -> bool {
    word.trim_matches(|c: char| !c.is_alphanumeric() && c != '/') == bare
}

/// `name.tld`, which messengers turn into links.
fn is_host(text: &str) -> bool {
    let Some((name, end)) = text.rsplit_once('.') else { return false };
    let label = |c: char| c.is_alphanumeric() || c == '-';
    name.split('.').all(|part| !part.is_empty() && part.chars().all(label))
        && (2..=24).contains(&end.chars().count())
        && end.chars().all(char::is_alphabetic)
        && name.chars().any(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::Sentence;

    fn cleaned(text: &str) -> String {
        let passage = Passage {
            title: "Contact".to_owned(),
            source: "contact.md".to_owned(),
            language: "en",
            heading: None,
            sentences: vec![Sentence {
                text: "Write to hello@shop.example or see https://shop.example/help.".to_owned(),
                is_item: false,
            }],
            file: None,
        };
        clean(text, &[&passage])
    }

    #[test]
    fn only_addresses_of_the_passages_stay() {
        assert_eq!(
            cleaned("See https://shop.example/help now"),
            "See https://shop.example/help now"
        );
        assert_eq!(cleaned("Mail hello@shop.example."), "Mail hello@shop.example.");
        for evil in [
            "https://evil.example/?q=secret",
            "https://shop.example/help?q=secret",
            "https://shop.example/help/../x",
            "evil.example",
            "www.evil.example/x",
            "me@evil.example",
            "(https://evil.example)",
            "javascript:alert(1)",
            "ev\u{200b}il.example",
            "<https://evil.example>",
        ] {
            let text = cleaned(&format!("go {evil} now"));
            assert!(
                !text.contains("evil")
                    && !text.contains("secret")
                    && !text.contains("alert")
                    && !text.contains(".."),
                "{evil}: {text}"
            );
        }
    }

    #[test]
    fn marks_and_tags_vanish_and_numbers_stay() {
        assert_eq!(
            cleaned(
                "**Yes**, 24.50 EUR <img src=x onerror=y> e.g. ![a](http://x.example/y) at 9.30."
            ),
            "Yes, 24.50 EUR e.g. a at 9.30."
        );
    }
}
