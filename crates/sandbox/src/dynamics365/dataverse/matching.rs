//! Whether a row passes a `$filter`.
//!
//! Text compares without regard to case; `%`, `_` and `[...]` are wildcards inside `contains`, `startswith` and
//! `endswith` ("Filter rows using OData", checked 2026-11-21).

use std::cmp::Ordering;

use serde_json::Value;

use super::answer::Refusal;
use super::filter::{Filter, Literal, Operator, TextFunction};
use super::query::View;
use super::rows::table_of;
use super::tables::{Kind, Row, Table};
use crate::dynamics365::iso;

/// Refuses a filter that names what the table does not have, or compares what cannot be compared.
pub fn check(view: &View<'_>, table: &'static Table, filter: &Filter) -> Result<(), Refusal> {
    match filter {
        Filter::Compare { path, operator, literal } => {
            let (table, column) = resolve(view, table, path)?;
            comparable(view, table, column, *operator, literal)
        }
        Filter::Text { path, .. } | Filter::Listed { path, .. } => {
            resolve(view, table, path).map(|_| ())
        }
        Filter::Lambda { collection, inner, .. } => {
            let found = table.collection(collection);
            let found = found.ok_or_else(|| Refusal::no_property(table, collection))?;
            let target = table_of(found.target)?;
            inner.as_ref().map_or(Ok(()), |inner| check(view, target, inner))
        }
        Filter::And(left, right) | Filter::Or(left, right) => {
            check(view, table, left).and_then(|()| check(view, table, right))
        }
        Filter::Not(inner) => check(view, table, inner),
    }
}

/// The table and the column at the end of a path.
fn resolve<'p>(
    view: &View<'_>,
    table: &'static Table,
    path: &'p [String],
) -> Result<(&'static Table, &'p str), Refusal> {
    match path {
        [column] if view.schema.is_readable(table, column) => Ok((table, column)),
        [column] => Err(Refusal::no_property(table, column)),
        [navigation, rest @ ..] => {
            let lookup = table.lookup(navigation);
            let lookup = lookup.ok_or_else(|| Refusal::no_property(table, navigation))?;
            resolve(view, table_of(lookup.target)?, rest)
        }
        [] => Err(Refusal::query("A column name was expected.")),
    }
}

fn comparable(
    view: &View<'_>,
    table: &Table,
    column: &str,
    operator: Operator,
    literal: &Literal,
) -> Result<(), Refusal> {
    let held = match view.schema.column(table, column) {
        Some(Kind::Text(_) | Kind::Memo(_)) => "Edm.String",
        Some(Kind::Number | Kind::Choice(_) | Kind::State | Kind::Status) => "Edm.Int32",
        Some(Kind::Flag) => "Edm.Boolean",
        Some(Kind::Instant) => "Edm.DateTimeOffset",
        Some(Kind::Guid) | None => "Edm.Guid",
    };
    let fits = literal.kind.is_empty()
        || literal.kind == held
        // A GUID or a number may stand in quotes or without, and text columns take bare GUIDs.
        || (held == "Edm.Guid" && literal.kind == "Edm.String")
        || (held == "Edm.String" && literal.kind == "Edm.Guid");
    if fits {
        return Ok(());
    }
    Err(Refusal::query(format!(
        "A binary operator with incompatible types was detected. Found operand types '{held}' and '{}' for operator \
         kind '{}'.",
        literal.kind,
        operator.name()
    )))
}

/// Whether the row passes.
pub fn accepts(view: &View<'_>, table: &'static Table, filter: &Filter, row: &Row) -> bool {
    match filter {
        Filter::Compare { path, operator, literal } => {
            compare(value(view, table, path, row).as_ref(), *operator, &literal.value)
        }
        Filter::Text { function, path, pattern } => {
            let value = value(view, table, path, row);
            let text = value.as_ref().and_then(Value::as_str).unwrap_or_default().to_lowercase();
            let pattern = match function {
                TextFunction::Contains => format!("%{pattern}%"),
                TextFunction::StartsWith => format!("{pattern}%"),
                TextFunction::EndsWith => format!("%{pattern}"),
            };
            let (text, pattern): (Vec<char>, Vec<char>) =
                (text.chars().collect(), pattern.chars().collect());
            is_like(&text, &pattern)
        }
        Filter::Listed { function, path, values } => {
            let held = value(view, table, path, row).unwrap_or_default();
            let held = held.as_str().map_or_else(|| held.to_string(), str::to_owned);
            // A multi-select choice holds several numbers.
            let parts: Vec<&str> =
                if function.ends_with("Values") { held.split(',').collect() } else { vec![&held] };
            let is_listed = values
                .iter()
                .any(|value| parts.iter().any(|part| part.eq_ignore_ascii_case(value)));
            is_listed != function.contains("Not")
        }
        Filter::Lambda { collection, is_all, inner } => {
            let passes = |target: &'static Table, row: &Row| {
                inner.as_ref().is_none_or(|inner| accepts(view, target, inner, row))
            };
            let Some((target, rows)) = view.related(table, collection, row) else { return false };
            if *is_all {
                rows.iter().all(|stored| passes(target, &stored.row))
            } else {
                rows.iter().any(|stored| passes(target, &stored.row))
            }
        }
        Filter::And(left, right) => {
            accepts(view, table, left, row) && accepts(view, table, right, row)
        }
        Filter::Or(left, right) => {
            accepts(view, table, left, row) || accepts(view, table, right, row)
        }
        Filter::Not(inner) => !accepts(view, table, inner, row),
    }
}

/// Whether a definition passes, whose members are compared as they stand; what else a filter may say never fits.
pub fn accepts_members(filter: &Filter, members: &Row) -> bool {
    match filter {
        Filter::Compare { path, operator, literal } => {
            let mut held = members.get(path.first().map_or("", String::as_str));
            for step in path.iter().skip(1) {
                held = held.and_then(|held| held.get(step));
            }
            compare(held, *operator, &literal.value)
        }
        Filter::And(left, right) => {
            accepts_members(left, members) && accepts_members(right, members)
        }
        Filter::Or(left, right) => {
            accepts_members(left, members) || accepts_members(right, members)
        }
        Filter::Not(inner) => !accepts_members(inner, members),
        Filter::Text { .. } | Filter::Listed { .. } | Filter::Lambda { .. } => false,
    }
}

fn value(view: &View<'_>, table: &'static Table, path: &[String], row: &Row) -> Option<Value> {
    match path {
        [column] => row.get(column).cloned(),
        [navigation, rest @ ..] => {
            let (target, stored) = view.parent(table, navigation, row)?;
            value(view, target, rest, &stored.row)
        }
        [] => None,
    }
}

fn compare(held: Option<&Value>, operator: Operator, literal: &Value) -> bool {
    let order = held.and_then(|held| order(held, literal));
    match operator {
        Operator::Eq if literal.is_null() => held.is_none_or(Value::is_null),
        Operator::Ne if literal.is_null() => held.is_some_and(|held| !held.is_null()),
        Operator::Eq => order.is_some_and(Ordering::is_eq),
        Operator::Ne => !order.is_some_and(Ordering::is_eq),
        Operator::Gt => order.is_some_and(Ordering::is_gt),
        Operator::Ge => order.is_some_and(Ordering::is_ge),
        Operator::Lt => order.is_some_and(Ordering::is_lt),
        Operator::Le => order.is_some_and(Ordering::is_le),
    }
}

/// Order of two values of one kind: instants as instants, text without regard to case.
pub fn order(left: &Value, right: &Value) -> Option<Ordering> {
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

/// SQL's LIKE: `%` is any text, `_` any letter, `[abc]`, `[a-c]` and `[^a]` one of a set.
fn is_like(text: &[char], pattern: &[char]) -> bool {
    let (mut at, mut next) = (0, 0);
    // Where to go on after the latest `%` if what follows it did not fit.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let step = match pattern.get(next) {
            None if at == text.len() => return true,
            Some('%') => {
                retry = Some((at, next + 1));
                next += 1;
                continue;
            }
            Some(_) if at < text.len() => one(text[at], &pattern[next..]),
            _ => None,
        };
        match (step, retry) {
            (Some(length), _) => (at, next) = (at + 1, next + length),
            (None, Some((from, after))) if from < text.len() => {
                retry = Some((from + 1, after));
                (at, next) = (from + 1, after);
            }
            (None, _) => return false,
        }
    }
}

/// How much of the pattern one letter uses up; `None` if it does not fit.
fn one(letter: char, pattern: &[char]) -> Option<usize> {
    let set_end = pattern.iter().position(|mark| *mark == ']').filter(|end| *end > 1);
    match (pattern.first(), set_end) {
        (Some('_'), _) => Some(1),
        (Some('['), Some(end)) => {
            let (negated, set) = match &pattern[1..end] {
                ['^', rest @ ..] => (true, rest),
                rest => (false, rest),
            };
            let in_range = set
                .windows(3)
                .any(|range| range[1] == '-' && (range[0]..=range[2]).contains(&letter));
            ((in_range || set.contains(&letter)) != negated).then_some(end + 1)
        }
        (Some(mark), _) if *mark == letter => Some(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::dynamics365::dataverse::request::Options;
    use crate::dynamics365::dataverse::schema::Schema;
    use crate::dynamics365::dataverse::tables::{self, Tables};

    fn passes(filter: &str) -> bool {
        let (tables, schema) = (Tables::default(), Schema::default());
        let view = View { tables: &tables, schema: &schema };
        let row = json!({
            "lastname": "O'Brien-50%", "firstname": "Ana", "statecode": 0, "preferredcontactmethodcode": 2,
            "mobilephone": null, "createdon": "2026-11-20T10:00:00Z",
        });
        let table = tables::find("contacts").unwrap();
        let filter = Filter::parse(filter, &Options::new()).unwrap();
        check(&view, table, &filter).unwrap();
        accepts(&view, table, &filter, row.as_object().unwrap())
    }

    #[test]
    fn comparisons_and_connectives_decide_as_documented() {
        assert!(passes("lastname eq 'o''brien-50%' and statecode eq 0"));
        assert!(passes(
            "(statecode gt 5 or preferredcontactmethodcode le 2) and not (statecode eq 1)"
        ));
        assert!(passes("mobilephone eq null") && !passes("mobilephone ne null"));
        assert!(passes("telephone1 eq null"));
        assert!(passes("createdon ge 2026-11-20T11:00:00+01:00"));
        assert!(!passes("createdon gt 2026-11-20T10:00:00Z"));
        assert!(passes("statecode gt 5 and statecode gt 5 or statecode eq 0"));
        assert!(passes(
            "Microsoft.Dynamics.CRM.In(PropertyName='firstname',PropertyValues=[\"bo\",\"ANA\"])"
        ));
        assert!(!passes(
            "Microsoft.Dynamics.CRM.NotIn(PropertyName='statecode',PropertyValues=[\"0\"])"
        ));
    }

    #[test]
    fn wildcards_work_inside_text_functions_only() {
        assert!(passes(
            "contains(lastname,'O''B') and startswith(lastname,'o') and endswith(lastname,'%')"
        ));
        assert!(passes("contains(lastname,'o_b%50')") && passes("startswith(lastname,'[n-p]')"));
        assert!(!passes("startswith(lastname,'[^o]')") && !passes("contains(lastname,'b[0-9]')"));
        assert!(passes("contains(lastname,'50[%]')") && !passes("contains(firstname,'[%]')"));
        assert!(!passes("lastname eq 'O%'"));
    }

    #[test]
    fn broken_filters_are_refused_with_the_reason() {
        let error = |filter: &str| Filter::parse(filter, &Options::new()).unwrap_err();
        assert!(error("lastname eq 'O'Brien'").contains("unterminated literal at position"));
        for broken in [
            "",
            "name eq",
            "name is 1",
            "Microsoft.Dynamics.CRM.Above(PropertyName='a',PropertyValue='1')",
            "lower(name) eq 'a'",
            "(name eq 1",
            "name eq 1 name",
            "a eq b",
        ] {
            assert!(Filter::parse(broken, &Options::new()).is_err(), "{broken}");
        }
        assert!(Filter::parse(&"(".repeat(10_000), &Options::new()).is_err());
    }
}
