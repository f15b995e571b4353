//! `$filter`: what it says, and how it is read.
//!
//! Source: "Filter rows using OData" and "Query functions", checked 2026-11-21.

use serde_json::Value;

use super::request::Options;
use crate::dynamics365::{is_guid, iso};

/// Nesting of parentheses, `not` and lambdas that a filter may have.
const MAX_DEPTH: usize = 50;

/// The query functions that compare a column with a list.
const LISTED: [&str; 4] = [
    "Microsoft.Dynamics.CRM.In",
    "Microsoft.Dynamics.CRM.NotIn",
    "Microsoft.Dynamics.CRM.ContainValues",
    "Microsoft.Dynamics.CRM.DoesNotContainValues",
];

/// A parsed `$filter`. A path is a column, or a navigation property and a column.
#[derive(Debug, PartialEq)]
pub enum Filter {
    Compare {
        path: Vec<String>,
        operator: Operator,
        literal: Literal,
    },
    /// With the pattern in lower case.
    Text {
        function: TextFunction,
        path: Vec<String>,
        pattern: String,
    },
    /// `In`, `NotIn` and their like.
    Listed {
        function: &'static str,
        path: Vec<String>,
        values: Vec<String>,
    },
    Lambda {
        collection: String,
        is_all: bool,
        inner: Option<Box<Filter>>,
    },
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

impl Operator {
    /// As refusals name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Eq => "Equal",
            Self::Ne => "NotEqual",
            Self::Gt => "GreaterThan",
            Self::Ge => "GreaterThanOrEqual",
            Self::Lt => "LessThan",
            Self::Le => "LessThanOrEqual",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextFunction {
    Contains,
    StartsWith,
    EndsWith,
}

/// A value in a filter with the type that its spelling gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct Literal {
    pub value: Value,
    /// `Edm.String` and so on; empty for `null`.
    pub kind: &'static str,
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    /// A text in double quotes, as arrays have them.
    Quoted(String),
    Mark(char),
}

impl Filter {
    /// Parses a decoded `$filter`, whose aliases stand in `options`; the error is the message that the service gives.
    pub fn parse(text: &str, options: &Options) -> Result<Self, String> {
        let mut parser = Parser { tokens: tokens(text)?, next: 0, options, variables: Vec::new() };
        let filter = parser.either(0)?;
        if parser.next < parser.tokens.len() {
            return Err(format!("Syntax error at position {} in '{text}'.", text.len()));
        }
        Ok(filter)
    }
}

struct Parser<'a> {
    tokens: Vec<Token>,
    next: usize,
    options: &'a Options,
    /// Range variables of the lambdas around.
    variables: Vec<String>,
}

impl Parser<'_> {
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
            Token::Mark('(') => {
                let inner = self.either(depth + 1)?;
                self.expect(')')?;
                Ok(inner)
            }
            Token::Word(word) if self.tokens.get(self.next) == Some(&Token::Mark('(')) => {
                self.call(&word, depth)
            }
            Token::Word(path) => self.comparison(&path),
            other => Err(format!("Syntax error: unexpected {other:?} in the filter.")),
        }
    }

    fn call(&mut self, name: &str, depth: usize) -> Result<Filter, String> {
        self.expect('(')?;
        if let Some((collection, quantifier @ ("any" | "all"))) = name.rsplit_once('/') {
            return self.lambda(collection, quantifier == "all", depth);
        }
        if let Some(function) = LISTED.iter().find(|function| **function == name) {
            return self.listed(function);
        }
        let function = match name {
            "contains" => TextFunction::Contains,
            "startswith" => TextFunction::StartsWith,
            "endswith" => TextFunction::EndsWith,
            other => {
                return Err(format!(
                    "An unknown function with name '{other}' was found. This may also be a function import or a key lookup on a navigation property, which is not allowed."
                ));
            }
        };
        let Token::Word(path) = self.take()? else {
            return Err("A column name was expected.".to_owned());
        };
        self.expect(',')?;
        let literal = self.literal()?;
        let Literal { value: Value::String(pattern), kind: "Edm.String" } = literal else {
            return Err(format!(
                "No function signature for the function with name '{name}' matches the specified arguments."
            ));
        };
        self.expect(')')?;
        Ok(Filter::Text { function, path: self.path(&path), pattern: pattern.to_lowercase() })
    }

    /// `o/statecode eq 0` behind `any(o:`; an empty `any()` asks whether there is anything.
    fn lambda(&mut self, collection: &str, is_all: bool, depth: usize) -> Result<Filter, String> {
        let collection = collection.to_owned();
        if self.tokens.get(self.next) == Some(&Token::Mark(')')) {
            self.next += 1;
            return Ok(Filter::Lambda { collection, is_all, inner: None });
        }
        let Token::Word(variable) = self.take()? else {
            return Err("A range variable was expected.".to_owned());
        };
        self.expect(':')?;
        self.variables.push(variable);
        let inner = self.either(depth + 1)?;
        self.variables.pop();
        self.expect(')')?;
        Ok(Filter::Lambda { collection, is_all, inner: Some(Box::new(inner)) })
    }

    /// `PropertyName='x',PropertyValues=["a","b"]`, in either order.
    fn listed(&mut self, function: &'static str) -> Result<Filter, String> {
        let (mut path, mut values) = (None, Vec::new());
        loop {
            let Token::Word(name) = self.take()? else {
                return Err("A parameter name was expected.".to_owned());
            };
            self.expect('=')?;
            match (name.as_str(), self.aliased()?.as_slice()) {
                ("PropertyName", [Token::Text(name)]) => path = Some(self.path(name)),
                ("PropertyValues" | "PropertyValue", found) => values = texts(found),
                (other, _) => return Err(format!("The parameter '{other}' is not valid.")),
            }
            match self.take()? {
                Token::Mark(',') => {}
                Token::Mark(')') => break,
                other => return Err(format!("Syntax error: unexpected {other:?} in the filter.")),
            }
        }
        let path = path.ok_or("The parameter 'PropertyName' is missing.")?;
        Ok(Filter::Listed { function, path, values })
    }

    /// One argument's tokens: a literal, an array, or what an alias stands for.
    fn aliased(&mut self) -> Result<Vec<Token>, String> {
        match self.take()? {
            Token::Word(alias) if alias.starts_with('@') => tokens(self.alias(&alias)?),
            Token::Mark('[') => {
                let mut found = Vec::new();
                loop {
                    match self.take()? {
                        Token::Mark(']') => return Ok(found),
                        Token::Mark(',') => {}
                        other => found.push(other),
                    }
                }
            }
            other => Ok(vec![other]),
        }
    }

    fn alias(&self, name: &str) -> Result<&str, String> {
        let value = self.options.get(name).map(String::as_str);
        value.ok_or_else(|| format!("The parameter alias '{name}' has no value."))
    }

    fn comparison(&mut self, path: &str) -> Result<Filter, String> {
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
        Ok(Filter::Compare { path: self.path(path), operator, literal: self.literal()? })
    }

    fn literal(&mut self) -> Result<Literal, String> {
        match self.aliased()?.as_slice() {
            [Token::Text(text)] => Ok(Literal { value: text.clone().into(), kind: "Edm.String" }),
            // An enumeration's member: Microsoft.Dynamics.CRM.AttributeTypeCode'Picklist'.
            [Token::Word(word)]
                if word.starts_with("Microsoft.Dynamics.CRM.")
                    && matches!(self.tokens.get(self.next), Some(Token::Text(_))) =>
            {
                self.literal()
            }
            [Token::Word(word)] => literal(word),
            other => Err(format!("Syntax error: unexpected {other:?} in the filter.")),
        }
    }

    /// The steps of a path, without the range variable of a lambda.
    fn path(&self, path: &str) -> Vec<String> {
        let steps = path.split('/').map(str::to_owned);
        let is_variable = |step: &String| self.variables.contains(step);
        steps
            .enumerate()
            .filter(|(index, step)| *index > 0 || !is_variable(step))
            .map(|(_, step)| step)
            .collect()
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

    fn expect(&mut self, mark: char) -> Result<(), String> {
        match self.take()? {
            Token::Mark(found) if found == mark => Ok(()),
            _ => Err(format!("Syntax error: '{mark}' was expected.")),
        }
    }
}

fn texts(tokens: &[Token]) -> Vec<String> {
    let text = |token: &Token| match token {
        Token::Text(text) | Token::Quoted(text) | Token::Word(text) => Some(text.clone()),
        Token::Mark(_) => None,
    };
    tokens.iter().filter_map(text).collect()
}

/// Words without quotes: numbers, booleans, null, GUIDs and instants.
fn literal(word: &str) -> Result<Literal, String> {
    let of = |value: Value, kind| Ok(Literal { value, kind });
    match word {
        "null" => of(Value::Null, ""),
        "true" => of(Value::Bool(true), "Edm.Boolean"),
        "false" => of(Value::Bool(false), "Edm.Boolean"),
        guid if is_guid(guid) => of(guid.into(), "Edm.Guid"),
        instant if iso::parse(instant).is_some() => of(instant.into(), "Edm.DateTimeOffset"),
        other => match other.parse::<i64>() {
            Ok(number) => of(number.into(), "Edm.Int32"),
            Err(_) => {
                Err(format!("Could not find a property named '{other}' on the type of the filter."))
            }
        },
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some((start, letter)) = rest.next() {
        match letter {
            '(' | ')' | ',' | '[' | ']' | '=' | ':' => found.push(Token::Mark(letter)),
            '\'' => found.push(Token::Text(quoted(&mut rest, '\'', start, text)?)),
            '"' => found.push(Token::Quoted(quoted(&mut rest, '"', start, text)?)),
            other if other.is_whitespace() => {}
            other => {
                let mut word = String::from(other);
                let instant = other.is_ascii_digit();
                let ends = |next: char| " (),'\"[]=".contains(next) || (next == ':' && !instant);
                while let Some((_, next)) = rest.next_if(|(_, next)| !ends(*next)) {
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
    quote: char,
    start: usize,
    whole: &str,
) -> Result<String, String> {
    let mut content = String::new();
    while let Some((_, letter)) = rest.next() {
        if letter != quote {
            content.push(letter);
        } else if rest.next_if(|(_, next)| *next == quote).is_some() {
            content.push(quote);
        } else {
            return Ok(content);
        }
    }
    Err(format!("There is an unterminated literal at position {start} in '{whole}'."))
}
