//! `FIND {…} IN … FIELDS RETURNING …(…), … LIMIT n`.

use super::term::Term;
use crate::salesforce::crm::answer::Refusal;
use crate::salesforce::crm::soql::parse::{Clauses, Path, within};

/// Characters of the longest search.
const MAX_LENGTH: usize = 20_000;

/// In which kinds of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    All,
    Name,
    Email,
    Phone,
    Sidebar,
}

impl Group {
    pub fn named(name: &str) -> Option<Self> {
        Some(match name.to_uppercase().as_str() {
            "ALL" => Self::All,
            "NAME" => Self::Name,
            "EMAIL" => Self::Email,
            "PHONE" => Self::Phone,
            "SIDEBAR" => Self::Sidebar,
            _ => return None,
        })
    }
}

#[derive(Debug)]
pub struct Returning {
    pub object: String,
    pub paths: Vec<Path>,
    pub clauses: Clauses,
}

#[derive(Debug)]
pub struct Statement {
    pub term: Term,
    pub group: Group,
    pub returning: Vec<Returning>,
    pub limit: Option<usize>,
}

/// MALFORMED_SEARCH.
pub fn malformed(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "MALFORMED_SEARCH", message)
}

impl Statement {
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        if text.chars().count() > MAX_LENGTH {
            return Err(malformed("the search is too long"));
        }
        let rest = keyword(text, "FIND").ok_or_else(|| unexpected(text))?;
        let inner = rest.strip_prefix('{').ok_or_else(|| unexpected(rest))?;
        let end = closing(inner).ok_or_else(|| malformed("unexpected token: '<EOF>'"))?;
        let term = Term::parse(&inner[..end])?;
        let mut rest = inner[end + 1..].trim_start();
        let mut group = Group::All;
        if let Some(after) = keyword(rest, "IN") {
            let (name, after) = word(after);
            group = Group::named(name).ok_or_else(|| unexpected(name))?;
            rest = keyword(after, "FIELDS").ok_or_else(|| unexpected(after))?;
        }
        let mut returning = Vec::new();
        if let Some(after) = keyword(rest, "RETURNING") {
            (returning, rest) = self::returning(after)?;
        }
        let mut limit = None;
        if let Some(after) = keyword(rest, "LIMIT") {
            let (number, after) = word(after);
            limit = Some(number.parse().map_err(|_| unexpected(number))?);
            rest = after;
        }
        if rest.is_empty() {
            Ok(Self { term, group, returning, limit })
        } else {
            Err(unexpected(rest))
        }
    }
}

fn unexpected(rest: &str) -> Refusal {
    let token = rest.split_whitespace().next().unwrap_or("<EOF>");
    malformed(format!("line 1:0 unexpected token: '{token}'"))
}

/// What follows a keyword.
fn keyword<'a>(text: &'a str, keyword: &str) -> Option<&'a str> {
    let text = text.trim_start();
    let head = text.get(..keyword.len())?;
    let rest = &text[keyword.len()..];
    let ends = !rest.starts_with(|letter: char| letter.is_alphanumeric());
    (head.eq_ignore_ascii_case(keyword) && ends).then(|| rest.trim_start())
}

fn word(text: &str) -> (&str, &str) {
    let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
    let (word, rest) = text.split_at(end.unwrap_or(text.len()));
    (word, rest.trim_start())
}

/// Where the brace that ends a search term is.
fn closing(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '}' => return Some(at),
            _ => {}
        }
    }
    None
}

/// `Contact(Id, Name LIMIT 5), Account`, and what follows.
fn returning(mut rest: &str) -> Result<(Vec<Returning>, &str), Refusal> {
    let mut found = Vec::new();
    loop {
        let (object, after) = word(rest);
        if object.is_empty() {
            return Err(unexpected(rest));
        }
        let (mut paths, mut clauses) = (Vec::new(), Clauses::default());
        rest = after;
        if let Some(inner) = after.strip_prefix('(') {
            let end = parenthesis(inner).ok_or_else(|| malformed("unexpected token: '<EOF>'"))?;
            (paths, clauses) = within(&inner[..end])?;
            rest = inner[end + 1..].trim_start();
        }
        found.push(Returning { object: object.to_owned(), paths, clauses });
        match rest.strip_prefix(',') {
            Some(after) => rest = after.trim_start(),
            None => return Ok((found, rest)),
        }
    }
}

/// Where the parenthesis ends, texts in quotes left aside.
fn parenthesis(text: &str) -> Option<usize> {
    let (mut depth, mut in_quotes, mut is_escaped) = (0_usize, false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '\'' => in_quotes = !in_quotes,
            _ if in_quotes => {}
            '(' => depth += 1,
            ')' if depth == 0 => return Some(at),
            ')' => depth -= 1,
            _ => {}
        }
    }
    None
}
