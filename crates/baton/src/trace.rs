//! `baton trace`: the whole story of a session, found by any id of it.

use std::{
    io::{ErrorKind, Write as _},
    path::PathBuf,
};

use baton_http::trace::{Direction, Entry, Trace, trace};
use baton_store::{Store, StoreError};
use clap::Args;

use crate::{
    hub::{self, RunError},
    settings::Settings,
};

/// Tells what happened in a session: by our session, message or delivery id, the session's
/// number, a vendor's message id, or the id of the work at the desk.
#[derive(Args, Debug)]
pub struct TraceArgs {
    /// Any id known on either side.
    id: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// The settings file; see baton.default.toml for every setting.
    #[arg(long, env = "BATON_CONFIG")]
    config: Option<PathBuf>,
    /// The database, instead of the one in the settings: sqlite:FILE or postgres://…
    #[arg(long, conflicts_with = "config")]
    database: Option<String>,
}

/// Tells the story.
///
/// # Errors
/// The database does not open, or no session is known by the id.
pub async fn run(args: TraceArgs) -> Result<(), RunError> {
    let url = match args.database {
        Some(url) => url,
        None => Settings::load(args.config.as_deref())?.store.url,
    };
    if let Some(path) = hub::sqlite_file(&url).filter(|path| !path.exists()) {
        let text = format!("open the database: there is no file {}", path.display());
        return Err(RunError::Refused(text));
    }
    let store = Store::look(&url).await.map_err(|e| RunError::Refused(e.to_string()))?;
    let found = find(&store, args.id.trim()).await;
    store.close().await;
    let Some(story) = found? else {
        let text = format!(
            "find {:?}: no session of this database is known by it, on our side or a vendor's",
            args.id
        );
        return Err(RunError::Refused(text));
    };
    let text = if args.json {
        serde_json::to_string(&story).unwrap_or_default() + "\n"
    } else {
        table(&story.session, &story.contact, &story.entries.iter().map(row).collect::<Vec<_>>())
    };
    match std::io::stdout().write_all(text.as_bytes()) {
        // Whoever read the beginning of it, such as `head`, wants no more.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(RunError::io("print the story")),
    }
}

/// The first workspace that knows the id tells its story.
async fn find(store: &Store, id: &str) -> Result<Option<Trace>, StoreError> {
    for workspace in store.workspaces().await? {
        if let Some(story) = trace(store, workspace.id, id).await? {
            return Ok(Some(story));
        }
    }
    Ok(None)
}

/// The story as a table for people.
fn table(session: &str, contact: &str, rows: &[[String; 5]]) -> String {
    let mut widths = [0; 4];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let [at, way, what, outcome] = widths;
    let mut text = format!("session {session}\ncontact {contact}\n\n");
    for row in rows {
        let line = format!(
            "{:at$}  {:way$}  {:what$}  {:outcome$}  {}",
            row[0], row[1], row[2], row[3], row[4]
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn row(entry: &Entry) -> [String; 5] {
    let vendor = entry.vendor.as_deref().unwrap_or_default();
    let way = match entry.direction {
        Direction::In => format!("{vendor} ->"),
        Direction::Out => format!("-> {vendor}"),
        Direction::Inside => vendor.to_owned(),
    };
    let what = match entry.what {
        Some(what) => format!("{} ({what})", entry.kind),
        None => entry.kind.to_owned(),
    };
    let ids: Vec<String> = entry.ids.iter().map(|(name, id)| format!("{name}={id}")).collect();
    let outcome = entry.outcome.clone().unwrap_or_default();
    [entry.at.clone(), way.trim().to_owned(), what, outcome, ids.join(" ")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_of_a_story_stand_under_each_other() {
        let row = |way: &str, what: &str| {
            ["10:00", way, what, "received", "message=m1"].map(str::to_owned)
        };
        let rows =
            [row("sms ->", "message (customer)"), row("-> crm", "attempt"), row("", "owner")];
        let expected = "session s1\ncontact c1\n\n\
            10:00  sms ->  message (customer)  received  message=m1\n\
            10:00  -> crm  attempt             received  message=m1\n\
            10:00          owner               received  message=m1\n";
        assert_eq!(table("s1", "c1", &rows), expected);
    }
}
