//! What desks keep over restarts: credentials, encrypted, each for its desk alone.

use baton_core::{ids::DeskId, secret::Secret, time::Timestamp};
use serde_json::{Map, Value};

use crate::{Store, database::Arg, dialect::Dialect, error::StoreError, table::parse};

impl Store {
    /// What a desk kept under a name, while it is valid.
    ///
    /// # Errors
    /// The database failed, or what is kept does not open under the key.
    pub async fn kept_get(
        &self,
        desk: DeskId,
        name: &str,
        now: Timestamp,
    ) -> Result<Option<Secret>, StoreError> {
        let make = |dialect: Dialect| {
            let fields = ["workspace", "sealed"].map(|column| (column, format!("\"{column}\"")));
            let object = dialect.text(&dialect.object(&fields));
            format!(
                "select {object} from \"kept\" \
                 where \"desk\" = $1 and \"name\" = $2 and \"valid_until\" > $3"
            )
        };
        let args = [desk.to_string().into(), name.into(), now.0.into()];
        let texts = self.database().read("kept.get", make, &args).await?;
        let Some(text) = texts.first() else { return Ok(None) };
        let row = parse("kept", text)?;
        let text = |column: &str| row.get(column).and_then(Value::as_str).unwrap_or_default();
        let owner = owner(desk, name);
        let opened = self.shared.vault.open(text("workspace"), &owner, Some(text("sealed")))?;
        Ok(opened.get(VALUE).and_then(Value::as_str).map(Secret::new))
    }

    /// Keeps it until then, in the place of what was there; what is valid no more goes. A desk
    /// that is not there yet keeps nothing.
    ///
    /// # Errors
    /// The database failed, or there is no key.
    pub async fn kept_put(
        &self,
        desk: DeskId,
        name: &str,
        value: &Secret,
        (now, until): (Timestamp, Timestamp),
    ) -> Result<(), StoreError> {
        let sql = "select \"workspace\" from \"desk\" where \"id\" = $1";
        let id = desk.to_string();
        let args = [id.clone().into()];
        let found = self.database().read("kept.desk", |_| sql.to_owned(), &args).await?;
        let Some(workspace) = found.into_iter().next() else { return Ok(()) };
        let plain = Map::from_iter([(VALUE.to_owned(), value.reveal().into())]);
        let sealed = self.shared.vault.seal(&workspace, &owner(desk, name), &plain)?;
        let sealed = sealed.as_str().unwrap_or_default().to_owned();
        let forget = "delete from \"kept\" where \"desk\" = $1 and \"valid_until\" <= $2";
        let put = "insert into \"kept\" (\"desk\", \"workspace\", \"name\", \"sealed\", \"valid_until\") \
                   values ($1, $2, $3, $4, $5) on conflict (\"desk\", \"name\") do update \
                   set \"sealed\" = excluded.\"sealed\", \"valid_until\" = excluded.\"valid_until\"";
        let old: [Arg; 2] = [id.clone().into(), now.0.into()];
        let new: [Arg; 5] =
            [id.into(), workspace.into(), name.into(), sealed.into(), until.0.into()];
        self.write(move |tx| {
            Box::pin(async move {
                tx.write("kept.forget", |_| forget.to_owned(), &old).await?;
                tx.write("kept.put", |_| put.to_owned(), &new).await.map(|_| ())
            })
        })
        .await
    }
}

const VALUE: &str = "value";

/// Under which it is sealed: moved to another desk or name, it does not open.
fn owner(desk: DeskId, name: &str) -> String {
    format!("{desk}/{name}")
}
