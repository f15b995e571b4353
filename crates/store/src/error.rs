//! What can go wrong with a database, for people.

use std::sync::Arc;

/// Why the store could not do its work. The text never holds SQL or a secret; the source may,
/// and is for logs only.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// More work waits than the database takes in time.
    #[error("write to the database in time: it is overloaded; try again in a moment")]
    Overloaded,
    /// The database does not answer.
    #[error("reach the database; the operator should check that it runs and has space left")]
    Unavailable(#[source] Arc<sqlx::Error>),
    /// The database refused what was written.
    #[error("write this to the database: it was refused; the operator should look at the log")]
    Refused(#[source] Arc<sqlx::Error>),
    /// A stored row does not read.
    #[error("read a stored {noun}; the operator should look at the log")]
    Unreadable {
        /// The table.
        noun: &'static str,
        /// Why.
        #[source]
        why: Arc<serde_json::Error>,
    },
    /// The address of the database is not understood.
    #[error(
        "understand the database's address; write it as sqlite:PATH or postgres://USER@HOST/NAME"
    )]
    Address,
    /// The database was used by a newer Baton.
    #[error(
        "open the database: its schema {found} is newer than the {known} that this Baton knows; \
         start the newer version"
    )]
    NewerSchema {
        /// The schema of the database.
        found: i64,
        /// The newest schema that this program knows.
        known: i64,
    },
    /// The database was last used by an older Baton.
    #[error(
        "open the database: its schema {found} is older than the {known} of this Baton; \
         `baton serve` brings it up to date when it starts"
    )]
    OlderSchema {
        /// The schema of the database.
        found: i64,
        /// The schema of this program.
        known: i64,
    },
    /// The database was made with another number of partitions.
    #[error(
        "open the database: it was made with {found} partitions; set the number back to {found}"
    )]
    Partitions {
        /// The number that it was made with.
        found: i64,
    },
    /// The key does not fit the stored secrets.
    #[error(
        "open the database: its secrets were stored under another key; set the key that it was made with"
    )]
    WrongKey,
    /// Secrets cannot be stored or read without a key.
    #[error("use stored secrets: no key is set; set the key that encrypts them")]
    NoKey,
    /// A sealed value does not open: it was changed or copied from elsewhere.
    #[error("decrypt a stored secret: it was changed or copied from another place; enter it again")]
    Sealed,
    /// Something that must be unique exists already.
    #[error("store it: this {0} is taken; choose another one")]
    Taken(&'static str),
    /// The store was closed.
    #[error("write to the database: it is being closed")]
    Closed,
}

impl StoreError {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Overloaded => "overloaded",
            Self::Unavailable(_) => "database_unavailable",
            Self::Refused(_) => "database_refused",
            Self::Unreadable { .. } => "database_unreadable",
            Self::Address => "database_address",
            Self::NewerSchema { .. } => "database_newer",
            Self::OlderSchema { .. } => "database_older",
            Self::Partitions { .. } => "database_partitions",
            Self::WrongKey => "wrong_key",
            Self::NoKey => "no_key",
            Self::Sealed => "secret_unreadable",
            Self::Taken(_) => "taken",
            Self::Closed => "closed",
        }
    }

    /// The database undid it only for the sake of another transaction: it can be repeated.
    pub(crate) fn is_transient(&self) -> bool {
        /// PostgreSQL: serialization failure and deadlock; SQLite: busy, and busy with a snapshot.
        const CODES: [&str; 4] = ["40001", "40P01", "5", "517"];
        match self {
            Self::Refused(error) | Self::Unavailable(error) => {
                code(error).is_some_and(|code| CODES.contains(&code.as_str()))
            }
            _ => false,
        }
    }

    /// A stored row does not read. The log says where in it, never what it holds.
    pub(crate) fn unreadable(noun: &'static str, why: serde_json::Error) -> Self {
        let (line, column, kind) = (why.line(), why.column(), why.classify());
        tracing::error!(noun, line, column, ?kind, "a stored row does not read");
        Self::Unreadable { noun, why: Arc::new(why) }
    }

    /// Tells the log why the database refused something. Its message may quote what was written,
    /// which is a customer's, and is left out then.
    pub(crate) fn log_refusal(&self, units: usize) {
        let Self::Refused(error) = self else { return };
        let database = error.as_database_error();
        let code = code(error).unwrap_or_default();
        let table = database.and_then(|e| e.table()).unwrap_or_default();
        let constraint = database.and_then(|e| e.constraint()).unwrap_or_default();
        let message = database.map_or("not encoded", |e| e.message());
        let message = if quotes_data(&code) { "" } else { message };
        tracing::error!(units, code, table, constraint, message, "the database refused a write");
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let refused = match &error {
            sqlx::Error::Database(_) => !code(&error).is_some_and(|code| is_outage(&code)),
            error => matches!(error, sqlx::Error::Encode(_) | sqlx::Error::ColumnDecode { .. }),
        };
        if refused { Self::Refused(Arc::new(error)) } else { Self::Unavailable(Arc::new(error)) }
    }
}

/// The database's own code of an error.
fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(|e| e.code()).map(|code| code.into_owned())
}

/// The database as a whole is in trouble: what was written is not at fault.
fn is_outage(code: &str) -> bool {
    /// PostgreSQL's classes: connection, resources, operator, system (Appendix A of
    /// its manual, "PostgreSQL Error Codes").
    const CLASSES: [&str; 4] = ["08", "53", "57", "58"];
    /// SQLite's primary codes: busy, locked, out of memory, read-only, I/O, corrupt, full,
    /// cannot open (`sqlite3.h` 3.51.3). They are the low byte of an extended one.
    const PRIMARY: [u32; 8] = [5, 6, 7, 8, 10, 11, 13, 14];
    match code.parse::<u32>() {
        Ok(number) if code.len() < 5 => PRIMARY.contains(&(number & 0xff)),
        _ => CLASSES.iter().any(|class| code.starts_with(class)),
    }
}

/// Whether messages of this code quote the value that was refused: PostgreSQL's class "data
/// exception" (Appendix A of its manual).
fn quotes_data(code: &str) -> bool {
    code.len() == 5 && code.starts_with("22")
}

/// Why a commit did not happen.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitError {
    /// Somebody else committed first: load the state again and repeat the step.
    #[error("commit: the conversation changed meanwhile")]
    Conflict,
    /// This node no longer owns the partition: another one does the work.
    #[error("commit: another node has taken the partition over")]
    Fenced,
    /// The event is dealt with already; or it came with the commit, and another one of its key
    /// waits: store it like any other.
    #[error("commit: the event is not the next one to be dealt with")]
    OutOfTurn,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_no_fault_of_what_was_written() {
        for code in ["57P01", "53100", "08006", "5", "13", "778", "517"] {
            assert!(is_outage(code), "{code}");
        }
        for code in ["23505", "22P05", "40P01", "1555", "2067", "787", "275"] {
            assert!(!is_outage(code), "{code}");
        }
    }

    #[test]
    fn a_message_that_may_quote_a_customer_stays_out_of_the_log() {
        assert!(quotes_data("22P02") && quotes_data("22P05"));
        assert!(!quotes_data("23505") && !quotes_data("2067") && !quotes_data("229"));
    }
}
