//! Text to search terms, per language: folded words without little words, reduced to stems;
//! words for the same thing become one term. Unspaced scripts become pairs of characters.

use std::{collections::HashSet, sync::LazyLock};

use bm25::{DefaultTokenizer, Language, Tokenizer};

use super::concepts;
use crate::detect::{tables::TABLES, words};

/// Languages without a stemmer of their own are cut after so many characters.
const STEM_CHARS: usize = 5;

/// The tokenizer of one language.
pub struct Terms {
    language: &'static str,
    stemmer: Option<DefaultTokenizer>,
}

impl Terms {
    /// For a language (ISO 639-1).
    pub fn new(language: &'static str) -> Self {
        let stems = match language {
            "ar" => Some(Language::Arabic),
            "de" => Some(Language::German),
            "en" => Some(Language::English),
            "es" => Some(Language::Spanish),
            "fr" => Some(Language::French),
            "it" => Some(Language::Italian),
            "nl" => Some(Language::Dutch),
            "pt" => Some(Language::Portuguese),
            "tr" => Some(Language::Turkish),
            _ => None,
        };
        // Words are folded and little words taken out before: only the stemming is left to do.
        let stemmer = stems.map(|language| {
            DefaultTokenizer::builder()
                .language_mode(language)
                .normalization(false)
                .stopwords(false)
                .stemming(true)
                .build()
        });
        Self { language, stemmer }
    }

    /// The words of a question that are worth searching for; the question may be in another
    /// language than the articles. A word that no article knows is taken for a slip of one that
    /// the shop's matters know.
    pub fn question(
        &self,
        question: &str,
        language: Option<&str>,
        knows: impl Fn(&str) -> bool,
    ) -> Vec<String> {
        let words = words::words(question);
        let mut kept = Vec::new();
        let mut at = 0;
        while at < words.len() {
            if let Some((_, end)) = concepts::at(&words, at) {
                kept.push(words[at..end].join(" "));
                at = end;
                continue;
            }
            let word = &words[at];
            at += 1;
            let unspaced = word.chars().all(words::is_unspaced);
            let little = is_little(word, self.language)
                || language.is_some_and(|language| is_little(word, language));
            if unspaced {
                // Kept together with its neighbours: pairs are made of them.
                match kept.last_mut() {
                    Some(last) if last.chars().all(words::is_unspaced) => last.push_str(word),
                    _ => kept.push(word.clone()),
                }
            } else if !little {
                let known = self.stem(word).is_some_and(|stem| knows(&stem));
                let meant = if known { None } else { concepts::meant(word) };
                kept.push(meant.unwrap_or(word).to_owned());
            }
        }
        kept
    }

    fn terms(&self, text: &str) -> Vec<String> {
        let words = words::words(text);
        let mut terms = Vec::new();
        let mut at = 0;
        while at < words.len() {
            if let Some((concept, end)) = concepts::at(&words, at) {
                terms.push(concept.to_owned());
                at = end;
                continue;
            }
            let word = &words[at];
            if word.chars().all(words::is_unspaced) {
                terms.extend(pair(word, words.get(at + 1)));
            } else if !is_little(word, self.language) {
                terms.extend(self.stem(word));
            }
            at += 1;
        }
        terms
    }

    fn stem(&self, word: &str) -> Option<String> {
        match &self.stemmer {
            Some(stemmer) => stemmer.tokenize(word).into_iter().next(),
            None if word.chars().any(|c| c.is_numeric()) => Some(word.to_owned()),
            None => Some(word.chars().take(STEM_CHARS).collect()),
        }
    }
}

impl Tokenizer for Terms {
    fn tokenize(&self, text: &str) -> Vec<String> {
        self.terms(text)
    }
}

/// Two characters that stand together. Pairs of hiragana are grammar, not matter.
fn pair(first: &str, second: Option<&String>) -> Option<String> {
    let second = second.filter(|next| next.chars().all(words::is_unspaced))?;
    let pair = format!("{first}{second}");
    let matters = pair.chars().any(|c| !('\u{3040}'..='\u{309f}').contains(&c));
    matters.then_some(pair)
}

static LITTLE: LazyLock<Vec<(&'static str, HashSet<String>)>> = LazyLock::new(|| {
    TABLES
        .iter()
        .map(|table| {
            let lists = [table.function_words, table.greeting, table.thanks, table.filler];
            let entries = lists.iter().flat_map(|list| list.split(['|', '_']));
            (table.language, entries.flat_map(words::words).collect())
        })
        .collect()
});

fn is_little(word: &str, language: &str) -> bool {
    LITTLE.iter().any(|(name, words)| *name == language && words.contains(word))
}
