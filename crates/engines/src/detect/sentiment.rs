//! The customer's mood in seven levels, from several small signs.

use std::{borrow::Cow, sync::LazyLock};

use baton_core::brief::Sentiment;

use super::{is_frustrated, matcher::Phrases, tables::TABLES, words};

struct Lexicon {
    language: &'static str,
    positive: Phrases,
    negative: Phrases,
}

static LEXICA: LazyLock<Vec<Lexicon>> = LazyLock::new(|| {
    TABLES
        .iter()
        .map(|table| Lexicon {
            language: table.language,
            positive: Phrases::read(table.positive),
            negative: Phrases::read(table.negative),
        })
        .collect()
});

const GLAD: &str = "😀😃😄😁😊🙂😍🥰😘👍🙏❤💖💚🎉😎🤗👏";
const CROSS: &str = "😠😡🤬😤👎😞😢😭💩🤮🙄😒😩😫🖕";

/// The mood of what the customer wrote, oldest first; the newest counts most.
pub fn sentiment(texts: &[&str]) -> Sentiment {
    let texts: Vec<_> = texts.iter().map(|text| super::bounded(text)).collect();
    let newest = texts.len().saturating_sub(NEWEST);
    let mut score = 0i32;
    for (age, text) in texts[newest..].iter().rev().enumerate() {
        let weight = if age == 0 { 2 } else { 1 };
        score += mood(text) * weight;
    }
    if repeats_itself(&texts[newest..]) {
        score -= 2;
    }
    match score {
        ..=-8 => Sentiment::VeryNegative,
        -7..=-4 => Sentiment::Negative,
        -3..=-1 => Sentiment::SlightlyNegative,
        0 => Sentiment::Neutral,
        1..=3 => Sentiment::SlightlyPositive,
        4..=7 => Sentiment::Positive,
        8.. => Sentiment::VeryPositive,
    }
}

/// How many of the newest texts tell the mood.
const NEWEST: usize = 6;

/// From -5 to 5.
fn mood(text: &str) -> i32 {
    let words = words::words(text);
    let languages = super::language::candidates(text);
    let counts = LEXICA
        .iter()
        .filter(|lexicon| languages.contains(&lexicon.language))
        .map(|l| (to_i32(l.positive.count(&words)), to_i32(l.negative.count(&words))));
    let (positive, negative) = counts.max_by_key(|(p, n)| p + n).unwrap_or((0, 0));
    let emoji = |set: &str| to_i32(text.chars().filter(|c| set.contains(*c)).count()).min(2);
    let mut score = positive.min(3) - negative.min(3) + emoji(GLAD) - emoji(CROSS);
    if is_frustrated(text) {
        score = score.min(0) - 2;
    }
    if is_shouted(text) {
        score += score.signum();
    }
    score.clamp(-5, 5)
}

fn to_i32(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// Capitals throughout, rows of marks, or angry faces.
pub(super) fn is_shouted(text: &str) -> bool {
    let cased = text.chars().filter(|c| c.is_uppercase() || c.is_lowercase()).count();
    let capitals = text.chars().filter(|c| c.is_uppercase()).count();
    let marks = text.chars().map(|c| matches!(c, '!' | '?' | '！' | '？' | '؟'));
    let mut run = 0;
    let row_of_marks = marks.into_iter().any(|mark| {
        run = if mark { run + 1 } else { 0 };
        run >= 2
    });
    (capitals >= 8 && capitals * 10 > cased * 7)
        || row_of_marks
        || text.chars().any(|c| CROSS.contains(c))
}

/// The same question twice: most of a text's words stood in an earlier one.
fn repeats_itself(texts: &[Cow<'_, str>]) -> bool {
    let Some((newest, earlier)) = texts.split_last() else { return false };
    let newest = words::words(newest);
    newest.len() >= 3
        && earlier.iter().any(|text| {
            let before = words::words(text);
            let shared = newest.iter().filter(|word| before.contains(word)).count();
            before.len() >= 3 && shared * 10 >= newest.len() * 8
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moods_have_levels() {
        assert_eq!(sentiment(&["where is my order?"]), Sentiment::Neutral);
        assert!(
            sentiment(&["thank you so much, this is perfect, I love it!"]) >= Sentiment::Positive
        );
        assert!(sentiment(&["my jacket arrived damaged"]) < Sentiment::Neutral);
        assert!(
            sentiment(&["this is ridiculous, worst service ever!!! 😡"]) <= Sentiment::Negative
        );
        assert!(sentiment(&["ほんとに最悪です、ひどい"]) <= Sentiment::SlightlyNegative);
        assert!(sentiment(&["muchas gracias, excelente"]) > Sentiment::Neutral);
    }

    #[test]
    fn repeating_a_question_lowers_the_mood() {
        let once = sentiment(&["where is my parcel now"]);
        let twice = sentiment(&["where is my parcel now", "so where is my parcel now"]);
        assert!(twice < once);
    }
}
