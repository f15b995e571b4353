//! What a search looks for: words, phrases, wildcards and operators; and how telephone numbers are matched.
//!
//! Source: "FIND {SearchQuery}", SOQL and SOSL Reference, checked 2026-11: words are delimited by spaces and
//! punctuation; `? & | ! { } [ ] ( ) ^ ~ * : \ " ' + -` are reserved and must be escaped. Telephone numbers are found by
//! the whole number or by its last digits from a break on, whatever marks are in it (observed).

use super::statement::malformed;
use crate::salesforce::crm::answer::Refusal;
use crate::salesforce::crm::schema::Kind;

/// Reserved characters that mean nothing by themselves.
const RESERVED: &str = "&|!{}[]^~:'+-";
/// The fewest characters of a word.
const MIN_LENGTH: usize = 2;
/// Nesting of parentheses.
const MAX_DEPTH: usize = 20;
/// Lengths of the ends of a number that are indexed beside its own parts.
const NUMBER_ENDS: [usize; 2] = [7, 10];

#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// One word or phrase; wildcards are kept apart from letters.
    Text(Vec<Symbol>),
    And(Vec<Term>),
    Or(Vec<Term>),
    Not(Box<Term>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symbol {
    Letter(char),
    /// `*`
    Any,
    /// `?`
    One,
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Text(Vec<Symbol>, bool),
    Open,
    Close,
}

impl Term {
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let tokens = tokens(text)?;
        let mut parser = Parser { tokens, next: 0 };
        let term = parser.either(0)?;
        if parser.next < parser.tokens.len() {
            return Err(malformed("unexpected token: ')'"));
        }
        Ok(term)
    }

    /// Whether one of these texts, or for AND all of them together, has what is looked for.
    pub fn finds(&self, texts: &[(Kind, &str)]) -> bool {
        match self {
            Self::Text(symbols) => texts.iter().any(|(kind, text)| match kind {
                Kind::Phone => has_number(text, symbols) || has_phrase(text, symbols),
                _ => has_phrase(text, symbols),
            }),
            Self::And(all) => all.iter().all(|one| one.finds(texts)),
            Self::Or(all) => all.iter().any(|one| one.finds(texts)),
            Self::Not(inner) => !inner.finds(texts),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    let mut found = Vec::new();
    let mut word: Vec<Symbol> = Vec::new();
    let mut in_phrase = false;
    let mut letters = text.chars();
    let end = |word: &mut Vec<Symbol>, found: &mut Vec<Token>, is_phrase: bool| {
        if !word.is_empty() {
            found.push(Token::Text(std::mem::take(word), is_phrase));
        }
    };
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                let escaped =
                    letters.next().ok_or_else(|| malformed("unexpected end of search"))?;
                word.push(Symbol::Letter(escaped));
            }
            '"' => {
                end(&mut word, &mut found, in_phrase);
                in_phrase = !in_phrase;
            }
            '*' => word.push(Symbol::Any),
            '?' => word.push(Symbol::One),
            '(' | ')' if !in_phrase => {
                end(&mut word, &mut found, false);
                found.push(if letter == '(' { Token::Open } else { Token::Close });
            }
            reserved if RESERVED.contains(reserved) && !in_phrase => {
                return Err(malformed(format!("unexpected token: '{reserved}'")));
            }
            space if space.is_whitespace() && !in_phrase => end(&mut word, &mut found, false),
            other => word.push(Symbol::Letter(other)),
        }
    }
    if in_phrase {
        return Err(malformed("unexpected token: '\"'"));
    }
    end(&mut word, &mut found, false);
    Ok(found)
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
}

impl Parser {
    fn is_operator(&self, operator: &str) -> bool {
        let Some(Token::Text(symbols, false)) = self.tokens.get(self.next) else { return false };
        plain(symbols).eq_ignore_ascii_case(operator)
    }

    fn take_operator(&mut self, operator: &str) -> bool {
        let found = self.is_operator(operator);
        self.next += usize::from(found);
        found
    }

    fn either(&mut self, depth: usize) -> Result<Term, Refusal> {
        let mut all = vec![self.both(depth)?];
        while self.take_operator("OR") {
            all.push(self.both(depth)?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Term::Or(all) })
    }

    fn both(&mut self, depth: usize) -> Result<Term, Refusal> {
        let mut all = vec![self.one(depth)?];
        loop {
            if self.take_operator("AND") {
                let is_not = self.take_operator("NOT");
                let one = self.one(depth)?;
                all.push(if is_not { Term::Not(Box::new(one)) } else { one });
            } else if self.is_operator("OR")
                || matches!(self.tokens.get(self.next), None | Some(Token::Close))
            {
                return Ok(if all.len() == 1 { all.remove(0) } else { Term::And(all) });
            } else {
                all.push(self.one(depth)?);
            }
        }
    }

    fn one(&mut self, depth: usize) -> Result<Term, Refusal> {
        let token = self.tokens.get(self.next).cloned();
        self.next += 1;
        match token {
            Some(Token::Text(symbols, _)) => checked(symbols),
            Some(Token::Open) if depth < MAX_DEPTH => {
                let inner = self.either(depth + 1)?;
                let closed = self.tokens.get(self.next) == Some(&Token::Close);
                self.next += 1;
                if closed { Ok(inner) } else { Err(malformed("unexpected token: '<EOF>'")) }
            }
            Some(Token::Open) => Err(malformed("the search is nested too deeply")),
            Some(Token::Close) => Err(malformed("unexpected token: ')'")),
            None => {
                Err(malformed("No search term found. The search term must be enclosed in braces."))
            }
        }
    }
}

fn plain(symbols: &[Symbol]) -> String {
    let letter = |symbol: &Symbol| match symbol {
        Symbol::Letter(letter) => *letter,
        Symbol::Any => '*',
        Symbol::One => '?',
    };
    symbols.iter().map(letter).collect()
}

fn checked(symbols: Vec<Symbol>) -> Result<Term, Refusal> {
    let is_word =
        |symbol: &&Symbol| matches!(symbol, Symbol::Letter(letter) if letter.is_alphanumeric());
    if symbols.iter().filter(is_word).count() < MIN_LENGTH {
        let message = format!("Search term must be longer than one character: {}", plain(&symbols));
        return Err(malformed(message));
    }
    Ok(Term::Text(symbols))
}

/// The words of a text in lower case.
fn words(text: &str) -> Vec<Vec<char>> {
    let lower = text.to_lowercase();
    let words = lower.split(|letter: char| !letter.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(|word| word.chars().collect()).collect()
}

/// The words of what is looked for, with their wildcards.
fn wanted_words(symbols: &[Symbol]) -> Vec<Vec<Symbol>> {
    let is_break =
        |symbol: &Symbol| matches!(symbol, Symbol::Letter(letter) if !letter.is_alphanumeric());
    let lower = |symbol: &Symbol| match symbol {
        Symbol::Letter(letter) => Symbol::Letter(letter.to_lowercase().next().unwrap_or(*letter)),
        wildcard => *wildcard,
    };
    let words = symbols.split(is_break).filter(|word| !word.is_empty());
    words.map(|word| word.iter().map(lower).collect()).collect()
}

/// Whether the words stand in the text, one after the other.
fn has_phrase(text: &str, symbols: &[Symbol]) -> bool {
    let (held, wanted) = (words(text), wanted_words(symbols));
    !wanted.is_empty()
        && held
            .windows(wanted.len())
            .any(|window| window.iter().zip(&wanted).all(|(held, wanted)| matches(held, wanted)))
}

fn matches(held: &[char], wanted: &[Symbol]) -> bool {
    match (held, wanted) {
        ([], []) => true,
        (_, [Symbol::Any, rest @ ..]) => (0..=held.len()).any(|at| matches(&held[at..], rest)),
        ([_, held @ ..], [Symbol::One, rest @ ..]) => matches(held, rest),
        ([letter, held @ ..], [Symbol::Letter(wanted), rest @ ..]) if letter == wanted => {
            matches(held, rest)
        }
        _ => false,
    }
}

/// Whether a telephone number, or an end of it, is the one that is looked for.
fn has_number(text: &str, symbols: &[Symbol]) -> bool {
    let wanted: Vec<Symbol> = symbols
        .iter()
        .filter(|symbol| !matches!(symbol, Symbol::Letter(letter) if !letter.is_alphanumeric()))
        .copied()
        .collect();
    let parts: Vec<&str> = text
        .split(|letter: char| !letter.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .collect();
    let whole: Vec<char> = parts.concat().chars().collect();
    let mut ends: Vec<usize> = parts
        .iter()
        .rev()
        .scan(0, |length, part| {
            *length += part.len();
            Some(*length)
        })
        .collect();
    ends.extend(NUMBER_ENDS.iter().filter(|length| **length < whole.len()));
    ends.iter().any(|length| matches(&whole[whole.len() - length..], &wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(term: &str, kind: Kind, text: &str) -> bool {
        Term::parse(term).unwrap().finds(&[(kind, text)])
    }

    #[test]
    fn numbers_are_found_whatever_their_marks() {
        for stored in
            ["(415) 555-0100", "415.555.0100", "4155550100", "+1 415 555 0100", "14155550100"]
        {
            assert!(finds("4155550100", Kind::Phone, stored), "{stored}");
            assert!(finds("5550100", Kind::Phone, stored), "{stored}");
        }
        assert!(finds("\\+1\\(415\\)5550100", Kind::Phone, "+1 415 555 0100"));
        // The country's code is no part of a number that is stored without it.
        assert!(!finds("14155550100", Kind::Phone, "(415) 555-0100"));
        assert!(!finds("4155550100", Kind::Phone, "(415) 555-0101"));
        assert!(
            finds("0100", Kind::Phone, "(415) 555-0100")
                && !finds("0100", Kind::Phone, "4155550100")
        );
        assert!(finds("415555*", Kind::Phone, "(415) 555-0100"));
    }

    #[test]
    fn words_and_phrases_are_found() {
        assert!(finds("ana@shop.test", Kind::Email, "Ana@Shop.test"));
        assert!(!finds("ana@shop.test", Kind::Email, "banana@shop.test"));
        assert!(finds("silva ana", Kind::Text, "Ana Maria Silva"));
        assert!(!finds("\"ana silva\"", Kind::Text, "Ana Maria Silva"));
        assert!(finds("sil* AND NOT bo", Kind::Text, "Ana Silva"));
        assert!(finds("(bo OR an?) AND silva", Kind::Text, "Ana Silva"));
    }

    #[test]
    fn reserved_characters_are_refused_unless_escaped() {
        for term in
            ["+15550100", "555-0100", "o'brien", "a:b", "(ab", "ab)", "\"ab", "a", "", "ab\\"]
        {
            assert!(Term::parse(term).is_err(), "{term}");
        }
        assert!(finds("o\\'brien", Kind::Text, "O'Brien"));
        assert!(finds("\"o'brien\"", Kind::Text, "O'Brien"));
    }
}
