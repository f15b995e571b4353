//! The sentences of a passage that answer a question.

use std::collections::HashSet;

use bm25::Tokenizer;

use super::{Passage, Sentence, terms::Terms};

/// The most sentences of an answer, and of the list items after an announcement.
const MAX_SENTENCES: usize = 3;
const MAX_ITEMS: usize = 6;
/// The most characters of an answer.
const MAX_CHARS: usize = 700;

/// The best sentences in their order. An announcement ("The days:") brings its items along.
pub fn extract(question: &str, passage: &Passage) -> String {
    let terms = Terms::new(passage.language);
    let set = |text: &str| -> HashSet<String> { terms.tokenize(text).into_iter().collect() };
    let wanted = set(question);
    let counts: Vec<usize> = passage
        .sentences
        .iter()
        .map(|sentence| set(&sentence.text).intersection(&wanted).count())
        .collect();
    let most = counts.iter().copied().max().unwrap_or(0);
    let best = counts.iter().position(|count| *count == most).unwrap_or(0);
    join(passage, &chosen(&passage.sentences, best))
}

fn chosen(sentences: &[Sentence], best: usize) -> Vec<usize> {
    let is_item = |at: &usize| sentences.get(*at).is_some_and(|sentence| sentence.is_item);
    if is_item(&best) {
        let announcement = (0..best).rev().find(|at| !is_item(at));
        announcement.into_iter().chain([best]).collect()
    } else if is_item(&(best + 1)) {
        let items = (best + 1..).take_while(is_item).take(MAX_ITEMS);
        [best].into_iter().chain(items).collect()
    } else {
        (best..sentences.len()).take_while(|at| !is_item(at)).take(MAX_SENTENCES).collect()
    }
}

fn join(passage: &Passage, chosen: &[usize]) -> String {
    let mut answer = String::new();
    for sentence in chosen.iter().filter_map(|at| passage.sentences.get(*at)) {
        let fits = answer.chars().count() + sentence.text.chars().count() < MAX_CHARS;
        if !answer.is_empty() && !fits {
            break;
        }
        if !answer.is_empty() && !answer.ends_with(['。', '！', '？']) {
            answer.push(' ');
        }
        answer.push_str(&sentence.text);
    }
    answer.chars().take(MAX_CHARS).collect()
}
