//! `$select`, `$filter`, `$orderby`, `$top`, `$count` and paging.

use std::cmp::Ordering;
use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::dataverse::{Refusal, etag};
use super::odata::{self, Filter};
use super::tables::{Stored, Table};

/// Rows of one answer at most ("Query data using the Web API", checked 2026-11-20).
const MAX_PAGE: usize = 5_000;

/// The query options of one request.
pub struct Query {
    select: Vec<String>,
    filter: Option<Filter>,
    /// Columns and whether they descend.
    order: Vec<(String, bool)>,
    top: Option<usize>,
    count: bool,
    skip: usize,
}

/// One answer's rows.
pub struct Page<'a> {
    pub rows: Vec<&'a Stored>,
    /// All rows that pass, if asked for.
    pub count: Option<usize>,
    /// Where the next page starts, if there is one.
    pub next: Option<usize>,
}

impl Query {
    pub fn parse(table: &Table, options: &HashMap<String, String>) -> Result<Self, Refusal> {
        for name in options.keys().filter(|name| name.starts_with('$')) {
            if !["$select", "$filter", "$orderby", "$top", "$count", "$skiptoken"]
                .contains(&name.as_str())
            {
                return Err(Refusal::query(format!(
                    "The query parameter '{name}' is not supported."
                )));
            }
        }
        let select = list(options.get("$select"));
        let filter = options
            .get("$filter")
            .map(|text| Filter::parse(text))
            .transpose()
            .map_err(Refusal::query)?;
        let order: Vec<(String, bool)> =
            list(options.get("$orderby")).iter().map(|term| sort_term(term)).collect();
        let named =
            filter.iter().flat_map(Filter::columns).chain(select.iter().map(String::as_str));
        for column in named.chain(order.iter().map(|(column, _)| column.as_str())) {
            if !table.readable(column) {
                let name = table.name;
                let message = format!(
                    "Could not find a property named '{column}' on type 'Microsoft.Dynamics.CRM.{name}'."
                );
                return Err(Refusal::query(message));
            }
        }
        Ok(Self {
            select,
            filter,
            order,
            top: number(options, "$top")?,
            count: options.get("$count").is_some_and(|value| value == "true"),
            skip: number(options, "$skiptoken")?.unwrap_or(0),
        })
    }

    /// The rows that pass, in order.
    pub fn page<'a>(&self, all: Vec<&'a Stored>, page_size: Option<usize>) -> Page<'a> {
        let passes = |stored: &&Stored| {
            self.filter.as_ref().is_none_or(|filter| filter.accepts(&stored.row))
        };
        let mut rows: Vec<&Stored> = all.into_iter().filter(passes).collect();
        rows.sort_by(|left, right| self.compare(&left.row, &right.row));
        let count = self.count.then_some(rows.len());
        rows.truncate(self.top.unwrap_or(usize::MAX));
        let size = page_size.unwrap_or(MAX_PAGE).clamp(1, MAX_PAGE);
        let end = self.skip.saturating_add(size);
        let next = (rows.len() > end).then_some(end);
        Page { rows: rows.into_iter().skip(self.skip).take(size).collect(), count, next }
    }

    /// A row with the columns that were asked for, its key and its ETag.
    pub fn show(&self, table: &Table, stored: &Stored) -> Value {
        let mut shown = Map::new();
        shown.insert("@odata.etag".to_owned(), json!(etag(stored)));
        if self.select.is_empty() {
            shown.extend(stored.row.clone());
        } else {
            for column in self.select.iter().map(String::as_str).chain([table.key]) {
                shown.insert(
                    column.to_owned(),
                    stored.row.get(column).cloned().unwrap_or(Value::Null),
                );
            }
        }
        Value::Object(shown)
    }

    /// The selected columns as the context address repeats them.
    pub fn selection(&self) -> String {
        if self.select.is_empty() { String::new() } else { format!("({})", self.select.join(",")) }
    }

    fn compare(&self, left: &Map<String, Value>, right: &Map<String, Value>) -> Ordering {
        let of = |row: &Map<String, Value>, column: &str| {
            row.get(column).cloned().unwrap_or(Value::Null)
        };
        let by_column = |(column, descends): &(String, bool)| {
            let (left, right) = (of(left, column), of(right, column));
            let order =
                odata::order(&left, &right).unwrap_or_else(|| right.is_null().cmp(&left.is_null()));
            if *descends { order.reverse() } else { order }
        };
        self.order.iter().map(by_column).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }
}

/// The relative address of the next page.
pub fn next_link(table: &Table, options: &HashMap<String, String>, skip: usize) -> String {
    let skip = skip.to_string();
    let mut kept: Vec<(&str, &str)> =
        options.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    kept.retain(|(name, _)| *name != "$skiptoken");
    kept.sort_unstable();
    kept.push(("$skiptoken", &skip));
    let pairs: Vec<String> =
        kept.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    format!("{}?{}", table.set, pairs.join("&"))
}

fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~$,".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn list(option: Option<&String>) -> Vec<String> {
    let terms = option.into_iter().flat_map(|text| text.split(','));
    terms.map(|term| term.trim().to_owned()).filter(|term| !term.is_empty()).collect()
}

fn sort_term(term: &str) -> (String, bool) {
    match term.split_once(' ') {
        Some((column, direction)) => (column.to_owned(), direction.trim() == "desc"),
        None => (term.to_owned(), false),
    }
}

fn number(options: &HashMap<String, String>, name: &str) -> Result<Option<usize>, Refusal> {
    let parse = |text: &String| {
        text.parse().map_err(|_| Refusal::query(format!("Invalid value '{text}' for {name}.")))
    };
    options.get(name).map(parse).transpose()
}
