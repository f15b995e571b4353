//! `$select`, `$filter`, `$orderby`, `$top`, `$count`, `$expand` and paging.
//!
//! Source: "Query data using the Web API" and its pages on selecting, joining, ordering and paging, checked 2026-11-21.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::answer::Refusal;
use super::filter::Filter;
use super::matching::{self, order};
use super::request::{Options, Request, split};
use super::schema::Schema;
use super::tables::{self, Lookup, Row, Stored, Table, Tables};

/// Rows of one answer at most.
pub const MAX_PAGE: usize = 5_000;
/// `$expand` within `$expand`.
const MAX_EXPAND_DEPTH: usize = 3;

/// Rows and the shape that they have.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub tables: &'a Tables,
    pub schema: &'a Schema,
}

impl<'a> View<'a> {
    /// The row that a lookup's column points to, wherever it is.
    pub fn target(
        &self,
        table: &Table,
        column: &str,
        row: &Row,
    ) -> Option<(&'static Table, &'a Stored)> {
        let mut lookups = table.all_lookups().filter(|lookup| lookup.column == column);
        lookups.find_map(|lookup| self.behind(lookup, row))
    }

    /// The row behind a navigation property to one row; nothing where a polymorphic lookup points elsewhere.
    pub fn parent(
        &self,
        table: &Table,
        navigation: &str,
        row: &Row,
    ) -> Option<(&'static Table, &'a Stored)> {
        let mut lookups = table.all_lookups().filter(|lookup| lookup.navigation == navigation);
        lookups.find_map(|lookup| self.behind(lookup, row))
    }

    fn behind(&self, lookup: &Lookup, row: &Row) -> Option<(&'static Table, &'a Stored)> {
        let id = row.get(lookup.column)?.as_str()?;
        Some((tables::find(lookup.target)?, self.tables.get(lookup.target, id)?))
    }

    /// The rows behind a navigation property to many rows.
    pub fn related(
        &self,
        table: &Table,
        navigation: &str,
        row: &Row,
    ) -> Option<(&'static Table, Vec<&'a Stored>)> {
        let collection = table.collection(navigation)?;
        let target = tables::find(collection.target)?;
        let id = row.get(table.key)?.as_str()?;
        let mut rows = self.tables.list(target.set);
        rows.retain(|stored| match collection.column {
            Some(column) => stored.text(column) == Some(id),
            None => stored
                .text(target.key)
                .is_some_and(|other| self.tables.is_linked(collection.navigation, id, other)),
        });
        Some((target, rows))
    }
}

/// Whether two values are equal; text without regard to case.
pub fn same(left: &Value, right: &Value) -> bool {
    order(left, right).is_some_and(Ordering::is_eq)
}

/// The query options of one request, or of one `$expand`.
pub struct Query {
    select: Vec<String>,
    filter: Option<Filter>,
    /// Columns and whether they descend.
    order: Vec<(String, bool)>,
    top: Option<usize>,
    count: bool,
    skip: usize,
    expand: Vec<Expand>,
}

struct Expand {
    navigation: String,
    target: &'static Table,
    query: Query,
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
    pub fn parse(
        view: &View<'_>,
        table: &'static Table,
        options: &Options,
    ) -> Result<Self, Refusal> {
        Self::parse_at(view, table, options, 0)
    }

    fn parse_at(
        view: &View<'_>,
        table: &'static Table,
        options: &Options,
        depth: usize,
    ) -> Result<Self, Refusal> {
        const KNOWN: [&str; 7] =
            ["$select", "$filter", "$orderby", "$top", "$count", "$expand", "$skiptoken"];
        let unknown =
            options.keys().find(|name| name.starts_with('$') && !KNOWN.contains(&name.as_str()));
        if let Some(name) = unknown {
            return Err(Refusal::query(format!("The query parameter '{name}' is not supported.")));
        }
        let select = list(options.get("$select"));
        let order: Vec<(String, bool)> =
            list(options.get("$orderby")).iter().map(|term| sort_term(term)).collect();
        let named = select.iter().chain(order.iter().map(|(column, _)| column));
        for column in named.filter(|name| *name != "*") {
            if !view.schema.is_readable(table, column) {
                return Err(Refusal::no_property(table, column));
            }
        }
        let filter = options.get("$filter").map(|text| Filter::parse(text, options));
        let filter = filter.transpose().map_err(Refusal::query)?;
        if let Some(filter) = &filter {
            matching::check(view, table, filter)?;
        }
        let expand = split(options.get("$expand").map_or("", String::as_str), ',');
        let expand = expand.iter().map(|term| term.trim()).filter(|term| !term.is_empty());
        Ok(Self {
            select,
            filter,
            order,
            top: number(options, "$top")?,
            count: options.get("$count").is_some_and(|value| value == "true"),
            skip: skipped(options)?,
            expand: expand
                .map(|term| Expand::parse(view, table, term, depth))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Every table whose rows this query reads, besides its own.
    pub fn tables(&self) -> Vec<&'static Table> {
        let of = |expand: &Expand| [vec![expand.target], expand.query.tables()].concat();
        self.expand.iter().flat_map(of).collect()
    }

    pub fn has_expand(&self) -> bool {
        !self.expand.is_empty()
    }

    /// The rows that pass, in order.
    pub fn page<'a>(
        &self,
        view: &View<'_>,
        table: &'static Table,
        all: Vec<&'a Stored>,
        page_size: Option<usize>,
    ) -> Page<'a> {
        let passes = |stored: &&Stored| {
            self.filter
                .as_ref()
                .is_none_or(|filter| matching::accepts(view, table, filter, &stored.row))
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

    /// A row with the columns that were asked for, its key, its ETag and its annotations.
    pub fn show(
        &self,
        view: &View<'_>,
        table: &'static Table,
        stored: &Stored,
        request: &Request,
    ) -> Value {
        let mut shown = Map::new();
        shown.insert("@odata.etag".to_owned(), json!(stored.etag()));
        for column in self.columns(view, table) {
            let value = stored.row.get(&column).cloned().unwrap_or(Value::Null);
            annotate(view, table, &column, stored, request, &mut shown);
            shown.insert(column, value);
        }
        for expand in &self.expand {
            let value = expand.show(view, table, stored, request);
            shown.insert(expand.navigation.clone(), value);
        }
        Value::Object(shown)
    }

    /// The selected columns as the context address repeats them.
    pub fn selection(&self) -> String {
        let expanded = self.expand.iter().map(|expand| format!("{}()", expand.navigation));
        let terms: Vec<String> = self.select.iter().cloned().chain(expanded).collect();
        if terms.is_empty() { String::new() } else { format!("({})", terms.join(",")) }
    }

    fn columns(&self, view: &View<'_>, table: &'static Table) -> Vec<String> {
        if self.select.is_empty() || self.select.iter().any(|name| name == "*") {
            let lookups = table.all_lookups().map(|lookup| lookup.column);
            let mut all: Vec<String> = view
                .schema
                .columns(table)
                .map(|(name, _)| name)
                .chain(lookups)
                .map(str::to_owned)
                .collect();
            all.sort();
            all.dedup();
            return all;
        }
        let mut columns = self.select.clone();
        if !columns.iter().any(|column| column == table.key) {
            columns.push(table.key.to_owned());
        }
        columns
    }

    fn compare(&self, left: &Row, right: &Row) -> Ordering {
        let of = |row: &Row, column: &str| row.get(column).cloned().unwrap_or(Value::Null);
        let by_column = |(column, descends): &(String, bool)| {
            let (left, right) = (of(left, column), of(right, column));
            let order =
                order(&left, &right).unwrap_or_else(|| right.is_null().cmp(&left.is_null()));
            if *descends { order.reverse() } else { order }
        };
        self.order.iter().map(by_column).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }
}

impl Expand {
    /// `primarycontactid($select=fullname;$expand=…)`.
    fn parse(
        view: &View<'_>,
        table: &'static Table,
        term: &str,
        depth: usize,
    ) -> Result<Self, Refusal> {
        let (navigation, rest) = term.split_once('(').unwrap_or((term, ""));
        let target = table
            .lookup(navigation)
            .map(|lookup| lookup.target)
            .or_else(|| table.collection(navigation).map(|collection| collection.target))
            .and_then(tables::find);
        let Some(target) = target.filter(|_| depth < MAX_EXPAND_DEPTH) else {
            return Err(Refusal::no_property(table, navigation));
        };
        let inner = rest.strip_suffix(')').unwrap_or(rest);
        let options = split(inner, ';')
            .iter()
            .filter_map(|option| option.split_once('='))
            .map(|(name, value)| (name.trim().to_owned(), value.to_owned()))
            .collect();
        let query = Query::parse_at(view, target, &options, depth + 1)?;
        Ok(Self { navigation: navigation.to_owned(), target, query })
    }

    fn show(
        &self,
        view: &View<'_>,
        table: &'static Table,
        stored: &Stored,
        request: &Request,
    ) -> Value {
        if let Some((target, rows)) = view.related(table, &self.navigation, &stored.row) {
            let page = self.query.page(view, target, rows, None);
            let shown = page.rows.iter().map(|row| self.query.show(view, target, row, request));
            return Value::Array(shown.collect());
        }
        match view.parent(table, &self.navigation, &stored.row) {
            Some((target, row)) => self.query.show(view, target, row, request),
            None => Value::Null,
        }
    }
}

/// Formatted values and what a lookup leads to, as far as they were asked for.
fn annotate(
    view: &View<'_>,
    table: &'static Table,
    column: &str,
    stored: &Stored,
    request: &Request,
    shown: &mut Map<String, Value>,
) {
    const FORMATTED: &str = "OData.Community.Display.V1.FormattedValue";
    const NAVIGATION: &str = "Microsoft.Dynamics.CRM.associatednavigationproperty";
    const TARGET: &str = "Microsoft.Dynamics.CRM.lookuplogicalname";
    if stored.row.get(column).is_none_or(Value::is_null) {
        return;
    }
    let mut add = |annotation: &str, text: Option<String>| {
        if let Some(text) = text.filter(|_| request.wants_annotation(annotation)) {
            shown.insert(format!("{column}@{annotation}"), json!(text));
        }
    };
    if let Some((target, _)) = view.target(table, column, &stored.row) {
        let lookup = table
            .all_lookups()
            .find(|lookup| lookup.column == column && lookup.target == target.set);
        add(NAVIGATION, lookup.map(|lookup| lookup.navigation.to_owned()));
        add(TARGET, Some(target.name.to_owned()));
    }
    add(FORMATTED, super::format::formatted(view, table, column, &stored.row));
}

/// The address of the next page, after the same path: an opaque cookie, as the service makes it.
pub fn next_link(path: &str, options: &Options, skip: usize, page_size: usize) -> String {
    let page = skip / page_size.max(1) + 1;
    let cookie =
        format!("<cookie pagenumber=\"{page}\" pagingcookie=\"{skip}\" istracking=\"False\" />");
    let kept = options.iter().filter(|(name, _)| *name != "$skiptoken");
    let pairs: Vec<String> = kept
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .chain([("$skiptoken", cookie.as_str())])
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    format!("{path}?{}", pairs.join("&"))
}

fn skipped(options: &Options) -> Result<usize, Refusal> {
    let Some(token) = options.get("$skiptoken") else { return Ok(0) };
    let cookie = token.split_once("pagingcookie=\"").and_then(|(_, rest)| rest.split_once('"'));
    let skip = cookie.and_then(|(skip, _)| skip.parse().ok());
    skip.ok_or_else(|| Refusal::query("Malformed XML in the Paging Cookie."))
}

/// Percent-encodes a query option's value.
pub fn encode(text: &str) -> String {
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

fn number(options: &Options, name: &str) -> Result<Option<usize>, Refusal> {
    let parse = |text: &String| {
        text.parse().map_err(|_| Refusal::query(format!("Invalid value '{text}' for {name}.")))
    };
    options.get(name).map(parse).transpose()
}
