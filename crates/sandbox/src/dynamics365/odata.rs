//! The part of OData queries that Dataverse clients lean on: comparisons, `and`, `or`, `not`, the three text functions.

use serde_json::{Map, Value};

use super::iso;

/// Nesting of parentheses and `not` that a filter may have.
const MAX_DEPTH: usize = 50;

/// A parsed `$filter`.
#[derive(Debug, PartialEq)]
pub enum Filter {
    Compare { column: String, operator: Operator, literal: Value },
    Text { function: TextFunction, column: String, literal: String },
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operator {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TextFunction {
    Contains,
    StartsWith,
    EndsWith,
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
    Comma,
}

impl Filter {
    /// Parses a decoded `$filter`; the error is the message that the service gives.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { tokens: tokens(text)?, next: 0 };
        let filter = parser.either(0)?;
        if parser.next < parser.tokens.len() {
            return Err(format!("Syntax error: unexpected text after the filter in '{text}'."));
        }
        Ok(filter)
    }

    /// Whether a row passes. Text compares without regard to case.
    pub fn accepts(&self, row: &Map<String, Value>) -> bool {
        match self {
            Self::Compare { column, operator, literal } => {
                compare(row.get(column), *operator, literal)
            }
            Self::Text { function, column, literal } => {
                let value =
                    row.get(column).and_then(Value::as_str).unwrap_or_default().to_lowercase();
                match function {
                    TextFunction::Contains => value.contains(literal),
                    TextFunction::StartsWith => value.starts_with(literal),
                    TextFunction::EndsWith => value.ends_with(literal),
                }
            }
            Self::And(left, right) => left.accepts(row) && right.accepts(row),
            Self::Or(left, right) => left.accepts(row) || right.accepts(row),
            Self::Not(inner) => !inner.accepts(row),
        }
    }

    /// Every column that is named.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Self::Compare { column, .. } | Self::Text { column, .. } => vec![column],
            Self::And(left, right) | Self::Or(left, right) => {
                [left.columns(), right.columns()].concat()
            }
            Self::Not(inner) => inner.columns(),
        }
    }
}

fn compare(value: Option<&Value>, operator: Operator, literal: &Value) -> bool {
    let order = value.and_then(|value| order(value, literal));
    match operator {
        Operator::Eq if literal.is_null() => value.is_none_or(Value::is_null),
        Operator::Ne if literal.is_null() => value.is_some_and(|value| !value.is_null()),
        Operator::Eq => order.is_some_and(std::cmp::Ordering::is_eq),
        Operator::Ne => !order.is_some_and(std::cmp::Ordering::is_eq),
        Operator::Gt => order.is_some_and(std::cmp::Ordering::is_gt),
        Operator::Ge => order.is_some_and(std::cmp::Ordering::is_ge),
        Operator::Lt => order.is_some_and(std::cmp::Ordering::is_lt),
        Operator::Le => order.is_some_and(std::cmp::Ordering::is_le),
    }
}

/// Order of two values of one kind: instants as instants, text without regard to case.
pub fn order(left: &Value, right: &Value) -> Option<std::cmp::Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64()?.partial_cmp(&right.as_f64()?),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::String(left), Value::String(right)) => {
            match (iso::parse(left), iso::parse(right)) {
                (Some(left), Some(right)) => Some(left.cmp(&right)),
                _ => Some(left.to_lowercase().cmp(&right.to_lowercase())),
            }
        }
        _ => None,
    }
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
}

impl Parser {
    fn either(&mut self, depth: usize) -> Result<Filter, String> {
        let mut left = self.both(depth)?;
        while self.take_word("or") {
            left = Filter::Or(Box::new(left), Box::new(self.both(depth)?));
        }
        Ok(left)
    }

    fn both(&mut self, depth: usize) -> Result<Filter, String> {
        let mut left = self.one(depth)?;
        while self.take_word("and") {
            left = Filter::And(Box::new(left), Box::new(self.one(depth)?));
        }
        Ok(left)
    }

    fn one(&mut self, depth: usize) -> Result<Filter, String> {
        if depth > MAX_DEPTH {
            return Err("The filter is nested too deeply.".to_owned());
        }
        if self.take_word("not") {
            return Ok(Filter::Not(Box::new(self.one(depth + 1)?)));
        }
        match self.take()? {
            Token::Open => {
                let inner = self.either(depth + 1)?;
                self.expect(&Token::Close)?;
                Ok(inner)
            }
            Token::Word(word) if self.tokens.get(self.next) == Some(&Token::Open) => {
                self.call(&word)
            }
            Token::Word(column) => self.comparison(column),
            other => Err(format!("Syntax error: unexpected {other:?} in the filter.")),
        }
    }

    fn call(&mut self, function: &str) -> Result<Filter, String> {
        let function = match function {
            "contains" => TextFunction::Contains,
            "startswith" => TextFunction::StartsWith,
            "endswith" => TextFunction::EndsWith,
            other => return Err(format!("An unknown function with name '{other}' was found.")),
        };
        self.expect(&Token::Open)?;
        let Token::Word(column) = self.take()? else {
            return Err("A column name was expected.".to_owned());
        };
        self.expect(&Token::Comma)?;
        let Token::Text(literal) = self.take()? else {
            return Err("A text in quotes was expected.".to_owned());
        };
        self.expect(&Token::Close)?;
        Ok(Filter::Text { function, column, literal: literal.to_lowercase() })
    }

    fn comparison(&mut self, column: String) -> Result<Filter, String> {
        let Token::Word(operator) = self.take()? else {
            return Err("An operator was expected.".to_owned());
        };
        let operator = match operator.as_str() {
            "eq" => Operator::Eq,
            "ne" => Operator::Ne,
            "gt" => Operator::Gt,
            "ge" => Operator::Ge,
            "lt" => Operator::Lt,
            "le" => Operator::Le,
            other => return Err(format!("Syntax error: '{other}' is not an operator.")),
        };
        let literal = match self.take()? {
            Token::Text(text) => Value::String(text),
            Token::Word(word) => literal(&word),
            other => return Err(format!("Syntax error: unexpected {other:?} in the filter.")),
        };
        Ok(Filter::Compare { column, operator, literal })
    }

    fn take(&mut self) -> Result<Token, String> {
        let token = self.tokens.get(self.next).cloned();
        self.next += 1;
        token.ok_or_else(|| "Syntax error: the filter ends too early.".to_owned())
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = matches!(self.tokens.get(self.next), Some(Token::Word(next)) if next == word);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, token: &Token) -> Result<(), String> {
        if self.take()? == *token {
            Ok(())
        } else {
            Err(format!("Syntax error: {token:?} was expected."))
        }
    }
}

/// Words without quotes: numbers, booleans, null, GUIDs and instants.
fn literal(word: &str) -> Value {
    match word {
        "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        other => match other.parse::<i64>() {
            Ok(number) => Value::from(number),
            Err(_) => Value::String(other.to_owned()),
        },
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some((start, letter)) = rest.next() {
        match letter {
            '(' => found.push(Token::Open),
            ')' => found.push(Token::Close),
            ',' => found.push(Token::Comma),
            '\'' => found.push(Token::Text(quoted(&mut rest, start, text)?)),
            other if other.is_whitespace() => {}
            other => {
                let mut word = String::from(other);
                while let Some((_, next)) = rest.next_if(|(_, next)| !" (),'".contains(*next)) {
                    word.push(next);
                }
                found.push(Token::Word(word));
            }
        }
    }
    Ok(found)
}

fn quoted(
    rest: &mut std::iter::Peekable<std::str::CharIndices<'_>>,
    start: usize,
    whole: &str,
) -> Result<String, String> {
    let mut content = String::new();
    while let Some((_, letter)) = rest.next() {
        if letter != '\'' {
            content.push(letter);
        } else if rest.next_if(|(_, next)| *next == '\'').is_some() {
            content.push('\'');
        } else {
            return Ok(content);
        }
    }
    Err(format!("There is an unterminated literal at position {start} in '{whole}'."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn passes(filter: &str) -> bool {
        let row = json!({"name": "Ana O'Brien", "age": 41, "statecode": 0, "phone": null, "on": "2026-11-20T10:00:00Z"});
        Filter::parse(filter).unwrap().accepts(row.as_object().unwrap())
    }

    #[test]
    fn comparisons_and_connectives_decide_as_documented() {
        assert!(passes("name eq 'ana o''brien' and statecode eq 0"));
        assert!(passes("(age gt 50 or age le 41) and not (statecode eq 1)"));
        assert!(passes("phone eq null") && !passes("phone ne null") && passes("missing eq null"));
        assert!(passes("contains(name,'O''B') and startswith(name,'ana') and endswith(name,'EN')"));
        assert!(passes("on ge 2026-11-20T11:00:00+01:00") && !passes("on gt 2026-11-20T10:00:00Z"));
        assert!(passes("age gt 50 and age gt 50 or age eq 41"));
    }

    #[test]
    fn broken_filters_are_refused_with_the_reason() {
        assert!(
            Filter::parse("name eq 'O'Brien'")
                .unwrap_err()
                .contains("unterminated literal at position")
        );
        for broken in
            ["", "name eq", "name is 1", "lower(name) eq 'a'", "(name eq 1", "name eq 1 name"]
        {
            assert!(Filter::parse(broken).is_err(), "{broken}");
        }
        assert!(Filter::parse(&"(".repeat(10_000)).is_err());
    }
}
