//! Whether a row meets a condition, and in which order rows come.

use std::cmp::Ordering;

use serde_json::Value;

use super::parse::{Clauses, Condition, Literal, Operator, Path};
use super::path;
use crate::salesforce::crm::answer::Refusal;
use crate::salesforce::crm::schema::{Field, Kind, Object};
use crate::salesforce::crm::scope::Scope;
use crate::salesforce::crm::store::Record;
use crate::salesforce::crm::{ids, instant};

/// Refuses conditions and orders that do not fit the object.
pub fn check(
    scope: &Scope<'_>,
    object: &Object,
    clauses: &Clauses,
    text: &str,
) -> Result<(), Refusal> {
    if let Some(condition) = &clauses.condition {
        check_condition(scope, object, condition, text)?;
    }
    for order in &clauses.order {
        let field = path::field(scope, object, &order.path, text)?;
        if !field.is_filterable() {
            let message = format!("field '{}' can not be sorted in a query call", field.name);
            return Err(Refusal::new(400, "MALFORMED_QUERY", message));
        }
    }
    Ok(())
}

fn check_condition(
    scope: &Scope<'_>,
    object: &Object,
    condition: &Condition,
    text: &str,
) -> Result<(), Refusal> {
    match condition {
        Condition::Compare { path, operator, value } => {
            let field = filterable(scope, object, path, text)?;
            check_operator(&field, *operator)?;
            check_literal(&field, value)
        }
        Condition::In { path, values, .. } => {
            let field = filterable(scope, object, path, text)?;
            values.iter().try_for_each(|value| check_literal(&field, value))
        }
        Condition::And(all) | Condition::Or(all) => {
            all.iter().try_for_each(|one| check_condition(scope, object, one, text))
        }
        Condition::Not(inner) => check_condition(scope, object, inner, text),
    }
}

fn filterable(
    scope: &Scope<'_>,
    object: &Object,
    path: &Path,
    text: &str,
) -> Result<Field, Refusal> {
    let field = path::field(scope, object, path, text)?;
    if field.is_filterable() {
        return Ok(field);
    }
    let message = format!("field '{}' can not be filtered in a query call", field.name);
    Err(super::parse::refusal("INVALID_FIELD", text, path.at, &message))
}

fn check_operator(field: &Field, operator: Operator) -> Result<(), Refusal> {
    let is_order = matches!(operator, Operator::Lt | Operator::Le | Operator::Gt | Operator::Ge);
    let is_bad = match field.kind {
        Kind::Flag => is_order || operator == Operator::Like,
        Kind::Id | Kind::Reference => operator == Operator::Like,
        Kind::Instant | Kind::Number => operator == Operator::Like,
        _ => false,
    };
    if !is_bad {
        return Ok(());
    }
    let message = format!("invalid operator on {} field", field.kind.name());
    Err(Refusal::new(400, "INVALID_QUERY_FILTER_OPERATOR", message))
}

fn check_literal(field: &Field, value: &Literal) -> Result<(), Refusal> {
    let name = &field.name;
    let wanted = |kind: &str, quotes: &str| {
        let message = format!(
            "value of filter criterion for field '{name}' must be of type {kind} and should {quotes}be enclosed in quotes"
        );
        Err(Refusal::new(400, "INVALID_FIELD", message))
    };
    match (field.kind, value) {
        (_, Literal::Null) => Ok(()),
        (Kind::Id | Kind::Reference, Literal::Text(text)) => {
            let is_id = text.is_empty() || ids::long(text).is_some();
            let message = format!("invalid ID field: {text}");
            if is_id {
                Ok(())
            } else {
                Err(Refusal::new(400, "INVALID_QUERY_FILTER_OPERATOR", message))
            }
        }
        (Kind::Flag, Literal::Flag(_))
        | (Kind::Number, Literal::Number(_))
        | (Kind::Instant, Literal::Instant(_)) => Ok(()),
        (Kind::Flag, _) => wanted("boolean", "not "),
        (Kind::Number, _) => wanted("int", "not "),
        (Kind::Instant, _) => wanted("dateTime", "not "),
        (_, Literal::Text(_)) => Ok(()),
        (_, _) => wanted("string", ""),
    }
}

/// Whether a row meets a checked condition.
pub fn accepts(scope: &Scope<'_>, object: &Object, record: &Record, condition: &Condition) -> bool {
    let at = |path: &Path| path::value(scope, object, record, &path.steps);
    match condition {
        Condition::Compare { path, operator, value } => compares(&at(path), *operator, value),
        Condition::In { path, is_negated, values } => {
            let held = at(path);
            values.iter().any(|value| compares(&held, Operator::Eq, value)) != *is_negated
        }
        Condition::And(all) => all.iter().all(|one| accepts(scope, object, record, one)),
        Condition::Or(all) => all.iter().any(|one| accepts(scope, object, record, one)),
        Condition::Not(inner) => !accepts(scope, object, record, inner),
    }
}

fn compares(held: &Value, operator: Operator, value: &Literal) -> bool {
    if let (Operator::Like, Literal::Text(pattern)) = (operator, value) {
        let text = held.as_str().unwrap_or_default().to_lowercase();
        let letters: Vec<char> = text.chars().collect();
        let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
        return held.is_string() && is_like(&letters, &pattern);
    }
    let order = order_to(held, value);
    match operator {
        Operator::Eq => order == Some(Ordering::Equal),
        Operator::Ne => order != Some(Ordering::Equal),
        Operator::Lt => order == Some(Ordering::Less),
        Operator::Le => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Operator::Gt => order == Some(Ordering::Greater),
        Operator::Ge => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        Operator::Like => false,
    }
}

/// How a value stands to a literal; text without regard to case, ids in either form.
fn order_to(held: &Value, value: &Literal) -> Option<Ordering> {
    match (held, value) {
        (Value::Null, Literal::Null) => Some(Ordering::Equal),
        (Value::Null, Literal::Text(text)) if text.is_empty() => Some(Ordering::Equal),
        (Value::Bool(held), Literal::Flag(value)) => Some(held.cmp(value)),
        (Value::Number(held), Literal::Number(value)) => held.as_f64()?.partial_cmp(value),
        (Value::String(held), Literal::Instant(value)) => Some(instant::read(held)?.cmp(value)),
        (Value::String(held), Literal::Text(value)) => {
            let same_id = ids::long(value).is_some_and(|long| long == *held);
            if same_id {
                return Some(Ordering::Equal);
            }
            Some(held.to_lowercase().cmp(&value.to_lowercase()))
        }
        _ => None,
    }
}

/// `%` is any text, `_` any letter; behind a backslash they are themselves.
fn is_like(text: &[char], pattern: &[char]) -> bool {
    let (mut at, mut next) = (0, 0);
    // Where to go on after the latest `%` if what follows it did not fit.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        if pattern.get(next) == Some(&'%') {
            retry = Some((at, next + 1));
            next += 1;
            continue;
        }
        let (wanted, length) = match (pattern.get(next), pattern.get(next + 1)) {
            (Some('\\'), Some(escaped)) => (Some(*escaped), 2),
            (Some('_'), _) => (None, 1),
            (Some(letter), _) => (Some(*letter), 1),
            (None, _) => (None, 0),
        };
        if length == 0 && at == text.len() {
            return true;
        }
        let fits = text.get(at).is_some_and(|letter| wanted.is_none_or(|wanted| wanted == *letter));
        match retry {
            _ if length > 0 && fits => (at, next) = (at + 1, next + length),
            Some((from, after)) if from < text.len() => {
                retry = Some((from + 1, after));
                (at, next) = (from + 1, after);
            }
            _ => return false,
        }
    }
}

/// The rows in the order that is asked for; nulls come first unless they are to come last.
pub fn sort(scope: &Scope<'_>, object: &Object, clauses: &Clauses, rows: &mut [&Record]) {
    rows.sort_by(|left, right| {
        let of = |record: &Record, path: &Path| path::value(scope, object, record, &path.steps);
        let orders = clauses.order.iter().map(|order| {
            let (left, right) = (of(left, &order.path), of(right, &order.path));
            match (left.is_null(), right.is_null()) {
                (true, true) => Ordering::Equal,
                (true, false) if order.are_nulls_last => Ordering::Greater,
                (true, false) => Ordering::Less,
                (false, true) if order.are_nulls_last => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) if order.is_descending => compare(&right, &left),
                (false, false) => compare(&left, &right),
            }
        });
        orders.into_iter().find(|order| order.is_ne()).unwrap_or(left.order.cmp(&right.order))
    });
}

fn compare(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left.as_f64().partial_cmp(&right.as_f64()).unwrap_or(Ordering::Equal)
        }
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::String(left), Value::String(right)) => {
            left.to_lowercase().cmp(&right.to_lowercase())
        }
        _ => Ordering::Equal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_documented() {
        let like = |text: &str, pattern: &str| {
            let letters = |text: &str| text.chars().collect::<Vec<_>>();
            is_like(&letters(text), &letters(pattern))
        };
        for (text, pattern) in [
            ("abc", "abc"),
            ("abc", "a%"),
            ("abc", "%c"),
            ("abc", "_b_"),
            ("50%", "50\\%"),
            ("", "%"),
        ] {
            assert!(like(text, pattern), "{text} {pattern}");
        }
        for (text, pattern) in [("abc", "ab"), ("abc", "_bb%"), ("50x", "50\\%"), ("", "_")] {
            assert!(!like(text, pattern), "{text} {pattern}");
        }
    }
}
