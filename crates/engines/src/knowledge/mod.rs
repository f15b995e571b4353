//! The knowledge folder: Markdown articles, cut into passages, ranked with BM25. Why it is done
//! this way: docs/decisions/0003-retrieval.md.

mod answer;
mod concepts;
mod file;
mod load;
mod markdown;
mod shelf;
mod terms;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use baton_core::message::Citation;

use crate::detect;
use shelf::Shelf;

pub use load::LoadFault;
pub(crate) use markdown::plain;

/// A piece of an article that can answer a question by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Passage {
    /// The article's title.
    pub title: String,
    /// Where the article stands, relative to the folder, with forward slashes.
    pub source: String,
    /// The article's language (ISO 639-1).
    pub language: &'static str,
    /// The heading above the passage, where it is not the title.
    pub heading: Option<String>,
    /// Sentences and list items in order, plain text.
    pub sentences: Vec<Sentence>,
    /// The file that the article shows, relative to the folder, with forward slashes.
    pub file: Option<String>,
}

/// A sentence, or an item of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sentence {
    /// The words.
    pub text: String,
    /// Whether it is an item of a list.
    pub is_item: bool,
}

impl Passage {
    /// What an answer from it names.
    pub fn citation(&self) -> Citation {
        let (title, source) = (self.title.clone(), self.source.clone());
        Citation { title, source, file: self.file.clone() }
    }

    /// The passage as one plain text.
    pub fn text(&self) -> String {
        self.sentences.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// A passage that was found.
#[derive(Clone, Debug)]
pub struct Hit<'a> {
    /// The passage.
    pub passage: &'a Passage,
    /// BM25; comparable within one search only.
    pub score: f32,
    /// How much of the question the passage covers, from 0 to 1: rare words weigh more, and
    /// words that stand nowhere in the folder weigh most.
    pub coverage: f32,
}

/// All articles, ready to be searched. Reloading is loading again.
pub struct Index {
    shelves: Vec<Shelf>,
    folder: PathBuf,
    /// The files that articles show; no other is ever opened.
    files: BTreeSet<String>,
}

impl Index {
    /// An index without articles.
    pub fn empty() -> Self {
        Self { shelves: Vec::new(), folder: PathBuf::new(), files: BTreeSet::new() }
    }

    /// Reads every Markdown file under the folder. Links are not followed, hidden files are
    /// left out.
    ///
    /// # Errors
    /// Names the file that cannot be read or the limit that the folder exceeds.
    pub fn load(folder: &Path) -> Result<Self, LoadFault> {
        let mut shelves: Vec<Shelf> = Vec::new();
        let mut files = BTreeSet::new();
        let mut by_language: Vec<(&'static str, Vec<Passage>)> = Vec::new();
        for file in load::read_folder(folder)? {
            let article = markdown::read(&file.text, &file.source);
            let language = detect::language(&article.plain()).unwrap_or("en");
            let shown = load::shown(folder, &file.source, article.shows())?;
            files.extend(shown.clone());
            let passages = article.passages(&file.source, language, shown.as_deref());
            match by_language.iter_mut().find(|shelf| shelf.0 == language) {
                Some(shelf) => shelf.1.extend(passages),
                None => by_language.push((language, passages)),
            }
        }
        shelves.extend(by_language.into_iter().map(|(l, passages)| Shelf::new(l, passages)));
        Ok(Self { shelves, folder: folder.to_owned(), files })
    }

    /// Where a file stands that an article shows; none where no article does.
    pub fn file(&self, source: &str) -> Option<PathBuf> {
        self.files.contains(source).then(|| self.folder.join(source))
    }

    /// How many passages there are.
    pub fn passages(&self) -> usize {
        self.shelves.iter().map(Shelf::len).sum()
    }

    /// The best passages, those in the question's language first, each language best first.
    pub fn search(&self, question: &str, language: Option<&str>, limit: usize) -> Vec<Hit<'_>> {
        let question = &*detect::ends(question, QUESTION_MAX_CHARS);
        let mut shelves: Vec<&Shelf> = self.shelves.iter().collect();
        shelves.sort_by_key(|shelf| Some(shelf.language()) != language);
        let found = shelves.into_iter().flat_map(|shelf| shelf.search(question, language, limit));
        found.take(limit).collect()
    }

    /// The one passage that answers with confidence, if any.
    pub fn best(&self, question: &str, language: Option<&str>) -> Option<Hit<'_>> {
        let question = &*detect::ends(question, QUESTION_MAX_CHARS);
        let mut shelves: Vec<&Shelf> = self.shelves.iter().collect();
        shelves.sort_by_key(|shelf| Some(shelf.language()) != language);
        shelves.into_iter().find_map(|shelf| {
            parts(question).into_iter().find_map(|part| {
                let mut hits = shelf.search(&part, language, CANDIDATES);
                hits.retain(|hit| hit.coverage >= CONFIDENT_COVERAGE);
                hits.into_iter().next()
            })
        })
    }

    /// One to three sentences of the passage that answer the question best.
    pub fn extract(&self, question: &str, hit: &Hit<'_>) -> String {
        answer::extract(&detect::ends(question, QUESTION_MAX_CHARS), hit.passage)
    }
}

/// How much of a question is looked at, and how many of its last clauses one by one.
const QUESTION_MAX_CHARS: usize = 2_000;
const PARTS_MAX: usize = 8;
/// How many of the best passages are looked at for one that covers the question.
const CANDIDATES: usize = 3;
/// How much of a question a passage must cover to be an answer. Set with tests/retrieval.rs.
const CONFIDENT_COVERAGE: f32 = 0.5;

/// The whole question, then its single clauses: people tell a story and ask at its end.
fn parts(question: &str) -> Vec<String> {
    let mut parts = vec![question.to_owned()];
    let clauses = detect::words::clauses(question);
    let pieces = clauses.iter().flat_map(|clause| clause.split(|word| word == ","));
    let pieces: Vec<&[String]> = pieces.filter(|piece| piece.len() >= PART_MIN_WORDS).collect();
    if pieces.len() > 1 {
        parts.extend(pieces.into_iter().rev().take(PARTS_MAX).map(|piece| piece.join(" ")));
    }
    parts
}

/// A clause of fewer words is no question by itself.
const PART_MIN_WORDS: usize = 3;

/// The search terms of a text in whatever language it is.
pub(crate) fn terms(text: &str) -> Vec<String> {
    use bm25::Tokenizer;
    terms::Terms::new(detect::language(text).unwrap_or("en")).tokenize(text)
}

/// Whether a term says what a text is about, rather than being in half of them.
pub(crate) fn is_particular(term: &str) -> bool {
    !concepts::is_everywhere(term)
}
