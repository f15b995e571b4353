//! What a query says.

use super::lexer::{Placed, Token, tokens};
use crate::salesforce::crm::answer::Refusal;
use crate::salesforce::crm::instant;

/// Characters of the longest query.
const MAX_LENGTH: usize = 100_000;
/// Nesting of parentheses.
const MAX_DEPTH: usize = 50;
/// The largest OFFSET.
const MAX_OFFSET: usize = 2_000;

/// A field, possibly of a parent, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    pub steps: Vec<String>,
    pub at: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Selected {
    Field(Path),
    /// `COUNT()`.
    Count,
    /// `COUNT(Id)`.
    CountOf(Path),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Like,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    Null,
    Flag(bool),
    Number(f64),
    Text(String),
    /// Unix milliseconds.
    Instant(i64),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    Compare { path: Path, operator: Operator, value: Literal },
    In { path: Path, is_negated: bool, values: Vec<Literal> },
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    pub path: Path,
    pub is_descending: bool,
    pub are_nulls_last: bool,
}

/// What follows the object: the same in a query and within a search.
#[derive(Clone, Debug, Default)]
pub struct Clauses {
    pub condition: Option<Condition>,
    pub order: Vec<Order>,
    pub limit: Option<usize>,
    pub offset: usize,
}

#[derive(Clone, Debug)]
pub struct Query {
    pub selected: Vec<Selected>,
    pub object: String,
    pub object_at: usize,
    pub clauses: Clauses,
}

/// A refusal that shows the place in the query.
pub fn refusal(code: &str, text: &str, at: usize, message: &str) -> Refusal {
    let before: String = text.chars().skip(at.saturating_sub(30)).take(at.min(30)).collect();
    let after: String = text.chars().skip(at).take(30).collect();
    let message = format!(
        "\n{before}{after}\n{}^\nERROR at Row:1:Column:{}\n{message}",
        " ".repeat(before.chars().count()),
        at + 1
    );
    Refusal::new(400, code, message)
}

impl Query {
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        if text.chars().count() > MAX_LENGTH {
            return Err(Refusal::new(400, "QUERY_TOO_COMPLICATED", "SOQL query is too long"));
        }
        let placed =
            tokens(text).map_err(|(message, at)| refusal("MALFORMED_QUERY", text, at, &message))?;
        let mut parser = Parser { text, placed, next: 0 };
        parser.keyword("SELECT")?;
        let selected = parser.selected()?;
        parser.keyword("FROM")?;
        let object_at = parser.at();
        let object = parser.word("an object")?;
        let alias = parser.alias();
        let clauses = parser.clauses()?;
        parser.end()?;
        let mut query = Self { selected, object, object_at, clauses };
        query.drop_alias(alias.as_deref());
        Ok(query)
    }

    /// `c.Name FROM Contact c` is `Name`.
    fn drop_alias(&mut self, alias: Option<&str>) {
        let object = self.object.clone();
        let strip = |path: &mut Path| {
            let is_name = |name: &str| path.steps[0].eq_ignore_ascii_case(name);
            if path.steps.len() > 1 && (alias.is_some_and(is_name) || is_name(&object)) {
                path.steps.remove(0);
            }
        };
        for selected in &mut self.selected {
            if let Selected::Field(path) | Selected::CountOf(path) = selected {
                strip(path);
            }
        }
        self.clauses.order.iter_mut().for_each(|order| strip(&mut order.path));
        if let Some(condition) = &mut self.clauses.condition {
            condition.each_path(&strip);
        }
    }
}

impl Condition {
    fn each_path(&mut self, deed: &dyn Fn(&mut Path)) {
        match self {
            Self::Compare { path, .. } | Self::In { path, .. } => deed(path),
            Self::And(all) | Self::Or(all) => all.iter_mut().for_each(|one| one.each_path(deed)),
            Self::Not(inner) => inner.each_path(deed),
        }
    }
}

/// Fields and clauses within the parentheses of a search's object: `Id, Name WHERE … LIMIT 5`.
pub fn within(text: &str) -> Result<(Vec<Path>, Clauses), Refusal> {
    let placed =
        tokens(text).map_err(|(message, at)| refusal("MALFORMED_SEARCH", text, at, &message))?;
    let mut parser = Parser { text, placed, next: 0 };
    let malformed = |refusal: Refusal| Refusal { code: "MALFORMED_SEARCH".to_owned(), ..refusal };
    let selected = parser.selected().map_err(malformed)?;
    let paths = selected.into_iter().filter_map(|one| match one {
        Selected::Field(path) => Some(path),
        Selected::Count | Selected::CountOf(_) => None,
    });
    let paths = paths.collect();
    let clauses = parser.clauses().map_err(malformed)?;
    parser.end().map_err(malformed)?;
    Ok((paths, clauses))
}

struct Parser<'a> {
    text: &'a str,
    placed: Vec<Placed>,
    next: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.placed.get(self.next).map(|placed| &placed.token)
    }

    fn at(&self) -> usize {
        self.placed.get(self.next).map_or(self.text.chars().count(), |placed| placed.at)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.next += 1;
        token
    }

    fn unexpected(&self) -> Refusal {
        let token = match self.peek() {
            Some(Token::Word(word)) => format!("unexpected token: {word}"),
            Some(Token::Text(text)) => format!("unexpected token: '{text}'"),
            Some(Token::Mark(mark)) => format!("unexpected token: '{mark}'"),
            None => "unexpected token: '<EOF>'".to_owned(),
        };
        refusal("MALFORMED_QUERY", self.text, self.at(), &token)
    }

    fn is_keyword(&self, keyword: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword))
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        let found = self.is_keyword(keyword);
        self.next += usize::from(found);
        found
    }

    fn keyword(&mut self, keyword: &str) -> Result<(), Refusal> {
        if self.take_keyword(keyword) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn take_mark(&mut self, mark: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Mark(next)) if *next == mark);
        self.next += usize::from(found);
        found
    }

    fn mark(&mut self, mark: &str) -> Result<(), Refusal> {
        if self.take_mark(mark) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn word(&mut self, _what: &str) -> Result<String, Refusal> {
        match self.peek().cloned() {
            Some(Token::Word(word)) => {
                self.next += 1;
                Ok(word)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn end(&mut self) -> Result<(), Refusal> {
        if self.peek().is_none() { Ok(()) } else { Err(self.unexpected()) }
    }

    /// A name behind the object that is no clause.
    fn alias(&mut self) -> Option<String> {
        const CLAUSES: [&str; 7] = ["WHERE", "ORDER", "LIMIT", "OFFSET", "WITH", "FOR", "USING"];
        self.take_keyword("AS");
        let is_clause = CLAUSES.iter().any(|clause| self.is_keyword(clause));
        let word = self.peek().cloned().filter(|_| !is_clause);
        match word {
            Some(Token::Word(alias)) => {
                self.next += 1;
                Some(alias)
            }
            _ => None,
        }
    }

    fn path(&mut self) -> Result<Path, Refusal> {
        let at = self.at();
        let first_is_letter = matches!(self.peek(), Some(Token::Word(word))
            if word.starts_with(|letter: char| letter.is_alphabetic()));
        if !first_is_letter {
            return Err(self.unexpected());
        }
        let word = self.word("a field")?;
        let steps: Vec<String> = word.split('.').map(str::to_owned).collect();
        if steps.iter().any(String::is_empty) {
            return Err(refusal(
                "MALFORMED_QUERY",
                self.text,
                at,
                &format!("unexpected token: {word}"),
            ));
        }
        Ok(Path { steps, at })
    }

    fn selected(&mut self) -> Result<Vec<Selected>, Refusal> {
        let mut selected = vec![self.one_selected()?];
        while self.take_mark(",") {
            selected.push(self.one_selected()?);
        }
        Ok(selected)
    }

    fn one_selected(&mut self) -> Result<Selected, Refusal> {
        let path = self.path()?;
        if path.steps.len() == 1
            && path.steps[0].eq_ignore_ascii_case("COUNT")
            && self.take_mark("(")
        {
            if self.take_mark(")") {
                return Ok(Selected::Count);
            }
            let counted = self.path()?;
            self.mark(")")?;
            return Ok(Selected::CountOf(counted));
        }
        Ok(Selected::Field(path))
    }

    fn clauses(&mut self) -> Result<Clauses, Refusal> {
        let mut clauses = Clauses::default();
        if self.take_keyword("WHERE") {
            clauses.condition = Some(self.condition(0)?);
        }
        if self.take_keyword("ORDER") {
            self.keyword("BY")?;
            clauses.order.push(self.order()?);
            while self.take_mark(",") {
                clauses.order.push(self.order()?);
            }
        }
        if self.take_keyword("LIMIT") {
            clauses.limit = Some(self.count()?);
        }
        if self.take_keyword("OFFSET") {
            clauses.offset = self.count()?;
            if clauses.offset > MAX_OFFSET {
                let message = format!("Maximum SOQL offset allowed is {MAX_OFFSET}");
                return Err(Refusal::new(400, "NUMBER_OUTSIDE_VALID_RANGE", message));
            }
        }
        if self.take_keyword("FOR") {
            self.word("VIEW, REFERENCE or UPDATE")?;
        }
        Ok(clauses)
    }

    fn count(&mut self) -> Result<usize, Refusal> {
        let unexpected = self.unexpected();
        let word = self.word("a number")?;
        word.parse().map_err(|_| unexpected)
    }

    fn order(&mut self) -> Result<Order, Refusal> {
        let path = self.path()?;
        let is_descending = self.take_keyword("DESC") || {
            self.take_keyword("ASC");
            false
        };
        let mut are_nulls_last = false;
        if self.take_keyword("NULLS") {
            are_nulls_last = self.take_keyword("LAST");
            if !are_nulls_last {
                self.keyword("FIRST")?;
            }
        }
        Ok(Order { path, is_descending, are_nulls_last })
    }

    /// ANDs, or ORs, but not both without parentheses.
    fn condition(&mut self, depth: usize) -> Result<Condition, Refusal> {
        let mut all = vec![self.term(depth)?];
        let joint = ["AND", "OR"].into_iter().find(|joint| self.is_keyword(joint));
        let Some(joint) = joint else { return Ok(all.remove(0)) };
        while self.take_keyword(joint) {
            all.push(self.term(depth)?);
        }
        if self.is_keyword("AND") || self.is_keyword("OR") {
            return Err(self.unexpected());
        }
        Ok(if joint == "AND" { Condition::And(all) } else { Condition::Or(all) })
    }

    fn term(&mut self, depth: usize) -> Result<Condition, Refusal> {
        if depth > MAX_DEPTH {
            return Err(Refusal::new(
                400,
                "QUERY_TOO_COMPLICATED",
                "the condition is nested too deeply",
            ));
        }
        if self.take_keyword("NOT") {
            return Ok(Condition::Not(Box::new(self.term(depth + 1)?)));
        }
        if self.take_mark("(") {
            let inner = self.condition(depth + 1)?;
            self.mark(")")?;
            return Ok(inner);
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Condition, Refusal> {
        let path = self.path()?;
        let is_negated = self.take_keyword("NOT");
        if self.take_keyword("IN") {
            return Ok(Condition::In { path, is_negated, values: self.list()? });
        }
        if is_negated {
            return Err(self.unexpected());
        }
        if self.take_keyword("LIKE") {
            return Ok(Condition::Compare {
                path,
                operator: Operator::Like,
                value: self.literal()?,
            });
        }
        let operator = match self.peek() {
            Some(Token::Mark("=")) => Operator::Eq,
            Some(Token::Mark("!=" | "<>")) => Operator::Ne,
            Some(Token::Mark("<")) => Operator::Lt,
            Some(Token::Mark("<=")) => Operator::Le,
            Some(Token::Mark(">")) => Operator::Gt,
            Some(Token::Mark(">=")) => Operator::Ge,
            _ => return Err(self.unexpected()),
        };
        self.next += 1;
        Ok(Condition::Compare { path, operator, value: self.literal()? })
    }

    fn list(&mut self) -> Result<Vec<Literal>, Refusal> {
        self.mark("(")?;
        let mut values = vec![self.literal()?];
        while self.take_mark(",") {
            values.push(self.literal()?);
        }
        self.mark(")")?;
        Ok(values)
    }

    fn literal(&mut self) -> Result<Literal, Refusal> {
        let unexpected = self.unexpected();
        let literal = match self.take() {
            Some(Token::Text(text)) => Some(Literal::Text(text)),
            Some(Token::Word(word)) => bare(&word),
            _ => None,
        };
        literal.ok_or(unexpected)
    }
}

/// A literal without quotes.
fn bare(word: &str) -> Option<Literal> {
    match word.to_lowercase().as_str() {
        "null" => return Some(Literal::Null),
        "true" => return Some(Literal::Flag(true)),
        "false" => return Some(Literal::Flag(false)),
        _ => {}
    }
    let number = word.parse().ok().filter(|number: &f64| number.is_finite()).map(Literal::Number);
    number.or_else(|| instant::read(word).map(Literal::Instant))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(query: &str) -> String {
        Query::parse(query).unwrap_err().message
    }

    #[test]
    fn a_query_is_read_whole() {
        let query = Query::parse(
            "select c.Id, c.Owner.Name from Contact c where (c.Email = 'o\\'neil@x.test' or not Phone = null) and \
             CreatedDate >= 2026-11-20T10:00:00Z order by CreatedDate desc nulls last, Id limit 5 offset 2",
        )
        .unwrap();
        assert_eq!((query.object.as_str(), query.selected.len()), ("Contact", 2));
        let Selected::Field(path) = &query.selected[1] else { panic!("no field") };
        assert_eq!(path.steps, ["Owner", "Name"]);
        assert_eq!((query.clauses.limit, query.clauses.offset), (Some(5), 2));
        assert!(query.clauses.order[0].is_descending && query.clauses.order[0].are_nulls_last);
        let Some(Condition::And(all)) = query.clauses.condition else { panic!("no AND") };
        let Condition::Or(either) = &all[0] else { panic!("no OR") };
        let Condition::Compare { value, .. } = &either[0] else { panic!("no comparison") };
        assert_eq!(value, &Literal::Text("o'neil@x.test".to_owned()));
    }

    #[test]
    fn what_does_not_read_is_refused_with_its_place() {
        assert!(message("SELECT Id FROM Contact WHERE Name = 'O'Neil").contains("token: Neil"));
        assert!(message("SELECT Id FROM Contact WHERE Name = 'x").contains("mismatched character"));
        assert!(message("SELECT Id FROM Contact WHERE Name = '\\x'").contains("Illegal character"));
        assert!(
            message("SELECT Id FROM Contact WHERE A = 1 AND B = 2 OR C = 3")
                .ends_with("ERROR at Row:1:Column:46\nunexpected token: OR")
        );
        for broken in [
            "",
            "SELECT",
            "SELECT Id",
            "SELECT * FROM Contact",
            "SELECT Id, FROM Contact",
            "SELECT Id FROM Contact WHERE",
            "SELECT Id FROM Contact LIMIT x",
            "SELECT Id FROM Contact WHERE Id IN ()",
            "SELECT Id FROM Contact WHERE Name == 'x'",
            "SELECT Id FROM Contact WHERE Name = x",
            "SELECT Id FROM Contact; DELETE",
        ] {
            assert!(Query::parse(broken).is_err(), "{broken}");
        }
        let deep = format!("SELECT Id FROM Contact WHERE {}", "(".repeat(10_000));
        assert!(Query::parse(&deep).is_err());
    }
}
