//! The one matcher of all rules: patterns over folded words, tolerant of typing slips.
//!
//! A rule is a row of steps: `word`, `a|b`, `two_words`, `@CLASS`, `..` (a gap of up to 4 words,
//! 12 where words are single characters; `..2` for up to 2), `^` and `$` (ends of the clause).
//! `stem*`, `*end` and `*middle*` match parts of words, `=word` takes no slips, a trailing `?`
//! makes a step optional. Gaps do not cross commas.

use super::words::{self, COMMA};

const GAP_WORDS: usize = 4;
const GAP_CHARACTERS: usize = 12;
/// What a masked word becomes; no pattern matches it.
const MASK: &str = "\u{0}";

/// A compiled rule.
#[derive(Debug)]
pub struct Rule(Vec<Step>);

#[derive(Debug)]
enum Step {
    Words { alternatives: Vec<Vec<Pattern>>, optional: bool },
    Gap(usize),
    Start,
    End,
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Part {
    Whole,
    Beginning,
    End,
    Middle,
}

#[derive(Debug)]
struct Pattern {
    text: String,
    chars: Vec<char>,
    part: Part,
    strict: bool,
}

/// Named alternatives of a table.
pub type Classes = [(&'static str, &'static str)];

impl Rule {
    /// Reads a rule. Unknown classes match nothing.
    pub fn read(text: &str, classes: &Classes) -> Self {
        Self(text.split_whitespace().map(|step| Step::read(step, classes)).collect())
    }

    /// Reads a list of rules.
    pub fn read_all(texts: &[&str], classes: &Classes) -> Vec<Self> {
        texts.iter().map(|text| Self::read(text, classes)).collect()
    }

    /// Reads guards. They take no slips: a slip away from a refusal often stands a request.
    pub fn read_guards(texts: &[&str], classes: &Classes) -> Vec<Self> {
        let mut guards = Self::read_all(texts, classes);
        for step in guards.iter_mut().flat_map(|guard| &mut guard.0) {
            if let Step::Words { alternatives, .. } = step {
                alternatives.iter_mut().flatten().for_each(|pattern| pattern.strict = true);
            }
        }
        guards
    }

    /// Where the rule first matches: start and end of the span.
    pub fn find(&self, words: &[String]) -> Option<(usize, usize)> {
        (0..words.len()).find_map(|start| {
            run(&self.0, words, start).filter(|end| *end > start).map(|end| (start, end))
        })
    }
}

impl Step {
    fn read(step: &str, classes: &Classes) -> Self {
        match step {
            "^" => return Self::Start,
            "$" => return Self::End,
            _ => {}
        }
        if let Some(count) = step.strip_prefix("..") {
            return Self::Gap(count.parse().unwrap_or(GAP_WORDS));
        }
        let (body, optional) = step.strip_suffix('?').map_or((step, false), |body| (body, true));
        let mut alternatives = Vec::new();
        for alternative in body.split('|') {
            match alternative.strip_prefix('@') {
                Some(name) => {
                    let members = classes.iter().find(|class| class.0 == name).map_or("", |c| c.1);
                    alternatives.extend(members.split('|').map(Pattern::read_words));
                }
                None => alternatives.push(Pattern::read_words(alternative)),
            }
        }
        alternatives.retain(|words| !words.is_empty());
        Self::Words { alternatives, optional }
    }
}

impl Pattern {
    fn read_words(text: &str) -> Vec<Self> {
        text.split('_').flat_map(Self::read).collect()
    }

    fn read(text: &str) -> Vec<Self> {
        let strict = text.starts_with('=');
        let part = match (text.starts_with('*'), text.ends_with('*')) {
            (true, true) => Part::Middle,
            (true, false) => Part::End,
            (false, true) => Part::Beginning,
            (false, false) => Part::Whole,
        };
        words::words(text.trim_matches(['*', '=']))
            .into_iter()
            .map(|text| Self { chars: text.chars().collect(), text, part, strict })
            .collect()
    }

    fn matches(&self, word: &str) -> bool {
        match self.part {
            Part::Whole => word == self.text || (!self.strict && is_slip(&self.chars, word)),
            Part::Beginning => {
                word.starts_with(&self.text) || (!self.strict && self.is_slipped_stem(word))
            }
            Part::End => word.ends_with(&self.text),
            Part::Middle => word.contains(&self.text),
        }
    }

    fn is_slipped_stem(&self, word: &str) -> bool {
        self.chars.len() >= 6
            && word.chars().count() >= self.chars.len()
            && is_slip(&self.chars, &word.chars().take(self.chars.len()).collect::<String>())
    }
}

/// Whether the word is a slip of the known word, longer words only.
pub fn is_slip_of(known: &str, word: &str) -> bool {
    let known: Vec<char> = known.chars().collect();
    known.len() >= 5 && is_slip(&known, word)
}

/// Whether the word is the pattern with a slip of the fingers: one for five letters, two for
/// nine, and two swapped letters for four. The first letter must be right.
fn is_slip(pattern: &[char], word: &str) -> bool {
    let allowed = match pattern.len() {
        0..=3 => return false,
        4..=8 => 1,
        _ => 2,
    };
    let mut first = word.chars();
    if first.next() != pattern.first().copied() {
        return false;
    }
    let typed: Vec<char> = word.chars().collect();
    if typed.len().abs_diff(pattern.len()) > allowed {
        return false;
    }
    if pattern.len() == 4 {
        return is_swap(pattern, &typed);
    }
    distance(pattern, &typed) <= allowed
}

fn is_swap(a: &[char], b: &[char]) -> bool {
    let differing: Vec<usize> = (0..a.len().min(b.len())).filter(|i| a[*i] != b[*i]).collect();
    a.len() == b.len()
        && matches!(differing[..], [i, j] if j == i + 1 && a[i] == b[j] && a[j] == b[i])
}

/// Optimal string alignment distance: insert, delete, replace, swap neighbours.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows = vec![vec![0usize; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replace.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = least;
        }
    }
    rows[a.len()][b.len()]
}

fn run(steps: &[Step], words: &[String], at: usize) -> Option<usize> {
    let Some((step, rest)) = steps.split_first() else { return Some(at) };
    match step {
        Step::Start => (at == 0).then(|| run(rest, words, at)).flatten(),
        Step::End => words[at..].iter().all(|w| w == COMMA).then_some(at),
        Step::Gap(most) => run_gap(*most, rest, words, at),
        Step::Words { alternatives, optional } => alternatives
            .iter()
            .filter_map(|alternative| advance(alternative, words, at))
            .find_map(|next| run(rest, words, next))
            .or_else(|| if *optional { run(rest, words, at) } else { None }),
    }
}

fn run_gap(most: usize, rest: &[Step], words: &[String], at: usize) -> Option<usize> {
    let unspaced = words.get(at).is_some_and(|word| word.chars().any(words::is_unspaced));
    let most = if unspaced && most == GAP_WORDS { GAP_CHARACTERS } else { most };
    for skipped in 0..=most {
        if let Some(end) = run(rest, words, at + skipped) {
            return Some(end);
        }
        match words.get(at + skipped) {
            Some(word) if word != COMMA && word != MASK => {}
            _ => return None,
        }
    }
    None
}

fn advance(alternative: &[Pattern], words: &[String], at: usize) -> Option<usize> {
    let span = words.get(at..at + alternative.len())?;
    let fits = alternative.iter().zip(span).all(|(pattern, word)| pattern.matches(word));
    fits.then_some(at + alternative.len())
}

/// A list of phrases, compared as the rules compare words.
#[derive(Debug)]
pub struct Phrases(Vec<Vec<Pattern>>);

impl Phrases {
    /// Reads `a|two_words|stem*`.
    pub fn read(text: &str) -> Self {
        let mut phrases: Vec<_> = text.split('|').map(Pattern::read_words).collect();
        phrases.retain(|words| !words.is_empty());
        phrases.sort_by_key(|words| std::cmp::Reverse(words.len()));
        Self(phrases)
    }

    /// Reads phrases that somebody wrote as plain text.
    pub fn read_plain<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let strict = |mut pattern: Pattern| {
            pattern.strict = true;
            pattern
        };
        let read = |text: &str| {
            let words = words::words(text).into_iter();
            words.flat_map(|word| Pattern::read(&word)).map(strict).collect::<Vec<_>>()
        };
        Self(texts.into_iter().map(read).filter(|words| !words.is_empty()).collect())
    }

    /// Where a phrase that begins at the position ends; the longest is taken.
    pub fn at(&self, words: &[String], at: usize) -> Option<usize> {
        self.0.iter().find_map(|phrase| advance(phrase, words, at))
    }

    /// How many phrases the words hold, not counting overlaps.
    pub fn count(&self, words: &[String]) -> usize {
        let (mut count, mut at) = (0, 0);
        while at < words.len() {
            match self.at(words, at) {
                Some(end) => {
                    count += 1;
                    at = end;
                }
                None => at += 1,
            }
        }
        count
    }

    /// Whether the words hold a phrase.
    pub fn any(&self, words: &[String]) -> bool {
        (0..words.len()).any(|at| self.at(words, at).is_some())
    }
}

/// Whether any of the rules matches once everything that the guards explain is masked.
pub fn matches(rules: &[Rule], guards: &[Rule], clause: &[String]) -> bool {
    let mut words = clause.to_vec();
    for guard in guards {
        while let Some((start, end)) = guard.find(&words) {
            words[start..end].iter_mut().for_each(|word| MASK.clone_into(word));
        }
    }
    rules.iter().any(|rule| rule.find(&words).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(rule: &str, text: &str) -> bool {
        Rule::read(rule, &[("WHO", "human|real_person")]).find(&words::words(text)).is_some()
    }

    #[test]
    fn rules_match_over_gaps_and_slips() {
        assert!(found("speak to ..2 @WHO", "let me SPEKA to a real persn now"));
        assert!(!found("speak to ..2 @WHO", "speak to my very old mother human"));
        assert!(found("^ @WHO please? $", "humna"));
        assert!(!found("^ @WHO please? $", "human error"));
        assert!(found("担当者 .. 話", "担当者の方とお話ししたい"));
        assert!(!found("=human", "humans"));
    }

    #[test]
    fn a_guard_hides_only_what_it_explains() {
        let rules = [Rule::read("human", &[])];
        let guards = [Rule::read("no human", &[])];
        let clause = |text| words::words(text);
        assert!(!matches(&rules, &guards, &clause("no human needed")));
        assert!(matches(&rules, &guards, &clause("no human answered get me a human")));
    }
}
