//! Formatted values: what people read where a column holds a number, a flag, an instant or an id.
//!
//! Source: "Select columns using OData", formatted values, checked 2026-11-21; English labels, US dates, UTC.

use super::query::View;
use super::tables::{Kind, Row, Table};
use crate::dynamics365::iso;

/// The formatted value of a column; `None` where the value is its own text.
pub fn formatted(view: &View<'_>, table: &Table, column: &str, row: &Row) -> Option<String> {
    let value = row.get(column)?;
    match view.schema.column(table, column) {
        Some(Kind::Choice(_) | Kind::State | Kind::Status) => {
            let wanted = value.as_i64()?;
            let choices = view.schema.choices(table, column);
            choices
                .iter()
                .find(|choice| choice.value == wanted)
                .map(|choice| choice.label.to_string())
        }
        Some(Kind::Flag) => Some(if value.as_bool()? { "Yes" } else { "No" }.to_owned()),
        Some(Kind::Instant) => iso::parse(value.as_str()?).map(date),
        Some(Kind::Number) => Some(grouped(value.as_i64()?)),
        Some(_) => None,
        None => {
            let (target, stored) = view.target(table, column, row)?;
            stored.text(target.title).map(str::to_owned)
        }
    }
}

/// `11/20/2026 9:30 AM`.
fn date(at_ms: i64) -> String {
    let text = iso::seconds(at_ms);
    let part =
        |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse::<u32>().ok());
    let number = |range| part(range).unwrap_or(0);
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let (hour, minute) = (number(11..13), number(14..16));
    let half = if hour < 12 { "AM" } else { "PM" };
    let hour = if hour % 12 == 0 { 12 } else { hour % 12 };
    format!("{month}/{day}/{year} {hour}:{minute:02} {half}")
}

/// `1,234`.
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}
