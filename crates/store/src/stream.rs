//! Where the streams of desks go on after a break.

use baton_core::{ids::DeskId, time::Timestamp};
use serde_json::Value;

use crate::{
    Store,
    database::Arg,
    dialect::Dialect,
    error::StoreError,
    table::{Column, Kind, Row, parse},
};

const WRITTEN: &[Column] = &[
    ("desk", Kind::Text),
    ("subject", Kind::Text),
    ("cursor", Kind::Text),
    ("heard_at", Kind::Int),
];

/// How far one stream was heard.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StreamPlace {
    /// The desk.
    pub desk: DeskId,
    /// The vendor's word for whose stream it is.
    pub subject: String,
    /// From here on it continues.
    pub cursor: String,
}

impl Store {
    /// From where a stream goes on; none where nothing was heard of it yet.
    ///
    /// # Errors
    /// The database failed.
    pub async fn stream_cursor(
        &self,
        desk: DeskId,
        subject: &str,
    ) -> Result<Option<String>, StoreError> {
        let sql = "select \"cursor\" from \"stream\" \
                   where \"desk\" = $1 and \"subject\" = $2 and \"cursor\" is not null";
        let args = [desk.to_string().into(), subject.into()];
        let texts = self.database().read("stream.cursor", |_| sql.to_owned(), &args).await?;
        Ok(texts.into_iter().next())
    }

    /// Keeps how far streams were heard. What they brought must be stored by now: a place that is
    /// too early brings events twice, which are stored once; one that is too late loses them.
    ///
    /// # Errors
    /// The database failed.
    pub async fn streams_put(
        &self,
        places: Vec<StreamPlace>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if places.is_empty() {
            return Ok(());
        }
        let make = |dialect: Dialect| {
            format!(
                "insert into \"stream\" (\"desk\", \"workspace\", \"subject\", \"cursor\", \"heard_at\") \
                 select r.\"desk\", d.\"workspace\", r.\"subject\", r.\"cursor\", r.\"heard_at\" \
                 from {} join \"desk\" d on d.\"id\" = r.\"desk\" where true \
                 on conflict (\"desk\", \"subject\") do update \
                 set \"cursor\" = excluded.\"cursor\", \"heard_at\" = excluded.\"heard_at\"",
                dialect.rows(1, WRITTEN)
            )
        };
        let rows = places.into_iter().map(|place| row(place, now)).collect();
        self.write(move |tx| {
            Box::pin(async move { tx.rows("stream.put", make, rows).await.map(|_| ()) })
        })
        .await
    }

    /// Keeps why a stream cannot be heard; none once it can.
    ///
    /// # Errors
    /// The database failed.
    pub async fn stream_trouble(
        &self,
        desk: DeskId,
        subject: &str,
        trouble: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "insert into \"stream\" (\"desk\", \"workspace\", \"subject\", \"heard_at\", \"trouble\") \
                   select d.\"id\", d.\"workspace\", $2, $3, $4 from \"desk\" d where d.\"id\" = $1 \
                   on conflict (\"desk\", \"subject\") do update \
                   set \"heard_at\" = excluded.\"heard_at\", \"trouble\" = excluded.\"trouble\"";
        // Portable SQL has no typed null.
        let trouble = trouble.unwrap_or_default();
        let args: [Arg; 4] =
            [desk.to_string().into(), subject.into(), now.0.into(), trouble.into()];
        self.write(move |tx| {
            Box::pin(async move {
                tx.write("stream.trouble", |_| sql.to_owned(), &args).await.map(|_| ())
            })
        })
        .await
    }

    /// The streams of a desk that could not be heard since then, newest first: whose, when, why.
    pub(crate) async fn streams_troubled(
        &self,
        args: &[Arg; 4],
    ) -> Result<Vec<(String, Timestamp, String)>, StoreError> {
        let make = |dialect: Dialect| {
            let fields =
                ["subject", "heard_at", "trouble"].map(|name| (name, format!("\"{name}\"")));
            let object = dialect.text(&dialect.object(&fields));
            format!(
                "select {object} from \"stream\" where \"workspace\" = $1 and \"desk\" = $2 \
                 and \"heard_at\" >= $3 and \"trouble\" <> '' \
                 order by \"heard_at\" desc limit $4"
            )
        };
        let texts = self.database().read("stream.troubled", make, args).await?;
        texts.iter().map(|text| troubled(&parse("stream", text)?)).collect()
    }

    /// Forgets streams that nobody has heard since then.
    ///
    /// # Errors
    /// The database failed.
    pub async fn streams_forget(&self, since: Timestamp) -> Result<(), StoreError> {
        let sql = "delete from \"stream\" where \"heard_at\" < $1";
        let args: [Arg; 1] = [since.0.into()];
        self.write(move |tx| {
            Box::pin(async move {
                tx.write("stream.forget", |_| sql.to_owned(), &args).await.map(|_| ())
            })
        })
        .await
    }
}

fn troubled(row: &Row) -> Result<(String, Timestamp, String), StoreError> {
    let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let at = row.get("heard_at").and_then(Value::as_i64).unwrap_or_default();
    Ok((text("subject"), Timestamp(at), text("trouble")))
}

fn row(place: StreamPlace, now: Timestamp) -> Row {
    let mut row = Row::new();
    row.insert("desk".to_owned(), place.desk.to_string().into());
    row.insert("subject".to_owned(), place.subject.into());
    row.insert("cursor".to_owned(), place.cursor.into());
    row.insert("heard_at".to_owned(), now.0.into());
    row
}
