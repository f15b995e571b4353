//! What a customer's words give away without a model: that a person is wanted, frustration,
//! the language, the mood, a forbidden topic, and mere politeness. Every engine runs the first
//! three checks itself, so that an obedient model cannot keep a customer from a person.

mod language;
mod matcher;
mod sentiment;
mod small_talk;
pub(crate) mod tables;
pub(crate) mod words;

use std::{borrow::Cow, sync::LazyLock};

pub use language::language;
pub use sentiment::sentiment;
pub use small_talk::{SmallTalk, is_no, is_yes, small_talk};

pub(crate) use matcher::is_slip_of;
use matcher::{Phrases, Rule};
use tables::TABLES;

/// The most characters of one text that the rules look at: the beginning and the end of it.
const LOOKED_AT_MAX_CHARS: usize = 2_000;

/// A language's rules, ready to match.
struct Rules {
    language: &'static str,
    person: Vec<Rule>,
    no_machine: Vec<Rule>,
    not_person: Vec<Rule>,
    frustrated: Vec<Rule>,
    annoyed: Vec<Rule>,
    not_frustrated: Vec<Rule>,
}

static RULES: LazyLock<Vec<Rules>> = LazyLock::new(|| {
    TABLES
        .iter()
        .map(|table| Rules {
            language: table.language,
            person: Rule::read_all(table.person, table.classes),
            no_machine: Rule::read_all(table.no_machine, table.classes),
            not_person: Rule::read_guards(table.not_person, table.classes),
            frustrated: Rule::read_all(table.frustrated, table.classes),
            annoyed: Rule::read_all(table.annoyed, table.classes),
            not_frustrated: Rule::read_guards(table.not_frustrated, table.classes),
        })
        .collect()
});

/// The rules that apply: those of the languages that the words may be in, and English, which
/// people mix into everything.
fn rules_for(text: &str) -> impl Iterator<Item = &'static Rules> {
    let candidates = language::candidates(text);
    RULES.iter().filter(move |rules| {
        rules.language == "en" || candidates.is_empty() || candidates.contains(&rules.language)
    })
}

fn bounded(text: &str) -> Cow<'_, str> {
    ends(text, LOOKED_AT_MAX_CHARS)
}

/// The beginning and the end of a text that is longer than so many characters.
pub fn ends(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most || text.chars().count() <= most {
        return Cow::Borrowed(text);
    }
    let half = most / 2;
    let mut kept: String = text.chars().take(half).collect();
    kept.push('\n');
    let end: Vec<char> = text.chars().rev().take(half).collect();
    kept.extend(end.iter().rev());
    Cow::Owned(kept)
}

/// Whether the customer asks for a person.
pub fn asks_for_person(text: &str) -> bool {
    let text = bounded(text);
    let clauses = words::clauses(&text);
    rules_for(&text).any(|rules| {
        clauses.iter().any(|clause| {
            matcher::matches(&rules.no_machine, &[], clause)
                || matcher::matches(&rules.person, &rules.not_person, clause)
        })
    })
}

/// Whether the customer is frustrated: one clear sign, or two lesser ones, of which shouting
/// is one.
pub fn is_frustrated(text: &str) -> bool {
    let text = bounded(text);
    let clauses = words::clauses(&text);
    rules_for(&text).any(|rules| {
        let hit = |row: &[Rule], clause: &Vec<String>| {
            matcher::matches(row, &rules.not_frustrated, clause)
        };
        if clauses.iter().any(|clause| hit(&rules.frustrated, clause)) {
            return true;
        }
        let annoyed =
            |rule: &&Rule| clauses.iter().any(|clause| hit(std::slice::from_ref(*rule), clause));
        let signs = rules.annoyed.iter().filter(annoyed).count();
        signs > 0 && signs + usize::from(sentiment::is_shouted(&text)) >= 2
    })
}

/// The forbidden topic that the text touches: words or phrases, compared word by word without
/// regard to case and diacritics.
pub fn forbidden_topic<'a>(text: &str, topics: &'a [String]) -> Option<&'a str> {
    let words = words::words(text);
    topics
        .iter()
        .find(|topic| Phrases::read_plain([topic.as_str()]).any(&words))
        .map(String::as_str)
}
