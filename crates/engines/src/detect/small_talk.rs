//! Texts that are nothing but politeness: they need no search and often no answer.

use std::sync::LazyLock;

use super::{matcher::Phrases, tables::TABLES, words};

/// What kind of politeness.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SmallTalk {
    /// Hello.
    Greeting,
    /// Thanks.
    Thanks,
    /// Goodbye, or that is all.
    Goodbye,
    /// Understood, or only an emoji.
    Noted,
}

struct Polite {
    language: &'static str,
    kinds: [(SmallTalk, Phrases); 4],
    filler: Phrases,
    yes: Phrases,
    no: Phrases,
}

static POLITE: LazyLock<Vec<Polite>> = LazyLock::new(|| {
    TABLES
        .iter()
        .map(|table| Polite {
            language: table.language,
            // The strongest first: "thanks, bye" is a goodbye.
            kinds: [
                (SmallTalk::Goodbye, Phrases::read(table.goodbye)),
                (SmallTalk::Thanks, Phrases::read(table.thanks)),
                (SmallTalk::Greeting, Phrases::read(table.greeting)),
                (SmallTalk::Noted, Phrases::read(table.noted)),
            ],
            filler: Phrases::read(table.filler),
            yes: Phrases::read(table.yes),
            no: Phrases::read(table.no),
        })
        .collect()
});

/// The most words that mere politeness has; in unspaced scripts characters.
const MAX_WORDS: usize = 30;

/// The politeness that is all of the text, with its language where the words tell it.
pub fn small_talk(text: &str) -> Option<(SmallTalk, Option<&'static str>)> {
    let words = words::words(text);
    if words.is_empty() {
        let shows_something = text.chars().any(|c| !c.is_whitespace());
        return (shows_something && !text.contains(['?', '？', '؟']))
            .then_some((SmallTalk::Noted, None));
    }
    if words.len() > MAX_WORDS {
        return None;
    }
    let known = super::language(text);
    let mut order: Vec<&Polite> = POLITE.iter().collect();
    order.sort_by_key(|polite| Some(polite.language) != known);
    order.iter().find_map(|polite| Some((kind(polite, &words)?, Some(polite.language))))
}

/// The kind, if phrases of politeness and filler cover every word and at least one is polite.
fn kind(polite: &Polite, words: &[String]) -> Option<SmallTalk> {
    let mut strongest: Option<usize> = None;
    let mut at = 0;
    while at < words.len() {
        let longest = polite
            .kinds
            .iter()
            .enumerate()
            .filter_map(|(rank, (_, phrases))| Some((phrases.at(words, at)?, rank)))
            .max_by_key(|(end, rank)| (*end, std::cmp::Reverse(*rank)));
        let filler = polite.filler.at(words, at).unwrap_or(at);
        match longest {
            Some((end, rank)) if end >= filler => {
                strongest = Some(strongest.map_or(rank, |s| s.min(rank)));
                at = end;
            }
            _ if filler > at => at = filler,
            _ => return None,
        }
    }
    strongest.map(|rank| polite.kinds[rank].0)
}

/// Whether the text is a plain yes, as an answer to an offer.
pub fn is_yes(text: &str) -> bool {
    answers(text, |polite| &polite.yes)
}

/// Whether the text is a plain no, as an answer to an offer.
pub fn is_no(text: &str) -> bool {
    answers(text, |polite| &polite.no)
}

fn answers(text: &str, list: impl Fn(&Polite) -> &Phrases) -> bool {
    let words = words::words(text);
    if words.is_empty() || words.len() > MAX_WORDS {
        return false;
    }
    POLITE.iter().any(|polite| {
        let phrases = list(polite);
        let mut at = match phrases.at(&words, 0) {
            Some(end) => end,
            None => return false,
        };
        while at < words.len() {
            let next = phrases.at(&words, at).max(polite.filler.at(&words, at));
            let polite_end = polite.kinds[1].1.at(&words, at);
            match next.max(polite_end) {
                Some(end) => at = end,
                None => return false,
            }
        }
        true
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn politeness_is_told_from_questions() {
        let kind = |text| small_talk(text).map(|found| found.0);
        assert_eq!(kind("Hi there!"), Some(SmallTalk::Greeting));
        assert_eq!(kind("thanks a lot, bye"), Some(SmallTalk::Goodbye));
        assert_eq!(kind("Muchas gracias por la ayuda"), Some(SmallTalk::Thanks));
        assert_eq!(kind("どうもありがとうございました"), Some(SmallTalk::Thanks));
        assert_eq!(kind("👍"), Some(SmallTalk::Noted));
        assert_eq!(kind("ok"), Some(SmallTalk::Noted));
        assert_eq!(kind("hello, where is my order"), None);
        assert_eq!(kind("??"), None);
        assert_eq!(small_talk("danke schön").unwrap().1, Some("de"));
    }

    #[test]
    fn yes_and_no_answer_an_offer() {
        assert!(is_yes("Yes please") && is_yes("sí, por favor") && is_yes("はい、お願いします"));
        assert!(!is_yes("yes but when does it arrive"));
        // A Pole may mean yes by it; everybody else does not.
        assert!(is_no("No") && !is_yes("No"));
        assert!(is_no("no thanks") && is_no("nein danke") && !is_no("no idea where it is"));
    }
}
