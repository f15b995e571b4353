//! Which language a text is in: by its script, its letters and its little words.

use std::{collections::HashSet, sync::LazyLock};

use super::{
    tables::TABLES,
    words::{self, COMMA},
};

/// What one letter of a language weighs against one little word.
const LETTER_WEIGHT: usize = 2;
/// A greeting or thanks tells less than a little word of a sentence, but often it is all there is.
const POLITE_WEIGHT: usize = 1;
const LITTLE_WORD_WEIGHT: usize = 2;

struct Marks {
    language: &'static str,
    little: HashSet<String>,
    polite: HashSet<String>,
    letters: &'static str,
}

static MARKS: LazyLock<Vec<Marks>> = LazyLock::new(|| {
    TABLES
        .iter()
        .map(|table| Marks {
            language: table.language,
            little: vocabulary(&[table.function_words]),
            polite: vocabulary(&[
                table.greeting,
                table.thanks,
                table.goodbye,
                table.noted,
                table.yes,
                table.positive,
                table.negative,
            ]),
            letters: table.letters,
        })
        .collect()
});

fn vocabulary(lists: &[&str]) -> HashSet<String> {
    let entries = lists.iter().flat_map(|list| list.split(['|', '_']));
    entries.flat_map(words::words).filter(|word| word != COMMA).collect()
}

/// The language of a text (ISO 639-1), if it is one that we know and there is enough of it.
pub fn language(text: &str) -> Option<&'static str> {
    let scores = scores(&super::bounded(text));
    let best = scores.iter().max_by_key(|score| score.1)?;
    let rivals = scores.iter().filter(|score| score.1 == best.1).count();
    (best.1 > 0 && rivals == 1).then_some(best.0)
}

/// The languages that a text may be in; empty when nothing tells.
pub(super) fn candidates(text: &str) -> Vec<&'static str> {
    let scores = scores(text);
    let best = scores.iter().map(|score| score.1).max().unwrap_or(0);
    // Short texts and mixtures: everything that comes near the best stays in the race.
    let least = best.div_ceil(3).saturating_mul(2).max(1);
    scores.into_iter().filter(|score| score.1 >= least).map(|score| score.0).collect()
}

fn scores(text: &str) -> Vec<(&'static str, usize)> {
    if let Some(language) = script(text) {
        return vec![(language, usize::MAX)];
    }
    let lower = text.to_lowercase();
    let words = words::words(text);
    MARKS
        .iter()
        .map(|marks| {
            let little = words.iter().filter(|word| marks.little.contains(*word)).count();
            let polite = words.iter().filter(|word| marks.polite.contains(*word)).count();
            let letters = lower.chars().filter(|c| marks.letters.contains(*c)).count();
            let score = little * LITTLE_WORD_WEIGHT + polite * POLITE_WEIGHT;
            (marks.language, score + letters.min(2) * LETTER_WEIGHT)
        })
        .collect()
}

/// The language of a script that only one of ours uses, when it makes up a third of the letters.
fn script(text: &str) -> Option<&'static str> {
    let mut counts = [("ar", 0usize), ("hi", 0), ("ja", 0)];
    let mut letters = 0usize;
    for c in text.chars().filter(|c| c.is_alphabetic()) {
        letters += 1;
        match c {
            '\u{600}'..='\u{6ff}' | '\u{750}'..='\u{77f}' => counts[0].1 += 1,
            '\u{900}'..='\u{97f}' => counts[1].1 += 1,
            _ if words::is_unspaced(c) => counts[2].1 += 1,
            _ => {}
        }
    }
    counts.into_iter().find(|count| count.1 * 3 > letters).map(|count| count.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_sentences_are_recognised() {
        for (text, expected) in [
            ("hi", "en"),
            ("where is my order?", "en"),
            ("hola", "es"),
            ("¿Cuánto cuesta el envío?", "es"),
            ("quanto custa o frete?", "pt"),
            ("bom dia, meu pedido não chegou", "pt"),
            ("combien coûte la livraison ?", "fr"),
            ("wann kommt mein paket", "de"),
            ("quando arriva il mio ordine?", "it"),
            ("wanneer komt mijn bestelling", "nl"),
            ("kiedy przyjdzie moja paczka", "pl"),
            ("siparişim nerede", "tr"),
            ("أين طلبي؟", "ar"),
            ("fein el talab beta3i", "ar"),
            ("मेरा ऑर्डर कहाँ है", "hi"),
            ("mera order kahan hai", "hi"),
            ("注文はどこですか", "ja"),
            ("営業時間", "ja"),
        ] {
            assert_eq!(language(text), Some(expected), "{text}");
        }
        assert_eq!(language("NW20418833"), None);
    }
}
