//! The articles of one language with their own statistics. An article is found by BM25 over all
//! of it; then the passage in it that covers most of the question answers, the earliest of
//! equals, because articles say the general thing first.

use std::collections::{HashMap, HashSet};

use bm25::{Document, SearchEngine, SearchEngineBuilder, Tokenizer};

use super::{Hit, Passage, concepts, terms::Terms};

/// How many of the best articles are looked into.
const ARTICLES: usize = 3;
/// What a word that stands nowhere weighs, as a part of the rarest word's weight: it may be
/// what the question is about, or only a way of putting it.
const UNKNOWN_WEIGHT: f32 = 0.55;
/// The least that a word for one of the shop's matters weighs, in the same measure: it says what
/// the question is about even where half of the articles use it.
const MATTER_WEIGHT: f32 = 0.6;

pub struct Shelf {
    language: &'static str,
    terms: Terms,
    passages: Vec<Entry>,
    /// Passages of each article.
    articles: Vec<std::ops::Range<usize>>,
    frequencies: HashMap<String, usize>,
    engine: SearchEngine<u32, u32, Terms>,
}

struct Entry {
    passage: Passage,
    title: HashSet<String>,
    body: HashSet<String>,
}

impl Shelf {
    pub fn new(language: &'static str, passages: Vec<Passage>) -> Self {
        let terms = Terms::new(language);
        let set = |text: &str| -> HashSet<String> { terms.tokenize(text).into_iter().collect() };
        let passages: Vec<Entry> = passages
            .into_iter()
            .map(|passage| Entry {
                title: set(&passage.title),
                body: set(&format!(
                    "{}\n{}",
                    passage.heading.as_deref().unwrap_or(""),
                    passage.text()
                )),
                passage,
            })
            .collect();
        let mut frequencies = HashMap::new();
        for entry in &passages {
            for term in entry.title.union(&entry.body) {
                *frequencies.entry(term.clone()).or_default() += 1;
            }
        }
        let articles = articles(&passages);
        let documents: Vec<Document<u32>> = (0u32..)
            .zip(&articles)
            .map(|(id, range)| Document::new(id, searchable(&passages[range.clone()])))
            .collect();
        let engine =
            SearchEngineBuilder::with_tokenizer_and_documents(Terms::new(language), documents)
                .build();
        Self { language, terms, passages, articles, frequencies, engine }
    }

    pub fn language(&self) -> &'static str {
        self.language
    }

    pub fn len(&self) -> usize {
        self.passages.len()
    }

    /// The best passage of each of the best articles, best first.
    pub fn search(&self, question: &str, language: Option<&str>, limit: usize) -> Vec<Hit<'_>> {
        let knows = |term: &str| self.frequencies.contains_key(term);
        let foreign = language.is_some_and(|language| language != self.language);
        let words = self.terms.question(question, language, knows);
        let found = self.engine.search(&words.join(" "), ARTICLES.max(limit));
        let wanted: HashSet<String> =
            words.iter().flat_map(|word| self.terms.tokenize(word)).collect();
        // Across languages a shared word proves nothing; one of the shop's matters does.
        if foreign && !wanted.iter().any(|term| concepts::is_matter(term)) {
            return Vec::new();
        }
        let mut hits: Vec<Hit<'_>> = found
            .into_iter()
            .filter_map(|result| {
                let at = usize::try_from(result.document.id).ok()?;
                self.best_passage(self.articles.get(at)?.clone(), &wanted, result.score)
            })
            .collect();
        hits.sort_by(|a, b| b.score.total_cmp(&a.score));
        hits.truncate(limit);
        hits
    }

    fn best_passage(
        &self,
        article: std::ops::Range<usize>,
        wanted: &HashSet<String>,
        article_score: f32,
    ) -> Option<Hit<'_>> {
        // The title speaks for every passage: what it does not say decides, then all of it.
        let weigh = |entry: &Entry| {
            let told: Vec<&String> = wanted.intersection(&entry.body).collect();
            let own = told.iter().copied().filter(|term| !entry.title.contains(*term));
            (self.weight(own), self.weight(told.iter().copied()))
        };
        let mut best = self.passages.get(article.start)?;
        for entry in &self.passages[article] {
            if weigh(entry) > weigh(best) {
                best = entry;
            }
        }
        let covers = |term: &&String| best.body.contains(*term) || best.title.contains(*term);
        let all = self.weight(wanted.iter());
        let coverage =
            if all > 0.0 { self.weight(wanted.iter().filter(covers)) / all } else { 0.0 };
        Some(Hit { passage: &best.passage, score: article_score * (0.5 + coverage), coverage })
    }

    fn weight<'t>(&self, terms: impl Iterator<Item = &'t String>) -> f32 {
        terms.map(|term| self.rarity(term)).sum()
    }

    /// Inverse document frequency as in BM25, with the exceptions above.
    fn rarity(&self, term: &str) -> f32 {
        let total = self.passages.len() as f32;
        let rarest = (1.0 + (total + 0.5) / 0.5).ln();
        let known = self.frequencies.get(term).map(|count| {
            let count = *count as f32;
            (1.0 + (total - count + 0.5) / (count + 0.5)).ln()
        });
        match known {
            Some(rarity) if concepts::is_matter(term) => rarity.max(rarest * MATTER_WEIGHT),
            Some(rarity) => rarity,
            None => rarest * UNKNOWN_WEIGHT,
        }
    }
}

/// Neighbouring passages of one source belong to one article.
fn articles(passages: &[Entry]) -> Vec<std::ops::Range<usize>> {
    let mut articles: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, entry) in passages.iter().enumerate() {
        match articles.last_mut() {
            Some(last) if passages[last.start].passage.source == entry.passage.source => {
                last.end = at + 1;
            }
            _ => articles.push(at..at + 1),
        }
    }
    articles
}

/// What an article is found by. The title counts three times: it says what the article is about.
fn searchable(article: &[Entry]) -> String {
    let title = article.first().map_or("", |entry| entry.passage.title.as_str());
    let mut text = format!("{title}\n{title}\n{title}\n");
    for entry in article {
        text.push_str(entry.passage.heading.as_deref().unwrap_or(""));
        text.push('\n');
        text.push_str(&entry.passage.text());
        text.push('\n');
    }
    text
}
