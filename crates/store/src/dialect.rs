//! The few differences between the databases. Nothing else knows which one it talks to.

use crate::table::{Column, Kind};

/// The database behind the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// The rows of the JSON array in the parameter, as a row source named `r`. Join a table to
    /// it by `cross join` and `where`: SQLite then takes the rows first.
    pub fn rows(self, parameter: u8, columns: &[Column]) -> String {
        match self {
            Self::Sqlite => {
                let list: Vec<String> = columns
                    .iter()
                    .map(|(name, _)| format!("value->>'{name}' as \"{name}\""))
                    .collect();
                // The binary form: each column is read from it without parsing the text again.
                format!("(select {} from jsonb_each(${parameter})) r", list.join(", "))
            }
            Self::Postgres => {
                let list: Vec<String> = columns
                    .iter()
                    .map(|(name, kind)| format!("\"{name}\" {}", sql_type(*kind)))
                    .collect();
                format!("jsonb_to_recordset(${parameter}::jsonb) as r({})", list.join(", "))
            }
        }
    }

    /// A JSON object of expressions.
    pub fn object(self, fields: &[(&str, String)]) -> String {
        let list: Vec<String> =
            fields.iter().map(|(name, value)| format!("'{name}', {value}")).collect();
        let function = match self {
            Self::Sqlite => "json_object",
            Self::Postgres => "json_build_object",
        };
        format!("{function}({})", list.join(", "))
    }

    /// A JSON expression as text.
    pub fn text(self, json: &str) -> String {
        match self {
            Self::Sqlite => json.to_owned(),
            Self::Postgres => format!("({json})::text"),
        }
    }

    /// Keeps the selected rows from being changed by others until the transaction ends.
    pub fn for_update(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " for update",
        }
    }

    /// The same, while others may read them in the same way.
    pub fn for_share(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " for share",
        }
    }

    /// Lets one process at a time look at the schema and change it.
    pub fn lock_schema(self) -> &'static str {
        match self {
            Self::Sqlite => "select 'locked by the transaction'",
            Self::Postgres => "select pg_advisory_xact_lock(4715206238)::text",
        }
    }

    /// The names and types of a table's columns, one line each.
    pub fn describe(self, table: &str) -> String {
        match self {
            Self::Sqlite => {
                format!("select name || ' ' || lower(type) from pragma_table_info('{table}')")
            }
            Self::Postgres => format!(
                "select column_name || ' ' || data_type \
                 from information_schema.columns \
                 where table_schema = current_schema() and table_name = '{table}'"
            ),
        }
    }
}

fn sql_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::Json => "text",
        Kind::Int | Kind::Bool => "bigint",
    }
}
